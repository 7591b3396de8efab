//! A database that is put back to an earlier state under clients that are
//! ahead of it (BS §8.3).

use super::driver::peer::Peer;
use super::driver::{ALICE, BOB};
use super::{Server, message, numbers, one_time, server};
use unwedge_core::homeserver::Tables;
use unwedge_core::wire::SyncToken;
use unwedge_madsim::Vodozemac;

/// A server that delivered messages 1 to 3 to Bob; its database from before
/// they came, and Bob's token from after.
fn server_behind_its_client() -> (Server, Tables<Vodozemac>, SyncToken) {
    let mut server = server();
    let backup = server.disk();
    send(&mut server, 1, &[1, 2, 3]);
    let token = server.sync(BOB, None).next;
    (server, backup, token)
}

fn send(server: &mut Server, transaction: u64, numbers: &[u64]) {
    let messages = numbers.iter().map(|n| message(ALICE, BOB, *n));
    server.send_to_device(ALICE, transaction, messages.collect());
}

#[test]
fn a_token_from_the_future_is_bounded_and_the_next_one_goes_backwards() {
    let (mut server, backup, token) = server_behind_its_client();
    server.restore(backup);
    let poll = server.poll(BOB, Some(token));
    // Had the token been believed, this would lie before it.
    send(&mut server, 2, &[4]);
    let response = server.polled(BOB, poll).expect("the message is news");
    assert_eq!(numbers(&response), [4]);
    assert!(response.next.to_device < token.to_device);

    let poll = server.poll(BOB, Some(response.next));
    send(&mut server, 3, &[5]);
    let response = server.polled(BOB, poll).expect("the message is news");
    assert_eq!(numbers(&response), [5], "from here on nothing is lost");
}

#[test]
fn messages_that_come_before_the_first_sync_are_deleted_unseen_up_to_the_old_token() {
    let (mut server, backup, token) = server_behind_its_client();
    server.restore(backup);
    send(&mut server, 2, &[4, 5, 6, 7, 8]);
    // The stream numbers of 4, 5 and 6 are those that 1, 2 and 3 had.
    assert_eq!(numbers(&server.sync(BOB, Some(token))), [7, 8]);
    assert_eq!(numbers(&server.sync_afresh(BOB)), [7, 8]);
}

#[test]
fn a_client_that_drops_its_token_loses_no_message() {
    let (mut server, backup, _) = server_behind_its_client();
    server.restore(backup);
    send(&mut server, 2, &[4, 5, 6, 7, 8]);
    assert_eq!(numbers(&server.sync(BOB, None)), [4, 5, 6, 7, 8]);
}

#[test]
fn keys_that_were_claimed_after_the_backup_are_issued_again() {
    let (mut server, mut bob) = (server(), Peer::new(BOB));
    let early = bob.one_time_keys(3);
    server.upload(BOB, one_time(&early)).unwrap();
    let backup = server.disk();
    let late = bob.one_time_keys(2);
    server.upload(BOB, one_time(&late)).unwrap();
    let issued = server.claim_one_by_one(BOB, 4);

    server.restore(backup);
    assert_eq!(server.claim_one_by_one(BOB, 4), issued[..3]);
}
