//! Fallback keys that other servers are given before anybody claims them
//! (MSC4081).

use super::driver::peer::Peer;
use super::driver::{ALICE, BOB, CAROL, THERE};
use super::{A_MOMENT, Claimed, ROOM, Server, Upload, gone, server_with, there};
use unwedge_core::homeserver::Tables;
use unwedge_core::name::{DeviceId, KeyName, Table};
use unwedge_core::protocol::{FallbackKeySharing, Protocol};
use unwedge_core::time::Span;
use unwedge_core::trace::Fact;
use unwedge_core::wire::{
    ClientRequest, DeviceListUpdate, Edu, FederationRequest, FederationResponse, SignedKey,
};
use unwedge_madsim::Vodozemac;

type Key = SignedKey<Vodozemac>;

/// A server on which Alice and Bob share a room with Carol, of another server.
fn sharing(fallback_key_sharing: FallbackKeySharing) -> Server {
    let mut server = server_with(Protocol {
        fallback_key_sharing,
        ..Protocol::default()
    });
    server.create_room(ROOM, &[ALICE, BOB, CAROL].map(|device| device.user()));
    server
}

fn eager() -> Server {
    sharing(FallbackKeySharing::Eager)
}

/// Bob uploads a fallback key that may be shared or not.
fn upload(server: &mut Server, key: &Key, may_be_shared: bool) {
    let upload = Upload {
        fallback_key: Some(key.clone()),
        eager_share_fallback_keys: may_be_shared,
        ..Upload::default()
    };
    server.upload(BOB, upload).unwrap();
}

/// What another server is told now of Bob's fallback key, update by update.
fn told(server: &mut Server) -> Vec<Option<KeyName>> {
    let taken = server.taken_by(THERE);
    let edus = taken.iter().flat_map(|it| &it.edus);
    let updates = edus.filter_map(|edu| match edu {
        Edu::DeviceListUpdate(update) => Some(update),
        Edu::DirectToDevice(..) => None,
    });
    let keys = updates.map(|it| it.fallback_key.as_ref().map(|key| key.name));
    keys.collect()
}

/// What Carol's server says of her device and of this fallback key.
fn there_with(number: u64, key: &Key) -> Edu<Vodozemac> {
    let previous = (number > 1).then(|| number - 1);
    let Edu::DeviceListUpdate(update) = there(CAROL, number, previous) else {
        unreachable!("that is what it makes")
    };
    Edu::DeviceListUpdate(DeviceListUpdate {
        fallback_key: Some(key.clone()),
        ..update
    })
}

/// Carol's server tells of her device and of this fallback key.
fn tells(server: &mut Server, number: u64, key: &Key) {
    server.receive(THERE, number, vec![], vec![there_with(number, key)]);
    forget_questions(server);
}

/// Carol's server is asked for her devices, and has these, as of update 2.
fn asks_for_list(server: &mut Server, devices: &[DeviceId]) {
    let users = vec![CAROL.user()];
    server.ask(ALICE, ClientRequest::KeysQuery { users });
    let (request, _) = server.asked().expect("the list is asked for");
    let keys = devices.iter().map(|device| Peer::new(*device).keys());
    let lists = vec![(CAROL.user(), keys.collect())];
    server.answer_from(THERE, request, FederationResponse::Query(2, lists));
}

/// Carol's server does not answer what it was asked about her devices.
fn forget_questions(server: &mut Server) {
    while server.asked().is_some() {}
}

/// What Alice is given of Carol's device while its server cannot be reached.
fn claimed_in_vain(server: &mut Server) -> Claimed {
    let claim = server.ask_to_claim(&[CAROL]);
    server.wait(Span::secs(10) + A_MOMENT);
    forget_questions(server);
    server.claimed(claim).expect("ten seconds are over")
}

fn nothing() -> Claimed {
    Claimed {
        keys: vec![],
        failures: vec![THERE],
    }
}

fn only(key: &Key) -> Claimed {
    Claimed {
        keys: vec![key.name],
        failures: vec![],
    }
}

#[test]
fn every_new_fallback_key_is_shared_if_its_device_and_its_server_want_that() {
    let mut bob = Peer::new(BOB);
    let keys = [bob.fallback_key(), bob.fallback_key()];
    for (sharing_is, may_be_shared, expected) in [
        (FallbackKeySharing::Eager, true, true),
        (FallbackKeySharing::Eager, false, false),
        (FallbackKeySharing::OnDemand, true, false),
    ] {
        let mut server = sharing(sharing_is);
        server.publish(&Peer::new(BOB));
        assert_eq!(told(&mut server), [None]);
        for key in &keys {
            upload(&mut server, key, may_be_shared);
            let names = expected.then_some(Some(key.name));
            assert_eq!(told(&mut server), Vec::from_iter(names));
            upload(&mut server, key, may_be_shared);
            assert_eq!(told(&mut server), [], "the same key is no news");
        }
    }
}

