//! The scenarios and proposals that a command works with: those of the
//! repository, and files that the command line names.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use unwedge_core::generate;
use unwedge_core::problem::Fault;
use unwedge_core::protocol::{self, Proposal};
use unwedge_core::scenario::{self, Scenario};

use crate::args::Common;
use crate::failure::Failure;
use crate::input;
use crate::output;

/// All that is bundled, in the order in which it is shown, with its files.
#[derive(Debug)]
pub(crate) struct Library {
    pub(crate) root: PathBuf,
    pub(crate) scenarios: Vec<Arc<Scenario>>,
    pub(crate) proposals: Vec<Proposal>,
    files: BTreeMap<String, PathBuf>,
}

impl Library {
    /// Reads everything bundled, and the proposals that `named` adds to it.
    pub(crate) fn open(common: &Common, named: &[String]) -> Result<Self, Box<Failure>> {
        let root = match &common.root {
            Some(root) => root.clone(),
            None => find_root().ok_or(Failure::NoLibrary)?,
        };
        let mut library = Self {
            root,
            scenarios: vec![],
            proposals: vec![],
            files: BTreeMap::new(),
        };
        library.read_proposals(named)?;
        for file in toml_files(&library.root.join("scenarios"))? {
            library.add_scenario(&file)?;
        }
        library.scenarios.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(library)
    }

    /// The scenarios to work with: those that `selected` names, or all, and
    /// those in the files `added`.
    pub(crate) fn select_scenarios(
        &mut self,
        selected: &[String],
        added: &[PathBuf],
    ) -> Result<Vec<Arc<Scenario>>, Box<Failure>> {
        let mut chosen: Vec<Arc<Scenario>> = if selected.is_empty() {
            self.scenarios.clone()
        } else {
            vec![]
        };
        for word in selected {
            chosen.push(self.scenario(word)?);
        }
        for file in added {
            chosen.push(self.add_scenario(file)?);
        }
        let mut seen = vec![];
        chosen.retain(|scenario| {
            let new = !seen.contains(&scenario.id);
            seen.push(scenario.id.clone());
            new
        });
        Ok(chosen)
    }

    /// The command that repeats a run, for a shell. What is not bundled is
    /// named by file. `adopt` is what it has to say of who adopts what.
    pub(crate) fn command(&self, scenario: &str, proposal: &str, seed: u64, adopt: &str) -> String {
        let (scenario, proposal) = (self.word(scenario), self.word(proposal));
        format!("unwedge run {scenario} --proposal {proposal} --seed {seed}{adopt}")
    }

    /// How a command names a scenario or a proposal, for a shell. What is not
    /// bundled is named by file.
    pub(crate) fn word(&self, name: &str) -> String {
        output::quoted(&self.plain_word(name))
    }

    /// The same before a shell takes it.
    pub(crate) fn plain_word(&self, name: &str) -> String {
        let parts = parts(name, |part| self.files.contains_key(part));
        let words: Vec<String> = parts
            .into_iter()
            .map(|part| match self.files.get(&name[part.clone()]) {
                Some(file) if !self.is_bundled(file) => file.display().to_string(),
                _ => name[part].to_owned(),
            })
            .collect();
        words.join("+")
    }

    /// Whether a name is enough for whoever has the same repository.
    pub(crate) fn is_bundled_name(&self, name: &str) -> bool {
        self.files.get(name).is_some_and(|it| self.is_bundled(it))
    }

    fn is_bundled(&self, file: &Path) -> bool {
        ["scenarios", "proposals"]
            .iter()
            .any(|folder| file.starts_with(self.root.join(folder)))
    }

