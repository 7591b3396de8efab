//! Olm: sessions, their double ratchet, and what travels between their ends.
//!
//! Each time the conversation turns, the end that speaks makes a ratchet key,
//! and from it a chain of message keys; a chain is named by that key. What
//! real Olm proves by arithmetic is written in the message here: which chain
//! the new one answers. An end can follow a chain that is new to it only if it
//! answers the chain that this end sends on; what that chain was derived from
//! needs no look, because whoever answered it could read it.

mod chain;

use std::hash::{Hash, Hasher};

use super::{Ideal, Identity, Key, RoomKey};
use crate::crypto::{Content, OlmError, Payload};
use crate::name::{DeviceId, MegolmName, RoomId};
use chain::{Chain, Chains};

/// One end of an Olm session. A copy that is restored from the past uses
/// message keys of its chain a second time, and begins chains of its own.
#[derive(Clone, Debug)]
pub struct Session {
    keys: SessionKeys,
    sending: Sending,
    receiving: Chains,
}

/// An Olm ciphertext.
#[derive(Clone, Debug)]
pub struct OlmMessage {
    /// In a pre-key message, the keys that open the session.
    opening: Option<SessionKeys>,
    chain: Key,
    /// The place in the chain.
    index: u32,
    secret: Secret,
    damaged: bool,
    payload: Payload<Ideal>,
}

/// What tells one Olm ciphertext from another. The same message key makes the
/// same ciphertext of the same plaintext, because Olm's initialisation vectors
/// come from the message key: copies of a session can repeat themselves. This is
/// everything that the bytes depend on; a chain is of one session, so its opening
/// keys follow from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest {
    chain: Key,
    index: u32,
    damaged: bool,
    ends: [(DeviceId, Identity); 2],
    content: Option<(RoomId, MegolmName, u32, RoomKey)>,
}

/// The place in the chain, which few others share, is enough to tell most apart.
impl Hash for Digest {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.chain, self.index).hash(state);
    }
}

/// The public keys that a session was opened with; they are its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SessionKeys {
    pub(super) identity: Identity,
    base: Key,
    pub(super) one_time_key: Key,
}

/// What this end encrypts with.
#[derive(Clone, Copy, Debug)]
enum Sending {
    /// A chain of its own, and the index of the next message.
    Chain {
        chain: Key,
        secret: Secret,
        index: u32,
    },
    /// Nothing yet: it read last, and the next message begins a chain that
    /// answers this one.
    Turn { answers: Key },
}

/// What a chain was made from: whoever follows it has to have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Secret {
    /// The identity and one-time keys of both sides. Everything but whom the
    /// opener took the other side to be is in the message.
    Opening { recipient: Identity },
    /// The newest chain of the other end.
    Answer { to: Key },
}

impl Session {
    /// Opens a session: the opener has a chain to send on from the start.
    pub(super) fn open(
        identity: Identity,
        recipient: Identity,
        one_time_key: Key,
        base: Key,
        chain: Key,
    ) -> Self {
        let keys = SessionKeys {
            identity,
            base,
            one_time_key,
        };
        Self {
            keys,
            sending: Sending::Chain {
                chain,
                secret: Secret::Opening { recipient },
                index: 0,
            },
            receiving: Chains::default(),
        }
    }

    /// The session that a pre-key message opens, with what it says, for a
    /// device that holds the private half of the key that it was made for.
    pub(super) fn accept(
        identity: Identity,
        keys: SessionKeys,
        message: &OlmMessage,
    ) -> Result<(Self, Payload<Ideal>), OlmError> {
        let agreed = Secret::Opening {
            recipient: identity,
        };
        let (chain, payload) = message.read_on_new_chain(agreed)?;
        let mut receiving = Chains::default();
        receiving.push(chain);
        let session = Self {
            keys,
            sending: Sending::Turn {
                answers: message.chain,
            },
            receiving,
        };
        Ok((session, payload))
    }

    /// Whether a pre-key message names this session's keys; nothing if it is
    /// a normal message.
    pub(super) fn is_opened_by(&self, message: &OlmMessage) -> Option<bool> {
        message.opening.map(|keys| keys == self.keys)
    }

