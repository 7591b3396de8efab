//! A client on a device, modelled on matrix-rust-sdk: its keys, its Olm and
//! Megolm sessions, claiming and sharing, and `/sync` (BS §1). Knows its
//! homeserver only by what it answers.

mod claim;
mod claimed_keys;
mod failures;
mod key_check;
mod keys;
mod login;
mod olm;
mod outgoing;
mod process;
mod reset;
mod rooms;
mod send;
mod share;
mod store;
mod strangers;
mod sync;
mod timeline;
mod unwedge;

use std::collections::BTreeSet;

use litemap::LiteMap;
use rustc_hash::{FxBuildHasher, FxHashMap};

use crate::crypto::{Body, Crypto};
use crate::name::{
    DeviceId, KeyId, MegolmName, NodeId, RoomId, ServerId, ServerSet, SessionName, UserId,
};
use crate::node::{Cx, Input, Node};
use crate::time::Time;
use crate::trace::{Fact, LogoutReason};
use crate::wire::{ClientResponse, KeyCounts, Message, RequestId, ToDevice};

use failures::Failures;
use login::Wish;
use outgoing::Request;
use store::USUALLY_KNOWN;
pub use store::{
    AccountRow, AccountState, OutboundRow, Queued, RoomKeyRow, SessionRow, Share, Store, Write,
};

/// A client. Everything but `store` is in memory only; live cryptographic
/// objects stand beside their rows and are loaded when they are first needed. If
/// nobody will look at the disk, their pickles are not renewed: then none of them
/// may be dropped while its row stays.
pub struct Device<C: Crypto> {
    id: DeviceId,
    /// Whether this is a second process, beside the app.
    is_second: bool,
    store: Store<C>,
    account: keys::Account<C>,
    sessions: FxHashMap<SessionName, C::Session>,
    room_keys: FxHashMap<MegolmName, C::InboundGroupSession>,
    outbound: LiteMap<RoomId, C::GroupSession>,
    /// Whether what could not be read may be readable now.
    may_read_more: bool,
    connected: bool,
    /// What the server last told of this device's keys.
    told: Option<KeyCounts>,
    /// Whether its keys on the server have changed since it opened its poll.
    changed_since_poll: bool,
    /// Published keys that the server seems to have forgotten.
    upload_again: BTreeSet<KeyId>,
    requests: LiteMap<RequestId, Request>,
    next_request: RequestId,
    next_message: u32,
    next_transaction: u64,
    /// How often it has been logged out since it was started.
    logouts: u16,
    /// What people want of the server, in order.
    wishes: Vec<Wish>,
    sending: Option<send::Sending>,
    server_failures: Failures<ServerId>,
    device_failures: Failures<DeviceId>,
    query_failures: Failures<ServerId>,
    to_unwedge: BTreeSet<DeviceId>,
    unwedged: LiteMap<DeviceId, Time>,
    /// `m.dummy` requests that have not been answered, by transaction ID.
    dummies: LiteMap<u64, Vec<ToDevice<C>>>,
    /// When what failed is tried again of the client's own accord.
    retry_at: Option<Time>,
}

/// What a client asks to be woken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timer {
    /// A send has waited long enough for device lists.
    StopWaitingForDevices(u64),
    /// The fallback key is due to be replaced.
    FallbackKeyDue,
    /// What failed may be tried again.
    Retry,
    /// A key that seems to have been claimed has been kept for long enough.
    ClaimedKeyDue,
}

/// What a person does with a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Logs the device in, unless it is.
    Login,
    /// Logs the device out.
    Logout,
    /// Joins a room through one of these servers.
    Join(RoomId, Vec<ServerId>),
    /// Leaves a room.
    Leave(RoomId),
    /// Invites a user to a room.
    Invite(RoomId, UserId),
    /// Gives another device no more room keys.
    Block(DeviceId),
    /// Says something in a room.
    Send(RoomId, Body),
    /// Discards the Megolm session of a room, so that the next message gets
    /// a new one.
    DiscardSession(RoomId),
    /// Sends this many Olm messages to another device, all of which are lost.
    Waste(DeviceId, u32),
    /// Gives up the poll that is being held and syncs anew.
    SyncAgain,
}

impl<C: Crypto> Node for Device<C> {
    type Crypto = C;
    type Durable = Store<C>;
    type Timer = Timer;
    type Command = Command;

