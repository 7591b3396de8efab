//! Virtual time: instants and spans on a grid of 100 µs. Knows no clock.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};

use serde::{Deserialize, Serialize};

/// Ticks in a millisecond: the grid is 100 µs wide, so that two inputs that
/// are one tick apart keep their order on every engine.
const TICKS_PER_MS: u64 = 10;

/// An instant of virtual time, in ticks of 100 µs since the start of the run.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Time(u64);

/// A length of virtual time, in ticks of 100 µs.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Span(u64);

impl Time {
    /// The start of every run.
    pub const ZERO: Time = Time(0);
    /// Later than anything.
    pub const MAX: Time = Time(u64::MAX);

    /// The next instant of the grid.
    #[must_use]
    pub fn next(self) -> Time {
        Time(self.0 + 1)
    }

    /// The span since `earlier`, or zero if `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Time) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }

    /// Microseconds since the start of the run.
    #[must_use]
    pub fn as_micros(self) -> u64 {
        self.0 * 1000 / TICKS_PER_MS
    }

    /// Whole seconds since the start of the run.
    #[must_use]
    pub fn as_secs(self) -> u64 {
        self.0 / 1000 / TICKS_PER_MS
    }

    /// Ticks of 100 µs since the start of the run.
    #[must_use]
    pub fn ticks(self) -> u64 {
        self.0
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Span = Span(0);

    /// `ms` milliseconds.
    #[must_use]
    pub const fn millis(ms: u64) -> Span {
        Span(ms * TICKS_PER_MS)
    }

    /// `s` seconds.
    #[must_use]
    pub const fn secs(s: u64) -> Span {
        Span::millis(s * 1000)
    }

    /// `m` minutes.
    #[must_use]
    pub const fn mins(m: u64) -> Span {
        Span::secs(m * 60)
    }

    /// `h` hours.
    #[must_use]
    pub const fn hours(h: u64) -> Span {
        Span::mins(h * 60)
    }

    /// `d` days.
    #[must_use]
    pub const fn days(d: u64) -> Span {
        Span::hours(d * 24)
    }

    /// Ticks of 100 µs.
    #[must_use]
    pub const fn ticks(self) -> u64 {
        self.0
    }

    /// `ticks` of 100 µs.
    #[must_use]
    pub const fn from_ticks(ticks: u64) -> Span {
        Span(ticks)
    }

    /// This span `n` times over.
    #[must_use]
    pub const fn times(self, n: u64) -> Span {
        Span(self.0 * n)
    }
}

impl Add<Span> for Time {
    type Output = Time;
    fn add(self, span: Span) -> Time {
        Time(self.0 + span.0)
    }
}

impl AddAssign<Span> for Time {
    fn add_assign(&mut self, span: Span) {
        self.0 += span.0;
    }
}

impl Sub<Span> for Time {
    type Output = Time;
    fn sub(self, span: Span) -> Time {
        Time(self.0.saturating_sub(span.0))
    }
}

impl Add for Span {
    type Output = Span;
    fn add(self, other: Span) -> Span {
        Span(self.0 + other.0)
    }
}

/// `2h00m00.0000s`: hours first, so that lines of a trace align and sort.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0 / 1000 / TICKS_PER_MS;
        let fraction = self.0 % (1000 * TICKS_PER_MS);
        let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
        write!(f, "{hours}h{minutes:02}m{:02}.{fraction:04}s", seconds % 60)
    }
}

/// `1h30m`, `250ms`, `7d`: the largest units first, zero units left out.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = self.0 / TICKS_PER_MS;
        let parts = [
            (ms / 86_400_000, "d"),
            (ms / 3_600_000 % 24, "h"),
            (ms / 60_000 % 60, "m"),
            (ms / 1000 % 60, "s"),
            (ms % 1000, "ms"),
        ];
        if ms == 0 {
            return f.write_str("0s");
        }
        for (amount, unit) in parts.iter().filter(|(amount, _)| *amount > 0) {
            write!(f, "{amount}{unit}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_as_hours_minutes_and_seconds() {
        let time = Time::ZERO + Span::hours(26) + Span::secs(61) + Span::millis(7);
        assert_eq!(time.next().to_string(), "26h01m01.0071s");
    }

    #[test]
    fn spans_leave_out_what_is_zero() {
        assert_eq!((Span::days(1) + Span::mins(90)).to_string(), "1d1h30m");
        assert_eq!(Span::millis(250).to_string(), "250ms");
        assert_eq!(Span::ZERO.to_string(), "0s");
    }
}
