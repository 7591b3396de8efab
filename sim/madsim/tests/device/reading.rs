//! Room keys that arrive, and the events that they make readable (BS §1.16).

use std::sync::Arc;

use super::driver::BOB;
use super::driver::peer::{Peer, PeerSession};
use super::{Client, LAPTOP, ROOM, in_a_room_with};
use unwedge_core::crypto::{Body, Content, Crypto, GroupError, RoomMessage};
use unwedge_core::name::{DeviceId, EventId, MegolmName};
use unwedge_core::protocol::Protocol;
use unwedge_core::time::{Span, Time};
use unwedge_core::trace::{EventTrouble, Fact};
use unwedge_core::wire::{RoomContent, RoomEvent};
use unwedge_madsim::Vodozemac;
use vodozemac::megolm::GroupSession;

/// A Megolm session's key, and from which index on it is one.
type Key = (u32, <Vodozemac as Crypto>::RoomKey);

/// A Megolm session of somebody else's.
pub(super) struct Megolm {
    pub(super) name: MegolmName,
    olm: GroupSession,
}

impl Megolm {
    pub(super) fn of(sender: DeviceId, alice: &Client) -> Self {
        let name = MegolmName {
            sender,
            room: ROOM,
            created: alice.now(),
        };
        let olm = Vodozemac.new_group_session();
        Self { name, olm }
    }

    /// An event that it encrypts.
    pub(super) fn event(&mut self, sent: Time) -> Arc<RoomEvent<Vodozemac>> {
        let id = EventId {
            sender: self.name.sender,
            sent,
        };
        let body = Body::Timeline;
        let ciphertext = Vodozemac.encrypt_event(&mut self.olm, &RoomMessage { event: id, body });
        Arc::new(RoomEvent {
            id,
            room: ROOM,
            previous: [].into(),
            content: RoomContent::Encrypted {
                session: self.name,
                ciphertext,
            },
        })
    }

    /// Its key from the present index on.
    fn key(&self) -> Key {
        let index = Vodozemac.message_index(&self.olm);
        (index, Vodozemac.room_key(&self.olm))
    }
}

/// Alice, who reads what Bob sends her over an Olm session.
struct Reader {
    alice: Client,
    bob: Peer,
    session: PeerSession,
    megolm: Megolm,
}

impl Reader {
    fn new() -> Self {
        let bob = Peer::new(BOB);
        let (alice, published) = in_a_room_with(&bob, Protocol::default());
        let own = published.device_keys.unwrap();
        let session = bob.open(&own, &published.one_time_keys[0], alice.now());
        let megolm = Megolm::of(BOB, &alice);
        Self {
            alice,
            bob,
            session,
            megolm,
        }
    }

    fn event(&mut self) -> Arc<RoomEvent<Vodozemac>> {
        // No two events of a device have one time.
        self.alice.wait(Span::millis(1));
        self.megolm.event(self.alice.now())
    }

    /// What seeing the event comes to: that it was read, or why not.
    fn sees(&mut self, event: &Arc<RoomEvent<Vodozemac>>) -> Result<(), EventTrouble> {
        self.alice.facts();
        self.alice.sync_event(event);
        let facts = self.alice.facts();
        let trouble = facts.iter().find_map(|fact| {
            let Fact::EventUnreadable { why, .. } = fact else {
                return None;
            };
            Some(*why)
        });
        let read = |fact: &Fact| matches!(fact, Fact::EventRead { .. });
        assert_eq!(facts.iter().any(read), trouble.is_none());
        trouble.map_or(Ok(()), Err)
    }

    /// Bob gives Alice a key. Which events she can read thereupon that she
    /// could not read before.
    fn given(&mut self, (index, key): Key) -> Vec<EventId> {
        let name = self.megolm.name;
        let content = Content::RoomKey {
            room: ROOM,
            session: name,
            index,
            key,
        };
        let sent = self.alice.now();
        let message = self.bob.encrypt_content(&mut self.session, content, sent);
        self.alice.facts();
        self.alice.sync_message(&message);
        let read = |fact| {
            let Fact::EventRead { event, .. } = fact else {
                return None;
            };
            Some(event)
        };
        self.alice.facts().into_iter().filter_map(read).collect()
    }
}

