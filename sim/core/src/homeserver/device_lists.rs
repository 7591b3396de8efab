//! Device lists: who publishes what, who is told, and `POST /keys/query`
//! (BS §2.7, §8.4). What comes in from other servers is in `device_updates`.

use litemap::LiteMap;

use super::federation::Asked;
use super::{Homeserver, Write, respond};
use crate::crypto::Crypto;
use crate::name::{DeviceId, ServerId, UserId};
use crate::node::Cx;
use crate::time::Span;
use crate::trace::Fact;
use crate::wire::{ClientResponse, DeviceKeys, FederationRequest, MessageKind, RequestId};

/// How long a homeserver waits for another's answer to a key query.
pub(super) const QUERY_TIMEOUT: Span = Span::secs(10);

/// Users with all their devices.
pub(super) type Lists<C> = Vec<(UserId, Vec<DeviceKeys<C>>)>;

/// Clients' key queries, until every server asked has answered.
#[derive(Debug)]
pub(super) struct Queries<C: Crypto> {
    gathering: LiteMap<(DeviceId, RequestId), Gathering<C>>,
}

#[derive(Debug)]
struct Gathering<C: Crypto> {
    waiting_for: usize,
    devices: Lists<C>,
    failures: Vec<ServerId>,
    /// How far the stream of changes was when other servers were asked.
    asked: u64,
}

impl<C: Crypto> Default for Queries<C> {
    fn default() -> Self {
        Self {
            gathering: LiteMap::new(),
        }
    }
}

impl<C: Crypto> Queries<C> {
    /// How many queries have not been answered.
    pub(super) fn open(&self) -> usize {
        self.gathering.len()
    }
}

impl<C: Crypto> Homeserver<C> {
    /// Stores a local device's identity and tells everybody who shares a room.
    pub(super) fn publish_device(&mut self, keys: DeviceKeys<C>, cx: &mut Cx<'_, Self>) {
        let device = keys.device;
        let devices = self.tables.devices.get(device.user());
        let stored = devices.and_then(|it| it.get(&device)?.keys.as_ref());
        if stored.is_some_and(|stored| stored.identity == keys.identity) {
            return;
        }
        cx.observe(Fact::DevicePublished {
            server: self.id,
            device,
        });
        let mut rows = vec![
            Write::Device(keys.clone()),
            Write::DeviceListChanged(device.user()),
        ];
        let peers = self.tables.rooms.servers_with(device.user());
        let published = (Some(&keys), self.shared_fallback_key(device));
        rows.extend(self.updates_for(peers, device, published, cx.now));
        self.write(rows, cx);
        self.notify_all(cx);
        for peer in peers {
            self.flush(peer, cx);
        }
    }

    /// Local devices of these users, for clients and other servers.
    pub(super) fn local_devices(&self, users: &[UserId]) -> Lists<C> {
        let devices = |user: &UserId| {
            let rows = self.tables.devices.get(*user).into_iter();
            let rows = rows.flat_map(|it| it.values());
            rows.filter_map(|row| row.keys.clone()).collect()
        };
        users.iter().map(|user| (*user, devices(user))).collect()
    }

    /// A client's query. Devices that are cached are answered from the cache,
    /// even if their server cannot be reached; only unknown users are asked for.
    pub(super) fn query(
        &mut self,
        device: DeviceId,
        id: RequestId,
        users: Vec<UserId>,
        cx: &mut Cx<'_, Self>,
    ) {
        let (local, remote): (Vec<UserId>, Vec<UserId>) =
            users.into_iter().partition(|user| user.server() == self.id);
        let mut devices = self.local_devices(&local);
        let mut unknown: LiteMap<ServerId, Vec<UserId>> = LiteMap::new();
        for user in remote {
            match self.tables.device_lists.remote.get(&user) {
                Some(list) if !list.stale => {
                    devices.push((user, list.devices.values().cloned().collect()));
                }
                _ => unknown.entry(user.server()).or_default().push(user),
            }
        }
        let gathering = Gathering {
            waiting_for: unknown.len(),
            devices,
            failures: vec![],
            asked: self.tables.device_lists.position,
        };
        self.queries.gathering.insert((device, id), gathering);
        for (server, users) in unknown {
            let request = FederationRequest::Query { users };
            self.ask(
                server,
                request,
                Asked::Query { device, id },
                QUERY_TIMEOUT,
                cx,
            );
        }
        self.answer_query_if_complete(device, id, cx);
    }

    /// Whether updates of another server's user concern this server.
    pub(super) fn shares_room_with(&self, user: UserId) -> bool {
        let mut rooms = self.tables.rooms.of(user);
        rooms.any(|room| room.is_on(self.id))
    }

    fn list_changed_since(&self, position: u64, user: UserId) -> bool {
        let changes = self.tables.device_lists.changes.iter().rev();
        let mut since = changes.take_while(|(at, _)| *at > position);
        since.any(|(_, who)| *who == user)
    }

    /// Another server's part of a client's query; nothing if it failed.
    pub(super) fn query_answered(
        &mut self,
        (device, id): (DeviceId, RequestId),
        part: Result<(u64, Lists<C>), ServerId>,
        cx: &mut Cx<'_, Self>,
    ) {
        let Some(gathering) = self.queries.gathering.get_mut(&(device, id)) else {
            return;
        };
        gathering.waiting_for -= 1;
        match part {
            Ok((stream_id, lists)) => {
                gathering.devices.extend(lists.iter().cloned());
                let asked = gathering.asked;
                // Only lists that updates will keep up to date are cached, and
                // none that an update has overtaken: its own was left out,
                // because there was no list yet. What is outdated already
                // waits for an answer of its own.
                let fresh = lists.into_iter().filter(|(user, _)| {
                    self.shares_room_with(*user)
                        && !self.list_changed_since(asked, *user)
                        && !self.is_stale(*user)
                });
                let rows = fresh.map(|(user, devices)| Write::RemoteUser(user, devices, stream_id));
                let rows: Vec<Write<C>> = rows.collect();
                self.write(rows, cx);
            }
            Err(server) => gathering.failures.push(server),
        }
        self.answer_query_if_complete(device, id, cx);
    }

    fn answer_query_if_complete(&mut self, device: DeviceId, id: RequestId, cx: &mut Cx<'_, Self>) {
        let complete = self
            .queries
            .gathering
            .get(&(device, id))
            .is_some_and(|it| it.waiting_for == 0);
        if complete && let Some(done) = self.queries.gathering.remove(&(device, id)) {
            let (devices, failures) = (done.devices, done.failures);
            let response = ClientResponse::KeysQuery { devices, failures };
            respond(device, id, MessageKind::KeysQuery, response, cx);
        }
    }
}
