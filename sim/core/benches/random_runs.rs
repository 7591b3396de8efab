//! How fast the fast engine is: whole random runs, from the seed of a scenario
//! to what is judged of its trace, on one core. What counts is calls of nodes
//! in a second; the parts say where the time goes.
#![allow(clippy::print_stdout, reason = "a benchmark says what it measured")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput};
use mimalloc::MiMalloc;
use unwedge_core::protocol::Protocol;
use unwedge_core::world::{Job, Run};
use unwedge_core::{fast, generate, oracle};

// As the command has.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Runs of one measurement.
const RUNS: u64 = 500;
/// Runs of the whole that is timed by parts.
const WHOLE: u64 = 5_000;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let calls: u64 = (0..RUNS).map(|seed| made(seed).calls).sum();
    let mut group = criterion.benchmark_group("random runs");
    group
        .sample_size(10)
        .throughput(Throughput::Elements(calls));
    group.bench_function("whole, by calls", |bench| {
        bench.iter(|| (0..RUNS).for_each(|seed| drop(black_box(oracle::judge(&made(seed).trace)))));
    });
    group.finish();
    criterion.final_summary();
    by_parts();
}

fn made(seed: u64) -> Run {
    let scenario = Arc::new(generate::scenario(seed));
    fast::run(&Job::new(scenario, Protocol::default(), seed))
}

fn by_parts() {
    let (mut calls, mut facts) = (0, 0);
    let [mut drawn, mut run, mut judged, mut hashed] = [Duration::ZERO; 4];
    for seed in 0..WHOLE {
        let scenario = timed(&mut drawn, || Arc::new(generate::scenario(seed)));
        let job = Job::new(scenario, Protocol::default(), seed);
        let made = timed(&mut run, || fast::run(&job));
        drop(black_box(timed(&mut judged, || oracle::judge(&made.trace))));
        black_box(timed(&mut hashed, || made.trace.hash()));
        calls += made.calls;
        facts += made.trace.last().map_or(0, |last| last.0 + 1);
    }
    let whole = drawn + run + judged;
    let each = |part: Duration| part.as_nanos() as f64 / calls as f64;
    println!(
        "{WHOLE} runs, {calls} calls, {facts} facts: {:.0} runs/s, {:.2} million calls/s",
        WHOLE as f64 / whole.as_secs_f64(),
        calls as f64 / whole.as_secs_f64() / 1e6
    );
    println!(
        "ns a call: drawing {:.0}, running {:.0}, judging {:.0}; and hashing, which campaigns do now and then, {:.0}",
        each(drawn),
        each(run),
        each(judged),
        each(hashed)
    );
}

#[allow(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn timed<T>(sum: &mut Duration, part: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = part();
    *sum += start.elapsed();
    result
}
