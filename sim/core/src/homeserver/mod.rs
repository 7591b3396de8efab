//! A homeserver, modelled on Synapse: keys, claims, to-device inboxes, rooms,
//! federation and `/sync` (BS §2). Knows clients and other servers only by
//! what they send.

mod claim;
mod deduplication;
mod device_lists;
mod device_updates;
mod federation;
mod inbox;
mod invite;
mod key_summary;
mod keys;
mod logins;
mod membership;
mod missing_events;
mod reset;
mod rooms;
mod shared_fallback_keys;
mod strangers;
mod sync;
mod tables;

use litemap::LiteMap;

use crate::crypto::Crypto;
use crate::name::{ByPlace, DeviceId, NodeId, ServerId, ServerSet};
use crate::node::{Cx, Input, Node};
use crate::time::Time;
use crate::wire::{
    AccessToken, ClientRequest, ClientResponse, FederationRequest, FederationResponse, Message,
    MessageKind, RequestId, ToDevice,
};

pub use strangers::Strangers;
pub use tables::{FallbackKeyRow, OneTimeKeyRow, Tables, Write};

/// A homeserver. Everything but `tables` is in memory only.
pub struct Homeserver<C: Crypto> {
    id: ServerId,
    tables: Tables<C>,
    /// When this incarnation started; transaction IDs count up from it.
    started: Time,
    transactions: u64,
    requests: u64,
    outstanding: LiteMap<RequestId, federation::Outstanding<C>>,
    sending: ServerSet,
    wake_up_at: Option<Time>,
    claims: claim::Claims<C>,
    /// Whom all strangers pass for, once the first of them has come.
    stranger: Option<C::Account>,
    queries: device_lists::Queries<C>,
    updates: device_updates::Updates,
    missing: missing_events::Missing<C>,
    /// `/sendToDevice` transactions seen, with the time, for idempotency.
    seen_transactions: LiteMap<(DeviceId, u64), Time>,
    /// `message_id`s given out since the start.
    federated: u64,
    polls: sync::Polls,
    answered_syncs: ByPlace<DeviceId, Vec<sync::Answered<C>>>,
}

/// What a homeserver asks to be woken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timer {
    /// The second statement of a claim.
    FinishClaim(claim::ClaimId),
    /// A request to another server has taken too long.
    GiveUp(RequestId),
    /// A held `/sync` reaches the end of its 30 s.
    PollEnds(DeviceId, RequestId),
    /// The loop that looks for servers with something outstanding.
    WakeUpLoop,
    /// The loop that looks for device lists that are outdated.
    ResyncLoop,
}

/// What an operator, or somebody with an interest, does to a homeserver.
#[derive(Clone, Debug)]
pub enum Command<C: Crypto> {
    /// Makes one authenticated request to each of these servers, whatever
    /// the back-off says.
    Greet(Vec<ServerId>),
    /// Lets strangers claim keys of a device.
    Claim(Strangers),
    /// Puts a message into an inbox, past every check.
    PutIntoInbox(Box<ToDevice<C>>),
    /// Asks in the name of a device to delete all its one-time keys.
    ResetKeys(DeviceId),
}

impl<C: Crypto> Node for Homeserver<C> {
    type Crypto = C;
    type Durable = Tables<C>;
    type Timer = Timer;
    type Command = Command<C>;

    fn boot(id: NodeId, disk: Tables<C>, cx: &mut Cx<'_, Self>) -> Self {
        let NodeId::Server(id) = id else {
            unreachable!("only servers run a homeserver")
        };
        let mut server = Self {
            id,
            tables: disk,
            started: cx.now,
            transactions: 0,
            // Requests of two incarnations never meet.
            requests: u64::from(cx.incarnation) << 32,
            outstanding: LiteMap::new(),
            sending: ServerSet::default(),
            wake_up_at: None,
            claims: claim::Claims::default(),
            stranger: None,
            queries: device_lists::Queries::default(),
            updates: device_updates::Updates::default(),
            missing: missing_events::Missing::default(),
            seen_transactions: LiteMap::new(),
            federated: 0,
            polls: sync::Polls::default(),
            answered_syncs: ByPlace::default(),
        };
        server.schedule_wake_up(cx);
        server.plan_resyncs(cx);
        server
    }

    fn handle(&mut self, input: Input<Self>, cx: &mut Cx<'_, Self>) {
        match input {
            Input::Message {
                from: NodeId::Device(device),
                body,
            } => {
                if let Message::ClientRequest(id, token, request) = *body {
                    self.client_request(device, id, token, request, cx);
                }
            }
            Input::Message {
                from: NodeId::Server(peer),
                body,
            } => match *body {
                Message::FederationRequest(id, request) => {
                    self.heard_from(peer, cx);
                    self.federation_request(peer, id, request, cx);
                }
                Message::FederationResponse(id, _, response) => self.answered(id, response, cx),
                Message::ClientRequest(..) | Message::ClientResponse(..) => {}
            },
            Input::Timer(Timer::FinishClaim(claim)) => self.finish_claim(claim, cx),
            Input::Timer(Timer::GiveUp(request)) => self.gave_up(request, cx),
            Input::Timer(Timer::PollEnds(device, request)) => {
                self.poll_ends(device, request, cx);
            }
            Input::Timer(Timer::WakeUpLoop) => self.wake_up_loop(cx),
            Input::Timer(Timer::ResyncLoop) => self.resync_loop(cx),
            Input::Command(Command::Greet(peers)) => self.greet(&peers, cx),
            Input::Command(Command::Claim(strangers)) => self.claim_for_strangers(strangers, cx),
            Input::Command(Command::PutIntoInbox(message)) => self.put_into_inbox(*message, cx),
            Input::Command(Command::ResetKeys(device)) => {
                self.reset_keys(device, None, cx);
            }
            Input::Connection(_) | Input::TimedOut(_) => {}
        }
    }

