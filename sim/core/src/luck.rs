//! Luck: who and what a step that is drawn is about. Knows the cast, likes
//! some of it better than the rest, and comes back to what it gave last, so
//! that steps get into each other's way.

mod dice;

use crate::cast::{Cast, Room};
use crate::name::{DeviceId, NodeId, RoomId, Row, ServerId, Table, UserId};
use crate::node::Settings;
use crate::time::Span;
use crate::wire::MessageKind;

pub(crate) use dice::{Dice, Numbers};

/// What a client asks, with how often that is drawn: the more often it is asked
/// and the more there is to break, the more often.
const CLIENT_ENDPOINTS: &[(MessageKind, usize)] = &[
    (MessageKind::Login, 1),
    (MessageKind::Logout, 1),
    (MessageKind::KeysUpload, 5),
    (MessageKind::KeysReset, 1),
    (MessageKind::KeysQuery, 3),
    (MessageKind::KeysClaim, 5),
    (MessageKind::SendToDevice, 6),
    (MessageKind::SendEvent, 4),
    (MessageKind::Join, 1),
    (MessageKind::Leave, 1),
    (MessageKind::Sync, 6),
];
/// What a server asks another, likewise.
const FEDERATION_ENDPOINTS: &[(MessageKind, usize)] = &[
    (MessageKind::FederationSend, 8),
    (MessageKind::FederationClaim, 4),
    (MessageKind::FederationQuery, 2),
    (MessageKind::FederationMissingEvents, 2),
    (MessageKind::FederationJoin, 1),
    (MessageKind::FederationVersion, 1),
];

/// How often, in a hundred times, luck comes back to what it gave last.
const AGAIN: usize = 45;

/// What a run's steps are mostly about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hot {
    /// How often, in a hundred times.
    heat: usize,
    devices: [DeviceId; 2],
    room: RoomId,
}

/// Draws who and what a step is about.
pub(crate) struct Luck<'a> {
    pub(crate) dice: Dice<'a>,
    cast: &'a Cast,
    settings: Settings,
    hot: Option<Hot>,
    last: Option<NodeId>,
}

impl<'a> Luck<'a> {
    /// Luck among this cast.
    pub(crate) fn new(dice: Dice<'a>, cast: &'a Cast, settings: Settings) -> Self {
        Self {
            dice,
            cast,
            settings,
            hot: None,
            last: None,
        }
    }

    /// Draws whom luck will like better than others.
    pub(crate) fn heat_up(&mut self, heat: usize) {
        let devices = self.cast.devices.iter().map(|it| it.id);
        let pair = (self.dice.among(devices.clone()), self.dice.among(devices));
        let room = self.dice.among(self.cast.rooms.iter().map(|it| it.id));
        if let ((Some(a), Some(b)), Some(room)) = (pair, room) {
            let devices = [a, b];
            self.hot = Some(Hot {
                heat,
                devices,
                room,
            });
        }
    }

    /// What was given last.
    pub(crate) fn last(&self) -> Option<NodeId> {
        self.last
    }

    /// Comes back to this, as if it had been given last.
    pub(crate) fn come_back(&mut self, to: Option<NodeId>) {
        self.last = to;
    }

