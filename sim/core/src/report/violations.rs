//! What was unsafe in a run, and the facts that show it.

use std::collections::BTreeMap;

use crate::cast::Cast;
use crate::oracle::{Judgement, ORACLES, Violation};
use crate::trace::Trace;

/// So many violations that one oracle found are told fact by fact.
const MOST: usize = 3;

/// What was unsafe, in lines: those below each `unsafe: …` are its facts. Of
/// what an oracle found many times over only the first are told.
#[must_use]
pub fn violations(cast: &Cast, trace: &Trace, judgement: &Judgement) -> Vec<String> {
    let mut by_oracle: BTreeMap<&str, Vec<&Violation>> = BTreeMap::new();
    for violation in &judgement.violations {
        by_oracle
            .entry(violation.oracle)
            .or_default()
            .push(violation);
    }
    let mut lines = vec![];
    for (oracle, found) in by_oracle {
        for violation in found.iter().take(MOST) {
            lines.push(format!("unsafe: {oracle}"));
            lines.extend(violation.facts.iter().map(|fact| {
                let record = trace.at(*fact);
                format!("  {} {}", record.at, cast.say(&record.fact))
            }));
        }
        if found.len() > MOST {
            lines.push(format!(
                "unsafe: {oracle}, {} times more",
                found.len() - MOST
            ));
        }
    }
    lines
}

/// In how many runs under each proposal each safety oracle found something, as
/// a table.
pub(super) fn unsafe_table<'a>(
    all: impl IntoIterator<Item = (String, BTreeMap<&'a str, u64>)>,
) -> Vec<Vec<String>> {
    let oracles = ORACLES.iter().map(|oracle| oracle.name.to_owned());
    let heads = ["proposal".to_owned()].into_iter().chain(oracles);
    let rows = all.into_iter().map(|(proposal, runs)| {
        let count = |name: &str| runs.get(name).copied().unwrap_or(0).to_string();
        let counts = ORACLES.iter().map(|oracle| count(oracle.name));
        [proposal].into_iter().chain(counts).collect()
    });
    [heads.collect()].into_iter().chain(rows).collect()
}
