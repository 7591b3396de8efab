//! To-device messages and their inbox (BS §2.4, §8.2).

use super::driver::{ALICE, BOB, CAROL, HERE, THERE, device};
use super::{ANSWER_MEMORY, Server, federated, message, numbers, server};
use unwedge_core::name::DeviceId;
use unwedge_core::time::Span;
use unwedge_core::trace::Fact;
use unwedge_core::wire::Edu;

/// A further device of Bob's user, which nobody has heard of.
const NEW: DeviceId = DeviceId::new(BOB.user(), 5);

/// A user of whom nobody has heard.
const NOBODY: DeviceId = device(HERE, 6);

/// Alice sends Bob the messages with these numbers, in one transaction.
fn send(server: &mut Server, transaction: u64, numbers: impl IntoIterator<Item = u64>) {
    let messages = numbers.into_iter().map(|n| message(ALICE, BOB, n));
    server.send_to_device(ALICE, transaction, messages.collect());
}

#[test]
fn messages_come_again_with_the_old_token_and_are_deleted_by_the_newer_one() {
    let mut server = server();
    let old = server.sync(BOB, None).next;
    send(&mut server, 1, [1, 2]);

    let first = server.sync(BOB, Some(old));
    assert_eq!(numbers(&first), [1, 2]);
    assert_eq!(numbers(&server.sync(BOB, Some(old))), [1, 2]);
    server.restart();
    assert_eq!(numbers(&server.sync(BOB, Some(old))), [1, 2]);
    let deleted = |fact: &Fact| matches!(fact, Fact::ToDeviceDeleted { .. });
    assert!(!server.facts().iter().any(deleted));

    server.poll(BOB, Some(first.next));
    assert_eq!(
        server.facts().into_iter().filter(deleted).count(),
        2,
        "the newer token says that they arrived"
    );
    send(&mut server, 2, [3]);
    server.wait(ANSWER_MEMORY);
    assert_eq!(numbers(&server.sync(BOB, Some(old))), [3]);
}

#[test]
fn a_sync_carries_a_hundred_messages_at_the_most_in_order() {
    let mut server = server();
    let mut token = server.sync(BOB, None).next;
    send(&mut server, 1, 0..150);
    send(&mut server, 2, 150..250);

    let mut pages = vec![];
    for _ in 0..3 {
        let page = server.sync(BOB, Some(token));
        token = page.next;
        pages.push(numbers(&page));
    }
    let expected: Vec<Vec<u64>> = [0..100, 100..200, 200..250].map(Vec::from_iter).into();
    assert_eq!(pages, expected);
    // A fourth has nothing to tell.
    let poll = server.poll(BOB, Some(token));
    assert!(server.polled(BOB, poll).is_none());
}

#[test]
fn another_servers_burst_comes_in_pages_and_in_order_too() {
    let mut server = server();
    let edus = |numbers: std::ops::Range<u64>| {
        let edus = numbers.map(|n| Edu::DirectToDevice(federated(n), message(CAROL, BOB, n)));
        edus.collect()
    };
    server.receive(THERE, 1, vec![], edus(0..90));
    server.receive(THERE, 2, vec![], edus(90..150));
    let first = server.sync(BOB, None);
    let second = server.sync(BOB, Some(first.next));
    assert_eq!(numbers(&first), Vec::from_iter(0..100));
    assert_eq!(numbers(&second), Vec::from_iter(100..150));
}

#[test]
fn a_message_to_an_unknown_device_or_user_is_dropped_for_good() {
    let mut server = server();
    let to_new = |n| vec![message(ALICE, NEW, n), message(ALICE, NOBODY, n)];
    server.send_to_device(ALICE, 1, to_new(1));
    // Nor is it for the user's other device.
    assert!(numbers(&server.sync_afresh(BOB)).is_empty());
    for device in [NEW, NOBODY] {
        server.log_in(device);
    }
    server.send_to_device(ALICE, 2, to_new(2));
    for device in [NEW, NOBODY] {
        assert_eq!(numbers(&server.sync(device, None)), [2]);
    }
}

#[test]
fn the_same_transaction_id_is_ignored_even_with_other_content() {
    let mut server = server();
    send(&mut server, 7, [1]);
    send(&mut server, 7, [1]);
    send(&mut server, 7, [2]);
    assert_eq!(numbers(&server.sync_afresh(BOB)), [1]);
    // Another device's transaction IDs are its own.
    server.send_to_device(BOB, 7, vec![message(BOB, BOB, 3)]);
    assert_eq!(numbers(&server.sync_afresh(BOB)), [1, 3]);
}

#[test]
fn the_same_transaction_id_is_delivered_again_after_a_restart() {
    let mut server = server();
    send(&mut server, 7, [1]);
    let token = server.sync(BOB, None).next;
    server.poll(BOB, Some(token));
    server.restart();
    send(&mut server, 7, [1]);
    assert_eq!(numbers(&server.sync(BOB, Some(token))), [1]);
}

#[test]
fn a_transaction_id_is_forgotten_after_half_an_hour() {
    let mut server = server();
    send(&mut server, 7, [1]);
    server.wait(Span::mins(29));
    send(&mut server, 7, [2]);
    assert_eq!(numbers(&server.sync(BOB, None)), [1]);
    // A copy does not prolong it.
    server.wait(Span::mins(2));
    send(&mut server, 7, [3]);
    assert_eq!(numbers(&server.sync_afresh(BOB)), [1, 3]);
}
