//! Running one call of a node: lends it what it may use, and performs its
//! effects in order.

use super::machine::{Machine, Machines};
use super::processes::Process;
use super::{Parcel, World};
use crate::crypto::Crypto;
use crate::device::Device;
use crate::homeserver::Homeserver;
use crate::name::{NodeId, Row};
use crate::node::{Cx, Durable, Effect, Effects, Input, Node};
use crate::protocol::Reading;
use crate::step::CrashPoint;

/// A row that a node of a kind writes.
type Written<N> = <<N as Node>::Durable as Durable>::Write;

/// A kind of node that a world has machines for.
pub(super) trait Hosted<C: Crypto>: Node<Crypto = C> {
    /// The machine that the node runs on.
    fn machine(machines: &mut Machines<C>, node: NodeId) -> &mut Machine<Self>;
    /// An input on its way to a process of a node of this kind.
    fn parcel(process: Process, input: Input<Self>) -> Parcel<C>;
    /// Room for the effects of one call.
    fn room(machines: &mut Machines<C>) -> &mut Effects<Self>;
}

impl<C: Crypto> Hosted<C> for Homeserver<C> {
    fn machine(machines: &mut Machines<C>, node: NodeId) -> &mut Machine<Self> {
        let NodeId::Server(server) = node else {
            unreachable!("only servers run a homeserver")
        };
        &mut machines.servers[usize::from(server.0)]
    }

    fn parcel(_: Process, input: Input<Self>) -> Parcel<C> {
        Parcel::Server(input)
    }

    fn room(machines: &mut Machines<C>) -> &mut Effects<Self> {
        &mut machines.server_effects
    }
}

impl<C: Crypto> Hosted<C> for Device<C> {
    fn machine(machines: &mut Machines<C>, node: NodeId) -> &mut Machine<Self> {
        let NodeId::Device(device) = node else {
            unreachable!("only devices run a client")
        };
        &mut machines.devices[usize::from(device.index())]
    }

    fn parcel(process: Process, input: Input<Self>) -> Parcel<C> {
        Parcel::Device(process, input)
    }

    fn room(machines: &mut Machines<C>) -> &mut Effects<Self> {
        &mut machines.device_effects
    }
}

impl<C: Crypto> World<C> {
    /// Boots a node from its disk and performs what it wants done.
    pub(super) fn boot_as<N: Hosted<C>>(&mut self, node: NodeId) -> N {
        let machine = N::machine(&mut self.machines, node);
        let incarnation = machine.starts;
        machine.starts += 1;
        machine.incarnation = incarnation;
        let disk = machine.disk.read();
        let (started, effects) = self.call(node, incarnation, |cx| N::boot(node, disk, cx));
        N::machine(&mut self.machines, node).pending = started.pending(self.gone);
        // A crash that waits for something waits until the node is up: one that
        // is not cannot be stopped.
        let armed = std::mem::take(self.machines.armed(node));
        self.perform(node, Process::App, effects);
        *self.machines.armed(node) = armed;
        started
    }

    /// Hands an input to a node and performs what it wants done.
    pub(super) fn handle<N: Hosted<C>>(&mut self, id: NodeId, node: &mut N, input: Input<N>) {
        let incarnation = N::machine(&mut self.machines, id).incarnation;
        let ((), effects) = self.call(id, incarnation, |cx| node.handle(input, cx));
        if self.phases.ask_what_is_pending() {
            N::machine(&mut self.machines, id).pending = node.pending(self.gone);
        }
        self.perform(id, Process::App, effects);
    }

    /// Lets a process of a node do something; the node's only one, unless it
    /// is a device.
    pub(super) fn call<N: Hosted<C>, R>(
        &mut self,
        node: NodeId,
        incarnation: u16,
        call: impl FnOnce(&mut Cx<'_, N>) -> R,
    ) -> (R, Effects<N>) {
        self.calls += 1;
        let mut effects = std::mem::replace(N::room(&mut self.machines), Effects::new(false));
        let machine = N::machine(&mut self.machines, node);
        effects.stored = machine.disk.is_kept();
        let result = call(&mut Cx {
            now: self.now,
            incarnation,
            protocol: Reading::new(&machine.protocol, &self.consulted),
            settings: &self.scenario.settings,
            client: machine.client,
            sync: machine.sync,
            behind: machine.behind,
            draws: self.draws,
            crypto: &mut self.crypto,
            effects: &mut effects,
        });
        (result, effects)
    }

    /// Performs effects in order.
    pub(super) fn perform<N: Hosted<C>>(
        &mut self,
        node: NodeId,
        process: Process,
        mut effects: Effects<N>,
    ) {
        let Effects { list, rows, .. } = &mut effects;
        if self.machines.armed(node).is_empty() {
            let mut rows = rows.drain(..);
            for effect in list.drain(..) {
                self.perform_one(node, process, effect, &mut rows);
            }
        } else {
            self.perform_until_crash(node, process, list.drain(..), rows);
            rows.clear();
        }
        *N::room(&mut self.machines) = effects;
    }

    /// Performs effects in order. A node that crashes between two of them
    /// does not get to the rest.
    fn perform_until_crash<N: Hosted<C>>(
        &mut self,
        node: NodeId,
        process: Process,
        effects: impl Iterator<Item = Effect<N>>,
        rows: &mut Vec<Written<N>>,
    ) {
        let mut rows = rows.drain(..);
        // How much the node has said since it last did something.
        let mut said = 0;
        for effect in effects {
            let before = self
                .machines
                .take_armed(node, |when| match (when, &effect) {
                    (CrashPoint::BeforeWrite(row), Effect::Persist { rows: count, .. }) => {
                        writes::<N>(&rows.as_slice()[..*count], row)
                    }
                    _ => false,
                });
            if let Some(armed) = before {
                // A server says what it is about to store: that is not so now.
                // What a client says has happened in its memory.
                if matches!(node, NodeId::Server(_)) {
                    self.trace.take_back(said);
                }
                return self.crash_as_planned(node, armed);
            }
            let after = self
                .machines
                .take_armed(node, |when| match (when, &effect) {
                    (CrashPoint::AfterWrite(row), Effect::Persist { rows: count, .. }) => {
                        writes::<N>(&rows.as_slice()[..*count], row)
                    }
                    (CrashPoint::AfterSending(kind), Effect::Send { body, .. }) => {
                        body.kind() == kind && !body.is_answer()
                    }
                    _ => false,
                });
            said = match effect {
                Effect::Observe(_) => said + 1,
                Effect::Persist { .. } | Effect::Send { .. } | Effect::Wake { .. } => 0,
            };
            self.perform_one(node, process, effect, &mut rows);
            if let Some(armed) = after {
                return self.crash_as_planned(node, armed);
            }
        }
    }

    fn perform_one<N: Hosted<C>>(
        &mut self,
        node: NodeId,
        process: Process,
        effect: Effect<N>,
        rows: &mut impl Iterator<Item = Written<N>>,
    ) {
        match effect {
            Effect::Persist {
                rows: count,
                progress,
            } => {
                let disk = &mut N::machine(&mut self.machines, node).disk;
                disk.write(rows.take(count), self.now);
                if progress {
                    self.progressed = self.now;
                }
            }
            Effect::Send { to, body } => self.dispatch(node, to, body),
            Effect::Wake { at, timer } => {
                self.plan(at, Some(node), N::parcel(process, Input::Timer(timer)));
            }
            Effect::Observe(fact) => self.note(fact),
        }
    }
}

fn writes<N: Node>(rows: &[Written<N>], row: Row) -> bool {
    rows.iter().any(|write| N::Durable::row(write) == row)
}
