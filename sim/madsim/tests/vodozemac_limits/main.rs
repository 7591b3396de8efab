//! vodozemac's own limits, asked of vodozemac itself. The model and the
//! scenarios rely on each of them, so an upgrade that moves one fails the test
//! that has its name. This file owns what the tests share.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod fallback_keys;
mod key_ids;
mod megolm;
mod olm;
mod one_time_keys;
mod pickles;

use serde::Serialize;
use serde::de::DeserializeOwned;
use vodozemac::megolm::{GroupSession, MegolmMessage};
use vodozemac::olm::{
    Account, DecryptionError, InboundCreationResult, Message, OlmMessage, PreKeyMessage, Session,
    SessionConfig, SessionCreationError,
};
use vodozemac::{Curve25519PublicKey, KeyId};

/// Bytes of an Olm message's authentication code, which come last in it.
const MAC_LENGTH: usize = 8;

/// The unpublished one-time keys, by ID.
fn unpublished(account: &Account) -> Vec<(KeyId, Curve25519PublicKey)> {
    let mut keys: Vec<_> = account.one_time_keys().into_iter().collect();
    keys.sort_unstable_by_key(|(id, _)| *id);
    keys
}

/// The public halves of `count` new one-time keys, by ID.
fn one_time_keys(account: &mut Account, count: usize) -> Vec<Curve25519PublicKey> {
    account.generate_one_time_keys(count).created
}

/// The fallback key that waits to be published, if there is one.
fn unpublished_fallback_key(account: &Account) -> Option<(KeyId, Curve25519PublicKey)> {
    let keys: Vec<_> = account.fallback_key().into_iter().collect();
    assert!(keys.len() <= 1, "only the current fallback key is offered");
    keys.first().copied()
}

/// A session that somebody new opens on a key of the account.
fn opener(account: &Account, key: Curve25519PublicKey) -> Session {
    Account::new()
        .create_outbound_session(SessionConfig::version_1(), account.curve25519_key(), key)
        .unwrap()
}

/// What the account makes of a pre-key message.
fn accept(
    account: &mut Account,
    message: &OlmMessage,
) -> Result<InboundCreationResult, SessionCreationError> {
    let message = pre_key(message);
    account.create_inbound_session(SessionConfig::version_1(), message.identity_key(), message)
}

/// What the account makes of the first message of somebody new who uses a key.
fn use_key(
    account: &mut Account,
    key: Curve25519PublicKey,
) -> Result<InboundCreationResult, SessionCreationError> {
    let message = encrypt(&mut opener(account, key));
    accept(account, &message)
}

/// Whether the account has no private half of this key any more.
fn is_missing(account: &mut Account, key: Curve25519PublicKey) -> bool {
    matches!(
        use_key(account, key),
        Err(SessionCreationError::MissingOneTimeKey(missing)) if missing == key
    )
}

/// Both ends of a session, after the opening message and before an answer.
fn sessions() -> (Session, Session) {
    let mut account = Account::new();
    let key = one_time_keys(&mut account, 1)[0];
    let mut opener = opener(&account, key);
    let accepted = accept(&mut account, &encrypt(&mut opener)).unwrap();
    (opener, accepted.session)
}

fn encrypt(session: &mut Session) -> OlmMessage {
    session.encrypt("text").unwrap()
}

/// One message from one end to the other.
fn deliver(from: &mut Session, to: &mut Session) {
    to.decrypt(&encrypt(from)).unwrap();
}

/// Messages that are late: the one after them is read.
fn skip(from: &mut Session, to: &mut Session, count: usize) -> Vec<OlmMessage> {
    let late = (0..count).map(|_| encrypt(from)).collect();
    deliver(from, to);
    late
}

/// A late message of each of so many receiver chains, all older messages read.
fn late_of_each_chain(from: &mut Session, to: &mut Session, chains: usize) -> Vec<OlmMessage> {
    let late_of_one_chain = |_| {
        let late = skip(from, to, 1).remove(0);
        deliver(to, from);
        late
    };
    (0..chains).map(late_of_one_chain).collect()
}

fn pre_key(message: &OlmMessage) -> &PreKeyMessage {
    match message {
        OlmMessage::PreKey(message) => message,
        OlmMessage::Normal(_) => panic!("this message opens no session"),
    }
}

/// The message proper, inside of what opens a session.
fn inner(message: &OlmMessage) -> &Message {
    match message {
        OlmMessage::PreKey(message) => message.message(),
        OlmMessage::Normal(message) => message,
    }
}

/// The message with the last byte of its ciphertext turned over.
fn with_damaged_ciphertext(message: &OlmMessage) -> OlmMessage {
    let damaged = with_damaged_byte(message, MAC_LENGTH + 1);
    assert_ne!(inner(&damaged).ciphertext(), inner(message).ciphertext());
    damaged
}

/// The message with the first byte of its authentication code turned over.
fn with_damaged_mac(message: &OlmMessage) -> OlmMessage {
    let damaged = with_damaged_byte(message, MAC_LENGTH);
    assert_eq!(inner(&damaged).ciphertext(), inner(message).ciphertext());
    damaged
}

fn with_damaged_byte(message: &OlmMessage, from_the_end: usize) -> OlmMessage {
    let (kind, mut bytes) = message.to_parts();
    let place = bytes.len() - from_the_end;
    bytes[place] ^= 0xff;
    OlmMessage::from_parts(kind, &bytes).unwrap()
}

/// Whether the message fails because the key for it is gone.
fn has_no_key_for(session: &mut Session, message: &OlmMessage) -> bool {
    matches!(
        session.decrypt(message),
        Err(DecryptionError::MissingMessageKey(index)) if index == inner(message).chain_index()
    )
}

/// Whether the message fails because its authentication code does not fit.
fn is_not_authentic(session: &mut Session, message: &OlmMessage) -> bool {
    matches!(
        session.decrypt(message),
        Err(DecryptionError::InvalidMAC(_))
    )
}

/// The next messages of an outbound session.
fn send(session: &mut GroupSession, count: u32) -> Vec<MegolmMessage> {
    (0..count).map(|_| session.encrypt("text")).collect()
}

fn restored(account: &Account) -> Account {
    Account::from_pickle(through_json(&account.pickle()))
}

fn restored_session(session: &Session) -> Session {
    Session::from_pickle(through_json(&session.pickle()))
}

fn through_json<T: Serialize + DeserializeOwned>(pickle: &T) -> T {
    serde_json::from_str(&serde_json::to_string(pickle).unwrap()).unwrap()
}
