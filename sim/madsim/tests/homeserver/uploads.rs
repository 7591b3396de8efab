//! What becomes of an upload under each decision about it: keys that were
//! handed out, IDs that are taken, too many keys, and deleting them all
//! (BS §2.1, §8.1).

use super::driver::peer::Peer;
use super::driver::{ALICE, BOB};
use super::{Server, Upload, fallback, one_time, server, server_with};
use unwedge_core::name::{KeyId, KeyName};
use unwedge_core::protocol::{
    ClaimOrder, IssuedKeys, KeyIdConflicts, KeySummary, KeysReset, Protocol, RepeatedKeys,
    StoredKeyLimit,
};
use unwedge_core::time::Span;
use unwedge_core::trace::Fact;
use unwedge_core::wire::{ClientRequest, ClientResponse, ResetKeys, SignedKey, UploadRefused};
use unwedge_madsim::Vodozemac;

/// Another key under the same ID, as a device makes it that forgot the first.
fn clashing(bob: &mut Peer, with: &SignedKey<Vodozemac>) -> SignedKey<Vodozemac> {
    let mut key = bob.one_time_key();
    key.name = KeyName {
        incarnation: 1,
        ..with.name
    };
    key
}

/// The keys that the server said it left out since it was last asked.
fn left_out(server: &mut Server) -> Vec<KeyName> {
    let facts = server.facts().into_iter();
    let left_out = facts.filter_map(|fact| {
        if let Fact::KeyLeftOut { key, .. } = fact {
            Some(key)
        } else {
            None
        }
    });
    left_out.collect()
}

fn reset(server: &mut Server) -> Option<usize> {
    let left = reset_of(server, None);
    left.map(|left| left.one_time_keys)
}

fn reset_of(server: &mut Server, keys: Option<Vec<KeyId>>) -> Option<ResetKeys> {
    let response = server.request(BOB, ClientRequest::KeysReset { keys });
    let ClientResponse::KeysReset(left) = response else {
        panic!("a reset is answered as a reset")
    };
    left
}

fn remembering() -> Server {
    server_with(Protocol {
        issued_keys: IssuedKeys::Remembered,
        ..Protocol::default()
    })
}

#[test]
fn a_server_that_remembers_issued_keys_leaves_one_out_that_is_uploaded_again() {
    let (mut server, mut bob) = (remembering(), Peer::new(BOB));
    let keys = bob.one_time_keys(2);
    server.upload(BOB, one_time(&keys[..1])).unwrap();
    server.claim(&[BOB]);
    server.restart();
    // The rest of the request is stored.
    assert_eq!(server.upload(BOB, one_time(&keys)), Ok(1));
    assert_eq!(left_out(&mut server), [keys[0].name]);
    assert_eq!(server.claim_one_by_one(BOB, 2), [keys[1].name]);
}

#[test]
fn a_server_that_remembers_issued_keys_takes_another_key_under_an_issued_id() {
    let (mut server, mut bob) = (remembering(), Peer::new(BOB));
    let key = bob.one_time_key();
    server.upload(BOB, one_time([&key])).unwrap();
    server.claim(&[BOB]);
    let another = clashing(&mut bob, &key);
    assert_eq!(server.upload(BOB, one_time([&another])), Ok(1));
    assert_eq!(server.claim_one_by_one(BOB, 2), [another.name]);
}

#[test]
fn a_server_that_remembers_issued_keys_forgets_them_when_it_is_put_back() {
    let (mut server, mut bob) = (remembering(), Peer::new(BOB));
    let backup = server.disk();
    let key = bob.one_time_key();
    server.upload(BOB, one_time([&key])).unwrap();
    server.claim(&[BOB]);
    server.restore(backup);
    assert_eq!(server.upload(BOB, one_time([&key])), Ok(1));
    assert_eq!(left_out(&mut server), []);
}

#[test]
fn a_server_that_remembers_issued_keys_forgets_those_of_a_device_that_logs_out() {
    let (mut server, mut bob) = (remembering(), Peer::new(BOB));
    let key = bob.one_time_key();
    server.upload(BOB, one_time([&key])).unwrap();
    server.claim(&[BOB]);
    server.log_out(BOB);
    server.log_in(BOB);
    assert_eq!(server.upload(BOB, one_time([&key])), Ok(1));
}

