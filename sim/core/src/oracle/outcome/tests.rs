//! Each class has a story that comes out as it, and the boundaries between
//! them have one story on each side.

use super::*;
use crate::name::{DeviceId, EventId, NodeId, Table};
use crate::oracle::testing::{
    ALICE, ALICE_LAPTOP, BOB, BOB_LAPTOP, CAROL, HERE, STEP, Story, THERE,
};
use crate::time::Time;
use crate::trace::{Fact, LogoutReason};
use crate::wire::Membership;

const MINUTE: Span = Span::secs(60);
const TICK: Span = Span::from_ticks(1);

#[test]
fn an_event_read_a_minute_after_it_is_seen_is_ok() {
    let judgement = read_after(MINUTE).judge();
    assert_eq!(judgement.outcome, OutcomeClass::Ok);
    assert_eq!(judgement.lateness, MINUTE);
    assert_eq!(judgement.unread, []);
}

#[test]
fn an_event_read_a_tick_later_is_late() {
    let judgement = read_after(MINUTE + TICK).judge();
    assert_eq!(judgement.outcome, OutcomeClass::Late);
    assert_eq!(judgement.lateness, MINUTE + TICK);
    assert_eq!(judgement.unread, []);
    assert!(!judgement.only_by_probe);
}

#[test]
fn time_before_an_event_is_seen_does_not_make_it_late() {
    let mut story = Story::of_alice_and_bob();
    let event = story.says(ALICE, Body::Timeline);
    story.wait(Span::days(1));
    story.sees(BOB, event);
    story.reads(BOB, event);
    let judgement = story.judge();
    assert_eq!(judgement.outcome, OutcomeClass::Ok);
    assert_eq!(judgement.lateness, Span::ZERO);
}

#[test]
fn the_latest_reader_decides_how_late_a_run_is() {
    let mut story = read_after(Span::mins(5));
    story.publishes(BOB_LAPTOP);
    let event = story.is_seen(Body::Timeline);
    story.reads(BOB, event);
    story.sees(BOB_LAPTOP, event);
    story.wait(Span::mins(2));
    story.reads(BOB_LAPTOP, event);
    let judgement = story.judge();
    assert_eq!(judgement.outcome, OutcomeClass::Late);
    assert_eq!(judgement.lateness, Span::mins(5));
}

#[test]
fn what_is_late_is_late_only_by_a_probe_if_it_was_seen_before_and_read_after_one_began() {
    // When the event is seen, when it is read, and where the probe begins.
    let only_by_probe = |seen: Span, read: Span, probe: Span| {
        let mut story = Story::of_alice_and_bob();
        let event = story.says(ALICE, Body::Timeline);
        let mut noted = [
            (probe, Fact::Phase(Phase::Probe)),
            (seen, Fact::EventSeen { by: BOB, event }),
            (read, Fact::EventRead { by: BOB, event }),
        ];
        noted.sort_by_key(|(at, _)| *at);
        for (at, fact) in noted {
            story.now = Time::ZERO + at;
            story.note(fact);
        }
        story.judge().only_by_probe
    };
    let (early, middle, end) = (Span::hours(1), Span::hours(2), Span::hours(3));
    assert!(only_by_probe(early, end, middle));
    assert!(only_by_probe(early, middle, middle));
    assert!(!only_by_probe(early, middle, middle + TICK));
    assert!(!only_by_probe(early, middle, end));
    assert!(!only_by_probe(middle, end, early));
    assert!(!only_by_probe(middle, end, middle));
    // What is read within the minute did not need the probe.
    assert!(!only_by_probe(early, early + MINUTE, early + TICK));
    assert!(only_by_probe(early, early + MINUTE + TICK, early + TICK));
}

#[test]
fn an_event_never_read_is_lost_if_all_probes_are_read() {
    let mut story = Story::of_alice_and_bob();
    let event = story.is_seen(Body::Timeline);
    story.begins(Phase::Probe);
    story.is_read(Body::ProbeOld);
    story.is_read(Body::ProbeFresh);
    story.begins(Phase::SecondProbe);
    story.is_read(Body::ProbeAgain);
    let judgement = story.judge();
    assert_eq!(judgement.outcome, OutcomeClass::Lost);
    assert!(!judgement.until_rotation);
    assert_eq!(unread(&judgement), [(event, BOB)]);
}

#[test]
fn a_loss_lasts_until_rotation_if_the_probe_in_the_old_session_is_unread() {
    let mut story = Story::of_alice_and_bob();
    story.is_seen(Body::Timeline);
    story.begins(Phase::Probe);
    story.is_seen(Body::ProbeOld);
    story.is_read(Body::ProbeFresh);
    story.begins(Phase::SecondProbe);
    story.is_read(Body::ProbeAgain);
    let judgement = story.judge();
    assert_eq!(judgement.outcome, OutcomeClass::Lost);
    assert!(judgement.until_rotation);
}

