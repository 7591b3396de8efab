//! A cryptography that records every call, and can make the same calls again
//! with nothing around them.
//!
//! Keys are random, so a call cannot be repeated with the bytes of the first
//! time: a message that one account encrypted does not decrypt with another.
//! Every value therefore has a number, and a call names the values that it
//! took and gave. A replay makes the values anew.

use serde::{Deserialize, Serialize};
use unwedge_core::cast::Client;
use unwedge_core::crypto::{Content, Crypto, GroupError, Merge, OlmError, Payload, RoomMessage};
use unwedge_core::name::{DeviceId, KeyId, KeyKind, MegolmName, RoomId};
use unwedge_madsim::Vodozemac as V;

use crate::replay::Call;

/// The number of a value.
pub(crate) type Number = usize;

/// Records every call.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recorder {
    pub(crate) calls: Vec<Call>,
    pub(crate) values: Number,
}

/// A value and its number.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Known<T> {
    number: Number,
    value: T,
}

impl<T: PartialEq> PartialEq for Known<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

/// A payload by the numbers of what is in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) sender: DeviceId,
    pub(crate) sender_identity: Number,
    pub(crate) recipient: DeviceId,
    pub(crate) recipient_identity: Number,
    pub(crate) room_key: Option<(RoomId, MegolmName, u32, Number)>,
}

impl Recorder {
    fn know<T>(&mut self, value: T) -> Known<T> {
        let number = self.values;
        self.values += 1;
        Known { number, value }
    }

    /// Numbers what a decrypted payload holds.
    fn unpack(&mut self, payload: Payload<V>) -> (Shape, Payload<Self>) {
        let sender_identity = self.know(payload.sender_identity);
        let recipient_identity = self.know(payload.recipient_identity);
        let content = match payload.content {
            Content::Dummy => Content::Dummy,
            Content::RoomKey {
                room,
                session,
                index,
                key,
            } => Content::RoomKey {
                room,
                session,
                index,
                key: self.know(key),
            },
        };
        let (sender, recipient) = (payload.sender, payload.recipient);
        let payload = Payload {
            sender,
            sender_identity,
            recipient,
            recipient_identity,
            content,
        };
        (shape(&payload), payload)
    }
}

fn shape(payload: &Payload<Recorder>) -> Shape {
    Shape {
        sender: payload.sender,
        sender_identity: payload.sender_identity.number,
        recipient: payload.recipient,
        recipient_identity: payload.recipient_identity.number,
        room_key: match &payload.content {
            Content::Dummy => None,
            Content::RoomKey {
                room,
                session,
                index,
                key,
            } => Some((*room, *session, *index, key.number)),
        },
    }
}

fn plain(payload: &Payload<Recorder>) -> Payload<V> {
    Payload {
        sender: payload.sender,
        sender_identity: payload.sender_identity.value,
        recipient: payload.recipient,
        recipient_identity: payload.recipient_identity.value,
        content: match &payload.content {
            Content::Dummy => Content::Dummy,
            Content::RoomKey {
                room,
                session,
                index,
                key,
            } => Content::RoomKey {
                room: *room,
                session: *session,
                index: *index,
                key: key.value.clone(),
            },
        },
    }
}

impl Crypto for Recorder {
    type Account = Known<<V as Crypto>::Account>;
    type Session = Known<<V as Crypto>::Session>;
    type GroupSession = Known<<V as Crypto>::GroupSession>;
    type InboundGroupSession = Known<<V as Crypto>::InboundGroupSession>;
    type Pickle = Known<<V as Crypto>::Pickle>;
    type Identity = Known<<V as Crypto>::Identity>;
    type PublicKey = Known<<V as Crypto>::PublicKey>;
    type Signature = Known<<V as Crypto>::Signature>;
    type OlmMessage = Known<<V as Crypto>::OlmMessage>;
    type GroupMessage = Known<<V as Crypto>::GroupMessage>;
    type RoomKey = Known<<V as Crypto>::RoomKey>;
    type Digest = <V as Crypto>::Digest;

    fn new_account(&mut self, client: Client) -> Self::Account {
        let account = self.know(V.new_account(client));
        self.calls.push(Call::NewAccount(client, account.number));
        account
    }

    fn identity(&mut self, account: &Self::Account) -> Self::Identity {
        let identity = self.know(V.identity(&account.value));
        self.calls
            .push(Call::Identity(account.number, identity.number));
        identity
    }

    fn generate_one_time_keys(
        &mut self,
        account: &mut Self::Account,
        count: usize,
        room: usize,
    ) -> Vec<KeyId> {
        self.calls
            .push(Call::GenerateOneTimeKeys(account.number, count, room));
        V.generate_one_time_keys(&mut account.value, count, room)
    }

    fn unpublished_one_time_keys(
        &mut self,
        account: &Self::Account,
    ) -> Vec<(KeyId, Self::PublicKey)> {
        let keys = V.unpublished_one_time_keys(&account.value).into_iter();
        let keys: Vec<_> = keys.map(|(id, key)| (id, self.know(key))).collect();
        let numbers = keys.iter().map(|(_, key)| key.number).collect();
        self.calls
            .push(Call::UnpublishedOneTimeKeys(account.number, numbers));
        keys
    }

