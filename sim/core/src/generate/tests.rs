use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use toml::Value;

use super::*;
use crate::cast::{Client, SyncApi};
use crate::fast;
use crate::name::{Row, Table};
use crate::node::Settings;
use crate::oracle::{self, OutcomeClass};
use crate::protocol::Protocol;
use crate::step::{STEPS, TimedStep};
use crate::time::Span;
use crate::wire::MessageKind;
use crate::world::Job;

/// So many show what can be drawn at all.
const SEEDS: Range<u64> = 0..4000;

#[test]
fn a_seed_gives_the_same_scenario_again_and_another_seed_another() {
    assert_eq!(scenario(7), scenario(7));
    let steps: BTreeSet<String> = (0..100).map(|seed| tell(&scenario(seed))).collect();
    assert_eq!(steps.len(), 100);
}

#[test]
fn scenarios_are_the_same_on_every_machine() {
    // Pinned: a change here changes what every seed stands for.
    let all: String = (0..100).map(|seed| scenario(seed).to_toml()).collect();
    let hash = crate::trace::hash::StableHash::of(&all);
    assert_eq!(hash.to_string(), PINNED, "{}", scenario(1).to_toml());
}

const PINNED: &str = "a24a87ba14be01bf1e736e21eb693279";

#[test]
fn every_kind_of_step_is_drawn_often() {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for seed in SEEDS {
        let scenario = scenario(seed);
        let names: BTreeSet<&str> = scenario.steps.iter().map(|it| it.step.name()).collect();
        for name in names {
            *counts.entry(name).or_default() += 1;
        }
    }
    for step in STEPS {
        let count = counts.get(step.name).copied().unwrap_or(0);
        let is_as_meant = match step.is_drawn {
            true => count > 200,
            false => count == 0,
        };
        assert!(is_as_meant, "{}: {count} of {SEEDS:?}", step.name);
    }
    assert_eq!(counts["send"], SEEDS.count(), "somebody always speaks");
}

#[test]
fn every_word_that_a_step_can_have_is_drawn() {
    // The rarest words take more seeds than everything else.
    let seeds = SEEDS.start..SEEDS.end * 4;
    let text: String = seeds.map(|seed| scenario(seed).to_toml()).collect();
    let invites = [MessageKind::Invite, MessageKind::FederationInvite];
    let drawn = MessageKind::ALL.iter().filter(|it| !invites.contains(it));
    let endpoints = drawn.flat_map(|kind| {
        ["before_answer", "after_sending", "to_request"].map(|it| format!("{it} = \"{kind}\""))
    });
    let rows = Row::OF_CLIENTS.iter().copied();
    let rows = rows.chain(Table::ALL.iter().map(|table| Row::Of(*table)));
    let rows = rows.flat_map(|row| {
        ["before_write", "after_write"].map(|it| format!("{it} = \"{}\"", row.name()))
    });
    let tables = Table::ALL.iter();
    let tables = tables.map(|table| format!("tables = [\"{}\"", table.name()));
    let others = [
        "lost_writes = 1",
        "lost_writes = 6",
        "in_flight = \"arrives\"",
        "between = [\"hs1\", \"hs2\"]",
        "between = [\"alice\", \"hs1\"]",
        "partition = { at = ",
    ];
    let others = others.map(str::to_owned).into_iter();
    for word in endpoints.chain(rows).chain(tables).chain(others) {
        assert!(text.contains(&word), "never drawn: {word}");
    }
}

