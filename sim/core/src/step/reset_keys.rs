//! `reset_keys`: somebody with a device's access token deletes its one-time
//! keys from its server.

use std::fmt;

use super::Outside;
use super::of_device::OfDevice;
use crate::name::DeviceId;
use crate::trace::StepIndex;

/// A device's one-time keys are deleted behind its back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResetKeys {
    device: DeviceId,
}

impl OfDevice for ResetKeys {
    fn of(device: DeviceId) -> Self {
        Self { device }
    }

    fn device(self) -> DeviceId {
        self.device
    }

    fn befall(self, index: StepIndex, world: &mut impl Outside) {
        world.reset_keys(self.device, index);
    }

    fn tell(device: impl fmt::Display, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "somebody deletes all one-time keys of {device}")
    }
}
