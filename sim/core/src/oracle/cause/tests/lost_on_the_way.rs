//! The key was sent, and never came out of an inbox.

use crate::crypto::Body;
use crate::name::{NodeId, Table};
use crate::oracle::CauseKind::{
    InboxLostWithRestore, MessageLost, OutboxLostWithRestore, TokenOverranInbox,
    TokenStoredBeforeMessages,
};
use crate::oracle::testing::{ALICE, BOB, HERE, OTHER_STEP, STEP, Story, THERE, because};
use crate::time::Span;
use crate::trace::Fact;

#[test]
fn a_restored_inbox_has_lost_what_came_after_the_copy() {
    let mut story = Story::of_alice_and_bob();
    let copy = story.now;
    let (message, _) = story.shares_key(0);
    story.stores(message);
    story.restores(THERE, Table::Outbox, copy, OTHER_STEP);
    story.restores(HERE, Table::Inbox, copy, OTHER_STEP);
    let restore = story.restores(THERE, Table::Inbox, copy, STEP);
    story.is_seen(Body::Timeline);
    assert_eq!(story.cause(), because(InboxLostWithRestore, STEP, restore));
}

#[test]
fn what_a_server_took_and_had_not_written_is_with_the_senders_still() {
    let mut story = Story::of_alice_and_bob();
    let before = story.now;
    let (message, _) = story.shares_key(0);
    story.queues(message);
    // It notes that it stores the message, and crashes before it has.
    story.stores(message);
    story.crashes(NodeId::Server(THERE), OTHER_STEP);
    let lost = story.loses_writes(NodeId::Server(HERE), before, STEP);
    story.is_seen(Body::Timeline);
    assert_eq!(story.cause(), because(OutboxLostWithRestore, STEP, lost));
}

#[test]
fn an_emptied_inbox_has_lost_everything() {
    let mut story = Story::of_alice_and_bob();
    let (message, _) = story.shares_key(0);
    story.stores(message);
    for (server, table) in [(HERE, Table::Inbox), (THERE, Table::Outbox)] {
        let step = OTHER_STEP;
        story.note(Fact::TableEmptied {
            server,
            table,
            step,
        });
    }
    let emptied = story.note(Fact::TableEmptied {
        server: THERE,
        table: Table::Inbox,
        step: STEP,
    });
    story.is_seen(Body::Timeline);
    assert_eq!(story.cause(), because(InboxLostWithRestore, STEP, emptied));
}

#[test]
fn a_message_that_was_deleted_unfetched_blames_the_restore_that_turned_numbers_back() {
    let mut story = Story::of_alice_and_bob();
    let copy = story.now;
    story.restores(THERE, Table::Inbox, copy, STEP);
    let (message, _) = story.shares_key(0);
    story.stores(message);
    let copy = story.now;
    let deleted = story.deletes(message);
    // A restore after the deletion cannot have led to it.
    story.restores(THERE, Table::Inbox, copy, OTHER_STEP);
    story.is_seen(Body::Timeline);
    assert_eq!(story.cause(), because(TokenOverranInbox, STEP, deleted));
}

#[test]
fn a_message_that_was_deleted_unfetched_before_any_restore_blames_no_step() {
    let mut story = Story::of_alice_and_bob();
    let (message, _) = story.shares_key(0);
    story.stores(message);
    let (other, _) = story.shares_key(0);
    story.stores(other);
    story.deletes(other);
    let copy = story.now;
    story.wait(Span::secs(1));
    let deleted = story.deletes(message);
    story.restores(THERE, Table::Inbox, copy, OTHER_STEP);
    story.is_seen(Body::Timeline);
    assert_eq!(story.cause(), because(TokenOverranInbox, None, deleted));
}

#[test]
fn a_restored_outbox_has_lost_what_was_queued_after_the_copy() {
    let mut story = Story::of_alice_and_bob();
    let copy = story.now;
    let (message, _) = story.shares_key(0);
    story.queues(message);
    story.restores(HERE, Table::Inbox, copy, OTHER_STEP);
    story.restores(THERE, Table::Outbox, copy, OTHER_STEP);
    let restore = story.restores(HERE, Table::Outbox, copy, STEP);
    story.is_seen(Body::Timeline);
    assert_eq!(story.cause(), because(OutboxLostWithRestore, STEP, restore));
}

