//! Claiming and sharing on the way to a room event (BS §1.5, §1.9).

use super::driver::BOB;
use super::driver::peer::Peer;
use super::{Client, ROOM, has_olm, in_a_room_with};
use unwedge_core::crypto::Content;
use unwedge_core::device::Command;
use unwedge_core::name::MegolmName;
use unwedge_core::node::Input;
use unwedge_core::protocol::Protocol;
use unwedge_core::time::Span;
use unwedge_core::trace::Fact;
use unwedge_core::wire::ToDevice;
use unwedge_madsim::Vodozemac;

/// Has the room's next message go out under a new Megolm session.
fn discard_session(alice: &mut Client) {
    let command = Command::DiscardSession(ROOM);
    alice.input(Input::Command(command));
}

/// Which Megolm session the one message shares, and from which index on.
fn room_key(bob: &mut Peer, messages: &[ToDevice<Vodozemac>]) -> (MegolmName, u32) {
    assert_eq!(messages.len(), 1);
    match bob.decrypt(&messages[0]).unwrap() {
        Content::RoomKey { session, index, .. } => (session, index),
        Content::Dummy => panic!("a room key was shared"),
    }
}

#[test]
fn the_first_message_claims_shares_and_only_then_goes_out() {
    let mut bob = Peer::new(BOB);
    let (mut alice, _) = in_a_room_with(&bob, Protocol::default());
    alice.say();
    let (claim, devices) = alice.claim().expect("there is no session");
    assert_eq!(devices, [BOB], "but none for the device itself");
    assert!(alice.messages().is_none() && alice.event().is_none());

    alice.claimed(claim, vec![bob.one_time_key()]);
    assert!(alice.event().is_none(), "the key goes first");
    let messages = alice.messages().expect("the room key");
    assert_eq!(room_key(&mut bob, &messages).1, 0);
    assert!(alice.event().is_some());
}

#[test]
fn no_key_is_claimed_of_a_device_that_has_a_session() {
    let mut bob = Peer::new(BOB);
    let (mut alice, _) = in_a_room_with(&bob, Protocol::default());
    alice.say();
    let (claim, _) = alice.claim().unwrap();
    alice.claimed(claim, vec![bob.one_time_key()]);
    alice.messages().unwrap();
    alice.event().unwrap();

    // Bob never answered on it: for all Alice knows the session is dead.
    alice.wait(Span::hours(2));
    discard_session(&mut alice);
    alice.say();
    assert!(alice.claim().is_none());
    assert!(has_olm(&alice.messages().unwrap()[0]));
    alice.event().unwrap();

    alice.restart();
    alice.input(Input::Connection(true));
    discard_session(&mut alice);
    alice.say();
    assert!(alice.claim().is_none());
    assert!(has_olm(&alice.messages().unwrap()[0]));
}

#[test]
fn no_key_is_claimed_of_a_device_that_opened_a_session_itself() {
    let bob = Peer::new(BOB);
    let (mut alice, published) = in_a_room_with(&bob, Protocol::default());
    let (own, key) = (published.device_keys.unwrap(), &published.one_time_keys[0]);
    let message = bob.encrypt(&mut bob.open(&own, key, alice.now()), alice.now());
    alice.sync_message(&message);
    alice.say();
    assert!(alice.claim().is_none());
    assert!(has_olm(&alice.messages().unwrap()[0]));
}

#[test]
fn a_key_under_a_bad_signature_opens_no_session() {
    let mut bob = Peer::new(BOB);
    let (mut alice, _) = in_a_room_with(&bob, Protocol::default());
    alice.say();
    let (claim, _) = alice.claim().unwrap();
    let mut forged = bob.one_time_key();
    forged.key = Peer::new(BOB).one_time_key().key;
    alice.claimed(claim, vec![forged]);
    assert!(!has_olm(&alice.messages().unwrap()[0]));
}

#[test]
fn a_device_without_a_key_is_told_no_olm_once_and_never_again() {
    let bob = Peer::new(BOB);
    let (mut alice, _) = in_a_room_with(&bob, Protocol::default());
    alice.say();
    let (claim, _) = alice.claim().unwrap();
    alice.claimed(claim, vec![]);
    let messages = alice.messages().expect("Bob is told");
    assert_eq!(messages.len(), 1);
    assert!(!has_olm(&messages[0]));
    alice.event().expect("the message goes out all the same");

    alice.say();
    assert!(alice.claim().is_none(), "not for 15 s");
    assert!(alice.messages().is_none());
    alice.event().unwrap();

    // Neither another Megolm session nor a restart nor another failed claim
    // is a reason.
    alice.restart();
    alice.input(Input::Connection(true));
    discard_session(&mut alice);
    alice.say();
    let (claim, _) = alice.claim().expect("a restart forgets the failure");
    alice.claimed(claim, vec![]);
    assert!(alice.messages().is_none());
    alice.event().unwrap();
}

#[test]
fn a_device_that_becomes_reachable_gets_the_key_from_the_present_index_on() {
    let mut bob = Peer::new(BOB);
    let (mut alice, _) = in_a_room_with(&bob, Protocol::default());
    alice.say();
    let (claim, _) = alice.claim().unwrap();
    alice.claimed(claim, vec![]);
    alice.messages().unwrap();
    alice.event().unwrap();

    alice.wait(Span::secs(16));
    alice.say();
    let (claim, _) = alice.claim().expect("it is tried again");
    alice.claimed(claim, vec![bob.one_time_key()]);
    let messages = alice.messages().unwrap();
    assert_eq!(room_key(&mut bob, &messages).1, 1);
}

#[test]
fn a_share_that_failed_discards_the_megolm_session() {
    let mut bob = Peer::new(BOB);
    let (mut alice, _) = in_a_room_with(&bob, Protocol::default());
    alice.say();
    let (claim, _) = alice.claim().unwrap();
    alice.claimed(claim, vec![bob.one_time_key()]);
    alice.input(Input::Connection(false));
    let discarded = |fact: &Fact| matches!(fact, Fact::GroupSessionDiscarded { .. });
    assert!(alice.noted(discarded));

    let in_vain = alice.messages().expect("it was sent");
    alice.input(Input::Connection(true));
    assert!(alice.event().is_none(), "the send starts anew");
    let again = alice.messages().expect("with a new session");
    let (in_vain, again) = (room_key(&mut bob, &in_vain), room_key(&mut bob, &again));
    assert_ne!(in_vain.0, again.0);
    assert!(alice.event().is_some());
}
