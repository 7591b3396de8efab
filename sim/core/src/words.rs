//! Turns the words of a file into names, times and numbers, or says
//! which word is wrong and what was probably meant.

use std::ops::Range;
use std::time::Duration;

use toml::Spanned;

use crate::cast::Cast;
use crate::name::{DeviceId, NodeId, RoomId, Row, ServerId, Table, UserId};
use crate::problem::Fault;
use crate::step::AppMeanwhile;
use crate::time::Span;
use crate::wire::MessageKind;

/// The latest that a step may happen.
const LATEST: Span = Span::days(400);

/// The names that a scenario's steps may use.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Names<'a> {
    cast: &'a Cast,
    /// Who joins which room in the course of the scenario.
    joins: &'a [(UserId, RoomId)],
}

impl<'a> Names<'a> {
    pub(crate) fn new(cast: &'a Cast) -> Self {
        Self { cast, joins: &[] }
    }

    /// The same names, where these users join these rooms.
    pub(crate) fn with_joins(self, joins: &'a [(UserId, RoomId)]) -> Self {
        Self { joins, ..self }
    }

    /// `90s`, `1h30m`, `2days`: since the start of the run.
    pub(crate) fn time(&self, word: &Spanned<String>) -> Result<Span, Fault> {
        span(word)?.ok_or_else(|| {
            let message = format!("this time is out of range: no step is later than {LATEST}");
            Fault::new(word.span(), message, "too late")
        })
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
        linked(between, words.span())
    }

    /// The way between two nodes with a link between them, from one end.
    pub(crate) fn way(
        &self,
        from: &Spanned<String>,
        to: &Spanned<String>,
    ) -> Result<[NodeId; 2], Fault> {
        let between = [self.node(from)?, self.node(to)?];
        linked(between, to.span())
    }

    /// An endpoint, as `list steps` names them.
    pub(crate) fn endpoint(&self, word: &Spanned<String>) -> Result<MessageKind, Fault> {
        let all = MessageKind::ALL.iter().copied();
        one_of("endpoint", word, all, MessageKind::name)
    }

    /// A table of a homeserver's database.
    pub(crate) fn table(&self, word: &Spanned<String>) -> Result<Table, Fault> {
        one_of("table", word, Table::ALL.iter().copied(), Table::name)
    }

    /// A kind of row that a node stores: one of a client's, or a table.
    pub(crate) fn row(&self, node: NodeId, word: &Spanned<String>) -> Result<Row, Fault> {
        match node {
            NodeId::Server(_) => Ok(Row::Of(self.table(word)?)),
            NodeId::Device(_) => {
                let rows = Row::OF_CLIENTS.iter().copied();
                one_of("kind of row", word, rows, Row::name)
            }
        }
    }

    /// What an app does while a second process runs.
    pub(crate) fn app_meanwhile(&self, word: &Spanned<String>) -> Result<AppMeanwhile, Fault> {
        let all = AppMeanwhile::ALL.iter().copied();
        one_of("state of an app", word, all, AppMeanwhile::name)
    }

    /// A number of things: at least one, and at most this many.
    pub(crate) fn count(&self, number: &Spanned<i64>, most: u32) -> Result<u32, Fault> {
        let within = u32::try_from(*number.get_ref())
            .ok()
            .filter(|it| (1..=most).contains(it));
        within.ok_or_else(|| {
            let message = format!("this number is out of range: it may be 1 to {most}");
            Fault::new(number.span(), message, "out of range")
        })
    }

    /// Whether a user is in a room, at least for a part of the scenario.
    pub(crate) fn is_member(
        &self,
        user: UserId,
        room: RoomId,
        place: &Spanned<String>,
    ) -> Result<(), Fault> {
        let members = &self.cast.rooms[usize::from(room.0)];
        if members.members.contains(&user) || self.joins.contains(&(user, room)) {
            return Ok(());
        }
        let message = format!("{} is not in room {}", self.cast.say(&user), members.name);
        Err(Fault::new(place.span(), message, "not a member"))
    }

    /// Whichever of a server and a device is named in the step at `place`.
    pub(crate) fn server_or_device(
        &self,
        place: &Spanned<String>,
        server: Option<Spanned<String>>,
        device: Option<Spanned<String>>,
    ) -> Result<NodeId, Fault> {
        match (server, device) {
            (Some(server), None) => Ok(NodeId::Server(self.server(&server)?)),
            (None, Some(device)) => Ok(NodeId::Device(self.device(&device)?)),
            (None, None) | (Some(_), Some(_)) => {
                let message = "this step is about one `server` or one `device`";
                Err(Fault::new(place.span(), message, "in this step"))
            }
        }
    }
}

/// A time that a file writes, unless it is longer than any run.
pub(crate) fn span(word: &Spanned<String>) -> Result<Option<Span>, Fault> {
    let duration: Duration = humantime::parse_duration(word.get_ref()).map_err(|error| {
        Fault::new(word.span(), "this is not a time", error.to_string())
            .with_help("write a number and a unit, as in \"90s\", \"1h30m\" or \"2days\"")
    })?;
    let ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let within = ms <= LATEST.ticks() / Span::millis(1).ticks();
    Ok(within.then(|| Span::millis(ms)))
}

/// How a file writes a name, a time or another word.
pub(crate) fn word(text: impl ToString) -> Spanned<String> {
    Spanned::new(0..0, text.to_string())
}

/// How a file writes two names of the same kind.
pub(crate) fn word_pair([a, b]: [Spanned<String>; 2]) -> Spanned<Vec<Spanned<String>>> {
    Spanned::new(0..0, vec![a, b])
}

/// How a file writes one server or one device: the words for each.
pub(crate) fn word_server_or_device(
    node: NodeId,
    cast: &Cast,
) -> (Option<Spanned<String>>, Option<Spanned<String>>) {
    let name = Some(word(cast.say(&node)));
    match node {
        NodeId::Server(_) => (name, None),
        NodeId::Device(_) => (None, name),
    }
}

/// Two nodes, if there is a link between them.
fn linked(between: [NodeId; 2], place: Range<usize>) -> Result<[NodeId; 2], Fault> {
    if is_link(between) {
        return Ok(between);
    }
    let message = "there is no link between these two";
    let help = "links are between two servers, or a device and its own server";
    Err(Fault::new(place, message, "no such link").with_help(help))
}

/// Whether there is a link between two nodes.
pub(crate) fn is_link(between: [NodeId; 2]) -> bool {
    match between {
        [NodeId::Server(a), NodeId::Server(b)] => a != b,
        [NodeId::Server(server), NodeId::Device(device)]
        | [NodeId::Device(device), NodeId::Server(server)] => device.server() == server,
        [NodeId::Device(_), NodeId::Device(_)] => false,
    }
}

pub(crate) fn one_of<T: Copy>(
    what: &str,
    word: &Spanned<String>,
    all: impl Iterator<Item = T> + Clone,
    name: impl Fn(T) -> &'static str,
) -> Result<T, Fault> {
    let named = all.clone().find(|it| name(*it) == word.get_ref());
    named.ok_or_else(|| Fault::unknown(what, word.get_ref(), word.span(), all.map(&name)))
}
