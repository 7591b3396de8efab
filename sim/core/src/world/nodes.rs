//! Nodes that go up and down, and links that are cut and mended: what the
//! steps and the phases do to the world.

use super::{Order, World};
use crate::crypto::Crypto;
use crate::device::Device;
use crate::name::{DeviceId, NodeId};
use crate::node::Input;
use crate::trace::{Fact, StepIndex};
use crate::wire::{Message, MessageKind};

use super::host::Hosted as _;

impl<C: Crypto> World<C> {
    /// Stops a node at once. What it held in memory is gone, and so is what
    /// is on its way to it.
    pub(crate) fn crash(&mut self, node: NodeId, step: Option<StepIndex>) {
        if !self.machines.is_up(node) {
            return;
        }
        let step = step.or_else(|| self.machines.armed_by(node));
        self.note(Fact::Crashed { node, step });
        self.machines.went_down(node);
        self.network.went_down(node);
        self.orders.push(Order::Stop(node));
        self.tell_connections(node);
    }

    /// Starts a node that is down.
    pub(crate) fn start_node(&mut self, node: NodeId) {
        if !self.machines.is_up(node) {
            self.orders.push(Order::Start(node));
        }
    }

    /// Makes a node crash when its next answer of this kind arrives.
    pub(crate) fn crash_before(&mut self, node: NodeId, kind: MessageKind, step: StepIndex) {
        self.machines.arm(node, kind, step);
    }

    /// A node has booted.
    pub(super) fn came_up(&mut self, node: NodeId) {
        let incarnation = self.machines.came_up(node);
        self.note(Fact::Booted { node, incarnation });
        self.network.came_up(node);
        self.tell_connections(node);
    }

    /// Cuts the link between two nodes.
    pub(crate) fn cut(&mut self, a: NodeId, b: NodeId, step: Option<StepIndex>) {
        self.note(Fact::LinkCut { between: [a, b], step });
        self.network.cut(a, b);
        self.tell_connections(a);
        self.tell_connections(b);
    }

    /// Mends the link between two nodes, if it is cut.
    pub(crate) fn mend(&mut self, a: NodeId, b: NodeId, step: Option<StepIndex>) {
        if self.network.mend(a, b) {
            self.note(Fact::LinkMended { between: [a, b], step });
            self.tell_connections(a);
            self.tell_connections(b);
        }
    }

    /// Mends every link.
    pub(super) fn mend_all(&mut self) {
        for [a, b] in self.network.cuts() {
            self.mend(a, b, None);
        }
    }

    /// Whether the node crashes instead of taking this message.
    pub(super) fn crashes_before(&self, node: NodeId, body: &Message<C>) -> bool {
        body.is_answer() && self.machines.armed_for(node) == Some(body.kind())
    }

    /// Lets every device whose connection may have changed notice so.
    pub(super) fn tell_connections(&mut self, changed: NodeId) {
        let devices: Vec<DeviceId> = match changed {
            NodeId::Device(device) => vec![device],
            NodeId::Server(server) => {
                let devices = self.cast.devices.iter().map(|it| it.id);
                devices.filter(|device| device.user.server == server).collect()
            }
        };
        for device in devices {
            let (node, server) = (NodeId::Device(device), NodeId::Server(device.user.server));
            let connected = self.network.reaches(node, server);
            if self.machines.is_up(node) && self.machines.told_connected(device) != connected {
                self.machines.tell_connected(device, connected);
                let after = self.network.notice(device, self.now, self.draws);
                let parcel = Device::parcel(Input::Connection(connected));
                self.plan(self.now + after, Some(node), parcel);
            }
        }
    }
}
