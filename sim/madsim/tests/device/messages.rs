//! What a client makes of the Olm messages that it receives (BS §1.2, §1.6).

use super::driver::peer::Peer;
use super::driver::{BOB, CAROL};
use super::{Client, in_a_room_with, nothing_new};
use std::sync::Arc;

use unwedge_core::crypto::{Crypto as _, OlmError};
use unwedge_core::name::DeviceId;
use unwedge_core::protocol::{FailedKeys, Protocol, ToDeviceOrder, Unwedging};
use unwedge_core::time::Span;
use unwedge_core::trace::Fact;
use unwedge_core::wire::{SyncResponse, ToDevice, ToDeviceContent};
use unwedge_madsim::Vodozemac;

/// What a message came to.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Accepted,
    Decrypted,
    Failed(OlmError),
    Replayed,
}

/// Hands the client a message, and tells what it came to.
fn outcome(alice: &mut Client, message: &ToDevice<Vodozemac>) -> Outcome {
    alice.facts();
    alice.sync_message(message);
    let facts = alice.facts();
    let accepted = |fact: &Fact| matches!(fact, Fact::SessionAccepted { .. });
    let accepted = facts.iter().any(accepted);
    for fact in facts {
        if let Fact::OlmDecrypted { .. } = fact {
            return if accepted {
                Outcome::Accepted
            } else {
                Outcome::Decrypted
            };
        } else if let Fact::OlmFailed { error, .. } = fact {
            return Outcome::Failed(error);
        } else if let Fact::OlmReplayed { .. } = fact {
            return Outcome::Replayed;
        }
    }
    panic!("{:?} came to nothing", message.id)
}

/// The same message with another MAC.
fn damaged(message: &ToDevice<Vodozemac>) -> ToDevice<Vodozemac> {
    let mut message = message.clone();
    let ToDeviceContent::Encrypted(outside) = &mut message.content else {
        panic!("only an encrypted message can be damaged")
    };
    let ciphertext = Vodozemac.damage(&outside.ciphertext);
    Arc::make_mut(outside).ciphertext = ciphertext;
    message
}

/// Alice under this value of the decision, Bob, and his first message to her,
/// after a damaged copy of it.
fn after_a_damaged_copy(failed_keys: FailedKeys) -> (Client, ToDevice<Vodozemac>) {
    let bob = Peer::new(BOB);
    let protocol = Protocol {
        failed_keys,
        ..Protocol::default()
    };
    let (mut alice, published) = in_a_room_with(&bob, protocol);
    let (own, key) = (published.device_keys.unwrap(), &published.one_time_keys[0]);
    let mut session = bob.open(&own, key, alice.now());
    let message = bob.encrypt(&mut session, alice.now());
    let failed = Outcome::Failed(OlmError::Invalid);
    assert_eq!(outcome(&mut alice, &damaged(&message)), failed);
    alice.come_back();
    (alice, message)
}

#[test]
fn a_pre_key_message_that_fails_does_not_cost_the_one_time_key() {
    let (mut alice, message) = after_a_damaged_copy(FailedKeys::Kept);
    assert_eq!(outcome(&mut alice, &message), Outcome::Accepted);
}

#[test]
fn a_client_with_the_known_bug_loses_the_key_of_a_pre_key_message_that_fails() {
    let (mut alice, message) = after_a_damaged_copy(FailedKeys::Deleted);
    let gone = Outcome::Failed(OlmError::MissingOneTimeKey);
    assert_eq!(outcome(&mut alice, &message), gone);
}

#[test]
fn a_fallback_key_outlives_a_message_that_fails_even_by_that_bug() {
    let bob = Peer::new(BOB);
    let protocol = Protocol {
        failed_keys: FailedKeys::Deleted,
        ..Protocol::default()
    };
    let (mut alice, published) = in_a_room_with(&bob, protocol);
    let (own, key) = (
        published.device_keys.unwrap(),
        published.fallback_key.unwrap(),
    );
    let mut session = bob.open(&own, &key, alice.now());
    let message = bob.encrypt(&mut session, alice.now());
    let failed = Outcome::Failed(OlmError::Invalid);
    assert_eq!(outcome(&mut alice, &damaged(&message)), failed);
    // Its number is also a one-time key's, which is none the worse.
    let mut on_the_other = bob.open(&own, &published.one_time_keys[0], alice.now());
    let other = bob.encrypt(&mut on_the_other, alice.now());
    assert_eq!(outcome(&mut alice, &other), Outcome::Accepted);
    assert_eq!(outcome(&mut alice, &message), Outcome::Accepted);
}

