//! What travels between nodes: the specification's requests, answers, PDUs
//! and EDUs, under the specification's names. Knows no node's state.
//!
//! Symbolic names travel beside the cryptographic values so that a trace can
//! say what happened. They are labels: wherever a real implementation would
//! look at the value, the nodes look at the value.

mod client;
mod federation;
mod kind;
mod traffic;

pub use client::{
    AccessToken, ClientRequest, ClientResponse, KeyCounts, KeyDigest, ResetKeys, SyncResponse,
    SyncToken, UploadRefused,
};
pub use federation::{
    DeviceListUpdate, Edu, FederatedId, FederationRequest, FederationResponse, Joined, Transaction,
};
pub use kind::MessageKind;
pub use traffic::{Flow, Traffic};

use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;

use crate::cast::Client;
use crate::crypto::Crypto;
use crate::name::{
    DeviceId, EventId, KeyId, KeyName, MegolmName, MessageId, RoomId, SessionName, UserId,
};

/// A request's number, counted by the node that asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

/// Set in the numbers of a second process, which so never meet those of the
/// first. It stands for the connection on which a request is made, and on
/// which it is answered.
const OF_SECOND: u64 = 1 << 63;

impl RequestId {
    /// The first number of a client's process: those of two incarnations never
    /// meet either.
    #[must_use]
    pub fn first(incarnation: u16, is_second: bool) -> Self {
        let of = if is_second { OF_SECOND } else { 0 };
        Self(of | u64::from(incarnation) << 32)
    }

    /// The incarnation of the second process that made the request, if one did.
    #[must_use]
    pub fn second(self) -> Option<u16> {
        let incarnation = (self.0 & !OF_SECOND) >> 32;
        (self.0 & OF_SECOND != 0).then_some(incarnation as u16)
    }
}

/// One message on a link.
#[derive(Clone, Debug)]
pub enum Message<C: Crypto> {
    /// A device asks its homeserver.
    ClientRequest(RequestId, Option<AccessToken>, ClientRequest<C>),
    /// A homeserver answers a device that asked for something of this kind.
    ClientResponse(RequestId, MessageKind, ClientResponse<C>),
    /// A homeserver asks another.
    FederationRequest(RequestId, FederationRequest<C>),
    /// A homeserver answers another that asked for something of this kind.
    FederationResponse(RequestId, MessageKind, FederationResponse<C>),
}

impl<C: Crypto> Message<C> {
    /// The endpoint that this message asks or answers for.
    #[must_use]
    pub fn kind(&self) -> MessageKind {
        match self {
            Message::ClientRequest(_, _, request) => request.kind(),
            Message::FederationRequest(_, request) => request.kind(),
            Message::ClientResponse(_, kind, _) | Message::FederationResponse(_, kind, _) => *kind,
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
    /// What traces call it. Its number is the number in its ID on the wire.
    pub name: KeyName,
    /// The client that numbered it, which the form of its ID tells.
    pub client: Client,
    /// The public key.
    pub key: C::PublicKey,
    /// The owner's signature, made afresh for every upload.
    pub signature: C::Signature,
}

impl<C: Crypto> SignedKey<C> {
    /// Its ID on the wire: the number's big-endian bytes in unpadded base64,
    /// eight of them by vodozemac and four by libolm (BS §1.2).
    #[must_use]
    pub fn id(&self) -> String {
        key_id_text(self.client, self.name.id)
    }
}

/// The text of a key's ID, as this client writes it.
#[must_use]
pub fn key_id_text(client: Client, id: KeyId) -> String {
    let bytes = id.0.to_be_bytes();
    let bytes = match client {
        Client::Vodozemac => &bytes[..],
        Client::Libolm => &bytes[4..],
    };
    BASE64_STANDARD_NO_PAD.encode(bytes)
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
    /// `m.room.encrypted` under Olm. Shared, since many tables and messages
    /// hold it on its way.
    Encrypted(Arc<Encrypted<C>>),
    /// The same from somebody outside the cast.
    FromStranger(Arc<Encrypted<C>>),
    /// `m.room_key.withheld` with the code `m.no_olm`: the sender has no Olm
    /// session with this device. Names neither room nor session.
    NoOlm,
    /// `m.room_key.withheld` with the code `m.blacklisted`: the sender does
    /// not want this device to have this session.
    Blacklisted(MegolmName),
}

/// An Olm message, as it looks from outside.
#[derive(Clone, Debug)]
pub struct Encrypted<C: Crypto> {
    /// The Olm session that encrypted it.
    pub session: SessionName,
    /// The key that the session was opened on.
    pub key: KeyName,
    /// The sender's identity, as far as the outside of the message tells.
    pub sender_identity: C::Identity,
    /// The ciphertext.
    pub ciphertext: C::OlmMessage,
}

/// A room event, as every server and member sees it.
#[derive(Clone, Debug)]
pub struct RoomEvent<C: Crypto> {
    /// Which event it is.
    pub id: EventId,
    /// The room it is in.
    pub room: RoomId,
    /// The forward extremities that it follows, as its homeserver knew them.
    pub previous: Arc<[EventId]>,
    /// What it is.
    pub content: RoomContent<C>,
}

/// What a room event is.
#[derive(Clone, Debug)]
pub enum RoomContent<C: Crypto> {
    /// `m.room.encrypted`
    Encrypted {
        /// The Megolm session named in its content.
        session: MegolmName,
        /// The ciphertext.
        ciphertext: C::GroupMessage,
    },
    /// `m.room.member` of this user: of the event's sender, or of whom they
    /// invite.
    Member(UserId, Membership),
}

/// What a user is to a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Membership {
    /// In it.
    Join,
    /// Not in it any more.
    Leave,
    /// Invited to it, and not in it yet. It comes last because its place is part
    /// of the hash of a trace.
    Invite,
}

impl Membership {
    /// Whether it lets a user read what is said: the history visibility of every
    /// room is `invited`.
    #[must_use]
    pub fn may_read(self) -> bool {
        match self {
            Membership::Join | Membership::Invite => true,
            Membership::Leave => false,
        }
    }
}

impl<C: Crypto> RoomEvent<C> {
    /// Who sent it.
    #[must_use]
    pub fn user(&self) -> UserId {
        self.id.sender.user()
    }
}
