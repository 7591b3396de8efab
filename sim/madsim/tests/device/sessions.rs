//! Which Olm session a client encrypts with, and which it tries to decrypt
//! with (BS §1.6).

use super::driver::BOB;
use super::driver::peer::{Peer, PeerSession};
use super::{Client, ROOM, Upload, in_a_room_with, sharing_with};
use std::sync::Arc;

use unwedge_core::crypto::{Crypto as _, OlmError};
use unwedge_core::device::Command;
use unwedge_core::name::SessionName;
use unwedge_core::protocol::Protocol;
use unwedge_core::time::{Span, Time};
use unwedge_core::trace::Fact;
use unwedge_core::wire::{ToDevice, ToDeviceContent};
use unwedge_madsim::Vodozemac;

/// The session that Alice's next message to Bob is encrypted with.
fn chosen(alice: &mut Client) -> (SessionName, ToDevice<Vodozemac>) {
    alice.command(Command::DiscardSession(ROOM));
    alice.say();
    let messages = alice.messages().expect("the room key");
    alice.event().unwrap();
    let ToDeviceContent::Encrypted(outside) = &messages[0].content else {
        panic!("there is a session")
    };
    (outside.session, messages[0].clone())
}

/// Bob opens a session, and Alice accepts it.
fn opened_by(bob: &Peer, alice: &mut Client, published: &Upload, place: usize) -> PeerSession {
    let own = published.device_keys.as_ref().unwrap();
    let key = &published.one_time_keys[place];
    let mut session = bob.open(own, key, alice.now());
    let message = bob.encrypt(&mut session, alice.now());
    alice.sync_message(&message);
    session
}

/// The error of the message that failed, or that it did not.
fn received(alice: &mut Client, message: &ToDevice<Vodozemac>) -> Result<(), OlmError> {
    alice.facts();
    alice.sync_message(message);
    let facts = alice.facts();
    let failed = facts.iter().find_map(|fact| {
        let Fact::OlmFailed { error, .. } = fact else {
            return None;
        };
        Some(*error)
    });
    failed.map_or(Ok(()), Err)
}

#[test]
fn the_session_that_was_created_last_is_chosen_whoever_opened_it() {
    let mut bob = Peer::new(BOB);
    let (mut alice, published) = in_a_room_with(&bob, Protocol::default());
    alice.say();
    alice.claimed_of(&mut [&mut bob]);
    alice.messages().unwrap();
    alice.event().unwrap();
    let (own, _) = chosen(&mut alice);
    assert_eq!(own.peer, BOB);
    alice.wait(Span::secs(2));
    let mut his = opened_by(&bob, &mut alice, &published, 0);
    assert_eq!(chosen(&mut alice).0.opener, BOB);
    alice.wait(Span::secs(2));
    opened_by(&bob, &mut alice, &published, 1);
    let (newest, _) = chosen(&mut alice);
    assert!(newest.opened > own.opened);

    // That another has received something since is no reason.
    alice.wait(Span::secs(2));
    let message = bob.encrypt(&mut his, alice.now());
    assert_eq!(received(&mut alice, &message), Ok(()));
    assert_eq!(chosen(&mut alice).0, newest);
    alice.come_back();
    assert_eq!(chosen(&mut alice).0, newest);
}

#[test]
fn of_sessions_of_one_second_the_last_in_the_store_is_chosen() {
    let bob = Peer::new(BOB);
    let (mut alice, published) = in_a_room_with(&bob, Protocol::default());
    let next_second = |alice: &mut Client| {
        let part = alice.now().ticks() % Span::secs(1).ticks();
        alice.wait(Span::from_ticks(Span::secs(1).ticks() - part));
    };
    next_second(&mut alice);
    // Accepted first, but later in the store: it is in the opener's order.
    opened_by(&bob, &mut alice, &published, 0);
    let bobs = chosen(&mut alice).0;
    let own = published.device_keys.clone().unwrap();
    let mut second = bob.open(&own, &published.one_time_keys[1], Time::ZERO);
    let message = bob.encrypt(&mut second, alice.now());
    alice.sync_message(&message);
    assert_eq!(alice.now().as_secs(), bobs.opened.as_secs());
    assert_eq!(chosen(&mut alice).0, bobs, "the other was opened earlier");

    // In the next second the order in the store does not matter.
    next_second(&mut alice);
    let mut third = bob.open(&own, &published.one_time_keys[2], Time::ZERO.next());
    let message = bob.encrypt(&mut third, alice.now());
    alice.sync_message(&message);
    assert_eq!(chosen(&mut alice).0.opened, Time::ZERO.next());
}

