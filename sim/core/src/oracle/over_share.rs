//! Safety: a room key is given to those who may read what it reads. A device
//! may read a message if its user is in the room or invited at the message's
//! place, as the sender's own server put it, and the sender has not blocked it. A
//! key reads every message of its Megolm session from its index on, so both count:
//! who is given a key that reads something older, and who has been given the key
//! already when something is said in that session.
//!
//! Whether the sender is to blame is another question than whether somebody
//! can read too much. What its client had been told (of members by `/sync`, of
//! blocked devices by its owner) when it decided whose the key should be, is
//! what it could act upon: it decides when it shares a key for what it is about
//! to send, or else when it sends. A leave that has not come through by then,
//! because of a split or because news take their time, nobody can act upon; it
//! is found all the same, under a name of its own.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use super::history::History;
use super::{Oracle, Violation};
use crate::name::{DeviceId, EventId, MegolmName, NodeId, RoomId, ServerId, Table, UserId};
use crate::time::{Span, Time};
use crate::trace::{Fact, FactId};
use crate::wire::Membership;

/// Finds room keys that were given away against better knowledge.
pub(super) const KNOWINGLY: Oracle = Oracle {
    name: "room-key-over-shared",
    about: "a device can read what was said while, as the sender had been told, its user was not in the \
            room or it was blocked",
};

/// Finds room keys that were given to users who had left unheard.
pub(super) const UNAWARES: Oracle = Oracle {
    name: "room-key-over-shared-unawares",
    about: "a device can read what was said after its user had left the room, of which the sender had \
            not been told",
};

/// Looks for both.
pub(super) fn check(history: &History<'_>) -> Vec<Violation> {
    if !history.members_change {
        return vec![]; // Everybody may read everything.
    }
    let mut sharing = Sharing::default();
    for (id, record) in history.trace.records() {
        sharing.take(id, record.at, &record.fact);
    }
    sharing.found
}

/// A change of who is in a room, as one server or one device has it.
#[derive(Clone, Copy)]
struct Change {
    fact: FactId,
    at: Time,
    membership: Membership,
}

/// A device was given a room key.
#[derive(Clone, Copy)]
struct Share {
    fact: FactId,
    to: DeviceId,
    index: u32,
}

/// An event in a Megolm session.
#[derive(Clone, Copy)]
struct Said {
    sent: FactId,
    event: EventId,
    index: u32,
}

/// Who keeps account of the members of a room.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Who {
    Server(ServerId),
    Device(DeviceId),
}

/// What is known of rooms, keys and messages so far.
#[derive(Default)]
struct Sharing {
    /// Who was in which room from the start.
    members: BTreeSet<(RoomId, UserId)>,
    /// The changes that each has taken note of, in order.
    changes: BTreeMap<(Who, RoomId, UserId), Vec<Change>>,
    blocked: BTreeMap<(DeviceId, DeviceId), (FactId, Time)>,
    shares: FxHashMap<MegolmName, Vec<Share>>,
    said: FxHashMap<MegolmName, Vec<Said>>,
    /// Where the sender's server put each event.
    places: FxHashMap<EventId, FactId>,
    found: Vec<Violation>,
    /// One find for each session and device is enough of either kind.
    known: BTreeSet<(MegolmName, DeviceId, bool)>,
}

