//! The draws of all cells, each run made once.

use std::sync::Arc;

use rayon::prelude::*;
use unwedge_core::protocol::{Proposal, Protocol};
use unwedge_core::report::Draw;
use unwedge_core::trace::hash::StableHash;

use crate::progress::Progress;
use crate::sharing::Sharing;

/// One in so many runs that are known to be the same is made all the same.
const CHECK_ONE_IN: u64 = 100;

/// Which run: a scenario, a proposal and a seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) scenario: usize,
    pub(super) proposal: usize,
    pub(super) seed: u64,
}

/// What a run has shown, and under which proposal it was made.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) draw: Arc<Draw>,
    pub(super) made_under: usize,
}

/// The draws of some scenarios under some proposals.
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// By scenario, by draw and by proposal.
    draws: Vec<Vec<Vec<Known>>>,
    /// Runs that were known from another and made all the same.
    pub(super) checked: Vec<Key>,
    /// Those of them that came out otherwise.
    pub(super) different: Vec<Key>,
}

/// The draws of one seed, and which of them were made though they were known.
#[derive(Debug, Default)]
struct Row {
    known: Vec<Known>,
    checked: Vec<Key>,
    different: Vec<Key>,
}

/// The proposals under which draws are made.
struct Columns<'a> {
    proposals: &'a [Proposal],
    sharing: Sharing,
}

impl<'a> Columns<'a> {
    fn new(proposals: &'a [Proposal]) -> Self {
        let protocols: Vec<Protocol> = proposals.iter().map(Proposal::protocol).collect();
        let sharing = Sharing::new(&protocols);
        Self { proposals, sharing }
    }

    /// Makes the runs of one seed of a scenario that have to be made, by `make`.
    fn row(&self, scenario: usize, id: &str, seed: u64, make: &impl Fn(Key) -> Draw) -> Row {
        let mut known: Vec<Option<Known>> = vec![None; self.proposals.len()];
        let mut row = Row::default();
        let mut made: Vec<(usize, Arc<Draw>)> = vec![];
        for proposal in self.sharing.order() {
            let key = Key {
                scenario,
                proposal,
                seed,
            };
            let about = |(other, draw): &(usize, Arc<Draw>)| Some((*other, draw.consulted));
            let same = self.sharing.stand_in(proposal, &made, about);
            let Some((made_under, draw)) = same.cloned() else {
                let draw = Arc::new(make(key));
                made.push((proposal, draw.clone()));
                let made_under = proposal;
                known[proposal] = Some(Known { draw, made_under });
                continue;
            };
            let [sample, _] = StableHash::of(&(id, &self.proposals[proposal].name, seed)).words();
            if sample.is_multiple_of(CHECK_ONE_IN) {
                row.checked.push(key);
                if make(key).trace_hash != draw.trace_hash {
                    row.different.push(key);
                }
            }
            known[proposal] = Some(Known { draw, made_under });
        }
        row.known = known.into_iter().flatten().collect();
        row
    }
}

impl Shared {
    /// Makes what has to be made, by `make`. Each scenario comes with its
    /// identifier and its seeds.
    pub(super) fn make(
        scenarios: &[(&str, Vec<u64>)],
        proposals: &[Proposal],
        make: &(impl Fn(Key) -> Draw + Sync),
        progress: &Progress,
    ) -> Self {
        let columns = Columns::new(proposals);
        let mut wanted: Vec<(usize, usize)> = vec![];
        for (scenario, (_, seeds)) in scenarios.iter().enumerate() {
            wanted.extend((0..seeds.len()).map(|place| (scenario, place)));
        }
        // Few draws are few because they take long: nobody should have to wait
        // for them alone.
        wanted.sort_by_key(|(scenario, place)| (scenarios[*scenario].1.len(), *scenario, *place));
        let rows = wanted
            .into_par_iter()
            .with_max_len(1)
            .map(|(scenario, place)| {
                let (id, seeds) = &scenarios[scenario];
                let row = columns.row(scenario, id, seeds[place], make);
                progress.step();
                (scenario, place, row)
            });
        let mut rows: Vec<(usize, usize, Row)> = rows.collect();
        rows.sort_by_key(|(scenario, place, _)| (*scenario, *place));
        let mut shared = Self {
            draws: vec![vec![]; scenarios.len()],
            ..Self::default()
        };
        for (scenario, _, row) in rows {
            shared.draws[scenario].push(row.known);
            shared.checked.extend(row.checked);
            shared.different.extend(row.different);
        }
        shared
    }

    /// The draws of a cell, in the order of their seeds.
    pub(super) fn cell(&self, scenario: usize, proposal: usize) -> Vec<&Draw> {
        let draws = self.draws[scenario].iter();
        draws.map(|it| &*it[proposal].draw).collect()
    }

    /// The run that was made for a draw of a cell.
    pub(super) fn made(&self, key: Key) -> (Key, &Draw) {
        let mut draws = self.draws[key.scenario].iter().map(|it| &it[key.proposal]);
        let known = draws.find(|it| it.draw.seed == key.seed);
        let Known { draw, made_under } = known.expect("every draw of a cell is known");
        let proposal = *made_under;
        (Key { proposal, ..key }, draw)
    }

    /// How many runs of a cell were made under another proposal.
    pub(super) fn saved(&self, scenario: usize, proposal: usize) -> usize {
        let draws = self.draws[scenario].iter();
        let others = draws.filter(|it| it[proposal].made_under != proposal);
        others.count()
    }
}

#[cfg(test)]
mod tests;
