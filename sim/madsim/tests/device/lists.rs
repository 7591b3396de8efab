//! How a client follows other users' devices (BS §1.1, §1.14).

use super::driver::peer::Peer;
use super::driver::{ALICE, BOB, CAROL, HERE, THERE};
use super::{Client, LAPTOP, ROOM, STOCK, has_olm, in_a_room_of, in_a_room_with, list};
use super::{nothing_new, receivers, sharing_with, started};
use unwedge_core::name::{RoomId, UserId};
use unwedge_core::protocol::Protocol;
use unwedge_core::time::Span;
use unwedge_core::trace::Fact;
use unwedge_core::wire::SyncResponse;

/// A sync answer that says who is in the room.
fn sync_members(alice: &mut Client, room: RoomId, members: Vec<UserId>) {
    alice.sync(SyncResponse {
        joined: vec![(room, members)],
        ..nothing_new()
    });
}

#[test]
fn a_device_whose_identity_changed_is_not_believed_unless_it_was_gone_meanwhile() {
    let mut bob = Peer::new(BOB);
    let (mut alice, _) = in_a_room_with(&bob, Protocol::default());
    let mut again = Peer::new(BOB);
    for _ in 0..2 {
        alice.bob_has(&[&again]);
        alice.come_back();
    }
    alice.say();
    let (claim, _) = alice.claim().unwrap();
    alice.claimed(claim, vec![again.one_time_key()]);
    assert!(!has_olm(&alice.messages().unwrap()[0]), "signed by nobody");
    alice.event().unwrap();
    alice.wait(Span::secs(15));
    alice.say();
    alice.claimed_of(&mut [&mut bob]);
    assert!(bob.decrypt(&alice.messages().unwrap()[0]).is_ok());
    alice.event().unwrap();

    alice.bob_has(&[]);
    alice.bob_has(&[&again]);
    alice.say();
    alice.claimed_of(&mut [&mut again]);
    assert!(again.decrypt(&alice.messages().unwrap()[0]).is_ok());
}

#[test]
fn the_rest_of_a_list_is_believed_beside_a_device_that_is_not() {
    let bob = Peer::new(BOB);
    let (mut alice, _) = in_a_room_with(&bob, Protocol::default());
    alice.bob_has(&[&Peer::new(BOB), &Peer::new(LAPTOP)]);
    alice.say();
    assert_eq!(alice.claim().unwrap().1, [BOB, LAPTOP]);
}

#[test]
fn users_are_asked_for_when_a_room_is_joined_or_their_devices_change() {
    let (mut alice, _) = in_a_room_with(&Peer::new(BOB), Protocol::default());
    sync_members(
        &mut alice,
        RoomId(1),
        vec![ALICE.user(), BOB.user(), CAROL.user()],
    );
    let (query, users) = alice.query().unwrap();
    assert_eq!(users, [CAROL.user()], "the others are known");
    alice.queried(query, vec![list(CAROL.user(), &[])]);
    assert!(alice.query().is_none());
    alice.sync_changed(BOB.user());
    assert_eq!(alice.query().unwrap().1, [BOB.user()]);
}

#[test]
fn a_query_without_an_answer_is_made_again_even_after_a_restart() {
    let (mut alice, _) = in_a_room_with(&Peer::new(BOB), Protocol::default());
    alice.sync_changed(BOB.user());
    let (query, _) = alice.query().unwrap();
    alice.time_out(query);
    assert_eq!(alice.query().unwrap().1, [BOB.user()]);
    alice.come_back();
    assert_eq!(alice.query().unwrap().1, [BOB.user()]);
}

