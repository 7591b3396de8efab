//! Timelines that nobody thought of: every step, at any time, to anybody, under
//! any proposal. Whatever happens, a run has to come to rest, and every reading
//! that failed has to have a cause.
//!
//! `UNWEDGE_TIMELINES=2000 cargo test --release -p unwedge-madsim --test
//! random_timelines` makes as many as that; `UNWEDGE_FIRST_TIMELINE=7` begins
//! with another one.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../common/mod.rs"]
mod common;
mod draw;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use unwedge_core::oracle::OutcomeClass;
use unwedge_core::protocol::Proposal;
use unwedge_core::step::STEPS;

/// How many timelines are made, unless the environment says otherwise.
const TIMELINES: u64 = 150;

#[test]
fn every_timeline_comes_to_rest_and_every_failure_has_a_cause() {
    let from_environment =
        |name, otherwise| std::env::var(name).map_or(otherwise, |number| number.parse().unwrap());
    let first = from_environment("UNWEDGE_FIRST_TIMELINE", 0);
    let count = from_environment("UNWEDGE_TIMELINES", TIMELINES);
    let proposals = common::proposals();
    let next = AtomicU64::new(first);
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let work = || {
        let mut seen = vec![];
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= first + count {
                return seen;
            }
            let text = draw::timeline(number);
            let result = catch_unwind(AssertUnwindSafe(|| judge(number, &text, &proposals)));
            seen.push((
                number,
                text,
                result.unwrap_or_else(|_| Err("it panics".to_owned())),
            ));
        }
    };
    let seen: Vec<_> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let done = workers.into_iter().map(|worker| worker.join().unwrap());
        done.flatten().collect()
    });

    let mut classes: BTreeMap<&str, u64> = BTreeMap::new();
    let mut faults = vec![];
    for (number, _, result) in &seen {
        match result {
            Ok(class) => *classes.entry(class.name()).or_default() += 1,
            Err(fault) => faults.push(format!("timeline {number}: {fault}")),
        }
    }
    let texts = seen
        .iter()
        .filter(|it| it.2.is_err())
        .map(|it| it.1.as_str());
    let texts: Vec<&str> = texts.take(3).collect();
    assert!(
        faults.is_empty(),
        "{} of {} timelines:\n{}\n{}",
        faults.len(),
        seen.len(),
        faults.join("\n"),
        texts.join("\n"),
    );
    println!("{count} timelines: {classes:?}");
    if count < TIMELINES {
        return; // So few show nothing but themselves.
    }
    let text: String = seen.iter().map(|(_, text, _)| text.as_str()).collect();
    let unused = STEPS
        .iter()
        .filter(|step| !text.contains(&format!("{{ {} = ", step.name)));
    let unused: Vec<&str> = unused.map(|step| step.name).collect();
    assert!(unused.is_empty(), "no timeline has these steps: {unused:?}");
    assert!(
        classes.len() >= 4,
        "timelines that all end alike show little: {classes:?}"
    );
}

/// Makes a run and says what is wrong with it, if anything is.
fn judge(number: u64, text: &str, proposals: &[Proposal]) -> Result<OutcomeClass, String> {
    let scenario = unwedge_core::scenario::parse("timeline.toml", text, &[]);
    let scenario = Arc::new(scenario.map_err(|problem| problem.fault().message.clone())?);
    let place = usize::try_from(number).unwrap() % proposals.len();
    let proposal = &proposals[place];
    let (_, judgement) = common::judge(&scenario, proposal, number);
    if judgement.outcome == OutcomeClass::Unsettled {
        return Err(format!("unsettled under {}", proposal.name));
    }
    let unexplained = judgement.unread.iter().filter(|it| it.cause.is_none());
    match unexplained.count() {
        0 => Ok(judgement.outcome),
        count => Err(format!(
            "{count} readings without a cause under {}",
            proposal.name
        )),
    }
}
