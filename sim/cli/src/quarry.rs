//! What is hunted and made smaller: a scenario, a proposal and a seed that
//! show something. Asks the fast engine, confirms on the real one, and writes
//! the scenario as a file that shows it again.

use std::iter;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use unwedge_core::hunt::{Came, Find, Hunt};
use unwedge_core::minimise::{self, Minimised};
use unwedge_core::node::Settings;
use unwedge_core::oracle::{self, OutcomeClass};
use unwedge_core::protocol::{Consulted, Proposal, Protocol};
use unwedge_core::report::{Counterexample, Proof, violations};
use unwedge_core::scenario::Scenario;
use unwedge_core::world::Job;

use crate::args::Engine;
use crate::failure::Failure;
use crate::fault;
use crate::output::{self, Reserved, say};
use crate::runner;
use crate::{Outcome, Status};

/// So often it is asked at the most whether something smaller still shows it.
const MOST_TRIALS: usize = 20_000;

/// Under what runs are made, and what is looked for in them.
#[derive(Debug)]
pub(crate) struct Ground {
    pub(crate) proposal: Proposal,
    /// As the command line names the proposal.
    pub(crate) word: String,
    /// Whether its name is enough for whoever reads what is found.
    pub(crate) is_bundled: bool,
    pub(crate) base: Proposal,
    pub(crate) hunt: Hunt,
}

/// A run that is a find.
#[derive(Clone, Debug)]
pub(crate) struct Quarry {
    pub(crate) scenario: Arc<Scenario>,
    pub(crate) seed: u64,
    pub(crate) find: Find,
}

/// Where what was found is written. What is there already is never replaced.
#[derive(Debug)]
pub(crate) struct Target {
    file: PathBuf,
}

impl Target {
    /// Makes sure that a file that somebody named can be written; or else takes
    /// the usual place for this scenario.
    pub(crate) fn reserve(
        named: Option<&Path>,
        root: &Path,
        id: &str,
    ) -> Result<Self, Box<Failure>> {
        let usual = || root.join("reports/latest").join(format!("{id}.toml"));
        let file = named.map_or_else(usual, Path::to_owned);
        Reserved::new(&file)?;
        if named.is_some() && file.is_file() {
            return Err(Failure::Exists { path: file }.into());
        }
        Ok(Self { file })
    }

    /// The first name that is free, and what is to be added to the name of
    /// what is in it: `found.toml`, `found-2.toml`, …
    fn free(&self) -> (PathBuf, String) {
        let name = |number: u64| {
            let stem = self.file.file_stem().unwrap_or_default();
            let mut name = stem.to_owned();
            name.push(format!("-{number}.toml"));
            self.file.with_file_name(name)
        };
        if !self.file.is_file() {
            return (self.file.clone(), String::new());
        }
        let mut later = (2..).map(|number| (name(number), format!("-{number}")));
        let free = later.find(|(file, _)| !file.exists());
        free.expect("some number is free")
    }
}

impl Ground {
    /// The run of a scenario with a seed: how it comes out under `base` and
    /// under the proposal, and what it is there if that is a find.
    ///
    /// A proposal also changes who is handed which key and what comes after what.
    /// Where nothing but luck makes its run the worse of the two, other draws are
    /// as bad under `base`, and it is no find.
    pub(crate) fn look(&self, scenario: &Arc<Scenario>, seed: u64) -> (Came, Came, Option<Find>) {
        let (base, consulted) = self.made(scenario, &self.base, seed);
        // A run that consults nothing of what the proposal changes is the same
        // under it.
        let difference = self.proposal.protocol().difference(&self.base.protocol());
        let under = match consulted.touches(difference) {
            true => self.came(scenario, &self.proposal, seed),
            false => base.clone(),
        };
        let find = self.hunt.find(&under, &base);
        let find = match find {
            Some(find) if find.compares() => {
                let today = self.today(scenario).chain([base.clone()]);
                self.hunt.find(&under, &Came::worst(today))
            }
            other => other,
        };
        (base, under, find)
    }

    /// The draws by which files are judged, under `base`.
    fn today<'a>(&'a self, scenario: &'a Arc<Scenario>) -> impl Iterator<Item = Came> + 'a {
        let draws = 0..scenario.effort.draws;
        draws.map(|seed| self.came(scenario, &self.base, seed))
    }

    /// Makes a find as small as it goes, confirms it on the real engine and
    /// writes it.
    pub(crate) fn bring_home(
        &self,
        quarry: Quarry,
        id: &str,
        title: impl FnOnce(&Counterexample) -> String,
        target: &Target,
    ) -> Outcome {
        let quarry = self.with_an_early_draw(quarry);
        let before = quarry.scenario.clone();
        let Quarry { seed, find, .. } = quarry;
        let mut still = |smaller: &Scenario| self.shows(&Arc::new(smaller.clone()), seed, find);
        let Minimised {
            mut scenario,
            trials,
            complete,
        } = minimise::minimise((*before).clone(), &mut still, MOST_TRIALS);
        if !complete {
            output::mention(&format!(
                "it may go smaller yet: {trials} trials were made, and no more are"
            ));
        }
        let (file, addition) = target.free();
        scenario.id = format!("{id}{addition}");
        let scenario = Arc::new(self.with_usual_bound(scenario, seed));
        let Some(proof) = self.confirm(&scenario, seed)? else {
            return Ok(Status::Fault);
        };
        let mut found = Counterexample {
            scenario: Scenario::clone(&scenario),
            proposal: &self.proposal,
            find,
            proof,
            from: before,
            trials,
            file: output::quoted(&from_here(&file).display().to_string()),
            word: self.word.clone(),
            expect: self.expectations(&scenario),
        };
        found.scenario.title = title(&found);
        for line in found.lines() {
            say(&line);
        }
        Reserved::new(&file)?.write_new(&found.to_toml())?;
        output::mention(&format!("written: {}", file.display()));
        Ok(Status::Differs)
    }

