//! What each remedy does and does not do, in a paragraph that can be pasted
//! where it is discussed. Every word of it is from the matrix and from a
//! campaign.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::campaign::{Record, Recorded};
use super::{Cell, Matrix};
use crate::campaign::EVERYBODY;
use crate::oracle::{CauseKind, OutcomeClass};
use crate::protocol::{Consulted, Proposal};

/// So many causes of what is left are named, the most frequent first.
const MOST_CAUSES: usize = 6;

/// The document, in Markdown: a paragraph for each of the proposals. Nothing if
/// today's protocol is not among them: there is nothing to compare with.
#[must_use]
pub fn remedies(
    matrix: &Matrix,
    proposals: &[&Proposal],
    campaign: Option<&Record>,
) -> Option<String> {
    let mut proposals = proposals.to_vec();
    let is_base = |it: &&Proposal| it.switches.changed() == Consulted::default();
    let base = proposals.iter().position(is_base)?;
    let base = proposals.remove(base);
    let mut text = String::from(
        "# What each remedy does\n\n\
         A paragraph for each proposal: what it fixes, what it does not, and what it makes worse, \
         against today's specification. Scenarios are named by their identifiers (the matrix has \
         their titles) and compared draw by draw. Nothing here is written by hand: `unwedge eval` \
         makes it of its results",
    );
    text.push_str(&match campaign {
        Some(it) => format!(
            ", and of a campaign of {} random runs from seed {} (unwedge {}).\n",
            it.runs, it.seed, it.version
        ),
        None => ".\n".to_owned(),
    });
    for proposal in proposals.iter().filter(|it| !it.name.starts_with("bug-")) {
        let Proposal {
            name,
            title,
            status,
            source,
            ..
        } = proposal;
        let _ = write!(text, "\n## {name}\n\n{title} ({status}");
        source.iter().for_each(|it| {
            let _ = write!(text, ", <{it}>");
        });
        let remedy = Remedy::new(matrix, base, proposal);
        let mut sentences = remedy.sentences();
        if let Some(campaign) = campaign {
            sentences.extend(random_runs(proposal, campaign));
        }
        let _ = writeln!(text, ").\n\n{}", sentences.join(" "));
    }
    Some(text)
}

/// A proposal beside today's protocol, scenario by scenario.
struct Remedy<'a> {
    proposal: &'a Proposal,
    /// What a scenario comes to today, and under the proposal.
    rows: Vec<[&'a Cell; 2]>,
}

impl<'a> Remedy<'a> {
    fn new(matrix: &'a Matrix, base: &Proposal, proposal: &'a Proposal) -> Self {
        let today = matrix.cells.iter().filter(|it| it.proposal == base.name);
        let rows = today.filter_map(|it| Some([it, matrix.cell(&it.scenario, &proposal.name)?]));
        Self {
            proposal,
            rows: rows.collect(),
        }
    }

