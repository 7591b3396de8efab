//! The facts that a run can consist of. Fields say what their types say.
#![allow(missing_docs)]

use crate::crypto::{Body, GroupError, OlmError};
use crate::name::{
    DeviceId, EventId, KeyName, MegolmName, MessageId, NodeId, RoomId, ServerId, SessionName,
    Table, UserId,
};
use crate::time::Time;
use crate::wire::MessageKind;

/// A step's place in the timeline, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StepIndex(pub u16);

/// The parts of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// The scenario's steps.
    Timeline,
    /// Faults end; everything may settle.
    Heal,
    /// Every device sends in its old and in a fresh Megolm session.
    Probe,
    /// Every device sends once more.
    SecondProbe,
}

/// Why a server got no answer from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RemoteFailure {
    /// It waited in vain.
    TimedOut,
    /// It did not even ask, because of an earlier failure.
    BackedOff,
}

/// Why a device that wanted to open an Olm session got no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClaimMiss {
    /// The other device's server is among the failures of the answer.
    ServerFailed,
    /// The other device is absent from the answer: there was no key.
    NoKey,
    /// The key's signature is not the other device's.
    BadSignature,
    /// Not asked: that server failed a short while ago.
    ServerCoolingDown,
    /// Not asked: that device had no usable key a short while ago.
    DeviceCoolingDown,
}

/// Why a device cannot read an event that it sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventTrouble {
    /// It has no key of that Megolm session.
    MissingSession,
    /// It has one, and decryption fails.
    Undecryptable(GroupError),
}

/// One thing that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fact {
    // --- the world outside the nodes ---
    /// A phase began.
    Phase(Phase),
    /// Everything came to rest in this phase.
    Settled(Phase),
    /// The phase did not come to rest within its limit.
    Unsettled(Phase),
    /// A step of the timeline happened.
    Step(StepIndex),
    /// A step lets a person say something.
    ToldToSend {
        by: DeviceId,
        room: RoomId,
        step: StepIndex,
    },
    /// A user is in a room.
    Joined { room: RoomId, user: UserId },
    /// Two nodes can no longer reach each other.
    LinkCut {
        between: [NodeId; 2],
        step: Option<StepIndex>,
    },
    /// Two nodes can reach each other again.
    LinkMended {
        between: [NodeId; 2],
        step: Option<StepIndex>,
    },
    /// A node stopped at once, and what it held in memory is gone.
    Crashed {
        node: NodeId,
        step: Option<StepIndex>,
    },
    /// A node started.
    Booted { node: NodeId, incarnation: u16 },
    /// A server's database was copied.
    BackedUp {
        server: ServerId,
        step: Option<StepIndex>,
    },
    /// A table was replaced by the copy taken at `taken`.
    TableRestored {
        server: ServerId,
        table: Table,
        taken: Time,
        step: Option<StepIndex>,
    },
    /// A table was emptied in the course of a restore.
    TableEmptied {
        server: ServerId,
        table: Table,
        step: Option<StepIndex>,
    },
    /// A message did not arrive.
    MessageDropped {
        from: NodeId,
        to: NodeId,
        kind: MessageKind,
        answer: bool,
    },

    // --- keys ---
    /// A device generated a key pair.
    KeyGenerated { key: KeyName },
    /// A device deleted a private key because its store was full, or because
    /// a newer fallback key took its place.
    KeyDiscarded { key: KeyName },
    /// A server stored a public key.
    KeyStored { server: ServerId, key: KeyName },
    /// A server refused an upload, because it holds another key of that ID.
    UploadRefused {
        server: ServerId,
        device: DeviceId,
        key: KeyName,
    },
    /// A server handed out a key.
    KeyIssued {
        server: ServerId,
        key: KeyName,
        to: DeviceId,
    },
    /// Another claim took the key between a claim's two statements.
    ClaimRaced { server: ServerId, key: KeyName },
    /// A server got no answer from another.
    RemoteFailed {
        server: ServerId,
        peer: ServerId,
        kind: MessageKind,
        why: RemoteFailure,
    },
    /// A device that wanted to send got no key for another device.
    ClaimMissed {
        by: DeviceId,
        of: DeviceId,
        why: ClaimMiss,
    },
    /// A device that wanted to send knows no device of a member.
    DevicesUnknown { by: DeviceId, of: UserId },

    // --- Olm ---
    /// A device opened a session on a claimed key.
    SessionOpened { session: SessionName, key: KeyName },
    /// A device accepted a session; a one-time key is deleted by that.
    SessionAccepted {
        by: DeviceId,
        session: SessionName,
        key: KeyName,
    },
    /// A device decrypted an Olm message.
    OlmDecrypted { by: DeviceId, message: MessageId },
    /// A device could not decrypt an Olm message.
    OlmFailed {
        by: DeviceId,
        message: MessageId,
        session: SessionName,
        key: KeyName,
        error: OlmError,
    },
    /// A device met an Olm message that it had decrypted before.
    OlmReplayed { by: DeviceId, message: MessageId },
    /// A device decided to open a new session with the sender of an
    /// undecryptable message.
    Unwedging { by: DeviceId, peer: DeviceId },

    // --- to-device messages ---
    /// A server put a message into a device's inbox.
    ToDeviceStored {
        server: ServerId,
        message: MessageId,
    },
    /// A server queued a message for another server.
    ToDeviceQueued {
        server: ServerId,
        message: MessageId,
    },
    /// A server deleted a message that a sync token acknowledges.
    ToDeviceDeleted {
        server: ServerId,
        message: MessageId,
    },
    /// A device took a message out of a sync answer.
    ToDeviceReceived { by: DeviceId, message: MessageId },

    // --- room keys ---
    /// A device encrypted a room key for another device.
    RoomKeyShared {
        session: MegolmName,
        index: u32,
        message: MessageId,
    },
    /// A device told another that it has no Olm session with it.
    RoomKeyWithheld {
        session: MegolmName,
        message: MessageId,
    },
    /// A device learned a room key.
    RoomKeyReceived {
        by: DeviceId,
        session: MegolmName,
        index: u32,
        message: MessageId,
    },
    /// A device discarded the Megolm session it was sending with.
    GroupSessionDiscarded { session: MegolmName },

    // --- room events ---
    /// A person wants to say something.
    SendAsked {
        by: DeviceId,
        room: RoomId,
        body: Body,
    },
    /// A device encrypted an event.
    EventSent {
        event: EventId,
        room: RoomId,
        session: MegolmName,
        index: u32,
        body: Body,
    },
    /// A server has an event.
    EventStored { server: ServerId, event: EventId },
    /// A device saw an event.
    EventSeen { by: DeviceId, event: EventId },
    /// A device decrypted an event.
    EventRead { by: DeviceId, event: EventId },
    /// A device tried to decrypt an event in vain.
    EventUnreadable {
        by: DeviceId,
        event: EventId,
        why: EventTrouble,
    },
    /// A device published its identity on its own server.
    DevicePublished { server: ServerId, device: DeviceId },
}
