//! When a client replaces its fallback key, and for how long it keeps the one
//! before (BS §1.3, §1.4).

use super::driver::BOB;
use super::driver::peer::Peer;
use super::{Client, STOCK, Upload, counts, in_a_room_with, nothing_new, started};
use unwedge_core::name::KeyName;
use unwedge_core::node::Input;
use unwedge_core::protocol::{FallbackRetention, FallbackRotation, Protocol};
use unwedge_core::time::Span;
use unwedge_core::trace::{Discard, Fact};
use unwedge_core::wire::{KeyCounts, SignedKey, SyncResponse};
use unwedge_madsim::Vodozemac;

type Key = SignedKey<Vodozemac>;

fn rotating(fallback_rotation: FallbackRotation) -> Protocol {
    Protocol {
        fallback_rotation,
        ..Protocol::default()
    }
}

fn keeping(fallback_retention: FallbackRetention) -> Protocol {
    Protocol {
        fallback_retention,
        ..Protocol::default()
    }
}

/// A sync answer that says that the fallback key was used.
fn sync_used(alice: &mut Client) {
    alice.sync(SyncResponse {
        counts: KeyCounts {
            unused_fallback_key: false,
            ..counts(STOCK)
        },
        ..nothing_new()
    });
}

/// The fallback key of the next upload, which the server takes.
fn uploaded(alice: &mut Client) -> Option<Key> {
    let upload = alice.upload()?;
    alice.uploaded(upload.id, Ok(STOCK));
    upload.fallback_key
}

/// Lets a week pass, after which there is a new key.
fn next_week(alice: &mut Client) -> Key {
    alice.wait(Span::days(7) + Span::mins(1));
    uploaded(alice).expect("the key is a week old")
}

fn discarded(alice: &mut Client) -> Vec<KeyName> {
    let key = |fact| {
        let Fact::KeyDiscarded { key, why } = fact else {
            return None;
        };
        assert_eq!(why, Discard::Replaced);
        Some(key)
    };
    alice.facts().into_iter().filter_map(key).collect()
}

/// Whether the client can still read a first message on a key.
fn understands(alice: &mut Client, identity: &Upload, key: &Key) -> bool {
    let stranger = Peer::new(BOB);
    let own = identity.device_keys.as_ref().unwrap();
    let mut session = stranger.open(own, key, alice.now());
    let message = stranger.encrypt(&mut session, alice.now());
    alice.facts();
    alice.sync_message(&message);
    alice.noted(|fact| matches!(fact, Fact::OlmDecrypted { .. }))
}

#[test]
fn a_fallback_key_is_replaced_after_a_week_whether_it_was_used_or_not() {
    let protocol = rotating(FallbackRotation::Weekly);
    let (mut alice, published) = in_a_room_with(&Peer::new(BOB), protocol);
    let mut keys = vec![published.fallback_key.unwrap().name];
    alice.facts();
    for week in 1..=2 {
        sync_used(&mut alice);
        alice.wait(Span::days(6));
        alice.sync_counts(STOCK);
        assert!(alice.upload().is_none(), "week {week} is not over");
        alice.wait(Span::days(1) + Span::mins(1));
        keys.push(uploaded(&mut alice).unwrap().name);
    }
    // Two private halves are held, so the third key costs the first.
    assert_eq!(discarded(&mut alice), keys[..1]);
}

#[test]
fn a_client_that_listens_replaces_a_used_fallback_key_at_once_and_twice_if_told_late() {
    let protocol = rotating(FallbackRotation::WeeklyOrUsed);
    let (mut alice, published) = in_a_room_with(&Peer::new(BOB), protocol);
    alice.sync_counts(STOCK);
    assert!(uploaded(&mut alice).is_none(), "it was not used");
    sync_used(&mut alice);
    let upload = alice.upload().unwrap();
    let second = upload.fallback_key.clone().unwrap();
    assert_ne!(second.name, published.fallback_key.as_ref().unwrap().name);
    // While it waits to be uploaded it is not replaced.
    sync_used(&mut alice);
    alice.uploaded(upload.id, Ok(STOCK));
    assert!(uploaded(&mut alice).is_none());

    // A count from before the upload costs the first key (rust-sdk#3127).
    sync_used(&mut alice);
    assert_ne!(uploaded(&mut alice).unwrap().name, second.name);
    let first = published.fallback_key.clone().unwrap();
    assert!(!understands(&mut alice, &published, &first));
    assert!(understands(&mut alice, &published, &second));
}