    fn sentences(&self) -> Vec<String> {
        let failing = || self.rows.iter().filter(|[today, _]| fails(today));
        let count = failing().count();
        let name = &self.proposal.name;
        let select = |is: &dyn Fn(&&[&'a Cell; 2]) -> bool| -> Vec<&[&'a Cell; 2]> {
            failing().filter(is).collect()
        };
        let ended = select(&|[_, here]| !fails(here));
        let helped = select(&|[_, here]| fails(here) && better(here) > 0);
        let same = select(&|[_, here]| fails(here) && better(here) == 0 && worse(here) == 0);
        let mut said = vec![match ended.as_slice() {
            [] => format!("`{name}` ends none of the {count} failures that are replayed here."),
            ended => format!(
                "`{name}` ends {} of the {count} failures that are replayed here: {}.",
                ended.len(),
                listed(ended.iter().map(|row| eased(row)))
            ),
        }];
        if !helped.is_empty() {
            let helped = listed(helped.iter().map(|row| eased(row)));
            said.push(format!(
                "It makes these better without ending them: {helped}."
            ));
        }
        let sooner = self.rows.iter().filter(|[today, here]| {
            today.worst == OutcomeClass::Late && here.worst == OutcomeClass::Ok
        });
        let sooner: Vec<String> = sooner.map(|[_, here]| here.scenario.clone()).collect();
        if !sooner.is_empty() {
            said.push(format!(
                "What is late today is in time in {}.",
                listed(sooner)
            ));
        }
        if !same.is_empty() {
            let same = same.iter().map(|[_, here]| here.scenario.clone());
            said.push(format!("It does not help in {}.", listed(same)));
        }
        said.extend(self.left());
        said.push(self.worse());
        said.extend(self.violated());
        said
    }

    /// What is left, by whether the proposal claims to end it.
    fn left(&self) -> Vec<String> {
        let mut claimed: BTreeMap<CauseKind, BTreeSet<&str>> = BTreeMap::new();
        let mut others = claimed.clone();
        for [_, here] in self.rows.iter().filter(|[_, here]| fails(here)) {
            for finding in &here.witness.findings {
                let causes = match self.proposal.claims.contains(&finding.kind) {
                    true => &mut claimed,
                    false => &mut others,
                };
                let scenarios = causes.entry(finding.kind).or_default();
                scenarios.insert(&here.scenario);
            }
        }
        let by_cause = |causes: BTreeMap<CauseKind, BTreeSet<&str>>| {
            let each = causes.into_iter().map(|(kind, scenarios)| {
                let scenarios: Vec<&str> = scenarios.into_iter().collect();
                format!("{} ({})", kind.name(), scenarios.join(", "))
            });
            listed(each)
        };
        let mut said = vec![];
        if self.proposal.claims.is_empty() {
            said.push("It claims to end no cause.".to_owned());
        } else if claimed.is_empty() {
            said.push("No scenario fails under it for a cause that it claims to end.".to_owned());
        } else {
            said.push(format!(
                "It claims to end these causes, and scenarios still fail for them: {}.",
                by_cause(claimed)
            ));
        }
        if !others.is_empty() {
            said.push(format!(
                "What else fails under it has causes that it does not claim to end: {}.",
                by_cause(others)
            ));
        }
        said
    }

    fn worse(&self) -> String {
        let rows = self.rows.iter().filter(|[_, here]| worse(here) > 0);
        let rows: Vec<String> = rows
            .map(|row| change(row, "worse", worse(row[1])))
            .collect();
        match rows.len() {
            0 => format!("It makes none of the {} scenarios worse.", self.rows.len()),
            1 => format!("It makes one scenario worse: {}.", rows[0]),
            count => format!("It makes {count} scenarios worse: {}.", listed(rows)),
        }
    }

    /// What is unsafe under the proposal and is not today.
    fn violated(&self) -> Option<String> {
        let mut oracles: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for [today, here] in &self.rows {
            for oracle in here.violated.difference(&today.violated) {
                oracles.entry(oracle).or_default().push(&here.scenario);
            }
        }
        let each = oracles.iter();
        let each = each.map(|(oracle, scenarios)| format!("{oracle} ({})", scenarios.join(", ")));
        (!oracles.is_empty()).then(|| {
            format!(
                "It makes unsafe, in some draw, what is not so today: {}.",
                listed(each)
            )
        })
    }
}

/// What a campaign says of a proposal.
fn random_runs(proposal: &Proposal, campaign: &Record) -> Vec<String> {
    let Some(found) = campaign.of(&proposal.name) else {
        return vec!["It was in no campaign.".to_owned()];
    };
    let runs = campaign.runs;
    let Recorded {
        bounds,
        against_base: base,
        verdict,
        ..
    } = found;
    let mut said = vec![];
    if let Some(claimed) = bounds.claimed {
        let first = found.broken_claim.as_ref();
        let first = first.map_or_else(String::new, |it| format!("; the first is `{}`", it.command));
        let unknown = match found.claimed_cut_off {
            0 => String::new(),
            count => format!(", and of {count} more nobody can tell"),
        };
        said.push(match claimed.of {
            0 => format!("None of {runs} random runs fails today for a cause that it claims to end."),
            _ => format!(
                "Of {runs} random runs, {} fail today with a cause that it claims to end, and {} of \
                 these still do under it{unknown} (at most {:.2} %, with 95 % confidence{first}).",
                claimed.of,
                claimed.count,
                100.0 * claimed.upper
            ),
        });
    }
    let first = found.regression.as_ref();
    let first = first.map_or_else(String::new, |it| format!(", the first `{}`", it.command));
    said.push(format!(
        "Of all {runs}, {} come out better than today and {} worse{first}; {} are worse than late \
         under it (at most {:.2} %). The verdict is {}.",
        base.better,
        base.worse,
        bounds.worse_than_late.count,
        100.0 * bounds.worse_than_late.upper,
        verdict.name()
    ));
    let cut_off = found.cut_off.as_ref().map_or(0, |it| it.runs);
    if cut_off > 0 {
        said.push(format!(
            "Given up, for their traces got too long: {cut_off} of the {runs}; they count among the worse, and \
             of their causes nothing is known."
        ));
    }
    let residue = found.causes.iter();
    let residue = residue.filter(|it| !proposal.claims.contains(&it.kind));
    let shares = residue.map(|it| {
        let share = 100.0 * it.runs as f64 / (runs - cut_off).max(1) as f64;
        let of = if cut_off > 0 { "other " } else { "" };
        format!("{} (in {share:.2} % of the {of}runs)", it.kind.name())
    });
    let shares: Vec<String> = shares.take(MOST_CAUSES).collect();
    if !shares.is_empty() {
        said.push(format!(
            "What it does not claim to end and what is left of it, the most frequent first: {}.",
            listed(shares)
        ));
    }
    let partly = campaign.levels(&proposal.name);
    let partly = partly.filter(|it| it.adoption > 0 && it.adoption < EVERYBODY);
    said.extend(partly.map(|it| {
        let claimed = it.bounds.claimed.map_or_else(String::new, |claimed| {
            format!(
                "{} of the {} still fail with a cause that it claims to end, ",
                claimed.count, claimed.of
            )
        });
        format!(
            "While {} % of the servers and devices follow it, {claimed}{} runs come out better than \
             today and {} worse.",
            it.adoption, it.against_base.better, it.against_base.worse
        )
    }));
    said
}

fn fails(cell: &Cell) -> bool {
    cell.worst > OutcomeClass::Late
}

fn better(cell: &Cell) -> usize {
    cell.better.unwrap_or(0)
}

fn worse(cell: &Cell) -> usize {
    cell.worse.unwrap_or(0)
}

/// `A01 (wedged becomes ok)`, `B11 (ok becomes lost; worse in 3 of 256 draws)`: the
/// worst of both, and in how many draws it is better, or worse, if not in all.
fn change([today, here]: &[&Cell; 2], how: &str, count: usize) -> String {
    let (from, to) = (today.worst.name(), here.worst.name());
    let what = match from == to {
        true => format!("still {to} at worst"),
        false => format!("{from} becomes {to}"),
    };
    let (id, runs) = (&here.scenario, here.runs);
    match count == runs && from != to {
        true => format!("{id} ({what})"),
        false => format!("{id} ({what}; {how} in {count} of {runs} draws)"),
    }
}

fn eased(row: &[&Cell; 2]) -> String {
    change(row, "better", better(row[1]))
}

/// `a, b and c`
fn listed(all: impl IntoIterator<Item = String>) -> String {
    let all: Vec<String> = all.into_iter().collect();
    match all.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests;