#[test]
fn a_queued_message_that_a_copy_holds_is_lost_without_a_reason() {
    let mut story = Story::of_alice_and_bob();
    let (message, _) = story.shares_key(0);
    let queued = story.queues(message);
    let copy = story.now;
    story.restores(HERE, Table::Outbox, copy, OTHER_STEP);
    story.is_seen(Body::Timeline);
    assert_eq!(story.cause(), because(MessageLost, None, queued));
}

#[test]
fn a_message_that_reached_no_server_is_lost_without_a_reason() {
    let mut story = Story::of_alice_and_bob();
    let copy = story.now;
    let (_, shared) = story.shares_key(0);
    story.restores(HERE, Table::Outbox, copy, OTHER_STEP);
    story.is_seen(Body::Timeline);
    assert_eq!(story.cause(), because(MessageLost, None, shared));
}

#[test]
fn the_first_key_that_covers_the_event_decides() {
    let mut story = Story::of_alice_and_bob();
    story.is_read(Body::Timeline);
    story.shares_key(2);
    let (_, shared) = story.shares_key(1);
    story.shares_key(0);
    story.is_seen(Body::Timeline);
    assert_eq!(story.cause(), because(MessageLost, None, shared));
}

#[test]
fn a_message_that_waits_in_the_inbox_has_no_cause() {
    let mut story = Story::of_alice_and_bob();
    let (message, _) = story.shares_key(0);
    story.stores(message);
    let copy = story.now;
    story.restores(THERE, Table::Inbox, copy, OTHER_STEP);
    story.is_seen(Body::Timeline);
    assert_eq!(story.cause(), None);
}

#[test]
fn a_message_that_was_decrypted_was_not_lost_on_the_way() {
    let mut story = Story::of_alice_and_bob();
    let copy = story.now;
    let (message, _) = story.shares_key(0);
    story.stores(message);
    story.note(Fact::OlmDecrypted { by: BOB, message });
    story.deletes(message);
    story.restores(THERE, Table::Inbox, copy, OTHER_STEP);
    story.is_seen(Body::Timeline);
    assert_eq!(story.cause(), None);
}

#[test]
fn a_message_that_was_only_taken_out_of_an_answer_can_still_be_lost() {
    let mut story = Story::of_alice_and_bob();
    let copy = story.now;
    let (message, _) = story.shares_key(0);
    story.stores(message);
    story.note(Fact::ToDeviceReceived { by: BOB, message });
    story.crashes(NodeId::Device(BOB), OTHER_STEP);
    let restore = story.restores(THERE, Table::Inbox, copy, STEP);
    story.is_seen(Body::Timeline);
    assert_eq!(story.cause(), because(InboxLostWithRestore, STEP, restore));
}

#[test]
fn a_device_that_crashed_after_it_stored_its_token_lets_the_message_be_deleted() {
    let mut story = Story::of_alice_and_bob();
    let (message, _) = story.shares_key(0);
    story.stores(message);
    story.crashes(NodeId::Device(ALICE), OTHER_STEP);
    story.crashes(NodeId::Device(BOB), STEP);
    let deleted = story.deletes(message);
    story.crashes(NodeId::Device(BOB), OTHER_STEP);
    story.is_seen(Body::Timeline);
    assert_eq!(
        story.cause(),
        because(TokenStoredBeforeMessages, STEP, deleted)
    );
}

#[test]
fn a_server_that_lost_its_last_writes_lost_what_was_in_the_inbox() {
    let mut story = Story::of_alice_and_bob();
    let (message, _) = story.shares_key(0);
    story.stores(message);
    let stored = story.now;
    story.wait(Span::secs(1));
    // Later writes that are lost are no loss of this one.
    story.loses_writes(NodeId::Server(THERE), story.now, OTHER_STEP);
    story.loses_writes(NodeId::Server(HERE), stored, OTHER_STEP);
    let lost = story.loses_writes(NodeId::Server(THERE), stored, STEP);
    story.is_seen(Body::Timeline);
    assert_eq!(story.cause(), because(InboxLostWithRestore, STEP, lost));
}

#[test]
fn a_message_that_waited_on_a_server_that_is_gone_is_lost_with_it() {
    let mut story = Story::of_alice_and_bob();
    let (message, _) = story.shares_key(0);
    let queued = story.queues(message);
    story.is_seen(Body::Timeline);
    let node = NodeId::Server(HERE);
    story.note(Fact::Gone { node, step: STEP });
    assert_eq!(story.cause(), because(MessageLost, STEP, queued));
}
