//! The network: who can reach whom, how long a message takes, and what
//! becomes of what is on its way when a link is cut.

use std::collections::BTreeSet;

use litemap::LiteMap;
use rustc_hash::{FxBuildHasher, FxHashMap};

use crate::crypto::Crypto;
use crate::draws::{Draws, Purpose};
use crate::name::{ByPlace, DeviceId, NodeId, ServerSet};
use crate::node::Settings;
use crate::step::InFlight;
use crate::time::{Span, Time};
use crate::trace::StepIndex;
use crate::trace::hash::Quick;
use crate::wire::{Message, MessageKind};

/// How long a device takes to notice that its connection broke or came back.
const NOTICE: (Span, Span) = (Span::millis(10), Span::millis(500));

/// Room for what is sent in a run of the usual length.
const USUAL_SUBJECTS: usize = 448;

/// From one node to another.
type Way = [NodeId; 2];

/// The state of all links.
#[derive(Debug, Default)]
pub(super) struct Network {
    settings: Settings,
    down_servers: ServerSet,
    down_devices: ByPlace<DeviceId, ()>,
    offline: ByPlace<DeviceId, ()>,
    cut: BTreeSet<Way>,
    slowed: LiteMap<Way, Span>,
    /// Answers that will be lost: the next of each kind on each way.
    doomed: Vec<(Way, MessageKind, StepIndex)>,
    /// How often each way has broken: what is on its way is lost with it.
    breaks: LiteMap<Way, u32>,
    /// How often each message, as far as its subject goes, has been sent.
    attempts: FxHashMap<u64, u32>,
    /// When each device gets its latest notice; notices keep their order.
    noticed: LiteMap<DeviceId, Time>,
    /// Whether answers to `/sync` are held back.
    pub(super) hold_syncs: bool,
}

/// What stays the same of a message from its sending to its arrival.
#[derive(Clone, Copy, Debug)]
pub(super) struct Passage {
    pub(super) from: NodeId,
    pub(super) to: NodeId,
    breaks: u32,
}

/// What becomes of a message.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fate {
    /// It arrives after this time, if nothing breaks meanwhile.
    Arrives(Span, Passage),
    /// It is held back until syncs are released.
    Held,
    /// It is lost, perhaps because a step said so.
    Dropped(Option<StepIndex>),
}

