//! Real Olm and Megolm behind the model's boundary.
//!
//! Under `--cfg madsim`, inside a run, vodozemac's randomness comes from the
//! run's generator, so that a run can be repeated bit for bit.

mod account;

use std::borrow::Cow;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use unwedge_core::cast::Client;
use unwedge_core::crypto::{Crypto, GroupError, Merge, OlmError, Payload, RoomMessage};
use unwedge_core::name::{KeyId, KeyKind};
use unwedge_core::trace::hash::StableHash;
use vodozemac::megolm::{
    GroupSession, InboundGroupSession, MegolmMessage, SessionConfig as MegolmConfig, SessionKey,
    SessionOrdering,
};
use vodozemac::olm::{
    DecryptionError, OlmMessage, PreKeyMessage, Session, SessionConfig, SessionCreationError,
};
use vodozemac::{Curve25519PublicKey, Ed25519PublicKey, Ed25519Signature, megolm};

pub use account::Account;

/// Real Olm and Megolm.
#[derive(Clone, Copy, Debug, Default)]
pub struct Vodozemac;

/// The public identity keys of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    ed25519: Ed25519PublicKey,
    curve25519: Curve25519PublicKey,
}

/// A Megolm session key, in the form of `m.room_key`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomKey(String);

/// What a database keeps. It is read back from bytes; those of an account, which
/// can hold thousands of keys and is written with each that comes or goes, are
/// made when they are read, for nearly all are overwritten unread.
#[derive(Clone, Debug)]
pub struct Pickle(Kept);

#[derive(Clone, Debug)]
enum Kept {
    Account(Arc<account::Pickle>),
    Bytes(Vec<u8>),
}

impl Crypto for Vodozemac {
    type Account = Account;
    type Session = Session;
    type GroupSession = GroupSession;
    type InboundGroupSession = InboundGroupSession;
    type Pickle = Pickle;
    type Identity = Identity;
    type PublicKey = Curve25519PublicKey;
    type Signature = Ed25519Signature;
    type OlmMessage = OlmMessage;
    type GroupMessage = MegolmMessage;
    type RoomKey = RoomKey;

    type Digest = [u64; 2];

    fn new_account(&mut self, client: Client) -> Account {
        Account::new(client)
    }

    fn identity(&mut self, account: &Account) -> Identity {
        Identity {
            ed25519: account.olm().ed25519_key(),
            curve25519: account.olm().curve25519_key(),
        }
    }

    fn generate_one_time_keys(
        &mut self,
        account: &mut Account,
        count: usize,
        room: usize,
    ) -> Vec<KeyId> {
        account.generate_one_time_keys(count, room)
    }

    fn unpublished_one_time_keys(
        &mut self,
        account: &Account,
    ) -> Vec<(KeyId, Curve25519PublicKey)> {
        account.unpublished_one_time_keys()
    }

    fn published_one_time_keys(
        &mut self,
        account: &Account,
        from: KeyId,
    ) -> Vec<(KeyId, Curve25519PublicKey)> {
        account.published_one_time_keys(from)
    }

    fn one_time_keys(&mut self, account: &Account) -> Vec<KeyId> {
        account.one_time_keys()
    }

    fn count_one_time_keys(&mut self, account: &Account) -> usize {
        account.count_one_time_keys()
    }

    fn hash_key(&mut self, key: &Curve25519PublicKey) -> u64 {
        StableHash::of(&key.as_bytes()).words()[0]
    }

    fn discard_one_time_key(&mut self, account: &mut Account, id: KeyId) {
        account.discard_one_time_key(id);
    }

    fn generate_fallback_key(&mut self, account: &mut Account, room: usize) {
        account.generate_fallback_key(room);
    }

    fn unpublished_fallback_key(
        &mut self,
        account: &Account,
    ) -> Option<(KeyId, Curve25519PublicKey)> {
        account.unpublished_fallback_key()
    }

    fn forget_fallback_key(&mut self, account: &mut Account) {
        account.forget_fallback_key();
    }

    fn mark_keys_as_published(&mut self, account: &mut Account) {
        account.mark_keys_as_published();
    }

    fn sign_key(
        &mut self,
        account: &Account,
        kind: KeyKind,
        key: &Curve25519PublicKey,
    ) -> Ed25519Signature {
        account.olm().sign(signed_json(kind, key))
    }

    fn verify_key(
        &mut self,
        signer: &Identity,
        kind: KeyKind,
        key: &Curve25519PublicKey,
        signature: &Ed25519Signature,
    ) -> bool {
        signer
            .ed25519
            .verify(signed_json(kind, key).as_bytes(), signature)
            .is_ok()
    }

