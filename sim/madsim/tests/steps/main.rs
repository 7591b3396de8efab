//! Every step does what it says.
#![allow(
    clippy::wildcard_enum_match_arm,
    clippy::unwrap_used,
    reason = "a test looks for a few facts, and fails without them"
)]

mod machines;
mod people;
mod processes;
mod settings;
mod tampering;

use std::sync::Arc;

use unwedge_core::cast::Cast;
use unwedge_core::name::Table;
use unwedge_core::oracle::{self, Judgement, OutcomeClass};
use unwedge_core::protocol::Protocol;
use unwedge_core::scenario;
use unwedge_core::time::{Span, Time};
use unwedge_core::trace::{Fact, Phase, Trace};
use unwedge_core::world::Job;
use unwedge_madsim::run;

/// A run of these steps among Alice and Bob, on two servers, in one room.
struct Story {
    cast: Cast,
    trace: Trace,
    outcome: OutcomeClass,
    judgement: Judgement,
}

impl Story {
    fn of(steps: &str) -> Self {
        Self::among(
            "devices = { alice = \"hs1\", bob = \"hs2\" }\nrooms = { r = [\"alice\", \"bob\"] }",
            steps,
        )
    }

    /// A run of these steps among others, on two servers.
    fn among(cast: &str, steps: &str) -> Self {
        let text = format!(
            "id = \"story\"\ntitle = \"\"\nsource = []\nstory = \"\"\nservers = [\"hs1\", \"hs2\"]\n\
             {cast}\nsteps = [\n{steps}\n]\n"
        );
        let scenario = scenario::parse("story.toml", &text, &[]).unwrap();
        let job = Job::new(Arc::new(scenario), Protocol::default(), 1);
        let trace = run(&job).trace;
        let judgement = oracle::judge(&trace);
        let outcome = judgement.outcome;
        let cast = job.scenario.cast.clone();
        Self {
            cast,
            trace,
            outcome,
            judgement,
        }
    }

    /// When the facts that say these words happened.
    fn when(&self, words: &str) -> Vec<Time> {
        let said = |fact: Fact| self.cast.say(&fact).to_string();
        let facts = self.trace.facts();
        let these = facts.filter(|(_, it)| said(it.fact).contains(words));
        these.map(|(_, it)| it.at).collect()
    }

    /// When the first of them did.
    #[track_caller]
    fn first(&self, words: &str) -> Time {
        let times = self.when(words);
        *times
            .first()
            .unwrap_or_else(|| panic!("nobody says {words:?}"))
    }

    fn healing(&self) -> Time {
        let facts = self.trace.facts();
        let mut heal = facts.filter(|(_, it)| it.fact == Fact::Phase(Phase::Heal));
        heal.next().unwrap().1.at
    }
}

fn at(span: Span) -> Time {
    Time::ZERO + span
}

