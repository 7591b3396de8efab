//! What is taken from other servers only once, for how long that is known,
//! and what counts as the same (BS §2.4, §2.6, §8.2).

use super::driver::{ALICE, BOB, CAROL, ELSEWHERE, THERE};
use super::{DAVE, ROOM, Server, federated, message, message_ids, messages, numbers, server};
use unwedge_core::name::ServerId;
use unwedge_core::time::Span;
use unwedge_core::wire::{Edu, FederatedId, FederationResponse, Transaction};
use unwedge_madsim::Vodozemac;

fn sharing_a_room() -> Server {
    let mut server = server();
    server.create_room(ROOM, &[ALICE, BOB, CAROL].map(|device| device.user()));
    server
}

/// Carol's server sends Bob message `n` under a `message_id`.
fn receive(server: &mut Server, transaction: u64, id: FederatedId, n: u64) {
    let edu = Edu::DirectToDevice(id, message(CAROL, BOB, n));
    server.receive(THERE, transaction, vec![], vec![edu]);
}

fn arrived(server: &mut Server) -> Vec<u64> {
    numbers(&server.sync_afresh(BOB))
}

fn send_to_carol(server: &mut Server, transaction: u64, n: u64) {
    server.send_to_device(ALICE, transaction, vec![message(ALICE, CAROL, n)]);
}

/// The only transaction that another server takes now.
fn taken(server: &mut Server, peer: ServerId) -> Transaction<Vodozemac> {
    let mut transactions = server.taken_by(peer);
    assert_eq!(transactions.len(), 1);
    transactions.remove(0)
}

#[test]
fn a_message_in_a_new_transaction_is_known_by_its_id_for_seven_days() {
    let mut server = sharing_a_room();
    receive(&mut server, 1, federated(1), 1);
    server.restart();
    receive(&mut server, 2, federated(1), 1);
    server.wait(Span::hours(7 * 24 - 1));
    // That it came again does not prolong it.
    receive(&mut server, 3, federated(1), 1);
    assert_eq!(arrived(&mut server), [1]);
    server.wait(Span::hours(1));
    receive(&mut server, 4, federated(1), 1);
    assert_eq!(arrived(&mut server), [1, 1]);
}

#[test]
fn a_transaction_is_known_for_a_day() {
    let mut server = sharing_a_room();
    receive(&mut server, 1, federated(1), 1);
    server.wait(Span::hours(23));
    receive(&mut server, 1, federated(2), 2);
    assert_eq!(arrived(&mut server), [1]);
    server.wait(Span::hours(1));
    receive(&mut server, 1, federated(3), 3);
    assert_eq!(arrived(&mut server), [1, 3]);
}

#[test]
fn the_same_content_under_another_message_id_is_another_message() {
    let mut server = sharing_a_room();
    receive(&mut server, 1, federated(1), 1);
    receive(&mut server, 2, federated(2), 1);
    assert_eq!(arrived(&mut server), [1, 1]);
}

#[test]
fn another_servers_message_under_the_same_message_id_is_another_message() {
    let mut server = sharing_a_room();
    receive(&mut server, 1, federated(1), 1);
    let edu = Edu::DirectToDevice(federated(1), message(DAVE, BOB, 2));
    server.receive(ELSEWHERE, 1, vec![], vec![edu]);
    assert_eq!(arrived(&mut server), [1, 2]);
}

#[test]
fn a_message_that_was_fetched_before_a_restore_is_taken_again_after_it() {
    let mut server = sharing_a_room();
    let backup = server.disk();
    receive(&mut server, 1, federated(1), 1);
    let token = server.sync(BOB, None).next;
    server.poll(BOB, Some(token));
    server.restore(backup);
    // The other server lost the answer, and tries again.
    receive(&mut server, 2, federated(1), 1);
    assert_eq!(arrived(&mut server), [1]);
}

#[test]
fn a_message_keeps_its_id_from_transaction_to_transaction_and_over_a_restart() {
    let mut server = sharing_a_room();
    send_to_carol(&mut server, 1, 1);
    let (_, first) = server.transaction_to(THERE).expect("it is sent");
    server.wait(Span::mins(13));
    let (_, second) = server.transaction_to(THERE).expect("it is sent again");
    server.restart();
    server.wait(Span::mins(30));
    let (_, third) = server.transaction_to(THERE).expect("it is sent again");
    assert_ne!(first.id, second.id);
    assert_ne!(second.id, third.id);
    assert_eq!(message_ids(&first), message_ids(&second));
    assert_eq!(message_ids(&first), message_ids(&third));
}

#[test]
fn no_two_messages_have_the_same_id() {
    let mut server = sharing_a_room();
    send_to_carol(&mut server, 1, 1);
    let mut ids = message_ids(&taken(&mut server, THERE));
    send_to_carol(&mut server, 2, 2);
    ids.extend(message_ids(&taken(&mut server, THERE)));
    server.restart();
    send_to_carol(&mut server, 3, 3);
    ids.extend(message_ids(&taken(&mut server, THERE)));
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 3);
}

#[test]
fn a_request_that_is_retried_after_a_restart_is_sent_again_under_a_new_message_id() {
    let mut server = sharing_a_room();
    send_to_carol(&mut server, 7, 1);
    let first = taken(&mut server, THERE);
    send_to_carol(&mut server, 7, 1);
    assert!(server.transaction_to(THERE).is_none(), "it is known");

    server.restart();
    send_to_carol(&mut server, 7, 1);
    let second = taken(&mut server, THERE);
    assert_eq!(messages(&first), messages(&second));
    // So the other server cannot know that it has it.
    assert_ne!(message_ids(&first), message_ids(&second));
}

#[test]
fn what_was_sent_after_the_backup_was_queued_is_sent_again_under_its_id_after_a_restore() {
    let mut server = sharing_a_room();
    send_to_carol(&mut server, 1, 1);
    let (request, first) = server.transaction_to(THERE).expect("it is sent");
    let backup = server.disk();
    server.answer_from_there(request, FederationResponse::Send);
    server.restore(backup);
    server.wait(Span::secs(61));
    assert_eq!(message_ids(&taken(&mut server, THERE)), message_ids(&first));
}

#[test]
fn what_was_queued_and_not_sent_is_lost_by_a_restore_to_before() {
    let mut server = sharing_a_room();
    let backup = server.disk();
    send_to_carol(&mut server, 1, 1);
    server.restore(backup);
    server.wait(Span::hours(1));
    assert!(server.transaction_to(THERE).is_none());
}
