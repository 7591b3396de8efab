//! Who is in a room, as member events tell it, and what joining and leaving
//! mean for keys (BS §1.8, §1.9, §1.14).

use super::driver::peer::Peer;
use super::driver::{ALICE, BOB, CAROL, HERE};
use super::{Client, ROOM, in_a_room_of, in_a_room_with, list, nothing_new, receivers};
use super::{sharing_with, started};
use unwedge_core::crypto::Body;
use unwedge_core::device::Command;
use unwedge_core::name::{DeviceId, EventId, RoomId};
use unwedge_core::node::Input;
use unwedge_core::protocol::{InvitedMembers, Protocol};
use unwedge_core::trace::Fact;
use unwedge_core::wire::{
    ClientRequest, ClientResponse, Membership, RequestId, RoomContent, RoomEvent, SyncResponse,
};

/// A member event comes in with the timeline.
fn becomes(alice: &mut Client, room: RoomId, who: DeviceId, membership: Membership) {
    let event = RoomEvent {
        id: EventId {
            sender: who,
            sent: alice.now(),
        },
        room,
        previous: [].into(),
        content: RoomContent::Member(who.user(), membership),
    };
    alice.sync_event(&event.into());
}

/// The next request to join or leave a room, or to invite Carol.
fn membership_request(alice: &mut Client) -> Option<(RequestId, Membership)> {
    alice.request(|request| match request {
        ClientRequest::Join { room: ROOM, via } if via == &[HERE] => Some(Membership::Join),
        ClientRequest::Leave { room: ROOM } => Some(Membership::Leave),
        ClientRequest::Invite { room: ROOM, user } if *user == CAROL.user() => {
            Some(Membership::Invite)
        }
        ClientRequest::Join { .. }
        | ClientRequest::Leave { .. }
        | ClientRequest::Invite { .. }
        | ClientRequest::Login
        | ClientRequest::Logout
        | ClientRequest::KeysUpload { .. }
        | ClientRequest::KeysReset { .. }
        | ClientRequest::KeysQuery { .. }
        | ClientRequest::KeysClaim { .. }
        | ClientRequest::SendToDevice { .. }
        | ClientRequest::SendEvent(_)
        | ClientRequest::Sync { .. } => None,
    })
}

fn discarded(alice: &mut Client) -> bool {
    alice.noted(|fact| matches!(fact, Fact::GroupSessionDiscarded { .. }))
}

#[test]
fn who_joins_is_asked_for_and_given_the_key_from_then_on() {
    let mut bob = Peer::new(BOB);
    let (mut alice, _) = sharing_with(&mut bob, Protocol::default());
    becomes(&mut alice, ROOM, CAROL, Membership::Join);
    let (query, users) = alice.query().unwrap();
    assert_eq!(users, [CAROL.user()]);
    let mut carol = Peer::new(CAROL);
    alice.queried(query, vec![list(CAROL.user(), &[&carol])]);
    alice.facts();
    alice.say();
    alice.claimed_of(&mut [&mut carol]);
    assert_eq!(receivers(&alice.messages().unwrap()), [CAROL]);
    assert!(!discarded(&mut alice), "nobody has too much");
    alice.event().unwrap();

    // Once more says nothing new, and it is all remembered.
    becomes(&mut alice, ROOM, CAROL, Membership::Join);
    alice.come_back();
    assert!(alice.query().is_none());
    alice.command(Command::DiscardSession(ROOM));
    alice.say();
    assert_eq!(receivers(&alice.messages().unwrap()), [BOB, CAROL]);
}

#[test]
fn who_is_invited_is_asked_for_and_given_the_key_and_keeps_it_when_they_join() {
    let mut bob = Peer::new(BOB);
    let (mut alice, _) = sharing_with(&mut bob, Protocol::default());
    becomes(&mut alice, ROOM, CAROL, Membership::Invite);
    let (query, users) = alice.query().unwrap();
    assert_eq!(users, [CAROL.user()]);
    let mut carol = Peer::new(CAROL);
    alice.queried(query, vec![list(CAROL.user(), &[&carol])]);
    alice.say();
    alice.claimed_of(&mut [&mut carol]);
    assert_eq!(receivers(&alice.messages().unwrap()), [CAROL]);
    alice.event().unwrap();

    alice.facts();
    becomes(&mut alice, ROOM, CAROL, Membership::Join);
    alice.say();
    assert!(alice.query().is_none() && alice.messages().is_none());
    assert!(!discarded(&mut alice));
}

#[test]
fn whom_the_client_has_invited_counts_from_the_answer_on_or_from_sync() {
    // How it behaves, what it is answered, and whether it asks for Carol's devices
    // at once, and at last.
    let cases = [
        (InvitedMembers::AtAnswer, true, [true, false]),
        (InvitedMembers::AtAnswer, false, [false, true]),
        (InvitedMembers::FromSync, true, [false, true]),
    ];
    for (invited_members, done, asks) in cases {
        let protocol = Protocol {
            invited_members,
            ..Protocol::default()
        };
        let (mut alice, _) = in_a_room_with(&Peer::new(BOB), protocol);
        alice.command(Command::Invite(ROOM, CAROL.user()));
        let (asked, wish) = membership_request(&mut alice).unwrap();
        assert_eq!(wish, Membership::Invite);
        alice.answer(asked, ClientResponse::Membership(done));
        let at_once = alice.query();
        if let Some((query, _)) = at_once {
            alice.queried(query, vec![list(CAROL.user(), &[&Peer::new(CAROL)])]);
        }
        becomes(&mut alice, ROOM, CAROL, Membership::Invite);
        let asked = [at_once.is_some(), alice.query().is_some()];
        assert_eq!(asked, asks, "{invited_members:?}, {done}");
    }
}

