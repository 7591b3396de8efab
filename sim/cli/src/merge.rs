//! `unwedge merge`: the shards of a campaign become one.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use unwedge_core::campaign::{Extent, Plan, Shard, Tally};
use unwedge_core::report::Campaign;

use crate::args::MergeArgs;
use crate::failure::Failure;
use crate::store::{self, Line};
use crate::summary::{self, Files};
use crate::{Outcome, Status, output};

pub(crate) fn merge(args: &MergeArgs) -> Outcome {
    let folder = match &args.out {
        Some(folder) => folder.clone(),
        None => crate::library::find_root()
            .ok_or(Failure::NoLibrary)?
            .join("reports/latest/campaign"),
    };
    if folder.join(store::NAME).exists() {
        return Err(Failure::Occupied { path: folder }.into());
    }
    let mut parts = vec![];
    for folder in &args.folders {
        parts.push(Part::survey(folder)?);
    }
    check(&parts)?;
    let files = Files::reserve(&folder, args.json.as_deref())?;

    let plan = Plan {
        shard: Shard::WHOLE,
        ..parts[0].plan.clone()
    };
    let end = end(&plan, &parts);
    let mut tally = Tally::new(plan.entrants.len());
    for part in &parts {
        part.add_to(&mut tally, end)?;
    }
    let missing = missing(&plan, &parts);
    for part in &parts {
        for number in &part.damaged {
            let path = part.path.display();
            output::mention(&format!("{path}: line {number} is damaged and left out"));
        }
        let beyond = part.chunks.iter().filter(|chunk| **chunk >= end).count();
        if beyond > 0 {
            let (path, runs) = (part.path.display(), beyond as u64 * plan.chunk);
            output::mention(&format!(
                "{path}: {runs} runs are left out: other shards did not get as far"
            ));
        }
    }
    let campaign = Campaign::new(&plan, &tally, missing);
    summary::print(&campaign);
    files.write(&campaign, &campaign)?;
    let status = summary::status(&campaign);
    Ok(if status == Status::Fault || campaign.missing.is_empty() {
        status
    } else {
        Status::Unknown
    })
}

/// A shard's results file, and what is in it.
struct Part {
    path: PathBuf,
    plan: Plan,
    chunks: BTreeSet<u64>,
    damaged: Vec<usize>,
}

impl Part {
    fn survey(folder: &Path) -> Result<Self, Box<Failure>> {
        let path = folder.join(store::NAME);
        let (mut chunks, mut damaged) = (BTreeSet::new(), vec![]);
        let survey = store::read(&path, None, |line| match line {
            Line::Chunk(_, chunk) => {
                chunks.insert(chunk.chunk);
            }
            Line::Damaged(it) => damaged.push(it.number),
        })?;
        let plan = survey.plan;
        Ok(Self {
            path,
            plan,
            chunks,
            damaged,
        })
    }

    /// Adds its chunks, up to one.
    fn add_to(&self, tally: &mut Tally, end: u64) -> Result<(), Box<Failure>> {
        let mut left = self.chunks.clone();
        store::read(&self.path, None, |line| {
            if let Line::Chunk(_, chunk) = line
                && chunk.chunk < end
                && left.remove(&chunk.chunk)
            {
                tally.add(&chunk.tally);
            }
        })?;
        Ok(())
    }
}

/// Refuses parts of different campaigns, and one part twice.
fn check(parts: &[Part]) -> Result<(), Box<Failure>> {
    let unmergeable = |first: &Part, second: &Part, reason| {
        let (first, second) = (first.path.clone(), second.path.clone());
        Err(Failure::Unmergeable {
            first,
            second,
            reason,
        }
        .into())
    };
    for (place, part) in parts.iter().enumerate() {
        if let Some(difference) = parts[0].plan.difference(&part.plan) {
            let reason = format!("they differ in {difference}");
            return unmergeable(&parts[0], part, reason);
        }
        let before = &parts[..place];
        if let Some(same) = before.iter().find(|it| it.plan.shard == part.plan.shard) {
            let reason = format!("both are shard {}", part.plan.shard);
            return unmergeable(same, part, reason);
        }
    }
    Ok(())
}

/// Up to which chunk there is no gap, if that is a matter of time: what lies
/// beyond was made only where runs happened to be fast.
fn end(plan: &Plan, parts: &[Part]) -> u64 {
    let there = |chunk: u64| parts.iter().any(|part| part.chunks.contains(&chunk));
    match plan.extent {
        Extent::Runs(_) => u64::MAX,
        Extent::Seconds(_) => (0..).find(|chunk| !there(*chunk)).unwrap_or(u64::MAX),
    }
}

/// What should be there and is not, in words.
fn missing(plan: &Plan, parts: &[Part]) -> Vec<String> {
    let mut missing = vec![];
    for part in 1..=parts[0].plan.shard.of {
        let shard = Shard {
            part,
            ..parts[0].plan.shard
        };
        let found = parts.iter().find(|it| it.plan.shard == shard);
        let own = Plan {
            shard,
            ..plan.clone()
        };
        match (found, plan.extent) {
            (None, Extent::Seconds(_)) => missing.push(format!("shard {shard}, all of it")),
            (Some(_), Extent::Seconds(_)) => {}
            (None, Extent::Runs(_)) => {
                let runs = own.own_runs().unwrap_or_default();
                missing.push(format!("shard {shard}, all {runs} runs of it"));
            }
            (Some(found), Extent::Runs(_)) => {
                let lacking = own.own_chunks().filter(|it| !found.chunks.contains(it));
                let runs: u64 = lacking.map(|chunk| own.seeds(chunk).1).sum();
                if runs > 0 {
                    missing.push(format!("{runs} runs of shard {shard}"));
                }
            }
        }
    }
    missing
}
