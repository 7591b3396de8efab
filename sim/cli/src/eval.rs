//! `unwedge eval`: every scenario under every proposal.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{ContentArrangement, Table};
use rayon::ThreadPoolBuilder;
use rayon::prelude::*;
use unwedge_core::protocol::Proposal;
use unwedge_core::report::{Cell, Draw, Matrix, Why, costs_of};
use unwedge_core::scenario::Scenario;
use unwedge_core::trace::hash::StableHash;

use crate::args::EvalArgs;
use crate::failure::Failure;
use crate::library::Library;
use crate::output::{self, Reserved, say};
use crate::progress::Progress;
use crate::quarry::FIXED_DRAWS;
use crate::runner;
use crate::{Outcome, Status};

/// One in so many runs that are known to be the same is made all the same.
const CHECK_ONE_IN: u64 = 100;

pub(crate) fn eval(args: &EvalArgs) -> Outcome {
    let mut library = Library::open(&args.common, &args.proposals)?;
    let proposals = library.select_proposals(&args.proposals)?;
    let scenarios = library.select_scenarios(&args.scenarios, &args.added)?;
    let files = Files::reserve(args, &library.root)?;

    let threads = args.threads.map_or(0, usize::from);
    let pool = ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.expect("a machine can start a few threads");
    let evaluation = pool.install(|| Evaluation::make(args, &library, &scenarios, &proposals));

    let matrix = &evaluation.matrix;
    let shown: Vec<&Scenario> = scenarios.iter().map(Arc::as_ref).collect();
    let columns: Vec<&Proposal> = proposals.iter().collect();
    print(matrix, &library, &shown, &columns);
    let places = files.write(matrix, &matrix.markdown(&shown, &columns))?;
    for place in places {
        output::mention(&format!("written: {}", place.display()));
    }
    for command in &evaluation.different {
        output::mention(&format!(
            "a fault of unwedge: the run was saved as the same as under base, and is not\n  {command}"
        ));
    }
    for disagreement in &evaluation.disagreements {
        output::mention(&format!(
            "a fault of unwedge: the engines differ\n  {disagreement}"
        ));
    }
    let faults = evaluation.different.len() + evaluation.disagreements.len();
    let unexplained = matrix.cells.iter().any(|cell| cell.unexplained > 0);
    Ok(if unexplained || faults > 0 {
        Status::Fault
    } else if matrix.agrees() {
        Status::Expected
    } else {
        Status::Differs
    })
}

/// The files that an evaluation is written to.
#[derive(Debug)]
struct Files {
    json: Vec<(PathBuf, Reserved)>,
    markdown: (PathBuf, Reserved),
}

impl Files {
    fn reserve(args: &EvalArgs, root: &Path) -> Result<Self, Box<Failure>> {
        let accepted = root.join("reports").canonicalize().ok();
        let out = args.out.as_ref().and_then(|out| out.canonicalize().ok());
        if let Some(path) = out.filter(|out| Some(out) == accepted.as_ref()) {
            return Err(Failure::Accepted { path }.into());
        }
        let reserve = |path: PathBuf| Reserved::new(&path).map(|file| (path, file));
        let extra = args.json.clone().map(reserve).transpose()?;
        let folder = match &args.out {
            Some(folder) => folder.clone(),
            None if args.bless => root.join("reports"),
            None => root.join("reports/latest"),
        };
        let json = extra
            .into_iter()
            .chain([reserve(folder.join("matrix.json"))?])
            .collect();
        Ok(Self {
            json,
            markdown: reserve(folder.join("matrix.md"))?,
        })
    }

    fn write(self, matrix: &Matrix, markdown: &str) -> Result<Vec<PathBuf>, Box<Failure>> {
        let json = serde_json::to_string_pretty(matrix).expect("a matrix is strings and numbers");
        let mut places = vec![];
        for (place, file) in self.json {
            file.write(&format!("{json}\n"))?;
            places.push(place);
        }
        let (place, file) = self.markdown;
        file.write(markdown)?;
        places.push(place);
        Ok(places)
    }
}

/// The runs of a cell, keyed by scenario and proposal.
type Runs = BTreeMap<(usize, usize, u64), Draw>;

struct Evaluation {
    matrix: Matrix,
    /// Runs that were thought to be the same as under `base`, and were not.
    different: Vec<String>,
    /// Runs that two engines made differently.
    disagreements: Vec<String>,
}