#[test]
fn who_joins_and_is_known_from_elsewhere_is_not_asked_for() {
    let (mut alice, _) = in_a_room_with(&Peer::new(BOB), Protocol::default());
    alice.sync(SyncResponse {
        joined: vec![(RoomId(1), vec![ALICE.user()])],
        ..nothing_new()
    });
    becomes(&mut alice, RoomId(1), BOB, Membership::Join);
    assert!(alice.query().is_none());
}

#[test]
fn who_leaves_gets_no_more_keys_and_the_session_is_replaced() {
    let (mut bob, mut carol) = (Peer::new(BOB), Peer::new(CAROL));
    let alice = started(Protocol::default());
    let (mut alice, _) = in_a_room_of(&[&bob, &carol], alice);
    alice.say();
    alice.claimed_of(&mut [&mut bob, &mut carol]);
    alice.messages().unwrap();
    alice.event().unwrap();
    becomes(&mut alice, ROOM, CAROL, Membership::Leave);
    alice.come_back();
    alice.facts();
    alice.say();
    assert!(discarded(&mut alice));
    assert_eq!(receivers(&alice.messages().unwrap()), [BOB]);
}

#[test]
fn who_leaves_without_having_had_the_key_is_no_reason_to_replace_the_session() {
    let mut bob = Peer::new(BOB);
    let (mut alice, _) = sharing_with(&mut bob, Protocol::default());
    becomes(&mut alice, ROOM, CAROL, Membership::Join);
    becomes(&mut alice, ROOM, CAROL, Membership::Leave);
    becomes(&mut alice, RoomId(5), BOB, Membership::Leave);
    alice.facts();
    alice.say();
    assert!(!discarded(&mut alice));
    assert!(alice.messages().is_none());
    assert!(alice.event().is_some());
}

#[test]
fn leaving_discards_the_session_and_whatever_was_to_be_said() {
    let mut bob = Peer::new(BOB);
    let (mut alice, _) = sharing_with(&mut bob, Protocol::default());
    alice.bob_has(&[&bob, &Peer::new(super::LAPTOP)]);
    alice.say();
    alice.facts();
    let (claim, _) = alice.claim().unwrap();
    becomes(&mut alice, ROOM, ALICE, Membership::Leave);
    assert!(discarded(&mut alice));
    alice.claimed(claim, vec![]);
    assert!(alice.messages().is_none() && alice.event().is_none());
    alice.say();
    assert!(alice.claim().is_none() && alice.event().is_none());
    assert!(!alice.noted(|fact| matches!(fact, Fact::SendAsked { .. })));

    // Who comes back starts with a new session.
    alice.sync(SyncResponse {
        joined: vec![(ROOM, vec![ALICE.user(), BOB.user()])],
        ..nothing_new()
    });
    assert!(alice.event().is_none(), "it was not kept");
    alice.say();
    while let Some((claim, _)) = alice.claim() {
        alice.claimed(claim, vec![]);
    }
    let messages = alice.messages().unwrap();
    assert_eq!(messages[0].id.to, BOB);
}

#[test]
fn a_person_joins_and_leaves_one_after_the_other_and_each_until_it_is_answered() {
    let (mut alice, _) = in_a_room_with(&Peer::new(BOB), Protocol::default());
    alice.input(Input::Connection(false));
    alice.command(Command::Join(ROOM, vec![HERE]));
    alice.input(Input::Connection(true));
    alice.command(Command::Leave(ROOM));
    let (asked, wish) = membership_request(&mut alice).unwrap();
    assert_eq!(wish, Membership::Join);
    assert!(membership_request(&mut alice).is_none());
    alice.time_out(asked);
    let (asked, wish) = membership_request(&mut alice).unwrap();
    assert_eq!(wish, Membership::Join);
    // That it was refused settles it too.
    alice.answer(asked, ClientResponse::Membership(false));
    let (asked, wish) = membership_request(&mut alice).unwrap();
    assert_eq!(wish, Membership::Leave);
    alice.answer(asked, ClientResponse::Membership(true));
    assert!(membership_request(&mut alice).is_none());
}

#[test]
fn nothing_is_said_in_a_room_that_the_user_is_not_in() {
    let (mut alice, _) = in_a_room_with(&Peer::new(BOB), Protocol::default());
    alice.facts();
    alice.command(Command::Send(RoomId(4), Body::Timeline));
    assert!(alice.claim().is_none());
    assert!(alice.facts().is_empty());
}

#[test]
fn what_was_said_before_the_first_sync_waits_for_it() {
    let mut bob = Peer::new(BOB);
    let mut alice = started(Protocol::default());
    alice.say();
    let (mut alice, _) = in_a_room_of(&[&bob], alice);
    alice.claimed_of(&mut [&mut bob]);
    assert!(alice.messages().is_some() && alice.event().is_some());
}
