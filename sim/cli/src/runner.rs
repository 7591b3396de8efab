//! Makes runs and judges them. Which engine a run is made on, and with which
//! cryptography, is decided here and nowhere else.

use std::sync::Arc;

use unwedge_core::costs::Costs;
use unwedge_core::oracle::{self, Judgement};
use unwedge_core::protocol::Protocol;
use unwedge_core::report::{Draw, failed_claims, findings};
use unwedge_core::scenario::Scenario;
use unwedge_core::trace::hash::StableHash;
use unwedge_core::world::{Job, Run};
use unwedge_core::{fast, generate};

use crate::args::Engine;
use crate::fault;

/// So many runs tell one model from another.
const FEW: u64 = 16;

/// A run and what is to be said of it.
#[derive(Debug)]
pub(crate) struct Judged {
    pub(crate) run: Run,
    pub(crate) judgement: Judgement,
    pub(crate) draw: Draw,
    /// Where the engines differ, if there were two and they do.
    pub(crate) disagreement: Option<[String; 2]>,
}

/// Makes a run and judges it. If it panics, the command that repeats it is
/// printed.
pub(crate) fn make(
    engine: Engine,
    scenario: &Arc<Scenario>,
    protocol: &Protocol,
    seed: u64,
    crypto_seed: Option<u64>,
    command: impl Fn() -> String + Send + 'static,
) -> Judged {
    let mut job = Job::new(scenario.clone(), protocol.clone(), seed);
    job.crypto_seed = crypto_seed.unwrap_or(seed);
    fault::in_run(command, || judged(engine, scenario, &job))
}

fn judged(engine: Engine, scenario: &Scenario, job: &Job) -> Judged {
    let (run, other) = match engine {
        Engine::Real => (unwedge_madsim::run(job), None),
        Engine::Fast => (simulate(job), None),
        Engine::Both => (unwedge_madsim::run(job), Some(simulate(job))),
    };
    let other = other.filter(|other| other.trace.hash() != run.trace.hash());
    let disagreement = other.and_then(|it| run.trace.say_difference(&it.trace, &scenario.cast));
    let judgement = oracle::judge(&run.trace);
    let draw = Draw {
        seed: job.seed,
        outcome: judgement.outcome,
        violated: judgement.violated(),
        trace_hash: run.trace.hash(),
        consulted: run.consulted,
        findings: findings(scenario, &run.trace, &judgement),
        costs: Costs::of(&run.trace, run.traffic),
        lateness: judgement.lateness,
        only_by_probe: judgement.only_by_probe,
        until_rotation: judgement.until_rotation,
        cut_off: judgement.cut_off,
        unexplained: judgement
            .unread
            .iter()
            .filter(|unread| unread.cause.is_none())
            .count(),
        claims: failed_claims(&run.trace)
            .iter()
            .map(|claims| claims.sentence(&scenario.cast))
            .collect(),
    };
    Judged {
        run,
        judgement,
        draw,
        disagreement,
    }
}

/// Which model makes the runs: the version of unwedge, and what a few runs come
/// to. Runs of two models do not add up.
pub(crate) fn model() -> String {
    let hashes: Vec<StableHash> = (0..FEW)
        .map(|seed| {
            let scenario = Arc::new(generate::scenario(seed));
            let job = Job::new(scenario, Protocol::default(), seed);
            simulate(&job).trace.hash()
        })
        .collect();
    let version = env!("CARGO_PKG_VERSION");
    format!("{version}, model {}", StableHash::of(&hashes))
}

/// Makes a run on the fast engine, with the ideal cryptography, as campaigns do.
pub(crate) fn simulate(job: &Job) -> Run {
    fast::run(job)
}
