//! `inject` and `replay`: somebody between two devices, such as a homeserver,
//! sends what neither of them sent, or sends it twice.

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

/// Somebody sends a damaged copy of a message ahead of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inject {
    from: DeviceId,
    to: DeviceId,
}

/// Somebody delivers a message once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replay {
    from: DeviceId,
    to: DeviceId,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    at: Spanned<String>,
    from: Spanned<String>,
    to: Spanned<String>,
}

impl Action for Inject {
    type Written = Written;

    fn read(written: Written, names: &Names<'_>) -> Result<(Span, Self), Fault> {
        let (from, to) = (names.device(&written.from)?, names.device(&written.to)?);
        Ok((names.time(&written.at)?, Self { from, to }))
    }

    fn write(&self, at: Span, cast: &Cast) -> Written {
        Written {
            at: word(at),
            from: word(cast.say(&self.from)),
            to: word(cast.say(&self.to)),
        }
    }

    fn happen(&self, index: StepIndex, world: &mut impl Outside) {
        world.inject(self.from, self.to, index);
    }

    fn say(&self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, to) = (cast.say(&self.from), cast.say(&self.to));
        write!(
            f,
            "a damaged copy of the next Olm message of {from} for {to} goes ahead of it"
        )
    }

    fn recast(&self, roles: &Roles) -> Option<Self> {
        let (from, to) = (roles.device(self.from)?, roles.device(self.to)?);
        (from != to).then_some(Self { from, to })
    }

    fn draw(luck: &mut Luck<'_>) -> Option<Self> {
        let (from, to) = luck.two_devices()?;
        Some(Self { from, to })
    }

    fn awaits(&self) -> bool {
        true
    }
}

impl Action for Replay {
    type Written = Written;

    fn read(written: Written, names: &Names<'_>) -> Result<(Span, Self), Fault> {
        let (from, to) = (names.device(&written.from)?, names.device(&written.to)?);
        Ok((names.time(&written.at)?, Self { from, to }))
    }

    fn write(&self, at: Span, cast: &Cast) -> Written {
        Written {
            at: word(at),
            from: word(cast.say(&self.from)),
            to: word(cast.say(&self.to)),
        }
    }

    fn happen(&self, index: StepIndex, world: &mut impl Outside) {
        world.replay(self.from, self.to, index);
    }

    fn say(&self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, to) = (cast.say(&self.from), cast.say(&self.to));
        write!(
            f,
            "the last Olm message of {from} for {to} is delivered once more"
        )
    }

    fn recast(&self, roles: &Roles) -> Option<Self> {
        let (from, to) = (roles.device(self.from)?, roles.device(self.to)?);
        (from != to).then_some(Self { from, to })
    }

    fn draw(luck: &mut Luck<'_>) -> Option<Self> {
        let (from, to) = luck.two_devices()?;
        Some(Self { from, to })
    }
}
