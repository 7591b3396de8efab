//! In which order a device's keys are handed out, under each decision
//! (BS §2.2, §8.1).

use std::collections::BTreeSet;

use super::driver::BOB;
use super::driver::peer::Peer;
use super::{Server, one_time, server_with};
use unwedge_core::cast::Client;
use unwedge_core::name::KeyId;
use unwedge_core::protocol::{ClaimOrder, Protocol};
use unwedge_core::time::Span;
use unwedge_core::wire::SignedKey;
use unwedge_madsim::Vodozemac;

fn server_under(claim_order: ClaimOrder) -> Server {
    server_with(Protocol {
        claim_order,
        ..Protocol::default()
    })
}

/// Bob's keys 0 and so on, as this client writes their IDs.
fn numbered(client: Client, count: u64) -> Vec<SignedKey<Vodozemac>> {
    let keys = Peer::new(BOB).one_time_keys(usize::try_from(count).unwrap());
    let mut keys: Vec<_> = keys.into_iter().zip(0..count).collect();
    for (key, number) in &mut keys {
        key.client = client;
        key.name.id = KeyId(*number);
    }
    keys.into_iter().map(|(key, _)| key).collect()
}

/// The numbers of the next keys that are handed out.
fn claim(server: &mut Server, count: usize) -> Vec<u64> {
    let keys = server.claim_one_by_one(BOB, count).into_iter();
    keys.map(|key| key.id.0).collect()
}

#[test]
fn where_the_upload_decides_the_order_inside_one_upload_is_settled_when_it_is_stored() {
    let mut server = server_under(ClaimOrder::UploadOrder);
    let keys = numbered(Client::Vodozemac, 20);
    server.upload(BOB, one_time(&keys)).unwrap();
    let uploaded = server.disk();
    let order = claim(&mut server, 20);
    assert_ne!(order, Vec::from_iter(0..20));
    server.restore(uploaded);
    assert_eq!(claim(&mut server, 20), order);
}

#[test]
fn where_the_id_decides_libolms_keys_from_208_on_come_before_those_below() {
    let mut server = server_under(ClaimOrder::KeyIdOrder);
    let keys = numbered(Client::Libolm, 256);
    assert!(keys.iter().all(|key| key.id().len() == 6));
    server.upload(BOB, one_time(&keys)).unwrap();
    // In base64 the last two digits of 208 begin with `0`, those of 248 with
    // `+`, and both sort before the letters.
    let expected = (248..256).chain(208..248).chain(0..208);
    assert_eq!(claim(&mut server, 256), Vec::from_iter(expected));
}

#[test]
fn where_the_id_decides_three_of_sixteen_keys_of_vodozemac_come_out_of_turn() {
    let mut server = server_under(ClaimOrder::KeyIdOrder);
    let keys = numbered(Client::Vodozemac, 32);
    assert!(keys.iter().all(|key| key.id().len() == 11));
    server.upload(BOB, one_time(&keys)).unwrap();
    let expected = [13..16, 0..13, 29..32, 16..29];
    let expected = expected.into_iter().flatten();
    assert_eq!(claim(&mut server, 32), Vec::from_iter(expected));
}

#[test]
fn where_the_id_decides_it_does_not_matter_which_upload_came_first() {
    let mut server = server_under(ClaimOrder::KeyIdOrder);
    let keys = numbered(Client::Libolm, 20);
    let (later, earlier) = keys.split_at(10);
    server.upload(BOB, one_time(earlier)).unwrap();
    assert_eq!(claim(&mut server, 1), [10]);
    server.upload(BOB, one_time(later)).unwrap();
    let expected = (0..10).chain(11..20);
    assert_eq!(claim(&mut server, 19), Vec::from_iter(expected));
}

#[test]
fn where_the_number_decides_neither_the_upload_nor_the_text_does() {
    let mut server = server_under(ClaimOrder::KeyNumberOrder);
    let keys = numbered(Client::Vodozemac, 32);
    let (later, earlier) = keys.split_at(16);
    server.upload(BOB, one_time(earlier)).unwrap();
    server.upload(BOB, one_time(later)).unwrap();
    assert_eq!(claim(&mut server, 32), Vec::from_iter(0..32));
}

#[test]
fn where_chance_decides_keys_come_in_no_order_and_each_once() {
    let mut server = server_under(ClaimOrder::Random);
    let keys = numbered(Client::Vodozemac, 40);
    let (later, earlier) = keys.split_at(20);
    server.upload(BOB, one_time(earlier)).unwrap();
    server.upload(BOB, one_time(later)).unwrap();
    let order = claim(&mut server, 40);
    let first: BTreeSet<u64> = order[..20].iter().copied().collect();
    assert_ne!(first, BTreeSet::from_iter(20..40), "not by upload");
    assert_ne!(first, BTreeSet::from_iter(0..20), "not by number");
    assert_eq!(BTreeSet::from_iter(order).len(), 40);
    assert!(claim(&mut server, 1).is_empty());
}

#[test]
fn what_is_uploaded_when_the_clock_was_set_back_is_handed_out_first() {
    let mut server = server_under(ClaimOrder::UploadOrder);
    let keys = numbered(Client::Vodozemac, 3);
    server.upload(BOB, one_time(&keys[..1])).unwrap();
    server.set_clock_back(Span::hours(1));
    server.upload(BOB, one_time(&keys[1..2])).unwrap();
    server.wait(Span::hours(2));
    server.upload(BOB, one_time(&keys[2..])).unwrap();
    assert_eq!(claim(&mut server, 3), [1, 0, 2]);
}
