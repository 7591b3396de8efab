//! Fewer servers: one goes with everybody on it, or its users move.

use super::Search;
use super::people::changed;
use crate::scenario::Scenario;

/// In so many ways the users of a server are spread over the others.
const WAYS: usize = 32;

/// Tries to go without each server.
pub(super) fn fewer(search: &mut Search<'_>) {
    let mut server = search.best.cast.servers.len();
    while server > 0 {
        server -= 1;
        let without = changed(&search.best, |it| it.servers[server] = None);
        if !search.attempt(without) {
            let moved = moved(&search.best, server);
            search.attempt_any(moved);
        }
        server = server.min(search.best.cast.servers.len());
    }
}

/// The scenario where the users of a server live on others, and what happens
/// to it happens to one of those or not at all.
fn moved(scenario: &Scenario, server: usize) -> Vec<Scenario> {
    let cast = &scenario.cast;
    let others: Vec<usize> = (0..cast.servers.len()).filter(|it| *it != server).collect();
    let users = cast.users.iter().enumerate();
    let users = users.filter(|(_, user)| usize::from(user.id.server().0) == server);
    let users: Vec<usize> = users.map(|(place, _)| place).collect();
    if others.is_empty() || users.is_empty() {
        return vec![];
    }
    let power = u32::try_from(users.len()).unwrap_or(u32::MAX);
    let ways = others.len().saturating_pow(power).min(WAYS);
    let heirs = others.iter().copied().map(Some).chain([None]);
    let pairs = heirs.flat_map(|heir| (0..ways).map(move |way| (heir, way)));
    let moved = pairs.map(|(heir, way)| {
        changed(scenario, |change| {
            change.servers[server] = heir;
            let mut left = way;
            for user in &users {
                change.homes[*user] = Some(others[left % others.len()]);
                left /= others.len();
            }
        })
    });
    moved.collect()
}
