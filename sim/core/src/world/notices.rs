//! What follows from what is done to the world: who notices that a connection
//! broke or came back, and who crashes before an answer.

use super::World;
use crate::crypto::Crypto;
use crate::device::{Command, Device};
use crate::name::{DeviceId, NodeId};
use crate::node::Input;
use crate::step::{CrashPoint, Outside as _};
use crate::time::Span;
use crate::trace::Fact;
use crate::wire::Message;

use super::host::Hosted as _;
use super::machine::Armed;
use super::processes::Process;

impl<C: Crypto> World<C> {
    /// A node has booted.
    pub(super) fn came_up(&mut self, node: NodeId) {
        let incarnation = self.machines.came_up(node);
        self.note(Fact::Booted { node, incarnation });
        self.network.came_up(node);
        self.tell_connections(node);
        // Whoever starts a client that should be logged in logs it in.
        if let NodeId::Device(device) = node
            && self.logged_in.contains(&device)
        {
            self.command_device(device, Span::ZERO, Command::Login);
        }
    }

    /// Mends every link.
    pub(super) fn mend_all(&mut self) {
        for between in self.network.troubled() {
            self.mend(between, None);
        }
    }

    /// The crash by which the node does not come to take this message, if
    /// there is one to come.
    pub(super) fn crash_before(&mut self, node: NodeId, body: &Message<C>) -> Option<Armed> {
        if self.machines.armed(node).is_empty() {
            return None;
        }
        let point = CrashPoint::BeforeAnswer(body.kind());
        let is_answer = body.is_answer();
        self.machines
            .take_armed(node, |when| is_answer && when == point)
    }

    /// A node reached the point at which it was to crash.
    pub(super) fn crash_as_planned(&mut self, node: NodeId, armed: Armed) {
        self.crash_now(node, armed.lost_writes, Some(armed.step));
    }

    /// Lets every device whose connection may have changed notice so.
    pub(super) fn tell_connections(&mut self, changed: NodeId) {
        let devices: Vec<DeviceId> = match changed {
            NodeId::Device(device) => vec![device],
            NodeId::Server(server) => {
                let devices = self.cast.devices.iter().map(|it| it.id);
                devices.filter(|device| device.server() == server).collect()
            }
        };
        for device in devices {
            let (node, server) = (NodeId::Device(device), NodeId::Server(device.server()));
            let connected = self.network.connects(node, server);
            self.tell_second(device, connected);
            let connected = connected && !self.machines.is_suspended(device);
            if self.machines.is_up(node) && self.machines.told_connected(device) != connected {
                self.machines.tell_connected(device, connected);
                let after = self.network.notice(device, self.now, self.draws);
                let parcel = Device::parcel(Process::App, Input::Connection(connected));
                self.plan(self.now + after, Some(node), parcel);
            }
        }
    }
}
