//! One client is put through the questions of the behaviour sheet (BS §1),
//! and does what matrix-rust-sdk does. The tests answer for its homeserver.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../driver/mod.rs"]
mod driver;

mod back_off;
mod claims;
mod conflicts;
mod crashes;
mod fallback_keys;
mod libolm;
mod lists;
mod login;
mod messages;
mod reading;
mod resharing;
mod rooms;
mod rotation;
mod server;
mod sessions;
mod sharing;
mod unwedging;
mod uploads;
mod withholding;

use driver::peer::Peer;
use driver::{ALICE, BOB, Driver, THERE, device};
use unwedge_core::cast;
use unwedge_core::device::{Command, Device};
use unwedge_core::name::{DeviceId, NodeId, RoomId, UserId};
use unwedge_core::node::Input;
use unwedge_core::protocol::Protocol;
use unwedge_core::trace::Fact;
use unwedge_core::wire::{
    ClientRequest, ClientResponse, DeviceKeys, KeyCounts, RequestId, SignedKey, SyncResponse,
    SyncToken, ToDevice, ToDeviceContent,
};
use unwedge_madsim::Vodozemac;

/// The room that Alice and Bob are in.
const ROOM: RoomId = RoomId(0);

/// Bob's other device.
const LAPTOP: DeviceId = DeviceId::new(BOB.user(), 9);

/// Somebody on Carol's homeserver.
const DAVE: DeviceId = device(THERE, 3);

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

/// Alice's client, just logged in for the first time.
fn started(protocol: Protocol) -> Client {
    started_as(cast::Client::default(), protocol)
}

/// Alice's client of this make, just logged in for the first time.
fn started_as(client: cast::Client, protocol: Protocol) -> Client {
    let mut alice = Driver::of(client, NodeId::Device(ALICE), protocol);
    alice.input(Input::Connection(true));
    alice.log_in();
    alice
}

/// Alice's client after its first uploads, in a room with Bob, whose device
/// it knows; with what it has published.
fn in_a_room_with(bob: &Peer, protocol: Protocol) -> (Client, Upload) {
    in_a_room_of(&[bob], started(protocol))
}

/// A client that has just logged in, after its first uploads, in a room with
/// the users of these devices, which it knows; with what it has published.
fn in_a_room_of(peers: &[&Peer], mut alice: Client) -> (Client, Upload) {
    let mut published = alice.upload().expect("the first upload");
    alice.uploaded(published.id, Ok(STOCK));
    let mut members = vec![ALICE.user()];
    members.extend(peers.iter().map(|peer| peer.device.user()));
    members.sort_unstable();
    members.dedup();
    alice.sync(SyncResponse {
        joined: vec![(ROOM, members.clone())],
        ..nothing_new()
    });
    let fallback = alice.upload().expect("the upload of the fallback key");
    alice.uploaded(fallback.id, Ok(STOCK));
    published.fallback_key = fallback.fallback_key;
    let (id, users) = alice.query().expect("it asks for the members' devices");
    assert_eq!(users, members);
    let own = published.device_keys.clone().expect("its own keys");
    let lists = members.iter().map(|user| {
        let theirs = peers.iter().filter(|peer| peer.device.user() == *user);
        match *user == ALICE.user() {
            true => (*user, vec![own.clone()]),
            false => (*user, theirs.map(|peer| peer.keys()).collect()),
        }
    });
    alice.queried(id, lists.collect());
    (alice, published)
}

/// A client that has given Bob the key of the room's Megolm session, and what
/// it has said there.
fn sharing_with(bob: &mut Peer, protocol: Protocol) -> (Client, Vec<ToDevice<Vodozemac>>) {
    let (mut alice, _) = in_a_room_with(bob, protocol);
    alice.say();
    alice.claimed_of(&mut [bob]);
    let messages = alice.messages().expect("the room key");
    alice.event().expect("the message itself");
    (alice, messages)
}

/// A sync answer that says nothing but that the server's stock is full.
fn nothing_new() -> SyncResponse<Vodozemac> {
    SyncResponse {
        next: SyncToken::default(),
        joined: vec![],
        device_lists_changed: vec![],
        device_lists_left: vec![],
        to_device: vec![],
        events: vec![],
        counts: counts(STOCK),
        says_counts: true,
    }
}

fn counts(one_time_keys: usize) -> KeyCounts {
    KeyCounts {
        one_time_keys,
        unused_fallback_key: true,
        ..KeyCounts::default()
    }
}

fn ids(keys: &[SignedKey<Vodozemac>]) -> Vec<u64> {
    keys.iter().map(|key| key.name.id.0).collect()
}

fn has_olm(message: &ToDevice<Vodozemac>) -> bool {
    match message.content {
        ToDeviceContent::Encrypted(_) | ToDeviceContent::FromStranger(_) => true,
        ToDeviceContent::NoOlm | ToDeviceContent::Blacklisted(_) => false,
    }
}

/// For whom these messages are.
fn receivers(messages: &[ToDevice<Vodozemac>]) -> Vec<DeviceId> {
    messages.iter().map(|message| message.id.to).collect()
}

/// The answer to a query, for a user who has these devices.
fn list(user: UserId, peers: &[&Peer]) -> (UserId, Vec<DeviceKeys<Vodozemac>>) {
    (user, peers.iter().map(|peer| peer.keys()).collect())
}

impl Client {
    /// A person does something.
    fn command(&mut self, command: Command) {
        self.input(Input::Command(command));
    }

    /// A person logs the device in, and the server lets it.
    fn log_in(&mut self) {
        self.command(Command::Login);
        let (id, ()) = self.login().expect("it asks to be let in");
        let token = self.token();
        self.answer(id, ClientResponse::Login(token));
    }

    /// The next request to log in.
    fn login(&mut self) -> Option<(RequestId, ())> {
        self.request(|request| matches!(request, ClientRequest::Login).then_some(()))
    }

    /// The process dies and is started again.
    fn come_back(&mut self) {
        self.restart();
        self.input(Input::Connection(true));
    }

    /// Alice says something.
    fn say(&mut self) {
        self.command(Command::Send(ROOM, unwedge_core::crypto::Body::Timeline));
    }

    /// Whether the client has noted such a fact since this was last asked.
    fn noted(&mut self, is_such: impl Fn(&Fact) -> bool) -> bool {
        self.facts().iter().any(is_such)
    }
}
