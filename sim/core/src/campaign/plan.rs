//! What a campaign is to make: which seeds, in which chunks, under which
//! proposals. Two parts of one campaign have the same plan but for the shard.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::oracle::CauseKind;
use crate::protocol::{Proposal, Switches};

/// The plan of a campaign, or of one shard of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The format of the results file.
    pub schema: String,
    /// The version of unwedge.
    pub version: String,
    /// The seed of the first run; the others follow it.
    pub seed: u64,
    /// How far it goes.
    pub extent: Extent,
    /// Which part of the chunks is made here.
    pub shard: Shard,
    /// How many runs a chunk has, but perhaps the last.
    pub chunk: u64,
    /// The proposals, `base` first.
    pub entrants: Vec<Entrant>,
    /// What the scenarios are drawn from, in words.
    pub distribution: Vec<String>,
}

/// How far a campaign goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Extent {
    /// So many runs.
    Runs(u64),
    /// As many as are made in so many seconds.
    Seconds(u64),
}

/// One of several parts: every `of`-th chunk, from the `part`-th on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Shard {
    /// Which, from 1 on.
    pub part: u64,
    /// Of how many.
    pub of: u64,
}

/// A proposal as a campaign knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entrant {
    /// Its name.
    pub name: String,
    /// What it is, in a line.
    pub title: String,
    /// How a command names it: a file that is not bundled by its path. Where
    /// that is does not matter to the plan.
    pub word: String,
    /// How many percent of the servers and devices follow it; the others follow
    /// `base`. Where nothing is said, all do.
    #[serde(default = "everybody", skip_serializing_if = "is_everybody")]
    pub adoption: u8,
    /// The kinds of cause that it says it ends.
    pub claims: BTreeSet<CauseKind>,
    /// What it changes.
    pub switches: Switches,
}

/// All servers and devices, in percent.
pub const EVERYBODY: u8 = 100;

impl Plan {
    /// The format of the results file.
    pub const SCHEMA: &'static str = "unwedge/campaign-runs/2";

    /// How many chunks there are in all shards; nothing if it is a matter of time.
    #[must_use]
    pub fn chunks(&self) -> Option<u64> {
        match self.extent {
            Extent::Runs(runs) => Some(runs.div_ceil(self.chunk)),
            Extent::Seconds(_) => None,
        }
    }

    /// The chunks of this shard, in order; without end if it is a matter of time.
    pub fn own_chunks(&self) -> impl Iterator<Item = u64> + use<> {
        let end = self.chunks().unwrap_or(u64::MAX / self.chunk);
        let step = usize::try_from(self.shard.of).unwrap_or(usize::MAX);
        (self.shard.part - 1..end).step_by(step)
    }

    /// The first seed of a chunk, and how many runs it has.
    #[must_use]
    pub fn seeds(&self, chunk: u64) -> (u64, u64) {
        let start = chunk.saturating_mul(self.chunk);
        let runs = match self.extent {
            Extent::Runs(runs) => runs.saturating_sub(start).min(self.chunk),
            Extent::Seconds(_) => self.chunk,
        };
        (self.seed.saturating_add(start), runs)
    }

    /// How many runs this shard has; nothing if it is a matter of time.
    #[must_use]
    pub fn own_runs(&self) -> Option<u64> {
        self.chunks()?;
        Some(self.own_chunks().map(|chunk| self.seeds(chunk).1).sum())
    }

    /// The first part in which two plans differ, and how; two shards of one
    /// campaign do not.
    #[must_use]
    pub fn difference(&self, other: &Plan) -> Option<String> {
        let names = |plan: &Plan| {
            let names: Vec<String> = plan.entrants.iter().map(Entrant::say).collect();
            names.join(", ")
        };
        let differ = |what: &str, ours: String, theirs: String| {
            (ours != theirs).then(|| format!("{what}: {ours}, not {theirs}"))
        };
        differ("the format", self.schema.clone(), other.schema.clone())
            .or_else(|| differ("the version", self.version.clone(), other.version.clone()))
            .or_else(|| differ("the seed", self.seed.to_string(), other.seed.to_string()))
            .or_else(|| differ("the extent", self.extent.say(), other.extent.say()))
            .or_else(|| {
                let runs = |plan: &Plan| format!("{} runs", plan.chunk);
                differ("the size of a chunk", runs(self), runs(other))
            })
            .or_else(|| {
                let of = |plan: &Plan| plan.shard.of.to_string();
                differ("the number of shards", of(self), of(other))
            })
            .or_else(|| differ("the proposals", names(self), names(other)))
            .or_else(|| self.changed_entrant(other))
            .or_else(|| {
                let differ = self.distribution != other.distribution;
                differ.then(|| "what the scenarios are drawn from".to_owned())
            })
    }

    /// The first proposal that changes or claims something else.
    fn changed_entrant(&self, other: &Plan) -> Option<String> {
        let pairs = self.entrants.iter().zip(&other.entrants);
        pairs.into_iter().find_map(|(ours, theirs)| {
            let name = &ours.name;
            if ours.switches != theirs.switches {
                Some(format!("what the proposal `{name}` changes"))
            } else if ours.claims != theirs.claims {
                Some(format!("what the proposal `{name}` claims to end"))
            } else {
                None
            }
        })
    }
}

impl Extent {
    /// `1000 runs`
    #[must_use]
    pub fn say(self) -> String {
        match self {
            Extent::Runs(runs) => format!("{runs} runs"),
            Extent::Seconds(seconds) => format!("{seconds} seconds"),
        }
    }
}

impl Shard {
    /// All of it.
    pub const WHOLE: Shard = Shard { part: 1, of: 1 };

    /// Whether a chunk belongs to this shard.
    #[must_use]
    pub fn has(self, chunk: u64) -> bool {
        chunk % self.of == self.part - 1
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.part, self.of)
    }
}

impl Entrant {
    /// A proposal and how a command names it.
    #[must_use]
    pub fn new(proposal: &Proposal, word: String) -> Self {
        Self {
            name: proposal.name.clone(),
            title: proposal.title.clone(),
            word,
            adoption: EVERYBODY,
            claims: proposal.claims.clone(),
            switches: proposal.switches.clone(),
        }
    }

    /// The same where only so many percent follow it.
    #[must_use]
    pub fn followed_by(self, percent: u8) -> Self {
        Self {
            adoption: percent,
            ..self
        }
    }

    /// As reports call it: `remember-issued`, `remember-issued at 50 %`.
    #[must_use]
    pub fn say(&self) -> String {
        let name = &self.name;
        match self.adoption {
            EVERYBODY => name.clone(),
            percent => format!("{name} at {percent} %"),
        }
    }

    /// The command that repeats the run of a seed under it.
    #[must_use]
    pub fn command(&self, seed: u64) -> String {
        let word = &self.word;
        let mut command = format!("unwedge run random-{seed} --proposal {word} --seed {seed}");
        if self.adoption != EVERYBODY {
            command.push_str(&format!(" --adoption {}", self.adoption));
        }
        command
    }
}

fn everybody() -> u8 {
    EVERYBODY
}

fn is_everybody(percent: &u8) -> bool {
    *percent == EVERYBODY
}
