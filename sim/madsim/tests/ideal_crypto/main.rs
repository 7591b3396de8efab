//! The ideal cryptography of the core is the same as vodozemac in everything
//! that the boundary shows: random operations are carried out with both, and
//! every answer is compared.
//!
//! `UNWEDGE_CRYPTO_CASES` sets how many lists of operations are drawn, and
//! `UNWEDGE_CRYPTO_SEED` draws other ones.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod accounts;
mod heard;
mod lab;
mod messages;
mod operation;
mod reached;
mod rooms;
mod sessions;

use std::env;
use std::panic::resume_unwind;
use std::sync::{Mutex, OnceLock, PoisonError};

use madsim::Config as MadsimConfig;
use madsim::runtime::Runtime;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use lab::Lab;
use operation::{Operation, Pick, operations};
use reached::Reached;

const CASES_VARIABLE: &str = "UNWEDGE_CRYPTO_CASES";
const SEED_VARIABLE: &str = "UNWEDGE_CRYPTO_SEED";
/// How many lists of operations are drawn if nobody says so.
const CASES: u32 = 220;
/// Each thing worth reaching is reached at least so often in them.
const TIMES: usize = 3;

#[test]
fn the_model_answers_like_vodozemac() {
    if let Err(failure) = &drawn().0 {
        panic!("{failure}");
    }
}

#[test]
fn the_drawn_operations_reach_everything_that_is_worth_comparing() {
    let (outcome, reached) = drawn();
    println!("{reached:#?}");
    let others = [CASES_VARIABLE, SEED_VARIABLE].map(number);
    if outcome.is_ok() && others == [None; 2] {
        assert_eq!(reached.rarer_than(TIMES), []);
    }
}

/// All drawn cases, which are run once for both tests.
fn drawn() -> &'static (Result<(), String>, Reached) {
    static DRAWN: OnceLock<(Result<(), String>, Reached)> = OnceLock::new();
    DRAWN.get_or_init(|| {
        let seed = number(SEED_VARIABLE).unwrap_or_default();
        let cases = number(CASES_VARIABLE).unwrap_or(CASES);
        in_madsim(seed, move || draw(seed, cases))
    })
}

fn draw(seed: u32, cases: u32) -> (Result<(), String>, Reached) {
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    let mut bytes = [0; 32];
    bytes[..4].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let reached = Mutex::new(Reached::default());
    let outcome = TestRunner::new_with_rng(config, rng).run(&operations(), |operations| {
        let mut lab = Lab::new()?;
        for operation in operations {
            lab.apply(operation)?;
        }
        lab.examine()?;
        let mut reached = reached.lock().unwrap_or_else(PoisonError::into_inner);
        reached.add(&lab.reached);
        Ok(())
    });
    let outcome = outcome.map_err(|failure| failure.to_string());
    (outcome, reached.into_inner().unwrap())
}

#[test]
fn a_full_store_of_either_client_makes_room_in_the_same_way() {
    let generate = |who, count| Operation::Generate {
        who: Pick(who * 4),
        count,
    };
    // The first account is vodozemac's, the second libolm's.
    let mut operations = vec![];
    for (who, cap) in [(0, 5000), (1, 100)] {
        operations.extend([
            generate(who, 3),
            generate(who, cap - 4),
            Operation::Publish { who: Pick(who * 4) },
            generate(who, 2),
            generate(who, 3),
            Operation::KeepAccount { who: Pick(who * 4) },
            generate(who, 50),
            Operation::RestoreAccount {
                kept: Pick::NEWEST,
                as_well: false,
            },
            generate(who, 2),
        ]);
    }
    in_madsim(0, move || {
        let mut lab = Lab::new().unwrap();
        for operation in operations {
            lab.apply(operation).unwrap();
        }
    });
}

/// vodozemac's keys come from a seed here, as they do in a run.
fn in_madsim<T: Send + 'static>(seed: u32, test: impl FnOnce() -> T + Send + 'static) -> T {
    let thread = std::thread::spawn(move || {
        let runtime = Runtime::with_seed_and_config(seed.into(), MadsimConfig::default());
        runtime.block_on(async move { test() })
    });
    thread.join().unwrap_or_else(|panic| resume_unwind(panic))
}

fn number(variable: &str) -> Option<u32> {
    let value = env::var(variable).ok()?;
    Some(value.parse().unwrap())
}
