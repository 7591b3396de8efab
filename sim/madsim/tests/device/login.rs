//! Logging in and out, and what a logged-out client has forgotten (BS §1.1,
//! §1.3). A device that logs in again under its old ID is another device to
//! the cryptography.

use super::driver::peer::Peer;
use super::driver::{ALICE, BOB, Driver, HERE};
use super::server::answer_to;
use super::{Client, ROOM, in_a_room_with, nothing_new, started};
use unwedge_core::device::Command;
use unwedge_core::name::{KeyName, NodeId, Row};
use unwedge_core::node::Input;
use unwedge_core::protocol::Protocol;
use unwedge_core::trace::{Fact, LogoutReason};
use unwedge_core::wire::{AccessToken, ClientRequest, ClientResponse, Message, SyncResponse};

/// The tokens under which everything was asked that has not been answered.
fn shown(alice: &mut Client) -> Vec<Option<AccessToken>> {
    let mut shown = vec![];
    while let Some(token) = alice.take(NodeId::Server(HERE), |message| match message {
        Message::ClientRequest(_, token, _) => Some(*token),
        Message::ClientResponse(..)
        | Message::FederationRequest(..)
        | Message::FederationResponse(..) => None,
    }) {
        shown.push(token);
    }
    shown
}

/// The next request to log out.
fn logout(alice: &mut Client) -> Option<unwedge_core::wire::RequestId> {
    let is_logout = |request: &_| matches!(request, ClientRequest::Logout).then_some(());
    alice.request(is_logout).map(|(id, ())| id)
}

/// Why the client was logged out, since this was last asked.
fn logged_out(alice: &mut Client) -> Option<LogoutReason> {
    let facts = alice.facts();
    facts.iter().find_map(|fact| {
        let Fact::LoggedOut { why, .. } = fact else {
            return None;
        };
        Some(*why)
    })
}

fn generated(alice: &mut Client) -> Vec<KeyName> {
    let key = |fact| {
        let Fact::KeyGenerated { key } = fact else {
            return None;
        };
        Some(key)
    };
    alice.facts().into_iter().filter_map(key).collect()
}

#[test]
fn nothing_is_generated_and_nothing_else_is_asked_before_the_device_is_let_in() {
    let mut alice: Client = Driver::new(NodeId::Device(ALICE), Protocol::default());
    alice.command(Command::Login);
    assert!(alice.login().is_none(), "it has no connection");
    alice.input(Input::Connection(true));
    let (login, ()) = alice.login().unwrap();
    alice.say();
    alice.command(Command::SyncAgain);
    assert!(shown(&mut alice).is_empty());
    assert!(generated(&mut alice).is_empty());

    let token = alice.token();
    alice.answer(login, ClientResponse::Login(token));
    assert_eq!(shown(&mut alice), [Some(token)], "the first upload");
    assert_eq!(generated(&mut alice).len(), 50);
}

#[test]
fn a_login_without_an_answer_is_asked_again() {
    let mut alice: Client = Driver::new(NodeId::Device(ALICE), Protocol::default());
    alice.input(Input::Connection(true));
    alice.command(Command::Login);
    let (login, ()) = alice.login().unwrap();
    alice.time_out(login);
    let (login, ()) = alice.login().unwrap();
    alice.input(Input::Connection(false));
    alice.input(Input::Connection(true));
    assert!(alice.login().is_some());
    alice.answer(login, ClientResponse::Login(alice.token()));
    assert!(alice.upload().is_none(), "the answer came too late");
}

#[test]
fn a_device_that_is_logged_in_does_not_log_in_again() {
    let mut alice = started(Protocol::default());
    alice.command(Command::Login);
    assert!(alice.login().is_none());
    alice.come_back();
    alice.command(Command::Login);
    assert!(alice.login().is_none());
    assert!(alice.upload().is_some(), "it is still logged in");
}

#[test]
fn an_unknown_token_wipes_everything_and_a_new_login_makes_a_new_identity() {
    let bob = Peer::new(BOB);
    let (mut alice, published) = in_a_room_with(&bob, Protocol::default());
    let old = published.device_keys.unwrap();
    alice.facts();
    let (poll, _) = alice.poll().unwrap();
    alice.answer(poll, ClientResponse::UnknownToken);
    assert_eq!(logged_out(&mut alice), Some(LogoutReason::UnknownToken));

    // Whatever it could do it does no more, now or after a restart.
    alice.come_back();
    alice.say();
    alice.command(Command::Block(BOB));
    assert!(shown(&mut alice).is_empty());
    assert!(alice.facts().is_empty());

    alice.log_in();
    let upload = alice.upload().unwrap();
    assert_ne!(upload.device_keys.unwrap().identity, old.identity);
    alice.uploaded(upload.id, Ok(50));
    let (_, since) = alice.poll().unwrap();
    assert_eq!(since, None, "it starts from nothing");

    // What was made for the identity before is lost.
    let mut session = bob.open(&old, &published.one_time_keys[0], alice.now());
    let message = bob.encrypt(&mut session, alice.now());
    alice.come_back();
    alice.sync_message(&message);
    assert!(alice.noted(|fact| matches!(fact, Fact::OlmFailed { .. })));
}

