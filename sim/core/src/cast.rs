//! The cast of a scenario: which servers, users, devices and rooms there are,
//! and how they are called. Turns symbolic names into words and back.

pub(crate) mod friendly;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::name::{
    DeviceId, EventId, KeyKind, KeyName, MegolmName, MessageId, NodeId, RoomId, ServerId,
    SessionName, UserId,
};

/// One user of the cast.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The user, with the server it lives on.
    pub id: UserId,
    /// As the scenario calls it.
    pub name: String,
}

/// Which client a device runs. Its numbering of keys and the size of its key
/// store come from its cryptographic library (BS §1.2).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Client {
    /// matrix-rust-sdk with vodozemac: holds 5000 private one-time keys, and
    /// writes key IDs as eight bytes.
    #[default]
    Vodozemac,
    /// An older client with libolm: holds 100 private one-time keys, writes
    /// key IDs as four bytes, and numbers fallback keys along with the others.
    Libolm,
}

impl Client {
    /// How many private one-time keys it holds before it discards the oldest.
    #[must_use]
    pub fn private_keys(self) -> usize {
        match self {
            Client::Vodozemac => 5000,
            Client::Libolm => 100,
        }
    }
}

/// By which endpoint a client learns what is new.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum SyncApi {
    /// `GET /sync`. One token stands for all streams, and every answer says how
    /// many keys the device has.
    #[default]
    Sync,
    /// Simplified sliding sync (MSC4186), whose extension for to-device messages
    /// has a token of its own, and which leaves out what has not changed.
    Sliding,
}

/// One device of the cast.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// The device, with its owner.
    pub id: DeviceId,
    /// As the scenario calls it: `bob`, or `bob.laptop` for a further device.
    pub name: String,
    /// Which client it runs.
    pub client: Client,
    /// How it learns what is new.
    pub sync: SyncApi,
}

/// One room of the cast.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// The room.
    pub id: RoomId,
    /// As the scenario calls it.
    pub name: String,
    /// Who has joined before the run starts, the creator first.
    pub members: Vec<UserId>,
}

/// Everybody and everything that takes part in a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cast {
    /// Names of the servers; a [`ServerId`] is an index into it.
    pub servers: Vec<String>,
    /// The users; [`UserId::index`] is an index into it.
    pub users: Vec<User>,
    /// The devices; [`DeviceId::index`] is an index into it.
    pub devices: Vec<Device>,
    /// The rooms; a [`RoomId`] is an index into it.
    pub rooms: Vec<Room>,
}

/// Something that can be said in the words of a cast.
pub trait Named {
    /// Writes the name as the scenario would say it.
    ///
    /// # Errors
    /// Only those of the formatter.
    fn write(&self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result;
}

/// A name together with the cast that can say it; made by [`Cast::say`].
pub struct Said<'a, N: Named + ?Sized> {
    cast: &'a Cast,
    name: &'a N,
}

impl<N: Named + ?Sized> fmt::Display for Said<'_, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.name.write(self.cast, f)
    }
}

impl Cast {
    /// All servers, in the scenario's order.
    pub fn server_ids(&self) -> impl Iterator<Item = ServerId> + use<> {
        let count = u8::try_from(self.servers.len()).expect("a scenario holds at most 64 servers");
        (0..count).map(ServerId)
    }

    /// All nodes: servers first, then devices.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> + '_ {
        let devices = self.devices.iter().map(|device| NodeId::Device(device.id));
        self.server_ids().map(NodeId::Server).chain(devices)
    }

    /// All devices of a user.
    pub fn devices_of(&self, user: UserId) -> impl Iterator<Item = DeviceId> + '_ {
        self.devices
            .iter()
            .map(|device| device.id)
            .filter(move |device| device.user() == user)
    }

    /// The rooms that a user has joined before the run starts.
    pub fn rooms_of(&self, user: UserId) -> impl Iterator<Item = RoomId> + '_ {
        self.rooms
            .iter()
            .filter(move |room| room.members.contains(&user))
            .map(|room| room.id)
    }

    /// The server called `name`.
    #[must_use]
    pub fn server(&self, name: &str) -> Option<ServerId> {
        self.server_ids()
            .find(|id| self.servers[usize::from(id.0)] == name)
    }

    /// The device called `name`.
    #[must_use]
    pub fn device(&self, name: &str) -> Option<DeviceId> {
        self.devices
            .iter()
            .find(|device| device.name == name)
            .map(|device| device.id)
    }

    /// The room called `name`.
    #[must_use]
    pub fn room(&self, name: &str) -> Option<RoomId> {
        self.rooms
            .iter()
            .find(|room| room.name == name)
            .map(|room| room.id)
    }

    /// The server or device called `name`.
    #[must_use]
    pub fn node(&self, name: &str) -> Option<NodeId> {
        let server = self.server(name).map(NodeId::Server);
        server.or_else(|| self.device(name).map(NodeId::Device))
    }

    /// A name in the words of this cast.
    pub fn say<'a, N: Named + ?Sized>(&'a self, name: &'a N) -> Said<'a, N> {
        Said { cast: self, name }
    }
}

impl Named for ServerId {
    fn write(&self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&cast.servers[usize::from(self.0)])
    }
}

impl Named for UserId {
    fn write(&self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&cast.users[usize::from(self.index())].name)
    }
}

impl Named for DeviceId {
    fn write(&self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match cast.devices.get(usize::from(self.index())) {
            Some(device) => f.write_str(&device.name),
            None => f.write_str("stranger"),
        }
    }
}

impl Named for RoomId {
    fn write(&self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&cast.rooms[usize::from(self.0)].name)
    }
}

impl Named for NodeId {
    fn write(&self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NodeId::Server(server) => server.write(cast, f),
            NodeId::Device(device) => device.write(cast, f),
        }
    }
}

/// `otk:bob#3`; `otk:bob#3~1` for a key generated after the first restart, and
/// `otk:bob#3~1.2` after two logouts since then.
impl Named for KeyName {
    fn write(&self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            KeyKind::OneTime => "otk",
            KeyKind::Fallback => "fbk",
        };
        write!(f, "{kind}:{}#{}", cast.say(&self.owner), self.id.0)?;
        match (self.incarnation >> 4, self.incarnation & 15) {
            (0, 0) => Ok(()),
            (starts, 0) => write!(f, "~{starts}"),
            (starts, logouts) => write!(f, "~{starts}.{logouts}"),
        }
    }
}

impl Named for SessionName {
    fn write(&self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (opener, peer) = (cast.say(&self.opener), cast.say(&self.peer));
        write!(f, "olm:{opener}>{peer}@{}", self.opened)
    }
}

impl Named for MegolmName {
    fn write(&self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sender, room) = (cast.say(&self.sender), cast.say(&self.room));
        write!(f, "megolm:{sender}/{room}@{}", self.created)
    }
}

impl Named for MessageId {
    fn write(&self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sender, to) = (cast.say(&self.sender), cast.say(&self.to));
        write!(f, "message:{sender}>{to}@{}#{}", self.sent, self.number)
    }
}

impl Named for EventId {
    fn write(&self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "event:{}@{}", cast.say(&self.sender), self.sent)
    }
}
