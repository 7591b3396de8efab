//! The event itself never reached the reader.

use crate::crypto::Body;
use crate::name::{EventId, NodeId, Table};
use crate::oracle::CauseKind::EventUndelivered;
use crate::oracle::testing::{
    ALICE, BOB, HERE, OTHER_STEP, ROOM, SESSION, STEP, Story, THERE, because,
};
use crate::time::Span;
use crate::trace::Fact;

#[test]
fn a_restore_of_the_readers_server_undoes_an_event() {
    let mut story = Story::of_alice_and_bob();
    let copy = story.now;
    story.cuts_link(OTHER_STEP);
    story.says(ALICE, Body::Timeline);
    story.restores(THERE, Table::Inbox, copy, OTHER_STEP);
    let restore = story.restores(THERE, Table::Rooms, copy, STEP);
    assert_eq!(story.cause(), because(EventUndelivered, STEP, restore));
}

#[test]
fn a_restore_of_the_senders_server_undoes_an_event() {
    let mut story = Story::of_alice_and_bob();
    let copy = story.now;
    story.cuts_link(OTHER_STEP);
    story.says(ALICE, Body::Timeline);
    let restore = story.restores(HERE, Table::Rooms, copy, STEP);
    assert_eq!(story.cause(), because(EventUndelivered, STEP, restore));
}

#[test]
fn a_copy_that_holds_the_event_undoes_nothing() {
    let mut story = Story::of_alice_and_bob();
    let cut = story.cuts_link(STEP);
    story.says(ALICE, Body::Timeline);
    let copy = story.now;
    story.restores(THERE, Table::Rooms, copy, OTHER_STEP);
    story.restores(HERE, Table::Rooms, copy, OTHER_STEP);
    assert_eq!(story.cause(), because(EventUndelivered, STEP, cut));
}

#[test]
fn an_event_that_the_readers_server_has_lies_beyond_a_token_from_before_a_restore() {
    let mut story = Story::of_alice_and_bob();
    let copy = story.now;
    story.wait(Span::hours(1));
    let restore = story.restores(THERE, Table::Rooms, copy, STEP);
    story.cuts_link(OTHER_STEP);
    let event = story.says(ALICE, Body::Timeline);
    let server = THERE;
    story.note(Fact::EventStored { server, event });
    assert_eq!(story.cause(), because(EventUndelivered, STEP, restore));
}

#[test]
fn servers_that_cannot_reach_each_other_deliver_nothing() {
    let (here, there) = (NodeId::Server(HERE), NodeId::Server(THERE));
    for between in [[here, there], [there, here]] {
        let mut story = Story::of_alice_and_bob();
        story.says(ALICE, Body::Timeline);
        let cut = story.note(Fact::LinkCut {
            one_way: false,
            between,
            step: STEP,
        });
        let between = [NodeId::Device(BOB), there];
        story.note(Fact::LinkCut {
            one_way: false,
            between,
            step: OTHER_STEP,
        });
        assert_eq!(story.cause(), because(EventUndelivered, STEP, cut));
    }
}

#[test]
fn the_readers_server_takes_nothing_while_it_is_down() {
    let mut story = Story::of_alice_and_bob();
    let crash = story.crashes(NodeId::Server(THERE), STEP);
    story.crashes(NodeId::Server(HERE), OTHER_STEP);
    story.says(ALICE, Body::Timeline);
    assert_eq!(story.cause(), because(EventUndelivered, STEP, crash));
}

#[test]
fn without_anything_from_outside_the_event_itself_is_named() {
    let mut story = Story::of_alice_and_bob();
    story.wait(Span::secs(1));
    let (sender, sent) = (ALICE, story.now);
    let event = EventId { sender, sent };
    let sent = story.note(Fact::EventSent {
        event,
        room: ROOM,
        session: SESSION,
        index: 0,
        body: Body::Timeline,
    });
    let server = HERE;
    story.note(Fact::EventStored { server, event });
    assert_eq!(story.cause(), because(EventUndelivered, None, sent));
}
