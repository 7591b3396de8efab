//! `unwedge eval`: every scenario under every proposal.

mod shared;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{ContentArrangement, Table};
use rayon::ThreadPoolBuilder;
use rayon::prelude::*;
use unwedge_core::protocol::{Consulted, Proposal};
use unwedge_core::report::{Cell, Draw, Matrix, Record, Why, costs_of, remedies, worth_confirming};
use unwedge_core::scenario::{Effort, Engines, Scenario};
use unwedge_core::trace::hash::StableHash;

use crate::adopt::Adopt;
use crate::args::{Engine, EvalArgs};
use crate::failure::Failure;
use crate::input;
use crate::library::Library;
use crate::output::{self, Reserved, say};
use crate::progress::Progress;
use crate::runner::{self, Judged};
use crate::{Outcome, Status};
use shared::{Key, Shared};

pub(crate) fn eval(args: &EvalArgs) -> Outcome {
    let named = Adopt::proposals_of(&args.adopt, &args.proposals);
    let mut library = Library::open(&args.common, &named)?;
    let proposals = library.select_proposals(&args.proposals)?;
    let adopt = Adopt::read(&args.adopt, &library)?;
    let scenarios = library.select_scenarios(&args.scenarios, &args.added)?;
    let scenarios = scenarios.iter().map(|it| adopt.apply(it));
    let scenarios = scenarios.collect::<Result<Vec<_>, _>>()?;
    let record = read_record(args, &library.root)?;
    let files = Files::reserve(args, &library.root)?;

    let threads = args.threads.map_or(0, usize::from);
    let pool = ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.expect("a machine can start a few threads");
    let evaluation = Evaluation {
        args,
        library: &library,
        adopt: &adopt,
        scenarios: &scenarios,
        proposals: &proposals,
    };
    let evaluated = pool.install(|| evaluation.make());

    let matrix = &evaluated.matrix;
    let shown: Vec<&Scenario> = scenarios.iter().map(Arc::as_ref).collect();
    let columns: Vec<&Proposal> = proposals.iter().collect();
    print(matrix, &evaluation, &shown, &columns);
    for line in evaluated.savings.lines() {
        say(&line);
    }
    let said = remedies(matrix, &columns, record.as_ref());
    let places = files.write(matrix, &matrix.markdown(&shown, &columns), said)?;
    for place in places {
        output::mention(&format!("written: {}", place.display()));
    }
    for command in &evaluated.different {
        output::mention(&format!(
            "a fault of unwedge: the run was saved as the same as under another proposal, and is not\n  {command}"
        ));
    }
    for disagreement in &evaluated.disagreements {
        output::mention(&format!(
            "a fault of unwedge: the engines differ\n  {disagreement}"
        ));
    }
    let faults = evaluated.different.len() + evaluated.disagreements.len();
    let unexplained = matrix.cells.iter().any(|cell| cell.unexplained > 0);
    Ok(if unexplained || faults > 0 {
        Status::Fault
    } else if matrix.agrees() {
        Status::Expected
    } else {
        Status::Differs
    })
}

/// The campaign that is to be quoted, if there is one.
fn read_record(args: &EvalArgs, root: &Path) -> Result<Option<Record>, Box<Failure>> {
    let accepted = root.join("reports/campaign.json");
    let accepted = Some(accepted).filter(|file| file.is_file());
    let Some(file) = args.campaign.clone().or(accepted) else {
        return Ok(None);
    };
    let record = Record::parse(&input::read(&file)?);
    let record = record.map_err(|reason| Failure::Baseline { file, reason })?;
    Ok(Some(record))
}

/// The files that an evaluation is written to.
#[derive(Debug)]
struct Files {
    json: Vec<(PathBuf, Reserved)>,
    markdown: (PathBuf, Reserved),
    remedies: (PathBuf, Reserved),
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
            remedies: reserve(folder.join("remedies.md"))?,
        })
    }

    fn write(
        self,
        matrix: &Matrix,
        markdown: &str,
        remedies: Option<String>,
    ) -> Result<Vec<PathBuf>, Box<Failure>> {
        let json = matrix.json();
        let mut places = vec![];
        for (place, file) in self.json {
            file.write(&json)?;
            places.push(place);
        }
        let (place, file) = self.markdown;
        file.write(markdown)?;
        places.push(place);
        if let Some(text) = remedies {
            let (place, file) = self.remedies;
            file.write(&text)?;
            places.push(place);
        }
        Ok(places)
    }
}

