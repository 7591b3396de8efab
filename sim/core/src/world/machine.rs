//! A machine: what one node runs on. Its disk outlives the node, and copies
//! of the disk outlive the disk.

use crate::cast::{Client, SyncApi};
use crate::crypto::Crypto;
use crate::device::Device;
use crate::homeserver::Homeserver;
use crate::name::{DeviceId, NodeId};
use crate::node::{Effects, Node};
use crate::protocol::Protocol;
use crate::step::CrashPoint;
use crate::time::{Span, Time};
use crate::trace::StepIndex;

use super::disk::Disk;
use super::processes::{Processes, Second};

/// What one node runs on.
pub(super) struct Machine<N: Node> {
    pub(super) protocol: Protocol,
    pub(super) client: Client,
    pub(super) sync: SyncApi,
    /// How far its clock is behind.
    pub(super) behind: Span,
    pub(super) disk: Disk<N::Durable>,
    pub(super) backup: Option<(Time, N::Durable)>,
    /// How many processes have been started on it.
    pub(super) starts: u16,
    /// How many had been started before the running node.
    pub(super) incarnation: u16,
    /// What runs beside a client, if anything does.
    pub(super) second: Option<Second>,
    /// What the node last said of how much it still means to do, since healing began.
    pub(super) pending: usize,
    pub(super) state: State,
    /// The crashes to come, each at a point of its own.
    armed: Vec<Armed>,
}

/// What is so of a machine whatever runs on it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct State {
    is_up: bool,
    /// What the node was last told, or will next be told, of its connection.
    told_connected: bool,
    /// Messages on their way to the node.
    in_flight: isize,
    /// Whether an app is suspended.
    suspended: bool,
}

impl State {
    /// Whether it is a device whose app is suspended.
    pub(super) fn is_suspended(self) -> bool {
        self.suspended
    }
}

/// A crash to come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Armed {
    pub(super) when: CrashPoint,
    pub(super) lost_writes: usize,
    pub(super) step: StepIndex,
}

impl<N: Node> Machine<N> {
    /// A machine with an empty disk ([`Disk::new`]).
    pub(super) fn new(protocol: Protocol, client: Client, lost_writes: Option<usize>) -> Self {
        Self {
            protocol,
            client,
            sync: SyncApi::default(),
            behind: Span::ZERO,
            disk: Disk::new(lost_writes),
            backup: None,
            starts: 0,
            incarnation: 0,
            second: None,
            pending: 0,
            state: State::default(),
            armed: vec![],
        }
    }

    /// The same machine, on which a client syncs like this.
    pub(super) fn syncing(self, sync: SyncApi) -> Self {
        Self { sync, ..self }
    }

    /// Copies the disk.
    fn back_up(&mut self, now: Time) {
        self.backup = Some((now, self.disk.read()));
    }

    /// Puts the whole disk back to its latest copy. When that was taken.
    pub(super) fn restore(&mut self) -> Option<Time> {
        let (taken, backup) = self.backup.clone()?;
        self.disk.replace(backup);
        Some(taken)
    }
}

/// A running node of either kind. Whoever holds it decides when it dies.
pub enum Running<C: Crypto> {
    /// A homeserver.
    Server(Box<Homeserver<C>>),
    /// A client.
    Device(Box<Processes<C>>),
}

/// The machines of a run.
pub(super) struct Machines<C: Crypto> {
    pub(super) servers: Vec<Machine<Homeserver<C>>>,
    pub(super) devices: Vec<Machine<Device<C>>>,
    /// Room for the effects of a server's call, used again and again.
    pub(super) server_effects: Effects<Homeserver<C>>,
    /// Room for the effects of a device's call.
    pub(super) device_effects: Effects<Device<C>>,
}

impl<C: Crypto> Machines<C> {
    /// Whether a node is up.
    pub(super) fn is_up(&self, node: NodeId) -> bool {
        self.state(node).is_up
    }

    /// Whether a node has ever been started.
    pub(super) fn was_started(&self, node: NodeId) -> bool {
        self.starts(node) > 0
    }

    fn starts(&self, node: NodeId) -> u16 {
        match node {
            NodeId::Server(server) => self.servers[usize::from(server.0)].starts,
            NodeId::Device(device) => self.devices[usize::from(device.index())].starts,
        }
    }

    /// A node went down: it knows nothing of its connection any more.
    pub(super) fn went_down(&mut self, node: NodeId) {
        *self.state_mut(node) = State::default();
        if let NodeId::Device(device) = node {
            self.devices[usize::from(device.index())].second = None;
        }
    }

