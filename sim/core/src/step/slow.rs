//! `slow`: messages between two servers take longer, until the link heals.

use std::fmt;

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::partition::Heal;
use super::{Action, Outside, Pair, Step, in_order};
use crate::cast::Cast;
use crate::luck::Luck;
use crate::name::NodeId;
use crate::problem::Fault;
use crate::roles::Roles;
use crate::time::Span;
use crate::trace::StepIndex;
use crate::words::{Names, word, word_pair};

/// The most that a message can be held up.
const MOST: Span = Span::hours(1);

/// A link gets slower.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slow {
    between: [NodeId; 2],
    by: Span,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    at: Spanned<String>,
    between: Pair,
    by: Spanned<String>,
}

impl Action for Slow {
    type Written = Written;

    fn read(written: Written, names: &Names<'_>) -> Result<(Span, Self), Fault> {
        let between = names.link(&written.between)?;
        if !between.iter().all(|node| matches!(node, NodeId::Server(_))) {
            let message = "only the link between two servers can be slow";
            let place = written.between.span();
            return Err(Fault::new(place, message, "not two servers"));
        }
        let by = names.time(&written.by)?;
        if by > MOST {
            let message = format!("this is out of range: it may be {MOST} at the most");
            return Err(Fault::new(written.by.span(), message, "too long"));
        }
        Ok((names.time(&written.at)?, Self { between, by }))
    }

    fn write(&self, at: Span, cast: &Cast) -> Written {
        Written {
            at: word(at),
            between: word_pair(self.between.map(|node| word(cast.say(&node)))),
            by: word(self.by),
        }
    }

    fn happen(&self, index: StepIndex, world: &mut impl Outside) {
        world.slow(self.between, self.by, index);
    }

    fn say(&self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b] = &self.between;
        let (a, b, by) = (cast.say(a), cast.say(b), self.by);
        write!(f, "messages between {a} and {b} take {by} longer")
    }

    fn recast(&self, roles: &Roles) -> Option<Self> {
        let between = roles.link(self.between)?;
        Some(Self { between, ..*self })
    }

    fn draw(luck: &mut Luck<'_>) -> Option<Self> {
        Some(Self {
            between: luck.two_servers()?,
            by: luck.span(Span::millis(100), MOST),
        })
    }

    fn sequel(&self, _: &mut Luck<'_>) -> Option<Step> {
        Some(Step::Heal(Heal::new(self.between)))
    }

    fn simpler(&self) -> Vec<Self> {
        let between = in_order(self.between);
        let round = [Span::secs(1), Span::secs(10), Span::mins(1), MOST];
        let is_round = round.contains(&self.by);
        let simpler = round.into_iter().filter(|by| !is_round || *by < self.by);
        let simpler = simpler.map(|by| Self { between, by });
        simpler.chain([Self { between, ..*self }]).collect()
    }
}
