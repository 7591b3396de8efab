//! The same scenario, protocols and seed give the same trace: whatever keys
//! are drawn, and whatever else the process does. A cryptography that lets
//! something else leak into the order of things is caught by the same test.
//! Here some of the bundled cells are drawn a few times; `eval` makes some of the
//! worst draws of every cell on both engines, which have different keys.

mod common;
mod leaky;

use std::ops::Range;
use std::sync::Arc;
use std::thread;

use common::{DRAWS, proposal, sampled_cells, scenario};
use leaky::{Leak, Leaky};
use unwedge_core::crypto::Crypto;
use unwedge_core::crypto::ideal::Ideal;
use unwedge_core::protocol::Proposal;
use unwedge_core::scenario::Scenario;
use unwedge_core::trace::hash::StableHash;
use unwedge_core::world::Job;
use unwedge_madsim::{Vodozemac, run_with};

/// Draws of which a test of many cells makes do.
const FEW: Range<u64> = 0..3;

#[test]
fn bundled_cells_are_the_same_under_two_crypto_seeds() {
    for (scenario, proposal) in sampled_cells(&FEW) {
        let different = differing_draw(&scenario, &proposal, FEW, Vodozemac);
        assert_eq!(different, None, "{} under {}", scenario.id, proposal.name);
    }
}

#[test]
fn bundled_cells_are_the_same_with_the_ideal_cryptography() {
    for (scenario, proposal) in sampled_cells(&FEW) {
        let different = FEW.into_iter().find(|seed| {
            let real = hash(&scenario, &proposal, *seed, *seed, Vodozemac);
            let ideal = hash(&scenario, &proposal, *seed, *seed, Ideal::default());
            real != ideal
        });
        assert_eq!(different, None, "{} under {}", scenario.id, proposal.name);
    }
}

#[test]
fn bundled_cells_are_the_same_on_many_threads() {
    let cells = sampled_cells(&(0..1));
    let all = |cells: Vec<(Arc<Scenario>, Proposal)>| -> Vec<StableHash> {
        let hashes = cells.iter().flat_map(|(scenario, proposal)| {
            [0].map(|seed| hash(scenario, proposal, seed, seed, Vodozemac))
        });
        hashes.collect()
    };
    let alone = all(cells.clone());
    let crowd: Vec<_> = (0..3)
        .map(|_| {
            let cells = cells.clone();
            thread::spawn(move || all(cells))
        })
        .collect();
    for one in crowd {
        assert_eq!(one.join().unwrap(), alone);
    }
}

#[test]
fn a_cryptography_that_iterates_an_unordered_map_is_caught() {
    let leaky = Leaky(Leak::UnorderedMap);
    assert!(differing_draw(&scenario("A01"), &proposal("base"), DRAWS, leaky).is_some());
}

#[test]
fn a_cryptography_that_reads_the_clock_is_caught() {
    let leaky = Leaky(Leak::Clock);
    assert!(differing_draw(&scenario("A01"), &proposal("base"), DRAWS, leaky).is_some());
}

#[test]
fn a_cryptography_that_leaks_nothing_is_not_caught() {
    let tight = Leaky(Leak::Nothing);
    assert_eq!(
        differing_draw(&scenario("A01"), &proposal("base"), DRAWS, tight),
        None
    );
}

/// The first draw whose trace depends on the keys that were drawn.
fn differing_draw<C: Crypto>(
    scenario: &Arc<Scenario>,
    proposal: &Proposal,
    mut draws: Range<u64>,
    crypto: C,
) -> Option<u64> {
    draws.find(|seed| {
        let with = |crypto_seed| hash(scenario, proposal, *seed, crypto_seed, crypto.clone());
        with(*seed) != with(seed.wrapping_add(0x5EED))
    })
}

fn hash<C: Crypto>(
    scenario: &Arc<Scenario>,
    proposal: &Proposal,
    seed: u64,
    crypto_seed: u64,
    crypto: C,
) -> StableHash {
    let mut job = Job::new(scenario.clone(), proposal.protocol(), seed);
    job.crypto_seed = crypto_seed;
    run_with(&job, crypto).0.trace.hash()
}
