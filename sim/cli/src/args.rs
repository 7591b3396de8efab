//! The arguments of every command.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

/// Tells whether a change to the Matrix specification really ends "Unable to
/// decrypt": replays real failures under today's protocol and under proposed
/// ones, with real Olm and Megolm.
#[derive(Debug, Parser)]
#[command(name = "unwedge", version)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run scenarios under proposals and print who is left unable to decrypt.
    Eval(EvalArgs),
    /// Make one run and say how it came out and why.
    Run(RunArgs),
    /// List what there is.
    List(ListArgs),
}

#[derive(Debug, ClapArgs)]
pub(crate) struct EvalArgs {
    /// Scenarios to select, by identifier or file; all bundled ones if none.
    pub(crate) scenarios: Vec<String>,
    /// A scenario file to add.
    #[arg(long = "scenario", value_name = "FILE")]
    pub(crate) added: Vec<PathBuf>,
    /// A proposal to select, by name or file; `a+b` combines two.
    #[arg(long = "proposal", value_name = "NAME_OR_FILE")]
    pub(crate) proposals: Vec<String>,
    /// Make this many runs of each cell beyond the fixed 32.
    #[arg(long, value_name = "N", default_value_t = 0,
          value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub(crate) runs: u32,
    /// The seed of the first run of each cell.
    #[arg(long, value_name = "S", default_value_t = 0)]
    pub(crate) seed: u64,
    /// The engine that makes the runs.
    #[arg(long, value_enum, default_value_t = Engine::Real)]
    pub(crate) engine: Engine,
    /// Write the cells to this file as well.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Write the report into this folder [default: `reports/latest`].
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Make this the committed report. Needs the whole catalogue.
    #[arg(long, conflicts_with_all = ["scenarios", "added", "proposals", "runs", "seed", "out"])]
    pub(crate) bless: bool,
    #[command(flatten)]
    pub(crate) common: Common,
    /// How many runs to make at once [default: all cores].
    #[arg(long, value_name = "N",
          value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct RunArgs {
    /// The scenario, by identifier or file.
    pub(crate) scenario: String,
    /// The proposal, by name or file; `a+b` combines two.
    #[arg(long, value_name = "NAME_OR_FILE", default_value = "base")]
    pub(crate) proposal: String,
    /// The seed of the run.
    #[arg(long, value_name = "S", default_value_t = 0)]
    pub(crate) seed: u64,
    /// The engine that makes the run.
    #[arg(long, value_enum, default_value_t = Engine::Real)]
    pub(crate) engine: Engine,
    /// Write the trace to this file, a fact a line.
    #[arg(long, value_name = "FILE")]
    pub(crate) trace: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ListArgs {
    /// What to list.
    #[arg(value_enum, default_value_t = Kind::Scenarios)]
    pub(crate) kind: Kind,
    /// As a JSON array of `{id, title, source}`.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Common {
    /// The folder with `scenarios` and `proposals` [default: this folder or
    /// the nearest above it that has both].
    #[arg(long, value_name = "DIR")]
    pub(crate) root: Option<PathBuf>,
    /// Draw all keys with this seed instead of each run's own. It changes no
    /// result: that is what it is for.
    #[arg(long, value_name = "S")]
    pub(crate) crypto_seed: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Engine {
    /// madsim nodes with vodozemac.
    Real,
}

impl Engine {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Engine::Real => "real",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// Failures that can be replayed.
    Scenarios,
    /// Changes that they can be replayed under.
    Proposals,
    /// What a scenario's timeline can hold.
    Steps,
    /// What a proposal can change.
    Decisions,
    /// What every run is checked for beside its outcome.
    Oracles,
    /// What a proposal can claim to end.
    Causes,
}
