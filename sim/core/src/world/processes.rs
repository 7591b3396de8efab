//! The processes of a device's client: the app, and perhaps a second one beside
//! it for a while, with a memory of its own over the same disk (BS §1.13). To
//! an engine both are one node: they live on one machine and die with it.
//!
//! Both write to the disk, and whoever writes a row last has written it. What a
//! process does not hold in memory it reads when it needs it, so it sees at once
//! what the other has written of that. An effective lock keeps them apart: a
//! second process that finds the app at work leaves the store to it, and an app
//! that was suspended meanwhile finds that it has to load everything again.

use super::{Parcel, World};
use crate::crypto::Crypto;
use crate::device::Device;
use crate::name::{DeviceId, NodeId};
use crate::node::{Input, Node as _};
use crate::step::{AppMeanwhile, Fork, Outside as _};
use crate::time::Span;
use crate::trace::{Fact, StepIndex};
use crate::wire::{Message, RequestId};

use super::host::Hosted as _;

/// How long a process takes to start: longer than an app takes to notice that
/// it is suspended.
const START: Span = Span::secs(1);

/// The processes of one client.
pub struct Processes<C: Crypto> {
    pub(super) app: Device<C>,
    /// Boxed, since there seldom is one.
    second: Option<Box<Device<C>>>,
}

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Process {
    App,
    /// The second process that has this incarnation.
    Second(u16),
}

/// What a machine knows of the second process that runs on it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Second {
    pub(super) incarnation: u16,
    /// Whether it has the lock of the store.
    locked: bool,
    /// What it was last told, or will next be told, of its connection.
    pub(super) told_connected: bool,
}

/// What happens to the second process of a client.
#[derive(Clone, Copy, Debug)]
pub(super) enum Change {
    /// It starts, and ends after so long.
    Starts(Fork, StepIndex),
    /// The one with this incarnation ends.
    Ends(u16),
}

impl Process {
    /// Whose answer it is.
    pub(super) fn addressed<C: Crypto>(body: &Message<C>) -> Self {
        match body {
            Message::ClientResponse(id, ..) => Self::that_asked(*id),
            Message::ClientRequest(..)
            | Message::FederationRequest(..)
            | Message::FederationResponse(..) => Process::App,
        }
    }

    /// Who made a request.
    pub(super) fn that_asked(id: RequestId) -> Self {
        id.second().map_or(Process::App, Process::Second)
    }
}

impl<C: Crypto> Processes<C> {
    /// An app alone.
    pub(super) fn new(app: Device<C>) -> Self {
        Self { app, second: None }
    }
}

impl<C: Crypto> World<C> {
    /// Lets a second process start on a device, unless there is one already,
    /// or the lock keeps it from doing anything.
    pub(super) fn fork_device(&mut self, device: DeviceId, fork: Fork, step: StepIndex) {
        let node = NodeId::Device(device);
        let machine = &mut self.machines.devices[usize::from(device.index())];
        let is_kept_out = fork.locked && fork.app == AppMeanwhile::Runs;
        let has_room = machine.second.is_none() && !machine.state.is_suspended();
        if !self.machines.is_up(node) || !has_room || is_kept_out {
            return self.idle(step);
        }
        match fork.app {
            AppMeanwhile::Runs => {}
            AppMeanwhile::IsSuspended => {
                self.machines.suspend(device, true);
                self.tell_connections(node);
            }
        }
        let parcel = Parcel::Process(Change::Starts(fork, step));
        self.plan(self.now + START, Some(node), parcel);
    }

    /// Lets every second process end.
    pub(super) fn end_second_processes(&mut self) {
        for device in self.cast.clone().devices.iter().map(|it| it.id) {
            let machine = &self.machines.devices[usize::from(device.index())];
            if let Some(second) = machine.second {
                let parcel = Parcel::Process(Change::Ends(second.incarnation));
                self.plan(self.now, Some(NodeId::Device(device)), parcel);
            }
        }
    }

    /// A second process starts or ends.
    pub(super) fn change_process(
        &mut self,
        device: DeviceId,
        processes: &mut Processes<C>,
        change: Change,
    ) {
        match change {
            Change::Starts(fork, step) => self.start_second(device, processes, fork, step),
            Change::Ends(incarnation) => self.end_second(device, processes, incarnation),
        }
    }

