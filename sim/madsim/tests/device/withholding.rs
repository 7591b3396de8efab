//! Whom a client does not give a room key, what it tells them, and what it
//! makes of being told (BS §1.9, §1.10).

use super::driver::peer::Peer;
use super::driver::{ALICE, BOB};
use super::{Client, LAPTOP, ROOM, STOCK, has_olm, in_a_room_with, nothing_new, sharing_with};
use unwedge_core::crypto::Content;
use unwedge_core::device::Command;
use unwedge_core::name::{MegolmName, MessageId};
use unwedge_core::protocol::{NoOlmReply, Protocol};
use unwedge_core::time::Span;
use unwedge_core::trace::{EventTrouble, Fact, Withholding};
use unwedge_core::wire::{SyncResponse, ToDevice, ToDeviceContent};
use unwedge_madsim::Vodozemac;

/// A client that answers `m.no_olm` like this.
fn answering(no_olm_reply: NoOlmReply) -> Protocol {
    Protocol {
        no_olm_reply,
        ..Protocol::default()
    }
}

/// Bob says that he has no Olm session with Alice.
fn no_olm(alice: &Client, from: &Peer) -> ToDevice<Vodozemac> {
    ToDevice {
        id: MessageId {
            sender: from.device,
            to: ALICE,
            sent: alice.now(),
            number: 0,
        },
        content: ToDeviceContent::NoOlm,
    }
}

/// Whom the messages tell that a session is withheld.
fn blacklisted(messages: &[ToDevice<Vodozemac>]) -> Vec<MegolmName> {
    let session = |message: &ToDevice<Vodozemac>| match message.content {
        ToDeviceContent::Blacklisted(session) => Some(session),
        ToDeviceContent::Encrypted(_)
        | ToDeviceContent::FromStranger(_)
        | ToDeviceContent::NoOlm => None,
    };
    messages.iter().filter_map(session).collect()
}

#[test]
fn a_device_without_a_key_is_told_no_olm_once_and_never_again() {
    let bob = Peer::new(BOB);
    let (mut alice, _) = in_a_room_with(&bob, Protocol::default());
    alice.say();
    let (claim, _) = alice.claim().unwrap();
    alice.facts();
    alice.claimed(claim, vec![]);
    let told = |fact: &Fact| {
        matches!(
            fact,
            Fact::RoomKeyWithheld {
                why: Withholding::NoOlm,
                ..
            }
        )
    };
    assert!(alice.noted(told));
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
    alice.come_back();
    alice.command(Command::DiscardSession(ROOM));
    alice.say();
    let (claim, _) = alice.claim().expect("a restart forgets the failure");
    alice.claimed(claim, vec![]);
    assert!(alice.messages().is_none());
    alice.event().unwrap();

    // A device that logged out and in again is another one.
    alice.bob_has(&[]);
    alice.bob_has(&[&Peer::new(BOB)]);
    alice.wait(Span::secs(15));
    alice.say();
    let (claim, _) = alice.claim().unwrap();
    alice.claimed(claim, vec![]);
    assert!(alice.messages().is_some());
}

#[test]
fn a_blocked_device_is_told_once_for_each_session_and_gets_no_key() {
    let (mut bob, mut laptop) = (Peer::new(BOB), Peer::new(LAPTOP));
    let (mut alice, _) = sharing_with(&mut bob, Protocol::default());
    alice.bob_has(&[&bob, &laptop]);
    alice.command(Command::Block(BOB));
    let mut sessions = vec![];
    for _ in 0..2 {
        alice.facts();
        alice.say();
        if let Some((claim, _)) = alice.claim() {
            alice.claimed(claim, vec![laptop.one_time_key()]);
        }
        let messages = alice.messages().unwrap();
        let told = blacklisted(&messages);
        assert_eq!((messages.len(), told.len()), (2, 1));
        sessions.extend(told);
        let why = Withholding::Blacklisted;
        let withheld =
            |it: &Fact| matches!(it, Fact::RoomKeyWithheld { why: it, .. } if *it == why);
        assert!(alice.noted(withheld));
        for message in messages.iter().filter(|message| has_olm(message)) {
            assert_eq!(message.id.to, LAPTOP);
            let Content::RoomKey { session, .. } = laptop.decrypt(message).unwrap() else {
                panic!("it is the room key")
            };
            assert!(sessions.contains(&session));
        }
        alice.event().unwrap();
        alice.come_back();
        alice.say();
        assert!(alice.messages().is_none(), "it knows");
        alice.event().unwrap();
        alice.command(Command::DiscardSession(ROOM));
    }
    assert_ne!(sessions[0], sessions[1]);
}

