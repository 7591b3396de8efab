//! Olm: choosing a session to encrypt with, and taking in what arrives
//! (BS §1.6).

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::{Device, SessionRow, Store, Write};
use crate::crypto::{Content, Crypto, OlmError, Payload};
use crate::name::{DeviceId, KeyKind, KeyName, MessageId, SessionName};
use crate::node::{Brought, Cx, Durable as _};
use crate::protocol::{FailedKeys, SessionStorage, UnknownSenders, UsedKeys};
use crate::time::Time;
use crate::trace::{Discard, Fact};
use crate::wire::{DeviceKeys, Encrypted, ToDevice, ToDeviceContent};

/// A message of which the outside is known.
struct Envelope<'a, C: Crypto> {
    id: MessageId,
    outside: &'a Encrypted<C>,
}

impl<C: Crypto> Device<C> {
    /// The sessions with a device under an identity, in the order of their
    /// names, which stands for the order in which a store lists them.
    pub(super) fn sessions_under(
        &self,
        peer: DeviceId,
        theirs: &C::Identity,
    ) -> impl Iterator<Item = &Arc<SessionRow<C>>> {
        let rows = self.store.sessions.get(peer).into_iter();
        let rows = rows.flat_map(|it| it.values());
        rows.filter(move |row| row.theirs == *theirs)
    }

    /// The sessions with a device under the identity that it is known by.
    pub(super) fn sessions_with(
        &self,
        peer: DeviceId,
    ) -> impl Iterator<Item = &Arc<SessionRow<C>>> {
        let known = self.known_device(peer).into_iter();
        known.flat_map(move |keys| self.sessions_under(peer, &keys.identity))
    }

    /// Whether there is a session, dead or alive, to encrypt with.
    pub(super) fn has_session(&self, peer: DeviceId) -> bool {
        let rows = self.store.sessions.get(peer);
        self.known_device(peer)
            .zip(rows)
            .is_some_and(|(keys, rows)| rows.values().any(|row| row.theirs == keys.identity))
    }

    /// Encrypts for another device with the newest session. Nothing without a
    /// session or without knowing the device.
    pub(super) fn encrypt_for(
        &mut self,
        peer: DeviceId,
        content: Content<C>,
        cx: &mut Cx<'_, Self>,
    ) -> Option<ToDevice<C>> {
        let recipient_identity = self.known_device(peer)?.identity.clone();
        let sender_identity = self.account.identity.clone();
        let row = newest(&mut self.store, peer, &recipient_identity)?;
        let payload = Payload {
            sender: self.id,
            sender_identity: sender_identity.clone(),
            recipient: peer,
            recipient_identity,
            content,
        };
        let session = live(&mut self.sessions, row, cx);
        let ciphertext = cx.crypto.encrypt(session, &payload);
        let index = cx.crypto.chain_index(&ciphertext);
        // Whoever opened the session has had a chain since then, and sends
        // pre-key messages on it. Any other begins with its first message.
        if index == 0 && cx.crypto.opens(session, &ciphertext).is_none() {
            Arc::make_mut(row).chain = cx.now;
        }
        moved_on(row, session, cx);
        let outside = Encrypted {
            session: row.name,
            key: row.key,
            sender_identity,
            ciphertext,
        };
        let id = next_message(&mut self.next_message, self.id, peer, cx.now);
        cx.observe(Fact::OlmEncrypted {
            message: id,
            session: row.name,
            chain: row.chain,
            index,
        });
        cx.persist_known(|| Write::Session(row.clone()));
        Some(ToDevice {
            id,
            content: ToDeviceContent::Encrypted(outside.into()),
        })
    }

    /// Encrypts so many messages for another device that never leave this one.
    pub(super) fn waste(&mut self, peer: DeviceId, count: u32, cx: &mut Cx<'_, Self>) {
        let Some(recipient_identity) = self.known_device(peer).map(|it| it.identity.clone()) else {
            return;
        };
        let Some(row) = newest(&mut self.store, peer, &recipient_identity) else {
            return;
        };
        let payload = Payload {
            sender: self.id,
            sender_identity: self.account.identity.clone(),
            recipient: peer,
            recipient_identity,
            content: Content::Dummy,
        };
        let session = live(&mut self.sessions, row, cx);
        for _ in 0..count {
            cx.crypto.encrypt(session, &payload);
        }
        moved_on(row, session, cx);
        cx.persist_known(|| Write::Session(row.clone()));
    }

    /// The name of a new message.
    pub(super) fn new_message(&mut self, to: DeviceId, cx: &Cx<'_, Self>) -> MessageId {
        next_message(&mut self.next_message, self.id, to, cx.now)
    }

