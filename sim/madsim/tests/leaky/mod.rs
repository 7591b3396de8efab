//! vodozemac, with a leak in it: the order in which one-time keys come out
//! depends on something that a run must not depend on.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::HashMap;

use unwedge_core::cast::Client;
use unwedge_core::crypto::{Content, Crypto, GroupError, Merge, OlmError, Payload, RoomMessage};
use unwedge_core::name::{KeyId, KeyKind};
use unwedge_madsim::Vodozemac as V;

/// What leaks.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Leak {
    /// The order of an unordered map.
    UnorderedMap,
    /// The time of day.
    Clock,
    /// Nothing at all.
    Nothing,
}

/// vodozemac, with a leak in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Leaky(pub(crate) Leak);

/// Calls that are passed on as they are.
macro_rules! pass_on {
    ($(fn $name:ident($($arg:ident: $type:ty),*) $(-> $out:ty)?;)+) => {
        $(fn $name(&mut self, $($arg: $type),*) $(-> $out)? { V.$name($($arg),*) })+
    };
}

impl Crypto for Leaky {
    type Account = <V as Crypto>::Account;
    type Session = <V as Crypto>::Session;
    type GroupSession = <V as Crypto>::GroupSession;
    type InboundGroupSession = <V as Crypto>::InboundGroupSession;
    type Pickle = <V as Crypto>::Pickle;
    type Identity = <V as Crypto>::Identity;
    type PublicKey = <V as Crypto>::PublicKey;
    type Signature = <V as Crypto>::Signature;
    type OlmMessage = <V as Crypto>::OlmMessage;
    type GroupMessage = <V as Crypto>::GroupMessage;
    type RoomKey = <V as Crypto>::RoomKey;
    type Digest = <V as Crypto>::Digest;

    #[expect(clippy::disallowed_methods, reason = "that is the leak")]
    fn unpublished_one_time_keys(
        &mut self,
        account: &Self::Account,
    ) -> Vec<(KeyId, Self::PublicKey)> {
        let mut keys = V.unpublished_one_time_keys(account);
        match self.0 {
            Leak::UnorderedMap => keys
                .into_iter()
                .collect::<HashMap<_, _>>()
                .into_iter()
                .collect(),
            Leak::Clock => {
                let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
                if now.unwrap().as_secs().is_multiple_of(2) {
                    keys.reverse();
                }
                keys
            }
            Leak::Nothing => keys,
        }
    }

    fn encrypt(
        &mut self,
        session: &mut Self::Session,
        payload: &Payload<Self>,
    ) -> Self::OlmMessage {
        V.encrypt(session, &translate(payload.clone()))
    }

    fn decrypt(
        &mut self,
        session: &mut Self::Session,
        message: &Self::OlmMessage,
    ) -> Result<Payload<Self>, OlmError> {
        V.decrypt(session, message).map(translate)
    }

    fn accept_session(
        &mut self,
        account: &mut Self::Account,
        theirs: &Self::Identity,
        message: &Self::OlmMessage,
    ) -> Result<(Self::Session, Payload<Self>), OlmError> {
        let accepted = V.accept_session(account, theirs, message);
        accepted.map(|(session, payload)| (session, translate(payload)))
    }

    pass_on! {
        fn new_account(client: Client) -> Self::Account;
        fn identity(account: &Self::Account) -> Self::Identity;
        fn generate_one_time_keys(account: &mut Self::Account, count: usize, room: usize) -> Vec<KeyId>;
        fn published_one_time_keys(account: &Self::Account, from: KeyId) -> Vec<(KeyId, Self::PublicKey)>;
        fn count_one_time_keys(account: &Self::Account) -> usize;
        fn hash_key(key: &Self::PublicKey) -> u64;
        fn one_time_keys(account: &Self::Account) -> Vec<KeyId>;
        fn discard_one_time_key(account: &mut Self::Account, id: KeyId);
        fn generate_fallback_key(account: &mut Self::Account, room: usize);
        fn forget_fallback_key(account: &mut Self::Account);
        fn unpublished_fallback_key(account: &Self::Account) -> Option<(KeyId, Self::PublicKey)>;
        fn mark_keys_as_published(account: &mut Self::Account);
        fn sign_key(account: &Self::Account, kind: KeyKind, key: &Self::PublicKey) -> Self::Signature;
        fn verify_key(by: &Self::Identity, kind: KeyKind, key: &Self::PublicKey, signature: &Self::Signature) -> bool;
        fn open_session(account: &Self::Account, theirs: &Self::Identity, key: &Self::PublicKey) -> Self::Session;
        fn opens(session: &Self::Session, message: &Self::OlmMessage) -> Option<bool>;
        fn chain_index(message: &Self::OlmMessage) -> u32;
        fn digest(message: &Self::OlmMessage) -> Self::Digest;
        fn damage(message: &Self::OlmMessage) -> Self::OlmMessage;
        fn new_group_session() -> Self::GroupSession;
        fn message_index(session: &Self::GroupSession) -> u32;
        fn room_key(session: &Self::GroupSession) -> Self::RoomKey;
        fn encrypt_event(session: &mut Self::GroupSession, plaintext: &RoomMessage) -> Self::GroupMessage;
        fn import_room_key(key: &Self::RoomKey) -> Option<Self::InboundGroupSession>;
        fn first_known_index(session: &Self::InboundGroupSession) -> u32;
        fn merge(session: &mut Self::InboundGroupSession, other: Self::InboundGroupSession) -> Merge;
        fn decrypt_event(session: &mut Self::InboundGroupSession, message: &Self::GroupMessage) -> Result<(RoomMessage, u32), GroupError>;
        fn pickle_account(account: &Self::Account) -> Self::Pickle;
        fn unpickle_account(pickle: &Self::Pickle) -> Self::Account;
        fn pickle_session(session: &Self::Session) -> Self::Pickle;
        fn unpickle_session(pickle: &Self::Pickle) -> Self::Session;
        fn pickle_group_session(session: &Self::GroupSession) -> Self::Pickle;
        fn unpickle_group_session(pickle: &Self::Pickle) -> Self::GroupSession;
        fn pickle_inbound_group_session(session: &Self::InboundGroupSession) -> Self::Pickle;
        fn unpickle_inbound_group_session(pickle: &Self::Pickle) -> Self::InboundGroupSession;
    }
}

/// The same payload for another cryptography with the same values.
fn translate<A, B>(payload: Payload<A>) -> Payload<B>
where
    A: Crypto,
    B: Crypto<Identity = A::Identity, RoomKey = A::RoomKey>,
{
    let Payload {
        sender,
        sender_identity,
        recipient,
        recipient_identity,
        content,
    } = payload;
    let content = match content {
        Content::RoomKey {
            room,
            session,
            index,
            key,
        } => Content::RoomKey {
            room,
            session,
            index,
            key,
        },
        Content::Dummy => Content::Dummy,
    };
    Payload {
        sender,
        sender_identity,
        recipient,
        recipient_identity,
        content,
    }
}
