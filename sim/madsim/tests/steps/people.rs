//! What people do: log in and out, invite, join and leave, block.

use super::{Story, at};
use unwedge_core::oracle::{Excuse, OutcomeClass};
use unwedge_core::time::Span;

/// Alice, Bob and Bob's laptop, which logs in later.
const WITH_LAPTOP: &str = r#"
    devices = { alice = "hs1", bob = "hs2", "bob.laptop" = "hs2" }
    rooms = { r = ["alice", "bob"] }"#;

/// Carol is in no room at first; her server has nobody in it either.
const WITH_CAROL: &str = r#"
    devices = { alice = "hs1", bob = "hs1", carol = "hs2" }
    rooms = { r = ["alice", "bob"] }"#;

#[test]
fn a_device_that_logs_in_later_reads_what_is_said_from_then_on() {
    let story = Story::among(
        WITH_LAPTOP,
        r#"{ send = { at = "1h", from = "alice", room = "r" } },
           { login = { at = "2h", device = "bob.laptop" } },
           { send = { at = "3h", from = "alice", room = "r" } },"#,
    );
    assert_eq!(story.outcome, OutcomeClass::Ok);
    assert!(story.first("bob.laptop starts") >= at(Span::hours(2)));
    assert!(story.first("bob.laptop logs in") > at(Span::hours(2)));
    assert!(story.first("bob.laptop reads event:alice@3h") > at(Span::hours(3)));
    // What was said before it was there is history to it.
    assert!(story.when("bob.laptop reads event:alice@1h").is_empty());
    let excused: Vec<Excuse> = story.judgement.excused.iter().map(|it| it.excuse).collect();
    assert_eq!(excused, [Excuse::SentBeforeLogin]);
}

#[test]
fn a_device_that_logs_out_is_forgotten_and_comes_back_as_another() {
    let story = Story::among(
        WITH_LAPTOP,
        r#"{ send = { at = "1h", from = "alice", room = "r" } },
           { logout = { at = "2h", device = "bob.laptop" } },
           { send = { at = "3h", from = "alice", room = "r" } },
           { login = { at = "4h", device = "bob.laptop" } },
           { send = { at = "5h", from = "alice", room = "r" } },"#,
    );
    assert_eq!(story.outcome, OutcomeClass::Ok, "{:?}", story.judgement);
    assert!(story.first("bob.laptop is logged out: Asked") > at(Span::hours(2)));
    let deleted = story.first("hs2 deletes bob.laptop");
    assert!(deleted > at(Span::hours(2)) && deleted < at(Span::hours(3)));
    // Alice's session is replaced, because somebody who had its key is gone.
    let replaced = story.first("discarded megolm:alice/r");
    assert!(replaced > at(Span::hours(3)) && replaced < at(Span::hours(4)));
    assert_eq!(story.when("hs2 knows bob.laptop").len(), 2);
    assert!(story.when("bob.laptop reads event:alice@3h").is_empty());
    assert!(!story.when("bob.laptop reads event:alice@5h").is_empty());
}

#[test]
fn a_logout_waits_for_a_connection() {
    let story = Story::of(
        r#"{ offline = { at = "1h", device = "bob" } },
           { logout = { at = "2h", device = "bob" } },
           { online = { at = "3h", device = "bob" } },"#,
    );
    assert!(story.first("hs2 deletes bob") > at(Span::hours(3)));
    assert_eq!(story.when("bob is logged out").len(), 1);
}

#[test]
fn whoever_joins_reads_what_is_said_from_then_on_and_whoever_leaves_no_more() {
    let story = Story::among(
        WITH_CAROL,
        r#"{ send = { at = "1h", from = "alice", room = "r" } },
           { join = { at = "2h", device = "carol", room = "r" } },
           { send = { at = "3h", from = "alice", room = "r" } },
           { leave = { at = "4h", device = "carol", room = "r" } },
           { send = { at = "5h", from = "alice", room = "r" } },
           { join = { at = "6h", device = "carol", room = "r" } },
           { send = { at = "7h", from = "alice", room = "r" } },"#,
    );
    assert_eq!(story.outcome, OutcomeClass::Ok, "{:?}", story.judgement);
    for server in ["hs1", "hs2"] {
        assert_eq!(
            story
                .when(&format!("{server} has that carol joins r"))
                .len(),
            2
        );
        assert_eq!(
            story
                .when(&format!("{server} has that carol leaves r"))
                .len(),
            1
        );
    }
    // Who is not in the room is not even shown what is said there.
    for (hour, sees) in [(1, false), (3, true), (5, false), (7, true)] {
        let seen = story.when(&format!("carol reads event:alice@{hour}h"));
        assert_eq!(!seen.is_empty(), sees, "{hour}h");
        let seen = story.when(&format!("carol sees event:alice@{hour}h"));
        assert_eq!(!seen.is_empty(), sees, "{hour}h");
    }
    // Alice's session is replaced once Carol, who has its key, has left.
    let replaced = story.first("discarded megolm:alice/r");
    assert!(replaced > at(Span::hours(5)) && replaced < at(Span::hours(6)));
}

