//! What came of the claims on a device's one-time keys, where strangers made
//! many: which of them was the first that failed.

use std::collections::{BTreeMap, BTreeSet};

use crate::cast::Cast;
use crate::crypto::OlmError;
use crate::name::{DeviceId, KeyKind, KeyName};
use crate::trace::{Fact, Trace};

/// The claims on one device's one-time keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailedClaims {
    /// Whose keys.
    pub device: DeviceId,
    /// How many claims were given a one-time key.
    pub made: usize,
    /// Of how many of them the message could not be read, because the private
    /// half was gone.
    pub failed: usize,
    /// The first of these, counted from 1.
    pub first: usize,
}

/// The devices whose keys strangers claimed, and of which some claim failed.
#[must_use]
pub fn failed_claims(trace: &Trace) -> Vec<FailedClaims> {
    let mut claims: BTreeMap<DeviceId, Claims> = BTreeMap::new();
    for (_, record) in trace.facts() {
        if let Fact::ClaimedByStrangers { device, .. } = record.fact {
            claims.entry(device).or_default().by_strangers = true;
        } else if let Fact::KeyIssued { key, .. } = record.fact {
            claims.entry(key.owner).or_default().issued(key);
        } else if let Fact::OlmFailed { key, error, .. } = record.fact
            && error == OlmError::MissingOneTimeKey
        {
            claims.entry(key.owner).or_default().failed(key);
        }
    }
    let claims = claims.into_iter().filter(|(_, it)| it.by_strangers);
    let failed = claims.filter_map(|(device, it)| {
        Some(FailedClaims {
            device,
            made: it.made,
            failed: it.failed.len(),
            first: *it.failed.first()?,
        })
    });
    failed.collect()
}

/// The claims on one device's keys so far.
#[derive(Default)]
struct Claims {
    by_strangers: bool,
    made: usize,
    /// By which claim each key was given out last.
    last: BTreeMap<KeyName, usize>,
    failed: BTreeSet<usize>,
}

impl Claims {
    fn issued(&mut self, key: KeyName) {
        if key.kind == KeyKind::OneTime {
            self.made += 1;
            self.last.insert(key, self.made);
        }
    }

    fn failed(&mut self, key: KeyName) {
        self.failed.extend(self.last.get(&key));
    }
}

impl FailedClaims {
    /// In a sentence.
    #[must_use]
    pub fn sentence(&self, cast: &Cast) -> String {
        let Self {
            device,
            made,
            failed,
            first,
        } = self;
        let device = cast.say(device);
        format!(
            "of {made} claims on one-time keys of {device}, {failed} failed, the first of them claim {first}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::{KeyId, MessageId, ServerId, SessionName, UserId};
    use crate::time::Time;
    use crate::trace::StepIndex;

    const SERVER: ServerId = ServerId(0);
    const BOB: DeviceId = DeviceId::new(UserId::new(SERVER, 0), 0);

    fn key(kind: KeyKind, id: u64) -> KeyName {
        KeyName {
            owner: BOB,
            kind,
            id: KeyId(id),
            incarnation: 0,
        }
    }

    fn issued(kind: KeyKind, id: u64) -> Fact {
        Fact::KeyIssued {
            server: SERVER,
            key: key(kind, id),
            to: None,
        }
    }

    fn failed(id: u64, error: OlmError) -> Fact {
        let sender = DeviceId::stranger(SERVER);
        Fact::OlmFailed {
            by: BOB,
            message: MessageId {
                sender,
                to: BOB,
                sent: Time::ZERO,
                number: 0,
            },
            session: SessionName {
                opener: sender,
                peer: BOB,
                opened: Time::ZERO,
            },
            key: key(KeyKind::OneTime, id),
            error,
        }
    }

    fn trace(facts: &[Fact]) -> Trace {
        facts.iter().map(|fact| (Time::ZERO, *fact)).collect()
    }

    #[test]
    fn the_first_claim_that_failed_is_counted_among_all_on_one_time_keys() {
        let claimed = Fact::ClaimedByStrangers {
            device: BOB,
            count: 5,
            step: StepIndex(0),
        };
        let facts = [
            claimed,
            issued(KeyKind::OneTime, 7),
            issued(KeyKind::Fallback, 0),
            issued(KeyKind::OneTime, 3),
            issued(KeyKind::OneTime, 4),
            // Issued again: it is the second claim of it that failed.
            issued(KeyKind::OneTime, 7),
            failed(4, OlmError::Invalid),
            failed(7, OlmError::MissingOneTimeKey),
            failed(3, OlmError::MissingOneTimeKey),
        ];
        let expected = FailedClaims {
            device: BOB,
            made: 4,
            failed: 2,
            first: 2,
        };
        assert_eq!(failed_claims(&trace(&facts)), [expected]);
        // Without strangers, the causes say all there is to say.
        assert_eq!(failed_claims(&trace(&facts[1..])), []);
        assert_eq!(failed_claims(&trace(&facts[..7])), []);
    }
}
