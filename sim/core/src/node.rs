//! What a node is: a state machine that takes one input and answers with
//! ordered effects. Knows nothing of engines: no queue, clock or network.

use crate::cast::{Client, SyncApi};
use crate::crypto::Crypto;
use crate::draws::Draws;
use crate::name::{NodeId, Row, ServerSet};
use crate::protocol::Reading;
use crate::time::{Span, Time};
use crate::trace::Fact;
use crate::wire::{Message, RequestId};

/// A sans-IO state machine. One call of [`Node::handle`] is one atomic step;
/// whatever is not atomic in reality takes two inputs.
pub trait Node: Sized {
    /// The cryptography it runs on.
    type Crypto: Crypto;
    /// What its database holds.
    type Durable: Durable;
    /// What it can ask to be woken for.
    type Timer;
    /// What people and operators can ask of it.
    type Command;

    /// Starts the node. A first start, a restart and a restore from a backup
    /// are this call with an empty, the latest and an older disk.
    fn boot(id: NodeId, disk: Self::Durable, cx: &mut Cx<'_, Self>) -> Self;

    /// Takes one input.
    fn handle(&mut self, input: Input<Self>, cx: &mut Cx<'_, Self>);

    /// How many things the node still means to do that will change what it or
    /// another node stores, but for those that wait for one of the servers
    /// that are `gone`. A run has settled only when nobody has any.
    fn pending(&self, gone: ServerSet) -> usize;
}

/// A node's database.
pub trait Durable: Clone + Default {
    /// The write of one row.
    type Write: Clone;

    /// Writes one row.
    fn apply(&mut self, write: Self::Write);

    /// Which kind of row it writes.
    fn row(write: &Self::Write) -> Row;

    /// Whether the write changes anything that the node or others depend on,
    /// as against bookkeeping of retries (which may go on for ever).
    fn is_progress(write: &Self::Write) -> bool;
}

/// What a node is given.
pub enum Input<N: Node> {
    /// A message arrived.
    Message {
        /// Who sent it.
        from: NodeId,
        /// What it says. Boxed, since it is passed on from hand to hand.
        body: Box<Message<N::Crypto>>,
    },
    /// The time the node asked to be woken at has come.
    Timer(N::Timer),
    /// A device can reach its homeserver, or no longer can. Stands for the
    /// broken connections and futile retries by which a client finds out.
    Connection(bool),
    /// A request was not answered in time. Stands for the time-outs of a
    /// client's requests, which are few enough to be told one by one.
    TimedOut(RequestId),
    /// A person or an operator does something.
    Command(N::Command),
}

/// What a node wants done. Effects happen in order; a crash may fall between
/// any two.
pub enum Effect<N: Node> {
    /// Write the next so many of [`Effects::rows`] to the database, in one
    /// transaction.
    Persist {
        /// How many.
        rows: usize,
        /// Whether any of them is progress ([`Durable::is_progress`]).
        progress: bool,
    },
    /// Send a message.
    Send {
        /// To whom.
        to: NodeId,
        /// What.
        body: Box<Message<N::Crypto>>,
    },
    /// Wake this node again, unless it is restarted before.
    Wake {
        /// When, at the earliest.
        at: Time,
        /// What for.
        timer: N::Timer,
    },
    /// Note a fact for the trace.
    Observe(Fact),
}

/// What a node wants done in the course of one call. The rows stand beside
/// the effects so that a transaction of one row needs no room of its own.
pub struct Effects<N: Node> {
    /// In order.
    pub list: Vec<Effect<N>>,
    /// What the list says is to be written, in order; nothing if nobody ever
    /// looks at the node's disk.
    pub rows: Vec<<N::Durable as Durable>::Write>,
    /// Whether somebody does.
    pub stored: bool,
}

impl<N: Node> Effects<N> {
    /// Room for effects.
    #[must_use]
    pub fn new(stored: bool) -> Self {
        Self {
            list: vec![],
            rows: vec![],
            stored,
        }
    }
}

/// Rows that memory has taken in, all of which matter, and which go to disk in one
/// transaction with others.
pub struct Brought<N: Node> {
    count: usize,
    /// The rows, if somebody may come to look at the disk.
    rows: Vec<<N::Durable as Durable>::Write>,
}

impl<N: Node> Default for Brought<N> {
    fn default() -> Self {
        Self {
            count: 0,
            rows: vec![],
        }
    }
}

impl<N: Node> Brought<N> {
    /// Adds a row that memory has.
    pub fn add(&mut self, row: impl FnOnce() -> <N::Durable as Durable>::Write, cx: &Cx<'_, N>) {
        self.count += 1;
        if cx.is_stored() {
            self.rows.push(row());
        }
    }
}

/// What a scenario can set for all clients, servers and links.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How many one-time keys a device means to have on its server.
    pub one_time_keys: usize,
    /// Recipients of one `/sendToDevice` request, at the most.
    pub recipients_per_request: usize,
    /// After how many messages a Megolm session is replaced
    /// (`rotation_period_msgs`).
    pub rotation_messages: u32,
    /// How long a message takes between a device and its homeserver: the
    /// shortest and the longest.
    pub client_latency: (Span, Span),
    /// How long a message takes between two homeservers.
    pub federation_latency: (Span, Span),
    /// How long a homeserver leaves another alone after a first failure.
    pub back_off: Span,
    /// How many facts a run may come to before it is given up, so that none
    /// takes for ever.
    pub longest_trace: usize,
}

impl Default for Settings {
    /// What matrix-rust-sdk does (BS §7), and Synapse (BS §2.5).
    fn default() -> Self {
        Self {
            one_time_keys: 50,
            recipients_per_request: 250,
            rotation_messages: 100,
            client_latency: (Span::millis(10), Span::millis(60)),
            federation_latency: (Span::millis(20), Span::millis(120)),
            back_off: Span::mins(10),
            longest_trace: 10_000_000,
        }
    }
}

/// What clocks show at the start of a run: they may come to be set back.
const SINCE_THE_CLOCK_BEGAN: Span = Span::days(1000);

/// What a node may look at and use during one call.
pub struct Cx<'a, N: Node> {
    /// The present instant, different for every call of a run.
    pub now: Time,
    /// How often this node has been started before.
    pub incarnation: u16,
    /// The protocol that this node follows.
    pub protocol: Reading<'a>,
    /// What the scenario sets for all.
    pub settings: &'a Settings,
    /// Which client the device runs; of no meaning to a server.
    pub client: Client,
    /// How the device syncs; of no meaning to a server.
    pub sync: SyncApi,
    /// How far the clock of the machine is behind.
    pub behind: Span,
    /// The run's draws.
    pub draws: Draws,
    /// The cryptography.
    pub crypto: &'a mut N::Crypto,
    /// What the node wants done, in order.
    pub effects: &'a mut Effects<N>,
}

