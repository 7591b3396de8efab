//! Whose devices this server tells other servers and its clients of, and what
//! it keeps of what others tell it (BS §2.7, §8.4).

use std::sync::Arc;

use super::driver::peer::Peer;
use super::driver::{ALICE, BOB, CAROL, ELSEWHERE, HERE, THERE, device};
use super::{DAVE, ROOM, SIDE_ROOM, Server, gone, member, server, there, updates};
use unwedge_core::name::{DeviceId, ServerId, UserId};
use unwedge_core::time::Span;
use unwedge_core::wire::{
    ClientRequest, ClientResponse, FederationRequest, FederationResponse, Membership,
};

/// A second device of Carol's user.
const TABLET: DeviceId = DeviceId::new(CAROL.user(), 6);
/// Where a server was in its stream when it told of its users' devices.
const TOLD: u64 = 7;
/// A user of this server who is in no room.
const ERIN: DeviceId = device(HERE, 4);

/// A server on which Alice and Bob share a room with Carol, of another
/// server, and nobody shares one with Dave.
fn sharing_a_room() -> Server {
    let mut server = server();
    server.create_room(ROOM, &[ALICE, BOB, CAROL].map(|device| device.user()));
    server
}

/// The updates that another server takes now.
fn told(server: &mut Server, peer: ServerId) -> Vec<(DeviceId, bool)> {
    server.taken_by(peer).iter().flat_map(updates).collect()
}

/// Alice asks for a user's devices, whose server is asked and answers.
fn fetch(server: &mut Server, user: UserId, answer: &[DeviceId]) {
    let request = ClientRequest::KeysQuery { users: vec![user] };
    let id = server.ask(ALICE, request);
    let (request, asked) = server.asked_of(user.server()).expect("its server is asked");
    assert!(matches!(asked, FederationRequest::Query { users } if users == [user]));
    let keys = answer.iter().map(|device| Peer::new(*device).keys());
    let answer = FederationResponse::Query(TOLD, vec![(user, keys.collect())]);
    server.answer_from(user.server(), request, answer);
    assert!(server.answer(ALICE, id).is_some());
}

/// Whether a user's server is asked when Alice wants to know the devices.
fn is_asked_for(server: &mut Server, user: UserId) -> bool {
    server.ask(ALICE, ClientRequest::KeysQuery { users: vec![user] });
    server.asked_of(user.server()).is_some()
}

#[test]
fn a_device_is_told_once_to_each_server_with_which_its_user_shares_a_room() {
    let mut server = sharing_a_room();
    server.create_room(SIDE_ROOM, &[ALICE.user(), DAVE.user()]);
    let bob = Peer::new(BOB);
    server.publish(&bob);
    assert_eq!(told(&mut server, THERE), [(BOB, true)]);
    assert_eq!(told(&mut server, ELSEWHERE), []);
    server.publish(&bob);
    assert_eq!(told(&mut server, THERE), [], "nothing has changed");
}

#[test]
fn a_device_is_told_to_clients_whose_users_share_a_room_and_to_the_users_own() {
    let mut server = sharing_a_room();
    let phone = DeviceId::new(BOB.user(), 5);
    for device in [ERIN, phone] {
        server.log_in(device);
    }
    let tokens = [ALICE, phone, ERIN].map(|device| server.sync(device, None).next);
    server.publish(&Peer::new(BOB));
    for (device, token) in [ALICE, phone].into_iter().zip(tokens) {
        let changed = server.sync(device, Some(token)).device_lists_changed;
        assert_eq!(changed, [BOB.user()]);
    }
    let poll = server.poll(ERIN, Some(tokens[2]));
    assert!(server.polled(ERIN, poll).is_none());
}

#[test]
fn a_device_that_logs_out_is_told_to_servers_and_clients_that_share_a_room() {
    let mut server = sharing_a_room();
    server.create_room(SIDE_ROOM, &[ALICE.user(), DAVE.user()]);
    server.publish(&Peer::new(BOB));
    server.taken_by(THERE);
    let token = server.sync(ALICE, None).next;
    server.log_out(BOB);
    assert_eq!(told(&mut server, THERE), [(BOB, false)]);
    assert_eq!(told(&mut server, ELSEWHERE), []);
    let changed = server.sync(ALICE, Some(token)).device_lists_changed;
    assert_eq!(changed, [BOB.user()]);
}

#[test]
fn a_deletion_that_was_not_taken_is_resent_after_a_restart() {
    let mut server = sharing_a_room();
    server.log_out(BOB);
    assert!(server.transaction_to(THERE).is_some());
    server.restart();
    server.wait(Span::secs(61));
    assert_eq!(told(&mut server, THERE), [(BOB, false)]);
}

#[test]
fn a_list_that_an_update_has_overtaken_is_not_kept() {
    let mut server = sharing_a_room();
    let users = vec![CAROL.user()];
    server.ask(ALICE, ClientRequest::KeysQuery { users });
    let (request, _) = server.asked_of(THERE).expect("her server is asked");
    // Carol logs in when the answer is on its way: nothing is kept yet of
    // which the update could be a part.
    server.receive(THERE, 1, vec![], vec![there(CAROL, 8, None)]);
    let answer = FederationResponse::Query(TOLD, vec![(CAROL.user(), vec![])]);
    server.answer_from(THERE, request, answer);
    assert!(
        is_asked_for(&mut server, CAROL.user()),
        "the answer is outdated"
    );
}