#[test]
fn a_device_is_published_with_the_fallback_key_that_it_has_uploaded_before() {
    let (mut server, mut bob) = (eager(), Peer::new(BOB));
    let key = bob.fallback_key();
    upload(&mut server, &key, true);
    assert_eq!(told(&mut server), [], "nobody knows the device");
    server.publish(&Peer::new(BOB));
    assert_eq!(told(&mut server), [Some(key.name)]);
}

#[test]
fn a_shared_key_is_handed_out_while_its_server_does_not_answer_or_is_left_alone() {
    let (mut server, mut carol) = (eager(), Peer::new(CAROL));
    let keys = [carol.fallback_key(), carol.fallback_key()];
    assert_eq!(claimed_in_vain(&mut server), nothing());
    for (number, key) in (1..).zip(&keys) {
        tells(&mut server, number, key);
        assert_eq!(claimed_in_vain(&mut server), only(key));
        server.facts();
        // Again and again, and at once: the other server is not asked.
        let claim = server.ask_to_claim(&[CAROL]);
        assert_eq!(server.claimed(claim), Some(only(key)));
        assert!(server.asked().is_none());
        let issued = |fact: &Fact| {
            let (name, here) = (key.name, ALICE.server());
            matches!(fact, Fact::KeyIssued { server, key, to: Some(ALICE) }
                if (*server, *key) == (here, name))
        };
        assert!(server.facts().iter().any(issued));
    }
}

#[test]
fn a_server_that_answers_is_believed_whatever_was_shared() {
    let (mut server, mut carol) = (eager(), Peer::new(CAROL));
    tells(&mut server, 1, &carol.fallback_key());
    for keys in [vec![carol.one_time_key()], vec![]] {
        let claim = server.ask_to_claim(&[CAROL]);
        let (request, asked) = server.asked().expect("the other server is asked first");
        assert!(matches!(asked, FederationRequest::Claim { .. }));
        let names = keys.iter().map(|key| key.name).collect();
        server.answer_from(THERE, request, FederationResponse::Claim(keys));
        let expected = Claimed {
            keys: names,
            failures: vec![],
        };
        assert_eq!(server.claimed(claim), Some(expected));
    }
}

#[test]
fn a_server_that_shares_on_demand_keeps_nothing() {
    let mut server = sharing(FallbackKeySharing::OnDemand);
    tells(&mut server, 1, &Peer::new(CAROL).fallback_key());
    assert_eq!(claimed_in_vain(&mut server), nothing());
}

#[test]
fn an_update_without_a_fallback_key_leaves_it_as_it_was() {
    let (mut server, mut carol) = (eager(), Peer::new(CAROL));
    let key = carol.fallback_key();
    tells(&mut server, 1, &key);
    server.receive(THERE, 2, vec![], vec![there(CAROL, 2, Some(1))]);
    forget_questions(&mut server);
    assert_eq!(claimed_in_vain(&mut server), only(&key));
}

#[test]
fn the_key_of_a_device_that_is_deleted_is_forgotten() {
    let (mut server, mut carol) = (eager(), Peer::new(CAROL));
    tells(&mut server, 1, &carol.fallback_key());
    server.receive(THERE, 2, vec![], vec![gone(CAROL, 2, Some(1))]);
    forget_questions(&mut server);
    assert_eq!(claimed_in_vain(&mut server), nothing());
}

#[test]
fn the_key_of_a_device_that_comes_and_goes_in_one_transaction_is_forgotten() {
    let (mut server, mut carol) = (eager(), Peer::new(CAROL));
    asks_for_list(&mut server, &[]);
    let edus = vec![
        there_with(3, &carol.fallback_key()),
        gone(CAROL, 4, Some(3)),
    ];
    server.receive(THERE, 1, vec![], edus);
    forget_questions(&mut server);
    assert_eq!(claimed_in_vain(&mut server), nothing());
}

#[test]
fn a_list_that_is_asked_for_leaves_the_keys_of_the_devices_that_are_on_it() {
    let key = Peer::new(CAROL).fallback_key();
    for (devices, expected) in [(vec![CAROL], only(&key)), (vec![], nothing())] {
        let mut server = eager();
        tells(&mut server, 1, &key);
        asks_for_list(&mut server, &devices);
        assert_eq!(claimed_in_vain(&mut server), expected);
    }
}

#[test]
fn shared_keys_are_put_back_with_the_device_lists() {
    let (mut server, mut carol) = (eager(), Peer::new(CAROL));
    let keys = [carol.fallback_key(), carol.fallback_key()];
    tells(&mut server, 1, &keys[0]);
    let backup = server.disk();
    tells(&mut server, 2, &keys[1]);
    server.restart();
    assert_eq!(claimed_in_vain(&mut server), only(&keys[1]));
    let mut disk: Tables<Vodozemac> = server.disk();
    disk.restore(Table::DeviceLists, &backup);
    server.restore(disk);
    assert_eq!(claimed_in_vain(&mut server), only(&keys[0]));
}
