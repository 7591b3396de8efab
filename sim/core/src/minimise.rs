//! The minimiser: makes a scenario as small as it goes while it still shows
//! what it is meant to show. What that is, it does not know: it asks.
//!
//! Several passes each try something simpler: fewer steps, fewer people and
//! servers, plainer steps, defaults, round times. They take turns until none
//! of them gets any further. Then nothing can be taken away singly.

mod change;
mod knobs;
mod names;
mod people;
mod removable;
mod servers;
mod steps;
mod times;

use crate::scenario::Scenario;

pub use removable::removable;

/// What came of minimising a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Minimised {
    /// The smallest scenario that was found.
    pub scenario: Scenario,
    /// How often it was asked whether a scenario still shows it.
    pub trials: usize,
    /// Whether nothing more can go, as against that the trials were used up.
    pub complete: bool,
}

/// A way to make a scenario simpler.
type Pass = fn(&mut Search<'_>);

/// The ways, in the order in which they are tried: first what takes away most.
const PASSES: &[Pass] = &[
    steps::fewer,
    people::fewer_users,
    people::fewer_devices,
    people::fewer_rooms,
    servers::fewer,
    people::merged_devices,
    people::merged_rooms,
    people::fewer_members,
    steps::simpler,
    knobs::by_default,
    knobs::adopted_by_all,
    times::rounder,
];

/// Makes a scenario as small as it goes while `still` holds of it, asking at
/// most so often. It has to hold of the scenario itself.
#[must_use]
pub fn minimise(
    scenario: Scenario,
    still: &mut dyn FnMut(&Scenario) -> bool,
    most_trials: usize,
) -> Minimised {
    let mut search = Search {
        best: scenario,
        still,
        trials: 0,
        most_trials,
    };
    search.attempt(names::friendly(&search.best));
    search.attempt(times::in_order(&search.best));
    let mut without_effect = 0;
    for pass in PASSES.iter().cycle() {
        let before = search.best.clone();
        pass(&mut search);
        without_effect = match search.best == before {
            true => without_effect + 1,
            false => 0,
        };
        if without_effect == PASSES.len() || search.is_over() {
            break;
        }
    }
    let complete = !search.is_over();
    search.most_trials += 1;
    search.attempt(names::friendly(&search.best));
    Minimised {
        scenario: search.best,
        trials: search.trials,
        complete,
    }
}

/// The smallest scenario so far, and what has to hold of a smaller one.
struct Search<'a> {
    best: Scenario,
    still: &'a mut dyn FnMut(&Scenario) -> bool,
    trials: usize,
    most_trials: usize,
}

impl Search<'_> {
    /// Takes a scenario for the best if it still shows what it is meant to.
    fn attempt(&mut self, simpler: Scenario) -> bool {
        if simpler == self.best || self.is_over() {
            return false;
        }
        self.trials += 1;
        let holds = (self.still)(&simpler);
        if holds {
            self.best = simpler;
        }
        holds
    }

    /// Takes the first of these for which that works.
    fn attempt_any(&mut self, simpler: impl IntoIterator<Item = Scenario>) -> bool {
        simpler.into_iter().any(|it| self.attempt(it))
    }

    fn is_over(&self) -> bool {
        self.trials >= self.most_trials
    }
}

#[cfg(test)]
mod tests;
