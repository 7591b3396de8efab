//! The schedule: gives everything that will happen an instant of its own, so
//! that every engine hands the same inputs to the same nodes in the same
//! order.

use rustc_hash::{FxBuildHasher, FxHashSet};

use crate::time::{Span, Time};

/// Nothing happens sooner than this after its cause.
const AFTER_CAUSE: Span = Span::millis(1);

/// Room for what is planned at once in a run of the usual length.
const USUALLY_PLANNED: usize = 256;

/// The instants that are taken.
#[derive(Debug)]
pub(super) struct Schedule {
    taken: FxHashSet<Time>,
}

impl Default for Schedule {
    fn default() -> Self {
        Self {
            taken: FxHashSet::with_capacity_and_hasher(USUALLY_PLANNED, FxBuildHasher),
        }
    }
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

    /// Forgets an instant that has passed. Those of what was lost with its
    /// node stay: nobody asks for them again.
    pub(super) fn passed(&mut self, now: Time) {
        self.taken.remove(&now);
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
        for passed in [first, first.next(), later] {
            schedule.passed(passed);
        }
        assert!(schedule.taken.is_empty());
    }
}
