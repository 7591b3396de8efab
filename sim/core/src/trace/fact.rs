//! The facts that a run can consist of. Fields say what their types say.
#![allow(missing_docs)]

use crate::crypto::{Body, GroupError, OlmError};
use crate::name::{
    DeviceId, EventId, KeyName, MegolmName, MessageId, NodeId, RoomId, ServerId, SessionName,
    Table, UserId,
};
use crate::time::{Span, Time};
use crate::wire::{Membership, MessageKind, UploadRefused};

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

/// Why a device deleted a private key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Discard {
    /// Its store was full.
    StoreFull,
    /// A newer fallback key took its place, or its time was over.
    Replaced,
    /// It had its keys deleted from the server.
    Reset,
    /// A message that was made for it could not be decrypted.
    Failed,
    /// The server refused it, having too many already.
    Refused,
    /// It had been claimed long ago, as far as the device could tell.
    Expired,
}

/// Why a device is not given a room key, as it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Withholding {
    /// `m.no_olm`: there is no Olm session to send it over.
    NoOlm,
    /// `m.blacklisted`: somebody does not want it to have the key.
    Blacklisted,
}

/// Why a device is not logged in any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LogoutReason {
    /// A person logged it out.
    Asked,
    /// Its homeserver does not know its access token.
    UnknownToken,
}

