//! The private half of a key was gone when the message came, though it had not
//! been used: what became of it. And a room key that was there, and is gone.

use super::{discards, fails, is_gone};
use crate::crypto::{Body, OlmError};
use crate::name::{KeyName, NodeId, Table};
use crate::oracle::CauseKind::{
    FallbackKeyForgotten, FallbackKeyRetired, IdentityChanged, OneTimeKeyDeletedOnFailure,
    OneTimeKeyEvicted, OneTimeKeyExpired, OneTimeKeyForgotten, OneTimeKeyLostWithDeviceRestore,
    OneTimeKeyOverwritten, OneTimeKeyRefused, OneTimeKeyReset, RatchetForked, RoomKeyForgotten,
    SenderUnknown,
};
use crate::oracle::testing::{
    ALICE, BOB, FALLBACK, ONE_TIME, OTHER_STEP, SESSION, STEP, Story, THERE, because,
};
use crate::time::Span;
use crate::trace::{Discard, Fact, LogoutReason, StepIndex};
use crate::wire::MessageKind;

#[test]
fn a_device_put_back_to_before_it_made_the_key_has_lost_it() {
    let mut story = Story::of_alice_and_bob();
    let before = story.now;
    story.restores_bob(before, OTHER_STEP);
    story.generates(ONE_TIME);
    let after = story.now + Span::millis(1);
    let restore = story.restores_bob(before, STEP);
    // A copy that holds the key loses nothing.
    story.restores_bob(after, OTHER_STEP);
    is_gone(&mut story, ONE_TIME);
    story.restores_bob(before, OTHER_STEP);
    let because = because(OneTimeKeyLostWithDeviceRestore, STEP, restore);
    assert_eq!(story.cause(), because);
}

#[test]
fn a_key_that_was_used_before_the_device_was_put_back_has_not_been_used() {
    let mut story = Story::of_alice_and_bob();
    let before = story.now;
    story.generates(ONE_TIME);
    story.accepts(ONE_TIME, ALICE);
    let restore = story.restores_bob(before, STEP);
    is_gone(&mut story, ONE_TIME);
    let because = because(OneTimeKeyLostWithDeviceRestore, STEP, restore);
    assert_eq!(story.cause(), because);
}

#[test]
fn a_key_discarded_after_its_use_was_undone_was_discarded() {
    let mut story = Story::of_alice_and_bob();
    story.generates(ONE_TIME);
    let between = story.now + Span::millis(1);
    story.wait(Span::secs(1));
    story.accepts(ONE_TIME, ALICE);
    story.restores_bob(between, STEP);
    let discarded = discards(&mut story, Discard::Reset);
    is_gone(&mut story, ONE_TIME);
    assert_eq!(story.cause(), because(OneTimeKeyReset, STEP, discarded));
}

#[test]
fn a_key_that_had_not_reached_the_disk_is_forgotten() {
    let mut story = Story::of_alice_and_bob();
    story.generates(ONE_TIME);
    let made = story.now;
    story.loses_writes(NodeId::Device(ALICE), made, OTHER_STEP);
    let lost = story.loses_writes(NodeId::Device(BOB), made, STEP);
    // Later writes that are lost do not take the key with them.
    story.loses_writes(NodeId::Device(BOB), made + Span::secs(1), OTHER_STEP);
    is_gone(&mut story, ONE_TIME);
    assert_eq!(story.cause(), because(OneTimeKeyForgotten, STEP, lost));
}

#[test]
fn another_key_under_the_same_id_has_overwritten_it() {
    let mut story = Story::of_alice_and_bob();
    let other = KeyName {
        incarnation: 1,
        ..ONE_TIME
    };
    story.generates(ONE_TIME);
    let overwritten = story.generates(other);
    is_gone(&mut story, ONE_TIME);
    story.generates(other);
    assert_eq!(
        story.cause(),
        because(OneTimeKeyOverwritten, None, overwritten)
    );
}

