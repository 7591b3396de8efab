//! Requests to other servers: transactions, time-outs and back-off, and what
//! comes in with a transaction (BS §2.5, §2.6, §8.4).

use super::invite::Inviting;
use super::{Homeserver, Timer, Write};
use crate::crypto::Crypto;
use crate::draws::Purpose;
use crate::name::{DeviceId, EventId, NodeId, RoomId, ServerId, ServerSet, UserId};
use crate::node::Cx;
use crate::time::{Span, Time};
use crate::trace::{Fact, RemoteFailure};
use crate::wire::{
    Edu, FederationRequest, FederationResponse, Message, MessageKind, RequestId, Transaction,
};

/// A transaction's room for PDUs.
const PDUS_PER_TRANSACTION: usize = 50;
/// A transaction's room for EDUs.
const EDUS_PER_TRANSACTION: usize = 100;
/// Places for EDUs kept free for what is not a to-device message.
const EDUS_RESERVED: usize = 10;
/// How long a server waits for the answer to a transaction.
const TRANSACTION_TIMEOUT: Span = Span::secs(60);
/// Back-off at the most.
const BACK_OFF_MAX: Span = Span::days(7);
/// How often the loop looks for servers with something outstanding.
const WAKE_UP_EVERY: Span = Span::secs(60);

/// A request to another server that has not been answered.
#[derive(Clone, Debug)]
pub(super) struct Outstanding<C: Crypto> {
    peer: ServerId,
    kind: MessageKind,
    asked: Asked<C>,
    /// The back-off that a failure before it had led to, if any.
    earlier: Option<Span>,
}

/// What a request to another server is for.
#[derive(Clone, Debug)]
pub(super) enum Asked<C: Crypto> {
    /// A transaction with these rows of the outbox, and the events at these
    /// places.
    Send { edus: Vec<u64>, events: Vec<u64> },
    /// A part of a client's claim.
    Claim {
        claimant: DeviceId,
        id: RequestId,
        devices: Vec<DeviceId>,
    },
    /// A part of a client's key query.
    Query { device: DeviceId, id: RequestId },
    /// All devices of a user, of whom an update was missed.
    Resync(UserId),
    /// What lies before this event.
    MissingEvents(EventId),
    /// To let a user into a room.
    Join(Joining),
    /// That a user may be invited.
    Invite(Inviting<C>),
    /// Nothing of interest.
    Version,
}

/// A client's request to join a room through another server.
#[derive(Clone, Debug)]
pub(super) struct Joining {
    pub(super) device: DeviceId,
    pub(super) id: RequestId,
    pub(super) room: RoomId,
    pub(super) event: EventId,
    /// Who can be asked if this server fails.
    pub(super) via: Vec<ServerId>,
}

impl<C: Crypto> Homeserver<C> {
    /// Asks another server, unless it is in back-off; then the request fails
    /// at once. Requests are not repeated by the transport (BS §2.2).
    pub(super) fn ask(
        &mut self,
        peer: ServerId,
        request: FederationRequest<C>,
        asked: Asked<C>,
        timeout: Span,
        cx: &mut Cx<'_, Self>,
    ) {
        let kind = request.kind();
        if self.backs_off(peer, cx.now) {
            let why = RemoteFailure::BackedOff;
            cx.observe(Fact::RemoteFailed {
                server: self.id,
                peer,
                kind,
                why,
            });
            self.failed(peer, asked, cx);
            return;
        }
        self.ask_regardless(peer, request, asked, timeout, cx);
    }

    fn ask_regardless(
        &mut self,
        peer: ServerId,
        request: FederationRequest<C>,
        asked: Asked<C>,
        timeout: Span,
        cx: &mut Cx<'_, Self>,
    ) {
        let id = RequestId(self.requests);
        self.requests += 1;
        let message = Message::FederationRequest(id, request);
        self.outstanding.insert(
            id,
            Outstanding {
                peer,
                kind: message.kind(),
                asked,
                earlier: self.tables.retry.get(&peer).map(|retry| retry.interval),
            },
        );
        cx.send(NodeId::Server(peer), message);
        cx.wake(timeout, Timer::GiveUp(id));
    }

