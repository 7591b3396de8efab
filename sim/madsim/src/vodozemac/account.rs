//! An Olm account with the names of its one-time keys. vodozemac tells which
//! keys it holds, discards and uses by their public halves; the model knows
//! them by the numbers in their IDs, and another client numbers them, and
//! discards them, in another way.

mod copies;
mod held;

use std::fmt;

use serde::{Deserialize, Serialize};
use unwedge_core::cast::Client;
use unwedge_core::name::KeyId;
use vodozemac::Curve25519PublicKey;
use vodozemac::olm::{
    self, AccountPickle, InboundCreationResult, PreKeyMessage, SessionConfig, SessionCreationError,
};

use super::key_id;
use copies::Copies;
use held::Held;

/// How many private one-time keys the library holds.
const LIBRARY_ROOM: usize = 5000;

/// An Olm account.
pub struct Account {
    olm: olm::Account,
    names: Names,
    archive: Archive,
    fallback_keys: FallbackKeys,
}

/// Earlier copies of an account, for a client with more room for private keys
/// than the library has: what the library has discarded is in one of them.
#[derive(Default)]
struct Archive {
    copies: Copies,
    /// The newest key that is in any copy.
    newest: Option<KeyId>,
}

/// Earlier copies of an account, without one-time keys, for a client that keeps
/// more than the one replaced fallback key that the library has room for. The
/// copy's previous key is the one that the library has destroyed since; its
/// current one is the previous key of the copy after it, or of the account.
#[derive(Default)]
struct FallbackKeys {
    copies: Copies,
    /// Whether the account itself holds a previous fallback key.
    holds_previous: bool,
}

/// The names of one-time keys, by what the client makes of them.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Names {
    client: Client,
    /// The next number, where the client counts all keys in one sequence.
    next: u64,
    /// Every one-time key whose private half is held.
    held: Held,
    /// The number of the current fallback key.
    fallback: Option<KeyId>,
}

/// What a database keeps of an account.
#[derive(Serialize, Deserialize)]
pub(super) struct Pickle {
    olm: AccountPickle,
    names: Names,
    archive: Vec<AccountPickle>,
    newest_archived: Option<KeyId>,
    fallback_keys: Vec<AccountPickle>,
    holds_previous: bool,
}

impl Account {
    pub(super) fn new(client: Client) -> Self {
        let names = Names {
            client,
            // libolm's first key is number 1.
            next: 1,
            held: Held::default(),
            fallback: None,
        };
        Self {
            olm: olm::Account::new(),
            names,
            archive: Archive::default(),
            fallback_keys: FallbackKeys::default(),
        }
    }

    pub(super) fn olm(&self) -> &olm::Account {
        &self.olm
    }

    /// Generates keys. The IDs of those that were discarded to make room come
    /// back, lowest first.
    pub(super) fn generate_one_time_keys(&mut self, count: usize, room: usize) -> Vec<KeyId> {
        let mut known = self.olm.one_time_keys();
        if self.names.held.len() + count <= room {
            self.archive_what_will_go(count);
        }
        let generated = self.olm.generate_one_time_keys(count);
        let mut discarded = vec![];
        if self.names.held.len() + count > room {
            for key in generated.removed {
                discarded.extend(self.names.held.forget(&key));
            }
        }
        let mut new: Vec<_> = self.olm.one_time_keys().into_iter().collect();
        new.retain(|(id, _)| known.remove(id).is_none());
        new.sort_unstable_by_key(|(id, _)| key_id(*id));
        for (id, key) in new {
            let id = match self.names.client {
                Client::Vodozemac => key_id(id),
                Client::Libolm => self.names.count(),
            };
            self.names.held.insert(id, key);
        }
        // Of a client that keeps fewer than vodozemac, the oldest go as well.
        while self.names.held.len() > room {
            let oldest = self.names.held.ids().next();
            let oldest = oldest.expect("a store that is too full is not empty");
            self.discard_one_time_key(oldest);
            discarded.push(oldest);
        }
        discarded
    }

    /// The keys that are not marked as published, by ascending ID.
    pub(super) fn unpublished_one_time_keys(&self) -> Vec<(KeyId, Curve25519PublicKey)> {
        let unpublished = self.olm.one_time_keys().into_values();
        let mut unpublished: Vec<_> = unpublished
            .filter_map(|key| Some((self.names.held.id(&key)?, key)))
            .collect();
        // The library hands out a map in no particular order.
        unpublished.sort_unstable_by_key(|(id, _)| *id);
        unpublished
    }

    /// The keys that are marked as published, by ascending ID.
    pub(super) fn published_one_time_keys(&self, from: KeyId) -> Vec<(KeyId, Curve25519PublicKey)> {
        let unpublished = self.unpublished_one_time_keys();
        let is_published = |id| {
            unpublished
                .binary_search_by_key(&id, |(id, _)| *id)
                .is_err()
        };
        let held = self.names.held.from(from);
        held.filter(|(id, _)| is_published(*id)).collect()
    }

