//! Transactions between servers: what goes out until it is taken, and what
//! is taken in only once (BS §2.5, §2.6, §8.2).

use super::driver::{ALICE, BOB, CAROL, ELSEWHERE, THERE};
use super::{DAVE, Server, federated, message, messages, numbers, server, there};
use unwedge_core::name::{DeviceId, RoomId, ServerId, ServerSet};
use unwedge_core::node::Node as _;
use unwedge_core::time::Span;
use unwedge_core::wire::{Edu, FederationRequest, FederationResponse, RequestId, ToDevice};
use unwedge_madsim::Vodozemac;

/// A device that does not exist, of a user who does.
const UNKNOWN: DeviceId = DeviceId::new(ALICE.user(), 5);

/// A server in a room with another.
fn sharing_a_room() -> Server {
    let mut server = server();
    server.create_room(RoomId(0), &[ALICE, BOB, CAROL].map(|device| device.user()));
    server
}

/// Alice sends Carol the messages with these numbers.
fn send(server: &mut Server, numbers: impl IntoIterator<Item = u64>) {
    let messages: Vec<_> = numbers
        .into_iter()
        .map(|n| message(ALICE, CAROL, n))
        .collect();
    let transaction = messages[0].id.sent.ticks();
    server.send_to_device(ALICE, transaction, messages);
}

/// The next transaction to the other server, and the messages in it.
fn next_transaction(server: &mut Server) -> Option<(RequestId, u64, Vec<u64>)> {
    let (request, transaction) = server.transaction_to(THERE)?;
    Some((request, transaction.id, messages(&transaction)))
}

fn take(server: &mut Server, request: RequestId) {
    server.answer_from_there(request, FederationResponse::Send);
}

/// Another server's transaction, which is always answered.
fn receive(server: &mut Server, peer: ServerId, id: u64, edus: Vec<Edu<Vodozemac>>) {
    server.receive(peer, id, vec![], edus);
}

fn to_bob(sender: DeviceId, n: u64) -> Vec<Edu<Vodozemac>> {
    vec![Edu::DirectToDevice(federated(n), message(sender, BOB, n))]
}

fn arrived(server: &mut Server) -> Vec<u64> {
    numbers(&server.sync_afresh(BOB))
}

#[test]
fn a_message_whose_answer_was_lost_is_resent_in_a_new_transaction() {
    let mut server = sharing_a_room();
    send(&mut server, [1]);
    let (_, first, messages) = next_transaction(&mut server).unwrap();
    assert_eq!(messages, [1]);
    // A minute's wait, ten minutes of back-off, and the loop's next round.
    server.wait(Span::mins(10));
    assert!(next_transaction(&mut server).is_none());
    server.wait(Span::secs(121));
    let (request, second, messages) = next_transaction(&mut server).unwrap();
    assert_ne!(first, second);
    assert_eq!(messages, [1]);

    take(&mut server, request);
    server.wait(Span::hours(1));
    assert!(next_transaction(&mut server).is_none());
    assert_eq!(server.node.pending(ServerSet::default()), 0);
}

#[test]
fn a_message_that_was_not_taken_is_resent_after_a_restart() {
    let mut server = sharing_a_room();
    send(&mut server, [1]);
    let (_, first, _) = next_transaction(&mut server).unwrap();
    server.wait(Span::secs(1));
    server.restart();
    server.wait(Span::secs(61));
    let (request, second, messages) = next_transaction(&mut server).unwrap();
    assert_ne!(first, second);
    assert_eq!(messages, [1]);
    take(&mut server, request);
    server.restart();
    server.wait(Span::mins(2));
    assert!(next_transaction(&mut server).is_none());
}

#[test]
fn a_message_to_a_server_with_which_no_room_is_shared_is_resent_as_well() {
    let mut server = server();
    send(&mut server, [1]);
    assert!(next_transaction(&mut server).is_some());
    server.wait(Span::mins(13));
    assert!(next_transaction(&mut server).is_some());
    server.restart();
    let again = (0..120).find_map(|_| {
        server.wait(Span::secs(30));
        next_transaction(&mut server)
    });
    let (request, _, messages) = again.expect("within the hour");
    assert_eq!(messages, [1]);
    take(&mut server, request);
    assert_eq!(server.node.pending(ServerSet::default()), 0);
}