    /// Another server answered.
    pub(super) fn answered(
        &mut self,
        id: RequestId,
        response: FederationResponse<C>,
        cx: &mut Cx<'_, Self>,
    ) {
        let Some(Outstanding { peer, asked, .. }) = self.outstanding.remove(&id) else {
            return;
        };
        if self.tables.retry.contains_key(&peer) {
            self.write([Write::Retry(peer, None)], cx);
        }
        if self.updates.waits() {
            self.plan_resyncs(cx);
        }
        match (asked, response) {
            (Asked::Send { edus, events }, FederationResponse::Send) => {
                let mut rows = self.updates_taken(peer, &edus);
                let gone = edus.into_iter();
                rows.extend(gone.map(|row| Write::QueuedGone(peer, row)));
                if !events.is_empty() {
                    rows.push(Write::EventsSent(peer, events));
                }
                self.write(rows, cx);
                self.sending.remove(peer);
            }
            (Asked::Claim { claimant, id, .. }, FederationResponse::Claim(keys)) => {
                self.claim_answered((claimant, id), (keys, None), cx);
            }
            (Asked::Query { device, id }, FederationResponse::Query(stream_id, lists)) => {
                self.query_answered((device, id), Ok((stream_id, lists)), cx);
            }
            (Asked::Resync(user), FederationResponse::Query(stream_id, lists)) => {
                self.resynced(user, Some((stream_id, lists)), cx);
            }
            (Asked::MissingEvents(latest), FederationResponse::MissingEvents(room, events)) => {
                self.missing_events_answered(latest, room, events, cx);
            }
            (Asked::Join(joining), FederationResponse::Join(joined)) => {
                self.join_answered(joining, joined, cx);
            }
            (Asked::Invite(inviting), FederationResponse::Invite) => {
                self.invite_answered(inviting, true, cx);
            }
            // An answer to another question is no answer.
            (asked, _) => self.failed(peer, asked, cx),
        }
        self.flush(peer, cx);
    }

    /// Another server did not answer in time: it is left alone for a while,
    /// whatever the request was (BS §2.5).
    pub(super) fn gave_up(&mut self, id: RequestId, cx: &mut Cx<'_, Self>) {
        let Some(outstanding) = self.outstanding.remove(&id) else {
            return;
        };
        let Outstanding {
            peer,
            kind,
            asked,
            earlier,
        } = outstanding;
        let why = RemoteFailure::TimedOut;
        cx.observe(Fact::RemoteFailed {
            server: self.id,
            peer,
            kind,
            why,
        });
        // Requests that were out together fail as one: each lengthens the
        // back-off that was in force when it was sent.
        let interval = match earlier {
            None => cx.settings.back_off,
            Some(interval) => self.longer(interval, peer, cx),
        };
        self.write(
            [Write::Retry(peer, Some((cx.now + interval, interval)))],
            cx,
        );
        self.failed(peer, asked, cx);
    }

    /// An authenticated request from a server ends its back-off at once.
    pub(super) fn heard_from(&mut self, peer: ServerId, cx: &mut Cx<'_, Self>) {
        if self.tables.retry.contains_key(&peer) {
            self.write([Write::Retry(peer, None)], cx);
            self.flush(peer, cx);
        }
    }

    /// Sends the next transaction to a server, if there is something to send,
    /// none is on its way, and the server is not in back-off.
    pub(super) fn flush(&mut self, peer: ServerId, cx: &mut Cx<'_, Self>) {
        if self.sending.contains(peer) {
            return;
        }
        if self.backs_off(peer, cx.now) {
            self.schedule_wake_up(cx);
            return;
        }
        self.prune_updates(peer, cx);
        let (edu_rows, mut edus) = self.next_edus(peer);
        self.chain_updates(peer, &mut edus);
        let unsent = self.tables.rooms.unsent.get(&peer).into_iter();
        let (places, pdus): (Vec<u64>, Vec<_>) = unsent
            .flatten()
            .take(PDUS_PER_TRANSACTION)
            .map(|(place, event)| (*place, event.clone()))
            .unzip();
        if edus.is_empty() && pdus.is_empty() {
            return;
        }
        let id = self.started.as_micros() / 1000 + self.transactions;
        self.transactions += 1;
        self.sending.insert(peer);
        let asked = Asked::Send {
            edus: edu_rows,
            events: places,
        };
        let request = FederationRequest::Send(Transaction { id, pdus, edus });
        self.ask_regardless(peer, request, asked, TRANSACTION_TIMEOUT, cx);
    }

    /// Takes a transaction; one that was taken before is only answered.
    pub(super) fn receive_transaction(
        &mut self,
        peer: ServerId,
        transaction: Transaction<C>,
        cx: &mut Cx<'_, Self>,
    ) {
        let known = &self.tables.deduplication;
        if known.knows_transaction(peer, transaction.id, cx.now) {
            return;
        }
        let mut rows = Vec::with_capacity(1 + 2 * transaction.edus.len());
        rows.push(Write::Transaction(peer, transaction.id, cx.now));
        let mut updates = vec![];
        for edu in transaction.edus {
            match edu {
                Edu::DirectToDevice(id, message) if Self::sent_by(peer, &message) => {
                    self.direct_to_device(peer, id, message, &mut rows, cx);
                }
                Edu::DeviceListUpdate(update) if update.device.server() == peer => {
                    updates.push(update);
                }
                // A server can speak only for its own users.
                Edu::DirectToDevice(..) | Edu::DeviceListUpdate(..) => {}
            }
        }
        let missed = self.take_updates(updates, &mut rows, cx);
        self.write(rows, cx);
        self.notify_all(cx);
        for user in missed {
            self.resync(user, cx);
        }
        for event in transaction.pdus {
            self.receive_event(peer, event, cx);
        }
    }

