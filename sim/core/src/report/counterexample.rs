//! A counterexample as a scenario file: what happens, what comes of it, and
//! the command that shows it again.

use std::sync::Arc;

use super::story::{Finding, capitalised};
use super::unread::ONLY_PROBES;
use crate::hunt::{Breach, Find};
use crate::oracle::OutcomeClass;
use crate::protocol::Proposal;
use crate::scenario::Scenario;
use crate::trace::hash::StableHash;

/// A run on the real engine that shows it.
#[derive(Clone, Debug)]
pub struct Proof {
    /// The seed of its draws.
    pub seed: u64,
    /// Why it came out as it did.
    pub findings: Vec<Finding>,
    /// How it came out, whatever the reason.
    pub outcome: OutcomeClass,
    /// What was unsafe, in lines.
    pub violations: Vec<String>,
    /// Whether all that was not read were probes.
    pub only_probes: bool,
    /// Stands for the whole run.
    pub trace_hash: StableHash,
}

/// A scenario that was made as small as it goes, and what it shows.
#[derive(Clone, Debug)]
pub struct Counterexample<'a> {
    /// The scenario.
    pub scenario: Scenario,
    /// Under which proposal it shows it.
    pub proposal: &'a Proposal,
    /// What it shows.
    pub find: Find,
    /// The run that shows it.
    pub proof: Proof,
    /// What it was before it was made smaller.
    pub from: Arc<Scenario>,
    /// How many smaller scenarios were tried.
    pub trials: usize,
    /// The file that it is written to.
    pub file: String,
    /// As the command line names the proposal.
    pub word: String,
    /// How it comes out over the fixed draws, by proposal.
    pub expect: Vec<(String, OutcomeClass)>,
}

impl Counterexample<'_> {
    /// What is wrong, in a line.
    #[must_use]
    pub fn title(&self) -> String {
        let (name, outcome) = (&self.proposal.name, self.find.outcome.name());
        let cause = self.find.cause.map(|cause| cause.name());
        let of = cause.map_or_else(String::new, |cause| format!(" by {cause}"));
        match self.find.breach {
            Breach::Claim => format!("Still {outcome}{of}, which {name} claims to end"),
            Breach::Regression => format!("Worse under {name} than today: {outcome}{of}"),
            Breach::Safety(oracle) => format!("Unsafe under {name} and not today: {oracle}"),
            Breach::Failure => format!("Under {name}: {outcome}{of}"),
        }
    }

    /// The command that shows it again.
    #[must_use]
    pub fn command(&self) -> String {
        let (file, word, seed) = (&self.file, &self.word, self.proof.seed);
        format!("unwedge run {file} --proposal {word} --seed {seed}")
    }

    /// What is said of it beside the file.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let size = |scenario: &Scenario| {
            let steps = count(scenario.steps.len(), "step");
            format!(
                "{steps} and {}",
                count(scenario.cast.devices.len(), "device")
            )
        };
        let mut lines = vec![
            self.title(),
            format!(
                "{}, made of {} in {} trials; confirmed on the real engine",
                size(&self.scenario),
                size(&self.from),
                self.trials
            ),
        ];
        for timed in &self.scenario.steps {
            let said = self.scenario.cast.say(&timed.step);
            lines.push(format!("  {}: {said}", timed.at));
        }
        lines.extend(self.adopted().map(|it| format!("  {it}")));
        for finding in &self.proof.findings {
            lines.push(format!("cause: {}", finding.sentence()));
        }
        lines.extend(self.proof.violations.iter().cloned());
        lines.extend(self.today().map(str::to_owned));
        lines.extend(self.proof.only_probes.then(|| ONLY_PROBES.to_owned()));
        lines.push(format!("  {}", self.command()));
        lines
    }

    /// The file.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let mut scenario = self.scenario.clone();
        scenario.story = self.story();
        scenario.expect = self.expect.iter().cloned().collect();
        scenario.to_toml()
    }

    /// Who follows something else than the proposal.
    fn adopted(&self) -> impl Iterator<Item = String> {
        let Scenario { cast, adopt, .. } = &self.scenario;
        let all = adopt.iter();
        all.map(|(node, own)| format!("{} follows {}", cast.say(node), own.name))
    }

    /// What is known of the same scenario under `base`, if that is what matters.
    fn today(&self) -> Option<&'static str> {
        match self.find.breach {
            Breach::Claim | Breach::Failure => None,
            Breach::Regression => Some("under base it comes out as bad in none of its draws"),
            Breach::Safety(_) => {
                Some("under base it is not unsafe in that way in any of its draws")
            }
        }
    }

    fn story(&self) -> String {
        let mut story = String::new();
        for timed in &self.scenario.steps {
            let said = self.scenario.cast.say(&timed.step);
            story.push_str(&format!("At {}, {said}.\n", timed.at));
        }
        for adopted in self.adopted() {
            story.push_str(&format!("{adopted}.\n"));
        }
        let outcome = self.proof.outcome.name();
        let (name, seed) = (&self.proposal.name, self.proof.seed);
        story.push_str(&format!(
            "Under {name} that comes out as {outcome} (seed {seed}):\n"
        ));
        for finding in &self.proof.findings {
            story.push_str(&format!("{}.\n", finding.sentence()));
        }
        for line in &self.proof.violations {
            story.push_str(&format!("{line}\n"));
        }
        if let Some(today) = self.today() {
            story.push_str(&format!("{}.\n", capitalised(today)));
        }
        if self.proof.only_probes {
            story.push_str(&format!("{}.\n", capitalised(ONLY_PROBES)));
        }
        let from = &self.from.id;
        story.push_str(&format!(
            "It was {from} before it was made as small as it goes. This shows it again:\n{}\n",
            self.command()
        ));
        story
    }
}

fn count(number: usize, what: &str) -> String {
    match number {
        1 => format!("1 {what}"),
        _ => format!("{number} {what}s"),
    }
}
