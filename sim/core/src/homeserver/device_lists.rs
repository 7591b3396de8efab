//! Device lists: who publishes what, who is told, and `POST /keys/query`
//! (BS §2.7, §8.4). Updates carry the keys and are applied as they come; the
//! finer rules of `stream_id` and `prev_id` are not modelled.

use litemap::LiteMap;

use super::federation::Asked;
use super::{Homeserver, Write, respond};
use crate::crypto::Crypto;
use crate::name::{DeviceId, ServerId, UserId};
use crate::node::Cx;
use crate::time::Span;
use crate::trace::Fact;
use crate::wire::{ClientResponse, DeviceKeys, Edu, FederationRequest, MessageKind, RequestId};

/// How long a homeserver waits for another's answer to a key query.
const QUERY_TIMEOUT: Span = Span::secs(10);

/// Users with all their devices.
type Lists<C> = Vec<(UserId, Vec<DeviceKeys<C>>)>;

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
        let devices = self.tables.devices.get(&device.user);
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
            Write::DeviceListChanged(device.user),
        ];
        let peers = self.tables.rooms.servers_with(device.user);
        let update = |peer| {
            let edu = Edu::DeviceListUpdate(device, Some(keys.clone()));
            Write::Queued(peer, edu)
        };
        rows.extend(peers.iter().copied().map(update));
        self.write(rows, cx);
        self.notify_all(cx);
        for peer in peers {
            self.flush(peer, cx);
        }
    }

    /// The rows that another server's device list update asks for. Of a user
    /// whose list is not cached an update tells only a part: the list is asked
    /// for when a client wants it. Users with whom no room is shared are
    /// ignored.
    pub(super) fn device_list_update(
        &self,
        device: DeviceId,
        keys: Option<DeviceKeys<C>>,
    ) -> Vec<Write<C>> {
        if !self.shares_room_with(device.user) {
            return vec![];
        }
        let mut rows = vec![Write::DeviceListChanged(device.user)];
        if self.tables.device_lists.remote.contains_key(&device.user) {
            rows.push(match keys {
                Some(keys) => Write::RemoteDevice(keys),
                None => Write::RemoteDeviceGone(device),
            });
        }
        rows
    }

    /// Local devices of these users, for clients and other servers.
    pub(super) fn local_devices(&self, users: &[UserId]) -> Lists<C> {
        let devices = |user| {
            let rows = self.tables.devices.get(user).into_iter();
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
            users.into_iter().partition(|user| user.server == self.id);
        let mut devices = self.local_devices(&local);
        let mut unknown: LiteMap<ServerId, Vec<UserId>> = LiteMap::new();
        for user in remote {
            match self.tables.device_lists.remote.get(&user) {
                Some(cached) => devices.push((user, cached.values().cloned().collect())),
                None => unknown.entry(user.server).or_default().push(user),
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
    fn shares_room_with(&self, user: UserId) -> bool {
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
        part: Result<Lists<C>, ServerId>,
        cx: &mut Cx<'_, Self>,
    ) {
        let Some(gathering) = self.queries.gathering.get_mut(&(device, id)) else {
            return;
        };
        gathering.waiting_for -= 1;
        match part {
            Ok(lists) => {
                gathering.devices.extend(lists.iter().cloned());
                let asked = gathering.asked;
                // Only lists that updates will keep up to date are cached, and
                // none that an update has overtaken: its own was left out,
                // because there was no list yet.
                let fresh = lists.into_iter().filter(|(user, _)| {
                    self.shares_room_with(*user) && !self.list_changed_since(asked, *user)
                });
                let rows = fresh.map(|(user, devices)| Write::RemoteUser(user, devices));
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
