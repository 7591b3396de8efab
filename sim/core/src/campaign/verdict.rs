//! What is claimed about a proposal, from what its runs add up to.

use serde::{Deserialize, Serialize};

use super::{Column, Entrant, upper_bound};

/// How many runs that failed under `base` with a claimed cause it takes before
/// a proposal can be said to hold: without a failure, they bound the rate of
/// failures to 1 %.
pub const ENOUGH: u64 = 300;

/// The confidence of every bound.
pub(crate) const CONFIDENCE: f64 = 0.95;

/// What is claimed about a proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It ends what it claims to end, and makes nothing worse.
    Holds,
    /// It does not, or it does.
    Violated,
    /// There is not enough to say.
    Unknown,
}

impl Verdict {
    /// As reports spell it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Holds => "holds",
            Verdict::Violated => "violated",
            Verdict::Unknown => "unknown",
        }
    }
}

/// A verdict and what speaks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ruling {
    /// The verdict.
    pub verdict: Verdict,
    /// Why, in a sentence each.
    pub why: Vec<String>,
}

/// Rules on a proposal. `runs` is how many there were.
#[must_use]
pub fn rule(entrant: &Entrant, is_base: bool, column: &Column, runs: u64) -> Ruling {
    let ruling = |verdict, why| Ruling { verdict, why };
    if is_base {
        let why = "everything else is compared with it".to_owned();
        return ruling(Verdict::Unknown, vec![why]);
    }
    let witness = |first: Option<u64>| first.map_or_else(String::new, |it| format!(" (seed {it})"));
    let mut against = vec![];
    let (still, claimed) = (column.still_claimed, column.claimed);
    if still.runs > 0 {
        against.push(format!(
            "what it claims to end still strikes in {} of {claimed} runs that failed for it under base{}",
            still.runs,
            witness(still.first)
        ));
    }
    if column.worse.runs > 0 {
        against.push(format!(
            "{} of {runs} runs come out worse than under base{}",
            column.worse.runs,
            witness(column.worse.first)
        ));
    }
    if !against.is_empty() {
        return ruling(Verdict::Violated, against);
    }
    if entrant.claims.is_empty() {
        let why = "it claims to end nothing, and no run comes out worse than under base";
        return ruling(Verdict::Unknown, vec![why.to_owned()]);
    }
    let bound = 100.0 * upper_bound(0, claimed, CONFIDENCE);
    if claimed < ENOUGH {
        let so_far = if claimed == 0 {
            String::new()
        } else {
            format!("; none of them does here (at most {bound:.2} %)")
        };
        return ruling(
            Verdict::Unknown,
            vec![format!(
                "too few: {claimed} of the {ENOUGH} runs it takes failed under base with a cause that it \
                 claims to end{so_far}"
            )],
        );
    }
    ruling(
        Verdict::Holds,
        vec![format!(
            "none of {claimed} runs that failed under base with a cause that it claims to end fails with \
             one here (at most {bound:.2} %), and none of {runs} comes out worse than under base"
        )],
    )
}

#[cfg(test)]
mod tests;
