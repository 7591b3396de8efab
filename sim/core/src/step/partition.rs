//! `partition` and `heal`: two nodes lose each other and find each other
//! again. What is on its way when a link is cut is lost.

use std::fmt;

use serde::Deserialize;
use toml::Spanned;

use super::{Action, Outside, Pair};
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
    between: Pair,
}

impl Action for Partition {
    type Written = Written;

    fn read(written: Written, names: &Names<'_>) -> Result<(Span, Self), Fault> {
        Ok((
            names.time(&written.at)?,
            Self {
                between: names.link(&written.between)?,
            },
        ))
    }

    fn happen(&self, index: StepIndex, world: &mut impl Outside) {
        let [a, b] = self.between;
        world.cut(a, b, Some(index));
    }

    fn say(&self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b] = &self.between;
        write!(f, "{} and {} lose each other", cast.say(a), cast.say(b))
    }
}

impl Action for Heal {
    type Written = Written;

    fn read(written: Written, names: &Names<'_>) -> Result<(Span, Self), Fault> {
        Ok((
            names.time(&written.at)?,
            Self {
                between: names.link(&written.between)?,
            },
        ))
    }

    fn happen(&self, index: StepIndex, world: &mut impl Outside) {
        let [a, b] = self.between;
        world.mend(a, b, Some(index));
    }

    fn say(&self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b] = &self.between;
        write!(f, "{} and {} find each other", cast.say(a), cast.say(b))
    }
}
