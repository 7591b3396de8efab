//! Judging a run, from its trace alone: who could not read what, why, and
//! what else went wrong.

mod blame;
mod cause;
mod clues;
mod fallback_replay;
mod history;
mod index_repeated;
mod key_reuse;
mod outcome;
mod over_share;
#[cfg(test)]
mod testing;

use std::collections::{BTreeMap, BTreeSet};

use crate::crypto::Body;
use crate::name::{DeviceId, EventId, RoomId};
use crate::time::{Span, Time};
use crate::trace::{FactId, Trace};

pub use cause::{Cause, CauseInfo, CauseKind};
use history::History;
pub use outcome::OutcomeClass;

/// An event that an expected reader has not read by the end, or not seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// The event.
    pub event: EventId,
    /// Who should have read it.
    pub reader: DeviceId,
    /// Where it was said.
    pub room: RoomId,
    /// Whether it was said in the timeline, or as a probe.
    pub body: Body,
    /// The outcome that this alone would make of a run.
    pub outcome: OutcomeClass,
    /// When it was read all the same, too late to count: a probe in a fresh Megolm
    /// session, once the reader had written something itself.
    pub read: Option<Time>,
    /// Why it was not read. Nothing means that the harness does not
    /// understand its own run, which is a fault of the harness.
    pub cause: Option<Cause>,
}

/// Why a device that saw an event was not expected to read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Excuse {
    /// Its user was not in the room at the event's place.
    SentBeforeJoining,
    /// It was not there yet: the event is history to it.
    SentBeforeLogin,
    /// The sender did not want it to.
    Withheld,
}

/// An event that a device saw, has not read, and need not have read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Excused {
    /// The event.
    pub event: EventId,
    /// Who has not read it.
    pub reader: DeviceId,
    /// Why that is all right.
    pub excuse: Excuse,
    /// The fact that shows it.
    pub evidence: FactId,
}

/// What is to be said of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// How the run came out.
    pub outcome: OutcomeClass,
    /// Every event that was not read by somebody who should have, or too late to
    /// count.
    pub unread: Vec<Unread>,
    /// Every event that was seen and not read by somebody who need not have.
    pub excused: Vec<Excused>,
    /// The longest time between seeing an event and reading it.
    pub lateness: Span,
    /// Whether a late event was read only because a probe was sent.
    pub only_by_probe: bool,
    /// Whether the loss ends only when the sender's Megolm session does.
    pub until_rotation: bool,
    /// Whether the run was given up because its trace got too long: then nobody
    /// can tell what would have been read, and nothing is said of it.
    pub cut_off: bool,
    /// Safety violations, which do not change the outcome.
    pub violations: Vec<Violation>,
}

/// Something that must never happen, and the facts that show that it did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The name of the oracle that found it.
    pub oracle: &'static str,
    /// The facts that show it.
    pub facts: Vec<FactId>,
}

/// What one kind of safety violation is.
#[derive(Clone, Copy, Debug)]
pub struct Oracle {
    /// What reports call it.
    pub name: &'static str,
    /// What it looks for.
    pub about: &'static str,
}

/// Every safety oracle, in the order in which they are listed.
pub const ORACLES: &[Oracle] = &[
    key_reuse::ORACLE,
    fallback_replay::ORACLE,
    index_repeated::ORACLE,
    over_share::KNOWINGLY,
    over_share::UNAWARES,
];

/// Looks for safety violations; one look can serve several oracles.
type Check = fn(&History<'_>) -> Vec<Violation>;

const CHECKS: &[Check] = &[
    key_reuse::check,
    fallback_replay::check,
    index_repeated::check,
    over_share::check,
];

/// Judges a run.
#[must_use]
pub fn judge(trace: &Trace) -> Judgement {
    let history = History::of(trace);
    let mut judgement = outcome::judge(&history);
    judgement.violations = CHECKS.iter().flat_map(|check| check(&history)).collect();
    judgement
}

impl Judgement {
    /// The causes of everything unread, each with how often it struck.
    #[must_use]
    pub fn causes(&self) -> BTreeMap<Cause, usize> {
        let mut causes = BTreeMap::new();
        for cause in self.unread.iter().filter_map(|unread| unread.cause) {
            *causes.entry(cause).or_default() += 1;
        }
        causes
    }

    /// Whether something was not read, and all of it was a probe: everything
    /// that was said in the timeline was read.
    #[must_use]
    pub fn only_probes_lost(&self) -> bool {
        let is_probe = |unread: &Unread| unread.body != Body::Timeline;
        !self.unread.is_empty() && self.unread.iter().all(is_probe)
    }

    /// The names of the oracles that found something.
    #[must_use]
    pub fn violated(&self) -> BTreeSet<&'static str> {
        self.violations
            .iter()
            .map(|violation| violation.oracle)
            .collect()
    }
}
