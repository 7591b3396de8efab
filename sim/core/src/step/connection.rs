//! `offline` and `online`: a device loses its connection and gets it back.
//! The client goes on running; what was on its way is lost.

use std::fmt;

use super::about::About;
use super::{Outside, Step};
use crate::cast::Cast;
use crate::luck::Luck;
use crate::name::DeviceId;
use crate::trace::StepIndex;

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

impl About for Offline {
    type Subject = DeviceId;

    fn about(device: DeviceId) -> Self {
        Self { device }
    }

    fn subject(self) -> DeviceId {
        self.device
    }

    fn befall(self, index: StepIndex, world: &mut impl Outside) {
        world.go_offline(self.device, index);
    }

    fn tell(self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} goes offline", cast.say(&self.device))
    }

    fn end(self) -> Option<Step> {
        Some(Step::Online(Online::about(self.device)))
    }
}

impl About for Online {
    type Subject = DeviceId;

    fn about(device: DeviceId) -> Self {
        Self { device }
    }

    fn subject(self) -> DeviceId {
        self.device
    }

    fn befall(self, index: StepIndex, world: &mut impl Outside) {
        world.go_online(self.device, Some(index));
    }

    fn tell(self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} comes online", cast.say(&self.device))
    }

    /// Seldom, for by itself it mostly finds nothing to mend.
    fn pick(luck: &mut Luck<'_>) -> Option<DeviceId> {
        let is_drawn = luck.one_in(4);
        is_drawn.then(|| luck.device()).flatten()
    }
}
