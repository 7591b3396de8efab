//! Another device, as far as the node under test gets to see one: its real
//! keys, and Olm messages that really decrypt.

use unwedge_core::cast::Client;
use unwedge_core::crypto::{Content, Crypto as _, OlmError, Payload};
use unwedge_core::name::{DeviceId, KeyId, KeyKind, KeyName, MessageId, SessionName};
use unwedge_core::time::Time;
use unwedge_core::wire::{DeviceKeys, Encrypted, SignedKey, ToDevice, ToDeviceContent};
use unwedge_madsim::{Account, Vodozemac};
use vodozemac::olm::Session;

/// A device with an account and no client.
pub(crate) struct Peer {
    pub(crate) device: DeviceId,
    account: Account,
    accepted: Vec<Session>,
}

/// A session that a peer opened.
pub(crate) struct PeerSession {
    name: SessionName,
    key: KeyName,
    theirs: DeviceKeys<Vodozemac>,
    olm: Session,
}

impl Peer {
    pub(crate) fn new(device: DeviceId) -> Self {
        Self {
            device,
            account: Vodozemac.new_account(Client::default()),
            accepted: vec![],
        }
    }

    /// What it publishes of itself.
    pub(crate) fn keys(&self) -> DeviceKeys<Vodozemac> {
        DeviceKeys {
            device: self.device,
            identity: Vodozemac.identity(&self.account),
        }
    }

    /// Makes this many one-time keys, with ascending IDs.
    pub(crate) fn one_time_keys(&mut self, count: usize) -> Vec<SignedKey<Vodozemac>> {
        Vodozemac.generate_one_time_keys(&mut self.account, count, 5000);
        let keys = Vodozemac.unpublished_one_time_keys(&self.account);
        Vodozemac.mark_keys_as_published(&mut self.account);
        keys.into_iter()
            .map(|(id, key)| {
                let kind = KeyKind::OneTime;
                SignedKey {
                    name: self.key_name(kind, id),
                    client: Client::default(),
                    key,
                    signature: Vodozemac.sign_key(&self.account, kind, &key),
                }
            })
            .collect()
    }

    /// Makes a one-time key.
    pub(crate) fn one_time_key(&mut self) -> SignedKey<Vodozemac> {
        self.one_time_keys(1).remove(0)
    }

    /// Makes a fallback key.
    pub(crate) fn fallback_key(&mut self) -> SignedKey<Vodozemac> {
        Vodozemac.generate_fallback_key(&mut self.account, 1);
        let (id, key) = Vodozemac.unpublished_fallback_key(&self.account).unwrap();
        Vodozemac.mark_keys_as_published(&mut self.account);
        let kind = KeyKind::Fallback;
        SignedKey {
            name: self.key_name(kind, id),
            client: Client::default(),
            key,
            signature: Vodozemac.sign_key(&self.account, kind, &key),
        }
    }

    /// Opens a session on a key of the device under test.
    pub(crate) fn open(
        &self,
        theirs: &DeviceKeys<Vodozemac>,
        key: &SignedKey<Vodozemac>,
        opened: Time,
    ) -> PeerSession {
        let name = SessionName {
            opener: self.device,
            peer: theirs.device,
            opened,
        };
        PeerSession {
            name,
            key: key.name,
            theirs: theirs.clone(),
            olm: Vodozemac.open_session(&self.account, &theirs.identity, &key.key),
        }
    }

    /// Accepts the session that a message of the device under test opens.
    pub(crate) fn accept(
        &mut self,
        theirs: &DeviceKeys<Vodozemac>,
        message: &ToDevice<Vodozemac>,
    ) -> PeerSession {
        let ToDeviceContent::Encrypted(outside) = &message.content else {
            panic!("{:?} is not encrypted", message.id)
        };
        let identity = &theirs.identity;
        let accepted = Vodozemac.accept_session(&mut self.account, identity, &outside.ciphertext);
        PeerSession {
            name: outside.session,
            key: outside.key,
            theirs: theirs.clone(),
            olm: accepted.unwrap().0,
        }
    }

    /// Encrypts an `m.dummy`, which needs no room.
    pub(crate) fn encrypt(&self, session: &mut PeerSession, sent: Time) -> ToDevice<Vodozemac> {
        self.encrypt_content(session, Content::Dummy, sent)
    }

    /// Encrypts anything.
    pub(crate) fn encrypt_content(
        &self,
        session: &mut PeerSession,
        content: Content<Vodozemac>,
        sent: Time,
    ) -> ToDevice<Vodozemac> {
        let sender_identity = Vodozemac.identity(&self.account);
        let payload = Payload {
            sender: self.device,
            sender_identity,
            recipient: session.theirs.device,
            recipient_identity: session.theirs.identity,
            content,
        };
        let id = MessageId {
            sender: self.device,
            to: session.theirs.device,
            sent,
            number: 0,
        };
        let outside = Encrypted {
            session: session.name,
            key: session.key,
            sender_identity,
            ciphertext: Vodozemac.encrypt(&mut session.olm, &payload),
        };
        let content = ToDeviceContent::Encrypted(outside.into());
        ToDevice { id, content }
    }

    /// Decrypts a message of a session that the device under test opened.
    pub(crate) fn decrypt(
        &mut self,
        message: &ToDevice<Vodozemac>,
    ) -> Result<Content<Vodozemac>, OlmError> {
        let ToDeviceContent::Encrypted(outside) = &message.content else {
            panic!("{:?} is not encrypted", message.id)
        };
        let Encrypted {
            sender_identity,
            ciphertext,
            ..
        } = &**outside;
        let mut sessions = self.accepted.iter_mut();
        let known = sessions.find(|it| Vodozemac.opens(it, ciphertext) == Some(true));
        if let Some(session) = known {
            return Ok(Vodozemac.decrypt(session, ciphertext)?.content);
        }
        let (session, payload) =
            Vodozemac.accept_session(&mut self.account, sender_identity, ciphertext)?;
        self.accepted.push(session);
        Ok(payload.content)
    }

    fn key_name(&self, kind: KeyKind, id: KeyId) -> KeyName {
        KeyName {
            owner: self.device,
            kind,
            id,
            incarnation: 0,
        }
    }
}

impl PeerSession {
    /// Decrypts what comes over it.
    pub(crate) fn decrypt(
        &mut self,
        message: &ToDevice<Vodozemac>,
    ) -> Result<Content<Vodozemac>, OlmError> {
        let ToDeviceContent::Encrypted(outside) = &message.content else {
            panic!("{:?} is not encrypted", message.id)
        };
        let payload = Vodozemac.decrypt(&mut self.olm, &outside.ciphertext)?;
        Ok(payload.content)
    }

    /// Has the messages on this session say that they are for another device.
    pub(crate) fn readdress(&mut self, to: &DeviceKeys<Vodozemac>) {
        self.theirs = to.clone();
    }
}
