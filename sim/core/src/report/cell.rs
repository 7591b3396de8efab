//! A cell of the matrix: one scenario under one proposal, over several draws.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::story::Finding;
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
    /// The longest time between seeing an event and reading it.
    pub lateness: Span,
    /// Whether something late was read only because of a probe.
    pub only_by_probe: bool,
    /// Whether the loss ends when the sender's Megolm session does.
    pub until_rotation: bool,
    /// Readings that failed for no cause that the harness knows, which is a
    /// fault of the harness.
    pub unexplained: usize,
    /// What came of the claims that strangers made, in words.
    pub claims: Vec<String>,
}

/// One scenario under one proposal.
#[derive(Clone, Debug, Serialize)]
pub struct Cell {
    /// The scenario's identifier.
    pub scenario: String,
    /// The proposal's name.
    pub proposal: String,
    /// How many runs were made.
    pub runs: usize,
    /// How many of them came out how.
    pub outcomes: BTreeMap<OutcomeClass, usize>,
    /// The safety oracles that found something in any run.
    #[serde(rename = "unsafe")]
    pub violated: BTreeSet<&'static str>,
    /// The worst outcome of all.
    pub worst: OutcomeClass,
    /// What the scenario expects the worst to be.
    pub expected: Option<OutcomeClass>,
    /// Whether the worst of the fixed draws is what is expected; where
    /// nothing is, whether it is no worse than `late`.
    pub agrees: bool,
    /// The seed of the first run that came out worst.
    pub witness_seed: u64,
    /// The hash of that run's trace.
    pub trace_hash: StableHash,
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
    /// Makes a cell of its runs. The first `fixed` of them decide whether it
    /// agrees with what is expected.
    ///
    /// # Panics
    /// If there are no runs among the fixed ones.
    #[must_use]
    pub fn new(
        scenario: &str,
        proposal: &Proposal,
        expected: Option<OutcomeClass>,
        draws: &[Draw],
        fixed: usize,
    ) -> Self {
        let mut outcomes: BTreeMap<OutcomeClass, usize> =
            OutcomeClass::ALL.iter().map(|class| (*class, 0)).collect();
        for draw in draws {
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
        let witness = witness.expect("some run came out worst").clone();
        let found = witness.findings.iter().map(|finding| finding.kind);
        Self {
            scenario: scenario.to_owned(),
            proposal: proposal.name.clone(),
            runs: draws.len(),
            outcomes,
            violated: draws
                .iter()
                .flat_map(|draw| draw.violated.iter().copied())
                .collect(),
            worst,
            expected,
            agrees: expected.map_or(judged <= OutcomeClass::Late, |expected| judged == expected),
            witness_seed: witness.seed,
            trace_hash: witness.trace_hash,
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
        notes.extend(self.witness.claims.iter().cloned());
        notes
    }
}
