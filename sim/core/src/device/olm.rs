//! Olm: choosing a session to encrypt with, and taking in what arrives
//! (BS §1.6).

use super::{Device, SessionRow, Write};
use crate::crypto::{Content, Crypto, OlmError, Payload};
use crate::name::{DeviceId, KeyKind, KeyName, MessageId, SessionName};
use crate::node::Cx;
use crate::trace::Fact;
use crate::wire::{ToDevice, ToDeviceContent};

/// The outside of an encrypted message.
struct Envelope<C: Crypto> {
    id: MessageId,
    session: SessionName,
    key: KeyName,
    sender_identity: C::Identity,
    ciphertext: C::OlmMessage,
}

impl<C: Crypto> Device<C> {
    /// Whether there is a session, dead or alive, to encrypt with.
    pub(super) fn has_session(&self, peer: DeviceId) -> bool {
        self.store
            .sessions
            .get(&peer)
            .is_some_and(|sessions| !sessions.is_empty())
    }

    /// Encrypts for another device with the session that was created last,
    /// which is how matrix-rust-sdk chooses; nothing without a session or
    /// without knowing the device.
    pub(super) fn encrypt_for(
        &mut self,
        peer: DeviceId,
        content: Content<C>,
        cx: &mut Cx<'_, Self>,
    ) -> Option<ToDevice<C>> {
        let recipient_identity = self.known_device(peer)?.identity.clone();
        let rows = self.store.sessions.get(&peer)?.values();
        let mut row = rows.max_by_key(|row| row.created)?.clone();
        let payload = Payload {
            sender: self.id,
            sender_identity: self.account.identity.clone(),
            recipient: peer,
            recipient_identity,
            content,
        };
        let session = self.session(&row, cx);
        let ciphertext = cx.crypto.encrypt(session, &payload);
        row.pickle = cx.crypto.pickle_session(session);
        let (name, key) = (row.name, row.key);
        self.write(vec![Write::Session(row)], cx);
        let content = ToDeviceContent::Encrypted {
            session: name,
            key,
            sender_identity: self.account.identity.clone(),
            ciphertext,
        };
        Some(ToDevice {
            id: self.new_message(peer, cx),
            content,
        })
    }

    /// The name of a new message.
    pub(super) fn new_message(&mut self, to: DeviceId, cx: &Cx<'_, Self>) -> MessageId {
        let number = self.next_message;
        self.next_message += 1;
        MessageId {
            sender: self.id,
            to,
            sent: cx.now,
            number,
        }
    }

    /// Takes a to-device message. What it brings is added to `rows`, but for
    /// a session that it opens, which is stored at once (BS §1.12).
    pub(super) fn receive(
        &mut self,
        message: ToDevice<C>,
        rows: &mut Vec<Write<C>>,
        cx: &mut Cx<'_, Self>,
    ) {
        cx.observe(Fact::ToDeviceReceived {
            by: self.id,
            message: message.id,
        });
        match message.content {
            // matrix-rust-sdk stores no such code and opens no session.
            ToDeviceContent::NoOlm => {}
            ToDeviceContent::Encrypted {
                session,
                key,
                sender_identity,
                ciphertext,
            } => {
                let id = message.id;
                let envelope = Envelope {
                    id,
                    session,
                    key,
                    sender_identity,
                    ciphertext,
                };
                self.receive_encrypted(&envelope, rows, cx);
            }
        }
    }

    fn receive_encrypted(
        &mut self,
        envelope: &Envelope<C>,
        rows: &mut Vec<Write<C>>,
        cx: &mut Cx<'_, Self>,
    ) {
        match self.decrypt(envelope, cx) {
            Ok(payload) if self.is_for_me(envelope, &payload) => {
                cx.observe(Fact::OlmDecrypted {
                    by: self.id,
                    message: envelope.id,
                });
                self.remember_decrypted(envelope.id, rows);
                match payload.content {
                    Content::RoomKey {
                        session,
                        index,
                        key,
                        ..
                    } => {
                        self.learn_room_key(session, index, &key, envelope.id, rows, cx);
                    }
                    Content::Dummy => {}
                }
            }
            // Passed on as somebody else's: dropped.
            Ok(_) => {}
            Err(_) if self.store.decrypted.contains(&envelope.id) => {
                cx.observe(Fact::OlmReplayed {
                    by: self.id,
                    message: envelope.id,
                });
            }
            Err(error) => {
                let Envelope {
                    id, session, key, ..
                } = *envelope;
                let by = self.id;
                cx.observe(Fact::OlmFailed {
                    by,
                    message: id,
                    session,
                    key,
                    error,
                });
                self.consider_unwedging(id.sender, cx);
            }
        }
    }