    /// The same find with one of the draws by which files are judged, if one
    /// of them shows it.
    fn with_an_early_draw(&self, quarry: Quarry) -> Quarry {
        let shows = |seed: &u64| self.shows(&quarry.scenario, *seed, quarry.find);
        let draws = quarry.scenario.effort.draws;
        let seed = (0..draws).find(shows).unwrap_or(quarry.seed);
        Quarry { seed, ..quarry }
    }

    /// The same scenario with the usual bound on its trace instead of a closer
    /// one, if every draw that its file speaks of comes to rest within that: then
    /// they are the same runs.
    fn with_usual_bound(&self, scenario: Scenario, seed: u64) -> Scenario {
        let usual = Settings::default().longest_trace;
        if scenario.settings.longest_trace >= usual {
            return scenario;
        }
        let scenario = Arc::new(scenario);
        let seeds = || (0..scenario.effort.draws).chain([seed]);
        let rests = |proposal| {
            let mut all = seeds().map(|seed| self.came(&scenario, proposal, seed));
            all.all(|came| came.outcome < OutcomeClass::Unsettled)
        };
        let mut settings = scenario.settings;
        if rests(&self.base) && rests(&self.proposal) {
            settings.longest_trace = usual;
        }
        Scenario {
            settings,
            ..Arc::unwrap_or_clone(scenario)
        }
    }

    fn shows(&self, scenario: &Arc<Scenario>, seed: u64, find: Find) -> bool {
        let under = self.came(scenario, &self.proposal, seed);
        find.is_shown_by(&under)
            && (!find.compares()
                || iter::once(self.came(scenario, &self.base, seed))
                    .chain(self.today(scenario))
                    .all(|today| !find.is_matched_by(&today)))
    }

    /// What the real engine makes of a run; nothing if it is another run than
    /// the fast engine's, which is a fault of ours.
    fn confirm(&self, scenario: &Arc<Scenario>, seed: u64) -> Result<Option<Proof>, Box<Failure>> {
        let protocol = self.proposal.protocol();
        let made = runner::make(Engine::Both, scenario, &protocol, seed, None, String::new);
        if let Some(difference) = made.disagreement {
            output::mention("a fault of unwedge: the engines make different runs of this:");
            output::mention(&scenario.to_toml());
            difference.iter().for_each(|line| output::mention(line));
            return Ok(None);
        }
        Ok(Some(Proof {
            seed,
            findings: made.draw.findings,
            outcome: made.judgement.outcome,
            violations: violations(&scenario.cast, &made.run.trace, &made.judgement),
            only_probes: made.judgement.only_probes_lost(),
            trace_hash: made.draw.trace_hash,
        }))
    }

    /// The worst outcome of the fixed draws, under today's protocol and under
    /// the proposal, as the file will have to expect it.
    fn expectations(&self, scenario: &Arc<Scenario>) -> Vec<(String, OutcomeClass)> {
        let worst = |proposal: &Proposal| {
            let seeds = 0..scenario.effort.draws;
            let all = seeds.map(|seed| self.came(scenario, proposal, seed).outcome);
            all.max().unwrap_or(OutcomeClass::Ok)
        };
        let mut expect = vec![(self.base.name.clone(), worst(&self.base))];
        // A combination has no name of its own, and a file of one's own may not
        // be at hand where this is read.
        if self.proposal.name != self.base.name && self.is_bundled {
            expect.push((self.proposal.name.clone(), worst(&self.proposal)));
        }
        expect
    }

    fn came(&self, scenario: &Arc<Scenario>, proposal: &Proposal, seed: u64) -> Came {
        self.made(scenario, proposal, seed).0
    }

    /// How a run comes out, and which decisions it consulted.
    fn made(&self, scenario: &Arc<Scenario>, proposal: &Proposal, seed: u64) -> (Came, Consulted) {
        let protocol: Protocol = proposal.protocol();
        let job = Job::new(scenario.clone(), protocol, seed);
        let (scenario, proposal) = (scenario.clone(), proposal.name.clone());
        let command = move || {
            let (name, text) = (&scenario.id, scenario.to_toml());
            format!("unwedge run {name} --proposal {proposal} --seed {seed}\n{text}")
        };
        fault::in_run(command, || {
            let run = runner::simulate(&job);
            (Came::from(&oracle::judge(&run.trace)), run.consulted)
        })
    }
}

/// A file as it is named from this folder, if it is in it.
fn from_here(file: &Path) -> &Path {
    let here = std::env::current_dir().ok();
    let inside = here.and_then(|here| file.strip_prefix(here).ok());
    inside.unwrap_or(file)
}

/// A name for a scenario that belongs to a proposal.
pub(crate) fn identifier(parts: &[&str]) -> String {
    let may = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    let clean = |part: &&str| part.replace(|letter| !may(letter), "-");
    parts.iter().map(clean).collect::<Vec<_>>().join("-")
}
