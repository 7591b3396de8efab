//! `POST /keys/upload` (BS §2.1, §8.1).

use super::{Homeserver, OneTimeKeyRow, Write};
use crate::crypto::Crypto;
use crate::draws::Purpose;
use crate::name::DeviceId;
use crate::node::Cx;
use crate::trace::Fact;
use crate::wire::{DeviceKeys, KeyCounts, SignedKey, UploadRefused};

/// What an upload carries.
#[derive(Debug)]
pub(super) struct Upload<C: Crypto> {
    pub(super) device_keys: Option<DeviceKeys<C>>,
    pub(super) one_time_keys: Vec<SignedKey<C>>,
    pub(super) fallback_key: Option<SignedKey<C>>,
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
            .fresh_keys(device, upload.one_time_keys)
            .map_err(|refused| {
                let key = refused.name;
                cx.observe(Fact::UploadRefused {
                    server: self.id,
                    device,
                    key,
                });
                UploadRefused
            })?;
        self.store_one_time_keys(device, fresh, cx);
        if let Some(key) = upload.fallback_key {
            self.store_fallback_key(key, cx);
        }
        self.counts_changed(device, cx);
        Ok(self.counts(device).one_time_keys)
    }

    /// What `/sync` tells a device of its own keys.
    pub(super) fn counts(&self, device: DeviceId) -> KeyCounts {
        let keys = self.tables.one_time_keys.get(&device);
        let fallback = self.tables.fallback_keys.get(&device);
        KeyCounts {
            one_time_keys: keys.map_or(0, std::collections::BTreeMap::len),
            unused_fallback_key: fallback.is_some_and(|fallback| !fallback.used),
        }
    }

    /// The uploaded keys that are not stored yet. A stored key is the same
    /// key if all but the signature agrees, because retries sign afresh.
    fn fresh_keys(
        &self,
        device: DeviceId,
        uploaded: Vec<SignedKey<C>>,
    ) -> Result<Vec<SignedKey<C>>, SignedKey<C>> {
        let stored = self.tables.one_time_keys.get(&device);
        let mut fresh = vec![];
        for key in uploaded {
            match stored.and_then(|stored| stored.get(&key.name.id)) {
                None => fresh.push(key),
                Some(row) if row.key.key == key.key => {}
                Some(_) => return Err(key),
            }
        }
        Ok(fresh)
    }

    fn store_one_time_keys(
        &mut self,
        device: DeviceId,
        fresh: Vec<SignedKey<C>>,
        cx: &mut Cx<'_, Self>,
    ) {
        let subject = (device, fresh.first().map(|key| key.name));
        let ties = cx
            .draws
            .permutation(Purpose::UploadOrder, subject, fresh.len());
        let mut rows = vec![];
        for (key, tie) in fresh.into_iter().zip(ties) {
            cx.observe(Fact::KeyStored {
                server: self.id,
                key: key.name,
            });
            rows.push(Write::OneTimeKey(OneTimeKeyRow {
                key,
                uploaded: cx.now,
                tie,
            }));
        }
        self.write(rows, cx);
    }

    fn store_fallback_key(&mut self, key: SignedKey<C>, cx: &mut Cx<'_, Self>) {
        let stored = self.tables.fallback_keys.get(&key.name.owner);
        if stored.is_some_and(|stored| stored.key.key == key.key) {
            return; // The same key again keeps its "used" mark.
        }
        cx.observe(Fact::KeyStored {
            server: self.id,
            key: key.name,
        });
        self.write(vec![Write::FallbackKey(key, false)], cx);
    }
}
