//! `invite`: a member of a room invites a user to it, for all devices of theirs.

use std::fmt;

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::{Action, Outside};
use crate::cast::Cast;
use crate::luck::Luck;
use crate::name::{DeviceId, RoomId, UserId};
use crate::problem::Fault;
use crate::roles::Roles;
use crate::time::Span;
use crate::trace::StepIndex;
use crate::words::{Names, word};

/// A member invites a user to a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invite {
    by: DeviceId,
    device: DeviceId,
    room: RoomId,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    at: Spanned<String>,
    by: Spanned<String>,
    device: Spanned<String>,
    room: Spanned<String>,
}

impl Invite {
    /// Who invites to which room.
    pub(crate) fn user_and_room(self) -> (UserId, RoomId) {
        (self.by.user(), self.room)
    }
}

impl Action for Invite {
    type Written = Written;

    /// An invitation that is declined, withdrawn or lost in a split is not
    /// modelled, and random timelines come to all of these.
    const IS_DRAWN: bool = false;

    fn read(written: Written, names: &Names<'_>) -> Result<(Span, Self), Fault> {
        let (by, device) = (names.device(&written.by)?, names.device(&written.device)?);
        let room = names.room(&written.room)?;
        names.is_member(by.user(), room, &written.by)?;
        Ok((names.time(&written.at)?, Self { by, device, room }))
    }

    fn write(&self, at: Span, cast: &Cast) -> Written {
        Written {
            at: word(at),
            by: word(cast.say(&self.by)),
            device: word(cast.say(&self.device)),
            room: word(cast.say(&self.room)),
        }
    }

    fn happen(&self, index: StepIndex, world: &mut impl Outside) {
        world.invite(self.by, self.device.user(), self.room, index);
    }

    fn say(&self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let user = self.device.user();
        let (by, user) = (cast.say(&self.by), cast.say(&user));
        write!(f, "{by} invites {user} to {}", cast.say(&self.room))
    }

    fn recast(&self, roles: &Roles) -> Option<Self> {
        let (by, device) = (roles.device(self.by)?, roles.device(self.device)?);
        let room = roles.room(self.room)?;
        (by.user() != device.user()).then_some(Self { by, device, room })
    }

    fn draw(_: &mut Luck<'_>) -> Option<Self> {
        None
    }
}
