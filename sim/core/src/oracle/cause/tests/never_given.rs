//! The sender had not given the reader a key that covers the event.

use crate::crypto::Body;
use crate::name::{DeviceId, MessageId, NodeId, ServerId, Table};
use crate::oracle::CauseKind::{
    ClaimAnswerLost, ClaimBackedOff, ClaimEmpty, ClaimUnreachable, DeviceUnknown, IdentityChanged,
    LaterIndexOnly, MessageLost,
};
use crate::oracle::testing::{
    ALICE, ALICE_LAPTOP, BOB, BOB_LAPTOP, CAROL, HERE, ONE_TIME, OTHER_STEP, SESSION, STEP, Story,
    THERE, because,
};
use crate::oracle::{Excuse, Excused, OutcomeClass};
use crate::time::{Span, Time};
use crate::trace::{ClaimMiss, Fact, FactId, LogoutReason, Phase, RemoteFailure, Withholding};
use crate::wire::MessageKind;

#[test]
fn a_sender_that_could_not_ask_for_devices_knows_none() {
    let mut story = Story::of_alice_and_bob();
    story.cuts_link(OTHER_STEP);
    let cut = story.cuts_link(STEP);
    unknown(&mut story);
    story.cuts_link(OTHER_STEP);
    story.is_seen(Body::Timeline);
    assert_eq!(story.cause(), because(DeviceUnknown, STEP, cut));
}

#[test]
fn a_key_that_came_only_after_the_second_probe_does_not_say_why_the_first_was_not_read() {
    let mut story = Story::of_alice_and_bob();
    let cut = story.cuts_link(STEP);
    unknown(&mut story);
    story.note(Fact::Phase(Phase::Probe));
    let probe = story.is_seen(Body::ProbeFresh);
    story.note(Fact::Phase(Phase::SecondProbe));
    let (message, _) = story.shares_key(0);
    story.stores(message);
    story.learns(message);
    story.reads(BOB, probe);
    assert_eq!(story.cause(), because(DeviceUnknown, STEP, cut));
}

#[test]
fn a_sender_that_knows_no_device_for_no_recorded_reason_is_named_itself() {
    let mut story = Story::of_alice_and_bob();
    let unknown = unknown(&mut story);
    story.is_seen(Body::Timeline);
    assert_eq!(story.cause(), because(DeviceUnknown, None, unknown));
}

#[test]
fn a_claim_that_timed_out_blames_what_took_the_server_away() {
    let mut story = Story::of_alice_and_bob();
    let crash = story.crashes(NodeId::Server(THERE), STEP);
    fails(&mut story, THERE, RemoteFailure::TimedOut);
    // What becomes of other servers and other requests says nothing of this claim.
    fails(&mut story, ServerId(2), RemoteFailure::BackedOff);
    story.note(Fact::RemoteFailed {
        server: HERE,
        peer: THERE,
        kind: MessageKind::FederationQuery,
        why: RemoteFailure::BackedOff,
    });
    missed(&mut story, ClaimMiss::ServerFailed);
    story.cuts_link(OTHER_STEP);
    story.is_seen(Body::Timeline);
    assert_eq!(story.cause(), because(ClaimUnreachable, STEP, crash));
}

#[test]
fn a_claim_that_was_not_even_made_waited_out_an_earlier_failure() {
    let mut story = Story::of_alice_and_bob();
    let cut = story.cuts_link(STEP);
    fails(&mut story, THERE, RemoteFailure::TimedOut);
    fails(&mut story, THERE, RemoteFailure::BackedOff);
    missed(&mut story, ClaimMiss::ServerFailed);
    story.is_seen(Body::Timeline);
    assert_eq!(story.cause(), because(ClaimBackedOff, STEP, cut));
}

#[test]
fn a_sender_that_leaves_a_server_alone_waits_out_an_earlier_failure() {
    let mut story = Story::of_alice_and_bob();
    let cut = story.cuts_link(STEP);
    fails(&mut story, THERE, RemoteFailure::TimedOut);
    missed(&mut story, ClaimMiss::ServerCoolingDown);
    story.is_seen(Body::Timeline);
    assert_eq!(story.cause(), because(ClaimBackedOff, STEP, cut));
}

