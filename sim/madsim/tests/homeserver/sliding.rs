//! Sliding sync: to-device messages with a token of their own, and no word of
//! what has not changed (BS §1.3, §2.4, §2.8).

use super::driver::BOB;
use super::rollback::{deleted, send, server_behind_its_client};
use super::{Server, numbers, server};
use unwedge_core::cast::SyncApi;
use unwedge_core::wire::{RequestId, SyncToken};

fn slide(server: &mut Server, since: SyncToken) -> RequestId {
    server.poll_by(SyncApi::Sliding, BOB, Some(since))
}

#[test]
fn a_token_from_the_future_is_taken_as_it_is_and_all_below_it_is_deleted_unseen() {
    let (mut server, backup, token) = server_behind_its_client();
    server.restore(backup);
    server.facts();
    let poll = slide(&mut server, token);
    send(&mut server, 2, &[4, 5]);
    assert!(server.polled(BOB, poll).is_none(), "nothing lies beyond it");
    let poll = slide(&mut server, token);
    assert_eq!(deleted(&mut server), 2);
    // The third number is the token's own; the fourth is news.
    send(&mut server, 3, &[6]);
    assert!(server.polled(BOB, poll).is_none());
    send(&mut server, 4, &[7]);
    let response = server.polled(BOB, poll).expect("it lies beyond the token");
    assert_eq!(numbers(&response), [7]);
    slide(&mut server, response.next);
    assert_eq!(deleted(&mut server), 2);
}

#[test]
fn an_answer_leads_back_behind_no_token() {
    let (mut server, backup, token) = server_behind_its_client();
    server.restore(backup);
    let ahead = SyncToken {
        // So that it is answered at once.
        events: 1,
        ..token
    };
    let poll = slide(&mut server, ahead);
    let response = server.polled(BOB, poll).expect("it is set right");
    assert_eq!(response.next.events, 0);
    assert_eq!(response.next.to_device, token.to_device);
}

#[test]
fn key_counts_are_said_only_if_they_are_not_as_last_told() {
    let mut server = server();
    let mut token = server.sync(BOB, None).next;
    let mut says = |server: &mut Server, api, number| {
        let poll = server.poll_by(api, BOB, Some(token));
        send(server, number, &[number]);
        let response = server.polled(BOB, poll).expect("there is news");
        token = response.next;
        response.says_counts
    };
    assert!(says(&mut server, SyncApi::Sync, 1));
    assert!(!says(&mut server, SyncApi::Sliding, 2));
    server.known.clear();
    assert!(says(&mut server, SyncApi::Sliding, 3));
}
