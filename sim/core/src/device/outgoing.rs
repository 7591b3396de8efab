//! Requests to the homeserver, and what is asked after each sync.

use super::reset::Reset;
use super::{Device, Timer};
use crate::crypto::Crypto;
use crate::name::{DeviceId, NodeId, RoomId, ServerId, UserId};
use crate::node::Cx;
use crate::protocol::KeyQueries;
use crate::time::Span;
use crate::wire::{ClientRequest, DeviceKeys, Message};

use super::Write;

/// How often a client syncs while nothing happens.
pub(super) const IDLE_SYNC: Span = Span::secs(30);

/// Users of one `/keys/query`, at the most.
const USERS_PER_QUERY: usize = 250;

/// What a request that has not been answered was for.
#[derive(Clone, Debug)]
pub(super) enum Request {
    /// What a person wishes first.
    Wish,
    Upload,
    /// One-time keys are to be deleted.
    Reset(Reset),
    /// A key query, and how many notices of changes had come before it.
    Query {
        after: u64,
    },
    /// A claim for these devices, and the send that waits for it.
    Claim {
        devices: Vec<DeviceId>,
        send: Option<u64>,
    },
    Share {
        room: RoomId,
        transaction: u64,
    },
    Dummy(u64),
    Event(u64),
    Sync,
}

impl Request {
    /// For a key query, how many notices of changes had come before it.
    fn asks_for_devices(&self) -> Option<u64> {
        if let Request::Query { after } = self {
            Some(*after)
        } else {
            None
        }
    }
}

impl<C: Crypto> Device<C> {
    /// Asks the homeserver, if it can be reached and, but for logging in, has
    /// let the device in.
    pub(super) fn ask(
        &mut self,
        purpose: Request,
        request: ClientRequest<C>,
        cx: &mut Cx<'_, Self>,
    ) {
        let token = self.store.access;
        let allowed = token.is_some() || matches!(request, ClientRequest::Login);
        if !self.connected || !allowed {
            return;
        }
        let id = self.next_request;
        self.next_request.0 += 1;
        self.requests.insert(id, purpose);
        let server = NodeId::Server(self.id.server());
        cx.send(server, Message::ClientRequest(id, token, request));
    }

    /// A transaction ID that no other request of this device has.
    pub(super) fn new_transaction(&mut self) -> u64 {
        let transaction = self.next_transaction;
        self.next_transaction += 1;
        transaction
    }

    /// Everything that a client asks of its own accord: uploads, key queries
    /// and claims for unwedging.
    pub(super) fn do_outgoing(&mut self, cx: &mut Cx<'_, Self>) {
        if self.store.access.is_none() {
            return;
        }
        self.delete_expired_keys(cx);
        self.upload_if_needed(cx);
        self.query_if_needed(cx);
        self.claim_for_unwedging(cx);
        self.plan_retry(cx);
    }

    /// A client tries what failed again after each sync, and an idle client
    /// syncs every 30 s. Of those, only the first is planned at which
    /// something may be tried again.
    pub(super) fn plan_retry(&mut self, cx: &mut Cx<'_, Self>) {
        let lists = self.store.outdated.keys();
        let lists = lists.filter_map(|user| self.query_failures.until(&user.server()));
        let wedged = self.to_unwedge.iter().filter_map(|device| {
            let server = self.server_failures.until(&device.server());
            server.max(self.device_failures.until(device))
        });
        let Some(earliest) = lists.chain(wedged).min() else {
            return;
        };
        let rounds = earliest.since(cx.now).ticks() / IDLE_SYNC.ticks() + 1;
        let at = cx.now + IDLE_SYNC.times(rounds);
        if self.connected
            && self
                .retry_at
                .is_none_or(|planned| at < planned || planned <= cx.now)
        {
            self.retry_at = Some(at);
            cx.wake(at.since(cx.now), Timer::Retry);
        }
    }

    /// Gives up the poll that is being held, if any, and syncs anew.
    pub(super) fn sync_again(&mut self, cx: &mut Cx<'_, Self>) {
        self.requests
            .retain(|_, request| !matches!(request, Request::Sync));
        self.changed_since_poll = false;
        self.ask(
            Request::Sync,
            ClientRequest::Sync {
                since: self.store.token,
                known: self.told,
                api: cx.sync,
            },
            cx,
        );
    }

    /// Asks for outdated device lists (BS §1.14), but not of servers that
    /// failed a short while ago. Whether a query is on its way afterwards.
    pub(super) fn query_if_needed(&mut self, cx: &mut Cx<'_, Self>) -> bool {
        let asked = self.requests.values().filter_map(Request::asks_for_devices);
        let asked = asked.max();
        let is_new = |notice: &u64| asked.is_none_or(|asked| *notice > asked);
        if asked.is_some() {
            let waits = !self.store.outdated.values().any(is_new)
                || match cx.protocol.key_queries() {
                    KeyQueries::OneAtATime => true,
                    KeyQueries::Overlapping => false,
                };
            if waits {
                return true;
            }
        }
        let outdated = self.store.outdated.iter();
        let outdated = outdated.filter(|(_, notice)| is_new(notice));
        let users: Vec<UserId> = outdated
            .map(|(user, _)| *user)
            .filter(|user| !self.query_failures.cooling_down(&user.server(), cx.now))
            .take(USERS_PER_QUERY)
            .collect();
        if users.is_empty() || !self.connected {
            return asked.is_some();
        }
        let after = self.store.notices;
        self.ask(
            Request::Query { after },
            ClientRequest::KeysQuery { users },
            cx,
        );
        true
    }

    /// Those of the servers that are not the device's own, which is never
    /// left alone (BS §1.5).
    pub(super) fn others(&self, servers: &[ServerId]) -> Vec<ServerId> {
        let own = self.id.server();
        let others = servers.iter().copied();
        others.filter(|server| *server != own).collect()
    }

    /// The server answered a query. A device whose identity changed under the
    /// same ID is not believed: it stays what it was (BS §1.1), and a list that
    /// changed since the query was asked is asked for again (BS §1.14).
    pub(super) fn queried(
        &mut self,
        after: u64,
        lists: Vec<(UserId, Vec<DeviceKeys<C>>)>,
        failures: Vec<ServerId>,
        cx: &mut Cx<'_, Self>,
    ) {
        let mut rows = vec![];
        for (user, mut devices) in lists {
            if let Some(known) = self.store.devices.get(user) {
                for keys in &mut devices {
                    if let Some(known) = known.get(&keys.device) {
                        *keys = known.clone();
                    }
                }
            }
            self.query_failures.succeeded(&user.server());
            rows.push(Write::Devices(user, devices, after));
        }
        for server in self.others(&failures) {
            self.query_failures.failed(server, cx.now);
        }
        self.write(rows, cx);
        self.query_if_needed(cx);
        self.plan_retry(cx);
        self.advance(cx);
    }
}