#[test]
fn every_knob_is_drawn_from_end_to_end() {
    let scenarios: Vec<Scenario> = SEEDS.map(scenario).collect();
    let range = |what: &dyn Fn(&Scenario) -> u64| {
        let all = scenarios.iter().map(what);
        (all.clone().min().unwrap(), all.max().unwrap())
    };
    let ms = |span: Span| span.ticks() / 10;
    assert_eq!(range(&|it| it.cast.servers.len() as u64), (1, 4));
    assert_eq!(range(&|it| it.cast.users.len() as u64), (2, 6));
    assert_eq!(range(&|it| it.cast.rooms.len() as u64), (1, 4));
    assert_eq!(range(&|it| it.settings.one_time_keys as u64), (1, 50));
    let recipients = range(&|it| it.settings.recipients_per_request as u64);
    assert_eq!(recipients, (1, 250));
    let devices = |it: &Scenario| {
        let users = it.cast.users.iter();
        users
            .map(|user| it.cast.devices_of(user.id).count() as u64)
            .max()
            .unwrap()
    };
    assert_eq!(range(&devices), (1, 3));
    let (fewest, most) = range(&|it| it.steps.len() as u64);
    assert!(
        fewest <= 4 && (28..40).contains(&most),
        "{fewest} to {most}"
    );
    let (shortest, longest) = range(&|it| ms(it.steps.last().unwrap().at));
    assert!(shortest < ms(Span::mins(5)), "{shortest} ms");
    let days = longest / ms(Span::days(1));
    assert!((30..90).contains(&days), "{days} days");
    for (knob, most) in [
        (range(&|it| ms(it.settings.client_latency.1)), Span::secs(5)),
        (
            range(&|it| ms(it.settings.federation_latency.1)),
            Span::secs(4),
        ),
        (range(&|it| ms(it.settings.back_off)), Span::hours(6)),
    ] {
        assert!(
            knob.0 < 2000 && knob.1 > ms(most) * 8 / 10 && knob.1 <= ms(most),
            "{knob:?}"
        );
    }
    assert_eq!(range(&|it| ms(it.settings.client_latency.0)).0, 1);
    let bounded = Settings {
        longest_trace: LONGEST_TRACE,
        ..Settings::default()
    };
    let default = |it: &&Scenario| it.settings == bounded;
    assert!(scenarios.iter().filter(default).count() > 50);
    let old = |it: &Scenario| it.cast.devices.iter().any(|it| it.client == Client::Libolm);
    assert!(scenarios.iter().filter(|it| old(it)).count() > 200);
    let slides = |it: &Scenario| it.cast.devices.iter().any(|it| it.sync == SyncApi::Sliding);
    assert!(scenarios.iter().filter(|it| slides(it)).count() > 200);
}

#[test]
fn everybody_is_in_a_room_and_no_room_has_one_member() {
    for seed in SEEDS {
        let cast = scenario(seed).cast;
        for user in &cast.users {
            assert!(cast.rooms_of(user.id).next().is_some(), "seed {seed}");
        }
        assert!(
            cast.rooms.iter().all(|room| room.members.len() >= 2),
            "seed {seed}"
        );
    }
}

/// What is found is found because of what happens.
#[test]
fn nothing_goes_wrong_without_a_fault() {
    for seed in 0..500 {
        let mut scenario = scenario(seed);
        scenario.steps.retain(|it| it.step.name() == "send");
        for (place, step) in (1..).zip(&mut scenario.steps) {
            step.at = Span::mins(10 * place);
        }
        let text = scenario.to_toml();
        let run = fast::run(&Job::new(Arc::new(scenario), Protocol::default(), seed));
        let outcome = oracle::judge(&run.trace).outcome;
        assert_eq!(outcome, OutcomeClass::Ok, "seed {seed}\n{text}");
    }
}

/// Faults that nobody gets in the way of find nothing.
#[test]
fn steps_are_close_to_each_other_and_come_in_pairs() {
    let (mut close, mut all, mut pairs) = (0, 0, 0);
    for seed in SEEDS {
        let steps = scenario(seed).steps;
        assert!(steps.is_sorted_by_key(|it| it.at), "seed {seed}");
        let near = |it: &[TimedStep]| it[1].at.ticks() - it[0].at.ticks() <= Span::secs(3).ticks();
        close += steps.windows(2).filter(|it| near(it)).count();
        all += steps.len();
        let names: Vec<&str> = steps.iter().map(|it| it.step.name()).collect();
        let place = |name| names.iter().position(|it| *it == name);
        if let (Some(backup), Some(restore)) = (place("backup"), place("restore")) {
            let between = names.get(backup..restore).unwrap_or_default();
            pairs += usize::from(between.contains(&"send"));
        }
    }
    assert!(
        close * 4 > all,
        "{close} of {all} are close to the one before"
    );
    assert!(
        pairs > 300,
        "{pairs} have a send between a backup and a restore"
    );
}

