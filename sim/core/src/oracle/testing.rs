//! Traces written by hand, told as short stories, for tests of the judges.
//!
//! Alice and Bob live on two servers and share a room. What happens to them
//! is noted fact by fact, and time passes only when a story says so.

use super::{Cause, CauseKind, Judgement, judge};
use crate::crypto::{Body, OlmError};
use crate::name::{
    DeviceId, EventId, KeyId, KeyKind, KeyName, MegolmName, MessageId, NodeId, RoomId, ServerId,
    SessionName, Table, UserId,
};
use crate::time::{Span, Time};
use crate::trace::{Fact, FactId, Phase, StepIndex, Trace};
use crate::wire::Membership;

/// Where Alice lives.
pub(super) const HERE: ServerId = ServerId(0);
/// Where Bob lives.
pub(super) const THERE: ServerId = ServerId(1);
pub(super) const ROOM: RoomId = RoomId(0);
pub(super) const ALICE: DeviceId = device(HERE, 0, 0);
pub(super) const ALICE_LAPTOP: DeviceId = device(HERE, 0, 1);
pub(super) const BOB: DeviceId = device(THERE, 1, 2);
pub(super) const BOB_LAPTOP: DeviceId = device(THERE, 1, 3);
pub(super) const CAROL: DeviceId = device(THERE, 2, 4);
/// The Megolm session in which Alice talks.
pub(super) const SESSION: MegolmName = session_of(ALICE);
/// A one-time key of Bob's.
pub(super) const ONE_TIME: KeyName = key(KeyKind::OneTime);
/// A fallback key of Bob's.
pub(super) const FALLBACK: KeyName = key(KeyKind::Fallback);
/// A step that is to blame.
pub(super) const STEP: Option<StepIndex> = Some(StepIndex(4));
/// A step that is not.
pub(super) const OTHER_STEP: Option<StepIndex> = Some(StepIndex(9));

/// A trace in the making.
pub(super) struct Story {
    pub(super) now: Time,
    facts: Vec<(Time, Fact)>,
    said: u32,
}

impl Story {
    /// Alice and Bob are in the room, with a device each.
    pub(super) fn of_alice_and_bob() -> Self {
        let mut story = Self {
            now: Time::ZERO,
            facts: vec![],
            said: 0,
        };
        story.note(Fact::Phase(Phase::Timeline));
        for device in [ALICE, BOB] {
            story.joins(device.user());
            story.publishes(device);
        }
        story
    }

    pub(super) fn wait(&mut self, span: Span) {
        self.now += span;
    }

    pub(super) fn note(&mut self, fact: Fact) -> FactId {
        self.facts.push((self.now, fact));
        FactId(self.facts.len() - 1)
    }

    /// A phase begins once the one before it has come to rest.
    pub(super) fn begins(&mut self, phase: Phase) {
        self.wait(Span::hours(1));
        self.note(Fact::Phase(phase));
    }

    pub(super) fn joins(&mut self, user: UserId) {
        self.note(Fact::Joined { room: ROOM, user });
    }

    pub(super) fn publishes(&mut self, device: DeviceId) -> FactId {
        let server = device.server();
        self.note(Fact::DevicePublished { server, device })
    }

    /// A server stores that a user came into the room, or left it.
    pub(super) fn changes_membership(
        &mut self,
        server: ServerId,
        user: UserId,
        membership: Membership,
    ) {
        self.note(Fact::MembershipStored {
            server,
            room: ROOM,
            user,
            membership,
        });
    }

    /// Sends an event, a second later so that it has a name of its own.
    pub(super) fn sends(&mut self, by: DeviceId, body: Body) -> EventId {
        self.wait(Span::secs(1));
        let event = EventId {
            sender: by,
            sent: self.now,
        };
        let index = self.said;
        self.said += 1;
        self.note(Fact::EventSent {
            event,
            room: ROOM,
            session: session_of(by),
            index,
            body,
        });
        event
    }

    /// Sends an event, which the sender's server takes.
    pub(super) fn says(&mut self, by: DeviceId, body: Body) -> EventId {
        let event = self.sends(by, body);
        let server = by.server();
        self.note(Fact::EventStored { server, event });
        event
    }

    pub(super) fn sees(&mut self, by: DeviceId, event: EventId) {
        self.note(Fact::EventSeen { by, event });
    }

    pub(super) fn reads(&mut self, by: DeviceId, event: EventId) {
        self.note(Fact::EventRead { by, event });
    }

    /// Alice says something that Bob sees and reads at once.
    pub(super) fn is_read(&mut self, body: Body) -> EventId {
        let event = self.is_seen(body);
        self.reads(BOB, event);
        event
    }

    /// Alice says something that Bob sees and does not read yet.
    pub(super) fn is_seen(&mut self, body: Body) -> EventId {
        let event = self.says(ALICE, body);
        self.sees(BOB, event);
        event
    }

    /// Alice gives Bob the key of her session, from `index` on. Each message
    /// is made a second later so that it has a name of its own.
    pub(super) fn shares_key(&mut self, index: u32) -> (MessageId, FactId) {
        self.wait(Span::secs(1));
        let message = MessageId {
            sender: ALICE,
            to: BOB,
            sent: self.now,
            number: 0,
        };
        let session = SESSION;
        let fact = self.note(Fact::RoomKeyShared {
            session,
            index,
            message,
        });
        (message, fact)
    }

