//! The bundled scenarios and proposals, for tests.
#![allow(dead_code, reason = "each test uses some of it")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use unwedge_core::oracle::{self, Judgement};
use unwedge_core::protocol::{self, Proposal};
use unwedge_core::scenario::{self, Scenario};
use unwedge_core::world::{Job, Run};

/// The draws by which the matrix judges every cell.
pub(crate) const DRAWS: std::ops::Range<u64> = 0..32;

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
    let names: Vec<&str> = proposals.iter().map(|it| it.name.as_str()).collect();
    let read = |file: PathBuf| {
        let text = fs::read_to_string(&file).unwrap();
        Arc::new(scenario::parse(&file.display().to_string(), &text, &names).unwrap())
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

/// Makes a run and judges it.
pub(crate) fn judge(scenario: &Arc<Scenario>, proposal: &Proposal, seed: u64) -> (Run, Judgement) {
    let run = unwedge_madsim::run(&Job::new(scenario.clone(), proposal.protocol(), seed));
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
