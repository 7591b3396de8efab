//! What a campaign has found, as data: the same bytes for any number of
//! threads, shards and interruptions, because nothing in it tells of time.

mod compared;
mod markdown;
mod record;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::campaign::{
    CONFIDENCE, Column, Entrant, Plan, Reached, Ruling, Shard, StepCount, Struck, Tally, Verdict,
    holm, mcnemar, rule, upper_bound,
};
use crate::costs::Total;
use crate::oracle::{CauseKind, OutcomeClass};
use crate::step::STEPS;

pub use compared::{Baseline, Change};
pub use record::Record;
pub(crate) use record::Recorded;

/// What is switched off in every run.
const SWITCHED_OFF: [&str; 2] = ["key backup", "key requests"];

/// What a campaign has found (`unwedge/campaign/1`).
#[derive(Clone, Debug, Serialize)]
pub struct Campaign {
    /// The format of the JSON.
    pub schema: &'static str,
    /// The version of unwedge.
    pub version: String,
    /// The seed of the first run.
    pub seed: u64,
    /// How many runs there are, each counted once however many proposals met it.
    pub runs: u64,
    /// Which part of the campaign this is, if it is one: `2/3`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shard: Option<String>,
    /// What should be there and is not, in words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// What the scenarios are drawn from: every figure holds for this alone.
    pub distribution: Vec<String>,
    /// What is switched off in every run.
    pub switched_off: [&'static str; 2],
    /// How many runs were made in all: those that a proposal cannot have
    /// touched are counted without being made.
    pub runs_made: u64,
    /// How many runs were made again to see whether they come out the same.
    pub repeated: u64,
    /// When each kind of cause was first met under `base`: after so many runs.
    /// Nothing for one that never was.
    pub first_met: BTreeMap<CauseKind, Option<u64>>,
    /// What no run of any proposal came to.
    pub gaps: Gaps,
    /// One for each proposal.
    pub proposals: Vec<Finding>,
}

/// What was never reached.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Gaps {
    /// Steps that were in no timeline.
    pub steps_absent: Vec<&'static str>,
    /// Steps that were in a timeline and never had an effect.
    pub steps_without_effect: Vec<&'static str>,
    /// States of a key's life that no run reached.
    pub states: Vec<Reached>,
}

/// What a campaign has found about one proposal.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// Its name.
    pub proposal: String,
    /// How many percent of the servers and devices follow it; the others follow
    /// `base`.
    pub adoption: u8,
    /// What it is, in a line.
    pub title: String,
    /// The causes that it claims to end.
    pub claims: Vec<CauseKind>,
    /// How many runs failed under `base` for each of them: what its silence is
    /// worth.
    pub claims_met: BTreeMap<CauseKind, u64>,
    /// What is claimed about it.
    pub verdict: Verdict,
    /// Why, in a sentence each.
    pub why: Vec<String>,
    /// How many runs it is judged by.
    pub runs: u64,
    /// How many of them were made; the others are known to be as under another.
    pub made: u64,
    /// How many came out how.
    pub outcomes: BTreeMap<OutcomeClass, u64>,
    /// In how many each safety oracle found something.
    #[serde(rename = "unsafe")]
    pub violated: BTreeMap<String, Witnessed>,
    /// The causes of what failed, the most frequent first.
    pub causes: Vec<Cause>,
    /// How many runs had a reading that failed for no known cause: a fault of
    /// the harness.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unexplained: Option<Witnessed>,
    /// What the counts leave possible.
    pub bounds: Bounds,
    /// The same runs under `base`.
    pub against_base: AgainstBase,
    /// The first run that comes out worse than under `base`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub regression: Option<Witness>,
    /// The runs in which a safety oracle finds something and nothing under
    /// `base`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub less_safe: Option<Witnessed>,
    /// The runs that were given up because their traces got too long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cut_off: Option<Witnessed>,
    /// How many of them failed under `base` with a claimed cause.
    #[serde(skip_serializing_if = "is_zero")]
    pub claimed_cut_off: u64,
    /// The first run in which a claim is broken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broken_claim: Option<Witness>,
    /// The first run that fails with a claimed cause though it did not do so
    /// under `base`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new_claimed_cause: Option<Witnessed>,
    /// What its runs cost.
    pub costs: Total,
    /// In how many runs each kind of step was in the timeline and had an effect.
    pub steps: BTreeMap<&'static str, StepCount>,
    /// How many runs reached each state of a key's life.
    pub reached: BTreeMap<Reached, u64>,
}

/// A run that shows something, and the command that repeats it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Witness {
    /// Its seed.
    pub seed: u64,
    /// The command.
    pub command: String,
}

