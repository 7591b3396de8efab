use super::*;
use crate::crypto::Body;
use crate::oracle::testing::{ALICE, BOB, HERE, ROOM, SESSION};
use crate::time::Span;
use crate::trace::FactId;

/// What Alice's device does, a second for each fact.
#[derive(Default)]
struct Story(Trace, Time);

impl Story {
    fn note(&mut self, fact: Fact) -> FactId {
        self.1 += Span::secs(1);
        self.0.note(self.1, fact);
        self.0.last().expect("one was just noted")
    }

    /// Says something in the room, at an index; whether its server gets it.
    fn says(&mut self, index: u32, arrives: bool) -> FactId {
        let event = EventId {
            sender: ALICE,
            sent: self.1,
        };
        let (session, room, body) = (SESSION, ROOM, Body::Timeline);
        let fact = self.note(Fact::EventSent {
            event,
            room,
            session,
            index,
            body,
        });
        if arrives {
            let server = HERE;
            self.note(Fact::EventStored { server, event });
        }
        fact
    }

    /// Encrypts something for Bob, in a chain that began so many seconds after
    /// the session: a room key from an index on, or else nothing in particular.
    fn writes_to_bob(&mut self, chain: u64, index: u32, room_key: Option<u32>) -> FactId {
        let message = MessageId {
            sender: ALICE,
            to: BOB,
            sent: self.1,
            number: 0,
        };
        let session = SessionName {
            opener: ALICE,
            peer: BOB,
            opened: Time::ZERO,
        };
        let fact = self.note(Fact::OlmEncrypted {
            message,
            session,
            chain: Time::ZERO + Span::secs(chain),
            index,
        });
        if let Some(index) = room_key {
            let session = SESSION;
            self.note(Fact::RoomKeyShared {
                session,
                index,
                message,
            });
        }
        let server = HERE;
        self.note(Fact::ToDeviceQueued { server, message });
        fact
    }

    fn finds(&self, facts: &[[FactId; 2]]) {
        let found = facts.iter().map(|facts| Violation {
            oracle: ORACLE.name,
            facts: facts.to_vec(),
        });
        assert_eq!(check(&History::of(&self.0)), found.collect::<Vec<_>>());
    }
}

#[test]
fn two_events_at_one_index_of_a_megolm_session_are_found() {
    let mut story = Story::default();
    let first = story.says(3, true);
    story.says(4, true);
    let second = story.says(3, true);
    let third = story.says(3, true);
    story.finds(&[[first, second], [first, third]]);
}

#[test]
fn an_event_that_never_left_the_device_repeats_nothing() {
    let mut story = Story::default();
    story.says(3, false);
    let first = story.says(3, true);
    story.says(3, false);
    let second = story.says(3, true);
    story.finds(&[[first, second]]);

    let mut story = Story::default();
    story.says(3, true);
    story.says(3, false);
    story.finds(&[]);
}

#[test]
fn two_messages_at_one_index_of_an_olm_chain_are_found() {
    let mut story = Story::default();
    let first = story.writes_to_bob(0, 2, Some(0));
    let second = story.writes_to_bob(0, 2, Some(5));
    let third = story.writes_to_bob(0, 2, None);
    story.finds(&[[first, second], [first, third]]);
}

#[test]
fn another_chain_or_the_same_content_repeats_nothing() {
    let mut story = Story::default();
    story.writes_to_bob(0, 2, Some(0));
    story.writes_to_bob(0, 3, Some(5));
    // A chain that begins anew has keys of its own.
    story.writes_to_bob(9, 2, Some(6));
    // The same message key and the same plaintext make the same ciphertext.
    story.writes_to_bob(0, 2, Some(0));
    story.finds(&[]);
}
