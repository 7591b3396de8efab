//! Taking in an answer to `/sync`, in the order in which matrix-rust-sdk
//! does it (BS §1.12).

use super::{Device, Write};
use crate::crypto::Crypto;
use crate::node::{Brought, Cx};
use crate::protocol::{AbsentCounts, ToDeviceOrder, TokenStorage};
use crate::wire::{KeyCounts, SyncResponse, ToDevice};

impl<C: Crypto> Device<C> {
    /// First the key counts, which may generate keys, and evict others, before
    /// any message of the same answer is read; then device lists; then
    /// to-device messages in order. What they brought is stored with the token
    /// in one transaction, and the account after it. Only a session that a
    /// message opens is stored at once. Then room events, and how far they
    /// have been fetched; then the next requests.
    pub(super) fn synced(&mut self, response: &SyncResponse<C>, cx: &mut Cx<'_, Self>) {
        let counts = told_counts(response, cx);
        self.told = Some(response.counts);
        self.compare_numbers(response.counts, cx);
        self.update_key_counts(counts, cx);

        let token = Write::Token(response.next.to_device);
        let token_first = !response.to_device.is_empty()
            && match cx.protocol.token_storage() {
                TokenStorage::WithMessages => false,
                TokenStorage::BeforeMessages => true,
            };
        if token_first {
            self.write([token.clone()], cx);
        }
        let lists = self.changed_lists(&response.joined, &response.device_lists_changed);
        // What the messages bring counts at once; to disk it goes with the rest.
        let mut brought = Brought::default();
        let messages = &response.to_device;
        let last_first = is_last_first(messages, cx);
        for place in 0..messages.len() {
            let place = match last_first {
                false => place,
                true => messages.len() - 1 - place,
            };
            self.receive(&messages[place], &mut brought, cx);
        }
        // Only now, since another of the messages may have been made for the key
        // that has to go if the current one is replaced.
        self.look_after_fallback_keys(None, cx);
        let rows = lists.into_iter().chain([token]);
        cx.persist_with(brought, &mut self.store, rows);
        self.store_account_if_changed(cx);

        self.compare_keys(response.counts, cx);
        self.retry_undecrypted(cx);
        for event in &response.events {
            self.see(event, cx);
        }
        self.write([Write::Position(response.next)], cx);
        self.sync_again(cx);
        self.do_outgoing(cx);
        self.advance(cx);
    }
}

/// What an answer says of the device's keys, as the client takes it. What is not
/// said is as it was.
fn told_counts<C: Crypto>(response: &SyncResponse<C>, cx: &Cx<'_, Device<C>>) -> KeyCounts {
    let mut counts = response.counts;
    if !response.says_counts {
        match cx.protocol.absent_counts() {
            AbsentCounts::Unchanged => {}
            AbsentCounts::Zero => counts.one_time_keys = 0,
        }
    }
    counts
}

/// Whether to-device messages are worked through in the opposite order.
fn is_last_first<C: Crypto>(messages: &[ToDevice<C>], cx: &Cx<'_, Device<C>>) -> bool {
    messages.len() > 1
        && match cx.protocol.to_device_order() {
            ToDeviceOrder::AsGiven => false,
            ToDeviceOrder::LastFirst => true,
        }
}