#[test]
fn a_server_that_ignores_conflicts_keeps_what_it_has_and_stores_the_rest() {
    let mut server = server_with(Protocol {
        key_id_conflicts: KeyIdConflicts::Ignored,
        ..Protocol::default()
    });
    let mut bob = Peer::new(BOB);
    let stored = bob.one_time_key();
    server.upload(BOB, one_time([&stored])).unwrap();
    let (clashing, fresh) = (clashing(&mut bob, &stored), bob.one_time_key());
    let upload = Upload {
        one_time_keys: vec![clashing.clone(), fresh.clone()],
        fallback_key: Some(bob.fallback_key()),
        ..Upload::default()
    };
    assert_eq!(server.upload(BOB, upload), Ok(2));
    assert_eq!(left_out(&mut server), [clashing.name]);
    assert!(server.counts(BOB).unused_fallback_key);
    let expected = [stored.name, fresh.name];
    assert_eq!(server.claim_one_by_one(BOB, 2), expected);
}

#[test]
fn a_server_that_replaces_on_conflict_issues_the_newer_key() {
    let mut server = server_with(Protocol {
        key_id_conflicts: KeyIdConflicts::Replaced,
        ..Protocol::default()
    });
    let mut bob = Peer::new(BOB);
    let (stored, other) = (bob.one_time_key(), bob.one_time_key());
    server.upload(BOB, one_time([&stored])).unwrap();
    server.upload(BOB, one_time([&other])).unwrap();
    let clashing = clashing(&mut bob, &stored);
    assert_eq!(server.upload(BOB, one_time([&clashing])), Ok(2));
    // As a key of the latest upload it comes last.
    let expected = [other.name, clashing.name];
    assert_eq!(server.claim_one_by_one(BOB, 3), expected);
}

#[test]
fn a_key_that_is_uploaded_twice_is_issued_once_unless_the_server_has_it_twice() {
    let issued = |repeated_keys: RepeatedKeys| {
        let protocol = Protocol {
            repeated_keys,
            ..Protocol::default()
        };
        let (mut server, mut bob) = (server_with(protocol), Peer::new(BOB));
        let keys = bob.one_time_keys(1);
        server.upload(BOB, one_time(&keys)).unwrap();
        server.upload(BOB, one_time(&keys)).unwrap();
        let mut claims = vec![];
        for _ in 0..3 {
            claims.push(server.claim(&[BOB]).keys);
        }
        claims.concat().len()
    };
    assert_eq!(issued(RepeatedKeys::Skipped), 1);
    assert_eq!(issued(RepeatedKeys::StoredAgain), 2);
}

#[test]
fn a_server_without_a_limit_stores_as_many_keys_as_there_are() {
    let (mut server, mut bob) = (server(), Peer::new(BOB));
    assert_eq!(
        server.upload(BOB, one_time(&bob.one_time_keys(501))),
        Ok(501)
    );
    assert_eq!(server.upload(BOB, one_time(&bob.one_time_keys(1))), Ok(502));
}

#[test]
fn a_server_with_a_limit_refuses_an_upload_that_would_exceed_it() {
    let mut server = server_with(Protocol {
        stored_key_limit: StoredKeyLimit::FiveHundred,
        ..Protocol::default()
    });
    let mut bob = Peer::new(BOB);
    let keys = bob.one_time_keys(500);
    assert_eq!(server.upload(BOB, one_time(&keys)), Ok(500));
    // What is there already adds nothing.
    assert_eq!(server.upload(BOB, one_time(&keys)), Ok(500));

    let one_more = bob.one_time_key();
    let refused = Upload {
        device_keys: Some(bob.keys()),
        one_time_keys: vec![one_more.clone()],
        fallback_key: Some(bob.fallback_key()),
        ..Upload::default()
    };
    assert_eq!(server.upload(BOB, refused), Err(UploadRefused::TooMany));
    let counts = server.counts(BOB);
    assert_eq!(counts.one_time_keys, 500);
    assert!(!counts.unused_fallback_key);
    assert_eq!(server.devices_of(BOB.user()), [BOB], "stored all the same");

    server.claim(&[BOB]);
    assert_eq!(server.upload(BOB, one_time([&one_more])), Ok(500));
}

#[test]
fn a_server_that_does_not_know_of_resets_deletes_nothing() {
    let (mut server, mut bob) = (server(), Peer::new(BOB));
    server.upload(BOB, one_time(&bob.one_time_keys(2))).unwrap();
    assert_eq!(reset(&mut server), None);
    assert_eq!(server.counts(BOB).one_time_keys, 2);
}

