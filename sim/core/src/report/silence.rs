//! What it is worth that a hunt found nothing.

use std::collections::{BTreeMap, BTreeSet};

use crate::campaign::{CONFIDENCE, ENOUGH, Needed, upper_bound};
use crate::hunt::{Came, Hunt, Objective};
use crate::oracle::CauseKind;

/// How the runs of a hunt that found nothing came out under `base`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Silence {
    /// How many there were.
    pub runs: u64,
    /// In how many each claimed cause struck.
    met: BTreeMap<CauseKind, u64>,
    /// In how many any of them did, and the run under the proposal was not given up.
    any: u64,
    /// How many of those were given up.
    cut_off: u64,
}

impl Silence {
    /// Of no run so far; of causes that are ignored nothing is counted.
    #[must_use]
    pub fn new(hunt: &Hunt) -> Self {
        let claims: BTreeSet<CauseKind> = &hunt.claims - &hunt.ignored;
        Self {
            met: claims.into_iter().map(|kind| (kind, 0)).collect(),
            ..Self::default()
        }
    }

    /// Counts a run, by how it came out under `base` and under the proposal.
    pub fn count(&mut self, base: &Came, under: &Came) {
        self.runs += 1;
        let mut any = false;
        for (kind, runs) in &mut self.met {
            let met = base.failed_for(*kind);
            *runs += u64::from(met);
            any |= met;
        }
        self.any += u64::from(any && !under.cut_off);
        self.cut_off += u64::from(any && under.cut_off);
    }

    /// What it is worth, in lines.
    #[must_use]
    pub fn lines(&self, objective: Objective) -> Vec<String> {
        let Self {
            runs,
            met,
            any,
            cut_off,
        } = self;
        let percent = |of: u64| 100.0 * upper_bound(0, of, CONFIDENCE);
        let mut lines = vec![];
        if matches!(objective, Objective::Regression | Objective::Either) {
            let most = percent(*runs);
            lines.push(format!(
                "at most {most:.2} % of runs like these come out worse than any draw of theirs under base, or unsafe \
                 where none is (95 % confidence)"
            ));
        }
        if objective == Objective::Any {
            let most = percent(*runs);
            lines.push(format!(
                "at most {most:.2} % of runs like these come out worse than late (95 % confidence)"
            ));
        }
        if met.is_empty() || !matches!(objective, Objective::Claimed | Objective::Either) {
            return lines;
        }
        lines.push("runs that failed under base for what it claims to end:".to_owned());
        for (kind, runs) in met {
            lines.push(format!("  {}: {runs}", kind.name()));
        }
        lines.push(match any {
            0 => "no run put its claims to the test: of them, this says nothing".to_owned(),
            _ => format!(
                "its claims were put to the test in {any} runs: at most {:.2} % of such runs break one \
                 (95 % confidence)",
                percent(*any)
            ),
        });
        if *cut_off > 0 {
            lines.push(format!(
                "{cut_off} more were given up because their traces got too long: of them nobody can tell"
            ));
        }
        if *any < ENOUGH {
            lines.push(format!(
                "a campaign says that it holds from {ENOUGH} on: {}",
                Needed::of(*any, *runs).say()
            ));
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oracle::OutcomeClass;

    fn hunt(ignored: &[CauseKind]) -> Hunt {
        Hunt {
            claims: [CauseKind::RatchetForked, CauseKind::ClaimEmpty].into(),
            objective: Objective::Either,
            ignored: ignored.iter().copied().collect(),
            ignored_oracles: BTreeSet::new(),
        }
    }

    /// What is said of runs of which so many met a forked ratchet.
    fn lines(hunt: &Hunt, met: u64, runs: u64) -> String {
        lines_of(hunt, met, 0, runs)
    }

    /// The same if so many of them were given up.
    fn lines_of(hunt: &Hunt, met: u64, given_up: u64, runs: u64) -> String {
        let mut silence = Silence::new(hunt);
        for run in 0..runs {
            let outcome = OutcomeClass::Lost;
            let cause = (CauseKind::RatchetForked, outcome);
            let base = Came {
                outcome,
                causes: (run < met).then_some(cause).into_iter().collect(),
                uncaused: OutcomeClass::Ok,
                violated: BTreeSet::new(),
                cut_off: false,
            };
            let cut_off = run < given_up;
            let under = Came {
                cut_off,
                ..base.clone()
            };
            silence.count(&base, &under);
        }
        silence.lines(hunt.objective).join("\n")
    }

    #[test]
    fn a_silence_is_worth_what_was_met() {
        let said = lines(&hunt(&[]), 100, 10_000);
        for part in [
            "at most 0.03 % of runs like these come out worse than any draw",
            "  ratchet-forked: 100\n",
            "  claim-empty: 0\n",
            "in 100 runs: at most 2.95 %",
            "about 30000 runs in all would do",
        ] {
            assert!(said.contains(part), "{part}: {said}");
        }
        let enough = lines(&hunt(&[]), 300, 1000);
        assert!(!enough.contains("would do"), "{enough}");
    }

    #[test]
    fn what_was_cut_off_puts_no_claim_to_the_test() {
        let said = lines_of(&hunt(&[]), 100, 40, 10_000);
        assert!(said.contains("put to the test in 60 runs"), "{said}");
        assert!(said.contains("40 more were given up"), "{said}");
    }

    #[test]
    fn what_was_never_met_is_worth_nothing() {
        let said = lines(&hunt(&[]), 0, 100);
        assert!(said.contains("no run put its claims to the test"), "{said}");
        assert!(said.contains("if it can be met at all"), "{said}");
    }

    #[test]
    fn what_is_ignored_is_not_counted() {
        let said = lines(&hunt(&[CauseKind::RatchetForked]), 5, 100);
        assert!(!said.contains("ratchet-forked"), "{said}");
        assert!(said.contains("no run put its claims to the test"), "{said}");
    }
}
