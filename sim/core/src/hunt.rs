//! What a hunt looks for: runs that break what a proposal says of itself, or
//! that come out worse than they do today. Makes no runs: it is shown how they
//! came out.

use std::collections::BTreeSet;

use crate::oracle::{CauseKind, Judgement, OutcomeClass};
use crate::protocol::Proposal;

/// What a hunt looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Objective {
    /// A reading that failed for a cause that the proposal claims to end.
    Claimed,
    /// A run that comes out worse than `late`, and worse than under `base`.
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
    /// Why readings failed.
    pub causes: BTreeSet<CauseKind>,
}

impl From<&Judgement> for Came {
    fn from(judgement: &Judgement) -> Self {
        let causes = judgement.causes().into_keys().map(|cause| cause.kind);
        Self {
            outcome: judgement.outcome,
            causes: causes.collect(),
        }
    }
}

/// In what way a run is a find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breach {
    /// A claim of the proposal does not hold.
    Claim,
    /// It comes out worse than under `base`.
    Regression,
    /// It comes out worse than `late`.
    Failure,
}

/// What makes a run a find, and must stay so while it is made smaller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Find {
    /// In what way.
    pub breach: Breach,
    /// How it came out under the proposal.
    pub outcome: OutcomeClass,
    /// The cause that stands for it; none where nothing was unread.
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
}

impl Hunt {
    /// A hunt against a proposal.
    #[must_use]
    pub fn new(proposal: &Proposal, objective: Objective, ignored: BTreeSet<CauseKind>) -> Self {
        Self {
            claims: proposal.claims.clone(),
            objective,
            ignored,
        }
    }

    /// What makes a find of a run that came out like this under the proposal
    /// and, with the same draws, like that under `base`; if anything does. How
    /// it came out under `base` is asked only where it matters.
    pub fn find(&self, under: &Came, base: impl FnOnce() -> Came) -> Option<Find> {
        if under.outcome <= OutcomeClass::Late {
            return None;
        }
        let find = |breach, cause| Find {
            breach,
            outcome: under.outcome,
            cause,
        };
        let struck = under.causes.difference(&self.ignored).copied();
        let struck: BTreeSet<CauseKind> = struck.collect();
        // Of a run that failed for ignored causes alone nothing is made.
        if struck.is_empty() && !under.causes.is_empty() {
            return None;
        }
        let claimed = || {
            let cause = struck.intersection(&self.claims).next();
            cause.map(|cause| find(Breach::Claim, Some(*cause)))
        };
        let regression = || {
            let base = base();
            // What has not struck under `base` is more likely to tell why.
            let new = struck.difference(&base.causes).next();
            let cause = new.or_else(|| struck.first()).copied();
            (under.outcome > base.outcome).then(|| find(Breach::Regression, cause))
        };
        match self.objective {
            Objective::Claimed => claimed(),
            Objective::Regression => regression(),
            Objective::Either => claimed().or_else(regression),
            Objective::Any => Some(find(Breach::Failure, struck.first().copied())),
        }
    }

    /// Whether a run still shows what made it a find.
    pub fn still(&self, find: Find, under: &Came, base: impl FnOnce() -> Came) -> bool {
        under.outcome == find.outcome
            && find.cause.is_none_or(|cause| under.causes.contains(&cause))
            && match find.breach {
                Breach::Claim | Breach::Failure => true,
                Breach::Regression => base().outcome < under.outcome,
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn came(outcome: OutcomeClass, causes: &[CauseKind]) -> Came {
        Came {
            outcome,
            causes: causes.iter().copied().collect(),
        }
    }

    fn hunt(objective: Objective, ignored: &[CauseKind]) -> Hunt {
        Hunt {
            claims: [CauseKind::ReissuedAfterRestore].into(),
            objective,
            ignored: ignored.iter().copied().collect(),
        }
    }

    const RESTORED: CauseKind = CauseKind::ReissuedAfterRestore;
    const FORKED: CauseKind = CauseKind::RatchetForked;

    #[test]
    fn a_claim_is_broken_by_its_cause_and_by_no_other() {
        let hunt = hunt(Objective::Claimed, &[]);
        let ok = || came(OutcomeClass::Ok, &[]);
        let find = hunt.find(&came(OutcomeClass::Lost, &[FORKED, RESTORED]), ok);
        let find = find.unwrap();
        assert_eq!((find.breach, find.cause), (Breach::Claim, Some(RESTORED)));
        assert_eq!(hunt.find(&came(OutcomeClass::Lost, &[FORKED]), ok), None);
        assert_eq!(hunt.find(&came(OutcomeClass::Late, &[]), ok), None);
    }

    #[test]
    fn a_regression_is_worse_than_today_and_worse_than_late() {
        let hunt = hunt(Objective::Regression, &[]);
        let lost = came(OutcomeClass::Lost, &[FORKED]);
        assert_eq!(hunt.find(&lost, || lost.clone()), None);
        let late = came(OutcomeClass::Late, &[]);
        assert_eq!(hunt.find(&late, || came(OutcomeClass::Ok, &[])), None);
        let wedged = came(OutcomeClass::Wedged, &[FORKED, RESTORED]);
        let find = hunt.find(&wedged, || lost.clone()).unwrap();
        // The cause that is new stands for it.
        assert_eq!(find.cause, Some(RESTORED));
        assert!(hunt.still(find, &wedged, || lost.clone()));
        assert!(
            !hunt.still(find, &wedged, || wedged.clone()),
            "no worse than today"
        );
        assert!(
            !hunt.still(find, &lost, || late.clone()),
            "another outcome, another find"
        );
    }

    #[test]
    fn what_is_ignored_makes_no_find() {
        let hunt = hunt(Objective::Any, &[FORKED]);
        let ok = || came(OutcomeClass::Ok, &[]);
        assert_eq!(hunt.find(&came(OutcomeClass::Stuck, &[FORKED]), ok), None);
        let find = hunt.find(&came(OutcomeClass::Stuck, &[FORKED, RESTORED]), ok);
        assert_eq!(find.unwrap().cause, Some(RESTORED));
        // A run that does not come to rest has no cause to ignore.
        assert!(hunt.find(&came(OutcomeClass::Unsettled, &[]), ok).is_some());
    }
}
