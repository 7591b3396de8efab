//! What a run is made of: nothing else goes into it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Conduct, World};
use crate::crypto::Crypto;
use crate::name::NodeId;
use crate::protocol::Protocol;
use crate::scenario::Scenario;

/// One run to make: nothing else goes in.
#[derive(Clone, Debug)]
pub struct Job {
    /// Who takes part and what happens.
    pub scenario: Arc<Scenario>,
    /// How every node behaves, but for those that `differing` names.
    pub protocol: Protocol,
    /// How some nodes behave.
    pub differing: BTreeMap<NodeId, Protocol>,
    /// Decides every draw.
    pub seed: u64,
    /// Decides every key, on an engine that has real ones. It must not change
    /// anything that a trace can show.
    pub crypto_seed: u64,
    /// How the phases are conducted.
    pub conduct: Conduct,
}

impl Job {
    /// A run in which every node follows one protocol.
    #[must_use]
    pub fn new(scenario: Arc<Scenario>, protocol: Protocol, seed: u64) -> Self {
        Self {
            scenario,
            protocol,
            differing: BTreeMap::new(),
            seed,
            crypto_seed: seed,
            conduct: Conduct::default(),
        }
    }

    /// The world in which the run is made.
    #[must_use]
    pub fn world<C: Crypto>(&self, crypto: C) -> World<C> {
        World::new(
            self.scenario.clone(),
            &self.protocol,
            &self.differing,
            self.seed,
            self.conduct,
            crypto,
        )
    }
}
