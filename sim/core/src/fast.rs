//! The fast engine: hands each delivery to its node at its instant, from a
//! queue. No thread, no task, no clock. Whatever it is given, it hands over in
//! the order of the schedule's instants, as every engine does.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::hash::BuildHasherDefault;

use crate::crypto::Crypto;
use crate::crypto::ideal::Ideal;
use crate::name::NodeId;
use crate::time::Time;
use crate::trace::hash::Quick;
use crate::world::{Delivery, Job, Order, Run, Running, World};

/// Makes a run with the ideal cryptography.
#[must_use]
pub fn run(job: &Job) -> Run {
    run_with(job, Ideal::default()).0
}

/// Makes a run with any cryptography, which is handed back.
#[must_use]
pub fn run_with<C: Crypto>(job: &Job, crypto: C) -> (Run, C) {
    let mut world = job.world(crypto);
    world.start();
    let mut stage = Stage {
        world,
        orders: vec![],
        queue: Queue::default(),
        places: HashMap::default(),
        finished: false,
    };
    stage.obey();
    while !stage.finished {
        let next = stage.queue.pop();
        let (delivery, life) = next.expect("a run plans its next step until it finishes");
        stage.hand_over(delivery, life);
    }
    stage.world.finish()
}

/// The world, its nodes, and what will be handed to them.
struct Stage<C: Crypto> {
    world: World<C>,
    /// The orders that are being obeyed.
    orders: Vec<Order<C>>,
    queue: Queue<C>,
    places: HashMap<NodeId, Place<C>, BuildHasherDefault<Quick>>,
    finished: bool,
}

/// Deliveries by their instants, each with the life of its node that it is
/// meant for. They stay where they are while their instants are sorted: they
/// are large.
struct Queue<C: Crypto> {
    instants: BinaryHeap<Reverse<(Time, usize)>>,
    slots: Vec<Option<(Delivery<C>, u32)>>,
    free: Vec<usize>,
}

/// Where one node is. What is on its way to it is lost when its life ends.
struct Place<C: Crypto> {
    life: u32,
    running: Option<Running<C>>,
}

impl<C: Crypto> Stage<C> {
    /// Does what the world wants done. Nodes boot when all else is done.
    fn obey(&mut self) {
        let mut to_boot = vec![];
        loop {
            let mut orders = std::mem::take(&mut self.orders);
            self.world.orders(&mut orders);
            for order in orders.drain(..) {
                match order {
                    Order::Deliver(delivery) => self.queue_up(delivery),
                    Order::Start(node) => {
                        let life = self.places.get(&node).map_or(0, |place| place.life + 1);
                        let running = None;
                        self.places.insert(node, Place { life, running });
                        to_boot.push(node);
                    }
                    Order::Stop(node) => {
                        to_boot.retain(|it| *it != node);
                        if let Some(place) = self.places.get_mut(&node) {
                            place.life += 1;
                            place.running = None;
                        }
                    }
                    Order::Finish => self.finished = true,
                }
            }
            self.orders = orders;
            if to_boot.is_empty() {
                return;
            }
            let node = to_boot.remove(0);
            let running = Some(self.world.boot(node));
            if let Some(place) = self.places.get_mut(&node) {
                place.running = running;
            }
        }
    }

    fn queue_up(&mut self, delivery: Delivery<C>) {
        let life = match delivery.to {
            None => 0,
            Some(node) => match self.places.get(&node) {
                Some(place) => place.life,
                None => return, // Never started: nobody is there to take it.
            },
        };
        self.queue.push(delivery, life);
    }

    fn hand_over(&mut self, delivery: Delivery<C>, life: u32) {
        let Some(node) = delivery.to else {
            self.world.tick(delivery);
            return self.obey();
        };
        let place = self.places.get_mut(&node);
        let place = place.expect("only what is for a node that was started is queued");
        if place.life == life
            && let Some(running) = &mut place.running
        {
            self.world.deliver(running, delivery);
            self.obey();
        }
    }
}

impl<C: Crypto> Default for Queue<C> {
    fn default() -> Self {
        Self {
            instants: BinaryHeap::new(),
            slots: vec![],
            free: vec![],
        }
    }
}

impl<C: Crypto> Queue<C> {
    fn push(&mut self, delivery: Delivery<C>, life: u32) {
        let at = delivery.at;
        let slot = self.free.pop().unwrap_or(self.slots.len());
        match self.slots.get_mut(slot) {
            Some(place) => *place = Some((delivery, life)),
            None => self.slots.push(Some((delivery, life))),
        }
        self.instants.push(Reverse((at, slot)));
    }

    fn pop(&mut self) -> Option<(Delivery<C>, u32)> {
        let Reverse((_, slot)) = self.instants.pop()?;
        self.free.push(slot);
        self.slots[slot].take()
    }
}
