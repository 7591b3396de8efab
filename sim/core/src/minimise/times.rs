//! Round times, and no longer than they need to be. What matters is how much
//! later than the one before a step happens; so that is what gets rounder,
//! and whatever comes later keeps its distance.

use super::Search;
use crate::scenario::Scenario;
use crate::time::Span;

/// Distances between two steps, the nicest first.
const NICE: &[Span] = &[
    Span::hours(1),
    Span::mins(10),
    Span::mins(1),
    Span::secs(10),
    Span::secs(1),
    Span::millis(100),
    Span::millis(10),
    Span::millis(1),
    Span::ZERO,
    Span::days(1),
    Span::days(7),
    Span::days(14),
    Span::days(30),
];
/// Failing these, a multiple of one of these, the larger the better.
const UNITS: &[Span] = &[
    Span::days(1),
    Span::hours(1),
    Span::mins(10),
    Span::mins(1),
    Span::secs(10),
    Span::secs(1),
    Span::millis(100),
    Span::millis(10),
    Span::millis(1),
];

/// The scenario with its steps in the order of time.
pub(super) fn in_order(scenario: &Scenario) -> Scenario {
    let mut sorted = scenario.clone();
    sorted.steps.sort_by_key(|step| step.at);
    sorted
}

/// Every step an hour after the one before; or else each as long after it as
/// is nicest.
pub(super) fn rounder(search: &mut Search<'_>) {
    if !search.best.steps.is_sorted_by_key(|step| step.at) {
        return;
    }
    let mut hourly = search.best.clone();
    for (place, step) in (1..).zip(&mut hourly.steps) {
        step.at = Span::hours(place);
    }
    if search.attempt(hourly) {
        return;
    }
    for place in 0..search.best.steps.len() {
        let distance = distance(&search.best, place);
        let nicer: Vec<Scenario> = nicer(distance)
            .into_iter()
            .map(|distance| with_distance(&search.best, place, distance))
            .collect();
        search.attempt_any(nicer);
    }
}

/// How long after the step before it a step happens.
fn distance(scenario: &Scenario, place: usize) -> Span {
    let before = place.checked_sub(1).map(|it| scenario.steps[it].at);
    let before = before.unwrap_or(Span::ZERO).ticks();
    Span::from_ticks(scenario.steps[place].at.ticks() - before)
}

fn with_distance(scenario: &Scenario, place: usize, wanted: Span) -> Scenario {
    let distance = distance(scenario, place).ticks();
    let mut changed = scenario.clone();
    for step in &mut changed.steps[place..] {
        step.at = Span::from_ticks(step.at.ticks() - distance + wanted.ticks());
    }
    changed
}

/// Distances that are nicer than this one, the nicest first.
fn nicer(than: Span) -> Vec<Span> {
    let mut nicer = NICE.to_vec();
    for unit in UNITS {
        let whole = than.ticks() / unit.ticks();
        nicer.extend([unit.times(whole), unit.times(whole + 1)]);
    }
    nicer.retain(|it| niceness(*it) < niceness(than));
    let mut seen = vec![];
    nicer.retain(|it| {
        let is_new = !seen.contains(it);
        seen.push(*it);
        is_new
    });
    nicer
}

/// The less, the nicer. Of the multiples of a unit, fewer are nicer.
fn niceness(distance: Span) -> (usize, u64) {
    let divides = |unit: &Span| distance.ticks().is_multiple_of(unit.ticks());
    match NICE.iter().position(|it| *it == distance) {
        Some(place) => (place, 0),
        None => {
            let unit = UNITS.iter().position(divides).unwrap_or(UNITS.len());
            (NICE.len() + unit, distance.ticks())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_nicer_than_nicer_is_nicer_still_and_an_hour_is_nicest() {
        let odd = Span::hours(31) + Span::millis(4_567_891);
        let all = nicer(odd);
        assert_eq!(all.first(), Some(&Span::hours(1)));
        assert!(all.contains(&Span::hours(32)) && all.contains(&Span::hours(33)));
        assert!(!all.contains(&odd));
        for it in &all {
            assert!(
                nicer(*it)
                    .iter()
                    .all(|still| niceness(*still) < niceness(*it))
            );
        }
        assert_eq!(nicer(Span::hours(1)), []);
        assert_eq!(nicer(Span::mins(10)), [Span::hours(1)]);
    }
}
