//! What a client uploads of its keys, and when (BS §1.2-1.4, §1.12).

use super::driver::peer::Peer;
use super::driver::{ALICE, BOB};
use super::{STOCK, Upload, counts, ids, in_a_room_with, nothing_new, started};
use unwedge_core::name::{KeyKind, KeyName};
use unwedge_core::node::Input;
use unwedge_core::protocol::Protocol;
use unwedge_core::time::Span;
use unwedge_core::trace::Fact;
use unwedge_core::wire::{KeyCounts, SyncResponse, UploadRefused};

fn generated(fact: &Fact) -> bool {
    matches!(fact, Fact::KeyGenerated { .. })
}

fn discarded(fact: Fact) -> Option<KeyName> {
    if let Fact::KeyDiscarded { key } = fact {
        Some(key)
    } else {
        None
    }
}

/// The public halves of all keys of an upload.
fn public(upload: &Upload) -> Vec<String> {
    let keys = upload.one_time_keys.iter().chain(&upload.fallback_key);
    keys.map(|key| key.key.to_base64()).collect()
}

#[test]
fn the_first_upload_carries_device_keys_and_fifty_one_time_keys_and_no_fallback_key() {
    let mut alice = started(Protocol::default());
    let upload = alice.upload().unwrap();
    assert_eq!(upload.device_keys.unwrap().device, ALICE);
    assert_eq!(ids(&upload.one_time_keys), Vec::from_iter(0..50));
    assert!(upload.fallback_key.is_none());
}

#[test]
fn the_fallback_key_comes_in_the_next_upload_alone() {
    let mut alice = started(Protocol::default());
    let first = alice.upload().unwrap();
    alice.uploaded(first.id, Ok(STOCK));
    assert!(alice.upload().is_none(), "the server is not known yet");
    // That there is no unused one is what a server says that knows of them.
    alice.sync(SyncResponse {
        counts: KeyCounts {
            one_time_keys: STOCK,
            unused_fallback_key: false,
        },
        ..nothing_new()
    });
    let next = alice.upload().unwrap();
    assert!(next.device_keys.is_none());
    assert!(next.one_time_keys.is_empty());
    assert_eq!(next.fallback_key.unwrap().name.kind, KeyKind::Fallback);
}

#[test]
fn one_claim_brings_one_new_key() {
    let (mut alice, _) = in_a_room_with(&Peer::new(BOB), Protocol::default());
    alice.sync_counts(STOCK);
    assert!(alice.upload().is_none(), "the stock is full");
    alice.sync_counts(STOCK - 1);
    let upload = alice.upload().unwrap();
    assert_eq!(ids(&upload.one_time_keys), [50]);
    assert!(upload.fallback_key.is_none());
    alice.uploaded(upload.id, Ok(STOCK - 2));
    let upload = alice.upload().unwrap();
    assert_eq!(
        ids(&upload.one_time_keys),
        [51, 52],
        "two more were claimed"
    );
}

#[test]
fn while_keys_wait_to_be_uploaded_no_further_ones_are_generated() {
    let (mut alice, _) = in_a_room_with(&Peer::new(BOB), Protocol::default());
    alice.sync_counts(STOCK - 1);
    let upload = alice.upload().unwrap();
    alice.facts();
    alice.sync_counts(0);
    assert!(!alice.noted(generated));
    assert!(alice.upload().is_none(), "one upload at a time");
    alice.uploaded(upload.id, Ok(1));
    assert_eq!(alice.upload().unwrap().one_time_keys.len(), STOCK - 1);
}

#[test]
fn after_a_refusal_the_same_keys_are_uploaded_again_and_nothing_new_is_generated() {
    let (mut alice, _) = in_a_room_with(&Peer::new(BOB), Protocol::default());
    alice.sync_counts(STOCK - 3);
    let first = alice.upload().unwrap();
    alice.facts();
    let mut refused = first.id;
    for _ in 0..3 {
        alice.uploaded(refused, Err(UploadRefused));
        alice.sync_counts(STOCK - 4);
        let again = alice.upload().unwrap();
        assert_eq!(public(&again), public(&first));
        refused = again.id;
    }
    assert!(!alice.noted(generated));
}

#[test]
fn a_refusal_keeps_a_new_fallback_key_from_being_published() {
    let (mut alice, published) = in_a_room_with(&Peer::new(BOB), Protocol::default());
    alice.sync_counts(STOCK - 3);
    let first = alice.upload().unwrap();
    alice.uploaded(first.id, Err(UploadRefused));
    alice.wait(Span::days(8));
    let second = alice.upload().unwrap();
    assert_eq!(second.one_time_keys.len(), 3, "they share the request");
    let (old, new) = (published.fallback_key, second.fallback_key);
    assert_ne!(old.unwrap().key, new.unwrap().key);
}

#[test]
fn an_upload_is_repeated_after_a_restart_with_the_same_public_keys() {
    let mut alice = started(Protocol::default());
    let first = alice.upload().unwrap();
    alice.restart();
    alice.input(Input::Connection(true));
    let again = alice.upload().unwrap();
    assert_eq!(public(&again), public(&first));
    assert_eq!(
        again.device_keys.unwrap().identity,
        first.device_keys.unwrap().identity
    );
    assert_eq!(ids(&again.one_time_keys), ids(&first.one_time_keys));

    alice.uploaded(again.id, Ok(STOCK));
    alice.sync_counts(STOCK - 2);
    let later = alice.upload().unwrap();
    alice.restart();
    alice.input(Input::Connection(true));
    let again = alice.upload().unwrap();
    assert!(again.device_keys.is_none(), "they were accepted");
    assert!(again.fallback_key.is_some());
    assert_eq!(public(&again), public(&later));
}

#[test]
fn what_was_published_is_not_uploaded_again_after_a_restart() {
    let (mut alice, _) = in_a_room_with(&Peer::new(BOB), Protocol::default());
    alice.restart();
    alice.input(Input::Connection(true));
    alice.sync_counts(STOCK);
    assert!(alice.upload().is_none());
}

#[test]
fn a_fallback_key_is_replaced_after_a_week_whether_it_was_used_or_not() {
    let (mut alice, published) = in_a_room_with(&Peer::new(BOB), Protocol::default());
    let mut keys = vec![published.fallback_key.unwrap().name];
    alice.facts();
    for week in 1..=2 {
        alice.sync(SyncResponse {
            counts: KeyCounts {
                unused_fallback_key: false,
                ..counts(STOCK)
            },
            ..nothing_new()
        });
        alice.wait(Span::days(6));
        alice.sync_counts(STOCK);
        assert!(alice.upload().is_none(), "week {week} is not over");
        alice.wait(Span::days(1) + Span::mins(1));
        let upload = alice.upload().unwrap();
        alice.uploaded(upload.id, Ok(STOCK));
        keys.push(upload.fallback_key.unwrap().name);
    }
    // Two private halves are held, so the third key costs the first.
    let discarded: Vec<_> = alice.facts().into_iter().filter_map(discarded).collect();
    assert_eq!(discarded, keys[..1]);
}
