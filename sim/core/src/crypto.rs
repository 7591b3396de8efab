//! The boundary to the cryptography: the operations of Olm and Megolm that a
//! client uses, as one trait. The nodes are generic over it and know neither
//! key bytes nor the library behind them.
//!
//! An implementation draws its own randomness and may keep none of the
//! model's state; it must not let key bytes influence the order of anything
//! that it returns.

use std::fmt::Debug;
use std::hash::Hash;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::cast::Client;
use crate::name::{DeviceId, EventId, KeyId, KeyKind, MegolmName, RoomId};

pub mod ideal;

/// Olm and Megolm as a client sees them.
pub trait Crypto: Clone + Debug + Send + 'static {
    /// An Olm account: identity keys, one-time keys, fallback keys.
    type Account: Send;
    /// One end of an Olm session.
    type Session: Send;
    /// The sending end of a Megolm session.
    type GroupSession: Send;
    /// A receiving end of a Megolm session.
    type InboundGroupSession: Send;
    /// What a database keeps of any of the four.
    type Pickle: Clone + Debug + Send + Sync;

    /// The public Ed25519 and Curve25519 keys of a device.
    type Identity: Clone + Debug + PartialEq + Send + Sync + Serialize + DeserializeOwned;
    /// A public one-time or fallback key.
    type PublicKey: Clone + Debug + PartialEq + Send + Sync;
    /// A signature over a public key.
    type Signature: Clone + Debug + Send + Sync;
    /// An Olm ciphertext.
    type OlmMessage: Clone + Debug + Send + Sync;
    /// A Megolm ciphertext.
    type GroupMessage: Clone + Debug + Send + Sync;
    /// A Megolm session at some message index, as it is shared.
    type RoomKey: Clone + Debug + Send + Sync + Serialize + DeserializeOwned;

    /// What tells one Olm ciphertext from another.
    type Digest: Clone + Debug + Eq + Hash + Send;

    /// A new account of this client, without one-time or fallback keys. The
    /// client decides how keys are numbered and how many are kept.
    fn new_account(&mut self, client: Client) -> Self::Account;
    /// The account's public identity keys.
    fn identity(&mut self, account: &Self::Account) -> Self::Identity;
    /// Generates one-time keys for a store with room for so many; the IDs of
    /// the private keys that were discarded to make room come back (BS §1.2:
    /// lowest ID first).
    fn generate_one_time_keys(
        &mut self,
        account: &mut Self::Account,
        count: usize,
        room: usize,
    ) -> Vec<KeyId>;
    /// The one-time keys that are not marked as published, by ascending ID.
    fn unpublished_one_time_keys(
        &mut self,
        account: &Self::Account,
    ) -> Vec<(KeyId, Self::PublicKey)>;
    /// The one-time keys from this ID on that are marked as published and whose
    /// private half is held, by ascending ID.
    fn published_one_time_keys(
        &mut self,
        account: &Self::Account,
        from: KeyId,
    ) -> Vec<(KeyId, Self::PublicKey)>;
    /// The IDs of all one-time keys whose private half is held, ascending.
    fn one_time_keys(&mut self, account: &Self::Account) -> Vec<KeyId>;
    /// How many one-time keys there are whose private half is held.
    fn count_one_time_keys(&mut self, account: &Self::Account) -> usize;
    /// A hash of a public key.
    fn hash_key(&mut self, key: &Self::PublicKey) -> u64;
    /// Deletes the private half of a one-time key, if it is held.
    fn discard_one_time_key(&mut self, account: &mut Self::Account, id: KeyId);
    /// Generates a fallback key. The current one joins those that were
    /// replaced, of which so many are kept (at least one): the oldest are
    /// destroyed.
    fn generate_fallback_key(&mut self, account: &mut Self::Account, room: usize);
    /// The fallback key, unless it is marked as published.
    fn unpublished_fallback_key(
        &mut self,
        account: &Self::Account,
    ) -> Option<(KeyId, Self::PublicKey)>;
    /// Destroys the oldest of the fallback keys that were replaced, if one is
    /// held.
    fn forget_fallback_key(&mut self, account: &mut Self::Account);
    /// Marks whatever is unpublished at this moment as published.
    fn mark_keys_as_published(&mut self, account: &mut Self::Account);
    /// Signs a key of the account.
    fn sign_key(
        &mut self,
        account: &Self::Account,
        kind: KeyKind,
        key: &Self::PublicKey,
    ) -> Self::Signature;
    /// Whether `signer` signed the key.
    fn verify_key(
        &mut self,
        signer: &Self::Identity,
        kind: KeyKind,
        key: &Self::PublicKey,
        signature: &Self::Signature,
    ) -> bool;

    /// Opens a session with the device that `their_key` was claimed from.
    fn open_session(
        &mut self,
        account: &Self::Account,
        theirs: &Self::Identity,
        their_key: &Self::PublicKey,
    ) -> Self::Session;
    /// Accepts the session that a pre-key message opens. The one-time key is
    /// deleted if, and only if, the message decrypts.
    ///
    /// # Errors
    /// When the private key is gone or the message is not what it should be.
    fn accept_session(
        &mut self,
        account: &mut Self::Account,
        theirs: &Self::Identity,
        message: &Self::OlmMessage,
    ) -> Result<(Self::Session, Payload<Self>), OlmError>;
    /// Whether the message is a pre-key message of this session; nothing if
    /// it is no pre-key message.
    fn opens(&mut self, session: &Self::Session, message: &Self::OlmMessage) -> Option<bool>;
    /// Encrypts with an Olm session.
    fn encrypt(&mut self, session: &mut Self::Session, payload: &Payload<Self>)
    -> Self::OlmMessage;
    /// Decrypts with an Olm session, which is unchanged by a failure.
    ///
    /// # Errors
    /// When this session cannot decrypt the message.
    fn decrypt(
        &mut self,
        session: &mut Self::Session,
        message: &Self::OlmMessage,
    ) -> Result<Payload<Self>, OlmError>;

    /// The place of an Olm message in its chain.
    fn chain_index(&mut self, message: &Self::OlmMessage) -> u32;
    /// Tells one ciphertext from another: equal digests, equal messages.
    fn digest(&mut self, message: &Self::OlmMessage) -> Self::Digest;
    /// The same message to look at, but with a body that no session decrypts.
    fn damage(&mut self, message: &Self::OlmMessage) -> Self::OlmMessage;

    /// A new Megolm session at index 0.
    fn new_group_session(&mut self) -> Self::GroupSession;
    /// The message index that the next message gets.
    fn message_index(&mut self, session: &Self::GroupSession) -> u32;
    /// The session's key from its present index on.
    fn room_key(&mut self, session: &Self::GroupSession) -> Self::RoomKey;
    /// Encrypts with a Megolm session and moves it on by one index.
    fn encrypt_event(
        &mut self,
        session: &mut Self::GroupSession,
        plaintext: &RoomMessage,
    ) -> Self::GroupMessage;
    /// The receiving end that a shared key makes; nothing if it is malformed.
    fn import_room_key(&mut self, key: &Self::RoomKey) -> Option<Self::InboundGroupSession>;
    /// The lowest index that this end can decrypt.
    fn first_known_index(&mut self, session: &Self::InboundGroupSession) -> u32;
    /// Adds what another end of the same session knows to this one.
    fn merge(
        &mut self,
        session: &mut Self::InboundGroupSession,
        other: Self::InboundGroupSession,
    ) -> Merge;
    /// Decrypts an event; its message index comes with the plaintext.
    ///
    /// # Errors
    /// When this end cannot decrypt the message.
    fn decrypt_event(
        &mut self,
        session: &mut Self::InboundGroupSession,
        message: &Self::GroupMessage,
    ) -> Result<(RoomMessage, u32), GroupError>;

    /// What a database keeps of an account.
    fn pickle_account(&mut self, account: &Self::Account) -> Self::Pickle;
    /// The account that was kept.
    fn unpickle_account(&mut self, pickle: &Self::Pickle) -> Self::Account;
    /// What a database keeps of an Olm session.
    fn pickle_session(&mut self, session: &Self::Session) -> Self::Pickle;
    /// The Olm session that was kept.
    fn unpickle_session(&mut self, pickle: &Self::Pickle) -> Self::Session;
    /// What a database keeps of the sending end of a Megolm session.
    fn pickle_group_session(&mut self, session: &Self::GroupSession) -> Self::Pickle;
    /// The sending end that was kept.
    fn unpickle_group_session(&mut self, pickle: &Self::Pickle) -> Self::GroupSession;
    /// What a database keeps of a receiving end of a Megolm session.
    fn pickle_inbound_group_session(&mut self, session: &Self::InboundGroupSession)
    -> Self::Pickle;
    /// The receiving end that was kept.
    fn unpickle_inbound_group_session(
        &mut self,
        pickle: &Self::Pickle,
    ) -> Self::InboundGroupSession;
}

