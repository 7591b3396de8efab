//! What failed a short while ago and is not asked again yet. In memory only:
//! a restart forgets it (BS §1.5).

use litemap::LiteMap;

use crate::time::{Span, Time};

/// The delay after the first failure; it doubles with each further one.
const FIRST: Span = Span::secs(15);
/// The delay at the most.
const MAX: Span = Span::mins(15);

/// Failures by subject. An entry whose delay is over may be tried again but
/// is not forgotten: only success forgets.
#[derive(Debug)]
pub(super) struct Failures<K>(LiteMap<K, Entry>);

#[derive(Clone, Copy, Debug)]
struct Entry {
    count: u32,
    until: Time,
}

impl<K> Default for Failures<K> {
    fn default() -> Self {
        Self(LiteMap::new())
    }
}

impl<K: Ord> Failures<K> {
    /// Notes a failure: 15 s, 30 s, 1, 2, 4, 8 min, then 15 min.
    pub(super) fn failed(&mut self, subject: K, now: Time) {
        let count = self.0.get(&subject).map_or(0, |entry| entry.count);
        let delay = FIRST.times(1 << count.min(6)).min(MAX);
        self.0.insert(
            subject,
            Entry {
                count: count + 1,
                until: now + delay,
            },
        );
    }

    /// Notes a success.
    pub(super) fn succeeded(&mut self, subject: &K) {
        self.0.remove(subject);
    }

    /// Until when the subject is, or was, to be left alone.
    pub(super) fn until(&self, subject: &K) -> Option<Time> {
        self.0.get(subject).map(|entry| entry.until)
    }

    /// Whether the subject is to be left alone for now.
    pub(super) fn cooling_down(&self, subject: &K, now: Time) -> bool {
        self.0.get(subject).is_some_and(|entry| now < entry.until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_a_quarter_of_an_hour_and_success_forgets() {
        let mut failures = Failures::default();
        let mut delays = vec![];
        for _ in 0..8 {
            failures.failed("hs2", Time::ZERO);
            let until = failures.0[&"hs2"].until;
            assert!(failures.cooling_down(&"hs2", until - Span::millis(1)));
            assert!(!failures.cooling_down(&"hs2", until));
            delays.push(until.since(Time::ZERO));
        }
        assert_eq!(
            delays,
            [15, 30, 60, 120, 240, 480, 900, 900].map(Span::secs)
        );

        failures.succeeded(&"hs2");
        failures.failed("hs2", Time::ZERO);
        assert_eq!(failures.0[&"hs2"].until.since(Time::ZERO), Span::secs(15));
    }
}
