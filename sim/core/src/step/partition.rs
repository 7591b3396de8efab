//! `partition` and `heal`: two nodes lose each other, or one of them the other,
//! and find each other again.

use std::fmt;

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::{Action, InFlight, Outside, Pair, Step, in_order};
use crate::cast::Cast;
use crate::luck::Luck;
use crate::name::NodeId;
use crate::problem::Fault;
use crate::roles::Roles;
use crate::time::Span;
use crate::trace::StepIndex;
use crate::words::{Names, word, word_pair};

/// The link between two nodes is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partition {
    between: [NodeId; 2],
    one_way: bool,
    in_flight: InFlight,
}

/// The link between two nodes is mended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heal {
    between: [NodeId; 2],
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    at: Spanned<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    between: Option<Pair>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<Spanned<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<Spanned<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    in_flight: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WrittenHeal {
    at: Spanned<String>,
    between: Pair,
}

impl Partition {
    /// Who loses whom.
    pub(crate) fn between(self) -> [NodeId; 2] {
        self.between
    }
}

impl Heal {
    pub(super) fn new(between: [NodeId; 2]) -> Self {
        Self { between }
    }

    /// Who finds whom.
    pub(crate) fn between(self) -> [NodeId; 2] {
        self.between
    }
}

impl Action for Partition {
    type Written = Written;

    fn read(written: Written, names: &Names<'_>) -> Result<(Span, Self), Fault> {
        let (between, one_way) = match (&written.between, &written.from, &written.to) {
            (Some(between), None, None) => (names.link(between)?, false),
            (None, Some(from), Some(to)) => (names.way(from, to)?, true),
            _ => {
                let message = "a partition is `between` two nodes, or goes `from` one `to` another";
                let help = "write either `between = [a, b]` or `from = a, to = b`";
                let fault = Fault::new(written.at.span(), message, "in this step");
                return Err(fault.with_help(help));
            }
        };
        let in_flight = match &written.in_flight {
            None => InFlight::Lost,
            Some(word) => match word.get_ref().as_str() {
                "lost" => InFlight::Lost,
                "arrives" => InFlight::Arrives,
                other => {
                    let known = ["lost", "arrives"];
                    return Err(Fault::unknown("fate", other, word.span(), known));
                }
            },
        };
        let partition = Self {
            between,
            one_way,
            in_flight,
        };
        Ok((names.time(&written.at)?, partition))
    }

    fn write(&self, at: Span, cast: &Cast) -> Written {
        let [a, b] = self.between.map(|node| word(cast.say(&node)));
        let (between, from, to) = match self.one_way {
            false => (Some(word_pair([a, b])), None, None),
            true => (None, Some(a), Some(b)),
        };
        let in_flight = match self.in_flight {
            InFlight::Lost => None,
            InFlight::Arrives => Some(word("arrives")),
        };
        Written {
            at: word(at),
            between,
            from,
            to,
            in_flight,
        }
    }

    fn happen(&self, index: StepIndex, world: &mut impl Outside) {
        world.cut(self.between, self.one_way, self.in_flight, index);
    }

    fn say(&self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b] = &self.between;
        let (a, b) = (cast.say(a), cast.say(b));
        match self.one_way {
            false => write!(f, "{a} and {b} lose each other"),
            true => write!(f, "{a} can no longer reach {b}"),
        }
    }

    fn recast(&self, roles: &Roles) -> Option<Self> {
        let between = roles.link(self.between)?;
        Some(Self { between, ..*self })
    }

    fn draw(luck: &mut Luck<'_>) -> Option<Self> {
        Some(Self {
            between: luck.link()?,
            one_way: luck.one_in(3),
            in_flight: luck.of(&[InFlight::Lost, InFlight::Lost, InFlight::Arrives])?,
        })
    }

    fn sequel(&self, _: &mut Luck<'_>) -> Option<Step> {
        let between = self.between;
        Some(Step::Heal(Heal { between }))
    }

    fn simpler(&self) -> Vec<Self> {
        let plain = Self {
            between: in_order(self.between),
            one_way: false,
            in_flight: InFlight::Lost,
        };
        let both_ways = Self {
            between: in_order(self.between),
            one_way: false,
            ..*self
        };
        let lost = Self {
            in_flight: InFlight::Lost,
            ..*self
        };
        vec![plain, both_ways, lost]
    }
}

impl Action for Heal {
    type Written = WrittenHeal;

    fn read(written: WrittenHeal, names: &Names<'_>) -> Result<(Span, Self), Fault> {
        Ok((
            names.time(&written.at)?,
            Self {
                between: names.link(&written.between)?,
            },
        ))
    }

    fn write(&self, at: Span, cast: &Cast) -> WrittenHeal {
        WrittenHeal {
            at: word(at),
            between: word_pair(self.between.map(|node| word(cast.say(&node)))),
        }
    }

    fn happen(&self, index: StepIndex, world: &mut impl Outside) {
        world.mend(self.between, Some(index));
    }

    fn say(&self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b] = &self.between;
        write!(f, "{} and {} find each other", cast.say(a), cast.say(b))
    }

    fn recast(&self, roles: &Roles) -> Option<Self> {
        Some(Self {
            between: roles.link(self.between)?,
        })
    }

    /// Seldom, for by itself it mostly finds nothing to mend.
    fn draw(luck: &mut Luck<'_>) -> Option<Self> {
        if !luck.one_in(4) {
            return None;
        }
        Some(Self {
            between: luck.link()?,
        })
    }

    fn simpler(&self) -> Vec<Self> {
        vec![Self {
            between: in_order(self.between),
        }]
    }
}
