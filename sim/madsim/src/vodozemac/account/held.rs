//! One-time keys by their number, and by their public half.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use unwedge_core::name::KeyId;
use vodozemac::Curve25519PublicKey;

/// Keys with their numbers. A client that keeps every key holds thousands, so
/// neither way of asking may look at all of them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(from = "ById", into = "ById")]
pub(super) struct Held {
    keys: ById,
    /// Only ever asked for one key: the order of public halves is that of
    /// their bytes, which decide nothing.
    ids: BTreeMap<[u8; Curve25519PublicKey::LENGTH], KeyId>,
}

type ById = BTreeMap<KeyId, Curve25519PublicKey>;

impl Held {
    pub(super) fn insert(&mut self, id: KeyId, key: Curve25519PublicKey) {
        self.keys.insert(id, key);
        self.ids.insert(key.to_bytes(), id);
    }

    /// Removes the key of a number.
    pub(super) fn remove(&mut self, id: KeyId) -> Option<Curve25519PublicKey> {
        let key = self.keys.remove(&id)?;
        self.ids.remove(key.as_bytes());
        Some(key)
    }

    /// Removes a key, and tells its number.
    pub(super) fn forget(&mut self, key: &Curve25519PublicKey) -> Option<KeyId> {
        let id = self.ids.remove(key.as_bytes())?;
        self.keys.remove(&id);
        Some(id)
    }

    /// The number of a key.
    pub(super) fn id(&self, key: &Curve25519PublicKey) -> Option<KeyId> {
        self.ids.get(key.as_bytes()).copied()
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    /// The numbers of all keys, in ascending order.
    pub(super) fn ids(&self) -> impl DoubleEndedIterator<Item = KeyId> {
        self.keys.keys().copied()
    }

    /// The keys from a number on, in the order of their numbers.
    pub(super) fn from(&self, id: KeyId) -> impl Iterator<Item = (KeyId, Curve25519PublicKey)> {
        self.keys.range(id..).map(|(id, key)| (*id, *key))
    }
}

impl From<ById> for Held {
    fn from(keys: ById) -> Self {
        let ids = keys.iter().map(|(id, key)| (key.to_bytes(), *id)).collect();
        Self { keys, ids }
    }
}

impl From<Held> for ById {
    fn from(held: Held) -> Self {
        held.keys
    }
}
