//! Ideal cryptography: Olm and Megolm by their rules alone. What can be read
//! with what, which private keys are left and what each failure is called are
//! as in vodozemac; keys are numbers, and a ciphertext is its plaintext with a
//! note of what it takes to read it.
//!
//! This file owns where fresh keys come from and the boundary; the rules are
//! in the modules below. Nothing here hashes, serialises or draws, so that it
//! costs next to nothing beside the nodes that use it. That vodozemac gives the
//! same answers is for a test to show, where vodozemac is.

mod account;
mod megolm;
mod olm;

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use super::{Crypto, GroupError, Merge, OlmError, Payload, RoomMessage};
use crate::cast::Client;
use crate::name::{KeyId, KeyKind};

pub use account::Account;
pub use megolm::{GroupMessage, GroupSession, InboundGroupSession, RoomKey};
pub use olm::{Digest, OlmMessage, Session};

/// Ideal cryptography, and the source of all its keys: objects that meet must
/// come from one value, or from clones of which only one makes keys.
#[derive(Clone, Debug, Default)]
pub struct Ideal {
    /// How many keys were made.
    made: u32,
}

/// A key pair, by a number that no other key pair has. It is the name of the
/// public half; who holds the private half is a matter of the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key(NonZeroU32);

/// The public identity keys of a device. They are made together and change
/// together, so one number stands for both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity(Key);

/// A signature, as what it vouches for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature {
    signer: Identity,
    kind: KeyKind,
    key: Key,
}

/// What a database keeps: the object itself, whose large parts are shared.
#[derive(Clone, Debug)]
pub enum Pickle {
    /// An account.
    Account(Account),
    /// One end of an Olm session.
    Session(Session),
    /// The sending end of a Megolm session.
    GroupSession(GroupSession),
    /// A receiving end of a Megolm session.
    InboundGroupSession(InboundGroupSession),
}

impl Ideal {
    /// A key that nobody has.
    fn key(&mut self) -> Key {
        let number = NonZeroU32::MIN.checked_add(self.made);
        self.made += 1;
        Key(number.expect("a run makes fewer than four billion keys"))
    }
}

impl Crypto for Ideal {
    type Account = Account;
    type Session = Session;
    type GroupSession = GroupSession;
    type InboundGroupSession = InboundGroupSession;
    type Pickle = Pickle;
    type Identity = Identity;
    type PublicKey = Key;
    type Signature = Signature;
    type OlmMessage = OlmMessage;
    type GroupMessage = GroupMessage;
    type RoomKey = RoomKey;
    type Digest = Digest;

    fn new_account(&mut self, client: Client) -> Account {
        Account::new(client, Identity(self.key()))
    }

    fn identity(&mut self, account: &Account) -> Identity {
        account.identity()
    }

    fn generate_one_time_keys(
        &mut self,
        account: &mut Account,
        count: usize,
        room: usize,
    ) -> Vec<KeyId> {
        account.generate_one_time_keys(count, room, || self.key())
    }

    fn unpublished_one_time_keys(&mut self, account: &Account) -> Vec<(KeyId, Key)> {
        account.unpublished_one_time_keys()
    }

    fn published_one_time_keys(&mut self, account: &Account, from: KeyId) -> Vec<(KeyId, Key)> {
        account.published_one_time_keys(from)
    }

    fn one_time_keys(&mut self, account: &Account) -> Vec<KeyId> {
        account.one_time_keys()
    }

    fn count_one_time_keys(&mut self, account: &Account) -> usize {
        account.count_one_time_keys()
    }

    fn hash_key(&mut self, key: &Key) -> u64 {
        u64::from(key.0.get())
    }

    fn discard_one_time_key(&mut self, account: &mut Account, id: KeyId) {
        account.discard_one_time_key(id);
    }

    fn generate_fallback_key(&mut self, account: &mut Account, room: usize) {
        account.generate_fallback_key(self.key(), room);
    }

    fn unpublished_fallback_key(&mut self, account: &Account) -> Option<(KeyId, Key)> {
        account.unpublished_fallback_key()
    }

    fn forget_fallback_key(&mut self, account: &mut Account) {
        account.forget_fallback_key();
    }

    fn mark_keys_as_published(&mut self, account: &mut Account) {
        account.mark_keys_as_published();
    }

    fn sign_key(&mut self, account: &Account, kind: KeyKind, key: &Key) -> Signature {
        Signature {
            signer: account.identity(),
            kind,
            key: *key,
        }
    }

