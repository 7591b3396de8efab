//! `inject` and `replay`: somebody between two devices, such as a homeserver,
//! sends what neither of them sent, or sends it twice.

use std::fmt;

use super::Outside;
use super::about::{About, Way};
use crate::cast::Cast;
use crate::trace::StepIndex;

/// Somebody sends a damaged copy of a message ahead of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inject {
    way: Way,
}

/// Somebody delivers a message once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replay {
    way: Way,
}

impl About for Inject {
    type Subject = Way;

    fn about(way: Way) -> Self {
        Self { way }
    }

    fn subject(self) -> Way {
        self.way
    }

    fn befall(self, index: StepIndex, world: &mut impl Outside) {
        world.inject(self.way.from, self.way.to, index);
    }

    fn tell(self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, to) = (cast.say(&self.way.from), cast.say(&self.way.to));
        write!(
            f,
            "a damaged copy of the next Olm message of {from} for {to} goes ahead of it"
        )
    }

    fn waits(self) -> bool {
        true
    }
}

impl About for Replay {
    type Subject = Way;

    fn about(way: Way) -> Self {
        Self { way }
    }

    fn subject(self) -> Way {
        self.way
    }

    fn befall(self, index: StepIndex, world: &mut impl Outside) {
        world.replay(self.way.from, self.way.to, index);
    }

    fn tell(self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, to) = (cast.say(&self.way.from), cast.say(&self.way.to));
        write!(
            f,
            "the last Olm message of {from} for {to} is delivered once more"
        )
    }
}
