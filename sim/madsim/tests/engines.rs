//! The fast engine, with the ideal cryptography, makes the same runs as the
//! real one with vodozemac. Here some of the bundled cells are made; `eval`
//! compares the engines in every one.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use unwedge_core::fast;
use unwedge_core::world::Job;

#[test]
fn bundled_cells_are_the_same_on_both_engines() {
    for (scenario, proposal) in common::sampled_cells(&(0..2)) {
        for seed in common::DRAWS.take(2) {
            let job = Job::new(scenario.clone(), proposal.protocol(), seed);
            let fast = fast::run(&job);
            let real = unwedge_madsim::run(&job);
            assert_eq!(
                fast.trace.hash(),
                real.trace.hash(),
                "{} under {}, seed {seed}",
                scenario.id,
                proposal.name
            );
        }
    }
}
