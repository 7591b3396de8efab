//! The command line of unwedge: arguments, files, progress and exit statuses.
//! What is computed is computed elsewhere.

mod adopt;
mod args;
mod campaign;
mod eval;
mod failure;
mod fault;
mod hunt;
mod input;
mod interrupt;
mod library;
mod list;
mod merge;
mod minimise;
mod output;
mod progress;
mod quarry;
mod run;
mod runner;
mod sharing;
mod show;
mod store;
mod summary;

use std::process::ExitCode;

use clap::Parser as _;
use mimalloc::MiMalloc;

use args::{Args, Command};
use failure::Failure;

// Runs are full of small, short-lived things.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    /// As expected.
    Expected = 0,
    /// Not as expected or, where nothing is, worse than `late`.
    Differs = 1,
    /// There is not enough to say.
    Unknown = 3,
    /// A fault of unwedge itself.
    Fault = 70,
    /// Interrupted, as shells count it.
    Interrupted = 130,
}

fn main() -> ExitCode {
    fault::ends_the_command();
    let args = Args::parse();
    let done = match args.command {
        Command::Eval(args) => eval::eval(&args),
        Command::Campaign(args) => campaign::campaign(&args),
        Command::Merge(args) => merge::merge(&args),
        Command::Hunt(args) => hunt::hunt(&args),
        Command::Minimise(args) => minimise::minimise(&args),
        Command::Run(args) => run::run(&args),
        Command::Show(args) => show::show(&args),
        Command::List(args) => list::list(&args),
    };
    match done {
        Ok(status) => ExitCode::from(status as u8),
        Err(failure) => {
            output::complain(*failure);
            ExitCode::from(2)
        }
    }
}

/// What commands give back; a failure means unusable input, and that nothing
/// was written.
type Outcome = Result<Status, Box<Failure>>;
