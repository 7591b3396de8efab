//! The bundled scenarios and proposals, for tests.
#![allow(dead_code, reason = "each test uses some of it")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use unwedge_core::fast;
use unwedge_core::oracle::{self, Judgement};
use unwedge_core::protocol::{self, Consulted, Proposal, Protocol};
use unwedge_core::scenario::{self, Engines, Scenario};
use unwedge_core::trace::hash::StableHash;
use unwedge_core::world::{Job, Run};

/// The first of the draws by which the matrix judges every cell.
pub(crate) const DRAWS: Range<u64> = 0..32;

/// Every bundled proposal, known bugs included.
pub(crate) fn proposals() -> Vec<Proposal> {
    let read = |file: PathBuf| {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        protocol::parse(&name, &name, &fs::read_to_string(file).unwrap()).unwrap()
    };
    toml_files(&root().join("proposals"))
        .into_iter()
        .map(read)
        .collect()
}

/// The bundled proposal of this name.
pub(crate) fn proposal(name: &str) -> Proposal {
    proposals().into_iter().find(|it| it.name == name).unwrap()
}

/// Every bundled scenario.
pub(crate) fn scenarios() -> Vec<Arc<Scenario>> {
    let proposals = proposals();
    let known: Vec<&Proposal> = proposals.iter().collect();
    let read = |file: PathBuf| {
        let text = fs::read_to_string(&file).unwrap();
        Arc::new(scenario::parse(&file.display().to_string(), &text, &known).unwrap())
    };
    toml_files(&root().join("scenarios"))
        .into_iter()
        .map(read)
        .collect()
}

/// The files of all bundled scenarios, in the same order.
pub(crate) fn scenario_texts() -> Vec<String> {
    let files = toml_files(&root().join("scenarios")).into_iter();
    files
        .map(|file| fs::read_to_string(file).unwrap())
        .collect()
}

/// The bundled scenario with this identifier.
pub(crate) fn scenario(id: &str) -> Arc<Scenario> {
    scenarios().into_iter().find(|it| it.id == id).unwrap()
}

/// The bundled cells that differ in some of these draws, of the scenarios that are
/// for the real engine. What one proposal does otherwise than another does not
/// matter to a run that never consulted it.
pub(crate) fn distinct_cells(draws: &Range<u64>) -> Vec<(Arc<Scenario>, Proposal)> {
    distinct(draws, |_, _| true)
}

/// Some of them, for what takes long: every scenario under `base` and one in ten of
/// the others. `eval` makes a few draws of every cell on both engines.
pub(crate) fn sampled_cells(draws: &Range<u64>) -> Vec<(Arc<Scenario>, Proposal)> {
    distinct(draws, |scenario, proposal| {
        let [sample, _] = StableHash::of(&(&scenario.id, &proposal.name)).words();
        proposal.name == "base" || sample.is_multiple_of(10)
    })
}

fn distinct(
    draws: &Range<u64>,
    is_wanted: impl Fn(&Scenario, &Proposal) -> bool,
) -> Vec<(Arc<Scenario>, Proposal)> {
    let mut cells = vec![];
    let scenarios = scenarios().into_iter();
    for scenario in scenarios.filter(|it| it.effort.engines == Engines::Both) {
        let mut made: Vec<(Protocol, Vec<Consulted>)> = vec![];
        let proposals = proposals().into_iter();
        for proposal in proposals.filter(|it| is_wanted(&scenario, it)) {
            let protocol = proposal.protocol();
            let is_same = |(other, consulted): &(Protocol, Vec<Consulted>)| {
                let difference = protocol.difference(other);
                consulted.iter().all(|it| !it.touches(difference))
            };
            if made.iter().any(is_same) {
                continue;
            }
            let run = |seed| fast::run(&Job::new(scenario.clone(), protocol.clone(), seed));
            let consulted = draws.clone().map(|seed| run(seed).consulted).collect();
            made.push((protocol, consulted));
            cells.push((scenario.clone(), proposal));
        }
    }
    cells
}

/// Makes a run and judges it; on the fast engine, for there are other tests to
/// show that the real one makes the same of it.
pub(crate) fn judge(scenario: &Arc<Scenario>, proposal: &Proposal, seed: u64) -> (Run, Judgement) {
    let run = fast::run(&Job::new(scenario.clone(), proposal.protocol(), seed));
    let judgement = oracle::judge(&run.trace);
    (run, judgement)
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn toml_files(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    let files = |entry: PathBuf| {
        if entry.is_dir() {
            toml_files(&entry)
        } else {
            vec![entry]
        }
    };
    entries.into_iter().flat_map(files).collect()
}
