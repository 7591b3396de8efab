//! `login` and `logout`. A device of which the first of the two is `login` is
//! not there from the start; one that logs out wipes its store, and logs in
//! again with a new identity.

use std::fmt;

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::{Action, Outside, Step};
use crate::cast::Cast;
use crate::luck::Luck;
use crate::name::DeviceId;
use crate::problem::Fault;
use crate::roles::Roles;
use crate::time::Span;
use crate::trace::StepIndex;
use crate::words::{Names, word};

/// A device logs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Login {
    device: DeviceId,
}

/// A device logs out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Logout {
    device: DeviceId,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    at: Spanned<String>,
    device: Spanned<String>,
}

impl Login {
    /// Which device logs in.
    pub(crate) fn device(self) -> DeviceId {
        self.device
    }
}

impl Logout {
    /// Which device logs out.
    pub(crate) fn device(self) -> DeviceId {
        self.device
    }
}

impl Action for Login {
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
        world.log_in(self.device, index);
    }

    fn say(&self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} logs in", cast.say(&self.device))
    }

    fn recast(&self, roles: &Roles) -> Option<Self> {
        Some(Self {
            device: roles.device(self.device)?,
        })
    }

    fn draw(luck: &mut Luck<'_>) -> Option<Self> {
        Some(Self {
            device: luck.device()?,
        })
    }
}

impl Action for Logout {
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
        world.log_out(self.device, index);
    }

    fn say(&self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} logs out", cast.say(&self.device))
    }

    fn recast(&self, roles: &Roles) -> Option<Self> {
        Some(Self {
            device: roles.device(self.device)?,
        })
    }

    fn draw(luck: &mut Luck<'_>) -> Option<Self> {
        Some(Self {
            device: luck.device()?,
        })
    }

    fn sequel(&self, _: &mut Luck<'_>) -> Option<Step> {
        Some(Step::Login(Login {
            device: self.device,
        }))
    }
}
