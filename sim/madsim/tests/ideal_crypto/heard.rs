//! What a session has read, as far as it is needed to tell which state a
//! comparison was made in. It is read from vodozemac's messages alone.

use std::collections::{BTreeMap, BTreeSet};

use unwedge_core::crypto::{Crypto, OlmError};
use vodozemac::olm::OlmMessage;

use crate::lab::V;
use crate::reached::{Reached, What};

/// How many messages of a chain may go unread in one go.
const MESSAGE_GAP: u64 = 2000;

/// What one session has read.
#[derive(Clone, Default)]
pub(crate) struct Heard {
    /// Of every chain that was read, the highest index.
    chains: BTreeMap<[u8; 32], u64>,
    /// The chain that came last.
    newest: Option<[u8; 32]>,
    /// Which keys were used, and for which ciphertext.
    used: BTreeMap<([u8; 32], u64), <V as Crypto>::Digest>,
    /// What it would say next on.
    voice: Voice,
    /// Places of damaged messages that failed.
    failed: BTreeSet<([u8; 32], u64)>,
}

/// What the next message of a session goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Voice {
    /// A chain that it has spoken on, or that it opened the session with.
    #[default]
    Own,
    /// A chain that does not exist yet.
    None,
    /// A chain that it made to try a message, in vain.
    Trial,
}

impl Heard {
    pub(crate) fn voice(&self) -> Voice {
        self.voice
    }

    pub(crate) fn note_said(&mut self) {
        self.voice = Voice::Own;
    }

    /// Notes a message that failed, from wherever it came.
    pub(crate) fn note_failure(&mut self, message: &OlmMessage) {
        let unknown = !self.chains.contains_key(&place(message).0);
        if unknown && self.voice == Voice::None {
            self.voice = Voice::Trial;
        }
    }

    /// Notes what became of a message, and what that was a case of.
    pub(crate) fn note(
        &mut self,
        message: &OlmMessage,
        outcome: Option<OlmError>,
        damaged: bool,
        reached: &mut Reached,
    ) {
        let digest = V.digest(message);
        let (chain, index) = place(message);
        let highest = self.chains.get(&chain).copied();
        match outcome {
            None => {
                reached.note(What::Read);
                let next = highest.map_or(0, |highest| highest + 1);
                reached.note_if(index < next, What::ReadSkipped);
                reached.note_if(index == next + MESSAGE_GAP, What::ReadAfterWidestGap);
                let older = highest.is_some() && self.newest != Some(chain);
                reached.note_if(older, What::ReadOfOlderChain);
                let repaired = self.failed.contains(&(chain, index));
                reached.note_if(repaired, What::ReadRepaired);
                if highest.is_none() {
                    self.newest = Some(chain);
                    self.voice = Voice::None;
                }
                self.chains.insert(chain, index.max(next.saturating_sub(1)));
                self.used.insert((chain, index), digest);
            }
            Some(OlmError::MissingMessageKey) => {
                reached.note(What::MissingMessageKey);
                match self.used.get(&(chain, index)) {
                    Some(used) if *used == digest => reached.note(What::Replayed),
                    Some(_) => reached.note_if(!damaged, What::ForkedKeyUsed),
                    None => reached.note(What::SkippedKeyDropped),
                }
            }
            Some(OlmError::TooBigMessageGap) => reached.note(What::TooBigMessageGap),
            Some(OlmError::Invalid) if damaged => {
                reached.note(What::Damaged);
                self.failed.insert((chain, index));
            }
            Some(OlmError::Invalid) => {
                reached.note(What::Invalid);
                let dropped = highest.is_some();
                reached.note_if(dropped, What::ChainDropped);
                reached.note_if(!dropped && index == 0, What::ForkedChain);
            }
            Some(OlmError::MissingOneTimeKey) => {}
        }
    }
}

/// The chain and the index of a message.
pub(crate) fn place(message: &OlmMessage) -> ([u8; 32], u64) {
    let message = match message {
        OlmMessage::Normal(message) => message,
        OlmMessage::PreKey(message) => message.message(),
    };
    (message.ratchet_key().to_bytes(), message.chain_index())
}
