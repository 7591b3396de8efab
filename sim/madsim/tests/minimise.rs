//! What random runs find is made small: it still shows the same, nothing more
//! can go, and the same find is made small in the same way.
//!
//! `UNWEDGE_FINDS=200 cargo test --release -p unwedge-madsim --test minimise`
//! makes as many small as that.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::collections::BTreeSet;
use std::sync::Arc;

use unwedge_core::minimise::{Minimised, minimise, removable};
use unwedge_core::oracle::{self, CauseKind, OutcomeClass};
use unwedge_core::protocol::Protocol;
use unwedge_core::scenario::{self, Scenario};
use unwedge_core::world::Job;
use unwedge_core::{fast, generate};

/// How many finds are made small, unless the environment says otherwise.
const FINDS: usize = 8;
/// More trials than any find needs.
const MOST_TRIALS: usize = 20_000;

/// What a run shows: how it came out, and for which kinds of cause.
fn shown(
    scenario: &Scenario,
    protocol: &Protocol,
    seed: u64,
) -> (OutcomeClass, BTreeSet<CauseKind>) {
    let job = Job::new(Arc::new(scenario.clone()), protocol.clone(), seed);
    let run = fast::run(&job);
    let judgement = oracle::judge(&run.trace);
    let kinds = judgement.causes().into_keys().map(|cause| cause.kind);
    (judgement.outcome, kinds.collect())
}

/// A seed whose run comes out worse than late, and one of its causes.
fn finds(protocol: &Protocol) -> impl Iterator<Item = (u64, OutcomeClass, CauseKind)> {
    (0..).filter_map(|seed| {
        let (outcome, kinds) = shown(&generate::scenario(seed), protocol, seed);
        let kind = kinds.into_iter().next()?;
        (outcome > OutcomeClass::Late).then_some((seed, outcome, kind))
    })
}

#[test]
fn a_find_becomes_as_small_as_it_goes() {
    let count = std::env::var("UNWEDGE_FINDS").map_or(FINDS, |it| it.parse().unwrap());
    let base = common::proposal("base").protocol();
    let (mut steps, mut devices, mut trials) = (vec![], vec![], vec![]);
    for (seed, outcome, kind) in finds(&base).take(count) {
        let mut still = |it: &Scenario| {
            let (now, kinds) = shown(it, &base, seed);
            now == outcome && kinds.contains(&kind)
        };
        let scenario = generate::scenario(seed);
        let small = minimise(scenario.clone(), &mut still, MOST_TRIALS);
        let Minimised {
            scenario: it,
            trials: asked,
            complete,
        } = &small;
        let text = it.to_toml();
        println!("seed {seed}, {outcome:?} for {kind:?}, {asked} trials\n{text}");
        assert!(complete, "seed {seed}: out of trials");
        assert!(still(it), "seed {seed}: it shows something else\n{text}");
        let read = scenario::parse("small.toml", &text, &[]).unwrap();
        assert!(
            read == *it,
            "seed {seed}: the file is another scenario\n{text}"
        );
        for fewer in removable(it) {
            assert!(
                !still(&fewer),
                "seed {seed}: something more can go\n{text}\n{}",
                fewer.to_toml()
            );
        }
        if seed % 4 == 0 {
            let again = minimise(scenario, &mut still, MOST_TRIALS);
            assert!(again == small, "seed {seed}: not the same again");
        }
        steps.push(it.steps.len());
        devices.push(it.cast.devices.len());
        trials.push(*asked);
    }
    let (steps, devices, trials) = (median(steps), median(devices), median(trials));
    println!("medians of {count} finds: {steps} steps, {devices} devices, {trials} trials");
    assert!(
        steps <= 5 && devices <= 3,
        "{steps} steps, {devices} devices"
    );
}

/// A find that is out of trials is as small as it came, and says so.
#[test]
fn trials_are_bounded() {
    let base = common::proposal("base").protocol();
    let (seed, outcome, _) = finds(&base).next().unwrap();
    let mut asked = 0;
    let mut still = |it: &Scenario| {
        asked += 1;
        shown(it, &base, seed).0 == outcome
    };
    let small = minimise(generate::scenario(seed), &mut still, 10);
    assert!(!small.complete);
    assert!(small.trials <= 11 && asked == small.trials, "{asked}");
}

fn median(mut all: Vec<usize>) -> usize {
    all.sort_unstable();
    all[all.len() / 2]
}