    /// Alice's server queues a message.
    pub(super) fn queues(&mut self, message: MessageId) -> FactId {
        let server = HERE;
        self.note(Fact::ToDeviceQueued { server, message })
    }

    /// Bob's server puts a message into his inbox.
    pub(super) fn stores(&mut self, message: MessageId) -> FactId {
        let server = THERE;
        self.note(Fact::ToDeviceStored { server, message })
    }

    /// Bob's server deletes a message from his inbox.
    pub(super) fn deletes(&mut self, message: MessageId) -> FactId {
        let server = THERE;
        self.note(Fact::ToDeviceDeleted { server, message })
    }

    /// Bob takes a message out of a sync answer and cannot decrypt it.
    pub(super) fn cannot_decrypt(
        &mut self,
        message: MessageId,
        key: KeyName,
        error: OlmError,
    ) -> FactId {
        self.note(Fact::ToDeviceReceived { by: BOB, message });
        self.note(Fact::OlmFailed {
            by: BOB,
            message,
            session: olm_session(ALICE),
            key,
            error,
        })
    }

    /// Bob's server hands out a key.
    pub(super) fn issues(&mut self, key: KeyName, to: DeviceId) -> FactId {
        let server = THERE;
        let to = Some(to);
        self.note(Fact::KeyIssued { server, key, to })
    }

    /// Bob accepts the session that another device opened on his key.
    pub(super) fn accepts(&mut self, key: KeyName, from: DeviceId) {
        let session = olm_session(from);
        self.note(Fact::SessionAccepted {
            by: BOB,
            session,
            key,
        });
    }

    /// The two servers can no longer reach each other.
    pub(super) fn cuts_link(&mut self, step: Option<StepIndex>) -> FactId {
        let between = [NodeId::Server(HERE), NodeId::Server(THERE)];
        self.note(Fact::LinkCut {
            between,
            one_way: false,
            step,
        })
    }

    /// The two servers can reach each other again.
    pub(super) fn mends_link(&mut self) -> FactId {
        let between = [NodeId::Server(HERE), NodeId::Server(THERE)];
        let step = None;
        self.note(Fact::LinkMended { between, step })
    }

    pub(super) fn crashes(&mut self, node: NodeId, step: Option<StepIndex>) -> FactId {
        self.note(Fact::Crashed { node, step })
    }

    /// A node loses what it wrote since an instant.
    pub(super) fn loses_writes(
        &mut self,
        node: NodeId,
        since: Time,
        step: Option<StepIndex>,
    ) -> FactId {
        self.note(Fact::WritesLost {
            node,
            count: 1,
            since,
            step,
        })
    }

    /// Bob's device is put back to how it was at `taken`, a second later.
    pub(super) fn restores_bob(&mut self, taken: Time, step: Option<StepIndex>) -> FactId {
        self.wait(Span::secs(1));
        let device = BOB;
        self.note(Fact::DeviceRestored {
            device,
            taken,
            step,
        })
    }

    /// A second process starts on the store of Bob's device, a second later.
    pub(super) fn forks_bob(&mut self, locked: bool, step: Option<StepIndex>) -> FactId {
        self.wait(Span::secs(1));
        self.note(Fact::ProcessStarted {
            device: BOB,
            incarnation: 1,
            locked,
            step: step.expect("only a step starts a process"),
        })
    }

    /// Bob's device makes a key, a second later than what was before.
    pub(super) fn generates(&mut self, key: KeyName) -> FactId {
        self.wait(Span::secs(1));
        self.note(Fact::KeyGenerated { key })
    }

    /// Bob's device learns a room key.
    pub(super) fn learns(&mut self, message: MessageId) -> FactId {
        self.note(Fact::OlmDecrypted { by: BOB, message });
        self.note(Fact::RoomKeyReceived {
            by: BOB,
            session: SESSION,
            index: 0,
            message,
        })
    }

    /// A table is put back to how it was at `taken`, a second later.
    pub(super) fn restores(
        &mut self,
        server: ServerId,
        table: Table,
        taken: Time,
        step: Option<StepIndex>,
    ) -> FactId {
        self.wait(Span::secs(1));
        self.note(Fact::TableRestored {
            server,
            table,
            taken,
            step,
        })
    }

    pub(super) fn judge(self) -> Judgement {
        judge(&self.facts.into_iter().collect::<Trace>())
    }

    /// Why the one event that was not read was not.
    pub(super) fn cause(self) -> Option<Cause> {
        let unread = self.judge().unread;
        assert_eq!(unread.len(), 1, "one event stays unread, by one device");
        unread[0].cause
    }
}

/// A verdict, to compare with what may be none.
pub(super) fn because(kind: CauseKind, step: Option<StepIndex>, decisive: FactId) -> Option<Cause> {
    Some(Cause {
        kind,
        step,
        decisive,
    })
}

const fn device(server: ServerId, user: u8, index: u8) -> DeviceId {
    let user = UserId::new(server, user);
    DeviceId::new(user, index)
}

const fn session_of(sender: DeviceId) -> MegolmName {
    MegolmName {
        sender,
        room: ROOM,
        created: Time::ZERO,
    }
}

const fn key(kind: KeyKind) -> KeyName {
    KeyName {
        owner: BOB,
        kind,
        id: KeyId(7),
        incarnation: 0,
    }
}

fn olm_session(opener: DeviceId) -> SessionName {
    SessionName {
        opener,
        peer: BOB,
        opened: Time::ZERO,
    }
}