#[test]
fn a_key_discarded_in_a_reset_blames_what_made_the_reset_necessary() {
    let mut story = Story::of_alice_and_bob();
    story.generates(ONE_TIME);
    story.crashes(NodeId::Device(BOB), OTHER_STEP);
    story.loses_writes(NodeId::Device(BOB), story.now, STEP);
    let discarded = discards(&mut story, Discard::Reset);
    story.crashes(NodeId::Device(BOB), OTHER_STEP);
    is_gone(&mut story, ONE_TIME);
    assert_eq!(story.cause(), because(OneTimeKeyReset, STEP, discarded));
}

#[test]
fn a_key_discarded_in_a_reset_blames_what_put_the_server_back_or_emptied_it() {
    let mut story = Story::of_alice_and_bob();
    story.generates(ONE_TIME);
    story.cuts_link(OTHER_STEP);
    story.mends_link();
    story.restores(THERE, Table::OneTimeKeys, story.now, STEP);
    story.restores(THERE, Table::FallbackKeys, story.now, OTHER_STEP);
    story.crashes(NodeId::Device(BOB), OTHER_STEP);
    let discarded = discards(&mut story, Discard::Reset);
    is_gone(&mut story, ONE_TIME);
    assert_eq!(story.cause(), because(OneTimeKeyReset, STEP, discarded));

    let mut story = Story::of_alice_and_bob();
    story.generates(ONE_TIME);
    for (device, step) in [(BOB, STEP), (ALICE, OTHER_STEP)] {
        let step = step.expect("the story names a step");
        story.note(Fact::ResetByOther { device, step });
    }
    let discarded = discards(&mut story, Discard::Reset);
    is_gone(&mut story, ONE_TIME);
    assert_eq!(story.cause(), because(OneTimeKeyReset, STEP, discarded));
}

#[test]
fn a_key_that_was_discarded_blames_what_kept_its_message_meanwhile() {
    for (why, kind) in [
        (Discard::Reset, OneTimeKeyReset),
        (Discard::StoreFull, OneTimeKeyEvicted),
    ] {
        let mut story = Story::of_alice_and_bob();
        story.generates(ONE_TIME);
        story.cuts_link(STEP);
        story.crashes(NodeId::Device(BOB), OTHER_STEP);
        let discarded = discards(&mut story, why);
        story.mends_link();
        story.cuts_link(OTHER_STEP);
        is_gone(&mut story, ONE_TIME);
        assert_eq!(story.cause(), because(kind, STEP, discarded));
    }
}

#[test]
fn a_key_discarded_to_make_room_by_a_reset_blames_whoever_claimed_keys() {
    let mut story = Story::of_alice_and_bob();
    story.generates(ONE_TIME);
    let (device, count) = (BOB, 50);
    let step = STEP.expect("the story names a step");
    story.note(Fact::ClaimedByStrangers {
        device,
        count,
        step,
    });
    let discarded = discards(&mut story, Discard::Reset);
    is_gone(&mut story, ONE_TIME);
    assert_eq!(story.cause(), because(OneTimeKeyReset, STEP, discarded));
}

#[test]
fn a_key_that_was_kept_for_long_enough_blames_what_kept_its_message() {
    let mut story = Story::of_alice_and_bob();
    story.generates(ONE_TIME);
    let off_line = Fact::LinkCut {
        between: [NodeId::Device(BOB), NodeId::Server(THERE)],
        one_way: false,
        step: STEP,
    };
    story.note(off_line);
    let discarded = discards(&mut story, Discard::Expired);
    is_gone(&mut story, ONE_TIME);
    assert_eq!(story.cause(), because(OneTimeKeyExpired, STEP, discarded));

    let mut story = Story::of_alice_and_bob();
    story.generates(ONE_TIME);
    story.cuts_link(STEP);
    story.crashes(NodeId::Device(BOB), OTHER_STEP);
    let discarded = discards(&mut story, Discard::Expired);
    is_gone(&mut story, ONE_TIME);
    assert_eq!(story.cause(), because(OneTimeKeyExpired, STEP, discarded));
}

