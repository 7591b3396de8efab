use std::collections::BTreeSet;
use std::sync::Mutex;

use unwedge_core::costs::Costs;
use unwedge_core::oracle::OutcomeClass;
use unwedge_core::protocol::{Consulted, Decision, combine, parse};
use unwedge_core::time::Span;

use super::*;

/// Today, two proposals, and both at once.
fn proposals() -> Vec<Proposal> {
    let proposal = |name: &str, switches: &str| {
        let head = "title = ''\nstatus = ''\nsource = []\nidea = ''\nclaims = []\n[switches]\n";
        parse(name, name, &format!("{head}{switches}")).unwrap()
    };
    let base = proposal("base", "");
    let order = proposal("order", "claim-order = 'key-id-order'");
    let unwedge = proposal("unwedge", "unwedging = 'also-at-first-contact'");
    let both = combine(&[&order, &unwedge]).unwrap();
    vec![both, order, unwedge, base]
}

const BOTH: usize = 0;
const ORDER: usize = 1;
const UNWEDGE: usize = 2;
const BASE: usize = 3;

/// A run that consults these decisions, and that is told from others by what
/// their values are.
fn draw(key: Key, consulted: &[Decision], proposals: &[Proposal]) -> Draw {
    let switches = &proposals[key.proposal].switches;
    let values = consulted.iter().map(|decision| {
        assert!([Decision::ClaimOrder, Decision::Unwedging].contains(decision));
        match *decision == Decision::ClaimOrder {
            true => switches.claim_order.is_some(),
            false => switches.unwedging.is_some(),
        }
    });
    let values: Vec<bool> = values.collect();
    let mut marks = Consulted::default();
    consulted.iter().for_each(|it| marks.add(*it));
    Draw {
        seed: key.seed,
        outcome: OutcomeClass::Ok,
        violated: BTreeSet::new(),
        trace_hash: StableHash::of(&(key.seed, values)),
        consulted: marks,
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

/// The proposals under which runs are made of a seed whose runs consult this.
fn made(consulted: &[Decision]) -> (BTreeSet<usize>, Shared) {
    let proposals = proposals();
    let made = Mutex::new(BTreeSet::new());
    let make = |key: Key| {
        made.lock().unwrap().insert(key.proposal);
        draw(key, consulted, &proposals)
    };
    let progress = Progress::new(1, "draws");
    let shared = Shared::make(&[("it", vec![7])], &proposals, &make, &progress);
    assert!(shared.different.is_empty());
    (made.into_inner().unwrap(), shared)
}

#[test]
fn a_run_is_made_under_those_that_differ_in_what_it_consults() {
    let of = |key: usize, shared: &Shared| {
        let (scenario, proposal, seed) = (0, key, 7);
        let key = Key {
            scenario,
            proposal,
            seed,
        };
        shared.made(key).0.proposal
    };
    assert_eq!(made(&[]).0, BTreeSet::from([BASE]));
    let (all, _) = made(&[Decision::ClaimOrder, Decision::Unwedging]);
    assert_eq!(all.len(), 4);
    // A combination is as that part of it that matters.
    let (made, shared) = made(&[Decision::Unwedging]);
    assert_eq!(made, BTreeSet::from([BASE, UNWEDGE]));
    assert_eq!(of(BOTH, &shared), UNWEDGE);
    assert_eq!(of(ORDER, &shared), BASE);
    assert_eq!(shared.cell(0, BOTH), shared.cell(0, UNWEDGE));
    assert_ne!(shared.cell(0, BOTH), shared.cell(0, BASE));
    assert_eq!((shared.saved(0, BOTH), shared.saved(0, UNWEDGE)), (1, 0));
}

#[test]
fn a_run_that_was_shared_though_it_is_another_is_found_out() {
    let proposals = proposals();
    // Reads the claim order and does not say so.
    let make = |key: Key| {
        let told = draw(key, &[Decision::ClaimOrder], &proposals);
        Draw {
            consulted: Consulted::default(),
            ..told
        }
    };
    let seeds: Vec<u64> = (0..1000).collect();
    let progress = Progress::new(1000, "draws");
    let shared = Shared::make(&[("it", seeds)], &proposals, &make, &progress);
    // One in a hundred of the three thousand that were saved; of those, the
    // two proposals that order claims otherwise.
    assert!((10..60).contains(&shared.checked.len()));
    assert!((5..50).contains(&shared.different.len()));
    assert!(shared.different.iter().all(|it| it.proposal <= ORDER));
}
