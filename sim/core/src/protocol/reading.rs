//! Reading a decision leaves a mark: which decisions a run consulted tells
//! which proposals it cannot have been touched by.

use std::cell::Cell;

use super::{Decision, Protocol};

/// A set of decisions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Consulted(u64);

impl Consulted {
    /// Puts a decision into the set.
    pub fn add(&mut self, decision: Decision) {
        self.0 |= 1 << decision as u64;
    }

    /// How many decisions are in the set.
    #[must_use]
    pub fn count(self) -> u32 {
        self.0.count_ones()
    }

    /// Whether the two sets have a decision in common.
    #[must_use]
    pub fn touches(self, other: Consulted) -> bool {
        self.0 & other.0 != 0
    }
}

/// A node's protocol, for the length of one call. Has one method per decision.
#[derive(Clone, Copy, Debug)]
pub struct Reading<'a> {
    protocol: &'a Protocol,
    marks: &'a Cell<Consulted>,
}

impl<'a> Reading<'a> {
    /// Reads from `protocol` and leaves its marks in `marks`.
    pub fn new(protocol: &'a Protocol, marks: &'a Cell<Consulted>) -> Self {
        Self { protocol, marks }
    }

    pub(super) fn protocol(&self) -> &'a Protocol {
        self.protocol
    }

    pub(super) fn consulted(&self, decision: Decision) {
        let mut marks = self.marks.get();
        marks.add(decision);
        self.marks.set(marks);
    }
}
