//! `backup`: a server's database, or a device's store, is copied. The latest
//! copy is kept.

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

/// A node's database is copied, as it is on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backup {
    node: NodeId,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    at: Spanned<String>,
    server: Option<Spanned<String>>,
    device: Option<Spanned<String>>,
}

impl Action for Backup {
    type Written = Written;

    fn read(written: Written, names: &Names<'_>) -> Result<(Span, Self), Fault> {
        let at = names.time(&written.at)?;
        let node = names.server_or_device(&written.at, written.server, written.device)?;
        Ok((at, Self { node }))
    }

    fn happen(&self, index: StepIndex, world: &mut impl Outside) {
        world.back_up(self.node, index);
    }

    fn say(&self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is backed up", cast.say(&self.node))
    }
}
