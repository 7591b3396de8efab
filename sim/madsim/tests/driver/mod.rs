//! Drives one node by hand: keeps its disk and its clock, wakes it when it
//! asked to be woken, and collects what it sends and notes. Plays no other
//! node: a test answers for those.
#![allow(dead_code, reason = "each test uses some of it")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

pub(crate) mod peer;

use std::cell::Cell;

use unwedge_core::cast::{Client, SyncApi};
use unwedge_core::draws::Draws;
use unwedge_core::name::{DeviceId, NodeId, Row, ServerId, UserId};
use unwedge_core::node::{Cx, Durable as _, Effect, Effects, Input, Node, Settings};
use unwedge_core::protocol::{Consulted, Protocol, Reading};
use unwedge_core::time::{Span, Time};
use unwedge_core::trace::Fact;
use unwedge_core::wire::Message;
use unwedge_madsim::Vodozemac;

/// The homeserver of Alice and Bob.
pub(crate) const HERE: ServerId = ServerId(0);
/// The homeserver of Carol.
pub(crate) const THERE: ServerId = ServerId(1);
/// The homeserver of nobody in particular.
pub(crate) const ELSEWHERE: ServerId = ServerId(2);

pub(crate) const ALICE: DeviceId = device(HERE, 0);
pub(crate) const BOB: DeviceId = device(HERE, 1);
pub(crate) const CAROL: DeviceId = device(THERE, 2);

/// The device of a user who has one.
pub(crate) const fn device(server: ServerId, index: u8) -> DeviceId {
    let user = UserId::new(server, index);
    DeviceId::new(user, index)
}

/// A node, and everything around it.
pub(crate) struct Driver<N: Node<Crypto = Vodozemac>> {
    pub(crate) node: N,
    around: Around<N>,
}

/// What outlives the node, and what it asked for.
struct Around<N: Node<Crypto = Vodozemac>> {
    id: NodeId,
    client: Client,
    protocol: Protocol,
    settings: Settings,
    behind: Span,
    now: Time,
    starts: u16,
    disk: N::Durable,
    stored: Vec<Vec<Row>>,
    timers: Vec<(Time, N::Timer)>,
    sent: Vec<(NodeId, Message<Vodozemac>)>,
    facts: Vec<Fact>,
}

impl<N: Node<Crypto = Vodozemac>> Driver<N> {
    /// Boots a node from an empty disk.
    pub(crate) fn new(id: NodeId, protocol: Protocol) -> Self {
        Self::of(Client::default(), id, protocol)
    }

    /// Boots a node that runs this client from an empty disk.
    pub(crate) fn of(client: Client, id: NodeId, protocol: Protocol) -> Self {
        let mut around = Around {
            id,
            client,
            protocol,
            settings: Settings::default(),
            behind: Span::ZERO,
            now: Time::ZERO,
            starts: 0,
            disk: N::Durable::default(),
            stored: vec![],
            timers: vec![],
            sent: vec![],
            facts: vec![],
        };
        let node = around.boot();
        Self { node, around }
    }

    /// Has the node go by other settings from now on.
    pub(crate) fn set(&mut self, settings: Settings) {
        self.around.settings = settings;
    }

    /// Sets the node's clock back.
    pub(crate) fn set_clock_back(&mut self, by: Span) {
        self.around.behind = self.around.behind + by;
    }

    /// Kills the node and boots it from its disk. What it was waiting for is
    /// gone, and so is what it sent but the test has not taken.
    pub(crate) fn restart(&mut self) {
        self.around.timers.clear();
        self.around.sent.clear();
        self.node = self.around.boot();
    }

    /// Restarts the node from a disk that was copied earlier.
    pub(crate) fn restore(&mut self, disk: N::Durable) {
        self.around.disk = disk;
        self.restart();
    }

    /// A copy of the node's disk.
    pub(crate) fn disk(&self) -> N::Durable {
        self.around.disk.clone()
    }

    /// The present instant.
    pub(crate) fn now(&self) -> Time {
        self.around.now
    }

    /// Hands an input to the node.
    pub(crate) fn input(&mut self, input: Input<N>) {
        let Self { node, around } = self;
        around.call(|cx| node.handle(input, cx));
    }