#[test]
fn a_key_that_was_refused_blames_what_made_the_device_upload_it_again() {
    let mut story = Story::of_alice_and_bob();
    story.generates(ONE_TIME);
    story.cuts_link(OTHER_STEP);
    story.crashes(NodeId::Device(BOB), STEP);
    story.crashes(NodeId::Device(ALICE), OTHER_STEP);
    let discarded = discards(&mut story, Discard::Refused);
    is_gone(&mut story, ONE_TIME);
    assert_eq!(story.cause(), because(OneTimeKeyRefused, STEP, discarded));
}

#[test]
fn a_key_deleted_on_failure_blames_whoever_sent_what_failed() {
    let mut story = Story::of_alice_and_bob();
    story.generates(ONE_TIME);
    let (of, _) = story.shares_key(9);
    let copy = crate::name::MessageId { number: 9, ..of };
    let step = STEP.expect("the story names a step");
    story.note(Fact::Injected { copy, of, step });
    let discarded = discards(&mut story, Discard::Failed);
    is_gone(&mut story, ONE_TIME);
    let because = because(OneTimeKeyDeletedOnFailure, STEP, discarded);
    assert_eq!(story.cause(), because);
}

#[test]
fn a_device_that_logged_out_meanwhile_is_another_device() {
    for key in [ONE_TIME, FALLBACK] {
        let mut story = Story::of_alice_and_bob();
        story.generates(key);
        let out = story.note(Fact::LoggedOut {
            device: BOB,
            why: LogoutReason::Asked,
        });
        story.publishes(BOB);
        is_gone(&mut story, key);
        assert_eq!(story.cause(), because(IdentityChanged, None, out));
    }
}

#[test]
fn a_session_with_what_the_device_was_before_says_so_whatever_the_error() {
    for error in [OlmError::MissingOneTimeKey, OlmError::Invalid] {
        let mut story = Story::of_alice_and_bob();
        story.generates(ONE_TIME);
        story.issues(ONE_TIME, ALICE);
        story.accepts(ONE_TIME, ALICE);
        let out = story.note(Fact::LoggedOut {
            device: BOB,
            why: LogoutReason::Asked,
        });
        story.publishes(BOB);
        // Alice has not heard of it, and goes on with the session that she has.
        fails(&mut story, ONE_TIME, error);
        assert_eq!(
            story.cause(),
            because(IdentityChanged, None, out),
            "{error:?}"
        );
    }
}

#[test]
fn a_fallback_key_is_forgotten_with_the_store_or_else_retired() {
    let mut story = Story::of_alice_and_bob();
    let before = story.now;
    story.generates(FALLBACK);
    let restore = story.restores_bob(before, STEP);
    is_gone(&mut story, FALLBACK);
    assert_eq!(story.cause(), because(FallbackKeyForgotten, STEP, restore));

    let mut story = Story::of_alice_and_bob();
    story.generates(FALLBACK);
    let made = story.now;
    let lost = story.loses_writes(NodeId::Device(BOB), made, STEP);
    is_gone(&mut story, FALLBACK);
    assert_eq!(story.cause(), because(FallbackKeyForgotten, STEP, lost));

    let mut story = Story::of_alice_and_bob();
    let before = story.now;
    story.generates(FALLBACK);
    let (key, why) = (FALLBACK, Discard::Replaced);
    let discarded = story.note(Fact::KeyDiscarded { key, why });
    story.restores_bob(before, OTHER_STEP);
    is_gone(&mut story, FALLBACK);
    assert_eq!(story.cause(), because(FallbackKeyRetired, None, discarded));
}

#[test]
fn a_forked_ratchet_blames_what_last_happened_to_either_end() {
    let mut story = Story::of_alice_and_bob();
    story.crashes(NodeId::Device(BOB), OTHER_STEP);
    story.loses_writes(NodeId::Device(ALICE), story.now, STEP);
    story.crashes(NodeId::Server(THERE), OTHER_STEP);
    let failed = fails(&mut story, ONE_TIME, OlmError::MissingMessageKey);
    story.crashes(NodeId::Device(BOB), OTHER_STEP);
    assert_eq!(story.cause(), because(RatchetForked, STEP, failed));
}

