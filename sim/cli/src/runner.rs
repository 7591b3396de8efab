//! Makes runs and judges them.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use unwedge_core::oracle::{self, Judgement};
use unwedge_core::protocol::Protocol;
use unwedge_core::report::{Draw, findings};
use unwedge_core::scenario::Scenario;
use unwedge_core::world::{Job, Run};

use crate::output;

/// A run and what is to be said of it.
#[derive(Debug)]
pub(crate) struct Judged {
    pub(crate) run: Run,
    pub(crate) judgement: Judgement,
    pub(crate) draw: Draw,
}

/// Makes a run and judges it. If it panics, the command that repeats it is
/// printed first.
pub(crate) fn make(
    scenario: &Arc<Scenario>,
    protocol: &Protocol,
    seed: u64,
    crypto_seed: Option<u64>,
    command: &str,
) -> Judged {
    let mut job = Job::new(scenario.clone(), protocol.clone(), seed);
    job.crypto_seed = crypto_seed.unwrap_or(seed);
    let run = catch_unwind(AssertUnwindSafe(|| unwedge_madsim::run(&job)));
    let run = run.unwrap_or_else(|panic| {
        output::mention(&format!(
            "a fault of unwedge; it is in this run:\n  {command}"
        ));
        resume_unwind(panic)
    });
    let judgement = oracle::judge(&run.trace);
    let draw = Draw {
        seed,
        outcome: judgement.outcome,
        violated: judgement.violated(),
        trace_hash: run.trace.hash(),
        consulted: run.consulted,
        findings: findings(scenario, &run.trace, &judgement),
        lateness: judgement.lateness,
        only_by_probe: judgement.only_by_probe,
        until_rotation: judgement.until_rotation,
        unexplained: judgement
            .unread
            .iter()
            .filter(|unread| unread.cause.is_none())
            .count(),
    };
    Judged {
        run,
        judgement,
        draw,
    }
}
