//! What runs add up to. A tally holds counts and lowest seeds only, so tallies
//! add up to the same whatever is added first: threads, shards and
//! interruptions cannot be seen in the sum.

use std::collections::BTreeMap;
use std::rc::Rc;

use serde::{Deserialize, Serialize};

use super::{Entrant, Evidence, Reached};
use crate::costs::Total;
use crate::oracle::{CauseKind, OutcomeClass};

/// What some runs add up to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// How many there were, each counted once however many proposals met it.
    pub runs: u64,
    /// How many were made again to see whether they come out the same.
    pub repeated: u64,
    /// How often a node was called in all runs that were made.
    pub calls: u64,
    /// One for each proposal, in the order of the plan; `base` is the first.
    pub columns: Vec<Column>,
}

/// What a run has shown under one proposal.
#[derive(Clone, Debug)]
pub struct Shown {
    /// What it was.
    pub evidence: Rc<Evidence>,
    /// Whether the run was made; if not, it is known to be one that was made
    /// under another proposal.
    pub is_made: bool,
}

/// What the runs under one proposal add up to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// How many were made; the others are known to be as under another proposal.
    pub made: u64,
    /// How many came out how.
    pub outcomes: BTreeMap<OutcomeClass, u64>,
    /// In how many each safety oracle found something.
    #[serde(rename = "unsafe", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub violated: BTreeMap<String, Struck>,
    /// In how many each kind of cause struck.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub causes: BTreeMap<CauseKind, Struck>,
    /// In how many a reading failed for no known cause.
    #[serde(default, skip_serializing_if = "Struck::is_none")]
    pub unexplained: Struck,
    /// How many were given up because their traces got too long.
    #[serde(default, skip_serializing_if = "Struck::is_none")]
    pub cut_off: Struck,
    /// How many came out better than under `base`.
    #[serde(default, skip_serializing_if = "Struck::is_none")]
    pub better: Struck,
    /// How many came out worse than under `base`.
    #[serde(default, skip_serializing_if = "Struck::is_none")]
    pub worse: Struck,
    /// In how many a safety oracle found something that it did not find under
    /// `base`.
    #[serde(default, skip_serializing_if = "Struck::is_none")]
    pub less_safe: Struck,
    /// How many failed under `base` with a cause that the proposal claims to end.
    pub claimed: u64,
    /// How many of those fail under the proposal with such a cause.
    #[serde(default, skip_serializing_if = "Struck::is_none")]
    pub still_claimed: Struck,
    /// How many of those were given up under the proposal, so that nobody can tell.
    pub claimed_cut_off: u64,
    /// How many others fail under the proposal with such a cause.
    #[serde(default, skip_serializing_if = "Struck::is_none")]
    pub newly_claimed: Struck,
    /// In how many each kind of step was in the timeline, and had an effect.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub steps: BTreeMap<String, StepCount>,
    /// How many reached each state of a key's life.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub reached: BTreeMap<Reached, u64>,
    /// What they cost.
    pub costs: Total,
}

/// In how many runs something was so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Struck {
    /// How many.
    pub runs: u64,
    /// How often in all of them together.
    pub times: u64,
    /// The lowest seed of them.
    pub first: Option<u64>,
}

/// In how many runs a kind of step was in the timeline, and had an effect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepCount {
    /// In how many it was in the timeline and its time came.
    pub there: u64,
    /// In how many of those it had an effect.
    pub fired: u64,
}

impl Tally {
    /// Of no run at all.
    #[must_use]
    pub fn new(proposals: usize) -> Self {
        Self {
            columns: vec![Column::default(); proposals],
            ..Self::default()
        }
    }

    /// Counts one run, by what it has shown under each proposal, `base` first.
    pub fn count(&mut self, seed: u64, entrants: &[Entrant], shown: &[Shown]) {
        self.runs += 1;
        let columns = self.columns.iter_mut().zip(entrants).zip(shown);
        for ((column, entrant), run) in columns {
            column.made += u64::from(run.is_made);
            column.count(seed, entrant, &shown[0].evidence, &run.evidence);
        }
    }