    fn published_one_time_keys(
        &mut self,
        account: &Self::Account,
        from: KeyId,
    ) -> Vec<(KeyId, Self::PublicKey)> {
        let keys = V.published_one_time_keys(&account.value, from).into_iter();
        let keys: Vec<_> = keys.map(|(id, key)| (id, self.know(key))).collect();
        let numbers = keys.iter().map(|(_, key)| key.number).collect();
        self.calls
            .push(Call::PublishedOneTimeKeys(account.number, from, numbers));
        keys
    }

    fn one_time_keys(&mut self, account: &Self::Account) -> Vec<KeyId> {
        V.one_time_keys(&account.value)
    }

    fn count_one_time_keys(&mut self, account: &Self::Account) -> usize {
        V.count_one_time_keys(&account.value)
    }

    fn hash_key(&mut self, key: &Self::PublicKey) -> u64 {
        V.hash_key(&key.value)
    }

    fn discard_one_time_key(&mut self, account: &mut Self::Account, id: KeyId) {
        self.calls.push(Call::DiscardOneTimeKey(account.number, id));
        V.discard_one_time_key(&mut account.value, id);
    }

    fn forget_fallback_key(&mut self, account: &mut Self::Account) {
        self.calls.push(Call::ForgetFallbackKey(account.number));
        V.forget_fallback_key(&mut account.value);
    }

    fn generate_fallback_key(&mut self, account: &mut Self::Account, room: usize) {
        self.calls
            .push(Call::GenerateFallbackKey(account.number, room));
        V.generate_fallback_key(&mut account.value, room);
    }

    fn unpublished_fallback_key(
        &mut self,
        account: &Self::Account,
    ) -> Option<(KeyId, Self::PublicKey)> {
        let key = V.unpublished_fallback_key(&account.value);
        let key = key.map(|(id, key)| (id, self.know(key)));
        let number = key.as_ref().map(|(_, key)| key.number);
        self.calls
            .push(Call::UnpublishedFallbackKey(account.number, number));
        key
    }

    fn mark_keys_as_published(&mut self, account: &mut Self::Account) {
        self.calls.push(Call::MarkKeysAsPublished(account.number));
        V.mark_keys_as_published(&mut account.value);
    }

    fn sign_key(
        &mut self,
        account: &Self::Account,
        kind: KeyKind,
        key: &Self::PublicKey,
    ) -> Self::Signature {
        let signature = self.know(V.sign_key(&account.value, kind, &key.value));
        self.calls.push(Call::SignKey(
            account.number,
            kind,
            key.number,
            signature.number,
        ));
        signature
    }

    fn verify_key(
        &mut self,
        signer: &Self::Identity,
        kind: KeyKind,
        key: &Self::PublicKey,
        signature: &Self::Signature,
    ) -> bool {
        self.calls.push(Call::VerifyKey(
            signer.number,
            kind,
            key.number,
            signature.number,
        ));
        V.verify_key(&signer.value, kind, &key.value, &signature.value)
    }

    fn open_session(
        &mut self,
        account: &Self::Account,
        theirs: &Self::Identity,
        their_key: &Self::PublicKey,
    ) -> Self::Session {
        let session = V.open_session(&account.value, &theirs.value, &their_key.value);
        let session = self.know(session);
        let call = Call::OpenSession(
            account.number,
            theirs.number,
            their_key.number,
            session.number,
        );
        self.calls.push(call);
        session
    }

    fn accept_session(
        &mut self,
        account: &mut Self::Account,
        theirs: &Self::Identity,
        message: &Self::OlmMessage,
    ) -> Result<(Self::Session, Payload<Self>), OlmError> {
        let result = V.accept_session(&mut account.value, &theirs.value, &message.value);
        let result = result.map(|(session, payload)| (self.know(session), self.unpack(payload)));
        let made = result
            .as_ref()
            .ok()
            .map(|(session, (shape, _))| (session.number, *shape));
        let call = Call::AcceptSession(account.number, theirs.number, message.number, made);
        self.calls.push(call);
        result.map(|(session, (_, payload))| (session, payload))
    }

    fn opens(&mut self, session: &Self::Session, message: &Self::OlmMessage) -> Option<bool> {
        self.calls.push(Call::Opens(session.number, message.number));
        V.opens(&session.value, &message.value)
    }

    fn encrypt(
        &mut self,
        session: &mut Self::Session,
        payload: &Payload<Self>,
    ) -> Self::OlmMessage {
        let message = self.know(V.encrypt(&mut session.value, &plain(payload)));
        self.calls.push(Call::Encrypt(
            session.number,
            shape(payload),
            message.number,
        ));
        message
    }