#[test]
fn a_list_that_changed_while_it_was_asked_for_is_asked_for_again() {
    let (phone, laptop) = (Peer::new(BOB), Peer::new(LAPTOP));
    let (mut alice, _) = in_a_room_with(&phone, Protocol::default());
    alice.sync_changed(BOB.user());
    let (query, _) = alice.query().unwrap();
    alice.sync_changed(BOB.user());
    assert!(alice.query().is_none(), "one query at a time");
    alice.queried(query, vec![list(BOB.user(), &[&phone])]);
    let (query, users) = alice.query().expect("the answer is out of date");
    assert_eq!(users, [BOB.user()]);
    alice.queried(query, vec![list(BOB.user(), &[&phone, &laptop])]);
    assert!(alice.query().is_none());
    alice.say();
    assert_eq!(alice.claim().unwrap().1, [BOB, LAPTOP]);
}

#[test]
fn at_most_two_hundred_and_fifty_users_are_asked_for_at_once() {
    let (mut alice, _) = in_a_room_with(&Peer::new(BOB), Protocol::default());
    let user = |server, index| UserId::new(server, index);
    let mut members: Vec<UserId> = (2..=128).map(|index| user(HERE, index)).collect();
    members.extend((129..=255).map(|index| user(THERE, index)));
    sync_members(&mut alice, RoomId(1), members.clone());
    let (query, first) = alice.query().unwrap();
    assert_eq!(first.len(), 250);
    assert!(alice.query().is_none(), "one after the other");
    let lists = first.iter().map(|user| list(*user, &[])).collect();
    alice.queried(query, lists);
    let (query, second) = alice.query().unwrap();
    assert_eq!([first, second.clone()].concat(), members);
    let lists = second.iter().map(|user| list(*user, &[])).collect();
    alice.queried(query, lists);
    assert!(alice.query().is_none());
}

#[test]
fn a_message_waits_five_seconds_at_the_most_for_users_of_whom_no_device_is_known() {
    let mut bob = Peer::new(BOB);
    let (mut alice, _) = in_a_room_with(&bob, Protocol::default());
    sync_members(
        &mut alice,
        ROOM,
        vec![ALICE.user(), BOB.user(), CAROL.user()],
    );
    let (query, _) = alice.query().unwrap();
    alice.say();
    alice.wait(Span::secs(4));
    assert!(alice.claim().is_none(), "it waits");
    alice.facts();
    alice.wait(Span::secs(1));
    let unknown =
        |fact: &Fact| matches!(fact, Fact::DevicesUnknown { of, .. } if *of == CAROL.user());
    assert!(alice.noted(unknown));
    alice.claimed_of(&mut [&mut bob]);
    assert_eq!(receivers(&alice.messages().unwrap()), [BOB]);
    alice.event().unwrap();

    // The answer comes too late for this message but not for the next.
    let mut carol = Peer::new(CAROL);
    alice.queried(query, vec![list(CAROL.user(), &[&carol])]);
    assert!(alice.claim().is_none(), "nothing is shared unprompted");
    alice.say();
    alice.claimed_of(&mut [&mut carol]);
    assert_eq!(receivers(&alice.messages().unwrap()), [CAROL]);
}

#[test]
fn a_message_goes_on_as_soon_as_the_devices_are_known() {
    let mut bob = Peer::new(BOB);
    let (mut alice, _) = in_a_room_with(&bob, Protocol::default());
    sync_members(
        &mut alice,
        ROOM,
        vec![ALICE.user(), BOB.user(), CAROL.user()],
    );
    let (query, _) = alice.query().unwrap();
    alice.say();
    assert!(alice.claim().is_none());
    let mut carol = Peer::new(CAROL);
    alice.queried(query, vec![list(CAROL.user(), &[&carol])]);
    alice.claimed_of(&mut [&mut bob, &mut carol]);
}

