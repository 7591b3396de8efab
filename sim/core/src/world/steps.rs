//! What steps do to the world beyond going up and down: connections, copies
//! of databases, and putting them back.

use super::World;
use super::phases::Tick;
use crate::crypto::Crypto;
use crate::homeserver::Tables;
use crate::name::{DeviceId, NodeId, ServerId, Table};
use crate::protocol::{Reading, RestoredTables};
use crate::time::Span;
use crate::trace::{Fact, StepIndex};

/// How long a server is down while its database is put back.
const RESTORE_TAKES: Span = Span::secs(30);

impl<C: Crypto> World<C> {
    /// Lets a step of the timeline happen.
    pub(super) fn step(&mut self, index: StepIndex) {
        self.note(Fact::Step(index));
        let scenario = self.scenario.clone();
        scenario.steps[usize::from(index.0)].step.happen(index, self);
    }

    /// A device loses its connection.
    pub(crate) fn go_offline(&mut self, device: DeviceId, step: StepIndex) {
        let between = [NodeId::Device(device), NodeId::Server(device.user.server)];
        self.note(Fact::LinkCut { between, step: Some(step) });
        self.network.go_offline(device);
        self.tell_connections(NodeId::Device(device));
    }

    /// A device gets its connection back, if it had lost it.
    pub(crate) fn go_online(&mut self, device: DeviceId, step: Option<StepIndex>) {
        if self.network.go_online(device) {
            let between = [NodeId::Device(device), NodeId::Server(device.user.server)];
            self.note(Fact::LinkMended { between, step });
            self.tell_connections(NodeId::Device(device));
        }
    }

    /// Copies a server's database as it is on disk.
    pub(crate) fn back_up(&mut self, server: ServerId, step: StepIndex) {
        self.note(Fact::BackedUp { server, step: Some(step) });
        let machine = &mut self.machines.servers[usize::from(server.0)];
        machine.backup = Some((self.now, machine.disk.clone()));
    }

    /// Stops a server, puts tables back to the latest copy (all of them
    /// unless some are named), and starts it again. What a restore of a whole
    /// backup brings back is a decision of the server's operator.
    pub(crate) fn restore(
        &mut self,
        server: ServerId,
        tables: Option<&[Table]>,
        step: StepIndex,
    ) {
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
                facts.push(Fact::TableEmptied { server, table, step: Some(step) });
            } else {
                machine.disk.restore(table, backup);
                facts.push(Fact::TableRestored { server, table, taken, step: Some(step) });
            }
        }
        for fact in facts {
            self.note(fact);
        }
    }
}