    fn open_session(
        &mut self,
        account: &Account,
        theirs: &Identity,
        their_key: &Curve25519PublicKey,
    ) -> Session {
        account
            .olm()
            .create_outbound_session(SessionConfig::version_1(), theirs.curve25519, *their_key)
            .expect("keys that vodozemac generated contribute to the shared secret")
    }

    fn accept_session(
        &mut self,
        account: &mut Account,
        theirs: &Identity,
        message: &OlmMessage,
    ) -> Result<(Session, Payload<Self>), OlmError> {
        let OlmMessage::PreKey(pre_key) = message else {
            return Err(OlmError::Invalid);
        };
        let accepted = account
            .accept_session(theirs.curve25519, pre_key)
            .map_err(|error| creation_error(&error))?;
        let payload = decode(&accepted.plaintext).ok_or(OlmError::Invalid)?;
        Ok((accepted.session, payload))
    }

    fn opens(&mut self, session: &Session, message: &OlmMessage) -> Option<bool> {
        match message {
            OlmMessage::PreKey(pre_key) => Some(pre_key.session_keys() == session.session_keys()),
            OlmMessage::Normal(_) => None,
        }
    }

    fn encrypt(&mut self, session: &mut Session, payload: &Payload<Self>) -> OlmMessage {
        let message = session.encrypt(encode(payload));
        message.expect("ratchet keys that vodozemac generated contribute to the shared secret")
    }

    fn decrypt(
        &mut self,
        session: &mut Session,
        message: &OlmMessage,
    ) -> Result<Payload<Self>, OlmError> {
        let plaintext = session
            .decrypt(message)
            .map_err(|error| decryption_error(&error))?;
        decode(&plaintext).ok_or(OlmError::Invalid)
    }

    fn chain_index(&mut self, message: &OlmMessage) -> u32 {
        let index = match message {
            OlmMessage::PreKey(pre_key) => pre_key.message().chain_index(),
            OlmMessage::Normal(normal) => normal.chain_index(),
        };
        u32::try_from(index).expect("a run sends fewer than four billion messages")
    }

    fn digest(&mut self, message: &OlmMessage) -> [u64; 2] {
        StableHash::of(&message.to_parts()).words()
    }

    fn damage(&mut self, message: &OlmMessage) -> OlmMessage {
        let damaged = |mut bytes: Vec<u8>| {
            // The authentication code is at the end, so the message looks as
            // it did and is not what it was.
            if let Some(last) = bytes.last_mut() {
                *last ^= 1;
            }
            bytes
        };
        match message {
            OlmMessage::Normal(normal) => {
                let bytes = damaged(normal.to_bytes());
                let message = vodozemac::olm::Message::from_bytes(&bytes);
                OlmMessage::Normal(message.expect("a flipped code is a code"))
            }
            OlmMessage::PreKey(pre_key) => {
                let bytes = damaged(pre_key.message().to_bytes());
                let message = vodozemac::olm::Message::from_bytes(&bytes);
                let message = message.expect("a flipped code is a code");
                let keys = pre_key.session_keys();
                OlmMessage::PreKey(PreKeyMessage::wrap(keys, message))
            }
        }
    }

    fn new_group_session(&mut self) -> GroupSession {
        GroupSession::new(MegolmConfig::version_1())
    }

    fn message_index(&mut self, session: &GroupSession) -> u32 {
        session.message_index()
    }

    fn room_key(&mut self, session: &GroupSession) -> RoomKey {
        RoomKey(session.session_key().to_base64())
    }

    fn encrypt_event(
        &mut self,
        session: &mut GroupSession,
        plaintext: &RoomMessage,
    ) -> MegolmMessage {
        session.encrypt(encode(plaintext))
    }

    fn import_room_key(&mut self, key: &RoomKey) -> Option<InboundGroupSession> {
        let key = SessionKey::from_base64(&key.0).ok()?;
        Some(InboundGroupSession::new(&key, MegolmConfig::version_1()))
    }

    fn first_known_index(&mut self, session: &InboundGroupSession) -> u32 {
        session.first_known_index()
    }

    fn merge(
        &mut self,
        session: &mut InboundGroupSession,
        mut other: InboundGroupSession,
    ) -> Merge {
        match other.compare(session) {
            SessionOrdering::Better => {
                let merged = session.merge(&mut other);
                *session = merged.expect("sessions that compare are connected");
                Merge::Better
            }
            SessionOrdering::Equal | SessionOrdering::Worse => Merge::NothingNew,
            SessionOrdering::Unconnected => Merge::Unconnected,
        }
    }

    fn decrypt_event(
        &mut self,
        session: &mut InboundGroupSession,
        message: &MegolmMessage,
    ) -> Result<(RoomMessage, u32), GroupError> {
        let decrypted = session
            .decrypt(message)
            .map_err(|error| group_error(&error))?;
        let plaintext = decode(&decrypted.plaintext).ok_or(GroupError::Invalid)?;
        Ok((plaintext, decrypted.message_index))
    }