    /// Takes a to-device message. What it brings is added to `brought`, but for
    /// a session that it opens, which is stored at once (BS §1.12).
    pub(super) fn receive(
        &mut self,
        message: &ToDevice<C>,
        brought: &mut Brought<Self>,
        cx: &mut Cx<'_, Self>,
    ) {
        cx.observe(Fact::ToDeviceReceived {
            by: self.id,
            message: message.id,
        });
        match &message.content {
            ToDeviceContent::NoOlm => self.told_no_olm(message.id.sender, cx),
            ToDeviceContent::Blacklisted(session) => {
                self.bring(Write::Withheld(*session), brought, cx);
            }
            ToDeviceContent::FromStranger(outside) => {
                self.receive_from_stranger(message.id, outside, cx);
            }
            ToDeviceContent::Encrypted(outside) => {
                let id = message.id;
                self.receive_encrypted(&Envelope { id, outside }, brought, cx);
            }
        }
    }

    /// Takes in a row that counts at once, and goes to disk with the rest of the
    /// sync.
    pub(super) fn bring(&mut self, row: Write<C>, brought: &mut Brought<Self>, cx: &Cx<'_, Self>) {
        brought.add(|| row.clone(), cx);
        self.store.apply(row);
    }

    fn receive_encrypted(
        &mut self,
        envelope: &Envelope<'_, C>,
        brought: &mut Brought<Self>,
        cx: &mut Cx<'_, Self>,
    ) {
        let message = envelope.id;
        let digest = cx.crypto.digest(&envelope.outside.ciphertext);
        match self.decrypt(envelope, brought, cx) {
            Ok(payload) if self.is_for_me(envelope, &payload) => {
                cx.observe(Fact::OlmDecrypted {
                    by: self.id,
                    message,
                });
                self.bring(Write::Decrypted(digest), brought, cx);
                match payload.content {
                    Content::RoomKey {
                        session,
                        index,
                        key,
                        ..
                    } => {
                        let list = self.store.devices.get(message.sender.user());
                        let is_missing = list.is_some_and(|it| !it.contains_key(&message.sender));
                        let is_kept = !is_missing
                            || match cx.protocol.unknown_senders() {
                                UnknownSenders::KeyKept => true,
                                UnknownSenders::KeyDropped => false,
                            };
                        if is_kept {
                            self.learn_room_key(session, index, &key, message, brought, cx);
                        } else {
                            cx.observe(Fact::RoomKeyDropped {
                                by: self.id,
                                session,
                                message,
                            });
                        }
                    }
                    Content::Dummy => {}
                }
            }
            // Passed on as somebody else's: dropped.
            Ok(_) => {}
            Err(_) if self.store.decrypted.contains(&digest) => {
                cx.observe(Fact::OlmReplayed {
                    by: self.id,
                    message,
                });
            }
            Err(error) => self.could_not_decrypt(envelope, error, cx),
        }
    }

    fn could_not_decrypt(
        &mut self,
        envelope: &Envelope<'_, C>,
        error: OlmError,
        cx: &mut Cx<'_, Self>,
    ) {
        let Encrypted { session, key, .. } = *envelope.outside;
        cx.observe(Fact::OlmFailed {
            by: self.id,
            message: envelope.id,
            session,
            key,
            error,
        });
        // The key is there, so it is the message that is no good.
        if error != OlmError::MissingOneTimeKey && self.holds(key, cx) {
            match cx.protocol.failed_keys() {
                FailedKeys::Kept => {}
                FailedKeys::Deleted => self.discard_one_time_key(key.id, Discard::Failed, cx),
            }
        }
        self.consider_unwedging(envelope.id.sender, &envelope.outside.sender_identity, cx);
    }

    fn holds(&self, key: KeyName, cx: &mut Cx<'_, Self>) -> bool {
        let held = cx.crypto.one_time_keys(&self.account.olm);
        key.owner == self.id && key.kind == KeyKind::OneTime && held.contains(&key.id)
    }

    /// A pre-key message of a stored session is tried with that session only;
    /// one of an unknown session opens a new one. Any other message is tried
    /// with every session of its sender.
    fn decrypt(
        &mut self,
        envelope: &Envelope<'_, C>,
        brought: &mut Brought<Self>,
        cx: &mut Cx<'_, Self>,
    ) -> Result<Payload<C>, OlmError> {
        let Envelope { id, outside } = *envelope;
        let mut failed = None;
        for row in under(&mut self.store, id.sender, &outside.sender_identity) {
            let session = live(&mut self.sessions, row, cx);
            let is_its_own = cx.crypto.opens(session, &outside.ciphertext);
            if is_its_own == Some(false) {
                continue;
            }
            match cx.crypto.decrypt(session, &outside.ciphertext) {
                Ok(payload) => {
                    // What moved on is stored with the rest of the sync.
                    moved_on(row, session, cx);
                    brought.add(|| Write::Session(row.clone()), cx);
                    return Ok(payload);
                }
                Err(why) if is_its_own == Some(true) => return Err(why),
                Err(why) => failed = Some(why),
            }
        }
        match failed {
            Some(why) => Err(why),
            None => self.accept(envelope, brought, cx),
        }
    }

