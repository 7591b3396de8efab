//! `partition` and `heal`: two nodes lose each other, or one of them the other,
//! and find each other again.

use std::fmt;

use serde::Deserialize;
use toml::Spanned;

use super::{Action, InFlight, Outside, Pair};
use crate::cast::Cast;
use crate::name::NodeId;
use crate::problem::Fault;
use crate::time::Span;
use crate::trace::StepIndex;
use crate::words::Names;

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

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    at: Spanned<String>,
    between: Option<Pair>,
    from: Option<Spanned<String>>,
    to: Option<Spanned<String>>,
    in_flight: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WrittenHeal {
    at: Spanned<String>,
    between: Pair,
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

    fn happen(&self, index: StepIndex, world: &mut impl Outside) {
        world.mend(self.between, Some(index));
    }

    fn say(&self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b] = &self.between;
        write!(f, "{} and {} find each other", cast.say(a), cast.say(b))
    }
}
