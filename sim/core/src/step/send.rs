//! `send`: a person says something in a room.

use std::fmt;

use serde::Deserialize;
use toml::Spanned;

use super::Action;
use crate::cast::Cast;
use crate::crypto::{Body, Crypto};
use crate::device::Command;
use crate::name::{DeviceId, RoomId};
use crate::problem::Fault;
use crate::scenario::Names;
use crate::time::Span;
use crate::trace::{Fact, StepIndex};
use crate::world::World;

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

    fn happen<C: Crypto>(&self, index: StepIndex, world: &mut World<C>) {
        let Self { from, room } = *self;
        world.note(Fact::ToldToSend { by: from, room, step: index });
        world.command_device(from, Span::ZERO, Command::Send(room, Body::Timeline));
    }

    fn say(&self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} sends in {}", cast.say(&self.from), cast.say(&self.room))
    }
}
