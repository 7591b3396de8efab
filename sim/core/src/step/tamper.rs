//! `inject` and `replay`: somebody between two devices, such as a homeserver,
//! sends what neither of them sent, or sends it twice.

use std::fmt;

use super::of_device::{Way, WrittenWay};
use super::{Action, Outside};
use crate::cast::Cast;
use crate::luck::Luck;
use crate::problem::Fault;
use crate::roles::Roles;
use crate::time::Span;
use crate::trace::StepIndex;
use crate::words::Names;

/// Somebody sends a damaged copy of a message ahead of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inject(Way);

/// Somebody delivers a message once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replay(Way);

impl Action for Inject {
    type Written = WrittenWay;

    fn read(written: WrittenWay, names: &Names<'_>) -> Result<(Span, Self), Fault> {
        let (at, way) = Way::read(&written, names)?;
        Ok((at, Self(way)))
    }

    fn write(&self, at: Span, cast: &Cast) -> WrittenWay {
        self.0.write(at, cast)
    }

    fn happen(&self, index: StepIndex, world: &mut impl Outside) {
        world.inject(self.0.from, self.0.to, index);
    }

    fn say(&self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, to) = (cast.say(&self.0.from), cast.say(&self.0.to));
        write!(
            f,
            "a damaged copy of the next Olm message of {from} for {to} goes ahead of it"
        )
    }

    fn recast(&self, roles: &Roles) -> Option<Self> {
        self.0.recast(roles).map(Self)
    }

    fn draw(luck: &mut Luck<'_>) -> Option<Self> {
        Way::draw(luck).map(Self)
    }

    fn awaits(&self) -> bool {
        true
    }
}

impl Action for Replay {
    type Written = WrittenWay;

    fn read(written: WrittenWay, names: &Names<'_>) -> Result<(Span, Self), Fault> {
        let (at, way) = Way::read(&written, names)?;
        Ok((at, Self(way)))
    }

    fn write(&self, at: Span, cast: &Cast) -> WrittenWay {
        self.0.write(at, cast)
    }

    fn happen(&self, index: StepIndex, world: &mut impl Outside) {
        world.replay(self.0.from, self.0.to, index);
    }

    fn say(&self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, to) = (cast.say(&self.0.from), cast.say(&self.0.to));
        write!(
            f,
            "the last Olm message of {from} for {to} is delivered once more"
        )
    }

    fn recast(&self, roles: &Roles) -> Option<Self> {
        self.0.recast(roles).map(Self)
    }

    fn draw(luck: &mut Luck<'_>) -> Option<Self> {
        Way::draw(luck).map(Self)
    }
}
