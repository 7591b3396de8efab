//! The trace: the append-only list of facts of a run, and its hash. Holds
//! symbolic names and virtual time only, so it survives an upgrade of the
//! cryptography, and everything that judges a run reads nothing else.

mod compare;
mod fact;
pub mod hash;
mod say;
mod steps;

pub use fact::{
    ClaimMiss, Discard, EventTrouble, Fact, LogoutReason, Phase, RemoteFailure, StepIndex,
    Withholding,
};
use hash::{Hasher, StableHash};
pub use steps::{idle_steps, steps};

use rustc_hash::{FxBuildHasher, FxHashMap};

use crate::cast::Cast;
use crate::time::Time;

/// How many entries an index over a trace of the usual length comes to have.
const USUAL_ENTRIES: usize = 224;

/// An empty index over a trace, with room for one of the usual length. It is for
/// what is looked up; whoever goes through it may show nothing of its order.
pub(crate) fn empty_index<K, V>() -> FxHashMap<K, V> {
    FxHashMap::with_capacity_and_hasher(USUAL_ENTRIES, FxBuildHasher)
}

/// A fact's place in the trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FactId(pub usize);

/// One fact and when it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Record {
    /// When.
    pub at: Time,
    /// What.
    pub fact: Fact,
}

/// Everything that happened in a run, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    records: Vec<Record>,
}

impl Trace {
    /// An empty trace with room for so many facts.
    #[must_use]
    pub fn with_capacity(facts: usize) -> Self {
        Self {
            records: Vec::with_capacity(facts),
        }
    }

    /// Appends a fact.
    pub fn note(&mut self, at: Time, fact: Fact) {
        self.records.push(Record { at, fact });
    }

    /// Takes back the last facts, which have turned out not to be so.
    pub(crate) fn take_back(&mut self, count: usize) {
        let left = self.records.len().saturating_sub(count);
        self.records.truncate(left);
    }

    /// All facts with their places, in order.
    pub fn facts(&self) -> impl DoubleEndedIterator<Item = (FactId, Record)> + '_ {
        self.records
            .iter()
            .enumerate()
            .map(|(place, record)| (FactId(place), *record))
    }

    /// All facts with their places, in order, without copying them.
    pub(crate) fn records(&self) -> impl Iterator<Item = (FactId, &Record)> {
        let places = self.records.iter().enumerate();
        places.map(|(place, record)| (FactId(place), record))
    }

    /// The facts before a place, in order.
    pub fn before(&self, id: FactId) -> impl DoubleEndedIterator<Item = (FactId, Record)> + '_ {
        let count = id.0.min(self.records.len());
        let records = self.records[..count].iter().enumerate();
        records.map(|(place, record)| (FactId(place), *record))
    }

    /// The facts after a place, in order.
    pub fn after(&self, id: FactId) -> impl Iterator<Item = (FactId, Record)> + '_ {
        let first = id.0.saturating_add(1).min(self.records.len());
        let records = self.records[first..].iter().zip(first..);
        records.map(|(record, place)| (FactId(place), *record))
    }

    /// How many facts there are.
    pub(crate) fn len(&self) -> usize {
        self.records.len()
    }

    /// The place of the last fact.
    #[must_use]
    pub fn last(&self) -> Option<FactId> {
        self.records.len().checked_sub(1).map(FactId)
    }

    /// The fact at a place.
    #[must_use]
    pub fn at(&self, id: FactId) -> Record {
        self.records[id.0]
    }

    /// Stands for the whole run: equal hashes, equal runs.
    #[must_use]
    pub fn hash(&self) -> StableHash {
        let mut hasher = Hasher::default();
        for record in &self.records {
            hasher.add(record);
        }
        hasher.finish()
    }

    /// One line per fact, in the words of the cast.
    pub fn lines<'a>(&'a self, cast: &'a Cast) -> impl Iterator<Item = String> + 'a {
        self.records
            .iter()
            .map(|record| format!("{}  {}", record.at, cast.say(&record.fact)))
    }
}

impl FromIterator<(Time, Fact)> for Trace {
    fn from_iter<I: IntoIterator<Item = (Time, Fact)>>(facts: I) -> Self {
        let records = facts
            .into_iter()
            .map(|(at, fact)| Record { at, fact })
            .collect();
        Self { records }
    }
}
