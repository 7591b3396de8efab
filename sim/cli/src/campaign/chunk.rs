//! Makes the runs of one chunk, one after the other.

use std::sync::Arc;

use unwedge_core::campaign::{Chunk, Extent, Plan, Tally};
use unwedge_core::protocol::{Proposal, Protocol};

use super::seed::Seed;
use crate::sharing::Sharing;

/// Makes the chunks of a campaign.
pub(super) struct Maker<'a> {
    pub(super) plan: &'a Plan,
    fingerprint: String,
    /// What each entrant is to its followers: without any, what `base` is.
    pub(super) protocols: Vec<Protocol>,
    pub(super) sharing: Sharing,
    /// What everybody else follows.
    pub(super) base: Arc<Proposal>,
    pub(super) crypto_seed: Option<u64>,
}

impl<'a> Maker<'a> {
    pub(super) fn new(plan: &'a Plan, base: &Proposal, crypto_seed: Option<u64>) -> Self {
        let entrants = plan.entrants.iter();
        let protocols: Vec<Protocol> = entrants
            .map(|entrant| match entrant.adoption {
                0 => base.protocol(),
                _ => entrant.switches.over_today(),
            })
            .collect();
        Self {
            plan,
            fingerprint: plan.fingerprint(),
            sharing: Sharing::new(&protocols),
            protocols,
            base: Arc::new(base.clone()),
            crypto_seed,
        }
    }

    /// How far the campaign goes.
    pub(super) fn extent(&self) -> Extent {
        self.plan.extent
    }

    /// Makes a chunk.
    ///
    /// # Errors
    /// If a run does not come out the same again: a fault of unwedge, in words.
    pub(super) fn make(&self, chunk: u64) -> Result<Chunk, String> {
        let mut tally = Tally::new(self.plan.entrants.len());
        let (first, runs) = self.plan.seeds(chunk);
        for seed in first..first + runs {
            Seed::new(self, seed).count(&mut tally)?;
        }
        Ok(Chunk {
            chunk,
            plan: self.fingerprint.clone(),
            tally,
        })
    }
}
