//! A device that has opened a new Olm session is given the room key again
//! (BS §1.7).

use std::sync::Arc;

use super::driver::BOB;
use super::driver::peer::{Peer, PeerSession};
use super::{Client, Upload, in_a_room_with};
use unwedge_core::crypto::{Content, Crypto as _, GroupError};
use unwedge_core::protocol::{Protocol, Resharing};
use unwedge_core::wire::{RoomContent, RoomEvent, ToDevice};
use unwedge_madsim::Vodozemac;

/// Alice, Bob, what Alice has published, and what she has said to Bob.
struct Story {
    alice: Client,
    bob: Peer,
    published: Upload,
    events: Vec<Arc<RoomEvent<Vodozemac>>>,
    opened: Vec<PeerSession>,
}

impl Story {
    /// Alice has shared a key with Bob and said two things.
    fn under(resharing: Resharing) -> Self {
        let mut bob = Peer::new(BOB);
        let protocol = Protocol {
            resharing,
            ..Protocol::default()
        };
        let (mut alice, published) = in_a_room_with(&bob, protocol);
        alice.say();
        alice.claimed_of(&mut [&mut bob]);
        alice.messages().unwrap();
        let mut events = vec![alice.event().unwrap()];
        alice.say();
        assert!(alice.messages().is_none(), "Bob has the key");
        events.push(alice.event().unwrap());
        Self {
            alice,
            bob,
            published,
            events,
            opened: vec![],
        }
    }

    /// Bob opens an Olm session.
    fn bob_opens(&mut self, place: usize) {
        let own = self.published.device_keys.as_ref().unwrap();
        let key = &self.published.one_time_keys[place];
        let now = self.alice.now();
        let mut session = self.bob.open(own, key, now);
        let message = self.bob.encrypt(&mut session, now);
        self.alice.sync_message(&message);
        self.opened.push(session);
    }

    /// Alice says something; whether and from which index on she gives Bob
    /// the key for it.
    fn shares(&mut self) -> Option<ToDevice<Vodozemac>> {
        self.alice.say();
        let messages = self.alice.messages();
        self.events.push(self.alice.event().unwrap());
        messages.map(|mut messages| {
            assert_eq!(messages.len(), 1);
            messages.remove(0)
        })
    }

    /// Which of the events so far can be read with the key in a message.
    fn readable(&mut self, message: &ToDevice<Vodozemac>) -> Vec<bool> {
        // It comes over the session that Bob opened last.
        let session = self.opened.last_mut().unwrap();
        let Content::RoomKey { index, key, .. } = session.decrypt(message).unwrap() else {
            panic!("it is a room key")
        };
        let mut inbound = Vodozemac.import_room_key(&key).unwrap();
        assert_eq!(Vodozemac.first_known_index(&inbound), index);
        let events = self.events.iter().map(|event| {
            let RoomContent::Encrypted { ciphertext, .. } = &event.content else {
                panic!("Alice says it in secret")
            };
            match Vodozemac.decrypt_event(&mut inbound, ciphertext) {
                Ok(_) => true,
                Err(error) => {
                    assert_eq!(error, GroupError::UnknownMessageIndex);
                    false
                }
            }
        });
        events.collect()
    }
}

#[test]
fn todays_client_shares_again_from_the_present_index() {
    let mut story = Story::under(Resharing::CurrentIndex);
    story.bob_opens(0);
    let again = story.shares().expect("the key, once more");
    assert_eq!(story.readable(&again), [false, false, true]);
    assert!(story.shares().is_none(), "once for each session");
    story.alice.come_back();
    assert!(story.shares().is_none());
}

#[test]
fn a_client_can_share_again_from_the_original_index() {
    let mut story = Story::under(Resharing::OriginalIndex);
    story.alice.come_back();
    story.bob_opens(0);
    let again = story.shares().expect("the key, once more");
    assert_eq!(story.readable(&again), [true, true, true]);
    assert!(story.shares().is_none());
    // And so it does the next time.
    story.bob_opens(1);
    let again = story.shares().expect("the key, a third time");
    assert_eq!(story.readable(&again), [true; 5]);
}

#[test]
fn a_session_that_the_client_opened_itself_is_no_reason() {
    let mut story = Story::under(Resharing::CurrentIndex);
    story.alice.bob_has(&[&story.bob]);
    assert!(story.shares().is_none());
}

#[test]
fn a_session_of_a_device_that_is_not_known_is_no_reason() {
    let mut story = Story::under(Resharing::CurrentIndex);
    let laptop = Peer::new(super::LAPTOP);
    let own = story.published.device_keys.clone().unwrap();
    let key = &story.published.one_time_keys[0];
    let now = story.alice.now();
    let message = laptop.encrypt(&mut laptop.open(&own, key, now), now);
    story.alice.sync_message(&message);
    story.alice.bob_has(&[&story.bob, &laptop]);
    let first = story.shares().expect("its first key");
    assert_eq!(first.id.to, super::LAPTOP);
    assert!(story.shares().is_none());
}