    pub(super) fn count_one_time_keys(&self) -> usize {
        self.names.held.len()
    }

    /// Every key whose private half is held, by ascending ID.
    pub(super) fn one_time_keys(&self) -> Vec<KeyId> {
        self.names.held.ids().collect()
    }

    pub(super) fn discard_one_time_key(&mut self, id: KeyId) {
        if let Some(key) = self.names.held.remove(id) {
            self.olm.remove_one_time_key(key);
        }
    }

    /// Generates a fallback key; of those that were replaced there is room for
    /// so many.
    pub(super) fn generate_fallback_key(&mut self, room: usize) {
        if room > 1 && self.fallback_keys.holds_previous {
            let mut copy = olm::Account::from_pickle(self.olm.pickle());
            for (_, key) in self.names.held.from(KeyId(0)) {
                copy.remove_one_time_key(key);
            }
            self.fallback_keys.copies.push(copy);
        }
        self.fallback_keys.holds_previous = self.names.fallback.is_some();
        let excess = (self.fallback_keys.copies.len() + 1).saturating_sub(room);
        for _ in 0..excess {
            self.fallback_keys.copies.forget_oldest();
        }
        self.olm.generate_fallback_key();
        let generated = self.olm.fallback_key().into_keys().next();
        self.names.fallback = generated.map(|id| match self.names.client {
            Client::Vodozemac => key_id(id),
            Client::Libolm => self.names.count(),
        });
    }

    pub(super) fn unpublished_fallback_key(&self) -> Option<(KeyId, Curve25519PublicKey)> {
        let key = self.olm.fallback_key().into_values().next();
        self.names.fallback.zip(key)
    }

    pub(super) fn forget_fallback_key(&mut self) {
        if self.fallback_keys.copies.forget_oldest().is_none() {
            self.olm.forget_fallback_key();
            self.fallback_keys.holds_previous = false;
        }
    }

    pub(super) fn mark_keys_as_published(&mut self) {
        self.olm.mark_keys_as_published();
    }

    /// Accepts the session that a message opens. The library deletes the
    /// one-time key if that succeeds, and so does its name.
    pub(super) fn accept_session(
        &mut self,
        theirs: Curve25519PublicKey,
        message: &PreKeyMessage,
    ) -> Result<InboundCreationResult, SessionCreationError> {
        let config = SessionConfig::version_1();
        let key = message.session_keys().one_time_key;
        let accepted = match self.olm.create_inbound_session(config, theirs, message) {
            Err(SessionCreationError::MissingOneTimeKey(_))
                if self.names.held.id(&key).is_some() =>
            {
                self.archive.copies.accept_session(theirs, message)
            }
            Err(SessionCreationError::MissingOneTimeKey(_)) => {
                self.fallback_keys.copies.accept_session(theirs, message)
            }
            accepted => accepted,
        }?;
        // A fallback key has no name here.
        self.names.held.forget(&key);
        Ok(accepted)
    }

    /// Keeps a copy of what the library will discard when it generates keys.
    fn archive_what_will_go(&mut self, count: usize) {
        let excess = (self.names.held.len() + count).saturating_sub(LIBRARY_ROOM);
        let goes = self.names.held.ids().nth(excess.saturating_sub(1));
        if excess > 0 && goes > self.archive.newest {
            let copy = olm::Account::from_pickle(self.olm.pickle());
            self.archive.copies.push(copy);
            self.archive.newest = self.names.held.ids().next_back();
        }
    }

    pub(super) fn pickle(&self) -> Pickle {
        Pickle {
            olm: self.olm.pickle(),
            names: self.names.clone(),
            archive: self.archive.copies.pickle(),
            newest_archived: self.archive.newest,
            fallback_keys: self.fallback_keys.copies.pickle(),
            holds_previous: self.fallback_keys.holds_previous,
        }
    }

    pub(super) fn from_pickle(pickle: Pickle) -> Self {
        Self {
            olm: olm::Account::from_pickle(pickle.olm),
            names: pickle.names,
            archive: Archive {
                copies: Copies::from_pickle(pickle.archive),
                newest: pickle.newest_archived,
            },
            fallback_keys: FallbackKeys {
                copies: Copies::from_pickle(pickle.fallback_keys),
                holds_previous: pickle.holds_previous,
            },
        }
    }
}

impl fmt::Debug for Pickle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pickle").finish_non_exhaustive()
    }
}

impl Names {
    fn count(&mut self) -> KeyId {
        let id = KeyId(self.next);
        self.next += 1;
        id
    }
}
