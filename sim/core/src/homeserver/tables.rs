//! What a homeserver's database holds: typed tables, each of which a backup
//! or a restore can name. What is not here is lost at a restart (BS §2.8).

use std::collections::{BTreeMap, BTreeSet};

use crate::crypto::Crypto;
use crate::name::{DeviceId, EventId, KeyId, MessageId, RoomId, ServerId, Table, UserId};
use crate::node::Durable;
use crate::time::{Span, Time};
use crate::wire::{DeviceKeys, Edu, RoomEvent, SignedKey, ToDevice};

/// A homeserver's database.
#[derive(Clone, Debug)]
pub struct Tables<C: Crypto> {
    pub(super) one_time_keys: BTreeMap<DeviceId, BTreeMap<KeyId, OneTimeKeyRow<C>>>,
    pub(super) fallback_keys: BTreeMap<DeviceId, FallbackKey<C>>,
    pub(super) devices: BTreeMap<UserId, BTreeMap<DeviceId, DeviceKeys<C>>>,
    pub(super) device_lists: DeviceLists<C>,
    pub(super) inbox: Inbox<C>,
    pub(super) outbox: Outbox<C>,
    pub(super) rooms: Rooms<C>,
    pub(super) deduplication: Deduplication,
    pub(super) retry: BTreeMap<ServerId, Retry>,
}

#[derive(Clone, Debug)]
pub(super) struct FallbackKey<C: Crypto> {
    pub(super) key: SignedKey<C>,
    pub(super) used: bool,
}

/// Other servers' devices as last heard of, and the stream of changes that
/// local clients are told of.
#[derive(Clone, Debug)]
pub(super) struct DeviceLists<C: Crypto> {
    pub(super) remote: BTreeMap<UserId, BTreeMap<DeviceId, DeviceKeys<C>>>,
    pub(super) position: u64,
    pub(super) changes: Vec<(u64, UserId)>,
}

#[derive(Clone, Debug)]
pub(super) struct Inbox<C: Crypto> {
    /// The newest number given; one sequence for all devices of the server.
    pub(super) position: u64,
    pub(super) messages: BTreeMap<DeviceId, BTreeMap<u64, ToDevice<C>>>,
}

#[derive(Clone, Debug)]
pub(super) struct Outbox<C: Crypto> {
    pub(super) position: u64,
    pub(super) edus: BTreeMap<ServerId, BTreeMap<u64, Edu<C>>>,
}

#[derive(Clone, Debug)]
pub(super) struct Rooms<C: Crypto> {
    /// The newest place given; one sequence for all rooms of the server.
    pub(super) position: u64,
    pub(super) rooms: BTreeMap<RoomId, Room<C>>,
    /// Up to where each other server has been sent this server's own events.
    pub(super) sent: BTreeMap<ServerId, u64>,
}

#[derive(Clone, Debug)]
pub(super) struct Room<C: Crypto> {
    pub(super) created: u64,
    pub(super) members: Vec<UserId>,
    /// Every event with its place, in ascending order of place.
    pub(super) timeline: Vec<(u64, RoomEvent<C>)>,
    pub(super) known: BTreeSet<EventId>,
    pub(super) extremities: BTreeSet<EventId>,
}

/// What has been accepted from other servers (BS §2.6).
#[derive(Clone, Debug, Default)]
pub(super) struct Deduplication {
    pub(super) transactions: BTreeSet<(ServerId, u64)>,
    pub(super) messages: BTreeSet<MessageId>,
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
    /// Stores a device's fallback key, or that it was used.
    FallbackKey(SignedKey<C>, bool),
    /// Stores a local device's identity.
    Device(DeviceKeys<C>),
    /// Stores another server's device.
    RemoteDevice(DeviceKeys<C>),
    /// Notes that a user's devices changed.
    DeviceListChanged(UserId),
    /// Puts a message into a local device's inbox.
    ToDevice(ToDevice<C>),
    /// Deletes a message that was fetched.
    ToDeviceGone(DeviceId, u64),
    /// Queues an EDU for another server.
    Queued(ServerId, Edu<C>),
    /// Deletes an EDU that was delivered.
    QueuedGone(ServerId, u64),
    /// Creates a room with these members.
    Room(RoomId, Vec<UserId>),
    /// Appends an event.
    Event(RoomEvent<C>),
    /// Notes up to where another server has this server's own events.
    EventsSent(ServerId, u64),
    /// Notes a transaction from another server.
    Transaction(ServerId, u64),
    /// Notes a to-device message from another server.
    RemoteMessage(MessageId),
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
}