#[test]
fn one_transaction_at_a_time_carries_ninety_messages_at_the_most() {
    let mut server = sharing_a_room();
    send(&mut server, [0]);
    let (request, _, _) = next_transaction(&mut server).unwrap();
    send(&mut server, 1..100);
    assert!(next_transaction(&mut server).is_none(), "one is on its way");
    take(&mut server, request);
    let (request, _, messages) = next_transaction(&mut server).unwrap();
    assert_eq!(messages, Vec::from_iter(1..91));
    take(&mut server, request);
    let (_, _, messages) = next_transaction(&mut server).unwrap();
    assert_eq!(messages, Vec::from_iter(91..100));
}

#[test]
fn a_request_from_the_other_server_ends_the_back_off_and_flushes_the_queue() {
    let mut server = sharing_a_room();
    send(&mut server, [1]);
    next_transaction(&mut server).unwrap();
    server.wait(Span::mins(2));
    send(&mut server, [2]);
    assert!(next_transaction(&mut server).is_none());
    server.ask_from(THERE, FederationRequest::Version);
    let (_, _, messages) = next_transaction(&mut server).unwrap();
    assert_eq!(messages, [1, 2]);
}

#[test]
fn a_message_that_comes_in_two_transactions_is_taken_once() {
    let mut server = sharing_a_room();
    receive(&mut server, THERE, 1, to_bob(CAROL, 1));
    receive(&mut server, THERE, 2, to_bob(CAROL, 1));
    assert_eq!(arrived(&mut server), [1]);
    let token = server.sync(BOB, None).next;
    server.poll(BOB, Some(token));
    server.restart();
    receive(&mut server, THERE, 3, to_bob(CAROL, 1));
    assert!(
        arrived(&mut server).is_empty(),
        "it was fetched, and is remembered"
    );
}

#[test]
fn a_transaction_that_comes_twice_is_taken_once() {
    let mut server = sharing_a_room();
    receive(&mut server, THERE, 1, to_bob(CAROL, 1));
    receive(&mut server, THERE, 1, to_bob(CAROL, 2));
    server.restart();
    receive(&mut server, THERE, 1, to_bob(CAROL, 3));
    assert_eq!(arrived(&mut server), [1]);
    // Another server counts its own transactions.
    receive(&mut server, ELSEWHERE, 1, to_bob(DAVE, 4));
    assert_eq!(arrived(&mut server), [1, 4]);
}

#[test]
fn a_server_cannot_send_messages_of_another_servers_users() {
    let mut server = sharing_a_room();
    for (id, impersonated) in [(1, ALICE), (2, DAVE)] {
        receive(&mut server, THERE, id, to_bob(impersonated, 1));
    }
    assert!(arrived(&mut server).is_empty());
    // What Dave really sends is not taken for a copy.
    receive(&mut server, ELSEWHERE, 1, to_bob(DAVE, 1));
    assert_eq!(arrived(&mut server), [1]);
}

#[test]
fn a_server_cannot_publish_devices_of_another_servers_users() {
    let mut server = sharing_a_room();
    let mut publish = |id, device| {
        let old = server.sync(BOB, None).next;
        receive(&mut server, THERE, id, vec![there(device, 1, None)]);
        let poll = server.poll(BOB, Some(old));
        let response = server.polled(BOB, poll);
        response.map(|it| it.device_lists_changed)
    };
    assert_eq!(publish(1, BOB), None);
    assert_eq!(publish(2, DAVE), None);
    assert_eq!(publish(3, CAROL), Some(vec![CAROL.user()]));
}

#[test]
fn a_message_to_an_unknown_device_is_taken_and_dropped() {
    let mut server = sharing_a_room();
    let unknown: ToDevice<Vodozemac> = message(CAROL, UNKNOWN, 1);
    receive(
        &mut server,
        THERE,
        1,
        vec![Edu::DirectToDevice(federated(1), unknown)],
    );
    assert!(numbers(&server.sync(ALICE, None)).is_empty());
    server.log_in(UNKNOWN);
    assert!(numbers(&server.sync(UNKNOWN, None)).is_empty());
}
