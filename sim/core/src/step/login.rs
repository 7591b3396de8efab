//! `login` and `logout`. A device of which the first of the two is `login` is
//! not there from the start; one that logs out wipes its store, and logs in
//! again with a new identity.

use std::fmt;

use super::of_device::OfDevice;
use super::{Outside, Step};
use crate::name::DeviceId;
use crate::trace::StepIndex;

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

impl OfDevice for Login {
    fn of(device: DeviceId) -> Self {
        Self { device }
    }

    fn device(self) -> DeviceId {
        self.device
    }

    fn befall(self, index: StepIndex, world: &mut impl Outside) {
        world.log_in(self.device, index);
    }

    fn tell(device: impl fmt::Display, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{device} logs in")
    }
}

impl OfDevice for Logout {
    fn of(device: DeviceId) -> Self {
        Self { device }
    }

    fn device(self) -> DeviceId {
        self.device
    }

    fn befall(self, index: StepIndex, world: &mut impl Outside) {
        world.log_out(self.device, index);
    }

    fn tell(device: impl fmt::Display, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{device} logs out")
    }

    fn end(self) -> Option<Step> {
        Some(Step::Login(Login::of(self.device)))
    }
}