#[test]
fn whoever_is_invited_is_given_keys_and_reads_what_was_said_since_once_they_join() {
    let story = Story::among(
        WITH_CAROL,
        r#"{ send = { at = "1h", from = "alice", room = "r" } },
           { invite = { at = "2h", by = "alice", device = "carol", room = "r" } },
           { send = { at = "3h", from = "bob", room = "r" } },
           { join = { at = "4h", device = "carol", room = "r" } },
           { send = { at = "5h", from = "alice", room = "r" } },"#,
    );
    assert_eq!(story.outcome, OutcomeClass::Ok, "{:?}", story.judgement);
    assert!(story.first("bob is told that carol has been invited to r") > at(Span::hours(2)));
    let learns = story.first("carol learns megolm:bob/r");
    assert!(learns > at(Span::hours(3)) && learns < at(Span::hours(4)));
    let reads = story.first("carol reads event:bob@3h");
    assert!(reads > at(Span::hours(4)) && reads < at(Span::hours(5)));
    assert!(story.when("carol sees event:alice@1h").is_empty());
    assert!(!story.when("carol reads event:alice@5h").is_empty());
}

#[test]
fn nobody_is_invited_whose_server_cannot_be_reached() {
    let story = Story::among(
        WITH_CAROL,
        r#"{ partition = { at = "1h", between = ["hs1", "hs2"] } },
           { invite = { at = "2h", by = "alice", device = "carol", room = "r" } },
           { send = { at = "3h", from = "alice", room = "r" } },"#,
    );
    assert_eq!(story.outcome, OutcomeClass::Ok);
    assert!(story.when("invited to").is_empty());
}

#[test]
fn nobody_joins_through_a_server_that_cannot_be_reached() {
    let story = Story::among(
        WITH_CAROL,
        r#"{ partition = { at = "1h", between = ["hs1", "hs2"] } },
           { join = { at = "2h", device = "carol", room = "r" } },
           { send = { at = "3h", from = "alice", room = "r" } },"#,
    );
    assert_eq!(story.outcome, OutcomeClass::Ok);
    assert!(story.when("joins r").is_empty());
}

#[test]
fn a_device_that_is_blocked_gets_no_key_and_is_told_so() {
    let story = Story::of(
        r#"{ send = { at = "1h", from = "alice", room = "r" } },
           { block = { at = "2h", by = "alice", device = "bob" } },
           { send = { at = "3h", from = "alice", room = "r" } },"#,
    );
    assert_eq!(story.outcome, OutcomeClass::Ok, "it is no failure");
    let withheld = story.judgement.excused.iter().map(|it| it.excuse);
    assert!(withheld.clone().count() > 1 && withheld.clone().all(|it| it == Excuse::Withheld));
    assert!(story.when("bob reads event:alice@3h").is_empty());
    assert!(story.first("Blacklisted") > at(Span::hours(3)));
    assert!(!story.when("bob cannot read event:alice@3h").is_empty());
    assert!(story.first("discarded megolm:alice/r") > at(Span::hours(3)));
}

#[test]
fn a_client_that_was_thrown_out_stays_out_unless_somebody_starts_it_again() {
    let restored = r#"{ backup = { at = "0s", server = "hs2" } },
           { restore = { at = "2h", server = "hs2" } },"#;
    let story = Story::of(restored);
    let out = story.first("bob is logged out: UnknownToken");
    assert!(out > at(Span::hours(2)) && out < story.healing());
    assert_eq!(story.when("bob logs in").len(), 1);
    assert_eq!(story.outcome, OutcomeClass::Ok, "nothing is expected of it");

    let story = Story::of(&format!(
        r#"{restored} {{ crash = {{ at = "3h", node = "bob" }} }},
           {{ restart = {{ at = "3h1m", node = "bob" }} }},"#
    ));
    assert_eq!(story.when("bob logs in").len(), 2);
    // Under the same ID it is somebody else now, whom Alice does not believe:
    // she has not heard that the first was gone.
    assert_eq!(story.outcome, OutcomeClass::Stuck);
}

#[test]
fn who_comes_back_into_a_room_still_has_what_was_said_before() {
    let story = Story::among(
        r#"devices = { alice = "hs1", bob = "hs2", "bob.laptop" = "hs2" }
           rooms = { r = ["alice", "bob"] }"#,
        r#"{ offline = { at = "1h", device = "bob" } },
           { send = { at = "2h", from = "alice", room = "r" } },
           { leave = { at = "3h", device = "bob.laptop", room = "r" } },
           { join = { at = "4h", device = "bob.laptop", room = "r" } },
           { online = { at = "5h", device = "bob" } },"#,
    );
    assert_eq!(story.outcome, OutcomeClass::Ok, "{:?}", story.judgement);
    assert!(story.first("bob reads event:alice@2h") > at(Span::hours(5)));
}

#[test]
fn what_is_wished_while_there_is_no_connection_comes_true_in_order() {
    let story = Story::among(
        WITH_CAROL,
        r#"{ offline = { at = "1h", device = "carol" } },
           { join = { at = "2h", device = "carol", room = "r" } },
           { leave = { at = "3h", device = "carol", room = "r" } },
           { logout = { at = "4h", device = "carol" } },
           { login = { at = "5h", device = "carol" } },
           { join = { at = "6h", device = "carol", room = "r" } },
           { online = { at = "7h", device = "carol" } },"#,
    );
    assert_eq!(story.when("hs1 has that carol joins r").len(), 2);
    assert_eq!(story.when("hs1 has that carol leaves r").len(), 1);
    assert_eq!(story.when("carol logs in").len(), 2);
}