#[test]
fn a_room_key_that_was_dropped_blames_what_hid_its_sender() {
    let mut story = Story::of_alice_and_bob();
    let answer = |step| Fact::MessageDropped {
        from: NodeId::Server(THERE),
        to: NodeId::Device(BOB),
        kind: MessageKind::KeysQuery,
        answer: true,
        step,
    };
    story.note(answer(STEP));
    let (message, _) = story.shares_key(0);
    story.stores(message);
    story.note(Fact::OlmDecrypted { by: BOB, message });
    let dropped = story.note(Fact::RoomKeyDropped {
        by: BOB,
        session: SESSION,
        message,
    });
    story.note(answer(OTHER_STEP));
    story.is_seen(Body::Timeline);
    assert_eq!(story.cause(), because(SenderUnknown, STEP, dropped));
}

#[test]
fn two_processes_say_more_of_a_forked_ratchet_than_a_later_crash() {
    let mut story = Story::of_alice_and_bob();
    story.forks_bob(true, OTHER_STEP);
    story.forks_bob(false, STEP);
    story.forks_bob(true, OTHER_STEP);
    story.crashes(NodeId::Device(BOB), OTHER_STEP);
    let failed = fails(&mut story, ONE_TIME, OlmError::MissingMessageKey);
    assert_eq!(story.cause(), because(RatchetForked, STEP, failed));
}

#[test]
fn a_restore_says_more_of_a_forked_ratchet_than_a_later_crash() {
    let mut story = Story::of_alice_and_bob();
    let before = story.now;
    story.restores_bob(before, STEP);
    story.crashes(NodeId::Device(BOB), OTHER_STEP);
    let failed = fails(&mut story, ONE_TIME, OlmError::MissingMessageKey);
    assert_eq!(story.cause(), because(RatchetForked, STEP, failed));
}

#[test]
fn a_store_that_was_full_blames_whoever_claimed_keys_and_did_not_use_them() {
    let mut story = Story::of_alice_and_bob();
    story.generates(ONE_TIME);
    let claims = |story: &mut Story, device, step: Option<StepIndex>| {
        let step = step.expect("the story names a step");
        let count = 50;
        story.note(Fact::ClaimedByStrangers {
            device,
            count,
            step,
        });
    };
    claims(&mut story, BOB, STEP);
    claims(&mut story, ALICE, OTHER_STEP);
    let discarded = discards(&mut story, Discard::StoreFull);
    claims(&mut story, BOB, OTHER_STEP);
    is_gone(&mut story, ONE_TIME);
    assert_eq!(story.cause(), because(OneTimeKeyEvicted, STEP, discarded));
}

#[test]
fn a_room_key_that_was_learned_is_lost_with_the_store() {
    for disturb in [
        |story: &mut Story| story.restores_bob(story.now, STEP),
        |story: &mut Story| story.loses_writes(NodeId::Device(BOB), story.now, STEP),
        |story: &mut Story| story.crashes(NodeId::Device(BOB), STEP),
    ] {
        let mut story = Story::of_alice_and_bob();
        let (message, _) = story.shares_key(0);
        story.stores(message);
        story.crashes(NodeId::Device(BOB), OTHER_STEP);
        story.learns(message);
        let deed = disturb(&mut story);
        story.is_seen(Body::Timeline);
        assert_eq!(story.cause(), because(RoomKeyForgotten, STEP, deed));
    }
}

#[test]
fn a_room_key_that_was_learned_and_not_lost_leaves_the_harness_without_an_answer() {
    let mut story = Story::of_alice_and_bob();
    let (message, _) = story.shares_key(0);
    story.stores(message);
    story.crashes(NodeId::Device(BOB), OTHER_STEP);
    story.learns(message);
    story.crashes(NodeId::Device(ALICE), OTHER_STEP);
    story.is_seen(Body::Timeline);
    assert_eq!(story.cause(), None);
}