#[test]
fn a_fresh_probe_never_read_is_a_wedge_and_no_rotation_ends_it() {
    let mut story = Story::of_alice_and_bob();
    story.begins(Phase::Probe);
    story.is_seen(Body::ProbeOld);
    story.is_seen(Body::ProbeFresh);
    story.begins(Phase::SecondProbe);
    story.is_read(Body::ProbeAgain);
    let judgement = story.judge();
    assert_eq!(judgement.outcome, OutcomeClass::Wedged);
    assert!(!judgement.until_rotation);
}

#[test]
fn a_fresh_probe_read_only_once_the_second_probe_began_is_a_wedge() {
    let outcome = |body: Body, before_second_probe: Span, before_reading: Span| {
        let mut story = Story::of_alice_and_bob();
        story.begins(Phase::Probe);
        let event = story.is_seen(body);
        story.wait(before_second_probe);
        story.note(Fact::Phase(Phase::SecondProbe));
        story.wait(before_reading);
        story.reads(BOB, event);
        story.judge().outcome
    };
    let (none, hour) = (Span::ZERO, Span::hours(1));
    assert_eq!(
        outcome(Body::ProbeFresh, hour, hour),
        OutcomeClass::Wedged,
        "the second probe opened the way"
    );
    assert_eq!(outcome(Body::ProbeFresh, hour, none), OutcomeClass::Wedged);
    // Even in time by the clock: without the second probe it might not have come.
    assert_eq!(outcome(Body::ProbeFresh, none, none), OutcomeClass::Wedged);
    // What the old session carries may be lost without any session being dead.
    assert_eq!(outcome(Body::ProbeOld, hour, hour), OutcomeClass::Late);
}

#[test]
fn a_fresh_probe_read_too_late_counts_as_unread() {
    let mut story = Story::of_alice_and_bob();
    story.begins(Phase::Probe);
    let event = story.is_seen(Body::ProbeFresh);
    story.note(Fact::Phase(Phase::SecondProbe));
    story.reads(BOB, event);
    let now = story.now;
    let judgement = story.judge();
    assert_eq!(unread(&judgement), [(event, BOB)]);
    assert_eq!(judgement.unread[0].read, Some(now));
}

#[test]
fn a_fresh_probe_read_before_the_second_probe_is_no_wedge() {
    let mut story = Story::of_alice_and_bob();
    story.begins(Phase::Probe);
    let event = story.is_seen(Body::ProbeFresh);
    story.wait(MINUTE + TICK);
    story.reads(BOB, event);
    story.wait(TICK);
    story.note(Fact::Phase(Phase::SecondProbe));
    assert_eq!(story.judge().outcome, OutcomeClass::Late);
}

#[test]
fn a_second_probe_never_read_is_stuck() {
    let mut story = Story::of_alice_and_bob();
    story.is_seen(Body::Timeline);
    story.begins(Phase::Probe);
    story.is_seen(Body::ProbeFresh);
    story.begins(Phase::SecondProbe);
    story.is_seen(Body::ProbeAgain);
    assert_eq!(story.judge().outcome, OutcomeClass::Stuck);
}

#[test]
fn an_event_never_seen_is_undelivered_whatever_else_is_unread() {
    let mut story = Story::of_alice_and_bob();
    let event = story.says(ALICE, Body::Timeline);
    let again = story.is_seen(Body::ProbeAgain);
    let judgement = story.judge();
    assert_eq!(judgement.outcome, OutcomeClass::Undelivered);
    assert_eq!(unread(&judgement), [(event, BOB), (again, BOB)]);
}

#[test]
fn a_world_that_never_rests_is_unsettled_whatever_else_is_wrong() {
    let mut story = Story::of_alice_and_bob();
    story.is_read(Body::Timeline);
    story.says(ALICE, Body::Timeline);
    story.begins(Phase::Heal);
    story.note(Fact::Unsettled(Phase::Heal));
    assert_eq!(story.judge().outcome, OutcomeClass::Unsettled);
}

#[test]
fn of_a_run_that_was_cut_off_nobody_says_what_was_not_read() {
    let unheard = || {
        let mut story = Story::of_alice_and_bob();
        story.says(ALICE, Body::Timeline);
        story
    };
    assert!(!unread(&unheard().judge()).is_empty());
    let mut story = unheard();
    story.note(Fact::CutOff(Phase::Timeline));
    let judgement = story.judge();
    assert_eq!(judgement.outcome, OutcomeClass::Unsettled);
    assert!(judgement.cut_off);
    assert_eq!(unread(&judgement), []);
}

