//! Steps that say no more than whom they are about: a device, or one device and
//! another. How such a step is written, read, recast and drawn is the same for all.

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

/// A step about one device.
pub(crate) trait OfDevice: Copy {
    /// The step about this device.
    fn of(device: DeviceId) -> Self;

    /// Whom it is about.
    fn device(self) -> DeviceId;

    /// Lets the step happen.
    fn befall(self, index: StepIndex, world: &mut impl Outside);

    /// Says the step in a few words.
    fn tell(device: impl fmt::Display, f: &mut fmt::Formatter<'_>) -> fmt::Result;

    /// What ends the step some time after it.
    fn end(self) -> Option<Step> {
        None
    }

    /// Draws whom it is about. Nobody if luck would not have it.
    fn pick(luck: &mut Luck<'_>) -> Option<DeviceId> {
        luck.device()
    }
}

/// A step about one device, as a file has it.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    at: Spanned<String>,
    device: Spanned<String>,
}

impl<T: OfDevice> Action for T {
    type Written = Written;

    fn read(written: Written, names: &Names<'_>) -> Result<(Span, Self), Fault> {
        let device = names.device(&written.device)?;
        Ok((names.time(&written.at)?, Self::of(device)))
    }

    fn write(&self, at: Span, cast: &Cast) -> Written {
        Written {
            at: word(at),
            device: word(cast.say(&self.device())),
        }
    }

    fn happen(&self, index: StepIndex, world: &mut impl Outside) {
        self.befall(index, world);
    }

    fn say(&self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Self::tell(cast.say(&self.device()), f)
    }

    fn recast(&self, roles: &Roles) -> Option<Self> {
        roles.device(self.device()).map(Self::of)
    }

    fn draw(luck: &mut Luck<'_>) -> Option<Self> {
        Self::pick(luck).map(Self::of)
    }

    fn sequel(&self, _: &mut Luck<'_>) -> Option<Step> {
        self.end()
    }
}

/// One device and another: what goes from the one to the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Way {
    pub(super) from: DeviceId,
    pub(super) to: DeviceId,
}

/// A step about one device and another, as a file has it.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WrittenWay {
    at: Spanned<String>,
    from: Spanned<String>,
    to: Spanned<String>,
}

impl Way {
    pub(super) fn read(written: &WrittenWay, names: &Names<'_>) -> Result<(Span, Self), Fault> {
        let (from, to) = (names.device(&written.from)?, names.device(&written.to)?);
        Ok((names.time(&written.at)?, Self { from, to }))
    }

    pub(super) fn write(self, at: Span, cast: &Cast) -> WrittenWay {
        WrittenWay {
            at: word(at),
            from: word(cast.say(&self.from)),
            to: word(cast.say(&self.to)),
        }
    }

    pub(super) fn recast(self, roles: &Roles) -> Option<Self> {
        let (from, to) = (roles.device(self.from)?, roles.device(self.to)?);
        (from != to).then_some(Self { from, to })
    }

    pub(super) fn draw(luck: &mut Luck<'_>) -> Option<Self> {
        let (from, to) = luck.two_devices()?;
        Some(Self { from, to })
    }
}
