//! What is a find, and what has to stay so.

use super::*;
use CauseKind::{RatchetForked as FORKED, ReissuedAfterRestore as RESTORED};
use OutcomeClass::{Late, Lost, Ok, Unsettled, Wedged};

fn came(causes: &[(CauseKind, OutcomeClass)], uncaused: OutcomeClass) -> Came {
    let causes: BTreeMap<_, _> = causes.iter().copied().collect();
    Came {
        outcome: causes.values().copied().max().unwrap_or(Ok).max(uncaused),
        causes,
        uncaused,
        violated: BTreeSet::new(),
        cut_off: false,
    }
}

fn hunt(objective: Objective, ignored: &[CauseKind]) -> Hunt {
    Hunt {
        claims: [RESTORED].into(),
        objective,
        ignored: ignored.iter().copied().collect(),
        ignored_oracles: BTreeSet::new(),
    }
}

/// Whether a run under the proposal is the find, where that is how it comes out
/// under `base`.
fn still(find: Find, under: &Came, base: &Came) -> bool {
    find.is_shown_by(under) && !find.is_matched_by(base)
}

fn find(breach: Breach, outcome: OutcomeClass, cause: Option<CauseKind>) -> Option<Find> {
    Some(Find {
        breach,
        outcome,
        cause,
    })
}

#[test]
fn a_claim_is_broken_by_its_cause_and_by_no_other() {
    let hunt = hunt(Objective::Claimed, &[]);
    let ok = came(&[], Ok);
    let both = came(&[(FORKED, Wedged), (RESTORED, Lost)], Ok);
    // What is said is what the claimed cause comes to, not what another does.
    let claim = find(Breach::Claim, Lost, Some(RESTORED));
    assert_eq!(hunt.find(&both, &ok), claim);
    assert_eq!(hunt.find(&came(&[(FORKED, Lost)], Ok), &ok), None);
    assert_eq!(hunt.find(&came(&[], Late), &ok), None);
    assert_eq!(hunt.find(&came(&[], Unsettled), &ok), None);
}

#[test]
fn a_regression_is_worse_than_today_and_worse_than_late() {
    let hunt = hunt(Objective::Regression, &[]);
    let lost = came(&[(FORKED, Lost)], Ok);
    assert_eq!(hunt.find(&lost, &lost), None);
    let late = came(&[], Late);
    assert_eq!(hunt.find(&late, &came(&[], Ok)), None);
    let wedged = came(&[(FORKED, Wedged), (RESTORED, Wedged)], Ok);
    // The cause that is new stands for it.
    let regression = find(Breach::Regression, Wedged, Some(RESTORED));
    assert_eq!(hunt.find(&wedged, &lost), regression);
    let regression = regression.unwrap();
    assert!(still(regression, &wedged, &lost));
    assert!(!still(regression, &wedged, &wedged), "no worse than today");
    let less = came(&[(FORKED, Wedged), (RESTORED, Lost)], Ok);
    assert!(
        !still(regression, &less, &late),
        "its cause comes to less: another find"
    );
}

#[test]
fn the_worst_of_several_runs_is_so_in_every_respect() {
    let lost = came(&[(FORKED, Lost), (RESTORED, Late)], Ok);
    let mut wedged = came(&[(RESTORED, Wedged)], Late);
    wedged.violated.insert("a");
    let mut worst = came(&[(FORKED, Lost), (RESTORED, Wedged)], Late);
    worst.violated.insert("a");
    assert_eq!(Came::worst([lost.clone(), wedged.clone()]), worst);
    assert_eq!(Came::worst([wedged, lost]), worst);
    assert_eq!(Came::worst([]), came(&[], Ok));
}

#[test]
fn what_is_ignored_makes_no_find() {
    let hunt = hunt(Objective::Any, &[FORKED]);
    let ok = came(&[], Ok);
    assert_eq!(hunt.find(&came(&[(FORKED, Wedged)], Ok), &ok), None);
    let both = came(&[(FORKED, Wedged), (RESTORED, Lost)], Ok);
    let failure = find(Breach::Failure, Lost, Some(RESTORED));
    assert_eq!(hunt.find(&both, &ok), failure);
    // A run that does not come to rest has no cause to ignore.
    let unsettled = came(&[(FORKED, Lost)], Unsettled);
    let failure = find(Breach::Failure, Unsettled, None);
    assert_eq!(hunt.find(&unsettled, &ok), failure);
}

#[test]
fn an_ignored_cause_makes_no_run_worse_than_today() {
    let lost = came(&[(RESTORED, Lost)], Ok);
    let worse = came(&[(RESTORED, Lost), (FORKED, Wedged)], Ok);
    let of = |ignored: &[CauseKind]| hunt(Objective::Regression, ignored).find(&worse, &lost);
    assert_eq!(of(&[]), find(Breach::Regression, Wedged, Some(FORKED)));
    assert_eq!(of(&[FORKED]), None);
}

#[test]
fn what_has_no_cause_stays_without_one() {
    let hunt = hunt(Objective::Any, &[]);
    let unsettled = came(&[], Unsettled);
    let found = hunt.find(&unsettled, &came(&[], Ok)).unwrap();
    assert_eq!((found.outcome, found.cause), (Unsettled, None));
    assert!(still(found, &unsettled, &came(&[], Ok)));
    let healed = Find {
        outcome: Wedged,
        ..found
    };
    assert!(still(healed, &came(&[], Wedged), &came(&[], Ok)));
    // As bad, but for a cause: that is another find.
    let forked = came(&[(FORKED, Wedged)], Ok);
    assert!(!still(healed, &forked, &came(&[], Ok)));
}

#[test]
fn what_is_unsafe_and_not_today_is_a_regression() {
    let unsafe_by = |oracles: &[&'static str], outcome| Came {
        violated: oracles.iter().copied().collect(),
        ..came(&[], outcome)
    };
    let mut hunt = hunt(Objective::Regression, &[]);
    let (today, under) = (unsafe_by(&["a"], Ok), unsafe_by(&["a", "b"], Ok));
    let safety = find(Breach::Safety("b"), Ok, None);
    assert_eq!(hunt.find(&under, &today), safety);
    assert_eq!(hunt.find(&today, &under), None);
    // A smaller scenario may come out otherwise, as long as it is as unsafe.
    let is_still = |under: &Came, today: &Came| {
        let find = safety.expect("it is one");
        still(find, under, today)
    };
    assert!(is_still(&unsafe_by(&["b"], Late), &today));
    assert!(!is_still(&today, &today));
    assert!(!is_still(&under, &under));
    // What is worse for the reader comes first, and what is known is left out.
    let lost = Came {
        violated: under.violated.clone(),
        ..came(&[(FORKED, Lost)], Ok)
    };
    let regression = find(Breach::Regression, Lost, Some(FORKED));
    assert_eq!(hunt.find(&lost, &today), regression);
    hunt.ignored_oracles.insert("b");
    assert_eq!(hunt.find(&under, &today), None);
    hunt.objective = Objective::Claimed;
    assert_eq!(hunt.find(&under, &today), None);
}