/// What is evaluated.
struct Evaluation<'a> {
    args: &'a EvalArgs,
    library: &'a Library,
    adopt: &'a Adopt,
    scenarios: &'a [Arc<Scenario>],
    proposals: &'a [Proposal],
}

/// What came of it.
struct Evaluated {
    matrix: Matrix,
    savings: Savings,
    /// Runs that were thought to be the same as under another proposal, and were
    /// not.
    different: Vec<String>,
    /// Runs that two engines made differently.
    disagreements: Vec<String>,
}

impl Evaluation<'_> {
    /// Makes all draws, and then a few of each cell on the real engine.
    fn make(&self) -> Evaluated {
        let seeds = |scenario: &Scenario| {
            let draws = scenario.effort.draws + u64::from(self.args.runs);
            let seeds = (0..draws).map(|draw| self.args.seed.wrapping_add(draw));
            seeds.collect::<Vec<u64>>()
        };
        let scenarios = self.scenarios.iter();
        let rows: Vec<(&str, Vec<u64>)> = scenarios.map(|it| (it.id.as_str(), seeds(it))).collect();
        let draws: usize = rows.iter().map(|(_, seeds)| seeds.len()).sum();
        let progress = Progress::new(draws as u64, "draws under every proposal");
        let shared = Shared::make(&rows, self.proposals, &|key| self.draw(key), &progress);
        progress.finish();

        let mut cells = vec![];
        let mut to_confirm = BTreeMap::new();
        let mut savings = Savings::default();
        let base = self.proposals.iter();
        let base = base
            .clone()
            .position(|it| it.switches.changed() == Consulted::default());
        for (row, scenario) in self.scenarios.iter().enumerate() {
            let under_base = base.map(|base| shared.cell(row, base));
            for (column, proposal) in self.proposals.iter().enumerate() {
                let draws = shared.cell(row, column);
                let expected = scenario.expected(&proposal.name);
                let fixed = usize::try_from(scenario.effort.draws).expect("a small number");
                let under_base = under_base.as_deref();
                let id = &scenario.id;
                let mut cell = Cell::new(id, proposal, expected, &draws, under_base, fixed);
                if self.confirms(scenario) {
                    let seeds = worth_confirming(&draws, self.least_confirmed(draws.len()));
                    to_confirm.extend(seeds.iter().map(|seed| {
                        shared.made(Key {
                            scenario: row,
                            proposal: column,
                            seed: *seed,
                        })
                    }));
                    cell.confirmed = seeds.into_iter().collect();
                }
                savings.count(draws.len(), shared.saved(row, column));
                cells.push(cell);
            }
        }
        savings.checked = shared.checked.len();
        savings.confirmed = to_confirm.len();
        let progress = Progress::new(to_confirm.len() as u64, "runs on the real engine");
        // Most bytes are those of keys, which take the longest to make. Whoever
        // takes long comes first, or all others would be waited with for it.
        let mut to_confirm: Vec<(Key, &Draw)> = to_confirm.into_iter().collect();
        to_confirm.sort_by_key(|(key, draw)| (Reverse(draw.costs.traffic.client.bytes), *key));
        let confirm = |(key, draw): (Key, &Draw)| {
            let disagreement = self.disagreement(key, draw.trace_hash);
            progress.step();
            disagreement
        };
        let to_confirm = to_confirm.into_par_iter().with_max_len(1);
        let disagreements = to_confirm.filter_map(confirm).collect();
        progress.finish();
        Evaluated {
            matrix: Matrix {
                schema: "unwedge/eval/1",
                version: env!("CARGO_PKG_VERSION"),
                engine: self.args.engine.name(),
                adopt: self.adopt.named(),
                seed: self.args.seed,
                costs: costs_of(&cells),
                cells,
            },
            savings,
            different: shared
                .different
                .iter()
                .map(|it| self.command(*it))
                .collect(),
            disagreements,
        }
    }

    /// Whether runs of a scenario are made on the real engine as well.
    fn confirms(&self, scenario: &Scenario) -> bool {
        self.args.engine == Engine::Both && scenario.effort.engines == Engines::Both
    }

    /// How many of so many draws of a cell are made on the real engine at the least.
    /// Where few draws judge a scenario, since each takes long, it is as much fewer.
    fn least_confirmed(&self, draws: usize) -> usize {
        let draws = (draws as u64).min(Effort::DRAWS);
        let confirm = u64::from(self.args.confirm) * draws;
        usize::try_from(confirm.div_ceil(Effort::DRAWS)).expect("no more than was asked for")
    }

    /// Makes a draw of a cell.
    fn draw(&self, key: Key) -> Draw {
        let engine = match (
            self.args.engine,
            self.scenarios[key.scenario].effort.engines,
        ) {
            (Engine::Real, Engines::Both) => Engine::Real,
            (Engine::Real, Engines::Fast) | (Engine::Fast | Engine::Both, _) => Engine::Fast,
        };
        self.run(engine, key).draw
    }

    /// Where the engines differ in a run of which the fast one made such a
    /// trace, if they do.
    fn disagreement(&self, key: Key, trace_hash: StableHash) -> Option<String> {
        if self.run(Engine::Real, key).draw.trace_hash == trace_hash {
            return None;
        }
        let command = self.command(key);
        Some(match self.run(Engine::Both, key).disagreement {
            Some([real, fast]) => {
                format!("real: {real}\n  fast: {fast}\n  {command} --engine both")
            }
            None => format!(
                "they did, and when the run was made again they did not\n  {command} --engine both"
            ),
        })
    }

    fn run(&self, engine: Engine, key: Key) -> Judged {
        let (scenario, proposal) = (&self.scenarios[key.scenario], &self.proposals[key.proposal]);
        let crypto_seed = self.args.common.crypto_seed;
        let command = self.command(key);
        let command = move || command.clone();
        let protocol = proposal.protocol();
        runner::make(engine, scenario, &protocol, key.seed, crypto_seed, command)
    }

    fn command(&self, key: Key) -> String {
        let (scenario, proposal) = (&self.scenarios[key.scenario], &self.proposals[key.proposal]);
        let adopt = self.adopt.words();
        self.library
            .command(&scenario.id, &proposal.name, key.seed, adopt)
    }
}

