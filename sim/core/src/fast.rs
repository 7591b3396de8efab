//! The fast engine: hands each delivery to its node at its instant, from a
//! queue. No thread, no task, no clock. Whatever it is given, it hands over in
//! the order of the schedule's instants, as every engine does.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use crate::crypto::Crypto;
use crate::crypto::ideal::Ideal;
use crate::name::NodeId;
use crate::time::Time;
use crate::world::{Delivery, Job, Order, Run, Running, World};

/// Makes a run with the ideal cryptography.
#[must_use]
pub fn run(job: &Job) -> Run {
    run_with(job, Ideal::default()).0
}

/// Makes a run with any cryptography, which is handed back.
#[must_use]
pub fn run_with<C: Crypto>(job: &Job, crypto: C) -> (Run, C) {
    play(job.world(crypto))
}

fn play<C: Crypto>(mut world: World<C>) -> (Run, C) {
    world.start();
    let mut stage = Stage {
        world,
        orders: vec![],
        queue: Queue::default(),
        servers: vec![],
        devices: vec![],
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
    servers: Vec<Place<C>>,
    devices: Vec<Place<C>>,
    finished: bool,
}

/// Deliveries by their instants, each with the life of its node that it is
/// meant for. They stay where they are while their instants are sorted: they
/// are large.
struct Queue<C: Crypto> {
    instants: BinaryHeap<Due>,
    slots: Vec<Option<(Delivery<C>, u32)>>,
    free: Vec<usize>,
}

/// When what is in a slot is due. No two are due at one instant; the
/// greatest is due first.
#[derive(PartialEq, Eq)]
struct Due {
    at: Time,
    slot: usize,
}

/// Where one node is. What is on its way to it is lost when its life ends;
/// before its first life, nobody is there to take it.
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
                        self.end_life(node);
                        to_boot.push(node);
                    }
                    Order::Stop(node) => {
                        to_boot.retain(|it| *it != node);
                        self.end_life(node);
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
            self.place(node).running = running;
        }
    }

    fn queue_up(&mut self, delivery: Delivery<C>) {
        let life = match delivery.to {
            None => 0,
            Some(node) => match self.place(node).life {
                0 => return,
                life => life,
            },
        };
        self.queue.push(delivery, life);
    }

    fn hand_over(&mut self, delivery: Delivery<C>, life: u32) {
        let Some(node) = delivery.to else {
            self.world.tick(delivery);
            return self.obey();
        };
        let place = place(&mut self.servers, &mut self.devices, node);
        if place.life == life
            && let Some(running) = &mut place.running
        {
            self.world.deliver(running, delivery);
            self.obey();
        }
    }

    fn end_life(&mut self, node: NodeId) {
        let place = self.place(node);
        place.life += 1;
        place.running = None;
    }

    fn place(&mut self, node: NodeId) -> &mut Place<C> {
        place(&mut self.servers, &mut self.devices, node)
    }
}

fn place<'a, C: Crypto>(
    servers: &'a mut Vec<Place<C>>,
    devices: &'a mut Vec<Place<C>>,
    node: NodeId,
) -> &'a mut Place<C> {
    let (places, index) = match node {
        NodeId::Server(server) => (servers, usize::from(server.0)),
        NodeId::Device(device) => (devices, usize::from(device.index())),
    };
    if index >= places.len() {
        let unborn = || Place {
            life: 0,
            running: None,
        };
        places.resize_with(index + 1, unborn);
    }
    &mut places[index]
}

impl Ord for Due {
    fn cmp(&self, other: &Self) -> Ordering {
        other.at.cmp(&self.at)
    }
}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
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
        self.instants.push(Due { at, slot });
    }

    fn pop(&mut self) -> Option<(Delivery<C>, u32)> {
        let Due { slot, .. } = self.instants.pop()?;
        self.free.push(slot);
        self.slots[slot].take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate;
    use crate::protocol::Protocol;
    use std::sync::Arc;

    #[test]
    fn what_nobody_will_look_at_need_not_be_stored() {
        for seed in 0..200 {
            let scenario = Arc::new(generate::scenario(seed));
            let job = Job::new(scenario, Protocol::default(), seed);
            let mut all_stored = job.world(Ideal::default());
            all_stored.keep_all_disks();
            let (all_stored, _) = play(all_stored);
            assert_eq!(run(&job).trace, all_stored.trace, "seed {seed}");
        }
    }
}
