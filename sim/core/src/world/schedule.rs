//! The schedule: gives everything that will happen an instant of its own, so
//! that every engine hands the same inputs to the same nodes in the same
//! order.

use rustc_hash::FxHashSet;

use crate::time::{Span, Time};

/// Nothing happens sooner than this after its cause.
const AFTER_CAUSE: Span = Span::millis(1);

/// How many places there are: a few times what is planned at once in a run of the
/// usual length.
const PLACES: u64 = 1024;

/// The instants that are taken. Each goes to the place that is the remainder of its
/// division by the number of places, where nearly all are alone; those that come to
/// a place that is occupied stand apart.
#[derive(Debug)]
pub(super) struct Schedule {
    places: Vec<Time>,
    apart: FxHashSet<Time>,
}

impl Default for Schedule {
    fn default() -> Self {
        Self {
            places: vec![Time::ZERO; PLACES as usize],
            apart: FxHashSet::default(),
        }
    }
}

impl Schedule {
    /// Takes the first free instant that is not before `wanted` and at least
    /// 1 ms after `now`.
    pub(super) fn take(&mut self, wanted: Time, now: Time) -> Time {
        let mut at = wanted.max(now + AFTER_CAUSE);
        while !self.took(at, now) {
            at = at.next();
        }
        at
    }

    /// Takes an instant, unless it is taken. A place is free when its instant has
    /// passed: nobody asks for that again.
    fn took(&mut self, at: Time, now: Time) -> bool {
        let place = &mut self.places[(at.ticks() % PLACES) as usize];
        if *place > now {
            return *place != at && self.apart.insert(at);
        }
        if !self.apart.is_empty() && self.apart.contains(&at) {
            return false;
        }
        *place = at;
        true
    }

    /// Forgets an instant that has passed. Those of what was lost with its
    /// node stay: nobody asks for them again.
    pub(super) fn passed(&mut self, now: Time) {
        if !self.apart.is_empty() {
            self.apart.remove(&now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_instant_is_given_twice_or_too_early() {
        let mut schedule = Schedule::default();
        let now = Time::ZERO + Span::secs(1);
        let first = schedule.take(now, now);
        assert_eq!(first, now + Span::millis(1));
        assert_eq!(schedule.take(now, now), first.next());
        let later = now + Span::secs(1);
        assert_eq!(schedule.take(later, now), later);
    }

    #[test]
    fn instants_of_one_place_do_not_get_into_each_other() {
        let place = |round| Time::ZERO + Span::from_ticks(round * PLACES + 50);
        let [start, one, two, three] = [Time::ZERO, place(1), place(2), place(3)];
        let mut schedule = Schedule::default();
        assert_eq!(schedule.take(one, start), one);
        assert_eq!(schedule.take(two, start), two);
        assert_eq!(schedule.take(one, start), one.next());
        assert_eq!(schedule.take(two, start), two.next());
        // The place is free, and what stood apart is taken still.
        schedule.passed(one);
        assert_eq!(schedule.take(two, one), two.next().next());
        schedule.passed(two);
        assert!(!schedule.apart.contains(&two), "it has passed");
        assert_eq!(schedule.take(three, two), three);
        assert_eq!(schedule.take(three, two), three.next());
    }
}