/// In how many runs something was so, and the first of them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Witnessed {
    /// In how many.
    pub runs: u64,
    /// The first.
    #[serde(flatten)]
    pub witness: Witness,
}

/// A kind of cause and how often it struck.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Cause {
    /// The kind.
    pub kind: CauseKind,
    /// In how many runs.
    pub runs: u64,
    /// How many readings failed for it.
    pub readings: u64,
    /// The first run.
    pub first_seed: Option<u64>,
}

/// Rates that the counts leave possible, with one-sided confidence.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Bounds {
    /// How sure they are.
    pub confidence: f64,
    /// Of runs that come out worse than `late`.
    pub worse_than_late: Bound,
    /// Of runs that fail with a claimed cause, among those that did so under
    /// `base`. Nothing for a proposal that claims nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claimed: Option<Bound>,
}

/// A count, and the greatest rate that it leaves possible.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Bound {
    /// How many were so.
    pub count: u64,
    /// Of how many.
    pub of: u64,
    /// The greatest rate (Clopper and Pearson).
    pub upper: f64,
}

/// The same runs under a proposal and under `base`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AgainstBase {
    /// How many come out better.
    pub better: u64,
    /// How many come out worse.
    pub worse: u64,
    /// How many come out the same.
    pub same: u64,
    /// How likely so uneven a split is by chance (McNemar, exact, two-sided).
    pub p: f64,
    /// The same, corrected for the number of proposals (Holm).
    pub p_holm: f64,
}

impl Campaign {
    /// What the tally of a campaign says. `missing` is what should be in it
    /// and is not.
    #[must_use]
    pub fn new(plan: &Plan, tally: &Tally, missing: Vec<String>) -> Self {
        let pairs = || plan.entrants.iter().zip(&tally.columns);
        let split = |column: &Column| mcnemar(column.better.runs, column.worse.runs);
        // What nobody follows is not compared.
        let is_compared = |place: usize, entrant: &Entrant| place > 0 && entrant.adoption > 0;
        let others = pairs().enumerate();
        let others = others.filter(|(place, (entrant, _))| is_compared(*place, entrant));
        let others: Vec<f64> = others.map(|(_, (_, column))| split(column)).collect();
        let mut corrected = holm(&others).into_iter();
        let findings = pairs().enumerate().map(|(place, (entrant, column))| {
            let p_holm = is_compared(place, entrant).then(|| corrected.next());
            let p_holm = p_holm.flatten().unwrap_or(1.0);
            let base = &tally.columns[0];
            Finding::new(entrant, place == 0, column, base, tally.runs, p_holm)
        });
        let base = tally.columns.first();
        let first = |kind| {
            let struck = base?.causes.get(&kind)?;
            Some(struck.first? - plan.seed)
        };
        let shard = plan.shard;
        Self {
            schema: "unwedge/campaign/1",
            version: plan.version.clone(),
            seed: plan.seed,
            runs: tally.runs,
            shard: (shard != Shard::WHOLE).then(|| shard.to_string()),
            missing,
            distribution: plan.distribution.clone(),
            switched_off: SWITCHED_OFF,
            runs_made: tally.columns.iter().map(|column| column.made).sum(),
            repeated: tally.repeated,
            first_met: causes().map(|kind| (kind, first(kind))).collect(),
            gaps: Gaps::of(tally),
            proposals: findings.collect(),
        }
    }

    /// Where readings failed for no known cause, which is a fault of the harness.
    #[must_use]
    pub fn unexplained(&self) -> Vec<&Witnessed> {
        let all = self.proposals.iter();
        all.filter_map(|it| it.unexplained.as_ref()).collect()
    }

    /// The verdict that decides how the command ends: `base` and what nobody
    /// follows aside, whether any proposal is violated, and whether any is unknown.
    #[must_use]
    pub fn worst(&self) -> Verdict {
        let others = || self.proposals.iter().skip(1).filter(|it| it.adoption > 0);
        let verdicts = || others().map(|it| it.verdict);
        if verdicts().any(|it| it == Verdict::Violated) {
            Verdict::Violated
        } else if verdicts().any(|it| it == Verdict::Unknown) {
            Verdict::Unknown
        } else {
            Verdict::Holds
        }
    }
}