#[test]
fn a_client_that_listens_also_replaces_an_unused_fallback_key_after_a_week() {
    let protocol = rotating(FallbackRotation::WeeklyOrUsed);
    let (mut alice, published) = in_a_room_with(&Peer::new(BOB), protocol);
    let next = next_week(&mut alice);
    assert_ne!(next.name, published.fallback_key.unwrap().name);
}

#[test]
fn the_age_of_a_fallback_key_counts_on_while_the_client_is_off() {
    let (mut alice, _) = in_a_room_with(&Peer::new(BOB), Protocol::default());
    alice.wait(Span::days(6));
    alice.input(Input::Connection(false));
    alice.wait(Span::days(2));
    assert!(uploaded(&mut alice).is_none(), "there was no sync");
    alice.restart();
    alice.input(Input::Connection(true));
    alice.sync_counts(STOCK);
    assert!(uploaded(&mut alice).is_some());
}

#[test]
fn a_fallback_key_that_was_generated_while_an_upload_was_in_flight_is_never_sent() {
    let (mut alice, published) = in_a_room_with(&Peer::new(BOB), Protocol::default());
    alice.wait(Span::days(6));
    alice.sync_counts(STOCK - 1);
    let upload = alice.upload().unwrap();
    alice.facts();
    alice.wait(Span::days(2));
    let new = |fact: &Fact| matches!(fact, Fact::KeyGenerated { .. });
    assert!(alice.noted(new), "the key is a week old");
    alice.uploaded(upload.id, Ok(STOCK));
    for _ in 0..3 {
        alice.come_back();
        alice.sync_counts(STOCK);
        assert!(alice.upload().is_none(), "it passes for published");
    }
    // The server hands out the one before, which is harmless once.
    let old = published.fallback_key.clone().unwrap();
    assert!(understands(&mut alice, &published, &old));
    assert!(next_week(&mut alice).name.id > old.name.id);
    assert!(!understands(&mut alice, &published, &old));
}

#[test]
fn a_replaced_fallback_key_is_kept_until_the_next_replacement_today() {
    let protocol = keeping(FallbackRetention::UntilNextReplacement);
    let (mut alice, published) = in_a_room_with(&Peer::new(BOB), protocol);
    let first = published.fallback_key.clone().unwrap();
    let second = next_week(&mut alice);
    assert!(understands(&mut alice, &published, &second));
    alice.wait(Span::days(6));
    alice.come_back();
    assert!(understands(&mut alice, &published, &first));

    let third = next_week(&mut alice);
    assert!(!understands(&mut alice, &published, &first));
    assert!(understands(&mut alice, &published, &second));
    assert!(understands(&mut alice, &published, &third));
}

#[test]
fn a_replaced_fallback_key_can_go_an_hour_after_its_successor_was_used() {
    let protocol = keeping(FallbackRetention::HourAfterSuccessorUsed);
    let (mut alice, published) = in_a_room_with(&Peer::new(BOB), protocol);
    let first = published.fallback_key.clone().unwrap();
    assert!(understands(&mut alice, &published, &first));
    let second = next_week(&mut alice);
    alice.wait(Span::days(3));
    // Another use of the first does not count.
    assert!(understands(&mut alice, &published, &first));
    alice.wait(Span::hours(2));
    assert!(understands(&mut alice, &published, &first));

    assert!(understands(&mut alice, &published, &second));
    alice.wait(Span::mins(59));
    assert!(understands(&mut alice, &published, &second), "used again");
    assert!(understands(&mut alice, &published, &first));
    alice.facts();
    alice.wait(Span::mins(2));
    assert_eq!(discarded(&mut alice), [first.name], "of its own accord");
    assert!(!understands(&mut alice, &published, &first));
    assert!(understands(&mut alice, &published, &second));
    alice.come_back();
    assert!(!understands(&mut alice, &published, &first));

    // And it is not discarded once more by the next replacement.
    alice.facts();
    let third = next_week(&mut alice);
    assert_eq!(discarded(&mut alice), []);
    assert!(understands(&mut alice, &published, &second));
    assert!(understands(&mut alice, &published, &third));
}

/// Alice's client takes part in MSC4081, but for how long it keeps keys.
fn rotating_when_received(fallback_retention: FallbackRetention) -> Protocol {
    Protocol {
        fallback_rotation: FallbackRotation::WeeklyOrReceived,
        fallback_retention,
        ..Protocol::default()
    }
}