#[test]
fn a_run_in_which_nothing_is_said_is_ok() {
    let mut story = Story::of_alice_and_bob();
    story.cuts_link(STEP);
    assert_eq!(story.judge().outcome, OutcomeClass::Ok);
}

#[test]
fn everybody_in_the_room_is_expected_to_read_but_the_sending_device() {
    let mut story = Story::of_alice_and_bob();
    story.publishes(ALICE_LAPTOP);
    story.publishes(BOB_LAPTOP);
    let event = story.says(ALICE, Body::Timeline);
    let expected = [ALICE_LAPTOP, BOB, BOB_LAPTOP].map(|reader| (event, reader));
    assert_eq!(unread(&story.judge()), expected);
}

#[test]
fn a_device_published_after_an_event_is_not_expected_to_read_it() {
    let mut story = Story::of_alice_and_bob();
    story.is_read(Body::Timeline);
    story.publishes(BOB_LAPTOP);
    let next = story.is_read(Body::Timeline);
    assert_eq!(unread(&story.judge()), [(next, BOB_LAPTOP)]);
}

#[test]
fn a_user_who_joined_after_an_event_is_not_expected_to_read_it() {
    let mut story = Story::of_alice_and_bob();
    story.publishes(CAROL);
    story.is_read(Body::Timeline);
    story.joins(CAROL.user());
    let next = story.is_read(Body::Timeline);
    assert_eq!(unread(&story.judge()), [(next, CAROL)]);
}

#[test]
fn what_was_sent_before_a_login_or_a_join_is_excused_with_its_evidence() {
    let mut story = Story::of_alice_and_bob();
    let event = story.is_read(Body::Timeline);
    let published = story.publishes(BOB_LAPTOP);
    story.publishes(CAROL);
    story.joins(CAROL.user());
    story.sees(BOB_LAPTOP, event);
    story.sees(CAROL, event);
    let judgement = story.judge();
    assert_eq!(judgement.outcome, OutcomeClass::Ok);
    let excused = judgement.excused.iter().map(|it| (it.reader, it.excuse));
    let excused: Vec<_> = excused.collect();
    let (laptop, carol) = (BOB_LAPTOP, CAROL);
    let before_login = Excuse::SentBeforeLogin;
    assert_eq!(excused, [(laptop, before_login), (carol, before_login)]);
    assert_eq!(judgement.excused[0].evidence, published);

    // A device that was there, of a user who was not in the room.
    let mut story = Story::of_alice_and_bob();
    story.publishes(CAROL);
    let event = story.is_read(Body::Timeline);
    story.joins(CAROL.user());
    story.sees(CAROL, event);
    let excused = story.judge().excused;
    assert_eq!(excused.len(), 1);
    assert_eq!(excused[0].excuse, Excuse::SentBeforeJoining);
}

#[test]
fn membership_counts_at_the_events_place_on_its_senders_server() {
    // Carol joins as far as Alice's server knows, then leaves: what lies
    // between is for her, if she ever saw it.
    let mut story = Story::of_alice_and_bob();
    story.publishes(CAROL);
    let before = story.is_read(Body::Timeline);
    story.changes_membership(HERE, CAROL.user(), Membership::Join);
    let between = story.is_read(Body::Timeline);
    story.changes_membership(HERE, CAROL.user(), Membership::Leave);
    let after = story.is_read(Body::Timeline);
    // Her own server hears of it late, and in between she is in the room.
    story.changes_membership(THERE, CAROL.user(), Membership::Join);
    for event in [before, between, after] {
        story.sees(CAROL, event);
    }
    let judgement = story.judge();
    assert_eq!(unread(&judgement), [(between, CAROL)]);
    assert_eq!(judgement.excused.len(), 2);
}

#[test]
fn who_was_invited_at_the_events_place_is_expected_to_read_it_once_they_join() {
    for joins in [true, false] {
        let mut story = Story::of_alice_and_bob();
        story.publishes(CAROL);
        let before = story.is_read(Body::Timeline);
        story.changes_membership(HERE, CAROL.user(), Membership::Invite);
        let seen = story.is_read(Body::Timeline);
        let unseen = story.is_read(Body::Timeline);
        if joins {
            story.changes_membership(HERE, CAROL.user(), Membership::Join);
            story.changes_membership(THERE, CAROL.user(), Membership::Join);
            for event in [before, seen] {
                story.sees(CAROL, event);
            }
        }
        let judgement = story.judge();
        let expected = match joins {
            true => vec![(seen, CAROL), (unseen, CAROL)],
            false => vec![],
        };
        assert_eq!(unread(&judgement), expected);
        let excused = judgement.excused.iter();
        let excused: Vec<_> = excused.map(|it| (it.event, it.excuse)).collect();
        let too_early = (before, Excuse::SentBeforeJoining);
        assert_eq!(excused, [too_early][..usize::from(joins)]);
    }
}

