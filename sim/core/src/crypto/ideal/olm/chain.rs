//! The chains that a session reads: which message keys of them are left.

use std::sync::Arc;

use super::Key;
use crate::crypto::OlmError;

/// How many chains of the other end a session can read.
const RECEIVING_CHAINS: usize = 5;
/// How many messages of a chain may go unread in one go.
const MESSAGE_GAP: u32 = 2000;
/// How many keys of messages that were skipped a chain keeps.
const SKIPPED_MESSAGE_KEYS: usize = 40;

/// The chains that a session can read, the oldest first (BS §1.6: five).
#[derive(Clone, Debug, Default)]
pub(super) struct Chains([Option<Chain>; RECEIVING_CHAINS]);

/// One chain of the other end.
#[derive(Clone, Debug)]
pub(super) struct Chain {
    key: Key,
    /// The first index that was not reached.
    next: u32,
    /// The indexes of skipped messages whose keys are kept, ascending. There
    /// are none in nearly every chain, and then nothing is allocated.
    skipped: Option<Arc<Vec<u32>>>,
}

/// A message key that a chain has.
#[derive(Clone, Copy, Debug)]
pub(super) enum Found {
    /// It was kept, at this place among those that were.
    Skipped(usize),
    /// It is at this index, which is yet to be reached.
    Ahead(u32),
}

impl Chains {
    pub(super) fn is_empty(&self) -> bool {
        self.0[0].is_none()
    }

    pub(super) fn find(&mut self, key: Key) -> Option<&mut Chain> {
        let mut chains = self.0.iter_mut().flatten();
        chains.find(|chain| chain.key == key)
    }

    /// Adds a chain; with a sixth, the oldest is dropped with all its keys. A
    /// message of that is then one of a chain that cannot be followed.
    pub(super) fn push(&mut self, chain: Chain) {
        match self.0.iter_mut().find(|place| place.is_none()) {
            Some(place) => *place = Some(chain),
            None => {
                self.0.rotate_left(1);
                self.0[RECEIVING_CHAINS - 1] = Some(chain);
            }
        }
    }
}

impl Chain {
    /// A chain of which nothing was read.
    pub(super) fn new(key: Key) -> Self {
        Self {
            key,
            next: 0,
            skipped: None,
        }
    }

    /// The key for the message at an index. A key is gone once it was used:
    /// this is how a replay fails.
    pub(super) fn find(&self, index: u32) -> Result<Found, OlmError> {
        if index < self.next {
            let skipped = self.skipped().binary_search(&index);
            return skipped
                .map(Found::Skipped)
                .map_err(|_| OlmError::MissingMessageKey);
        }
        if index - self.next > MESSAGE_GAP {
            return Err(OlmError::TooBigMessageGap);
        }
        Ok(Found::Ahead(index))
    }

    /// Uses a key up. The newest 40 that were skipped on the way stay, and
    /// push out the oldest of those that were kept before (BS §1.6).
    pub(super) fn take(&mut self, found: Found) {
        match found {
            Found::Skipped(place) => self.keep(|skipped| {
                skipped.remove(place);
            }),
            Found::Ahead(index) => {
                let passed = self.next..index;
                self.next = index + 1;
                if !passed.is_empty() {
                    self.keep(|skipped| {
                        skipped.extend(passed);
                        let excess = skipped.len().saturating_sub(SKIPPED_MESSAGE_KEYS);
                        skipped.drain(..excess);
                    });
                }
            }
        }
    }

    fn skipped(&self) -> &[u32] {
        match &self.skipped {
            Some(skipped) => skipped,
            None => &[],
        }
    }

    /// Changes which keys are kept.
    fn keep(&mut self, change: impl FnOnce(&mut Vec<u32>)) {
        let skipped = self.skipped.get_or_insert_default();
        change(Arc::make_mut(skipped));
        if skipped.is_empty() {
            self.skipped = None;
        }
    }
}
