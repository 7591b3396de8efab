//! What steps and phases do to the world: connections and links, databases
//! that are copied and put back, nodes that stop and start.

use super::phases::Tick;
use super::{Order, World};
use crate::crypto::{Body, Crypto};
use crate::device::Command;
use crate::homeserver::Tables;
use crate::name::{DeviceId, NodeId, RoomId, ServerId, Table};
use crate::protocol::{Reading, RestoredTables};
use crate::step::Outside;
use crate::time::Span;
use crate::trace::{Fact, StepIndex};
use crate::wire::MessageKind;

/// How long a server is down while its database is put back.
const RESTORE_TAKES: Span = Span::secs(30);

impl<C: Crypto> Outside for World<C> {
    fn told_to_send(&mut self, by: DeviceId, room: RoomId, step: StepIndex) {
        self.note(Fact::ToldToSend { by, room, step });
        self.command_device(by, Span::ZERO, Command::Send(room, Body::Timeline));
    }

    fn go_offline(&mut self, device: DeviceId, step: StepIndex) {
        if self.network.go_offline(device) {
            let between = [NodeId::Device(device), NodeId::Server(device.user.server)];
            let step = Some(step);
            self.note(Fact::LinkCut { between, step });
            self.tell_connections(NodeId::Device(device));
        }
    }

    fn go_online(&mut self, device: DeviceId, step: Option<StepIndex>) {
        if self.network.go_online(device) {
            let between = [NodeId::Device(device), NodeId::Server(device.user.server)];
            self.note(Fact::LinkMended { between, step });
            self.tell_connections(NodeId::Device(device));
        }
    }

    fn cut(&mut self, a: NodeId, b: NodeId, step: Option<StepIndex>) {
        if self.network.cut(a, b) {
            let between = [a, b];
            self.note(Fact::LinkCut { between, step });
            self.tell_connections(a);
            self.tell_connections(b);
        }
    }

    fn mend(&mut self, a: NodeId, b: NodeId, step: Option<StepIndex>) {
        if self.network.mend(a, b) {
            self.note(Fact::LinkMended {
                between: [a, b],
                step,
            });
            self.tell_connections(a);
            self.tell_connections(b);
        }
    }

    fn back_up(&mut self, server: ServerId, step: StepIndex) {
        self.note(Fact::BackedUp {
            server,
            step: Some(step),
        });
        let machine = &mut self.machines.servers[usize::from(server.0)];
        machine.backup = Some((self.now, machine.disk.clone()));
    }

    /// What a restore of a whole backup brings back is a decision of the
    /// server's operator.
    fn restore(&mut self, server: ServerId, tables: Option<&[Table]>, step: StepIndex) {
        self.crash(NodeId::Server(server), Some(step));
        self.plan_tick(RESTORE_TAKES, Tick::Start(NodeId::Server(server)));
        let machine = &mut self.machines.servers[usize::from(server.0)];
        let (taken, backup): (_, &Tables<C>) = match &machine.backup {
            Some((taken, backup)) => (*taken, backup),
            None => return,
        };
        let protocol = Reading::new(&machine.protocol, &self.consulted);
        let mut facts = vec![];
        for table in tables.unwrap_or(Table::ALL).iter().copied() {
            let left_out = tables.is_none()
                && table == Table::OneTimeKeys
                && protocol.restored_tables() == RestoredTables::AllButOneTimeKeys;
            if left_out {
                machine.disk.empty(table);
                facts.push(Fact::TableEmptied {
                    server,
                    table,
                    step: Some(step),
                });
            } else {
                machine.disk.restore(table, backup);
                facts.push(Fact::TableRestored {
                    server,
                    table,
                    taken,
                    step: Some(step),
                });
            }
        }
        for fact in facts {
            self.note(fact);
        }
    }

    fn crash(&mut self, node: NodeId, step: Option<StepIndex>) {
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

    fn crash_before(&mut self, node: NodeId, kind: MessageKind, step: StepIndex) {
        self.machines.arm(node, kind, step);
    }

    fn start_node(&mut self, node: NodeId) {
        if !self.machines.is_up(node) {
            self.orders.push(Order::Start(node));
        }
    }
}
