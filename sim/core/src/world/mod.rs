//! The world around the nodes: their machines, the network, the schedule and
//! the phases of a run. Belongs to no engine: an engine owns the running
//! nodes and hands each [`Delivery`] back at its instant.
//!
//! ```text
//! engine                               world
//!   start()              ───────────▶  plans the run
//!   orders()             ◀───────────  Deliver / Start / Stop / Finish
//!   boot(node)           ───────────▶  runs Node::boot, performs its effects
//!   deliver(delivery)    ───────────▶  runs Node::handle, performs its effects
//! ```

mod disk;
mod host;
mod job;
mod machine;
mod network;
mod notices;
mod outside;
mod phases;
mod processes;
mod schedule;
mod tamper;

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::cast::{Cast, Client};
use crate::crypto::Crypto;
use crate::device::{self, Device};
use crate::draws::Draws;
use crate::homeserver::{self, Homeserver};
use crate::name::{DeviceId, NodeId, ServerId, ServerSet};
use crate::node::{Effects, Input};
use crate::protocol::{Consulted, Protocol};
use crate::scenario::Scenario;
use crate::time::{Span, Time};
use crate::trace::{Fact, StepIndex, Trace};
use crate::wire::{Message, MessageKind, ToDevice, Traffic};

use host::Hosted as _;

pub use job::Job;
pub use machine::Running;
use machine::{Machine, Machines};
use network::{Fate, Network, Passage};
pub use phases::Conduct;
use phases::{Phases, Tick};
pub use processes::Processes;
use processes::{Change, Process};
use schedule::Schedule;

/// Room for the facts of a run of the usual length.
const USUAL_FACTS: usize = 4096;
/// How long a client waits for an answer.
const CLIENT_TIMEOUT: Span = Span::secs(30);

/// What an engine has to do.
pub enum Order<C: Crypto> {
    /// Call [`World::deliver`] with this at its instant.
    Deliver(Delivery<C>),
    /// Start this node now: call [`World::boot`].
    Start(NodeId),
    /// Kill this node now, with everything that is on its way to it.
    Stop(NodeId),
    /// The run is over.
    Finish,
}

/// Something that will happen at an instant of its own.
pub struct Delivery<C: Crypto> {
    /// When.
    pub at: Time,
    /// To which node; nothing for what happens in the world outside the nodes.
    pub to: Option<NodeId>,
    parcel: Parcel<C>,
}

enum Parcel<C: Crypto> {
    Message(Passage, Box<Message<C>>),
    Server(Input<Homeserver<C>>),
    Device(Process, Input<Device<C>>),
    /// The second process of a device starts or ends.
    Process(Change),
    Tick(Tick),
}

/// Everything of a run but the running nodes.
pub struct World<C: Crypto> {
    cast: Arc<Cast>,
    scenario: Arc<Scenario>,
    crypto: C,
    draws: Draws,
    now: Time,
    schedule: Schedule,
    network: Network,
    machines: Machines<C>,
    phases: Phases,
    trace: Trace,
    consulted: Cell<Consulted>,
    orders: Vec<Order<C>>,
    held: Vec<(NodeId, NodeId, Box<Message<C>>)>,
    /// Devices that people mean to be logged in.
    logged_in: BTreeSet<DeviceId>,
    gone: ServerSet,
    gone_devices: BTreeSet<DeviceId>,
    /// How many strangers have claimed a key, or are about to.
    strangers: u64,
    /// Whose next message for whom goes with a damaged copy.
    injections: Vec<(DeviceId, DeviceId, StepIndex)>,
    /// Whose next request of which kind arrives once more, and how much later.
    duplicates: Vec<(DeviceId, MessageKind, Span, StepIndex)>,
    /// Whether somebody will deliver a message once more.
    replays: bool,
    /// The last Olm message of each device for each other, if it can be
    /// needed again.
    recorded: BTreeMap<(DeviceId, DeviceId), ToDevice<C>>,
    /// When a node last stored something that matters.
    progressed: Time,
    calls: u64,
    traffic: Traffic,
}

/// What a run leaves behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Everything that happened.
    pub trace: Trace,
    /// Which decisions were consulted.
    pub consulted: Consulted,
    /// How often a node was called.
    pub calls: u64,
    /// What went over the wire. Nobody reads an outcome off it: it stands
    /// beside the trace because a fact for each message would cost too much.
    pub traffic: Traffic,
}

