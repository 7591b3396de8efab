//! Invitations: who may invite whom, who is told of it, and what whoever accepts
//! one sees of what was before (BS §3).

use std::sync::Arc;

use super::driver::{ALICE, BOB, CAROL, HERE, THERE, device};
use super::federated_rooms::{ask_to_join, join_asked_of, joined, let_user_in, sent};
use super::{ROOM, Seen, Server, event_id, member, said, seen, server};
use unwedge_core::name::{DeviceId, UserId};
use unwedge_core::time::Span;
use unwedge_core::trace::Fact;
use unwedge_core::wire::{
    ClientRequest, FederationRequest, FederationResponse, Joined, Membership, RequestId,
    RoomContent, RoomEvent,
};
use unwedge_madsim::Vodozemac;

/// A user of this server who is in no room.
const ERIN: DeviceId = device(HERE, 4);

/// A room that Alice is alone in.
fn alone() -> Server {
    let mut server = server();
    server.create_room(ROOM, &[ALICE.user()]);
    server
}

/// A device invites a user, as its event number `n`.
fn invitation(sender: DeviceId, n: u64, user: UserId) -> Arc<RoomEvent<Vodozemac>> {
    let mut event = member(sender, n, Membership::Invite);
    Arc::make_mut(&mut event).content = RoomContent::Member(user, Membership::Invite);
    event
}

/// Alice asks to invite Carol, whose server is asked.
fn ask_carols_server(server: &mut Server) -> (RequestId, RequestId) {
    let (room, user) = (ROOM, CAROL.user());
    let asked = server.ask(ALICE, ClientRequest::Invite { room, user });
    let (request, what) = server.asked_of(THERE).expect("Carol's server is asked");
    let FederationRequest::Invite(event) = what else {
        panic!("it is asked about the invitation")
    };
    assert_eq!(seen(&[event]), [Seen::Invited(user)]);
    (asked, request)
}

fn changes(server: &mut Server) -> usize {
    let facts = server.facts().into_iter();
    let changes = facts.filter(|fact| matches!(fact, Fact::MembershipStored { .. }));
    changes.count()
}

#[test]
fn an_invitation_is_told_to_the_members_and_to_nobody_else() {
    let mut server = alone();
    let [alice, bob] = [ALICE, BOB].map(|it| server.sync(it, None).next);
    let poll = server.poll(ALICE, Some(alice));
    let poll_of_bob = server.poll(BOB, Some(bob));
    assert!(server.invite(ALICE, ROOM, BOB.user()));
    let response = server.polled(ALICE, poll).expect("an invitation is news");
    assert_eq!(seen(&response.events), [Seen::Invited(BOB.user())]);
    // No room is shared, so that no devices are followed.
    assert_eq!(response.device_lists_changed, []);
    server.say(ALICE, ROOM, 1);
    assert!(server.polled(BOB, poll_of_bob).is_none());
}

#[test]
fn who_accepts_an_invitation_sees_what_was_said_since() {
    let mut server = alone();
    server.say(ALICE, ROOM, 1);
    server.invite(ALICE, ROOM, BOB.user());
    server.say(ALICE, ROOM, 2);
    let bob = server.sync(BOB, None);
    assert_eq!(seen(&bob.events), []);
    server.join(BOB, ROOM);
    server.say(ALICE, ROOM, 3);
    let all = [Seen::Said(2), Seen::Joined(BOB.user()), Seen::Said(3)];
    let response = server.sync(BOB, Some(bob.next));
    assert_eq!(response.joined, [(ROOM, vec![ALICE.user(), BOB.user()])]);
    assert_eq!(seen(&response.events), all);
    assert_eq!(seen(&server.sync_afresh(BOB).events), all);
    // What was told once is not told again.
    server.say(ALICE, ROOM, 4);
    let response = server.sync(BOB, Some(response.next));
    assert_eq!(seen(&response.events), [Seen::Said(4)]);
}

#[test]
fn who_is_invited_back_sees_what_was_said_since_the_second_invitation() {
    let mut server = alone();
    server.invite(ALICE, ROOM, BOB.user());
    server.join(BOB, ROOM);
    server.leave(BOB, ROOM);
    let bob = server.sync(BOB, None).next;
    server.say(ALICE, ROOM, 1);
    server.invite(ALICE, ROOM, BOB.user());
    server.say(ALICE, ROOM, 2);
    server.join(BOB, ROOM);
    let response = server.sync(BOB, Some(bob));
    let news = [Seen::Said(2), Seen::Joined(BOB.user())];
    assert_eq!(seen(&response.events), news);
}

