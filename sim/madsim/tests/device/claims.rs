//! Claiming one-time keys: of whom, how many claims at a time, and what a
//! claim that fails does to the message that waits for it (BS §1.5).

use super::driver::peer::Peer;
use super::driver::{BOB, CAROL, THERE};
use super::{Client, LAPTOP, ROOM, STOCK, has_olm, in_a_room_of, in_a_room_with, receivers};
use super::{sharing_with, started};
use unwedge_core::device::Command;
use unwedge_core::node::Input;
use unwedge_core::protocol::{Protocol, Unwedging};
use unwedge_core::time::Span;
use unwedge_core::trace::{ClaimMiss, Fact};
use unwedge_core::wire::ClientResponse;

/// Why keys were not claimed, since this was last asked.
fn missed(alice: &mut Client) -> Vec<ClaimMiss> {
    let why = |fact| {
        let Fact::ClaimMissed { why, .. } = fact else {
            return None;
        };
        Some(why)
    };
    alice.facts().into_iter().filter_map(why).collect()
}

#[test]
fn no_key_is_claimed_of_a_device_that_has_a_session() {
    let mut bob = Peer::new(BOB);
    let (mut alice, _) = sharing_with(&mut bob, Protocol::default());

    // Bob never answered on it: for all Alice knows the session is dead.
    alice.wait(Span::hours(2));
    alice.command(Command::DiscardSession(ROOM));
    alice.say();
    assert!(alice.claim().is_none());
    assert!(has_olm(&alice.messages().unwrap()[0]));
    alice.event().unwrap();

    alice.come_back();
    alice.command(Command::DiscardSession(ROOM));
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
fn a_session_under_another_identity_of_a_device_is_none() {
    let mut bob = Peer::new(BOB);
    let (mut alice, _) = sharing_with(&mut bob, Protocol::default());
    alice.bob_has(&[]);
    let mut again = Peer::new(BOB);
    alice.bob_has(&[&again]);
    alice.say();
    alice.claimed_of(&mut [&mut again]);
    let messages = alice.messages().unwrap();
    assert!(again.decrypt(&messages[0]).is_ok());
}

#[test]
fn one_key_is_claimed_of_each_device_that_has_no_session_in_one_request() {
    let (mut phone, laptop, mut carol) = (Peer::new(BOB), Peer::new(LAPTOP), Peer::new(CAROL));
    let alice = started(Protocol::default());
    let (mut alice, _) = in_a_room_of(&[&phone, &laptop, &carol], alice);
    alice.say();
    let (claim, devices) = alice.claim().unwrap();
    assert_eq!(devices, [BOB, LAPTOP, CAROL]);
    // Keys that were not asked for, and second ones, are left alone.
    let keys = [phone.one_time_keys(2), carol.one_time_keys(1)].concat();
    alice.facts();
    alice.claimed(claim, keys);
    let opened = |fact: &Fact| matches!(fact, Fact::SessionOpened { .. });
    let facts = alice.facts();
    assert_eq!(facts.into_iter().filter(opened).count(), 2);
    let messages = alice.messages().unwrap();
    assert_eq!(receivers(&messages), [BOB, LAPTOP, CAROL]);
    let can_read: Vec<bool> = messages.iter().map(has_olm).collect();
    assert_eq!(can_read, [true, false, true]);
}

#[test]
fn a_key_under_a_bad_signature_opens_no_session() {
    let mut bob = Peer::new(BOB);
    let (mut alice, _) = in_a_room_with(&bob, Protocol::default());
    alice.say();
    let (claim, _) = alice.claim().unwrap();
    let mut forged = bob.one_time_key();
    forged.key = Peer::new(BOB).one_time_key().key;
    alice.facts();
    alice.claimed(claim, vec![forged]);
    assert_eq!(missed(&mut alice), [ClaimMiss::BadSignature]);
    assert!(!has_olm(&alice.messages().unwrap()[0]));
    alice.event().unwrap();
    // A device whose key was forged is left alone like one without a key.
    alice.say();
    assert!(alice.claim().is_none());
    assert_eq!(missed(&mut alice), [ClaimMiss::DeviceCoolingDown]);
}

#[test]
fn a_key_that_another_identity_signed_opens_no_session() {
    let bob = Peer::new(BOB);
    let (mut alice, _) = in_a_room_with(&bob, Protocol::default());
    alice.say();
    let (claim, _) = alice.claim().unwrap();
    // Bob has logged in again and Alice has not heard of it.
    alice.claimed(claim, vec![Peer::new(BOB).one_time_key()]);
    assert!(!has_olm(&alice.messages().unwrap()[0]));
}

#[test]
fn a_claim_without_an_answer_has_the_message_tried_again() {
    let mut bob = Peer::new(BOB);
    let (mut alice, _) = in_a_room_with(&bob, Protocol::default());
    alice.say();
    for _ in 0..3 {
        let (claim, devices) = alice.claim().unwrap();
        assert_eq!(devices, [BOB]);
        alice.time_out(claim);
        assert!(alice.messages().is_none() && alice.event().is_none());
    }
    let (lost, _) = alice.claim().unwrap();
    alice.input(Input::Connection(false));
    alice.input(Input::Connection(true));
    // An answer to what was given up comes too late.
    alice.claimed(lost, vec![bob.one_time_key()]);
    assert!(alice.messages().is_none());
    alice.claimed_of(&mut [&mut bob]);
    assert!(has_olm(&alice.messages().unwrap()[0]));
    assert!(alice.event().is_some());
}

#[test]
fn an_answer_with_failures_lets_the_message_go_on_without_the_device() {
    let (bob, carol) = (Peer::new(BOB), Peer::new(CAROL));
    let alice = started(Protocol::default());
    let (mut alice, _) = in_a_room_of(&[&bob, &carol], alice);
    alice.say();
    alice.facts();
    alice.claim_failed(&[THERE]);
    assert_eq!(
        missed(&mut alice),
        [ClaimMiss::NoKey, ClaimMiss::ServerFailed]
    );
    let messages = alice.messages().unwrap();
    assert!(!messages.iter().any(has_olm));
    assert!(alice.event().is_some());
}

#[test]
fn there_is_one_claim_at_a_time_and_a_message_waits_for_one_that_unwedges() {
    let (bob, mut carol) = (Peer::new(BOB), Peer::new(CAROL));
    let protocol = Protocol {
        unwedging: Unwedging::AlsoAtFirstContact,
        ..Protocol::default()
    };
    let (mut alice, published) = in_a_room_of(&[&bob, &carol], started(protocol));
    let own = published.device_keys.unwrap();
    let lost = Peer::new(own.device).one_time_key();
    let mut undecryptable = bob.open(&own, &lost, alice.now());
    let message = bob.encrypt(&mut undecryptable, alice.now());
    alice.sync_message(&message);
    let (unwedging, devices) = alice.claim().unwrap();
    assert_eq!(devices, [BOB]);

    alice.say();
    alice.sync_counts(STOCK);
    assert!(alice.claim().is_none(), "a claim is on its way");
    alice.claimed(unwedging, vec![]);
    // Bob had no key just now, so only Carol is left to ask.
    alice.claimed_of(&mut [&mut carol]);
    assert!(alice.messages().is_some() && alice.event().is_some());
}

#[test]
fn a_claim_for_a_message_also_serves_to_unwedge() {
    let (mut bob, mut carol) = (Peer::new(BOB), Peer::new(CAROL));
    let protocol = Protocol {
        unwedging: Unwedging::AlsoAtFirstContact,
        ..Protocol::default()
    };
    let (mut alice, published) = in_a_room_of(&[&carol], started(protocol));
    let carols_claim = |alice: &mut Client| {
        alice.say();
        alice.claim().unwrap()
    };
    let (in_flight, _) = carols_claim(&mut alice);
    let own = published.device_keys.unwrap();
    // Carol is to be unwedged while a claim of her keys is on its way.
    let lost = Peer::new(own.device).one_time_key();
    let message = carol.encrypt(&mut carol.open(&own, &lost, alice.now()), alice.now());
    alice.sync_message(&message);
    assert!(alice.claim().is_none(), "one at a time");
    alice.answer(
        in_flight,
        ClientResponse::KeysClaim {
            keys: vec![carol.one_time_key(), bob.one_time_key()],
            failures: vec![],
        },
    );
    let sent: Vec<_> = std::iter::from_fn(|| alice.messages()).flatten().collect();
    assert_eq!(
        receivers(&sent),
        [CAROL, CAROL],
        "an m.dummy and a room key"
    );
    alice.sync_counts(STOCK);
    assert!(alice.claim().is_none());
}