/// Why an Olm message could not be decrypted. Only the kind of an error is
/// kept, never its text: texts change with the library.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OlmError {
    /// The private half of the key that the message was made for is gone, or
    /// never was on this device.
    MissingOneTimeKey,
    /// The message key was used before, or its ratchet has moved too far on.
    MissingMessageKey,
    /// More messages are missing on this chain than the ratchet will skip.
    TooBigMessageGap,
    /// The message is not from this session, or damaged.
    Invalid,
}

/// What became of a second room key of one Megolm session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Merge {
    /// It starts earlier, and took the place of the first.
    Better,
    /// It tells nothing new.
    NothingNew,
    /// The two are not of one ratchet: the newcomer was discarded.
    Unconnected,
}

/// Why a room event could not be decrypted with a session of the right name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GroupError {
    /// The session is known only from a later index on.
    UnknownMessageIndex,
    /// The message is not from this session, or damaged.
    Invalid,
}

/// What an Olm message carries. Both sides' identities are inside, so that a
/// message cannot be passed on as somebody else's (BS §1.6).
#[derive(Clone, Debug, Serialize, serde::Deserialize)]
#[serde(bound = "")]
pub struct Payload<C: Crypto> {
    /// Who encrypted it.
    pub sender: DeviceId,
    /// The sender's identity keys.
    pub sender_identity: C::Identity,
    /// Who it is for.
    pub recipient: DeviceId,
    /// The recipient's identity keys.
    pub recipient_identity: C::Identity,
    /// The event inside.
    pub content: Content<C>,
}

/// The event inside an Olm message.
#[derive(Clone, Debug, Serialize, serde::Deserialize)]
#[serde(bound = "")]
pub enum Content<C: Crypto> {
    /// `m.room_key`.
    RoomKey {
        /// The room it is for.
        room: RoomId,
        /// Which Megolm session it is.
        session: MegolmName,
        /// From which message index on.
        index: u32,
        /// The key itself.
        key: C::RoomKey,
    },
    /// `m.dummy`: says only that a new session exists.
    Dummy,
}

/// What a room event says once it is decrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, serde::Deserialize)]
pub struct RoomMessage {
    /// The event that it was encrypted for, to see that the right plaintext
    /// came out.
    pub event: EventId,
    /// What was said.
    pub body: Body,
}

/// What a person said. The phases of a run say things of their own, which the
/// oracles look for.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, serde::Deserialize,
)]
pub enum Body {
    /// Something said in the scenario's timeline.
    Timeline,
    /// The first probe, in the Megolm session that the device has.
    ProbeOld,
    /// The first probe, in a Megolm session made for it.
    ProbeFresh,
    /// The second probe.
    ProbeAgain,
}
