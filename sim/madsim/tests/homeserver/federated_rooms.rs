//! Rooms that several servers are in: how a server gets in, which events it
//! is sent, and how it fills gaps (BS §2.5, §2.8, §3).

use std::sync::Arc;

use super::driver::{ALICE, BOB, CAROL, ELSEWHERE, HERE, THERE};
use super::{DAVE, ROOM, Seen, Server, event_id, member, said, seen, server};
use unwedge_core::name::{DeviceId, EventId, NodeId, RoomId, ServerId, UserId};
use unwedge_core::time::Span;
use unwedge_core::wire::{
    ClientRequest, ClientResponse, FederationRequest, FederationResponse, Joined, Membership,
    Message, RequestId, RoomEvent,
};
use unwedge_madsim::Vodozemac;

/// A server in a room with these users, all others of whom are elsewhere.
fn in_a_room_with(users: &[UserId]) -> Server {
    let mut server = server();
    server.create_room(ROOM, users);
    server
}

/// A device asks to join through these servers.
pub(super) fn ask_to_join(server: &mut Server, device: DeviceId, via: &[ServerId]) -> RequestId {
    let via = via.to_vec();
    server.ask(device, ClientRequest::Join { room: ROOM, via })
}

/// What a join was answered.
pub(super) fn joined(server: &mut Server, device: DeviceId, asked: RequestId) -> Option<bool> {
    let ClientResponse::Membership(done) = server.answer(device, asked)? else {
        panic!("a join is answered as a join")
    };
    Some(done)
}

/// The join that another server is asked for.
pub(super) fn join_asked_of(server: &mut Server, peer: ServerId) -> (RequestId, EventId) {
    let asked = server.take(NodeId::Server(peer), |message| match message {
        Message::FederationRequest(id, FederationRequest::Join { room: ROOM, event }) => {
            Some((*id, *event))
        }
        Message::FederationRequest(..)
        | Message::ClientRequest(..)
        | Message::ClientResponse(..)
        | Message::FederationResponse(..) => None,
    });
    asked.expect("it is asked to let somebody in")
}

/// Another server's answer to a join, with everybody who is there then.
fn let_in(event: EventId, members: &[UserId]) -> FederationResponse<Vodozemac> {
    let mut join = member(event.sender, 0, Membership::Join);
    let changed = Arc::make_mut(&mut join);
    changed.id = event;
    changed.previous = [event_id(CAROL, 1)].into();
    let members = members.to_vec();
    FederationResponse::Join(Some(Joined {
        event: join,
        members,
        before: vec![],
    }))
}

/// Another server asks to let its user in.
pub(super) fn let_user_in(
    server: &mut Server,
    peer: ServerId,
    room: RoomId,
    event: EventId,
) -> Option<Joined<Vodozemac>> {
    let id = server.ask_from(peer, FederationRequest::Join { room, event });
    let Some(FederationResponse::Join(joined)) = server.answer_to(peer, id) else {
        panic!("a join is answered as a join")
    };
    joined
}

/// The events that another server takes now.
pub(super) fn sent(server: &mut Server, peer: ServerId) -> Vec<Seen> {
    let transactions = server.taken_by(peer).into_iter();
    transactions.flat_map(|it| seen(&it.pdus)).collect()
}

/// What Carol says, after these events.
fn carol_says(n: u64, previous: &[EventId]) -> Arc<RoomEvent<Vodozemac>> {
    let mut event = said(CAROL, ROOM, n);
    Arc::make_mut(&mut event).previous = previous.into();
    event
}

