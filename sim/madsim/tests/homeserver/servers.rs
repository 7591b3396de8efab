//! What other servers ask of the homeserver under test, and what they answer
//! it.

use std::sync::Arc;

use super::driver::peer::Peer;
use super::driver::{ELSEWHERE, THERE, device};
use super::{Server, number};
use unwedge_core::homeserver::Write;
use unwedge_core::name::{DeviceId, NodeId, RoomId, ServerId, UserId};
use unwedge_core::node::{Durable as _, Input};
use unwedge_core::time::Time;
use unwedge_core::wire::{
    DeviceListUpdate, Edu, FederatedId, FederationRequest, FederationResponse, Message,
    MessageKind, RequestId, RoomEvent, Transaction,
};
use unwedge_madsim::Vodozemac;

/// A device of a third server's user.
pub(crate) const DAVE: DeviceId = device(ELSEWHERE, 3);

/// The `message_id` number `number` of a server that never restarted.
pub(crate) fn federated(number: u64) -> FederatedId {
    FederatedId {
        started: Time::ZERO,
        number,
    }
}

/// Which to-device messages a transaction carries, by number.
pub(crate) fn messages(transaction: &Transaction<Vodozemac>) -> Vec<u64> {
    let messages = transaction.edus.iter().filter_map(|edu| match edu {
        Edu::DirectToDevice(_, message) => Some(number(message)),
        Edu::DeviceListUpdate(..) => None,
    });
    messages.collect()
}

/// Which `message_id`s a transaction carries.
pub(crate) fn message_ids(transaction: &Transaction<Vodozemac>) -> Vec<FederatedId> {
    let ids = transaction.edus.iter().filter_map(|edu| match edu {
        Edu::DirectToDevice(id, _) => Some(*id),
        Edu::DeviceListUpdate(..) => None,
    });
    ids.collect()
}

/// Which devices a transaction tells of, and whether they are there.
pub(crate) fn updates(transaction: &Transaction<Vodozemac>) -> Vec<(DeviceId, bool)> {
    let updates = transaction.edus.iter().filter_map(|edu| match edu {
        Edu::DirectToDevice(..) => None,
        Edu::DeviceListUpdate(update) => Some((update.device, update.keys.is_some())),
    });
    updates.collect()
}

/// A server tells that a device is there: its change number `stream_id`.
pub(crate) fn there(device: DeviceId, stream_id: u64, prev_id: Option<u64>) -> Edu<Vodozemac> {
    let keys = Some(Peer::new(device).keys());
    let changed = Time::ZERO;
    Edu::DeviceListUpdate(DeviceListUpdate {
        device,
        keys,
        fallback_key: None,
        stream_id,
        prev_id,
        changed,
    })
}

/// A server tells that a device is deleted.
pub(crate) fn gone(device: DeviceId, stream_id: u64, prev_id: Option<u64>) -> Edu<Vodozemac> {
    let changed = Time::ZERO;
    Edu::DeviceListUpdate(DeviceListUpdate {
        device,
        keys: None,
        fallback_key: None,
        stream_id,
        prev_id,
        changed,
    })
}

impl Server {
    /// Somebody has created a room with these members. Servers in it are not
    /// told of devices that were published before.
    pub(crate) fn create_room(&mut self, room: RoomId, members: &[UserId]) {
        let mut disk = self.disk();
        disk.apply(Write::Room(room, members.to_vec()));
        self.restore(disk);
    }

    /// Another server asks.
    pub(crate) fn ask_from(
        &mut self,
        peer: ServerId,
        request: FederationRequest<Vodozemac>,
    ) -> RequestId {
        let id = self.fresh_id();
        let body = Message::FederationRequest(id, request);
        let from = NodeId::Server(peer);
        let body = Box::new(body);
        self.input(Input::Message { from, body });
        id
    }

    /// What the server has answered to another.
    pub(crate) fn answer_to(
        &mut self,
        peer: ServerId,
        asked: RequestId,
    ) -> Option<FederationResponse<Vodozemac>> {
        self.take(NodeId::Server(peer), |message| match message {
            Message::FederationResponse(id, _, response) if *id == asked => Some(response.clone()),
            Message::ClientRequest(..)
            | Message::ClientResponse(..)
            | Message::FederationRequest(..)
            | Message::FederationResponse(..) => None,
        })
    }

    /// The next request to another server that the test has not taken.
    pub(crate) fn asked_of(
        &mut self,
        peer: ServerId,
    ) -> Option<(RequestId, FederationRequest<Vodozemac>)> {
        self.take(NodeId::Server(peer), |message| match message {
            Message::FederationRequest(id, request) => Some((*id, request.clone())),
            Message::ClientRequest(..)
            | Message::ClientResponse(..)
            | Message::FederationResponse(..) => None,
        })
    }

    /// The next request to the server there that the test has not taken.
    pub(crate) fn asked(&mut self) -> Option<(RequestId, FederationRequest<Vodozemac>)> {
        self.asked_of(THERE)
    }

    /// Another server answers.
    pub(crate) fn answer_from(
        &mut self,
        peer: ServerId,
        id: RequestId,
        response: FederationResponse<Vodozemac>,
    ) {
        let kind = match response {
            FederationResponse::Send => MessageKind::FederationSend,
            FederationResponse::Claim(_) => MessageKind::FederationClaim,
            FederationResponse::Query(..) => MessageKind::FederationQuery,
            FederationResponse::MissingEvents(..) => MessageKind::FederationMissingEvents,
            FederationResponse::Join(_) => MessageKind::FederationJoin,
            FederationResponse::Invite => MessageKind::FederationInvite,
            FederationResponse::Version => MessageKind::FederationVersion,
        };
        let body = Message::FederationResponse(id, kind, response);
        let from = NodeId::Server(peer);
        let body = Box::new(body);
        self.input(Input::Message { from, body });
    }

    /// The server there answers.
    pub(crate) fn answer_from_there(
        &mut self,
        id: RequestId,
        response: FederationResponse<Vodozemac>,
    ) {
        self.answer_from(THERE, id, response);
    }

    /// The next transaction to another server, which has not answered it.
    pub(crate) fn transaction_to(
        &mut self,
        peer: ServerId,
    ) -> Option<(RequestId, Transaction<Vodozemac>)> {
        self.take(NodeId::Server(peer), |message| match message {
            Message::FederationRequest(id, FederationRequest::Send(transaction)) => {
                Some((*id, transaction.clone()))
            }
            Message::FederationRequest(..)
            | Message::ClientRequest(..)
            | Message::ClientResponse(..)
            | Message::FederationResponse(..) => None,
        })
    }

    /// Another server takes everything that is sent to it.
    pub(crate) fn taken_by(&mut self, peer: ServerId) -> Vec<Transaction<Vodozemac>> {
        let mut taken = vec![];
        while let Some((request, transaction)) = self.transaction_to(peer) {
            self.answer_from(peer, request, FederationResponse::Send);
            taken.push(transaction);
            assert!(taken.len() < 100, "what was taken is not sent again");
        }
        taken
    }

    /// Another server's transaction, which is always answered.
    pub(crate) fn receive(
        &mut self,
        peer: ServerId,
        id: u64,
        pdus: Vec<Arc<RoomEvent<Vodozemac>>>,
        edus: Vec<Edu<Vodozemac>>,
    ) {
        let request = FederationRequest::Send(Transaction { id, pdus, edus });
        let request = self.ask_from(peer, request);
        let response = self.answer_to(peer, request);
        assert!(matches!(response, Some(FederationResponse::Send)));
    }
}
