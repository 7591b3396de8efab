//! What happens when a second process works on the store of a device.

use super::{Story, at};
use unwedge_core::oracle::OutcomeClass;
use unwedge_core::time::Span;

/// A second process makes a key and uploads it while the app is suspended; later
/// the app has to make one too.
const KEYS: &str = r#"
    { claim = { at = "1h10m", device = "bob", count = 1 } },
    { claim = { at = "3h", device = "bob", count = 1 } },"#;

#[test]
fn two_processes_without_a_lock_make_two_keys_with_one_number() {
    let story = Story::of(&format!(
        r#"{{ fork = {{ at = "1h", device = "bob", for = "30m", lock = false }} }},{KEYS}"#
    ));
    let starts = story.first("a second process of bob starts without an effective lock");
    assert!(starts > at(Span::hours(1)) && starts < at(Span::hours(1) + Span::secs(2)));
    let ends = story.first("the second process of bob ends");
    assert_eq!(ends.since(starts), Span::mins(30));
    let theirs = story.first("generated otk:bob#50~1");
    assert!(theirs > starts && theirs < ends);
    let both = story.when("generated otk:bob#50");
    assert!(both.len() == 2 && both[1] > ends, "the app's comes later");
    assert!(!story.when("hs2 refuses otk:bob#50 from bob").is_empty());
}

#[test]
fn with_a_lock_the_app_knows_what_the_other_process_did() {
    let story = Story::of(&format!(
        r#"{{ fork = {{ at = "1h", device = "bob", for = "30m" }} }},{KEYS}
           {{ send = {{ at = "4h", from = "alice", room = "r" }} }},"#
    ));
    assert_eq!(story.when("generated otk:bob#50").len(), 1);
    assert_eq!(story.when("generated otk:bob#51").len(), 1);
    assert!(story.when("hs2 refuses").is_empty());
    assert_eq!(story.outcome, OutcomeClass::Ok);
}

#[test]
fn a_suspended_app_leaves_its_mail_to_the_other_process_and_reads_what_that_could() {
    for lock in ["", ", lock = false"] {
        let story = Story::of(&format!(
            r#"{{ fork = {{ at = "1h", device = "bob", for = "30m"{lock} }} }},
               {{ send = {{ at = "1h10m", from = "alice", room = "r" }} }},
               {{ send = {{ at = "2h", from = "alice", room = "r" }} }},"#
        ));
        let room_keys = story.when("bob learns megolm:alice/r@1h1");
        assert_eq!(room_keys.len(), 1);
        assert!(room_keys[0] < at(Span::mins(71)));
        // One message for each, of one Megolm session.
        assert_eq!(story.when("bob reads event:alice@1h1").len(), 1);
        assert_eq!(story.when("bob reads event:alice@2h").len(), 1);
        assert_eq!(story.outcome, OutcomeClass::Ok);
    }
}

#[test]
fn beside_a_running_app_both_take_every_message() {
    let story = Story::of(
        r#"{ fork = { at = "1h", device = "bob", for = "30m", app = "running", lock = false } },
           { send = { at = "1h10m", from = "alice", room = "r" } },"#,
    );
    assert_eq!(story.when("bob receives message:alice>bob@1h1").len(), 2);
    assert_eq!(story.when("bob reads event:alice@1h1").len(), 1);
    assert_eq!(story.outcome, OutcomeClass::Ok);
}

#[test]
fn a_process_that_finds_the_store_locked_leaves_it_alone() {
    let story =
        Story::of(r#"{ fork = { at = "1h", device = "bob", for = "30m", app = "running" } },"#);
    assert!(story.when("a second process").is_empty());
    assert_eq!(story.when("step 1 has had no effect").len(), 1);
}

#[test]
fn a_second_process_ends_with_its_time_with_the_device_with_a_logout_and_with_healing() {
    let ends = |lasts: &str, more: &str| {
        let story = Story::of(&format!(
            r#"{{ fork = {{ at = "1h", device = "bob", for = "{lasts}", app = "running", lock = false }} }},
               {more}
               {{ send = {{ at = "4h", from = "alice", room = "r" }} }},"#
        ));
        let end = story.when("the second process of bob ends");
        (end, story.healing())
    };
    let (end, _) = ends("1h", "");
    assert_eq!(end.len(), 1);
    let (end, heals) = ends("10days", "");
    assert!(end[0] >= heals && end[0].since(heals) < Span::secs(1));
    let (end, _) = ends("10days", r#"{ logout = { at = "2h", device = "bob" } },"#);
    assert!(end[0] > at(Span::hours(2)) && end[0] < at(Span::mins(121)));
    let (end, _) = ends("10days", r#"{ crash = { at = "2h", node = "bob" } },"#);
    assert!(end.is_empty(), "it is gone with the device");
}

#[test]
fn an_app_that_wakes_up_with_healing_knows_what_the_other_process_did() {
    let story = Story::of(&format!(
        r#"{{ fork = {{ at = "1h", device = "bob", for = "10days" }} }},{KEYS}
           {{ send = {{ at = "4h", from = "alice", room = "r" }} }},"#
    ));
    let end = story.first("the second process of bob ends");
    assert!(end >= story.healing());
    assert_eq!(story.when("generated otk:bob#50").len(), 1);
    assert_eq!(story.when("generated otk:bob#51").len(), 1);
    assert_eq!(story.when("bob reads event:alice@4h").len(), 1);
    assert_eq!(story.outcome, OutcomeClass::Ok);
}
