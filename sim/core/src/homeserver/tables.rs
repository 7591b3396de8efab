//! What a homeserver's database holds: typed tables, each of which a backup
//! or a restore can name. What is not here is lost at a restart (BS §2.8).

use std::sync::Arc;

use litemap::LiteMap;

use crate::crypto::Crypto;
use crate::name::{ByPlace, DeviceId, KeyId, RoomId, Row, ServerId, ServerSet, Table, UserId};
use crate::node::Durable;
use crate::time::{Span, Time};
use crate::wire::{
    AccessToken, DeviceKeys, DeviceListUpdate, Edu, FederatedId, RoomEvent, SignedKey, ToDevice,
};

use super::deduplication::Deduplication;
use super::rooms::Rooms;

/// A homeserver's database.
#[derive(Clone, Debug)]
pub struct Tables<C: Crypto> {
    /// When the database was last put back to a copy: what it counts since then
    /// is not what it counted before.
    pub(super) epoch: Time,
    pub(super) one_time_keys: ByPlace<DeviceId, LiteMap<KeyId, OneTimeKeyRow<C>>>,
    pub(super) fallback_keys: ByPlace<DeviceId, FallbackKeyRow<C>>,
    pub(super) issued_keys: ByPlace<DeviceId, LiteMap<KeyId, C::PublicKey>>,
    /// The highest number of a one-time key that each device has uploaded,
    /// where the server tells it; part of what it remembers of issued keys.
    pub(super) highest_numbers: ByPlace<DeviceId, KeyId>,
    pub(super) devices: ByPlace<UserId, LiteMap<DeviceId, DeviceRow<C>>>,
    pub(super) device_lists: DeviceLists<C>,
    pub(super) inbox: Inbox<C>,
    pub(super) outbox: Outbox<C>,
    pub(super) rooms: Rooms<C>,
    pub(super) deduplication: Deduplication,
    pub(super) retry: LiteMap<ServerId, Retry>,
}

/// A local device that is logged in.
#[derive(Clone, Debug)]
pub(super) struct DeviceRow<C: Crypto> {
    pub(super) tokens: LiteMap<AccessToken, ()>,
    pub(super) keys: Option<DeviceKeys<C>>,
}

/// Other servers' devices as last heard of, and the stream of changes that
/// local clients are told of.
#[derive(Clone, Debug)]
pub(super) struct DeviceLists<C: Crypto> {
    pub(super) remote: LiteMap<UserId, RemoteList<C>>,
    pub(super) position: u64,
    pub(super) changes: Vec<(u64, UserId)>,
    /// The last change of a local user's devices that another server has taken.
    pub(super) taken: LiteMap<(ServerId, UserId), u64>,
    /// The fallback keys of other servers' devices that came with updates.
    pub(super) fallback_keys: LiteMap<DeviceId, SignedKey<C>>,
}

/// The devices of another server's user.
#[derive(Clone, Debug)]
pub(super) struct RemoteList<C: Crypto> {
    pub(super) devices: LiteMap<DeviceId, DeviceKeys<C>>,
    /// Where the user's server was in its stream when it told of them last.
    pub(super) extremity: u64,
    /// Whether an update has been missed: the list has to be asked for again.
    pub(super) stale: bool,
}

