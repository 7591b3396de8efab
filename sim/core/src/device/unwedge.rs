//! Unwedging: a new Olm session after an undecryptable message, announced by
//! an `m.dummy` (BS §1.7).

use super::outgoing::Request;
use super::{Device, Write};
use crate::crypto::{Content, Crypto};
use crate::name::DeviceId;
use crate::node::Cx;
use crate::protocol::{NoOlmReply, Unwedging, WedgeStorage};
use crate::time::Span;
use crate::trace::Fact;
use crate::wire::ClientRequest;

/// At most one new session for a device in this time.
const UNWEDGE_INTERVAL: Span = Span::hours(1);

impl<C: Crypto> Device<C> {
    /// An Olm message of this device could not be decrypted. Of a sender whose
    /// identity is not that of a known device nothing is made.
    pub(super) fn consider_unwedging(
        &mut self,
        peer: DeviceId,
        sender: &C::Identity,
        cx: &mut Cx<'_, Self>,
    ) {
        let is_known = self
            .known_device(peer)
            .is_some_and(|keys| keys.identity == *sender);
        if !is_known || self.to_unwedge.contains(&peer) {
            return;
        }
        let newest = self.sessions_with(peer).map(|row| row.created).max();
        let is_due = match newest {
            Some(newest) => cx.now.since(newest) > UNWEDGE_INTERVAL,
            None => match cx.protocol.unwedging() {
                Unwedging::WithEarlierSession => false,
                Unwedging::AlsoAtFirstContact => self.may_unwedge(peer, cx),
            },
        };
        if is_due {
            self.unwedge(peer, cx);
        }
    }

    /// Another device has no Olm session with this one.
    pub(super) fn told_no_olm(&mut self, peer: DeviceId, cx: &mut Cx<'_, Self>) {
        if self.known_device(peer).is_none() || self.to_unwedge.contains(&peer) {
            return;
        }
        match cx.protocol.no_olm_reply() {
            NoOlmReply::Ignored => {}
            NoOlmReply::OpensSession if self.may_unwedge(peer, cx) => self.unwedge(peer, cx),
            NoOlmReply::OpensSession => {}
        }
    }

    fn may_unwedge(&self, peer: DeviceId, cx: &Cx<'_, Self>) -> bool {
        let last = self.unwedged.get(&peer);
        last.is_none_or(|last| cx.now.since(*last) > UNWEDGE_INTERVAL)
    }

    fn unwedge(&mut self, peer: DeviceId, cx: &mut Cx<'_, Self>) {
        cx.observe(Fact::Unwedging { by: self.id, peer });
        self.unwedged.insert(peer, cx.now);
        self.to_unwedge.insert(peer);
        match cx.protocol.wedge_storage() {
            WedgeStorage::InMemory => {}
            WedgeStorage::Stored => self.write([Write::Unwedge(peer)], cx),
        }
    }

    /// A new session was opened with a device. Whether that unwedges it.
    pub(super) fn is_unwedged(&mut self, peer: DeviceId, cx: &mut Cx<'_, Self>) -> bool {
        if self.store.to_unwedge.contains(&peer) {
            self.write([Write::Unwedged(peer)], cx);
        }
        self.to_unwedge.remove(&peer)
    }

    /// Claims a key of every device to be unwedged, unless a claim is on its
    /// way; what fails is tried again after a later sync.
    pub(super) fn claim_for_unwedging(&mut self, cx: &mut Cx<'_, Self>) {
        if self.to_unwedge.is_empty() || self.is_claiming() || !self.connected {
            return;
        }
        let devices = self.devices_to_claim(&[], cx);
        if !devices.is_empty() {
            self.claim(devices, None, cx);
        }
    }

    /// Tells devices of the sessions that were just opened for them.
    pub(super) fn send_dummies(&mut self, peers: &[DeviceId], cx: &mut Cx<'_, Self>) {
        let encrypt = |peer: &DeviceId| self.encrypt_for(*peer, Content::Dummy, cx);
        let messages: Vec<_> = peers.iter().filter_map(encrypt).collect();
        if !messages.is_empty() {
            let transaction = self.new_transaction();
            self.dummies.insert(transaction, messages);
            self.send_dummy(transaction, cx);
        }
    }

    /// Sends what was not confirmed before the connection broke.
    pub(super) fn send_unsent_dummies(&mut self, cx: &mut Cx<'_, Self>) {
        let unsent: Vec<u64> = self.dummies.keys().copied().collect();
        for transaction in unsent {
            self.send_dummy(transaction, cx);
        }
    }

    fn send_dummy(&mut self, transaction: u64, cx: &mut Cx<'_, Self>) {
        let messages = self.dummies[&transaction].clone();
        let request = ClientRequest::SendToDevice {
            transaction,
            messages,
        };
        self.ask(Request::Dummy(transaction), request, cx);
    }
}
