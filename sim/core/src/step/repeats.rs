//! What happens again and again: how often, and how long after one time the
//! next is.

use std::fmt;

use toml::Spanned;

use crate::problem::Fault;
use crate::time::Span;
use crate::words::{Names, word};

/// The most often that a step can happen.
const MOST: u32 = 100_000;

/// How often a step happens, and with what time in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Repeats {
    /// How often, at least once.
    pub(crate) times: u32,
    /// How long after one time the next is.
    pub(crate) every: Span,
}

/// As a file writes it: `times = 400, every = "1m"`, or neither.
pub(super) type Written = (Option<Spanned<i64>>, Option<Spanned<String>>);

impl Repeats {
    /// Like most steps.
    pub(crate) const ONCE: Repeats = Repeats {
        times: 1,
        every: Span::ZERO,
    };

    /// How long after the first time the last is.
    pub(crate) fn span(self) -> Span {
        self.every.times(u64::from(self.times - 1))
    }

    /// Reads how often a step happens that happens first at `at`.
    pub(super) fn read(
        (times, every): Written,
        at: &Spanned<String>,
        names: &Names<'_>,
    ) -> Result<Self, Fault> {
        let (times, every) = match (times, every) {
            (None, None) => return Ok(Self::ONCE),
            (Some(times), Some(every)) => (times, every),
            (Some(one), None) => return Err(half(one.span())),
            (None, Some(one)) => return Err(half(one.span())),
        };
        let repeats = Self {
            times: names.count(&times, MOST)?,
            every: names.time(&every)?,
        };
        if repeats.every < Span::millis(1) {
            let message = "this is too soon: at least 1ms is between one time and the next";
            return Err(Fault::new(every.span(), message, "too soon"));
        }
        let last = Spanned::new(every.span(), (names.time(at)? + repeats.span()).to_string());
        names.time(&last)?;
        Ok(repeats)
    }

    pub(super) fn write(self) -> Written {
        match self.times {
            1 => (None, None),
            times => (
                Some(Spanned::new(0..0, i64::from(times))),
                Some(word(self.every)),
            ),
        }
    }

    /// Fewer times, the fewest first.
    pub(super) fn simpler(self) -> Vec<Self> {
        let mut fewer = vec![1, self.times / 2, self.times - 1];
        fewer.retain(|times| (1..self.times).contains(times));
        fewer.dedup();
        let fewer = fewer.into_iter().map(|times| match times {
            1 => Self::ONCE,
            _ => Self { times, ..self },
        });
        fewer.collect()
    }
}

fn half(place: std::ops::Range<usize>) -> Fault {
    let message = "what happens more than once says how often, and what time is in between";
    Fault::new(place, message, "only one of the two")
        .with_help("write both, as in `times = 400, every = \"1m\"`")
}

/// `, 400 times, every 1m`; nothing of what happens once.
impl fmt::Display for Repeats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.times {
            1 => Ok(()),
            times => write!(f, ", {times} times, every {}", self.every),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cast::Cast;

    fn read(times: Option<i64>, every: Option<&str>, at: &str) -> Result<Repeats, String> {
        let cast = Cast::default();
        let times = times.map(|it| Spanned::new(0..0, it));
        let every = every.map(word);
        Repeats::read((times, every), &word(at), &Names::new(&cast)).map_err(|fault| fault.label)
    }

    #[test]
    fn what_happens_again_says_how_often_and_when() {
        let often = Repeats {
            times: 400,
            every: Span::mins(1),
        };
        assert_eq!(read(None, None, "1h"), Ok(Repeats::ONCE));
        assert_eq!(read(Some(400), Some("1m"), "1h"), Ok(often));
        assert_eq!(often.span(), Span::mins(399));
        assert_eq!(Repeats::ONCE.span(), Span::ZERO);
        let half = Err("only one of the two".to_owned());
        assert_eq!(read(Some(2), None, "1h"), half);
        assert_eq!(read(None, Some("1m"), "1h"), half);
        assert_eq!(read(Some(2), Some("0s"), "1h"), Err("too soon".to_owned()));
        assert_eq!(
            read(Some(0), Some("1m"), "1h"),
            Err("out of range".to_owned())
        );
        // The last time is within what a run can last, too.
        assert!(read(Some(3), Some("100d"), "200d").is_ok());
        assert_eq!(
            read(Some(4), Some("100d"), "200d"),
            Err("too late".to_owned())
        );
    }

    #[test]
    fn fewer_times_is_simpler_down_to_once() {
        let four = Repeats {
            times: 4,
            every: Span::mins(1),
        };
        let times = |it: Repeats| it.simpler().into_iter().map(|it| it.times);
        assert_eq!(times(four).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(four.simpler()[0], Repeats::ONCE);
        assert_eq!(times(Repeats::ONCE).count(), 0);
    }
}
