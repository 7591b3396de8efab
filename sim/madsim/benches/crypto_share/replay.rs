//! The recorded calls, and making them again.

use unwedge_core::cast::Client;
use unwedge_core::crypto::{Content, Crypto, Payload, RoomMessage};
use unwedge_core::name::{KeyId, KeyKind};
use unwedge_madsim::Vodozemac as V;

use crate::record::{Number, Shape};

/// A call, by the numbers of the values that it took and, last, gave.
#[derive(Clone, Debug)]
pub(crate) enum Call {
    NewAccount(Client, Number),
    Identity(Number, Number),
    GenerateOneTimeKeys(Number, usize, usize),
    UnpublishedOneTimeKeys(Number, Vec<Number>),
    PublishedOneTimeKeys(Number, KeyId, Vec<Number>),
    DiscardOneTimeKey(Number, KeyId),
    GenerateFallbackKey(Number, usize),
    ForgetFallbackKey(Number),
    UnpublishedFallbackKey(Number, Option<Number>),
    MarkKeysAsPublished(Number),
    SignKey(Number, KeyKind, Number, Number),
    VerifyKey(Number, KeyKind, Number, Number),
    OpenSession(Number, Number, Number, Number),
    AcceptSession(Number, Number, Number, Option<(Number, Shape)>),
    Opens(Number, Number),
    Encrypt(Number, Shape, Number),
    Decrypt(Number, Number, Option<Shape>),
    Digest(Number),
    Damage(Number, Number),
    NewGroupSession(Number),
    RoomKey(Number, Number),
    EncryptEvent(Number, RoomMessage, Number),
    ImportRoomKey(Number, Option<Number>),
    Merge(Number, Number),
    DecryptEvent(Number, Number),
    PickleAccount(Number, Number),
    UnpickleAccount(Number, Number),
    PickleSession(Number, Number),
    UnpickleSession(Number, Number),
    PickleGroupSession(Number, Number),
    UnpickleGroupSession(Number, Number),
    PickleInboundGroupSession(Number, Number),
    UnpickleInboundGroupSession(Number, Number),
}

/// A table of values of one type, by number.
struct Values<T>(Vec<Option<T>>);

impl<T> Values<T> {
    fn new(count: usize) -> Self {
        Self((0..count).map(|_| None).collect())
    }

    fn get(&self, number: Number) -> &T {
        self.0[number]
            .as_ref()
            .expect("a value is made before it is used")
    }

    fn get_mut(&mut self, number: Number) -> &mut T {
        self.0[number]
            .as_mut()
            .expect("a value is made before it is used")
    }

    fn take(&mut self, number: Number) -> T {
        self.0[number]
            .take()
            .expect("a value is made before it is used")
    }

    fn put(&mut self, number: Number, value: T) {
        self.0[number] = Some(value);
    }
}

/// Everything that the calls take and give.
struct Replay {
    accounts: Values<<V as Crypto>::Account>,
    identities: Values<<V as Crypto>::Identity>,
    keys: Values<<V as Crypto>::PublicKey>,
    signatures: Values<<V as Crypto>::Signature>,
    sessions: Values<<V as Crypto>::Session>,
    messages: Values<<V as Crypto>::OlmMessage>,
    groups: Values<<V as Crypto>::GroupSession>,
    room_keys: Values<<V as Crypto>::RoomKey>,
    inbound: Values<<V as Crypto>::InboundGroupSession>,
    events: Values<<V as Crypto>::GroupMessage>,
    pickles: Values<<V as Crypto>::Pickle>,
}

/// Makes the calls again.
pub(crate) fn replay(calls: &[Call], values: usize) {
    let mut replay = Replay {
        accounts: Values::new(values),
        identities: Values::new(values),
        keys: Values::new(values),
        signatures: Values::new(values),
        sessions: Values::new(values),
        messages: Values::new(values),
        groups: Values::new(values),
        room_keys: Values::new(values),
        inbound: Values::new(values),
        events: Values::new(values),
        pickles: Values::new(values),
    };
    for call in calls {
        replay.make(call);
    }
}

