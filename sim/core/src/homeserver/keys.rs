//! `POST /keys/upload` (BS §2.1, §8.1).

use litemap::LiteMap;

use super::{FallbackKeyRow, Homeserver, OneTimeKeyRow, Write};
use crate::crypto::Crypto;
use crate::draws::Purpose;
use crate::name::{DeviceId, KeyId};
use crate::node::Cx;
use crate::protocol::{
    FallbackKeySharing, IssuedKeys, KeyIdConflicts, RepeatedKeys, StoredKeyLimit,
};
use crate::trace::Fact;
use crate::wire::{DeviceKeys, SignedKey, UploadRefused};

/// The most one-time keys of a device that a server with a limit stores.
const STORED_KEY_LIMIT: usize = 500;

/// What an upload carries.
#[derive(Debug)]
pub(super) struct Upload<C: Crypto> {
    pub(super) device_keys: Option<DeviceKeys<C>>,
    pub(super) one_time_keys: Vec<SignedKey<C>>,
    pub(super) fallback_key: Option<SignedKey<C>>,
    pub(super) eager_share_fallback_keys: bool,
}

impl<C: Crypto> Homeserver<C> {
    /// Stores device keys, then one-time keys, then the fallback key; a
    /// one-time key whose ID is taken by a different key ends the request
    /// there. Only keys that are present now are compared: one that has been
    /// claimed has left no trace, and goes in again (matrix-spec#1124).
    ///
    /// The answer is how many one-time keys the device has on the server.
    pub(super) fn upload(
        &mut self,
        device: DeviceId,
        upload: Upload<C>,
        cx: &mut Cx<'_, Self>,
    ) -> Result<usize, UploadRefused> {
        if let Some(keys) = upload.device_keys {
            self.publish_device(keys, cx);
        }
        let fresh = self
            .fresh_keys(device, upload.one_time_keys, cx)
            .map_err(|(key, why)| {
                cx.observe(Fact::UploadRefused {
                    server: self.id,
                    device,
                    key: key.name,
                    why,
                });
                why
            })?;
        self.store_one_time_keys(device, fresh, cx);
        if let Some(key) = upload.fallback_key {
            self.store_fallback_key(key, upload.eager_share_fallback_keys, cx);
        }
        self.counts_changed(device, cx);
        Ok(self.one_time_keys_of(device))
    }

    /// The uploaded keys that are to be stored. A stored key is the same key
    /// if all but the signature agrees, because retries sign afresh.
    fn fresh_keys(
        &self,
        device: DeviceId,
        uploaded: Vec<SignedKey<C>>,
        cx: &mut Cx<'_, Self>,
    ) -> Result<Vec<SignedKey<C>>, (SignedKey<C>, UploadRefused)> {
        let none = LiteMap::new();
        let stored = self.tables.one_time_keys.get(device).unwrap_or(&none);
        let highest_issued = self.highest_issued(device);
        let mut fresh = Vec::with_capacity(uploaded.len());
        for key in uploaded {
            match stored.get(&key.name.id) {
                Some(row) if row.key.key == key.key => match cx.protocol.repeated_keys() {
                    RepeatedKeys::Skipped => {}
                    RepeatedKeys::StoredAgain => fresh.push(key),
                },
                Some(_) => match cx.protocol.key_id_conflicts() {
                    KeyIdConflicts::Refused => return Err((key, UploadRefused::KeyExists)),
                    KeyIdConflicts::Ignored => self.leave_out(&key, cx),
                    KeyIdConflicts::Replaced => fresh.push(key),
                },
                None if highest_issued < Some(key.name.id) => fresh.push(key),
                None => match cx.protocol.issued_keys() {
                    IssuedKeys::Remembered if self.was_issued(&key) => self.leave_out(&key, cx),
                    IssuedKeys::Forgotten | IssuedKeys::Remembered => fresh.push(key),
                    IssuedKeys::Outnumbered => self.leave_out(&key, cx),
                },
            }
        }
        let new = |key: &&SignedKey<C>| !stored.contains_key(&key.name.id);
        let are_too_many = || stored.len() + fresh.iter().filter(new).count() > STORED_KEY_LIMIT;
        match fresh.last() {
            Some(last) if are_too_many() => match cx.protocol.stored_key_limit() {
                StoredKeyLimit::None => Ok(fresh),
                StoredKeyLimit::FiveHundred => Err((last.clone(), UploadRefused::TooMany)),
            },
            _ => Ok(fresh),
        }
    }

    fn highest_issued(&self, device: DeviceId) -> Option<KeyId> {
        let issued = self.tables.issued_keys.get(device)?;
        issued.last().map(|(id, _)| *id)
    }

    fn was_issued(&self, key: &SignedKey<C>) -> bool {
        let issued = self.tables.issued_keys.get(key.name.owner);
        issued.and_then(|issued| issued.get(&key.name.id)) == Some(&key.key)
    }

    fn leave_out(&self, key: &SignedKey<C>, cx: &mut Cx<'_, Self>) {
        cx.observe(Fact::KeyLeftOut {
            server: self.id,
            key: key.name,
        });
    }

    fn store_one_time_keys(
        &mut self,
        device: DeviceId,
        fresh: Vec<SignedKey<C>>,
        cx: &mut Cx<'_, Self>,
    ) {
        let subject = (device, fresh.first().map(|key| key.name));
        let highest = fresh.iter().map(|key| key.name.id).max();
        let ties = cx
            .draws
            .permutation(Purpose::UploadOrder, subject, fresh.len());
        for key in &fresh {
            cx.observe(Fact::KeyStored {
                server: self.id,
                key: key.name,
            });
        }
        let uploaded = cx.clock();
        let rows = fresh.into_iter().zip(ties).map(|(key, tie)| {
            Write::OneTimeKey(OneTimeKeyRow {
                key,
                uploaded,
                more: 0,
                tie,
            })
        });
        let highest = self.new_highest_number(device, highest, cx);
        self.write(rows.chain(highest), cx);
    }

    fn store_fallback_key(&mut self, key: SignedKey<C>, may_share: bool, cx: &mut Cx<'_, Self>) {
        let stored = self.tables.fallback_keys.get(key.name.owner);
        if stored.is_some_and(|stored| stored.key.key == key.key) {
            return; // The same key again keeps its "used" mark.
        }
        cx.observe(Fact::KeyStored {
            server: self.id,
            key: key.name,
        });
        let shared = may_share
            && match cx.protocol.fallback_key_sharing() {
                FallbackKeySharing::OnDemand => false,
                FallbackKeySharing::Eager => true,
            };
        let row = FallbackKeyRow {
            key,
            used: false,
            shared,
        };
        if shared {
            self.share_fallback_key(row, cx);
        } else {
            self.write([Write::FallbackKey(row)], cx);
        }
    }
}
