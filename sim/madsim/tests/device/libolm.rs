//! A client with libolm numbers its keys in another way, and holds fewer of
//! them (BS §1.2).

use super::driver::BOB;
use super::driver::peer::Peer;
use super::{Client, STOCK, Upload, counts, ids, in_a_room_of, nothing_new, started_as};
use unwedge_core::cast::Client::Libolm;
use unwedge_core::crypto::OlmError;
use unwedge_core::protocol::Protocol;
use unwedge_core::time::Span;
use unwedge_core::trace::{Discard, Fact};
use unwedge_core::wire::{SyncResponse, ToDevice};
use unwedge_madsim::Vodozemac;

fn in_a_room() -> (Client, Upload) {
    let alice = started_as(Libolm, Protocol::default());
    in_a_room_of(&[&Peer::new(BOB)], alice)
}

fn discarded(alice: &mut Client) -> Vec<u64> {
    let key = |fact| {
        let Fact::KeyDiscarded { key, why } = fact else {
            return None;
        };
        assert_eq!(why, Discard::StoreFull);
        Some(key.id.0)
    };
    alice.facts().into_iter().filter_map(key).collect()
}

/// A stranger's first message on this one-time key.
fn first_message(alice: &Client, upload: &Upload, place: usize) -> ToDevice<Vodozemac> {
    let stranger = Peer::new(BOB);
    let own = upload.device_keys.as_ref().unwrap();
    let mut session = stranger.open(own, &upload.one_time_keys[place], alice.now());
    stranger.encrypt(&mut session, alice.now())
}

/// The error of the message that failed.
fn failed(alice: &mut Client) -> Option<OlmError> {
    let facts = alice.facts();
    facts.iter().find_map(|fact| {
        let Fact::OlmFailed { error, .. } = fact else {
            return None;
        };
        Some(*error)
    })
}

#[test]
fn its_keys_count_from_one_and_their_ids_are_four_bytes() {
    let (_, published) = in_a_room();
    assert_eq!(ids(&published.one_time_keys), Vec::from_iter(1..=50));
    assert_eq!(published.one_time_keys[0].id(), "AAAAAQ");
    assert_eq!(published.one_time_keys[49].id(), "AAAAMg");
}

#[test]
fn its_one_time_and_fallback_keys_are_counted_in_one_sequence() {
    let (mut alice, published) = in_a_room();
    assert_eq!(published.fallback_key.unwrap().name.id.0, 51);
    alice.come_back();
    alice.sync_counts(STOCK - 2);
    let upload = alice.upload().unwrap();
    assert_eq!(ids(&upload.one_time_keys), [52, 53]);
    alice.uploaded(upload.id, Ok(STOCK));
    alice.wait(Span::days(8));
    assert_eq!(alice.upload().unwrap().fallback_key.unwrap().name.id.0, 54);
}

#[test]
fn other_clients_count_the_two_apart_from_nought_in_eight_bytes() {
    let alice = super::started(Protocol::default());
    let (_, published) = in_a_room_of(&[&Peer::new(BOB)], alice);
    assert_eq!(published.one_time_keys[0].id(), "AAAAAAAAAAA");
    assert_eq!(published.one_time_keys[16].id(), "AAAAAAAAABA");
    let fallback = published.fallback_key.unwrap();
    assert_eq!(fallback.id(), published.one_time_keys[0].id());
}

#[test]
fn it_holds_a_hundred_private_keys_and_discards_the_oldest() {
    let (mut alice, published) = in_a_room();
    alice.sync_counts(0);
    let second = alice.upload().unwrap();
    alice.uploaded(second.id, Ok(STOCK));
    assert!(discarded(&mut alice).is_empty(), "there are a hundred");
    alice.sync_counts(STOCK - 3);
    assert_eq!(discarded(&mut alice), [1, 2, 3]);
    let third = alice.upload().unwrap();
    alice.uploaded(third.id, Ok(STOCK));

    for (place, error) in [(2, Some(OlmError::MissingOneTimeKey)), (3, None)] {
        let message = first_message(&alice, &published, place);
        alice.come_back();
        alice.sync_message(&message);
        assert_eq!(failed(&mut alice), error);
    }
    // The one that was used has made room for another.
    alice.sync_counts(STOCK - 2);
    assert_eq!(discarded(&mut alice), [5]);
}

#[test]
fn counts_are_looked_at_before_the_messages_that_come_with_them() {
    for (left, error) in [
        (STOCK, None),
        (STOCK - 1, Some(OlmError::MissingOneTimeKey)),
    ] {
        let (mut alice, published) = in_a_room();
        alice.sync_counts(0);
        let second = alice.upload().unwrap();
        alice.uploaded(second.id, Ok(STOCK));
        let message = first_message(&alice, &published, 0);
        alice.facts();
        // A new key costs the oldest, which the message was made for.
        alice.sync(SyncResponse {
            counts: counts(left),
            to_device: vec![message],
            ..nothing_new()
        });
        assert_eq!(failed(&mut alice), error, "{left}");
    }
}

#[test]
fn a_fallback_key_has_its_own_slot() {
    let (mut alice, published) = in_a_room();
    for _ in 0..2 {
        alice.sync_counts(0);
        let upload = alice.upload().unwrap();
        alice.uploaded(upload.id, Ok(STOCK));
    }
    assert_eq!(discarded(&mut alice), Vec::from_iter(1..=50));
    let fallback = published.fallback_key.clone().unwrap();
    let upload = Upload {
        one_time_keys: vec![fallback],
        ..published
    };
    let message = first_message(&alice, &upload, 0);
    alice.sync_message(&message);
    assert_eq!(failed(&mut alice), None);
}
