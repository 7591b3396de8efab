//! The same `since` brings the same answer for two minutes, however the
//! world has moved on (BS §8.1).

use super::driver::peer::Peer;
use super::driver::{ALICE, BOB};
use super::{ANSWER_MEMORY, Server, message, numbers, one_time, server};
use unwedge_core::time::Span;
use unwedge_core::wire::SyncToken;

/// Within two minutes, but not by much.
const NEARLY: Span = Span::secs(115);

/// A server that has told Bob, who has two keys, of message 1; Bob's token
/// from before.
fn answered() -> (Server, SyncToken) {
    let (mut server, mut bob) = (server(), Peer::new(BOB));
    server.upload(BOB, one_time(&bob.one_time_keys(2))).unwrap();
    let token = server.sync(BOB, None).next;
    send(&mut server, 1);
    assert_eq!(numbers(&server.sync(BOB, Some(token))), [1]);
    (server, token)
}

fn send(server: &mut Server, n: u64) {
    server.send_to_device(ALICE, n, vec![message(ALICE, BOB, n)]);
}

#[test]
fn an_answer_is_given_again_for_two_minutes_with_counts_that_are_out_of_date() {
    let (mut server, token) = answered();
    server.claim(&[BOB]);
    send(&mut server, 2);
    server.wait(NEARLY);
    let again = server.sync(BOB, Some(token));
    assert_eq!(numbers(&again), [1]);
    assert_eq!(again.counts.one_time_keys, 2);

    // That it was given again does not prolong it.
    server.wait(Span::secs(6));
    let anew = server.sync(BOB, Some(token));
    assert_eq!(numbers(&anew), [1, 2]);
    assert_eq!(anew.counts.one_time_keys, 1);
}

#[test]
fn counts_that_were_told_out_of_date_are_put_right_by_the_end_of_the_next_poll() {
    let (mut server, token) = answered();
    let next = server.sync(BOB, Some(token)).next;
    server.claim(&[BOB]);
    send(&mut server, 2);
    assert_eq!(server.sync(BOB, Some(next)).counts.one_time_keys, 1);

    let again = server.sync(BOB, Some(next));
    assert_eq!(again.counts.one_time_keys, 1);
    let stale = server.sync(BOB, Some(token));
    assert_eq!(stale.counts.one_time_keys, 2);
    let poll = server.poll(BOB, Some(again.next));
    server.wait(Span::secs(31));
    let response = server.polled(BOB, poll).expect("its time is over");
    assert_eq!(response.counts.one_time_keys, 1);
}

#[test]
fn messages_that_were_acknowledged_come_back_for_two_minutes() {
    let (mut server, token) = answered();
    let next = server.sync(BOB, Some(token)).next;
    server.poll(BOB, Some(next));
    assert_eq!(numbers(&server.sync(BOB, Some(token))), [1]);
    server.wait(ANSWER_MEMORY);
    let poll = server.poll(BOB, Some(token));
    // Nothing but the counts is left to be told, which wake no poll.
    assert!(server.polled(BOB, poll).is_none());
}

#[test]
fn every_question_of_the_last_two_minutes_keeps_its_own_answer() {
    let (mut server, token) = answered();
    let next = server.sync(BOB, Some(token)).next;
    send(&mut server, 2);
    assert_eq!(numbers(&server.sync(BOB, Some(next))), [2]);
    // As a client asks that lost what it stored last.
    assert_eq!(numbers(&server.sync(BOB, Some(token))), [1]);
    assert_eq!(numbers(&server.sync(BOB, Some(next))), [2]);
}

#[test]
fn an_answer_is_not_remembered_over_a_restart() {
    let (mut server, token) = answered();
    server.claim(&[BOB]);
    send(&mut server, 2);
    server.restart();
    let response = server.sync(BOB, Some(token));
    assert_eq!(numbers(&response), [1, 2]);
    assert_eq!(response.counts.one_time_keys, 1);
}

#[test]
fn an_answer_that_leads_back_to_its_own_question_is_not_given_again() {
    let (mut server, token) = answered();
    let next = server.sync(BOB, Some(token)).next;
    server.claim(&[BOB]);
    let poll = server.poll(BOB, Some(next));
    server.wait(Span::secs(31));
    let empty = server.polled(BOB, poll).expect("its time is over");
    assert_eq!(empty.next, next);
    assert_eq!(empty.counts.one_time_keys, 1);

    // Or the client would be answered again and again at once.
    let poll = server.poll(BOB, Some(next));
    assert!(server.polled(BOB, poll).is_none());
    send(&mut server, 2);
    let news = server.polled(BOB, poll).expect("the message is news");
    assert_eq!(numbers(&news), [2]);
}
