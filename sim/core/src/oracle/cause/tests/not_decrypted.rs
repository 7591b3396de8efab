//! The message that carried the key arrived, and could not be decrypted.

use super::{fails, is_gone};
use crate::crypto::OlmError;
use crate::name::{DeviceId, KeyId, KeyName, NodeId, Table};
use crate::oracle::CauseKind::{
    FallbackKeyRetired, IssuedTwice, MessageGap, OneTimeKeyEvicted, OneTimeKeyForgotten,
    RatchetForked, ReissuedAfterCrash, ReissuedAfterRestore, ReissuedAfterUpload,
};
use crate::oracle::testing::{
    ALICE, ALICE_LAPTOP, BOB, BOB_LAPTOP, CAROL, FALLBACK, HERE, ONE_TIME, OTHER_STEP, ROOM, STEP,
    Story, THERE, because,
};
use crate::time::Span;
use crate::trace::{Discard, Fact, FactId, StepIndex};
use crate::wire::MessageKind;

const UNRELATED: KeyName = KeyName {
    id: KeyId(8),
    ..ONE_TIME
};

#[test]
fn a_crash_brings_a_used_key_back_that_was_not_struck_off_for_good() {
    let mut story = Story::of_alice_and_bob();
    let before = story.now;
    is_used_by_carol(&mut story);
    let lost = story.loses_writes(NodeId::Server(THERE), before, STEP);
    story.issues(ONE_TIME, ALICE);
    is_gone(&mut story, ONE_TIME);
    assert_eq!(story.cause(), because(ReissuedAfterCrash, STEP, lost));
}

#[test]
fn a_restore_brings_a_used_key_back() {
    let mut story = Story::of_alice_and_bob();
    let copy = story.now;
    is_used_by_carol(&mut story);
    story.restores(THERE, Table::FallbackKeys, copy, OTHER_STEP);
    let restore = story.restores(THERE, Table::OneTimeKeys, copy, STEP);
    is_stored(&mut story, UNRELATED);
    story.issues(ONE_TIME, ALICE);
    is_gone(&mut story, ONE_TIME);
    assert_eq!(story.cause(), because(ReissuedAfterRestore, STEP, restore));
}

#[test]
fn an_upload_repeated_because_of_a_restore_brings_a_used_key_back() {
    let mut story = Story::of_alice_and_bob();
    let copy = story.now;
    is_used_by_carol(&mut story);
    story.restores(THERE, Table::OneTimeKeys, copy, STEP);
    story.crashes(NodeId::Device(BOB), OTHER_STEP);
    let again = is_stored(&mut story, ONE_TIME);
    story.issues(ONE_TIME, ALICE);
    is_gone(&mut story, ONE_TIME);
    assert_eq!(story.cause(), because(ReissuedAfterUpload, STEP, again));
}

#[test]
fn an_upload_that_arrives_twice_brings_a_used_key_back() {
    let mut story = Story::of_alice_and_bob();
    is_used_by_carol(&mut story);
    let duplicate = |story: &mut Story, device, kind, step: Option<StepIndex>| {
        let step = step.expect("the story names a step");
        story.note(Fact::Duplicated { device, kind, step });
    };
    duplicate(&mut story, BOB, MessageKind::KeysUpload, STEP);
    duplicate(&mut story, ALICE, MessageKind::KeysUpload, OTHER_STEP);
    duplicate(&mut story, BOB, MessageKind::KeysClaim, OTHER_STEP);
    let again = is_stored(&mut story, ONE_TIME);
    story.issues(ONE_TIME, ALICE);
    is_gone(&mut story, ONE_TIME);
    assert_eq!(story.cause(), because(ReissuedAfterUpload, STEP, again));
}

#[test]
fn an_upload_repeated_after_a_crash_brings_a_used_key_back() {
    let mut story = Story::of_alice_and_bob();
    let copy = story.now;
    is_stored(&mut story, ONE_TIME);
    is_used_by_carol(&mut story);
    story.crashes(NodeId::Device(BOB), STEP);
    story.crashes(NodeId::Device(ALICE), OTHER_STEP);
    is_stored(&mut story, UNRELATED);
    let again = is_stored(&mut story, ONE_TIME);
    story.crashes(NodeId::Device(BOB), OTHER_STEP);
    story.issues(ONE_TIME, ALICE);
    is_gone(&mut story, ONE_TIME);
    // What happens after the second issue did not lead to it.
    story.restores(THERE, Table::OneTimeKeys, copy, OTHER_STEP);
    assert_eq!(story.cause(), because(ReissuedAfterUpload, STEP, again));
}