    /// A pre-key message of a stored session is tried with that session only;
    /// one of an unknown session opens a new one. Any other message is tried
    /// with every session of its sender.
    fn decrypt(
        &mut self,
        envelope: &Envelope<C>,
        cx: &mut Cx<'_, Self>,
    ) -> Result<Payload<C>, OlmError> {
        let sender = envelope.id.sender;
        let stored = self.store.sessions.get(&sender);
        let stored: Vec<SessionRow<C>> = stored
            .into_iter()
            .flat_map(|it| it.values())
            .cloned()
            .collect();
        let mut is_pre_key = false;
        let mut error = OlmError::Invalid;
        for row in stored {
            let session = self.session(&row, cx);
            match cx.crypto.opens(session, &envelope.ciphertext) {
                Some(true) => return self.decrypt_with(row, envelope, cx),
                Some(false) => is_pre_key = true,
                None => match self.decrypt_with(row, envelope, cx) {
                    Ok(payload) => return Ok(payload),
                    Err(why) => error = why,
                },
            }
        }
        if is_pre_key || !self.has_session(sender) {
            return self.accept(envelope, cx);
        }
        Err(error)
    }

    fn decrypt_with(
        &mut self,
        mut row: SessionRow<C>,
        envelope: &Envelope<C>,
        cx: &mut Cx<'_, Self>,
    ) -> Result<Payload<C>, OlmError> {
        let session = self.session(&row, cx);
        let payload = cx.crypto.decrypt(session, &envelope.ciphertext)?;
        row.pickle = cx.crypto.pickle_session(session);
        self.write(vec![Write::Session(row)], cx);
        Ok(payload)
    }

    /// Accepts a session. The one-time key is gone if that succeeds, and only
    /// then; a fallback key stays.
    fn accept(
        &mut self,
        envelope: &Envelope<C>,
        cx: &mut Cx<'_, Self>,
    ) -> Result<Payload<C>, OlmError> {
        let (session, payload) = cx.crypto.accept_session(
            &mut self.account.olm,
            &envelope.sender_identity,
            &envelope.ciphertext,
        )?;
        let (name, key, peer) = (envelope.session, envelope.key, envelope.id.sender);
        cx.observe(Fact::SessionAccepted {
            by: self.id,
            session: name,
            key,
        });
        match key.kind {
            KeyKind::OneTime => self.account.changed = true,
            KeyKind::Fallback => {}
        }
        let pickle = cx.crypto.pickle_session(&session);
        self.sessions.insert(name, session);
        let row = SessionRow {
            name,
            peer,
            key,
            created: cx.now,
            pickle,
        };
        let mut rows = vec![Write::Session(row)];
        if self.known_device(peer).is_some() {
            let opened = self.store.wedging.get(&peer).copied().unwrap_or(0) + 1;
            rows.push(Write::Wedging(peer, opened));
        }
        self.write(rows, cx);
        Ok(payload)
    }

    fn is_for_me(&self, envelope: &Envelope<C>, payload: &Payload<C>) -> bool {
        payload.recipient == self.id
            && payload.recipient_identity == self.account.identity
            && payload.sender == envelope.id.sender
            && payload.sender_identity == envelope.sender_identity
    }

    /// The hash goes to disk with the rest of the sync, but counts at once.
    fn remember_decrypted(&mut self, message: MessageId, rows: &mut Vec<Write<C>>) {
        self.store.decrypted.insert(message);
        rows.push(Write::Decrypted(message));
    }

    /// The live session of a row, loaded if need be.
    fn session(&mut self, row: &SessionRow<C>, cx: &mut Cx<'_, Self>) -> &mut C::Session {
        let load = || cx.crypto.unpickle_session(&row.pickle);
        self.sessions.entry(row.name).or_insert_with(load)
    }
}
