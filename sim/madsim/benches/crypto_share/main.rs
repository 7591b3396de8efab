//! How much of a run on the real engine is cryptography: scenario A01 with 50
//! one-time keys for each device, against its own recorded calls to vodozemac
//! with nothing around them. Both are made in turn, so that a busy machine
//! slows both, and their ratio is what counts.
#![allow(clippy::print_stdout, reason = "a benchmark says what it measured")]

mod record;
mod replay;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::Criterion;
use madsim::Config;
use madsim::runtime::Runtime;
use record::Recorder;
use replay::{Call, replay};
use unwedge_core::protocol::Protocol;
use unwedge_core::scenario;
use unwedge_core::world::Job;
use unwedge_madsim::{run, run_with};

/// A run may take so many times its cryptography.
const AT_MOST: f64 = 1.25;
/// Pairs of a run and a replay.
const PAIRS: usize = 300;

fn main() {
    let file =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios/server-rollback/A01.toml");
    let text = std::fs::read_to_string(file).expect("A01 is part of the repository");
    let (what_happens, _) = text.split_once("[expect]").expect("A01 expects something");
    let a01 = scenario::parse("A01.toml", what_happens, &[]).expect("A01 can be read");
    assert_eq!(
        a01.settings.one_time_keys, 50,
        "the measure is defined for 50 keys"
    );
    let job = Job::new(Arc::new(a01), Protocol::default(), 0);
    let (_, recorder) = run_with(&job, Recorder::default());
    let calls: Arc<Vec<Call>> = Arc::new(recorder.calls);
    let values = recorder.values;

    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("A01");
    group.bench_function("run", |bench| bench.iter(|| run(&job)));
    group.bench_function("cryptography alone", |bench| {
        bench.iter(|| replay_alone(&calls, values));
    });
    group.finish();

    let mut ratios: Vec<f64> = (0..PAIRS)
        .map(|_| {
            let run = time(|| drop(run(&job)));
            let alone = time(|| replay_alone(&calls, values));
            run.as_secs_f64() / alone.as_secs_f64()
        })
        .collect();
    ratios.sort_by(f64::total_cmp);
    let (low, median, high) = (
        ratios[PAIRS / 10],
        ratios[PAIRS / 2],
        ratios[PAIRS * 9 / 10],
    );
    println!(
        "{} calls; a run takes {median:.3} times its cryptography",
        calls.len()
    );
    println!("(median of {PAIRS} pairs; a tenth below {low:.3}, a tenth above {high:.3})");
    assert!(
        median <= AT_MOST,
        "a run may take {AT_MOST} times its cryptography"
    );
}

/// Makes the calls in a fresh thread and runtime, as a run does.
fn replay_alone(calls: &Arc<Vec<Call>>, values: usize) {
    let calls = calls.clone();
    let thread = std::thread::spawn(move || {
        Runtime::with_seed_and_config(0, Config::default())
            .block_on(async { replay(&calls, values) })
    });
    thread.join().expect("a replay does not panic");
}

#[expect(
    clippy::disallowed_methods,
    reason = "a benchmark measures wall-clock time"
)]
fn time(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}
