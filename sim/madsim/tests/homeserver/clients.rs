//! What devices ask of the homeserver under test, and what it answers them.

use std::sync::Arc;

use std::collections::BTreeMap;

use super::driver::peer::Peer;
use super::driver::{ALICE, BOB, Driver, HERE};
use super::{A_MOMENT, Server};
use unwedge_core::cast::SyncApi;
use unwedge_core::name::{DeviceId, KeyName, MessageId, NodeId, RoomId, ServerId, UserId};
use unwedge_core::node::Input;
use unwedge_core::protocol::Protocol;
use unwedge_core::time::{Span, Time};
use unwedge_core::wire::{
    AccessToken, ClientRequest, ClientResponse, DeviceKeys, KeyCounts, Message, RequestId,
    SignedKey, SyncResponse, SyncToken, ToDevice, ToDeviceContent, UploadRefused,
};
use unwedge_madsim::Vodozemac;

/// For how long the server gives the same answer to the same sync.
pub(crate) const ANSWER_MEMORY: Span = Span::mins(2);

/// What goes into an upload; nothing by default.
#[derive(Clone, Default)]
pub(crate) struct Upload {
    pub(crate) device_keys: Option<DeviceKeys<Vodozemac>>,
    pub(crate) one_time_keys: Vec<SignedKey<Vodozemac>>,
    pub(crate) fallback_key: Option<SignedKey<Vodozemac>>,
    pub(crate) eager_share_fallback_keys: bool,
}

/// An upload of one-time keys.
pub(crate) fn one_time<'a>(keys: impl IntoIterator<Item = &'a SignedKey<Vodozemac>>) -> Upload {
    Upload {
        one_time_keys: keys.into_iter().cloned().collect(),
        ..Upload::default()
    }
}

/// An upload of a fallback key.
pub(crate) fn fallback(key: &SignedKey<Vodozemac>) -> Upload {
    Upload {
        fallback_key: Some(key.clone()),
        ..Upload::default()
    }
}

/// What a claim brought.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Claimed {
    pub(crate) keys: Vec<KeyName>,
    pub(crate) failures: Vec<ServerId>,
}

/// The homeserver here, on which Alice and Bob are logged in, following
/// today's protocol.
pub(crate) fn server() -> Server {
    server_with(Protocol::default())
}

/// The homeserver here, on which Alice and Bob are logged in.
pub(crate) fn server_with(protocol: Protocol) -> Server {
    let mut server = Server {
        driver: Driver::new(NodeId::Server(HERE), protocol),
        tokens: BTreeMap::new(),
        known: BTreeMap::new(),
    };
    server.log_in(ALICE);
    server.log_in(BOB);
    server
}

