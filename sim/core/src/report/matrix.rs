//! The matrix: every scenario under every proposal, as a document.

use std::fmt::Write as _;

use serde::Serialize;

use super::Cell;
use crate::oracle::OutcomeClass;
use crate::protocol::Proposal;
use crate::scenario::Scenario;

/// What was evaluated and what came out (`unwedge/eval/1`).
#[derive(Clone, Debug, Serialize)]
pub struct Matrix {
    /// The format of the JSON.
    pub schema: &'static str,
    /// The version of unwedge.
    pub version: &'static str,
    /// The engine that made the runs.
    pub engine: &'static str,
    /// The seed of the first draw.
    pub seed: u64,
    /// All cells, by scenario and then by proposal.
    pub cells: Vec<Cell>,
}

impl Matrix {
    /// The cell of a scenario and a proposal.
    #[must_use]
    pub fn cell(&self, scenario: &str, proposal: &str) -> Option<&Cell> {
        self.cells.iter().find(|cell| cell.scenario == scenario && cell.proposal == proposal)
    }

    /// Whether every cell came out as expected.
    #[must_use]
    pub fn agrees(&self) -> bool {
        self.cells.iter().all(|cell| cell.agrees)
    }

    /// The document, in Markdown.
    #[must_use]
    pub fn markdown(&self, scenarios: &[&Scenario], proposals: &[&Proposal]) -> String {
        let mut text = String::from(
            "# Who would still be unable to decrypt?\n\n\
             Each cell is one scenario under one proposal: the worst outcome over all draws, and \
             how many of the draws came out like that. Key backup and key requests are switched \
             off throughout.\n\n",
        );
        text.push_str("| scenario |");
        for proposal in proposals {
            let _ = write!(text, " {} |", proposal.name);
        }
        text.push_str("\n| --- |");
        text.push_str(&" --- |".repeat(proposals.len()));
        text.push('\n');
        for scenario in scenarios {
            let _ = write!(text, "| **{}** {} |", scenario.id, scenario.title);
            for proposal in proposals {
                let cell = self.cell(&scenario.id, &proposal.name);
                let _ = write!(text, " {} |", cell.map_or_else(String::new, Cell::short));
            }
            text.push('\n');
        }
        self.proposals(&mut text, proposals);
        self.causes(&mut text, scenarios);
        text
    }

    #[expect(clippy::unused_self, reason = "a section of the document like the others")]
    fn proposals(&self, text: &mut String, proposals: &[&Proposal]) {
        text.push_str("\n## The proposals\n\n");
        for proposal in proposals {
            let Proposal { name, title, status, idea, .. } = proposal;
            let _ = writeln!(text, "- **{name}**: {title} ({status}). {idea}");
        }
    }

    /// Why each cell that came out worse than `ok` did so, in its witness.
    fn causes(&self, text: &mut String, scenarios: &[&Scenario]) {
        text.push_str("\n## Why\n");
        for scenario in scenarios {
            let cells = self.cells.iter().filter(|cell| cell.scenario == scenario.id);
            let bad: Vec<&Cell> = cells.filter(|cell| cell.worst > OutcomeClass::Ok).collect();
            if bad.is_empty() {
                continue;
            }
            let _ = write!(text, "\n### {}: {}\n\n", scenario.id, scenario.title);
            for cell in bad {
                let _ = write!(text, "- **{}** (seed {}): ", cell.proposal, cell.witness_seed);
                let _ = writeln!(text, "{}", cell.explanation());
            }
        }
    }
}

impl Cell {
    /// How the witness came out and why, in a line.
    #[must_use]
    pub fn explanation(&self) -> String {
        let mut parts = vec![self.worst.name().to_owned()];
        parts.extend(self.notes());
        let causes = self.witness.findings.iter().map(super::Finding::sentence);
        format!("{}. {}", parts.join(", "), causes.collect::<Vec<_>>().join(". "))
            .trim_end()
            .to_owned()
    }
}
