//! Safety: the private half of a one-time key opens one session, never two.

use rustc_hash::FxHashMap;

use super::history::History;
use super::{Oracle, Violation};
use crate::name::KeyKind;
use crate::trace::Fact;

/// Finds one-time keys that a device used for two sessions.
pub(super) const ORACLE: Oracle = Oracle {
    name: "one-time-key-used-twice",
    about: "a device accepted two Olm sessions on one of its one-time keys",
};

/// Looks for them.
pub(super) fn check(history: &History<'_>) -> Vec<Violation> {
    let mut first_use = FxHashMap::default();
    let mut violations = vec![];
    for id in history.sessions_accepted.iter().copied() {
        let Fact::SessionAccepted { session, key, .. } = history.trace.at(id).fact else {
            continue;
        };
        if key.kind == KeyKind::Fallback {
            continue;
        }
        match first_use.get(&key) {
            None => {
                first_use.insert(key, (id, session));
            }
            Some((first, other)) if *other != session => {
                violations.push(Violation {
                    oracle: ORACLE.name,
                    facts: vec![*first, id],
                });
            }
            Some(_) => {}
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::{DeviceId, KeyId, KeyName, ServerId, SessionName, UserId};
    use crate::time::{Span, Time};
    use crate::trace::{FactId, Trace};

    #[test]
    fn two_sessions_on_one_key_are_found_and_on_a_fallback_key_are_not() {
        let at = |secs| Time::ZERO + Span::secs(secs);
        let accepted = |secs, kind, opener| {
            let by = device(0);
            let key = KeyName {
                owner: by,
                kind,
                id: KeyId(0),
                incarnation: 0,
            };
            let session = SessionName {
                opener: device(opener),
                peer: by,
                opened: at(0),
            };
            (at(secs), Fact::SessionAccepted { by, session, key })
        };
        let broken: Trace = [
            accepted(1, KeyKind::OneTime, 1),
            accepted(2, KeyKind::OneTime, 2),
        ]
        .into_iter()
        .collect();
        let facts = vec![FactId(0), FactId(1)];
        assert_eq!(
            check(&History::of(&broken)),
            [Violation {
                oracle: ORACLE.name,
                facts
            }]
        );

        let fine: Trace = [
            accepted(1, KeyKind::Fallback, 1),
            accepted(2, KeyKind::Fallback, 2),
        ]
        .into_iter()
        .collect();
        assert_eq!(check(&History::of(&fine)), []);

        // One session, of which the device is told twice.
        let again: Trace = [
            accepted(1, KeyKind::OneTime, 1),
            accepted(2, KeyKind::OneTime, 1),
        ]
        .into_iter()
        .collect();
        assert_eq!(check(&History::of(&again)), []);
    }

    fn device(index: u8) -> DeviceId {
        DeviceId::new(UserId::new(ServerId(0), index), index)
    }
}
