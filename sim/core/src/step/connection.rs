//! `offline` and `online`: a device loses its connection and gets it back.
//! The client goes on running; what was on its way is lost.

use std::fmt;

use super::of_device::OfDevice;
use super::{Outside, Step};
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

impl OfDevice for Offline {
    fn of(device: DeviceId) -> Self {
        Self { device }
    }

    fn device(self) -> DeviceId {
        self.device
    }

    fn befall(self, index: StepIndex, world: &mut impl Outside) {
        world.go_offline(self.device, index);
    }

    fn tell(device: impl fmt::Display, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{device} goes offline")
    }

    fn end(self) -> Option<Step> {
        Some(Step::Online(Online::of(self.device)))
    }
}

impl OfDevice for Online {
    fn of(device: DeviceId) -> Self {
        Self { device }
    }

    fn device(self) -> DeviceId {
        self.device
    }

    fn befall(self, index: StepIndex, world: &mut impl Outside) {
        world.go_online(self.device, Some(index));
    }

    fn tell(device: impl fmt::Display, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{device} comes online")
    }

    /// Seldom, for by itself it mostly finds nothing to mend.
    fn pick(luck: &mut Luck<'_>) -> Option<DeviceId> {
        let is_drawn = luck.one_in(4);
        is_drawn.then(|| luck.device()).flatten()
    }
}