#[test]
fn a_one_time_key_opens_one_session_and_a_fallback_key_opens_many() {
    let bob = Peer::new(BOB);
    let (mut alice, published) = in_a_room_with(&bob, Protocol::default());
    let own = published.device_keys.unwrap();
    let mut first_message = |key| {
        let now = alice.now();
        let message = bob.encrypt(&mut bob.open(&own, key, now), now);
        outcome(&mut alice, &message)
    };
    let key = &published.one_time_keys[0];
    assert_eq!(first_message(key), Outcome::Accepted);
    let gone = Outcome::Failed(OlmError::MissingOneTimeKey);
    assert_eq!(first_message(key), gone);
    assert_eq!(
        first_message(&published.one_time_keys[1]),
        Outcome::Accepted
    );

    let fallback = published.fallback_key.unwrap();
    assert_eq!(first_message(&fallback), Outcome::Accepted);
    assert_eq!(first_message(&fallback), Outcome::Accepted);
}

#[test]
fn a_used_one_time_key_is_still_gone_after_a_restart() {
    let bob = Peer::new(BOB);
    let (mut alice, published) = in_a_room_with(&bob, Protocol::default());
    let (own, key) = (published.device_keys.unwrap(), &published.one_time_keys[0]);
    let first_message = |alice: &mut Client| {
        let now = alice.now();
        let message = bob.encrypt(&mut bob.open(&own, key, now), now);
        outcome(alice, &message)
    };
    assert_eq!(first_message(&mut alice), Outcome::Accepted);
    alice.come_back();
    let gone = Outcome::Failed(OlmError::MissingOneTimeKey);
    assert_eq!(first_message(&mut alice), gone);
}

#[test]
fn a_session_survives_lost_messages_and_restarts() {
    let bob = Peer::new(BOB);
    let (mut alice, published) = in_a_room_with(&bob, Protocol::default());
    let (own, key) = (published.device_keys.unwrap(), &published.one_time_keys[0]);
    let mut session = bob.open(&own, key, alice.now());
    let mut sent = alice.now();
    let mut next = || {
        sent = sent.next();
        bob.encrypt(&mut session, sent)
    };
    let [_lost, second, third, fourth] = [next(), next(), next(), next()];
    // All are pre-key messages until Bob has heard of the session.
    assert_eq!(outcome(&mut alice, &second), Outcome::Accepted);
    alice.come_back();
    assert_eq!(outcome(&mut alice, &fourth), Outcome::Decrypted);
    alice.come_back();
    assert_eq!(outcome(&mut alice, &third), Outcome::Decrypted);
    // The ratchet has not gone back: it would decrypt this a second time.
    assert_eq!(outcome(&mut alice, &fourth), Outcome::Replayed);
}

#[test]
fn forty_messages_that_were_overtaken_can_still_be_read_and_a_gap_of_two_thousand_cannot() {
    let bob = Peer::new(BOB);
    let (mut alice, published) = in_a_room_with(&bob, Protocol::default());
    let (own, key) = (published.device_keys.unwrap(), &published.one_time_keys[0]);
    let sent = alice.now();
    let mut session = bob.open(&own, key, sent);
    let mut next = || bob.encrypt(&mut session, sent);
    assert_eq!(outcome(&mut alice, &next()), Outcome::Accepted);
    let overtaken: Vec<_> = (0..41).map(|_| next()).collect();
    assert_eq!(outcome(&mut alice, &next()), Outcome::Decrypted);
    let lost = Outcome::Failed(OlmError::MissingMessageKey);
    assert_eq!(outcome(&mut alice, &overtaken[0]), lost);
    assert_eq!(outcome(&mut alice, &overtaken[1]), Outcome::Decrypted);
    alice.come_back();
    assert_eq!(outcome(&mut alice, &overtaken[40]), Outcome::Decrypted);

    let far = (0..=2001).map(|_| next()).last().unwrap();
    let too_far = Outcome::Failed(OlmError::TooBigMessageGap);
    assert_eq!(outcome(&mut alice, &far), too_far);
}

#[test]
fn a_replayed_message_is_a_replay_and_not_a_failure() {
    let bob = Peer::new(BOB);
    let (mut alice, published) = in_a_room_with(&bob, Protocol::default());
    let (own, key) = (published.device_keys.unwrap(), &published.one_time_keys[0]);
    let mut session = bob.open(&own, key, alice.now());
    let message = bob.encrypt(&mut session, alice.now());
    assert_eq!(outcome(&mut alice, &message), Outcome::Accepted);
    // Long enough for a failure to bring unwedging about.
    alice.wait(Span::hours(2));
    assert_eq!(outcome(&mut alice, &message), Outcome::Replayed);
    assert!(alice.claim().is_none());
    alice.come_back();
    assert_eq!(outcome(&mut alice, &message), Outcome::Replayed);
}

#[test]
fn a_message_that_says_it_is_from_somebody_else_is_dropped() {
    let (bob, carol) = (Peer::new(BOB), Peer::new(CAROL));
    let (mut alice, published) = in_a_room_with(&bob, Protocol::default());
    let (own, key) = (published.device_keys.unwrap(), &published.one_time_keys[0]);
    let mut message = carol.encrypt(&mut carol.open(&own, key, alice.now()), alice.now());
    message.id.sender = BOB;
    alice.facts();
    alice.sync_message(&message);
    assert!(!alice.noted(|fact| matches!(fact, Fact::OlmDecrypted { .. })));
}