impl Finding {
    fn new(
        entrant: &Entrant,
        is_base: bool,
        column: &Column,
        base: &Column,
        runs: u64,
        p_holm: f64,
    ) -> Self {
        let Ruling { verdict, why } = rule(entrant, is_base, column, base, runs);
        let witness = |seed: u64| Witness {
            seed,
            command: entrant.command(seed),
        };
        let witnessed = |struck: &Struck| {
            let witness = witness(struck.first?);
            let runs = struck.runs;
            Some(Witnessed { runs, witness })
        };
        let count = |class: &OutcomeClass| column.outcomes.get(class).copied().unwrap_or(0);
        let outcomes = OutcomeClass::ALL.iter().map(|class| (*class, count(class)));
        let violated = column.violated.iter();
        let steps = STEPS.iter().map(|step| {
            let count = column.steps.get(step.name).copied();
            (step.name, count.unwrap_or_default())
        });
        let reached = Reached::ALL.iter().map(|it| it.state);
        // What nobody follows breaks nothing.
        let broken = column.still_claimed.first;
        let broken = broken.filter(|_| entrant.adoption > 0);
        let met = |kind| base.causes.get(kind).map_or(0, |struck| struck.runs);
        Self {
            proposal: entrant.name.clone(),
            adoption: entrant.adoption,
            title: entrant.title.clone(),
            claims: entrant.claims.iter().copied().collect(),
            claims_met: entrant.claims.iter().map(|it| (*it, met(it))).collect(),
            verdict,
            why,
            runs,
            made: column.made,
            outcomes: outcomes.collect(),
            violated: violated
                .filter_map(|(oracle, struck)| Some((oracle.clone(), witnessed(struck)?)))
                .collect(),
            causes: by_frequency(column),
            unexplained: witnessed(&column.unexplained),
            bounds: Bounds {
                confidence: CONFIDENCE,
                worse_than_late: Bound::of(column.failed(), runs),
                claimed: (!entrant.claims.is_empty()).then(|| {
                    let (still, unknown) = (column.still_claimed.runs, column.claimed_cut_off);
                    Bound::with(unknown, still, column.claimed)
                }),
            },
            against_base: AgainstBase {
                better: column.better.runs,
                worse: column.worse.runs,
                same: runs - column.better.runs - column.worse.runs,
                p: rounded(mcnemar(column.better.runs, column.worse.runs)),
                p_holm: rounded(p_holm),
            },
            regression: column.worse.first.map(witness),
            less_safe: witnessed(&column.less_safe),
            cut_off: witnessed(&column.cut_off),
            claimed_cut_off: column.claimed_cut_off,
            broken_claim: broken.map(witness),
            new_claimed_cause: witnessed(&column.newly_claimed),
            costs: column.costs,
            steps: steps.collect(),
            reached: reached
                .map(|state| (state, column.reached.get(&state).copied().unwrap_or(0)))
                .collect(),
        }
    }
}

impl Bound {
    fn of(count: u64, of: u64) -> Self {
        Self::with(0, count, of)
    }

    /// The bound takes those of which nobody knows for the worst.
    fn with(unknown: u64, count: u64, of: u64) -> Self {
        let upper = rounded(upper_bound(count + unknown, of, CONFIDENCE));
        Self { count, of, upper }
    }
}

impl Gaps {
    fn of(tally: &Tally) -> Self {
        let counts = |step: &str| {
            let all = tally.columns.iter();
            let counts: Vec<StepCount> = all.filter_map(|it| it.steps.get(step).copied()).collect();
            let sum = |of: fn(&StepCount) -> u64| counts.iter().map(of).sum::<u64>();
            (sum(|it| it.there), sum(|it| it.fired))
        };
        let steps = || STEPS.iter().map(|step| step.name);
        let reached = |state| {
            tally
                .columns
                .iter()
                .any(|it| it.reached.contains_key(&state))
        };
        let states = Reached::ALL.iter().map(|it| it.state);
        Self {
            steps_absent: steps().filter(|step| counts(step).0 == 0).collect(),
            steps_without_effect: steps()
                .filter(|step| counts(step).0 > 0 && counts(step).1 == 0)
                .collect(),
            states: states.filter(|state| !reached(*state)).collect(),
        }
    }
}

/// Every kind of cause for which a run can fail.
fn causes() -> impl Iterator<Item = CauseKind> {
    let all = CauseKind::ALL.iter().map(|it| it.kind);
    all.filter(|kind| !kind.is_excuse())
}

fn by_frequency(column: &Column) -> Vec<Cause> {
    let mut causes: Vec<Cause> = column
        .causes
        .iter()
        .map(|(kind, struck)| Cause {
            kind: *kind,
            runs: struck.runs,
            readings: struck.times,
            first_seed: struck.first,
        })
        .collect();
    causes.sort_by_key(|it| std::cmp::Reverse((it.runs, it.readings)));
    causes
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// To six digits: the last digits of a logarithm are not the same on every
/// machine, and nobody needs them.
fn rounded(value: f64) -> f64 {
    format!("{value:.5e}").parse().unwrap_or(value)
}
