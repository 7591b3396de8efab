//! `unwedge campaign`: many random runs under every proposal.

mod chunk;
mod crew;
mod seed;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use unwedge_core::campaign::{Entrant, Extent, Plan, Shard, Tally};
use unwedge_core::generate;
use unwedge_core::protocol::Proposal;
use unwedge_core::report::{Baseline, Campaign};

use crate::args::CampaignArgs;
use crate::failure::Failure;
use crate::input;
use crate::interrupt;
use crate::library::Library;
use crate::output;
use crate::progress::{Goal, Pace};
use crate::runner;
use crate::store::{self, Damaged, Kept, Store};
use crate::summary::{self, Files};
use crate::{Outcome, Status};
use chunk::Maker;
use crew::Stop;

/// How many runs a campaign makes if nobody says.
const RUNS: u64 = 10_000;
/// More than fit into any time.
const MOST_RUNS: u64 = 1 << 40;

pub(crate) fn campaign(args: &CampaignArgs) -> Outcome {
    let library = Library::open(&args.common, &args.proposals)?;
    let proposals = select(&library, &args.proposals)?;
    let plan = plan(args, &library, &proposals)?;
    let baseline = args.baseline.as_deref().map(read_baseline).transpose()?;
    let folder = args
        .out
        .clone()
        .unwrap_or_else(|| library.root.join("reports/latest/campaign"));
    let files = Files::reserve(&folder, args.json.as_deref())?;
    let (mut store, kept) = open(args, &folder, &plan)?;

    output::mention(&format!(
        "what is finished goes to {}; if this is interrupted, go on with --resume",
        folder.join(store::NAME).display()
    ));
    interrupt::listen(
        "interrupted: the chunks in the making are finished first, for 10 s at the most; interrupt \
         again to end at once and lose them",
    );
    let threads = args.threads.map_or_else(cores, usize::from);
    let goal = match plan.extent {
        Extent::Runs(_) => Goal::Runs(plan.own_runs().unwrap_or_default()),
        Extent::Seconds(seconds) => Goal::Time(Duration::from_secs(seconds)),
    };
    let mut pace = Pace::new(kept.tally.runs, goal);
    let maker = Maker::new(&plan, &proposals[0], args.common.crypto_seed);
    let Kept { chunks, tally, .. } = kept;
    let mut tally = tally;
    let missing = plan.own_chunks().filter(|chunk| !chunks.contains(chunk));
    let ended = crew::make(&maker, missing, threads, &mut store, &mut tally, &mut pace);
    pace.finish();
    match ended {
        Ok(()) => {}
        Err(Stop::Failure(failure)) => return Err(failure),
        Err(Stop::Interrupted) => {
            output::mention(&format!(
                "interrupted: {} runs are stored, and nothing is lost; go on with the same command and \
                 --resume",
                tally.runs
            ));
            return Ok(Status::Interrupted);
        }
        Err(Stop::Fault(fault)) => {
            output::mention(&fault);
            return Ok(Status::Fault);
        }
    }
    store.finish()?;
    if let Extent::Seconds(_) = plan.extent {
        output::mention(&format!("the time is up after {} runs", tally.runs));
    }
    conclude(&plan, &tally, &pace, threads, baseline.as_ref(), files)
}

/// Writes and says what was found.
fn conclude(
    plan: &Plan,
    tally: &Tally,
    pace: &Pace,
    threads: usize,
    baseline: Option<&Baseline>,
    files: Files,
) -> Outcome {
    let campaign = Campaign::new(plan, tally, vec![]);
    let [runs_per_second, calls_per_second] = pace.rates();
    let timed = summary::Timed {
        campaign: &campaign,
        seconds: pace.seconds(),
        threads,
        runs_per_second,
        calls_per_second,
    };
    summary::print(&campaign);
    let written = files.write(&campaign, &timed);
    written.map_err(|failure| failure.after_runs())?;
    let status = summary::status(&campaign);
    let Some(baseline) = baseline.filter(|_| status != Status::Fault) else {
        return Ok(status);
    };
    if baseline.drawn_otherwise(&campaign) {
        output::mention("the baseline's scenarios were drawn from another distribution");
    }
    let changes = baseline.changes(&campaign);
    for change in &changes {
        output::say(&format!("changed: {change}"));
    }
    Ok(if changes.is_empty() {
        Status::Expected
    } else {
        Status::Differs
    })
}

