use std::collections::BTreeSet;
use std::sync::Arc;

use super::*;
use crate::generate;
use crate::name::NodeId;
use crate::node::Settings;
use crate::scenario::parse;
use crate::step::Step;
use crate::time::Span;

const PLENTY: usize = 20_000;

/// Whether steps of these kinds happen one after another, between others.
fn happens(scenario: &Scenario, kinds: &[&str]) -> bool {
    let mut steps = scenario.steps.iter();
    kinds
        .iter()
        .all(|kind| steps.any(|it| it.step.name() == *kind))
}

/// Scenarios in which these kinds of step happen one after another.
fn scenarios_with(kinds: &'static [&'static str]) -> impl Iterator<Item = Scenario> {
    let all = (0..3000).map(generate::scenario);
    all.filter(|it| happens(it, kinds)).take(20)
}

#[test]
fn what_is_left_is_what_is_asked_for_and_those_whom_it_takes() {
    for (kinds, devices, servers) in [
        (&["send", "restore", "send"][..], 1, 1),
        (&["partition", "send", "heal"], 1, 2),
        (&["slow", "leave"], 2, 2),
        (&["block", "claim", "login"], 2, 1),
        (&["join", "send"], 1, 1),
    ] {
        let mut seen = 0;
        for scenario in scenarios_with(kinds) {
            let small = minimise(scenario, &mut |it| happens(it, kinds), PLENTY);
            let it = &small.scenario;
            let text = it.to_toml();
            assert!(small.complete);
            let left: Vec<&str> = it.steps.iter().map(|it| it.step.name()).collect();
            assert_eq!(left, kinds, "{text}");
            assert!(it.cast.devices.len() <= devices, "{text}");
            assert!(it.cast.servers.len() <= servers, "{text}");
            let plain = Settings {
                // Only whoever made the run can tell whether it is of use.
                longest_trace: it.settings.longest_trace,
                ..Settings::default()
            };
            assert_eq!(it.settings, plain, "{text}");
            let hourly = it
                .steps
                .iter()
                .zip(1..)
                .all(|(it, hour)| it.at == Span::hours(hour));
            assert!(hourly, "{text}");
            seen += 1;
        }
        assert_eq!(seen, 20, "{kinds:?}");
    }
}

/// Of those who do not follow what the others do, only those stay who are
/// needed, with what they follow.
#[test]
fn only_those_follow_something_of_their_own_who_are_needed() {
    let text = "title = ''\nstatus = ''\nsource = []\nidea = ''\nclaims = []\n[switches]\n";
    let own = Arc::new(crate::protocol::parse("own", "own.toml", text).unwrap());
    let mut seen = 0;
    for seed in 0..100 {
        let scenario = generate::scenario(seed).adopted_by(50, seed, &own);
        let speaks = |it: &Scenario| {
            let mut steps = it.steps.iter();
            steps.any(|step| {
                let Step::Send(send) = &step.step else {
                    return false;
                };
                let user = send.user_and_room().0;
                let is_own = |id: &NodeId| matches!(id, NodeId::Device(id) if id.user() == user);
                it.adopt.keys().any(is_own)
            })
        };
        if !speaks(&scenario) {
            continue;
        }
        seen += 1;
        let small = minimise(scenario, &mut |it| speaks(it), PLENTY).scenario;
        let text = small.to_toml();
        assert_eq!((small.steps.len(), small.adopt.len()), (1, 1), "{text}");
        assert!(speaks(&small), "{text}");
        assert!(removable(&small).iter().all(|it| !speaks(it)), "{text}");
    }
    assert!(seen > 50, "{seen}");
}

/// What is asked for can be anything, and is asked for in vain mostly.
#[test]
fn nothing_is_left_that_can_go_alone() {
    for seed in 0..300 {
        let scenario = generate::scenario(seed);
        let picky = |it: &Scenario| {
            let rest = seed % 3;
            let sends = it.steps.iter().filter(|it| it.step.name() == "send");
            let spoken = sends.count() as u64 > rest;
            let people = it.cast.users.len() as u64 >= 2 + rest.min(1);
            let far = it
                .steps
                .last()
                .is_some_and(|it| it.at > Span::millis(54_321));
            spoken && people && far && (rest == 0 || it.cast.servers.len() > 1)
        };
        if !picky(&scenario) {
            continue;
        }
        let small = minimise(scenario.clone(), &mut |it| picky(it), PLENTY);
        let text = small.scenario.to_toml();
        assert!(small.complete && picky(&small.scenario), "{text}");
        for fewer in removable(&small.scenario) {
            assert!(!picky(&fewer), "{text}\n{}", fewer.to_toml());
        }
        let again = minimise(scenario, &mut |it| picky(it), PLENTY);
        assert_eq!(again, small);
        let nothing_more = minimise(small.scenario.clone(), &mut |it| picky(it), PLENTY);
        assert_eq!(nothing_more.scenario, small.scenario);
    }
}

