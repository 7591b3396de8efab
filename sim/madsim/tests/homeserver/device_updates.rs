//! The numbers by which a server sees that it has missed an update of a device
//! list, and by which other servers see it (BS §2.7, §2.8).

use super::driver::peer::Peer;
use super::driver::{ALICE, BOB, CAROL, THERE};
use super::{ROOM, Server, gone, said, server, there};
use unwedge_core::homeserver::Command;
use unwedge_core::name::DeviceId;
use unwedge_core::node::Input;
use unwedge_core::time::Span;
use unwedge_core::wire::{
    ClientRequest, DeviceListUpdate, Edu, FederationRequest, FederationResponse,
};
use unwedge_madsim::Vodozemac;

/// Further devices of Carol's user.
const TABLET: DeviceId = DeviceId::new(CAROL.user(), 6);
const LAPTOP: DeviceId = DeviceId::new(CAROL.user(), 7);
/// A further device of Bob's user.
const PHONE: DeviceId = DeviceId::new(BOB.user(), 8);

/// A server on which Alice and Bob share a room with Carol, of another
/// server, and Carol's devices are known as they were at that server's 7.
fn knowing_carol() -> Server {
    let mut server = server();
    server.create_room(ROOM, &[ALICE, BOB, CAROL].map(|device| device.user()));
    let users = vec![CAROL.user()];
    server.ask(ALICE, ClientRequest::KeysQuery { users });
    tell_all(&mut server, 7, &[CAROL]);
    server
}

/// Carol's server is asked for all her devices, and answers.
fn tell_all(server: &mut Server, stream_id: u64, devices: &[DeviceId]) {
    let (request, asked) = server.asked().expect("all devices are asked for");
    assert!(matches!(asked, FederationRequest::Query { users } if users == [CAROL.user()]));
    let keys = devices.iter().map(|device| Peer::new(*device).keys());
    let lists = vec![(CAROL.user(), keys.collect())];
    let answer = FederationResponse::Query(stream_id, lists);
    server.answer_from(THERE, request, answer);
}

/// Carol's server sends an update, in the transaction of that number.
fn update(server: &mut Server, update: Edu<Vodozemac>) {
    let Edu::DeviceListUpdate(DeviceListUpdate { stream_id, .. }) = update else {
        panic!("this is about updates")
    };
    let id = stream_id * 1000 + server.now().as_micros() % 1000;
    server.receive(THERE, id, vec![], vec![update]);
}

/// The numbers in the updates of Bob's devices that another server takes now.
fn told(server: &mut Server) -> Vec<(u64, Option<u64>)> {
    let taken = server.taken_by(THERE);
    let edus = taken.iter().flat_map(|it| &it.edus);
    let numbers = edus.filter_map(|edu| match edu {
        Edu::DeviceListUpdate(update) => Some((update.stream_id, update.prev_id)),
        Edu::DirectToDevice(..) => None,
    });
    numbers.collect()
}

#[test]
fn an_update_that_follows_on_the_last_is_applied_and_nothing_is_asked() {
    let mut server = knowing_carol();
    update(&mut server, there(TABLET, 9, Some(7)));
    update(&mut server, there(LAPTOP, 12, Some(9)));
    update(&mut server, gone(TABLET, 13, Some(12)));
    assert!(server.asked().is_none());
    assert_eq!(server.devices_of(CAROL.user()), [CAROL, LAPTOP]);
}

#[test]
fn after_an_update_that_does_not_follow_the_whole_list_is_asked_for_and_told_to_clients() {
    let mut server = knowing_carol();
    let token = server.sync(ALICE, None).next;
    let poll = server.poll(ALICE, Some(token));
    update(&mut server, there(LAPTOP, 12, Some(9)));
    assert!(server.polled(ALICE, poll).is_none(), "nothing is known yet");
    tell_all(&mut server, 13, &[CAROL, TABLET, LAPTOP]);
    let response = server.polled(ALICE, poll).expect("clients are told");
    assert_eq!(response.device_lists_changed, [CAROL.user()]);
    assert_eq!(server.devices_of(CAROL.user()), [CAROL, TABLET, LAPTOP]);
    // And the next follows on what was told.
    update(&mut server, gone(TABLET, 14, Some(13)));
    assert!(server.asked().is_none());
}

#[test]
fn an_update_that_names_none_before_it_never_follows() {
    let mut server = knowing_carol();
    update(&mut server, there(TABLET, 8, None));
    tell_all(&mut server, 8, &[CAROL, TABLET]);
}

#[test]
fn an_update_follows_on_another_of_the_same_transaction() {
    let mut server = knowing_carol();
    let edus = vec![there(TABLET, 9, Some(7)), there(LAPTOP, 12, Some(9))];
    server.receive(THERE, 1, vec![], edus);
    assert!(server.asked().is_none());
    assert_eq!(server.devices_of(CAROL.user()), [CAROL, TABLET, LAPTOP]);
}

#[test]
fn an_update_follows_on_any_that_was_seen_in_the_last_half_hour_since_the_start() {
    let restored = |wait: Span, restart: bool| {
        let mut server = knowing_carol();
        update(&mut server, there(TABLET, 9, Some(7)));
        update(&mut server, gone(CAROL, 10, Some(9)));
        server.wait(wait);
        if restart {
            server.restart();
        }
        // Her server was put back to 9, and does not know of 10.
        update(&mut server, there(LAPTOP, 10, Some(9)));
        server.asked().is_none()
    };
    assert!(restored(Span::mins(29), false), "it goes unnoticed");
    assert!(!restored(Span::mins(31), false));
    assert!(!restored(Span::mins(1), true));
}

