//! A trace, indexed by what the judges ask for.

use std::collections::BTreeMap;

use crate::crypto::{Body, OlmError};
use crate::name::{DeviceId, EventId, KeyName, MegolmName, MessageId, RoomId, UserId};
use crate::time::Time;
use crate::trace::{Fact, FactId, Phase, Trace};

/// A room event.
#[derive(Clone, Copy, Debug)]
pub(super) struct Event {
    pub(super) sent: FactId,
    pub(super) at: Time,
    pub(super) room: RoomId,
    pub(super) session: MegolmName,
    pub(super) index: u32,
    pub(super) body: Body,
}

/// One message that shared a room key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Share {
    pub(super) fact: FactId,
    pub(super) index: u32,
    pub(super) message: MessageId,
}

/// A trace and indexes over it.
#[derive(Debug)]
pub(super) struct History<'a> {
    pub(super) trace: &'a Trace,
    pub(super) events: BTreeMap<EventId, Event>,
    pub(super) seen: BTreeMap<(EventId, DeviceId), Time>,
    pub(super) read: BTreeMap<(EventId, DeviceId), Time>,
    pub(super) shares: BTreeMap<(MegolmName, DeviceId), Vec<Share>>,
    pub(super) queued: BTreeMap<MessageId, FactId>,
    pub(super) stored: BTreeMap<MessageId, FactId>,
    pub(super) received: BTreeMap<MessageId, FactId>,
    pub(super) failed: BTreeMap<MessageId, (FactId, KeyName, OlmError)>,
    pub(super) issued: BTreeMap<KeyName, Vec<FactId>>,
    pub(super) phases: BTreeMap<Phase, Time>,
    pub(super) unsettled: bool,
    accepted: BTreeMap<EventId, FactId>,
    joined: BTreeMap<(RoomId, UserId), FactId>,
    published: BTreeMap<DeviceId, FactId>,
}

impl<'a> History<'a> {
    pub(super) fn of(trace: &'a Trace) -> Self {
        let mut history = Self {
            trace,
            events: BTreeMap::new(),
            seen: BTreeMap::new(),
            read: BTreeMap::new(),
            shares: BTreeMap::new(),
            queued: BTreeMap::new(),
            stored: BTreeMap::new(),
            received: BTreeMap::new(),
            failed: BTreeMap::new(),
            issued: BTreeMap::new(),
            phases: BTreeMap::new(),
            unsettled: false,
            accepted: BTreeMap::new(),
            joined: BTreeMap::new(),
            published: BTreeMap::new(),
        };
        for (id, record) in trace.facts() {
            history.take(id, record.at, record.fact);
        }
        history
    }

    /// Every event that its sender's server took, and every device that
    /// should read it: those of users who were in the room, published on
    /// their own server before the event was sent, other than the sender.
    pub(super) fn expected(&self) -> impl Iterator<Item = (EventId, Event, DeviceId)> + '_ {
        let accepted = self
            .events
            .iter()
            .filter(|(id, _)| self.accepted.contains_key(id));
        accepted.flat_map(move |(id, event)| {
            let before = |fact: Option<&FactId>| fact.is_some_and(|fact| *fact < event.sent);
            let devices = self.published.keys().filter(move |device| {
                **device != id.sender
                    && before(self.published.get(device))
                    && before(self.joined.get(&(event.room, device.user)))
            });
            devices.map(move |device| (*id, *event, *device))
        })
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "an index takes only what it indexes"
    )]
    fn take(&mut self, id: FactId, at: Time, fact: Fact) {
        match fact {
            Fact::Phase(phase) => {
                self.phases.insert(phase, at);
            }
            Fact::Unsettled(_) => self.unsettled = true,
            Fact::Joined { room, user } => {
                self.joined.entry((room, user)).or_insert(id);
            }
            Fact::DevicePublished { device, .. } => {
                self.published.entry(device).or_insert(id);
            }
            Fact::EventSent {
                event,
                room,
                session,
                index,
                body,
            } => {
                let sent = Event {
                    sent: id,
                    at,
                    room,
                    session,
                    index,
                    body,
                };
                self.events.entry(event).or_insert(sent);
            }
            Fact::EventStored { server, event } if server == event.sender.user.server => {
                self.accepted.entry(event).or_insert(id);
            }
            Fact::EventSeen { by, event } => {
                self.seen.entry((event, by)).or_insert(at);
            }
            Fact::EventRead { by, event } => {
                self.read.entry((event, by)).or_insert(at);
            }
            Fact::RoomKeyShared {
                session,
                index,
                message,
            } => {
                let share = Share {
                    fact: id,
                    index,
                    message,
                };
                self.shares
                    .entry((session, message.to))
                    .or_default()
                    .push(share);
            }
            Fact::ToDeviceQueued { message, .. } => {
                self.queued.entry(message).or_insert(id);
            }
            Fact::ToDeviceStored { message, .. } => {
                self.stored.entry(message).or_insert(id);
            }
            Fact::ToDeviceReceived { message, .. } => {
                self.received.entry(message).or_insert(id);
            }
            Fact::OlmFailed {
                message,
                key,
                error,
                ..
            } => {
                self.failed.entry(message).or_insert((id, key, error));
            }
            Fact::KeyIssued { key, .. } => self.issued.entry(key).or_default().push(id),
            _ => {}
        }
    }
}