impl<C: Crypto> World<C> {
    /// The world of one run. Every node follows `protocol`, but for those
    /// that the scenario has adopt something else.
    #[must_use]
    pub fn new(
        scenario: Arc<Scenario>,
        protocol: &Protocol,
        seed: u64,
        conduct: Conduct,
        crypto: C,
    ) -> Self {
        let cast = Arc::new(scenario.cast.clone());
        let follows = |node| match scenario.adopt.get(&node) {
            Some(own) => own.protocol(),
            None => protocol.clone(),
        };
        let servers = cast.server_ids().map(|id| {
            let node = NodeId::Server(id);
            Machine::new(follows(node), Client::default(), scenario.lost_writes(node))
        });
        let devices = cast.devices.iter().map(|it| {
            let node = NodeId::Device(it.id);
            Machine::new(follows(node), it.client, scenario.lost_writes(node)).syncing(it.sync)
        });
        let mut machines = Machines {
            servers: servers.collect(),
            devices: devices.collect(),
            server_effects: Effects::new(false),
            device_effects: Effects::new(false),
        };
        // Rooms are there before anybody starts.
        for room in &cast.rooms {
            for (id, machine) in cast.server_ids().zip(&mut machines.servers) {
                if room.members.iter().any(|member| member.server() == id) {
                    let row = homeserver::Write::Room(room.id, room.members.clone());
                    machine.disk.lay_down(row);
                }
            }
        }
        Self {
            cast,
            replays: scenario.replays(),
            network: Network::new(scenario.settings),
            scenario,
            crypto,
            draws: Draws::new(seed),
            now: Time::ZERO,
            schedule: Schedule::default(),
            machines,
            phases: Phases::new(conduct),
            trace: Trace::with_capacity(USUAL_FACTS),
            consulted: Cell::default(),
            orders: vec![],
            held: vec![],
            logged_in: BTreeSet::new(),
            gone: ServerSet::default(),
            gone_devices: BTreeSet::new(),
            strangers: 0,
            injections: vec![],
            duplicates: vec![],
            recorded: BTreeMap::new(),
            progressed: Time::ZERO,
            calls: 0,
            traffic: Traffic::default(),
        }
    }

    /// Has every node store everything, as if somebody might look at it.
    #[cfg(test)]
    pub(crate) fn keep_all_disks(&mut self) {
        self.machines
            .servers
            .iter_mut()
            .for_each(|it| it.disk.keep());
        self.machines
            .devices
            .iter_mut()
            .for_each(|it| it.disk.keep());
    }

    /// Plans the run. To be called once, before anything else.
    pub fn start(&mut self) {
        self.plan_timeline();
    }

    /// What the engine has to do, in order: all that has accumulated is put
    /// into `into`, which has to be empty.
    pub fn orders(&mut self, into: &mut Vec<Order<C>>) {
        std::mem::swap(&mut self.orders, into);
    }

    /// Starts a node from its disk.
    pub fn boot(&mut self, node: NodeId) -> Running<C> {
        let running = match node {
            NodeId::Server(_) => Running::Server(Box::new(self.boot_as::<Homeserver<C>>(node))),
            NodeId::Device(_) => {
                let app = self.boot_as::<Device<C>>(node);
                Running::Device(Box::new(Processes::new(app)))
            }
        };
        self.came_up(node);
        running
    }

    /// Hands a delivery to its node at its instant. Messages whose link broke
    /// meanwhile are lost.
    pub fn deliver(&mut self, running: &mut Running<C>, delivery: Delivery<C>) {
        self.pass_to(delivery.at);
        let node = delivery
            .to
            .expect("the world's own deliveries go to `tick`");
        match (running, delivery.parcel) {
            (running, Parcel::Message(passage, body)) => {
                self.machines.on_the_way_to(node, -1);
                if !self.network.arrives(passage) {
                    self.dropped(passage.from, node, &body, None);
                } else if let Some(armed) = self.crash_before(node, &body) {
                    self.crash_as_planned(node, armed);
                } else {
                    let from = passage.from;
                    match running {
                        Running::Server(it) => {
                            self.handle(node, &mut **it, Input::Message { from, body });
                        }
                        Running::Device(it) => {
                            let process = Process::addressed(&body);
                            let input = Input::Message { from, body };
                            self.hand_to(device_of(node), it, process, input);
                        }
                    }
                }
            }
            (Running::Server(it), Parcel::Server(input)) => self.handle(node, &mut **it, input),
            (Running::Device(it), Parcel::Device(process, input)) => {
                self.hand_to(device_of(node), it, process, input);
            }
            (Running::Device(it), Parcel::Process(change)) => {
                self.change_process(device_of(node), it, change);
            }
            (_, Parcel::Server(_) | Parcel::Device(..) | Parcel::Process(_) | Parcel::Tick(_)) => {
                mismatched()
            }
        }
        self.cut_off_if_too_long();
    }

