//! Two claims that meet between the two statements of a claim (BS §8.1).

use super::driver::BOB;
use super::driver::peer::Peer;
use super::{A_MOMENT, Server, Upload, server_with};
use unwedge_core::name::{KeyKind, KeyName};
use unwedge_core::protocol::{ConcurrentClaims, Protocol};
use unwedge_core::time::Span;
use unwedge_core::trace::Fact;

/// How many one-time keys Bob has uploaded.
const STOCK: usize = 10;

fn server_under(concurrent_claims: ConcurrentClaims, with_fallback: bool) -> Server {
    let mut server = server_with(Protocol {
        concurrent_claims,
        ..Protocol::default()
    });
    let mut bob = Peer::new(BOB);
    let upload = Upload {
        one_time_keys: bob.one_time_keys(STOCK),
        fallback_key: with_fallback.then(|| bob.fallback_key()),
        ..Upload::default()
    };
    server.upload(BOB, upload).unwrap();
    server
}

/// What two claims got of which both find before either deletes.
fn claim_twice_at_once(server: &mut Server) -> Vec<KeyName> {
    // Both find within a tick of each other, and a claim takes at least a
    // millisecond from one statement to the other.
    let asked = [server.ask_to_claim(&[BOB]), server.ask_to_claim(&[BOB])];
    server.wait(A_MOMENT);
    asked
        .into_iter()
        .flat_map(|id| server.claimed(id).unwrap().keys)
        .collect()
}

fn left(server: &mut Server) -> usize {
    server.counts(BOB).one_time_keys
}

fn kinds(keys: &[KeyName]) -> Vec<KeyKind> {
    let mut kinds: Vec<KeyKind> = keys.iter().map(|key| key.kind).collect();
    kinds.sort_unstable();
    kinds
}

#[test]
fn where_the_loser_misses_it_gets_the_fallback_key_while_unissued_keys_remain() {
    let mut server = server_under(ConcurrentClaims::LoserMisses, true);
    let keys = claim_twice_at_once(&mut server);
    assert_eq!(kinds(&keys), [KeyKind::OneTime, KeyKind::Fallback]);
    assert_eq!(left(&mut server), STOCK - 1, "the loser costs no key");
}

#[test]
fn where_the_loser_misses_it_gets_nothing_of_a_device_without_a_fallback_key() {
    let mut server = server_under(ConcurrentClaims::LoserMisses, false);
    let keys = claim_twice_at_once(&mut server);
    assert_eq!(kinds(&keys), [KeyKind::OneTime]);
    assert_eq!(left(&mut server), STOCK - 1);
}

#[test]
fn where_claims_are_serialised_each_gets_a_key_of_its_own() {
    let mut server = server_under(ConcurrentClaims::Serialised, true);
    let keys = claim_twice_at_once(&mut server);
    assert_eq!(kinds(&keys), [KeyKind::OneTime, KeyKind::OneTime]);
    assert_ne!(keys[0], keys[1]);
    assert_eq!(left(&mut server), STOCK - 2);
}

#[test]
fn where_claims_read_and_then_delete_both_get_the_same_key() {
    let mut server = server_under(ConcurrentClaims::ReadThenDelete, true);
    let keys = claim_twice_at_once(&mut server);
    assert_eq!(kinds(&keys), [KeyKind::OneTime, KeyKind::OneTime]);
    assert_eq!(keys[0], keys[1]);
    assert_eq!(left(&mut server), STOCK - 1);
}

/// What many claims got that come within a few milliseconds.
fn claim_in_a_crowd(server: &mut Server, claims: usize) -> Vec<KeyName> {
    let asked: Vec<_> = (0..claims).map(|_| server.ask_to_claim(&[BOB])).collect();
    server.wait(A_MOMENT);
    let claimed = asked.into_iter().map(|id| server.claimed(id).unwrap());
    claimed.flat_map(|claimed| claimed.keys).collect()
}

#[test]
fn where_claims_are_serialised_no_crowd_gets_a_key_twice_or_a_fallback_key_too_early() {
    let mut server = server_under(ConcurrentClaims::Serialised, true);
    let mut keys = claim_in_a_crowd(&mut server, STOCK);
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(kinds(&keys), [KeyKind::OneTime; STOCK]);
    assert_eq!(left(&mut server), 0);
}

#[test]
fn where_the_loser_misses_every_claim_of_a_crowd_is_a_key_issued_or_a_miss() {
    for with_fallback in [true, false] {
        let mut server = server_under(ConcurrentClaims::LoserMisses, with_fallback);
        let mut one_time = vec![];
        for _ in 0..5 {
            let keys = claim_in_a_crowd(&mut server, 4).into_iter();
            one_time.extend(keys.filter(|key| key.kind == KeyKind::OneTime));
        }
        let issued = one_time.len();
        assert_eq!(left(&mut server), STOCK - issued);
        assert!(issued < STOCK, "some have missed, and keys remain");
        one_time.sort_unstable();
        one_time.dedup();
        assert_eq!(one_time.len(), issued, "none is issued twice");
    }
}

#[test]
fn claims_that_do_not_meet_are_served_alike_under_every_protocol() {
    for value in [
        ConcurrentClaims::LoserMisses,
        ConcurrentClaims::Serialised,
        ConcurrentClaims::ReadThenDelete,
    ] {
        let mut server = server_under(value, true);
        let mut keys = server.claim_one_by_one(BOB, STOCK);
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(kinds(&keys), [KeyKind::OneTime; STOCK], "{value:?}");
        let raced = |fact: &Fact| matches!(fact, Fact::ClaimRaced { .. });
        assert!(!server.facts().iter().any(raced), "{value:?}");
    }
}

#[test]
fn a_claim_that_was_cut_off_between_its_statements_costs_no_key() {
    let mut server = server_under(ConcurrentClaims::LoserMisses, true);
    server.ask_to_claim(&[BOB]);
    server.restart();
    server.wait(Span::secs(1));
    assert_eq!(left(&mut server), STOCK);
}
