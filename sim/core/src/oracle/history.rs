//! A trace, indexed by what the judges ask for.

use std::cell::OnceCell;

use litemap::LiteMap;
use rustc_hash::FxHashMap;

use crate::crypto::Body;
use crate::name::{DeviceId, EventId, MegolmName, NodeId, RoomId, ServerId, Table, UserId};
use crate::time::{Span, Time};
use crate::trace::{Fact, FactId, Phase, Trace, empty_index};
use crate::wire::Membership;

use super::clues::Clues;
use super::{Excuse, Excused};

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

/// When a device first saw an event, and when it first read it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reading {
    pub(super) seen: Option<Time>,
    pub(super) read: Option<Time>,
}

/// What became of an event.
#[derive(Debug, Default)]
struct Fate {
    sent: Option<Event>,
    /// When its sender's server took it.
    accepted: Option<FactId>,
    /// Of each device that has seen it, of which there are few.
    readings: Vec<(DeviceId, Reading)>,
}

impl Fate {
    fn reading(&self, by: DeviceId) -> Reading {
        let mut readings = self.readings.iter();
        let own = readings.find(|(device, _)| *device == by);
        own.map(|(_, reading)| *reading).unwrap_or_default()
    }

    fn reading_mut(&mut self, by: DeviceId) -> &mut Reading {
        let place = self.readings.iter().position(|(device, _)| *device == by);
        let place = place.unwrap_or_else(|| {
            self.readings.push((by, Reading::default()));
            self.readings.len() - 1
        });
        &mut self.readings[place].1
    }
}

/// A trace and indexes over it.
#[derive(Debug)]
pub(super) struct History<'a> {
    pub(super) trace: &'a Trace,
    fates: FxHashMap<EventId, Fate>,
    /// The events that their senders' servers took, in the order of their names.
    accepted: Vec<EventId>,
    pub(super) phases: LiteMap<Phase, Time>,
    pub(super) unsettled: bool,
    /// Whether the run was given up because it came to too much.
    pub(super) cut_off: bool,
    /// Where a device accepted an Olm session.
    pub(super) sessions_accepted: Vec<FactId>,
    /// Where something was encrypted, under Olm or Megolm.
    pub(super) encrypted: Vec<FactId>,
    /// Whether somebody came or went, or was blocked.
    pub(super) members_change: bool,
    /// What the search for a cause looks at: runs without harm never need it.
    clues: OnceCell<Clues>,
    /// Every change of who is in which room, and on which server; those that
    /// were so from the start, on all.
    memberships: LiteMap<(RoomId, UserId), Vec<Change>>,
    /// Since when each device has been there, of those that are to the end.
    there_since: LiteMap<DeviceId, FactId>,
}

/// A user came into a room or left it, or was invited.
#[derive(Clone, Copy, Debug)]
struct Change {
    fact: FactId,
    at: Time,
    server: Option<ServerId>,
    membership: Membership,
}

impl<'a> History<'a> {
    pub(super) fn of(trace: &'a Trace) -> Self {
        let mut history = Self {
            trace,
            fates: empty_index(),
            accepted: vec![],
            phases: LiteMap::new(),
            unsettled: false,
            cut_off: false,
            sessions_accepted: vec![],
            encrypted: vec![],
            members_change: false,
            clues: OnceCell::new(),
            memberships: LiteMap::new(),
            there_since: LiteMap::new(),
        };
        for (id, record) in trace.records() {
            history.take(id, record.at, &record.fact);
        }
        history.accepted.sort_unstable();
        history
    }