#[test]
fn a_key_that_was_stored_twice_before_it_was_used_is_there_twice() {
    let mut story = Story::of_alice_and_bob();
    is_stored(&mut story, ONE_TIME);
    story.crashes(NodeId::Device(BOB), STEP);
    is_stored(&mut story, UNRELATED);
    let again = is_stored(&mut story, ONE_TIME);
    is_used_by_carol(&mut story);
    story.issues(ONE_TIME, ALICE);
    is_gone(&mut story, ONE_TIME);
    assert_eq!(story.cause(), because(ReissuedAfterUpload, STEP, again));
}

#[test]
fn a_key_given_to_two_claims_blames_the_person_whose_message_used_it() {
    let mut story = Story::of_alice_and_bob();
    is_told_to_send(&mut story, CAROL, OTHER_STEP);
    is_told_to_send(&mut story, CAROL, STEP);
    is_told_to_send(&mut story, ALICE, OTHER_STEP);
    is_used_by_carol(&mut story);
    let second = story.issues(ONE_TIME, ALICE);
    is_told_to_send(&mut story, CAROL, OTHER_STEP);
    is_stored(&mut story, ONE_TIME);
    is_gone(&mut story, ONE_TIME);
    assert_eq!(story.cause(), because(IssuedTwice, STEP, second));
}

#[test]
fn an_issue_after_the_failure_did_not_lead_to_it() {
    let mut story = Story::of_alice_and_bob();
    is_told_to_send(&mut story, CAROL, STEP);
    is_used_by_carol(&mut story);
    let second = story.issues(ONE_TIME, ALICE);
    is_gone(&mut story, ONE_TIME);
    is_told_to_send(&mut story, ALICE_LAPTOP, OTHER_STEP);
    story.issues(ONE_TIME, ALICE_LAPTOP);
    assert_eq!(story.cause(), because(IssuedTwice, STEP, second));
}

#[test]
fn a_used_key_that_was_issued_only_once_names_the_failure() {
    let mut story = Story::of_alice_and_bob();
    is_used_by_carol(&mut story);
    let failed = is_gone(&mut story, ONE_TIME);
    assert_eq!(story.cause(), because(IssuedTwice, None, failed));
}

#[test]
fn a_key_discarded_to_make_room_was_evicted() {
    let mut story = Story::of_alice_and_bob();
    story.accepts(UNRELATED, CAROL);
    let discarded = is_discarded(&mut story, ONE_TIME);
    is_discarded(&mut story, UNRELATED);
    story.crashes(NodeId::Device(BOB), OTHER_STEP);
    is_gone(&mut story, ONE_TIME);
    assert_eq!(story.cause(), because(OneTimeKeyEvicted, None, discarded));
}

#[test]
fn a_key_that_a_crash_kept_from_being_stored_was_forgotten() {
    let mut story = Story::of_alice_and_bob();
    story.crashes(NodeId::Device(BOB), OTHER_STEP);
    let crash = story.crashes(NodeId::Device(BOB), STEP);
    for other in [NodeId::Device(BOB_LAPTOP), NodeId::Server(THERE)] {
        story.crashes(other, OTHER_STEP);
    }
    is_discarded(&mut story, UNRELATED);
    is_gone(&mut story, ONE_TIME);
    // What happens after the failure did not lead to it.
    story.crashes(NodeId::Device(BOB), OTHER_STEP);
    is_discarded(&mut story, ONE_TIME);
    story.accepts(ONE_TIME, CAROL);
    assert_eq!(story.cause(), because(OneTimeKeyForgotten, STEP, crash));
}

#[test]
fn a_key_forgotten_without_a_crash_names_the_failure() {
    let mut story = Story::of_alice_and_bob();
    let failed = is_gone(&mut story, ONE_TIME);
    assert_eq!(story.cause(), because(OneTimeKeyForgotten, None, failed));
}

#[test]
fn a_fallback_key_that_was_replaced_is_retired_however_often_it_was_used() {
    let mut story = Story::of_alice_and_bob();
    story.issues(FALLBACK, CAROL);
    story.accepts(FALLBACK, CAROL);
    let discarded = is_discarded(&mut story, FALLBACK);
    story.crashes(NodeId::Device(BOB), OTHER_STEP);
    is_gone(&mut story, FALLBACK);
    assert_eq!(story.cause(), because(FallbackKeyRetired, None, discarded));
}

#[test]
fn a_fallback_key_that_was_retired_blames_who_had_claimed_the_one_time_keys() {
    let mut story = Story::of_alice_and_bob();
    let claimed = |device, step: Option<StepIndex>| Fact::ClaimedByStrangers {
        device,
        count: 5,
        step: step.expect("the story names a step"),
    };
    story.note(claimed(BOB, STEP));
    story.note(claimed(ALICE, OTHER_STEP));
    let discarded = is_discarded(&mut story, FALLBACK);
    story.note(claimed(BOB, OTHER_STEP));
    is_gone(&mut story, FALLBACK);
    assert_eq!(story.cause(), because(FallbackKeyRetired, STEP, discarded));
}