    /// Encrypts. The opener sends pre-key messages until it has read an
    /// answer, so losing the first one is harmless (BS §1.6).
    pub(super) fn encrypt(
        &mut self,
        payload: &Payload<Ideal>,
        fresh: impl FnOnce() -> Key,
    ) -> OlmMessage {
        let (chain, secret, index) = self.speak(fresh);
        self.sending = Sending::Chain {
            chain,
            secret,
            index: index + 1,
        };
        OlmMessage {
            opening: self.receiving.is_empty().then_some(self.keys),
            chain,
            index,
            secret,
            damaged: false,
            payload: payload.clone(),
        }
    }

    /// Decrypts with the chain that the message names, or follows it to a new
    /// chain. The keys of a pre-key message play no part in it.
    ///
    /// To try a new chain an end needs one to send on. If it read last it
    /// makes one for the trial, in vain, as nobody can have answered it, and
    /// keeps it all the same. That shows only once the session is copied: the
    /// copies then have that chain in common.
    pub(super) fn decrypt(
        &mut self,
        message: &OlmMessage,
        fresh: impl FnOnce() -> Key,
    ) -> Result<Payload<Ideal>, OlmError> {
        if let Some(chain) = self.receiving.find(message.chain) {
            return message.read(chain);
        }
        let (chain, secret, index) = self.speak(fresh);
        self.sending = Sending::Chain {
            chain,
            secret,
            index,
        };
        let (new, payload) = message.read_on_new_chain(Secret::Answer { to: chain })?;
        self.receiving.push(new);
        self.sending = Sending::Turn {
            answers: message.chain,
        };
        Ok(payload)
    }

    /// The chain to send on, which is begun if there is none.
    fn speak(&self, fresh: impl FnOnce() -> Key) -> (Key, Secret, u32) {
        match self.sending {
            Sending::Chain {
                chain,
                secret,
                index,
            } => (chain, secret, index),
            Sending::Turn { answers } => (fresh(), Secret::Answer { to: answers }, 0),
        }
    }
}

impl OlmMessage {
    /// The keys of the session that a pre-key message opens.
    pub(super) fn opening(&self) -> Option<SessionKeys> {
        self.opening
    }

    /// The place in its chain.
    pub(super) fn index(&self) -> u32 {
        self.index
    }

    /// The same message with one bit of its authentication code turned over.
    /// Done twice, it is what it was.
    pub(super) fn damaged(&self) -> Self {
        Self {
            damaged: !self.damaged,
            ..self.clone()
        }
    }

    pub(super) fn digest(&self) -> Digest {
        let payload = &self.payload;
        let sender = (payload.sender, payload.sender_identity);
        let recipient = (payload.recipient, payload.recipient_identity);
        Digest {
            chain: self.chain,
            index: self.index,
            damaged: self.damaged,
            ends: [sender, recipient],
            content: match payload.content {
                Content::RoomKey {
                    room,
                    session,
                    index,
                    key,
                } => Some((room, session, index, key)),
                Content::Dummy => None,
            },
        }
    }

    /// Reads with a chain that is known to be the right one. The key comes
    /// before the authentication code, and is used up only if that is right.
    fn read(&self, chain: &mut Chain) -> Result<Payload<Ideal>, OlmError> {
        let found = chain.find(self.index)?;
        if self.damaged {
            return Err(OlmError::Invalid);
        }
        chain.take(found);
        Ok(self.payload.clone())
    }

    /// Reads as the first message of a chain made from a secret. A wrong
    /// secret makes message keys too, so the gap is refused before anything
    /// is known about it.
    fn read_on_new_chain(&self, secret: Secret) -> Result<(Chain, Payload<Ideal>), OlmError> {
        let mut chain = Chain::new(self.chain);
        let found = chain.find(self.index)?;
        if self.damaged || self.secret != secret {
            return Err(OlmError::Invalid);
        }
        chain.take(found);
        Ok((chain, self.payload.clone()))
    }
}
