use super::*;
use crate::crypto::Body;
use crate::name::MessageId;
use crate::oracle::testing::{ALICE, BOB, HERE, ROOM, SESSION, THERE};
use crate::trace::{LogoutReason, Trace};

/// Alice is in a room from the start, and says things there.
struct Story {
    trace: Trace,
    now: Time,
}

impl Story {
    fn with_bob(is_in: bool) -> Self {
        let (trace, now) = (Trace::default(), Time::ZERO);
        let mut story = Self { trace, now };
        story.joined(ALICE);
        if is_in {
            story.joined(BOB);
        }
        story
    }

    fn note(&mut self, fact: Fact) -> FactId {
        self.now += Span::secs(1);
        self.trace.note(self.now, fact);
        self.trace.last().expect("one was just noted")
    }

    fn joined(&mut self, device: DeviceId) {
        let (room, user) = (ROOM, device.user());
        self.note(Fact::Joined { room, user });
    }

    /// A server stores that Bob comes or goes.
    fn bob(&mut self, membership: Membership, server: ServerId) -> FactId {
        let (room, user) = (ROOM, BOB.user());
        self.note(Fact::MembershipStored {
            server,
            room,
            user,
            membership,
        })
    }

    /// Alice is told that Bob has come or gone.
    fn alice_hears(&mut self, membership: Membership) -> FactId {
        self.alice_hears_of(BOB, membership)
    }

    fn alice_hears_of(&mut self, device: DeviceId, membership: Membership) -> FactId {
        let (by, room, user) = (ALICE, ROOM, device.user());
        self.note(Fact::MembershipSeen {
            by,
            room,
            user,
            membership,
        })
    }

    /// Bob leaves, and comes back, and Alice hears of both.
    fn bob_goes(&mut self, membership: Membership) -> FactId {
        self.bob(membership, THERE);
        self.bob(membership, HERE);
        self.alice_hears(membership)
    }

    /// Alice gives Bob's device the key from an index on.
    fn shares(&mut self, index: u32) -> FactId {
        let message = MessageId {
            sender: ALICE,
            to: BOB,
            sent: self.now,
            number: 0,
        };
        let session = SESSION;
        self.note(Fact::RoomKeyShared {
            session,
            index,
            message,
        })
    }

    fn sends(&mut self, index: u32) -> FactId {
        let (sender, sent) = (ALICE, self.now);
        let (session, room, body) = (SESSION, ROOM, Body::Timeline);
        self.note(Fact::EventSent {
            event: EventId { sender, sent },
            room,
            session,
            index,
            body,
        })
    }

    /// Alice says something, which her server takes.
    fn says(&mut self, index: u32) -> FactId {
        let fact = self.sends(index);
        self.takes(fact);
        fact
    }

    /// Alice's server takes what she has sent.
    fn takes(&mut self, sent: FactId) {
        let Fact::EventSent { event, .. } = self.trace.at(sent).fact else {
            unreachable!("an event was sent there")
        };
        let server = HERE;
        self.note(Fact::EventStored { server, event });
    }

    fn finds(&self, knowingly: &[[FactId; 3]], unawares: &[[FactId; 3]]) {
        for (oracle, facts) in [(KNOWINGLY, knowingly), (UNAWARES, unawares)] {
            let found: Vec<_> = facts
                .iter()
                .map(|facts| Violation {
                    oracle: oracle.name,
                    facts: facts.to_vec(),
                })
                .collect();
            let mut all = check(&History::of(&self.trace));
            all.retain(|it| it.oracle == oracle.name);
            assert_eq!(all, found, "{}", oracle.name);
        }
    }
}

#[test]
fn what_is_said_after_a_leave_that_the_sender_knows_of_is_found_once() {
    let mut story = Story::with_bob(true);
    let share = story.shares(0);
    story.says(0);
    let told = story.bob_goes(Membership::Leave);
    let said = story.says(1);
    story.says(2);
    story.finds(&[[share, told, said]], &[]);
}

#[test]
fn what_is_said_in_another_session_or_after_coming_back_is_fine() {
    let mut story = Story::with_bob(true);
    story.shares(4);
    story.bob_goes(Membership::Leave);
    // The key that Bob has does not reach so far back.
    story.says(3);
    story.bob_goes(Membership::Join);
    story.says(4);
    story.finds(&[], &[]);
}

#[test]
fn a_leave_that_the_sender_has_not_heard_of_is_found_under_another_name() {
    let mut story = Story::with_bob(true);
    let share = story.shares(0);
    let left = story.bob(Membership::Leave, THERE);
    let said = story.says(0);
    story.bob(Membership::Leave, HERE);
    story.says(1);
    story.alice_hears(Membership::Leave);
    story.finds(&[], &[[share, left, said]]);
}

#[test]
fn a_leave_that_nobody_remembers_is_none() {
    let mut story = Story::with_bob(true);
    story.shares(0);
    let before = story.now;
    story.bob(Membership::Leave, THERE);
    story.note(Fact::TableRestored {
        server: THERE,
        table: Table::Rooms,
        taken: before,
        step: None,
    });
    story.says(0);
    story.finds(&[], &[]);
}

