//! What is done to links and to what travels on them.

use super::{Story, at};
use unwedge_core::oracle::OutcomeClass;
use unwedge_core::time::Span;

#[test]
fn a_link_can_be_cut_in_one_direction() {
    let story = Story::of(
        r#"{ partition = { at = "1h", from = "hs1", to = "hs2" } },
           { send = { at = "2h", from = "bob", room = "r" } },
           { send = { at = "3h", from = "alice", room = "r" } },
           { heal = { at = "20h", between = ["hs1", "hs2"] } },"#,
    );
    // Bob's transaction arrives, though no answer to it does; Alice's does not.
    assert!(story.first("hs1 has event:bob@2h") < at(Span::hours(3)));
    assert!(
        !story
            .when("dropped federation-send answer hs1->hs2")
            .is_empty()
    );
    assert!(
        !story
            .when("dropped federation-send request hs1->hs2")
            .is_empty()
    );
    assert!(
        story
            .when("dropped federation-send request hs2->hs1")
            .is_empty()
    );
    assert!(story.first("hs2 has event:alice@3h") > at(Span::hours(20)));
}

#[test]
fn what_is_on_its_way_when_a_link_is_cut_can_arrive() {
    for (in_flight, arrives) in [("lost", false), ("arrives", true)] {
        // At 2 s more a message is still on its way when the link is cut.
        let story = Story::of(&format!(
            r#"{{ send = {{ at = "1h", from = "bob", room = "r" }} }},
               {{ slow = {{ at = "2h", between = ["hs1", "hs2"], by = "2s" }} }},
               {{ send = {{ at = "3h", from = "bob", room = "r" }} }},
               {{ partition = {{ at = "3h1s", between = ["hs1", "hs2"], in_flight = "{in_flight}" }} }},
               {{ heal = {{ at = "4h", between = ["hs1", "hs2"] }} }},"#
        ));
        let has = story.first("hs1 has event:bob@3h");
        assert_eq!(has < at(Span::hours(4)), arrives, "{in_flight}");
    }
}

#[test]
fn a_slow_link_delays_and_is_as_fast_as_before_when_it_heals() {
    let story = Story::of(
        r#"{ send = { at = "1h", from = "alice", room = "r" } },
           { slow = { at = "2h", between = ["hs1", "hs2"], by = "5s" } },
           { send = { at = "3h", from = "alice", room = "r" } },
           { heal = { at = "4h", between = ["hs1", "hs2"] } },
           { send = { at = "5h", from = "alice", room = "r" } },"#,
    );
    let took = |hour: u64| {
        let sent = at(Span::hours(hour));
        story
            .first(&format!("hs2 has event:alice@{hour}h"))
            .since(sent)
    };
    assert!(took(1) < Span::secs(1));
    assert!(took(3) > Span::secs(5) && took(3) < Span::secs(6));
    assert!(took(5) < Span::secs(1));
}

#[test]
fn an_answer_that_is_dropped_leaves_a_server_waiting_and_the_deed_done() {
    let story = Story::of(
        r#"{ drop_answer = { at = "1h", from = "hs2", to = "hs1", to_request = "federation-claim" } },
           { send = { at = "2h", from = "alice", room = "r" } },
           { send = { at = "3h", from = "alice", room = "r" } },"#,
    );
    assert_eq!(story.when("dropped federation-claim answer").len(), 1);
    let issued = story.first("hs2 issues otk:bob");
    let missed = story.first("alice gets no key of bob: ServerFailed");
    assert!(
        missed.since(issued) > Span::secs(9),
        "it waited for its answer"
    );
    assert_eq!(story.outcome, OutcomeClass::Lost);
    let causes = story.judgement.causes().into_keys();
    let names: Vec<&str> = causes.map(|cause| cause.kind.name()).collect();
    assert_eq!(names, ["claim-answer-lost"]);
}

#[test]
fn a_client_gives_up_on_an_answer_that_is_dropped_and_asks_again() {
    for request in [
        "keys-upload",
        "keys-query",
        "keys-claim",
        "send-to-device",
        "send-event",
        "sync",
    ] {
        let story = Story::of(&format!(
            r#"{{ drop_answer = {{ at = "0s", from = "hs1", to = "alice", to_request = "{request}" }} }},
               {{ send = {{ at = "1h", from = "alice", room = "r" }} }},"#
        ));
        let dropped = format!("dropped {request} answer hs1->alice");
        assert_eq!(story.when(&dropped).len(), 1, "only the next");
        assert_eq!(story.outcome, OutcomeClass::Ok, "{request}");
    }
}

#[test]
fn keys_that_somebody_claims_are_gone_and_replaced() {
    let story = Story::of(r#"{ claim = { at = "1h", device = "bob", count = 7 } },"#);
    assert_eq!(story.when("to somebody").len(), 7);
    assert!(story.when("hs2 stores otk:bob").len() >= 57);
}

#[test]
fn a_damaged_copy_arrives_before_the_message_and_costs_nothing() {
    let story = Story::of(
        r#"{ inject = { at = "1h", from = "alice", to = "bob" } },
           { send = { at = "2h", from = "alice", room = "r" } },"#,
    );
    let fails = story.first("bob cannot decrypt message:alice>bob");
    assert!(fails <= story.first("bob decrypts message:alice>bob"));
    assert_eq!(story.when("bob cannot decrypt").len(), 1);
    assert_eq!(story.outcome, OutcomeClass::Ok);
}

#[test]
fn a_message_that_is_delivered_once_more_is_a_replay() {
    let story = Story::of(
        r#"{ send = { at = "1h", from = "alice", room = "r" } },
           { replay = { at = "2h", from = "alice", to = "bob" } },
           { replay = { at = "3h", from = "bob", to = "alice" } },"#,
    );
    assert!(story.first("bob meets message:alice>bob") > at(Span::hours(2)));
    assert_eq!(story.when("again").len(), 2, "put in, and met, once each");
    assert_eq!(story.outcome, OutcomeClass::Ok);
}

#[test]
fn a_step_that_has_nothing_to_act_upon_says_so() {
    for step in [
        r#"restart = { at = "1h", node = "bob" }"#,
        r#"replay = { at = "1h", from = "alice", to = "bob" }"#,
        r#"inject = { at = "1h", from = "alice", to = "bob" }"#,
        r#"crash = { at = "1h", node = "bob", before_answer = "logout" }"#,
        r#"drop_answer = { at = "1h", from = "hs1", to = "alice", to_request = "join" }"#,
    ] {
        let story = Story::of(&format!("{{ {step} }},"));
        assert_eq!(story.when("step 1 has had no effect").len(), 1, "{step}");
        // What has waited in vain does not wait for the probes.
        assert_eq!(story.outcome, OutcomeClass::Ok, "{step}");
    }
}

#[test]
fn crashes_at_two_points_both_happen() {
    let story = Story::of(
        r#"{ crash = { at = "1h", node = "bob", before_answer = "keys-upload" } },
           { crash = { at = "1h", node = "bob", after_write = "token" } },
           { claim = { at = "2h", device = "bob", count = 9 } },
           { restart = { at = "3h", node = "bob" } },
           { send = { at = "4h", from = "alice", room = "r" } },
           { restart = { at = "5h", node = "bob" } },"#,
    );
    assert_eq!(story.when("bob crashes").len(), 2);
    assert_eq!(story.outcome, OutcomeClass::Ok);
}