impl<N: Node> Cx<'_, N> {
    /// What the clock of the machine says, which can be set back: of use only
    /// as a stamp on what is stored.
    #[must_use]
    pub fn clock(&self) -> Time {
        self.now + SINCE_THE_CLOCK_BEGAN - self.behind
    }

    /// Writes rows to the database in one transaction, and to what the node
    /// has of it in memory.
    pub fn persist(
        &mut self,
        memory: &mut N::Durable,
        rows: impl IntoIterator<Item = <N::Durable as Durable>::Write>,
    ) {
        self.persist_with(Brought::default(), memory, rows);
    }

    /// Like [`Cx::persist`], with what memory has taken in before the rows.
    pub fn persist_with(
        &mut self,
        brought: Brought<N>,
        memory: &mut N::Durable,
        rows: impl IntoIterator<Item = <N::Durable as Durable>::Write>,
    ) {
        let mut count = brought.count;
        let mut progress = count > 0;
        if self.effects.stored {
            self.effects.rows.extend(brought.rows);
        }
        for row in rows {
            count += 1;
            progress |= N::Durable::is_progress(&row);
            if self.effects.stored {
                self.effects.rows.push(row.clone());
            }
            memory.apply(row);
        }
        if count > 0 {
            let rows = if self.effects.stored { count } else { 0 };
            self.effects.list.push(Effect::Persist { rows, progress });
        }
    }

    /// Writes a row that memory has already, and that matters, in a transaction of
    /// its own. Only if somebody may come to look at the disk is it asked for.
    pub fn persist_known(&mut self, row: impl FnOnce() -> <N::Durable as Durable>::Write) {
        let mut rows = 0;
        if self.effects.stored {
            self.effects.rows.push(row());
            rows = 1;
        }
        let progress = true;
        self.effects.list.push(Effect::Persist { rows, progress });
    }

    /// Whether somebody may come to look at what the node stores. What nobody
    /// does need not be put into the form in which it is stored.
    #[must_use]
    pub fn is_stored(&self) -> bool {
        self.effects.stored
    }

    /// Sends a message.
    pub fn send(&mut self, to: NodeId, body: Message<N::Crypto>) {
        let body = Box::new(body);
        self.effects.list.push(Effect::Send { to, body });
    }

    /// Asks to be woken after `delay`.
    pub fn wake(&mut self, delay: Span, timer: N::Timer) {
        self.effects.list.push(Effect::Wake {
            at: self.now + delay,
            timer,
        });
    }

    /// Notes a fact for the trace.
    pub fn observe(&mut self, fact: Fact) {
        self.effects.list.push(Effect::Observe(fact));
    }
}
