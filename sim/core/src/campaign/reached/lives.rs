//! Follows every key through a trace.

use std::collections::BTreeSet;

use litemap::LiteMap;
use rustc_hash::{FxBuildHasher, FxHashMap};

use super::Reached;
use crate::crypto::OlmError;
use crate::name::{DeviceId, KeyKind, KeyName, NodeId, ServerId, Table};
use crate::time::Time;
use crate::trace::{Discard, Fact, Trace};
use crate::wire::UploadRefused;

/// The states that the keys of a run reached.
#[must_use]
pub fn reached(trace: &Trace) -> BTreeSet<Reached> {
    let mut lives = Lives::new();
    for (_, record) in trace.records() {
        lives.take(record.at, &record.fact);
    }
    lives.reached.listed()
}

/// How many keys there come to be in a run of the usual length.
const USUAL_KEYS: usize = 896;

/// What has become of every key so far.
struct Lives {
    reached: States,
    keys: FxHashMap<KeyName, Life>,
    /// Which incarnations of each device have generated one-time keys.
    incarnations: LiteMap<DeviceId, Vec<u16>>,
    /// The fallback key that each device generated last.
    fallback: LiteMap<DeviceId, KeyName>,
}

/// What has become of one key so far.
#[derive(Default)]
struct Life {
    generated: Option<Time>,
    stored: Option<Time>,
    issued: Option<Time>,
    accepted: Option<Time>,
    discarded: bool,
    forgotten: bool,
}

const _: () = assert!(Reached::ALL.len() <= u64::BITS as usize);

/// Some of the states, one bit each.
#[derive(Clone, Copy, Default)]
struct States(u64);

impl States {
    fn insert(&mut self, state: Reached) {
        self.0 |= 1 << state as u64;
    }

    fn contains(self, state: Reached) -> bool {
        self.0 & 1 << state as u64 != 0
    }

    fn union(self, others: States) -> States {
        States(self.0 | others.0)
    }

    fn listed(self) -> BTreeSet<Reached> {
        let all = Reached::ALL.iter().map(|info| info.state);
        all.filter(|state| self.contains(*state)).collect()
    }
}

