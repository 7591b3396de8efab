//! What a campaign meets with no scenario in sight: under today's protocol,
//! random runs come upon the failures that are known, and soon.
//!
//! `cargo test --release -p unwedge-core --test recall -- --nocapture` says
//! after how many runs each was met.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::sync::Arc;

use unwedge_core::oracle::{self, CauseKind};
use unwedge_core::protocol::Protocol;
use unwedge_core::world::Job;
use unwedge_core::{fast, generate};

/// The failures that have to be met, as people have reported them.
const KNOWN: &[CauseKind] = &[
    // A key is consumed, and issued again after a server's restore.
    CauseKind::ReissuedAfterRestore,
    // An inbox goes with a restore.
    CauseKind::InboxLostWithRestore,
    // A key is consumed, and uploaded and issued again.
    CauseKind::ReissuedAfterUpload,
    // Keys were uploaded, and lost with writes that had not reached the disk.
    CauseKind::OneTimeKeyForgotten,
    // Servers are split: a claim fails, and then is not even made.
    CauseKind::ClaimUnreachable,
    CauseKind::ClaimBackedOff,
    // The answer to a claim is lost, and the key with it.
    CauseKind::ClaimAnswerLost,
    // A device is restored from a backup.
    CauseKind::OneTimeKeyLostWithDeviceRestore,
    // The two ends of a session are not at the same point any more.
    CauseKind::RatchetForked,
];

/// Runs that may be made: few against those of 10 minutes of one core.
const RUNS: u64 = 20_000;

#[test]
fn every_known_failure_is_met_from_nothing() {
    let mut met: BTreeMap<&str, u64> = BTreeMap::new();
    let mut missing = KNOWN.to_vec();
    for seed in 0..RUNS {
        let scenario = Arc::new(generate::scenario(seed));
        let run = fast::run(&Job::new(scenario, Protocol::default(), seed));
        let judgement = oracle::judge(&run.trace);
        let causes = judgement.causes();
        missing.retain(|kind| {
            let is_met = causes.keys().any(|cause| cause.kind == *kind);
            if is_met {
                met.insert(kind.name(), seed + 1);
            }
            !is_met
        });
        if missing.is_empty() {
            break;
        }
    }
    for (kind, runs) in &met {
        println!("{kind} after {runs} runs");
    }
    assert!(missing.is_empty(), "not met in {RUNS} runs: {missing:?}");
}
