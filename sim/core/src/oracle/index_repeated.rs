//! Safety: a sender encrypts one thing at each index of a ratchet. A client
//! that is put back to an older copy of its store goes over indexes again, and
//! whoever sees two messages under one message key learns of both. That the
//! same thing is encrypted again, which makes the same ciphertext, and what
//! never left the device, is no harm.

use super::history::Index;
use super::{Oracle, Violation};
use crate::name::{EventId, MegolmName, MessageId, SessionName};
use crate::time::Time;
use crate::trace::{Fact, Trace};

/// Finds indexes of Olm chains and Megolm sessions that were used twice.
pub(super) const ORACLE: Oracle = Oracle {
    name: "message-index-repeated",
    about: "a device sent two different messages at one index of an Olm chain or a Megolm session",
    check,
};

/// What a message key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Place {
    /// In a chain of one end of an Olm session, named by its beginning.
    Olm(SessionName, MessageSender, Time, u32),
    Megolm(MegolmName, u32),
}

/// Which end of an Olm session sends: whether it is the one that opened it.
type MessageSender = bool;

/// What was encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Sent {
    ToDevice(MessageId),
    Event(EventId),
}

fn check(trace: &Trace) -> Vec<Violation> {
    let mut first = Index::default();
    let mut again = vec![];
    for (id, record) in trace.facts() {
        if let Some((place, sent)) = encrypted(record.fact) {
            match first.get(&place) {
                None => {
                    first.insert(place, (id, sent));
                }
                Some(before) => again.push((place, *before, (id, sent))),
            }
        }
    }
    if again.is_empty() {
        return vec![]; // Nearly always.
    }
    let fates = Fates::of(trace);
    // What left the device first at each place that was used again.
    let mut exposed = Index::default();
    let mut violations = vec![];
    for (place, before, now) in again {
        for (fact, sent) in [before, now].into_iter().filter(|it| fates.left(it.1)) {
            let (first, other) = *exposed.entry(place).or_insert((fact, sent));
            if fact > first && !fates.same_content(sent, other) {
                violations.push(Violation {
                    oracle: ORACLE.name,
                    facts: vec![first, fact],
                });
            }
        }
    }
    violations
}

/// Where a message was encrypted, if the fact says that one was.
fn encrypted(fact: Fact) -> Option<(Place, Sent)> {
    if let Fact::EventSent {
        event,
        session,
        index,
        ..
    } = fact
    {
        Some((Place::Megolm(session, index), Sent::Event(event)))
    } else if let Fact::OlmEncrypted {
        message,
        session,
        chain,
        index,
    } = fact
    {
        let is_opener = message.sender == session.opener;
        let place = Place::Olm(session, is_opener, chain, index);
        Some((place, Sent::ToDevice(message)))
    } else {
        None
    }
}

/// What became of messages, and what was in them.
#[derive(Default)]
struct Fates {
    events: Index<EventId, ()>,
    messages: Index<MessageId, ()>,
    /// The room key in a message; nothing in one that has none.
    room_keys: Index<MessageId, (MegolmName, u32)>,
}

impl Fates {
    fn of(trace: &Trace) -> Self {
        let mut fates = Self::default();
        for (_, record) in trace.facts() {
            if let Fact::EventStored { event, .. } = record.fact {
                fates.events.insert(event, ());
            } else if let Fact::ToDeviceStored { message, .. }
            | Fact::ToDeviceQueued { message, .. } = record.fact
            {
                fates.messages.insert(message, ());
            } else if let Fact::RoomKeyShared {
                session,
                index,
                message,
            } = record.fact
            {
                fates.room_keys.insert(message, (session, index));
            }
        }
        fates
    }

    /// Whether it reached a server.
    fn left(&self, sent: Sent) -> bool {
        match sent {
            Sent::ToDevice(message) => self.messages.contains_key(&message),
            Sent::Event(event) => self.events.contains_key(&event),
        }
    }

    /// Whether two messages say the same. Events name themselves in what is
    /// encrypted, so no two are the same.
    fn same_content(&self, one: Sent, other: Sent) -> bool {
        match (one, other) {
            (Sent::ToDevice(one), Sent::ToDevice(other)) => {
                self.room_keys.get(&one) == self.room_keys.get(&other)
            }
            (Sent::Event(one), Sent::Event(other)) => one == other,
            (Sent::ToDevice(_), Sent::Event(_)) | (Sent::Event(_), Sent::ToDevice(_)) => false,
        }
    }
}

#[cfg(test)]
mod tests;
