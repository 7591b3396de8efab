//! A proposal that not everybody has adopted yet.

use std::sync::Arc;

use super::Scenario;
use crate::draws::{Draws, Purpose};
use crate::name::NodeId;
use crate::protocol::Proposal;

impl Scenario {
    /// The scenario at a time at which so many percent of the servers and
    /// devices follow the proposal under which it is run, and the others still
    /// follow this one. Each is drawn by itself, so that whoever has adopted
    /// something early has it later too. Whoever follows something of their own
    /// goes on with it.
    #[must_use]
    pub fn adopted_by(&self, percent: u8, seed: u64, others: &Arc<Proposal>) -> Self {
        let draws = Draws::new(seed);
        let has_adopted =
            |node: &NodeId| draws.below(Purpose::Adoption, node, 100) < u64::from(percent);
        let mut mixed = self.clone();
        for node in self.cast.nodes().filter(|node| !has_adopted(node)) {
            let own = mixed.adopt.entry(node);
            own.or_insert_with(|| others.clone());
        }
        mixed
    }
}

#[cfg(test)]
mod tests;
