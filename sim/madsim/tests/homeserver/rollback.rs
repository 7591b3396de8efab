//! A database that is put back to an earlier state under clients that are
//! ahead of it (BS §2.8, §8.3).

use std::collections::BTreeSet;

use super::driver::peer::Peer;
use super::driver::{ALICE, BOB};
use super::{ANSWER_MEMORY, Server, fallback, message, numbers, one_time, server, server_with};
use unwedge_core::homeserver::Tables;
use unwedge_core::protocol::{Protocol, SyncTokens};
use unwedge_core::time::Span;
use unwedge_core::trace::Fact;
use unwedge_core::wire::SyncToken;
use unwedge_madsim::Vodozemac;

/// A server that delivered messages 1 to 3 to Bob; its database from before
/// they came, and Bob's token from after.
pub(super) fn server_behind_its_client() -> (Server, Tables<Vodozemac>, SyncToken) {
    let mut server = server();
    let backup = server.disk();
    send(&mut server, 1, &[1, 2, 3]);
    let token = server.sync(BOB, None).next;
    (server, backup, token)
}

pub(super) fn send(server: &mut Server, transaction: u64, numbers: &[u64]) {
    let messages = numbers.iter().map(|n| message(ALICE, BOB, *n));
    server.send_to_device(ALICE, transaction, messages.collect());
}

/// Which messages were deleted since this was last asked.
pub(super) fn deleted(server: &mut Server) -> usize {
    let facts = server.facts().into_iter();
    let deleted = |fact: &Fact| matches!(fact, Fact::ToDeviceDeleted { .. });
    facts.filter(deleted).count()
}

#[test]
fn a_token_from_the_future_is_bounded_and_the_next_one_goes_backwards() {
    let (mut server, backup, token) = server_behind_its_client();
    server.restore(backup);
    let response = server.sync(BOB, Some(token));
    assert!(numbers(&response).is_empty(), "it is answered at once");
    assert!(response.next.to_device < token.to_device);

    // Had the token been believed, this would lie before it.
    send(&mut server, 2, &[4]);
    let response = server.sync(BOB, Some(response.next));
    assert_eq!(numbers(&response), [4]);
    let poll = server.poll(BOB, Some(response.next));
    send(&mut server, 3, &[5]);
    let response = server.polled(BOB, poll).expect("the message is news");
    assert_eq!(numbers(&response), [5], "from here on nothing is lost");
}

#[test]
fn an_answer_to_a_token_from_the_future_is_remembered_like_any_other() {
    let (mut server, backup, token) = server_behind_its_client();
    server.restore(backup);
    let first = server.sync(BOB, Some(token));
    send(&mut server, 2, &[4]);
    // As a client asks whom the answer did not reach.
    let again = server.sync(BOB, Some(token));
    assert!(numbers(&again).is_empty());
    assert_eq!(again.next, first.next);
    // Later than that, message 4 lies below the token, which is bounded to it.
    server.wait(ANSWER_MEMORY);
    server.facts();
    server.poll(BOB, Some(token));
    assert_eq!(deleted(&mut server), 1);
}

#[test]
fn numbers_of_the_to_device_stream_are_used_again() {
    let (mut server, backup, token) = server_behind_its_client();
    server.restore(backup);
    send(&mut server, 2, &[4, 5, 6]);
    assert_eq!(server.sync(BOB, None).next.to_device, token.to_device);
}

#[test]
fn messages_that_come_before_the_first_sync_are_deleted_unseen_up_to_the_old_token() {
    let (mut server, backup, token) = server_behind_its_client();
    server.restore(backup);
    send(&mut server, 2, &[4, 5, 6, 7, 8]);
    server.facts();
    // The stream numbers of 4, 5 and 6 are those that 1, 2 and 3 had.
    assert_eq!(numbers(&server.sync(BOB, Some(token))), [7, 8]);
    assert_eq!(deleted(&mut server), 3);
    assert_eq!(numbers(&server.sync_afresh(BOB)), [7, 8]);
}

#[test]
fn a_client_that_goes_on_with_its_old_token_loses_messages_all_the_same() {
    let (mut server, backup, token) = server_behind_its_client();
    server.restore(backup);
    let poll = server.poll(BOB, Some(token));
    server.wait(Span::secs(31));
    assert!(
        server.polled(BOB, poll).is_some(),
        "bounded, and disregarded"
    );
    server.wait(ANSWER_MEMORY);
    send(&mut server, 2, &[4, 5, 6, 7, 8]);
    assert_eq!(numbers(&server.sync(BOB, Some(token))), [7, 8]);
}

