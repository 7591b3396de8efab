//! The runs of one seed: the scenario that it draws, under every proposal and
//! at every level of adoption.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use unwedge_core::campaign::{EVERYBODY, Entrant, Evidence, Shown, Tally};
use unwedge_core::generate;
use unwedge_core::oracle;
use unwedge_core::protocol::{Consulted, Proposal, Protocol};
use unwedge_core::scenario::Scenario;
use unwedge_core::trace::Trace;
use unwedge_core::world::{Job, Run};

use crate::fault;
use crate::runner;
use crate::sharing::Sharing;

/// The runs of one in so many seeds are made again.
const REPEAT_ONE_IN: u64 = 100;

/// Who takes part in a campaign, `base` first.
pub(super) struct Field<'a> {
    entrants: &'a [Entrant],
    /// What each is to its followers: without any, what `base` is.
    protocols: Vec<Protocol>,
    sharing: Sharing,
    /// What everybody else follows.
    base: Arc<Proposal>,
    crypto_seed: Option<u64>,
}

impl<'a> Field<'a> {
    pub(super) fn new(entrants: &'a [Entrant], base: &Proposal, crypto_seed: Option<u64>) -> Self {
        let protocols = entrants.iter().map(|entrant| match entrant.adoption {
            0 => base.protocol(),
            _ => entrant.switches.over_today(),
        });
        let protocols: Vec<Protocol> = protocols.collect();
        Self {
            entrants,
            sharing: Sharing::new(&protocols),
            protocols,
            base: Arc::new(base.clone()),
            crypto_seed,
        }
    }
}

/// One seed, and what was made of it.
pub(super) struct Seed<'a> {
    field: &'a Field<'a>,
    seed: u64,
    /// The scenario while so many percent follow a proposal, and the others
    /// `base`.
    scenarios: BTreeMap<u8, Arc<Scenario>>,
    made: Vec<Made>,
    /// How often a node was called in all of it.
    calls: u64,
}

/// A run that was made, and may be the same under proposals to come.
struct Made {
    /// The place of the proposal that it was made under.
    place: usize,
    consulted: Consulted,
    evidence: Rc<Evidence>,
}

impl<'a> Seed<'a> {
    pub(super) fn new(field: &'a Field<'a>, seed: u64) -> Self {
        let command = move || format!("unwedge run random-{seed} --engine fast");
        let scenario = fault::in_run(command, || Arc::new(generate::scenario(seed)));
        Self {
            field,
            seed,
            scenarios: BTreeMap::from([(EVERYBODY, scenario)]),
            made: vec![],
            calls: 0,
        }
    }

    /// Makes the runs that have to be made, and counts them.
    ///
    /// # Errors
    /// If a run does not come out the same again: a fault of unwedge, in words.
    pub(super) fn count(mut self, tally: &mut Tally) -> Result<(), String> {
        let field = self.field;
        let repeat = self.seed.is_multiple_of(REPEAT_ONE_IN);
        let mut shown = BTreeMap::new();
        for place in field.sharing.order() {
            let known = self.known(place);
            let known = known.map(|run| (run.place, run.evidence.clone()));
            let is_made = known.is_none();
            let evidence = match known {
                Some((other, evidence)) => {
                    if repeat {
                        fault::in_run(self.repeats(place), || self.check(place, other))?;
                    }
                    evidence
                }
                None => fault::in_run(self.repeats(place), || self.make(place, repeat))?,
            };
            shown.insert(place, Shown { evidence, is_made });
        }
        let shown: Vec<Shown> = shown.into_values().collect();
        tally.count(self.seed, field.entrants, &shown);
        tally.repeated += u64::from(repeat);
        tally.calls += self.calls;
        Ok(())
    }

    /// The run that is known to be the same under a proposal. Followers are as
    /// many in both, or the run is one of `base`, which nobody follows alone.
    fn known(&self, place: usize) -> Option<&Made> {
        let entrants = self.field.entrants;
        let adoption = entrants[place].adoption;
        self.field.sharing.stand_in(place, &self.made, |run| {
            let comparable = run.place == 0 || entrants[run.place].adoption == adoption;
            comparable.then_some((run.place, run.consulted))
        })
    }

    /// Makes the run of a proposal, and again if it is to be compared.
    fn make(&mut self, place: usize, repeat: bool) -> Result<Rc<Evidence>, String> {
        let run = self.run(place);
        if repeat {
            let again = self.run(place);
            if again.trace.hash() != run.trace.hash() {
                let what = "a run that is made again comes out otherwise";
                let traces = [("once", &run.trace), ("again", &again.trace)];
                return Err(self.fault(place, what, traces));
            }
        }
        let judgement = oracle::judge(&run.trace);
        let evidence = Rc::new(Evidence::of(&self.scenario(place), &run, &judgement));
        self.made.push(Made {
            place,
            consulted: run.consulted,
            evidence: evidence.clone(),
        });
        Ok(evidence)
    }

    /// Makes a run that has not to be made, to see that it is as another.
    fn check(&mut self, place: usize, other: usize) -> Result<(), String> {
        let [same, run] = [other, place].map(|it| self.run(it));
        if run.trace.hash() == same.trace.hash() {
            return Ok(());
        }
        let entrants = self.field.entrants;
        let [other, name] = [other, place].map(|it| entrants[it].say());
        let what = format!("a run was to be counted as the same as under {other}, and is not");
        let traces = [(&*other, &same.trace), (&*name, &run.trace)];
        Err(self.fault(place, &what, traces))
    }

    fn run(&mut self, place: usize) -> Run {
        let field = self.field;
        let protocol = field.protocols[place].clone();
        let mut job = Job::new(self.scenario(place), protocol, self.seed);
        job.crypto_seed = field.crypto_seed.unwrap_or(self.seed);
        let run = runner::simulate(&job);
        self.calls += run.calls;
        run
    }

    /// The scenario with the followers that a proposal has.
    fn scenario(&mut self, place: usize) -> Arc<Scenario> {
        let adoption = self.field.entrants[place].adoption;
        let all = self.scenarios[&EVERYBODY].clone();
        let mixed = self.scenarios.entry(adoption);
        let mix = || Arc::new(all.adopted_by(adoption, self.seed, &self.field.base));
        mixed.or_insert_with(mix).clone()
    }

    fn fault(&self, place: usize, what: &str, traces: [(&str, &Trace); 2]) -> String {
        let [(first, once), (second, again)] = traces;
        let cast = &self.scenarios[&EVERYBODY].cast;
        let difference = once.say_difference(again, cast);
        let [once, again] = difference.unwrap_or_default();
        let command = self.command(place);
        format!(
            "a fault of unwedge: {what}\n  {first}: {once}\n  {second}: {again}\n  {command} --engine both"
        )
    }

    /// The command that makes a run of this campaign again.
    fn repeats(&self, place: usize) -> impl Fn() -> String + Send + use<> {
        let command = self.command(place);
        move || format!("{command} --engine fast")
    }

    fn command(&self, place: usize) -> String {
        self.field.entrants[place].command(self.seed)
    }
}