    fn verify_key(
        &mut self,
        signer: &Identity,
        kind: KeyKind,
        key: &Key,
        signature: &Signature,
    ) -> bool {
        let vouched = Signature {
            signer: *signer,
            kind,
            key: *key,
        };
        *signature == vouched
    }

    fn open_session(&mut self, account: &Account, theirs: &Identity, their_key: &Key) -> Session {
        let (base, chain) = (self.key(), self.key());
        Session::open(account.identity(), *theirs, *their_key, base, chain)
    }

    fn accept_session(
        &mut self,
        account: &mut Account,
        theirs: &Identity,
        message: &OlmMessage,
    ) -> Result<(Session, Payload<Self>), OlmError> {
        account.accept_session(*theirs, message)
    }

    fn opens(&mut self, session: &Session, message: &OlmMessage) -> Option<bool> {
        session.is_opened_by(message)
    }

    fn encrypt(&mut self, session: &mut Session, payload: &Payload<Self>) -> OlmMessage {
        session.encrypt(payload, || self.key())
    }

    fn decrypt(
        &mut self,
        session: &mut Session,
        message: &OlmMessage,
    ) -> Result<Payload<Self>, OlmError> {
        session.decrypt(message, || self.key())
    }

    fn chain_index(&mut self, message: &OlmMessage) -> u32 {
        message.index()
    }

    fn digest(&mut self, message: &OlmMessage) -> Digest {
        message.digest()
    }

    fn damage(&mut self, message: &OlmMessage) -> OlmMessage {
        message.damaged()
    }

    fn new_group_session(&mut self) -> GroupSession {
        GroupSession::new(self.key())
    }

    fn message_index(&mut self, session: &GroupSession) -> u32 {
        session.message_index()
    }

    fn room_key(&mut self, session: &GroupSession) -> RoomKey {
        session.room_key()
    }

    fn encrypt_event(
        &mut self,
        session: &mut GroupSession,
        plaintext: &RoomMessage,
    ) -> GroupMessage {
        session.encrypt(*plaintext)
    }

    fn import_room_key(&mut self, key: &RoomKey) -> Option<InboundGroupSession> {
        Some(InboundGroupSession::import(*key))
    }

    fn first_known_index(&mut self, session: &InboundGroupSession) -> u32 {
        session.first_known_index()
    }

    fn merge(&mut self, session: &mut InboundGroupSession, other: InboundGroupSession) -> Merge {
        session.merge(other)
    }

    fn decrypt_event(
        &mut self,
        session: &mut InboundGroupSession,
        message: &GroupMessage,
    ) -> Result<(RoomMessage, u32), GroupError> {
        session.decrypt(message)
    }

    fn pickle_account(&mut self, account: &Account) -> Pickle {
        Pickle::Account(account.clone())
    }

    fn unpickle_account(&mut self, pickle: &Pickle) -> Account {
        match pickle {
            Pickle::Account(account) => account.clone(),
            Pickle::Session(_) | Pickle::GroupSession(_) | Pickle::InboundGroupSession(_) => {
                mixed_up()
            }
        }
    }

    fn pickle_session(&mut self, session: &Session) -> Pickle {
        Pickle::Session(session.clone())
    }

    fn unpickle_session(&mut self, pickle: &Pickle) -> Session {
        match pickle {
            Pickle::Session(session) => session.clone(),
            Pickle::Account(_) | Pickle::GroupSession(_) | Pickle::InboundGroupSession(_) => {
                mixed_up()
            }
        }
    }

    fn pickle_group_session(&mut self, session: &GroupSession) -> Pickle {
        Pickle::GroupSession(*session)
    }

    fn unpickle_group_session(&mut self, pickle: &Pickle) -> GroupSession {
        match pickle {
            Pickle::GroupSession(session) => *session,
            Pickle::Account(_) | Pickle::Session(_) | Pickle::InboundGroupSession(_) => mixed_up(),
        }
    }

    fn pickle_inbound_group_session(&mut self, session: &InboundGroupSession) -> Pickle {
        Pickle::InboundGroupSession(*session)
    }

    fn unpickle_inbound_group_session(&mut self, pickle: &Pickle) -> InboundGroupSession {
        match pickle {
            Pickle::InboundGroupSession(session) => *session,
            Pickle::Account(_) | Pickle::Session(_) | Pickle::GroupSession(_) => mixed_up(),
        }
    }
}

fn mixed_up() -> ! {
    panic!("each row of a store keeps pickles of one kind")
}