#[test]
fn a_server_that_cannot_be_asked_is_not_waited_for_again_for_a_while() {
    let mut bob = Peer::new(BOB);
    let (mut alice, _) = in_a_room_with(&bob, Protocol::default());
    sync_members(
        &mut alice,
        ROOM,
        vec![ALICE.user(), BOB.user(), CAROL.user()],
    );
    alice.say();
    let (query, _) = alice.query().unwrap();
    alice.query_failed(query, &[THERE]);
    alice.claimed_of(&mut [&mut bob]);
    while alice.messages().is_some() {}
    alice.event().unwrap();
    assert!(alice.query().is_none(), "not for 15 s");

    // After those the client asks again with its next idle sync.
    alice.wait(Span::secs(31));
    let (query, users) = alice.query().unwrap();
    assert_eq!(users, [CAROL.user()]);
    alice.query_failed(query, &[THERE]);
    alice.sync_counts(STOCK);
    assert!(alice.query().is_none());
    alice.sync_changed(BOB.user());
    let (query, users) = alice.query().unwrap();
    assert_eq!(users, [BOB.user()], "others are asked for all the same");
    alice.say();
    assert!(alice.event().is_some(), "for whom nobody waits either");
    alice.queried(query, vec![list(BOB.user(), &[&bob])]);
    alice.come_back();
    assert_eq!(alice.query().unwrap().1, [CAROL.user()], "in memory only");
}

#[test]
fn a_server_that_cannot_be_asked_is_tried_again_by_an_idle_client_until_it_answers() {
    let bob = Peer::new(BOB);
    let (mut alice, _) = in_a_room_with(&bob, Protocol::default());
    sync_members(
        &mut alice,
        ROOM,
        vec![ALICE.user(), BOB.user(), CAROL.user()],
    );
    for delay in [15, 30, 60, 120] {
        let (query, _) = alice.query().unwrap();
        alice.query_failed(query, &[THERE]);
        alice.wait(Span::secs(delay - 1));
        assert!(alice.query().is_none(), "{delay} s");
        // The idle client's next sync is at most 30 s off.
        alice.wait(Span::secs(32));
    }
    // An answer makes it forgiven: what comes after is a first failure.
    let (query, _) = alice.query().unwrap();
    alice.queried(query, vec![list(CAROL.user(), &[])]);
    alice.sync_changed(CAROL.user());
    let (query, _) = alice.query().unwrap();
    alice.query_failed(query, &[THERE]);
    alice.wait(Span::secs(15 + 31));
    assert!(alice.query().is_some());
}

#[test]
fn a_stale_list_of_a_user_with_a_known_device_is_used_as_it_is() {
    let mut bob = Peer::new(BOB);
    let (mut alice, _) = in_a_room_with(&bob, Protocol::default());
    alice.sync_changed(BOB.user());
    let (query, _) = alice.query().unwrap();
    alice.say();
    alice.claimed_of(&mut [&mut bob]);
    assert_eq!(receivers(&alice.messages().unwrap()), [BOB]);
    alice.event().expect("nothing is waited for");
    let mut laptop = Peer::new(LAPTOP);
    alice.queried(query, vec![list(BOB.user(), &[&bob, &laptop])]);
    alice.say();
    alice.claimed_of(&mut [&mut laptop]);
    assert_eq!(receivers(&alice.messages().unwrap()), [LAPTOP]);
}

#[test]
fn what_is_known_of_a_user_with_whom_no_room_is_shared_goes_on_being_known() {
    let (mut bob, mut carol) = (Peer::new(BOB), Peer::new(CAROL));
    let alice = started(Protocol::default());
    let (mut alice, _) = in_a_room_of(&[&bob, &carol], alice);
    alice.sync(SyncResponse {
        device_lists_left: vec![CAROL.user()],
        ..nothing_new()
    });
    assert!(alice.query().is_none());
    // It is the room's members that decide who is given a key.
    alice.say();
    alice.claimed_of(&mut [&mut bob, &mut carol]);
    assert_eq!(receivers(&alice.messages().unwrap()), [BOB, CAROL]);
}

#[test]
fn a_device_that_logged_in_is_given_the_key_and_one_that_logged_out_is_not() {
    let mut bob = Peer::new(BOB);
    let (mut alice, _) = sharing_with(&mut bob, Protocol::default());
    let mut laptop = Peer::new(LAPTOP);
    alice.bob_has(&[&laptop]);
    alice.say();
    alice.claimed_of(&mut [&mut laptop]);
    assert_eq!(receivers(&alice.messages().unwrap()), [LAPTOP]);
}
