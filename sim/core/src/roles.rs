//! Who takes whose part when a scenario is played by another cast: by fewer,
//! or by the same in another order.

use crate::name::{DeviceId, NodeId, RoomId, ServerId};
use crate::words::is_link;

/// Who of another cast takes whose part. Each list goes by the number that
/// someone had, and says nothing of those whose part is cut.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Roles {
    pub(crate) servers: Vec<Option<ServerId>>,
    pub(crate) devices: Vec<Option<DeviceId>>,
    pub(crate) rooms: Vec<Option<RoomId>>,
}

impl Roles {
    /// Who takes the part of a server.
    pub(crate) fn server(&self, id: ServerId) -> Option<ServerId> {
        self.servers[usize::from(id.0)]
    }

    /// Who takes the part of a device.
    pub(crate) fn device(&self, id: DeviceId) -> Option<DeviceId> {
        self.devices[usize::from(id.index())]
    }

    /// Which room takes the place of another.
    pub(crate) fn room(&self, id: RoomId) -> Option<RoomId> {
        self.rooms[usize::from(id.0)]
    }

    /// Who takes the part of a server or device.
    pub(crate) fn node(&self, id: NodeId) -> Option<NodeId> {
        match id {
            NodeId::Server(id) => self.server(id).map(NodeId::Server),
            NodeId::Device(id) => self.device(id).map(NodeId::Device),
        }
    }

    /// The link between those who take two parts, if there is one. A device's
    /// link is that to its own server, whichever that is now.
    pub(crate) fn link(&self, [a, b]: [NodeId; 2]) -> Option<[NodeId; 2]> {
        let home = |device: DeviceId| NodeId::Server(device.server());
        let link = match (a, b) {
            (NodeId::Server(_), NodeId::Device(device)) => {
                let device = self.device(device)?;
                [home(device), NodeId::Device(device)]
            }
            (NodeId::Device(device), NodeId::Server(_)) => {
                let device = self.device(device)?;
                [NodeId::Device(device), home(device)]
            }
            (NodeId::Server(_), NodeId::Server(_)) | (NodeId::Device(_), NodeId::Device(_)) => {
                [self.node(a)?, self.node(b)?]
            }
        };
        is_link(link).then_some(link)
    }
}
