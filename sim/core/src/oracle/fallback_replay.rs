//! Safety: a session that was opened on a fallback key is accepted once. A
//! device that has lost such a session accepts a recorded message again for
//! as long as it holds the key.

use std::collections::BTreeMap;

use super::{Oracle, Violation};
use crate::name::KeyKind;
use crate::trace::{Fact, Trace};

/// Finds sessions on fallback keys that a device accepted more than once.
pub(super) const ORACLE: Oracle = Oracle {
    name: "fallback-session-accepted-twice",
    about: "a device accepted an Olm session on its fallback key a second time",
    check,
};

fn check(trace: &Trace) -> Vec<Violation> {
    let mut accepted = BTreeMap::new();
    let mut violations = vec![];
    for (id, record) in trace.facts() {
        let Fact::SessionAccepted { by, session, key } = record.fact else {
            continue;
        };
        if key.kind == KeyKind::OneTime {
            continue;
        }
        if let Some(first) = accepted.insert((by, session), id) {
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
    use crate::name::{DeviceId, KeyId, KeyName, ServerId, SessionName, UserId};
    use crate::time::{Span, Time};
    use crate::trace::FactId;

    #[test]
    fn a_session_accepted_twice_is_found_and_two_sessions_on_one_key_are_not() {
        let again: Trace = [accepted(1, 1), accepted(2, 1)].into_iter().collect();
        let facts = vec![FactId(0), FactId(1)];
        let oracle = ORACLE.name;
        assert_eq!(check(&again), [Violation { oracle, facts }]);

        let two: Trace = [accepted(1, 1), accepted(2, 2)].into_iter().collect();
        assert_eq!(check(&two), []);
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

    fn device(index: u8) -> DeviceId {
        let server = ServerId(0);
        DeviceId {
            user: UserId { server, index },
            index,
        }
    }
}