#[test]
fn a_pre_key_message_of_a_known_session_is_tried_with_that_session_only() {
    let bob = Peer::new(BOB);
    let (mut alice, published) = in_a_room_with(&bob, Protocol::default());
    let own = published.device_keys.unwrap();
    let key = published.fallback_key.unwrap();
    let mut session = bob.open(&own, &key, alice.now());
    let message = bob.encrypt(&mut session, alice.now());
    assert_eq!(received(&mut alice, &message), Ok(()));
    // The fallback key is still there, so a new session could be made of it.
    let next = bob.encrypt(&mut session, alice.now());
    let mut damaged = next.clone();
    if let ToDeviceContent::Encrypted(outside) = &mut damaged.content {
        let ciphertext = Vodozemac.damage(&outside.ciphertext);
        Arc::make_mut(outside).ciphertext = ciphertext;
    }
    assert_eq!(received(&mut alice, &damaged), Err(OlmError::Invalid));
    alice.facts();
    assert_eq!(received(&mut alice, &next), Ok(()));
    assert!(!alice.noted(|fact| matches!(fact, Fact::SessionAccepted { .. })));
}

#[test]
fn any_other_message_is_tried_with_every_session() {
    let mut bob = Peer::new(BOB);
    let (mut alice, published) = in_a_room_with(&bob, Protocol::default());
    let own = published.device_keys.clone().unwrap();
    alice.say();
    alice.claimed_of(&mut [&mut bob]);
    let first = alice.messages().unwrap();
    alice.event().unwrap();
    let mut hers = bob.accept(&own, &first[0]);
    let [_older, mut newest] = [0, 1].map(|place| {
        alice.wait(Span::secs(2));
        opened_by(&bob, &mut alice, &published, place)
    });
    let (_, over_the_newest) = chosen(&mut alice);
    newest.decrypt(&over_the_newest).unwrap();
    // Bob answers on the first and on the last of the three.
    alice.come_back();
    for session in [&mut hers, &mut newest] {
        let message = bob.encrypt(session, alice.now());
        assert_eq!(received(&mut alice, &message), Ok(()));
    }
    let mut damaged = bob.encrypt(&mut hers, alice.now());
    if let ToDeviceContent::Encrypted(outside) = &mut damaged.content {
        let ciphertext = Vodozemac.damage(&outside.ciphertext);
        Arc::make_mut(outside).ciphertext = ciphertext;
    }
    assert_eq!(received(&mut alice, &damaged), Err(OlmError::Invalid));
    let next = bob.encrypt(&mut hers, alice.now());
    assert_eq!(received(&mut alice, &next), Ok(()), "none the worse");
}

#[test]
fn a_message_that_belongs_to_no_session_fails() {
    let mut bob = Peer::new(BOB);
    let (mut alice, published) = in_a_room_with(&bob, Protocol::default());
    let own = published.device_keys.clone().unwrap();
    let before = alice.disk();
    alice.say();
    alice.claimed_of(&mut [&mut bob]);
    let first = alice.messages().unwrap();
    let mut hers = bob.accept(&own, &first[0]);
    let answer = bob.encrypt(&mut hers, alice.now());
    alice.restore(before);
    alice.come_back();
    assert_eq!(received(&mut alice, &answer), Err(OlmError::Invalid));
}

#[test]
fn everything_is_a_pre_key_message_until_the_other_side_has_answered() {
    let mut bob = Peer::new(BOB);
    let (mut alice, first) = sharing_with(&mut bob, Protocol::default());
    let is_pre_key = |message: &ToDevice<Vodozemac>| {
        let ToDeviceContent::Encrypted(outside) = &message.content else {
            panic!("there is a session")
        };
        matches!(outside.ciphertext, vodozemac::olm::OlmMessage::PreKey(_))
    };
    let (_, second) = chosen(&mut alice);
    assert!(is_pre_key(&first[0]) && is_pre_key(&second));
    let own = alice_keys(&mut alice);
    let mut hers = bob.accept(&own, &second);
    let answer = bob.encrypt(&mut hers, alice.now());
    assert_eq!(received(&mut alice, &answer), Ok(()));
    assert!(!is_pre_key(&chosen(&mut alice).1));
    alice.come_back();
    assert!(!is_pre_key(&chosen(&mut alice).1));
}

/// Alice's keys, as the outside of her messages tells them.
fn alice_keys(alice: &mut Client) -> unwedge_core::wire::DeviceKeys<Vodozemac> {
    let (_, message) = chosen(alice);
    let ToDeviceContent::Encrypted(outside) = &message.content else {
        panic!("there is a session")
    };
    unwedge_core::wire::DeviceKeys {
        device: message.id.sender,
        identity: outside.sender_identity,
    }
}