#[test]
fn a_blocked_device_without_an_olm_session_is_told_that_it_is_blocked() {
    let bob = Peer::new(BOB);
    let (mut alice, _) = in_a_room_with(&bob, Protocol::default());
    alice.command(Command::Block(BOB));
    alice.say();
    let (claim, _) = alice.claim().unwrap();
    alice.claimed(claim, vec![]);
    let messages = alice.messages().unwrap();
    assert_eq!((messages.len(), blacklisted(&messages).len()), (1, 1));
}

#[test]
fn a_reader_knows_of_a_session_that_it_was_told_is_withheld() {
    let bob = Peer::new(BOB);
    let (mut alice, _) = in_a_room_with(&bob, Protocol::default());
    let (withheld, missing) = (super::reading::Megolm::of(BOB, &alice), alice.now());
    let told = ToDevice {
        content: ToDeviceContent::Blacklisted(withheld.name),
        ..no_olm(&alice, &bob)
    };
    alice.sync_message(&told);
    alice.come_back();
    let mut withheld = withheld;
    let event = withheld.event(missing);
    alice.facts();
    alice.sync_event(&event);
    let why = EventTrouble::Withheld;
    assert!(alice.noted(|it| matches!(it, Fact::EventUnreadable { why: it, .. } if *it == why)));

    let mut other = super::reading::Megolm::of(BOB, &alice);
    let event = other.event(missing.next());
    alice.sync_event(&event);
    let why = EventTrouble::MissingSession;
    assert!(alice.noted(|it| matches!(it, Fact::EventUnreadable { why: it, .. } if *it == why)));
}

#[test]
fn todays_client_does_nothing_about_being_told_no_olm() {
    let bob = Peer::new(BOB);
    let (mut alice, _) = in_a_room_with(&bob, answering(NoOlmReply::Ignored));
    for _ in 0..2 {
        alice.sync_message(&no_olm(&alice, &bob));
        assert!(alice.claim().is_none());
        alice.wait(Span::hours(2));
    }
}

#[test]
fn a_client_can_answer_no_olm_with_a_session_and_a_dummy_once_an_hour() {
    let mut bob = Peer::new(BOB);
    let (mut alice, _) = in_a_room_with(&bob, answering(NoOlmReply::OpensSession));
    for _ in 0..2 {
        alice.facts();
        alice.sync_message(&no_olm(&alice, &bob));
        assert!(alice.noted(|fact| matches!(fact, Fact::Unwedging { peer: BOB, .. })));
        alice.sync_message(&no_olm(&alice, &bob));
        assert!(!alice.noted(|fact| matches!(fact, Fact::Unwedging { .. })));
        alice.claimed_of(&mut [&mut bob]);
        let messages = alice.messages().unwrap();
        let content = bob.decrypt(&messages[0]).unwrap();
        assert!(matches!(content, Content::Dummy));
        alice.wait(Span::mins(59));
        alice.sync_message(&no_olm(&alice, &bob));
        assert!(alice.claim().is_none(), "not within the hour");
        alice.wait(Span::mins(2));
    }
}

#[test]
fn a_client_that_is_still_trying_to_open_a_session_need_not_be_told_again() {
    let bob = Peer::new(BOB);
    let (mut alice, _) = in_a_room_with(&bob, answering(NoOlmReply::OpensSession));
    alice.sync_message(&no_olm(&alice, &bob));
    alice.claim_failed(&[]);
    alice.wait(Span::hours(2));
    alice.facts();
    alice.sync_message(&no_olm(&alice, &bob));
    assert!(!alice.noted(|fact| matches!(fact, Fact::Unwedging { .. })));
    assert!(alice.claim().is_some());
}

#[test]
fn no_olm_of_a_device_that_is_not_known_means_nothing() {
    let bob = Peer::new(BOB);
    let (mut alice, _) = in_a_room_with(&bob, answering(NoOlmReply::OpensSession));
    alice.sync_message(&no_olm(&alice, &Peer::new(LAPTOP)));
    assert!(alice.claim().is_none());
    // Not even once it is known.
    alice.bob_has(&[&bob, &Peer::new(LAPTOP)]);
    alice.sync(SyncResponse {
        counts: super::counts(STOCK),
        ..nothing_new()
    });
    assert!(alice.claim().is_none());
}
