//! The generator: a seed becomes a scenario, the same one on every machine.
//! No text is written or read on the way, so that a scenario costs less than
//! the shortest run.

mod people;
mod plan;
mod split;
mod timeline;

use std::collections::BTreeMap;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

use crate::luck::{Dice, Luck, Numbers};
use crate::scenario::{Effort, Scenario};
use plan::{LONGEST_TRACE, Plan};

/// The scenario of this seed.
#[must_use]
pub fn scenario(seed: u64) -> Scenario {
    let mut key = *b"seed....scenario................";
    key[..8].copy_from_slice(&seed.to_le_bytes());
    let mut scenario = from(&mut Seeded(ChaCha8Rng::from_seed(key)));
    scenario.id = format!("random-{seed}");
    scenario
}

/// What the scenarios are drawn from, in words, a line each: every figure of a
/// campaign holds for this and for nothing else.
#[must_use]
pub fn distribution() -> Vec<String> {
    let lines = [
        "1 to 4 servers, 2 to 6 people with 1 to 3 devices each, 1 to 4 rooms of 2 to all people",
        "3 to about 30 steps within 3 minutes to 40 days; each run has a random part of the kinds \
         of step, each more or less often, and always somebody who says something",
        "1 to 50 one-time keys, 1 to 250 recipients per request, latencies of 1 ms to 5 s (client) \
         and 4 s (federation), a first back-off of 1 s to 6 hours; most as by default in many runs",
        "faults at any time, and aimed (1 ms to 3 s) at what somebody does; most with what ends \
         them, something said meanwhile and something said later",
        "in half of the runs mostly about one or two devices and a room",
        "nobody is asked to join or leave a room while a step keeps two servers apart or one of \
         them down, nor in the two minutes before that or before a restore, but for the half minute \
         of the restore itself: conflicting memberships are not modelled; nobody is invited",
    ];
    let bound = format!(
        "a run is given up as unsettled when its trace gets longer than {LONGEST_TRACE} facts"
    );
    let lines = lines.map(str::to_owned).into_iter();
    lines.chain([bound]).collect()
}

/// The scenario that some source of numbers makes.
fn from(numbers: &mut dyn Numbers) -> Scenario {
    let mut dice = Dice::new(numbers);
    let cast = people::cast(&mut dice);
    let plan = Plan::draw(&mut dice);
    let mut luck = Luck::new(dice, &cast, plan.settings);
    luck.heat_up(plan.heat);
    let mut steps = timeline::steps(&plan, &mut luck);
    split::without_memberships_in_a_split(&mut steps, &cast);
    Scenario {
        id: String::new(),
        title: String::new(),
        source: vec![],
        story: String::new(),
        cast,
        settings: plan.settings,
        steps,
        effort: Effort::default(),
        adopt: BTreeMap::new(),
        expect: BTreeMap::new(),
    }
}

/// Numbers from a generator that is the same everywhere.
struct Seeded(ChaCha8Rng);

impl Numbers for Seeded {
    fn next(&mut self) -> u32 {
        self.0.next_u32()
    }
}

#[cfg(test)]
mod tests;
