//! What is claimed about a proposal, from what its runs add up to.

use serde::{Deserialize, Serialize};

use super::{Column, Entrant, Struck, lower_bound, upper_bound};

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

/// How many runs it takes until [`ENOUGH`] of them fail under `base` with a
/// claimed cause, if `claimed` of `runs` did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Needed {
    /// At the rate that was met; nothing if none did.
    pub about: Option<u64>,
    /// At the greatest rate that the counts leave possible.
    pub least: u64,
    /// At the smallest rate that they leave possible; nothing if that is none.
    pub most: Option<u64>,
}

impl Needed {
    /// From the bounds that verdicts are made of.
    #[must_use]
    pub fn of(claimed: u64, runs: u64) -> Self {
        let at = |rate: f64| (rate > 0.0).then(|| two_digits(ENOUGH as f64 / rate));
        Self {
            about: at(claimed as f64 / runs.max(1) as f64),
            least: at(upper_bound(claimed, runs, CONFIDENCE)).unwrap_or(ENOUGH),
            most: at(lower_bound(claimed, runs, CONFIDENCE)),
        }
    }

    /// `about 9600 runs would do (8100 to 12000)`
    #[must_use]
    pub fn say(self) -> String {
        match self {
            Needed {
                about: Some(about),
                least,
                most: Some(most),
            } => format!("about {about} runs in all would do ({least} to {most})"),
            Needed { least, .. } => {
                format!("it takes at least {least} runs, if it can be met at all")
            }
        }
    }
}

/// Rounded up to two digits: an estimate has no more.
fn two_digits(runs: f64) -> u64 {
    let unit = 10f64.powi((runs.log10().floor() as i32 - 1).max(0));
    ((runs / unit).ceil() * unit) as u64
}

/// Rules on a proposal. `runs` is how many there were, and `base` what they
/// came to under `base`.
#[must_use]
pub fn rule(entrant: &Entrant, is_base: bool, column: &Column, base: &Column, runs: u64) -> Ruling {
    let ruling = |verdict, mut why: Vec<String>| {
        why.extend(cut_off(column, runs));
        Ruling { verdict, why }
    };
    if is_base {
        let why = "everything else is compared with it".to_owned();
        return ruling(Verdict::Unknown, vec![why]);
    }
    if entrant.adoption == 0 {
        let why = "nobody follows it: every run is as under base";
        return ruling(Verdict::Unknown, vec![why.to_owned()]);
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
    if column.newly_claimed.runs > 0 {
        against.push(format!(
            "what it claims to end strikes in {} runs that did not fail for it under base{}",
            column.newly_claimed.runs,
            witness(column.newly_claimed.first)
        ));
    }
    if column.worse.runs > 0 {
        against.push(format!(
            "{} of {runs} runs come out worse than under base{}",
            column.worse.runs,
            witness(column.worse.first)
        ));
    }
    if column.less_safe.runs > 0 {
        against.push(format!(
            "{} of {runs} runs are unsafe in a way in which they are not under base{}",
            column.less_safe.runs,
            witness(column.less_safe.first)
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
            vec![
                format!(
                    "too few: {claimed} of the {ENOUGH} runs it takes failed under base with a cause that \
                     it claims to end{so_far}; {}",
                    Needed::of(claimed, runs).say()
                ),
                met(entrant, base),
            ],
        );
    }
    ruling(
        Verdict::Holds,
        vec![
            format!(
                "none of {claimed} runs that failed under base with a cause that it claims to end fails \
                 with one here (at most {bound:.2} %), and none of {runs} comes out worse than under base"
            ),
            met(entrant, base),
        ],
    )
}

/// How many runs were given up, if any were.
fn cut_off(column: &Column, runs: u64) -> Option<String> {
    let Struck {
        runs: count, first, ..
    } = column.cut_off;
    let first = first?;
    let so = format!(
        "{count} of {runs} runs were given up because their traces got too long (seed {first})"
    );
    Some(match column.claimed_cut_off {
        0 => so,
        claimed => format!(
            "{so}; {claimed} of them failed under base for what it claims to end, and nobody can tell \
             whether they still do"
        ),
    })
}

/// How often each claimed cause was met: of one that never was, nothing is
/// shown.
fn met(entrant: &Entrant, base: &Column) -> String {
    let runs = |kind| base.causes.get(kind).map_or(0, |struck| struck.runs);
    let each = entrant.claims.iter();
    let each: Vec<String> = each
        .map(|kind| match runs(kind) {
            0 => format!("{} never, so nothing is shown of it", kind.name()),
            runs => format!("{} in {runs}", kind.name()),
        })
        .collect();
    format!("under base, runs met {}", each.join(", "))
}

#[cfg(test)]
mod tests;
