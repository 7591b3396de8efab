//! A machine: what one node runs on. Its disk outlives the node, and copies
//! of the disk outlive the disk.

use crate::crypto::Crypto;
use crate::device::Device;
use crate::homeserver::Homeserver;
use crate::name::{DeviceId, NodeId};
use crate::node::{Durable, Node};
use crate::protocol::Protocol;
use crate::time::Time;
use crate::trace::StepIndex;
use crate::wire::MessageKind;

/// What one node runs on.
pub(super) struct Machine<N: Node> {
    pub(super) protocol: Protocol,
    pub(super) disk: N::Durable,
    pub(super) backup: Option<(Time, N::Durable)>,
    /// How often it has been started; the running node's incarnation is one less.
    pub(super) starts: u16,
    /// What the node last said of how much it still means to do.
    pub(super) pending: usize,
    pub(super) state: State,
}

/// What is so of a machine whatever runs on it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct State {
    is_up: bool,
    /// What the node was last told, or will next be told, of its connection.
    told_connected: bool,
    /// Messages on their way to the node.
    in_flight: isize,
    /// The machine crashes when the next answer of this kind arrives.
    armed: Option<(MessageKind, StepIndex)>,
}

impl<N: Node> Machine<N> {
    pub(super) fn new(protocol: Protocol) -> Self {
        Self {
            protocol,
            disk: N::Durable::default(),
            backup: None,
            starts: 0,
            pending: 0,
            state: State::default(),
        }
    }

    /// Writes rows to the disk. Whether any of them is progress.
    pub(super) fn persist(&mut self, rows: Vec<<N::Durable as Durable>::Write>) -> bool {
        let progress = rows.iter().any(N::Durable::is_progress);
        for row in rows {
            self.disk.apply(row);
        }
        progress
    }
}

/// A running node of either kind. Whoever holds it decides when it dies.
pub enum Running<C: Crypto> {
    /// A homeserver.
    Server(Box<Homeserver<C>>),
    /// A client.
    Device(Box<Device<C>>),
}

/// The machines of a run.
pub(super) struct Machines<C: Crypto> {
    pub(super) servers: Vec<Machine<Homeserver<C>>>,
    pub(super) devices: Vec<Machine<Device<C>>>,
}

impl<C: Crypto> Machines<C> {
    /// Whether a node is up.
    pub(super) fn is_up(&self, node: NodeId) -> bool {
        self.state(node).is_up
    }

    /// A node went down: it knows nothing of its connection any more.
    pub(super) fn went_down(&mut self, node: NodeId) {
        *self.state_mut(node) = State::default();
    }

    /// A node came up; its incarnation.
    pub(super) fn came_up(&mut self, node: NodeId) -> u16 {
        self.state_mut(node).is_up = true;
        let starts = match node {
            NodeId::Server(server) => self.servers[usize::from(server.0)].starts,
            NodeId::Device(device) => self.devices[usize::from(device.index)].starts,
        };
        starts - 1
    }

    /// What a device was last told, or will next be told, of its connection.
    pub(super) fn told_connected(&self, device: DeviceId) -> bool {
        self.state(NodeId::Device(device)).told_connected
    }

    /// A device is about to be told of its connection.
    pub(super) fn tell_connected(&mut self, device: DeviceId, connected: bool) {
        self.state_mut(NodeId::Device(device)).told_connected = connected;
    }

    /// Makes a node crash when its next answer of this kind arrives.
    pub(super) fn arm(&mut self, node: NodeId, kind: MessageKind, step: StepIndex) {
        self.state_mut(node).armed = Some((kind, step));
    }

    /// Before which answer a node crashes.
    pub(super) fn armed_for(&self, node: NodeId) -> Option<MessageKind> {
        self.state(node).armed.map(|(kind, _)| kind)
    }

    /// The step that makes a node crash before an answer.
    pub(super) fn armed_by(&self, node: NodeId) -> Option<StepIndex> {
        self.state(node).armed.map(|(_, step)| step)
    }

    /// A node no longer crashes before an answer.
    pub(super) fn disarm(&mut self, node: NodeId) {
        self.state_mut(node).armed = None;
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
            NodeId::Device(device) => &self.devices[usize::from(device.index)].state,
        }
    }

    fn state_mut(&mut self, node: NodeId) -> &mut State {
        match node {
            NodeId::Server(server) => &mut self.servers[usize::from(server.0)].state,
            NodeId::Device(device) => &mut self.devices[usize::from(device.index)].state,
        }
    }
}
