//! Timelines that nobody thought of: what the generator draws, under any
//! proposal. Whatever happens, a run has to come to rest (unless a device has its
//! keys deleted, or claims those of one that it does not believe, again and again
//! to the end), every reading that failed has to have a cause, and both engines
//! have to make the same run.
//!
//! `UNWEDGE_TIMELINES=10000 cargo test --release -p unwedge-madsim --test
//! random_timelines` makes as many as that; `UNWEDGE_FIRST_TIMELINE=7` begins
//! with another one.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../common/mod.rs"]
mod common;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use unwedge_core::name::DeviceId;
use unwedge_core::oracle::{self, OutcomeClass};
use unwedge_core::protocol::Proposal;
use unwedge_core::time::{Span, Time};
use unwedge_core::trace::{ClaimMiss, Fact, Trace};
use unwedge_core::world::Job;
use unwedge_core::{fast, generate};

/// How many timelines are made, unless the environment says otherwise.
const TIMELINES: u64 = 300;

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
            let result = catch_unwind(AssertUnwindSafe(|| judge(number, &proposals)));
            let result = result.unwrap_or_else(|_| Err("it panics".to_owned()));
            seen.push((number, result));
        }
    };
    let mut seen: Vec<(u64, Result<OutcomeClass, String>)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let done = workers.into_iter().map(|worker| worker.join().unwrap());
        done.flatten().collect()
    });
    seen.sort_by_key(|(number, _)| *number);

    let mut classes: BTreeMap<&str, u64> = BTreeMap::new();
    let mut faults = vec![];
    for (number, result) in &seen {
        match result {
            Ok(class) => *classes.entry(class.name()).or_default() += 1,
            Err(fault) => faults.push((*number, format!("timeline {number}: {fault}"))),
        }
    }
    let texts = faults.iter().take(3);
    let texts: Vec<String> = texts
        .map(|(number, _)| generate::scenario(*number).to_toml())
        .collect();
    let faults: Vec<String> = faults.into_iter().map(|(_, fault)| fault).collect();
    assert!(
        faults.is_empty(),
        "{} of {} timelines:\n{}\n{}",
        faults.len(),
        seen.len(),
        faults.join("\n"),
        texts.join("\n"),
    );
    println!("{count} timelines: {classes:?}");
    assert!(
        count < TIMELINES || classes.len() >= 4,
        "timelines that all end alike show little: {classes:?}"
    );
}

/// Whether a device had its keys deleted, time and again, up to the end. What it
/// does about keys that are not as its server says can be what makes them differ
/// the next time: that is a fault of a proposal, and none of the model.
fn is_reset_to_the_end(trace: &Trace) -> bool {
    let resets = last_hour(trace).filter(|fact| matches!(fact, Fact::KeysReset { .. }));
    resets.count() > 10
}

fn last_hour(trace: &Trace) -> impl Iterator<Item = Fact> {
    let end = trace.last().map_or(Time::ZERO, |last| trace.at(last).at);
    let facts = trace.facts().rev().map(|(_, it)| it);
    let late = facts.take_while(move |it| end.since(it.at) < Span::hours(1));
    late.map(|it| it.fact)
}

/// Whether keys were claimed of a device, every quarter of an hour up to the end,
/// whose new identity the claimer does not believe: it wants a session and will
/// never have one. D16-split shows how that comes about.
fn is_refused_to_the_end(trace: &Trace) -> bool {
    let mut times: BTreeMap<[DeviceId; 2], usize> = BTreeMap::new();
    for fact in last_hour(trace) {
        if let Fact::ClaimMissed { by, of, why } = fact
            && why == ClaimMiss::BadSignature
        {
            *times.entry([by, of]).or_default() += 1;
        }
    }
    times.values().any(|times| *times > 2)
}

/// Makes a run and says what is wrong with it, if anything is.
fn judge(number: u64, proposals: &[Proposal]) -> Result<OutcomeClass, String> {
    let scenario = Arc::new(generate::scenario(number));
    let place = usize::try_from(number).unwrap() % proposals.len();
    let proposal = &proposals[place];
    let job = Job::new(scenario, proposal.protocol(), number);
    let run = fast::run(&job);
    let judgement = oracle::judge(&run.trace);
    let goes_on = is_reset_to_the_end(&run.trace) || is_refused_to_the_end(&run.trace);
    if judgement.outcome == OutcomeClass::Unsettled && !goes_on {
        return Err(format!("unsettled under {}", proposal.name));
    }
    let unexplained = judgement.unread.iter().filter(|it| it.cause.is_none());
    let unexplained = unexplained.count();
    if unexplained > 0 {
        let name = &proposal.name;
        return Err(format!(
            "{unexplained} readings without a cause under {name}"
        ));
    }
    let real = unwedge_madsim::run(&job);
    if real.trace.hash() != run.trace.hash() {
        return Err(format!("the engines disagree under {}", proposal.name));
    }
    Ok(judgement.outcome)
}