    fn boot(id: NodeId, disk: Store<C>, cx: &mut Cx<'_, Self>) -> Self {
        let NodeId::Device(id) = id else {
            unreachable!("only devices run a client")
        };
        let mut device = Self::load(id, disk, false, cx);
        // It died before it had made its keys.
        if device.store.access.is_some() && device.store.account.is_none() {
            device.make_first_keys(cx);
        }
        device.wake_for_fallback_key(cx);
        device.wake_for_claimed_keys(cx);
        device
    }

    fn handle(&mut self, input: Input<Self>, cx: &mut Cx<'_, Self>) {
        match input {
            Input::Message { body, .. } => match *body {
                Message::ClientResponse(id, _, response) => self.answered(id, response, cx),
                Message::ClientRequest(..)
                | Message::FederationRequest(..)
                | Message::FederationResponse(..) => {}
            },
            Input::Connection(true) => self.reconnected(cx),
            Input::Connection(false) => self.disconnected(cx),
            Input::TimedOut(id) => {
                if let Some(request) = self.requests.remove(&id) {
                    self.failed(request, cx);
                    self.try_failed_again(cx);
                }
            }
            Input::Timer(Timer::StopWaitingForDevices(send)) => {
                self.stop_waiting_for_devices(send, cx);
            }
            // Keys are replaced on a sync, so not while there can be none.
            Input::Timer(Timer::FallbackKeyDue) => {
                if self.connected && self.store.access.is_some() {
                    self.look_after_fallback_keys(None, cx);
                    self.store_account_if_changed(cx);
                    self.do_outgoing(cx);
                }
            }
            Input::Timer(Timer::ClaimedKeyDue) => self.do_outgoing(cx),
            Input::Timer(Timer::Retry) => {
                if self.retry_at.is_some_and(|at| at <= cx.now) {
                    self.retry_at = None;
                    self.do_outgoing(cx);
                }
            }
            Input::Command(Command::Login) => self.wish(Wish::Login, cx),
            Input::Command(Command::Logout) => self.wish(Wish::Logout, cx),
            Input::Command(Command::Join(room, via)) => self.wish(Wish::Join { room, via }, cx),
            Input::Command(Command::Leave(room)) => self.wish(Wish::Leave { room }, cx),
            Input::Command(Command::Invite(room, user)) => {
                self.wish(Wish::Invite { room, user }, cx);
            }
            Input::Command(Command::Block(device)) => self.block(device, cx),
            Input::Command(Command::Send(room, body)) => self.enqueue(room, body, cx),
            Input::Command(Command::DiscardSession(room)) => self.discard_session(room, cx),
            Input::Command(Command::Waste(peer, count)) => self.waste(peer, count, cx),
            Input::Command(Command::SyncAgain) => {
                self.sync_again(cx);
                self.do_outgoing(cx);
            }
        }
    }

    fn pending(&self, gone: ServerSet) -> usize {
        // What was said before a login that never happened is never sent.
        if gone.contains(self.id.server()) || !self.is_in_use() {
            return 0;
        }
        self.store.queue.len() + self.wishes.len()
    }
}

impl<C: Crypto> Device<C> {
    /// A process that has just been started, from what is on disk.
    fn load(id: DeviceId, mut disk: Store<C>, is_second: bool, cx: &mut Cx<'_, Self>) -> Self {
        disk.make_room();
        let account = keys::Account::load(&disk, cx);
        Self {
            id,
            is_second,
            to_unwedge: disk.to_unwedge.clone(),
            store: disk,
            account,
            sessions: FxHashMap::with_capacity_and_hasher(USUALLY_KNOWN, FxBuildHasher),
            room_keys: FxHashMap::with_capacity_and_hasher(USUALLY_KNOWN, FxBuildHasher),
            outbound: LiteMap::new(),
            may_read_more: true,
            connected: false,
            told: None,
            changed_since_poll: false,
            upload_again: BTreeSet::new(),
            requests: LiteMap::new(),
            // Neither requests nor transactions of two incarnations ever meet.
            next_request: RequestId::first(cx.incarnation, is_second),
            next_transaction: u64::from(cx.incarnation) << 32,
            next_message: 0,
            logouts: 0,
            wishes: vec![],
            sending: None,
            server_failures: Failures::default(),
            device_failures: Failures::default(),
            query_failures: Failures::default(),
            unwedged: LiteMap::new(),
            dummies: LiteMap::new(),
            retry_at: None,
        }
    }

