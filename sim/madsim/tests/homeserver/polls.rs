//! What wakes a held `/sync`, and what waits for its end (BS §2.3, §8.1).

use super::driver::peer::Peer;
use super::driver::{ALICE, BOB};
use super::{Server, Upload, message, one_time, server};
use unwedge_core::time::Span;
use unwedge_core::wire::{RequestId, SyncToken};

/// A server on which Bob has two one-time keys and a fallback key, and the
/// token of a sync that told him so.
fn told() -> (Server, Peer, SyncToken) {
    let (mut server, mut bob) = (server(), Peer::new(BOB));
    let upload = Upload {
        device_keys: Some(bob.keys()),
        one_time_keys: bob.one_time_keys(2),
        fallback_key: Some(bob.fallback_key()),
        ..Upload::default()
    };
    server.upload(BOB, upload).unwrap();
    let token = server.sync(BOB, None).next;
    (server, bob, token)
}

/// The same, and a poll of Bob's that was opened just now and has nothing to
/// tell.
fn polling() -> (Server, Peer, RequestId) {
    let (mut server, bob, token) = told();
    let poll = server.poll(BOB, Some(token));
    assert!(server.polled(BOB, poll).is_none());
    (server, bob, poll)
}

/// Sees that a poll is answered only after this many seconds more, with this
/// many one-time keys.
fn assert_told_after(server: &mut Server, poll: RequestId, seconds: u64, keys: usize) {
    server.wait(Span::secs(seconds - 1));
    assert!(server.polled(BOB, poll).is_none(), "too early");
    server.wait(Span::secs(2));
    let response = server.polled(BOB, poll).expect("its time is over");
    assert_eq!(response.counts.one_time_keys, keys);
}

#[test]
fn a_message_wakes_a_poll_at_once() {
    let (mut server, _, poll) = polling();
    server.wait(Span::secs(4));
    server.send_to_device(ALICE, 1, vec![message(ALICE, BOB, 1)]);
    assert!(server.polled(BOB, poll).is_some());
}

#[test]
fn a_claim_wakes_no_poll_and_is_told_by_the_first_that_began_after_it() {
    let (mut server, _, token) = told();
    let poll = server.poll(BOB, Some(token));
    server.wait(Span::secs(4));
    assert_eq!(server.claim(&[BOB]).keys.len(), 1);
    // The end of the present 30 s tells what was so at their beginning.
    assert_told_after(&mut server, poll, 26, 2);
    let poll = server.poll(BOB, Some(token));
    assert_told_after(&mut server, poll, 30, 1);
}

#[test]
fn an_upload_of_its_own_wakes_no_poll_and_is_told_by_the_first_that_began_after_it() {
    let (mut server, mut bob, token) = told();
    let poll = server.poll(BOB, Some(token));
    // Of a later 30 s than the first: an idle client polls on and on.
    server.wait(Span::secs(34));
    assert_eq!(server.upload(BOB, one_time(&bob.one_time_keys(1))), Ok(3));
    assert_told_after(&mut server, poll, 26, 2);
    let poll = server.poll(BOB, Some(token));
    assert_told_after(&mut server, poll, 30, 3);
}

#[test]
fn the_end_of_a_poll_tells_the_counts_as_they_were_at_its_beginning() {
    let (mut server, _, token) = told();
    server.claim(&[BOB]);
    let poll = server.poll(BOB, Some(token));
    server.wait(Span::secs(4));
    server.claim(&[BOB]);
    assert_told_after(&mut server, poll, 26, 1);
    let poll = server.poll(BOB, Some(token));
    assert_told_after(&mut server, poll, 30, 0);
}

#[test]
fn the_use_of_a_fallback_key_wakes_no_poll_either() {
    let (mut server, _, token) = told();
    server.claim_one_by_one(BOB, 3);
    let poll = server.poll(BOB, Some(token));
    server.wait(Span::secs(29));
    assert!(server.polled(BOB, poll).is_none());
    server.wait(Span::secs(1));
    let response = server.polled(BOB, poll).expect("its time is over");
    assert!(!response.counts.unused_fallback_key);
}

#[test]
fn a_message_brings_the_counts_along_as_they_are_and_they_are_told_once() {
    let (mut server, _, poll) = polling();
    server.claim(&[BOB]);
    server.send_to_device(ALICE, 1, vec![message(ALICE, BOB, 1)]);
    let response = server.polled(BOB, poll).expect("the message is news");
    assert_eq!(response.counts.one_time_keys, 1);

    let poll = server.poll(BOB, Some(response.next));
    server.wait(Span::mins(5));
    assert!(server.polled(BOB, poll).is_none());
}

#[test]
fn a_client_that_has_restarted_is_told_what_it_no_longer_knows() {
    let (mut server, _, token) = told();
    server.restart();
    let poll = server.poll(BOB, Some(token));
    server.wait(Span::mins(5));
    assert!(server.polled(BOB, poll).is_none(), "Bob knows all that");
    server.known.clear();
    let poll = server.poll(BOB, Some(token));
    assert_told_after(&mut server, poll, 30, 2);
}
