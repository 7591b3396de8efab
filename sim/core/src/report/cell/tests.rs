use super::*;
use crate::costs::Costs;

fn draw(seed: u64, outcome: OutcomeClass, violated: &[&'static str]) -> Draw {
    Draw {
        seed,
        outcome,
        violated: violated.iter().copied().collect(),
        trace_hash: StableHash::of(&seed),
        consulted: Consulted::default(),
        findings: vec![],
        costs: Costs::default(),
        lateness: Span::ZERO,
        only_by_probe: false,
        until_rotation: false,
        cut_off: false,
        unexplained: 0,
        claims: vec![],
    }
}

fn confirmed(draws: &[Draw], least: usize) -> Vec<u64> {
    let draws: Vec<&Draw> = draws.iter().collect();
    worth_confirming(&draws, least).into_iter().collect()
}

#[test]
fn the_worst_draw_and_each_violation_are_among_those_that_are_confirmed() {
    let mut draws: Vec<Draw> = (0..50)
        .map(|seed| draw(seed, OutcomeClass::Ok, &[]))
        .collect();
    assert_eq!(confirmed(&draws, 4), [0, 1, 2, 3]);
    draws[20].outcome = OutcomeClass::Late;
    draws[30].outcome = OutcomeClass::Wedged;
    draws[31].outcome = OutcomeClass::Wedged;
    assert_eq!(confirmed(&draws, 4), [0, 1, 20, 30]);
    draws[40].violated = ["one"].into();
    draws[41].violated = ["one", "two"].into();
    draws[42].violated = ["two"].into();
    assert_eq!(confirmed(&draws, 4), [0, 20, 30, 40, 41]);
    assert_eq!(confirmed(&draws[..2], 4), [0, 1]);
}

#[test]
fn a_cell_counts_what_is_better_and_worse_draw_by_draw() {
    let proposal = "title = ''\nstatus = ''\nsource = []\nidea = ''\nclaims = []\n[switches]\n";
    let proposal = crate::protocol::parse("p", "p.toml", proposal).unwrap();
    let outcomes = |all: [OutcomeClass; 4]| {
        let pairs = all.into_iter().zip(0..);
        let draws = pairs.map(|(outcome, seed)| draw(seed, outcome, &[]));
        draws.collect::<Vec<Draw>>()
    };
    let (ok, late, lost) = (OutcomeClass::Ok, OutcomeClass::Late, OutcomeClass::Lost);
    let (here, base) = (
        outcomes([ok, ok, lost, late]),
        outcomes([lost, late, ok, late]),
    );
    let (here, base): (Vec<&Draw>, Vec<&Draw>) = (here.iter().collect(), base.iter().collect());
    let cell = Cell::new("s", &proposal, None, &here, Some(&base), 4);
    assert_eq!((cell.better, cell.worse), (Some(2), Some(1)));
    assert_eq!((cell.worst, cell.witness_seed), (lost, 2));
    let alone = Cell::new("s", &proposal, None, &here, None, 2);
    assert_eq!((alone.better, alone.worse), (None, None));
    // What is expected is a matter of the fixed draws.
    assert!(alone.agrees && !cell.agrees);
}