    /// The scenario that a word names: by identifier, by file, or by the seed
    /// that draws it.
    pub(crate) fn scenario(&mut self, word: &str) -> Result<Arc<Scenario>, Box<Failure>> {
        if let Some(scenario) = self.scenarios.iter().find(|it| it.id == word) {
            return Ok(scenario.clone());
        }
        if is_file(word) {
            return self.add_scenario(Path::new(word));
        }
        let seed = word.strip_prefix("random-").map(str::parse);
        if let Some(Ok(seed)) = seed {
            return Ok(Arc::new(generate::scenario(seed)));
        }
        if self.proposals.iter().any(|it| it.name == word) {
            let (reason, help) = ("this is a proposal", "give it with --proposal");
            return Err(input::argument("scenario", word, reason.to_owned(), help));
        }
        let known = self.scenarios.iter().map(|it| it.id.as_str());
        let fault = Fault::unknown("scenario", word, 0..word.len(), known);
        let help = fault.help.clone().unwrap_or_default();
        let fault = fault.with_help(format!("{help} (`random-7` is what seed 7 draws)"));
        Err(Failure::Problem(Box::new(fault.within("command line", word))).into())
    }

    /// The proposals to work with: those that the words name, or all.
    pub(crate) fn select_proposals(&self, words: &[String]) -> Result<Vec<Proposal>, Box<Failure>> {
        if words.is_empty() {
            return Ok(self.proposals.clone());
        }
        let mut chosen: Vec<Proposal> = vec![];
        for word in words {
            let proposal = self.proposal(word)?;
            if !chosen.iter().any(|it| it.name == proposal.name) {
                chosen.push(proposal);
            }
        }
        Ok(chosen)
    }

    /// The proposal that a word names: by name, by file, or a combination.
    pub(crate) fn proposal(&self, word: &str) -> Result<Proposal, Box<Failure>> {
        let mut combined = vec![];
        for place in parts(word, is_there) {
            let part = &word[place.clone()];
            let name = if is_file(part) {
                stem(Path::new(part))
            } else {
                part.to_owned()
            };
            let found = self.proposals.iter().find(|it| it.name == name);
            let known = self.proposals.iter().map(|it| it.name.as_str());
            if found.is_none() && self.scenarios.iter().any(|it| it.id == part) {
                let reason = "this is a scenario".to_owned();
                let help = "name a proposal: `list proposals`";
                return Err(input::argument("proposal", part, reason, help));
            }
            combined.push(found.ok_or_else(|| unknown("proposal", part, place, word, known))?);
        }
        protocol::combine(&combined).map_err(|conflict| Failure::Conflict(conflict).into())
    }

    /// `base` first, then the other proposals, then the known bugs.
    fn read_proposals(&mut self, named: &[String]) -> Result<(), Box<Failure>> {
        let folder = self.root.join("proposals");
        let mutants = folder.join("mutants");
        let (bugs, mut files): (Vec<PathBuf>, Vec<PathBuf>) = toml_files(&folder)?
            .into_iter()
            .partition(|file| file.starts_with(&mutants));
        files.sort_by_key(|file| (stem(file) != "base", file.clone()));
        let named = named
            .iter()
            .flat_map(|word| parts(word, is_there).into_iter().map(|it| &word[it]))
            .filter(|word| is_file(word));
        for file in files
            .into_iter()
            .chain(bugs)
            .chain(named.map(PathBuf::from))
        {
            let name = stem(&file);
            if self.is_same_file(&name, &file) {
                continue;
            }
            let text = input::read(&file)?;
            if input::has(&text, "steps") && !input::has(&text, "switches") {
                let reason = "this is a scenario's file, and a proposal is wanted".to_owned();
                let help = "give it as the scenario";
                let word = file.display().to_string();
                return Err(input::argument("proposal", &word, reason, help));
            }
            let proposal = protocol::parse(&name, &file.display().to_string(), &text)?;
            self.claim_name("proposals", &name, &file)?;
            self.proposals.push(proposal);
        }
        Ok(())
    }

