//! `reset_keys`: somebody with a device's access token deletes its one-time
//! keys from its server.

use std::fmt;

use super::Outside;
use super::about::About;
use crate::cast::Cast;
use crate::name::DeviceId;
use crate::trace::StepIndex;

/// A device's one-time keys are deleted behind its back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResetKeys {
    device: DeviceId,
}

impl About for ResetKeys {
    type Subject = DeviceId;

    fn about(device: DeviceId) -> Self {
        Self { device }
    }

    fn subject(self) -> DeviceId {
        self.device
    }

    fn befall(self, index: StepIndex, world: &mut impl Outside) {
        world.reset_keys(self.device, index);
    }

    fn tell(self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "somebody deletes all one-time keys of {}",
            cast.say(&self.device)
        )
    }
}
