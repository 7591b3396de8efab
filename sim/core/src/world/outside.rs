//! What steps and phases do to the world: connections and links, databases
//! that are copied and put back, nodes that stop and start.

use super::machine::Armed;
use super::phases::Tick;
use super::{Order, World};
use crate::crypto::{Body, Crypto};
use crate::device::Command;
use crate::homeserver::{self, Tables};
use crate::name::{DeviceId, NodeId, RoomId, ServerId, ServerSet, Table, UserId};
use crate::odds::Odds;
use crate::protocol::{KeysReset, Reading, RestoredTables};
use crate::step::{CrashPoint, Fork, InFlight, Outside};
use crate::time::Span;
use crate::trace::{Fact, StepIndex};
use crate::wire::MessageKind;

/// How long a node is down while its database is put back.
const RESTORE_TAKES: Span = Span::secs(30);

impl<C: Crypto> Outside for World<C> {
    fn told_to_send(&mut self, by: DeviceId, room: RoomId, step: StepIndex) {
        self.note(Fact::ToldToSend { by, room, step });
        self.ask(by, Command::Send(room, Body::Timeline), step);
    }

    fn go_offline(&mut self, device: DeviceId, step: StepIndex) {
        if self.network.go_offline(device) {
            let between = [NodeId::Device(device), NodeId::Server(device.server())];
            self.note(Fact::LinkCut {
                between,
                one_way: false,
                step: Some(step),
            });
            self.tell_connections(NodeId::Device(device));
        }
    }

    fn go_online(&mut self, device: DeviceId, step: Option<StepIndex>) {
        if self.network.go_online(device) {
            let between = [NodeId::Device(device), NodeId::Server(device.server())];
            self.note(Fact::LinkMended { between, step });
            self.tell_connections(NodeId::Device(device));
        }
    }

    fn log_in(&mut self, device: DeviceId, step: StepIndex) {
        if self.machines.is_up(NodeId::Device(device)) {
            self.ask(device, Command::Login, step);
        } else if !self.start_node(NodeId::Device(device)) {
            self.idle(step);
        }
        if !self.logged_in.insert(device) {
            self.idle(step);
        }
    }

    fn log_out(&mut self, device: DeviceId, step: StepIndex) {
        if self.machines.is_up(NodeId::Device(device)) && self.logged_in.remove(&device) {
            self.ask(device, Command::Logout, step);
        } else {
            self.idle(step);
        }
    }

    /// The client is told of every server that was in the room to begin with.
    fn join(&mut self, device: DeviceId, room: RoomId, step: StepIndex) {
        let members = &self.cast.rooms[usize::from(room.0)].members;
        let via: ServerSet = members.iter().map(|user| user.server()).collect();
        let command = Command::Join(room, via.into_iter().collect());
        self.ask(device, command, step);
    }

    fn leave(&mut self, device: DeviceId, room: RoomId, step: StepIndex) {
        self.ask(device, Command::Leave(room), step);
    }

    fn invite(&mut self, by: DeviceId, user: UserId, room: RoomId, step: StepIndex) {
        self.note(Fact::ToldToInvite {
            by,
            user,
            room,
            step,
        });
        self.ask(by, Command::Invite(room, user), step);
    }

    fn block(&mut self, by: DeviceId, device: DeviceId, step: StepIndex) {
        self.ask(by, Command::Block(device), step);
    }

    fn cut(&mut self, between: [NodeId; 2], one_way: bool, in_flight: InFlight, step: StepIndex) {
        let [a, b] = between;
        let mut was_whole = self.network.cut([a, b], in_flight);
        if !one_way {
            was_whole |= self.network.cut([b, a], in_flight);
        }
        if was_whole {
            let step = Some(step);
            self.note(Fact::LinkCut {
                between,
                one_way,
                step,
            });
            self.tell_connections(a);
            self.tell_connections(b);
        }
    }

    fn mend(&mut self, between: [NodeId; 2], step: Option<StepIndex>) {
        if self.network.mend(between) {
            self.note(Fact::LinkMended { between, step });
            let [a, b] = between;
            self.tell_connections(a);
            self.tell_connections(b);
        }
    }

