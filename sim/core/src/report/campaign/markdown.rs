//! A campaign as a document.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::{AgainstBase, Bound, Campaign, Finding, Witnessed};
use crate::campaign::{EVERYBODY, Reached};
use crate::oracle::{CauseKind, OutcomeClass};
use crate::report::story::{capitalised, write_table};
use crate::report::violations::unsafe_table;
use crate::report::{cost_table, costs};
use crate::step::STEPS;

impl Campaign {
    /// What every figure holds for, in a few lines.
    #[must_use]
    pub fn scope(&self) -> Vec<String> {
        let mut lines = vec![format!(
            "{} random runs from seed {}{}, each under every proposal, with {} switched off.",
            self.runs,
            self.seed,
            self.shard
                .as_ref()
                .map_or_else(String::new, |shard| format!(" (shard {shard})")),
            self.switched_off.join(" and ")
        )];
        let missing = self.missing.iter().map(|it| format!("Missing: {it}."));
        lines.extend(missing);
        lines.push(
            "Made on the fast engine; each command repeats a run on the real one.".to_owned(),
        );
        lines.push(
            "Every figure holds for this distribution of scenarios, and for no other:".into(),
        );
        lines.extend(self.distribution.iter().map(|it| format!("- {it}")));
        lines
    }

    /// The verdicts as a table: a row for each proposal, after a row of heads.
    #[must_use]
    pub fn summary(&self) -> Vec<Vec<String>> {
        let heads = [
            "proposal",
            "verdict",
            "worse than late",
            "a claimed cause still strikes",
            "better / worse than base",
            "p (Holm)",
        ];
        let mut rows = vec![heads.map(str::to_owned).to_vec()];
        for (place, it) in self.proposals.iter().enumerate() {
            let base = &it.against_base;
            let compared = [
                format!("{} / {}", base.better, base.worse),
                probability(base.p_holm),
            ];
            let compared = if place == 0 {
                Default::default()
            } else {
                compared
            };
            let row = [
                it.say(),
                it.verdict.name().to_owned(),
                it.bounds.worse_than_late.say(),
                it.bounds.claimed.map_or_else(String::new, Bound::say),
            ];
            rows.push(row.into_iter().chain(compared).collect());
        }
        rows
    }

    /// What each proposal costs, as a table.
    #[must_use]
    pub fn cost_table(&self) -> Vec<Vec<String>> {
        let all = self.proposals.iter();
        cost_table(all.map(|it| (it.say(), &it.costs)))
    }

