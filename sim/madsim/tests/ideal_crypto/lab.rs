//! Both implementations side by side: every object twice, and every answer
//! compared. This file owns what is there and the comparing; the operations on
//! it are in the modules by subject.

use std::collections::HashMap;
use std::fmt::Debug;

use proptest::test_runner::TestCaseError;
use unwedge_core::cast::Client;
use unwedge_core::crypto::ideal::Ideal;
use unwedge_core::crypto::{Content, Crypto, Payload};
use unwedge_core::name::{DeviceId, MegolmName, RoomId, ServerId, UserId};
use unwedge_core::time::Time;

use crate::accounts::{Account, KeptAccount, PublicKey};
use crate::messages::Message;
use crate::operation::Operation;
use crate::reached::Reached;
use crate::rooms::{Event, Group, Inbound, RoomKey};
use crate::sessions::{KeptSession, Link, Session};

pub(crate) use unwedge_madsim::Vodozemac as V;

/// The same thing in both implementations.
#[derive(Clone, Debug)]
pub(crate) struct Two<R, I> {
    pub(crate) real: R,
    pub(crate) ideal: I,
}

pub(crate) type Identities = Two<<V as Crypto>::Identity, <Ideal as Crypto>::Identity>;
pub(crate) type Pickles = Two<<V as Crypto>::Pickle, <Ideal as Crypto>::Pickle>;

/// How a comparison came out.
pub(crate) type Checked<T = ()> = Result<T, TestCaseError>;

/// Everything that a case has made.
#[derive(Default)]
pub(crate) struct Lab {
    pub(crate) ideal: Ideal,
    pub(crate) reached: Reached,
    /// Of each device, its identity; copies of an account are of one device.
    pub(crate) devices: Vec<Identities>,
    pub(crate) accounts: Vec<Account>,
    pub(crate) kept_accounts: Vec<KeptAccount>,
    /// Every public key that an account has shown.
    pub(crate) keys: Vec<PublicKey>,
    pub(crate) links: Vec<Link>,
    pub(crate) sessions: Vec<Session>,
    pub(crate) kept_sessions: Vec<KeptSession>,
    pub(crate) messages: Vec<Message>,
    /// How many different ciphertexts there are, and which is which.
    pub(crate) digests: (
        HashMap<<V as Crypto>::Digest, usize>,
        HashMap<<Ideal as Crypto>::Digest, usize>,
    ),
    pub(crate) groups: Vec<Group>,
    pub(crate) kept_groups: Vec<(usize, Pickles)>,
    pub(crate) room_keys: Vec<RoomKey>,
    pub(crate) inbounds: Vec<Inbound>,
    pub(crate) kept_inbounds: Vec<(usize, Pickles)>,
    pub(crate) events: Vec<Event>,
}

/// A payload in words of the lab, which both implementations can say.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Plain {
    pub(crate) sender: usize,
    pub(crate) recipient: usize,
    /// A room key, by its place among all room keys, with its index.
    pub(crate) content: Option<(u32, usize)>,
}

/// What is read out of a payload of either implementation.
#[derive(Debug, PartialEq)]
struct Seen {
    sender: DeviceId,
    sender_identity: Option<usize>,
    recipient: DeviceId,
    recipient_identity: Option<usize>,
    content: Option<(RoomId, MegolmName, u32, Option<usize>)>,
}

impl Lab {
    /// A lab with two devices of each kind of client.
    pub(crate) fn new() -> Checked<Self> {
        let mut lab = Self::default();
        let clients = [Client::Vodozemac, Client::Libolm];
        for client in clients.into_iter().cycle().take(4) {
            lab.add_account(client)?;
        }
        Ok(lab)
    }

    /// Carries out an operation, and compares whatever it answers.
    pub(crate) fn apply(&mut self, operation: Operation) -> Checked {
        use Operation::*;
        match operation {
            Generate { who, count } => self.generate(who, usize::from(count)),
            Fill { who } => self.fill(who),
            GenerateFallback { who, room } => self.generate_fallback(who, room),
            ForgetFallback { who } => self.forget_fallback(who),
            Publish { who } => self.publish(who),
            Discard { who, key } => self.discard(who, key),
            Sign { who, key, looks } => self.sign(who, key, looks),
            KeepAccount { who } => self.keep_account(who),
            RestoreAccount { kept, as_well } => self.restore_account(kept, as_well),
            Open { who, key, mistaken } => self.open(who, key, mistaken),
            Accept {
                message,
                who,
                mistaken,
            } => self.accept(message, who, mistaken),
            Say { session, count } => self.say(session, usize::from(count)),
            Lose { session, count } => self.lose(session, count),
            Hear {
                session,
                message,
                order,
            } => self.hear(session, message, order),
            Talk {
                session,
                turns,
                late,
            } => self.talk(session, turns, late),
            Misdeliver { session, message } => self.misdeliver(session, message),
            Damage { message } => self.damage(message),
            Copy { session } => self.copy(session),
            KeepSession { session } => self.keep_session(session),
            RestoreSession { kept, as_well } => self.restore_session(kept, as_well),
            NewGroup => self.new_group(),
            Announce { group, count } => self.announce(group, count),
            Share { group } => self.share(group),
            Import { key } => self.import(key),
            Read {
                inbound,
                event,
                foreign,
            } => self.read(inbound, event, foreign),
            Merge {
                into,
                from,
                foreign,
            } => self.merge(into, from, foreign),
            KeepGroup { group } => self.keep_group(group),
            RestoreGroup { kept, as_well } => self.restore_group(kept, as_well),
            KeepInbound { inbound } => self.keep_inbound(inbound),
            RestoreInbound { kept } => self.restore_inbound(kept),
        }
    }

