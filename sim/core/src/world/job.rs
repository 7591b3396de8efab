//! What a run is made of: nothing else goes into it.

use std::sync::Arc;

use super::{Conduct, World};
use crate::crypto::Crypto;
use crate::protocol::Protocol;
use crate::scenario::Scenario;

/// One run to make: nothing else goes in.
#[derive(Clone, Debug)]
pub struct Job {
    /// Who takes part, who follows a protocol of their own, and what happens.
    pub scenario: Arc<Scenario>,
    /// How every other node behaves.
    pub protocol: Protocol,
    /// Decides every draw.
    pub seed: u64,
    /// Decides every key, on an engine that has real ones. It must not change
    /// anything that a trace can show.
    pub crypto_seed: u64,
    /// How the phases are conducted.
    pub conduct: Conduct,
}

impl Job {
    /// A run in which every node follows one protocol, but for those that the
    /// scenario knows to follow another.
    #[must_use]
    pub fn new(scenario: Arc<Scenario>, protocol: Protocol, seed: u64) -> Self {
        Self {
            scenario,
            protocol,
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
            self.seed,
            self.conduct,
            crypto,
        )
    }
}