#[test]
fn a_user_joins_another_servers_room_through_a_server_that_is_in_it() {
    let mut server = server();
    let token = server.sync(ALICE, None).next;
    let asked = ask_to_join(&mut server, ALICE, &[THERE]);
    let (request, event) = join_asked_of(&mut server, THERE);
    assert_eq!(event.sender, ALICE);
    assert_eq!(joined(&mut server, ALICE, asked), None);
    let members = [ALICE.user(), CAROL.user()];
    server.answer_from_there(request, let_in(event, &members));
    assert_eq!(joined(&mut server, ALICE, asked), Some(true));
    let response = server.sync(ALICE, Some(token));
    assert_eq!(response.joined, [(ROOM, members.to_vec())]);
    assert!(response.device_lists_changed.contains(&CAROL.user()));
    assert!(sent(&mut server, THERE).is_empty(), "it knows of the join");

    server.receive(THERE, 1, vec![carol_says(2, &[event])], vec![]);
    let response = server.sync(ALICE, Some(response.next));
    assert_eq!(seen(&response.events), [Seen::Said(2)]);
    server.say(ALICE, ROOM, 3);
    assert_eq!(sent(&mut server, THERE), [Seen::Said(3)]);
}

#[test]
fn a_server_that_lets_nobody_in_is_followed_by_the_next() {
    let mut server = server();
    let asked = ask_to_join(&mut server, ALICE, &[HERE, ELSEWHERE, THERE]);
    let (request, _) = join_asked_of(&mut server, ELSEWHERE);
    assert!(server.asked().is_none(), "one after the other");
    server.answer_from(ELSEWHERE, request, FederationResponse::Join(None));
    let (request, event) = join_asked_of(&mut server, THERE);
    server.answer_from_there(request, let_in(event, &[ALICE.user(), CAROL.user()]));
    assert_eq!(joined(&mut server, ALICE, asked), Some(true));
}

#[test]
fn a_join_is_not_done_once_every_server_has_failed() {
    let mut server = server();
    let asked = ask_to_join(&mut server, ALICE, &[ELSEWHERE, THERE]);
    server.wait(Span::secs(119));
    assert_eq!(joined(&mut server, ALICE, asked), None, "still waiting");
    server.wait(Span::secs(2));
    assert_eq!(joined(&mut server, ALICE, asked), Some(false));
    // Both are left alone for a while now.
    server.asked();
    let asked = ask_to_join(&mut server, ALICE, &[THERE]);
    assert_eq!(joined(&mut server, ALICE, asked), Some(false));
    assert!(server.asked().is_none());
}

#[test]
fn two_users_who_come_in_together_are_both_there_whichever_answer_comes_first() {
    let mut server = server();
    let alices = ask_to_join(&mut server, ALICE, &[THERE]);
    let (request_of_alice, alice) = join_asked_of(&mut server, THERE);
    let bobs = ask_to_join(&mut server, BOB, &[THERE]);
    let (request_of_bob, bob) = join_asked_of(&mut server, THERE);
    let everybody = [ALICE, BOB, CAROL].map(|device| device.user());
    // Alice was let in first, when Bob was not there.
    let earlier = let_in(alice, &[ALICE.user(), CAROL.user()]);
    server.answer_from_there(request_of_bob, let_in(bob, &everybody));
    server.answer_from_there(request_of_alice, earlier);
    assert_eq!(joined(&mut server, ALICE, alices), Some(true));
    assert_eq!(joined(&mut server, BOB, bobs), Some(true));
    let response = server.sync(BOB, None);
    assert_eq!(response.joined, [(ROOM, everybody.to_vec())]);
}

#[test]
fn a_server_in_the_room_lets_another_servers_user_in_and_tells_the_third() {
    let mut server = in_a_room_with(&[ALICE.user(), DAVE.user()]);
    server.say(ALICE, ROOM, 1);
    assert_eq!(sent(&mut server, ELSEWHERE), [Seen::Said(1)]);
    let token = server.sync(ALICE, None).next;

    let event = event_id(CAROL, 2);
    let joined = let_user_in(&mut server, THERE, ROOM, event).expect("it is in the room");
    assert_eq!(joined.event.id, event);
    assert_eq!(*joined.event.previous, [event_id(ALICE, 1)]);
    let mut members = joined.members;
    members.sort_unstable();
    assert_eq!(members, [ALICE.user(), CAROL.user(), DAVE.user()]);

    assert_eq!(sent(&mut server, ELSEWHERE), [Seen::Joined(CAROL.user())]);
    assert!(sent(&mut server, THERE).is_empty(), "it has the answer");
    let response = server.sync(ALICE, Some(token));
    assert_eq!(seen(&response.events), [Seen::Joined(CAROL.user())]);
    assert_eq!(response.device_lists_changed, [CAROL.user()]);
}