/// How many runs had not to be made, because another was known to be the same.
#[derive(Clone, Copy, Debug, Default)]
struct Savings {
    draws: usize,
    saved: usize,
    cells: usize,
    saved_cells: usize,
    checked: usize,
    confirmed: usize,
}

impl Savings {
    /// A cell with so many draws, of which so many were saved.
    fn count(&mut self, draws: usize, saved: usize) {
        self.draws += draws;
        self.saved += saved;
        self.cells += 1;
        self.saved_cells += usize::from(saved == draws);
    }

    fn lines(&self) -> Vec<String> {
        let share = |part: usize, of: usize| 100.0 * part as f64 / of.max(1) as f64;
        let Self {
            draws,
            saved,
            cells,
            saved_cells,
            checked,
            confirmed,
        } = self;
        let mut lines = vec![format!("{draws} draws in {cells} cells")];
        if *saved > 0 {
            lines.push(format!(
                "{saved} draws ({:.1} %) are runs that were made under another proposal and never \
                 consulted what the two do differently, and {saved_cells} cells ({:.1} %) are nothing \
                 but such runs; {checked} of them were made all the same",
                share(*saved, *draws),
                share(*saved_cells, *cells)
            ));
        }
        if *confirmed > 0 {
            lines.push(format!(
                "{confirmed} runs were made on the real engine as well"
            ));
        }
        lines
    }
}

fn print(
    matrix: &Matrix,
    evaluation: &Evaluation<'_>,
    scenarios: &[&Scenario],
    proposals: &[&Proposal],
) {
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
            let adopt = evaluation.adopt.words();
            let library = evaluation.library;
            let command = library.command(&scenario.id, &proposals[0], seed, adopt);
            say(&format!("  {command}"));
        }
    }
}
