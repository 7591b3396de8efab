//! What a step can do to the world. The world implements it; steps know no
//! more of the world than this.

use crate::name::{DeviceId, NodeId, RoomId, ServerId, Table};
use crate::trace::StepIndex;
use crate::wire::MessageKind;

/// The world as a step sees it. The step's place in the timeline goes with
/// everything that it makes happen, so that it can be blamed.
pub(crate) trait Outside {
    /// A person says something in a room.
    fn told_to_send(&mut self, by: DeviceId, room: RoomId, step: StepIndex);
    /// A device loses its connection.
    fn go_offline(&mut self, device: DeviceId, step: StepIndex);
    /// A device gets its connection back, if it had lost it.
    fn go_online(&mut self, device: DeviceId, step: Option<StepIndex>);
    /// Cuts the link between two nodes.
    fn cut(&mut self, a: NodeId, b: NodeId, step: Option<StepIndex>);
    /// Mends the link between two nodes, if it is cut.
    fn mend(&mut self, a: NodeId, b: NodeId, step: Option<StepIndex>);
    /// Copies a server's database as it is on disk.
    fn back_up(&mut self, server: ServerId, step: StepIndex);
    /// Stops a server, puts tables back to the latest copy (all of them
    /// unless some are named), and starts it again.
    fn restore(&mut self, server: ServerId, tables: Option<&[Table]>, step: StepIndex);
    /// Stops a node at once. What it held in memory is gone, and so is what
    /// is on its way to it.
    fn crash(&mut self, node: NodeId, step: Option<StepIndex>);
    /// Makes a node crash when its next answer of this kind arrives.
    fn crash_before(&mut self, node: NodeId, kind: MessageKind, step: StepIndex);
    /// Starts a node that is down.
    fn start_node(&mut self, node: NodeId);
}