    /// The document, in Markdown.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut text = String::from("# What random runs say\n\n");
        let (scope, distribution) = self
            .scope()
            .into_iter()
            .partition::<Vec<_>, _>(|line| !line.starts_with("- "));
        let _ = writeln!(text, "{}\n", scope[0]);
        write_table(&mut text, &self.summary());
        self.by_adoption(&mut text);
        for finding in &self.proposals {
            finding.markdown(&mut text);
        }
        let _ = writeln!(text, "\n## What each proposal costs\n\n{}\n", costs::ABOUT);
        write_table(&mut text, &self.cost_table());
        self.gaps(&mut text);
        text.push_str("\n## What every figure holds for\n\n");
        let _ = writeln!(text, "{}\n", scope[1..].join("\n\n"));
        let _ = writeln!(text, "{}\n", distribution.join("\n"));
        let _ = writeln!(
            text,
            "{} runs were made, the others being known to be as under another proposal; {} were made twice and \
             came out the same. Bounds are one-sided, with 95 % confidence (Clopper and Pearson); \
             p is McNemar's, exact and two-sided, corrected by Holm.",
            self.runs_made, self.repeated
        );
        text.push_str("\n## Counts\n");
        for (title, counts) in [
            ("Outcomes", self.outcomes()),
            ("Runs that were unsafe", self.unsafe_runs()),
            ("When each cause was first met under base", self.first_met()),
            ("Steps that fired", self.steps()),
            ("What the lives of keys came to", self.states()),
        ] {
            folded(&mut text, title, &counts);
        }
        text
    }

    /// What becomes of each proposal while more and more follow it; nothing if
    /// everybody always does.
    fn by_adoption(&self, text: &mut String) {
        let others = || self.proposals.iter().skip(1);
        let levels: BTreeSet<u8> = others().map(|it| it.adoption).collect();
        if levels.len() < 2 {
            return;
        }
        text.push_str(
            "\n## While not everybody has adopted it\n\nWho follows a proposal is drawn for each \
             server and each device; the others follow base. Runs in which a claimed cause still \
             strikes, of those in which it does under base; and runs that come out better and worse \
             than under base.\n\n",
        );
        let heads = levels.iter().map(|it| format!("{it} %"));
        let mut rows: Vec<Vec<String>> =
            vec![["proposal".to_owned()].into_iter().chain(heads).collect()];
        for finding in others() {
            let place = levels.iter().position(|it| *it == finding.adoption);
            let place = place.expect("every level is a column") + 1;
            let row = match rows.iter_mut().find(|row| row[0] == finding.proposal) {
                Some(row) => row,
                None => {
                    let mut row = vec![String::new(); levels.len() + 1];
                    row[0].clone_from(&finding.proposal);
                    rows.push(row);
                    rows.last_mut().expect("it was put there")
                }
            };
            row[place] = finding.so_far();
        }
        write_table(text, &rows);
    }

    fn heads(&self, first: &str) -> Vec<String> {
        let names = self.proposals.iter().map(Finding::say);
        [first.to_owned()].into_iter().chain(names).collect()
    }

    /// A row for each of something, with a count for each proposal.
    fn counts(&self, name: &str, count: impl Fn(&Finding) -> String) -> Vec<String> {
        let counts = self.proposals.iter().map(count);
        [name.to_owned()].into_iter().chain(counts).collect()
    }

    fn outcomes(&self) -> String {
        let mut text = String::new();
        let mut rows = vec![self.heads("outcome")];
        for class in OutcomeClass::ALL {
            rows.push(self.counts(class.name(), |it| it.outcomes[class].to_string()));
        }
        write_table(&mut text, &rows);
        text
    }

    fn unsafe_runs(&self) -> String {
        let about = "Runs in which each safety oracle found something.\n\n";
        let mut text = about.to_owned();
        let all = self.proposals.iter().map(|finding| {
            let runs = finding.violated.iter();
            let runs = runs.map(|(oracle, it)| (oracle.as_str(), it.runs));
            (finding.say(), runs.collect())
        });
        write_table(&mut text, &unsafe_table(all));
        text
    }

    fn first_met(&self) -> String {
        let mut text = String::from("After so many runs; and how many runs it struck.\n\n");
        let mut rows = vec![["cause", "first met", "runs"].map(str::to_owned).to_vec()];
        for (kind, first) in &self.first_met {
            let base = self.proposals.first();
            let struck = base.and_then(|it| it.causes.iter().find(|cause| cause.kind == *kind));
            rows.push(vec![
                kind.name().to_owned(),
                first.map_or("never".to_owned(), |it| it.to_string()),
                struck.map_or(0, |it| it.runs).to_string(),
            ]);
        }
        write_table(&mut text, &rows);
        text
    }

    fn steps(&self) -> String {
        let about = "Runs in which one had an effect, of those in whose timeline it was.\n\n";
        let mut text = about.to_owned();
        let mut rows = vec![self.heads("step")];
        for step in STEPS {
            rows.push(self.counts(step.name, |it| {
                let count = it.steps[step.name];
                format!("{} of {}", count.fired, count.there)
            }));
        }
        write_table(&mut text, &rows);
        text
    }

    fn states(&self) -> String {
        let about = "Runs that reached each state; `unwedge list states` says what each is.\n\n";
        let mut text = about.to_owned();
        let mut rows = vec![self.heads("state")];
        for state in Reached::ALL {
            rows.push(self.counts(state.name, |it| it.reached[&state.state].to_string()));
        }
        write_table(&mut text, &rows);
        text
    }

    fn gaps(&self, text: &mut String) {
        text.push_str("\n## What no run came to\n\n");
        let states: Vec<&str> = self.gaps.states.iter().map(|it| it.name()).collect();
        let never = self.first_met.iter().filter(|(_, first)| first.is_none());
        let causes: Vec<&str> = never.map(|(kind, _)| kind.name()).collect();
        for (what, names) in [
            ("Steps in no timeline", self.gaps.steps_absent.as_slice()),
            (
                "Steps that never had an effect",
                &self.gaps.steps_without_effect,
            ),
            (
                "States that no key reached (`unwedge list states`)",
                &states,
            ),
            ("Causes that were never met under base", &causes),
        ] {
            let names = if names.is_empty() {
                "none".to_owned()
            } else {
                names.join(", ")
            };
            let _ = writeln!(text, "- {what}: {names}.");
        }
    }
}

