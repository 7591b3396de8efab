//! `clock`: a server's clock is set back, as when it had been wrong. What it
//! stores from then on is stamped as if it were older.

use std::fmt;

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::{Action, Outside};
use crate::cast::Cast;
use crate::luck::Luck;
use crate::name::ServerId;
use crate::problem::Fault;
use crate::roles::Roles;
use crate::time::Span;
use crate::trace::StepIndex;
use crate::words::{Names, word};

/// The furthest that a clock can be set back by one step.
const MOST: Span = Span::days(30);

/// A server's clock is set back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    server: ServerId,
    back: Span,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    at: Spanned<String>,
    server: Spanned<String>,
    back: Spanned<String>,
}

impl Action for Clock {
    type Written = Written;

    fn read(written: Written, names: &Names<'_>) -> Result<(Span, Self), Fault> {
        let server = names.server(&written.server)?;
        let back = names.time(&written.back)?;
        if back > MOST {
            let message = format!("this is out of range: it may be {MOST} at the most");
            return Err(Fault::new(written.back.span(), message, "too far"));
        }
        Ok((names.time(&written.at)?, Self { server, back }))
    }

    fn write(&self, at: Span, cast: &Cast) -> Written {
        Written {
            at: word(at),
            server: word(cast.say(&self.server)),
            back: word(self.back),
        }
    }

    fn happen(&self, index: StepIndex, world: &mut impl Outside) {
        world.set_clock_back(self.server, self.back, index);
    }

    fn say(&self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (server, back) = (cast.say(&self.server), self.back);
        write!(f, "the clock of {server} is set back by {back}")
    }

    fn recast(&self, roles: &Roles) -> Option<Self> {
        let server = roles.server(self.server)?;
        Some(Self { server, ..*self })
    }

    fn draw(luck: &mut Luck<'_>) -> Option<Self> {
        Some(Self {
            server: luck.server()?,
            back: luck.span(Span::secs(1), MOST),
        })
    }

    fn simpler(&self) -> Vec<Self> {
        let round = [Span::mins(1), Span::hours(1), Span::days(1), MOST];
        let is_round = round.contains(&self.back);
        let simpler = round
            .into_iter()
            .filter(|back| !is_round || *back < self.back);
        simpler.map(|back| Self { back, ..*self }).collect()
    }
}
