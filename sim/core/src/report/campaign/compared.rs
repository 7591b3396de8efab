//! Which verdicts changed since an earlier campaign.

use std::fmt;

use serde::Deserialize;

use super::Campaign;
use crate::campaign::{EVERYBODY, Verdict};

/// What an earlier campaign found, as far as it is compared.
#[derive(Clone, Debug, Deserialize)]
pub struct Baseline {
    schema: String,
    distribution: Vec<String>,
    proposals: Vec<Earlier>,
}

#[derive(Clone, Debug, Deserialize)]
struct Earlier {
    proposal: String,
    #[serde(default = "everybody")]
    adoption: u8,
    verdict: Verdict,
}

/// A verdict that is not what it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// About which proposal.
    pub proposal: String,
    /// What it was, if the proposal was there.
    pub before: Option<Verdict>,
    /// What it is.
    pub now: Verdict,
}

impl Baseline {
    /// Reads an earlier `campaign.json`.
    ///
    /// # Errors
    /// Says what it is instead.
    pub fn parse(text: &str) -> Result<Self, String> {
        let baseline: Baseline = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if baseline.schema == "unwedge/campaign/1" {
            Ok(baseline)
        } else {
            Err(format!("it is a `{}`", baseline.schema))
        }
    }

    /// The verdicts that changed. What was judged then and is not now is none
    /// of them: the campaign may be about some proposals only.
    #[must_use]
    pub fn changes(&self, now: &Campaign) -> Vec<Change> {
        let changed = now.proposals.iter().filter_map(|finding| {
            let earlier = self.proposals.iter();
            let before = earlier
                .filter(|it| it.proposal == finding.proposal && it.adoption == finding.adoption)
                .map(|it| it.verdict)
                .next();
            (before != Some(finding.verdict)).then(|| Change {
                proposal: finding.say(),
                before,
                now: finding.verdict,
            })
        });
        changed.collect()
    }

    /// Whether its scenarios were drawn from something else.
    #[must_use]
    pub fn drawn_otherwise(&self, now: &Campaign) -> bool {
        self.distribution != now.distribution
    }
}

fn everybody() -> u8 {
    EVERYBODY
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            proposal,
            before,
            now,
        } = self;
        let before = before.map_or("not there", Verdict::name);
        write!(f, "{proposal}: {before} before, {} now", now.name())
    }
}