#[test]
fn a_failure_that_nothing_from_outside_explains_is_named_itself() {
    let mut story = Story::of_alice_and_bob();
    let missed = missed(&mut story, ClaimMiss::ServerFailed);
    story.is_seen(Body::Timeline);
    assert_eq!(story.cause(), because(ClaimBackedOff, None, missed));
}

#[test]
fn an_answer_without_a_usable_key_is_an_empty_claim() {
    for why in [ClaimMiss::NoKey, ClaimMiss::DeviceCoolingDown] {
        let mut story = Story::of_alice_and_bob();
        story.cuts_link(OTHER_STEP);
        let missed = missed(&mut story, why);
        story.is_seen(Body::Timeline);
        assert_eq!(story.cause(), because(ClaimEmpty, None, missed), "{why:?}");
    }
}

#[test]
fn an_empty_claim_blames_whoever_deleted_the_keys() {
    let mut story = Story::of_alice_and_bob();
    for (device, step) in [(BOB, STEP), (ALICE, OTHER_STEP)] {
        let step = step.expect("the story names a step");
        story.note(Fact::ResetByOther { device, step });
    }
    let missed = missed(&mut story, ClaimMiss::NoKey);
    story.is_seen(Body::Timeline);
    assert_eq!(story.cause(), because(ClaimEmpty, STEP, missed));
}

#[test]
fn a_key_with_somebody_elses_signature_is_of_a_device_that_changed_its_identity() {
    let mut story = Story::of_alice_and_bob();
    let missed = missed(&mut story, ClaimMiss::BadSignature);
    story.is_seen(Body::Timeline);
    assert_eq!(story.cause(), because(IdentityChanged, None, missed));
}

#[test]
fn a_claim_that_was_served_and_timed_out_lost_its_answer() {
    let mut story = Story::of_alice_and_bob();
    let (from, to) = (NodeId::Server(THERE), NodeId::Server(HERE));
    story.issues(ONE_TIME, ALICE);
    let dropped = story.note(Fact::MessageDropped {
        from,
        to,
        kind: MessageKind::FederationClaim,
        answer: true,
        step: STEP,
    });
    story.wait(Span::secs(10));
    fails(&mut story, THERE, RemoteFailure::TimedOut);
    missed(&mut story, ClaimMiss::ServerFailed);
    story.is_seen(Body::Timeline);
    assert_eq!(story.cause(), because(ClaimAnswerLost, STEP, dropped));
}

#[test]
fn a_key_that_others_were_given_or_that_was_given_long_before_is_no_lost_answer() {
    for (waited, to) in [(Span::secs(5), CAROL), (Span::secs(11), ALICE)] {
        let mut story = Story::of_alice_and_bob();
        story.issues(ONE_TIME, to);
        let cut = story.cuts_link(STEP);
        story.wait(waited);
        fails(&mut story, THERE, RemoteFailure::TimedOut);
        missed(&mut story, ClaimMiss::ServerFailed);
        story.is_seen(Body::Timeline);
        assert_eq!(story.cause(), because(ClaimUnreachable, STEP, cut));
    }
}

#[test]
fn a_slow_link_is_to_blame_until_it_is_fast_again() {
    let (here, there) = (NodeId::Server(HERE), NodeId::Server(THERE));
    let slowed = |step| Fact::LinkSlowed {
        between: [there, here],
        by: Span::secs(20),
        step,
    };
    let mut story = Story::of_alice_and_bob();
    let cut = story.cuts_link(STEP);
    story.note(Fact::LinkMended {
        between: [here, there],
        step: None,
    });
    let slow = story.note(slowed(OTHER_STEP));
    fails(&mut story, THERE, RemoteFailure::TimedOut);
    missed(&mut story, ClaimMiss::ServerFailed);
    story.is_seen(Body::Timeline);
    assert_ne!(cut, slow);
    assert_eq!(story.cause(), because(ClaimUnreachable, OTHER_STEP, slow));
}

