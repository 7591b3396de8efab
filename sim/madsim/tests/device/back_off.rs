//! Whom a client leaves alone for a while because a claim failed, in memory
//! only (BS §1.5, §7).

use super::driver::peer::Peer;
use super::driver::{ALICE, BOB, CAROL, HERE, THERE};
use super::{Client, DAVE, LAPTOP, ROOM, in_a_room_of, in_a_room_with, started};
use unwedge_core::device::Command;
use unwedge_core::name::{DeviceId, ServerId};
use unwedge_core::protocol::Protocol;
use unwedge_core::time::Span;
use unwedge_core::wire::{ClientResponse, SignedKey};
use unwedge_madsim::Vodozemac;

/// For how long a subject is left alone after the n-th failure.
const DELAYS: [u64; 8] = [15, 30, 60, 120, 240, 480, 900, 900];

/// Alice says something. Whom this asks for keys; the answer brings these
/// keys, and the message goes out.
fn asked(
    alice: &mut Client,
    keys: Vec<SignedKey<Vodozemac>>,
    failures: &[ServerId],
) -> Vec<DeviceId> {
    alice.say();
    let mut asked = vec![];
    if let Some((claim, devices)) = alice.claim() {
        asked = devices;
        let failures = failures.to_vec();
        alice.answer(claim, ClientResponse::KeysClaim { keys, failures });
    }
    while alice.messages().is_some() {}
    alice.event().expect("the message goes out all the same");
    asked
}

#[test]
fn a_device_without_a_key_is_left_alone_for_ever_longer() {
    let (mut alice, _) = in_a_room_with(&Peer::new(BOB), Protocol::default());
    assert_eq!(asked(&mut alice, vec![], &[]), [BOB]);
    for delay in DELAYS {
        alice.wait(Span::secs(delay - 1));
        assert_eq!(asked(&mut alice, vec![], &[]), [], "{delay} s");
        alice.wait(Span::secs(1));
        assert_eq!(asked(&mut alice, vec![], &[]), [BOB], "{delay} s");
    }
}

#[test]
fn a_device_without_a_key_does_not_have_the_others_left_alone() {
    let (phone, mut laptop) = (Peer::new(BOB), Peer::new(LAPTOP));
    let alice = started(Protocol::default());
    let (mut alice, _) = in_a_room_of(&[&phone, &laptop], alice);
    assert_eq!(asked(&mut alice, vec![], &[]), [BOB, LAPTOP]);
    alice.wait(Span::secs(15));
    let keys = vec![laptop.one_time_key()];
    assert_eq!(asked(&mut alice, keys, &[]), [BOB, LAPTOP]);
    // The second failure of the one, and none of the other.
    alice.wait(Span::secs(29));
    assert_eq!(asked(&mut alice, vec![], &[]), []);
    alice.wait(Span::secs(1));
    assert_eq!(asked(&mut alice, vec![], &[]), [BOB]);
}

#[test]
fn a_server_that_failed_has_all_its_devices_left_alone_for_ever_longer() {
    let (bob, carol, dave) = (Peer::new(BOB), Peer::new(CAROL), Peer::new(DAVE));
    let alice = started(Protocol::default());
    let (mut alice, _) = in_a_room_of(&[&bob, &carol], alice);
    let mut bob = bob;
    let keys = vec![bob.one_time_key()];
    assert_eq!(asked(&mut alice, keys, &[THERE]), [BOB, CAROL]);
    join(&mut alice, &dave);
    alice.wait(Span::secs(10));
    assert_eq!(asked(&mut alice, vec![], &[]), [], "Dave lives there too");
    alice.wait(Span::secs(5));
    assert_eq!(asked(&mut alice, vec![], &[THERE]), [CAROL, DAVE]);
    for delay in &DELAYS[1..] {
        alice.wait(Span::secs(delay - 1));
        assert_eq!(asked(&mut alice, vec![], &[]), [], "{delay} s");
        alice.wait(Span::secs(1));
        assert_eq!(asked(&mut alice, vec![], &[THERE]), [CAROL, DAVE]);
    }
}