#[test]
fn a_sender_that_was_put_back_does_not_know_of_a_leave() {
    let mut story = Story::with_bob(true);
    let share = story.shares(0);
    let before = story.now;
    let left = story.bob(Membership::Leave, THERE);
    story.alice_hears(Membership::Leave);
    story.note(Fact::DeviceRestored {
        device: ALICE,
        taken: before,
        step: None,
    });
    let said = story.says(0);
    story.finds(&[], &[[share, left, said]]);
}

#[test]
fn a_key_that_reads_what_was_said_between_two_stays_is_found() {
    let mut story = Story::with_bob(true);
    // Sent before the leave, and put after it by the server.
    let said = story.sends(1);
    story.bob(Membership::Leave, THERE);
    story.bob(Membership::Leave, HERE);
    story.takes(said);
    let told = story.alice_hears(Membership::Leave);
    story.bob_goes(Membership::Join);
    let mut later = Story {
        trace: story.trace.clone(),
        ..story
    };
    let share = story.shares(0);
    story.finds(&[[said, told, share]], &[]);
    later.shares(2);
    later.finds(&[], &[]);
}

#[test]
fn a_newcomer_that_is_given_what_was_said_before_is_found() {
    let mut story = Story::with_bob(false);
    let said = story.says(0);
    let told = story.bob_goes(Membership::Join);
    let mut later = Story {
        trace: story.trace.clone(),
        ..story
    };
    let share = story.shares(0);
    story.finds(&[[said, told, share]], &[]);
    later.shares(1);
    later.says(1);
    later.finds(&[], &[]);
}

#[test]
fn who_is_invited_may_be_given_what_is_said_from_then_on() {
    let mut story = Story::with_bob(false);
    let before = story.says(0);
    story.bob(Membership::Invite, HERE);
    let told = story.alice_hears(Membership::Invite);
    story.says(1);
    let mut later = Story {
        trace: story.trace.clone(),
        ..story
    };
    let share = story.shares(0);
    story.finds(&[[before, told, share]], &[]);
    later.shares(1);
    later.says(2);
    later.finds(&[], &[]);
}

#[test]
fn who_has_left_and_is_invited_again_may_be_given_what_is_said_from_then_on() {
    let mut story = Story::with_bob(true);
    story.bob(Membership::Invite, HERE);
    let left = story.bob(Membership::Leave, THERE);
    let mut uninvited = Story {
        trace: story.trace.clone(),
        ..story
    };
    story.bob(Membership::Leave, HERE);
    story.alice_hears(Membership::Leave);
    story.bob(Membership::Invite, HERE);
    story.alice_hears(Membership::Invite);
    // Bob's server has not stored it.
    story.shares(0);
    story.says(0);
    story.finds(&[], &[]);

    // An invitation from before the leave is over.
    let share = uninvited.shares(0);
    let said = uninvited.says(0);
    uninvited.finds(&[], &[[share, left, said]]);
}

#[test]
fn what_a_blocked_device_can_read_is_found() {
    let mut story = Story::with_bob(true);
    let share = story.shares(0);
    story.says(0);
    let (by, device) = (ALICE, BOB);
    let blocked = story.note(Fact::Blocked { by, device });
    let said = story.says(1);
    story.finds(&[[share, blocked, said]], &[]);
}

#[test]
fn what_comes_through_between_sharing_and_sending_comes_too_late() {
    let mut story = Story::with_bob(true);
    let share = story.shares(0);
    let left = story.bob(Membership::Leave, THERE);
    let told = story.alice_hears(Membership::Leave);
    let (by, device) = (ALICE, BOB);
    story.note(Fact::Blocked { by, device });
    let said = story.says(0);
    story.finds(&[], &[[share, left, said]]);
    // What is said next could have been kept from him.
    let next = story.says(1);
    story.finds(&[[share, told, next]], &[[share, left, said]]);
}

#[test]
fn who_has_left_and_come_back_is_told_all_members_anew() {
    let mut story = Story::with_bob(true);
    story.bob_goes(Membership::Leave);
    story.alice_hears_of(ALICE, Membership::Leave);
    // Bob comes back before Alice does, who never hears it as news.
    story.bob(Membership::Join, HERE);
    story.bob(Membership::Join, THERE);
    story.shares(0);
    story.says(0);
    story.finds(&[], &[]);
}

#[test]
fn who_is_put_back_or_logs_out_blocks_nobody_any_more() {
    for forgets in [
        Fact::DeviceRestored {
            device: ALICE,
            taken: Time::ZERO,
            step: None,
        },
        Fact::LoggedOut {
            device: ALICE,
            why: LogoutReason::Asked,
        },
    ] {
        let mut story = Story::with_bob(true);
        let (by, device) = (ALICE, BOB);
        story.note(Fact::Blocked { by, device });
        story.note(forgets);
        story.shares(0);
        story.says(0);
        story.finds(&[], &[]);
    }
}