#[test]
fn a_server_whose_rooms_were_put_back_does_not_know_who_came_since() {
    let mut story = Story::of_alice_and_bob();
    story.publishes(CAROL);
    let copy = story.now;
    story.wait(Span::secs(1));
    for server in [HERE, THERE] {
        story.changes_membership(server, CAROL.user(), Membership::Join);
    }
    story.restores(HERE, Table::Rooms, copy, STEP);
    story.is_read(Body::Timeline);
    assert_eq!(unread(&story.judge()), [], "nobody told Alice's server");
}

#[test]
fn of_a_user_who_left_without_having_seen_an_event_nothing_is_expected() {
    for has_seen in [false, true] {
        let mut story = Story::of_alice_and_bob();
        let event = story.says(ALICE, Body::Timeline);
        if has_seen {
            story.sees(BOB, event);
        }
        for server in [THERE, HERE] {
            story.changes_membership(server, BOB.user(), Membership::Leave);
        }
        let expected = if has_seen { vec![(event, BOB)] } else { vec![] };
        assert_eq!(unread(&story.judge()), expected);
    }
}

/// What is expected of Bob, who leaves and comes back, of an event that he does
/// not see: if it reaches his server before that, between, after, or never.
fn unread_by_who_came_back(reaches: Option<u8>) -> usize {
    let mut story = Story::of_alice_and_bob();
    let event = story.says(ALICE, Body::Timeline);
    let server = THERE;
    let arrives = |story: &mut Story, when: u8| {
        if reaches == Some(when) {
            story.note(Fact::EventStored { server, event });
        }
    };
    arrives(&mut story, 0);
    story.changes_membership(THERE, BOB.user(), Membership::Leave);
    arrives(&mut story, 1);
    story.changes_membership(THERE, BOB.user(), Membership::Join);
    arrives(&mut story, 2);
    story.judge().unread.len()
}

#[test]
fn what_arrives_between_two_stays_is_not_expected_of_who_comes_back() {
    assert_eq!(unread_by_who_came_back(Some(0)), 1, "they were there");
    assert_eq!(unread_by_who_came_back(Some(1)), 0, "they were not");
    assert_eq!(unread_by_who_came_back(Some(2)), 1, "they were there again");
    assert_eq!(unread_by_who_came_back(None), 0, "they left without it");
}

#[test]
fn nothing_is_expected_of_who_is_not_there_to_the_end() {
    let (device, why) = (BOB, LogoutReason::UnknownToken);
    let ends = [
        Fact::LoggedOut { device, why },
        Fact::Gone {
            node: NodeId::Device(BOB),
            step: STEP,
        },
        Fact::Gone {
            node: NodeId::Server(THERE),
            step: STEP,
        },
    ];
    for end in ends {
        let mut story = Story::of_alice_and_bob();
        let lost = story.is_seen(Body::Timeline);
        let mut without = Story::of_alice_and_bob();
        without.is_seen(Body::Timeline);
        without.note(end);
        assert_eq!(without.judge().unread, [], "{end:?}");
        assert_eq!(unread(&story.judge()), [(lost, BOB)]);
    }
}

#[test]
fn a_device_that_came_back_is_expected_to_read_what_was_said_since() {
    let mut story = Story::of_alice_and_bob();
    story.is_seen(Body::Timeline);
    let (device, why) = (BOB, LogoutReason::Asked);
    story.note(Fact::LoggedOut { device, why });
    story.publishes(BOB);
    let since = story.is_seen(Body::Timeline);
    assert_eq!(unread(&story.judge()), [(since, BOB)]);
}

#[test]
fn an_event_that_its_own_server_never_took_counts_for_nobody() {
    let mut story = Story::of_alice_and_bob();
    let event = story.sends(ALICE, Body::Timeline);
    let server = THERE;
    story.note(Fact::EventStored { server, event });
    let judgement = story.judge();
    assert_eq!(judgement.outcome, OutcomeClass::Ok);
    assert_eq!(judgement.unread, []);

    let mut story = Story::of_alice_and_bob();
    let event = story.sends(ALICE, Body::Timeline);
    let server = HERE;
    story.note(Fact::EventStored { server, event });
    assert_eq!(unread(&story.judge()), [(event, BOB)]);
}

/// Bob reads what Alice said so long after he saw it.
fn read_after(span: Span) -> Story {
    let mut story = Story::of_alice_and_bob();
    let event = story.is_seen(Body::Timeline);
    story.wait(span);
    story.reads(BOB, event);
    story
}

fn unread(judgement: &Judgement) -> Vec<(EventId, DeviceId)> {
    let unread = judgement.unread.iter();
    unread.map(|it| (it.event, it.reader)).collect()
}