impl Finding {
    /// Its name, and how many follow it if not all do.
    #[must_use]
    pub fn say(&self) -> String {
        let name = &self.proposal;
        match self.adoption {
            EVERYBODY => name.clone(),
            percent => format!("{name} at {percent} %"),
        }
    }

    /// `violated: 3 of 40 (at most 18.283 %); 90 better, 2 worse`
    fn so_far(&self) -> String {
        let claimed = self.bounds.claimed.map(Bound::say);
        let claimed = claimed.map_or_else(String::new, |it| format!("{it}; "));
        let AgainstBase { better, worse, .. } = self.against_base;
        let verdict = self.verdict.name();
        format!("{verdict}: {claimed}{better} better, {worse} worse")
    }

    fn markdown(&self, text: &mut String) {
        let _ = writeln!(text, "\n## {}: {}\n", self.say(), self.verdict.name());
        let _ = writeln!(text, "{}.\n", self.title);
        for why in &self.why {
            let _ = writeln!(text, "- {}.", capitalised(why));
        }
        let claims: Vec<&str> = self.claims.iter().map(|kind| kind.name()).collect();
        if !claims.is_empty() {
            let _ = writeln!(text, "- Claims to end {}.", claims.join(", "));
        }
        let witness = |what: &str, text: &mut String, command: &str| {
            let _ = writeln!(text, "- {what}: `{command}`");
        };
        if let Some(it) = &self.broken_claim {
            witness("A claim is broken first in", text, &it.command);
        }
        if let Some(Witnessed { runs, witness: it }) = &self.cut_off {
            let what = format!("{runs} runs were given up, the first in");
            witness(&what, text, &it.command);
        }
        if let Some(it) = &self.regression {
            witness("Worse than base first in", text, &it.command);
        }
        if let Some(Witnessed { runs, witness: it }) = &self.less_safe {
            let what =
                format!("{runs} runs are unsafe where they are not under base, the first in");
            witness(&what, text, &it.command);
        }
        if let Some(Witnessed { runs, witness: it }) = &self.new_claimed_cause {
            let what = format!(
                "{runs} runs fail with a claimed cause that did not under base, the first in"
            );
            witness(&what, text, &it.command);
        }
        if let Some(Witnessed { runs, witness: it }) = &self.unexplained {
            let what = format!("A fault of unwedge: no known cause in {runs} runs, the first in");
            witness(&what, text, &it.command);
        }
        for (oracle, Witnessed { runs, witness: it }) in &self.violated {
            let what = format!("Unsafe, {oracle}: {runs} runs, the first in");
            witness(&what, text, &it.command);
        }
        self.list_causes(text);
    }

    fn list_causes(&self, text: &mut String) {
        if self.causes.is_empty() {
            return;
        }
        let mut causes = String::new();
        let heads = ["cause", "runs", "readings", "first seed"];
        let mut rows = vec![heads.map(str::to_owned).to_vec()];
        for cause in &self.causes {
            let claimed = if self.claims.contains(&cause.kind) {
                " (claimed)"
            } else {
                ""
            };
            rows.push(vec![
                format!("{}{claimed}", CauseKind::name(cause.kind)),
                cause.runs.to_string(),
                cause.readings.to_string(),
                cause
                    .first_seed
                    .map_or_else(String::new, |it| it.to_string()),
            ]);
        }
        write_table(&mut causes, &rows);
        folded(text, "Why runs failed", &causes);
    }
}

impl Bound {
    /// `3 of 1000 (at most 0.77 %)`
    #[must_use]
    pub fn say(self) -> String {
        let Self { count, of, upper } = self;
        if of == 0 {
            return "0 of 0".to_owned();
        }
        format!("{count} of {of} (at most {:.3} %)", 100.0 * upper)
    }
}

/// What is there for whoever looks for it.
fn folded(text: &mut String, title: &str, inside: &str) {
    let _ = writeln!(
        text,
        "\n<details>\n<summary>{title}</summary>\n\n{inside}\n</details>"
    );
}

fn probability(p: f64) -> String {
    if p < 0.001 {
        format!("{p:.0e}")
    } else {
        format!("{p:.3}")
    }
}
