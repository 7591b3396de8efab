//! `unwedge hunt`: looks for a run that breaks what a proposal says of itself.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rayon::ThreadPoolBuilder;
use rayon::prelude::*;
use unwedge_core::generate;
use unwedge_core::hunt::{self, Hunt};
use unwedge_core::oracle::{CauseKind, ORACLES};
use unwedge_core::problem::Fault;
use unwedge_core::report::Silence;

use crate::adopt;
use crate::args::{HuntArgs, Objective};
use crate::failure::Failure;
use crate::input;
use crate::library::Library;
use crate::output::{self, say};
use crate::progress::{Clock, Goal, Pace};
use crate::quarry::{self, Ground, Quarry, Target};
use crate::{Outcome, Status};

/// How many runs are made if nobody says.
const RUNS: u64 = 100_000;
/// More than fit into any time.
const MOST_RUNS: u64 = 1 << 40;
/// So many runs are made between two looks at the clock.
const BLOCK: u64 = 512;

pub(crate) fn hunt(args: &HuntArgs) -> Outcome {
    let library = Library::open(&args.common, std::slice::from_ref(&args.proposal))?;
    let proposal = library.proposal(&args.proposal)?;
    let base = library.proposal("base")?;
    let objective = objective(args.objective, proposal.name == base.name);
    if objective == hunt::Objective::Claimed && proposal.claims.is_empty() {
        let reason = format!("{} claims to end nothing", proposal.name);
        let help = "look for a regression, or give the proposal claims";
        return Err(input::argument("--objective", "claimed", reason, help));
    }
    let (ignored, ignored_oracles) = ignored(&args.ignored)?;
    if args
        .seed
        .checked_add(args.runs.unwrap_or(MOST_RUNS))
        .is_none()
    {
        let (word, reason) = (args.seed.to_string(), "the runs go beyond the last seed");
        let help = "begin with a smaller one";
        return Err(input::argument("--seed", &word, reason.to_owned(), help));
    }
    let time = args.time.as_deref().map(input::read_time).transpose()?;
    let id = quarry::identifier(&["found", &proposal.name]);
    let target = Target::reserve(args.out.as_deref(), &library.root, &id)?;
    let ground = Ground {
        hunt: Hunt::new(&proposal, objective, ignored, ignored_oracles),
        word: library.word(&proposal.name),
        is_bundled: library.is_bundled_name(&proposal.name),
        proposal,
        base,
    };

    let threads = args.threads.map_or(0, usize::from);
    let pool = ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.expect("a machine can start a few threads");
    let clock = Clock::start();
    let (found, silence) = pool.install(|| search(args, time, &ground));
    let Some(quarry) = found else {
        say(&format!(
            "nothing was found against {} in {} runs",
            ground.proposal.name, silence.runs
        ));
        for line in silence.lines(objective) {
            say(&line);
        }
        return Ok(Status::Expected);
    };
    output::mention(&format!(
        "found after {} runs and {:.1} s: seed {}; making it smaller",
        quarry.seed - args.seed + 1,
        clock.passed().as_secs_f64(),
        quarry.seed
    ));
    ground.bring_home(quarry, &id, |found| found.title(), &target)
}

/// The find with the lowest seed, or what it is worth that there is none. Runs
/// are made in blocks, so that the time does not decide which of two is found.
fn search(args: &HuntArgs, time: Option<Duration>, ground: &Ground) -> (Option<Quarry>, Silence) {
    let most = args.runs.unwrap_or(match time {
        Some(_) => MOST_RUNS,
        None => RUNS,
    });
    let goal = match time {
        Some(time) if args.runs.is_none() => Goal::Time(time),
        _ => Goal::Runs(most),
    };
    let mut pace = Pace::new(0, goal);
    let clock = Clock::start();
    let silence = Mutex::new(Silence::new(&ground.hunt));
    let heard = || silence.lock().unwrap_or_else(PoisonError::into_inner);
    let mut looked_at = 0;
    while looked_at < most && time.is_none_or(|time| clock.passed() < time) {
        let block = BLOCK.min(most - looked_at);
        let first = args.seed + looked_at;
        let found = (first..first + block)
            .into_par_iter()
            .find_map_first(|seed| {
                let scenario = Arc::new(generate::scenario(seed));
                let scenario = adopt::drawn(&scenario, args.adoption, seed, &ground.base);
                let (base, under, find) = ground.look(&scenario, seed);
                heard().count(&base, &under);
                find.map(|find| Quarry {
                    scenario,
                    seed,
                    find,
                })
            });
        looked_at += block;
        pace.made(block, 0);
        if found.is_some() {
            pace.finish();
            return (found, heard().clone());
        }
    }
    pace.finish();
    (None, heard().clone())
}

fn objective(named: Option<Objective>, is_base: bool) -> hunt::Objective {
    match named {
        Some(Objective::Claimed) => hunt::Objective::Claimed,
        Some(Objective::Regression) => hunt::Objective::Regression,
        Some(Objective::Either) => hunt::Objective::Either,
        Some(Objective::Any) => hunt::Objective::Any,
        None if is_base => hunt::Objective::Any,
        None => hunt::Objective::Either,
    }
}

/// The causes and the safety oracles that count for nothing.
fn ignored(
    words: &[String],
) -> Result<(BTreeSet<CauseKind>, BTreeSet<&'static str>), Box<Failure>> {
    let (mut causes, mut oracles) = (BTreeSet::new(), BTreeSet::new());
    for word in words {
        let cause = CauseKind::ALL.iter().find(|info| info.name == word);
        let oracle = ORACLES.iter().find(|oracle| oracle.name == word);
        causes.extend(cause.map(|info| info.kind));
        oracles.extend(oracle.map(|oracle| oracle.name));
        if cause.is_none() && oracle.is_none() {
            let names = CauseKind::ALL.iter().map(|info| info.name);
            let names = names.chain(ORACLES.iter().map(|oracle| oracle.name));
            let fault = Fault::unknown("cause", word, 0..word.len(), names);
            let problem = fault.within("command line", word);
            return Err(Failure::Problem(Box::new(problem)).into());
        }
    }
    Ok((causes, oracles))
}
