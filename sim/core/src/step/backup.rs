//! `backup`: a server's database, or a device's store, is copied. The latest
//! copy is kept.

use std::fmt;

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::restore::Restore;
use super::{Action, Outside, Step};
use crate::cast::Cast;
use crate::luck::Luck;
use crate::name::NodeId;
use crate::problem::Fault;
use crate::roles::Roles;
use crate::time::Span;
use crate::trace::StepIndex;
use crate::words::{Names, word, word_server_or_device};

/// A node's database is copied, as it is on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backup {
    node: NodeId,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    at: Spanned<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<Spanned<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<Spanned<String>>,
}

impl Backup {
    /// Which node is copied.
    pub(crate) fn node(&self) -> NodeId {
        self.node
    }
}

impl Action for Backup {
    type Written = Written;

    fn read(written: Written, names: &Names<'_>) -> Result<(Span, Self), Fault> {
        let at = names.time(&written.at)?;
        let node = names.server_or_device(&written.at, written.server, written.device)?;
        Ok((at, Self { node }))
    }

    fn write(&self, at: Span, cast: &Cast) -> Written {
        let (server, device) = word_server_or_device(self.node, cast);
        Written {
            at: word(at),
            server,
            device,
        }
    }

    fn happen(&self, index: StepIndex, world: &mut impl Outside) {
        world.back_up(self.node, index);
    }

    fn say(&self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is backed up", cast.say(&self.node))
    }

    fn recast(&self, roles: &Roles) -> Option<Self> {
        Some(Self {
            node: roles.node(self.node)?,
        })
    }

    fn draw(luck: &mut Luck<'_>) -> Option<Self> {
        Some(Self { node: luck.node()? })
    }

    fn sequel(&self, luck: &mut Luck<'_>) -> Option<Step> {
        Some(Step::Restore(Restore::drawn(self.node, luck)))
    }
}