    /// A node came up; its incarnation.
    pub(super) fn came_up(&mut self, node: NodeId) -> u16 {
        self.state_mut(node).is_up = true;
        match node {
            NodeId::Server(server) => self.servers[usize::from(server.0)].incarnation,
            NodeId::Device(device) => self.devices[usize::from(device.index())].incarnation,
        }
    }

    /// The app of a device is suspended, or is not any more.
    pub(super) fn suspend(&mut self, device: DeviceId, suspended: bool) {
        self.state_mut(NodeId::Device(device)).suspended = suspended;
    }

    /// Whether the app of a device is suspended.
    pub(super) fn is_suspended(&self, device: DeviceId) -> bool {
        self.state(NodeId::Device(device)).suspended
    }

    /// What a device was last told, or will next be told, of its connection.
    pub(super) fn told_connected(&self, device: DeviceId) -> bool {
        self.state(NodeId::Device(device)).told_connected
    }

    /// A device is about to be told of its connection.
    pub(super) fn tell_connected(&mut self, device: DeviceId, connected: bool) {
        self.state_mut(NodeId::Device(device)).told_connected = connected;
    }

    /// The crashes to come of a node.
    pub(super) fn armed(&mut self, node: NodeId) -> &mut Vec<Armed> {
        match node {
            NodeId::Server(server) => &mut self.servers[usize::from(server.0)].armed,
            NodeId::Device(device) => &mut self.devices[usize::from(device.index())].armed,
        }
    }

    /// Takes the first crash to come of a node whose point has come.
    pub(super) fn take_armed(
        &mut self,
        node: NodeId,
        has_come: impl Fn(CrashPoint) -> bool,
    ) -> Option<Armed> {
        let armed = self.armed(node);
        let place = armed.iter().position(|armed| has_come(armed.when))?;
        Some(armed.remove(place))
    }

    /// Undoes a node's last transactions. How many there were, and when the
    /// first of them was made.
    pub(super) fn lose_writes(&mut self, node: NodeId, count: usize) -> Option<(usize, Time)> {
        match node {
            NodeId::Server(server) => self.servers[usize::from(server.0)].disk.lose(count),
            NodeId::Device(device) => self.devices[usize::from(device.index())].disk.lose(count),
        }
    }

    /// Closes the disk of a node that is not started again. An app beside which
    /// a second process runs may have to load it once more when that ends.
    pub(super) fn close_disk(&mut self, node: NodeId) {
        match node {
            NodeId::Server(server) => self.servers[usize::from(server.0)].disk.close(),
            NodeId::Device(device) => {
                let machine = &mut self.devices[usize::from(device.index())];
                if machine.second.is_none() {
                    machine.disk.close();
                }
            }
        }
    }

    /// Copies a node's disk.
    pub(super) fn back_up(&mut self, node: NodeId, now: Time) {
        match node {
            NodeId::Server(server) => self.servers[usize::from(server.0)].back_up(now),
            NodeId::Device(device) => self.devices[usize::from(device.index())].back_up(now),
        }
    }

    /// Counts a message on its way to a node, or one that has arrived.
    pub(super) fn on_the_way_to(&mut self, node: NodeId, change: isize) {
        self.state_mut(node).in_flight += change;
    }

    /// How many messages people still wait to see sent.
    pub(super) fn unsent(&self) -> usize {
        self.devices
            .iter()
            .filter(|it| it.state.is_up)
            .map(|it| it.pending)
            .sum()
    }

    /// Whether no message is on its way, and no node that is up still means
    /// to do anything.
    pub(super) fn at_rest(&self) -> bool {
        let servers = self.servers.iter().map(|it| (it.state, it.pending));
        let mut all = servers.chain(self.devices.iter().map(|it| (it.state, it.pending)));
        all.all(|(state, pending)| !state.is_up || (pending == 0 && state.in_flight == 0))
    }

    fn state(&self, node: NodeId) -> &State {
        match node {
            NodeId::Server(server) => &self.servers[usize::from(server.0)].state,
            NodeId::Device(device) => &self.devices[usize::from(device.index())].state,
        }
    }

    fn state_mut(&mut self, node: NodeId) -> &mut State {
        match node {
            NodeId::Server(server) => &mut self.servers[usize::from(server.0)].state,
            NodeId::Device(device) => &mut self.devices[usize::from(device.index())].state,
        }
    }
}
