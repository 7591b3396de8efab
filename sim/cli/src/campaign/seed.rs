//! The runs of one seed: the scenario that it draws, under every proposal and
//! at every level of adoption.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use unwedge_core::campaign::{EVERYBODY, Evidence, Shown, Tally};
use unwedge_core::generate;
use unwedge_core::oracle;
use unwedge_core::protocol::Consulted;
use unwedge_core::scenario::Scenario;
use unwedge_core::trace::Trace;
use unwedge_core::world::{Job, Run};

use super::chunk::Maker;
use crate::runner;

/// The runs of one in so many seeds are made again.
const REPEAT_ONE_IN: u64 = 100;

/// One seed, and what was made of it.
pub(super) struct Seed<'a> {
    maker: &'a Maker<'a>,
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
    pub(super) fn new(maker: &'a Maker<'a>, seed: u64) -> Self {
        let scenario = Arc::new(generate::scenario(seed));
        Self {
            maker,
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
        let maker = self.maker;
        let repeat = self.seed.is_multiple_of(REPEAT_ONE_IN);
        let mut shown = BTreeMap::new();
        for place in maker.sharing.order() {
            let known = self.known(place);
            let known = known.map(|run| (run.place, run.evidence.clone()));
            let is_made = known.is_none();
            let evidence = match known {
                Some((other, evidence)) => {
                    if repeat {
                        self.check(place, other)?;
                    }
                    evidence
                }
                None => self.make(place, repeat)?,
            };
            shown.insert(place, Shown { evidence, is_made });
        }
        let shown: Vec<Shown> = shown.into_values().collect();
        tally.count(self.seed, &maker.plan.entrants, &shown);
        tally.repeated += u64::from(repeat);
        tally.calls += self.calls;
        Ok(())
    }

    /// The run that is known to be the same under a proposal. Followers are as
    /// many in both, or the run is one of `base`, which nobody follows alone.
    fn known(&self, place: usize) -> Option<&Made> {
        let entrants = &self.maker.plan.entrants;
        let adoption = entrants[place].adoption;
        self.maker.sharing.stand_in(place, &self.made, |run| {
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
        let entrants = &self.maker.plan.entrants;
        let [other, name] = [other, place].map(|it| entrants[it].say());
        let what = format!("a run was to be counted as the same as under {other}, and is not");
        let traces = [(&*other, &same.trace), (&*name, &run.trace)];
        Err(self.fault(place, &what, traces))
    }

    fn run(&mut self, place: usize) -> Run {
        let maker = self.maker;
        let protocol = maker.protocols[place].clone();
        let mut job = Job::new(self.scenario(place), protocol, self.seed);
        job.crypto_seed = maker.crypto_seed.unwrap_or(self.seed);
        let command = || format!("{} --engine fast", self.command(place));
        let run = runner::make_fast(&job, command);
        self.calls += run.calls;
        run
    }

    /// The scenario with the followers that a proposal has.
    fn scenario(&mut self, place: usize) -> Arc<Scenario> {
        let adoption = self.maker.plan.entrants[place].adoption;
        let all = self.scenarios[&EVERYBODY].clone();
        let mixed = self.scenarios.entry(adoption);
        let mix = || Arc::new(all.adopted_by(adoption, self.seed, &self.maker.base));
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

    fn command(&self, place: usize) -> String {
        self.maker.plan.entrants[place].command(self.seed)
    }
}