#[test]
fn a_fallback_key_that_another_server_handed_out_blames_what_kept_the_two_apart() {
    let mut story = Story::of_alice_and_bob();
    story.note(Fact::ClaimedByStrangers {
        device: BOB,
        count: 5,
        step: OTHER_STEP.expect("the story names a step"),
    });
    // Others have been given the key before, by Bob's own server as well.
    story.issues(FALLBACK, CAROL);
    story.issues(FALLBACK, ALICE);
    story.cuts_link(STEP);
    story.note(Fact::KeyIssued {
        server: HERE,
        key: FALLBACK,
        to: Some(ALICE),
    });
    story.issues(FALLBACK, CAROL);
    story.mends_link();
    let discarded = is_discarded(&mut story, FALLBACK);
    is_gone(&mut story, FALLBACK);
    assert_eq!(story.cause(), because(FallbackKeyRetired, STEP, discarded));
}

#[test]
fn a_fallback_key_that_a_restore_brought_back_blames_the_restore() {
    let next = KeyName {
        id: KeyId(8),
        ..FALLBACK
    };
    for (successor, restored, expected) in [
        (next, Table::FallbackKeys, STEP),
        (next, Table::OneTimeKeys, OTHER_STEP),
        // What came back is what was there.
        (FALLBACK, Table::FallbackKeys, OTHER_STEP),
    ] {
        let mut story = Story::of_alice_and_bob();
        is_stored(&mut story, FALLBACK);
        let copy = story.now;
        story.wait(Span::hours(1));
        is_stored(&mut story, successor);
        story.note(Fact::ClaimedByStrangers {
            device: BOB,
            count: 5,
            step: OTHER_STEP.expect("the story names a step"),
        });
        let discarded = is_discarded(&mut story, FALLBACK);
        story.restores(THERE, restored, copy, STEP);
        story.issues(FALLBACK, ALICE);
        is_gone(&mut story, FALLBACK);
        let expected = because(FallbackKeyRetired, expected, discarded);
        assert_eq!(story.cause(), expected);
    }
}

#[test]
fn a_fallback_key_that_nobody_saw_go_names_the_failure() {
    let mut story = Story::of_alice_and_bob();
    let failed = is_gone(&mut story, FALLBACK);
    assert_eq!(story.cause(), because(FallbackKeyRetired, None, failed));
}

#[test]
fn a_message_beyond_the_gap_blames_whatever_lost_those_before_it() {
    let mut story = Story::of_alice_and_bob();
    for (from, to, step) in [(ALICE, BOB, STEP), (BOB, ALICE, OTHER_STEP)] {
        let step = step.expect("the story names a step");
        let count = 2001;
        story.note(Fact::OlmMessagesWasted {
            from,
            to,
            count,
            step,
        });
    }
    let failed = fails(&mut story, ONE_TIME, OlmError::TooBigMessageGap);
    assert_eq!(story.cause(), because(MessageGap, STEP, failed));
}

#[test]
fn every_other_error_of_olm_is_a_forked_ratchet() {
    for error in [OlmError::MissingMessageKey, OlmError::Invalid] {
        let mut story = Story::of_alice_and_bob();
        is_used_by_carol(&mut story);
        let failed = fails(&mut story, ONE_TIME, error);
        assert_eq!(
            story.cause(),
            because(RatchetForked, None, failed),
            "{error:?}"
        );
    }
}

#[test]
fn a_failure_to_decrypt_says_more_than_a_restore_of_the_inbox() {
    let mut story = Story::of_alice_and_bob();
    let copy = story.now;
    let failed = fails(&mut story, ONE_TIME, OlmError::Invalid);
    story.restores(THERE, Table::Inbox, copy, OTHER_STEP);
    assert_eq!(story.cause(), because(RatchetForked, None, failed));
}

/// Bob's one-time key is given to Carol, who opens a session on it. She was
/// given it after the copy that a story took before.
fn is_used_by_carol(story: &mut Story) {
    story.wait(Span::secs(1));
    story.issues(ONE_TIME, CAROL);
    story.accepts(ONE_TIME, CAROL);
}

fn is_stored(story: &mut Story, key: KeyName) -> FactId {
    let server = THERE;
    story.note(Fact::KeyStored { server, key })
}

fn is_discarded(story: &mut Story, key: KeyName) -> FactId {
    let why = Discard::StoreFull;
    story.note(Fact::KeyDiscarded { key, why })
}

fn is_told_to_send(story: &mut Story, by: DeviceId, step: Option<StepIndex>) {
    let step = step.expect("the story names a step");
    story.note(Fact::ToldToSend {
        by,
        room: ROOM,
        step,
    });
}
