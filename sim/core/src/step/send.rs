//! `send`: a person says something in a room.

use std::fmt;

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::{Action, Outside, Repeats};
use crate::cast::Cast;
use crate::luck::Luck;
use crate::name::{DeviceId, RoomId, UserId};
use crate::problem::Fault;
use crate::roles::Roles;
use crate::time::Span;
use crate::trace::StepIndex;
use crate::words::{Names, word};

/// A person says something with a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Send {
    from: DeviceId,
    room: RoomId,
    repeats: Repeats,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    at: Spanned<String>,
    from: Spanned<String>,
    room: Spanned<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    times: Option<Spanned<i64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    every: Option<Spanned<String>>,
}

impl Send {
    pub(super) fn new(from: DeviceId, room: RoomId) -> Self {
        let repeats = Repeats::ONCE;
        Self {
            from,
            room,
            repeats,
        }
    }

    /// Whose user has to be in which room.
    pub(crate) fn user_and_room(self) -> (UserId, RoomId) {
        (self.from.user(), self.room)
    }
}

impl Action for Send {
    type Written = Written;

    fn read(written: Written, names: &Names<'_>) -> Result<(Span, Self), Fault> {
        let at = names.time(&written.at)?;
        let (from, room) = (names.device(&written.from)?, names.room(&written.room)?);
        names.is_member(from.user(), room, &written.from)?;
        let repeats = Repeats::read((written.times, written.every), &written.at, names)?;
        let send = Self {
            from,
            room,
            repeats,
        };
        Ok((at, send))
    }

    fn write(&self, at: Span, cast: &Cast) -> Written {
        let (times, every) = self.repeats.write();
        Written {
            at: word(at),
            from: word(cast.say(&self.from)),
            room: word(cast.say(&self.room)),
            times,
            every,
        }
    }

    fn happen(&self, index: StepIndex, world: &mut impl Outside) {
        world.told_to_send(self.from, self.room, index);
    }

    fn repeats(&self) -> Repeats {
        self.repeats
    }

    fn say(&self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} sends in {}{}",
            cast.say(&self.from),
            cast.say(&self.room),
            self.repeats
        )
    }

    fn recast(&self, roles: &Roles) -> Option<Self> {
        let (from, room) = (roles.device(self.from)?, roles.room(self.room)?);
        Some(Self {
            from,
            room,
            ..*self
        })
    }

    fn draw(luck: &mut Luck<'_>) -> Option<Self> {
        let (from, room) = luck.member()?;
        Some(Self::new(from, room))
    }

    fn simpler(&self) -> Vec<Self> {
        let rarer = self.repeats.simpler().into_iter();
        rarer.map(|repeats| Self { repeats, ..*self }).collect()
    }
}
