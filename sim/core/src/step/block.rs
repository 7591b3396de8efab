//! `block`: a person decides that another device gets no room keys from this
//! one. It is told so, with the code `m.blacklisted`.

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

/// A device gives another no more room keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    by: DeviceId,
    device: DeviceId,
}

#[derive(Debug, Deserialize, Serialize)]
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

    fn write(&self, at: Span, cast: &Cast) -> Written {
        Written {
            at: word(at),
            by: word(cast.say(&self.by)),
            device: word(cast.say(&self.device)),
        }
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

    fn recast(&self, roles: &Roles) -> Option<Self> {
        let (by, device) = (roles.device(self.by)?, roles.device(self.device)?);
        (by != device).then_some(Self { by, device })
    }

    fn draw(luck: &mut Luck<'_>) -> Option<Self> {
        let (by, device) = luck.two_devices()?;
        Some(Self { by, device })
    }
}