#[test]
fn who_joins_is_told_of_those_who_are_invited() {
    let mut server = alone();
    server.log_in(ERIN);
    server.invite(ALICE, ROOM, ERIN.user());
    server.join(BOB, ROOM);
    let all = [ALICE, BOB, ERIN].map(|it| it.user());
    let response = server.sync(BOB, None);
    assert_eq!(response.joined, [(ROOM, all.to_vec())]);
}

#[test]
fn only_a_member_invites_and_only_who_is_not_one() {
    let mut server = alone();
    server.log_in(ERIN);
    server.facts();
    assert!(!server.invite(ERIN, ROOM, BOB.user()));
    assert!(!server.invite(ALICE, ROOM, ALICE.user()));
    assert_eq!(changes(&mut server), 0);
    assert!(server.invite(ALICE, ROOM, BOB.user()));
    assert_eq!(changes(&mut server), 1);
    // To say it again is no event.
    assert!(server.invite(ALICE, ROOM, BOB.user()));
    assert_eq!(changes(&mut server), 0);
}

#[test]
fn the_server_of_whoever_is_invited_is_asked_first_and_told_nothing_more() {
    let mut server = alone();
    let (asked, request) = ask_carols_server(&mut server);
    server.facts();
    assert_eq!(joined(&mut server, ALICE, asked), None);
    server.answer_from_there(request, FederationResponse::Invite);
    assert_eq!(joined(&mut server, ALICE, asked), Some(true));
    assert_eq!(changes(&mut server), 1);
    server.say(ALICE, ROOM, 1);
    assert_eq!(sent(&mut server, THERE), []);
}

#[test]
fn nobody_is_invited_whose_server_does_not_answer() {
    let mut server = alone();
    let (asked, _) = ask_carols_server(&mut server);
    server.facts();
    server.wait(Span::secs(59));
    assert_eq!(joined(&mut server, ALICE, asked), None);
    server.wait(Span::secs(2));
    assert_eq!(joined(&mut server, ALICE, asked), Some(false));
    assert_eq!(changes(&mut server), 0);
}

#[test]
fn a_server_has_no_objection_to_an_invitation() {
    let mut server = alone();
    let invitation = invitation(CAROL, 1, BOB.user());
    let id = server.ask_from(THERE, FederationRequest::Invite(invitation));
    let answer = server.answer_to(THERE, id);
    assert!(matches!(answer, Some(FederationResponse::Invite)));
}

#[test]
fn the_server_of_whoever_accepts_is_told_what_there_was_since_the_invitation() {
    let mut server = alone();
    server.say(ALICE, ROOM, 1);
    server.invite(ALICE, ROOM, BOB.user());
    server.say(ALICE, ROOM, 2);
    let (_, request) = ask_carols_server(&mut server);
    server.answer_from_there(request, FederationResponse::Invite);
    server.say(ALICE, ROOM, 3);
    let [bob, carol] = [BOB, CAROL].map(|it| Seen::Invited(it.user()));
    // The second answer is for a server to which the first was lost.
    for _ in 0..2 {
        let Joined { before, .. } =
            let_user_in(&mut server, THERE, ROOM, event_id(CAROL, 4)).expect("it is in the room");
        assert_eq!(seen(&before), [bob, carol, Seen::Said(3)]);
    }
}

#[test]
fn who_accepts_another_servers_invitation_sees_what_there_was_since() {
    let mut server = server();
    let token = server.sync(ALICE, None).next;
    let asked = ask_to_join(&mut server, ALICE, &[THERE]);
    let (request, event) = join_asked_of(&mut server, THERE);
    let mut join = member(ALICE, 0, Membership::Join);
    Arc::make_mut(&mut join).id = event;
    let answer = Joined {
        event: join,
        members: vec![ALICE.user(), CAROL.user()],
        before: vec![
            invitation(CAROL, 1, BOB.user()),
            invitation(CAROL, 2, ALICE.user()),
            said(CAROL, ROOM, 3),
        ],
    };
    server.answer_from_there(request, FederationResponse::Join(Some(answer)));
    assert_eq!(joined(&mut server, ALICE, asked), Some(true));
    let response = server.sync(ALICE, Some(token));
    let all = [ALICE, BOB, CAROL].map(|it| it.user());
    assert_eq!(response.joined, [(ROOM, all.to_vec())]);
    let news = [Seen::Said(3), Seen::Joined(ALICE.user())];
    assert_eq!(seen(&response.events), news);
}