/// `base` and then the others.
fn select(library: &Library, words: &[String]) -> Result<Vec<Proposal>, Box<Failure>> {
    let base = library.proposal("base")?;
    let others = library.select_proposals(words)?;
    let others = others.into_iter().filter(|it| it.name != base.name);
    Ok([base.clone()].into_iter().chain(others).collect())
}

fn plan(
    args: &CampaignArgs,
    library: &Library,
    proposals: &[Proposal],
) -> Result<Plan, Box<Failure>> {
    let extent = match &args.time {
        Some(word) => Extent::Seconds(input::read_time(word)?.as_secs()),
        None => Extent::Runs(args.runs.unwrap_or(RUNS)),
    };
    let runs = match extent {
        Extent::Runs(runs) => runs,
        Extent::Seconds(_) => MOST_RUNS,
    };
    if args.seed.checked_add(runs).is_none() {
        let word = args.seed.to_string();
        let reason = format!("{runs} runs from there on go beyond the last seed");
        return Err(input::argument(
            "--seed",
            &word,
            reason,
            "begin with a smaller one",
        ));
    }
    let shard = args.shard.as_deref().map(read_shard).transpose()?;
    let entrant = |it: &Proposal| Entrant::new(it, library.word(&it.name));
    let (base, others) = proposals
        .split_first()
        .expect("`base` is always among them");
    let levels: BTreeSet<u8> = args.adoption.iter().copied().collect();
    let at_each_level = |it: &Proposal| {
        let entrant = entrant(it);
        let levels = levels
            .iter()
            .map(|percent| entrant.clone().followed_by(*percent));
        levels.collect::<Vec<Entrant>>()
    };
    let entrants = [entrant(base)].into_iter();
    let entrants = entrants.chain(others.iter().flat_map(at_each_level));
    Ok(Plan {
        schema: Plan::SCHEMA.to_owned(),
        version: runner::model(),
        seed: args.seed,
        extent,
        shard: shard.unwrap_or(Shard::WHOLE),
        chunk: args.chunk,
        entrants: entrants.collect(),
        distribution: generate::distribution(),
    })
}

fn read_shard(word: &str) -> Result<Shard, Box<Failure>> {
    let parts = word.split_once('/');
    let parts = parts.and_then(|(part, of)| Some((part.parse().ok()?, of.parse().ok()?)));
    match parts {
        Some((part, of)) if (1..=of).contains(&part) => Ok(Shard { part, of }),
        Some((_, of)) if of > 0 => {
            let reason = format!("there are shards 1 to {of}");
            Err(input::argument(
                "--shard",
                word,
                reason,
                "count shards from 1",
            ))
        }
        _ => {
            let reason = "it is not of the form K/N".to_owned();
            let help = "write which shard of how many, as in `1/3`";
            Err(input::argument("--shard", word, reason, help))
        }
    }
}

fn read_baseline(file: &Path) -> Result<Baseline, Box<Failure>> {
    Baseline::parse(&input::read(file)?).map_err(|reason| {
        let file = file.to_owned();
        Failure::Baseline { file, reason }.into()
    })
}

/// Begins in a folder, or goes on with what is in it.
fn open(args: &CampaignArgs, folder: &Path, plan: &Plan) -> Result<(Store, Kept), Box<Failure>> {
    let here = |name: &str| Some(folder.join(name)).filter(|it: &PathBuf| it.exists());
    if !args.resume {
        if here(store::NAME)
            .or_else(|| here("campaign.json"))
            .is_some()
        {
            let path = folder.to_owned();
            return Err(Failure::Occupied { path }.into());
        }
        let kept = Kept::none(plan);
        return Ok((Store::begin(folder, plan)?, kept));
    }
    let (store, kept) = Store::resume(folder, plan)?;
    for Damaged { number, chunk } in &kept.dropped {
        let held = match chunk {
            _ if *number == 1 => "the plan, which is written anew".to_owned(),
            Some(chunk) => {
                let runs = plan.seeds(*chunk).1;
                format!("chunk {chunk}, whose {runs} runs are made again")
            }
            None => "a chunk, whose runs are made again".to_owned(),
        };
        output::mention(&format!("line {number} is damaged and left out: {held}"));
    }
    let left = plan.own_runs().map_or_else(String::new, |all| {
        format!(", {} left", all - kept.tally.runs)
    });
    output::mention(&format!(
        "{} runs in {} chunks are kept{left}",
        kept.tally.runs,
        kept.chunks.len()
    ));
    Ok((store, kept))
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}