    /// Writes rows in one transaction.
    fn write(&mut self, rows: impl IntoIterator<Item = Write<C>>, cx: &mut Cx<'_, Self>) {
        cx.persist(&mut self.store, rows);
    }

    fn answered(&mut self, id: RequestId, response: ClientResponse<C>, cx: &mut Cx<'_, Self>) {
        let Some(request) = self.requests.remove(&id) else {
            return;
        };
        match (request, response) {
            // It is for the app to say that the device is logged out.
            (_, ClientResponse::UnknownToken) if self.is_second => self.requests.clear(),
            (_, ClientResponse::UnknownToken) => self.logged_out(LogoutReason::UnknownToken, cx),
            (Request::Wish, ClientResponse::Login(token)) => self.logged_in(token, cx),
            (Request::Wish, ClientResponse::Logout) => self.logged_out(LogoutReason::Asked, cx),
            (Request::Wish, ClientResponse::Membership(done)) => {
                self.membership_answered(done, cx);
            }
            (Request::Upload, ClientResponse::KeysUpload(result)) => self.uploaded(result, cx),
            (Request::Reset(why), ClientResponse::KeysReset(left)) => {
                self.changed_since_poll = true;
                self.keys_reset(why, left, cx);
            }
            (Request::Query { after, .. }, ClientResponse::KeysQuery { devices, failures }) => {
                self.queried(after, devices, failures, cx);
            }
            (Request::Claim { devices, send }, ClientResponse::KeysClaim { keys, failures }) => {
                self.claimed(&devices, keys, &failures, cx);
                self.plan_retry(cx);
                self.claim_finished(send, cx);
            }
            (Request::Share { room, transaction }, ClientResponse::SendToDevice) => {
                self.share_sent(room, transaction, cx);
            }
            (Request::Dummy(transaction), ClientResponse::SendToDevice) => {
                self.dummies.remove(&transaction);
            }
            (Request::Event(number), ClientResponse::SendEvent) => self.event_sent(number, cx),
            (Request::Sync, ClientResponse::Sync(response)) => self.synced(&response, cx),
            // An answer to another question is no answer.
            (_, _) => {}
        }
    }

    /// Everything that was asked has failed, and is asked again once the
    /// homeserver can be reached.
    fn disconnected(&mut self, cx: &mut Cx<'_, Self>) {
        self.connected = false;
        for (_, request) in std::mem::take(&mut self.requests) {
            self.failed(request, cx);
        }
        self.sending = None;
    }

    fn reconnected(&mut self, cx: &mut Cx<'_, Self>) {
        self.connected = true;
        self.try_failed_again(cx);
    }

    /// A request got no answer.
    fn failed(&mut self, request: Request, cx: &mut Cx<'_, Self>) {
        match request {
            // What it was to do with its keys it does when it hears of them again.
            Request::Reset(_) => self.told = None,
            // A share that failed discards the session (BS §1.9).
            Request::Share { room, .. } => {
                self.discard_session(room, cx);
                self.sending = None;
            }
            // The send that waits for it fails too, and is tried again.
            Request::Claim { send: Some(_), .. } | Request::Event(_) => self.sending = None,
            Request::Claim { send: None, .. }
            | Request::Wish
            | Request::Upload
            | Request::Query { .. }
            | Request::Dummy(_)
            | Request::Sync => {}
        }
    }

    /// Asks again for whatever has not been answered.
    fn try_failed_again(&mut self, cx: &mut Cx<'_, Self>) {
        self.ask_wishes(cx);
        if self.store.access.is_none() {
            return;
        }
        let polls = self.requests.values().any(|it| matches!(it, Request::Sync));
        // Where the first upload was refused, it has synced all the same.
        let may_sync = self.account.state.device_keys_shared || self.store.token.is_some();
        if may_sync && !polls {
            self.sync_again(cx);
        }
        self.wake_for_fallback_key(cx);
        self.send_unsent_dummies(cx);
        self.do_outgoing(cx);
        self.advance(cx);
    }

    fn discard_session(&mut self, room: RoomId, cx: &mut Cx<'_, Self>) {
        self.outbound.remove(&room);
        if let Some(row) = self.store.outbound.get(&room) {
            cx.observe(Fact::GroupSessionDiscarded { session: row.name });
            self.write([Write::OutboundGone(room)], cx);
        }
    }
}
