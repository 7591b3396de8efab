//! Logging in and out: which devices there are, and by what they are known
//! (BS §2.8, §8.1).

use super::{Homeserver, Write};
use crate::crypto::Crypto;
use crate::name::DeviceId;
use crate::node::Cx;
use crate::trace::Fact;
use crate::wire::AccessToken;

impl<C: Crypto> Homeserver<C> {
    /// A device logs in. One that is logged in already keeps its keys, and
    /// its earlier tokens go on working.
    pub(super) fn login(&mut self, device: DeviceId, cx: &mut Cx<'_, Self>) -> AccessToken {
        let token = AccessToken(cx.now);
        self.write([Write::Login(device, token)], cx);
        token
    }

    /// A device logs out: it is deleted, with its keys and its inbox, and
    /// everybody who shares a room is told.
    pub(super) fn logout(&mut self, device: DeviceId, cx: &mut Cx<'_, Self>) {
        cx.observe(Fact::DeviceRemoved {
            server: self.id,
            device,
        });
        let peers = self.tables.rooms.servers_with(device.user());
        let mut rows = vec![
            Write::DeviceGone(device),
            Write::DeviceListChanged(device.user()),
        ];
        rows.extend(self.updates_for(peers, device, (None, None), cx.now));
        self.write(rows, cx);
        self.stop_polls(device);
        self.answered_syncs.remove(device);
        self.notify_all(cx);
        for peer in peers {
            self.flush(peer, cx);
        }
    }

    /// Whether the token is one that the device was given. A token that was
    /// given out after the copy that a database was put back to is not.
    pub(super) fn is_logged_in(&self, device: DeviceId, token: Option<AccessToken>) -> bool {
        let devices = self.tables.devices.get(device.user());
        let row = devices.and_then(|devices| devices.get(&device));
        token.is_some_and(|token| row.is_some_and(|row| row.tokens.contains_key(&token)))
    }
}