#[test]
fn a_server_that_asks_anew_is_told_by_the_answer_alone() {
    let mut server = in_a_room_with(&[ALICE.user(), DAVE.user()]);
    // The first answer was lost, so its server counts as being in the room.
    let_user_in(&mut server, THERE, ROOM, event_id(CAROL, 1)).unwrap();
    let joined = let_user_in(&mut server, THERE, ROOM, event_id(CAROL, 2)).unwrap();
    assert_eq!(*joined.event.previous, [event_id(CAROL, 1)]);
    assert!(sent(&mut server, THERE).is_empty());
}

#[test]
fn a_server_lets_nobody_into_a_room_it_is_not_in_nor_a_third_servers_user() {
    let mut server = in_a_room_with(&[ALICE.user(), DAVE.user()]);
    let carol = event_id(CAROL, 1);
    assert!(let_user_in(&mut server, THERE, RoomId(7), carol).is_none());
    assert!(let_user_in(&mut server, ELSEWHERE, ROOM, carol).is_none());
    server.leave(ALICE, ROOM);
    assert!(let_user_in(&mut server, THERE, ROOM, carol).is_none());
}

#[test]
fn a_join_that_came_from_a_third_server_is_not_made_again() {
    let mut server = in_a_room_with(&[ALICE.user(), DAVE.user()]);
    let join = member(CAROL, 1, Membership::Join);
    server.receive(ELSEWHERE, 1, vec![join], vec![]);
    let joined = let_user_in(&mut server, THERE, ROOM, event_id(CAROL, 1));
    assert!(joined.unwrap().members.contains(&CAROL.user()));
    let response = server.sync(ALICE, None);
    assert_eq!(seen(&response.events), [Seen::Joined(CAROL.user())]);
    assert!(sent(&mut server, ELSEWHERE).is_empty());
}

#[test]
fn an_event_goes_to_exactly_the_servers_that_are_in_the_room_then() {
    let mut server = in_a_room_with(&[ALICE.user(), BOB.user(), CAROL.user()]);
    let both = |server: &mut Server| (sent(server, THERE), sent(server, ELSEWHERE));
    server.say(ALICE, ROOM, 1);
    assert_eq!(both(&mut server), (vec![Seen::Said(1)], vec![]));

    let_user_in(&mut server, ELSEWHERE, ROOM, event_id(DAVE, 2)).unwrap();
    server.say(ALICE, ROOM, 3);
    let (joined, three) = (Seen::Joined(DAVE.user()), Seen::Said(3));
    assert_eq!(both(&mut server), (vec![joined, three], vec![three]));

    // What another server says, it sends around itself.
    let leave = member(CAROL, 4, Membership::Leave);
    server.receive(THERE, 1, vec![leave], vec![]);
    server.say(ALICE, ROOM, 5);
    assert_eq!(both(&mut server), (vec![], vec![Seen::Said(5)]));

    server.leave(BOB, ROOM);
    let left = Seen::Left(BOB.user());
    assert_eq!(both(&mut server), (vec![], vec![left]));
}

