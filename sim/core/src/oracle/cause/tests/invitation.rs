//! Carol is invited by Alice, and joins later with a device that Alice's client
//! has given no key.

use crate::crypto::Body;
use crate::name::{DeviceId, NodeId};
use crate::oracle::CauseKind::{ClaimEmpty, DeviceUnknown, InvitationUnheard};
use crate::oracle::testing::{
    ALICE, ALICE_LAPTOP, BOB, CAROL, HERE, OTHER_STEP, ROOM, STEP, Story, THERE, because,
};
use crate::time::Span;
use crate::trace::{ClaimMiss, Fact, FactId, LogoutReason, StepIndex};
use crate::wire::{Membership, MessageKind};

#[test]
fn a_sender_that_has_not_heard_of_an_invitation_gives_no_key() {
    let mut story = with_carol();
    let invited = invites(&mut story, STEP);
    // What Alice's laptop hears, or what she hears of others, she does not know.
    hears(&mut story, ALICE_LAPTOP, CAROL, Membership::Invite);
    hears(&mut story, ALICE, BOB, Membership::Invite);
    is_seen_by_carol(&mut story);
    hears(&mut story, ALICE, CAROL, Membership::Invite);
    let (kind, step) = (InvitationUnheard, STEP);
    assert_eq!(story.cause(), because(kind, step, invited));
}

#[test]
fn whatever_lost_the_senders_sync_since_the_invitation_is_to_blame() {
    let mut story = with_carol();
    loses_sync(&mut story, ALICE, OTHER_STEP);
    let invited = invites(&mut story, OTHER_STEP);
    loses_sync(&mut story, ALICE, STEP);
    loses_sync(&mut story, BOB, OTHER_STEP);
    is_seen_by_carol(&mut story);
    loses_sync(&mut story, ALICE, OTHER_STEP);
    assert_eq!(story.cause(), because(InvitationUnheard, STEP, invited));
}

#[test]
fn an_invitation_that_comes_between_sending_and_its_place_is_unheard() {
    let mut story = with_carol();
    let event = story.sends(ALICE, Body::Timeline);
    story.sees(BOB, event);
    story.reads(BOB, event);
    let invited = invites(&mut story, STEP);
    let server = HERE;
    story.note(Fact::EventStored { server, event });
    comes_in(&mut story);
    story.sees(CAROL, event);
    assert_eq!(story.cause(), because(InvitationUnheard, STEP, invited));
}

#[test]
fn who_has_heard_of_an_invitation_did_not_know_the_device() {
    for membership in [Membership::Invite, Membership::Join] {
        let mut story = with_carol();
        let told = invites(&mut story, STEP);
        hears(&mut story, ALICE, CAROL, membership);
        is_seen_by_carol(&mut story);
        // Nobody tells of devices of somebody who is only invited.
        let asked = FactId(told.0 - 1);
        assert_eq!(story.cause(), because(DeviceUnknown, STEP, asked));
    }
}

#[test]
fn who_has_come_into_the_room_or_logged_in_since_is_told_of_everybody() {
    for comes in [true, false] {
        let mut story = with_carol();
        let told = invites(&mut story, STEP);
        match comes {
            true => story.changes_membership(HERE, ALICE.user(), Membership::Join),
            false => {
                let (device, why) = (ALICE, LogoutReason::Asked);
                story.note(Fact::LoggedOut { device, why });
                story.publishes(ALICE);
            }
        }
        is_seen_by_carol(&mut story);
        let asked = FactId(told.0 - 1);
        assert_eq!(story.cause(), because(DeviceUnknown, STEP, asked));
    }
}

#[test]
fn once_the_invited_user_has_joined_no_invitation_is_to_blame_for_an_unknown_device() {
    let mut story = with_carol();
    invites(&mut story, STEP);
    hears(&mut story, ALICE, CAROL, Membership::Invite);
    comes_in(&mut story);
    let event = story.is_read(Body::Timeline);
    story.sees(CAROL, event);
    let cause = story.cause().expect("it was not read");
    assert_eq!((cause.kind, cause.step), (DeviceUnknown, None));
}

#[test]
fn an_invitation_from_before_a_leave_is_over() {
    let mut story = with_carol();
    invites(&mut story, STEP);
    story.changes_membership(HERE, CAROL.user(), Membership::Leave);
    comes_in(&mut story);
    let event = story.is_read(Body::Timeline);
    story.sees(CAROL, event);
    let cause = story.cause().expect("it was not read");
    assert_eq!((cause.kind, cause.step), (DeviceUnknown, None));
}

#[test]
fn a_sender_that_claimed_a_key_knew_enough_of_the_invitation() {
    let mut story = with_carol();
    invites(&mut story, OTHER_STEP);
    let (by, of, why) = (ALICE, CAROL, ClaimMiss::NoKey);
    let missed = story.note(Fact::ClaimMissed { by, of, why });
    is_seen_by_carol(&mut story);
    assert_eq!(story.cause(), because(ClaimEmpty, None, missed));
}

fn with_carol() -> Story {
    let mut story = Story::of_alice_and_bob();
    story.publishes(CAROL);
    story
}

/// Alice's server stores that Carol is invited, as a step asked for. Others are
/// invited as well.
fn invites(story: &mut Story, step: Option<StepIndex>) -> FactId {
    story.wait(Span::secs(1));
    let step = step.expect("the story names a step");
    for (user, step) in [(BOB.user(), StepIndex(7)), (CAROL.user(), step)] {
        let (by, room) = (ALICE, ROOM);
        story.note(Fact::ToldToInvite {
            by,
            user,
            room,
            step,
        });
    }
    let (server, room, user) = (HERE, ROOM, CAROL.user());
    let membership = Membership::Invite;
    story.note(Fact::MembershipStored {
        server,
        room,
        user,
        membership,
    })
}

fn hears(story: &mut Story, by: DeviceId, of: DeviceId, membership: Membership) {
    let (room, user) = (ROOM, of.user());
    story.note(Fact::MembershipSeen {
        by,
        room,
        user,
        membership,
    });
}

/// An answer to a device's `/sync` is lost.
fn loses_sync(story: &mut Story, device: DeviceId, step: Option<StepIndex>) {
    story.wait(Span::secs(1));
    story.note(Fact::MessageDropped {
        from: NodeId::Server(device.server()),
        to: NodeId::Device(device),
        kind: MessageKind::Sync,
        answer: true,
        step,
    });
}

fn comes_in(story: &mut Story) {
    for server in [HERE, THERE] {
        story.changes_membership(server, CAROL.user(), Membership::Join);
    }
}

/// Alice says something, which Bob reads, and Carol sees once she has joined.
fn is_seen_by_carol(story: &mut Story) {
    let event = story.is_read(Body::Timeline);
    comes_in(story);
    story.sees(CAROL, event);
}
