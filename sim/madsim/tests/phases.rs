//! The phases tell a wedge from a lost key, and need to be as they are.
#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks for a few facts"
)]

mod common;

use std::collections::BTreeSet;
use std::sync::Arc;

use common::{DRAWS, judge, proposal, scenario};
use unwedge_core::crypto::Body;
use unwedge_core::fast;
use unwedge_core::oracle::{self, OutcomeClass};
use unwedge_core::scenario::Scenario;
use unwedge_core::trace::{Fact, Phase};
use unwedge_core::world::Job;

#[test]
fn a_wedge_would_heal_itself_in_the_probe_if_syncs_were_not_held() {
    let a01 = scenario("A01");
    for seed in DRAWS {
        let mut job = Job::new(a01.clone(), proposal("base").protocol(), seed);
        let held = oracle::judge(&unwedge_madsim::run(&job).trace);
        assert_eq!(held.outcome, OutcomeClass::Wedged, "seed {seed}");

        job.conduct.hold_syncs = false;
        let not_held = oracle::judge(&unwedge_madsim::run(&job).trace);
        assert_eq!(not_held.outcome, OutcomeClass::Lost, "seed {seed}");
    }
}

#[test]
fn a_lost_room_key_is_lost_and_not_a_wedge() {
    let a05 = scenario("A05");
    for seed in DRAWS {
        let (run, judgement) = judge(&a05, &proposal("base"), seed);
        assert_eq!(judgement.outcome, OutcomeClass::Lost, "seed {seed}");
        assert!(judgement.until_rotation, "seed {seed}");
        // Without a fresh Megolm session the probe could not tell the two
        // apart: of what the probes say, only what is said in an old session
        // is not read.
        let unread = judgement.unread.iter().map(|unread| unread.event);
        let probes: BTreeSet<Body> = run
            .trace
            .facts()
            .filter_map(|(_, record)| match record.fact {
                Fact::EventSent { event, body, .. } if unread.clone().any(|it| it == event) => {
                    Some(body)
                }
                _ => None,
            })
            .collect();
        assert_eq!(
            probes,
            BTreeSet::from([Body::Timeline, Body::ProbeOld]),
            "seed {seed}"
        );
    }
}

#[test]
fn a_run_is_cut_off_where_its_trace_gets_too_long() {
    let whole = scenario("A01");
    let proposal = proposal("base");
    let (run, _) = judge(&whole, &proposal, 0);
    let facts = run.trace.facts().count();
    for longest in [0, 1, facts / 2, facts - 1, facts] {
        let mut cut = Scenario::clone(&whole);
        cut.settings.longest_trace = longest;
        let job = Job::new(Arc::new(cut), proposal.protocol(), 0);
        let run = unwedge_madsim::run(&job);
        assert_eq!(run.trace.hash(), fast::run(&job).trace.hash());
        let (last, record) = run.trace.facts().next_back().unwrap();
        let is_cut = longest < facts - 1;
        assert_eq!(matches!(record.fact, Fact::CutOff(_)), is_cut, "{longest}");
        assert_eq!(oracle::judge(&run.trace).cut_off, is_cut, "{longest}");
        // What happens in one call is not torn apart.
        assert!(last.0 < longest + 200, "{longest}: {last:?}");
    }
}

#[test]
fn every_phase_comes_and_comes_to_rest() {
    for id in ["A01", "A05", "B02", "C02", "D01"] {
        let (run, _) = judge(&scenario(id), &proposal("base"), 0);
        let mut phases = vec![];
        for (_, record) in run.trace.facts() {
            match record.fact {
                Fact::Phase(phase) => phases.push((phase, false)),
                Fact::Settled(phase) => phases.push((phase, true)),
                _ => {}
            }
        }
        let settled = |phase| [(phase, false), (phase, true)];
        let mut expected = vec![(Phase::Timeline, false)];
        expected.extend(
            [Phase::Heal, Phase::Probe, Phase::SecondProbe]
                .map(settled)
                .concat(),
        );
        assert_eq!(phases, expected, "{id}");
    }
}