#[test]
fn a_list_that_was_fetched_is_kept_up_to_date_by_updates() {
    let mut server = sharing_a_room();
    fetch(&mut server, CAROL.user(), &[CAROL]);
    let token = server.sync(ALICE, None).next;
    server.receive(THERE, 1, vec![], vec![there(TABLET, 8, Some(TOLD))]);
    let response = server.sync(ALICE, Some(token));
    assert_eq!(response.device_lists_changed, [CAROL.user()]);
    server.restart();
    assert_eq!(server.devices_of(CAROL.user()), [CAROL, TABLET]);

    server.receive(THERE, 2, vec![], vec![gone(CAROL, 9, Some(8))]);
    let response = server.sync(ALICE, Some(response.next));
    assert_eq!(response.device_lists_changed, [CAROL.user()]);
    assert_eq!(server.devices_of(CAROL.user()), [TABLET]);
    assert!(server.asked().is_none());
}

#[test]
fn an_update_of_a_list_that_was_never_fetched_is_told_and_the_whole_list_is_asked_for() {
    let mut server = sharing_a_room();
    let token = server.sync(ALICE, None).next;
    server.receive(THERE, 1, vec![], vec![there(TABLET, 8, None)]);
    let response = server.sync(ALICE, Some(token));
    assert_eq!(response.device_lists_changed, [CAROL.user()]);
    fetch(&mut server, CAROL.user(), &[CAROL, TABLET]);
    assert_eq!(server.devices_of(CAROL.user()), [CAROL, TABLET]);
}

#[test]
fn updates_of_users_with_whom_no_room_is_shared_are_ignored() {
    let mut server = sharing_a_room();
    let token = server.sync(ALICE, None).next;
    let poll = server.poll(ALICE, Some(token));
    server.receive(ELSEWHERE, 1, vec![], vec![there(DAVE, 8, None)]);
    assert!(server.polled(ALICE, poll).is_none());
    assert_eq!(server.sync_afresh(ALICE).next, token, "nothing was noted");
    assert!(is_asked_for(&mut server, DAVE.user()));
}

#[test]
fn a_list_of_a_user_with_whom_no_room_is_shared_is_passed_on_but_not_kept() {
    let mut server = sharing_a_room();
    fetch(&mut server, DAVE.user(), &[DAVE]);
    fetch(&mut server, DAVE.user(), &[DAVE]);
}

#[test]
fn a_list_is_forgotten_when_its_user_leaves_the_last_room_that_is_shared() {
    let mut server = sharing_a_room();
    server.create_room(SIDE_ROOM, &[ALICE.user(), CAROL.user()]);
    fetch(&mut server, CAROL.user(), &[CAROL]);
    let leave = member(CAROL, 1, Membership::Leave);
    server.receive(THERE, 1, vec![leave.clone()], vec![]);
    assert!(!is_asked_for(&mut server, CAROL.user()), "one is left");
    let mut leave = member(CAROL, 2, Membership::Leave);
    Arc::make_mut(&mut leave).room = SIDE_ROOM;
    server.receive(THERE, 2, vec![leave], vec![]);
    assert!(is_asked_for(&mut server, CAROL.user()));
}

#[test]
fn lists_of_other_servers_users_are_forgotten_when_this_server_leaves_the_room() {
    let mut server = server();
    server.create_room(ROOM, &[ALICE, BOB, CAROL].map(|device| device.user()));
    fetch(&mut server, CAROL.user(), &[CAROL]);
    server.leave(ALICE, ROOM);
    assert_eq!(
        server.devices_of(CAROL.user()),
        [CAROL],
        "Bob is still there"
    );
    server.leave(BOB, ROOM);
    server.taken_by(THERE);
    assert!(is_asked_for(&mut server, CAROL.user()));
}

#[test]
fn in_a_netsplit_lists_that_are_kept_are_answered_and_others_are_failures() {
    let mut server = sharing_a_room();
    fetch(&mut server, CAROL.user(), &[CAROL]);
    let unknown = device(THERE, 7).user();
    let users = vec![ALICE.user(), CAROL.user(), unknown];
    let id = server.ask(ALICE, ClientRequest::KeysQuery { users });
    server.wait(Span::secs(11));
    let Some(ClientResponse::KeysQuery { devices, failures }) = server.answer(ALICE, id) else {
        panic!("a server that does not answer is given up on")
    };
    let answered: Vec<UserId> = devices.iter().map(|(user, _)| *user).collect();
    assert_eq!(answered, [ALICE.user(), CAROL.user()]);
    assert_eq!(failures, [THERE]);
    // And at once while the other server is left alone.
    assert_eq!(server.devices_of(CAROL.user()), [CAROL]);
    let users = vec![unknown];
    let response = server.request(ALICE, ClientRequest::KeysQuery { users });
    assert!(matches!(response, ClientResponse::KeysQuery { failures, .. } if failures == [THERE]));
}
