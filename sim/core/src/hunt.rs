//! What a hunt looks for: runs that break what a proposal says of itself, or
//! that come out worse than they do today. Makes no runs: it is shown how they
//! came out.

use std::collections::{BTreeMap, BTreeSet};

use crate::oracle::{CauseKind, Judgement, OutcomeClass};
use crate::protocol::Proposal;

/// What a hunt looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Objective {
    /// A reading that failed for a cause that the proposal claims to end.
    Claimed,
    /// A run that comes out worse than `late`, and worse than it does under
    /// `base` with any draws; or one that is unsafe in a way in which it is not
    /// under `base`, with any draws either.
    Regression,
    /// Either of the two.
    Either,
    /// Any run that comes out worse than `late`.
    Any,
}

/// How one run came out, as far as a hunt goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Came {
    /// Its outcome.
    pub outcome: OutcomeClass,
    /// Why readings failed, and the outcome that each cause alone would make
    /// of the run.
    pub causes: BTreeMap<CauseKind, OutcomeClass>,
    /// The outcome that what has no cause would make of it: a world that never
    /// came to rest.
    pub uncaused: OutcomeClass,
    /// The safety oracles that found something.
    pub violated: BTreeSet<&'static str>,
    /// Whether it was given up because its trace got too long: then nobody
    /// knows what else it would have come to.
    pub cut_off: bool,
}

impl From<&Judgement> for Came {
    fn from(judgement: &Judgement) -> Self {
        let mut causes = BTreeMap::new();
        let mut uncaused = if judgement.outcome == OutcomeClass::Unsettled {
            OutcomeClass::Unsettled
        } else {
            OutcomeClass::Ok
        };
        for unread in &judgement.unread {
            let worst = match unread.cause {
                Some(cause) => causes.entry(cause.kind).or_insert(OutcomeClass::Ok),
                None => &mut uncaused,
            };
            *worst = unread.outcome.max(*worst);
        }
        Self {
            outcome: judgement.outcome,
            causes,
            uncaused,
            violated: judgement.violated(),
            cut_off: judgement.cut_off,
        }
    }
}

impl Came {
    /// The worst of several runs, in every respect.
    #[must_use]
    pub fn worst(runs: impl IntoIterator<Item = Self>) -> Self {
        let nothing = Self {
            outcome: OutcomeClass::Ok,
            causes: BTreeMap::new(),
            uncaused: OutcomeClass::Ok,
            violated: BTreeSet::new(),
            cut_off: false,
        };
        runs.into_iter().fold(nothing, |mut worst, run| {
            worst.outcome = worst.outcome.max(run.outcome);
            worst.uncaused = worst.uncaused.max(run.uncaused);
            for (kind, outcome) in run.causes {
                let most = worst.causes.entry(kind).or_insert(outcome);
                *most = outcome.max(*most);
            }
            worst.violated.extend(run.violated);
            worst.cut_off |= run.cut_off;
            worst
        })
    }

    /// The outcome that a cause alone would make of the run, or what has none.
    fn by(&self, cause: Option<CauseKind>) -> OutcomeClass {
        match cause {
            Some(kind) => self.causes.get(&kind).copied().unwrap_or(OutcomeClass::Ok),
            None => self.uncaused,
        }
    }

    /// Whether it failed for this cause.
    #[must_use]
    pub fn failed_for(&self, cause: CauseKind) -> bool {
        self.causes.contains_key(&cause)
    }
}

/// In what way a run is a find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breach {
    /// A claim of the proposal does not hold.
    Claim,
    /// It comes out worse than under `base`.
    Regression,
    /// This safety oracle finds something, and nothing under `base`.
    Safety(&'static str),
    /// It comes out worse than `late`.
    Failure,
}

/// What makes a run a find, and must stay so while it is made smaller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Find {
    /// In what way.
    pub breach: Breach,
    /// What its cause alone makes of the run under the proposal; where it is
    /// unsafe, nothing is made of that.
    pub outcome: OutcomeClass,
    /// The cause that stands for it; none where what is wrong has none.
    pub cause: Option<CauseKind>,
}

/// A hunt against one proposal.
#[derive(Clone, Debug)]
pub struct Hunt {
    /// What it says that it ends.
    pub claims: BTreeSet<CauseKind>,
    /// What is looked for.
    pub objective: Objective,
    /// Causes that are known already and count for nothing.
    pub ignored: BTreeSet<CauseKind>,
    /// Safety oracles whose finds are known already and count for nothing.
    pub ignored_oracles: BTreeSet<&'static str>,
}

