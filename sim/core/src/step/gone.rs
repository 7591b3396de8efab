//! `gone`: a node stops and never starts again, not even when everything else
//! is mended.

use std::fmt;

use serde::Deserialize;
use toml::Spanned;

use super::{Action, Outside};
use crate::cast::Cast;
use crate::name::NodeId;
use crate::problem::Fault;
use crate::time::Span;
use crate::trace::StepIndex;
use crate::words::Names;

/// A node is lost for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone {
    node: NodeId,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    at: Spanned<String>,
    node: Spanned<String>,
}

impl Action for Gone {
    type Written = Written;

    fn read(written: Written, names: &Names<'_>) -> Result<(Span, Self), Fault> {
        let node = names.node(&written.node)?;
        Ok((names.time(&written.at)?, Self { node }))
    }

    fn happen(&self, index: StepIndex, world: &mut impl Outside) {
        world.remove(self.node, index);
    }

    fn say(&self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is gone for good", cast.say(&self.node))
    }
}