    /// A number in `0..bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.dice.below(bound)
    }

    /// What comes true once in so many times.
    pub(crate) fn one_in(&mut self, times: usize) -> bool {
        self.dice.one_in(times)
    }

    /// One of these, if there are any.
    pub(crate) fn of<T: Copy>(&mut self, all: &[T]) -> Option<T> {
        self.dice.of(all)
    }

    /// A time, where twice as long is about as likely.
    pub(crate) fn span(&mut self, shortest: Span, longest: Span) -> Span {
        self.dice.span(shortest, longest)
    }

    /// How many one-time keys a device means to have on its server.
    pub(crate) fn one_time_keys(&self) -> usize {
        self.settings.one_time_keys
    }

    /// A device.
    pub(crate) fn device(&mut self) -> Option<DeviceId> {
        let devices = self.cast.devices.iter().map(|it| it.id);
        let device = match self.last.filter(|_| self.dice.percent(AGAIN)) {
            Some(NodeId::Device(device)) => Some(device),
            Some(NodeId::Server(server)) => {
                let local = devices.clone().filter(|it| it.server() == server);
                self.dice.among(local)
            }
            None => None,
        };
        let hot = self.hot.filter(|hot| self.dice.percent(hot.heat));
        let device = device.or_else(|| self.dice.of(&hot?.devices));
        let device = device.or_else(|| self.dice.among(devices))?;
        self.last = Some(NodeId::Device(device));
        Some(device)
    }

    /// A server.
    pub(crate) fn server(&mut self) -> Option<ServerId> {
        let again = self.last.filter(|_| self.dice.percent(AGAIN));
        let server = again.map(|node| match node {
            NodeId::Server(server) => server,
            NodeId::Device(device) => device.server(),
        });
        let hot = self.hot.filter(|hot| self.dice.percent(hot.heat));
        let server = server.or_else(|| Some(self.dice.of(&hot?.devices)?.server()));
        let server = server.or_else(|| self.dice.among(self.servers()))?;
        self.last = Some(NodeId::Server(server));
        Some(server)
    }

    /// A server or a device.
    pub(crate) fn node(&mut self) -> Option<NodeId> {
        match self.one_in(2) {
            true => self.server().map(NodeId::Server),
            false => self.device().map(NodeId::Device),
        }
    }

    /// A device and a room that its user has been in from the start.
    pub(crate) fn member(&mut self) -> Option<(DeviceId, RoomId)> {
        let rooms = self.cast.rooms.iter();
        let about = |node: NodeId, user: &UserId| match node {
            NodeId::Server(server) => user.server() == server,
            NodeId::Device(device) => *user == device.user(),
        };
        let again = self.last.filter(|_| self.dice.percent(AGAIN));
        let room = again.and_then(|node| {
            let known = |it: &&Room| it.members.iter().any(|user| about(node, user));
            self.dice.among(rooms.clone().filter(known))
        });
        let hot = self.hot.filter(|hot| self.dice.percent(hot.heat));
        let room = room.or_else(|| self.cast.rooms.get(usize::from(hot?.room.0)));
        let room = room.or_else(|| self.dice.among(rooms))?;
        let again = self.last.filter(|_| self.dice.percent(AGAIN));
        let user = again.and_then(|node| {
            let members = room.members.iter().copied();
            self.dice.among(members.filter(|user| about(node, user)))
        });
        let user = user.or_else(|| self.dice.of(&room.members))?;
        let device = self.dice.among(self.devices_of(user))?;
        self.last = Some(NodeId::Device(device));
        Some((device, room.id))
    }

    /// A device and a room that its user is not in to begin with.
    pub(crate) fn outsider(&mut self) -> Option<(DeviceId, RoomId)> {
        let rooms = self.cast.rooms.iter();
        let outsiders = rooms.flat_map(|room| {
            let devices = self.cast.devices.iter();
            let outside = devices.filter(|it| !room.members.contains(&it.id.user()));
            outside.map(|it| (it.id, room.id))
        });
        let (device, room) = self.dice.among(outsiders)?;
        self.last = Some(NodeId::Device(device));
        Some((device, room))
    }

    /// A device and another, mostly one with which it shares a room.
    pub(crate) fn two_devices(&mut self) -> Option<(DeviceId, DeviceId)> {
        let device = self.device()?;
        let others = self.cast.devices.iter().map(|it| it.id);
        let others = others.filter(|it| *it != device);
        let other = match self.one_in(5) {
            true => None,
            false => {
                let both = |room: &Room, it: DeviceId| {
                    [it, device]
                        .iter()
                        .all(|it| room.members.contains(&it.user()))
                };
                let rooms = &self.cast.rooms;
                let met = |it: &DeviceId| rooms.iter().any(|room| both(room, *it));
                self.dice.among(others.clone().filter(met))
            }
        };
        let other = other.or_else(|| self.dice.among(others))?;
        Some((device, other))
    }

    /// A server and another, if there is another.
    pub(crate) fn two_servers(&mut self) -> Option<[NodeId; 2]> {
        if self.cast.servers.len() < 2 {
            return None;
        }
        let server = self.server()?;
        let others = self.servers().filter(|it| *it != server);
        let other = self.dice.among(others)?;
        Some([NodeId::Server(server), NodeId::Server(other)])
    }

    /// Two servers, or a device and its own, in either order.
    pub(crate) fn link(&mut self) -> Option<[NodeId; 2]> {
        let between_servers = !self.one_in(3);
        if let Some(link) = between_servers.then(|| self.two_servers()).flatten() {
            return Some(link);
        }
        let device = self.device()?;
        let ends = [NodeId::Device(device), NodeId::Server(device.server())];
        Some(match self.one_in(2) {
            true => ends,
            false => [ends[1], ends[0]],
        })
    }

    /// An answer: from whom, to whom, and to which question.
    pub(crate) fn answer(&mut self) -> Option<([NodeId; 2], MessageKind)> {
        match self.link()? {
            [NodeId::Device(device), server] | [server, NodeId::Device(device)] => {
                let device = NodeId::Device(device);
                Some(([server, device], self.endpoint(device)?))
            }
            [from, to] => Some(([from, to], self.endpoint(to)?)),
        }
    }

    /// A question that a node asks.
    pub(crate) fn endpoint(&mut self, node: NodeId) -> Option<MessageKind> {
        match node {
            NodeId::Server(_) => self.dice.weighted(FEDERATION_ENDPOINTS),
            NodeId::Device(_) => self.dice.weighted(CLIENT_ENDPOINTS),
        }
    }

    /// A kind of row that a node stores.
    pub(crate) fn row(&mut self, node: NodeId) -> Option<Row> {
        match node {
            NodeId::Server(_) => self.table().map(Row::Of),
            NodeId::Device(_) => self.of(Row::OF_CLIENTS),
        }
    }

    /// A table of a server's database.
    pub(crate) fn table(&mut self) -> Option<Table> {
        self.of(Table::ALL)
    }

    fn devices_of(&self, user: UserId) -> impl Iterator<Item = DeviceId> + Clone + use<'a> {
        let devices = self.cast.devices.iter().map(|it| it.id);
        devices.filter(move |it| it.user() == user)
    }

    fn servers(&self) -> impl Iterator<Item = ServerId> + Clone + use<> {
        let count = u8::try_from(self.cast.servers.len()).unwrap_or(u8::MAX);
        (0..count).map(ServerId)
    }
}
