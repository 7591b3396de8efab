//! What wakes a held `/sync`, and what waits for its end (BS §2.3, §8.1).

use super::driver::peer::Peer;
use super::driver::{ALICE, BOB};
use super::{Server, Upload, message, server};
use unwedge_core::time::Span;
use unwedge_core::wire::RequestId;

/// A server on which Bob has two keys, and a poll of Bob's that was opened
/// just now and has nothing to tell.
fn polling() -> (Server, Peer, RequestId) {
    let (mut server, mut bob) = (server(), Peer::new(BOB));
    let upload = Upload {
        device_keys: Some(bob.keys()),
        one_time_keys: bob.one_time_keys(2),
        ..Upload::default()
    };
    server.upload(BOB, upload).unwrap();
    let token = server.sync(BOB, None).next;
    let poll = server.poll(BOB, Some(token));
    assert!(server.polled(BOB, poll).is_none());
    (server, bob, poll)
}

#[test]
fn a_message_wakes_a_poll_at_once() {
    let (mut server, _, poll) = polling();
    server.wait(Span::secs(4));
    server.send_to_device(ALICE, 1, vec![message(ALICE, BOB, 1)]);
    assert!(server.polled(BOB, poll).is_some());
}

#[test]
fn a_claim_wakes_no_poll_before_its_thirty_seconds_are_over() {
    let (mut server, _, poll) = polling();
    server.wait(Span::secs(4));
    assert_eq!(server.claim(&[BOB]).keys.len(), 1);
    server.wait(Span::secs(25));
    assert!(server.polled(BOB, poll).is_none());
    server.wait(Span::secs(1));
    let response = server
        .polled(BOB, poll)
        .expect("the poll has run its course");
    assert_eq!(response.counts.one_time_keys, 1);
}

#[test]
fn an_upload_of_its_own_wakes_no_poll_before_its_thirty_seconds_are_over() {
    let (mut server, mut bob, poll) = polling();
    // Of a later 30 s than the first: an idle client polls on and on.
    server.wait(Span::secs(34));
    let upload = Upload {
        one_time_keys: bob.one_time_keys(1),
        ..Upload::default()
    };
    assert_eq!(server.upload(BOB, upload), Ok(3));
    server.wait(Span::secs(25));
    assert!(server.polled(BOB, poll).is_none());
    server.wait(Span::secs(1));
    let response = server
        .polled(BOB, poll)
        .expect("the poll has run its course");
    assert_eq!(response.counts.one_time_keys, 3);
}

#[test]
fn a_message_brings_the_counts_along_and_they_are_told_once() {
    let (mut server, _, poll) = polling();
    server.claim(&[BOB]);
    server.send_to_device(ALICE, 1, vec![message(ALICE, BOB, 1)]);
    let response = server.polled(BOB, poll).expect("the message is news");
    assert_eq!(response.counts.one_time_keys, 1);

    let poll = server.poll(BOB, Some(response.next));
    server.wait(Span::mins(5));
    assert!(server.polled(BOB, poll).is_none());
}
