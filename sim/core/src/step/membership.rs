//! `join` and `leave`: a person joins or leaves a room, for all devices of
//! theirs. It takes no invitation: whoever wants to can join.

use std::fmt;

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::send::Send;
use super::{Action, Outside, Step};
use crate::cast::Cast;
use crate::luck::Luck;
use crate::name::{DeviceId, RoomId, UserId};
use crate::problem::Fault;
use crate::roles::Roles;
use crate::time::Span;
use crate::trace::StepIndex;
use crate::words::{Names, word};

/// A user joins a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Join {
    device: DeviceId,
    room: RoomId,
}

/// A user leaves a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leave {
    device: DeviceId,
    room: RoomId,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    at: Spanned<String>,
    device: Spanned<String>,
    room: Spanned<String>,
}

impl Written {
    /// Who joins which room, as far as the names are right.
    pub(crate) fn user_and_room(&self, names: &Names<'_>) -> Option<(UserId, RoomId)> {
        let device = names.device(&self.device).ok()?;
        Some((device.user(), names.room(&self.room).ok()?))
    }
}

impl Join {
    /// Whose room it becomes.
    pub(crate) fn user_and_room(self) -> (UserId, RoomId) {
        (self.device.user(), self.room)
    }
}

impl Leave {
    /// Whose room it was.
    pub(crate) fn user_and_room(self) -> (UserId, RoomId) {
        (self.device.user(), self.room)
    }
}

impl Action for Join {
    type Written = Written;

    fn read(written: Written, names: &Names<'_>) -> Result<(Span, Self), Fault> {
        let (device, room) = (names.device(&written.device)?, names.room(&written.room)?);
        Ok((names.time(&written.at)?, Self { device, room }))
    }

    fn write(&self, at: Span, cast: &Cast) -> Written {
        Written {
            at: word(at),
            device: word(cast.say(&self.device)),
            room: word(cast.say(&self.room)),
        }
    }

    fn happen(&self, index: StepIndex, world: &mut impl Outside) {
        world.join(self.device, self.room, index);
    }

    fn say(&self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (device, room) = (cast.say(&self.device), cast.say(&self.room));
        write!(f, "{device} joins {room}")
    }

    fn recast(&self, roles: &Roles) -> Option<Self> {
        let (device, room) = (roles.device(self.device)?, roles.room(self.room)?);
        Some(Self { device, room })
    }

    fn draw(luck: &mut Luck<'_>) -> Option<Self> {
        let (device, room) = luck.outsider()?;
        Some(Self { device, room })
    }

    /// Whoever joins has something to say.
    fn sequel(&self, _: &mut Luck<'_>) -> Option<Step> {
        Some(Step::Send(Send::new(self.device, self.room)))
    }
}

impl Action for Leave {
    type Written = Written;

    fn read(written: Written, names: &Names<'_>) -> Result<(Span, Self), Fault> {
        let (device, room) = (names.device(&written.device)?, names.room(&written.room)?);
        names.is_member(device.user(), room, &written.device)?;
        Ok((names.time(&written.at)?, Self { device, room }))
    }

    fn write(&self, at: Span, cast: &Cast) -> Written {
        Written {
            at: word(at),
            device: word(cast.say(&self.device)),
            room: word(cast.say(&self.room)),
        }
    }

    fn happen(&self, index: StepIndex, world: &mut impl Outside) {
        world.leave(self.device, self.room, index);
    }

    fn say(&self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (device, room) = (cast.say(&self.device), cast.say(&self.room));
        write!(f, "{device} leaves {room}")
    }

    fn recast(&self, roles: &Roles) -> Option<Self> {
        let (device, room) = (roles.device(self.device)?, roles.room(self.room)?);
        Some(Self { device, room })
    }

    fn draw(luck: &mut Luck<'_>) -> Option<Self> {
        let (device, room) = luck.member()?;
        Some(Self { device, room })
    }

    fn sequel(&self, _: &mut Luck<'_>) -> Option<Step> {
        let (device, room) = (self.device, self.room);
        Some(Step::Join(Join { device, room }))
    }
}
