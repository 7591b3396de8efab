//! From a fact back to what happened from outside: which step made it so.

use super::history::History;
use crate::name::{DeviceId, NodeId, ServerId, Table};
use crate::time::{Span, Time};
use crate::trace::{Fact, FactId, RemoteFailure, StepIndex};
use crate::wire::MessageKind;

/// The longest that a server waits for an answer (BS §2.5).
const LONGEST_WAIT: Span = Span::secs(60);

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
    /// What kept `a` from reaching `b` at `at`: the cut, delay or crash that was
    /// not over by then or, failing that, the last before it.
    pub(super) fn lost_each_other(&self, a: ServerId, b: ServerId, at: FactId) -> Option<Deed> {
        let (a, b) = (NodeId::Server(a), NodeId::Server(b));
        let is_link = |between| between == [a, b] || between == [b, a];
        let (mut link_is_up, mut node_is_up) = (false, false);
        let (mut slowed, mut last) = (None, None);
        let end = self.trace.last().unwrap_or(at);
        let gave_up = self.trace.at(at.min(end)).at;
        let up_to = self.clues().hindrances.partition_point(|id| *id < at);
        for fact in self.clues().hindrances[..up_to].iter().rev().copied() {
            let it = self.trace.at(fact);
            let step = match it.fact {
                Fact::LinkMended { between, .. } if is_link(between) => {
                    link_is_up = true;
                    continue;
                }
                Fact::Booted { node, .. } if node == b => {
                    node_is_up = true;
                    continue;
                }
                // An answer that was lost is a matter of that one request.
                Fact::MessageDropped {
                    from,
                    to,
                    step: Some(step),
                    ..
                } if is_link([from, to]) && gave_up.since(it.at) <= LONGEST_WAIT => {
                    let step = Some(step);
                    return Some(Deed { fact, step });
                }
                Fact::LinkCut { between, step, .. } if is_link(between) && !link_is_up => {
                    return Some(Deed { fact, step });
                }
                // A link that is cut besides is cut whatever its speed.
                Fact::LinkSlowed { between, step, .. } if is_link(between) && !link_is_up => {
                    slowed = slowed.or(Some(Deed { fact, step }));
                    continue;
                }
                Fact::Crashed { node, step } if node == b && !node_is_up => {
                    return Some(Deed { fact, step });
                }
                Fact::LinkCut { between, step, .. } | Fact::LinkSlowed { between, step, .. }
                    if is_link(between) =>
                {
                    step
                }
                Fact::Crashed { node, step } if node == b => step,
                _ => continue,
            };
            last = last.or(Some(Deed { fact, step }));
        }
        slowed.or(last)
    }

    /// The last time before `at` that `a` asked `b` in vain: what it refused to
    /// ask since, it refused because of that.
    pub(super) fn last_time_out(&self, a: ServerId, b: ServerId, at: FactId) -> Option<FactId> {
        let failure = self.last_before(at, |fact| match fact {
            Fact::RemoteFailed {
                server, peer, why, ..
            } if server == a && peer == b && why == RemoteFailure::TimedOut => Some(None),
            _ => None,
        });
        failure.map(|deed| deed.fact)
    }

    /// The first time after `after` that a table of a server was put back to
    /// how it was before `made`, by a restore or because writes were lost.
    pub(super) fn rolled_back(
        &self,
        server: ServerId,
        table: Table,
        made: Time,
        after: FactId,
    ) -> Option<Deed> {
        self.first_hindrance(after, |fact| match fact {
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
            Fact::WritesLost {
                node, since, step, ..
            } if node == NodeId::Server(server) && since <= made => Some(step),
            _ => None,
        })
    }

    /// The last time between two facts that a table of a server was put back to
    /// a copy from before `made`, or emptied.
    pub(super) fn last_rolled_back(
        &self,
        server: ServerId,
        table: Table,
        made: Time,
        (after, before): (FactId, FactId),
    ) -> Option<Deed> {
        let mut last = None;
        let mut from = after;
        while let Some(deed) = self.rolled_back(server, table, made, from) {
            if deed.fact >= before {
                break;
            }
            from = deed.fact;
            last = Some(deed);
        }
        last
    }

    /// What gave a device back to its server after that had deleted it, and
    /// told others so, if something did before `before`.
    pub(super) fn undeleted(&self, device: DeviceId, before: FactId) -> Option<Deed> {
        let (removed, ()) = self.last_said(before, |fact| match fact {
            Fact::DeviceRemoved { device: which, .. } if which == device => Some(()),
            _ => None,
        })?;
        let (server, made) = (device.server(), self.trace.at(removed).at);
        let deed = self.rolled_back(server, Table::Devices, made, removed);
        deed.filter(|deed| deed.fact < before)
    }

    /// The last time before `before` that a device crashed.
    pub(super) fn crashed(&self, device: DeviceId, before: FactId) -> Option<Deed> {
        self.last_before(before, |fact| match fact {
            Fact::Crashed { node, step } if node == NodeId::Device(device) => Some(step),
            _ => None,
        })
    }

    /// The last time between two facts that a device was put back to a copy
    /// from before `made`.
    pub(super) fn device_rolled_back(
        &self,
        device: DeviceId,
        made: Time,
        span: (FactId, FactId),
    ) -> Option<Deed> {
        self.last_between(span, |fact| match fact {
            Fact::DeviceRestored {
                device: which,
                taken,
                step,
            } if which == device && taken < made => Some(step),
            _ => None,
        })
    }

    /// The last time between two facts that a device lost what it had written
    /// at `made`.
    pub(super) fn writes_lost(
        &self,
        device: DeviceId,
        made: Time,
        span: (FactId, FactId),
    ) -> Option<Deed> {
        self.last_between(span, |fact| match fact {
            Fact::WritesLost {
                node, since, step, ..
            } if node == NodeId::Device(device) && since <= made => Some(step),
            _ => None,
        })
    }

    /// The last time between two facts that a device logged out, and with
    /// that forgot everything.
    pub(super) fn logged_out(&self, device: DeviceId, span: (FactId, FactId)) -> Option<Deed> {
        self.last_between(span, |fact| match fact {
            Fact::LoggedOut { device: which, .. } if which == device => Some(None),
            _ => None,
        })
    }

    /// The last time between two facts that a device was put back to how it had
    /// been before, by a restore or because writes were lost.
    pub(super) fn put_back(&self, device: DeviceId, span: (FactId, FactId)) -> Option<Deed> {
        let restored = self.device_rolled_back(device, Time::MAX, span);
        let lost = self.writes_lost(device, Time::MAX, span);
        restored
            .into_iter()
            .chain(lost)
            .max_by_key(|deed| deed.fact)
    }

    /// The last time before `before` that Olm messages of one device for another
    /// were lost by the dozen.
    pub(super) fn wasted(&self, from: DeviceId, to: DeviceId, before: FactId) -> Option<Deed> {
        self.last_before(before, |fact| match fact {
            Fact::OlmMessagesWasted {
                from: sender,
                to: receiver,
                step,
                ..
            } if (sender, receiver) == (from, to) => Some(Some(step)),
            _ => None,
        })
    }

    /// The last time before `before` that a second process started on the store
    /// of a device, with a lock or without.
    pub(super) fn process_started(&self, device: DeviceId, before: FactId) -> Option<Deed> {
        self.last_before(before, |fact| match fact {
            Fact::ProcessStarted {
                device: which,
                step,
                ..
            } if which == device => Some(Some(step)),
            _ => None,
        })
    }

    /// The last time before `before` that a second process started on the store
    /// of a device without a lock.
    pub(super) fn store_shared(&self, device: DeviceId, before: FactId) -> Option<Deed> {
        self.last_before(before, |fact| match fact {
            Fact::ProcessStarted {
                device: which,
                locked: false,
                step,
                ..
            } if which == device => Some(Some(step)),
            _ => None,
        })
    }

    /// The second process without a lock because of which, at `at`, not all
    /// processes of a device may have had in memory what is in its store: the
    /// last one, unless everything has been loaded again since.
    pub(super) fn store_is_shared(&self, device: DeviceId, at: FactId) -> Option<Deed> {
        let loaded = self.last_before(at, |fact| match fact {
            Fact::Crashed { node, .. } if node == NodeId::Device(device) => Some(None),
            Fact::LoggedOut { device: which, .. }
            | Fact::ProcessStarted {
                device: which,
                locked: true,
                ..
            } if which == device => Some(None),
            _ => None,
        });
        let shared = self.store_shared(device, at)?;
        let is_so = loaded.is_none_or(|loaded| loaded.fact < shared.fact);
        is_so.then_some(shared)
    }

    /// The last time before `before` that an answer for a device was lost.
    pub(super) fn answer_lost(
        &self,
        device: DeviceId,
        kind: MessageKind,
        before: FactId,
    ) -> Option<Deed> {
        self.last_before(before, |fact| match fact {
            Fact::MessageDropped {
                to,
                kind: what,
                answer: true,
                step,
                ..
            } if to == NodeId::Device(device) && what == kind => Some(step),
            _ => None,
        })
    }

    /// When a node was lost for good, if it was.
    pub(super) fn gone(&self, node: NodeId) -> Option<Deed> {
        self.last_before(FactId(usize::MAX), |fact| match fact {
            Fact::Gone { node: which, step } if which == node => Some(step),
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

    /// The last thing before `before` that hindered somebody, and that `pick`
    /// picks.
    pub(super) fn last_before(
        &self,
        before: FactId,
        pick: impl Fn(Fact) -> Option<Option<StepIndex>>,
    ) -> Option<Deed> {
        let up_to = self.clues().hindrances.partition_point(|id| *id < before);
        let mut earlier = self.clues().hindrances[..up_to].iter().rev();
        let deed = earlier.find_map(|id| {
            let step = pick(self.trace.at(*id).fact)?;
            Some(Deed { fact: *id, step })
        });
        debug_assert_eq!(
            deed,
            self.last_said(before, &pick)
                .map(|(fact, step)| Deed { fact, step }),
            "whatever is looked for here is noted as a hindrance"
        );
        deed
    }

    /// The last thing between two facts that hindered somebody, and that
    /// `pick` picks.
    fn last_between(
        &self,
        (after, before): (FactId, FactId),
        pick: impl Fn(Fact) -> Option<Option<StepIndex>>,
    ) -> Option<Deed> {
        let deed = self.last_before(before, pick);
        deed.filter(|deed| deed.fact > after)
    }

    /// The last fact before `before`, of whatever kind, of which `pick` takes
    /// something, and what.
    pub(super) fn last_said<T>(
        &self,
        before: FactId,
        pick: impl Fn(Fact) -> Option<T>,
    ) -> Option<(FactId, T)> {
        let mut facts = self.trace.before(before).rev();
        facts.find_map(|(fact, it)| Some((fact, pick(it.fact)?)))
    }

    /// The first thing after `after` that hindered somebody, and that `pick`
    /// picks.
    pub(super) fn first_hindrance(
        &self,
        after: FactId,
        pick: impl Fn(Fact) -> Option<Option<StepIndex>>,
    ) -> Option<Deed> {
        let from = self.clues().hindrances.partition_point(|id| *id <= after);
        let deed = self.clues().hindrances[from..].iter().find_map(|id| {
            let step = pick(self.trace.at(*id).fact)?;
            Some(Deed { fact: *id, step })
        });
        debug_assert_eq!(
            deed,
            self.first_after(after, pick),
            "whatever is looked for here is noted as a hindrance"
        );
        deed
    }

    /// The first fact after `after`, of whatever kind, that `pick` picks.
    pub(super) fn first_after(
        &self,
        after: FactId,
        pick: impl Fn(Fact) -> Option<Option<StepIndex>>,
    ) -> Option<Deed> {
        let mut facts = self.trace.after(after);
        facts.find_map(|(fact, it)| pick(it.fact).map(|step| Deed { fact, step }))
    }
}