    fn slow(&mut self, between: [NodeId; 2], by: Span, step: StepIndex) {
        self.network.slow(between, by);
        let step = Some(step);
        self.note(Fact::LinkSlowed { between, by, step });
    }

    fn drop_next_answer(&mut self, way: [NodeId; 2], kind: MessageKind, step: StepIndex) {
        self.network.doom(way, kind, step);
    }

    fn back_up(&mut self, node: NodeId, step: StepIndex) {
        let step = Some(step);
        self.note(Fact::BackedUp { node, step });
        self.machines.back_up(node, self.now);
    }

    /// What a restore of a whole backup brings back is a decision of the
    /// server's operator.
    fn restore_server(&mut self, server: ServerId, tables: Option<&[Table]>, step: StepIndex) {
        if self.is_gone(NodeId::Server(server)) {
            return self.idle(step);
        }
        self.crash_now(NodeId::Server(server), 0, Some(step));
        self.plan_tick(RESTORE_TAKES, Tick::Start(NodeId::Server(server)));
        let machine = &mut self.machines.servers[usize::from(server.0)];
        let (taken, backup): (_, &Tables<C>) = match &machine.backup {
            Some((taken, backup)) => (*taken, backup),
            None => return,
        };
        let protocol = Reading::new(&machine.protocol, &self.consulted);
        let mut disk = machine.disk.read();
        let mut facts = vec![];
        for table in tables.unwrap_or(Table::ALL).iter().copied() {
            let left_out = tables.is_none()
                && table == Table::OneTimeKeys
                && protocol.restored_tables() == RestoredTables::AllButOneTimeKeys;
            if left_out {
                disk.empty(table);
                facts.push(Fact::TableEmptied {
                    server,
                    table,
                    step: Some(step),
                });
            } else {
                disk.restore(table, backup);
                facts.push(Fact::TableRestored {
                    server,
                    table,
                    taken,
                    step: Some(step),
                });
            }
        }
        // What the server gives out from now on is of another history.
        disk.begin_epoch(self.now);
        machine.disk.replace(disk);
        for fact in facts {
            self.note(fact);
        }
    }

    fn set_clock_back(&mut self, server: ServerId, by: Span, step: StepIndex) {
        let machine = &mut self.machines.servers[usize::from(server.0)];
        machine.behind = machine.behind + by;
        self.note(Fact::ClockSetBack { server, by, step });
    }

    fn restore_device(&mut self, device: DeviceId, step: StepIndex) {
        let node = NodeId::Device(device);
        if self.is_gone(node) {
            return self.idle(step);
        }
        self.crash_now(node, 0, Some(step));
        self.plan_tick(RESTORE_TAKES, Tick::Start(node));
        let machine = &mut self.machines.devices[usize::from(device.index())];
        if let Some(taken) = machine.restore() {
            let step = Some(step);
            self.note(Fact::DeviceRestored {
                device,
                taken,
                step,
            });
        }
    }

    fn crash(&mut self, node: NodeId, when: CrashPoint, lost_writes: usize, step: StepIndex) {
        match when {
            CrashPoint::Now => self.crash_now(node, lost_writes, Some(step)),
            CrashPoint::BeforeAnswer(_)
            | CrashPoint::BeforeWrite(_)
            | CrashPoint::AfterWrite(_)
            | CrashPoint::AfterSending(_) => {
                let armed = Armed {
                    when,
                    lost_writes,
                    step,
                };
                self.machines.armed(node).push(armed);
            }
        }
    }

    fn start_node(&mut self, node: NodeId) -> bool {
        let starts = !self.machines.is_up(node) && !self.is_gone(node);
        if starts {
            self.orders.push(Order::Start(node));
        }
        starts
    }

    fn fork(&mut self, device: DeviceId, fork: Fork, step: StepIndex) {
        self.fork_device(device, fork, step);
    }

    fn idle(&mut self, step: StepIndex) {
        self.note(Fact::StepIdle { step });
    }

    fn remove(&mut self, node: NodeId, step: StepIndex) {
        if self.is_gone(node) {
            return;
        }
        self.crash_now(node, 0, Some(step));
        let step = Some(step);
        self.note(Fact::Gone { node, step });
        match node {
            NodeId::Server(server) => {
                self.gone.insert(server);
            }
            NodeId::Device(device) => {
                self.gone_devices.insert(device);
            }
        }
    }