#[test]
fn an_event_goes_to_the_servers_of_its_time_even_if_they_have_left_when_it_is_sent() {
    let mut server = in_a_room_with(&[ALICE.user(), CAROL.user()]);
    server.say(ALICE, ROOM, 1);
    server.say(ALICE, ROOM, 2);
    // The first transaction is on its way, the second event waits for it.
    let leave = member(CAROL, 3, Membership::Leave);
    server.receive(THERE, 1, vec![leave], vec![]);
    server.say(ALICE, ROOM, 4);
    server.restart();
    server.wait(Span::secs(61));
    let expected = [Seen::Said(1), Seen::Said(2)];
    assert_eq!(sent(&mut server, THERE), expected);
}

#[test]
fn who_comes_back_through_another_server_sees_only_what_comes_after() {
    let mut server = in_a_room_with(&[ALICE.user(), CAROL.user(), DAVE.user()]);
    let token = server.sync(ALICE, None).next;
    server.leave(ALICE, ROOM);
    let token = server.sync(ALICE, Some(token)).next;
    server.receive(THERE, 1, vec![carol_says(1, &[])], vec![]);

    let asked = ask_to_join(&mut server, ALICE, &[THERE]);
    server.taken_by(ELSEWHERE);
    let (request, _) = server.transaction_to(THERE).expect("the leave is sent");
    server.answer_from_there(request, FederationResponse::Send);
    let (request, event) = join_asked_of(&mut server, THERE);
    // Dave has left meanwhile.
    let members = [ALICE.user(), CAROL.user()];
    server.answer_from_there(request, let_in(event, &members));
    assert_eq!(joined(&mut server, ALICE, asked), Some(true));
    server.receive(THERE, 2, vec![carol_says(2, &[event])], vec![]);
    let response = server.sync(ALICE, Some(token));
    assert_eq!(response.joined, [(ROOM, members.to_vec())]);
    assert_eq!(seen(&response.events), [Seen::Said(2)]);
    server.say(ALICE, ROOM, 3);
    assert!(sent(&mut server, ELSEWHERE).is_empty());
    assert_eq!(sent(&mut server, THERE), [Seen::Said(3)]);
}

#[test]
fn events_that_a_restored_server_has_forgotten_are_fetched_when_the_next_one_comes() {
    let mut server = in_a_room_with(&[ALICE.user(), BOB.user(), CAROL.user()]);
    server.say(ALICE, ROOM, 1);
    server.taken_by(THERE);
    let backup = server.disk();
    server.say(ALICE, ROOM, 2);
    server.taken_by(THERE);
    server.restore(backup);

    let (one, two) = (event_id(ALICE, 1), event_id(ALICE, 2));
    server.receive(THERE, 1, vec![carol_says(3, &[two])], vec![]);
    let (request, asked) = server.asked().expect("something is missing");
    let FederationRequest::MissingEvents {
        room,
        earliest,
        latest,
    } = asked
    else {
        panic!("what is missing is asked for: {asked:?}")
    };
    assert_eq!((room, latest), (ROOM, event_id(CAROL, 3)));
    assert_eq!(earliest, [one]);
    let mut between = said(ALICE, ROOM, 2);
    Arc::make_mut(&mut between).previous = [one].into();
    let answer = FederationResponse::MissingEvents(ROOM, vec![between]);
    server.answer_from_there(request, answer);
    let expected = [1, 2, 3].map(Seen::Said);
    assert_eq!(seen(&server.sync(BOB, None).events), expected);
}

#[test]
fn another_server_is_told_what_lies_between_what_it_has_and_what_it_was_sent() {
    let mut server = in_a_room_with(&[ALICE.user(), CAROL.user()]);
    for n in 1..=4 {
        server.say(ALICE, ROOM, n);
    }
    let request = FederationRequest::MissingEvents {
        room: ROOM,
        earliest: vec![event_id(ALICE, 1)],
        latest: event_id(ALICE, 4),
    };
    let id = server.ask_from(THERE, request);
    let answer = server.answer_to(THERE, id);
    let Some(FederationResponse::MissingEvents(ROOM, events)) = answer else {
        panic!("it is told: {answer:?}")
    };
    assert_eq!(seen(&events), [Seen::Said(2), Seen::Said(3)]);
}
