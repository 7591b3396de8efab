//! Makes the runs of one chunk, one seed after the other.

use unwedge_core::campaign::{Chunk, Extent, Plan, Tally};
use unwedge_core::protocol::Proposal;

use super::seed::{Field, Seed};

/// Makes the chunks of a campaign.
pub(super) struct Maker<'a> {
    plan: &'a Plan,
    fingerprint: String,
    field: Field<'a>,
}

impl<'a> Maker<'a> {
    pub(super) fn new(plan: &'a Plan, base: &Proposal, crypto_seed: Option<u64>) -> Self {
        Self {
            plan,
            fingerprint: plan.fingerprint(),
            field: Field::new(&plan.entrants, base, crypto_seed),
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
            Seed::new(&self.field, seed).count(&mut tally)?;
        }
        Ok(Chunk {
            chunk,
            plan: self.fingerprint.clone(),
            tally,
        })
    }
}
