//! Follows every key through a trace.

use std::collections::BTreeSet;

use litemap::LiteMap;

use super::Reached;
use crate::crypto::OlmError;
use crate::name::{DeviceId, KeyId, KeyKind, KeyName, NodeId, ServerId, Table};
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

/// What has become of every key so far.
struct Lives {
    reached: States,
    /// Those of each device, by its place in the cast.
    keys: Vec<Vec<Batch>>,
    /// The fallback key that each device generated last.
    fallback: LiteMap<DeviceId, KeyName>,
}

/// The keys of one kind that one process of a device has generated: their numbers
/// follow one another.
struct Batch {
    owner: DeviceId,
    kind: KeyKind,
    incarnation: u16,
    /// The number of the first.
    first: u64,
    lives: Vec<Life>,
}

/// What has become of one key so far.
#[derive(Clone, Copy, Default)]
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
            keys: vec![],
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
        let place = usize::from(key.owner.index());
        if place >= self.keys.len() {
            self.keys.resize_with(place + 1, Vec::new);
        }
        let batches = &mut self.keys[place];
        let known = batches.iter().position(|batch| batch.is_of(key));
        let known = known.unwrap_or_else(|| {
            batches.push(Batch::of(key));
            batches.len() - 1
        });
        batches[known].life(key.id)
    }

    /// The keys of a device, by batches.
    fn of(&mut self, owner: DeviceId) -> &mut [Batch] {
        let batches = self.keys.get_mut(usize::from(owner.index()));
        batches.map_or(&mut [][..], Vec::as_mut_slice)
    }

    fn generated(&mut self, at: Time, key: KeyName) {
        self.either(key, Reached::OneTimeGenerated, Reached::FallbackGenerated);
        self.life(key).generated = Some(at);
        match key.kind {
            KeyKind::OneTime => {
                let is_overwritten = |batch: &Batch| {
                    let is_earlier = batch.incarnation < key.incarnation;
                    is_earlier && batch.kind == key.kind && batch.has(key.id)
                };
                if self.of(key.owner).iter().any(is_overwritten) {
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
        let had = self.of(device).iter().any(|batch| {
            let mut lives = batch.lives.iter();
            batch.kind == KeyKind::OneTime
                && lives.any(|life| life.stored.is_some() && life.issued.is_none())
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
        for batch in self.of(device) {
            for life in &mut batch.lives {
                if since(life.generated) && !life.forgotten {
                    life.forgotten = true;
                    states.insert(match batch.kind {
                        KeyKind::OneTime => forgotten,
                        KeyKind::Fallback => Reached::FallbackForgotten,
                    });
                } else if since(life.accepted) && batch.kind == KeyKind::OneTime {
                    life.accepted = None;
                    states.insert(Reached::OneTimeUseForgotten);
                }
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
        let batches = self.keys.iter().flatten();
        let theirs = batches.filter(|it| it.owner.server() == server && it.kind == kind);
        for life in theirs.flat_map(|batch| &batch.lives) {
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
        let is_unused = |life: &Life| {
            let used = life.accepted.is_some() || life.discarded || life.forgotten;
            life.generated.is_some() && !used
        };
        let unused = self
            .of(device)
            .iter()
            .any(|batch| batch.kind == KeyKind::OneTime && batch.lives.iter().any(is_unused));
        if unused {
            self.reached.insert(Reached::OneTimeWiped);
        }
    }
}

impl Batch {
    /// One that begins with this key.
    fn of(key: KeyName) -> Self {
        let KeyName {
            owner,
            kind,
            id,
            incarnation,
        } = key;
        Self {
            owner,
            kind,
            incarnation,
            first: id.0,
            lives: vec![],
        }
    }

    /// Whether a key is one of them.
    fn is_of(&self, key: KeyName) -> bool {
        (self.kind, self.incarnation, self.owner) == (key.kind, key.incarnation, key.owner)
    }

    /// Whether a key of this number has been generated.
    fn has(&self, id: KeyId) -> bool {
        let place = id.0.checked_sub(self.first).map(|place| place as usize);
        let life = place.and_then(|place| self.lives.get(place));
        life.is_some_and(|life| life.generated.is_some())
    }

    fn life(&mut self, id: KeyId) -> &mut Life {
        // Few are heard of before one with a lower number.
        let before = self.first.saturating_sub(id.0);
        if before > 0 {
            let lives = (0..before).map(|_| Life::default());
            self.lives.splice(0..0, lives);
            self.first = id.0;
        }
        let place = (id.0 - self.first) as usize;
        if place >= self.lives.len() {
            self.lives.resize_with(place + 1, Life::default);
        }
        &mut self.lives[place]
    }
}

#[cfg(test)]
mod tests;