    fn pending(&self, gone: ServerSet) -> usize {
        let edus = self.tables.outbox.edus.iter();
        let edus = edus.map(|(server, queue)| (server, queue.len()));
        let events = self.tables.rooms.unsent.iter();
        let events = events.map(|(server, queue)| (server, queue.len()));
        let queued = edus
            .chain(events)
            .filter(|(server, _)| !gone.contains(**server));
        let queued: usize = queued.map(|(_, count)| count).sum();
        let outdated = self.stale_lists();
        let outdated = outdated.filter(|user| !gone.contains(user.server()));
        queued + outdated.count() + self.claims.open() + self.queries.open()
    }
}

impl<C: Crypto> Homeserver<C> {
    /// Writes rows in one transaction.
    fn write(&mut self, rows: impl IntoIterator<Item = Write<C>>, cx: &mut Cx<'_, Self>) {
        cx.persist(&mut self.tables, rows);
    }

    fn client_request(
        &mut self,
        device: DeviceId,
        id: RequestId,
        token: Option<AccessToken>,
        request: ClientRequest<C>,
        cx: &mut Cx<'_, Self>,
    ) {
        let kind = request.kind();
        if kind != MessageKind::Login && !self.is_logged_in(device, token) {
            respond(device, id, kind, ClientResponse::UnknownToken, cx);
            return;
        }
        match request {
            ClientRequest::Login => {
                let token = self.login(device, cx);
                respond(device, id, kind, ClientResponse::Login(token), cx);
            }
            ClientRequest::Logout => {
                self.logout(device, cx);
                respond(device, id, kind, ClientResponse::Logout, cx);
            }
            ClientRequest::KeysReset { keys } => {
                let left = self.reset_keys(device, keys, cx);
                respond(device, id, kind, ClientResponse::KeysReset(left), cx);
            }
            ClientRequest::Join { room, via } => self.join(device, id, room, via, cx),
            ClientRequest::Leave { room } => self.leave(device, id, room, cx),
            ClientRequest::Invite { room, user } => self.invite(device, id, room, user, cx),
            ClientRequest::KeysUpload {
                device_keys,
                one_time_keys,
                fallback_key,
                eager_share_fallback_keys,
            } => {
                let upload = keys::Upload {
                    device_keys,
                    one_time_keys,
                    fallback_key,
                    eager_share_fallback_keys,
                };
                let result = self.upload(device, upload, cx);
                respond(device, id, kind, ClientResponse::KeysUpload(result), cx);
            }
            ClientRequest::KeysQuery { users } => self.query(device, id, users, cx),
            ClientRequest::KeysClaim { devices, timeout } => {
                self.claim(device, id, devices, timeout, cx);
            }
            ClientRequest::SendToDevice {
                transaction,
                messages,
            } => {
                self.send_to_device(device, transaction, messages, cx);
                respond(device, id, kind, ClientResponse::SendToDevice, cx);
            }
            ClientRequest::SendEvent(event) => {
                self.send_event(event, cx);
                respond(device, id, kind, ClientResponse::SendEvent, cx);
            }
            ClientRequest::Sync { since, known, api } => {
                self.sync(device, id, (since, known, api), cx);
            }
        }
    }

    fn federation_request(
        &mut self,
        peer: ServerId,
        id: RequestId,
        request: FederationRequest<C>,
        cx: &mut Cx<'_, Self>,
    ) {
        let kind = request.kind();
        let response = match request {
            FederationRequest::Send(transaction) => {
                self.receive_transaction(peer, transaction, cx);
                FederationResponse::Send
            }
            FederationRequest::Claim { devices, claimant } => {
                self.federated_claim(peer, id, devices, claimant, cx);
                return;
            }
            FederationRequest::Query { users } => {
                let stream_id = self.tables.device_lists.position;
                FederationResponse::Query(stream_id, self.local_devices(&users))
            }
            FederationRequest::MissingEvents {
                room,
                earliest,
                latest,
            } => FederationResponse::MissingEvents(
                room,
                self.events_between(room, &earliest, latest),
            ),
            FederationRequest::Join { room, event } => self.federated_join(peer, room, event, cx),
            FederationRequest::Invite(_) => FederationResponse::Invite,
            FederationRequest::Version => FederationResponse::Version,
        };
        respond_to_server(peer, id, kind, response, cx);
    }
}

fn respond<C: Crypto>(
    device: DeviceId,
    id: RequestId,
    kind: MessageKind,
    response: ClientResponse<C>,
    cx: &mut Cx<'_, Homeserver<C>>,
) {
    let message = Message::ClientResponse(id, kind, response);
    cx.send(NodeId::Device(device), message);
}

fn respond_to_server<C: Crypto>(
    peer: ServerId,
    id: RequestId,
    kind: MessageKind,
    response: FederationResponse<C>,
    cx: &mut Cx<'_, Homeserver<C>>,
) {
    let message = Message::FederationResponse(id, kind, response);
    cx.send(NodeId::Server(peer), message);
}
