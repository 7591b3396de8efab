//! The network: who can reach whom, how long a message takes, and what
//! becomes of what is on its way when a link is cut.

use std::collections::{BTreeMap, BTreeSet};

use crate::crypto::Crypto;
use crate::draws::{Draws, Purpose};
use crate::name::{DeviceId, NodeId};
use crate::time::{Span, Time};
use crate::trace::hash::StableHash;
use crate::wire::{Message, MessageKind};

/// How long a message takes between a device and its homeserver.
const CLIENT_LATENCY: (Span, Span) = (Span::millis(10), Span::millis(60));
/// How long a message takes between two homeservers.
const FEDERATION_LATENCY: (Span, Span) = (Span::millis(20), Span::millis(120));
/// How long a device takes to notice that its connection broke or came back.
const NOTICE: (Span, Span) = (Span::millis(10), Span::millis(500));

/// A link, its ends in ascending order.
type Link = [NodeId; 2];

/// The state of all links.
#[derive(Debug, Default)]
pub(super) struct Network {
    down: BTreeSet<NodeId>,
    offline: BTreeSet<DeviceId>,
    cut: BTreeSet<Link>,
    /// How often each link has broken: what is on its way is lost with it.
    breaks: BTreeMap<Link, u32>,
    /// How often each message, as far as its subject goes, has been sent.
    attempts: BTreeMap<StableHash, u32>,
    /// When each device gets its latest notice; notices keep their order.
    noticed: BTreeMap<DeviceId, Time>,
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
    /// It is lost.
    Dropped,
}

impl Network {
    /// Whether a message sent now would arrive.
    pub(super) fn reaches(&self, a: NodeId, b: NodeId) -> bool {
        let is_up = |node| !self.down.contains(&node);
        let is_online = |node| match node {
            NodeId::Device(device) => !self.offline.contains(&device),
            NodeId::Server(_) => true,
        };
        is_up(a) && is_up(b) && is_online(a) && is_online(b) && !self.cut.contains(&link(a, b))
    }

    /// Decides the fate of a message.
    pub(super) fn send<C: Crypto>(
        &mut self,
        from: NodeId,
        to: NodeId,
        message: &Message<C>,
        draws: Draws,
    ) -> Fate {
        if self.hold_syncs && message.kind() == MessageKind::Sync && message.is_answer() {
            return Fate::Held;
        }
        if !self.reaches(from, to) {
            return Fate::Dropped;
        }
        let about = (
            from,
            to,
            message.kind(),
            message.is_answer(),
            subject(message),
        );
        let about = StableHash::of(&about);
        let attempt = self.attempts.entry(about).or_default();
        *attempt += 1;
        let (shortest, longest) = match (from, to) {
            (NodeId::Server(_), NodeId::Server(_)) => FEDERATION_LATENCY,
            _ => CLIENT_LATENCY,
        };
        let latency = draws.span(Purpose::Latency, (about, *attempt), shortest, longest);
        let breaks = self.breaks.get(&link(from, to)).copied().unwrap_or(0);
        Fate::Arrives(latency, Passage { from, to, breaks })
    }

    /// Whether a message that was sent is still on its way.
    pub(super) fn arrives(&self, passage: Passage) -> bool {
        let breaks = self
            .breaks
            .get(&link(passage.from, passage.to))
            .copied()
            .unwrap_or(0);
        breaks == passage.breaks && self.reaches(passage.from, passage.to)
    }

    /// Cuts the link between two nodes. Whether it was whole.
    pub(super) fn cut(&mut self, a: NodeId, b: NodeId) -> bool {
        self.break_link(a, b);
        self.cut.insert(link(a, b))
    }

    /// Mends the link between two nodes. Whether it was cut.
    pub(super) fn mend(&mut self, a: NodeId, b: NodeId) -> bool {
        self.cut.remove(&link(a, b))
    }

    /// The links that are cut.
    pub(super) fn cuts(&self) -> Vec<Link> {
        self.cut.iter().copied().collect()
    }

    /// Takes a device off line. Whether it was on line.
    pub(super) fn go_offline(&mut self, device: DeviceId) -> bool {
        let server = NodeId::Server(device.user.server);
        self.break_link(NodeId::Device(device), server);
        self.offline.insert(device)
    }

    /// Takes a device on line again. Whether it was off line.
    pub(super) fn go_online(&mut self, device: DeviceId) -> bool {
        self.offline.remove(&device)
    }

    /// Notes that a node is down: nothing reaches it, and what is on its way
    /// to it is lost. What it has sent is on its way all the same.
    pub(super) fn went_down(&mut self, node: NodeId) {
        self.down.insert(node);
    }

    /// Notes that a node is up again.
    pub(super) fn came_up(&mut self, node: NodeId) {
        self.down.remove(&node);
    }

    /// How long after `now` a device notices what its connection is like.
    pub(super) fn notice(&mut self, device: DeviceId, now: Time, draws: Draws) -> Span {
        let earlier = self.noticed.get(&device).copied().unwrap_or(Time::ZERO);
        let delay = draws.span(Purpose::Notice, (device, earlier), NOTICE.0, NOTICE.1);
        let at = (now + delay).max(earlier.next());
        self.noticed.insert(device, at);
        at.since(now)
    }

    fn break_link(&mut self, a: NodeId, b: NodeId) {
        *self.breaks.entry(link(a, b)).or_default() += 1;
    }
}

fn link(a: NodeId, b: NodeId) -> Link {
    if a < b { [a, b] } else { [b, a] }
}

/// What a message is about, in terms that do not depend on what else was sent.
fn subject<C: Crypto>(message: &Message<C>) -> StableHash {
    use crate::wire::{ClientRequest, FederationRequest};
    match message {
        Message::ClientRequest(_, request) => match request {
            ClientRequest::KeysUpload {
                one_time_keys,
                fallback_key,
                ..
            } => {
                let first = one_time_keys.first().map(|key| key.name);
                StableHash::of(&(first, fallback_key.as_ref().map(|key| key.name)))
            }
            ClientRequest::KeysQuery { users } => StableHash::of(users),
            ClientRequest::KeysClaim { devices, .. } => StableHash::of(devices),
            ClientRequest::SendToDevice { transaction, .. } => StableHash::of(transaction),
            ClientRequest::SendEvent(event) => StableHash::of(&event.room),
            ClientRequest::Sync { .. } => StableHash::default(),
        },
        Message::FederationRequest(_, request) => match request {
            FederationRequest::Claim { devices, claimant } => StableHash::of(&(devices, claimant)),
            FederationRequest::Query { users } => StableHash::of(users),
            FederationRequest::MissingEvents { room, .. } => StableHash::of(room),
            FederationRequest::Send(_) | FederationRequest::Version => StableHash::default(),
        },
        Message::ClientResponse(..) | Message::FederationResponse(..) => StableHash::default(),
    }
}