    fn pickle_account(&mut self, account: &Account) -> Pickle {
        Pickle(Kept::Account(Arc::new(account.pickle())))
    }

    fn unpickle_account(&mut self, pickle: &Pickle) -> Account {
        Account::from_pickle(unpickle(&pickle.bytes()))
    }

    fn pickle_session(&mut self, session: &Session) -> Pickle {
        // A ratchet's state is tagged from within, which only a format that
        // describes itself can read back; vodozemac's own pickles are JSON.
        let json = serde_json::to_vec(&session.pickle());
        Pickle::of(json.expect("everything that is kept can be encoded"))
    }

    fn unpickle_session(&mut self, pickle: &Pickle) -> Session {
        let pickle = serde_json::from_slice(&pickle.bytes());
        Session::from_pickle(pickle.expect("a pickle was made by the same version of the library"))
    }

    fn pickle_group_session(&mut self, session: &GroupSession) -> Pickle {
        Pickle::of(encode(&session.pickle()))
    }

    fn unpickle_group_session(&mut self, pickle: &Pickle) -> GroupSession {
        GroupSession::from_pickle(unpickle(&pickle.bytes()))
    }

    fn pickle_inbound_group_session(&mut self, session: &InboundGroupSession) -> Pickle {
        Pickle::of(encode(&session.pickle()))
    }

    fn unpickle_inbound_group_session(&mut self, pickle: &Pickle) -> InboundGroupSession {
        InboundGroupSession::from_pickle(unpickle(&pickle.bytes()))
    }
}

impl Pickle {
    fn of(bytes: Vec<u8>) -> Self {
        Self(Kept::Bytes(bytes))
    }

    fn bytes(&self) -> Cow<'_, [u8]> {
        match &self.0 {
            Kept::Account(pickle) => Cow::Owned(encode(&**pickle)),
            Kept::Bytes(bytes) => Cow::Borrowed(bytes),
        }
    }
}

/// The canonical JSON that a one-time or fallback key is signed as.
fn signed_json(kind: KeyKind, key: &Curve25519PublicKey) -> String {
    let key = key.to_base64();
    match kind {
        KeyKind::OneTime => format!(r#"{{"key":"{key}"}}"#),
        KeyKind::Fallback => format!(r#"{{"fallback":true,"key":"{key}"}}"#),
    }
}

/// The number in a key ID: eight bytes, big-endian, in base64.
fn key_id(id: vodozemac::KeyId) -> KeyId {
    let bytes = BASE64_STANDARD_NO_PAD.decode(id.to_base64()).ok();
    let bytes = bytes.and_then(|bytes| <[u8; 8]>::try_from(bytes).ok());
    KeyId(u64::from_be_bytes(
        bytes.expect("vodozemac's key IDs are eight bytes in base64"),
    ))
}

/// MessagePack with the names of fields: pickles of vodozemac hold enums that
/// only a self-describing format can read back.
fn encode(value: &impl Serialize) -> Vec<u8> {
    rmp_serde::to_vec_named(value).expect("everything that is kept or sent can be encoded")
}

fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    rmp_serde::from_slice(bytes).ok()
}

fn unpickle<T: DeserializeOwned>(pickle: &[u8]) -> T {
    decode(pickle).expect("a pickle was made by the same version of the library")
}

fn creation_error(error: &SessionCreationError) -> OlmError {
    match error {
        SessionCreationError::MissingOneTimeKey(_) => OlmError::MissingOneTimeKey,
        SessionCreationError::Decryption(error) => decryption_error(error),
        SessionCreationError::MismatchedIdentityKey(..)
        | SessionCreationError::MismatchedSessionConfig { .. }
        | SessionCreationError::NonContributoryKey => OlmError::Invalid,
    }
}

fn decryption_error(error: &DecryptionError) -> OlmError {
    match error {
        DecryptionError::MissingMessageKey(_) => OlmError::MissingMessageKey,
        DecryptionError::TooBigMessageGap(..) => OlmError::TooBigMessageGap,
        DecryptionError::InvalidMAC(_)
        | DecryptionError::InvalidMACLength(..)
        | DecryptionError::InvalidPadding(_)
        | DecryptionError::NonContributoryKey => OlmError::Invalid,
    }
}

fn group_error(error: &megolm::DecryptionError) -> GroupError {
    match error {
        megolm::DecryptionError::UnknownMessageIndex(..) => GroupError::UnknownMessageIndex,
        megolm::DecryptionError::Signature(_)
        | megolm::DecryptionError::InvalidMAC(_)
        | megolm::DecryptionError::InvalidMACLength(..)
        | megolm::DecryptionError::InvalidPadding(_) => GroupError::Invalid,
    }
}

#[cfg(test)]
mod tests;
