//! Strangers: people outside the cast who claim a device's keys. Most send it
//! a message with the key that they were given, and some never do. They are
//! nobody's clients: what they do is done here, at the device's own server,
//! and of interest is only what it costs the device.

use super::Homeserver;
use crate::crypto::{Content, Crypto, Payload};
use crate::draws::Purpose;
use crate::name::{DeviceId, MessageId, SessionName};
use crate::node::Cx;
use crate::odds::Odds;
use crate::wire::{Encrypted, SignedKey, ToDevice, ToDeviceContent};

/// Strangers who claim keys of a device, one after the other.
#[derive(Clone, Copy, Debug)]
pub struct Strangers {
    /// Whose keys.
    pub device: DeviceId,
    /// How many strangers.
    pub count: u32,
    /// How often one never uses the key.
    pub leak: Odds,
    /// How many strangers there have been before them.
    pub before: u64,
}

impl Strangers {
    /// Those who come after the first.
    fn next(self) -> Self {
        Self {
            count: self.count - 1,
            before: self.before + 1,
            ..self
        }
    }
}

impl<C: Crypto> Homeserver<C> {
    /// The first of them claims a key.
    pub(super) fn claim_for_strangers(&mut self, strangers: Strangers, cx: &mut Cx<'_, Self>) {
        if strangers.count == 0 {
            return;
        }
        let Strangers {
            device,
            leak,
            before,
            ..
        } = strangers;
        let draws = cx.draws;
        let leaks = leak.come_true(|bound| draws.below(Purpose::Leak, (device, before), bound));
        let stranger = (!leaks).then(|| DeviceId::stranger(self.id));
        self.find_keys_for_strangers(stranger, strangers, cx);
    }

    /// The first of them was given a key, if there was one. Who means to use it
    /// sends a message; then the next one claims.
    pub(super) fn claimed_by_stranger(
        &mut self,
        stranger: Option<DeviceId>,
        strangers: Strangers,
        issued: Option<SignedKey<C>>,
        cx: &mut Cx<'_, Self>,
    ) {
        if let Some((stranger, key)) = stranger.zip(issued)
            && let Some(message) = self.strangers_message(stranger, strangers, key, cx)
        {
            self.put_into_inbox(message, cx);
        }
        self.claim_for_strangers(strangers.next(), cx);
    }

    /// What a stranger says with a key that they were given; nothing to a
    /// device that is not there any more.
    fn strangers_message(
        &mut self,
        stranger: DeviceId,
        strangers: Strangers,
        key: SignedKey<C>,
        cx: &mut Cx<'_, Self>,
    ) -> Option<ToDevice<C>> {
        let device = strangers.device;
        let row = self.tables.devices.get(device.user())?.get(&device)?;
        let theirs = row.keys.as_ref()?.identity.clone();
        let account = self
            .stranger
            .get_or_insert_with(|| cx.crypto.new_account(cx.client));
        let identity = cx.crypto.identity(account);
        let mut session = cx.crypto.open_session(account, &theirs, &key.key);
        let payload = Payload {
            sender: stranger,
            sender_identity: identity.clone(),
            recipient: device,
            recipient_identity: theirs,
            content: Content::Dummy,
        };
        let outside = Encrypted {
            session: SessionName {
                opener: stranger,
                peer: device,
                opened: cx.now,
            },
            key: key.name,
            sender_identity: identity,
            ciphertext: cx.crypto.encrypt(&mut session, &payload),
        };
        let number = strangers.before % u64::from(u32::MAX);
        let id = MessageId {
            sender: stranger,
            to: device,
            sent: cx.now,
            number: u32::try_from(number).expect("a remainder fits"),
        };
        Some(ToDevice {
            id,
            content: ToDeviceContent::FromStranger(outside.into()),
        })
    }
}