    /// Makes one request to each of these servers, whatever the back-off says.
    pub(super) fn greet(&mut self, peers: &[ServerId], cx: &mut Cx<'_, Self>) {
        for peer in peers.iter().copied() {
            if peer != self.id {
                let request = FederationRequest::Version;
                self.ask_regardless(peer, request, Asked::Version, TRANSACTION_TIMEOUT, cx);
            }
        }
    }

    /// The loop that finds servers with something outstanding. Rounds that
    /// would find nothing to do are skipped.
    pub(super) fn wake_up_loop(&mut self, cx: &mut Cx<'_, Self>) {
        self.wake_up_at = None;
        for peer in self.destinations() {
            self.flush(peer, cx);
        }
        self.schedule_wake_up(cx);
    }

    /// Plans the first round of the loop in which some server with something
    /// outstanding is no longer in back-off.
    pub(super) fn schedule_wake_up(&mut self, cx: &mut Cx<'_, Self>) {
        let waiting = self.destinations().into_iter().filter(|peer| {
            let edus = self.tables.outbox.edus.get(peer);
            let events = self.tables.rooms.unsent.get(peer);
            !self.sending.contains(*peer)
                && (edus.is_some_and(|it| !it.is_empty())
                    || events.is_some_and(|it| !it.is_empty()))
        });
        let free = |peer| {
            self.tables
                .retry
                .get(&peer)
                .map_or(cx.now, |retry| retry.until)
        };
        let Some(earliest) = waiting.map(free).min() else {
            return;
        };
        let earliest = earliest.max(cx.now).since(self.started).ticks();
        let rounds = earliest / WAKE_UP_EVERY.ticks() + 1;
        let at = self.started + WAKE_UP_EVERY.times(rounds);
        if self
            .wake_up_at
            .is_none_or(|planned| at < planned || planned <= cx.now)
        {
            self.wake_up_at = Some(at);
            cx.wake(at.since(cx.now), Timer::WakeUpLoop);
        }
    }

    /// The servers that something can be outstanding for: with the owner of
    /// a device no room need be shared, and what was said there need not be.
    fn destinations(&self) -> ServerSet {
        let mut destinations = self.tables.rooms.peers(self.id);
        let queues = self.tables.outbox.edus.iter();
        let queued = queues.filter(|(_, edus)| !edus.is_empty());
        destinations.extend(queued.map(|(server, _)| *server));
        destinations
    }

    /// Up to a transaction's worth of the outbox. To-device messages leave a
    /// few places to everything else.
    fn next_edus(&self, peer: ServerId) -> (Vec<u64>, Vec<Edu<C>>) {
        let Some(queue) = self.tables.outbox.edus.get(&peer) else {
            return (vec![], vec![]);
        };
        let is_message = |edu: &Edu<C>| match edu {
            Edu::DirectToDevice(..) => true,
            Edu::DeviceListUpdate(..) => false,
        };
        let messages = queue.iter().filter(|(_, edu)| is_message(edu));
        let others = queue.iter().filter(|(_, edu)| !is_message(edu));
        let first = messages.take(EDUS_PER_TRANSACTION - EDUS_RESERVED);
        let edus = first.chain(others).take(EDUS_PER_TRANSACTION);
        edus.map(|(row, edu)| (*row, edu.clone())).unzip()
    }

    fn failed(&mut self, peer: ServerId, asked: Asked<C>, cx: &mut Cx<'_, Self>) {
        match asked {
            Asked::Send { .. } => {
                self.sending.remove(peer);
                self.schedule_wake_up(cx);
            }
            Asked::Claim {
                claimant,
                id,
                devices,
            } => {
                let keys = self.issue_shared_keys(&devices, claimant, cx);
                // A server is a failure if a device is left without a key.
                let failure = (keys.len() < devices.len()).then_some(peer);
                self.claim_answered((claimant, id), (keys, failure), cx);
            }
            Asked::Query { device, id } => self.query_answered((device, id), Err(peer), cx),
            Asked::Resync(user) => self.resynced(user, None, cx),
            Asked::MissingEvents(latest) => self.missing_events_failed(latest),
            Asked::Join(joining) => self.join_answered(joining, None, cx),
            Asked::Invite(inviting) => self.invite_answered(inviting, false, cx),
            Asked::Version => {}
        }
    }

    pub(super) fn backs_off(&self, peer: ServerId, now: Time) -> bool {
        self.tables
            .retry
            .get(&peer)
            .is_some_and(|retry| now < retry.until)
    }

    /// Twice as long, times a random factor between 0.8 and 1.4.
    fn longer(&self, interval: Span, peer: ServerId, cx: &Cx<'_, Self>) -> Span {
        let subject = (self.id, peer, interval);
        let per_mille = 800 + cx.draws.below(Purpose::BackOff, subject, 601);
        Span::from_ticks(interval.ticks() * 2 * per_mille / 1000).min(BACK_OFF_MAX)
    }
}
