//! Runs in which something happens that must never happen, on both engines:
//! the oracles see it in what vodozemac does, and not only in stories.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::collections::BTreeSet;
use std::sync::Arc;

use common::{DRAWS, proposal, scenario};
use unwedge_core::fast;
use unwedge_core::oracle;
use unwedge_core::protocol::Proposal;
use unwedge_core::scenario::Scenario;
use unwedge_core::trace::Fact;
use unwedge_core::world::{Job, Run};

/// So many draws are made on the real engine as well.
const REAL_DRAWS: u64 = 4;

/// The oracles that find something in each draw of a scenario.
fn violated(scenario: &Arc<Scenario>, proposal: &Proposal) -> Vec<(Run, BTreeSet<&'static str>)> {
    let made = DRAWS.map(|seed| {
        let job = Job::new(scenario.clone(), proposal.protocol(), seed);
        let run = fast::run(&job);
        if seed < REAL_DRAWS {
            let real = unwedge_madsim::run(&job);
            assert_eq!(real.trace.hash(), run.trace.hash(), "seed {seed}");
            assert_eq!(real.traffic, run.traffic, "seed {seed}");
        }
        let violated = oracle::judge(&run.trace).violated();
        (run, violated)
    });
    made.collect()
}

#[test]
fn a_restored_client_repeats_indexes_of_megolm_and_of_olm() {
    let b10 = scenario("B10");
    let mut of_olm = false;
    for (run, violated) in violated(&b10, &proposal("base")) {
        assert!(violated.contains("message-index-repeated"), "{violated:?}");
        let judgement = oracle::judge(&run.trace);
        let facts = judgement.violations.iter().flat_map(|it| &it.facts);
        let facts: Vec<Fact> = facts.map(|id| run.trace.at(*id).fact).collect();
        let is_megolm = |fact: &Fact| matches!(fact, Fact::EventSent { .. });
        assert!(facts.iter().any(is_megolm), "{facts:?}");
        of_olm |= facts
            .iter()
            .any(|fact| matches!(fact, Fact::OlmEncrypted { .. }));
    }
    // The restored copy has sent nothing since then that it says otherwise now.
    assert!(
        !of_olm,
        "in this scenario room keys are shared before the backup"
    );
}

#[test]
fn what_goes_on_after_somebody_has_left_or_begins_before_they_came_reads_too_much() {
    let cases = [
        ("D17", "base", false),
        ("D17", "bug-keep-over-shared-session", true),
        ("D17-reshare", "base", false),
        ("D17-reshare", "unwedge-and-reshare", true),
    ];
    for (id, name, over_shared) in cases {
        let over_shared = over_shared.then_some("room-key-over-shared");
        for (_, violated) in violated(&scenario(id), &proposal(name)) {
            assert_eq!(
                violated,
                over_shared.into_iter().collect(),
                "{id} under {name}"
            );
        }
    }
}
