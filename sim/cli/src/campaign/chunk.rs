//! Makes the runs of one chunk, one after the other.

use std::collections::BTreeMap;
use std::sync::Arc;

use unwedge_core::campaign::{Chunk, EVERYBODY, Entrant, Evidence, Extent, Plan, Tally};
use unwedge_core::generate;
use unwedge_core::oracle;
use unwedge_core::protocol::{Consulted, Proposal, Protocol};
use unwedge_core::scenario::Scenario;
use unwedge_core::trace::Trace;
use unwedge_core::world::{Job, Run};

use crate::runner;

/// The runs of one in so many seeds are made again.
const REPEAT_ONE_IN: u64 = 100;

/// Makes the chunks of a campaign.
pub(super) struct Maker<'a> {
    plan: &'a Plan,
    fingerprint: String,
    /// What each entrant is to its followers.
    protocols: Vec<(Protocol, Consulted)>,
    /// What everybody else follows.
    base: Arc<Proposal>,
    crypto_seed: Option<u64>,
}

impl<'a> Maker<'a> {
    pub(super) fn new(plan: &'a Plan, base: &Proposal, crypto_seed: Option<u64>) -> Self {
        let switches = plan.entrants.iter().map(|it| &it.switches);
        let protocols = switches.map(|it| (it.over_today(), it.changed()));
        Self {
            plan,
            fingerprint: plan.fingerprint(),
            protocols: protocols.collect(),
            base: Arc::new(base.clone()),
            crypto_seed,
        }
    }

    /// How far the campaign goes.
    pub(super) fn extent(&self) -> Extent {
        self.plan.extent
    }

    /// Makes a chunk.
    ///
    /// # Errors
    /// If a run does not come out the same again: a fault of unwedge, in words.
    pub(super) fn make(&self, chunk: u64) -> Result<Chunk, String> {
        let mut tally = Tally::new(self.protocols.len());
        let (first, runs) = self.plan.seeds(chunk);
        for seed in first..first + runs {
            self.count(seed, &mut tally)?;
        }
        Ok(Chunk {
            chunk,
            plan: self.fingerprint.clone(),
            tally,
        })
    }

    /// Makes the run of a seed under every proposal.
    fn count(&self, seed: u64, tally: &mut Tally) -> Result<(), String> {
        let scenario = Arc::new(generate::scenario(seed));
        let repeat = seed.is_multiple_of(REPEAT_ONE_IN);
        let base = self.run(&scenario, 0, seed, tally);
        if repeat {
            let again = self.run(&scenario, 0, seed, tally);
            self.compare(&scenario, 0, seed, [&base.trace, &again.trace], REPEATED)?;
        }
        let mut levels = Levels::new(&scenario, seed, &self.base);
        let mut others = vec![];
        for (place, entrant) in self.plan.entrants.iter().enumerate().skip(1) {
            let mixed = levels.scenario(entrant);
            let touches = base.consulted.touches(self.protocols[place].1);
            if touches && entrant.adoption > 0 {
                let run = self.run(mixed, place, seed, tally);
                if repeat {
                    let again = self.run(mixed, place, seed, tally);
                    self.compare(mixed, place, seed, [&run.trace, &again.trace], REPEATED)?;
                }
                others.push(Some(evidence(mixed, &run)));
            } else {
                if repeat {
                    let run = self.run(mixed, place, seed, tally);
                    self.compare(mixed, place, seed, [&base.trace, &run.trace], SAVED)?;
                }
                others.push(None);
            }
        }
        tally.repeated += u64::from(repeat);
        let base = evidence(&scenario, &base);
        tally.count(seed, &self.plan.entrants, &base, &others);
        Ok(())
    }

    fn run(&self, scenario: &Arc<Scenario>, place: usize, seed: u64, tally: &mut Tally) -> Run {
        let mut job = Job::new(scenario.clone(), self.protocols[place].0.clone(), seed);
        job.crypto_seed = self.crypto_seed.unwrap_or(seed);
        let command = || format!("{} --engine fast", self.command(place, seed));
        let run = runner::make_fast(&job, command);
        tally.calls += run.calls;
        run
    }

    fn compare(
        &self,
        scenario: &Scenario,
        place: usize,
        seed: u64,
        [once, again]: [&Trace; 2],
        how: [&str; 3],
    ) -> Result<(), String> {
        if once.hash() == again.hash() {
            return Ok(());
        }
        let difference = once.say_difference(again, &scenario.cast);
        let [once, again] = difference.unwrap_or_default();
        let ([what, first, second], command) = (how, self.command(place, seed));
        Err(format!(
            "a fault of unwedge: {what}\n  {first}: {once}\n  {second}: {again}\n  {command} --engine both"
        ))
    }

    fn command(&self, place: usize, seed: u64) -> String {
        self.plan.entrants[place].command(seed)
    }
}

/// A scenario while so many follow something, and the others do not yet.
struct Levels<'a> {
    scenario: &'a Arc<Scenario>,
    seed: u64,
    base: &'a Arc<Proposal>,
    mixed: BTreeMap<u8, Arc<Scenario>>,
}

impl<'a> Levels<'a> {
    fn new(scenario: &'a Arc<Scenario>, seed: u64, base: &'a Arc<Proposal>) -> Self {
        Self {
            scenario,
            seed,
            base,
            mixed: BTreeMap::new(),
        }
    }

    /// The scenario with the followers that an entrant has.
    fn scenario(&mut self, entrant: &Entrant) -> &Arc<Scenario> {
        let percent = entrant.adoption;
        if percent == EVERYBODY {
            return self.scenario;
        }
        let (scenario, seed, base) = (self.scenario, self.seed, self.base);
        let mixed = self.mixed.entry(percent);
        mixed.or_insert_with(|| Arc::new(scenario.adopted_by(percent, seed, base)))
    }
}

/// How two runs that should be one came about, and what each is called.
const REPEATED: [&str; 3] = [
    "a run that is made again comes out otherwise",
    "once",
    "again",
];
const SAVED: [&str; 3] = [
    "a run was to be counted as the same as under base, and is not",
    "base",
    "made",
];

fn evidence(scenario: &Scenario, run: &Run) -> Evidence {
    Evidence::of(scenario, run, &oracle::judge(&run.trace))
}
