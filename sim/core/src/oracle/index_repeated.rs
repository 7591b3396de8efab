//! Safety: a sender encrypts one thing at each index of a ratchet. A client
//! that is put back to an older copy of its store goes over indexes again, and
//! whoever sees two messages under one message key learns of both. That the
//! same thing is encrypted again, which makes the same ciphertext, and what
//! never left the device, is no harm.

use rustc_hash::FxHashMap;

use super::history::History;
use super::{Oracle, Violation};
use crate::name::{EventId, MegolmName, MessageId, SessionName};
use crate::time::Time;
use crate::trace::{Fact, Trace, empty_index};

/// Finds indexes of Olm chains and Megolm sessions that were used twice.
pub(super) const ORACLE: Oracle = Oracle {
    name: "message-index-repeated",
    about: "a device sent two different messages at one index of an Olm chain or a Megolm session",
};

/// What encrypts one message at each index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Ratchet {
    /// A chain of one end of an Olm session, named by its beginning: whether it
    /// is of the end that opened the session.
    Olm(SessionName, bool, Time),
    Megolm(MegolmName),
}

/// What was encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Sent {
    ToDevice(MessageId),
    Event(EventId),
}

/// Looks for them.
pub(super) fn check(history: &History<'_>) -> Vec<Violation> {
    let all = || {
        let encrypted = history.encrypted.iter();
        encrypted.filter_map(|id| Some((*id, encrypted_by(&history.trace.at(*id).fact)?)))
    };
    // Nearly always every ratchet goes only forward.
    let mut newest = empty_index();
    let goes_back = all().any(|(_, (ratchet, index, _))| {
        let before = newest.insert(ratchet, index);
        before.is_some_and(|before| before >= index)
    });
    if !goes_back {
        return vec![];
    }
    let mut first = FxHashMap::default();
    let mut again = vec![];
    for (id, (ratchet, index, sent)) in all() {
        let place = (ratchet, index);
        match first.get(&place) {
            None => {
                first.insert(place, (id, sent));
            }
            Some(before) => again.push((place, *before, (id, sent))),
        }
    }
    let fates = Fates::of(history.trace);
    // What left the device first at each place that was used again.
    let mut exposed = FxHashMap::default();
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

/// With what and at which index something was encrypted, if the fact says that
/// something was.
fn encrypted_by(fact: &Fact) -> Option<(Ratchet, u32, Sent)> {
    if let Fact::EventSent {
        event,
        session,
        index,
        ..
    } = fact
    {
        Some((Ratchet::Megolm(*session), *index, Sent::Event(*event)))
    } else if let Fact::OlmEncrypted {
        message,
        session,
        chain,
        index,
    } = fact
    {
        let is_opener = message.sender == session.opener;
        let ratchet = Ratchet::Olm(*session, is_opener, *chain);
        Some((ratchet, *index, Sent::ToDevice(*message)))
    } else {
        None
    }
}

/// What became of messages, and what was in them.
#[derive(Default)]
struct Fates {
    events: FxHashMap<EventId, ()>,
    messages: FxHashMap<MessageId, ()>,
    /// The room key in a message; nothing in one that has none.
    room_keys: FxHashMap<MessageId, (MegolmName, u32)>,
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
