//! What happens to machines: crashes between two effects, writes that are
//! lost, devices that are put back, nodes that are gone.

use super::{Story, at};
use unwedge_core::name::Row;
use unwedge_core::oracle::OutcomeClass;
use unwedge_core::time::Span;

#[test]
fn a_crash_falls_before_or_after_the_write_that_it_names() {
    for (point, is_stored) in [("before_write", false), ("after_write", true)] {
        let story = Story::of(&format!(
            r#"{{ crash = {{ at = "1h", node = "hs2", {point} = "inbox" }} }},
               {{ send = {{ at = "2h", from = "alice", room = "r" }} }},
               {{ restart = {{ at = "2h1s", node = "hs2" }} }},"#
        ));
        let crash = story.first("hs2 crashes");
        assert!(crash > at(Span::hours(2)), "it waits for the write");
        let stored = story.first("hs2 stores message:alice>bob");
        assert_eq!(stored <= crash, is_stored, "it says only what is so");
        // What was stored comes back from the disk; what was not is sent again.
        let receives = story.first("bob receives message:alice>bob");
        let waited = receives.since(crash) > Span::secs(50);
        assert_eq!(waited, !is_stored, "{point}: {}", receives.since(crash));
        assert_eq!(story.outcome, OutcomeClass::Ok);
    }
}

#[test]
fn a_crash_can_fall_just_after_a_request_was_sent() {
    let story = Story::of(
        r#"{ crash = { at = "1h", node = "alice", after_sending = "send-event" } },
           { send = { at = "2h", from = "alice", room = "r" } },
           { restart = { at = "3h", node = "alice" } },"#,
    );
    let crash = story.first("alice crashes");
    assert_eq!(crash, story.first("sent event:alice@2h"));
    assert!(
        story.first("hs1 has event:alice@2h") > crash,
        "it had been sent"
    );
    assert_eq!(story.outcome, OutcomeClass::Ok);
}

#[test]
fn a_point_of_every_kind_is_reached() {
    // A device stores every kind of row when it logs in, is written to and
    // writes; `note` and `outbound-session` among them.
    for row in Row::OF_CLIENTS {
        let story = Story::of(&format!(
            r#"{{ crash = {{ at = "0s", node = "bob", before_write = "{}" }} }},
               {{ send = {{ at = "1h", from = "alice", room = "r" }} }},
               {{ send = {{ at = "1h10m", from = "bob", room = "r" }} }},"#,
            row.name()
        ));
        assert_eq!(story.when("bob crashes").len(), 1, "{}", row.name());
    }
}

#[test]
fn writes_that_had_not_reached_the_disk_are_lost() {
    let lost = |writes: &str| {
        let story = Story::of(&format!(
            r#"{{ crash = {{ at = "1h", node = "bob"{writes} }} }},
               {{ restart = {{ at = "2h", node = "bob" }} }},"#
        ));
        (
            story.when("bob logs in").len(),
            story.when("bob loses").len(),
        )
    };
    assert_eq!(lost(""), (1, 0));
    assert_eq!(lost(", lost_writes = 1"), (1, 1));
    // Everything it ever wrote: it has to log in again.
    assert_eq!(lost(", lost_writes = 100"), (2, 1));
}

#[test]
fn a_server_loses_its_last_writes_too() {
    let story = Story::of(
        r#"{ send = { at = "1h", from = "alice", room = "r" } },
           { offline = { at = "2h", device = "bob" } },
           { send = { at = "3h", from = "alice", room = "r" } },
           { crash = { at = "4h", node = "hs2", lost_writes = 1 } },
           { restart = { at = "5h", node = "hs2" } },"#,
    );
    // The last that it stored was the event, which it fetches again.
    assert_eq!(story.when("hs2 has event:alice@3h").len(), 2);
    assert_eq!(story.outcome, OutcomeClass::Ok);
}

#[test]
fn a_device_is_put_back_to_its_copy_and_a_missing_copy_is_a_restart() {
    let story = Story::of(
        r#"{ backup = { at = "1h", device = "bob" } },
           { send = { at = "2h", from = "alice", room = "r" } },
           { restore = { at = "3h", device = "bob" } },"#,
    );
    assert!(story.first("bob is put back to 1h00m00.0000s") == at(Span::hours(3)));
    // It has forgotten the room key, and sees the message once more.
    assert_eq!(story.when("bob reads event:alice@2h").len(), 1);
    assert_eq!(story.when("bob sees event:alice@2h").len(), 2);
    assert_eq!(story.outcome, OutcomeClass::Lost);

    let story = Story::of(
        r#"{ send = { at = "2h", from = "alice", room = "r" } },
           { restore = { at = "3h", device = "bob" } },"#,
    );
    assert!(story.when("bob is put back").is_empty());
    assert_eq!(story.when("bob starts").len(), 2);
    assert_eq!(story.outcome, OutcomeClass::Ok);
}

#[test]
fn who_is_gone_stays_gone_and_nothing_is_expected_of_them() {
    for node in ["bob", "hs2"] {
        let story = Story::of(&format!(
            r#"{{ gone = {{ at = "1h", node = "{node}" }} }},
               {{ send = {{ at = "2h", from = "alice", room = "r" }} }},
               {{ restart = {{ at = "3h", node = "{node}" }} }},"#
        ));
        assert_eq!(story.when(&format!("{node} starts")).len(), 1);
        assert!(story.when("bob sees").is_empty());
        assert_eq!(story.outcome, OutcomeClass::Ok, "{node}");
        assert!(story.first("hs1 has event:alice@2h") > at(Span::hours(2)));
    }
}