/// Why a device cannot read an event that it sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventTrouble {
    /// It has no key of that Megolm session.
    MissingSession,
    /// It has none, and was told that it will not be given one.
    Withheld,
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
    /// The run was given up in this phase, for its trace is as long as one may
    /// get.
    CutOff(Phase),
    /// A step of the timeline happened.
    Step(StepIndex),
    /// A step had no effect: there was nothing for it to act upon, or what it
    /// waited for did not come.
    StepIdle { step: StepIndex },
    /// A step lets a person say something.
    ToldToSend {
        by: DeviceId,
        room: RoomId,
        step: StepIndex,
    },
    /// A user is in a room before anything happens.
    Joined { room: RoomId, user: UserId },
    /// A server stored that a user joined or left a room, or was invited to it.
    MembershipStored {
        server: ServerId,
        room: RoomId,
        user: UserId,
        membership: Membership,
    },
    /// Messages no longer arrive from one node at the other; nor the other
    /// way round, unless it is cut one way.
    LinkCut {
        between: [NodeId; 2],
        one_way: bool,
        step: Option<StepIndex>,
    },
    /// Two nodes can reach each other again.
    LinkMended {
        between: [NodeId; 2],
        step: Option<StepIndex>,
    },
    /// Messages between two nodes take so much longer.
    LinkSlowed {
        between: [NodeId; 2],
        by: Span,
        step: Option<StepIndex>,
    },
    /// A node stopped at once, and what it held in memory is gone.
    Crashed {
        node: NodeId,
        step: Option<StepIndex>,
    },
    /// A node will never start again.
    Gone {
        node: NodeId,
        step: Option<StepIndex>,
    },
    /// A node's last transactions, from the one at `since` on, had not reached
    /// its disk when it crashed.
    WritesLost {
        node: NodeId,
        count: usize,
        since: Time,
        step: Option<StepIndex>,
    },
    /// A node started.
    Booted { node: NodeId, incarnation: u16 },
    /// A second process of a client started on the store of a device; perhaps
    /// with a lock that keeps the two apart.
    ProcessStarted {
        device: DeviceId,
        incarnation: u16,
        locked: bool,
        step: StepIndex,
    },
    /// The second process ended.
    ProcessEnded { device: DeviceId, incarnation: u16 },
    /// A node's database was copied.
    BackedUp {
        node: NodeId,
        step: Option<StepIndex>,
    },
    /// A device's store was replaced by the copy taken at `taken`.
    DeviceRestored {
        device: DeviceId,
        taken: Time,
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
    /// A message did not arrive; if a step names it, because of that step.
    MessageDropped {
        from: NodeId,
        to: NodeId,
        kind: MessageKind,
        answer: bool,
        step: Option<StepIndex>,
    },
    /// Somebody sent a damaged copy of a message ahead of it.
    Injected {
        copy: MessageId,
        of: MessageId,
        step: StepIndex,
    },
    /// Somebody put a message into an inbox that had been there before.
    Replayed { message: MessageId, step: StepIndex },

    /// A device is about to send Olm messages to another that are all lost.
    OlmMessagesWasted {
        from: DeviceId,
        to: DeviceId,
        count: u32,
        step: StepIndex,
    },
    /// A request of a device will arrive once more.
    Duplicated {
        device: DeviceId,
        kind: MessageKind,
        step: StepIndex,
    },
    /// Somebody with a device's access token deletes its one-time keys from
    /// its server.
    ResetByOther { device: DeviceId, step: StepIndex },

    /// A server's clock was set back.
    ClockSetBack {
        server: ServerId,
        by: Span,
        step: StepIndex,
    },
    /// Strangers are about to claim keys of a device, and may not use them.
    ClaimedByStrangers {
        device: DeviceId,
        count: u32,
        step: StepIndex,
    },

    // --- logging in and out ---
    /// A device logged in.
    LoggedIn { device: DeviceId },
    /// A device is not logged in any more, and has wiped its store.
    LoggedOut { device: DeviceId, why: LogoutReason },
    /// A device published its identity on its own server.
    DevicePublished { server: ServerId, device: DeviceId },
    /// A server deleted a device.
    DeviceRemoved { server: ServerId, device: DeviceId },
    /// A person decided that another device gets no room keys from this one.
    Blocked { by: DeviceId, device: DeviceId },

    // --- keys ---
    /// A device generated a key pair.
    KeyGenerated { key: KeyName },
    /// A device deleted a private key that it had not used.
    KeyDiscarded { key: KeyName, why: Discard },
    /// A server stored a public key.
    KeyStored { server: ServerId, key: KeyName },
    /// A server left out a key that was uploaded, because of what it holds
    /// or remembers under that ID.
    KeyLeftOut { server: ServerId, key: KeyName },
    /// A server refused an upload, for this key.
    UploadRefused {
        server: ServerId,
        device: DeviceId,
        key: KeyName,
        why: UploadRefused,
    },
    /// A server deleted all one-time keys of a device, as the device asked.
    KeysReset { server: ServerId, device: DeviceId },
    /// A server deleted a one-time key, as its device asked.
    KeyReset { server: ServerId, key: KeyName },
    /// What a server told a device of its one-time keys contradicts what the
    /// device has.
    KeysContradicted { device: DeviceId },
    /// A server handed out a key; to nobody in particular, if it was claimed
    /// by a stranger who will not use it.
    KeyIssued {
        server: ServerId,
        key: KeyName,
        to: Option<DeviceId>,
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
    /// A device encrypted an Olm message, at this place of the chain that it
    /// began then.
    OlmEncrypted {
        message: MessageId,
        session: SessionName,
        chain: Time,
        index: u32,
    },
    /// A device keeps the private half of a one-time key that it has used.
    KeyKept { key: KeyName },
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
    /// A device told another why it is not given a room key.
    RoomKeyWithheld {
        session: MegolmName,
        message: MessageId,
        why: Withholding,
    },
    /// A device learned a room key.
    RoomKeyReceived {
        by: DeviceId,
        session: MegolmName,
        index: u32,
        message: MessageId,
    },
    /// A device decrypted a room key and dropped it, because it did not know
    /// the sender's device.
    RoomKeyDropped {
        by: DeviceId,
        session: MegolmName,
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
    /// A device was told that a user came into a room or left it, or was invited
    /// to it.
    MembershipSeen {
        by: DeviceId,
        room: RoomId,
        user: UserId,
        membership: Membership,
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

    // --- what came later (last, so that hashes of traces without it are what they
    // were) ---
    /// A step lets a person invite a user to a room.
    ToldToInvite {
        by: DeviceId,
        user: UserId,
        room: RoomId,
        step: StepIndex,
    },
    /// A server was given the fallback key of another server's device, and
    /// keeps it.
    FallbackKeyShared { server: ServerId, key: KeyName },
}
