//! Which runs stand for others: one that never consulted any of the decisions in
//! which two proposals differ is the same run under both, and is made once.

use unwedge_core::protocol::{Consulted, Protocol};

/// Proposals, and in what order the runs of one draw are made under them.
#[derive(Clone, Debug)]
pub(crate) struct Sharing {
    order: Vec<usize>,
    /// In which decisions two differ.
    differences: Vec<Vec<Consulted>>,
}

impl Sharing {
    /// Between proposals that are these protocols to who follows them.
    pub(crate) fn new(protocols: &[Protocol]) -> Self {
        let today = Protocol::default();
        let mut order: Vec<usize> = (0..protocols.len()).collect();
        order.sort_by_key(|it| protocols[*it].difference(&today).count());
        let from = |one: &Protocol| protocols.iter().map(|it| one.difference(it)).collect();
        let differences = protocols.iter().map(from).collect();
        Self { order, differences }
    }

    /// The places of the proposals, the one that changes least first, so that a
    /// combination comes after its parts and can share with each of them.
    pub(crate) fn order(&self) -> impl Iterator<Item = usize> {
        self.order.iter().copied()
    }

    /// The first of the runs that were made which is the same under this
    /// proposal. Each is told by the proposal that it was made under and by what
    /// it consulted; one that cannot be compared, by nothing.
    pub(crate) fn stand_in<'a, T>(
        &self,
        proposal: usize,
        made: &'a [T],
        about: impl Fn(&T) -> Option<(usize, Consulted)>,
    ) -> Option<&'a T> {
        let differences = &self.differences[proposal];
        made.iter().find(|run| {
            about(run).is_some_and(|(other, consulted)| !consulted.touches(differences[other]))
        })
    }
}
