//! Whatever is added first, the sum is the same.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::campaign::{EVERYBODY, Reached};
use crate::costs::Costs;
use crate::protocol::Switches;
use crate::time::Span;

/// Numbers that look drawn.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn evidence(&mut self) -> Evidence {
        let outcome = OutcomeClass::ALL[self.roll(7) as usize];
        let kind = |place: u64| CauseKind::ALL[place as usize].kind;
        let causes = (0..self.roll(3)).map(|_| (kind(self.roll(20)), 1 + self.roll(5)));
        let causes = causes.collect();
        let reached = (0..self.roll(9)).map(|_| Reached::ALL[self.roll(30) as usize].state);
        let reached = reached.collect();
        let steps = ["send", "crash", "restore"].map(|it| (it, self.roll(2) == 0));
        Evidence {
            outcome,
            violated: (self.roll(5) == 0)
                .then_some("an-oracle")
                .into_iter()
                .collect(),
            causes,
            cut_off: self.roll(20) == 0,
            unexplained: self.roll(20) / 19,
            steps: steps.into_iter().take(self.roll(4) as usize).collect(),
            reached,
            costs: self.costs(),
        }
    }
}

impl Dice {
    fn costs(&mut self) -> Costs {
        Costs {
            sessions: self.roll(9),
            exposure: Span::secs(self.roll(9)),
            most_on_server: self.roll(9),
            healing: (self.roll(2) == 0).then(|| Span::secs(self.roll(9))),
            ..Costs::default()
        }
    }
}

fn entrants() -> Vec<Entrant> {
    let claims = [BTreeSet::new(), BTreeSet::from([CauseKind::ALL[3].kind])];
    let entrants = claims.into_iter().map(|claims| Entrant {
        name: "it".to_owned(),
        title: String::new(),
        word: "it".to_owned(),
        adoption: EVERYBODY,
        claims,
        switches: Switches::default(),
    });
    entrants.collect()
}

/// A run under `base` and under another proposal, where it may be the same.
fn shown(base: Evidence, other: Option<Evidence>) -> [Shown; 2] {
    let base = Rc::new(base);
    let is_made = other.is_some();
    let evidence = other.map_or_else(|| base.clone(), Rc::new);
    let first = Shown {
        evidence: base,
        is_made: true,
    };
    [first, Shown { evidence, is_made }]
}

/// The tallies of chunks of runs that two proposals met.
fn chunks(dice: &mut Dice) -> (Tally, Vec<Tally>) {
    let entrants = entrants();
    let mut whole = Tally::new(2);
    let mut chunks = vec![];
    let mut seed = 1000;
    for _ in 0..6 {
        let mut chunk = Tally::new(2);
        for _ in 0..dice.roll(5) {
            let base = dice.evidence();
            let other = (dice.roll(3) > 0).then(|| dice.evidence());
            let shown = shown(base, other);
            chunk.count(seed, &entrants, &shown);
            whole.count(seed, &entrants, &shown);
            seed += 1;
        }
        chunks.push(chunk);
    }
    (whole, chunks)
}

#[test]
fn tallies_add_up_to_the_same_in_any_order_and_grouping() {
    let mut dice = Dice(7);
    for _ in 0..300 {
        let (whole, mut chunks) = chunks(&mut dice);
        for place in (1..chunks.len()).rev() {
            chunks.swap(place, dice.roll(place as u64 + 1) as usize);
        }
        // Any two become one until one is left.
        while chunks.len() > 1 {
            let one = chunks.swap_remove(dice.roll(chunks.len() as u64) as usize);
            let place = dice.roll(chunks.len() as u64) as usize;
            chunks[place].add(&one);
        }
        assert_eq!(chunks[0], whole);
    }
}

#[test]
fn nothing_adds_nothing() {
    let (whole, _) = chunks(&mut Dice(1));
    let mut sum = Tally::new(2);
    sum.add(&whole);
    sum.add(&Tally::new(2));
    assert_eq!(sum, whole);
}

fn evidence(outcome: OutcomeClass, causes: &[CauseKind]) -> Evidence {
    Evidence {
        outcome,
        violated: BTreeSet::new(),
        causes: causes.iter().map(|kind| (*kind, 2)).collect(),
        cut_off: false,
        unexplained: 0,
        steps: BTreeMap::from([("send", true), ("crash", false)]),
        reached: BTreeSet::from([Reached::OneTimeStored]),
        costs: Costs {
            sessions: 3,
            ..Costs::default()
        },
    }
}

