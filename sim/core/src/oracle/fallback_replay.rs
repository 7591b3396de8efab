//! Safety: a session that was opened on a fallback key is accepted once. A
//! device that has lost such a session accepts a recorded message again for
//! as long as it holds the key. A message that its server delivers again
//! because the device has not said that it has it is no such message.

use std::collections::{BTreeMap, BTreeSet};

use super::history::History;
use super::{Oracle, Violation};
use crate::name::{DeviceId, KeyKind};
use crate::trace::{Fact, FactId};

/// Finds sessions on fallback keys that a device accepted more than once.
pub(super) const ORACLE: Oracle = Oracle {
    name: "fallback-session-accepted-twice",
    about: "a device accepted an Olm session on its fallback key a second time",
};

/// Looks for them.
pub(super) fn check(history: &History<'_>) -> Vec<Violation> {
    // Nearly always every session is accepted once.
    let trace = history.trace;
    let mut sessions = BTreeSet::new();
    let again = history.sessions_accepted.iter().any(|id| {
        matches!(trace.at(*id).fact, Fact::SessionAccepted { by, session, key }
            if key.kind == KeyKind::Fallback && !sessions.insert((by, session)))
    });
    if !again {
        return vec![];
    }
    let mut accepted = BTreeMap::new();
    let mut acknowledged: BTreeMap<(DeviceId, DeviceId), FactId> = BTreeMap::new();
    let mut violations = vec![];
    for (id, record) in trace.facts() {
        if let Fact::ToDeviceDeleted { message, .. } = record.fact {
            acknowledged.insert((message.to, message.sender), id);
        }
        let Fact::SessionAccepted { by, session, key } = record.fact else {
            continue;
        };
        if key.kind == KeyKind::OneTime {
            continue;
        }
        let last = acknowledged.get(&(by, session.opener));
        if let Some(first) = accepted.insert((by, session), id)
            && last.is_some_and(|last| *last > first)
        {
            violations.push(Violation {
                oracle: ORACLE.name,
                facts: vec![first, id],
            });
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::{KeyId, KeyName, MessageId, ServerId, SessionName, UserId};
    use crate::time::{Span, Time};
    use crate::trace::Trace;

    #[test]
    fn a_session_accepted_twice_is_found_and_two_sessions_on_one_key_are_not() {
        let again: Trace = [accepted(1, 1), acknowledged(2, 1), accepted(3, 1)]
            .into_iter()
            .collect();
        let facts = vec![FactId(0), FactId(2)];
        let oracle = ORACLE.name;
        assert_eq!(check(&History::of(&again)), [Violation { oracle, facts }]);

        // Delivered again to a device that has not said that it has it.
        let unheard: Trace = [accepted(1, 1), acknowledged(2, 2), accepted(3, 1)]
            .into_iter()
            .collect();
        assert_eq!(check(&History::of(&unheard)), []);

        let two: Trace = [accepted(1, 1), accepted(2, 2)].into_iter().collect();
        assert_eq!(check(&History::of(&two)), []);
    }

    /// A device accepts the session of `opener` on its fallback key.
    fn accepted(secs: u64, opener: u8) -> (Time, Fact) {
        let by = device(0);
        let key = KeyName {
            owner: by,
            kind: KeyKind::Fallback,
            id: KeyId(0),
            incarnation: 0,
        };
        let session = SessionName {
            opener: device(opener),
            peer: by,
            opened: Time::ZERO,
        };
        let at = Time::ZERO + Span::secs(secs);
        (at, Fact::SessionAccepted { by, session, key })
    }

    /// The server deletes what the device has had of `sender`.
    fn acknowledged(secs: u64, sender: u8) -> (Time, Fact) {
        let message = MessageId {
            sender: device(sender),
            to: device(0),
            sent: Time::ZERO,
            number: 0,
        };
        let server = ServerId(0);
        let at = Time::ZERO + Span::secs(secs);
        (at, Fact::ToDeviceDeleted { server, message })
    }

    fn device(index: u8) -> DeviceId {
        let server = ServerId(0);
        DeviceId::new(UserId::new(server, index), index)
    }
}
