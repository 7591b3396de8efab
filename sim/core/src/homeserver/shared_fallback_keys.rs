//! Fallback keys that other servers are given before they claim them, and hand
//! out when the device's own server does not answer (MSC4081).
//!
//! A key stands for itself: it is taken whether or not the updates before it
//! have been, and a list that is asked for again, in which there are no fallback
//! keys, leaves it as it is.

use super::{FallbackKeyRow, Homeserver, Write};
use crate::crypto::Crypto;
use crate::name::DeviceId;
use crate::node::Cx;
use crate::protocol::FallbackKeySharing;
use crate::trace::Fact;
use crate::wire::{DeviceListUpdate, SignedKey};

impl<C: Crypto> Homeserver<C> {
    /// What servers are told of a local device's fallback key.
    pub(super) fn shared_fallback_key(&self, device: DeviceId) -> Option<&SignedKey<C>> {
        let row = self.tables.fallback_keys.get(device)?;
        row.shared.then_some(&row.key)
    }

    /// Stores a new fallback key and tells every server with a room in common. It
    /// travels as a change of the device, of which local clients hear as well. A
    /// device whose identity is not published yet is told of together with that.
    pub(super) fn share_fallback_key(&mut self, row: FallbackKeyRow<C>, cx: &mut Cx<'_, Self>) {
        let device = row.key.name.owner;
        let peers = self.tables.rooms.servers_with(device.user());
        let devices = self.tables.devices.get(device.user());
        let keys = devices.and_then(|it| it.get(&device)?.keys.as_ref());
        let mut rows = vec![];
        if keys.is_some() && !peers.is_empty() {
            rows.push(Write::DeviceListChanged(device.user()));
            rows.extend(self.updates_for(peers, device, (keys, Some(&row.key)), cx.now));
        }
        rows.push(Write::FallbackKey(row));
        self.write(rows, cx);
        self.notify_all(cx);
        for peer in peers {
            self.flush(peer, cx);
        }
    }

    /// The row that an update leads to, if it says something of the fallback key:
    /// which it is, or that the device is gone.
    pub(super) fn take_shared_key(
        &self,
        update: &DeviceListUpdate<C>,
        cx: &mut Cx<'_, Self>,
    ) -> Option<Write<C>> {
        let device = update.device;
        if update.keys.is_none() {
            let known = self.tables.device_lists.fallback_keys.contains_key(&device);
            return known.then_some(Write::RemoteFallbackKeyGone(device));
        }
        let key = update.fallback_key.as_ref()?;
        match cx.protocol.fallback_key_sharing() {
            FallbackKeySharing::OnDemand => None,
            FallbackKeySharing::Eager => {
                cx.observe(Fact::FallbackKeyShared {
                    server: self.id,
                    key: key.name,
                });
                Some(Write::RemoteFallbackKey(key.clone()))
            }
        }
    }

    /// The keys that this server can hand out in the place of another that has
    /// not answered a claim on these devices.
    pub(super) fn issue_shared_keys(
        &self,
        devices: &[DeviceId],
        claimant: DeviceId,
        cx: &mut Cx<'_, Self>,
    ) -> Vec<SignedKey<C>> {
        let shared = &self.tables.device_lists.fallback_keys;
        let keys = devices.iter().filter_map(|device| shared.get(device));
        let keys: Vec<SignedKey<C>> = keys.cloned().collect();
        for key in &keys {
            cx.observe(Fact::KeyIssued {
                server: self.id,
                key: key.name,
                to: Some(claimant),
            });
        }
        keys
    }
}
