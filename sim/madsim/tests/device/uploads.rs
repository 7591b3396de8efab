//! What a client uploads of its keys, and when (BS §1.2, §1.3, §1.12).

use super::driver::peer::Peer;
use super::driver::{ALICE, BOB};
use super::{STOCK, Upload, ids, in_a_room_with, nothing_new, started};
use unwedge_core::crypto::Crypto as _;
use unwedge_core::name::KeyKind;
use unwedge_core::node::{Input, Settings};
use unwedge_core::protocol::{AbsentCounts, Protocol};
use unwedge_core::trace::{Discard, Fact};
use unwedge_core::wire::{KeyCounts, SyncResponse, UploadRefused};
use unwedge_madsim::Vodozemac;

fn generated(fact: &Fact) -> bool {
    matches!(fact, Fact::KeyGenerated { .. })
}

/// The public halves of all keys of an upload.
pub(super) fn public(upload: &Upload) -> Vec<String> {
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
            ..KeyCounts::default()
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
fn an_upload_is_repeated_after_a_restart_with_the_same_public_keys() {
    let mut alice = started(Protocol::default());
    let first = alice.upload().unwrap();
    alice.come_back();
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
    alice.come_back();
    let again = alice.upload().unwrap();
    assert!(again.device_keys.is_none(), "they were accepted");
    assert!(again.fallback_key.is_some());
    assert_eq!(public(&again), public(&later));
}

#[test]
fn what_was_published_is_not_uploaded_again_after_a_restart() {
    let (mut alice, _) = in_a_room_with(&Peer::new(BOB), Protocol::default());
    alice.come_back();
    alice.sync_counts(STOCK);
    assert!(alice.upload().is_none());
}

#[test]
fn an_upload_carries_everything_that_is_unpublished_under_signatures_made_for_it() {
    let mut alice = started(Protocol::default());
    let first = alice.upload().unwrap();
    alice.uploaded(first.id, Err(UploadRefused::KeyExists));
    // The first sync brings the fallback key about.
    alice.sync_counts(STOCK);
    let second = alice.upload().unwrap();
    let own = second.device_keys.clone().expect("they were refused too");
    assert_eq!(ids(&second.one_time_keys), ids(&first.one_time_keys));
    assert!(second.fallback_key.is_some());
    for key in second.one_time_keys.iter().chain(&second.fallback_key) {
        let (kind, signature) = (key.name.kind, &key.signature);
        assert!(Vodozemac.verify_key(&own.identity, kind, &key.key, signature));
    }
}

#[test]
fn an_upload_without_an_answer_is_made_again() {
    let mut alice = started(Protocol::default());
    let first = alice.upload().unwrap();
    alice.time_out(first.id);
    let second = alice.upload().unwrap();
    assert_eq!(public(&second), public(&first));
    alice.input(Input::Connection(false));
    alice.input(Input::Connection(true));
    assert_eq!(public(&alice.upload().unwrap()), public(&first));
}

#[test]
fn keys_that_were_generated_while_an_upload_without_them_was_in_flight_are_never_uploaded() {
    let mut alice = started(Protocol::default());
    let first = alice.upload().unwrap();
    alice.uploaded(first.id, Ok(STOCK));
    alice.sync_counts(STOCK);
    let fallback_only = alice.upload().unwrap();
    assert!(fallback_only.one_time_keys.is_empty());
    alice.facts();
    alice.sync_counts(STOCK - 2);
    assert!(alice.noted(generated));
    // The server counts what it has, and that is enough: nothing is missed.
    alice.uploaded(fallback_only.id, Ok(STOCK));
    assert!(alice.upload().is_none());
    alice.sync_counts(STOCK - 1);
    assert_eq!(ids(&alice.upload().unwrap().one_time_keys), [52]);
}

#[test]
fn a_count_from_before_an_upload_brings_a_second_set_of_keys() {
    let mut alice = started(Protocol::default());
    let first = alice.upload().unwrap();
    alice.uploaded(first.id, Ok(STOCK));
    // The server worked out the count before it took the upload (rust-sdk#4222).
    alice.sync_counts(0);
    assert_eq!(alice.upload().unwrap().one_time_keys.len(), STOCK);
}

#[test]
fn five_thousand_private_keys_are_held_and_the_lowest_ids_are_discarded_first() {
    let (mut alice, _) = in_a_room_with(&Peer::new(BOB), Protocol::default());
    alice.set(Settings {
        one_time_keys: 2476,
        ..Settings::default()
    });
    for _ in 0..2 {
        alice.sync_counts(0);
        let upload = alice.upload().unwrap();
        alice.facts();
        alice.uploaded(upload.id, Ok(2476));
    }
    alice.sync_counts(2476 - 1);
    let discarded = |fact| {
        let Fact::KeyDiscarded { key, why } = fact else {
            return None;
        };
        Some((key.id.0, why))
    };
    let discarded: Vec<_> = alice.facts().into_iter().filter_map(discarded).collect();
    let full = Discard::StoreFull;
    assert_eq!(discarded, [(2, full)], "two went before, as 5002 were made");
}

#[test]
fn of_what_is_not_said_there_is_as_much_as_before_or_for_a_bug_none() {
    for (absent_counts, uploaded) in [(AbsentCounts::Unchanged, 0), (AbsentCounts::Zero, STOCK)] {
        let protocol = Protocol {
            absent_counts,
            ..Protocol::default()
        };
        let (mut alice, _) = in_a_room_with(&Peer::new(BOB), protocol);
        alice.sync(SyncResponse {
            says_counts: false,
            ..nothing_new()
        });
        let keys = alice
            .upload()
            .map_or(0, |upload| upload.one_time_keys.len());
        assert_eq!(keys, uploaded);
    }
}
