//! What travels between nodes: the specification's requests, answers, PDUs
//! and EDUs, under the specification's names. Knows no node's state.
//!
//! Symbolic names travel beside the cryptographic values so that a trace can
//! say what happened. They are labels: wherever a real implementation would
//! look at the value, the nodes look at the value.

mod client;
mod federation;

pub use client::{
    ClientRequest, ClientResponse, KeyCounts, SyncResponse, SyncToken, UploadRefused,
};
pub use federation::{Edu, FederationRequest, FederationResponse, Transaction};

use crate::crypto::Crypto;
use crate::name::{DeviceId, EventId, KeyName, MegolmName, MessageId, RoomId, SessionName};

/// A request's number, counted by the node that asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

/// One message on a link.
#[derive(Clone, Debug)]
pub enum Message<C: Crypto> {
    /// A device asks its homeserver.
    ClientRequest(RequestId, ClientRequest<C>),
    /// A homeserver answers a device.
    ClientResponse(RequestId, ClientResponse<C>),
    /// A homeserver asks another.
    FederationRequest(RequestId, FederationRequest<C>),
    /// A homeserver answers another.
    FederationResponse(RequestId, FederationResponse<C>),
}

/// The kind of a message, named by its endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MessageKind {
    /// `POST /keys/upload`
    KeysUpload,
    /// `POST /keys/query`
    KeysQuery,
    /// `POST /keys/claim`
    KeysClaim,
    /// `PUT /sendToDevice`
    SendToDevice,
    /// `PUT /rooms/{room}/send`
    SendEvent,
    /// `GET /sync`
    Sync,
    /// `PUT /_matrix/federation/v1/send/{txn}`
    FederationSend,
    /// `POST /_matrix/federation/v1/user/keys/claim`
    FederationClaim,
    /// `POST /_matrix/federation/v1/user/keys/query`
    FederationQuery,
    /// `POST /_matrix/federation/v1/get_missing_events/{room}`
    FederationMissingEvents,
    /// Any other authenticated request between servers.
    FederationVersion,
}

impl MessageKind {
    /// Every kind, in the order in which they are listed.
    pub const ALL: &[MessageKind] = &[
        MessageKind::KeysUpload,
        MessageKind::KeysQuery,
        MessageKind::KeysClaim,
        MessageKind::SendToDevice,
        MessageKind::SendEvent,
        MessageKind::Sync,
        MessageKind::FederationSend,
        MessageKind::FederationClaim,
        MessageKind::FederationQuery,
        MessageKind::FederationMissingEvents,
        MessageKind::FederationVersion,
    ];

    /// As a scenario file spells it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            MessageKind::KeysUpload => "keys-upload",
            MessageKind::KeysQuery => "keys-query",
            MessageKind::KeysClaim => "keys-claim",
            MessageKind::SendToDevice => "send-to-device",
            MessageKind::SendEvent => "send-event",
            MessageKind::Sync => "sync",
            MessageKind::FederationSend => "federation-send",
            MessageKind::FederationClaim => "federation-claim",
            MessageKind::FederationQuery => "federation-query",
            MessageKind::FederationMissingEvents => "federation-missing-events",
            MessageKind::FederationVersion => "federation-version",
        }
    }
}

impl<C: Crypto> Message<C> {
    /// The endpoint that this message asks or answers for.
    #[must_use]
    pub fn kind(&self) -> MessageKind {
        match self {
            Message::ClientRequest(_, request) => request.kind(),
            Message::ClientResponse(_, response) => response.kind(),
            Message::FederationRequest(_, request) => request.kind(),
            Message::FederationResponse(_, response) => response.kind(),
        }
    }

    /// Whether this is an answer.
    #[must_use]
    pub fn is_answer(&self) -> bool {
        match self {
            Message::ClientRequest(..) | Message::FederationRequest(..) => false,
            Message::ClientResponse(..) | Message::FederationResponse(..) => true,
        }
    }
}

/// A device's published identity.
#[derive(Clone, Debug)]
pub struct DeviceKeys<C: Crypto> {
    /// The device.
    pub device: DeviceId,
    /// Its public identity keys.
    pub identity: C::Identity,
}

/// A signed one-time or fallback key.
#[derive(Clone, Debug)]
pub struct SignedKey<C: Crypto> {
    /// What traces call it. Its ID is the ID on the wire.
    pub name: KeyName,
    /// The public key.
    pub key: C::PublicKey,
    /// The owner's signature, made afresh for every upload.
    pub signature: C::Signature,
}

/// A to-device message on its way to one device.
#[derive(Clone, Debug)]
pub struct ToDevice<C: Crypto> {
    /// Which message it is.
    pub id: MessageId,
    /// What it carries.
    pub content: ToDeviceContent<C>,
}

/// What a to-device message carries.
#[derive(Clone, Debug)]
pub enum ToDeviceContent<C: Crypto> {
    /// `m.room.encrypted` under Olm.
    Encrypted {
        /// The Olm session that encrypted it.
        session: SessionName,
        /// The key that the session was opened on.
        key: KeyName,
        /// The sender's identity, as far as the outside of the message tells.
        sender_identity: C::Identity,
        /// The ciphertext.
        ciphertext: C::OlmMessage,
    },
    /// `m.room_key.withheld` with the code `m.no_olm`: the sender has no Olm
    /// session with this device. Names neither room nor session.
    NoOlm,
}

/// An encrypted room event, as every server and member sees it.
#[derive(Clone, Debug)]
pub struct RoomEvent<C: Crypto> {
    /// Which event it is.
    pub id: EventId,
    /// The room it is in.
    pub room: RoomId,
    /// The Megolm session named in its content.
    pub session: MegolmName,
    /// The forward extremities that it follows, as its homeserver knew them.
    pub previous: Vec<EventId>,
    /// The ciphertext.
    pub ciphertext: C::GroupMessage,
}
