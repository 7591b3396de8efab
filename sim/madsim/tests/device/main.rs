//! One client is put through the questions of the behaviour sheet (BS §1),
//! and does what matrix-rust-sdk does. The tests answer for its homeserver.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../driver/mod.rs"]
mod driver;

mod messages;
mod sharing;
mod unwedging;
mod uploads;

use driver::peer::Peer;
use driver::{ALICE, BOB, Driver, HERE};
use unwedge_core::crypto::Body;
use unwedge_core::device::{Command, Device};
use unwedge_core::name::{DeviceId, NodeId, RoomId};
use unwedge_core::node::Input;
use unwedge_core::protocol::Protocol;
use unwedge_core::trace::Fact;
use unwedge_core::wire::{
    ClientRequest, ClientResponse, DeviceKeys, KeyCounts, Message, RequestId, SignedKey,
    SyncResponse, SyncToken, ToDevice, ToDeviceContent, UploadRefused,
};
use unwedge_madsim::Vodozemac;

/// The room that Alice and Bob are in.
const ROOM: RoomId = RoomId(0);

/// How many one-time keys a client means to have on its server.
const STOCK: usize = 50;

/// Alice's client.
type Client = Driver<Device<Vodozemac>>;

/// An upload that Alice's client asks for.
struct Upload {
    id: RequestId,
    device_keys: Option<DeviceKeys<Vodozemac>>,
    one_time_keys: Vec<SignedKey<Vodozemac>>,
    fallback_key: Option<SignedKey<Vodozemac>>,
}

/// Alice's client as it was started for the first time, and connected.
fn started(protocol: Protocol) -> Client {
    let mut alice = Driver::new(NodeId::Device(ALICE), protocol);
    alice.input(Input::Connection(true));
    alice
}

/// Alice's client after its first uploads, in a room with Bob, whose device
/// it knows; with what it has published.
fn in_a_room_with(bob: &Peer, protocol: Protocol) -> (Client, Upload) {
    let mut alice = started(protocol);
    let mut published = alice.upload().expect("the first upload");
    alice.uploaded(published.id, Ok(STOCK));
    alice.sync(SyncResponse {
        joined: vec![(ROOM, vec![ALICE.user, BOB.user])],
        ..nothing_new()
    });
    let fallback = alice.upload().expect("the upload of the fallback key");
    alice.uploaded(fallback.id, Ok(STOCK));
    published.fallback_key = fallback.fallback_key;
    let query = alice.request(|request| match request {
        ClientRequest::KeysQuery { users } => Some(users.clone()),
        ClientRequest::KeysUpload { .. }
        | ClientRequest::KeysClaim { .. }
        | ClientRequest::SendToDevice { .. }
        | ClientRequest::SendEvent(_)
        | ClientRequest::Sync { .. } => None,
    });
    let (id, users) = query.expect("it asks for the members' devices");
    assert_eq!(users, [ALICE.user, BOB.user]);
    let own = published.device_keys.clone().expect("its own keys");
    let devices = vec![(ALICE.user, vec![own]), (BOB.user, vec![bob.keys()])];
    let failures = vec![];
    alice.answer(id, ClientResponse::KeysQuery { devices, failures });
    (alice, published)
}

/// A sync answer that says nothing but that the server's stock is full.
fn nothing_new() -> SyncResponse<Vodozemac> {
    SyncResponse {
        next: SyncToken::default(),
        joined: vec![],
        device_lists_changed: vec![],
        to_device: vec![],
        events: vec![],
        counts: counts(STOCK),
    }
}

fn counts(one_time_keys: usize) -> KeyCounts {
    KeyCounts {
        one_time_keys,
        unused_fallback_key: true,
    }
}

fn ids(keys: &[SignedKey<Vodozemac>]) -> Vec<u64> {
    keys.iter().map(|key| key.name.id.0).collect()
}

fn has_olm(message: &ToDevice<Vodozemac>) -> bool {
    match message.content {
        ToDeviceContent::Encrypted { .. } => true,
        ToDeviceContent::NoOlm => false,
    }
}