/// The message number `n` of a sender, without any content that matters.
pub(crate) fn message(sender: DeviceId, to: DeviceId, n: u64) -> ToDevice<Vodozemac> {
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

/// The number that a message was made with.
pub(crate) fn number(message: &ToDevice<Vodozemac>) -> u64 {
    message.id.sent.since(Time::ZERO).ticks() / Span::millis(1).ticks()
}

/// Which messages a sync answer carries, by number.
pub(crate) fn numbers(response: &SyncResponse<Vodozemac>) -> Vec<u64> {
    response.to_device.iter().map(number).collect()
}

pub(crate) fn names(keys: &[SignedKey<Vodozemac>]) -> Vec<KeyName> {
    keys.iter().map(|key| key.name).collect()
}

impl Server {
    /// A device asks, and shows the token that it was given last. The
    /// request's ID is fresh.
    pub(crate) fn ask(&mut self, device: DeviceId, request: ClientRequest<Vodozemac>) -> RequestId {
        let token = self.tokens.get(&device).copied();
        self.ask_with(device, token, request)
    }

    /// A device asks, and shows this token.
    pub(crate) fn ask_with(
        &mut self,
        device: DeviceId,
        token: Option<AccessToken>,
        request: ClientRequest<Vodozemac>,
    ) -> RequestId {
        let id = self.fresh_id();
        let body = Message::ClientRequest(id, token, request);
        let from = NodeId::Device(device);
        let body = Box::new(body);
        self.input(Input::Message { from, body });
        id
    }

    /// What the server has answered to a device's request.
    pub(crate) fn answer(
        &mut self,
        device: DeviceId,
        asked: RequestId,
    ) -> Option<ClientResponse<Vodozemac>> {
        self.take(NodeId::Device(device), |message| match message {
            Message::ClientResponse(id, _, response) if *id == asked => Some(response.clone()),
            Message::ClientRequest(..)
            | Message::ClientResponse(..)
            | Message::FederationRequest(..)
            | Message::FederationResponse(..) => None,
        })
    }

    /// What the server answers at once.
    pub(crate) fn request(
        &mut self,
        device: DeviceId,
        request: ClientRequest<Vodozemac>,
    ) -> ClientResponse<Vodozemac> {
        let id = self.ask(device, request);
        let answer = self.answer(device, id);
        answer.expect("this request waits for nobody")
    }

    /// A device logs in, and shows its new token from now on.
    pub(crate) fn log_in(&mut self, device: DeviceId) -> AccessToken {
        let response = self.request(device, ClientRequest::Login);
        let ClientResponse::Login(token) = response else {
            panic!("a login is answered as a login")
        };
        self.tokens.insert(device, token);
        token
    }

    /// A device logs out; its token is remembered, and worth nothing.
    pub(crate) fn log_out(&mut self, device: DeviceId) {
        let response = self.request(device, ClientRequest::Logout);
        assert!(matches!(response, ClientResponse::Logout));
    }

    /// A device uploads its identity.
    pub(crate) fn publish(&mut self, peer: &Peer) {
        let upload = Upload {
            device_keys: Some(peer.keys()),
            ..Upload::default()
        };
        self.upload(peer.device, upload).unwrap();
    }

    pub(crate) fn upload(
        &mut self,
        device: DeviceId,
        upload: Upload,
    ) -> Result<usize, UploadRefused> {
        let request = ClientRequest::KeysUpload {
            device_keys: upload.device_keys,
            one_time_keys: upload.one_time_keys,
            fallback_key: upload.fallback_key,
            eager_share_fallback_keys: upload.eager_share_fallback_keys,
        };
        let ClientResponse::KeysUpload(result) = self.request(device, request) else {
            panic!("an upload is answered as an upload")
        };
        result
    }

    /// The devices that Alice is told of, if no other server is asked.
    pub(crate) fn devices_of(&mut self, user: UserId) -> Vec<DeviceId> {
        let request = ClientRequest::KeysQuery { users: vec![user] };
        let ClientResponse::KeysQuery { devices, .. } = self.request(ALICE, request) else {
            panic!("a query is answered as a query")
        };
        let keys = devices.into_iter().flat_map(|(_, keys)| keys);
        keys.map(|keys| keys.device).collect()
    }

    /// Alice claims a key of each device, with the timeout that clients give.
    pub(crate) fn ask_to_claim(&mut self, devices: &[DeviceId]) -> RequestId {
        let request = ClientRequest::KeysClaim {
            devices: devices.to_vec(),
            timeout: Span::secs(10),
        };
        self.ask(ALICE, request)
    }

    /// What the server has answered to a claim of Alice's.
    pub(crate) fn claimed(&mut self, asked: RequestId) -> Option<Claimed> {
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
    pub(crate) fn claim(&mut self, devices: &[DeviceId]) -> Claimed {
        let id = self.ask_to_claim(devices);
        self.wait(A_MOMENT);
        self.claimed(id).expect("this claim waits for nobody")
    }

    /// Alice claims this many keys of one device, one after the other.
    pub(crate) fn claim_one_by_one(&mut self, device: DeviceId, count: usize) -> Vec<KeyName> {
        (0..count)
            .flat_map(|_| self.claim(&[device]).keys)
            .collect()
    }

    pub(crate) fn send_to_device(
        &mut self,
        sender: DeviceId,
        transaction: u64,
        messages: Vec<ToDevice<Vodozemac>>,
    ) {
        let request = ClientRequest::SendToDevice {
            transaction,
            messages,
        };
        let response = self.request(sender, request);
        assert!(matches!(response, ClientResponse::SendToDevice));
    }

    /// A user joins a room that the server is in.
    pub(crate) fn join(&mut self, device: DeviceId, room: RoomId) -> bool {
        let via = vec![];
        self.membership(device, ClientRequest::Join { room, via })
    }

    /// A user leaves a room.
    pub(crate) fn leave(&mut self, device: DeviceId, room: RoomId) -> bool {
        self.membership(device, ClientRequest::Leave { room })
    }

    /// A device invites a user of this server.
    pub(crate) fn invite(&mut self, by: DeviceId, room: RoomId, user: UserId) -> bool {
        self.membership(by, ClientRequest::Invite { room, user })
    }

    fn membership(&mut self, device: DeviceId, request: ClientRequest<Vodozemac>) -> bool {
        let ClientResponse::Membership(done) = self.request(device, request) else {
            panic!("a change of membership is answered as one")
        };
        done
    }

    /// Opens a poll.
    pub(crate) fn poll(&mut self, device: DeviceId, since: Option<SyncToken>) -> RequestId {
        self.poll_by(SyncApi::default(), device, since)
    }

    /// Opens a poll of this kind.
    pub(crate) fn poll_by(
        &mut self,
        api: SyncApi,
        device: DeviceId,
        since: Option<SyncToken>,
    ) -> RequestId {
        let known = self.known.get(&device).copied();
        self.ask(device, ClientRequest::Sync { since, known, api })
    }

    /// What the server has answered to a poll.
    pub(crate) fn polled(
        &mut self,
        device: DeviceId,
        asked: RequestId,
    ) -> Option<SyncResponse<Vodozemac>> {
        let response = self.answer(device, asked)?;
        let ClientResponse::Sync(response) = response else {
            panic!("a poll is answered as a poll")
        };
        self.known.insert(device, response.counts);
        Some(Arc::unwrap_or_clone(response))
    }

    /// Syncs when there is something to be told at once.
    pub(crate) fn sync(
        &mut self,
        device: DeviceId,
        since: Option<SyncToken>,
    ) -> SyncResponse<Vodozemac> {
        let id = self.poll(device, since);
        self.polled(device, id).expect("there is news")
    }

    /// Syncs from the beginning, when the server's memory of its answers has
    /// faded.
    pub(crate) fn sync_afresh(&mut self, device: DeviceId) -> SyncResponse<Vodozemac> {
        self.wait(ANSWER_MEMORY);
        self.sync(device, None)
    }

    /// The state of a device's keys as they are now.
    pub(crate) fn counts(&mut self, device: DeviceId) -> KeyCounts {
        self.sync_afresh(device).counts
    }

    /// No two requests are made at one instant, so the instant names them.
    pub(crate) fn fresh_id(&self) -> RequestId {
        RequestId(self.now().ticks())
    }
}