#[test]
fn a_fallback_key_is_replaced_when_a_message_that_was_made_for_it_has_been_read() {
    let protocol = rotating_when_received(FallbackRetention::UntilNextReplacement);
    let (mut alice, published) = in_a_room_with(&Peer::new(BOB), protocol);
    let first = published.fallback_key.clone().unwrap();
    sync_used(&mut alice);
    assert!(
        uploaded(&mut alice).is_none(),
        "what the server says is nothing"
    );
    assert!(understands(&mut alice, &published, &first));
    let second = uploaded(&mut alice).expect("it was used");
    assert_ne!(second.name, first.name);
    assert!(understands(&mut alice, &published, &first));
    assert!(uploaded(&mut alice).is_none(), "the first is not current");
    let third = next_week(&mut alice);
    assert_ne!(third.name, second.name);
}

#[test]
fn a_use_that_was_not_answered_for_before_a_restart_is_answered_for_after_it() {
    let protocol = rotating_when_received(FallbackRetention::UntilNextReplacement);
    let (mut alice, published) = in_a_room_with(&Peer::new(BOB), protocol);
    let first = published.fallback_key.clone().unwrap();
    assert!(understands(&mut alice, &published, &first));
    alice.come_back();
    assert_ne!(uploaded(&mut alice).unwrap().name, first.name);
}

#[test]
fn a_replaced_fallback_key_can_go_an_hour_after_it_was_replaced() {
    let protocol = keeping(FallbackRetention::HourAfterReplacement);
    let (mut alice, published) = in_a_room_with(&Peer::new(BOB), protocol);
    let first = published.fallback_key.clone().unwrap();
    let second = next_week(&mut alice);
    alice.wait(Span::mins(55));
    assert!(understands(&mut alice, &published, &first));
    alice.facts();
    alice.wait(Span::mins(10));
    assert_eq!(discarded(&mut alice), [first.name], "of its own accord");
    alice.come_back();
    assert!(!understands(&mut alice, &published, &first));
    assert!(understands(&mut alice, &published, &second));
}

#[test]
fn replaced_fallback_keys_can_be_kept_for_thirty_days_and_the_last_for_longer() {
    let protocol = rotating_when_received(FallbackRetention::ThirtyDays);
    let (mut alice, published) = in_a_room_with(&Peer::new(BOB), protocol);
    let first = published.fallback_key.clone().unwrap();
    assert!(understands(&mut alice, &published, &first));
    let mut keys = vec![first, uploaded(&mut alice).unwrap()];
    alice.facts();
    for _ in 0..4 {
        alice.come_back();
        keys.push(next_week(&mut alice));
    }
    // The first was replaced four weeks ago and is still there.
    assert_eq!(discarded(&mut alice), []);
    for key in &keys[..5] {
        assert!(understands(&mut alice, &published, key));
    }
    alice.facts();
    alice.wait(Span::days(2));
    assert_eq!(discarded(&mut alice), [keys[0].name], "of its own accord");
    assert!(!understands(&mut alice, &published, &keys[0]));
    assert!(understands(&mut alice, &published, &keys[1]));

    // However long nobody hears of the client, the key before the current one is
    // there.
    alice.input(Input::Connection(false));
    alice.wait(Span::days(90));
    alice.come_back();
    alice.facts();
    alice.sync_counts(STOCK);
    assert_eq!(
        discarded(&mut alice),
        keys[1..5].iter().map(|key| key.name).collect::<Vec<_>>()
    );
    assert!(understands(&mut alice, &published, &keys[5]));
    assert!(!understands(&mut alice, &published, &keys[4]));
}

#[test]
fn the_hour_passes_while_the_client_is_off() {
    for connected in [true, false] {
        let protocol = keeping(FallbackRetention::HourAfterSuccessorUsed);
        let (mut alice, published) = in_a_room_with(&Peer::new(BOB), protocol);
        let first = published.fallback_key.clone().unwrap();
        let second = next_week(&mut alice);
        assert!(understands(&mut alice, &published, &second));
        alice.facts();
        if connected {
            alice.come_back();
            alice.wait(Span::mins(62));
        } else {
            alice.input(Input::Connection(false));
            alice.wait(Span::hours(3));
            assert_eq!(discarded(&mut alice), [], "there was no sync");
            alice.input(Input::Connection(true));
            alice.wait(Span::mins(1));
        }
        // An idle client gets answers that say nothing.
        assert_eq!(discarded(&mut alice), [first.name], "{connected}");
    }
}

#[test]
fn a_client_that_cannot_be_sure_of_its_server_uploads_the_first_fallback_key_again() {
    let mut alice = started(Protocol::default());
    let first = alice.upload().unwrap();
    alice.uploaded(first.id, Ok(STOCK));
    alice.sync_counts(STOCK);
    let upload = alice.upload().unwrap();
    alice.time_out(upload.id);
    sync_used(&mut alice);
    let again = alice.upload().unwrap();
    let name = |upload: Upload| upload.fallback_key.unwrap().name;
    assert_eq!(name(again), name(upload));
}
