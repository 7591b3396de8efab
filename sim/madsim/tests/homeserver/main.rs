//! One homeserver is put through the questions of the behaviour sheet (BS §2
//! and §8), and gives the answers that a running Synapse gave.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../driver/mod.rs"]
mod driver;

mod back_off;
mod concurrent_claims;
mod inbox;
mod keys;
mod polls;
mod rollback;
mod transactions;

use driver::{ALICE, Driver, HERE, THERE};
use unwedge_core::homeserver::Homeserver;
use unwedge_core::name::{DeviceId, KeyName, MessageId, NodeId, ServerId};
use unwedge_core::node::Input;
use unwedge_core::protocol::Protocol;
use unwedge_core::time::{Span, Time};
use unwedge_core::wire::{
    ClientRequest, ClientResponse, DeviceKeys, FederationRequest, FederationResponse, Message,
    RequestId, SignedKey, SyncResponse, SyncToken, ToDevice, ToDeviceContent, UploadRefused,
};
use unwedge_madsim::Vodozemac;

/// Longer than a homeserver takes for anything that waits for nobody.
const A_MOMENT: Span = Span::millis(25);

type Server = Driver<Homeserver<Vodozemac>>;

/// What goes into an upload; nothing by default.
#[derive(Clone, Default)]
struct Upload {
    device_keys: Option<DeviceKeys<Vodozemac>>,
    one_time_keys: Vec<SignedKey<Vodozemac>>,
    fallback_key: Option<SignedKey<Vodozemac>>,
}

/// What a claim brought.
#[derive(Debug, PartialEq, Eq)]
struct Claimed {
    keys: Vec<KeyName>,
    failures: Vec<ServerId>,
}

/// The homeserver here, with an empty database, following today's protocol.
fn server() -> Server {
    server_with(Protocol::default())
}

/// The homeserver here, with an empty database.
fn server_with(protocol: Protocol) -> Server {
    Driver::new(NodeId::Server(HERE), protocol)
}

/// The message number `n` of a sender, without any content that matters.
fn message(sender: DeviceId, to: DeviceId, n: u64) -> ToDevice<Vodozemac> {
    let sent = Time::ZERO + Span::millis(n);
    ToDevice {
        id: MessageId {
            sender,
            to,
            sent,
            number: 0,
        },
        content: ToDeviceContent::NoOlm,
    }
}

/// Which messages a sync answer carries, by number.
fn numbers(response: &SyncResponse<Vodozemac>) -> Vec<u64> {
    let messages = response.to_device.iter();
    messages
        .map(|message| message.id.sent.since(Time::ZERO).ticks() / Span::millis(1).ticks())
        .collect()
}

fn names(keys: &[SignedKey<Vodozemac>]) -> Vec<KeyName> {
    keys.iter().map(|key| key.name).collect()
}

impl Server {
    /// A device asks. The request's ID is fresh.
    fn ask(&mut self, device: DeviceId, request: ClientRequest<Vodozemac>) -> RequestId {
        let id = self.fresh_id();
        let body = Message::ClientRequest(id, request);
        let from = NodeId::Device(device);
        self.input(Input::Message { from, body });
        id
    }

    /// What the server has answered to a device's request.
    fn answer(&mut self, device: DeviceId, asked: RequestId) -> Option<ClientResponse<Vodozemac>> {
        self.take(NodeId::Device(device), |message| match message {
            Message::ClientResponse(id, response) if *id == asked => Some(response.clone()),
            Message::ClientRequest(..)
            | Message::ClientResponse(..)
            | Message::FederationRequest(..)
            | Message::FederationResponse(..) => None,
        })
    }

    fn upload(&mut self, device: DeviceId, upload: Upload) -> Result<usize, UploadRefused> {
        let request = ClientRequest::KeysUpload {
            device_keys: upload.device_keys,
            one_time_keys: upload.one_time_keys,
            fallback_key: upload.fallback_key,
        };
        let id = self.ask(device, request);
        let Some(ClientResponse::KeysUpload(result)) = self.answer(device, id) else {
            panic!("an upload is answered at once")
        };
        result
    }

