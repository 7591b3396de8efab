//! `gone`: a node stops and never starts again, not even when everything else
//! is mended.

use std::fmt;

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::{Action, Outside};
use crate::cast::Cast;
use crate::luck::Luck;
use crate::name::NodeId;
use crate::problem::Fault;
use crate::roles::Roles;
use crate::time::Span;
use crate::trace::StepIndex;
use crate::words::{Names, word};

/// A node is lost for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone {
    node: NodeId,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    at: Spanned<String>,
    node: Spanned<String>,
}

impl Gone {
    /// Which node it is.
    pub(crate) fn node(self) -> NodeId {
        self.node
    }
}

impl Action for Gone {
    type Written = Written;

    fn read(written: Written, names: &Names<'_>) -> Result<(Span, Self), Fault> {
        let node = names.node(&written.node)?;
        Ok((names.time(&written.at)?, Self { node }))
    }

    fn write(&self, at: Span, cast: &Cast) -> Written {
        Written {
            at: word(at),
            node: word(cast.say(&self.node)),
        }
    }

    fn happen(&self, index: StepIndex, world: &mut impl Outside) {
        world.remove(self.node, index);
    }

    fn say(&self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is gone for good", cast.say(&self.node))
    }

    fn recast(&self, roles: &Roles) -> Option<Self> {
        Some(Self {
            node: roles.node(self.node)?,
        })
    }

    fn draw(luck: &mut Luck<'_>) -> Option<Self> {
        // Most runs end without any: what is gone shows nothing any more.
        if !luck.one_in(4) {
            return None;
        }
        Some(Self { node: luck.node()? })
    }
}
