//! Two processes of a device on one store: what one has done, the other does not
//! know.

use super::{discards, is_gone};
use crate::name::{KeyName, NodeId};
use crate::oracle::CauseKind::{
    FallbackKeyForgotten, OneTimeKeyForgotten, OneTimeKeyOverwritten, OneTimeKeyReset,
};
use crate::oracle::testing::{ALICE, BOB, FALLBACK, ONE_TIME, OTHER_STEP, STEP, Story, because};
use crate::trace::{Discard, FactId};

#[test]
fn an_account_without_the_key_was_stored_by_another_process() {
    let mut story = Story::of_alice_and_bob();
    let other = KeyName {
        incarnation: 1,
        ..ONE_TIME
    };
    story.forks_bob(false, OTHER_STEP);
    story.forks_bob(false, STEP);
    // Whichever of the two was made first.
    let overwritten = story.generates(other);
    story.generates(ONE_TIME);
    story.forks_bob(false, OTHER_STEP);
    is_gone(&mut story, ONE_TIME);
    let because = because(OneTimeKeyOverwritten, STEP, overwritten);
    assert_eq!(story.cause(), because);
}

#[test]
fn an_account_can_be_overwritten_without_another_key_under_that_id() {
    let mut story = Story::of_alice_and_bob();
    story.forks_bob(false, STEP);
    story.generates(ONE_TIME);
    let failed = is_gone(&mut story, ONE_TIME);
    assert_eq!(story.cause(), because(OneTimeKeyOverwritten, STEP, failed));
}

/// Whether the key was made before the other process was there or by it.
#[test]
fn a_session_that_another_process_accepted_is_not_one_more() {
    for made_before in [true, false] {
        let mut story = Story::of_alice_and_bob();
        if made_before {
            story.generates(ONE_TIME);
        }
        story.forks_bob(false, STEP);
        if !made_before {
            story.generates(ONE_TIME);
        }
        let failed = is_used_elsewhere(&mut story);
        assert_eq!(story.cause(), because(OneTimeKeyOverwritten, STEP, failed));
    }
}

#[test]
fn a_copy_of_a_key_that_another_process_uses_can_be_discarded() {
    for used_first in [true, false] {
        let mut story = Story::of_alice_and_bob();
        story.generates(ONE_TIME);
        story.forks_bob(false, STEP);
        story.issues(ONE_TIME, ALICE);
        if used_first {
            story.accepts(ONE_TIME, ALICE);
        }
        let discarded = discards(&mut story, Discard::Reset);
        if !used_first {
            story.accepts(ONE_TIME, ALICE);
        }
        is_gone(&mut story, ONE_TIME);
        assert_eq!(story.cause(), because(OneTimeKeyReset, STEP, discarded));
    }
}

#[test]
fn of_two_other_processes_the_one_that_ran_when_the_key_was_used_is_to_blame() {
    let mut story = Story::of_alice_and_bob();
    story.forks_bob(false, OTHER_STEP);
    story.generates(ONE_TIME);
    story.crashes(NodeId::Device(BOB), OTHER_STEP);
    story.forks_bob(false, STEP);
    let failed = is_used_elsewhere(&mut story);
    assert_eq!(story.cause(), because(OneTimeKeyOverwritten, STEP, failed));
}

#[test]
fn another_process_does_no_harm_with_a_lock_or_once_all_is_loaded_again() {
    for harmless in [
        |story: &mut Story| story.forks_bob(true, OTHER_STEP),
        |story: &mut Story| {
            story.forks_bob(false, OTHER_STEP);
            story.crashes(NodeId::Device(BOB), STEP)
        },
        |story: &mut Story| {
            story.forks_bob(false, OTHER_STEP);
            story.forks_bob(true, OTHER_STEP)
        },
    ] {
        let mut story = Story::of_alice_and_bob();
        harmless(&mut story);
        story.generates(ONE_TIME);
        let crash = story.crashes(NodeId::Device(BOB), STEP);
        is_gone(&mut story, ONE_TIME);
        assert_eq!(story.cause(), because(OneTimeKeyForgotten, STEP, crash));
    }
}

#[test]
fn a_fallback_key_of_another_process_is_forgotten() {
    let mut story = Story::of_alice_and_bob();
    let fork = story.forks_bob(false, STEP);
    story.generates(FALLBACK);
    is_gone(&mut story, FALLBACK);
    assert_eq!(story.cause(), because(FallbackKeyForgotten, STEP, fork));
}

/// The other process of Bob's device opens Alice's session, and this one cannot.
fn is_used_elsewhere(story: &mut Story) -> FactId {
    story.issues(ONE_TIME, ALICE);
    story.accepts(ONE_TIME, ALICE);
    is_gone(story, ONE_TIME)
}
