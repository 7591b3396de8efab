//! Scenarios: pure data that says who takes part, what happens from outside,
//! and how it is expected to end.

mod written;

use std::collections::BTreeMap;

use crate::cast::Cast;
use crate::oracle::OutcomeClass;
use crate::step::TimedStep;

pub use written::parse;

/// The one-time keys that a device means to have on its server, unless a
/// scenario says otherwise (BS §7).
pub const ONE_TIME_KEYS: usize = 50;

/// Who takes part, what happens, and how it is expected to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// A stable identifier; the catalogue's where it has one.
    pub id: String,
    /// What goes wrong, in a line.
    pub title: String,
    /// Public places where the failure is described.
    pub source: Vec<String>,
    /// What happens, for a reader who knows Matrix but not this tool.
    pub story: String,
    /// Who takes part.
    pub cast: Cast,
    /// The one-time keys that a device means to have on its server.
    pub one_time_keys: usize,
    /// What happens from outside.
    pub steps: Vec<TimedStep>,
    /// How it is expected to end under each proposal. A proposal that is
    /// absent is expected to come out as `base`.
    pub expect: BTreeMap<String, OutcomeClass>,
}

impl Scenario {
    /// How the scenario is expected to end under a proposal, if it says so.
    #[must_use]
    pub fn expected(&self, proposal: &str) -> Option<OutcomeClass> {
        self.expect
            .get(proposal)
            .or_else(|| self.expect.get("base"))
            .copied()
    }

    /// The same scenario without the step at this place.
    ///
    /// # Panics
    /// If there is no such step.
    #[must_use]
    pub fn without_step(&self, place: usize) -> Self {
        let mut without = self.clone();
        without.steps.remove(place);
        without
    }
}
