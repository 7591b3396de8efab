//! Uploads, and claims one at a time (BS §2.1, §2.2, §8.1).

use std::collections::BTreeSet;

use super::driver::peer::Peer;
use super::driver::{ALICE, BOB, CAROL, THERE};
use super::{A_MOMENT, Claimed, Upload, fallback, names, one_time, server};
use unwedge_core::name::{DeviceId, KeyName};
use unwedge_core::wire::{FederationRequest, FederationResponse, KeyCounts, UploadRefused};

#[test]
fn keys_of_an_earlier_upload_are_issued_first_and_each_key_once() {
    let (mut server, mut bob) = (server(), Peer::new(BOB));
    let keys = bob.one_time_keys(20);
    // The first upload has the higher IDs, so that they cannot be the reason.
    let (later, earlier) = keys.split_at(10);
    assert_eq!(server.upload(BOB, one_time(earlier)), Ok(10));
    assert_eq!(server.upload(BOB, one_time(later)), Ok(20));

    // Inside one upload there is no order to rely on.
    let set = |names: Vec<KeyName>| BTreeSet::from_iter(names);
    assert_eq!(
        set(server.claim_one_by_one(BOB, 10)),
        set(names(earlier)),
        "what was uploaded first"
    );
    assert_eq!(set(server.claim_one_by_one(BOB, 10)), set(names(later)));
    assert_eq!(server.claim_one_by_one(BOB, 1), [], "no key is left");
}

#[test]
fn the_order_inside_one_upload_is_not_the_order_of_its_body() {
    let (mut server, mut bob) = (server(), Peer::new(BOB));
    let keys = bob.one_time_keys(20);
    server.upload(BOB, one_time(&keys)).unwrap();
    assert_ne!(server.claim_one_by_one(BOB, 20), names(&keys));
}

#[test]
fn when_no_key_is_left_the_fallback_key_is_issued_again_and_again_and_marked_as_used() {
    let (mut server, mut bob) = (server(), Peer::new(BOB));
    let (key, spare) = (bob.one_time_key(), bob.fallback_key());
    server.upload(BOB, one_time([&key])).unwrap();
    server.upload(BOB, fallback(&spare)).unwrap();

    assert_eq!(server.claim_one_by_one(BOB, 1), [key.name]);
    assert!(server.counts(BOB).unused_fallback_key, "not used so far");
    assert_eq!(server.claim_one_by_one(BOB, 3), [spare.name; 3]);
    assert!(!server.counts(BOB).unused_fallback_key);

    server.restart();
    assert!(!server.counts(BOB).unused_fallback_key, "the mark is kept");
    assert_eq!(server.claim_one_by_one(BOB, 1), [spare.name]);
}

#[test]
fn a_used_fallback_key_stays_used_when_it_is_uploaded_again_and_a_new_one_is_unused() {
    let (mut server, mut bob) = (server(), Peer::new(BOB));
    let (first, second) = (bob.fallback_key(), bob.fallback_key());
    server.upload(BOB, fallback(&first)).unwrap();
    server.claim_one_by_one(BOB, 1);

    server.upload(BOB, fallback(&first)).unwrap();
    assert!(!server.counts(BOB).unused_fallback_key);
    server.upload(BOB, fallback(&second)).unwrap();
    assert!(server.counts(BOB).unused_fallback_key);
    assert_eq!(server.claim_one_by_one(BOB, 1), [second.name]);
}

#[test]
fn a_device_without_a_key_is_absent_from_the_answer_and_is_no_failure() {
    let (mut server, mut alice) = (server(), Peer::new(ALICE));
    let key = alice.one_time_key();
    server.upload(ALICE, one_time([&key])).unwrap();
    let expected = Claimed {
        keys: vec![key.name],
        failures: vec![],
    };
    assert_eq!(server.claim(&[ALICE, BOB]), expected);
}