impl Sharing {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "an index takes only what it indexes"
    )]
    fn take(&mut self, fact: FactId, at: Time, what: &Fact) {
        match *what {
            Fact::Joined { room, user } => {
                self.members.insert((room, user));
            }
            Fact::MembershipStored {
                server,
                room,
                user,
                membership,
            } => {
                let change = Change {
                    fact,
                    at,
                    membership,
                };
                self.changed(Who::Server(server), room, user, change);
            }
            Fact::MembershipSeen {
                by,
                room,
                user,
                membership,
            } => {
                let change = Change {
                    fact,
                    at,
                    membership,
                };
                // Whoever leaves forgets the room, and is told all members
                // when they come back.
                if user == by.user() && membership == Membership::Leave {
                    let of_room = |(who, it, _): &(Who, RoomId, UserId)| {
                        *who == Who::Device(by) && *it == room
                    };
                    self.changes.retain(|key, _| !of_room(key));
                } else {
                    self.changed(Who::Device(by), room, user, change);
                }
            }
            // Whoever is put back does not know what came since.
            Fact::TableRestored {
                server,
                table: Table::Rooms,
                taken,
                ..
            } => self.forget(Who::Server(server), taken),
            Fact::DeviceRestored { device, taken, .. } => self.forget(Who::Device(device), taken),
            Fact::WritesLost { node, since, .. } => {
                let who = match node {
                    NodeId::Server(server) => Who::Server(server),
                    NodeId::Device(device) => Who::Device(device),
                };
                self.forget(who, since - Span::from_ticks(1));
            }
            // The store is wiped.
            Fact::LoggedOut { device, .. } => {
                self.changes
                    .retain(|(who, ..), _| *who != Who::Device(device));
                self.blocked.retain(|(by, _), _| *by != device);
            }
            Fact::Blocked { by, device } => {
                self.blocked.entry((by, device)).or_insert((fact, at));
            }
            Fact::RoomKeyShared {
                session,
                index,
                message,
            } => {
                let to = message.to;
                self.shared(session, Share { fact, to, index });
            }
            Fact::EventSent {
                event,
                session,
                index,
                ..
            } => {
                let said = Said {
                    sent: fact,
                    event,
                    index,
                };
                self.sent(session, said);
            }
            Fact::EventStored { server, event } if server == event.sender.server() => {
                self.places.entry(event).or_insert(fact);
            }
            _ => {}
        }
    }

    fn changed(&mut self, who: Who, room: RoomId, user: UserId, change: Change) {
        self.changes
            .entry((who, room, user))
            .or_default()
            .push(change);
    }

    fn forget(&mut self, who: Who, since: Time) {
        for ((whose, ..), changes) in &mut self.changes {
            if *whose == who {
                changes.retain(|change| change.at <= since);
            }
        }
        self.blocked
            .retain(|(by, _), (_, at)| Who::Device(*by) != who || *at <= since);
    }

    /// Something is said in a session whose key some have been given. The sender
    /// is to blame if it knew of a leave or had blocked the device; if not, who
    /// had left by then, on their own server, can read it all the same.
    fn sent(&mut self, session: MegolmName, said: Said) {
        let sender = session.sender;
        let given = self.shares.remove(&session).unwrap_or_default();
        // What is shared since the last message is shared for this one.
        let before = self.said.get(&session).and_then(|said| said.last());
        let before = before.map_or(FactId(0), |said| said.sent);
        let last = given.last().map(|share| share.fact);
        let decided = last.filter(|fact| *fact > before).unwrap_or(said.sent);
        for share in given.iter().filter(|share| share.index <= said.index) {
            let user = share.to.user();
            let left = |who, before| {
                let last = self.last(who, session.room, user, before);
                last.filter(|it| it.membership == Membership::Leave)
                    .map(|it| it.fact)
            };
            let blocked = self.blocked.get(&(sender, share.to));
            let blocked = blocked.map(|(fact, _)| *fact);
            let blocked = blocked.filter(|fact| *fact < decided);
            if let Some(told) = left(Who::Device(sender), decided).or(blocked) {
                self.find(session, share.to, true, [share.fact, told, said.sent]);
            } else if let Some(left) = left(Who::Server(user.server()), said.sent)
                && !self.is_invited_since(left, &session, user, said.sent)
            {
                self.find(session, share.to, false, [share.fact, left, said.sent]);
            }
        }
        if !given.is_empty() {
            self.shares.insert(session, given);
        }
        self.said.entry(session).or_default().push(said);
    }

    /// A device is given a key that may read what was said before. At its place
    /// the user had left, or not yet come; that they were not there the sender
    /// knows if it has been told of the leave, or of the coming.
    fn shared(&mut self, session: MegolmName, share: Share) {
        let (sender, user) = (session.sender, share.to.user());
        let earlier = self.said.remove(&session).unwrap_or_default();
        for said in earlier.iter().filter(|said| said.index >= share.index) {
            let Some(place) = self.places.get(&said.event).copied() else {
                continue; // It may never get a place.
            };
            let own = Who::Server(sender.server());
            let last = self.last(own, session.room, user, place);
            let is_in = match last {
                Some(change) => change.membership.may_read(),
                None => self.members.contains(&(session.room, user)),
            };
            if is_in {
                continue;
            }
            let comes = last.is_none();
            let since = last.map_or(FactId(0), |it| it.fact);
            let told = self.changes.get(&(Who::Device(sender), session.room, user));
            let told = told.into_iter().flatten();
            let told = told
                .filter(|it| it.fact > since && it.membership.may_read() == comes)
                .map(|it| it.fact)
                .next();
            let shown = told.or(last.map(|it| it.fact)).unwrap_or(place);
            let facts = [said.sent, shown, share.fact];
            self.find(session, share.to, told.is_some(), facts);
        }
        if !earlier.is_empty() {
            self.said.insert(session, earlier);
        }
        self.shares.entry(session).or_default().push(share);
    }

    /// Whether the sender's server has it that a user who left was invited again:
    /// their own need not store that before they join.
    fn is_invited_since(
        &self,
        left: FactId,
        session: &MegolmName,
        user: UserId,
        before: FactId,
    ) -> bool {
        let own = Who::Server(session.sender.server());
        let last = self.last(own, session.room, user, before);
        last.is_some_and(|it| it.membership == Membership::Invite && it.fact > left)
    }

    /// The last change before a place that somebody has taken note of.
    fn last(&self, who: Who, room: RoomId, user: UserId, before: FactId) -> Option<Change> {
        let changes = self.changes.get(&(who, room, user))?.iter().rev();
        let mut earlier = changes.filter(|change| change.fact < before);
        earlier.next().copied()
    }

    fn find(&mut self, session: MegolmName, to: DeviceId, knowingly: bool, facts: [FactId; 3]) {
        if self.known.insert((session, to, knowingly)) {
            let oracle = if knowingly { KNOWINGLY } else { UNAWARES };
            self.found.push(Violation {
                oracle: oracle.name,
                facts: facts.to_vec(),
            });
        }
    }
}

#[cfg(test)]
mod tests;
