//! Scenarios: pure data that says who takes part, what happens from outside,
//! and how it is expected to end.

mod adoption;
mod effort;
mod settings;
mod write;
mod written;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::cast::Cast;
use crate::name::{DeviceId, NodeId, RoomId, UserId};
use crate::node::Settings;
use crate::oracle::OutcomeClass;
use crate::protocol::Proposal;
use crate::step::{About, Step, TimedStep};

pub use effort::{Effort, Engines};
pub use written::parse;

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
    /// What is so of all clients, servers and links.
    pub settings: Settings,
    /// How much is spent on judging it.
    pub effort: Effort,
    /// Which servers and devices follow a proposal of their own, whatever the
    /// others do.
    pub adopt: BTreeMap<NodeId, Arc<Proposal>>,
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

    /// The devices that are not logged in from the start: those of which a
    /// login is the first that the steps say.
    #[must_use]
    pub fn log_in_later(&self) -> BTreeSet<DeviceId> {
        let mut steps: Vec<&TimedStep> = self.steps.iter().collect();
        steps.sort_by_key(|step| step.at);
        let mut first = BTreeMap::new();
        for step in steps {
            if let Step::Login(login) = &step.step {
                first.entry(login.subject()).or_insert(true);
            } else if let Step::Logout(logout) = &step.step {
                first.entry(logout.subject()).or_insert(false);
            }
        }
        let later = first.into_iter().filter(|(_, logs_in)| *logs_in);
        later.map(|(device, _)| device).collect()
    }

    /// The rooms that a user is in at some time.
    #[must_use]
    pub fn rooms_of(&self, user: UserId) -> BTreeSet<RoomId> {
        let joins = self.steps.iter().filter_map(|step| {
            if let Step::Join(join) = &step.step {
                Some(join.user_and_room())
            } else {
                None
            }
        });
        let joined = joins.filter(|(who, _)| *who == user).map(|(_, room)| room);
        self.cast.rooms_of(user).chain(joined).collect()
    }

    /// How many of its last transactions a node can come to lose; nothing if
    /// no step stops the node so that it may start again, copies its disk, or
    /// starts a second process on it.
    #[must_use]
    pub fn lost_writes(&self, node: NodeId) -> Option<usize> {
        let looks = self.steps.iter().filter_map(|step| {
            if let Step::Crash(crash) = &step.step {
                Some(crash.lost_writes())
            } else if let Step::Restore(restore) = &step.step {
                Some((restore.node(), 0))
            } else if let Step::Backup(backup) = &step.step {
                Some((backup.node(), 0))
            } else if let Step::Fork(fork) = &step.step {
                Some((fork.node(), 0))
            } else {
                None
            }
        });
        let of_node = looks.filter(|(which, _)| *which == node);
        of_node.map(|(_, count)| count).max()
    }

    /// Whether any message may be delivered once more.
    #[must_use]
    pub fn replays(&self) -> bool {
        let mut steps = self.steps.iter();
        steps.any(|step| matches!(step.step, Step::Replay(_)))
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
