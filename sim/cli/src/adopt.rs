//! `--adopt hs1=msc4162,alice=base`: servers and devices that follow a proposal
//! of their own, whatever the others do.

use std::collections::BTreeMap;
use std::sync::Arc;

use unwedge_core::problem::Fault;
use unwedge_core::protocol::Proposal;
use unwedge_core::scenario::Scenario;

use crate::failure::Failure;
use crate::input;
use crate::library::Library;
use crate::output;

/// Who is to follow what.
#[derive(Debug, Default)]
pub(crate) struct Adopt {
    orders: Vec<Order>,
    /// As the command line says it again, for a shell.
    words: String,
}

#[derive(Debug)]
struct Order {
    /// As it was given.
    word: String,
    node: String,
    proposal: Arc<Proposal>,
}

/// The scenario while so many percent follow the proposal under which it is run,
/// drawn by the seed, and the others `base`; if that is wanted.
pub(crate) fn drawn(
    scenario: &Arc<Scenario>,
    percent: Option<u8>,
    seed: u64,
    base: &Proposal,
) -> Arc<Scenario> {
    match percent {
        Some(percent) => Arc::new(scenario.adopted_by(percent, seed, &Arc::new(base.clone()))),
        None => scenario.clone(),
    }
}

impl Adopt {
    /// All proposals that are named: by themselves, or by orders to adopt them.
    pub(crate) fn proposals_of(orders: &[String], named: &[String]) -> Vec<String> {
        let adopted = orders.iter().filter_map(|it| it.split_once('='));
        let adopted = adopted.map(|(_, proposal)| proposal.to_owned());
        named.iter().cloned().chain(adopted).collect()
    }

    /// Reads orders of the form `hs1=msc4162`.
    pub(crate) fn read(words: &[String], library: &Library) -> Result<Self, Box<Failure>> {
        let mut adopt = Self::default();
        for word in words {
            let Some((node, proposal)) = word.split_once('=') else {
                let reason = "it is not of the form NODE=PROPOSAL".to_owned();
                let help = "write who adopts what, as in `hs1=drop-otks-on-restore,alice=base`";
                return Err(input::argument("--adopt", word, reason, help));
            };
            if let Some(twice) = adopt.orders.iter().find(|it| it.node == node) {
                let reason = format!("`{node}` adopts `{}` already", twice.proposal.name);
                let help = "name everybody once; `a+b` adopts both";
                return Err(input::argument("--adopt", word, reason, help));
            }
            let proposal = library.proposal(proposal)?;
            let sign = if adopt.orders.is_empty() {
                " --adopt "
            } else {
                ","
            };
            let said = output::quoted(&format!("{node}={}", library.plain_word(&proposal.name)));
            adopt.words.push_str(sign);
            adopt.words.push_str(&said);
            adopt.orders.push(Order {
                word: word.clone(),
                node: node.to_owned(),
                proposal: Arc::new(proposal),
            });
        }
        Ok(adopt)
    }

    /// The scenario in which that is so.
    pub(crate) fn apply(&self, scenario: &Arc<Scenario>) -> Result<Arc<Scenario>, Box<Failure>> {
        if self.orders.is_empty() {
            return Ok(scenario.clone());
        }
        let mut mixed = Scenario::clone(scenario);
        for Order {
            word,
            node,
            proposal,
        } in &self.orders
        {
            let cast = &scenario.cast;
            let id = cast.node(node).ok_or_else(|| {
                let servers = cast.servers.iter().map(String::as_str);
                let devices = cast.devices.iter().map(|it| it.name.as_str());
                let known = servers.chain(devices);
                let what = format!("server or device of {}", scenario.id);
                let fault = Fault::unknown(&what, node, 0..node.len(), known);
                let problem = fault.within("command line", word);
                Failure::Problem(Box::new(problem))
            })?;
            mixed.adopt.insert(id, proposal.clone());
        }
        Ok(Arc::new(mixed))
    }

    /// What a command that repeats a run has to say of it.
    pub(crate) fn words(&self) -> &str {
        &self.words
    }

    /// Who adopts what, by name.
    pub(crate) fn named(&self) -> BTreeMap<String, String> {
        let orders = self.orders.iter();
        let named = orders.map(|it| (it.node.clone(), it.proposal.name.clone()));
        named.collect()
    }
}
