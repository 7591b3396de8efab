//! A cell of the matrix: one scenario under one proposal, over several draws.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::story::Finding;
use crate::costs::{Costs, Total};
use crate::oracle::{CauseKind, OutcomeClass};
use crate::protocol::{Consulted, Proposal};
use crate::time::Span;
use crate::trace::hash::StableHash;

/// What one run of a cell has shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draw {
    /// The seed of the run.
    pub seed: u64,
    /// How it came out.
    pub outcome: OutcomeClass,
    /// The safety oracles that found something.
    pub violated: BTreeSet<&'static str>,
    /// Stands for the whole run.
    pub trace_hash: StableHash,
    /// Which decisions it consulted.
    pub consulted: Consulted,
    /// Why it came out like that.
    pub findings: Vec<Finding>,
    /// What it cost.
    pub costs: Costs,
    /// The longest time between seeing an event and reading it.
    pub lateness: Span,
    /// Whether something late was read only because of a probe.
    pub only_by_probe: bool,
    /// Whether the loss ends when the sender's Megolm session does.
    pub until_rotation: bool,
    /// Whether it was given up because its trace got too long.
    pub cut_off: bool,
    /// Readings that failed for no cause that the harness knows, which is a
    /// fault of the harness.
    pub unexplained: usize,
    /// What came of the claims that strangers made, in words.
    pub claims: Vec<String>,
}

/// Which of the draws of a cell are worth making on another engine as well: the
/// first of the worst, the first in which each safety oracle found something, the
/// first of each other outcome, and from the first on until there are as many as
/// this.
#[must_use]
pub fn worth_confirming(draws: &[&Draw], least: usize) -> BTreeSet<u64> {
    let outcomes: BTreeSet<OutcomeClass> = draws.iter().map(|draw| draw.outcome).collect();
    let worst_first = outcomes.into_iter().rev();
    let of_outcome = worst_first.filter_map(|it| draws.iter().find(|draw| draw.outcome == it));
    let violated: BTreeSet<&str> = draws.iter().flat_map(|it| &it.violated).copied().collect();
    let violated = violated.into_iter();
    let of_oracle = violated.filter_map(|it| draws.iter().find(|draw| draw.violated.contains(it)));
    let telling = of_outcome.chain(of_oracle).map(|draw| draw.seed);
    let mut seeds: BTreeSet<u64> = telling.collect();
    for draw in draws {
        if seeds.len() >= least {
            break;
        }
        seeds.insert(draw.seed);
    }
    seeds
}

/// One scenario under one proposal.
#[derive(Clone, Debug, Serialize)]
pub struct Cell {
    /// The scenario's identifier.
    pub scenario: String,
    /// The proposal's name.
    pub proposal: String,
    /// How many runs it stands for.
    pub runs: usize,
    /// How many of them came out how.
    pub outcomes: BTreeMap<OutcomeClass, usize>,
    /// The safety oracles that found something in any run.
    #[serde(rename = "unsafe")]
    pub violated: BTreeSet<&'static str>,
    /// In how many runs each of them did.
    #[serde(rename = "unsafe_runs")]
    pub violations: BTreeMap<&'static str, usize>,
    /// The worst outcome of all.
    pub worst: OutcomeClass,
    /// How many came out better than under `base` with the same draws.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub better: Option<usize>,
    /// How many came out worse than under `base` with the same draws.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worse: Option<usize>,
    /// What the scenario expects the worst to be.
    pub expected: Option<OutcomeClass>,
    /// Whether the worst of the fixed draws is what is expected; where
    /// nothing is, whether it is no worse than `late`.
    pub agrees: bool,
    /// The seed of the first run that came out worst.
    pub witness_seed: u64,
    /// The hash of that run's trace.
    pub trace_hash: StableHash,
    /// What its runs cost.
    #[serde(skip)]
    pub costs: Total,
    /// The seeds of the runs that were made on the real engine as well.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub confirmed: Vec<u64>,
    /// What that run has shown.
    #[serde(skip)]
    pub witness: Draw,
    /// Readings without a cause, over all runs.
    #[serde(skip)]
    pub unexplained: usize,
    /// The causes in the witness that the proposal claims to end.
    #[serde(skip)]
    pub broken_claims: BTreeSet<CauseKind>,
}

