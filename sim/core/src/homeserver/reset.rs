//! `POST /keys/reset` (MSC4162): a device deletes one-time keys from its server.

use litemap::LiteMap;

use super::{Homeserver, Write};
use crate::crypto::Crypto;
use crate::name::{DeviceId, KeyId};
use crate::node::Cx;
use crate::protocol::KeysReset;
use crate::trace::Fact;
use crate::wire::ResetKeys;

impl<C: Crypto> Homeserver<C> {
    /// Deletes one-time keys of a device, all unless some are named; nothing
    /// if the server knows no such request.
    pub(super) fn reset_keys(
        &mut self,
        device: DeviceId,
        named: Option<Vec<KeyId>>,
        cx: &mut Cx<'_, Self>,
    ) -> Option<ResetKeys> {
        let lists = match cx.protocol.keys_reset() {
            KeysReset::Absent => return None,
            KeysReset::Present => false,
            KeysReset::ListsDeleted => true,
        };
        let deleted = match named {
            None => self.reset_all(device, cx),
            Some(named) => self.reset_named(device, &named, cx),
        };
        self.counts_changed(device, cx);
        Some(ResetKeys {
            one_time_keys: self.one_time_keys_of(device),
            deleted: lists.then_some(deleted),
        })
    }

    fn reset_all(&mut self, device: DeviceId, cx: &mut Cx<'_, Self>) -> Vec<KeyId> {
        let stored = self.tables.one_time_keys.get(device);
        let deleted = stored.into_iter().flat_map(LiteMap::keys).copied();
        let deleted = deleted.collect();
        cx.observe(Fact::KeysReset {
            server: self.id,
            device,
        });
        self.write([Write::OneTimeKeysGone(device)], cx);
        deleted
    }

    fn reset_named(
        &mut self,
        device: DeviceId,
        named: &[KeyId],
        cx: &mut Cx<'_, Self>,
    ) -> Vec<KeyId> {
        let Some(stored) = self.tables.one_time_keys.get(device) else {
            return vec![];
        };
        let (mut deleted, mut rows) = (vec![], vec![]);
        for id in named {
            if let Some(row) = stored.get(id) {
                cx.observe(Fact::KeyReset {
                    server: self.id,
                    key: row.key.name,
                });
                deleted.push(*id);
                rows.push(Write::OneTimeKeyGone(device, *id));
            }
        }
        self.write(rows, cx);
        deleted
    }
}