#[test]
fn the_same_key_under_another_signature_is_accepted_and_changes_nothing() {
    let (mut server, mut bob) = (server(), Peer::new(BOB));
    let (first, second) = (bob.one_time_key(), bob.one_time_key());
    server.upload(BOB, one_time([&first])).unwrap();
    server.upload(BOB, one_time([&second])).unwrap();

    let mut signed_again = first.clone();
    signed_again.signature = bob.fallback_key().signature;
    assert_ne!(signed_again.signature, first.signature);
    assert_eq!(server.upload(BOB, one_time([&signed_again])), Ok(2));

    // It has not moved behind the key that came between.
    let order = [first.name, second.name];
    assert_eq!(server.claim_one_by_one(BOB, 3), order);
}

#[test]
fn another_key_under_the_same_id_refuses_all_keys_but_the_device_keys() {
    let (mut server, mut bob) = (server(), Peer::new(BOB));
    let stored = bob.one_time_key();
    server.upload(BOB, one_time([&stored])).unwrap();

    let mut clashing = bob.one_time_key();
    clashing.name = stored.name;
    let refused = Upload {
        device_keys: Some(bob.keys()),
        one_time_keys: vec![bob.one_time_key(), clashing, bob.one_time_key()],
        fallback_key: Some(bob.fallback_key()),
        ..Upload::default()
    };
    assert_eq!(server.upload(BOB, refused), Err(UploadRefused::KeyExists));

    assert_eq!(
        server.counts(BOB),
        KeyCounts {
            one_time_keys: 1,
            ..KeyCounts::default()
        }
    );
    assert_eq!(server.claim_one_by_one(BOB, 2), [stored.name]);
    assert_eq!(server.devices_of(BOB.user()), [BOB], "the device keys are");
}

#[test]
fn an_upload_without_keys_removes_none() {
    let (mut server, mut bob) = (server(), Peer::new(BOB));
    let (key, spare) = (bob.one_time_key(), bob.fallback_key());
    server.upload(BOB, one_time([&key])).unwrap();
    server.upload(BOB, fallback(&spare)).unwrap();
    assert_eq!(server.upload(BOB, Upload::default()), Ok(1));
    assert_eq!(server.claim_one_by_one(BOB, 2), [key.name, spare.name]);
}

#[test]
fn a_claimed_key_that_is_uploaded_again_is_stored_and_issued_again() {
    let (mut server, mut bob) = (server(), Peer::new(BOB));
    let key = bob.one_time_key();
    let mut another = bob.one_time_key();
    another.name = key.name;
    for upload in [&key, &key, &another] {
        // The server has no memory of issued IDs, so not even another key
        // under the same ID is refused.
        assert_eq!(server.upload(BOB, one_time([upload])), Ok(1));
        assert_eq!(server.claim_one_by_one(BOB, 2), [key.name]);
    }
}

#[test]
fn a_claimed_key_stays_claimed_after_a_restart() {
    let (mut server, mut bob) = (server(), Peer::new(BOB));
    let keys = bob.one_time_keys(2);
    server.upload(BOB, one_time(&keys)).unwrap();
    let first = server.claim_one_by_one(BOB, 1);
    server.restart();
    let second = server.claim_one_by_one(BOB, 2);
    assert_eq!(
        BTreeSet::from_iter([first, second].concat()).len(),
        2,
        "each key once"
    );
    assert_eq!(server.counts(BOB).one_time_keys, 0);
}

#[test]
fn another_servers_claims_are_served_like_local_ones() {
    let (mut server, mut bob) = (server(), Peer::new(BOB));
    let (key, spare) = (bob.one_time_key(), bob.fallback_key());
    server.upload(BOB, one_time([&key])).unwrap();
    server.upload(BOB, fallback(&spare)).unwrap();
    let mut claim = |devices: &[DeviceId]| {
        let devices = devices.to_vec();
        let claimant = CAROL;
        let asked = server.ask_from(THERE, FederationRequest::Claim { devices, claimant });
        server.wait(A_MOMENT);
        let response = server.answer_to(THERE, asked).expect("it waits for nobody");
        let FederationResponse::Claim(keys) = response else {
            panic!("a claim is answered as a claim")
        };
        names(&keys)
    };
    // The server cannot know whether an answer arrived: a key that was issued
    // is gone.
    assert_eq!(claim(&[BOB]), [key.name]);
    assert_eq!(claim(&[BOB]), [spare.name]);
    assert_eq!(claim(&[ALICE, BOB]), [spare.name]);
}