impl Client {
    /// Takes the first request that `pick` accepts.
    fn request<R>(
        &mut self,
        pick: impl Fn(&ClientRequest<Vodozemac>) -> Option<R>,
    ) -> Option<(RequestId, R)> {
        self.take(NodeId::Server(HERE), |message| match message {
            Message::ClientRequest(id, request) => pick(request).map(|it| (*id, it)),
            Message::ClientResponse(..)
            | Message::FederationRequest(..)
            | Message::FederationResponse(..) => None,
        })
    }

    /// The homeserver answers.
    fn answer(&mut self, id: RequestId, response: ClientResponse<Vodozemac>) {
        let from = NodeId::Server(HERE);
        let body = Message::ClientResponse(id, response);
        self.input(Input::Message { from, body });
    }

    /// The next upload.
    fn upload(&mut self) -> Option<Upload> {
        let picked = self.request(|request| {
            let ClientRequest::KeysUpload {
                device_keys,
                one_time_keys,
                fallback_key,
            } = request
            else {
                return None;
            };
            let keys = (device_keys.clone(), one_time_keys.clone());
            Some((keys, fallback_key.clone()))
        });
        picked.map(
            |(id, ((device_keys, one_time_keys), fallback_key))| Upload {
                id,
                device_keys,
                one_time_keys,
                fallback_key,
            },
        )
    }

    fn uploaded(&mut self, id: RequestId, result: Result<usize, UploadRefused>) {
        self.answer(id, ClientResponse::KeysUpload(result));
    }

    /// Answers the poll that the client holds.
    fn sync(&mut self, response: SyncResponse<Vodozemac>) {
        let mut poll = None;
        let is_poll = |request: &_| matches!(request, ClientRequest::Sync { .. }).then_some(());
        while let Some((id, ())) = self.request(is_poll) {
            poll = Some(id); // A poll that is asked again gives up the last.
        }
        let poll = poll.expect("a client always holds a poll");
        self.answer(poll, ClientResponse::Sync(response));
    }

    /// A sync answer that tells how many one-time keys are left.
    fn sync_counts(&mut self, one_time_keys: usize) {
        self.sync(SyncResponse {
            counts: counts(one_time_keys),
            ..nothing_new()
        });
    }

    /// A sync answer that brings a message.
    fn sync_message(&mut self, message: &ToDevice<Vodozemac>) {
        self.sync(SyncResponse {
            to_device: vec![message.clone()],
            ..nothing_new()
        });
    }

    /// The next claim: of which devices.
    fn claim(&mut self) -> Option<(RequestId, Vec<DeviceId>)> {
        self.request(|request| {
            let ClientRequest::KeysClaim { devices, .. } = request else {
                return None;
            };
            Some(devices.clone())
        })
    }

    fn claimed(&mut self, id: RequestId, keys: Vec<SignedKey<Vodozemac>>) {
        let failures = vec![];
        self.answer(id, ClientResponse::KeysClaim { keys, failures });
    }

    /// The next `/sendToDevice`, which the server takes.
    fn messages(&mut self) -> Option<Vec<ToDevice<Vodozemac>>> {
        let (id, messages) = self.request(|request| {
            let ClientRequest::SendToDevice { messages, .. } = request else {
                return None;
            };
            Some(messages.clone())
        })?;
        self.answer(id, ClientResponse::SendToDevice);
        Some(messages)
    }

    /// Alice says something.
    fn say(&mut self) {
        let command = Command::Send(ROOM, Body::Timeline);
        self.input(Input::Command(command));
    }

    /// The event that is on its way, which the server takes.
    fn event(&mut self) -> Option<()> {
        let (id, ()) =
            self.request(|request| matches!(request, ClientRequest::SendEvent(_)).then_some(()))?;
        self.answer(id, ClientResponse::SendEvent);
        Some(())
    }

    /// Whether the client has noted such a fact since this was last asked.
    fn noted(&mut self, is_such: impl Fn(&Fact) -> bool) -> bool {
        self.facts().iter().any(is_such)
    }
}
