//! Sharing a room key on the way to a room event (BS §1.9).

use super::driver::peer::Peer;
use super::driver::{BOB, CAROL};
use super::{Client, DAVE, LAPTOP, ROOM, in_a_room_of, in_a_room_with, receivers, started};
use unwedge_core::crypto::Content;
use unwedge_core::device::Command;
use unwedge_core::name::{DeviceId, MegolmName, Row};
use unwedge_core::node::{Input, Settings};
use unwedge_core::protocol::Protocol;
use unwedge_core::time::Span;
use unwedge_core::trace::Fact;
use unwedge_core::wire::{ClientResponse, ToDevice};
use unwedge_madsim::Vodozemac;

/// Which Megolm session the one message shares, and from which index on.
fn room_key(bob: &mut Peer, messages: &[ToDevice<Vodozemac>]) -> (MegolmName, u32) {
    assert_eq!(messages.len(), 1);
    match bob.decrypt(&messages[0]).unwrap() {
        Content::RoomKey { session, index, .. } => (session, index),
        Content::Dummy => panic!("a room key was shared"),
    }
}

#[test]
fn the_first_message_claims_shares_and_only_then_goes_out() {
    let mut bob = Peer::new(BOB);
    let (mut alice, _) = in_a_room_with(&bob, Protocol::default());
    alice.say();
    let (claim, devices) = alice.claim().expect("there is no session");
    assert_eq!(devices, [BOB], "but none for the device itself");
    assert!(alice.messages().is_none() && alice.event().is_none());

    alice.claimed(claim, vec![bob.one_time_key()]);
    assert!(alice.event().is_none(), "the key goes first");
    let messages = alice.messages().expect("the room key");
    assert_eq!(room_key(&mut bob, &messages).1, 0);
    assert!(alice.event().is_some());
}

#[test]
fn a_device_that_becomes_reachable_gets_the_key_from_the_present_index_on() {
    let mut bob = Peer::new(BOB);
    let (mut alice, _) = in_a_room_with(&bob, Protocol::default());
    alice.say();
    let (claim, _) = alice.claim().unwrap();
    alice.claimed(claim, vec![]);
    alice.messages().unwrap();
    alice.event().unwrap();

    alice.wait(Span::secs(16));
    alice.say();
    let (claim, _) = alice.claim().expect("it is tried again");
    alice.claimed(claim, vec![bob.one_time_key()]);
    let messages = alice.messages().unwrap();
    assert_eq!(room_key(&mut bob, &messages).1, 1);
}

/// Four devices, whom Alice gives keys in requests for two each.
struct Batches {
    alice: Client,
    peers: [Peer; 4],
}

impl Batches {
    /// Alice has said something, and opened a session with each.
    fn new() -> Self {
        let peers = [BOB, LAPTOP, CAROL, DAVE].map(Peer::new);
        let all: Vec<&Peer> = peers.iter().collect();
        let (mut alice, _) = in_a_room_of(&all, started(Protocol::default()));
        alice.set(Settings {
            recipients_per_request: 2,
            ..Settings::default()
        });
        let mut batches = Self { alice, peers };
        batches.say();
        batches
    }

    fn say(&mut self) {
        self.alice.say();
        if let Some((claim, _)) = self.alice.claim() {
            let keys = self.peers.iter_mut().map(Peer::one_time_key);
            let keys = keys.collect();
            self.alice.claimed(claim, keys);
        }
    }

    /// The next request: its transaction ID and for whom it is.
    fn take(&mut self) -> Option<(u64, Vec<DeviceId>)> {
        let (id, transaction, messages) = self.alice.send_to_device()?;
        self.alice.answer(id, ClientResponse::SendToDevice);
        Some((transaction, receivers(&messages)))
    }
}

#[test]
fn a_key_is_shared_in_requests_of_so_many_recipients_one_after_the_other() {
    let mut batches = Batches::new();
    let (id, first, messages) = batches.alice.send_to_device().unwrap();
    assert_eq!(receivers(&messages), [BOB, LAPTOP]);
    assert!(batches.alice.send_to_device().is_none(), "one at a time");
    batches.alice.answer(id, ClientResponse::SendToDevice);
    assert!(batches.alice.event().is_none(), "not before the last");
    let (second, to) = batches.take().unwrap();
    assert_eq!(to, [CAROL, DAVE]);
    assert_ne!(first, second);
    assert!(batches.alice.send_to_device().is_none());
    assert!(batches.alice.event().is_some());
}

#[test]
fn today_a_request_has_two_hundred_and_fifty_recipients() {
    let peers: Vec<Peer> = (5..=255)
        .map(|index| {
            let user = DAVE.user();
            Peer::new(DeviceId::new(user, index))
        })
        .collect();
    let all: Vec<&Peer> = peers.iter().collect();
    let (mut alice, _) = in_a_room_of(&all, started(Protocol::default()));
    alice.say();
    let (claim, devices) = alice.claim().unwrap();
    assert_eq!(devices.len(), 251);
    // To be told m.no_olm counts like a key.
    alice.claimed(claim, vec![]);
    assert_eq!(alice.messages().unwrap().len(), 250);
    assert_eq!(alice.messages().unwrap().len(), 1);
    assert!(alice.event().is_some());
}