#[test]
fn a_replay_is_known_by_its_ciphertext_whatever_it_is_called() {
    let bob = Peer::new(BOB);
    let protocol = Protocol {
        unwedging: Unwedging::AlsoAtFirstContact,
        ..Protocol::default()
    };
    let (mut alice, published) = in_a_room_with(&bob, protocol);
    let (own, key) = (published.device_keys.unwrap(), &published.one_time_keys[0]);
    let mut session = bob.open(&own, key, alice.now());
    let message = bob.encrypt(&mut session, alice.now());
    assert_eq!(outcome(&mut alice, &message), Outcome::Accepted);
    alice.wait(Span::hours(2));
    let mut copy = message.clone();
    copy.id.number += 1;
    copy.id.sent = alice.now();
    assert_eq!(outcome(&mut alice, &copy), Outcome::Replayed);
    assert!(alice.claim().is_none());
    // What is damaged is another message, under whatever name.
    assert_ne!(outcome(&mut alice, &damaged(&message)), Outcome::Replayed);
}

#[test]
fn a_replay_of_a_message_on_a_fallback_key_is_accepted_once_its_session_is_lost() {
    let bob = Peer::new(BOB);
    let (mut alice, published) = in_a_room_with(&bob, Protocol::default());
    let before = alice.disk();
    let own = published.device_keys.unwrap();
    let key = published.fallback_key.unwrap();
    let message = bob.encrypt(&mut bob.open(&own, &key, alice.now()), alice.now());
    assert_eq!(outcome(&mut alice, &message), Outcome::Accepted);
    assert_eq!(outcome(&mut alice, &message), Outcome::Replayed);
    alice.restore(before);
    alice.come_back();
    assert_eq!(outcome(&mut alice, &message), Outcome::Accepted);
}

#[test]
fn a_message_for_another_identity_of_the_device_is_not_taken() {
    let bob = Peer::new(BOB);
    let (mut alice, published) = in_a_room_with(&bob, Protocol::default());
    let mut own = published.device_keys.unwrap();
    let key = &published.one_time_keys[0];
    let mut session = bob.open(&own, key, alice.now());
    // The session is Alice's, and what is inside says that it is not for her.
    own.device = DeviceId::new(own.device.user(), 77);
    session.readdress(&own);
    let message = bob.encrypt(&mut session, alice.now());
    alice.facts();
    alice.sync_message(&message);
    let facts = alice.facts();
    let came = |fact: &Fact| {
        matches!(
            fact,
            Fact::OlmDecrypted { .. } | Fact::OlmFailed { .. } | Fact::OlmReplayed { .. }
        )
    };
    assert!(!facts.iter().any(came));
}

#[test]
fn a_strangers_message_uses_its_key_up_and_leaves_no_session() {
    let bob = Peer::new(BOB);
    let (mut alice, published) = in_a_room_with(&bob, Protocol::default());
    let (own, key) = (published.device_keys.unwrap(), &published.one_time_keys[0]);
    let from_stranger = |alice: &Client| {
        let mut session = bob.open(&own, key, alice.now());
        let mut message = bob.encrypt(&mut session, alice.now());
        let ToDeviceContent::Encrypted(outside) = message.content else {
            panic!("it is encrypted")
        };
        message.content = ToDeviceContent::FromStranger(outside);
        message
    };
    let first = from_stranger(&alice);
    let other = from_stranger(&alice);
    assert_eq!(outcome(&mut alice, &first), Outcome::Accepted);
    let missing = Outcome::Failed(OlmError::MissingOneTimeKey);
    assert_eq!(outcome(&mut alice, &other), missing);
    // Not even the session that the first message opened is there for it.
    assert_eq!(outcome(&mut alice, &first), missing);
    alice.come_back();
    assert_eq!(
        outcome(&mut alice, &other),
        missing,
        "the account was stored"
    );
}

#[test]
fn messages_are_worked_through_as_they_are_given_or_for_a_bug_the_last_first() {
    for (to_device_order, order) in [
        (ToDeviceOrder::AsGiven, [0, 1]),
        (ToDeviceOrder::LastFirst, [1, 0]),
    ] {
        let bob = Peer::new(BOB);
        let protocol = Protocol {
            to_device_order,
            ..Protocol::default()
        };
        let (mut alice, published) = in_a_room_with(&bob, protocol);
        let (own, key) = (published.device_keys.unwrap(), &published.one_time_keys[0]);
        let mut session = bob.open(&own, key, alice.now());
        let messages = [(); 2].map(|()| {
            alice.wait(Span::secs(1));
            bob.encrypt(&mut session, alice.now())
        });
        let ids = messages.each_ref().map(|message| message.id);
        alice.facts();
        alice.sync(SyncResponse {
            to_device: messages.to_vec(),
            ..nothing_new()
        });
        let facts = alice.facts().into_iter();
        let received: Vec<_> = facts
            .filter_map(|fact| {
                if let Fact::ToDeviceReceived { message, .. } = fact {
                    Some(message)
                } else {
                    None
                }
            })
            .collect();
        assert_eq!(received, order.map(|place| ids[place]));
    }
}