#[test]
fn a_violation_that_base_has_not_is_counted_whatever_the_outcome() {
    let unsafe_by = |oracles: &[&'static str]| Evidence {
        violated: oracles.iter().copied().collect(),
        ..evidence(OutcomeClass::Ok, &[])
    };
    let mut tally = Tally::new(2);
    let mut count = |seed, base: &[&'static str], run: &[&'static str]| {
        let shown = shown(unsafe_by(base), Some(unsafe_by(run)));
        tally.count(seed, &entrants(), &shown);
    };
    count(7, &[], &["one", "other"]);
    count(5, &["one"], &["one", "other"]);
    // The same, and less: no worse.
    count(3, &["one"], &["one"]);
    count(2, &["one", "other"], &["one"]);
    let [base, column] = [&tally.columns[0], &tally.columns[1]];
    let Struck { runs, times, first } = column.less_safe;
    assert_eq!((runs, times, first), (2, 3, Some(5)));
    assert!(base.less_safe.is_none(), "nothing is worse than itself");
    assert!(column.worse.is_none(), "the outcome is the same");
}

#[test]
fn of_a_run_that_was_cut_off_nobody_knows_whether_a_claim_holds() {
    let claimed = CauseKind::ALL[3].kind;
    let cut_off = || Evidence {
        cut_off: true,
        ..evidence(OutcomeClass::Unsettled, &[])
    };
    let mut tally = Tally::new(2);
    let base = || evidence(OutcomeClass::Lost, &[claimed]);
    tally.count(7, &entrants(), &shown(base(), Some(cut_off())));
    // Whether it would have been there is not known.
    let base = || evidence(OutcomeClass::Ok, &[]);
    tally.count(8, &entrants(), &shown(base(), Some(cut_off())));
    let column = &tally.columns[1];
    assert_eq!((column.claimed, column.still_claimed.runs), (1, 0));
    assert_eq!((column.cut_off.runs, column.claimed_cut_off), (2, 1));
    assert_eq!((column.newly_claimed.runs, column.worse.runs), (0, 2));
}

#[test]
fn with_a_run_that_was_cut_off_under_base_nothing_is_compared() {
    let claimed = CauseKind::ALL[3].kind;
    let base = || Evidence {
        cut_off: true,
        ..evidence(OutcomeClass::Unsettled, &[])
    };
    let run = || Evidence {
        violated: BTreeSet::from(["one"]),
        ..evidence(OutcomeClass::Lost, &[claimed])
    };
    let mut tally = Tally::new(2);
    tally.count(7, &entrants(), &shown(base(), Some(run())));
    let column = &tally.columns[1];
    assert_eq!((column.newly_claimed.runs, column.less_safe.runs), (0, 0));
    assert_eq!(column.causes[&claimed].runs, 1);
}

#[test]
fn runs_are_paired_with_base() {
    let claimed = CauseKind::ALL[3].kind;
    let other = CauseKind::ALL[4].kind;
    let entrants = entrants();
    let mut tally = Tally::new(2);
    let mut count = |seed, base: (OutcomeClass, &[CauseKind]), run: Option<(_, &[CauseKind])>| {
        let run = run.map(|(outcome, causes)| evidence(outcome, causes));
        tally.count(seed, &entrants, &shown(evidence(base.0, base.1), run));
    };
    use OutcomeClass::{Late, Lost, Ok, Wedged};
    // The same run: the claim is broken, and nothing is better or worse.
    count(7, (Lost, &[claimed]), None);
    // The claim is kept.
    count(3, (Lost, &[claimed]), Some((Ok, &[])));
    // Better, and the claim is broken.
    count(5, (Wedged, &[claimed, other]), Some((Lost, &[claimed])));
    // Another cause is no broken claim.
    count(4, (Lost, &[claimed]), Some((Lost, &[other])));
    // Worse, with a claimed cause that was not there before.
    count(9, (Late, &[]), Some((Lost, &[claimed])));
    // A claimed cause without a failure cannot be, and would not count.
    count(1, (Late, &[claimed]), Some((Late, &[claimed])));

    let column = &tally.columns[1];
    assert_eq!(tally.runs, 6);
    assert_eq!((tally.columns[0].made, column.made), (6, 5));
    assert_eq!(column.claimed, 4);
    assert_eq!(
        (column.still_claimed.runs, column.still_claimed.first),
        (2, Some(5))
    );
    assert_eq!(
        (column.newly_claimed.runs, column.newly_claimed.first),
        (1, Some(9))
    );
    assert_eq!((column.better.runs, column.better.first), (2, Some(3)));
    assert_eq!((column.worse.runs, column.worse.first), (1, Some(9)));
    assert_eq!(column.failed(), 4);
    assert_eq!(tally.columns[0].failed(), 4);
    assert_eq!(
        column.outcomes,
        BTreeMap::from([(Ok, 1), (Late, 1), (Lost, 4)])
    );
    let struck = column.causes[&claimed];
    assert_eq!((struck.runs, struck.times, struck.first), (4, 8, Some(1)));
    let (send, crash) = (column.steps["send"], column.steps["crash"]);
    assert_eq!(
        (send.there, send.fired, crash.there, crash.fired),
        (6, 6, 6, 0)
    );
    assert_eq!(column.reached[&Reached::OneTimeStored], 6);
    // A run that is as under base costs what it costs there.
    assert_eq!((column.costs.runs, column.costs.sessions), (6, 18));
}