impl Lives {
    fn new() -> Self {
        Self {
            reached: States::default(),
            keys: FxHashMap::with_capacity_and_hasher(USUAL_KEYS, FxBuildHasher),
            incarnations: LiteMap::new(),
            fallback: LiteMap::new(),
        }
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "most facts are not about keys, and those of other kinds never will be"
    )]
    fn take(&mut self, at: Time, fact: &Fact) {
        match *fact {
            Fact::KeyGenerated { key } => self.generated(at, key),
            Fact::KeyStored { key, .. } => self.stored(at, key),
            Fact::KeyLeftOut { key, .. } => self.one_time(key, Reached::OneTimeLeftOut),
            Fact::UploadRefused { key, why, .. } => {
                let state = match why {
                    UploadRefused::KeyExists => Reached::OneTimeRefused,
                    UploadRefused::TooMany => Reached::OneTimeRefusedForRoom,
                };
                self.one_time(key, state);
            }
            Fact::KeyIssued { key, to, .. } => self.issued(at, key, to.is_some()),
            Fact::ClaimRaced { key, .. } => self.one_time(key, Reached::OneTimeClaimRaced),
            Fact::KeysReset { device, .. } => self.reset(device),
            Fact::KeyReset { key, .. } => self.one_time(key, Reached::OneTimeResetOnServer),
            Fact::SessionOpened { key, .. } => self.either(
                key,
                Reached::OneTimeSessionOpened,
                Reached::FallbackSessionOpened,
            ),
            Fact::SessionAccepted { key, .. } => self.accepted(at, key),
            Fact::OlmFailed {
                key,
                error: OlmError::MissingOneTimeKey,
                ..
            } => self.missed(key),
            Fact::KeyDiscarded { key, why } => self.discarded(key, why),
            Fact::WritesLost {
                node: NodeId::Device(device),
                since,
                ..
            } => self.put_back(device, since, Reached::OneTimeForgottenWithWrites),
            Fact::DeviceRestored { device, taken, .. } => {
                self.put_back(device, taken, Reached::OneTimeForgottenWithRestore);
            }
            Fact::TableRestored {
                server,
                table,
                taken,
                ..
            } => self.table_put_back(server, table, taken),
            Fact::TableEmptied { server, table, .. } => {
                self.table_put_back(server, table, Time::ZERO);
            }
            Fact::LoggedOut { device, .. } => self.wiped(device),
            _ => {}
        }
    }

    fn either(&mut self, key: KeyName, one_time: Reached, fallback: Reached) {
        self.reached.insert(match key.kind {
            KeyKind::OneTime => one_time,
            KeyKind::Fallback => fallback,
        });
    }

    fn one_time(&mut self, key: KeyName, state: Reached) {
        if key.kind == KeyKind::OneTime {
            self.reached.insert(state);
        }
    }

    fn life(&mut self, key: KeyName) -> &mut Life {
        self.keys.entry(key).or_default()
    }

    /// Every key of a device, in no order.
    #[expect(
        clippy::disallowed_methods,
        reason = "what is gathered of them has no order"
    )]
    fn of(&mut self, owner: DeviceId) -> impl Iterator<Item = (&KeyName, &mut Life)> {
        self.keys
            .iter_mut()
            .filter(move |(key, _)| key.owner == owner)
    }

    fn generated(&mut self, at: Time, key: KeyName) {
        self.either(key, Reached::OneTimeGenerated, Reached::FallbackGenerated);
        self.life(key).generated = Some(at);
        match key.kind {
            KeyKind::OneTime => {
                let all = self.incarnations.entry(key.owner).or_default();
                if !all.contains(&key.incarnation) {
                    all.push(key.incarnation);
                }
                let before = all.iter().filter(|it| **it < key.incarnation);
                let mut same = before.map(|it| KeyName {
                    incarnation: *it,
                    ..key
                });
                if same.any(|key| self.keys.contains_key(&key)) {
                    self.reached.insert(Reached::OneTimeOverwritten);
                }
            }
            KeyKind::Fallback => {
                if self.fallback.insert(key.owner, key).is_some() {
                    self.reached.insert(Reached::FallbackReplaced);
                }
            }
        }
    }

    fn stored(&mut self, at: Time, key: KeyName) {
        self.either(key, Reached::OneTimeStored, Reached::FallbackStored);
        let life = self.life(key);
        life.stored = Some(at);
        if life.issued.is_some() {
            self.one_time(key, Reached::OneTimeStoredAgain);
        }
    }

    fn issued(&mut self, at: Time, key: KeyName, for_somebody: bool) {
        self.either(key, Reached::OneTimeIssued, Reached::FallbackIssued);
        if !for_somebody {
            self.one_time(key, Reached::OneTimeIssuedForNobody);
        }
        if self.life(key).issued.replace(at).is_some() {
            self.either(
                key,
                Reached::OneTimeIssuedTwice,
                Reached::FallbackIssuedAgain,
            );
        }
    }

    fn reset(&mut self, device: DeviceId) {
        // Some devices have their keys reset thousands of times.
        if self.reached.contains(Reached::OneTimeResetOnServer) {
            return;
        }
        let had = self.of(device).any(|(key, life)| {
            key.kind == KeyKind::OneTime && life.stored.is_some() && life.issued.is_none()
        });
        if had {
            self.reached.insert(Reached::OneTimeResetOnServer);
        }
    }

    fn accepted(&mut self, at: Time, key: KeyName) {
        self.either(key, Reached::OneTimeAccepted, Reached::FallbackAccepted);
        self.life(key).accepted = Some(at);
        let newest = self.fallback.get(&key.owner).copied();
        if key.kind == KeyKind::Fallback && newest.is_some_and(|newest| newest != key) {
            self.reached.insert(Reached::PreviousFallbackAccepted);
        }
    }

    /// Its owner has not, or no longer, what a message was made for.
    fn missed(&mut self, key: KeyName) {
        let Life {
            accepted,
            discarded,
            forgotten,
            ..
        } = *self.life(key);
        if discarded {
            self.either(
                key,
                Reached::OneTimeMetAfterDiscard,
                Reached::FallbackMetAfterRetirement,
            );
        } else if forgotten {
            self.one_time(key, Reached::OneTimeMetAfterForgetting);
        } else if accepted.is_some() {
            self.one_time(key, Reached::OneTimeMetAfterUse);
        }
    }

    fn discarded(&mut self, key: KeyName, why: Discard) {
        self.life(key).discarded = true;
        let state = match (key.kind, why) {
            (KeyKind::Fallback, _) => Reached::FallbackRetired,
            (KeyKind::OneTime, Discard::StoreFull) => Reached::OneTimeEvicted,
            (KeyKind::OneTime, Discard::Reset) => Reached::OneTimeDiscardedWithReset,
            (KeyKind::OneTime, Discard::Failed) => Reached::OneTimeDeletedOnFailure,
            (KeyKind::OneTime, Discard::Refused) => Reached::OneTimeDiscardedAsRefused,
            (KeyKind::OneTime, Discard::Expired) => Reached::OneTimeExpired,
            // Only fallback keys are replaced.
            (KeyKind::OneTime, Discard::Replaced) => return,
        };
        self.reached.insert(state);
    }

    /// A device's store is as it was at `then`.
    fn put_back(&mut self, device: DeviceId, then: Time, forgotten: Reached) {
        let mut states = States::default();
        let since = |at: Option<Time>| at.is_some_and(|at| at >= then);
        for (key, life) in self.of(device) {
            if since(life.generated) && !life.forgotten {
                life.forgotten = true;
                states.insert(match key.kind {
                    KeyKind::OneTime => forgotten,
                    KeyKind::Fallback => Reached::FallbackForgotten,
                });
            } else if since(life.accepted) && key.kind == KeyKind::OneTime {
                life.accepted = None;
                states.insert(Reached::OneTimeUseForgotten);
            }
        }
        self.reached = self.reached.union(states);
    }

    /// A server's table is as it was at `then`.
    fn table_put_back(&mut self, server: ServerId, table: Table, then: Time) {
        let kind = match table {
            Table::OneTimeKeys => KeyKind::OneTime,
            Table::FallbackKeys => KeyKind::Fallback,
            Table::Devices
            | Table::DeviceLists
            | Table::Inbox
            | Table::Outbox
            | Table::Rooms
            | Table::Deduplication
            | Table::RetryTimings
            | Table::IssuedKeys => return,
        };
        let mut states = States::default();
        #[expect(clippy::iter_over_hash_type, reason = "what is gathered has no order")]
        for (key, life) in &self.keys {
            if key.owner.server() != server || key.kind != kind {
                continue;
            }
            let stored_since = life.stored.is_some_and(|at| at > then);
            let issued_since = life.issued.is_some_and(|at| at > then);
            match kind {
                KeyKind::Fallback if stored_since => {
                    states.insert(Reached::FallbackLostFromServer);
                }
                KeyKind::OneTime if stored_since && life.issued.is_none() => {
                    states.insert(Reached::OneTimeLostFromServer);
                }
                KeyKind::OneTime if !stored_since && issued_since && life.stored.is_some() => {
                    states.insert(Reached::OneTimeBroughtBack);
                }
                KeyKind::OneTime | KeyKind::Fallback => {}
            }
        }
        self.reached = self.reached.union(states);
    }

    fn wiped(&mut self, device: DeviceId) {
        let unused = self.of(device).any(|(key, life)| {
            let used = life.accepted.is_some() || life.discarded || life.forgotten;
            key.kind == KeyKind::OneTime && !used
        });
        if unused {
            self.reached.insert(Reached::OneTimeWiped);
        }
    }
}

#[cfg(test)]
mod tests;
