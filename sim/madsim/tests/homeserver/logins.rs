//! Logging in and out: what a token is worth, and what goes with a device
//! (BS §8.1, §8.3).

use super::driver::peer::Peer;
use super::driver::{ALICE, BOB};
use super::{A_MOMENT, Server, Upload, message, numbers, server};
use unwedge_core::name::DeviceId;
use unwedge_core::time::Span;
use unwedge_core::trace::Fact;
use unwedge_core::wire::{AccessToken, ClientRequest, ClientResponse, KeyCounts};

/// Bob's device is published, has a one-time and a fallback key, and a
/// message in its inbox.
fn server_with_bob(bob: &mut Peer) -> Server {
    let mut server = server();
    let upload = Upload {
        device_keys: Some(bob.keys()),
        one_time_keys: bob.one_time_keys(1),
        fallback_key: Some(bob.fallback_key()),
        ..Upload::default()
    };
    server.upload(BOB, upload).unwrap();
    server.send_to_device(ALICE, 1, vec![message(ALICE, BOB, 1)]);
    server
}

/// Whether the server knows the token. The request changes nothing.
fn is_known(server: &mut Server, device: DeviceId, token: Option<AccessToken>) -> bool {
    let request = ClientRequest::KeysQuery { users: vec![] };
    let id = server.ask_with(device, token, request);
    let answer = server.answer(device, id).expect("it waits for nobody");
    !matches!(answer, ClientResponse::UnknownToken)
}

#[test]
fn a_request_without_a_token_of_that_device_is_refused_and_does_nothing() {
    let mut server = server();
    let alice = server.tokens[&ALICE];
    assert!(is_known(&mut server, ALICE, Some(alice)));
    for token in [None, Some(alice)] {
        let upload = ClientRequest::KeysUpload {
            device_keys: Some(Peer::new(BOB).keys()),
            one_time_keys: Peer::new(BOB).one_time_keys(1),
            fallback_key: None,
            eager_share_fallback_keys: false,
        };
        for request in [upload, ClientRequest::Logout] {
            let id = server.ask_with(BOB, token, request);
            let answer = server.answer(BOB, id);
            assert!(matches!(answer, Some(ClientResponse::UnknownToken)));
        }
    }
    assert_eq!(server.devices_of(BOB.user()), []);
    assert_eq!(server.counts(BOB).one_time_keys, 0);
}

#[test]
fn a_login_on_a_live_device_keeps_its_keys_and_its_inbox_and_the_old_token_goes_on_working() {
    let mut server = server_with_bob(&mut Peer::new(BOB));
    let old = server.tokens[&BOB];
    let new = server.log_in(BOB);
    assert_ne!(old, new);
    for token in [old, new] {
        assert!(is_known(&mut server, BOB, Some(token)));
    }
    let response = server.sync(BOB, None);
    assert_eq!(numbers(&response), [1]);
    assert_eq!(response.counts.one_time_keys, 1);
    assert!(response.counts.unused_fallback_key);
    assert_eq!(server.devices_of(BOB.user()), [BOB]);
}

#[test]
fn a_logout_deletes_the_device_its_keys_and_all_its_tokens() {
    let mut server = server_with_bob(&mut Peer::new(BOB));
    let old = server.tokens[&BOB];
    let new = server.log_in(BOB);
    server.log_out(BOB);
    for token in [old, new] {
        assert!(!is_known(&mut server, BOB, Some(token)));
    }
    assert_eq!(server.devices_of(BOB.user()), []);
    assert_eq!(server.claim(&[BOB]).keys, []);
    let removed = |fact: &Fact| matches!(fact, Fact::DeviceRemoved { device: BOB, .. });
    assert!(server.facts().iter().any(removed));
    server.restart();
    assert!(!is_known(&mut server, BOB, Some(new)));
    assert_eq!(server.devices_of(BOB.user()), []);
}

#[test]
fn a_logout_of_one_device_leaves_the_others_alone() {
    let mut server = server_with_bob(&mut Peer::new(BOB));
    let phone = DeviceId::new(BOB.user(), 5);
    server.log_in(phone);
    server.publish(&Peer::new(phone));
    server.log_out(phone);
    assert_eq!(server.devices_of(BOB.user()), [BOB]);
    assert_eq!(numbers(&server.sync(BOB, None)), [1]);
}

#[test]
fn a_login_under_the_id_of_a_device_that_logged_out_starts_at_zero() {
    let mut server = server_with_bob(&mut Peer::new(BOB));
    assert_eq!(numbers(&server.sync(BOB, None)), [1]);
    server.log_out(BOB);
    server.send_to_device(ALICE, 2, vec![message(ALICE, BOB, 2)]);
    server.log_in(BOB);
    // Not even the answer to the same question is remembered.
    let response = server.sync(BOB, None);
    assert!(numbers(&response).is_empty());
    assert_eq!(response.counts, KeyCounts::default());
    assert_eq!(server.devices_of(BOB.user()), []);

    // Another client under the same ID has other keys.
    let mut bob = Peer::new(BOB);
    let key = bob.one_time_key();
    let upload = Upload {
        device_keys: Some(bob.keys()),
        one_time_keys: vec![key.clone()],
        ..Upload::default()
    };
    assert_eq!(server.upload(BOB, upload), Ok(1));
    assert_eq!(server.claim(&[BOB]).keys, [key.name]);
    assert_eq!(server.devices_of(BOB.user()), [BOB]);
}

#[test]
fn a_poll_of_a_device_that_logs_out_is_never_answered() {
    let mut server = server_with_bob(&mut Peer::new(BOB));
    let token = server.sync(BOB, None).next;
    let poll = server.poll(BOB, Some(token));
    server.log_out(BOB);
    server.log_in(BOB);
    server.send_to_device(ALICE, 2, vec![message(ALICE, BOB, 2)]);
    server.wait(Span::mins(1));
    assert!(server.polled(BOB, poll).is_none());
}

#[test]
fn a_token_survives_a_restart() {
    let mut server = server();
    let token = server.tokens[&BOB];
    server.restart();
    assert!(is_known(&mut server, BOB, Some(token)));
}

#[test]
fn a_token_from_after_the_backup_is_refused_after_a_restore() {
    let mut server = server();
    let early = server.tokens[&BOB];
    let backup = server.disk();
    server.wait(A_MOMENT);
    let late = server.log_in(BOB);
    let new = DeviceId::new(BOB.user(), 5);
    let of_new = server.log_in(new);
    server.restore(backup);
    assert!(is_known(&mut server, BOB, Some(early)));
    assert!(!is_known(&mut server, BOB, Some(late)));
    assert!(!is_known(&mut server, new, Some(of_new)));
}

#[test]
fn a_device_that_logged_out_after_the_backup_is_there_again_after_a_restore() {
    let mut server = server_with_bob(&mut Peer::new(BOB));
    let token = server.tokens[&BOB];
    let backup = server.disk();
    server.log_out(BOB);
    server.restore(backup);
    assert!(is_known(&mut server, BOB, Some(token)));
    assert_eq!(server.devices_of(BOB.user()), [BOB]);
    assert_eq!(server.counts(BOB).one_time_keys, 1);
}
