//! The lines of a results file. The first holds the plan, each of the others a
//! chunk; a line is a JSON object with a checksum, so that one that was cut or
//! damaged is known for what it is. A chunk names the plan that it belongs to,
//! so that it can be told even where the first line is lost.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{Plan, Tally};
use crate::trace::hash::StableHash;

/// Some runs that follow each other, and what they add up to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chunk {
    /// Its place among all chunks of the campaign.
    pub chunk: u64,
    /// Stands for the plan that it belongs to.
    pub plan: String,
    /// What its runs add up to.
    pub tally: Tally,
}

/// Why a line cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// It is cut off, or its checksum does not fit.
    Broken,
    /// It is whole, and of another plan.
    Foreign,
}

const HEAD: &str = "{\"crc32\":\"";
const MIDDLE: &str = "\",\"line\":";
const TAIL: &str = "}";

impl Plan {
    /// Stands for everything that two parts of one campaign share, and for
    /// the shard.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let mut plan = self.clone();
        for entrant in &mut plan.entrants {
            entrant.word.clear();
            entrant.title.clear();
        }
        StableHash::of(&json(&plan)).to_string()
    }
}

/// The first line of a results file, without its end.
#[must_use]
pub fn plan_line(plan: &Plan) -> String {
    framed(&json(plan))
}

/// The line of a chunk, without its end.
#[must_use]
pub fn chunk_line(chunk: &Chunk) -> String {
    framed(&json(chunk))
}

/// Reads the first line of a results file.
///
/// # Errors
/// If it is damaged.
pub fn parse_plan(line: &str) -> Result<Plan, Damage> {
    let plan: Plan = unframed(line)?;
    let sound = plan.schema == Plan::SCHEMA
        && plan.chunk > 0
        && (1..=plan.shard.of).contains(&plan.shard.part);
    sound.then_some(plan).ok_or(Damage::Foreign)
}

/// Reads the line of a chunk of this plan, whose fingerprint is given.
///
/// # Errors
/// If it is damaged, or no chunk of this plan.
pub fn parse_chunk(line: &str, plan: &Plan, fingerprint: &str) -> Result<Chunk, Damage> {
    let chunk: Chunk = unframed(line)?;
    let (_, runs) = plan.seeds(chunk.chunk);
    let ours = chunk.plan == fingerprint
        && plan.shard.has(chunk.chunk)
        && chunk.tally.runs == runs
        && chunk.tally.columns.len() == plan.entrants.len();
    ours.then_some(chunk).ok_or(Damage::Foreign)
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("names and numbers can be written as JSON")
}

fn framed(body: &str) -> String {
    let sum = crc32fast::hash(body.as_bytes());
    format!("{HEAD}{sum:08x}{MIDDLE}{body}{TAIL}")
}

fn unframed<T: DeserializeOwned>(line: &str) -> Result<T, Damage> {
    let body = || {
        let (sum, rest) = line.strip_prefix(HEAD)?.split_once(MIDDLE)?;
        let body = rest.strip_suffix(TAIL)?;
        let expected = format!("{:08x}", crc32fast::hash(body.as_bytes()));
        (sum == expected).then_some(body)
    };
    let body = body().ok_or(Damage::Broken)?;
    serde_json::from_str(body).map_err(|_| Damage::Foreign)
}

#[cfg(test)]
mod tests;
