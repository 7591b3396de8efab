//! Spreads chunks over threads, and stores each as it is finished. What is in
//! memory is the sum and the chunks in the making, however many there are.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use unwedge_core::campaign::{Chunk, Extent, Tally};

use super::chunk::Maker;
use crate::failure::Failure;
use crate::interrupt;
use crate::output;
use crate::progress::{Clock, Pace};
use crate::store::Store;

/// Why a campaign ended before its time.
pub(super) enum Stop {
    /// What was made could not be stored.
    Failure(Box<Failure>),
    /// A fault of unwedge, in words.
    Fault(String),
    /// It was interrupted; all that was begun is stored.
    Interrupted,
}

/// So long an interruption waits for the chunks in the making.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often it is looked whether there was one.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What a thread hands over: a chunk, or a fault of unwedge.
type Made = Result<Chunk, String>;

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
        begun: AtomicU64::new(0),
        ended: AtomicBool::new(false),
        clock: Clock::start(),
        extent: maker.extent(),
    };
    // No thread gets further ahead of the disk than by what it holds.
    let (made, finished) = sync_channel(1);
    thread::scope(|scope| {
        for _ in 0..threads {
            let (orders, made) = (&orders, made.clone());
            scope.spawn(move || work(maker, orders, &made));
        }
        drop(made);
        let result = collect(&finished, &orders.begun, store, tally, pace);
        orders.ended.store(true, Ordering::Relaxed);
        // Whoever still waits to hand something over is let go.
        drop(finished);
        result
    })
}

/// What is still to be made.
struct Orders<I> {
    missing: Mutex<I>,
    /// How many chunks were handed out.
    begun: AtomicU64,
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
        if time_is_up || interrupt::happened() || self.ended.load(Ordering::Relaxed) {
            return None;
        }
        let mut missing = self.missing.lock().unwrap_or_else(PoisonError::into_inner);
        let next = missing.next();
        self.begun
            .fetch_add(u64::from(next.is_some()), Ordering::Relaxed);
        next
    }
}

fn work(maker: &Maker<'_>, orders: &Orders<impl Iterator<Item = u64>>, made: &SyncSender<Made>) {
    while let Some(chunk) = orders.next() {
        if made.send(maker.make(chunk)).is_err() {
            return;
        }
    }
}

fn collect(
    finished: &Receiver<Made>,
    begun: &AtomicU64,
    store: &mut Store,
    tally: &mut Tally,
    pace: &mut Pace,
) -> Result<(), Stop> {
    let mut stored = 0;
    let mut interrupted: Option<Clock> = None;
    loop {
        let made = match finished.recv_timeout(LOOK_EVERY) {
            Ok(made) => made,
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                if interrupt::happened()
                    && interrupted.get_or_insert_with(Clock::start).passed() > PATIENCE
                {
                    give_up(begun.load(Ordering::Relaxed) - stored);
                }
                continue;
            }
        };
        let chunk = made.map_err(Stop::Fault)?;
        store.append(&chunk).map_err(Stop::Failure)?;
        tally.add(&chunk.tally);
        pace.made(chunk.tally.runs, chunk.tally.calls);
        stored += 1;
    }
    match interrupt::happened() {
        true => Err(Stop::Interrupted),
        false => Ok(()),
    }
}

/// Ends the command: chunks that take long are not waited for.
fn give_up(lost: u64) -> ! {
    output::mention(&format!(
        "not waiting any longer: {lost} chunks that were in the making are lost, and made again by \
         --resume; all others are stored"
    ));
    interrupt::end_now()
}
