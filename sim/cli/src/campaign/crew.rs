//! Spreads chunks over threads, and stores each as it is finished. What is in
//! memory is the sum and the chunks in the making, however many there are.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, Result as Joined};

use unwedge_core::campaign::{Chunk, Extent, Tally};

use super::chunk::Maker;
use crate::failure::Failure;
use crate::progress::{Clock, Pace};
use crate::store::Store;

/// Why a campaign ended before its time.
pub(super) enum Stop {
    /// What was made could not be stored.
    Failure(Box<Failure>),
    /// A fault of unwedge, in words.
    Fault(String),
}

/// What a thread hands over: a chunk, a fault of unwedge, or its panic.
type Made = Joined<Result<Chunk, String>>;

/// Makes the chunks that are missing, in order; the time of a campaign that
/// is limited by it ends the handing out, so that what is made has no gap.
pub(super) fn make(
    maker: &Maker<'_>,
    missing: impl Iterator<Item = u64> + Send,
    threads: usize,
    store: &mut Store,
    tally: &mut Tally,
    pace: &mut Pace,
) -> Result<(), Stop> {
    let orders = Orders {
        missing: Mutex::new(missing),
        ended: AtomicBool::new(false),
        clock: Clock::start(),
        extent: maker.extent(),
    };
    // No thread gets further ahead of the disk than by what it holds.
    let (made, finished) = sync_channel(1);
    let result = thread::scope(|scope| {
        for _ in 0..threads {
            let (orders, made) = (&orders, made.clone());
            scope.spawn(move || work(maker, orders, &made));
        }
        drop(made);
        let result = collect(&finished, store, tally, pace);
        orders.ended.store(true, Ordering::Relaxed);
        // Whoever still waits to hand something over is let go.
        drop(finished);
        result
    });
    result.unwrap_or_else(|panic| resume_unwind(panic))
}

/// What is still to be made.
struct Orders<I> {
    missing: Mutex<I>,
    ended: AtomicBool,
    clock: Clock,
    extent: Extent,
}

impl<I: Iterator<Item = u64>> Orders<I> {
    fn next(&self) -> Option<u64> {
        let time_is_up = match self.extent {
            Extent::Runs(_) => false,
            Extent::Seconds(seconds) => self.clock.passed().as_secs() >= seconds,
        };
        if time_is_up || self.ended.load(Ordering::Relaxed) {
            return None;
        }
        let mut missing = self.missing.lock().unwrap_or_else(PoisonError::into_inner);
        missing.next()
    }
}

fn work(maker: &Maker<'_>, orders: &Orders<impl Iterator<Item = u64>>, made: &SyncSender<Made>) {
    while let Some(chunk) = orders.next() {
        let chunk = catch_unwind(AssertUnwindSafe(|| maker.make(chunk)));
        if made.send(chunk).is_err() {
            return;
        }
    }
}

fn collect(
    finished: &Receiver<Made>,
    store: &mut Store,
    tally: &mut Tally,
    pace: &mut Pace,
) -> Joined<Result<(), Stop>> {
    for made in finished {
        let chunk = match made? {
            Ok(chunk) => chunk,
            Err(fault) => return Ok(Err(Stop::Fault(fault))),
        };
        if let Err(failure) = store.append(&chunk) {
            return Ok(Err(Stop::Failure(failure)));
        }
        tally.add(&chunk.tally);
        pace.made(chunk.tally.runs, chunk.tally.calls);
    }
    Ok(Ok(()))
}
