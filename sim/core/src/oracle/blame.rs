//! From a fact back to what happened from outside: which step made it so.

use super::history::History;
use crate::name::{DeviceId, NodeId, ServerId, Table};
use crate::time::Time;
use crate::trace::{Fact, FactId, StepIndex};

/// Something that happened from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Deed {
    pub(super) fact: FactId,
    pub(super) step: Option<StepIndex>,
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "each question is about a few facts"
)]
impl History<'_> {
    /// The last time before `before` that two servers lost each other, or
    /// that the second of them went down.
    pub(super) fn lost_each_other(&self, a: ServerId, b: ServerId, before: FactId) -> Option<Deed> {
        let (a, b) = (NodeId::Server(a), NodeId::Server(b));
        self.last_before(before, |fact| match fact {
            Fact::LinkCut { between, step } if between == [a, b] || between == [b, a] => Some(step),
            Fact::Crashed { node, step } if node == b => Some(step),
            _ => None,
        })
    }

    /// The first time after `after` that a table of a server was put back to
    /// a copy from before `made`.
    pub(super) fn rolled_back(
        &self,
        server: ServerId,
        table: Table,
        made: Time,
        after: FactId,
    ) -> Option<Deed> {
        self.first_after(after, |fact| match fact {
            Fact::TableRestored {
                server: on,
                table: what,
                taken,
                step,
            } if on == server && what == table && taken < made => Some(step),
            Fact::TableEmptied {
                server: on,
                table: what,
                step,
            } if on == server && what == table => Some(step),
            _ => None,
        })
    }

    /// The last time before `before` that a device crashed.
    pub(super) fn crashed(&self, device: DeviceId, before: FactId) -> Option<Deed> {
        self.last_before(before, |fact| match fact {
            Fact::Crashed { node, step } if node == NodeId::Device(device) => Some(step),
            _ => None,
        })
    }

    /// The step that made a device send what it was sending at `before`.
    pub(super) fn asked_to_send(&self, device: DeviceId, before: FactId) -> Option<StepIndex> {
        let told = self.last_before(before, |fact| match fact {
            Fact::ToldToSend { by, step, .. } if by == device => Some(Some(step)),
            _ => None,
        });
        told.and_then(|deed| deed.step)
    }

    /// The last fact before `before` that `pick` picks.
    pub(super) fn last_before(
        &self,
        before: FactId,
        pick: impl Fn(Fact) -> Option<Option<StepIndex>>,
    ) -> Option<Deed> {
        let facts = self.trace.facts().rev().skip_while(|(id, _)| *id >= before);
        facts
            .filter_map(|(fact, it)| pick(it.fact).map(|step| Deed { fact, step }))
            .next()
    }

    /// The first fact after `after` that `pick` picks.
    pub(super) fn first_after(
        &self,
        after: FactId,
        pick: impl Fn(Fact) -> Option<Option<StepIndex>>,
    ) -> Option<Deed> {
        let facts = self.trace.facts().skip_while(|(id, _)| *id <= after);
        facts
            .filter_map(|(fact, it)| pick(it.fact).map(|step| Deed { fact, step }))
            .next()
    }
}