/// Goes by the file, and by nothing that the generator knows.
#[test]
fn nobody_joins_or_leaves_while_servers_may_be_split() {
    let mut memberships = 0;
    for seed in SEEDS {
        let text = scenario(seed).to_toml();
        let file: Value = toml::from_str(&text).unwrap();
        let servers: Vec<&str> = words(&file["servers"]);
        let steps = file["steps"].as_array().unwrap();
        let steps: Vec<(&str, &Value)> = steps
            .iter()
            .map(|step| step.as_table().unwrap().iter().next().unwrap())
            .map(|(name, step)| (name.as_str(), step))
            .collect();
        for (place, (name, _)) in steps.iter().enumerate() {
            if ["join", "leave"].contains(name) {
                memberships += 1;
                let before = &steps[..place];
                assert_eq!(split_after(before, &servers), None, "seed {seed}\n{text}");
            }
        }
    }
    assert!(memberships > 1000, "{memberships}");
}

/// Goes by the file: a request that is on its way when servers are split, or
/// put back, may take effect after that.
#[test]
fn nobody_joins_or_leaves_just_before_servers_are_split_or_put_back() {
    let mut memberships = 0;
    for seed in SEEDS {
        let text = scenario(seed).to_toml();
        let file: Value = toml::from_str(&text).unwrap();
        let servers: Vec<&str> = words(&file["servers"]);
        let is_server = |word: &Value| servers.contains(&word.as_str().unwrap());
        let steps = file["steps"].as_array().unwrap().iter();
        let steps: Vec<(&str, Span, &Value)> = steps
            .map(|step| step.as_table().unwrap().iter().next().unwrap())
            .map(|(name, step)| {
                let at = humantime::parse_duration(step["at"].as_str().unwrap());
                let at = u64::try_from(at.unwrap().as_millis()).unwrap();
                (name.as_str(), Span::millis(at), step)
            })
            .collect();
        let hurts = |(name, _, step): &&(&str, Span, &Value)| match *name {
            "partition" => {
                let between = step.get("between").map_or_else(
                    || vec![&step["from"], &step["to"]],
                    |between| between.as_array().unwrap().iter().collect(),
                );
                between.into_iter().all(is_server)
            }
            "crash" | "gone" => is_server(&step["node"]),
            "restore" => step.get("server").is_some(),
            _ => false,
        };
        for (name, at, step) in &steps {
            if ["join", "leave"].contains(name) {
                memberships += 1;
                let later = steps.iter().filter(hurts);
                let close = |hurt: Span| hurt >= *at && hurt <= *at + Span::mins(2);
                let close = later.map(|it| it.1).find(|hurt| close(*hurt));
                assert_eq!(close, None, "seed {seed}: {step}\n{text}");
            }
        }
    }
    assert!(memberships > 1000, "{memberships}");
}

/// The first step after which servers are still split.
fn split_after<'a>(steps: &[(&'a str, &'a Value)], servers: &[&str]) -> Option<&'a Value> {
    let is_server = |word: &Value| servers.contains(&word.as_str().unwrap());
    let ends = |step: &'a Value| -> BTreeSet<&'a str> {
        match step.get("between") {
            Some(between) => words(between).into_iter().collect(),
            None => [&step["from"], &step["to"]]
                .map(|it| it.as_str().unwrap())
                .into(),
        }
    };
    let split = steps.iter().enumerate().find(|(place, (name, step))| {
        let mut later = steps[place + 1..].iter();
        match *name {
            "partition" => {
                let cut = ends(step);
                cut.iter().all(|it| servers.contains(it))
                    && !later.any(|(name, step)| *name == "heal" && ends(step) == cut)
            }
            "gone" => is_server(&step["node"]),
            "crash" => {
                let points = [
                    "before_answer",
                    "before_write",
                    "after_write",
                    "after_sending",
                ];
                let comes_later = points.iter().any(|point| step.get(point).is_some());
                let is_back =
                    |it: &(&str, &Value)| it.0 == "restart" && it.1["node"] == step["node"];
                is_server(&step["node"]) && (comes_later || !later.any(is_back))
            }
            _ => false,
        }
    });
    split.map(|(_, (_, step))| *step)
}

#[test]
fn a_scenario_is_read_back_as_it_was_written() {
    for seed in SEEDS {
        let scenario = scenario(seed);
        let text = scenario.to_toml();
        let read = crate::scenario::parse("random.toml", &text, &[]).unwrap();
        assert!(read == scenario, "seed {seed}\n{text}");
    }
}

fn words(list: &Value) -> Vec<&str> {
    let list = list.as_array().unwrap().iter();
    list.map(|it| it.as_str().unwrap()).collect()
}

fn tell(scenario: &Scenario) -> String {
    let steps = scenario.steps.iter();
    let said = steps.map(|it| format!("{} {}\n", it.at, scenario.cast.say(&it.step)));
    said.collect()
}
