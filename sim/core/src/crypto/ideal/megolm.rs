//! Megolm: a ratchet that only goes forward, so a key shared at some index
//! reads every message from there on and none before it.

use serde::{Deserialize, Serialize};

use super::Key;
use crate::crypto::{GroupError, Merge, RoomMessage};

/// The sending end of a Megolm session. A copy that is restored from the past
/// uses indexes of the same ratchet a second time.
#[derive(Clone, Copy, Debug)]
pub struct GroupSession(At);

/// A receiving end of a Megolm session, with the first index that it knows.
#[derive(Clone, Copy, Debug)]
pub struct InboundGroupSession(At);

/// A Megolm session as it is shared: from one index on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomKey(At);

/// A Megolm ciphertext.
#[derive(Clone, Copy, Debug)]
pub struct GroupMessage {
    at: At,
    plaintext: RoomMessage,
}

/// A ratchet at some message index. The signing key, which is made with the
/// ratchet, stands for both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct At {
    ratchet: Key,
    index: u32,
}

impl GroupSession {
    pub(super) fn new(ratchet: Key) -> Self {
        Self(At { ratchet, index: 0 })
    }

    pub(super) fn message_index(&self) -> u32 {
        self.0.index
    }

    pub(super) fn room_key(&self) -> RoomKey {
        RoomKey(self.0)
    }

    pub(super) fn encrypt(&mut self, plaintext: RoomMessage) -> GroupMessage {
        let at = self.0;
        self.0.index += 1;
        GroupMessage { at, plaintext }
    }
}

impl InboundGroupSession {
    pub(super) fn import(key: RoomKey) -> Self {
        Self(key.0)
    }

    pub(super) fn first_known_index(&self) -> u32 {
        self.0.index
    }

    /// Two ends are connected if they are of one ratchet; then the one that
    /// starts earlier knows everything that the other one knows.
    pub(super) fn merge(&mut self, other: Self) -> Merge {
        if other.0.ratchet != self.0.ratchet {
            return Merge::Unconnected;
        }
        if other.0.index < self.0.index {
            *self = other;
            return Merge::Better;
        }
        Merge::NothingNew
    }

    /// The signature is looked at first, so the message of another session is
    /// invalid whatever its index. A message can be read again and again.
    pub(super) fn decrypt(&self, message: &GroupMessage) -> Result<(RoomMessage, u32), GroupError> {
        let GroupMessage { at, plaintext } = *message;
        if at.ratchet != self.0.ratchet {
            return Err(GroupError::Invalid);
        }
        if at.index < self.0.index {
            return Err(GroupError::UnknownMessageIndex);
        }
        Ok((plaintext, at.index))
    }
}
