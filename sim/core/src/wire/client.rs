//! The client-server API, as far as the distribution of keys needs it.

use std::sync::Arc;

use super::{DeviceKeys, MessageKind, RoomEvent, SignedKey, ToDevice};
use crate::cast::SyncApi;
use crate::crypto::Crypto;
use crate::name::{DeviceId, KeyId, RoomId, ServerId, UserId};
use crate::time::{Span, Time};
use crate::trace::hash::Quick;

/// What a login is worth: every later request shows it. No two are alike, not
/// even when a database forgets one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccessToken(pub Time);

/// What a device asks of its homeserver.
#[derive(Clone, Debug)]
pub enum ClientRequest<C: Crypto> {
    /// `POST /login`, naming the device.
    Login,
    /// `POST /logout`
    Logout,
    /// `POST /keys/upload`
    KeysUpload {
        /// The device's identity, until it has once been accepted.
        device_keys: Option<DeviceKeys<C>>,
        /// One-time keys, in the order of the request's body.
        one_time_keys: Vec<SignedKey<C>>,
        /// A new fallback key.
        fallback_key: Option<SignedKey<C>>,
        /// `eager_share_fallback_keys` (MSC4081): whether other servers may be
        /// given it before they claim it.
        eager_share_fallback_keys: bool,
    },
    /// `POST /keys/reset` (MSC4162).
    KeysReset {
        /// The IDs of the keys to be deleted (`key_ids`), or nothing for
        /// `all: true`.
        keys: Option<Vec<KeyId>>,
    },
    /// `POST /keys/query`
    KeysQuery {
        /// Whose devices are asked for, at most one batch.
        users: Vec<UserId>,
    },
    /// `POST /keys/claim`
    KeysClaim {
        /// The devices of which one key each is claimed.
        devices: Vec<DeviceId>,
        /// How long the homeserver may wait for other servers.
        timeout: Span,
    },
    /// `PUT /sendToDevice/{type}/{txn}`
    SendToDevice {
        /// The transaction ID, which makes a retry idempotent.
        transaction: u64,
        /// The messages, at most one batch.
        messages: Vec<ToDevice<C>>,
    },
    /// `PUT /rooms/{room}/send/{type}/{txn}`; the event's ID is the
    /// transaction ID, and its place in the room is filled in by the server.
    SendEvent(Arc<RoomEvent<C>>),
    /// `POST /join/{room}`
    Join {
        /// The room.
        room: RoomId,
        /// Servers that may be asked for it (`via`).
        via: Vec<ServerId>,
    },
    /// `POST /rooms/{room}/leave`
    Leave {
        /// The room.
        room: RoomId,
    },
    /// `POST /rooms/{room}/invite`
    Invite {
        /// The room.
        room: RoomId,
        /// Who is invited.
        user: UserId,
    },
    /// `GET /sync`
    Sync {
        /// Where the last answer left off; nothing at a first sync.
        since: Option<SyncToken>,
        /// What the client was last told of its keys. Real clients do not say;
        /// it tells which polls would tell nothing new and are left out. Of
        /// sliding sync it stands for what the server has told already.
        known: Option<KeyCounts>,
        /// Which endpoint it is.
        api: SyncApi,
    },
}

/// What a homeserver answers to a device.
#[derive(Clone, Debug)]
pub enum ClientResponse<C: Crypto> {
    /// `401 M_UNKNOWN_TOKEN`, to whatever was asked.
    UnknownToken,
    /// To `/login`.
    Login(AccessToken),
    /// To `/logout`.
    Logout,
    /// To `/keys/upload`: how many one-time keys the server now holds.
    KeysUpload(Result<usize, UploadRefused>),
    /// To `/keys/reset`; nothing if the server does not know the endpoint
    /// (`404 M_UNRECOGNIZED`).
    KeysReset(Option<ResetKeys>),
    /// To `/keys/query`.
    KeysQuery {
        /// Each user that could be answered for, with all their devices.
        devices: Vec<(UserId, Vec<DeviceKeys<C>>)>,
        /// Servers that could not be asked.
        failures: Vec<ServerId>,
    },
    /// To `/keys/claim`. A device of which there was no key is absent.
    KeysClaim {
        /// One key for each device that had one.
        keys: Vec<SignedKey<C>>,
        /// Servers that could not be asked.
        failures: Vec<ServerId>,
    },
    /// To `/sendToDevice`.
    SendToDevice,
    /// To `/rooms/{room}/send`.
    SendEvent,
    /// To `/join`, `/leave` and `/invite`: whether it was done.
    Membership(bool),
    /// To `/sync`.
    Sync(Arc<SyncResponse<C>>),
}

