//! What a step can do to the world. The world implements it; steps know no
//! more of the world than this.

use crate::name::{DeviceId, NodeId, RoomId, Row, ServerId, Table, UserId};
use crate::odds::Odds;
use crate::time::Span;
use crate::trace::StepIndex;
use crate::wire::MessageKind;

/// When a node crashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CrashPoint {
    /// At once.
    Now,
    /// When its next answer of this kind arrives.
    BeforeAnswer(MessageKind),
    /// When it is about to store its next row of this kind.
    BeforeWrite(Row),
    /// When it has just stored its next row of this kind.
    AfterWrite(Row),
    /// When it has just sent its next message of this kind.
    AfterSending(MessageKind),
}

/// What becomes of messages that are on their way when a link is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InFlight {
    /// They are lost.
    Lost,
    /// They arrive.
    Arrives,
}

/// How a second process runs on the store of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fork {
    /// What the app does meanwhile.
    pub(crate) app: AppMeanwhile,
    /// Whether the lock of the store is effective: a property of how a client
    /// is built and of what it runs on, and none that a specification sets.
    pub(crate) locked: bool,
    /// How long it runs.
    pub(crate) lasts: Span,
}

/// What the app does while a second process runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AppMeanwhile {
    /// Nothing: the system has taken its connection and its time, and it wakes
    /// up with the memory that it had.
    IsSuspended,
    /// It goes on.
    Runs,
}

impl AppMeanwhile {
    /// Both, in the order in which they are listed.
    pub(crate) const ALL: &[Self] = &[Self::IsSuspended, Self::Runs];

    /// As a scenario file spells it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            AppMeanwhile::IsSuspended => "suspended",
            AppMeanwhile::Runs => "running",
        }
    }
}

/// The world as a step sees it. The step's place in the timeline goes with
/// everything that it makes happen, so that it can be blamed.
pub(crate) trait Outside {
    /// A person says something in a room.
    fn told_to_send(&mut self, by: DeviceId, room: RoomId, step: StepIndex);
    /// A person logs a device in.
    fn log_in(&mut self, device: DeviceId, step: StepIndex);
    /// A person logs a device out.
    fn log_out(&mut self, device: DeviceId, step: StepIndex);
    /// A person joins a room.
    fn join(&mut self, device: DeviceId, room: RoomId, step: StepIndex);
    /// A person leaves a room.
    fn leave(&mut self, device: DeviceId, room: RoomId, step: StepIndex);
    /// A person invites a user to a room.
    fn invite(&mut self, by: DeviceId, user: UserId, room: RoomId, step: StepIndex);
    /// A person gives a device no more room keys.
    fn block(&mut self, by: DeviceId, device: DeviceId, step: StepIndex);
    /// A device loses its connection.
    fn go_offline(&mut self, device: DeviceId, step: StepIndex);
    /// A device gets its connection back, if it had lost it.
    fn go_online(&mut self, device: DeviceId, step: Option<StepIndex>);
    /// Cuts a link, one way or both.
    fn cut(&mut self, between: [NodeId; 2], one_way: bool, in_flight: InFlight, step: StepIndex);
    /// Mends the link between two nodes, if it is cut or slow.
    fn mend(&mut self, between: [NodeId; 2], step: Option<StepIndex>);
    /// Makes messages between two nodes take so much longer.
    fn slow(&mut self, between: [NodeId; 2], by: Span, step: StepIndex);
    /// Loses the next answer of a kind that one node gives another.
    fn drop_next_answer(&mut self, way: [NodeId; 2], kind: MessageKind, step: StepIndex);
    /// Copies a node's database as it is on disk.
    fn back_up(&mut self, node: NodeId, step: StepIndex);
    /// Stops a server, puts tables back to the latest copy (all of them
    /// unless some are named), and starts it again.
    fn restore_server(&mut self, server: ServerId, tables: Option<&[Table]>, step: StepIndex);
    /// Sets a server's clock back.
    fn set_clock_back(&mut self, server: ServerId, by: Span, step: StepIndex);
    /// Stops a device, puts its store back to the latest copy, and starts it
    /// again.
    fn restore_device(&mut self, device: DeviceId, step: StepIndex);
    /// Stops a node, now or at a point to come. What it held in memory is
    /// gone, and so is what is on its way to it; and so are the last
    /// `lost_writes` transactions that it had written.
    fn crash(&mut self, node: NodeId, when: CrashPoint, lost_writes: usize, step: StepIndex);
    /// Starts a node that is down. Whether it was.
    fn start_node(&mut self, node: NodeId) -> bool;
    /// Starts a second process on the store of a device.
    fn fork(&mut self, device: DeviceId, fork: Fork, step: StepIndex);
    /// A step has found nothing to act upon.
    fn idle(&mut self, step: StepIndex);
    /// Stops a node for good.
    fn remove(&mut self, node: NodeId, step: StepIndex);
    /// Strangers claim keys of a device, and use those that do not leak.
    fn claim_for_strangers(&mut self, device: DeviceId, count: u32, leak: Odds, step: StepIndex);
    /// Somebody sends a damaged copy of the next Olm message of one device
    /// for another ahead of it.
    fn inject(&mut self, from: DeviceId, to: DeviceId, step: StepIndex);
    /// A device sends Olm messages to another, all of which are lost.
    fn waste(&mut self, from: DeviceId, to: DeviceId, count: u32, step: StepIndex);
    /// Somebody puts the last Olm message of one device for another into the
    /// inbox once more.
    fn replay(&mut self, from: DeviceId, to: DeviceId, step: StepIndex);
    /// The next request of a kind that a device sends arrives once more, so
    /// much later.
    fn duplicate(&mut self, device: DeviceId, kind: MessageKind, after: Span, step: StepIndex);
    /// Somebody deletes all one-time keys of a device from its server.
    fn reset_keys(&mut self, device: DeviceId, step: StepIndex);
}
