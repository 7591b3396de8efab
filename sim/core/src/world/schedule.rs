//! The schedule: gives everything that will happen an instant of its own, so
//! that every engine hands the same inputs to the same nodes in the same
//! order.

use std::collections::BTreeSet;

use crate::time::{Span, Time};

/// Nothing happens sooner than this after its cause.
const AFTER_CAUSE: Span = Span::millis(1);

/// The instants that are taken.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    taken: BTreeSet<Time>,
}

impl Schedule {
    /// Takes the first free instant that is not before `wanted` and at least
    /// 1 ms after `now`.
    pub(super) fn take(&mut self, wanted: Time, now: Time) -> Time {
        let mut at = wanted.max(now + AFTER_CAUSE);
        while !self.taken.insert(at) {
            at = at.next();
        }
        at
    }

    /// Forgets the instants that have passed.
    pub(super) fn passed(&mut self, now: Time) {
        while self.taken.first().is_some_and(|first| *first <= now) {
            self.taken.pop_first();
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
        schedule.passed(later);
        assert!(schedule.taken.is_empty());
    }
}