    /// Every event that its sender's server took, and every device that
    /// should read it, with what became of it there: those of users who were in the
    /// room, or invited, at the event's place, published before the event was sent,
    /// and there to the end, other than the sender. The event's place is where its sender's server put it:
    /// whom that took for a member was given the key. Of a user who left without
    /// having seen it, or never came in, nothing is expected; nor, though they came back, if they
    /// had left when it reached their own server, which shows them nothing from
    /// between two stays.
    pub(super) fn expected(
        &self,
    ) -> impl Iterator<Item = (EventId, Event, DeviceId, Reading)> + '_ {
        self.accepted_events()
            .flat_map(move |(id, fate, event, place)| {
                self.there_since.iter().filter_map(move |(device, since)| {
                    let reading = fate.reading(*device);
                    let is_expected = *device != id.sender
                        && *since < event.sent
                        && self.was_in_room(id, &event, place, device.user())
                        && (reading.seen.is_some()
                            || (self.is_in_room(event.room, device.user())
                                && !self.had_left(id, event.room, place, device.user())));
                    is_expected.then_some((id, event, *device, reading))
                })
            })
    }

    /// Every event that a device saw and did not read, and was not expected
    /// to: what excuses it, and the fact that shows it.
    pub(super) fn excused(&self) -> impl Iterator<Item = Excused> + '_ {
        self.accepted_events()
            .flat_map(move |(id, fate, event, place)| {
                let devices = self.there_since.iter().filter(move |(device, _)| {
                    let reading = fate.reading(**device);
                    **device != id.sender && reading.seen.is_some() && reading.read.is_none()
                });
                devices.filter_map(move |(device, since)| {
                    let (excuse, evidence) = if *since > event.sent {
                        (Excuse::SentBeforeLogin, *since)
                    } else if self.was_in_room(id, &event, place, device.user()) {
                        return None;
                    } else {
                        (Excuse::SentBeforeJoining, place)
                    };
                    Some(Excused {
                        event: id,
                        reader: *device,
                        excuse,
                        evidence,
                    })
                })
            })
    }

    /// What became of an event on a device.
    pub(super) fn reading(&self, event: EventId, by: DeviceId) -> Reading {
        let fate = self.fates.get(&event);
        fate.map(|fate| fate.reading(by)).unwrap_or_default()
    }

    /// What the search for a cause looks at.
    pub(super) fn clues(&self) -> &Clues {
        self.clues.get_or_init(|| Clues::of(self.trace))
    }

    /// Since when a device has been there, as what it is now.
    pub(super) fn there_since(&self, device: DeviceId) -> FactId {
        self.there_since.get(&device).copied().unwrap_or(FactId(0))
    }

    fn accepted_events(&self) -> impl Iterator<Item = (EventId, &Fate, Event, FactId)> + '_ {
        self.accepted.iter().filter_map(|id| {
            let fate = &self.fates[id];
            Some((*id, fate, fate.sent?, fate.accepted?))
        })
    }

    /// Whether a user was in the room, or invited, at the event's place, which is
    /// where its sender's server put it.
    fn was_in_room(&self, id: EventId, event: &Event, place: FactId, user: UserId) -> bool {
        let server = id.sender.server();
        let last = self.last_change(event.room, user, server, place);
        last.is_some_and(Membership::may_read)
    }

    /// Whether a user is in the room at the end, as far as their own server
    /// knows.
    fn is_in_room(&self, room: RoomId, user: UserId) -> bool {
        let end = FactId(usize::MAX);
        self.last_change(room, user, user.server(), end) == Some(Membership::Join)
    }

    /// Whether a user had left the room, as far as their own server knew, when
    /// an event reached that; of one that never did, at any time since its place.
    fn had_left(&self, id: EventId, room: RoomId, place: FactId, user: UserId) -> bool {
        let server = user.server();
        let reached = self.clues().reached.get(&(server, id));
        let then = reached.copied().unwrap_or(place);
        let changes = self.memberships.get(&(room, user));
        let mut since = changes.into_iter().flatten();
        self.last_change(room, user, server, then) == Some(Membership::Leave)
            || reached.is_none()
                && since.any(|it| {
                    it.fact > place
                        && it.server == Some(server)
                        && it.membership == Membership::Leave
                })
    }

    fn last_change(
        &self,
        room: RoomId,
        user: UserId,
        server: ServerId,
        before: FactId,
    ) -> Option<Membership> {
        let changes = self.memberships.get(&(room, user))?.iter().rev();
        let mut known =
            changes.filter(|it| it.fact < before && it.server.is_none_or(|on| on == server));
        known.next().map(|it| it.membership)
    }

    fn forget_memberships(&mut self, server: ServerId, since: Time) {
        for (_, changes) in &mut self.memberships {
            changes.retain(|it| it.server != Some(server) || it.at <= since);
        }
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "an index takes only what it indexes"
    )]
    fn take(&mut self, id: FactId, at: Time, fact: &Fact) {
        match *fact {
            Fact::Phase(phase) => {
                self.phases.insert(phase, at);
            }
            Fact::Unsettled(_) => self.unsettled = true,
            Fact::CutOff(_) => self.cut_off = true,
            Fact::Joined { room, user } => {
                let change = Change {
                    fact: id,
                    at,
                    server: None,
                    membership: Membership::Join,
                };
                self.memberships
                    .entry((room, user))
                    .or_default()
                    .push(change);
            }
            Fact::MembershipStored {
                server,
                room,
                user,
                membership,
            } => {
                self.members_change = true;
                let change = Change {
                    fact: id,
                    at,
                    server: Some(server),
                    membership,
                };
                self.memberships
                    .entry((room, user))
                    .or_default()
                    .push(change);
            }
            // A server whose rooms were put back does not know who came since.
            Fact::TableRestored {
                server,
                table: Table::Rooms,
                taken,
                ..
            } => self.forget_memberships(server, taken),
            Fact::WritesLost {
                node: NodeId::Server(server),
                since,
                ..
            } => self.forget_memberships(server, since - Span::from_ticks(1)),
            Fact::Blocked { .. } => self.members_change = true,
            Fact::SessionAccepted { .. } => self.sessions_accepted.push(id),
            Fact::OlmEncrypted { .. } => self.encrypted.push(id),
            Fact::DevicePublished { device, .. } => {
                self.there_since.entry(device).or_insert(id);
            }
            Fact::LoggedOut { device, .. } => {
                self.there_since.remove(&device);
            }
            Fact::Gone { node, .. } => self.there_since.retain(|device, _| match node {
                NodeId::Device(gone) => *device != gone,
                NodeId::Server(gone) => device.server() != gone,
            }),
            Fact::EventSent {
                event,
                room,
                session,
                index,
                body,
            } => {
                self.encrypted.push(id);
                let sent = Event {
                    sent: id,
                    at,
                    room,
                    session,
                    index,
                    body,
                };
                self.fates
                    .entry(event)
                    .or_default()
                    .sent
                    .get_or_insert(sent);
            }
            Fact::EventStored { server, event } if server == event.sender.server() => {
                let fate = self.fates.entry(event).or_default();
                if fate.accepted.is_none() {
                    fate.accepted = Some(id);
                    self.accepted.push(event);
                }
            }
            Fact::EventSeen { by, event } => {
                let fate = self.fates.entry(event).or_default();
                fate.reading_mut(by).seen.get_or_insert(at);
            }
            Fact::EventRead { by, event } => {
                let fate = self.fates.entry(event).or_default();
                fate.reading_mut(by).read.get_or_insert(at);
            }
            _ => {}
        }
    }
}
