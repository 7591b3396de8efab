//! What a client does when its upload is refused because the server holds
//! another key under one of its IDs (BS §1.3).

use super::driver::BOB;
use super::driver::peer::Peer;
use super::uploads::public;
use super::{Client, STOCK, Upload, ids, in_a_room_with, started};
use unwedge_core::name::KeyId;
use unwedge_core::node::Input;
use unwedge_core::protocol::{AfterReset, Protocol, TooManyKeys, UploadConflict};
use unwedge_core::time::Span;
use unwedge_core::trace::{Discard, Fact};
use unwedge_core::wire::{ClientResponse, ResetKeys, UploadRefused};
use unwedge_madsim::Vodozemac;

const REFUSED: Result<usize, UploadRefused> = Err(UploadRefused::KeyExists);

/// A client that resets after a refusal, and then does this with its keys.
fn resetting(after_reset: AfterReset) -> Protocol {
    Protocol {
        upload_conflict: UploadConflict::Reset,
        after_reset,
        ..Protocol::default()
    }
}

/// What a server answers that has so many keys left.
fn left(one_time_keys: usize) -> ClientResponse<Vodozemac> {
    ClientResponse::KeysReset(Some(ResetKeys {
        one_time_keys,
        deleted: None,
    }))
}

fn generated(fact: &Fact) -> bool {
    matches!(fact, Fact::KeyGenerated { .. })
}

/// A client three of whose keys were refused, and those keys.
fn refused(protocol: Protocol) -> (Client, Upload, Upload) {
    let (mut alice, published) = in_a_room_with(&Peer::new(BOB), protocol);
    alice.sync_counts(STOCK - 3);
    let upload = alice.upload().unwrap();
    alice.facts();
    alice.uploaded(upload.id, REFUSED);
    (alice, published, upload)
}

/// The keys that the client has discarded to start afresh.
fn discarded(alice: &mut Client) -> Vec<u64> {
    let key = |fact| {
        let Fact::KeyDiscarded { key, why } = fact else {
            return None;
        };
        assert_eq!(why, Discard::Reset);
        Some(key.id.0)
    };
    alice.facts().into_iter().filter_map(key).collect()
}

#[test]
fn after_a_refusal_the_same_keys_are_uploaded_again_and_nothing_new_is_generated() {
    let (mut alice, _, first) = refused(Protocol::default());
    for _ in 0..3 {
        assert!(alice.reset().is_none());
        alice.sync_counts(STOCK - 4);
        let again = alice.upload().unwrap();
        assert_eq!(public(&again), public(&first));
        alice.uploaded(again.id, REFUSED);
    }
    alice.come_back();
    alice.sync_counts(STOCK - 4);
    assert_eq!(public(&alice.upload().unwrap()), public(&first));
    assert!(!alice.noted(generated));
}

#[test]
fn a_refusal_keeps_a_new_fallback_key_from_being_published() {
    let (mut alice, published, _) = refused(Protocol::default());
    alice.wait(Span::days(8));
    for _ in 0..3 {
        let upload = alice.upload().unwrap();
        assert_eq!(upload.one_time_keys.len(), 3, "they share the request");
        let (old, new) = (&published.fallback_key, upload.fallback_key);
        assert_ne!(old.as_ref().unwrap().key, new.unwrap().key);
        alice.uploaded(upload.id, REFUSED);
        alice.sync_counts(STOCK - 3);
    }
}

#[test]
fn device_keys_are_uploaded_again_for_ever_if_the_keys_beside_them_are_refused() {
    let mut alice = started(Protocol::default());
    for _ in 0..3 {
        let upload = alice.upload().unwrap();
        assert!(upload.device_keys.is_some());
        alice.uploaded(upload.id, REFUSED);
        alice.sync_counts(STOCK);
    }
    // It is no less a client for that.
    let upload = alice.upload().unwrap();
    alice.uploaded(upload.id, REFUSED);
    alice.come_back();
    assert!(alice.poll().is_some());
}

#[test]
fn a_client_that_resets_and_discards_deletes_its_keys_on_both_sides_and_makes_fresh_ones() {
    let (mut alice, published, refused) = refused(resetting(AfterReset::DiscardsAll));
    let reset = alice.reset().unwrap();
    alice.sync_counts(STOCK - 3);
    assert!(alice.upload().is_none(), "not before they are deleted");
    assert!(discarded(&mut alice).is_empty());

    alice.answer(reset, left(0));
    assert_eq!(discarded(&mut alice), Vec::from_iter(0..53));
    let fresh = alice.upload().unwrap();
    assert_eq!(ids(&fresh.one_time_keys), Vec::from_iter(53..103));
    alice.uploaded(fresh.id, Ok(STOCK));

    // Whoever had claimed one of the old keys cannot be understood any more.
    assert!(!understands(&mut alice, &published, &published));
    assert!(!understands(&mut alice, &published, &refused));
    assert!(understands(&mut alice, &published, &fresh));
}

