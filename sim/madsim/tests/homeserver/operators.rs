//! What an operator, or somebody with an interest, does to a homeserver
//! without being a client or a server.

use std::collections::BTreeSet;

use super::driver::peer::Peer;
use super::driver::{ALICE, BOB, CAROL, ELSEWHERE, HERE, THERE};
use super::{ROOM, Server, Upload, message, names, numbers, server};
use unwedge_core::homeserver::{Command, Strangers};
use unwedge_core::name::{DeviceId, KeyName, ServerSet};
use unwedge_core::node::{Input, Node as _};
use unwedge_core::odds::Odds;
use unwedge_core::time::Span;
use unwedge_core::trace::Fact;
use unwedge_core::wire::{FederationRequest, SignedKey, ToDeviceContent};
use unwedge_madsim::Vodozemac;

/// A server on which Bob has three one-time keys and a fallback key.
fn with_keys() -> (Server, Vec<SignedKey<Vodozemac>>, SignedKey<Vodozemac>) {
    let (mut server, mut bob) = (server(), Peer::new(BOB));
    let (keys, spare) = (bob.one_time_keys(3), bob.fallback_key());
    let upload = Upload {
        one_time_keys: keys.clone(),
        fallback_key: Some(spare.clone()),
        ..Upload::default()
    };
    server.upload(BOB, upload).unwrap();
    (server, keys, spare)
}

fn claim_for_nobody(server: &mut Server, count: u32) {
    strangers_claim(server, count, Odds::ALWAYS);
}

fn strangers_claim(server: &mut Server, count: u32, leak: Odds) {
    let strangers = Strangers {
        device: BOB,
        count,
        leak,
        before: 0,
    };
    server.input(Input::Command(Command::Claim(strangers)));
}

/// The keys that were handed out since this was last asked, and to whom.
fn issued(server: &mut Server) -> Vec<(KeyName, Option<DeviceId>)> {
    let facts = server.facts().into_iter();
    let issued = facts.filter_map(|fact| {
        if let Fact::KeyIssued { key, to, .. } = fact {
            Some((key, to))
        } else {
            None
        }
    });
    issued.collect()
}

#[test]
fn keys_that_are_claimed_for_nobody_are_issued_one_after_the_other() {
    let (mut server, keys, _) = with_keys();
    server.facts();
    claim_for_nobody(&mut server, 2);
    assert_eq!(server.node.pending(ServerSet::default()), 1);
    // Each takes the database a moment, and the second waits for the first.
    server.wait(Span::millis(1));
    assert!(issued(&mut server).len() < 2);
    server.wait(Span::secs(1));
    let mut all = issued(&mut server);
    assert_eq!(server.node.pending(ServerSet::default()), 0);
    assert!(all.iter().all(|(_, to)| to.is_none()));
    all.extend(
        server
            .claim_one_by_one(BOB, 1)
            .into_iter()
            .map(|key| (key, None)),
    );
    let all: BTreeSet<KeyName> = all.into_iter().map(|(key, _)| key).collect();
    assert_eq!(all, BTreeSet::from_iter(names(&keys)));
}

#[test]
fn a_claim_for_nobody_races_with_nobody_and_ends_with_the_fallback_key() {
    let (mut server, keys, spare) = with_keys();
    server.facts();
    claim_for_nobody(&mut server, 5);
    server.wait(Span::secs(1));
    let all: Vec<KeyName> = issued(&mut server)
        .into_iter()
        .map(|(key, _)| key)
        .collect();
    assert_eq!(all[3..], [spare.name; 2]);
    assert_eq!(BTreeSet::from_iter(&all[..3]).len(), keys.len());
    let counts = server.counts(BOB);
    assert_eq!(counts.one_time_keys, 0);
    assert!(!counts.unused_fallback_key);
}

#[test]
fn strangers_who_use_their_keys_send_a_message_with_each_and_others_none() {
    let (mut server, keys, _) = with_keys();
    let upload = Upload {
        device_keys: Some(Peer::new(BOB).keys()),
        ..Upload::default()
    };
    server.upload(BOB, upload).unwrap();
    let token = server.sync(BOB, None).next;
    server.facts();
    strangers_claim(&mut server, 1, Odds::ALWAYS);
    // Two series at once could be given one key, and miss.
    server.wait(Span::secs(1));
    strangers_claim(&mut server, 2, "0%".parse().unwrap());
    server.wait(Span::secs(1));
    let to: Vec<_> = issued(&mut server).into_iter().map(|(_, to)| to).collect();
    let stranger = Some(DeviceId::stranger(HERE));
    assert_eq!(to.iter().filter(|to| to.is_none()).count(), 1);
    assert_eq!(to.iter().filter(|to| **to == stranger).count(), 2);
    let messages = server.sync(BOB, Some(token)).to_device;
    let used: BTreeSet<KeyName> = messages
        .iter()
        .map(|message| match &message.content {
            ToDeviceContent::FromStranger(outside) => outside.key,
            ToDeviceContent::Encrypted(_)
            | ToDeviceContent::NoOlm
            | ToDeviceContent::Blacklisted(_) => {
                panic!("only strangers have written")
            }
        })
        .collect();
    assert_eq!(used.len(), 2);
    assert!(used.is_subset(&names(&keys).into_iter().collect()));
}

#[test]
fn a_claim_of_no_key_for_nobody_does_nothing() {
    let (mut server, _, _) = with_keys();
    claim_for_nobody(&mut server, 0);
    assert_eq!(server.node.pending(ServerSet::default()), 0);
    assert_eq!(server.counts(BOB).one_time_keys, 3);
}

#[test]
fn a_key_that_somebody_claims_is_issued_to_that_device() {
    let (mut server, _, _) = with_keys();
    server.claim(&[BOB]);
    let devices = vec![BOB];
    let claimant = CAROL;
    server.ask_from(THERE, FederationRequest::Claim { devices, claimant });
    server.wait(Span::secs(1));
    let to: Vec<_> = issued(&mut server).into_iter().map(|(_, to)| to).collect();
    assert_eq!(to, [Some(ALICE), Some(CAROL)]);
}

#[test]
fn a_message_that_is_put_into_an_inbox_is_told_like_any_other_however_often() {
    let mut server = server();
    let token = server.sync(BOB, None).next;
    let poll = server.poll(BOB, Some(token));
    let put = |server: &mut Server| {
        let message = Box::new(message(CAROL, BOB, 1));
        server.input(Input::Command(Command::PutIntoInbox(message)));
    };
    put(&mut server);
    let response = server.polled(BOB, poll).expect("the message is news");
    assert_eq!(numbers(&response), [1]);
    put(&mut server);
    assert_eq!(numbers(&server.sync(BOB, Some(response.next))), [1]);
}

#[test]
fn a_greeting_asks_each_other_server_whatever_the_back_off_says() {
    let mut server = server();
    server.create_room(ROOM, &[ALICE.user(), CAROL.user()]);
    server.ask_to_claim(&[CAROL]);
    assert!(server.asked().is_some());
    server.wait(Span::secs(11));
    let peers = vec![HERE, THERE, ELSEWHERE];
    server.input(Input::Command(Command::Greet(peers)));
    for peer in [THERE, ELSEWHERE] {
        let (_, asked) = server.asked_of(peer).expect("it is greeted");
        assert!(matches!(asked, FederationRequest::Version));
    }
    assert!(server.asked_of(HERE).is_none());
}