    /// Hands an input to the node, which dies as soon as it has stored a
    /// transaction with such a row, and boots it again.
    pub(crate) fn die_after(&mut self, row: Row, input: Input<N>) {
        let Self { node, around } = self;
        let ((), mut effects) = around.step(|cx| node.handle(input, cx));
        let mut stored = 0;
        let is_last = |effect: &Effect<N>| {
            let Effect::Persist { rows, .. } = effect else {
                return false;
            };
            let from = stored;
            stored += rows;
            let rows = &effects.rows[from..stored];
            rows.iter().any(|it| N::Durable::row(it) == row)
        };
        let last = effects.list.iter().position(is_last);
        effects
            .list
            .truncate(last.expect("it stores such a row") + 1);
        around.carry_out(effects);
        self.restart();
    }

    /// Lets time pass, and wakes the node whenever it asked for that.
    pub(crate) fn wait(&mut self, span: Span) {
        let until = self.around.now + span;
        while let Some(timer) = self.around.next_timer(until) {
            self.input(Input::Timer(timer));
        }
        self.around.now = self.around.now.max(until);
    }

    /// Takes the first message to `to` that `pick` accepts.
    pub(crate) fn take<R>(
        &mut self,
        to: NodeId,
        pick: impl Fn(&Message<Vodozemac>) -> Option<R>,
    ) -> Option<R> {
        let sent = &mut self.around.sent;
        let accepted = |(receiver, message): &(NodeId, _)| {
            let is_for = *receiver == to;
            is_for.then(|| pick(message)).flatten()
        };
        let (place, picked) = sent
            .iter()
            .enumerate()
            .find_map(|(place, it)| accepted(it).map(|picked| (place, picked)))?;
        sent.remove(place);
        Some(picked)
    }

    /// The transactions that the node stored since this was last asked: the
    /// kinds of their rows.
    pub(crate) fn stored(&mut self) -> Vec<Vec<Row>> {
        std::mem::take(&mut self.around.stored)
    }

    /// What the node noted since this was last asked.
    pub(crate) fn facts(&mut self) -> Vec<Fact> {
        std::mem::take(&mut self.around.facts)
    }
}

impl<N: Node<Crypto = Vodozemac>> Around<N> {
    fn boot(&mut self) -> N {
        self.starts += 1;
        let (id, disk) = (self.id, self.disk.clone());
        self.call(|cx| N::boot(id, disk, cx))
    }

    /// One step of the node, and what comes of it.
    fn call<R>(&mut self, step: impl FnOnce(&mut Cx<'_, N>) -> R) -> R {
        let (result, effects) = self.step(step);
        self.carry_out(effects);
        result
    }

    /// One step of the node. No two steps happen at one instant.
    fn step<R>(&mut self, step: impl FnOnce(&mut Cx<'_, N>) -> R) -> (R, Effects<N>) {
        self.now = self.now.next();
        let mut effects = Effects::new(true);
        let result = step(&mut Cx {
            now: self.now,
            incarnation: self.starts - 1,
            protocol: Reading::new(&self.protocol, &Cell::new(Consulted::default())),
            settings: &self.settings,
            client: self.client,
            sync: SyncApi::default(),
            behind: self.behind,
            draws: Draws::new(1),
            crypto: &mut Vodozemac,
            effects: &mut effects,
        });
        (result, effects)
    }

    fn carry_out(&mut self, effects: Effects<N>) {
        let mut rows = effects.rows.into_iter();
        for effect in effects.list {
            match effect {
                Effect::Persist { rows: count, .. } => {
                    let rows: Vec<_> = rows.by_ref().take(count).collect();
                    self.stored.push(rows.iter().map(N::Durable::row).collect());
                    rows.into_iter().for_each(|row| self.disk.apply(row));
                }
                Effect::Send { to, body } => self.sent.push((to, *body)),
                Effect::Wake { at, timer } => self.timers.push((at, timer)),
                Effect::Observe(fact) => self.facts.push(fact),
            }
        }
    }

    /// The timer that goes off next, if one does by `until`.
    fn next_timer(&mut self, until: Time) -> Option<N::Timer> {
        let timers = self.timers.iter().enumerate();
        let (place, at) = timers
            .map(|(place, (at, _))| (place, *at))
            .min_by_key(|(_, at)| *at)?;
        (at <= until).then(|| {
            self.now = self.now.max(at);
            self.timers.remove(place).1
        })
    }
}