#[test]
fn a_reset_deletes_all_one_time_keys_of_the_device_and_nothing_else() {
    let mut server = server_with(Protocol {
        keys_reset: KeysReset::Present,
        ..Protocol::default()
    });
    let (mut alice, mut bob) = (Peer::new(ALICE), Peer::new(BOB));
    let (keys, spare) = (bob.one_time_keys(2), bob.fallback_key());
    server.publish(&bob);
    server.upload(BOB, one_time(&keys)).unwrap();
    server.upload(BOB, fallback(&spare)).unwrap();
    let of_alice = alice.one_time_key();
    server.upload(alice.device, one_time([&of_alice])).unwrap();
    let token = server.sync(BOB, None).next;

    assert_eq!(reset(&mut server), Some(0));
    // Like a claim it wakes no poll.
    let poll = server.poll(BOB, Some(token));
    server.wait(Span::secs(31));
    let counts = server.polled(BOB, poll).expect("its time is over").counts;
    assert_eq!(counts.one_time_keys, 0);
    assert!(counts.unused_fallback_key);

    server.restart();
    let claimed = server.claim(&[BOB, alice.device]).keys;
    assert_eq!(claimed, [spare.name, of_alice.name]);
    assert_eq!(server.devices_of(BOB.user()), [BOB]);
    // What was deleted can be uploaded again.
    assert_eq!(server.upload(BOB, one_time(&keys)), Ok(2));
}

#[test]
fn a_reset_deletes_the_keys_that_it_names_and_may_tell_which_it_found() {
    for (keys_reset, lists) in [(KeysReset::Present, false), (KeysReset::ListsDeleted, true)] {
        let mut server = server_with(Protocol {
            keys_reset,
            ..Protocol::default()
        });
        let keys = Peer::new(BOB).one_time_keys(3);
        server.upload(BOB, one_time(&keys)).unwrap();
        let claimed = server.claim_one_by_one(BOB, 1)[0].id;
        let left = keys.iter().map(|key| key.name.id);
        let left: Vec<KeyId> = left.filter(|id| *id != claimed).collect();
        // Of two that are named one is there.
        let reset = reset_of(&mut server, Some(vec![claimed, left[0]])).unwrap();
        assert_eq!(reset.one_time_keys, 1);
        assert_eq!(reset.deleted, lists.then(|| vec![left[0]]));
        let all = reset_of(&mut server, None).unwrap();
        assert_eq!(all.one_time_keys, 0);
        assert_eq!(all.deleted, lists.then(|| vec![left[1]]));
    }
}

#[test]
fn a_server_that_counts_along_leaves_out_what_is_not_above_the_highest_issued() {
    let mut server = server_with(Protocol {
        issued_keys: IssuedKeys::Outnumbered,
        claim_order: ClaimOrder::KeyNumberOrder,
        ..Protocol::default()
    });
    let mut bob = Peer::new(BOB);
    let keys = bob.one_time_keys(4);
    server.upload(BOB, one_time(&keys[..3])).unwrap();
    let backup = server.disk();
    let issued = server.claim_one_by_one(BOB, 2);
    assert_eq!(issued, [keys[0].name, keys[1].name]);
    // Even another key, under the number of one that was issued.
    let another = clashing(&mut bob, &keys[1]);
    assert_eq!(server.upload(BOB, one_time([&keys[0], &another])), Ok(1));
    assert_eq!(left_out(&mut server), [keys[0].name, another.name]);
    assert_eq!(server.upload(BOB, one_time([&keys[3]])), Ok(2));
    // The memory is a part of the database.
    server.restore(backup);
    server.claim_one_by_one(BOB, 1);
    assert_eq!(server.upload(BOB, one_time([&keys[3]])), Ok(3));
    assert_eq!(left_out(&mut server), []);
}

#[test]
fn what_a_server_tells_of_a_devices_keys_is_put_back_with_its_database() {
    let mut server = server_with(Protocol {
        key_summary: KeySummary::DigestAndNumber,
        keys_reset: KeysReset::Present,
        ..Protocol::default()
    });
    let keys = Peer::new(BOB).one_time_keys(3);
    let empty = server.counts(BOB);
    assert_eq!(empty.highest, None);
    server.upload(BOB, one_time(&keys[..2])).unwrap();
    let backup = server.disk();
    let two = server.counts(BOB);
    assert_eq!(two.highest, Some(keys[1].name.id));
    assert_ne!(two.digest, empty.digest);
    server.upload(BOB, one_time(&keys[2..])).unwrap();
    let three = server.counts(BOB);
    assert_eq!(three.highest, Some(keys[2].name.id));
    assert_ne!(three.digest, two.digest);
    reset_of(&mut server, Some(vec![keys[2].name.id]));
    let reset = server.counts(BOB);
    assert_eq!(reset.digest, two.digest, "it is of the keys that are there");
    assert_eq!(reset.highest, three.highest, "whatever becomes of it");
    server.restore(backup);
    assert_eq!(server.counts(BOB), two);
}
