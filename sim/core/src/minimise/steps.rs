//! Fewer steps, and plainer ones.

use super::Search;
use super::change::only_members_speak;
use crate::scenario::Scenario;

/// Takes away steps: half of them, a quarter, …, in the end one after another
/// for as long as any can go. The last steps go first, for what happens late
/// matters to less.
pub(super) fn fewer(search: &mut Search<'_>) {
    let mut size = search.best.steps.len().div_ceil(2);
    while size > 0 {
        let mut end = search.best.steps.len();
        let mut went = false;
        while end > 0 {
            let start = end.saturating_sub(size);
            went |= search.attempt(without(&search.best, start..end));
            end = start.min(search.best.steps.len());
        }
        if size > 1 || !went {
            size /= 2;
        }
    }
}

/// Puts plainer steps in the place of others, for as long as that works.
pub(super) fn simpler(search: &mut Search<'_>) {
    let mut place = 0;
    while let Some(step) = search.best.steps.get(place) {
        let simpler = step.step.simpler().into_iter().map(|step| {
            let mut scenario = search.best.clone();
            scenario.steps[place].step = step;
            scenario
        });
        let simpler: Vec<Scenario> = simpler.collect();
        if !search.attempt_any(simpler) {
            place += 1;
        }
    }
}

fn without(scenario: &Scenario, places: std::ops::Range<usize>) -> Scenario {
    let mut without = scenario.clone();
    without.steps.drain(places);
    only_members_speak(&mut without);
    without
}