#[test]
fn requests_are_stored_before_any_is_sent_and_sent_again_after_a_restart() {
    let mut batches = Batches::new();
    let stored = batches.alice.stored();
    assert_eq!(stored.last().unwrap(), &[Row::OutboundSession]);
    let (first, to_first) = batches.take().unwrap();
    let (_, second, messages) = batches.alice.send_to_device().unwrap();
    let names = |messages: &[ToDevice<Vodozemac>]| -> Vec<_> {
        messages.iter().map(|message| message.id).collect()
    };
    let sent = names(&messages);

    // The first was taken and the second was not.
    batches.alice.facts();
    batches.alice.come_back();
    let (id, again, messages) = batches.alice.send_to_device().unwrap();
    assert_eq!((again, names(&messages)), (second, sent));
    assert_ne!((again, receivers(&messages)), (first, to_first));
    batches.alice.answer(id, ClientResponse::SendToDevice);
    assert!(batches.alice.send_to_device().is_none());
    assert!(batches.alice.event().is_some());
    let shared = |fact: &Fact| matches!(fact, Fact::RoomKeyShared { .. });
    assert!(!batches.alice.noted(shared), "nothing is encrypted anew");
}

#[test]
fn a_share_without_an_answer_discards_the_session_and_the_message_gets_a_new_one() {
    let mut batches = Batches::new();
    let (first, _) = batches.take().unwrap();
    let (id, second, _) = batches.alice.send_to_device().unwrap();
    batches.alice.facts();
    batches.alice.time_out(id);
    let discarded = |fact: &Fact| matches!(fact, Fact::GroupSessionDiscarded { .. });
    assert!(batches.alice.noted(discarded));
    // Everybody is given the new key, those too who had got the old one.
    let (third, to) = batches.take().unwrap();
    assert_eq!(to, [BOB, LAPTOP]);
    assert!(![first, second].contains(&third));
    assert_eq!(batches.take().unwrap().1, [CAROL, DAVE]);
    assert!(batches.alice.event().is_some());
}

#[test]
fn a_session_that_is_discarded_while_it_is_shared_is_not_sent_with() {
    let mut batches = Batches::new();
    batches.take().unwrap();
    batches.alice.command(Command::DiscardSession(ROOM));
    while batches.take().is_some() {}
    let event = batches.alice.event().unwrap();
    let facts = batches.alice.facts();
    let index = facts.iter().find_map(|fact| {
        let Fact::EventSent { index, session, .. } = fact else {
            return None;
        };
        Some((*index, session.created))
    });
    let (index, created) = index.unwrap();
    assert_eq!(index, 0);
    assert!(created <= event.id.sent);
    let gone = facts.iter().find_map(|fact| {
        let Fact::GroupSessionDiscarded { session } = fact else {
            return None;
        };
        Some(session.created)
    });
    assert!(gone.unwrap() < created);
}

#[test]
fn messages_are_sent_one_after_the_other() {
    let mut batches = Batches::new();
    batches.say();
    while batches.take().is_some() {}
    assert!(batches.alice.event().is_some());
    assert!(batches.alice.event().is_some());
    assert!(batches.alice.event().is_none());
}

#[test]
fn an_event_without_an_answer_is_sent_again_as_it_was() {
    let mut bob = Peer::new(BOB);
    let (mut alice, _) = super::sharing_with(&mut bob, Protocol::default());
    alice.say();
    let event = |alice: &mut Client| {
        alice.request(|request| {
            let unwedge_core::wire::ClientRequest::SendEvent(event) = request else {
                return None;
            };
            Some(event.id)
        })
    };
    let (lost, name) = event(&mut alice).unwrap();
    // Whoever comes meanwhile is not given the key of what is encrypted.
    alice.bob_has(&[&bob, &Peer::new(LAPTOP)]);
    alice.time_out(lost);
    assert!(alice.claim().is_none());
    assert_eq!(event(&mut alice).unwrap().1, name);
}

#[test]
fn a_share_that_failed_discards_the_megolm_session() {
    let mut bob = Peer::new(BOB);
    let (mut alice, _) = in_a_room_with(&bob, Protocol::default());
    alice.say();
    let (claim, _) = alice.claim().unwrap();
    alice.claimed(claim, vec![bob.one_time_key()]);
    alice.input(Input::Connection(false));
    let discarded = |fact: &Fact| matches!(fact, Fact::GroupSessionDiscarded { .. });
    assert!(alice.noted(discarded));

    let in_vain = alice.messages().expect("it was sent");
    alice.input(Input::Connection(true));
    assert!(alice.event().is_none(), "the send starts anew");
    let again = alice.messages().expect("with a new session");
    let (in_vain, again) = (room_key(&mut bob, &in_vain), room_key(&mut bob, &again));
    assert_ne!(in_vain.0, again.0);
    assert!(alice.event().is_some());
}