#[test]
fn what_is_sent_is_read() {
    let story = Story::of(r#"{ send = { at = "1h", from = "alice", room = "r" } },"#);
    assert_eq!(story.outcome, OutcomeClass::Ok);
    let read = story.first("bob reads event:alice");
    assert!(read > at(Span::hours(1)) && read < at(Span::hours(1) + Span::secs(2)));
}

#[test]
fn a_device_that_is_offline_sees_nothing_until_it_is_online() {
    let story = Story::of(
        r#"{ offline = { at = "1h", device = "bob" } },
           { send = { at = "2h", from = "alice", room = "r" } },
           { online = { at = "3h", device = "bob" } },"#,
    );
    assert_eq!(story.outcome, OutcomeClass::Ok);
    assert!(story.first("hs2 has event:alice") < at(Span::hours(3)));
    let seen = story.first("bob sees event:alice");
    assert!(seen > at(Span::hours(3)) && seen < at(Span::hours(3) + Span::secs(2)));
}

#[test]
fn a_device_can_be_cut_off_from_its_own_server_only() {
    let story = Story::of(
        r#"{ partition = { at = "1h", between = ["alice", "hs1"] } },
           { send = { at = "2h", from = "alice", room = "r" } },
           { heal = { at = "3h", between = ["hs1", "alice"] } },"#,
    );
    assert_eq!(story.outcome, OutcomeClass::Ok);
    // What is said waits on the device, and goes out when it can.
    assert!(story.first("alice wants to say") < at(Span::hours(3)));
    assert!(story.first("sent event:alice") > at(Span::hours(3)));
}

#[test]
fn what_is_on_its_way_when_a_link_is_cut_is_lost() {
    let story = Story::of(
        r#"{ send = { at = "1h", from = "alice", room = "r" } },
           { send = { at = "2h", from = "alice", room = "r" } },
           { partition = { at = "2h0m0s60ms", between = ["hs1", "hs2"] } },"#,
    );
    assert!(
        !story
            .when("dropped federation-send request hs1->hs2")
            .is_empty()
    );
    assert!(story.first("hs1 gets no federation-send from hs2: TimedOut") > at(Span::hours(2)));
}

#[test]
fn a_restore_brings_back_the_tables_that_it_names_and_no_others() {
    let story = Story::of(
        r#"{ backup = { at = "1h", server = "hs2" } },
           { send = { at = "2h", from = "alice", room = "r" } },
           { restore = { at = "3h", server = "hs2", tables = ["inbox", "outbox"] } },"#,
    );
    let restored: Vec<Table> = story
        .trace
        .facts()
        .filter_map(|(_, it)| match it.fact {
            Fact::TableRestored { table, taken, .. } => {
                assert_eq!(taken, at(Span::hours(1)));
                Some(table)
            }
            _ => None,
        })
        .collect();
    assert_eq!(restored, [Table::Inbox, Table::Outbox]);
    // The server is down meanwhile, and comes back with a new memory.
    let down = story.first("hs2 crashes");
    let up = story.first("hs2 starts (incarnation 1)");
    assert_eq!(up.since(down), Span::secs(30));
    assert_eq!(story.outcome, OutcomeClass::Ok);
}

#[test]
fn a_restore_without_a_backup_is_a_restart() {
    let story = Story::of(r#"{ restore = { at = "3h", server = "hs2" } },"#);
    assert!(story.when("restores").is_empty());
    assert_eq!(story.when("hs2 starts").len(), 2);
    assert_eq!(story.outcome, OutcomeClass::Ok);
}

#[test]
fn a_server_that_is_down_is_down_for_everybody_until_it_restarts() {
    let story = Story::of(
        r#"{ crash = { at = "1h", node = "hs2" } },
           { send = { at = "2h", from = "bob", room = "r" } },
           { restart = { at = "3h", node = "hs2" } },"#,
    );
    assert_eq!(story.outcome, OutcomeClass::Ok);
    assert!(story.first("sent event:bob") > at(Span::hours(3)));
    assert!(story.first("alice reads event:bob") < at(Span::hours(3) + Span::secs(2)));
}

#[test]
fn what_nobody_restarts_comes_back_when_everything_is_mended() {
    let story = Story::of(
        r#"{ crash = { at = "1h", node = "bob" } },
           { send = { at = "2h", from = "alice", room = "r" } },"#,
    );
    assert_eq!(story.outcome, OutcomeClass::Ok);
    assert!(story.first("bob starts (incarnation 1)") >= story.healing());
    assert!(story.first("bob reads event:alice") > story.healing());
}

#[test]
fn a_crash_can_wait_for_an_answer() {
    let story = Story::of(
        r#"{ crash = { at = "1h", node = "alice", before_answer = "keys-claim" } },
           { send = { at = "2h", from = "alice", room = "r" } },
           { restart = { at = "3h", node = "alice" } },"#,
    );
    // The key was handed out, the client never learnt it, and what was to be
    // sent is sent after the restart with another key.
    let crash = story.first("alice crashes");
    let issued = story.when("hs2 issues otk:bob");
    assert!(issued[0] < crash && crash < at(Span::hours(2) + Span::secs(1)));
    assert!(issued[1] > at(Span::hours(3)));
    assert_eq!(story.outcome, OutcomeClass::Ok);
}

#[test]
fn a_conversation_goes_on_after_either_device_crashed_in_the_middle_of_it() {
    for node in ["alice", "bob"] {
        let story = Story::of(&format!(
            r#"{{ send = {{ at = "1h", from = "alice", room = "r" }} }},
               {{ send = {{ at = "1h30m", from = "bob", room = "r" }} }},
               {{ crash = {{ at = "2h", node = "{node}" }} }},
               {{ restart = {{ at = "3h", node = "{node}" }} }},
               {{ send = {{ at = "4h", from = "alice", room = "r" }} }},
               {{ send = {{ at = "5h", from = "bob", room = "r" }} }},"#
        ));
        assert_eq!(story.outcome, OutcomeClass::Ok, "{node}");
        // The sessions of before are taken up again: nothing is claimed anew.
        assert_eq!(story.when("issues").len(), 1, "{node}");
    }
}

#[test]
fn a_second_partition_of_a_link_that_is_cut_is_no_event() {
    let story = Story::of(
        r#"{ partition = { at = "1h", between = ["hs1", "hs2"] } },
           { partition = { at = "2h", between = ["hs2", "hs1"] } },
           { offline = { at = "1h", device = "bob" } },
           { offline = { at = "2h", device = "bob" } },"#,
    );
    assert_eq!(story.when("link cut").len(), 2);
}

#[test]
fn rooms_are_there_whatever_happens_first() {
    let story = Story::of(
        r#"{ crash = { at = "0s", node = "hs2" } },
           { restart = { at = "1m", node = "hs2" } },
           { send = { at = "1h", from = "bob", room = "r" } },"#,
    );
    assert_eq!(story.outcome, OutcomeClass::Ok);
}

#[test]
fn a_timeline_may_be_long() {
    let steps: String = (0..20_000)
        .map(|n| {
            format!(
                "{{ online = {{ at = \"{}ms\", device = \"bob\" }} }},\n",
                60_000 + n
            )
        })
        .collect();
    assert_eq!(Story::of(&steps).outcome, OutcomeClass::Ok);
}
