//! Turns the words of a file into names, times and numbers, or says
//! which word is wrong and what was probably meant.

use std::time::Duration;

use toml::Spanned;

use crate::cast::Cast;
use crate::name::{DeviceId, NodeId, RoomId, ServerId, UserId};
use crate::problem::Fault;
use crate::time::Span;

/// The latest that a step may happen.
const LATEST: Span = Span::days(400);

/// The names that a scenario's steps may use.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Names<'a> {
    cast: &'a Cast,
}

impl<'a> Names<'a> {
    pub(crate) fn new(cast: &'a Cast) -> Self {
        Self { cast }
    }

    /// `90s`, `1h30m`, `2days`: since the start of the run.
    pub(crate) fn time(&self, word: &Spanned<String>) -> Result<Span, Fault> {
        let duration: Duration = humantime::parse_duration(word.get_ref()).map_err(|error| {
            Fault::new(word.span(), "this is not a time", error.to_string())
                .with_help("write a number and a unit, as in \"90s\", \"1h30m\" or \"2d\"")
        })?;
        let ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        if ms > LATEST.ticks() / Span::millis(1).ticks() {
            let message = format!("this time is out of range: no step is later than {LATEST}");
            return Err(Fault::new(word.span(), message, "too late"));
        }
        Ok(Span::millis(ms))
    }

    pub(crate) fn server(&self, word: &Spanned<String>) -> Result<ServerId, Fault> {
        let known = self.cast.servers.iter().map(String::as_str);
        let found = self.cast.server(word.get_ref());
        found.ok_or_else(|| Fault::unknown("server", word.get_ref(), word.span(), known))
    }

    pub(crate) fn device(&self, word: &Spanned<String>) -> Result<DeviceId, Fault> {
        let known = self.cast.devices.iter().map(|device| device.name.as_str());
        let found = self.cast.device(word.get_ref());
        found.ok_or_else(|| Fault::unknown("device", word.get_ref(), word.span(), known))
    }

    pub(crate) fn room(&self, word: &Spanned<String>) -> Result<RoomId, Fault> {
        let known = self.cast.rooms.iter().map(|room| room.name.as_str());
        let found = self.cast.room(word.get_ref());
        found.ok_or_else(|| Fault::unknown("room", word.get_ref(), word.span(), known))
    }

    pub(crate) fn user(&self, word: &Spanned<String>) -> Result<UserId, Fault> {
        let known = self.cast.users.iter().map(|user| user.name.as_str());
        let found = self
            .cast
            .users
            .iter()
            .find(|user| user.name == *word.get_ref());
        let found = found.map(|user| user.id);
        found.ok_or_else(|| Fault::unknown("user", word.get_ref(), word.span(), known))
    }

    pub(crate) fn node(&self, word: &Spanned<String>) -> Result<NodeId, Fault> {
        let servers = self.cast.servers.iter().map(String::as_str);
        let known = servers.chain(self.cast.devices.iter().map(|device| device.name.as_str()));
        let found = self.cast.node(word.get_ref());
        found.ok_or_else(|| Fault::unknown("server or device", word.get_ref(), word.span(), known))
    }

    /// Two nodes with a link between them: two servers, or a device and its
    /// own server.
    pub(crate) fn link(&self, words: &Spanned<Vec<Spanned<String>>>) -> Result<[NodeId; 2], Fault> {
        let [a, b] = words.get_ref().as_slice() else {
            let message = "a link is between two nodes";
            return Err(Fault::new(words.span(), message, "not two names"));
        };
        let between = [self.node(a)?, self.node(b)?];
        let is_link = match between {
            [NodeId::Server(a), NodeId::Server(b)] => a != b,
            [NodeId::Server(server), NodeId::Device(device)]
            | [NodeId::Device(device), NodeId::Server(server)] => device.user.server == server,
            [NodeId::Device(_), NodeId::Device(_)] => false,
        };
        if !is_link {
            let message = "there is no link between these two";
            let help = "links are between two servers, or a device and its own server";
            return Err(Fault::new(words.span(), message, "no such link").with_help(help));
        }
        Ok(between)
    }

    /// Whether a user is in a room.
    pub(crate) fn is_member(
        &self,
        user: UserId,
        room: RoomId,
        place: &Spanned<String>,
    ) -> Result<(), Fault> {
        let room = &self.cast.rooms[usize::from(room.0)];
        if room.members.contains(&user) {
            return Ok(());
        }
        let message = format!("{} is not in room {}", self.cast.say(&user), room.name);
        Err(Fault::new(place.span(), message, "not a member"))
    }
}
