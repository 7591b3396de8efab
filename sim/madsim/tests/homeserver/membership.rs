//! Joining and leaving rooms on one server: who sees which events, and whose
//! devices a client is told of (BS §2.7, §3).

use super::driver::{ALICE, BOB, CAROL, HERE, THERE, device};
use super::{ROOM, SIDE_ROOM, Seen, Server, member, seen, server};
use unwedge_core::name::DeviceId;
use unwedge_core::trace::Fact;
use unwedge_core::wire::{Membership, SyncToken};

/// A user of this server who is in no room.
const ERIN: DeviceId = device(HERE, 4);

/// A room that Alice is alone in; her token, and Bob's.
fn alone() -> (Server, SyncToken, SyncToken) {
    let mut server = server();
    server.create_room(ROOM, &[ALICE.user()]);
    let alice = server.sync(ALICE, None).next;
    let bob = server.sync(BOB, None).next;
    (server, alice, bob)
}

/// The same, once Bob has joined.
fn together() -> (Server, SyncToken, SyncToken) {
    let (mut server, alice, bob) = alone();
    assert!(server.join(BOB, ROOM));
    let alice = server.sync(ALICE, Some(alice)).next;
    let bob = server.sync(BOB, Some(bob)).next;
    (server, alice, bob)
}

#[test]
fn a_join_is_told_to_the_members_with_the_newcomers_name_on_the_device_lists() {
    let (mut server, alice, bob) = alone();
    let poll = server.poll(ALICE, Some(alice));
    assert!(server.join(BOB, ROOM));
    let response = server.polled(ALICE, poll).expect("a join is news");
    assert_eq!(seen(&response.events), [Seen::Joined(BOB.user())]);
    assert_eq!(response.device_lists_changed, [BOB.user()]);
    assert!(response.joined.is_empty(), "she has been told of the room");

    let response = server.sync(BOB, Some(bob));
    assert_eq!(response.joined, [(ROOM, vec![ALICE.user(), BOB.user()])]);
    let mut changed = response.device_lists_changed;
    changed.sort_unstable();
    assert_eq!(changed, [ALICE.user(), BOB.user()]);
    assert_eq!(response.device_lists_left, []);
}

#[test]
fn who_joins_sees_only_what_comes_after() {
    let (mut server, _, bob) = alone();
    server.say(ALICE, ROOM, 1);
    server.join(BOB, ROOM);
    server.say(ALICE, ROOM, 2);
    let response = server.sync(BOB, Some(bob));
    assert_eq!(seen(&response.events), [Seen::Said(2)]);
    let from_the_start = server.sync_afresh(BOB);
    assert_eq!(seen(&from_the_start.events), [Seen::Said(2)]);
    assert_eq!(from_the_start.joined.len(), 1);
}

#[test]
fn who_leaves_sees_its_own_leave_and_nothing_after_it() {
    let (mut server, alice, bob) = together();
    server.say(ALICE, ROOM, 1);
    assert!(server.leave(BOB, ROOM));
    server.say(ALICE, ROOM, 2);
    let (one, left, two) = (Seen::Said(1), Seen::Left(BOB.user()), Seen::Said(2));
    let response = server.sync(BOB, Some(bob));
    assert_eq!(seen(&response.events), [one, left]);
    assert_eq!(response.device_lists_left, [ALICE.user()]);
    let poll = server.poll(BOB, Some(response.next));
    server.say(ALICE, ROOM, 3);
    assert!(server.polled(BOB, poll).is_none());

    let response = server.sync(ALICE, Some(alice));
    assert_eq!(seen(&response.events), [one, left, two, Seen::Said(3)]);
    assert_eq!(response.device_lists_left, [BOB.user()]);
    assert_eq!(response.device_lists_changed, []);
}

#[test]
fn users_who_share_another_room_have_not_left() {
    let (mut server, _, _) = together();
    server.create_room(SIDE_ROOM, &[ALICE.user(), BOB.user()]);
    let alice = server.sync(ALICE, None).next;
    let bob = server.sync(BOB, None).next;
    server.leave(BOB, ROOM);
    for (device, token) in [(ALICE, alice), (BOB, bob)] {
        let response = server.sync(device, Some(token));
        assert_eq!(response.device_lists_left, []);
        assert_eq!(response.device_lists_changed, []);
    }
}

#[test]
fn who_comes_back_is_told_of_the_room_anew_and_sees_only_what_comes_after() {
    let (mut server, _, bob) = together();
    server.leave(BOB, ROOM);
    let bob = server.sync(BOB, Some(bob)).next;
    server.say(ALICE, ROOM, 1);
    assert!(server.join(BOB, ROOM));
    server.say(ALICE, ROOM, 2);
    let response = server.sync(BOB, Some(bob));
    assert_eq!(response.joined, [(ROOM, vec![ALICE.user(), BOB.user()])]);
    assert_eq!(seen(&response.events), [Seen::Said(2)]);
    assert!(response.device_lists_changed.contains(&ALICE.user()));
}

#[test]
fn a_join_of_a_member_is_no_event_and_a_leave_of_somebody_else_is_not_done() {
    let (mut server, alice, bob) = together();
    let poll = server.poll(ALICE, Some(alice));
    let poll_of_bob = server.poll(BOB, Some(bob));
    server.facts();
    assert!(server.join(BOB, ROOM));
    server.log_in(ERIN);
    assert!(!server.leave(ERIN, ROOM));
    assert!(!server.leave(BOB, SIDE_ROOM), "there is no such room");
    assert!(server.polled(ALICE, poll).is_none());
    assert!(server.polled(BOB, poll_of_bob).is_none());
    let stored = |fact: &Fact| matches!(fact, Fact::MembershipStored { .. });
    assert!(!server.facts().iter().any(stored));
}

#[test]
fn what_somebody_says_who_is_not_in_the_room_is_not_stored() {
    let (mut server, alice, _) = together();
    server.log_in(ERIN);
    server.say(ERIN, ROOM, 1);
    server.leave(BOB, ROOM);
    server.say(BOB, ROOM, 2);
    server.say(ALICE, ROOM, 3);
    let response = server.sync(ALICE, Some(alice));
    assert_eq!(
        seen(&response.events),
        [Seen::Left(BOB.user()), Seen::Said(3)]
    );
}

#[test]
fn what_is_said_twice_under_one_id_is_stored_once() {
    let (mut server, alice, _) = together();
    server.say(ALICE, ROOM, 1);
    server.restart();
    server.say(ALICE, ROOM, 1);
    let response = server.sync(ALICE, Some(alice));
    assert_eq!(seen(&response.events), [Seen::Said(1)]);
}

#[test]
fn a_membership_of_another_servers_user_is_told_like_a_local_one() {
    let (mut server, alice, _) = together();
    let poll = server.poll(ALICE, Some(alice));
    let join = member(CAROL, 1, Membership::Join);
    server.receive(THERE, 1, vec![join], vec![]);
    let response = server.polled(ALICE, poll).expect("a join is news");
    assert_eq!(seen(&response.events), [Seen::Joined(CAROL.user())]);
    assert_eq!(response.device_lists_changed, [CAROL.user()]);

    let leave = member(CAROL, 2, Membership::Leave);
    server.receive(THERE, 2, vec![leave], vec![]);
    let response = server.sync(ALICE, Some(response.next));
    assert_eq!(seen(&response.events), [Seen::Left(CAROL.user())]);
    assert_eq!(response.device_lists_left, [CAROL.user()]);
}