impl Network {
    /// Links that are all whole.
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            settings,
            attempts: FxHashMap::with_capacity_and_hasher(USUAL_SUBJECTS, FxBuildHasher),
            ..Self::default()
        }
    }

    /// Whether a message sent now would arrive.
    pub(super) fn reaches(&self, from: NodeId, to: NodeId) -> bool {
        let is_there = |node| !self.is_down(node) && self.is_online(node);
        is_there(from) && is_there(to) && !self.cut.contains(&[from, to])
    }

    /// Whether messages would arrive both ways.
    pub(super) fn connects(&self, a: NodeId, b: NodeId) -> bool {
        self.reaches(a, b) && self.reaches(b, a)
    }

    /// Decides the fate of a message.
    pub(super) fn send<C: Crypto>(
        &mut self,
        from: NodeId,
        to: NodeId,
        message: &Message<C>,
        draws: Draws,
    ) -> Fate {
        let (way, kind, is_answer) = ([from, to], message.kind(), message.is_answer());
        if self.hold_syncs && kind == MessageKind::Sync && is_answer {
            return Fate::Held;
        }
        if !self.reaches(from, to) {
            return Fate::Dropped(None);
        }
        let is_this = |it: &(Way, MessageKind, StepIndex)| it.0 == way && it.1 == kind;
        if is_answer && let Some(place) = self.doomed.iter().position(is_this) {
            return Fate::Dropped(Some(self.doomed.remove(place).2));
        }
        let about = Quick::of(subject(message), &(from, to, kind, is_answer));
        let attempt = self.attempts.entry(about).or_default();
        *attempt += 1;
        let (shortest, longest) = match (from, to) {
            (NodeId::Server(_), NodeId::Server(_)) => self.settings.federation_latency,
            _ => self.settings.client_latency,
        };
        let latency = draws.span(Purpose::Latency, (about, *attempt), shortest, longest);
        let slower = self.slowed.get(&way).copied().unwrap_or(Span::ZERO);
        let breaks = self.breaks.get(&way).copied().unwrap_or(0);
        Fate::Arrives(latency + slower, Passage { from, to, breaks })
    }

    /// Whether a message that was sent is still on its way. A way that was
    /// cut after it was sent need not have broken under it.
    pub(super) fn arrives(&self, passage: Passage) -> bool {
        let Passage { from, to, breaks } = passage;
        let broken = self.breaks.get(&[from, to]).copied().unwrap_or(0);
        broken == breaks && !self.is_down(to)
    }

    /// Cuts the way from one node to another. Whether it was whole.
    pub(super) fn cut(&mut self, way: Way, in_flight: InFlight) -> bool {
        match in_flight {
            InFlight::Lost => self.break_way(way),
            InFlight::Arrives => {}
        }
        self.cut.insert(way)
    }

    /// Mends the link between two nodes. Whether anything was wrong with it.
    pub(super) fn mend(&mut self, [a, b]: Way) -> bool {
        let ways = [[a, b], [b, a]];
        let was_cut = ways.map(|way| self.cut.remove(&way));
        let was_slow = ways.map(|way| self.slowed.remove(&way).is_some());
        was_cut.contains(&true) || was_slow.contains(&true)
    }

    /// Makes messages between two nodes take so much longer.
    pub(super) fn slow(&mut self, [a, b]: Way, by: Span) {
        for way in [[a, b], [b, a]] {
            self.slowed.insert(way, by);
        }
    }

    /// Dooms the next answer of a kind.
    pub(super) fn doom(&mut self, way: Way, kind: MessageKind, step: StepIndex) {
        self.doomed.push((way, kind, step));
    }

    /// Nothing is doomed any more. By which steps something was.
    pub(super) fn spare_all(&mut self) -> Vec<StepIndex> {
        let doomed = std::mem::take(&mut self.doomed);
        doomed.into_iter().map(|(.., step)| step).collect()
    }

    /// The links that are cut or slow, each once or twice.
    pub(super) fn troubled(&self) -> Vec<Way> {
        self.cut.iter().chain(self.slowed.keys()).copied().collect()
    }

    /// Takes a device off line. Whether it was on line.
    pub(super) fn go_offline(&mut self, device: DeviceId) -> bool {
        let (device_node, server) = (NodeId::Device(device), NodeId::Server(device.server()));
        self.break_way([device_node, server]);
        self.break_way([server, device_node]);
        self.offline.insert(device, ()).is_none()
    }

    /// Takes a device on line again. Whether it was off line.
    pub(super) fn go_online(&mut self, device: DeviceId) -> bool {
        self.offline.remove(device).is_some()
    }

    /// Notes that a node is down: nothing reaches it, and what is on its way
    /// to it is lost. What it has sent is on its way all the same.
    pub(super) fn went_down(&mut self, node: NodeId) {
        match node {
            NodeId::Server(server) => {
                self.down_servers.insert(server);
            }
            NodeId::Device(device) => {
                self.down_devices.insert(device, ());
            }
        }
    }

    /// Notes that a node is up again.
    pub(super) fn came_up(&mut self, node: NodeId) {
        match node {
            NodeId::Server(server) => {
                self.down_servers.remove(server);
            }
            NodeId::Device(device) => {
                self.down_devices.remove(device);
            }
        }
    }

    /// How long after `now` a device notices what its connection is like.
    pub(super) fn notice(&mut self, device: DeviceId, now: Time, draws: Draws) -> Span {
        let earlier = self.noticed.get(&device).copied().unwrap_or(Time::ZERO);
        let delay = draws.span(Purpose::Notice, (device, earlier), NOTICE.0, NOTICE.1);
        let at = (now + delay).max(earlier.next());
        self.noticed.insert(device, at);
        at.since(now)
    }

    fn is_down(&self, node: NodeId) -> bool {
        match node {
            NodeId::Server(server) => self.down_servers.contains(server),
            NodeId::Device(device) => self.down_devices.contains(device),
        }
    }

    fn is_online(&self, node: NodeId) -> bool {
        match node {
            NodeId::Device(device) => !self.offline.contains(device),
            NodeId::Server(_) => true,
        }
    }

    fn break_way(&mut self, way: Way) {
        *self.breaks.entry(way).or_default() += 1;
    }
}

/// What a message is about, in terms that do not depend on what else was sent.
fn subject<C: Crypto>(message: &Message<C>) -> u64 {
    use crate::wire::{ClientRequest, FederationRequest};
    match message {
        Message::ClientRequest(_, _, request) => match request {
            ClientRequest::KeysUpload {
                one_time_keys,
                fallback_key,
                ..
            } => {
                let first = one_time_keys.first().map(|key| key.name);
                Quick::of(0, &(first, fallback_key.as_ref().map(|key| key.name)))
            }
            ClientRequest::KeysQuery { users } => Quick::of(0, users),
            ClientRequest::KeysClaim { devices, .. } => Quick::of(0, devices),
            ClientRequest::SendToDevice { transaction, .. } => Quick::of(0, transaction),
            ClientRequest::SendEvent(event) => Quick::of(0, &event.room),
            ClientRequest::Join { room, .. }
            | ClientRequest::Leave { room }
            | ClientRequest::Invite { room, .. } => Quick::of(0, room),
            ClientRequest::Login
            | ClientRequest::Logout
            | ClientRequest::KeysReset { .. }
            | ClientRequest::Sync { .. } => 0,
        },
        Message::FederationRequest(_, request) => match request {
            FederationRequest::Claim { devices, claimant } => Quick::of(0, &(devices, claimant)),
            FederationRequest::Query { users } => Quick::of(0, users),
            FederationRequest::MissingEvents { room, .. }
            | FederationRequest::Join { room, .. } => Quick::of(0, room),
            FederationRequest::Invite(event) => Quick::of(0, &event.room),
            FederationRequest::Send(_) | FederationRequest::Version => 0,
        },
        Message::ClientResponse(..) | Message::FederationResponse(..) => 0,
    }
}