    /// Adds what other runs add up to.
    pub fn add(&mut self, other: &Tally) {
        self.runs += other.runs;
        self.repeated += other.repeated;
        self.calls += other.calls;
        for (column, other) in self.columns.iter_mut().zip(&other.columns) {
            column.add(other);
        }
    }
}

impl Column {
    fn count(&mut self, seed: u64, entrant: &Entrant, base: &Evidence, run: &Evidence) {
        *self.outcomes.entry(run.outcome).or_default() += 1;
        for oracle in &run.violated {
            entry(&mut self.violated, oracle).strike(seed, 1);
        }
        for (kind, readings) in &run.causes {
            self.causes
                .entry(*kind)
                .or_default()
                .strike(seed, *readings);
        }
        if run.unexplained > 0 {
            self.unexplained.strike(seed, run.unexplained);
        }
        if run.outcome < base.outcome {
            self.better.strike(seed, 1);
        }
        if run.outcome > base.outcome {
            self.worse.strike(seed, 1);
        }
        let oracles = run.less_safe_than(base).count() as u64;
        if oracles > 0 && !base.cut_off {
            self.less_safe.strike(seed, oracles);
        }
        let claimed = base.failed_as_claimed(&entrant.claims);
        self.claimed += u64::from(claimed);
        if run.cut_off {
            self.cut_off.strike(seed, 1);
            self.claimed_cut_off += u64::from(claimed);
        }
        // Of a run that was given up under `base` nobody knows what it met there.
        let comparable = claimed || !base.cut_off;
        if run.failed_as_claimed(&entrant.claims) && comparable {
            let broken = if claimed {
                &mut self.still_claimed
            } else {
                &mut self.newly_claimed
            };
            broken.strike(seed, 1);
        }
        for (step, fired) in &run.steps {
            let count = entry(&mut self.steps, step);
            count.there += 1;
            count.fired += u64::from(*fired);
        }
        for state in &run.reached {
            *self.reached.entry(*state).or_default() += 1;
        }
        self.costs.count(&run.costs);
    }

    fn add(&mut self, other: &Column) {
        self.made += other.made;
        for (outcome, runs) in &other.outcomes {
            *self.outcomes.entry(*outcome).or_default() += runs;
        }
        for (oracle, struck) in &other.violated {
            entry(&mut self.violated, oracle).add(*struck);
        }
        for (kind, struck) in &other.causes {
            self.causes.entry(*kind).or_default().add(*struck);
        }
        self.unexplained.add(other.unexplained);
        self.cut_off.add(other.cut_off);
        self.claimed_cut_off += other.claimed_cut_off;
        self.better.add(other.better);
        self.worse.add(other.worse);
        self.less_safe.add(other.less_safe);
        self.claimed += other.claimed;
        self.still_claimed.add(other.still_claimed);
        self.newly_claimed.add(other.newly_claimed);
        for (step, count) in &other.steps {
            let sum = entry(&mut self.steps, step);
            sum.there += count.there;
            sum.fired += count.fired;
        }
        for (state, runs) in &other.reached {
            *self.reached.entry(*state).or_default() += runs;
        }
        self.costs.add(&other.costs);
    }

    /// How many came out worse than `late`.
    #[must_use]
    pub fn failed(&self) -> u64 {
        let worse = self.outcomes.iter().filter(|it| *it.0 > OutcomeClass::Late);
        worse.map(|(_, runs)| runs).sum()
    }
}

impl Struck {
    /// Whether it was so in none.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.runs == 0
    }

    fn strike(&mut self, seed: u64, times: u64) {
        let first = Some(seed);
        self.add(Struck {
            runs: 1,
            times,
            first,
        });
    }

    fn add(&mut self, other: Struck) {
        self.runs += other.runs;
        self.times += other.times;
        self.first = self.first.into_iter().chain(other.first).min();
    }
}

/// The value under a name. A name is copied only when it is new.
fn entry<'a, V: Default>(map: &'a mut BTreeMap<String, V>, name: &str) -> &'a mut V {
    if !map.contains_key(name) {
        map.insert(name.to_owned(), V::default());
    }
    map.get_mut(name).expect("it was put there")
}

#[cfg(test)]
mod tests;