impl<C: Crypto> Default for Tables<C> {
    fn default() -> Self {
        Self {
            one_time_keys: BTreeMap::new(),
            fallback_keys: BTreeMap::new(),
            devices: BTreeMap::new(),
            device_lists: DeviceLists {
                remote: BTreeMap::new(),
                position: 0,
                changes: vec![],
            },
            inbox: Inbox {
                position: 0,
                messages: BTreeMap::new(),
            },
            outbox: Outbox {
                position: 0,
                edus: BTreeMap::new(),
            },
            rooms: Rooms {
                position: 0,
                rooms: BTreeMap::new(),
                sent: BTreeMap::new(),
            },
            deduplication: Deduplication::default(),
            retry: BTreeMap::new(),
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
        }
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
                self.one_time_keys
                    .entry(name.owner)
                    .or_default()
                    .insert(name.id, row);
            }
            Write::OneTimeKeyGone(device, id) => {
                self.one_time_keys.entry(device).or_default().remove(&id);
            }
            Write::FallbackKey(key, used) => {
                self.fallback_keys
                    .insert(key.name.owner, FallbackKey { key, used });
            }
            Write::Device(keys) => {
                self.devices
                    .entry(keys.device.user)
                    .or_default()
                    .insert(keys.device, keys);
            }
            Write::RemoteDevice(keys) => {
                let devices = self
                    .device_lists
                    .remote
                    .entry(keys.device.user)
                    .or_default();
                devices.insert(keys.device, keys);
            }
            Write::DeviceListChanged(user) => {
                self.device_lists.position += 1;
                self.device_lists
                    .changes
                    .push((self.device_lists.position, user));
            }
            Write::ToDevice(message) => {
                self.inbox.position += 1;
                let inbox = self.inbox.messages.entry(message.id.to).or_default();
                inbox.insert(self.inbox.position, message);
            }
            Write::ToDeviceGone(device, position) => {
                self.inbox
                    .messages
                    .entry(device)
                    .or_default()
                    .remove(&position);
            }
            Write::Queued(server, edu) => {
                self.outbox.position += 1;
                self.outbox
                    .edus
                    .entry(server)
                    .or_default()
                    .insert(self.outbox.position, edu);
            }
            Write::QueuedGone(server, position) => {
                self.outbox
                    .edus
                    .entry(server)
                    .or_default()
                    .remove(&position);
            }
            Write::Room(room, members) => {
                self.rooms.position += 1;
                let room_row = Room {
                    created: self.rooms.position,
                    members,
                    timeline: vec![],
                    known: BTreeSet::new(),
                    extremities: BTreeSet::new(),
                };
                self.rooms.rooms.insert(room, room_row);
            }
            Write::Event(event) => {
                self.rooms.position += 1;
                if let Some(room) = self.rooms.rooms.get_mut(&event.room) {
                    for previous in &event.previous {
                        room.extremities.remove(previous);
                    }
                    room.extremities.insert(event.id);
                    room.known.insert(event.id);
                    room.timeline.push((self.rooms.position, event));
                }
            }
            Write::EventsSent(server, position) => {
                self.rooms.sent.insert(server, position);
            }
            Write::Transaction(server, id) => {
                self.deduplication.transactions.insert((server, id));
            }
            Write::RemoteMessage(message) => {
                self.deduplication.messages.insert(message);
            }
            Write::Retry(server, Some((until, interval))) => {
                self.retry.insert(server, Retry { until, interval });
            }
            Write::Retry(server, None) => {
                self.retry.remove(&server);
            }
        }
    }

    fn is_progress(write: &Write<C>) -> bool {
        match write {
            Write::Retry(..) => false,
            Write::OneTimeKey(_)
            | Write::OneTimeKeyGone(..)
            | Write::FallbackKey(..)
            | Write::Device(_)
            | Write::RemoteDevice(_)
            | Write::DeviceListChanged(_)
            | Write::ToDevice(_)
            | Write::ToDeviceGone(..)
            | Write::Queued(..)
            | Write::QueuedGone(..)
            | Write::Room(..)
            | Write::Event(_)
            | Write::EventsSent(..)
            | Write::Transaction(..)
            | Write::RemoteMessage(_) => true,
        }
    }
}
