//! Every verdict, and the counts between which it changes.

use std::collections::BTreeSet;

use super::*;
use crate::campaign::{EVERYBODY, Struck};
use crate::oracle::CauseKind;
use crate::protocol::Switches;

fn entrant(claims: &[CauseKind]) -> Entrant {
    Entrant {
        name: "it".to_owned(),
        title: String::new(),
        word: "it".to_owned(),
        adoption: EVERYBODY,
        claims: claims.iter().copied().collect::<BTreeSet<_>>(),
        switches: Switches::default(),
    }
}

/// What is said of a proposal with so many runs that failed as claimed, and
/// the seeds of one that still does and of one that is worse.
fn ruled(claimed: u64, still: Option<u64>, worse: Option<u64>) -> Ruling {
    ruled_with(claimed, still, None, worse)
}

/// The same, and the seed of one that fails as claimed though it did not under
/// `base`.
fn ruled_with(claimed: u64, still: Option<u64>, newly: Option<u64>, worse: Option<u64>) -> Ruling {
    let struck = |first: Option<u64>| Struck {
        runs: first.iter().count() as u64,
        times: first.iter().count() as u64,
        first,
    };
    let column = Column {
        claimed,
        still_claimed: struck(still),
        newly_claimed: struck(newly),
        worse: struck(worse),
        ..Column::default()
    };
    let mut base = Column::default();
    let met = Struck {
        runs: claimed,
        times: claimed,
        first: Some(0),
    };
    base.causes.insert(CauseKind::ClaimEmpty, met);
    let entrant = entrant(&[CauseKind::ClaimEmpty, CauseKind::RatchetForked]);
    rule(&entrant, false, &column, &base, 1000)
}

#[test]
fn what_strikes_only_under_the_proposal_violates_its_claim_too() {
    let ruling = ruled_with(300, None, Some(9), None);
    assert_eq!(ruling.verdict, Verdict::Violated);
    assert!(ruling.why[0].contains("did not fail for it under base (seed 9)"));
    // Where base never meets it at all, likewise.
    assert_eq!(
        ruled_with(0, None, Some(9), None).verdict,
        Verdict::Violated
    );
}

#[test]
fn what_is_unsafe_only_under_the_proposal_violates() {
    let column = Column {
        claimed: 300,
        less_safe: Struck {
            runs: 1,
            times: 1,
            first: Some(9),
        },
        ..Column::default()
    };
    let entrant = entrant(&[CauseKind::ClaimEmpty]);
    let ruling = rule(&entrant, false, &column, &Column::default(), 1000);
    assert_eq!(ruling.verdict, Verdict::Violated);
    assert!(
        ruling.why[0].contains("not under base (seed 9)"),
        "{:?}",
        ruling.why
    );
}

#[test]
fn what_each_claim_was_put_to_is_said() {
    for claimed in [299, 300] {
        let met = &ruled(claimed, None, None).why[1];
        assert!(met.contains(&format!("claim-empty in {claimed}")), "{met}");
        let never = "ratchet-forked never, so nothing is shown of it";
        assert!(met.contains(never), "{met}");
    }
}

#[test]
fn how_many_runs_it_would_take_is_estimated() {
    let why = &ruled(3, None, None).why[0];
    assert!(why.contains("about 100000 runs in all would do"), "{why}");
    assert_eq!(
        Needed::of(100, 10_000),
        Needed {
            about: Some(30_000),
            least: 26_000,
            most: Some(36_000),
        }
    );
    // Of what was never met only the least is known: 3 in so many are possible.
    let never = Needed::of(0, 3000);
    assert_eq!((never.about, never.most), (None, None));
    assert_eq!(never.least, 310_000);
    assert!(ruled(0, None, None).why[0].contains("at least 110000 runs"));
}

#[test]
fn a_proposal_holds_on_300_runs_and_not_on_299() {
    let holds = ruled(300, None, None);
    assert_eq!(holds.verdict, Verdict::Holds);
    assert!(holds.why[0].contains("at most 0.99 %"), "{:?}", holds.why);
    let unknown = ruled(299, None, None);
    assert_eq!(unknown.verdict, Verdict::Unknown);
    assert!(
        unknown.why[0].contains("299 of the 300"),
        "{:?}",
        unknown.why
    );
    assert_eq!(ruled(0, None, None).verdict, Verdict::Unknown);
}

#[test]
fn one_run_is_enough_to_violate_and_both_ways_are_told() {
    for claimed in [1, 300] {
        let still = ruled(claimed, Some(17), None);
        assert_eq!(still.verdict, Verdict::Violated);
        assert_eq!(still.why.len(), 1);
        assert!(still.why[0].contains("seed 17"), "{:?}", still.why);
    }
    let worse = ruled(300, None, Some(4));
    assert_eq!(worse.verdict, Verdict::Violated);
    assert!(worse.why[0].contains("worse than under base (seed 4)"));
    assert_eq!(ruled(300, Some(17), Some(4)).why.len(), 2);
}

#[test]
fn of_runs_that_were_given_up_it_is_said_whatever_the_verdict() {
    let given_up = |claims: &[CauseKind], claimed, worse| {
        let struck = |runs| Struck {
            runs,
            times: runs,
            first: (runs > 0).then_some(8),
        };
        let column = Column {
            claimed,
            worse: struck(worse),
            cut_off: struck(5),
            claimed_cut_off: 2,
            ..Column::default()
        };
        rule(&entrant(claims), false, &column, &Column::default(), 1000)
    };
    let claim = [CauseKind::ClaimEmpty];
    for (ruling, verdict) in [
        (given_up(&claim, 300, 0), Verdict::Holds),
        (given_up(&claim, 299, 0), Verdict::Unknown),
        (given_up(&[], 0, 0), Verdict::Unknown),
        (given_up(&claim, 300, 1), Verdict::Violated),
    ] {
        assert_eq!(ruling.verdict, verdict);
        let last = ruling.why.last().unwrap();
        assert!(last.contains("5 of 1000 runs were given up"), "{last}");
        assert!(last.contains("(seed 8); 2 of them failed"), "{last}");
    }
}

#[test]
fn what_claims_nothing_is_unknown_unless_it_is_worse() {
    let mut column = Column::default();
    let base = Column::default();
    let rule = |column: &Column| rule(&entrant(&[]), false, column, &base, 1000).verdict;
    assert_eq!(rule(&column), Verdict::Unknown);
    column.worse.runs = 1;
    assert_eq!(rule(&column), Verdict::Violated);
}

#[test]
fn base_is_what_the_others_are_compared_with() {
    let ruling = rule(
        &entrant(&[]),
        true,
        &Column::default(),
        &Column::default(),
        1000,
    );
    assert_eq!(ruling.verdict, Verdict::Unknown);
}
