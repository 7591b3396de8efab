//! The engine: hands each delivery to its node at its instant, on madsim.
//!
//! Whatever is on its way to a node is a task of that node, asleep until its
//! instant. So killing the node loses what is on its way to it, as a broken
//! connection does, and a node's memory dies with its own task. madsim's
//! network is not used: the world decides the fate of every message, and a
//! second network under it would decide again.

use std::collections::BTreeMap;
use std::future::{pending, poll_fn};
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use madsim::Config;
use madsim::runtime::{Handle, NodeHandle, Runtime};
use madsim::time::{Instant, TimeHandle, sleep, sleep_until};
use unwedge_core::crypto::Crypto;
use unwedge_core::name::NodeId;
use unwedge_core::time::Time;
use unwedge_core::world::{Delivery, Job, Order, Run, Running, World};

use crate::Vodozemac;

/// The name of the thread that makes a run.
pub const THREAD: &str = "unwedge run";

/// Makes a run with vodozemac.
#[must_use]
pub fn run(job: &Job) -> Run {
    run_with(job, Vodozemac).0
}

/// Makes a run with any cryptography, which is handed back. A fresh thread
/// makes it: generators and hash seeds are kept by thread, and would carry
/// over from one run to the next.
///
/// # Panics
/// If the run does.
#[must_use]
pub fn run_with<C: Crypto>(job: &Job, crypto: C) -> (Run, C) {
    let job = job.clone();
    let thread = thread::Builder::new().name(THREAD.to_owned());
    let thread = thread.spawn(move || {
        let runtime = Runtime::with_seed_and_config(job.crypto_seed, Config::default());
        runtime.block_on(simulate(job, crypto))
    });
    let thread = thread.expect("the system has room for a thread");
    thread.join().unwrap_or_else(|panic| resume_unwind(panic))
}

/// What all tasks of a run share.
type Shared<C> = Arc<Mutex<Stage<C>>>;

/// The world, and where its nodes are.
struct Stage<C: Crypto> {
    world: World<C>,
    /// The instant that the world calls zero.
    zero: Instant,
    places: BTreeMap<NodeId, Place<C>>,
    /// Runs what happens outside the nodes.
    outside: NodeHandle,
    finished: bool,
    waiting: Option<Waker>,
}

/// Where one node is.
struct Place<C: Crypto> {
    host: NodeHandle,
    /// The node itself is owned by its own task, and dies with it.
    running: Weak<Mutex<Running<C>>>,
}

async fn simulate<C: Crypto>(job: Job, crypto: C) -> (Run, C) {
    let mut world = job.world(crypto);
    world.start();
    let handle = Handle::current();
    let stage = Stage {
        world,
        // Later than now: the first look at every task of the timeline takes
        // time, on madsim's clock.
        zero: TimeHandle::current().now_instant() + Duration::from_secs(1),
        places: BTreeMap::new(),
        outside: handle.create_node().name("outside").build(),
        finished: false,
        waiting: None,
    };
    let shared = Arc::new(Mutex::new(stage));
    obey(&shared, &mut lock(&shared));
    poll_fn(|cx| {
        let mut stage = lock(&shared);
        stage.waiting = Some(cx.waker().clone());
        if stage.finished {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
    close(shared, &handle).await
}

/// Kills every node, so that nothing of the run stays behind in memory.
async fn close<C: Crypto>(shared: Shared<C>, handle: &Handle) -> (Run, C) {
    let hosts: Vec<NodeHandle> = {
        let mut stage = lock(&shared);
        let places = std::mem::take(&mut stage.places)
            .into_values()
            .map(|place| place.host);
        places.chain([stage.outside.clone()]).collect()
    };
    for host in hosts {
        // Tasks that sleep hold on to the stage, and a runtime does not drop
        // the tasks of a node that is not killed.
        handle.kill(host.id());
    }
    // Tasks of killed nodes are dropped when they are next scheduled.
    sleep(Duration::from_millis(1)).await;
    let stage = Arc::into_inner(shared).expect("every task of the run is gone");
    let stage = stage.into_inner().expect("no task of the run panicked");
    stage.world.finish()
}

/// Does what the world wants done.
fn obey<C: Crypto>(shared: &Shared<C>, stage: &mut Stage<C>) {
    let mut orders = vec![];
    stage.world.orders(&mut orders);
    for order in orders {
        match order {
            Order::Deliver(delivery) => deliver_later(shared, stage, delivery),
            Order::Start(node) => start(shared, stage, node),
            Order::Stop(node) => {
                if let Some(place) = stage.places.get(&node) {
                    Handle::current().kill(place.host.id());
                }
            }
            Order::Finish => {
                stage.finished = true;
                if let Some(waiting) = stage.waiting.take() {
                    waiting.wake();
                }
            }
        }
    }
}

/// Lets a task of the receiving node sleep until the delivery's instant. A
/// task for a node that is down never wakes.
fn deliver_later<C: Crypto>(shared: &Shared<C>, stage: &Stage<C>, delivery: Delivery<C>) {
    let Delivery { at, to, .. } = delivery;
    let instant = stage.zero + Duration::from_micros(at.as_micros());
    let shared = shared.clone();
    match to {
        None => {
            stage.outside.spawn(async move {
                sleep_until(instant).await;
                let mut stage = lock(&shared);
                stage.is_on_time(at);
                stage.world.tick(delivery);
                obey(&shared, &mut stage);
            });
        }
        Some(node) => {
            let Some(place) = stage.places.get(&node) else {
                return;
            };
            place.host.spawn(async move {
                sleep_until(instant).await;
                let mut stage = lock(&shared);
                stage.is_on_time(at);
                let running = stage.places[&node].running.upgrade();
                let running = running.expect("a task of a node dies with the node");
                stage.world.deliver(&mut lock(&running), delivery);
                obey(&shared, &mut stage);
            });
        }
    }
}

/// Starts a node, for the first time or again.
fn start<C: Crypto>(shared: &Shared<C>, stage: &mut Stage<C>, node: NodeId) {
    let handle = Handle::current();
    let host = match stage.places.get(&node) {
        None => {
            let shared = Arc::downgrade(shared);
            handle
                .create_node()
                .init(move || live(shared.clone(), node))
                .build()
        }
        Some(place) => {
            let id = place.host.id();
            handle.restart(id);
            handle
                .get_node(id)
                .expect("a node that was created is known")
        }
    };
    stage.places.insert(
        node,
        Place {
            host,
            running: Weak::new(),
        },
    );
}

/// A node's own task: boots it and keeps it in memory until it is killed.
async fn live<C: Crypto>(shared: Weak<Mutex<Stage<C>>>, node: NodeId) {
    let running = {
        let shared = shared
            .upgrade()
            .expect("a node starts while the run goes on");
        let mut stage = lock(&shared);
        let running = Arc::new(Mutex::new(stage.world.boot(node)));
        if let Some(place) = stage.places.get_mut(&node) {
            place.running = Arc::downgrade(&running);
        }
        obey(&shared, &mut stage);
        running
    };
    pending::<()>().await;
    drop(running);
}

impl<C: Crypto> Stage<C> {
    /// The engine must wake every task before the next instant of the grid.
    fn is_on_time(&self, at: Time) {
        let due = self.zero + Duration::from_micros(at.as_micros());
        let late = TimeHandle::current()
            .now_instant()
            .saturating_duration_since(due);
        assert!(
            late < Duration::from_micros(100),
            "woken {late:?} after its instant {at}"
        );
    }
}

/// Locks what only one task at a time can want: all run on one thread.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("a task that panics ends the run")
}
