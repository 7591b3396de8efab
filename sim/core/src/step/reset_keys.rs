//! `reset_keys`: somebody with a device's access token deletes its one-time
//! keys from its server.

use std::fmt;

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::{Action, Outside};
use crate::cast::Cast;
use crate::luck::Luck;
use crate::name::DeviceId;
use crate::problem::Fault;
use crate::roles::Roles;
use crate::time::Span;
use crate::trace::StepIndex;
use crate::words::{Names, word};

/// A device's one-time keys are deleted behind its back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResetKeys {
    device: DeviceId,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    at: Spanned<String>,
    device: Spanned<String>,
}

impl Action for ResetKeys {
    type Written = Written;

    fn read(written: Written, names: &Names<'_>) -> Result<(Span, Self), Fault> {
        let device = names.device(&written.device)?;
        Ok((names.time(&written.at)?, Self { device }))
    }

    fn write(&self, at: Span, cast: &Cast) -> Written {
        Written {
            at: word(at),
            device: word(cast.say(&self.device)),
        }
    }

    fn happen(&self, index: StepIndex, world: &mut impl Outside) {
        world.reset_keys(self.device, index);
    }

    fn say(&self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let device = cast.say(&self.device);
        write!(f, "somebody deletes all one-time keys of {device}")
    }

    fn recast(&self, roles: &Roles) -> Option<Self> {
        let device = roles.device(self.device)?;
        Some(Self { device })
    }

    fn draw(luck: &mut Luck<'_>) -> Option<Self> {
        let device = luck.device()?;
        Some(Self { device })
    }
}
