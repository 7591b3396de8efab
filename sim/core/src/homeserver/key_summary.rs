//! What `/sync` tells a device of its own keys (BS §2.3): how many there are,
//! and where a proposal has it so, what they are.

use litemap::LiteMap;

use super::{Homeserver, Write};
use crate::crypto::Crypto;
use crate::name::{DeviceId, KeyId};
use crate::node::Cx;
use crate::protocol::KeySummary;
use crate::wire::{KeyCounts, KeyDigest};

impl<C: Crypto> Homeserver<C> {
    /// What `/sync` tells a device of its own keys as they are now.
    pub(super) fn counts(&self, device: DeviceId, cx: &mut Cx<'_, Self>) -> KeyCounts {
        let fallback = self.tables.fallback_keys.get(device);
        let counts = KeyCounts {
            one_time_keys: self.one_time_keys_of(device),
            unused_fallback_key: fallback.is_some_and(|fallback| !fallback.used),
            digest: None,
            highest: None,
        };
        match cx.protocol.key_summary() {
            KeySummary::Count => counts,
            KeySummary::Digest => KeyCounts {
                digest: Some(self.digest(device, cx)),
                ..counts
            },
            KeySummary::HighestNumber => KeyCounts {
                highest: self.tables.highest_numbers.get(device).copied(),
                ..counts
            },
            KeySummary::DigestAndNumber => KeyCounts {
                digest: Some(self.digest(device, cx)),
                highest: self.tables.highest_numbers.get(device).copied(),
                ..counts
            },
        }
    }

    /// How many one-time keys of a device are stored.
    pub(super) fn one_time_keys_of(&self, device: DeviceId) -> usize {
        let keys = self.tables.one_time_keys.get(device);
        keys.map_or(0, LiteMap::len)
    }

    /// What is to be remembered of an upload whose highest number is this:
    /// nothing where nobody is told.
    pub(super) fn new_highest_number(
        &self,
        device: DeviceId,
        uploaded: Option<KeyId>,
        cx: &Cx<'_, Self>,
    ) -> Option<Write<C>> {
        let known = self.tables.highest_numbers.get(device).copied();
        let highest = uploaded.filter(|uploaded| known < Some(*uploaded))?;
        match cx.protocol.key_summary() {
            KeySummary::Count | KeySummary::Digest => None,
            KeySummary::HighestNumber | KeySummary::DigestAndNumber => {
                Some(Write::HighestNumber(device, highest))
            }
        }
    }

    fn digest(&self, device: DeviceId, cx: &mut Cx<'_, Self>) -> KeyDigest {
        let rows = self.tables.one_time_keys.get(device).into_iter();
        let keys = rows.flat_map(LiteMap::values).map(|row| &row.key);
        KeyDigest::of(keys.map(|key| (key.name.id, cx.crypto.hash_key(&key.key))))
    }
}