    fn add_scenario(&mut self, file: &Path) -> Result<Arc<Scenario>, Box<Failure>> {
        let text = input::read(file)?;
        if input::has(&text, "switches") && !input::has(&text, "steps") {
            let reason = "this is a proposal's file, and a scenario is wanted".to_owned();
            let help = "give it with --proposal";
            let word = file.display().to_string();
            return Err(input::argument("scenario", &word, reason, help));
        }
        let proposals: Vec<&Proposal> = self.proposals.iter().collect();
        let scenario = scenario::parse(&file.display().to_string(), &text, &proposals)?;
        if self.is_same_file(&scenario.id, file)
            && let Some(known) = self.scenarios.iter().find(|it| it.id == scenario.id)
        {
            return Ok(known.clone());
        }
        self.claim_name("scenarios", &scenario.id, file)?;
        let scenario = Arc::new(scenario);
        self.scenarios.push(scenario.clone());
        Ok(scenario)
    }

    fn is_same_file(&self, name: &str, file: &Path) -> bool {
        let canonical = |path: &Path| fs::canonicalize(path).ok();
        self.files
            .get(name)
            .is_some_and(|known| canonical(known) == canonical(file))
    }

    fn claim_name(
        &mut self,
        what: &'static str,
        name: &str,
        file: &Path,
    ) -> Result<(), Box<Failure>> {
        match self.files.insert(name.to_owned(), file.to_owned()) {
            None => Ok(()),
            Some(first) => {
                let (name, second) = (name.to_owned(), file.to_owned());
                Err(Failure::Twice {
                    what,
                    name,
                    first,
                    second,
                }
                .into())
            }
        }
    }
}

/// Where the parts of a combination are in a word, which are joined by `+`.
/// What `is_one` is one part, though there may be a `+` in it.
fn parts(word: &str, is_one: impl Fn(&str) -> bool) -> Vec<Range<usize>> {
    let mut parts = vec![];
    let mut start = 0;
    while start <= word.len() {
        let plus = word[start..].match_indices('+');
        let ends: Vec<usize> = plus
            .map(|(place, _)| start + place)
            .chain([word.len()])
            .collect();
        let longest = ends.iter().rev().find(|end| is_one(&word[start..**end]));
        let end = *longest.unwrap_or(&ends[0]);
        parts.push(start..end);
        start = end + 1;
    }
    parts
}

/// Whether a word names a file that is there.
fn is_there(word: &str) -> bool {
    is_file(word) && Path::new(word).is_file()
}

/// A word of the command line that names nothing.
fn unknown<'a>(
    what: &str,
    word: &str,
    place: std::ops::Range<usize>,
    argument: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Box<Failure> {
    let problem = Fault::unknown(what, word, place, known).within("command line", argument);
    Failure::Problem(Box::new(problem)).into()
}

/// Whether a word of the command line means a file: no name has a dot or a
/// slash in it.
fn is_file(word: &str) -> bool {
    word.contains(['.', '/'])
}

fn stem(file: &Path) -> String {
    file.file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

/// This folder or the nearest above it that has what a library needs.
pub(crate) fn find_root() -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    let is_library = |dir: &&Path| dir.join("scenarios").is_dir() && dir.join("proposals").is_dir();
    here.ancestors().find(is_library).map(Path::to_owned)
}

/// All TOML files of a folder and the folders in it, in order.
fn toml_files(folder: &Path) -> Result<Vec<PathBuf>, Box<Failure>> {
    let unreadable = |error: std::io::Error| {
        let (file, help) = (
            folder.to_owned(),
            "name a folder with `scenarios` and `proposals`",
        );
        Box::new(Failure::Unreadable {
            file,
            reason: error.to_string(),
            help,
        })
    };
    let mut entries = vec![];
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        entries.push(entry.map_err(unreadable)?.path());
    }
    entries.sort();
    let mut files = vec![];
    for entry in entries {
        if entry.is_dir() {
            files.extend(toml_files(&entry)?);
        } else if entry.extension().is_some_and(|it| it == "toml") {
            files.push(entry);
        }
    }
    Ok(files)
}