const TOO_EARLY: EventTrouble = EventTrouble::Undecryptable(GroupError::UnknownMessageIndex);

#[test]
fn an_event_is_read_when_its_key_comes_however_late() {
    let mut reader = Reader::new();
    let key = reader.megolm.key();
    let (first, second) = (reader.event(), reader.event());
    assert_eq!(reader.sees(&first), Err(EventTrouble::MissingSession));
    reader.alice.come_back();
    assert_eq!(reader.given(key.clone()), [first.id]);
    reader.alice.come_back();
    assert_eq!(reader.sees(&second), Ok(()));
    assert_eq!(reader.given(key), [], "each event once");
}

#[test]
fn an_event_is_seen_once_and_read_once() {
    let mut reader = Reader::new();
    let key = reader.megolm.key();
    let event = reader.event();
    assert_eq!(reader.given(key), []);
    assert_eq!(reader.sees(&event), Ok(()));
    reader.alice.come_back();
    reader.alice.facts();
    reader.alice.sync_event(&event);
    assert!(reader.alice.facts().is_empty());
}

#[test]
fn a_key_from_a_later_index_on_does_not_read_what_came_before() {
    let mut reader = Reader::new();
    let first = reader.event();
    let key = reader.megolm.key();
    let second = reader.event();
    assert_eq!(reader.given(key), []);
    assert_eq!(reader.sees(&first), Err(TOO_EARLY));
    assert_eq!(reader.sees(&second), Ok(()));
}

#[test]
fn of_two_keys_of_one_session_the_better_is_kept_whichever_comes_first() {
    for better_first in [true, false] {
        let mut reader = Reader::new();
        let better = reader.megolm.key();
        let (first, next) = (reader.event(), reader.event());
        let worse = reader.megolm.key();
        let last = reader.event();
        if better_first {
            assert_eq!(reader.given(better), []);
            assert_eq!(reader.given(worse), []);
            reader.alice.come_back();
            assert_eq!(reader.sees(&first), Ok(()));
        } else {
            assert_eq!(reader.given(worse), []);
            assert_eq!(reader.sees(&first), Err(TOO_EARLY));
            reader.alice.come_back();
            assert_eq!(reader.given(better), [first.id]);
            reader.alice.come_back();
        }
        assert_eq!(reader.sees(&next), Ok(()), "it is kept on disk");
        assert_eq!(reader.sees(&last), Ok(()));
    }
}

#[test]
fn a_key_of_another_ratchet_does_not_take_the_place_of_the_first() {
    let mut reader = Reader::new();
    let forged = Megolm::of(BOB, &reader.alice).key();
    let later = {
        reader.event();
        reader.megolm.key()
    };
    assert_eq!(reader.given(later), []);
    assert_eq!(reader.given(forged), []);
    let event = reader.event();
    assert_eq!(reader.sees(&event), Ok(()));
    reader.alice.come_back();
    let event = reader.event();
    assert_eq!(reader.sees(&event), Ok(()));
}

#[test]
fn nobody_can_give_a_key_of_anybody_elses_session() {
    let mut reader = Reader::new();
    reader.megolm = Megolm::of(LAPTOP, &reader.alice);
    let key = reader.megolm.key();
    let event = reader.event();
    assert_eq!(reader.given(key), []);
    assert_eq!(reader.sees(&event), Err(EventTrouble::MissingSession));
}

#[test]
fn a_key_is_taken_from_a_device_that_is_not_known_yet() {
    // Who sent it is looked up later: a query cannot cost a key.
    let mut reader = Reader::new();
    reader.alice.bob_has(&[]);
    let key = reader.megolm.key();
    let event = reader.event();
    assert_eq!(reader.given(key), []);
    assert_eq!(reader.sees(&event), Ok(()));
}

#[test]
fn an_event_of_the_device_itself_is_not_read() {
    let mut reader = Reader::new();
    reader.megolm = Megolm::of(super::driver::ALICE, &reader.alice);
    let event = reader.event();
    reader.alice.facts();
    reader.alice.sync_event(&event);
    assert!(reader.alice.facts().is_empty());
}
