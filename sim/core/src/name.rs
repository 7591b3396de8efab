//! Symbolic names: small copyable identifiers of everything that a run can
//! talk about. Knows no key bytes, so names survive an upgrade of the
//! cryptography, and no cast: [`crate::cast::Cast`] turns them into words.
//!
//! A homeserver is named in every user ID, and a user in every device, as in
//! Matrix; so "which server does this user live on" needs no look-up.

mod by_place;
mod row;
mod server_set;

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use serde::{Deserialize, Serialize};

use crate::time::Time;

pub(crate) use by_place::ByPlace;
pub use row::{Row, Table};
pub(crate) use server_set::MOST_SERVERS;
pub use server_set::ServerSet;

/// A homeserver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ServerId(pub u8);

/// A user, who lives on one homeserver. One number, as nearly every table has
/// such a key: the homeserver before the user's place.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct UserId(u32);

impl UserId {
    /// The user at a place among all users of the cast.
    #[must_use]
    pub const fn new(server: ServerId, index: u8) -> Self {
        Self((server.0 as u32) << 8 | index as u32)
    }

    /// The homeserver named in the user ID.
    #[must_use]
    pub const fn server(self) -> ServerId {
        ServerId(self.0.to_be_bytes()[2])
    }

    /// The user's place among all users of the cast.
    #[must_use]
    pub const fn index(self) -> u8 {
        self.0.to_be_bytes()[3]
    }
}

/// A device of a user. In Matrix a device is known by its Curve25519 identity
/// key; a device of this model keeps its identity key for life, so the two
/// name the same thing. One number: the user before the device's place.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DeviceId(u32);

impl DeviceId {
    /// The device at a place among all devices of the cast.
    #[must_use]
    pub const fn new(user: UserId, index: u8) -> Self {
        Self(user.0 << 8 | index as u32)
    }

    /// Who owns the device.
    #[must_use]
    pub const fn user(self) -> UserId {
        UserId(self.0 >> 8)
    }

    /// The homeserver that it lives on.
    #[must_use]
    pub const fn server(self) -> ServerId {
        self.user().server()
    }

    /// The device's place among all devices of the cast.
    #[must_use]
    pub const fn index(self) -> u8 {
        self.0.to_be_bytes()[3]
    }

    /// Whoever is outside the cast, on a server. No cast is so large that one
    /// of its devices is named like this.
    #[must_use]
    pub const fn stranger(server: ServerId) -> Self {
        Self::new(UserId::new(server, u8::MAX), u8::MAX)
    }
}

impl fmt::Debug for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UserId({}/{})", self.server().0, self.index())
    }
}

impl fmt::Debug for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let user = self.user();
        let (server, index) = (user.server().0, user.index());
        write!(f, "DeviceId({server}/{index}/{})", self.index())
    }
}

/// A room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RoomId(pub u8);

/// A party of the simulation that can send, receive, crash and restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeId {
    /// A homeserver.
    Server(ServerId),
    /// A client on a device.
    Device(DeviceId),
}

impl NodeId {
    /// Servers before devices, each in their order.
    const fn number(self) -> u32 {
        match self {
            NodeId::Server(server) => server.0 as u32,
            NodeId::Device(device) => 1 << 24 | device.0,
        }
    }
}

impl Hash for NodeId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u32(self.number());
    }
}

/// Orders by one number, which holds the fields in their order: to find a key
/// among many takes one comparison for each, and no branch.
macro_rules! ordered {
    ($name:ident, $number:ty, |$it:ident| $of:expr) => {
        impl PartialOrd for $name {
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                Some(self.cmp(other))
            }
        }

        impl Ord for $name {
            fn cmp(&self, other: &Self) -> Ordering {
                let number = |$it: &Self| -> $number { $of };
                number(self).cmp(&number(other))
            }
        }
    };
}

ordered!(NodeId, u32, |it| it.number());

/// The number in a one-time or fallback key's ID. On the wire it is its
/// big-endian bytes in base64; the two kinds count separately (BS §1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct KeyId(pub u64);

/// What a published Curve25519 key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum KeyKind {
    /// Handed out once, then deleted.
    OneTime,
    /// Handed out again and again while no one-time key is left.
    Fallback,
}

/// A one-time or fallback key pair. Two pairs can share an ID when a device
/// forgot the first, or has two processes; the incarnation that generated them
/// tells them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct KeyName {
    /// Whose private half it is.
    pub owner: DeviceId,
    /// One-time or fallback.
    pub kind: KeyKind,
    /// The number in the key ID.
    pub id: KeyId,
    /// How many processes of the owner had been started before the one that
    /// generated the key; the lowest four bits count how often that had been
    /// logged out.
    pub incarnation: u16,
}

ordered!(KeyName, u128, |it| {
    let owner = u128::from(it.owner.0) << 88 | (it.kind as u128) << 80;
    owner | u128::from(it.id.0) << 16 | u128::from(it.incarnation)
});

/// An Olm session, named by who opened it, to whom, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SessionName {
    /// The device that claimed a key and opened the session.
    pub opener: DeviceId,
    /// The device whose key was claimed.
    pub peer: DeviceId,
    /// When it was opened.
    pub opened: Time,
}

ordered!(SessionName, u128, |it| {
    let devices = u64::from(it.opener.0) << 32 | u64::from(it.peer.0);
    u128::from(devices) << 64 | u128::from(it.opened.ticks())
});

/// A Megolm session, named by its sender, room and first use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MegolmName {
    /// The only device that encrypts with it.
    pub sender: DeviceId,
    /// The room it is for.
    pub room: RoomId,
    /// When it was created.
    pub created: Time,
}

ordered!(MegolmName, u128, |it| {
    let place = u64::from(it.sender.0) << 32 | u64::from(it.room.0);
    u128::from(place) << 64 | u128::from(it.created.ticks())
});

/// A to-device message. Real clients put such an identifier into the content
/// to follow a message through the logs of both sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MessageId {
    /// The device that sent it.
    pub sender: DeviceId,
    /// The device it is for.
    pub to: DeviceId,
    /// When it was made.
    pub sent: Time,
    /// How many messages its sender had made since it was started: there can
    /// be several for one peer at one time.
    pub number: u32,
}

/// A room event, named by its sending device and the time it was encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct EventId {
    /// The device that sent it.
    pub sender: DeviceId,
    /// When it was encrypted.
    pub sent: Time,
}

ordered!(EventId, u128, |it| {
    u128::from(it.sender.0) << 64 | u128::from(it.sent.ticks())
});

#[cfg(test)]
mod tests;
