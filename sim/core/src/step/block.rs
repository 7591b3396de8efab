//! `block`: a person decides that another device gets no room keys from this
//! one. It is told so, with the code `m.blacklisted`.

use std::fmt;

use serde::Deserialize;
use toml::Spanned;

use super::{Action, Outside};
use crate::cast::Cast;
use crate::name::DeviceId;
use crate::problem::Fault;
use crate::time::Span;
use crate::trace::StepIndex;
use crate::words::Names;

/// A device gives another no more room keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    by: DeviceId,
    device: DeviceId,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    at: Spanned<String>,
    by: Spanned<String>,
    device: Spanned<String>,
}

impl Action for Block {
    type Written = Written;

    fn read(written: Written, names: &Names<'_>) -> Result<(Span, Self), Fault> {
        let (by, device) = (names.device(&written.by)?, names.device(&written.device)?);
        Ok((names.time(&written.at)?, Self { by, device }))
    }

    fn happen(&self, index: StepIndex, world: &mut impl Outside) {
        world.block(self.by, self.device, index);
    }

    fn say(&self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} blocks {}",
            cast.say(&self.by),
            cast.say(&self.device)
        )
    }
}
