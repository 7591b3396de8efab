//! The phases of a run: the timeline, then healing, then two probes. They do
//! what tells a wedge from a lost key, and know nothing of what they find.
//!
//! While the first probe is sent, answers to `/sync` are held: a device's own
//! messages open Olm sessions, and would heal what is being measured. Each
//! device sends once in the Megolm session that it has, and once in a fresh
//! one: a room key that was lost is not a wedge.

use super::World;
use crate::crypto::{Body, Crypto};
use crate::device;
use crate::homeserver;
use crate::name::{DeviceId, NodeId, RoomId, ServerId};
use crate::step::Outside as _;
use crate::time::{Span, Time};
use crate::trace::{Fact, Phase, StepIndex};

use super::Order;
use crate::draws::Purpose;

/// Devices log in within this time.
const ARRIVAL: (Span, Span) = (Span::secs(1), Span::secs(10));
/// Healing begins so long after the last step, so that the last step can have
/// its effect.
const AFTER_LAST_STEP: Span = Span::mins(10);
/// A phase is settled after this time without progress, and lasts at least
/// as long.
const QUIET: Span = Span::hours(1);
/// A phase that has not settled by then is given up.
const SETTLE_LIMIT: Span = Span::hours(24);
/// How often it is looked whether all probes have been sent.
const PROBE_CHECK: Span = Span::secs(10);
/// Probes that have not been sent by then never will be.
const PROBE_LIMIT: Span = Span::hours(1);
/// Between two things that a phase does to one node after another.
const APART: Span = Span::millis(100);
/// Between mending everything and telling clients and servers to try again.
const AFTER_MENDING: Span = Span::secs(5);

/// How the phases are conducted. Everything but the default is for tests that
/// show why the default is as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conduct {
    /// Hold answers to `/sync` while the first probe is sent.
    pub hold_syncs: bool,
}

impl Default for Conduct {
    fn default() -> Self {
        Self { hold_syncs: true }
    }
}

/// How far a run has got.
#[derive(Debug)]
pub(super) struct Phases {
    conduct: Conduct,
    phase: Phase,
    /// When the present phase began to settle.
    began: Time,
}

/// Something planned for the world outside the nodes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Tick {
    Start(NodeId),
    /// A step happens, and has happened so many times before.
    Step(StepIndex, u32),
    Heal,
    TryAgain,
    /// Look whether everything has come to rest.
    Settled,
    /// Look whether everything that was to be said has been sent.
    Sent(Body),
}

impl Phases {
    pub(super) fn new(conduct: Conduct) -> Self {
        Self {
            conduct,
            phase: Phase::Timeline,
            began: Time::ZERO,
        }
    }

    /// Whether somebody looks at what nodes still mean to do: not before healing,
    /// at whose beginning every node is called.
    pub(super) fn ask_what_is_pending(&self) -> bool {
        self.phase != Phase::Timeline
    }
}

impl<C: Crypto> World<C> {
    /// Plans the start of all nodes and the scenario's steps.
    pub(super) fn plan_timeline(&mut self) {
        self.note(Fact::Phase(Phase::Timeline));
        for room in &self.cast.clone().rooms {
            for user in &room.members {
                self.note(Fact::Joined {
                    room: room.id,
                    user: *user,
                });
            }
        }
        for server in self.cast.clone().server_ids() {
            self.plan_tick(Span::ZERO, Tick::Start(NodeId::Server(server)));
        }
        let later = self.scenario.log_in_later();
        for device in self.cast.clone().devices.iter().map(|it| it.id) {
            if later.contains(&device) {
                continue;
            }
            self.logged_in.insert(device);
            let after = self
                .draws
                .span(Purpose::Arrival, device, ARRIVAL.0, ARRIVAL.1);
            self.plan_tick(after, Tick::Start(NodeId::Device(device)));
        }
        let scenario = self.scenario.clone();
        for (index, step) in scenario.steps.iter().enumerate() {
            let index = StepIndex(u16::try_from(index).expect("a scenario is bounded"));
            self.plan(
                Time::ZERO + step.at,
                None,
                super::Parcel::Tick(Tick::Step(index, 0)),
            );
        }
        let last = scenario
            .steps
            .iter()
            .map(|timed| timed.at + timed.step.repeats().span())
            .max()
            .unwrap_or(ARRIVAL.1);
        self.plan_tick(last + AFTER_LAST_STEP, Tick::Heal);
    }

    /// Lets something planned happen.
    pub(super) fn happen(&mut self, tick: Tick) {
        match tick {
            Tick::Start(node) => {
                self.start_node(node);
            }
            Tick::Step(index, before) => self.step(index, before),
            Tick::Heal => self.heal(),
            Tick::TryAgain => self.try_again(),
            Tick::Settled => self.check_settled(),
            Tick::Sent(body) => self.check_sent(body),
        }
    }

    /// Lets a step happen that has happened so many times before.
    fn step(&mut self, index: StepIndex, before: u32) {
        if before == 0 {
            self.note(Fact::Step(index));
        }
        let scenario = self.scenario.clone();
        let step = &scenario.steps[usize::from(index.0)].step;
        step.happen(index, self);
        let repeats = step.repeats();
        if before + 1 < repeats.times {
            self.plan_tick(repeats.every, Tick::Step(index, before + 1));
        }
    }