#[test]
fn a_link_that_is_cut_is_to_blame_whatever_its_speed() {
    let (here, there) = (NodeId::Server(HERE), NodeId::Server(THERE));
    let mut story = Story::of_alice_and_bob();
    let cut = story.cuts_link(STEP);
    story.note(Fact::LinkSlowed {
        between: [here, there],
        by: Span::millis(500),
        step: OTHER_STEP,
    });
    fails(&mut story, THERE, RemoteFailure::TimedOut);
    missed(&mut story, ClaimMiss::ServerFailed);
    story.is_seen(Body::Timeline);
    assert_eq!(story.cause(), because(ClaimUnreachable, STEP, cut));
}

#[test]
fn an_obstacle_that_an_earlier_event_met_says_nothing_of_this_one() {
    let mut story = Story::of_alice_and_bob();
    let met = missed(&mut story, ClaimMiss::NoKey);
    let first = story.is_seen(Body::Timeline);
    let cut = story.cuts_link(STEP);
    let second = story.is_seen(Body::Timeline);
    let unread = story.judge().unread;
    let causes: Vec<_> = unread.iter().map(|it| (it.event, it.cause)).collect();
    let expected = [
        (first, because(ClaimEmpty, None, met)),
        (second, because(DeviceUnknown, STEP, cut)),
    ];
    assert_eq!(causes, expected);
}

#[test]
fn a_device_that_is_left_alone_is_so_for_what_happened_before() {
    let mut story = Story::of_alice_and_bob();
    missed(&mut story, ClaimMiss::BadSignature);
    missed(&mut story, ClaimMiss::DeviceCoolingDown);
    let last = missed(&mut story, ClaimMiss::DeviceCoolingDown);
    story.is_seen(Body::Timeline);
    assert_eq!(story.cause(), because(IdentityChanged, None, last));
}

#[test]
fn a_restore_to_a_copy_that_held_the_device_did_not_make_it_unknown() {
    let mut story = Story::of_alice_and_bob();
    story.wait(Span::hours(1));
    let copy = story.now;
    story.restores(THERE, Table::Devices, copy, OTHER_STEP);
    let cut = story.cuts_link(STEP);
    unknown(&mut story);
    story.is_seen(Body::Timeline);
    assert_eq!(story.cause(), because(DeviceUnknown, STEP, cut));
}

#[test]
fn a_restore_that_gave_a_deleted_device_back_left_it_unknown_to_others() {
    let undeleted = |is_deleted: bool, copy: Span| {
        let mut story = Story::of_alice_and_bob();
        story.wait(Span::hours(2));
        if is_deleted {
            let (server, device) = (THERE, BOB);
            story.note(Fact::DeviceRemoved { server, device });
        }
        let taken = Time::ZERO + copy;
        let restored = story.restores(THERE, Table::Devices, taken, STEP);
        story.restores(THERE, Table::Devices, Time::MAX, OTHER_STEP);
        let event = story.is_seen(Body::Timeline);
        (story.cause(), restored, event)
    };
    let (cause, restored, _) = undeleted(true, Span::hours(1));
    assert_eq!(cause, because(DeviceUnknown, STEP, restored));
    for (is_deleted, copy) in [(false, Span::hours(1)), (true, Span::hours(3))] {
        let (cause, ..) = undeleted(is_deleted, copy);
        assert_eq!(
            cause.map(|it| (it.kind, it.step)),
            Some((DeviceUnknown, None))
        );
    }
}

#[test]
fn what_was_given_to_a_device_before_it_came_back_was_given_to_another() {
    let mut story = Story::of_alice_and_bob();
    story.shares_key(0);
    story.note(Fact::LoggedOut {
        device: BOB,
        why: LogoutReason::Asked,
    });
    let back = story.publishes(BOB);
    story.is_seen(Body::Timeline);
    assert_eq!(story.cause(), because(IdentityChanged, None, back));
}