    fn claim_for_strangers(&mut self, device: DeviceId, count: u32, leak: Odds, step: StepIndex) {
        if !self.machines.is_up(NodeId::Server(device.server())) {
            return self.idle(step);
        }
        self.note(Fact::ClaimedByStrangers {
            device,
            count,
            step,
        });
        let strangers = homeserver::Strangers {
            device,
            count,
            leak,
            before: self.strangers,
        };
        self.strangers += u64::from(count);
        let command = homeserver::Command::Claim(strangers);
        self.command_server(device.server(), Span::ZERO, command);
    }

    fn duplicate(&mut self, device: DeviceId, kind: MessageKind, after: Span, step: StepIndex) {
        self.duplicates.push((device, kind, after, step));
    }

    fn reset_keys(&mut self, device: DeviceId, step: StepIndex) {
        let server = device.server();
        let machine = &self.machines.servers[usize::from(server.0)];
        let protocol = Reading::new(&machine.protocol, &self.consulted);
        let is_up = self.machines.is_up(NodeId::Server(server));
        if !is_up || protocol.keys_reset() == KeysReset::Absent {
            return self.idle(step);
        }
        self.note(Fact::ResetByOther { device, step });
        let command = homeserver::Command::ResetKeys(device);
        self.command_server(server, Span::ZERO, command);
    }

    fn inject(&mut self, from: DeviceId, to: DeviceId, step: StepIndex) {
        self.injections.push((from, to, step));
    }

    fn waste(&mut self, from: DeviceId, to: DeviceId, count: u32, step: StepIndex) {
        if self.machines.is_up(NodeId::Device(from)) {
            self.note(Fact::OlmMessagesWasted {
                from,
                to,
                count,
                step,
            });
        }
        self.ask(from, Command::Waste(to, count), step);
    }

    fn replay(&mut self, from: DeviceId, to: DeviceId, step: StepIndex) {
        if let Some(message) = self.recorded.get(&(from, to)).cloned() {
            let id = message.id;
            self.note(Fact::Replayed { message: id, step });
            let command = homeserver::Command::PutIntoInbox(Box::new(message));
            self.command_server(to.server(), Span::ZERO, command);
        } else {
            self.idle(step);
        }
    }
}

impl<C: Crypto> World<C> {
    /// A person asks something of a client, if it is running.
    fn ask(&mut self, device: DeviceId, command: Command, step: StepIndex) {
        if self.machines.is_up(NodeId::Device(device)) {
            self.command_device(device, Span::ZERO, command);
        } else {
            self.idle(step);
        }
    }

    /// What waits for something to happen waits no longer: the timeline is over.
    pub(super) fn stop_waiting(&mut self) {
        let nodes: Vec<NodeId> = self.cast.nodes().collect();
        let mut idle = self.network.spare_all();
        for node in nodes {
            let armed = std::mem::take(self.machines.armed(node));
            idle.extend(armed.into_iter().map(|armed| armed.step));
        }
        let injections = std::mem::take(&mut self.injections);
        idle.extend(injections.into_iter().map(|(.., step)| step));
        let duplicates = std::mem::take(&mut self.duplicates);
        idle.extend(duplicates.into_iter().map(|(.., step)| step));
        idle.sort_unstable();
        for step in idle {
            self.idle(step);
        }
    }

    /// Stops a node at once, and loses what it wrote last.
    pub(super) fn crash_now(&mut self, node: NodeId, lost_writes: usize, step: Option<StepIndex>) {
        if !self.machines.is_up(node) {
            return;
        }
        self.note(Fact::Crashed { node, step });
        if let Some((count, since)) = self.machines.lose_writes(node, lost_writes) {
            self.note(Fact::WritesLost {
                node,
                count,
                since,
                step,
            });
        }
        self.machines.went_down(node);
        self.network.went_down(node);
        self.orders.push(Order::Stop(node));
        self.tell_connections(node);
    }

    /// Whether a node will never start again.
    pub(super) fn is_gone(&self, node: NodeId) -> bool {
        match node {
            NodeId::Server(server) => self.gone.contains(server),
            NodeId::Device(device) => self.gone_devices.contains(&device),
        }
    }
}