#[test]
fn a_client_that_resets_and_keeps_uploads_what_was_refused_and_still_knows_its_old_keys() {
    let (mut alice, published, refused) = refused(resetting(AfterReset::KeepsAll));
    let reset = alice.reset().unwrap();
    alice.answer(reset, left(0));
    assert!(discarded(&mut alice).is_empty());
    let again = alice.upload().unwrap();
    assert_eq!(public(&again), public(&refused));
    alice.uploaded(again.id, Ok(3));
    let rest = alice.upload().expect("the stock is filled up after that");
    assert_eq!(rest.one_time_keys.len(), STOCK - 3);
    alice.come_back();
    assert!(understands(&mut alice, &published, &published));
    assert!(understands(&mut alice, &published, &refused));
}

#[test]
fn discarded_keys_are_still_gone_after_a_restart() {
    let (mut alice, published, _) = refused(resetting(AfterReset::DiscardsAll));
    let reset = alice.reset().unwrap();
    alice.answer(reset, left(0));
    let fresh = alice.upload().unwrap();
    alice.come_back();
    assert_eq!(public(&alice.upload().unwrap()), public(&fresh));
    assert!(!understands(&mut alice, &published, &published));
}

#[test]
fn where_the_server_knows_no_reset_the_client_goes_on_as_today() {
    for after in [
        AfterReset::DiscardsAll,
        AfterReset::KeepsAll,
        AfterReset::DiscardsDeleted,
    ] {
        let (mut alice, published, first) = refused(resetting(after));
        for _ in 0..3 {
            let reset = alice.reset().expect("it tries each time");
            alice.answer(reset, ClientResponse::KeysReset(None));
            assert!(alice.upload().is_none(), "not before the next sync");
            alice.sync_counts(STOCK - 3);
            let again = alice.upload().unwrap();
            assert_eq!(public(&again), public(&first));
            alice.uploaded(again.id, REFUSED);
        }
        assert!(!alice.noted(generated));
        assert!(understands(&mut alice, &published, &published));
    }
}

#[test]
fn a_reset_without_an_answer_is_asked_for_again_after_the_next_refusal() {
    let (mut alice, _, first) = refused(resetting(AfterReset::DiscardsAll));
    let reset = alice.reset().unwrap();
    alice.time_out(reset);
    let again = alice.upload().unwrap();
    assert_eq!(public(&again), public(&first));
    alice.uploaded(again.id, REFUSED);
    assert!(alice.reset().is_some());
    alice.input(Input::Connection(false));
    alice.input(Input::Connection(true));
    assert_eq!(public(&alice.upload().unwrap()), public(&first));
}

#[test]
fn a_client_that_discards_what_was_deleted_keeps_what_had_been_claimed() {
    let (mut alice, published, refused) = refused(resetting(AfterReset::DiscardsDeleted));
    let reset = alice.reset().unwrap();
    // The first key had been claimed. What was refused has never been there,
    // but others under the same IDs had.
    let deleted = (1..53).map(KeyId).collect();
    let one_time_keys = 0;
    alice.answer(
        reset,
        ClientResponse::KeysReset(Some(ResetKeys {
            one_time_keys,
            deleted: Some(deleted),
        })),
    );
    assert_eq!(discarded(&mut alice), Vec::from_iter(1..50));
    let again = alice.upload().unwrap();
    assert_eq!(public(&again), public(&refused));
    alice.uploaded(again.id, Ok(STOCK));
    assert!(understands(&mut alice, &published, &published));
    assert!(understands(&mut alice, &published, &refused));
}

#[test]
fn an_upload_that_is_too_much_for_the_server_is_tried_for_ever_or_discarded() {
    for (too_many_keys, is_discarded) in [(TooManyKeys::Retry, false), (TooManyKeys::Discard, true)]
    {
        let protocol = Protocol {
            too_many_keys,
            ..resetting(AfterReset::DiscardsAll)
        };
        let (mut alice, _) = in_a_room_with(&Peer::new(BOB), protocol);
        alice.sync_counts(STOCK - 3);
        let upload = alice.upload().unwrap();
        alice.facts();
        alice.uploaded(upload.id, Err(UploadRefused::TooMany));
        assert!(alice.reset().is_none(), "it is no conflict");
        let refused = |fact: &Fact| matches!(fact, Fact::KeyDiscarded { why, .. } if *why == Discard::Refused);
        let discarded = alice.facts().into_iter().filter(refused).count();
        assert_eq!(discarded, if is_discarded { 3 } else { 0 });
        alice.sync_counts(STOCK);
        let again = alice.upload();
        assert_eq!(again.is_none(), is_discarded);
    }
}

/// Whether the client can still read a first message on a key.
fn understands(alice: &mut Client, identity: &Upload, keys: &Upload) -> bool {
    let stranger = Peer::new(BOB);
    let own = identity.device_keys.as_ref().unwrap();
    let mut session = stranger.open(own, &keys.one_time_keys[0], alice.now());
    let message = stranger.encrypt(&mut session, alice.now());
    alice.facts();
    alice.sync_message(&message);
    alice.noted(|fact| matches!(fact, Fact::OlmDecrypted { .. }))
}
