//! What one run has shown, as far as a campaign counts it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Reached, reached};
use crate::costs::Costs;
use crate::oracle::{CauseKind, Judgement, OutcomeClass};
use crate::scenario::Scenario;
use crate::trace::steps;
use crate::world::Run;

/// What one run has shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// How it came out.
    pub outcome: OutcomeClass,
    /// The safety oracles that found something.
    pub violated: BTreeSet<&'static str>,
    /// The kinds of cause that struck, and how many readings failed for each.
    pub causes: BTreeMap<CauseKind, u64>,
    /// Whether it was given up because its trace got too long.
    pub cut_off: bool,
    /// Readings that failed for no known cause: a fault of the harness.
    pub unexplained: u64,
    /// The kinds of step that happened, and whether any of them had an effect.
    pub steps: BTreeMap<&'static str, bool>,
    /// What the life of a key came to in it.
    pub reached: BTreeSet<Reached>,
    /// What it cost.
    pub costs: Costs,
}

impl Evidence {
    /// Takes it from a run and what the judges said of it.
    #[must_use]
    pub fn of(scenario: &Scenario, run: &Run, judgement: &Judgement) -> Self {
        let trace = &run.trace;
        let mut causes = BTreeMap::new();
        for (cause, readings) in judgement.causes() {
            *causes.entry(cause.kind).or_default() += readings as u64;
        }
        let mut kinds = BTreeMap::new();
        for (step, came_to_something) in steps(trace) {
            let kind = scenario.steps[usize::from(step.0)].step.name();
            *kinds.entry(kind).or_insert(false) |= came_to_something;
        }
        let unread = judgement.unread.iter();
        Self {
            outcome: judgement.outcome,
            violated: judgement.violated(),
            causes,
            cut_off: judgement.cut_off,
            unexplained: unread.filter(|unread| unread.cause.is_none()).count() as u64,
            steps: kinds,
            reached: reached(trace),
            costs: Costs::of(trace, run.traffic),
        }
    }

    /// Whether somebody was left without what they should have read.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.outcome > OutcomeClass::Late
    }

    /// The safety oracles that found something, and nothing in the same run
    /// under another protocol.
    pub fn less_safe_than<'a>(&'a self, other: &'a Evidence) -> impl Iterator<Item = &'a str> {
        self.violated.difference(&other.violated).copied()
    }

    /// Whether it failed, and a cause that is claimed to be ended is among
    /// the reasons.
    #[must_use]
    pub fn failed_as_claimed(&self, claims: &BTreeSet<CauseKind>) -> bool {
        self.failed() && self.causes.keys().any(|kind| claims.contains(kind))
    }
}
