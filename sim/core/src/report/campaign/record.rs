//! What an earlier campaign has found, read back from its `campaign.json` as far
//! as a report on remedies needs it.

use serde::Deserialize;

use super::{AgainstBase, Bounds, Cause, Witness, Witnessed};
use crate::campaign::{EVERYBODY, Verdict};

/// An earlier campaign.
#[derive(Clone, Debug, Deserialize)]
pub struct Record {
    schema: String,
    /// The version of unwedge that made it.
    pub(crate) version: String,
    /// The seed of its first run.
    pub(crate) seed: u64,
    /// How many runs it has.
    pub(crate) runs: u64,
    proposals: Vec<Recorded>,
}

/// What it has found about a proposal.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Recorded {
    pub(crate) proposal: String,
    #[serde(default = "everybody")]
    pub(crate) adoption: u8,
    pub(crate) verdict: Verdict,
    pub(crate) bounds: Bounds,
    pub(crate) against_base: AgainstBase,
    pub(crate) causes: Vec<Cause>,
    pub(crate) regression: Option<Witness>,
    pub(crate) broken_claim: Option<Witness>,
    /// Older files call it and the next otherwise.
    #[serde(alias = "given_up")]
    pub(crate) cut_off: Option<Witnessed>,
    #[serde(default, alias = "claimed_given_up")]
    pub(crate) claimed_cut_off: u64,
}

impl Record {
    /// Reads a `campaign.json`.
    ///
    /// # Errors
    /// Says what it is instead.
    pub fn parse(text: &str) -> Result<Self, String> {
        let record: Record = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if record.schema == "unwedge/campaign/1" {
            Ok(record)
        } else {
            Err(format!("it is a `{}`", record.schema))
        }
    }

    /// What it has found about a proposal that everybody follows.
    pub(crate) fn of(&self, proposal: &str) -> Option<&Recorded> {
        let mut all = self.proposals.iter();
        all.find(|it| it.proposal == proposal && it.adoption == EVERYBODY)
    }

    /// What it has found about a proposal, by how many follow it.
    pub(crate) fn levels<'a>(&'a self, proposal: &'a str) -> impl Iterator<Item = &'a Recorded> {
        self.proposals
            .iter()
            .filter(move |it| it.proposal == proposal)
    }
}

fn everybody() -> u8 {
    EVERYBODY
}