    fn start_second(
        &mut self,
        device: DeviceId,
        processes: &mut Processes<C>,
        fork: Fork,
        step: StepIndex,
    ) {
        let node = NodeId::Device(device);
        let machine = &mut self.machines.devices[usize::from(device.index())];
        if machine.second.is_some() {
            return self.idle(step); // Another came first.
        }
        let incarnation = machine.starts;
        let disk = machine.disk.read();
        let (second, effects) = self.call(node, incarnation, |cx| {
            Device::boot_second(device, disk, cx)
        });
        if second.is_none() {
            self.idle(step);
            self.wake_app(device);
            return;
        }
        processes.second = second.map(Box::new);
        let machine = &mut self.machines.devices[usize::from(device.index())];
        machine.starts += 1;
        machine.second = Some(Second {
            incarnation,
            locked: fork.locked,
            told_connected: false,
        });
        self.note(Fact::ProcessStarted {
            device,
            incarnation,
            locked: fork.locked,
            step,
        });
        self.perform(node, Process::Second(incarnation), effects);
        self.tell_connections(node);
        let parcel = Parcel::Process(Change::Ends(incarnation));
        self.plan(self.now + fork.lasts, Some(node), parcel);
    }

    /// The second process ends, and what it held in memory is gone. An app that
    /// was suspended wakes up; with an effective lock, it loads again what it
    /// has in memory.
    fn end_second(&mut self, device: DeviceId, processes: &mut Processes<C>, incarnation: u16) {
        let node = NodeId::Device(device);
        let machine = &mut self.machines.devices[usize::from(device.index())];
        let Some(second) = machine.second.filter(|it| it.incarnation == incarnation) else {
            return; // It has ended before.
        };
        machine.second = None;
        processes.second = None;
        self.note(Fact::ProcessEnded {
            device,
            incarnation,
        });
        if second.locked {
            let machine = &mut self.machines.devices[usize::from(device.index())];
            let (incarnation, disk) = (machine.incarnation, machine.disk.read());
            let ((), effects) = self.call(node, incarnation, |cx| {
                processes.app.reload(disk, cx);
            });
            self.perform(node, Process::App, effects);
        }
        self.wake_app(device);
    }

    fn wake_app(&mut self, device: DeviceId) {
        self.machines.suspend(device, false);
        self.tell_connections(NodeId::Device(device));
    }

    /// Hands an input to one of a client's processes. What is meant for one that
    /// has ended is lost.
    pub(super) fn hand_to(
        &mut self,
        device: DeviceId,
        processes: &mut Processes<C>,
        process: Process,
        input: Input<Device<C>>,
    ) {
        let node = NodeId::Device(device);
        let Some(second) = &mut processes.second else {
            if process == Process::App {
                self.handle(node, &mut processes.app, input);
            }
            return;
        };
        let machine = &self.machines.devices[usize::from(device.index())];
        let own = machine.incarnation;
        let (incarnation, this, other) = match (process, machine.second) {
            (Process::App, _) => (own, &mut processes.app, &mut **second),
            (Process::Second(to), Some(there)) if there.incarnation == to => {
                (to, &mut **second, &mut processes.app)
            }
            (Process::Second(_), _) => return,
        };
        let ((), effects) = self.call(node, incarnation, |cx| this.handle(input, cx));
        let is_wiped = other.read(&effects.rows);
        if process == Process::App && self.phases.ask_what_is_pending() {
            let pending = processes.app.pending(self.gone);
            self.machines.devices[usize::from(device.index())].pending = pending;
        }
        self.perform(node, process, effects);
        // Nothing is left for it.
        if let (true, Some(there)) = (
            is_wiped,
            self.machines.devices[usize::from(device.index())].second,
        ) {
            self.end_second(device, processes, there.incarnation);
        }
    }

    /// Tells the second process of a device how its connection is, if there is
    /// one and it does not know.
    pub(super) fn tell_second(&mut self, device: DeviceId, connected: bool) {
        let machine = &mut self.machines.devices[usize::from(device.index())];
        let Some(second) = machine.second.as_mut() else {
            return;
        };
        if second.told_connected == connected {
            return;
        }
        second.told_connected = connected;
        let process = Process::Second(second.incarnation);
        let after = self.network.notice(device, self.now, self.draws);
        let parcel = Device::parcel(process, Input::Connection(connected));
        self.plan(self.now + after, Some(NodeId::Device(device)), parcel);
    }
}