#[test]
fn a_key_that_is_withheld_is_no_failure_unless_it_was_given_all_the_same() {
    let (message, session) = (
        MessageId {
            sender: ALICE,
            to: BOB,
            sent: Time::ZERO,
            number: 0,
        },
        SESSION,
    );
    let why = Withholding::Blacklisted;
    let withheld = Fact::RoomKeyWithheld {
        session,
        message,
        why,
    };
    let mut story = Story::of_alice_and_bob();
    missed(&mut story, ClaimMiss::NoKey);
    let evidence = story.note(withheld);
    let event = story.is_seen(Body::Timeline);
    let judgement = story.judge();
    assert_eq!(judgement.unread, []);
    assert_eq!(judgement.outcome, OutcomeClass::Ok);
    let expected = Excused {
        event,
        reader: BOB,
        excuse: Excuse::Withheld,
        evidence,
    };
    assert_eq!(judgement.excused, [expected]);

    let mut story = Story::of_alice_and_bob();
    let (_, shared) = story.shares_key(0);
    story.note(withheld);
    story.is_seen(Body::Timeline);
    assert_eq!(story.cause(), because(MessageLost, None, shared));
}

#[test]
fn to_be_told_that_there_is_no_channel_is_no_excuse() {
    let mut story = Story::of_alice_and_bob();
    let missed = missed(&mut story, ClaimMiss::NoKey);
    let (message, _) = story.shares_key(9);
    story.note(Fact::RoomKeyWithheld {
        session: SESSION,
        message,
        why: Withholding::NoOlm,
    });
    story.is_seen(Body::Timeline);
    assert_eq!(story.cause(), because(ClaimEmpty, None, missed));
}

#[test]
fn the_last_obstacle_before_the_event_decides() {
    let mut story = Story::of_alice_and_bob();
    unknown(&mut story);
    let last = missed(&mut story, ClaimMiss::NoKey);
    // Obstacles between others do not stand between these two.
    misses(&mut story, ALICE, BOB_LAPTOP, ClaimMiss::ServerFailed);
    misses(&mut story, ALICE_LAPTOP, BOB, ClaimMiss::ServerFailed);
    let (by, of) = (ALICE, CAROL.user());
    story.note(Fact::DevicesUnknown { by, of });
    let (by, of) = (ALICE_LAPTOP, BOB.user());
    story.note(Fact::DevicesUnknown { by, of });
    story.is_seen(Body::Timeline);
    missed(&mut story, ClaimMiss::ServerFailed);
    assert_eq!(story.cause(), because(ClaimEmpty, None, last));
}

#[test]
fn a_key_from_a_later_index_on_does_not_cover_the_event() {
    let mut story = Story::of_alice_and_bob();
    story.is_seen(Body::Timeline);
    let (_, first) = story.shares_key(1);
    story.shares_key(2);
    assert_eq!(story.cause(), because(LaterIndexOnly, None, first));
}

#[test]
fn an_obstacle_says_more_than_the_key_that_came_too_late() {
    let mut story = Story::of_alice_and_bob();
    let missed = missed(&mut story, ClaimMiss::NoKey);
    story.is_seen(Body::Timeline);
    story.shares_key(1);
    assert_eq!(story.cause(), because(ClaimEmpty, None, missed));
}

#[test]
fn a_key_neither_given_nor_refused_was_for_a_device_that_the_sender_did_not_know() {
    let mut story = Story::of_alice_and_bob();
    // The next fact is that the event was sent: it is all there is to name.
    let before = story.note(Fact::Phase(Phase::Timeline));
    story.is_seen(Body::Timeline);
    let sent = FactId(before.0 + 1);
    assert_eq!(story.cause(), because(DeviceUnknown, None, sent));
}

fn unknown(story: &mut Story) -> FactId {
    let (by, of) = (ALICE, BOB.user());
    story.note(Fact::DevicesUnknown { by, of })
}

fn missed(story: &mut Story, why: ClaimMiss) -> FactId {
    misses(story, ALICE, BOB, why)
}

fn misses(story: &mut Story, by: DeviceId, of: DeviceId, why: ClaimMiss) -> FactId {
    story.note(Fact::ClaimMissed { by, of, why })
}

/// A claim of Alice's server fails.
fn fails(story: &mut Story, peer: ServerId, why: RemoteFailure) {
    story.note(Fact::RemoteFailed {
        server: HERE,
        peer,
        kind: MessageKind::FederationClaim,
        why,
    });
}
