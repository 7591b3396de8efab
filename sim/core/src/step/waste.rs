//! `waste`: a device sends Olm messages to another, and none arrives: those of
//! an app that sends them by the hundred (calls, for one), while something on
//! the way loses them.

use std::fmt;

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::about::{Subject, Way};
use super::{Action, Outside};
use crate::cast::Cast;
use crate::luck::Luck;
use crate::problem::Fault;
use crate::roles::Roles;
use crate::time::Span;
use crate::trace::StepIndex;
use crate::words::{Names, word};

/// The most messages that one step can lose.
const MOST: u32 = 10_000;

/// Olm messages that are all lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waste {
    way: Way,
    count: u32,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    at: Spanned<String>,
    from: Spanned<String>,
    to: Spanned<String>,
    count: Spanned<i64>,
}

impl Action for Waste {
    type Written = Written;

    fn read(written: Written, names: &Names<'_>) -> Result<(Span, Self), Fault> {
        let (from, to) = (names.device(&written.from)?, names.device(&written.to)?);
        let (way, count) = (Way { from, to }, names.count(&written.count, MOST)?);
        Ok((names.time(&written.at)?, Self { way, count }))
    }

    fn write(&self, at: Span, cast: &Cast) -> Written {
        Written {
            at: word(at),
            from: word(cast.say(&self.way.from)),
            to: word(cast.say(&self.way.to)),
            count: Spanned::new(0..0, i64::from(self.count)),
        }
    }

    fn happen(&self, index: StepIndex, world: &mut impl Outside) {
        world.waste(self.way.from, self.way.to, self.count, index);
    }

    fn say(&self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, to) = (cast.say(&self.way.from), cast.say(&self.way.to));
        write!(f, "{} Olm messages of {from} for {to} are lost", self.count)
    }

    fn recast(&self, roles: &Roles) -> Option<Self> {
        let way = self.way.recast(roles)?;
        Some(Self { way, ..*self })
    }

    /// A few, or about as many as a receiver keeps keys of or can skip.
    fn draw(luck: &mut Luck<'_>) -> Option<Self> {
        let way = Way::draw(luck)?;
        let few = u32::try_from(1 + luck.below(60)).ok()?;
        let count = luck.of(&[few, 40, 1999, 2000, 2001])?;
        Some(Self { way, count })
    }

    fn simpler(&self) -> Vec<Self> {
        let mut fewer = vec![1, self.count / 2, self.count - 1];
        fewer.retain(|count| (1..self.count).contains(count));
        fewer.dedup();
        let simpler = fewer.into_iter().map(|count| Self { count, ..*self });
        simpler.collect()
    }
}