    /// Accepts a session, which is stored at once, or perhaps with the rest.
    fn accept(
        &mut self,
        envelope: &Envelope<'_, C>,
        brought: &mut Brought<Self>,
        cx: &mut Cx<'_, Self>,
    ) -> Result<Payload<C>, OlmError> {
        let outside = envelope.outside;
        let (session, payload) = self.accept_session(outside, cx)?;
        let (name, key, peer) = (outside.session, outside.key, envelope.id.sender);
        let pickle = cx.crypto.pickle_session(&session);
        self.sessions.insert(name, session);
        let row = SessionRow {
            name,
            peer,
            theirs: outside.sender_identity.clone(),
            key,
            created: cx.now,
            chain: cx.now,
            pickle,
        };
        let mut rows = vec![Write::Session(row.into())];
        let is_known = |keys: &DeviceKeys<C>| keys.identity == outside.sender_identity;
        if self.known_device(peer).is_some_and(is_known) {
            let opened = self.store.wedging.get(peer).copied().unwrap_or(0) + 1;
            rows.push(Write::Wedging(peer, opened));
        }
        // It makes a difference only to what a crash leaves on disk.
        let at_once = !cx.is_stored()
            || match cx.protocol.session_storage() {
                SessionStorage::AtOnce => true,
                SessionStorage::WithMessages => false,
            };
        if at_once {
            self.write(rows, cx);
        } else {
            for row in rows {
                self.bring(row, brought, cx);
            }
        }
        Ok(payload)
    }

    /// The account as it was before a one-time key was used, if that is not to
    /// be deleted by its use.
    fn account_to_keep(&self, key: KeyName, cx: &mut Cx<'_, Self>) -> Option<C::Pickle> {
        match key.kind {
            KeyKind::Fallback => None,
            KeyKind::OneTime => match cx.protocol.used_keys() {
                UsedKeys::Deleted => None,
                UsedKeys::Kept => Some(cx.crypto.pickle_account(&self.account.olm)),
            },
        }
    }

    /// The session that a message opens. The one-time key is gone if that
    /// succeeds, and only then; a fallback key stays.
    pub(super) fn accept_session(
        &mut self,
        outside: &Encrypted<C>,
        cx: &mut Cx<'_, Self>,
    ) -> Result<(C::Session, Payload<C>), OlmError> {
        let before = self.account_to_keep(outside.key, cx);
        let accepted = cx.crypto.accept_session(
            &mut self.account.olm,
            &outside.sender_identity,
            &outside.ciphertext,
        )?;
        let (session, key) = (outside.session, outside.key);
        cx.observe(Fact::SessionAccepted {
            by: self.id,
            session,
            key,
        });
        if let Some(before) = before {
            self.account.olm = cx.crypto.unpickle_account(&before);
            cx.observe(Fact::KeyKept { key });
        }
        match key.kind {
            KeyKind::OneTime => {
                self.account.changed = true;
                self.one_time_key_used(key.id, cx);
            }
            KeyKind::Fallback => self.fallback_key_used(key, cx),
        }
        Ok(accepted)
    }

    fn is_for_me(&self, envelope: &Envelope<'_, C>, payload: &Payload<C>) -> bool {
        payload.recipient == self.id
            && payload.recipient_identity == self.account.identity
            && payload.sender == envelope.id.sender
            && payload.sender_identity == envelope.outside.sender_identity
    }
}

/// The sessions with a device under an identity, in the order of their names,
/// to be changed.
fn under<'a, C: Crypto>(
    store: &'a mut Store<C>,
    peer: DeviceId,
    theirs: &C::Identity,
) -> impl Iterator<Item = &'a mut Arc<SessionRow<C>>> {
    let rows = store.sessions.get_mut(peer).into_iter();
    let rows = rows.flat_map(|it| it.iter_mut().map(|(_, row)| row));
    rows.filter(move |row| row.theirs == *theirs)
}

/// The session to encrypt with: that which was created last, which is how
/// matrix-rust-sdk chooses. Times of creation are in seconds, and among equals the
/// last in the store is taken.
fn newest<'a, C: Crypto>(
    store: &'a mut Store<C>,
    peer: DeviceId,
    theirs: &C::Identity,
) -> Option<&'a mut Arc<SessionRow<C>>> {
    under(store, peer, theirs).max_by_key(|row| row.created.as_secs())
}

/// The live session of a row, loaded if need be.
fn live<'a, C: Crypto>(
    sessions: &'a mut FxHashMap<SessionName, C::Session>,
    row: &SessionRow<C>,
    cx: &mut Cx<'_, Device<C>>,
) -> &'a mut C::Session {
    let load = || cx.crypto.unpickle_session(&row.pickle);
    sessions.entry(row.name).or_insert_with(load)
}

/// The session of a row has moved on: so does what is stored of it.
fn moved_on<C: Crypto>(
    row: &mut Arc<SessionRow<C>>,
    session: &C::Session,
    cx: &mut Cx<'_, Device<C>>,
) {
    if cx.is_stored() {
        Arc::make_mut(row).pickle = cx.crypto.pickle_session(session);
    }
}

fn next_message(number: &mut u32, sender: DeviceId, to: DeviceId, sent: Time) -> MessageId {
    let id = MessageId {
        sender,
        to,
        sent,
        number: *number,
    };
    *number += 1;
    id
}