    fn decrypt(
        &mut self,
        session: &mut Self::Session,
        message: &Self::OlmMessage,
    ) -> Result<Payload<Self>, OlmError> {
        let result = V.decrypt(&mut session.value, &message.value);
        let result = result.map(|payload| self.unpack(payload));
        let made = result.as_ref().ok().map(|(shape, _)| *shape);
        self.calls
            .push(Call::Decrypt(session.number, message.number, made));
        result.map(|(_, payload)| payload)
    }

    /// Only reads a field: not worth measuring.
    fn chain_index(&mut self, message: &Self::OlmMessage) -> u32 {
        V.chain_index(&message.value)
    }

    fn digest(&mut self, message: &Self::OlmMessage) -> Self::Digest {
        self.calls.push(Call::Digest(message.number));
        V.digest(&message.value)
    }

    fn damage(&mut self, message: &Self::OlmMessage) -> Self::OlmMessage {
        let damaged = self.know(V.damage(&message.value));
        self.calls
            .push(Call::Damage(message.number, damaged.number));
        damaged
    }

    fn new_group_session(&mut self) -> Self::GroupSession {
        let session = self.know(V.new_group_session());
        self.calls.push(Call::NewGroupSession(session.number));
        session
    }

    fn message_index(&mut self, session: &Self::GroupSession) -> u32 {
        V.message_index(&session.value)
    }

    fn room_key(&mut self, session: &Self::GroupSession) -> Self::RoomKey {
        let key = self.know(V.room_key(&session.value));
        self.calls.push(Call::RoomKey(session.number, key.number));
        key
    }

    fn encrypt_event(
        &mut self,
        session: &mut Self::GroupSession,
        plaintext: &RoomMessage,
    ) -> Self::GroupMessage {
        let message = self.know(V.encrypt_event(&mut session.value, plaintext));
        self.calls.push(Call::EncryptEvent(
            session.number,
            *plaintext,
            message.number,
        ));
        message
    }

    fn import_room_key(&mut self, key: &Self::RoomKey) -> Option<Self::InboundGroupSession> {
        let session = V
            .import_room_key(&key.value)
            .map(|session| self.know(session));
        let number = session.as_ref().map(|session| session.number);
        self.calls.push(Call::ImportRoomKey(key.number, number));
        session
    }

    fn first_known_index(&mut self, session: &Self::InboundGroupSession) -> u32 {
        V.first_known_index(&session.value)
    }

    fn merge(
        &mut self,
        session: &mut Self::InboundGroupSession,
        other: Self::InboundGroupSession,
    ) -> Merge {
        self.calls.push(Call::Merge(session.number, other.number));
        V.merge(&mut session.value, other.value)
    }

    fn decrypt_event(
        &mut self,
        session: &mut Self::InboundGroupSession,
        message: &Self::GroupMessage,
    ) -> Result<(RoomMessage, u32), GroupError> {
        self.calls
            .push(Call::DecryptEvent(session.number, message.number));
        V.decrypt_event(&mut session.value, &message.value)
    }

    fn pickle_account(&mut self, account: &Self::Account) -> Self::Pickle {
        let pickle = self.know(V.pickle_account(&account.value));
        self.calls
            .push(Call::PickleAccount(account.number, pickle.number));
        pickle
    }

    fn unpickle_account(&mut self, pickle: &Self::Pickle) -> Self::Account {
        let account = self.know(V.unpickle_account(&pickle.value));
        self.calls
            .push(Call::UnpickleAccount(pickle.number, account.number));
        account
    }

    fn pickle_session(&mut self, session: &Self::Session) -> Self::Pickle {
        let pickle = self.know(V.pickle_session(&session.value));
        self.calls
            .push(Call::PickleSession(session.number, pickle.number));
        pickle
    }

    fn unpickle_session(&mut self, pickle: &Self::Pickle) -> Self::Session {
        let session = self.know(V.unpickle_session(&pickle.value));
        self.calls
            .push(Call::UnpickleSession(pickle.number, session.number));
        session
    }

    fn pickle_group_session(&mut self, session: &Self::GroupSession) -> Self::Pickle {
        let pickle = self.know(V.pickle_group_session(&session.value));
        self.calls
            .push(Call::PickleGroupSession(session.number, pickle.number));
        pickle
    }

    fn unpickle_group_session(&mut self, pickle: &Self::Pickle) -> Self::GroupSession {
        let session = self.know(V.unpickle_group_session(&pickle.value));
        self.calls
            .push(Call::UnpickleGroupSession(pickle.number, session.number));
        session
    }

    fn pickle_inbound_group_session(
        &mut self,
        session: &Self::InboundGroupSession,
    ) -> Self::Pickle {
        let pickle = self.know(V.pickle_inbound_group_session(&session.value));
        self.calls.push(Call::PickleInboundGroupSession(
            session.number,
            pickle.number,
        ));
        pickle
    }

    fn unpickle_inbound_group_session(
        &mut self,
        pickle: &Self::Pickle,
    ) -> Self::InboundGroupSession {
        let session = self.know(V.unpickle_inbound_group_session(&pickle.value));
        self.calls.push(Call::UnpickleInboundGroupSession(
            pickle.number,
            session.number,
        ));
        session
    }
}
