//! To-device messages: `PUT /sendToDevice`, the inbox and its stream numbers
//! (BS §2.4, §8.2).

use super::{Homeserver, Write};
use crate::crypto::Crypto;
use crate::name::{DeviceId, ServerId, ServerSet};
use crate::node::Cx;
use crate::time::Span;
use crate::trace::Fact;
use crate::wire::{Edu, FederatedId, ToDevice};

/// For how long a `/sendToDevice` transaction is remembered, in memory.
const TRANSACTION_MEMORY: Span = Span::mins(30);

impl<C: Crypto> Homeserver<C> {
    /// Takes a client's messages: into local inboxes, and into the outbox for
    /// other servers. A transaction seen before is ignored whatever it holds.
    pub(super) fn send_to_device(
        &mut self,
        sender: DeviceId,
        transaction: u64,
        messages: Vec<ToDevice<C>>,
        cx: &mut Cx<'_, Self>,
    ) {
        self.seen_transactions
            .retain(|_, seen| cx.now.since(*seen) < TRANSACTION_MEMORY);
        // A copy is forgotten together with the original, not later.
        if self.seen_transactions.contains_key(&(sender, transaction)) {
            return;
        }
        self.seen_transactions.insert((sender, transaction), cx.now);
        let mut peers = ServerSet::default();
        let mut rows = Vec::with_capacity(messages.len());
        for message in messages {
            let server = message.id.to.server();
            if server == self.id {
                rows.extend(self.deliver(message, cx));
            } else {
                cx.observe(Fact::ToDeviceQueued {
                    server: self.id,
                    message: message.id,
                });
                let edu = Edu::DirectToDevice(self.new_federated_id(), message);
                rows.push(Write::Queued(server, edu));
                peers.insert(server);
            }
        }
        self.write(rows, cx);
        self.notify_all(cx);
        for peer in peers {
            self.flush(peer, cx);
        }
    }

    /// Adds the rows that put another server's message into an inbox. A message
    /// that was accepted before is dropped (BS §2.6).
    pub(super) fn direct_to_device(
        &mut self,
        peer: ServerId,
        id: FederatedId,
        message: ToDevice<C>,
        rows: &mut Vec<Write<C>>,
        cx: &mut Cx<'_, Self>,
    ) {
        if !self.tables.deduplication.knows_message(peer, id, cx.now) {
            rows.push(Write::RemoteMessage(peer, id, cx.now));
            rows.extend(self.deliver(message, cx));
        }
    }

    /// Somebody with a hand in the database puts a message into an inbox.
    pub(super) fn put_into_inbox(&mut self, message: ToDevice<C>, cx: &mut Cx<'_, Self>) {
        let row = self.deliver(message, cx);
        self.write(row, cx);
        self.notify_all(cx);
    }

    /// Deletes everything that the device has fetched, which is what a sync
    /// with a newer token means.
    pub(super) fn acknowledge(&mut self, device: DeviceId, up_to: u64, cx: &mut Cx<'_, Self>) {
        let Some(inbox) = self.tables.inbox.messages.get(device) else {
            return;
        };
        let fetched = inbox.iter().take_while(|(position, _)| **position <= up_to);
        for (_, message) in fetched.clone() {
            cx.observe(Fact::ToDeviceDeleted {
                server: self.id,
                message: message.id,
            });
        }
        let rows: Vec<_> = fetched
            .map(|(position, _)| Write::ToDeviceGone(device, *position))
            .collect();
        self.write(rows, cx);
    }

    /// Messages for devices that the server does not know are dropped.
    fn deliver(&self, message: ToDevice<C>, cx: &mut Cx<'_, Self>) -> Option<Write<C>> {
        let device = message.id.to;
        let devices = self.tables.devices.get(device.user());
        let known = devices.is_some_and(|devices| devices.contains_key(&device));
        known.then(|| {
            cx.observe(Fact::ToDeviceStored {
                server: self.id,
                message: message.id,
            });
            Write::ToDevice(message)
        })
    }

    /// A `message_id` that no other message of this server ever has.
    fn new_federated_id(&mut self) -> FederatedId {
        let number = self.federated;
        self.federated += 1;
        FederatedId {
            started: self.started,
            number,
        }
    }

    /// Whether another server's messages come from the server they name.
    pub(super) fn sent_by(peer: ServerId, message: &ToDevice<C>) -> bool {
        message.id.sender.server() == peer
    }
}