    /// Asks everything that is left everything that can be asked: so a
    /// difference that no answer has shown yet does not go unseen.
    pub(crate) fn examine(&mut self) -> Checked {
        self.examine_sessions()?;
        self.examine_accounts()?;
        self.examine_rooms()
    }

    /// The payload for both implementations.
    pub(crate) fn payload(&self, plain: &Plain) -> Two<Payload<V>, Payload<Ideal>> {
        let sender = &self.devices[plain.sender];
        let recipient = &self.devices[plain.recipient];
        let (mut real, mut ideal) = (Content::Dummy, Content::Dummy);
        if let Some((index, key)) = plain.content {
            let room = RoomId(0);
            let session = megolm_name(plain.sender, room);
            real = Content::RoomKey {
                room,
                session,
                index,
                key: self.room_keys[key].two.real.clone(),
            };
            ideal = Content::RoomKey {
                room,
                session,
                index,
                key: self.room_keys[key].two.ideal,
            };
        }
        Two {
            real: Payload {
                sender: device(plain.sender),
                sender_identity: sender.real,
                recipient: device(plain.recipient),
                recipient_identity: recipient.real,
                content: real,
            },
            ideal: Payload {
                sender: device(plain.sender),
                sender_identity: sender.ideal,
                recipient: device(plain.recipient),
                recipient_identity: recipient.ideal,
                content: ideal,
            },
        }
    }

    /// Compares what two decryptions came to, and both with what was said.
    pub(crate) fn same_payload<E: Copy + Debug + PartialEq>(
        &self,
        plain: &Plain,
        real: &Result<Payload<V>, E>,
        ideal: &Result<Payload<Ideal>, E>,
    ) -> Checked<Option<E>> {
        let real = real.as_ref().map_err(|error| *error).map(|payload| {
            let device = |identity| {
                self.devices
                    .iter()
                    .position(|device| device.real == identity)
            };
            let key = |key: &_| {
                self.room_keys
                    .iter()
                    .position(|known| known.two.real == *key)
            };
            seen(payload, device, key)
        });
        let ideal = ideal.as_ref().map_err(|error| *error).map(|payload| {
            let device = |identity| {
                self.devices
                    .iter()
                    .position(|device| device.ideal == identity)
            };
            let key = |key: &_| {
                self.room_keys
                    .iter()
                    .position(|known| known.two.ideal == *key)
            };
            seen(payload, device, key)
        });
        match same("what a decryption comes to", real, ideal)? {
            Err(error) => Ok(Some(error)),
            Ok(seen) => {
                same("what was said and what was read", expected(plain), seen).map(|_| None)
            }
        }
    }
}

fn seen<C: Crypto>(
    payload: &Payload<C>,
    device: impl Fn(C::Identity) -> Option<usize>,
    key_place: impl Fn(&C::RoomKey) -> Option<usize>,
) -> Seen {
    let content = match &payload.content {
        Content::RoomKey {
            room,
            session,
            index,
            key,
        } => Some((*room, *session, *index, key_place(key))),
        Content::Dummy => None,
    };
    Seen {
        sender: payload.sender,
        sender_identity: device(payload.sender_identity.clone()),
        recipient: payload.recipient,
        recipient_identity: device(payload.recipient_identity.clone()),
        content,
    }
}

fn expected(plain: &Plain) -> Seen {
    let room = RoomId(0);
    let name = megolm_name(plain.sender, room);
    Seen {
        sender: device(plain.sender),
        sender_identity: Some(plain.sender),
        recipient: device(plain.recipient),
        recipient_identity: Some(plain.recipient),
        content: plain
            .content
            .map(|(index, key)| (room, name, index, Some(key))),
    }
}

/// Compares two answers, and hands one of them on.
pub(crate) fn same<T: Debug + PartialEq>(what: &str, real: T, ideal: T) -> Checked<T> {
    if real == ideal {
        return Ok(ideal);
    }
    let difference = format!("{what}: {real:?} in vodozemac, {ideal:?} in the model");
    Err(TestCaseError::fail(difference))
}

pub(crate) fn device(index: usize) -> DeviceId {
    let index = u8::try_from(index).expect("a lab has few devices");
    let server = ServerId(0);
    let user = UserId::new(server, index);
    DeviceId::new(user, index)
}

fn megolm_name(sender: usize, room: RoomId) -> MegolmName {
    MegolmName {
        sender: device(sender),
        room,
        created: Time::ZERO,
    }
}
