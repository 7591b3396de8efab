//! Fewer users, devices, rooms and members; and one device or room in the
//! place of two.

use super::Search;
use super::change::Change;
use crate::cast::Cast;
use crate::scenario::Scenario;

/// Tries to go without each user.
pub(super) fn fewer_users(search: &mut Search<'_>) {
    let count = |cast: &Cast| cast.users.len();
    each(search, count, |change, user| change.homes[user] = None);
}

/// Tries to go without each device.
pub(super) fn fewer_devices(search: &mut Search<'_>) {
    let count = |cast: &Cast| cast.devices.len();
    each(search, count, |change, device| {
        change.devices[device] = None;
    });
}

/// Tries to go without each room.
pub(super) fn fewer_rooms(search: &mut Search<'_>) {
    let count = |cast: &Cast| cast.rooms.len();
    each(search, count, |change, room| change.rooms[room] = None);
}

/// Tries to let one device do what two have done.
pub(super) fn merged_devices(search: &mut Search<'_>) {
    let count = |cast: &Cast| cast.devices.len();
    each_pair(search, count, |change, one, other| {
        change.devices[one] = Some(other);
    });
}

/// Tries to let one room be what two have been.
pub(super) fn merged_rooms(search: &mut Search<'_>) {
    let count = |cast: &Cast| cast.rooms.len();
    each_pair(search, count, |change, one, other| {
        change.rooms[one] = Some(other);
    });
}

/// Tries to take each member out of each room, but for the last.
pub(super) fn fewer_members(search: &mut Search<'_>) {
    let mut room = search.best.cast.rooms.len();
    while room > 0 {
        room -= 1;
        let mut place = search.best.cast.rooms[room].members.len();
        while place > 0 && search.best.cast.rooms[room].members.len() > 1 {
            place -= 1;
            let member = search.best.cast.rooms[room].members[place];
            let left = Some((room, usize::from(member.index())));
            search.attempt(changed(&search.best, |change| change.left = left));
        }
    }
}

/// Tries a change for everyone, the last first.
fn each(
    search: &mut Search<'_>,
    count: impl Fn(&Cast) -> usize,
    change: impl Fn(&mut Change, usize),
) {
    let mut place = count(&search.best.cast);
    while place > 0 {
        place = (place - 1).min(count(&search.best.cast));
        if place < count(&search.best.cast) {
            search.attempt(changed(&search.best, |it| change(it, place)));
        }
    }
}

/// Tries a change for every two, which one of them does not survive.
fn each_pair(
    search: &mut Search<'_>,
    count: impl Fn(&Cast) -> usize,
    change: impl Fn(&mut Change, usize, usize),
) {
    let mut one = count(&search.best.cast);
    while one > 0 {
        one -= 1;
        let others = (0..count(&search.best.cast)).filter(|other| *other != one);
        let merged = others.map(|other| changed(&search.best, |it| change(it, one, other)));
        let merged: Vec<Scenario> = merged.collect();
        if search.attempt_any(merged) {
            one = one.min(count(&search.best.cast));
        }
    }
}

/// A scenario with a change of its cast.
pub(super) fn changed(scenario: &Scenario, change: impl FnOnce(&mut Change)) -> Scenario {
    let mut it = Change::none(&scenario.cast);
    change(&mut it);
    it.apply(scenario)
}
