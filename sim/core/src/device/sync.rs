//! Taking in an answer to `/sync`, in the order in which matrix-rust-sdk
//! does it (BS §1.12).

use super::{Device, Write};
use crate::crypto::Crypto;
use crate::name::{RoomId, UserId};
use crate::node::Cx;
use crate::wire::SyncResponse;

impl<C: Crypto> Device<C> {
    /// First the key counts, which may generate keys before any message of
    /// the same answer is read; then device lists; then to-device messages in
    /// order. What they brought is stored with the token in one transaction,
    /// and the account after it. Then room events; then the next requests.
    pub(super) fn synced(&mut self, response: SyncResponse<C>, cx: &mut Cx<'_, Self>) {
        self.update_key_counts(response.counts, cx);

        let mut rows = self.changed_lists(response.joined, response.device_lists_changed);
        for message in response.to_device {
            self.receive(message, &mut rows, cx);
        }
        rows.push(Write::Token(response.next));
        self.write(rows, cx);
        self.store_account_if_changed(cx);

        self.retry_undecrypted(cx);
        for event in response.events {
            self.see(event, cx);
        }
        self.sync_again(cx);
        self.do_outgoing(cx);
        self.advance(cx);
    }

    /// Users in newly joined rooms are tracked from now on; users whose
    /// devices changed have to be asked for again.
    fn changed_lists(
        &self,
        joined: Vec<(RoomId, Vec<UserId>)>,
        changed: Vec<UserId>,
    ) -> Vec<Write<C>> {
        let mut rows = vec![];
        for (room, members) in joined {
            let new = members
                .iter()
                .filter(|user| !self.store.devices.contains_key(user));
            rows.extend(new.map(|user| Write::Outdated(*user)));
            rows.push(Write::Room(room, members));
        }
        rows.extend(changed.into_iter().map(Write::Outdated));
        rows
    }
}
