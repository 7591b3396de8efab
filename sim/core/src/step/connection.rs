//! `offline` and `online`: a device loses its connection and gets it back.
//! The client goes on running; what was on its way is lost.

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

#[derive(Debug, Deserialize, Serialize)]
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

    fn write(&self, at: Span, cast: &Cast) -> Written {
        Written {
            at: word(at),
            device: word(cast.say(&self.device)),
        }
    }

    fn happen(&self, index: StepIndex, world: &mut impl Outside) {
        world.go_offline(self.device, index);
    }

    fn say(&self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} goes offline", cast.say(&self.device))
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
        Some(Step::Online(Online {
            device: self.device,
        }))
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

    fn write(&self, at: Span, cast: &Cast) -> Written {
        Written {
            at: word(at),
            device: word(cast.say(&self.device)),
        }
    }

    fn happen(&self, index: StepIndex, world: &mut impl Outside) {
        world.go_online(self.device, Some(index));
    }

    fn say(&self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} comes online", cast.say(&self.device))
    }

    fn recast(&self, roles: &Roles) -> Option<Self> {
        Some(Self {
            device: roles.device(self.device)?,
        })
    }

    /// Seldom, for by itself it mostly finds nothing to mend.
    fn draw(luck: &mut Luck<'_>) -> Option<Self> {
        if !luck.one_in(4) {
            return None;
        }
        Some(Self {
            device: luck.device()?,
        })
    }
}
