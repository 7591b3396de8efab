//! The matrix: every scenario under every proposal, as a document.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use super::story::write_table;
use super::violations::unsafe_table;
use super::{Cell, Cost, cost_table, costs};
use crate::oracle::OutcomeClass;
use crate::protocol::Proposal;
use crate::scenario::Scenario;

/// What was evaluated and what came out (`unwedge/eval/1`).
#[derive(Clone, Debug)]
pub struct Matrix {
    /// The format of the JSON.
    pub schema: &'static str,
    /// The version of unwedge.
    pub version: &'static str,
    /// The engine that made the runs.
    pub engine: &'static str,
    /// Which servers and devices adopted what by order, whatever the column.
    pub adopt: BTreeMap<String, String>,
    /// The seed of the first draw.
    pub seed: u64,
    /// What each proposal costs over all scenarios.
    pub costs: Vec<Cost>,
    /// All cells, by scenario and then by proposal.
    pub cells: Vec<Cell>,
}

/// What each proposal costs over all cells, in the order in which they come.
#[must_use]
pub fn costs_of(cells: &[Cell]) -> Vec<Cost> {
    let mut costs: Vec<Cost> = vec![];
    for cell in cells {
        match costs.iter_mut().find(|it| it.proposal == cell.proposal) {
            Some(cost) => cost.total.add(&cell.costs),
            None => costs.push(Cost {
                proposal: cell.proposal.clone(),
                total: cell.costs,
            }),
        }
    }
    costs
}

impl Matrix {
    /// The cell of a scenario and a proposal.
    #[must_use]
    pub fn cell(&self, scenario: &str, proposal: &str) -> Option<&Cell> {
        self.cells
            .iter()
            .find(|cell| cell.scenario == scenario && cell.proposal == proposal)
    }

    /// Whether every cell came out as expected.
    #[must_use]
    pub fn agrees(&self) -> bool {
        self.cells.iter().all(|cell| cell.agrees)
    }

    /// As JSON, a cell on each line: so a cell that changes is a line that does.
    ///
    /// # Panics
    /// If it cannot be written, which is a fault of ours: it is strings and
    /// numbers.
    #[must_use]
    pub fn json(&self) -> String {
        let mut text = String::from("{\n");
        let mut line = |key: &str, value: String| {
            let _ = writeln!(text, "  \"{key}\": {value},");
        };
        line("schema", json(self.schema));
        line("version", json(self.version));
        line("engine", json(self.engine));
        if !self.adopt.is_empty() {
            line("adopt", json(&self.adopt));
        }
        line("seed", json(&self.seed));
        let cells: Vec<String> = self.cells.iter().map(json).collect();
        let _ = writeln!(
            text,
            "  \"cells\": [\n    {}\n  ]\n}}",
            cells.join(",\n    ")
        );
        text
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
        list_proposals(&mut text, proposals);
        text.push_str(
            "\n## What is unsafe\n\nDraws in which each safety oracle found something, over all \
             scenarios; `unwedge list oracles` says what each looks for.\n\n",
        );
        write_table(&mut text, &unsafe_table(self.unsafe_runs()));
        let _ = writeln!(text, "\n## What each proposal costs\n\n{}\n", costs::ABOUT);
        let costs = self.costs.iter();
        let rows = cost_table(costs.map(|it| (it.proposal.clone(), &it.total)));
        write_table(&mut text, &rows);
        self.causes(&mut text, scenarios);
        text
    }

    /// In how many runs under each proposal each safety oracle found something.
    fn unsafe_runs(&self) -> Vec<(String, BTreeMap<&str, u64>)> {
        let mut all: Vec<(String, BTreeMap<&str, u64>)> = vec![];
        for cell in &self.cells {
            let place = all.iter().position(|(it, _)| *it == cell.proposal);
            let place = place.unwrap_or_else(|| {
                all.push((cell.proposal.clone(), BTreeMap::new()));
                all.len() - 1
            });
            for (oracle, runs) in &cell.violations {
                *all[place].1.entry(oracle).or_default() += *runs as u64;
            }
        }
        all
    }

    /// Why each scenario that came out worse than `ok`, or unsafe, did so, under
    /// which proposals.
    fn causes(&self, text: &mut String, scenarios: &[&Scenario]) {
        text.push_str("\n## Why\n");
        for scenario in scenarios {
            let why = self.why(&scenario.id);
            if why.is_empty() {
                continue;
            }
            let _ = write!(text, "\n### {}: {}\n\n", scenario.id, scenario.title);
            for Why {
                proposals,
                explanation,
                seed,
            } in why
            {
                let names = proposals.join("**, **");
                let _ = writeln!(text, "- **{names}** (seed {seed}): {explanation}");
            }
        }
    }

    /// Why a scenario came out worse than `ok`, in the witness of each
    /// proposal; those that say the same are one.
    #[must_use]
    pub fn why(&self, scenario: &str) -> Vec<Why> {
        let mut all: Vec<Why> = vec![];
        for cell in self.cells.iter().filter(|cell| cell.scenario == scenario) {
            if cell.worst == OutcomeClass::Ok && cell.violated.is_empty() {
                continue;
            }
            let (explanation, seed) = (cell.explanation(), cell.witness_seed);
            let proposal = cell.proposal.clone();
            match all
                .iter_mut()
                .find(|it| it.explanation == explanation && it.seed == seed)
            {
                Some(same) => same.proposals.push(proposal),
                None => all.push(Why {
                    proposals: vec![proposal],
                    explanation,
                    seed,
                }),
            }
        }
        all
    }
}

/// Why a scenario came out as it did under some proposals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why {
    /// Under which proposals.
    pub proposals: Vec<String>,
    /// How and why, in a line or two.
    pub explanation: String,
    /// The seed of the run that shows it.
    pub seed: u64,
}

impl Cell {
    /// How the witness came out and why, in a line.
    #[must_use]
    pub fn explanation(&self) -> String {
        let mut parts = vec![self.worst.name().to_owned()];
        parts.extend(self.notes());
        let causes = self.witness.findings.iter().map(super::Finding::sentence);
        let claims = self.broken_claims.iter().map(|kind| kind.name());
        let claims: Vec<&str> = claims.collect();
        let broken = (!claims.is_empty())
            .then(|| format!("The proposal claims to end {}", claims.join(", ")));
        let violated = self
            .violations
            .iter()
            .map(|(it, runs)| format!("Unsafe in {runs} of {} draws: {it}", self.runs));
        let sentences = [parts.join(", ")].into_iter().chain(causes).chain(broken);
        let sentences = sentences.chain(violated);
        sentences.collect::<Vec<_>>().join(". ")
    }
}

fn json(value: &(impl Serialize + ?Sized)) -> String {
    serde_json::to_string(value).expect("strings and numbers can be written as JSON")
}

fn list_proposals(text: &mut String, proposals: &[&Proposal]) {
    text.push_str("\n## The proposals\n\n");
    for proposal in proposals {
        let Proposal {
            name,
            title,
            status,
            idea,
            ..
        } = proposal;
        let _ = writeln!(text, "- **{name}**: {title} ({status}). {idea}");
    }
}