#[test]
fn only_a_key_makes_a_server_or_a_device_forgiven() {
    let (mut carol, dave) = (Peer::new(CAROL), Peer::new(DAVE));
    let alice = started(Protocol::default());
    let (mut alice, _) = in_a_room_of(&[&carol], alice);
    for delay in &DELAYS[..4] {
        assert_eq!(asked(&mut alice, vec![], &[THERE]), [CAROL]);
        alice.wait(Span::secs(*delay));
    }
    // That its delay is over forgave it nothing; that it has a key does.
    let keys = vec![carol.one_time_key()];
    assert_eq!(asked(&mut alice, keys, &[]), [CAROL]);
    join(&mut alice, &dave);
    assert_eq!(asked(&mut alice, vec![], &[THERE]), [DAVE]);
    alice.wait(Span::secs(14));
    assert_eq!(asked(&mut alice, vec![], &[]), []);
    alice.wait(Span::secs(1));
    assert_eq!(asked(&mut alice, vec![], &[THERE]), [DAVE]);
}

#[test]
fn a_device_that_once_had_a_key_starts_over() {
    let mut bob = Peer::new(BOB);
    let (mut alice, _) = in_a_room_with(&bob, Protocol::default());
    for delay in &DELAYS[..3] {
        assert_eq!(asked(&mut alice, vec![], &[]), [BOB]);
        alice.wait(Span::secs(*delay));
    }
    let keys = vec![bob.one_time_key()];
    assert_eq!(asked(&mut alice, keys, &[]), [BOB]);
    // Under another identity it has no session.
    alice.bob_has(&[]);
    alice.bob_has(&[&Peer::new(BOB)]);
    assert_eq!(asked(&mut alice, vec![], &[]), [BOB]);
    alice.wait(Span::secs(15));
    assert_eq!(asked(&mut alice, vec![], &[]), [BOB]);
}

#[test]
fn a_server_that_failed_is_not_held_against_its_devices() {
    let carol = Peer::new(CAROL);
    let alice = started(Protocol::default());
    let (mut alice, _) = in_a_room_of(&[&carol], alice);
    for delay in &DELAYS[..3] {
        assert_eq!(asked(&mut alice, vec![], &[THERE]), [CAROL]);
        alice.wait(Span::secs(*delay));
    }
    // It is there again, and Carol has no key for the first time.
    assert_eq!(asked(&mut alice, vec![], &[]), [CAROL]);
    alice.wait(Span::secs(15));
    assert_eq!(asked(&mut alice, vec![], &[]), [CAROL]);
}

#[test]
fn the_clients_own_server_is_never_left_alone() {
    let (phone, laptop) = (Peer::new(BOB), Peer::new(LAPTOP));
    let (mut alice, _) = in_a_room_with(&phone, Protocol::default());
    assert_eq!(asked(&mut alice, vec![], &[HERE]), [BOB]);
    alice.bob_has(&[&phone, &laptop]);
    assert_eq!(asked(&mut alice, vec![], &[HERE]), [LAPTOP]);

    alice.sync_changed(BOB.user());
    for _ in 0..3 {
        let (query, _) = alice.query().expect("it asks again at once");
        alice.query_failed(query, &[HERE]);
    }
}

#[test]
fn a_restart_forgets_every_failure() {
    let (bob, carol) = (Peer::new(BOB), Peer::new(CAROL));
    let alice = started(Protocol::default());
    let (mut alice, _) = in_a_room_of(&[&bob, &carol], alice);
    assert_eq!(asked(&mut alice, vec![], &[THERE]), [BOB, CAROL]);
    assert_eq!(asked(&mut alice, vec![], &[]), []);
    alice.come_back();
    assert_eq!(asked(&mut alice, vec![], &[THERE]), [BOB, CAROL]);
}

/// Somebody else comes into the room, and the client learns of their device.
fn join(alice: &mut Client, peer: &Peer) {
    let members = vec![ALICE.user(), BOB.user(), CAROL.user(), peer.device.user()];
    alice.sync(unwedge_core::wire::SyncResponse {
        joined: vec![(ROOM, members)],
        ..super::nothing_new()
    });
    let (query, users) = alice.query().unwrap();
    let lists = users
        .into_iter()
        .map(|user| match user == peer.device.user() {
            true => super::list(user, &[peer]),
            false => super::list(user, &[]),
        });
    let lists = lists.collect();
    alice.queried(query, lists);
    // The session is older than the newcomer; a new one is no matter here.
    alice.command(Command::DiscardSession(ROOM));
}