    /// Everything that broke is mended.
    fn heal(&mut self) {
        self.enter(Phase::Heal);
        self.stop_waiting();
        self.mend_all();
        self.end_second_processes();
        for (place, node) in (0..).zip(self.cast.clone().nodes()) {
            if let NodeId::Device(device) = node {
                self.go_online(device, None);
            }
            // A device that was never logged in is not there to be started.
            if self.machines.was_started(node) && !self.machines.is_up(node) {
                self.plan_tick(APART.times(place), Tick::Start(node));
            } else {
                self.machines.close_disk(node);
            }
        }
        let nodes = self.cast.nodes().count() as u64;
        self.plan_tick(AFTER_MENDING + APART.times(nodes), Tick::TryAgain);
        self.plan_tick(QUIET, Tick::Settled);
    }

    /// Every client syncs again, and every server makes one authenticated
    /// request to each other, which ends their back-offs.
    fn try_again(&mut self) {
        let cast = self.cast.clone();
        let servers = cast
            .server_ids()
            .filter(|server| !self.gone.contains(*server));
        let servers: Vec<ServerId> = servers.collect();
        for server in &servers {
            self.command_server(*server, APART, homeserver::Command::Greet(servers.clone()));
        }
        for device in &cast.devices {
            self.command_device(device.id, APART, device::Command::SyncAgain);
        }
    }

    fn check_settled(&mut self) {
        let lasted = self.now.since(self.phases.began);
        let quiet = self.now.since(self.progressed);
        let at_rest = quiet >= QUIET && self.machines.at_rest();
        if at_rest && lasted >= QUIET {
            self.note(Fact::Settled(self.phases.phase));
            self.settled();
        } else if lasted >= SETTLE_LIMIT {
            self.unsettled();
        } else {
            let missing = Span::from_ticks(QUIET.ticks().saturating_sub(quiet.ticks()));
            self.plan_tick(missing.max(Span::mins(1)), Tick::Settled);
        }
    }

    fn settled(&mut self) {
        match self.phases.phase {
            Phase::Timeline => unreachable!("the timeline ends with healing"),
            Phase::Heal => {
                self.enter(Phase::Probe);
                self.network.hold_syncs = self.phases.conduct.hold_syncs;
                self.everybody_says(Body::ProbeOld);
            }
            Phase::Probe => {
                self.enter(Phase::SecondProbe);
                self.everybody_says(Body::ProbeAgain);
            }
            Phase::SecondProbe => self.orders.push(Order::Finish),
        }
    }

    /// A phase that does not come to rest ends the run: nothing that comes
    /// after it would mean anything.
    fn unsettled(&mut self) {
        self.note(Fact::Unsettled(self.phases.phase));
        self.orders.push(Order::Finish);
    }

    /// Ends a run that has come to more facts than it may: what is on its way
    /// then stays there.
    pub(super) fn cut_off_if_too_long(&mut self) {
        if self.trace.len() > self.scenario.settings.longest_trace {
            self.note(Fact::CutOff(self.phases.phase));
            self.orders.push(Order::Finish);
        }
    }

    /// Lets every device say something in each of its rooms, the fresh probe
    /// in a fresh Megolm session.
    fn everybody_says(&mut self, body: Body) {
        let cast = self.cast.clone();
        let speakers: Vec<(DeviceId, RoomId)> = cast
            .devices
            .iter()
            .map(|device| device.id)
            .filter(|device| !self.is_gone(NodeId::Device(*device)))
            .filter(|device| !self.is_gone(NodeId::Server(device.server())))
            .flat_map(|device| {
                let rooms = self.scenario.rooms_of(device.user());
                rooms.into_iter().map(move |room| (device, room))
            })
            .collect();
        let mut after = Span::ZERO;
        for (device, room) in speakers {
            if body == Body::ProbeFresh {
                self.command_device(device, after, device::Command::DiscardSession(room));
            }
            self.command_device(device, after + APART, device::Command::Send(room, body));
            after = after + APART.times(2);
        }
        self.plan_tick(after + PROBE_CHECK, Tick::Sent(body));
    }

    fn check_sent(&mut self, body: Body) {
        if self.machines.unsent() > 0 {
            if self.now.since(self.phases.began) >= PROBE_LIMIT {
                self.unsettled();
            } else {
                self.plan_tick(PROBE_CHECK, Tick::Sent(body));
            }
            return;
        }
        match body {
            Body::ProbeOld => self.everybody_says(Body::ProbeFresh),
            Body::ProbeFresh => {
                self.release_syncs();
                self.phases.began = self.now;
                self.plan_tick(QUIET, Tick::Settled);
            }
            Body::ProbeAgain => {
                self.phases.began = self.now;
                self.plan_tick(QUIET, Tick::Settled);
            }
            Body::Timeline => unreachable!("phases say only probes"),
        }
    }

    fn release_syncs(&mut self) {
        self.network.hold_syncs = false;
        for (from, to, body) in std::mem::take(&mut self.held) {
            self.dispatch(from, to, body);
        }
    }

    fn enter(&mut self, phase: Phase) {
        self.note(Fact::Phase(phase));
        self.phases.phase = phase;
        self.phases.began = self.now;
    }
}