#[test]
fn a_client_that_syncs_before_new_messages_come_loses_none() {
    let (mut server, backup, token) = server_behind_its_client();
    server.restore(backup);
    let poll = server.poll(BOB, Some(token));
    server.wait(Span::secs(31));
    let token = server.polled(BOB, poll).expect("its time is over").next;
    send(&mut server, 2, &[4, 5, 6, 7, 8]);
    assert_eq!(numbers(&server.sync(BOB, Some(token))), [4, 5, 6, 7, 8]);
}

#[test]
fn a_client_that_drops_its_token_loses_no_message() {
    let (mut server, backup, _) = server_behind_its_client();
    server.restore(backup);
    send(&mut server, 2, &[4, 5, 6, 7, 8]);
    assert_eq!(numbers(&server.sync(BOB, None)), [4, 5, 6, 7, 8]);
}

#[test]
fn without_a_rollback_no_message_is_lost_be_there_a_restart_or_not() {
    for restarts in [false, true] {
        let (mut server, _, token) = server_behind_its_client();
        if restarts {
            server.restart();
        }
        send(&mut server, 2, &[4, 5, 6, 7, 8]);
        assert_eq!(numbers(&server.sync(BOB, Some(token))), [4, 5, 6, 7, 8]);
    }
}

#[test]
fn messages_of_before_the_backup_come_again_to_who_drops_its_token_and_to_nobody_else() {
    let mut server = server();
    send(&mut server, 1, &[1]);
    let backup = server.disk();
    let token = server.sync(BOB, None).next;
    server.poll(BOB, Some(token));
    server.restore(backup.clone());
    assert_eq!(numbers(&server.sync(BOB, None)), [1]);
    server.restore(backup);
    let poll = server.poll(BOB, Some(token));
    assert!(server.polled(BOB, poll).is_none());
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
    assert_eq!(server.counts(BOB).one_time_keys, 3, "as in the backup");
    assert_eq!(server.claim_one_by_one(BOB, 4), issued[..3]);
}

#[test]
fn keys_that_were_uploaded_after_the_backup_are_forgotten_and_can_be_uploaded_again() {
    let (mut server, mut bob) = (server(), Peer::new(BOB));
    server.upload(BOB, one_time(&bob.one_time_keys(3))).unwrap();
    let backup = server.disk();
    let late = bob.one_time_keys(2);
    assert_eq!(server.upload(BOB, one_time(&late)), Ok(5));
    server.restore(backup);
    assert_eq!(server.upload(BOB, one_time(&late)), Ok(5));
    let claimed = server.claim_one_by_one(BOB, 6);
    assert_eq!(BTreeSet::from_iter(claimed).len(), 5);
}

#[test]
fn an_older_fallback_key_comes_back_with_its_mark() {
    let (mut server, mut bob) = (server(), Peer::new(BOB));
    let (older, newer) = (bob.fallback_key(), bob.fallback_key());
    server.upload(BOB, fallback(&older)).unwrap();
    let backup = server.disk();
    server.claim(&[BOB]);
    server.upload(BOB, fallback(&newer)).unwrap();
    assert_eq!(server.claim(&[BOB]).keys, [newer.name]);
    server.restore(backup);
    assert!(server.counts(BOB).unused_fallback_key);
    assert_eq!(server.claim(&[BOB]).keys, [older.name]);
}

#[test]
fn a_server_that_knows_tokens_of_another_history_deletes_nothing_and_begins_again() {
    let mut server = server_with(Protocol {
        sync_tokens: SyncTokens::WithEpoch,
        ..Protocol::default()
    });
    send(&mut server, 1, &[1]);
    let mut backup = server.disk();
    send(&mut server, 2, &[2, 3]);
    let token = server.sync(BOB, None).next;
    backup.begin_epoch(server.now());
    server.restore(backup);
    send(&mut server, 3, &[4, 5, 6]);
    server.facts();
    // What the copy held comes once more; what came since is all there.
    let response = server.sync(BOB, Some(token));
    assert_eq!(numbers(&response), [1, 4, 5, 6]);
    assert_eq!(deleted(&mut server), 0);
    // A token of this history is as good as any.
    send(&mut server, 4, &[7]);
    assert_eq!(numbers(&server.sync(BOB, Some(response.next))), [7]);
    assert_eq!(deleted(&mut server), 4);
}