    /// Lets happen what is planned for the world outside the nodes.
    pub fn tick(&mut self, delivery: Delivery<C>) {
        self.pass_to(delivery.at);
        match delivery.parcel {
            Parcel::Tick(tick) => self.happen(tick),
            Parcel::Message(..) | Parcel::Server(_) | Parcel::Device(..) | Parcel::Process(_) => {
                unreachable!("a delivery to a node goes to `deliver`")
            }
        }
    }

    /// The run is over: what it leaves behind, and the cryptography.
    #[must_use]
    pub fn finish(self) -> (Run, C) {
        let consulted = self.consulted.get();
        (
            Run {
                trace: self.trace,
                consulted,
                calls: self.calls,
                traffic: self.traffic,
            },
            self.crypto,
        )
    }

    fn pass_to(&mut self, at: Time) {
        assert!(
            at > self.now,
            "every call of a run has a later instant than the one before"
        );
        self.now = at;
        self.schedule.passed(at);
    }

    /// Notes a fact.
    fn note(&mut self, fact: Fact) {
        self.trace.note(self.now, fact);
    }

    /// Plans something for an instant of its own.
    fn plan(&mut self, wanted: Time, to: Option<NodeId>, parcel: Parcel<C>) {
        let at = self.schedule.take(wanted, self.now);
        self.orders
            .push(Order::Deliver(Delivery { at, to, parcel }));
    }

    fn plan_tick(&mut self, after: Span, tick: Tick) {
        self.plan(self.now + after, None, Parcel::Tick(tick));
    }

    fn command_server(&mut self, server: ServerId, after: Span, command: homeserver::Command<C>) {
        let parcel = Parcel::Server(Input::Command(command));
        self.plan(self.now + after, Some(NodeId::Server(server)), parcel);
    }

    fn command_device(&mut self, device: DeviceId, after: Span, command: device::Command) {
        let parcel = Parcel::Device(Process::App, Input::Command(command));
        self.plan(self.now + after, Some(NodeId::Device(device)), parcel);
    }

    /// Decides the fate of a message that a node sends.
    fn dispatch(&mut self, from: NodeId, to: NodeId, mut body: Box<Message<C>>) {
        self.tamper(&mut body);
        let fate = self.network.send(from, to, &body, self.draws);
        // What is held is sent later.
        if !matches!(fate, Fate::Held) {
            self.traffic.count(&body);
        }
        match fate {
            Fate::Arrives(latency, passage) => {
                if let Some(after) = self.duplicated(from, &body) {
                    self.traffic.count(&body);
                    self.machines.on_the_way_to(to, 1);
                    let copy = Parcel::Message(passage, body.clone());
                    self.plan(self.now + latency + after, Some(to), copy);
                }
                self.machines.on_the_way_to(to, 1);
                self.plan(self.now + latency, Some(to), Parcel::Message(passage, body));
            }
            Fate::Held => self.held.push((from, to, body)),
            Fate::Dropped(step) => {
                self.dropped(from, to, &body, step);
                // Whoever asked would have to wait; servers do so by themselves.
                if let (Some(_), Message::ClientResponse(id, ..)) = (step, &*body) {
                    let parcel = Device::parcel(Process::that_asked(*id), Input::TimedOut(*id));
                    self.plan(self.now + CLIENT_TIMEOUT, Some(to), parcel);
                }
            }
        }
    }

    fn dropped(&mut self, from: NodeId, to: NodeId, body: &Message<C>, step: Option<StepIndex>) {
        let (kind, answer) = (body.kind(), body.is_answer());
        self.note(Fact::MessageDropped {
            from,
            to,
            kind,
            answer,
            step,
        });
    }
}

/// The device that a node is.
fn device_of(node: NodeId) -> DeviceId {
    match node {
        NodeId::Device(device) => device,
        NodeId::Server(_) => mismatched(),
    }
}

fn mismatched() -> ! {
    unreachable!("a delivery is made for the kind of node that it names")
}
