//! `login` and `logout`. A device of which the first of the two is `login` is
//! not there from the start; one that logs out wipes its store, and logs in
//! again with a new identity.

use std::fmt;

use super::about::About;
use super::{Outside, Step};
use crate::cast::Cast;
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

impl About for Login {
    type Subject = DeviceId;

    fn about(device: DeviceId) -> Self {
        Self { device }
    }

    fn subject(self) -> DeviceId {
        self.device
    }

    fn befall(self, index: StepIndex, world: &mut impl Outside) {
        world.log_in(self.device, index);
    }

    fn tell(self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} logs in", cast.say(&self.device))
    }
}

impl About for Logout {
    type Subject = DeviceId;

    fn about(device: DeviceId) -> Self {
        Self { device }
    }

    fn subject(self) -> DeviceId {
        self.device
    }

    fn befall(self, index: StepIndex, world: &mut impl Outside) {
        world.log_out(self.device, index);
    }

    fn tell(self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} logs out", cast.say(&self.device))
    }

    fn end(self) -> Option<Step> {
        Some(Step::Login(Login::about(self.device)))
    }
}
