//! When a client replaces the Megolm session that it sends with (BS §1.8).
//! That somebody left is told by the tests of rooms.

use super::driver::BOB;
use super::driver::peer::Peer;
use super::{Client, LAPTOP, receivers, sharing_with};
use unwedge_core::crypto::Content;
use unwedge_core::device::Command;
use unwedge_core::node::Input;
use unwedge_core::protocol::Protocol;
use unwedge_core::time::Span;
use unwedge_core::trace::Fact;

/// Alice says something, and the server takes whatever that takes. Whether
/// the Megolm session was replaced for it.
fn replaces(alice: &mut Client) -> bool {
    alice.facts();
    alice.say();
    if let Some((claim, _)) = alice.claim() {
        alice.claimed(claim, vec![]);
    }
    while alice.messages().is_some() {}
    alice.event().expect("the message goes out");
    let facts = alice.facts();
    let index = facts.iter().find_map(|fact| {
        let Fact::EventSent { index, .. } = fact else {
            return None;
        };
        Some(*index)
    });
    let discarded = |fact: &Fact| matches!(fact, Fact::GroupSessionDiscarded { .. });
    assert_eq!(facts.iter().any(discarded), index == Some(0));
    index == Some(0)
}

#[test]
fn a_session_is_replaced_after_a_hundred_messages() {
    let mut bob = Peer::new(BOB);
    let (mut alice, _) = sharing_with(&mut bob, Protocol::default());
    for message in 2..=100 {
        assert!(!replaces(&mut alice), "message {message}");
    }
    alice.come_back();
    assert!(replaces(&mut alice), "message 101");
    assert!(!replaces(&mut alice));
}

#[test]
fn a_session_is_replaced_after_a_week() {
    let mut bob = Peer::new(BOB);
    let (mut alice, _) = sharing_with(&mut bob, Protocol::default());
    alice.wait(Span::hours(7 * 24 - 1));
    assert!(!replaces(&mut alice));
    alice.wait(Span::hours(1));
    assert!(replaces(&mut alice));
    assert!(!replaces(&mut alice));
}

#[test]
fn neither_a_new_device_nor_a_restart_nor_a_new_login_elsewhere_is_a_reason() {
    let mut bob = Peer::new(BOB);
    let (mut alice, _) = sharing_with(&mut bob, Protocol::default());
    alice.come_back();
    assert!(!replaces(&mut alice));
    alice.bob_has(&[&bob, &Peer::new(LAPTOP)]);
    assert!(!replaces(&mut alice));
    alice.input(Input::Connection(false));
    alice.input(Input::Connection(true));
    assert!(!replaces(&mut alice));
}

#[test]
fn a_session_is_replaced_when_a_device_that_has_it_is_gone() {
    let mut bob = Peer::new(BOB);
    let (mut alice, _) = sharing_with(&mut bob, Protocol::default());
    let laptop = Peer::new(LAPTOP);
    alice.bob_has(&[&bob, &laptop]);
    assert!(!replaces(&mut alice));
    alice.bob_has(&[&bob]);
    assert!(!replaces(&mut alice), "that one did not have it");
    alice.bob_has(&[&laptop]);
    assert!(replaces(&mut alice));
}

#[test]
fn a_session_is_replaced_when_a_device_that_has_it_has_a_new_identity() {
    let mut bob = Peer::new(BOB);
    let (mut alice, _) = sharing_with(&mut bob, Protocol::default());
    alice.bob_has(&[]);
    let mut again = Peer::new(BOB);
    alice.bob_has(&[&again]);
    alice.facts();
    alice.say();
    alice.claimed_of(&mut [&mut again]);
    assert!(alice.noted(|fact| matches!(fact, Fact::GroupSessionDiscarded { .. })));
    let messages = alice.messages().unwrap();
    let key = again.decrypt(&messages[0]).unwrap();
    assert!(matches!(key, Content::RoomKey { index: 0, .. }));
}

#[test]
fn a_session_is_replaced_when_a_device_that_has_it_is_blocked() {
    let mut bob = Peer::new(BOB);
    let (mut alice, _) = sharing_with(&mut bob, Protocol::default());
    alice.command(Command::Block(LAPTOP));
    assert!(!replaces(&mut alice), "that one did not have it");
    alice.command(Command::Block(BOB));
    alice.come_back();
    assert!(replaces(&mut alice));
    assert!(!replaces(&mut alice));
}

#[test]
fn a_new_session_is_shared_with_everybody_from_its_start() {
    let mut bob = Peer::new(BOB);
    let (mut alice, first) = sharing_with(&mut bob, Protocol::default());
    alice.wait(Span::days(7));
    alice.say();
    let second = alice.messages().unwrap();
    assert_eq!(receivers(&second), [BOB]);
    let mut keys = [first, second].concat().into_iter().map(|message| {
        let Content::RoomKey { session, index, .. } = bob.decrypt(&message).unwrap() else {
            panic!("it is a room key")
        };
        assert_eq!(index, 0);
        session
    });
    assert_ne!(keys.next(), keys.next());
}