#[test]
fn an_identity_that_follows_another_gives_its_keys_other_names() {
    let mut alice = started(Protocol::default());
    let first = generated(&mut alice);
    for _ in 0..2 {
        let upload = alice.upload().unwrap();
        alice.answer(upload.id, ClientResponse::UnknownToken);
        alice.log_in();
    }
    let third = generated(&mut alice);
    assert_eq!(third.len(), 100);
    assert_eq!(third[0].id, first[0].id, "they are numbered alike");
    let mut names = [first, third].concat();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 150);
}

#[test]
fn a_logout_is_asked_for_until_it_is_answered_one_way_or_the_other() {
    let mut alice = started(Protocol::default());
    alice.input(Input::Connection(false));
    alice.command(Command::Logout);
    alice.input(Input::Connection(true));
    let lost = logout(&mut alice).unwrap();
    alice.time_out(lost);
    let again = logout(&mut alice).unwrap();
    alice.facts();
    // The first was taken and only its answer was lost: it is what was asked.
    alice.answer(again, ClientResponse::UnknownToken);
    assert_eq!(logged_out(&mut alice), Some(LogoutReason::Asked));

    alice.log_in();
    alice.command(Command::Logout);
    let asked = logout(&mut alice).unwrap();
    alice.answer(asked, ClientResponse::Logout);
    assert_eq!(logged_out(&mut alice), Some(LogoutReason::Asked));
    alice.come_back();
    assert!(shown(&mut alice).is_empty());
}

#[test]
fn answers_to_an_earlier_login_mean_nothing_to_the_next() {
    let bob = Peer::new(BOB);
    let (mut alice, _) = in_a_room_with(&bob, Protocol::default());
    let (old_poll, _) = alice.poll().unwrap();
    alice.command(Command::Logout);
    let asked = logout(&mut alice).unwrap();
    alice.answer(asked, ClientResponse::Logout);
    alice.log_in();
    alice.facts();
    alice.answer(old_poll, ClientResponse::UnknownToken);
    assert_eq!(logged_out(&mut alice), None);
}

#[test]
fn what_was_to_be_said_is_gone_with_the_login() {
    let bob = Peer::new(BOB);
    let (mut alice, _) = in_a_room_with(&bob, Protocol::default());
    alice.say();
    let (claim, _) = alice.claim().unwrap();
    alice.answer(claim, ClientResponse::UnknownToken);
    alice.log_in();
    let upload = alice.upload().unwrap();
    alice.uploaded(upload.id, Ok(50));
    alice.sync(SyncResponse {
        joined: vec![(ROOM, vec![ALICE.user()])],
        ..nothing_new()
    });
    assert!(alice.claim().is_none() && alice.event().is_none());
}

#[test]
fn a_new_login_asks_again_of_a_server_that_failed_the_one_before() {
    let bob = Peer::new(BOB);
    let (mut alice, _) = in_a_room_with(&bob, Protocol::default());
    alice.say();
    let (claim, _) = alice.claim().unwrap();
    alice.claimed(claim, vec![]);
    let (poll, _) = alice.poll().unwrap();
    alice.answer(poll, ClientResponse::UnknownToken);
    alice.log_in();
    let (mut alice, _) = super::in_a_room_of(&[&bob], alice);
    alice.say();
    assert!(alice.claim().is_some(), "the failure was another client's");
}

#[test]
fn a_client_that_died_before_it_had_stored_its_keys_makes_them_when_it_starts() {
    let mut alice: Client = Driver::new(NodeId::Device(ALICE), Protocol::default());
    alice.input(Input::Connection(true));
    alice.command(Command::Login);
    let (login, ()) = alice.login().unwrap();
    let let_in = ClientResponse::Login(alice.token());
    alice.die_after(Row::Login, answer_to(login, let_in));
    alice.input(Input::Connection(true));
    let first = alice.upload().unwrap();
    assert_eq!(first.one_time_keys.len(), 50);
    alice.come_back();
    let again = alice.upload().unwrap();
    assert_eq!(
        again.device_keys.unwrap().identity,
        first.device_keys.unwrap().identity,
        "nothing is published that is not stored"
    );
}