#[test]
fn a_list_that_could_not_be_fetched_is_asked_for_again_after_the_back_off_and_after_a_restart() {
    let mut server = knowing_carol();
    update(&mut server, there(TABLET, 8, None));
    assert!(server.asked().is_some());
    server.wait(Span::secs(11));
    assert!(server.asked().is_none(), "Carol's server is left alone");
    server.wait(Span::mins(11));
    assert!(server.asked().is_some());
    // It fails again, and nothing of it is forgotten with the memory.
    server.wait(Span::secs(11));
    server.restart();
    server.wait(Span::mins(1));
    assert!(server.asked().is_none(), "she is left alone still");
    server.input(Input::Command(Command::Greet(vec![THERE])));
    let (request, _) = server.asked().expect("an operator sees to that");
    server.answer_from(THERE, request, FederationResponse::Version);
    let mut asked = None;
    for _ in 0..30 {
        server.wait(Span::secs(1));
        asked = asked.or_else(|| server.asked());
    }
    assert!(asked.is_some(), "she is not left alone any more");
}

#[test]
fn a_list_that_was_fetched_in_the_end_is_not_asked_for_again() {
    let mut server = knowing_carol();
    update(&mut server, there(TABLET, 8, None));
    tell_all(&mut server, 8, &[CAROL, TABLET]);
    assert_eq!(server.devices_of(CAROL.user()), [CAROL, TABLET]);
    server.restart();
    server.wait(Span::hours(1));
    assert!(server.asked().is_none());
}

#[test]
fn an_update_that_comes_while_the_list_is_asked_for_makes_it_be_asked_for_again() {
    let mut server = knowing_carol();
    update(&mut server, there(TABLET, 8, None));
    let first = server.asked().expect("the list is asked for");
    update(&mut server, there(LAPTOP, 9, Some(8)));
    assert!(server.asked().is_none(), "one question at a time");
    let lists = vec![(CAROL.user(), vec![Peer::new(CAROL).keys()])];
    server.answer_from(THERE, first.0, FederationResponse::Query(8, lists));
    tell_all(&mut server, 9, &[CAROL, TABLET, LAPTOP]);
    assert_eq!(server.devices_of(CAROL.user()), [CAROL, TABLET, LAPTOP]);
}

#[test]
fn an_event_of_a_device_that_is_not_known_makes_the_list_be_asked_for() {
    let mut server = knowing_carol();
    server.receive(THERE, 1, vec![said(CAROL, ROOM, 1)], vec![]);
    assert!(server.asked().is_none());
    server.receive(THERE, 2, vec![said(TABLET, ROOM, 2)], vec![]);
    tell_all(&mut server, 8, &[CAROL, TABLET]);
    assert_eq!(server.devices_of(CAROL.user()), [CAROL, TABLET]);
}

#[test]
fn each_update_names_the_last_that_the_other_server_has_taken() {
    let mut server = knowing_carol();
    server.publish(&Peer::new(BOB));
    let [(first, None)] = told(&mut server)[..] else {
        panic!("the first names none")
    };
    server.publish(&Peer::new(ALICE));
    assert_eq!(told(&mut server), [(first + 1, None)], "of another user");
    server.log_in(PHONE);
    server.publish(&Peer::new(PHONE));
    assert_eq!(told(&mut server), [(first + 2, Some(first))]);
    server.restart();
    server.log_out(PHONE);
    assert_eq!(told(&mut server), [(first + 3, Some(first + 2))]);
}

#[test]
fn updates_of_one_transaction_name_each_other() {
    let mut server = knowing_carol();
    server.publish(&Peer::new(ALICE));
    let lost = server.transaction_to(THERE).expect("it is sent");
    server.publish(&Peer::new(BOB));
    server.log_in(PHONE);
    server.publish(&Peer::new(PHONE));
    server.answer_from(THERE, lost.0, FederationResponse::Send);
    let [(first, None), (second, Some(named))] = told(&mut server)[..] else {
        panic!("two updates of Bob's are left")
    };
    assert_eq!((second, named), (first + 1, first));
}

#[test]
fn numbers_are_given_out_again_after_a_restore() {
    let mut server = knowing_carol();
    server.publish(&Peer::new(BOB));
    let before = told(&mut server);
    let backup = server.disk();
    server.log_in(PHONE);
    server.publish(&Peer::new(PHONE));
    let of_the_phone = told(&mut server);
    server.restore(backup);
    server.log_out(BOB);
    assert_eq!(told(&mut server), of_the_phone);
    assert_eq!(of_the_phone[0].1, Some(before[0].0));
}

#[test]
fn of_updates_that_wait_for_a_day_the_last_is_sent_and_names_none_before_it() {
    let sent_after = |wait: Span| {
        let mut server = knowing_carol();
        server.publish(&Peer::new(BOB));
        told(&mut server);
        server.log_in(PHONE);
        server.publish(&Peer::new(PHONE));
        server.log_out(PHONE);
        server.wait(wait);
        // What waited for the other server is not waited for any more.
        while server.asked().is_some() {}
        server.restart();
        server.wait(Span::mins(1));
        server.ask_from(THERE, FederationRequest::Version);
        server.wait(Span::mins(2));
        let told = told(&mut server);
        (told.len(), told[0].1.is_some())
    };
    assert_eq!(sent_after(Span::hours(20)), (2, true));
    assert_eq!(sent_after(Span::hours(25)), (1, false));
}