/// Why an upload's one-time keys were refused. Device keys of the same
/// request are stored all the same, and nothing else is (BS §8.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UploadRefused {
    /// `400 M_UNKNOWN`: "One time key … already exists".
    KeyExists,
    /// `400 M_TOO_LARGE`: the device has too many keys on the server.
    TooMany,
}

/// What a server has left after `/keys/reset`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResetKeys {
    /// How many one-time keys the server now holds.
    pub one_time_keys: usize,
    /// The IDs of those that it has deleted, where it tells.
    pub deleted: Option<Vec<KeyId>>,
}

/// Positions in a homeserver's streams.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SyncToken {
    /// Of room events.
    pub events: u64,
    /// Of to-device messages.
    pub to_device: u64,
    /// Of changes of device lists.
    pub device_lists: u64,
    /// In which history of the server's database: positions of two histories
    /// cannot be compared. Only a server that bounds its tokens to it looks.
    pub epoch: Time,
}

/// What a `/sync` answer says of the device's own keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct KeyCounts {
    /// `device_one_time_keys_count`: one-time keys on the server.
    pub one_time_keys: usize,
    /// `device_unused_fallback_key_types` is not empty.
    pub unused_fallback_key: bool,
    /// A digest of the one-time keys, where the server tells it. Equal
    /// digests, equal sets of keys.
    pub digest: Option<KeyDigest>,
    /// The highest number of a one-time key that the server was ever given,
    /// where it tells it and was given any.
    pub highest: Option<KeyId>,
}

/// A digest of a set of one-time keys: of their IDs and of the keys themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct KeyDigest(u64);

impl KeyDigest {
    /// The digest of these keys, whose own hashes go with their IDs; their
    /// order does not matter.
    pub(crate) fn of(keys: impl Iterator<Item = (KeyId, u64)>) -> Self {
        let hashes = keys.map(|(id, key)| Quick::of(key, &id));
        Self(hashes.fold(0, u64::wrapping_add))
    }
}

/// An answer to `/sync`.
#[derive(Clone, Debug)]
pub struct SyncResponse<C: Crypto> {
    /// Where the next sync takes up.
    pub next: SyncToken,
    /// Rooms that the device's user is in, with all who are in them or invited,
    /// if it has not been told of them yet.
    pub joined: Vec<(RoomId, Vec<UserId>)>,
    /// Users whose devices have changed.
    pub device_lists_changed: Vec<UserId>,
    /// Users with whom no room is shared any more.
    pub device_lists_left: Vec<UserId>,
    /// To-device messages, in order, at most one page.
    pub to_device: Vec<ToDevice<C>>,
    /// Room events, in the server's order.
    pub events: Vec<Arc<RoomEvent<C>>>,
    /// The state of the device's own keys.
    pub counts: KeyCounts,
    /// Whether the answer says so: sliding sync leaves out what it has told
    /// before.
    pub says_counts: bool,
}

impl<C: Crypto> ClientRequest<C> {
    pub(crate) fn kind(&self) -> MessageKind {
        match self {
            ClientRequest::Login => MessageKind::Login,
            ClientRequest::Logout => MessageKind::Logout,
            ClientRequest::KeysUpload { .. } => MessageKind::KeysUpload,
            ClientRequest::KeysReset { .. } => MessageKind::KeysReset,
            ClientRequest::KeysQuery { .. } => MessageKind::KeysQuery,
            ClientRequest::KeysClaim { .. } => MessageKind::KeysClaim,
            ClientRequest::SendToDevice { .. } => MessageKind::SendToDevice,
            ClientRequest::SendEvent(_) => MessageKind::SendEvent,
            ClientRequest::Join { .. } => MessageKind::Join,
            ClientRequest::Leave { .. } => MessageKind::Leave,
            ClientRequest::Invite { .. } => MessageKind::Invite,
            ClientRequest::Sync { .. } => MessageKind::Sync,
        }
    }
}
