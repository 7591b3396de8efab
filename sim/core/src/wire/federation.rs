//! The server-server API, as far as the distribution of keys needs it.

use std::sync::Arc;

use super::{DeviceKeys, MessageKind, RoomEvent, SignedKey, ToDevice};
use crate::crypto::Crypto;
use crate::name::{DeviceId, EventId, RoomId, UserId};
use crate::time::Time;

/// What a homeserver asks of another.
#[derive(Clone, Debug)]
pub enum FederationRequest<C: Crypto> {
    /// `PUT /send/{txn}`
    Send(Transaction<C>),
    /// `POST /user/keys/claim`
    Claim {
        /// The devices of which one key each is claimed.
        devices: Vec<DeviceId>,
        /// The device on whose behalf the server asks. Real servers do not
        /// say; the name is for the trace.
        claimant: DeviceId,
    },
    /// `POST /user/keys/query`, and `GET /user/devices` for one user.
    Query {
        /// Whose devices are asked for.
        users: Vec<UserId>,
    },
    /// `POST /get_missing_events/{room}`
    MissingEvents {
        /// The room.
        room: RoomId,
        /// The newest events that the asking server has.
        earliest: Vec<EventId>,
        /// The event whose predecessors are wanted.
        latest: EventId,
    },
    /// `GET /make_join` and `PUT /send_join` in one.
    Join {
        /// The room.
        room: RoomId,
        /// The join, as yet without a place in the room.
        event: EventId,
    },
    /// `PUT /invite/{room}/{event}`: an invitation of a user of the server that
    /// is asked.
    Invite(Arc<RoomEvent<C>>),
    /// `GET /version`, standing for any authenticated request that carries
    /// nothing of interest.
    Version,
}

/// What a homeserver answers to another.
#[derive(Clone, Debug)]
pub enum FederationResponse<C: Crypto> {
    /// To `/send`: everything was stored.
    Send,
    /// To `/user/keys/claim`: a device of which there was no key is absent.
    Claim(Vec<SignedKey<C>>),
    /// To `/user/keys/query`, with how far the stream of device lists is.
    Query(u64, Vec<(UserId, Vec<DeviceKeys<C>>)>),
    /// To `/get_missing_events`, oldest first.
    MissingEvents(RoomId, Vec<Arc<RoomEvent<C>>>),
    /// To `/send_join`: the room as it is after the join, or nothing if the
    /// server is not in it.
    Join(Option<Joined<C>>),
    /// To `/invite`: the server has no objection.
    Invite,
    /// To `/version`.
    Version,
}

/// What a server is told of a room that one of its users has joined.
#[derive(Clone, Debug)]
pub struct Joined<C: Crypto> {
    /// The join itself, in its place.
    pub event: Arc<RoomEvent<C>>,
    /// Who is in the room, the newcomer included.
    pub members: Vec<UserId>,
    /// Events from before the join, in their order: the invitations that stand,
    /// and what there has been since the server's own users were first invited,
    /// which stands for what it would get by `/backfill`.
    pub before: Vec<Arc<RoomEvent<C>>>,
}

/// What `/send` carries: at most 50 PDUs and 100 EDUs.
#[derive(Clone, Debug)]
pub struct Transaction<C: Crypto> {
    /// The transaction ID: the sender's start-up time, then counted up.
    pub id: u64,
    /// Room events.
    pub pdus: Vec<Arc<RoomEvent<C>>>,
    /// Everything else.
    pub edus: Vec<Edu<C>>,
}

/// The `message_id` of an `m.direct_to_device`: random in reality, so it is
/// given out once, and the sender's server never gives it to anything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FederatedId {
    /// When the sender's server was started.
    pub started: Time,
    /// How many it had given out since.
    pub number: u64,
}

/// An ephemeral data unit.
#[derive(Clone, Debug)]
pub enum Edu<C: Crypto> {
    /// `m.direct_to_device`: the recipient's server stores each once.
    DirectToDevice(FederatedId, ToDevice<C>),
    /// `m.device_list_update`
    DeviceListUpdate(DeviceListUpdate<C>),
}

/// What another server is told of a device.
#[derive(Clone, Debug)]
pub struct DeviceListUpdate<C: Crypto> {
    /// The device.
    pub device: DeviceId,
    /// Its keys; without any, the device is deleted.
    pub keys: Option<DeviceKeys<C>>,
    /// Its fallback key, if that is shared (MSC4081); if none is said, it is as
    /// it was.
    pub fallback_key: Option<SignedKey<C>>,
    /// The place of the change in the sending server's stream.
    pub stream_id: u64,
    /// The place of the last change of the same user's devices that the
    /// receiving server has been sent; filled in when the update is sent.
    pub prev_id: Option<u64>,
    /// When it was. Real servers do not say; they note it with what they have
    /// still to send.
    pub changed: Time,
}

impl<C: Crypto> FederationRequest<C> {
    pub(crate) fn kind(&self) -> MessageKind {
        match self {
            FederationRequest::Send(_) => MessageKind::FederationSend,
            FederationRequest::Claim { .. } => MessageKind::FederationClaim,
            FederationRequest::Query { .. } => MessageKind::FederationQuery,
            FederationRequest::MissingEvents { .. } => MessageKind::FederationMissingEvents,
            FederationRequest::Join { .. } => MessageKind::FederationJoin,
            FederationRequest::Invite(_) => MessageKind::FederationInvite,
            FederationRequest::Version => MessageKind::FederationVersion,
        }
    }
}