impl Find {
    /// Whether it is one for what happens under `base`, and not by itself.
    #[must_use]
    pub fn compares(&self) -> bool {
        match self.breach {
            Breach::Claim | Breach::Failure => false,
            Breach::Regression | Breach::Safety(_) => true,
        }
    }

    /// Whether a run under the proposal still shows what made it one.
    #[must_use]
    pub fn is_shown_by(&self, under: &Came) -> bool {
        match self.breach {
            Breach::Claim | Breach::Failure | Breach::Regression => {
                under.by(self.cause) == self.outcome
            }
            Breach::Safety(oracle) => under.violated.contains(oracle),
        }
    }

    /// Whether a run under `base` is as bad, so that it is none; or may be, if it
    /// was given up.
    #[must_use]
    pub fn is_matched_by(&self, base: &Came) -> bool {
        match self.breach {
            Breach::Claim | Breach::Failure => false,
            Breach::Regression => base.outcome >= self.outcome,
            Breach::Safety(oracle) => base.violated.contains(oracle) || base.cut_off,
        }
    }
}

impl Hunt {
    /// A hunt against a proposal.
    #[must_use]
    pub fn new(
        proposal: &Proposal,
        objective: Objective,
        ignored: BTreeSet<CauseKind>,
        ignored_oracles: BTreeSet<&'static str>,
    ) -> Self {
        Self {
            claims: proposal.claims.clone(),
            objective,
            ignored,
            ignored_oracles,
        }
    }

    /// What makes a find of a run that came out like this under the proposal
    /// and, with the same draws, like that under `base`; if anything does. What
    /// ignored causes make of the run counts for nothing: what is left has to be
    /// bad enough by itself.
    #[must_use]
    pub fn find(&self, under: &Came, base: &Came) -> Option<Find> {
        let claimed = || {
            let struck = self.struck(under);
            let claimed = struck.filter(|it| it.1.is_some_and(|kind| self.claims.contains(&kind)));
            worst(claimed, Breach::Claim)
        };
        let regression = || {
            let worse = || self.struck(under).filter(|it| it.0 > base.outcome);
            // What has not struck under `base` is more likely to tell why.
            let is_new = |cause: Option<CauseKind>| cause.is_some_and(|it| !base.failed_for(it));
            worst(worse().filter(|it| is_new(it.1)), Breach::Regression)
                .or_else(|| worst(worse(), Breach::Regression))
                .or_else(|| self.less_safe(under, base))
        };
        match self.objective {
            Objective::Claimed => claimed(),
            Objective::Regression => regression(),
            Objective::Either => claimed().or_else(regression),
            Objective::Any => worst(self.struck(under), Breach::Failure),
        }
    }

    /// The first safety oracle that finds something, and nothing under `base`.
    fn less_safe(&self, under: &Came, base: &Came) -> Option<Find> {
        if base.cut_off {
            return None;
        }
        let mut new = under.violated.difference(&base.violated);
        let oracle = new.find(|it| !self.ignored_oracles.contains(*it))?;
        Some(Find {
            breach: Breach::Safety(oracle),
            outcome: under.outcome,
            cause: None,
        })
    }

    /// What was worse than `late` for a cause that is not ignored, or for none.
    fn struck<'a>(
        &'a self,
        under: &'a Came,
    ) -> impl Iterator<Item = (OutcomeClass, Option<CauseKind>)> + 'a {
        let counts = |kind: &&CauseKind| !self.ignored.contains(*kind);
        let causes = under.causes.keys().filter(counts).copied().map(Some);
        let all = causes.chain([None]);
        let all = all.map(|cause| (under.by(cause), cause));
        all.filter(|(outcome, _)| *outcome > OutcomeClass::Late)
    }
}

/// The first of the worst.
fn worst(
    struck: impl Iterator<Item = (OutcomeClass, Option<CauseKind>)>,
    breach: Breach,
) -> Option<Find> {
    let worst = struck.reduce(|best, next| if next.0 > best.0 { next } else { best });
    worst.map(|(outcome, cause)| Find {
        breach,
        outcome,
        cause,
    })
}

#[cfg(test)]
mod tests;