/// Every scenario that is asked about could be written by a person.
#[test]
fn only_scenarios_that_can_be_read_are_asked_about() {
    let mut asked = 0;
    for seed in 0..60 {
        let scenario = generate::scenario(seed);
        let mut odd = 0_u32;
        let mut still = |it: &Scenario| {
            let text = it.to_toml();
            let read = parse("tried.toml", &text, &[]);
            let read = read.unwrap_or_else(|problem| panic!("{problem}\n{text}"));
            assert!(read == *it, "{text}");
            // Few of those tried hold, so that many are tried.
            odd += 1;
            odd.is_multiple_of(7)
        };
        let small = minimise(scenario, &mut still, 400);
        asked += small.trials;
    }
    assert!(asked > 1000, "{asked}");
}

/// The passes delete by numbers and the test by names: the same has to come
/// of it.
#[test]
fn every_deletion_by_name_is_one_by_number() {
    let (mut named, mut numbered) = (0, 0);
    for seed in 0..60 {
        let scenario = generate::scenario(seed);
        let by_name = removable(&scenario);
        assert!(by_name.len() >= scenario.steps.len(), "seed {seed}");
        let cast = &scenario.cast;
        let change = |set: &dyn Fn(&mut change::Change)| people::changed(&scenario, set).to_toml();
        let mut by_number = BTreeSet::new();
        for place in 0..scenario.steps.len() {
            let mut without = scenario.without_step(place);
            change::only_members_speak(&mut without);
            by_number.insert(without.to_toml());
        }
        for place in 0..cast.devices.len() {
            by_number.insert(change(&|it| it.devices[place] = None));
        }
        for place in 0..cast.servers.len() {
            by_number.insert(change(&|it| it.servers[place] = None));
        }
        for (place, room) in cast.rooms.iter().enumerate() {
            by_number.insert(change(&|it| it.rooms[place] = None));
            for user in &room.members {
                let left = Some((place, usize::from(user.index())));
                by_number.insert(change(&|it| it.left = left));
            }
        }
        let by_name: BTreeSet<String> = by_name.iter().map(Scenario::to_toml).collect();
        for text in &by_name {
            assert!(by_number.contains(text), "seed {seed}\n{text}");
        }
        named += by_name.len();
        numbered += by_number.len();
    }
    // Where others can do nothing without what goes, there is nothing by name.
    assert!(named * 100 > numbered * 95, "{named} of {numbered}");
}

#[test]
fn trials_are_bounded_and_it_says_so() {
    let scenario = generate::scenario(1);
    let mut asked = 0;
    let small = minimise(
        scenario,
        &mut |_| {
            asked += 1;
            true
        },
        3,
    );
    assert!(!small.complete);
    assert!((3..=4).contains(&asked) && small.trials == asked);
}

#[test]
fn names_are_those_of_the_bundled_scenarios() {
    let text = r#"
id = "x"
title = ""
source = []
story = ""
servers = ["matrix.example", "other"]
devices = { zoe = "other", "zoe.b" = "other", "zoe-2" = "matrix.example" }
"#
    .replace("matrix.example", "matrix-example")
        + "rooms = { hall = [\"zoe-2\", \"zoe\"] }\nsteps = [{ send = { at = \"1h\", from = \"zoe.b\", room = \"hall\" } }]";
    let scenario = parse("x.toml", &text, &[]).unwrap();
    let renamed = names::friendly(&scenario);
    let text = renamed.to_toml();
    assert!(text.contains("servers = [\"hs1\", \"hs2\"]"), "{text}");
    assert!(text.contains("r1 = [\"bob\", \"alice\"]"), "{text}");
    assert!(
        text.contains("from = \"alice.laptop\", room = \"r1\""),
        "{text}"
    );
    assert_eq!(parse("x.toml", &text, &[]).unwrap(), renamed);
}
