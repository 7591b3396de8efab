//! How often something happens, in hundredths of a percent.

use std::fmt;
use std::str::FromStr;

/// As many as there are hundredths of a percent in all.
const ALL: u32 = 10_000;

/// How often something happens, written as a percentage: `2%`, `1.5%`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Odds(u32);

impl Odds {
    /// It always happens.
    pub const ALWAYS: Odds = Odds(ALL);

    /// Whether it happens, as `draw` decides, which is given a bound and
    /// draws a number below it. What always or never happens draws nothing.
    #[must_use]
    pub fn come_true(self, draw: impl FnOnce(u64) -> u64) -> bool {
        match self.0 {
            0 => false,
            ALL => true,
            odds => draw(u64::from(ALL)) < u64::from(odds),
        }
    }
}

/// A word that is no percentage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotOdds;

impl FromStr for Odds {
    type Err = NotOdds;

    fn from_str(word: &str) -> Result<Self, NotOdds> {
        let number = word.strip_suffix('%').ok_or(NotOdds)?;
        let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
        let is_number = |it: &str, most| {
            (1..=most).contains(&it.len()) && it.bytes().all(|it| it.is_ascii_digit())
        };
        if !is_number(whole, 3) || !is_number(part, 2) {
            return Err(NotOdds);
        }
        let whole: u32 = whole.parse().map_err(|_| NotOdds)?;
        let part: u32 = format!("{part:0<2}").parse().map_err(|_| NotOdds)?;
        let odds = whole * 100 + part;
        (odds <= ALL).then_some(Self(odds)).ok_or(NotOdds)
    }
}

impl fmt::Display for Odds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.0 / 100, self.0 % 100);
        match part {
            0 => write!(f, "{whole}%"),
            _ if part.is_multiple_of(10) => write!(f, "{whole}.{}%", part / 10),
            _ => write!(f, "{whole}.{part:02}%"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odds_are_written_as_they_are_read() {
        for word in ["0%", "2%", "1.5%", "0.05%", "12.34%", "100%"] {
            assert_eq!(word.parse::<Odds>().unwrap().to_string(), word);
        }
        for word in [
            "2", "%", "101%", "100.01%", "1.505%", "-1%", "1.%", "+1%", "a%",
        ] {
            assert_eq!(word.parse::<Odds>(), Err(NotOdds), "{word}");
        }
    }

    #[test]
    fn what_is_certain_draws_nothing() {
        let odds = |word: &str| word.parse::<Odds>().unwrap();
        assert!(Odds::ALWAYS.come_true(|_| unreachable!("it is certain")));
        assert!(!odds("0%").come_true(|_| unreachable!("it is certain")));
        assert!(odds("2%").come_true(|_| 199));
        assert!(!odds("2%").come_true(|_| 200));
    }
}
