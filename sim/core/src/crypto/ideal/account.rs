//! An account: which private keys it holds, how they are numbered, when they
//! go, and which of them a message may open a session with. It knows nothing
//! of what becomes of the session.

use std::sync::Arc;

use super::{Ideal, Identity, Key, OlmMessage, Session};
use crate::cast::Client;
use crate::crypto::{OlmError, Payload};
use crate::name::KeyId;

/// An account of the ideal cryptography. A copy shares its one-time keys until
/// either changes.
#[derive(Clone, Debug)]
pub struct Account {
    client: Client,
    identity: Identity,
    /// The number of the next one-time key; libolm counts fallback keys along
    /// with them, vodozemac apart.
    next_id: u64,
    /// The number of vodozemac's next fallback key.
    next_fallback_id: u64,
    /// The one-time keys whose private half is held, in the order in which
    /// they were made: both their IDs and the keys themselves ascend.
    one_time_keys: Arc<Vec<OneTimeKey>>,
    /// One-time keys from this number on are unpublished.
    unpublished_from: u64,
    fallback_key: Option<FallbackKey>,
    /// Those that were replaced and are held, the oldest first.
    replaced_fallback_keys: Arc<Vec<Key>>,
}

#[derive(Clone, Copy, Debug)]
struct OneTimeKey {
    id: KeyId,
    key: Key,
}

#[derive(Clone, Copy, Debug)]
struct FallbackKey {
    id: KeyId,
    key: Key,
    published: bool,
}

impl Account {
    /// An account without one-time or fallback keys. vodozemac counts keys
    /// from 0, libolm from 1 (BS §1.2).
    pub(super) fn new(client: Client, identity: Identity) -> Self {
        let first = match client {
            Client::Vodozemac => 0,
            Client::Libolm => 1,
        };
        Self {
            client,
            identity,
            next_id: first,
            next_fallback_id: first,
            one_time_keys: Arc::default(),
            unpublished_from: first,
            fallback_key: None,
            replaced_fallback_keys: Arc::default(),
        }
    }

    pub(super) fn identity(&self) -> Identity {
        self.identity
    }

    /// Generates one-time keys. Beyond the room that there is the lowest
    /// numbers go, published or not, and come back (BS §1.2). A client
    /// generates no more at once than it can hold.
    pub(super) fn generate_one_time_keys(
        &mut self,
        count: usize,
        room: usize,
        mut fresh: impl FnMut() -> Key,
    ) -> Vec<KeyId> {
        let held = Arc::make_mut(&mut self.one_time_keys);
        for _ in 0..count {
            let id = count_up(&mut self.next_id);
            let key = fresh();
            held.push(OneTimeKey { id, key });
        }
        let excess = held.len().saturating_sub(room);
        held.drain(..excess).map(|key| key.id).collect()
    }

    pub(super) fn unpublished_one_time_keys(&self) -> Vec<(KeyId, Key)> {
        if self.unpublished_from == self.next_id {
            return vec![]; // Which is so most of the time.
        }
        let published = |key: &OneTimeKey| key.id.0 < self.unpublished_from;
        let first = self.one_time_keys.partition_point(published);
        let unpublished = self.one_time_keys[first..].iter();
        unpublished.map(|key| (key.id, key.key)).collect()
    }

    pub(super) fn published_one_time_keys(&self, from: KeyId) -> Vec<(KeyId, Key)> {
        let first = self.one_time_keys.partition_point(|key| key.id < from);
        let from = self.one_time_keys[first..].iter();
        let published = from.take_while(|key| key.id.0 < self.unpublished_from);
        published.map(|key| (key.id, key.key)).collect()
    }

    pub(super) fn one_time_keys(&self) -> Vec<KeyId> {
        self.one_time_keys.iter().map(|key| key.id).collect()
    }

    pub(super) fn count_one_time_keys(&self) -> usize {
        self.one_time_keys.len()
    }

    pub(super) fn discard_one_time_key(&mut self, id: KeyId) {
        let found = self.one_time_keys.binary_search_by_key(&id, |key| key.id);
        if let Ok(place) = found {
            Arc::make_mut(&mut self.one_time_keys).remove(place);
        }
    }

    /// The current fallback key joins those that were replaced, of which the
    /// oldest are destroyed (BS §1.4). vodozemac counts them from 0 on their
    /// own, libolm along with one-time keys.
    pub(super) fn generate_fallback_key(&mut self, key: Key, room: usize) {
        let id = match self.client {
            Client::Vodozemac => count_up(&mut self.next_fallback_id),
            Client::Libolm => count_up(&mut self.next_id),
        };
        let new = FallbackKey {
            id,
            key,
            published: false,
        };
        let replaced = self.fallback_key.replace(new);
        let held = Arc::make_mut(&mut self.replaced_fallback_keys);
        held.extend(replaced.map(|fallback| fallback.key));
        held.drain(..held.len().saturating_sub(room));
    }

    pub(super) fn unpublished_fallback_key(&self) -> Option<(KeyId, Key)> {
        let current = self.fallback_key.filter(|fallback| !fallback.published);
        current.map(|fallback| (fallback.id, fallback.key))
    }

    pub(super) fn forget_fallback_key(&mut self) {
        if !self.replaced_fallback_keys.is_empty() {
            Arc::make_mut(&mut self.replaced_fallback_keys).remove(0);
        }
    }

    /// Whatever is unpublished at this moment is published, whether or not it
    /// was in anybody's request (BS §1.2).
    pub(super) fn mark_keys_as_published(&mut self) {
        self.unpublished_from = self.next_id;
        if let Some(current) = &mut self.fallback_key {
            current.published = true;
        }
    }

    /// The session that a pre-key message opens. First comes the sender's
    /// identity, which must be the one in the message, then the private half,
    /// of a one-time key or of either fallback key, then the message itself;
    /// a one-time key is deleted only if all goes well (BS §1.2).
    pub(super) fn accept_session(
        &mut self,
        theirs: Identity,
        message: &OlmMessage,
    ) -> Result<(Session, Payload<Ideal>), OlmError> {
        let keys = message.opening().ok_or(OlmError::Invalid)?;
        if keys.identity != theirs {
            return Err(OlmError::Invalid);
        }
        let place = self.find_one_time_key(keys.one_time_key);
        if place.is_none() && !self.holds_fallback_key(keys.one_time_key) {
            return Err(OlmError::MissingOneTimeKey);
        }
        let accepted = Session::accept(self.identity, keys, message)?;
        if let Some(place) = place {
            Arc::make_mut(&mut self.one_time_keys).remove(place);
        }
        Ok(accepted)
    }

    fn find_one_time_key(&self, key: Key) -> Option<usize> {
        let found = self
            .one_time_keys
            .binary_search_by_key(&key, |held| held.key);
        found.ok()
    }

    fn holds_fallback_key(&self, key: Key) -> bool {
        let current = self.fallback_key.map(|fallback| fallback.key);
        current == Some(key) || self.replaced_fallback_keys.contains(&key)
    }
}

fn count_up(next: &mut u64) -> KeyId {
    let id = KeyId(*next);
    *next += 1;
    id
}
