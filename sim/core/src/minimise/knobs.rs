//! Everything as it is by default; or else in round numbers.

use super::Search;
use crate::cast::{Client, SyncApi};
use crate::name::NodeId;
use crate::node::Settings;
use crate::scenario::Scenario;
use crate::time::Span;

/// Few enough to be looked through, and easy to tell.
const ONE_TIME_KEYS: &[usize] = &[1, 2, 5, 10, 20];

/// How long messages take if that matters: always the same.
const LATENCIES: &[Span] = &[
    Span::millis(1),
    Span::millis(10),
    Span::millis(100),
    Span::secs(1),
    Span::secs(2),
    Span::secs(5),
    Span::secs(10),
];
/// How long a server backs off if that matters.
const BACK_OFFS: &[Span] = &[Span::secs(1), Span::mins(1), Span::hours(1), Span::days(1)];

/// Sets everything back at once, or else each by itself.
pub(super) fn by_default(search: &mut Search<'_>) {
    let default = Settings {
        // What never comes to rest would only take longer to be given up.
        longest_trace: search.best.settings.longest_trace,
        ..Settings::default()
    };
    let sets: &[fn(&mut Settings, Settings)] = &[
        |it, default| *it = default,
        |it, default| it.one_time_keys = default.one_time_keys,
        |it, default| it.recipients_per_request = default.recipients_per_request,
        |it, default| it.rotation_messages = default.rotation_messages,
        |it, default| it.client_latency = default.client_latency,
        |it, default| it.federation_latency = default.federation_latency,
        |it, default| it.back_off = default.back_off,
    ];
    for set in sets {
        search.attempt(with(&search.best, |it| set(&mut it.settings, default)));
    }
    let keys = search.best.settings.one_time_keys;
    if keys != default.one_time_keys && !ONE_TIME_KEYS.contains(&keys) {
        let rounder = ONE_TIME_KEYS.iter();
        let rounder =
            rounder.map(|keys| with(&search.best, |it| it.settings.one_time_keys = *keys));
        let rounder: Vec<Scenario> = rounder.collect();
        search.attempt_any(rounder);
    }
    let now = search.best.settings;
    if now.client_latency != default.client_latency {
        rounder_latency(search, |it| &mut it.client_latency);
    }
    if now.federation_latency != default.federation_latency {
        rounder_latency(search, |it| &mut it.federation_latency);
    }
    if now.back_off != default.back_off && !BACK_OFFS.contains(&now.back_off) {
        let rounder = BACK_OFFS.iter();
        let rounder = rounder.map(|it| with(&search.best, |best| best.settings.back_off = *it));
        let rounder: Vec<Scenario> = rounder.collect();
        search.attempt_any(rounder);
    }
    for place in 0..search.best.cast.rooms.len() {
        search.attempt(with(&search.best, |it| {
            it.cast.rooms[place].members.sort_unstable();
        }));
    }
    for place in 0..search.best.cast.devices.len() {
        let client = Client::default();
        search.attempt(with(&search.best, |it| {
            it.cast.devices[place].client = client
        }));
        let sync = SyncApi::default();
        search.attempt(with(&search.best, |it| it.cast.devices[place].sync = sync));
    }
}

/// Nobody follows a proposal of their own, or as few as it takes.
pub(super) fn adopted_by_all(search: &mut Search<'_>) {
    search.attempt(with(&search.best, |it| it.adopt.clear()));
    let nodes: Vec<NodeId> = search.best.adopt.keys().copied().collect();
    for node in nodes {
        search.attempt(with(&search.best, |it| {
            it.adopt.remove(&node);
        }));
    }
}

/// Tries one time for all messages, or at least round ends.
fn rounder_latency(search: &mut Search<'_>, of: fn(&mut Settings) -> &mut (Span, Span)) {
    let mut now = search.best.settings;
    let (shortest, longest) = *of(&mut now);
    if LATENCIES.contains(&shortest) && shortest == longest {
        return;
    }
    let round = |it: Span| LATENCIES.contains(&it);
    let all = || LATENCIES.iter().copied();
    let same = all().map(|it| (it, it));
    let longer = all().filter(|it| !round(longest) && *it >= shortest);
    let longer = longer.map(|it| (shortest, it));
    let shorter = all().filter(|it| !round(shortest) && *it <= longest);
    let shorter = shorter.map(|it| (it, longest));
    let rounder = same.chain(longer).chain(shorter);
    let rounder = rounder.map(|latency| with(&search.best, |it| *of(&mut it.settings) = latency));
    let rounder: Vec<Scenario> = rounder.collect();
    search.attempt_any(rounder);
}

fn with(scenario: &Scenario, set: impl FnOnce(&mut Scenario)) -> Scenario {
    let mut it = scenario.clone();
    set(&mut it);
    it
}