impl<C: Crypto> Default for RemoteList<C> {
    fn default() -> Self {
        Self {
            devices: LiteMap::new(),
            extremity: 0,
            stale: false,
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Inbox<C: Crypto> {
    /// The newest number given; one sequence for all devices of the server.
    pub(super) position: u64,
    pub(super) messages: ByPlace<DeviceId, LiteMap<u64, ToDevice<C>>>,
}

#[derive(Clone, Debug)]
pub(super) struct Outbox<C: Crypto> {
    pub(super) position: u64,
    pub(super) edus: LiteMap<ServerId, LiteMap<u64, Edu<C>>>,
}

/// How long a server is left alone after a failure.
#[derive(Clone, Copy, Debug)]
pub(super) struct Retry {
    pub(super) until: Time,
    pub(super) interval: Span,
}

/// The write of one row.
#[derive(Clone, Debug)]
pub enum Write<C: Crypto> {
    /// Stores a one-time key.
    OneTimeKey(OneTimeKeyRow<C>),
    /// Deletes a one-time key.
    OneTimeKeyGone(DeviceId, KeyId),
    /// Deletes all one-time keys of a device.
    OneTimeKeysGone(DeviceId),
    /// Remembers that a one-time key was handed out.
    Issued(DeviceId, KeyId, C::PublicKey),
    /// Remembers the highest number of a one-time key that was uploaded.
    HighestNumber(DeviceId, KeyId),
    /// Stores a device's fallback key, or that it was used.
    FallbackKey(FallbackKeyRow<C>),
    /// Stores that a device has logged in.
    Login(DeviceId, AccessToken),
    /// Stores a local device's identity.
    Device(DeviceKeys<C>),
    /// Deletes a local device and everything that is stored for it.
    DeviceGone(DeviceId),
    /// Stores or deletes a device of another server.
    RemoteDevice(DeviceListUpdate<C>),
    /// Stores all devices of another server's user, and where that server was
    /// in its stream.
    RemoteUser(UserId, Vec<DeviceKeys<C>>, u64),
    /// Notes that what is stored of another server's user is outdated.
    RemoteUserStale(UserId),
    /// Forgets the devices of another server's user.
    RemoteUserGone(UserId),
    /// Keeps the fallback key of another server's device.
    RemoteFallbackKey(SignedKey<C>),
    /// Forgets the fallback key of another server's device.
    RemoteFallbackKeyGone(DeviceId),
    /// Notes that a user's devices changed.
    DeviceListChanged(UserId),
    /// Notes up to which change another server has been told of a local
    /// user's devices; nothing, if it has to ask for them all.
    UpdatesTaken(ServerId, UserId, Option<u64>),
    /// Puts a message into a local device's inbox.
    ToDevice(ToDevice<C>),
    /// Deletes a message that was fetched.
    ToDeviceGone(DeviceId, u64),
    /// Queues an EDU for another server.
    Queued(ServerId, Edu<C>),
    /// Deletes an EDU that was delivered.
    QueuedGone(ServerId, u64),
    /// Creates a room with these members, or puts one back among those that
    /// this server is in.
    Room(RoomId, Vec<UserId>),
    /// Appends an event, which these other servers have to be sent.
    Event(Arc<RoomEvent<C>>, ServerSet),
    /// Notes that another server has these events.
    EventsSent(ServerId, Vec<u64>),
    /// Notes a transaction from another server.
    Transaction(ServerId, u64, Time),
    /// Notes a to-device message from another server.
    RemoteMessage(ServerId, FederatedId, Time),
    /// Notes how long another server is left alone; nothing clears it.
    Retry(ServerId, Option<(Time, Span)>),
}

/// A one-time key and its place in the order of issue.
#[derive(Clone, Debug)]
pub struct OneTimeKeyRow<C: Crypto> {
    /// The key.
    pub key: SignedKey<C>,
    /// `ts_added_ms`: keys of an earlier upload are issued first (MSC4225).
    pub uploaded: Time,
    /// Breaks ties inside one upload, where the specification gives no order.
    pub tie: u32,
    /// In how many further rows the same key is.
    pub more: u32,
}

/// A device's fallback key.
#[derive(Clone, Debug)]
pub struct FallbackKeyRow<C: Crypto> {
    /// The key.
    pub key: SignedKey<C>,
    /// Whether it has been handed out.
    pub used: bool,
    /// Whether other servers are given it before they claim it (MSC4081).
    pub shared: bool,
}

impl<C: Crypto> Default for Tables<C> {
    fn default() -> Self {
        Self {
            epoch: Time::ZERO,
            one_time_keys: ByPlace::default(),
            fallback_keys: ByPlace::default(),
            issued_keys: ByPlace::default(),
            highest_numbers: ByPlace::default(),
            devices: ByPlace::default(),
            device_lists: DeviceLists {
                remote: LiteMap::new(),
                position: 0,
                changes: vec![],
                taken: LiteMap::new(),
                fallback_keys: LiteMap::new(),
            },
            inbox: Inbox {
                position: 0,
                messages: ByPlace::default(),
            },
            outbox: Outbox {
                position: 0,
                edus: LiteMap::new(),
            },
            rooms: Rooms::default(),
            deduplication: Deduplication::default(),
            retry: LiteMap::new(),
        }
    }
}

impl<C: Crypto> Tables<C> {
    /// Puts one table back to what `backup` holds.
    pub fn restore(&mut self, table: Table, backup: &Self) {
        match table {
            Table::OneTimeKeys => self.one_time_keys.clone_from(&backup.one_time_keys),
            Table::FallbackKeys => self.fallback_keys.clone_from(&backup.fallback_keys),
            Table::Devices => self.devices.clone_from(&backup.devices),
            Table::DeviceLists => self.device_lists.clone_from(&backup.device_lists),
            Table::Inbox => self.inbox.clone_from(&backup.inbox),
            Table::Outbox => self.outbox.clone_from(&backup.outbox),
            Table::Rooms => self.rooms.clone_from(&backup.rooms),
            Table::Deduplication => self.deduplication.clone_from(&backup.deduplication),
            Table::RetryTimings => self.retry.clone_from(&backup.retry),
            Table::IssuedKeys => {
                self.issued_keys.clone_from(&backup.issued_keys);
                self.highest_numbers.clone_from(&backup.highest_numbers);
            }
        }
    }

    /// Notes that the database was put back to a copy.
    pub fn begin_epoch(&mut self, now: Time) {
        self.epoch = now;
    }

    /// Empties one table.
    pub fn empty(&mut self, table: Table) {
        self.restore(table, &Self::default());
    }
}

impl<C: Crypto> Durable for Tables<C> {
    type Write = Write<C>;

    fn apply(&mut self, write: Write<C>) {
        match write {
            Write::OneTimeKey(row) => {
                let name = row.key.name;
                let keys = self.one_time_keys.of(name.owner);
                match keys.get_mut(&name.id) {
                    Some(stored) if stored.key.key == row.key.key => stored.more += 1,
                    _ => drop(keys.insert(name.id, row)),
                }
            }
            Write::OneTimeKeyGone(device, id) => {
                let keys = self.one_time_keys.of(device);
                match keys.get_mut(&id) {
                    Some(row) if row.more > 0 => row.more -= 1,
                    _ => drop(keys.remove(&id)),
                }
            }
            Write::OneTimeKeysGone(device) => {
                self.one_time_keys.remove(device);
            }
            Write::Issued(device, id, key) => {
                self.issued_keys.of(device).insert(id, key);
            }
            Write::HighestNumber(device, id) => {
                self.highest_numbers.insert(device, id);
            }
            Write::FallbackKey(row) => {
                self.fallback_keys.insert(row.key.name.owner, row);
            }
            Write::Login(device, token) => {
                let devices = self.devices.of(device.user());
                let row = devices.entry(device).or_insert_with(|| DeviceRow {
                    tokens: LiteMap::new(),
                    keys: None,
                });
                row.tokens.insert(token, ());
            }
            Write::Device(keys) => {
                let devices = self.devices.of(keys.device.user());
                if let Some(row) = devices.get_mut(&keys.device) {
                    row.keys = Some(keys);
                }
            }
            Write::DeviceGone(device) => {
                if let Some(devices) = self.devices.get_mut(device.user()) {
                    devices.remove(&device);
                }
                self.one_time_keys.remove(device);
                self.fallback_keys.remove(device);
                self.issued_keys.remove(device);
                self.highest_numbers.remove(device);
                self.inbox.messages.remove(device);
            }
            Write::RemoteDevice(update) => {
                let list = self.device_lists.remote.entry(update.device.user());
                let list = list.or_default();
                list.extremity = update.stream_id;
                match update.keys {
                    Some(keys) => drop(list.devices.insert(update.device, keys)),
                    None => {
                        list.devices.remove(&update.device);
                        // It may have come with the same transaction.
                        self.device_lists.fallback_keys.remove(&update.device);
                    }
                }
            }
            Write::RemoteUser(user, devices, extremity) => {
                let devices = devices.into_iter().map(|keys| (keys.device, keys));
                let list = RemoteList {
                    devices: devices.collect(),
                    extremity,
                    stale: false,
                };
                // The answer has no fallback keys: those that are known stay.
                let is_there =
                    |device: &DeviceId| device.user() != user || list.devices.contains_key(device);
                self.device_lists
                    .fallback_keys
                    .retain(|device, _| is_there(device));
                self.device_lists.remote.insert(user, list);
            }
            Write::RemoteUserStale(user) => {
                self.device_lists.remote.entry(user).or_default().stale = true;
            }
            Write::RemoteFallbackKey(key) => {
                self.device_lists.fallback_keys.insert(key.name.owner, key);
            }
            Write::RemoteFallbackKeyGone(device) => {
                self.device_lists.fallback_keys.remove(&device);
            }
            Write::RemoteUserGone(user) => {
                self.device_lists.remote.remove(&user);
                self.device_lists
                    .fallback_keys
                    .retain(|device, _| device.user() != user);
            }
            Write::DeviceListChanged(user) => {
                self.device_lists.position += 1;
                self.device_lists
                    .changes
                    .push((self.device_lists.position, user));
            }
            Write::UpdatesTaken(server, user, Some(stream_id)) => {
                self.device_lists.taken.insert((server, user), stream_id);
            }
            Write::UpdatesTaken(server, user, None) => {
                self.device_lists.taken.remove(&(server, user));
            }
            Write::ToDevice(message) => {
                self.inbox.position += 1;
                let inbox = self.inbox.messages.of(message.id.to);
                inbox.insert(self.inbox.position, message);
            }
            Write::ToDeviceGone(device, position) => {
                if let Some(inbox) = self.inbox.messages.get_mut(device) {
                    inbox.remove(&position);
                }
            }
            Write::Queued(server, edu) => {
                self.outbox.position += 1;
                let queue = self.outbox.edus.entry(server).or_default();
                queue.insert(self.outbox.position, edu);
            }
            Write::QueuedGone(server, position) => {
                if let Some(queue) = self.outbox.edus.get_mut(&server) {
                    queue.remove(&position);
                }
            }
            Write::Room(room, members) => self.rooms.create(room, members),
            Write::Event(event, to) => self.rooms.append(event, to),
            Write::EventsSent(server, places) => self.rooms.sent(server, &places),
            Write::Transaction(server, id, at) => {
                self.deduplication.transaction(server, id, at);
            }
            Write::RemoteMessage(server, id, at) => {
                self.deduplication.message(server, id, at);
            }
            Write::Retry(server, Some((until, interval))) => {
                self.retry.insert(server, Retry { until, interval });
            }
            Write::Retry(server, None) => {
                self.retry.remove(&server);
            }
        }
    }

    fn row(write: &Write<C>) -> Row {
        Row::Of(match write {
            Write::OneTimeKey(_) | Write::OneTimeKeyGone(..) | Write::OneTimeKeysGone(_) => {
                Table::OneTimeKeys
            }
            Write::Issued(..) | Write::HighestNumber(..) => Table::IssuedKeys,
            Write::FallbackKey(..) => Table::FallbackKeys,
            Write::Login(..) | Write::Device(_) | Write::DeviceGone(_) => Table::Devices,
            Write::RemoteDevice(_)
            | Write::RemoteUser(..)
            | Write::RemoteUserStale(_)
            | Write::RemoteUserGone(_)
            | Write::RemoteFallbackKey(_)
            | Write::RemoteFallbackKeyGone(_)
            | Write::DeviceListChanged(_)
            | Write::UpdatesTaken(..) => Table::DeviceLists,
            Write::ToDevice(_) | Write::ToDeviceGone(..) => Table::Inbox,
            Write::Queued(..) | Write::QueuedGone(..) => Table::Outbox,
            Write::Room(..) | Write::Event(..) | Write::EventsSent(..) => Table::Rooms,
            Write::Transaction(..) | Write::RemoteMessage(..) => Table::Deduplication,
            Write::Retry(..) => Table::RetryTimings,
        })
    }

    /// Everything but how long other servers are left alone.
    fn is_progress(write: &Write<C>) -> bool {
        Self::row(write) != Row::Of(Table::RetryTimings)
    }
}