impl Evaluation {
    /// Makes all runs: first under `base`, where it is among the proposals;
    /// then under every other proposal those that it can have touched.
    fn make(
        args: &EvalArgs,
        library: &Library,
        scenarios: &[Arc<Scenario>],
        proposals: &[Proposal],
    ) -> Self {
        let command = |(scenario, proposal, seed): (usize, usize, u64)| {
            library.command(&scenarios[scenario].id, &proposals[proposal].name, seed)
        };
        let seeds = FIXED_DRAWS + u64::from(args.runs);
        let seeds = || (0..seeds).map(|draw| args.seed.wrapping_add(draw));
        let all = |proposal: usize| {
            (0..scenarios.len()).flat_map(move |it| seeds().map(move |seed| (it, proposal, seed)))
        };
        let total = scenarios.len() * proposals.len() * seeds().count();
        let progress = Progress::new(total as u64);
        let disagreements = Mutex::new(BTreeMap::new());
        let make = |key: (usize, usize, u64)| {
            let (scenario, protocol) = (&scenarios[key.0], proposals[key.1].protocol());
            let crypto_seed = args.common.crypto_seed;
            let command = command(key);
            let made = runner::make(
                args.engine,
                scenario,
                &protocol,
                key.2,
                crypto_seed,
                &command,
            );
            if let Some([real, fast]) = made.disagreement {
                let mut disagreements =
                    disagreements.lock().unwrap_or_else(PoisonError::into_inner);
                let text = format!("real: {real}\n  fast: {fast}\n  {command} --engine both");
                disagreements.insert(key, text);
            }
            progress.step();
            (key, made.draw)
        };
        let base = proposals
            .iter()
            .position(|it| it.switches.changed() == Default::default());
        let first: Vec<_> = base.into_iter().flat_map(all).collect();
        let mut runs: Runs = first.into_par_iter().map(make).collect();
        let untouched = |&(scenario, proposal, seed): &(usize, usize, u64)| {
            let same = runs.get(&(scenario, base?, seed))?;
            let changed = proposals[proposal].switches.changed();
            (!same.consulted.touches(changed)).then(|| same.clone())
        };
        let others = (0..proposals.len())
            .filter(|it| Some(*it) != base)
            .flat_map(all);
        let (saved, to_make): (Vec<_>, Vec<_>) = others
            .map(|key| (key, untouched(&key)))
            .partition(|(_, same)| same.is_some());
        let made: Runs = to_make.into_par_iter().map(|(key, _)| make(key)).collect();
        let checked = |(key, same): ((usize, usize, u64), Option<Draw>)| {
            let same = same.expect("what is saved is known");
            let [sample, _] = StableHash::of(&(key.0, &proposals[key.1].name, key.2)).words();
            if sample.is_multiple_of(CHECK_ONE_IN) {
                let (key, again) = make(key);
                return (key, again.trace_hash != same.trace_hash, same);
            }
            progress.step();
            (key, false, same)
        };
        let saved: Vec<_> = saved.into_par_iter().map(checked).collect();
        progress.finish();
        let different = saved.iter().filter(|it| it.1);
        let different = different.map(|it| command(it.0)).collect();
        runs.extend(made);
        runs.extend(saved.into_iter().map(|(key, _, same)| (key, same)));
        Self {
            matrix: matrix(args, scenarios, proposals, &runs),
            different,
            disagreements: disagreements
                .into_inner()
                .unwrap_or_else(PoisonError::into_inner)
                .into_values()
                .collect(),
        }
    }
}

fn matrix(
    args: &EvalArgs,
    scenarios: &[Arc<Scenario>],
    proposals: &[Proposal],
    runs: &Runs,
) -> Matrix {
    let mut cells = vec![];
    for (row, scenario) in scenarios.iter().enumerate() {
        for (column, proposal) in proposals.iter().enumerate() {
            let of_cell = runs.range((row, column, 0)..=(row, column, u64::MAX));
            let draws: Vec<Draw> = of_cell.map(|(_, draw)| draw.clone()).collect();
            let expected = scenario.expected(&proposal.name);
            let fixed = usize::try_from(FIXED_DRAWS).expect("a small number");
            cells.push(Cell::new(&scenario.id, proposal, expected, &draws, fixed));
        }
    }
    Matrix {
        schema: "unwedge/eval/1",
        version: env!("CARGO_PKG_VERSION"),
        engine: args.engine.name(),
        seed: args.seed,
        costs: costs_of(&cells),
        cells,
    }
}

fn print(matrix: &Matrix, library: &Library, scenarios: &[&Scenario], proposals: &[&Proposal]) {
    let mut table = Table::new();
    table
        .load_style(UTF8_FULL_CONDENSED)
        .set_content_arrangement(ContentArrangement::Dynamic);
    let heads = proposals.iter().map(|proposal| proposal.name.as_str());
    table.set_header(["scenario"].into_iter().chain(heads));
    for scenario in scenarios {
        let cell = |proposal: &&Proposal| {
            let cell = matrix.cell(&scenario.id, &proposal.name);
            cell.map_or_else(String::new, Cell::short)
        };
        table.add_row(
            [scenario.id.clone()]
                .into_iter()
                .chain(proposals.iter().map(cell)),
        );
    }
    say(&table.to_string());
    for scenario in scenarios {
        for Why {
            proposals,
            explanation,
            seed,
        } in matrix.why(&scenario.id)
        {
            say("");
            say(&format!(
                "{} under {}: {explanation}",
                scenario.id,
                proposals.join(", ")
            ));
            let command = library.command(&scenario.id, &proposals[0], seed);
            say(&format!("  {command}"));
        }
    }
}
