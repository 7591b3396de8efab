//! `offline` and `online`: a device loses its connection and gets it back.
//! The client goes on running; what was on its way is lost.

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

/// A device loses its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offline {
    device: DeviceId,
}

/// A device gets its connection back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Online {
    device: DeviceId,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    at: Spanned<String>,
    device: Spanned<String>,
}

impl Action for Offline {
    type Written = Written;

    fn read(written: Written, names: &Names<'_>) -> Result<(Span, Self), Fault> {
        Ok((
            names.time(&written.at)?,
            Self {
                device: names.device(&written.device)?,
            },
        ))
    }

    fn happen(&self, index: StepIndex, world: &mut impl Outside) {
        world.go_offline(self.device, index);
    }

    fn say(&self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} goes offline", cast.say(&self.device))
    }
}

impl Action for Online {
    type Written = Written;

    fn read(written: Written, names: &Names<'_>) -> Result<(Span, Self), Fault> {
        Ok((
            names.time(&written.at)?,
            Self {
                device: names.device(&written.device)?,
            },
        ))
    }

    fn happen(&self, index: StepIndex, world: &mut impl Outside) {
        world.go_online(self.device, Some(index));
    }

    fn say(&self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} comes online", cast.say(&self.device))
    }
}
