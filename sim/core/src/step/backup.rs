//! `backup`: a server's database is copied. The latest copy is kept.

use std::fmt;

use serde::Deserialize;
use toml::Spanned;

use super::{Action, Outside};
use crate::cast::Cast;
use crate::name::ServerId;
use crate::problem::Fault;
use crate::time::Span;
use crate::trace::StepIndex;
use crate::words::Names;

/// A server's database is copied, as it is on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backup {
    server: ServerId,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    at: Spanned<String>,
    server: Spanned<String>,
}

impl Action for Backup {
    type Written = Written;

    fn read(written: Written, names: &Names<'_>) -> Result<(Span, Self), Fault> {
        Ok((
            names.time(&written.at)?,
            Self {
                server: names.server(&written.server)?,
            },
        ))
    }

    fn happen(&self, index: StepIndex, world: &mut impl Outside) {
        world.back_up(self.server, index);
    }

    fn say(&self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is backed up", cast.say(&self.server))
    }
}
