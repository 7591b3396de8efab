//! `send`: a person says something in a room.

use std::fmt;

use serde::Deserialize;
use toml::Spanned;

use super::{Action, Outside};
use crate::cast::Cast;
use crate::name::{DeviceId, RoomId};
use crate::problem::Fault;
use crate::time::Span;
use crate::trace::StepIndex;
use crate::words::Names;

/// A person says something with a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Send {
    from: DeviceId,
    room: RoomId,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    at: Spanned<String>,
    from: Spanned<String>,
    room: Spanned<String>,
}

impl Action for Send {
    type Written = Written;

    fn read(written: Written, names: &Names<'_>) -> Result<(Span, Self), Fault> {
        let at = names.time(&written.at)?;
        let (from, room) = (names.device(&written.from)?, names.room(&written.room)?);
        names.is_member(from.user, room, &written.from)?;
        Ok((at, Self { from, room }))
    }

    fn happen(&self, index: StepIndex, world: &mut impl Outside) {
        world.told_to_send(self.from, self.room, index);
    }

    fn say(&self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} sends in {}",
            cast.say(&self.from),
            cast.say(&self.room)
        )
    }
}