impl Cell {
    /// Makes a cell of its runs, and of those under `base` with the same draws
    /// if there are any. The first `fixed` of them decide whether it agrees with
    /// what is expected.
    ///
    /// # Panics
    /// If there are no runs among the fixed ones.
    #[must_use]
    pub fn new(
        scenario: &str,
        proposal: &Proposal,
        expected: Option<OutcomeClass>,
        draws: &[&Draw],
        base: Option<&[&Draw]>,
        fixed: usize,
    ) -> Self {
        let mut outcomes: BTreeMap<OutcomeClass, usize> =
            OutcomeClass::ALL.iter().map(|class| (*class, 0)).collect();
        let mut violations: BTreeMap<&'static str, usize> = BTreeMap::new();
        let mut costs = Total::default();
        for draw in draws {
            for oracle in &draw.violated {
                *violations.entry(oracle).or_default() += 1;
            }
            costs.count(&draw.costs);
            *outcomes.entry(draw.outcome).or_default() += 1;
        }
        let judged = draws.iter().take(fixed).map(|draw| draw.outcome).max();
        let judged = judged.expect("a cell is judged by at least one run");
        let worst = draws
            .iter()
            .map(|draw| draw.outcome)
            .max()
            .unwrap_or(judged);
        let witness = draws.iter().find(|draw| draw.outcome == worst);
        let witness = Draw::clone(witness.expect("some run came out worst"));
        let compared = |is: fn(OutcomeClass, OutcomeClass) -> bool| {
            let pairs = draws.iter().zip(base?);
            let so = pairs.filter(|(here, there)| is(here.outcome, there.outcome));
            Some(so.count())
        };
        let found = witness.findings.iter().map(|finding| finding.kind);
        Self {
            scenario: scenario.to_owned(),
            proposal: proposal.name.clone(),
            runs: draws.len(),
            outcomes,
            violated: violations.keys().copied().collect(),
            violations,
            costs,
            worst,
            better: compared(|here, there| here < there),
            worse: compared(|here, there| here > there),
            expected,
            agrees: expected.map_or(judged <= OutcomeClass::Late, |expected| judged == expected),
            witness_seed: witness.seed,
            trace_hash: witness.trace_hash,
            confirmed: vec![],
            unexplained: draws.iter().map(|draw| draw.unexplained).sum(),
            broken_claims: found
                .filter(|kind| proposal.claims.contains(kind))
                .collect(),
            witness,
        }
    }

    /// `wedged 3/32`, with what else is to be said in a few letters.
    #[must_use]
    pub fn short(&self) -> String {
        let mut text = format!(
            "{} {}/{}",
            self.worst.name(),
            self.outcomes[&self.worst],
            self.runs
        );
        if !self.violated.is_empty() {
            text.push_str(" unsafe");
        }
        if !self.agrees {
            let expected = self
                .expected
                .map_or("no worse than late", OutcomeClass::name);
            text.push_str(&format!(" (expected {expected})"));
        }
        text
    }

    /// What the witness shows beyond its outcome.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        let mut notes = vec![];
        if self.worst == OutcomeClass::Late {
            let by = if self.witness.only_by_probe {
                ", and only because of a probe"
            } else {
                ""
            };
            notes.push(format!("read up to {} late{by}", self.witness.lateness));
        }
        if self.witness.until_rotation {
            notes.push(
                "and so is what follows, until the sender's Megolm session is replaced".to_owned(),
            );
        }
        if self.witness.cut_off {
            notes.push("given up because its trace got too long".to_owned());
        }
        notes.extend(self.witness.claims.iter().cloned());
        notes
    }
}

#[cfg(test)]
mod tests;