    /// Alice claims a key of each device, with the timeout that clients give.
    fn ask_to_claim(&mut self, devices: &[DeviceId]) -> RequestId {
        let request = ClientRequest::KeysClaim {
            devices: devices.to_vec(),
            timeout: Span::secs(10),
        };
        self.ask(ALICE, request)
    }

    /// What the server has answered to a claim of Alice's.
    fn claimed(&mut self, asked: RequestId) -> Option<Claimed> {
        let response = self.answer(ALICE, asked)?;
        let ClientResponse::KeysClaim { keys, failures } = response else {
            panic!("a claim is answered as a claim")
        };
        Some(Claimed {
            keys: names(&keys),
            failures,
        })
    }

    /// Alice claims, and is answered without another server being waited for.
    fn claim(&mut self, devices: &[DeviceId]) -> Claimed {
        let id = self.ask_to_claim(devices);
        self.wait(A_MOMENT);
        self.claimed(id).expect("this claim waits for nobody")
    }

    /// Alice claims this many keys of one device, one after the other.
    fn claim_one_by_one(&mut self, device: DeviceId, count: usize) -> Vec<KeyName> {
        (0..count)
            .flat_map(|_| self.claim(&[device]).keys)
            .collect()
    }

    fn send_to_device(
        &mut self,
        sender: DeviceId,
        transaction: u64,
        messages: Vec<ToDevice<Vodozemac>>,
    ) {
        let request = ClientRequest::SendToDevice {
            transaction,
            messages,
        };
        let id = self.ask(sender, request);
        let response = self.answer(sender, id);
        assert!(matches!(response, Some(ClientResponse::SendToDevice)));
    }

    /// Opens a poll.
    fn poll(&mut self, device: DeviceId, since: Option<SyncToken>) -> RequestId {
        self.ask(device, ClientRequest::Sync { since })
    }

    /// What the server has answered to a poll.
    fn polled(&mut self, device: DeviceId, asked: RequestId) -> Option<SyncResponse<Vodozemac>> {
        let response = self.answer(device, asked)?;
        let ClientResponse::Sync(response) = response else {
            panic!("a poll is answered as a poll")
        };
        Some(response)
    }

    /// Syncs when there is something to be told at once.
    fn sync(&mut self, device: DeviceId, since: Option<SyncToken>) -> SyncResponse<Vodozemac> {
        let id = self.poll(device, since);
        self.polled(device, id).expect("there is news")
    }

    /// Another server asks.
    fn ask_from(&mut self, peer: ServerId, request: FederationRequest<Vodozemac>) -> RequestId {
        let id = self.fresh_id();
        let body = Message::FederationRequest(id, request);
        let from = NodeId::Server(peer);
        self.input(Input::Message { from, body });
        id
    }

    /// What the server has answered to another.
    fn answer_to(
        &mut self,
        peer: ServerId,
        asked: RequestId,
    ) -> Option<FederationResponse<Vodozemac>> {
        self.take(NodeId::Server(peer), |message| match message {
            Message::FederationResponse(id, response) if *id == asked => Some(response.clone()),
            Message::ClientRequest(..)
            | Message::ClientResponse(..)
            | Message::FederationRequest(..)
            | Message::FederationResponse(..) => None,
        })
    }

    /// The next request to the server there that the test has not taken.
    fn asked(&mut self) -> Option<(RequestId, FederationRequest<Vodozemac>)> {
        self.take(NodeId::Server(THERE), |message| match message {
            Message::FederationRequest(id, request) => Some((*id, request.clone())),
            Message::ClientRequest(..)
            | Message::ClientResponse(..)
            | Message::FederationResponse(..) => None,
        })
    }

    /// The server there answers.
    fn answer_from_there(&mut self, id: RequestId, response: FederationResponse<Vodozemac>) {
        let body = Message::FederationResponse(id, response);
        let from = NodeId::Server(THERE);
        self.input(Input::Message { from, body });
    }

    /// No two requests are made at one instant, so the instant names them.
    fn fresh_id(&self) -> RequestId {
        RequestId(self.now().ticks())
    }
}
