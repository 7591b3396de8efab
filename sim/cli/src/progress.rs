//! Progress of long work: a bar on a terminal, a line now and then elsewhere.

use std::io::{self, IsTerminal as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::output;

/// Where there is no terminal, long work is mentioned this often.
const MENTION_EVERY: Duration = Duration::from_secs(10);

/// How far work has got.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    done: AtomicU64,
    total: u64,
    what: &'static str,
}

impl Progress {
    /// Of work that takes `total` steps, each of them one of something.
    pub(crate) fn new(total: u64, what: &'static str) -> Self {
        Self {
            bar: bar(
                total,
                &format!("{{bar:40}} {{pos}} of {{len}} {what}, {{eta}} left"),
            ),
            done: AtomicU64::new(0),
            total,
            what,
        }
    }

    /// A step is done.
    pub(crate) fn step(&self) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        match &self.bar {
            Some(bar) => bar.set_position(done),
            None if done.is_multiple_of(self.total.div_ceil(4)) || done == self.total => {
                output::mention(&format!("{done} of {} {}", self.total, self.what));
            }
            None => {}
        }
    }

    /// The work is done.
    pub(crate) fn finish(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}

/// How far a campaign has got, and how fast.
#[derive(Debug)]
pub(crate) struct Pace {
    bar: Option<ProgressBar>,
    clock: Clock,
    goal: Goal,
    /// Those that were there at the beginning.
    before: u64,
    made: u64,
    calls: u64,
    mentioned: Duration,
}

/// When a campaign is over.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Goal {
    /// When there are so many runs.
    Runs(u64),
    /// When so much time has passed.
    Time(Duration),
}

impl Pace {
    /// From `before` runs on.
    pub(crate) fn new(before: u64, goal: Goal) -> Self {
        let bar = match goal {
            Goal::Runs(runs) => bar(runs, "{bar:40} {pos} of {len} runs, {msg}"),
            Goal::Time(_) => bar(u64::MAX, "{spinner} {pos} runs, {msg}"),
        };
        Self {
            bar,
            clock: Clock::start(),
            goal,
            before,
            made: 0,
            calls: 0,
            mentioned: Duration::ZERO,
        }
    }

    /// So many more runs are made, with so many calls of nodes.
    pub(crate) fn made(&mut self, runs: u64, calls: u64) {
        self.made += runs;
        self.calls += calls;
        let (passed, done) = (self.clock.passed(), self.before + self.made);
        match &self.bar {
            Some(bar) => {
                bar.set_position(done);
                bar.set_message(self.say());
            }
            None if passed >= self.mentioned + MENTION_EVERY => {
                self.mentioned = passed;
                self.mention();
            }
            None => {}
        }
    }

    /// The work is done, or given up: says how far it got.
    pub(crate) fn finish(&self) {
        match &self.bar {
            Some(bar) => bar.finish_and_clear(),
            None => self.mention(),
        }
    }

    /// How long it took so far.
    pub(crate) fn seconds(&self) -> f64 {
        self.clock.passed().as_secs_f64()
    }

    /// How many runs were made in a second, and how many calls of nodes.
    pub(crate) fn rates(&self) -> [f64; 2] {
        let seconds = self.seconds().max(1e-9);
        [self.made, self.calls].map(|count| count as f64 / seconds)
    }

    fn mention(&self) {
        let done = self.before + self.made;
        let of = match self.goal {
            Goal::Runs(runs) => format!(" of {runs}"),
            Goal::Time(_) => String::new(),
        };
        output::mention(&format!("{done}{of} runs, {}", self.say()));
    }

    fn say(&self) -> String {
        let [runs, calls] = self.rates();
        let left = match self.goal {
            Goal::Runs(total) => {
                let left = total.saturating_sub(self.before + self.made);
                (self.made > 0).then(|| Duration::from_secs_f64((left as f64 / runs).min(1e9)))
            }
            Goal::Time(time) => Some(time.saturating_sub(self.clock.passed())),
        };
        let left = left.map(|it| Duration::from_secs(it.as_secs()));
        let left = left.map_or("some time".to_owned(), |it| {
            humantime::format_duration(it).to_string()
        });
        let calls = match self.calls {
            0 => String::new(),
            _ => format!("{calls:.0} calls of nodes/s, "),
        };
        format!("{runs:.0} runs/s, {calls}{left} left")
    }
}

/// Wall-clock time, which no result depends on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock(Instant);

impl Clock {
    /// Starts now.
    #[allow(
        clippy::disallowed_methods,
        reason = "people wait for wall-clock time, outside of any run"
    )]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    /// The time that has passed since.
    pub(crate) fn passed(self) -> Duration {
        self.0.elapsed()
    }
}

fn bar(total: u64, template: &str) -> Option<ProgressBar> {
    io::stderr().is_terminal().then(|| {
        let bar = ProgressBar::new(total);
        bar.set_style(
            ProgressStyle::with_template(template).unwrap_or(ProgressStyle::default_bar()),
        );
        bar
    })
}