impl Replay {
    fn make(&mut self, call: &Call) {
        match *call {
            Call::NewAccount(client, out) => self.accounts.put(out, V.new_account(client)),
            Call::Identity(account, out) => {
                self.identities
                    .put(out, V.identity(self.accounts.get(account)));
            }
            Call::GenerateOneTimeKeys(account, count, room) => {
                V.generate_one_time_keys(self.accounts.get_mut(account), count, room);
            }
            Call::PublishedOneTimeKeys(account, from, ref outs) => {
                let keys = V.published_one_time_keys(self.accounts.get(account), from);
                assert_eq!(keys.len(), outs.len(), "a replay makes what the run made");
                for ((_, key), out) in keys.into_iter().zip(outs) {
                    self.keys.put(*out, key);
                }
            }
            Call::UnpublishedOneTimeKeys(account, ref outs) => {
                let keys = V.unpublished_one_time_keys(self.accounts.get(account));
                assert_eq!(keys.len(), outs.len(), "a replay makes what the run made");
                for ((_, key), out) in keys.into_iter().zip(outs) {
                    self.keys.put(*out, key);
                }
            }
            Call::DiscardOneTimeKey(account, id) => {
                V.discard_one_time_key(self.accounts.get_mut(account), id);
            }
            Call::ForgetFallbackKey(account) => {
                V.forget_fallback_key(self.accounts.get_mut(account));
            }
            Call::GenerateFallbackKey(account, room) => {
                V.generate_fallback_key(self.accounts.get_mut(account), room);
            }
            Call::UnpublishedFallbackKey(account, out) => {
                let key = V.unpublished_fallback_key(self.accounts.get(account));
                assert_eq!(
                    key.is_some(),
                    out.is_some(),
                    "a replay makes what the run made"
                );
                if let Some(((_, key), out)) = key.zip(out) {
                    self.keys.put(out, key);
                }
            }
            Call::MarkKeysAsPublished(account) => {
                V.mark_keys_as_published(self.accounts.get_mut(account));
            }
            Call::SignKey(account, kind, key, out) => {
                let signature = V.sign_key(self.accounts.get(account), kind, self.keys.get(key));
                self.signatures.put(out, signature);
            }
            Call::VerifyKey(signer, kind, key, signature) => {
                let (signer, key) = (self.identities.get(signer), self.keys.get(key));
                let good = V.verify_key(signer, kind, key, self.signatures.get(signature));
                assert!(good, "a replay makes what the run made");
            }
            Call::OpenSession(account, theirs, key, out) => {
                let (theirs, key) = (self.identities.get(theirs), self.keys.get(key));
                self.sessions
                    .put(out, V.open_session(self.accounts.get(account), theirs, key));
            }
            Call::AcceptSession(account, theirs, message, made) => {
                let (theirs, message) = (self.identities.get(theirs), self.messages.get(message));
                let result = V.accept_session(self.accounts.get_mut(account), theirs, message);
                assert_eq!(
                    result.is_ok(),
                    made.is_some(),
                    "a replay makes what the run made"
                );
                if let Some(((session, payload), (out, shape))) = result.ok().zip(made) {
                    self.sessions.put(out, session);
                    self.unpack(payload, shape);
                }
            }
            Call::Opens(session, message) => {
                V.opens(self.sessions.get(session), self.messages.get(message));
            }
            Call::Encrypt(session, shape, out) => {
                let payload = self.pack(shape);
                let message = V.encrypt(self.sessions.get_mut(session), &payload);
                self.messages.put(out, message);
            }
            Call::Decrypt(session, message, made) => {
                let message = self.messages.get(message);
                let result = V.decrypt(self.sessions.get_mut(session), message);
                assert_eq!(
                    result.is_ok(),
                    made.is_some(),
                    "a replay makes what the run made"
                );
                if let Some((payload, shape)) = result.ok().zip(made) {
                    self.unpack(payload, shape);
                }
            }
            Call::Digest(message) => {
                V.digest(self.messages.get(message));
            }
            Call::Damage(message, out) => {
                self.messages.put(out, V.damage(self.messages.get(message)));
            }
            Call::NewGroupSession(out) => self.groups.put(out, V.new_group_session()),
            Call::RoomKey(group, out) => {
                self.room_keys.put(out, V.room_key(self.groups.get(group)));
            }
            Call::EncryptEvent(group, plaintext, out) => {
                self.events
                    .put(out, V.encrypt_event(self.groups.get_mut(group), &plaintext));
            }
            Call::ImportRoomKey(key, out) => {
                let session = V.import_room_key(self.room_keys.get(key));
                if let Some((session, out)) = session.zip(out) {
                    self.inbound.put(out, session);
                }
            }
            Call::Merge(session, other) => {
                let other = self.inbound.take(other);
                V.merge(self.inbound.get_mut(session), other);
            }
            Call::DecryptEvent(session, event) => {
                let event = self.events.get(event);
                let _ = V.decrypt_event(self.inbound.get_mut(session), event);
            }
            Call::PickleAccount(account, out) => {
                self.pickles
                    .put(out, V.pickle_account(self.accounts.get(account)));
            }
            Call::UnpickleAccount(pickle, out) => {
                self.accounts
                    .put(out, V.unpickle_account(self.pickles.get(pickle)));
            }
            Call::PickleSession(session, out) => {
                self.pickles
                    .put(out, V.pickle_session(self.sessions.get(session)));
            }
            Call::UnpickleSession(pickle, out) => {
                self.sessions
                    .put(out, V.unpickle_session(self.pickles.get(pickle)));
            }
            Call::PickleGroupSession(group, out) => {
                self.pickles
                    .put(out, V.pickle_group_session(self.groups.get(group)));
            }
            Call::UnpickleGroupSession(pickle, out) => {
                self.groups
                    .put(out, V.unpickle_group_session(self.pickles.get(pickle)));
            }
            Call::PickleInboundGroupSession(session, out) => {
                let pickle = V.pickle_inbound_group_session(self.inbound.get(session));
                self.pickles.put(out, pickle);
            }
            Call::UnpickleInboundGroupSession(pickle, out) => {
                let session = V.unpickle_inbound_group_session(self.pickles.get(pickle));
                self.inbound.put(out, session);
            }
        }
    }

    fn pack(&self, shape: Shape) -> Payload<V> {
        Payload {
            sender: shape.sender,
            sender_identity: *self.identities.get(shape.sender_identity),
            recipient: shape.recipient,
            recipient_identity: *self.identities.get(shape.recipient_identity),
            content: match shape.room_key {
                None => Content::Dummy,
                Some((room, session, index, key)) => {
                    let key = self.room_keys.get(key).clone();
                    Content::RoomKey {
                        room,
                        session,
                        index,
                        key,
                    }
                }
            },
        }
    }

    fn unpack(&mut self, payload: Payload<V>, shape: Shape) {
        self.identities
            .put(shape.sender_identity, payload.sender_identity);
        self.identities
            .put(shape.recipient_identity, payload.recipient_identity);
        match (payload.content, shape.room_key) {
            (Content::RoomKey { key, .. }, Some((.., number))) => self.room_keys.put(number, key),
            (Content::Dummy, None) => {}
            (Content::RoomKey { .. }, None) | (Content::Dummy, Some(_)) => {
                panic!("a replay makes what the run made")
            }
        }
    }
}
