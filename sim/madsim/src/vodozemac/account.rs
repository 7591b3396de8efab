//! An Olm account with the names of its one-time keys. vodozemac tells which
//! keys it holds, discards and uses by their public halves; the model knows
//! them by the numbers in their IDs, and another client numbers them, and
//! discards them, in another way.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use unwedge_core::cast::Client;
use unwedge_core::name::KeyId;
use vodozemac::Curve25519PublicKey;
use vodozemac::olm::{
    self, AccountPickle, InboundCreationResult, PreKeyMessage, SessionConfig, SessionCreationError,
};

use super::key_id;

/// An Olm account.
pub struct Account {
    olm: olm::Account,
    names: Names,
}

/// The names of one-time keys, by what the client makes of them.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Names {
    client: Client,
    /// The next number, where the client counts all keys in one sequence.
    next: u64,
    /// Every one-time key whose private half is held.
    held: BTreeMap<KeyId, Curve25519PublicKey>,
    /// The number of the current fallback key.
    fallback: Option<KeyId>,
}

/// What a database keeps of an account.
#[derive(Serialize, Deserialize)]
pub(super) struct Pickle {
    olm: AccountPickle,
    names: Names,
}

impl Account {
    pub(super) fn new(client: Client) -> Self {
        let names = Names {
            client,
            // libolm's first key is number 1.
            next: 1,
            held: BTreeMap::new(),
            fallback: None,
        };
        Self {
            olm: olm::Account::new(),
            names,
        }
    }

    pub(super) fn olm(&self) -> &olm::Account {
        &self.olm
    }

    /// Generates keys. The IDs of those that were discarded to make room come
    /// back, lowest first.
    pub(super) fn generate_one_time_keys(&mut self, count: usize) -> Vec<KeyId> {
        let mut known = self.olm.one_time_keys();
        let generated = self.olm.generate_one_time_keys(count);
        let mut discarded = vec![];
        for key in generated.removed {
            discarded.extend(self.names.forget(&key));
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
        while self.names.held.len() > self.names.client.private_keys() {
            let oldest = self.names.held.keys().next().copied();
            let oldest = oldest.expect("a store that is too full is not empty");
            self.discard_one_time_key(oldest);
            discarded.push(oldest);
        }
        discarded
    }

    /// The keys that are not marked as published, by ascending ID.
    pub(super) fn unpublished_one_time_keys(&self) -> Vec<(KeyId, Curve25519PublicKey)> {
        // The library hands out a map in no particular order.
        let unpublished = self.olm.one_time_keys();
        if unpublished.is_empty() {
            return vec![];
        }
        let unpublished: Vec<Curve25519PublicKey> = unpublished.into_values().collect();
        let held = self.names.held.iter();
        held.filter(|(_, key)| unpublished.contains(key))
            .map(|(id, key)| (*id, *key))
            .collect()
    }

    /// Every key whose private half is held, by ascending ID.
    pub(super) fn one_time_keys(&self) -> Vec<KeyId> {
        self.names.held.keys().copied().collect()
    }

    pub(super) fn discard_one_time_key(&mut self, id: KeyId) {
        if let Some(key) = self.names.held.remove(&id) {
            self.olm.remove_one_time_key(key);
        }
    }

    pub(super) fn generate_fallback_key(&mut self) {
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
        self.olm.forget_fallback_key();
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
        let accepted = self.olm.create_inbound_session(config, theirs, message)?;
        self.names.forget(&message.session_keys().one_time_key);
        Ok(accepted)
    }

    pub(super) fn pickle(&self) -> Pickle {
        Pickle {
            olm: self.olm.pickle(),
            names: self.names.clone(),
        }
    }

    pub(super) fn from_pickle(pickle: Pickle) -> Self {
        Self {
            olm: olm::Account::from_pickle(pickle.olm),
            names: pickle.names,
        }
    }
}

impl Names {
    /// Forgets a key that is not held any more, and tells its name. A fallback
    /// key has none here.
    fn forget(&mut self, key: &Curve25519PublicKey) -> Option<KeyId> {
        let mut held = self.held.iter();
        let id = held.find(|(_, held)| *held == key).map(|(id, _)| *id)?;
        self.held.remove(&id);
        Some(id)
    }

    fn count(&mut self) -> KeyId {
        let id = KeyId(self.next);
        self.next += 1;
        id
    }
}
