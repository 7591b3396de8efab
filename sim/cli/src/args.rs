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
    /// Make many random runs under every proposal and say what they prove.
    Campaign(CampaignArgs),
    /// Make one campaign of its shards.
    Merge(MergeArgs),
    /// Look for a run that breaks what a proposal says of itself, and make it
    /// as small as it goes.
    Hunt(HuntArgs),
    /// Make a scenario as small as it goes while it comes out as it does.
    Minimise(MinimiseArgs),
    /// Make one run and say how it came out and why.
    Run(RunArgs),
    /// Print a scenario as a file, to be edited; `random-7` is the one that
    /// seed 7 draws.
    Show(ShowArgs),
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
    /// Who follows a proposal of their own, whatever the column: servers and
    /// devices, as in `hs1=remember-issued,alice=base`.
    #[arg(long, value_name = "NODE=PROPOSAL", value_delimiter = ',')]
    pub(crate) adopt: Vec<String>,
    /// Make this many runs of each cell beyond those by which it is judged.
    #[arg(long, value_name = "N", default_value_t = 0,
          value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub(crate) runs: u32,
    /// The seed of the first run of each cell.
    #[arg(long, value_name = "S", default_value_t = 0)]
    pub(crate) seed: u64,
    /// The engine that makes the runs; with `both`, the fast one makes all and
    /// the real one some of them again, which have to come to the same. Runs
    /// of a scenario that is for the fast engine alone are made on that.
    #[arg(long, value_enum, default_value_t = Engine::Both)]
    pub(crate) engine: Engine,
    /// How many runs of each cell the real engine makes again, at least; the
    /// worst is among them. In proportion fewer of a scenario that says that
    /// fewer than 256 draws judge it.
    #[arg(long, value_name = "N", default_value_t = 4,
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) confirm: u32,
    /// Write the cells to this file as well.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Write the report into this folder [default: `reports/latest`].
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// A `campaign.json` whose bounds go into what is said of each remedy [default:
    /// `reports/campaign.json`, if there is one].
    #[arg(long, value_name = "FILE")]
    pub(crate) campaign: Option<PathBuf>,
    /// Make this the committed report. Needs the whole catalogue.
    #[arg(long, conflicts_with_all = ["scenarios", "added", "proposals", "adopt", "runs", "seed", "engine", "confirm", "out"])]
    pub(crate) bless: bool,
    #[command(flatten)]
    pub(crate) common: Common,
    /// How many runs to make at once [default: all cores].
    #[arg(long, value_name = "N",
          value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct CampaignArgs {
    /// The seed of the first run; the others follow it.
    #[arg(long, value_name = "S", default_value_t = 0)]
    pub(crate) seed: u64,
    /// Make this many runs [default: 10000].
    #[arg(long, value_name = "N", conflicts_with = "time",
          value_parser = clap::value_parser!(u64).range(1..=1_000_000_000_000))]
    pub(crate) runs: Option<u64>,
    /// Make as many runs as fit into this time: `90s`, `10m`, `8h`.
    #[arg(long, value_name = "T")]
    pub(crate) time: Option<String>,
    /// A proposal to select, by name or file; `a+b` combines two. `base` is
    /// always among them; all bundled ones if none is named.
    #[arg(long = "proposal", value_name = "NAME_OR_FILE")]
    pub(crate) proposals: Vec<String>,
    /// How many percent of the servers and devices follow each proposal, drawn
    /// for each of them; the others follow `base`. Several levels are compared
    /// on the same runs: `0,50,100`.
    #[arg(long, value_name = "PERCENT", value_delimiter = ',', default_value = "100",
          value_parser = clap::value_parser!(u8).range(0..=100))]
    pub(crate) adoption: Vec<u8>,
    /// An earlier `campaign.json`: succeed if no verdict has changed since.
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,
    /// Make only every N-th chunk of runs, from the K-th on: `1/3`.
    #[arg(long, value_name = "K/N")]
    pub(crate) shard: Option<String>,
    /// Go on with what is in the folder.
    #[arg(long)]
    pub(crate) resume: bool,
    /// Write what was found to this file as well, with how long it took.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Write into this folder [default: `reports/latest/campaign`].
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// How many runs make up a chunk, which is stored when all are made. All
    /// shards need the same.
    #[arg(long, value_name = "N", default_value_t = 256,
          value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub(crate) chunk: u64,
    #[command(flatten)]
    pub(crate) common: Common,
    /// How many runs to make at once [default: all cores].
    #[arg(long, value_name = "N",
          value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct MergeArgs {
    /// The folders that the shards were written into.
    #[arg(required = true, value_name = "DIR")]
    pub(crate) folders: Vec<PathBuf>,
    /// Write what was found to this file as well.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Write into this folder [default: `reports/latest/campaign`].
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct HuntArgs {
    /// The proposal, by name or file; `a+b` combines two.
    #[arg(long, value_name = "NAME_OR_FILE")]
    pub(crate) proposal: String,
    /// What to look for [default: `either`; for `base`, `any`].
    #[arg(long, value_enum)]
    pub(crate) objective: Option<Objective>,
    /// How many percent of the servers and devices follow the proposal, drawn by
    /// the seed of each run; the others follow `base`.
    #[arg(long, value_name = "PERCENT",
          value_parser = clap::value_parser!(u8).range(1..=100))]
    pub(crate) adoption: Option<u8>,
    /// A cause that is known already and counts for nothing: `list causes`; or
    /// a safety oracle: `list oracles`.
    #[arg(long = "ignore-cause", value_name = "CAUSE")]
    pub(crate) ignored: Vec<String>,
    /// The seed of the first run; the others follow it.
    #[arg(long, value_name = "S", default_value_t = 0)]
    pub(crate) seed: u64,
    /// Give up after this many runs [default: 100000, or as many as fit into
    /// the time].
    #[arg(long, value_name = "N",
          value_parser = clap::value_parser!(u64).range(1..=1_000_000_000_000))]
    pub(crate) runs: Option<u64>,
    /// Give up after this time: `90s`, `10m`, `8h`.
    #[arg(long, value_name = "T")]
    pub(crate) time: Option<String>,
    /// Write the scenario to this file, which must not be there yet [default:
    /// the next free name in `reports/latest`].
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) common: Common,
    /// How many runs to make at once [default: all cores].
    #[arg(long, value_name = "N",
          value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct MinimiseArgs {
    /// The scenario, by identifier or file; `random-7` is the one that seed 7
    /// draws.
    pub(crate) scenario: String,
    /// The proposal, by name or file; `a+b` combines two.
    #[arg(long, value_name = "NAME_OR_FILE", default_value = "base")]
    pub(crate) proposal: String,
    /// How many percent of the servers and devices follow the proposal, drawn by
    /// the seed; the others follow `base`.
    #[arg(long, value_name = "PERCENT", requires = "seed",
          value_parser = clap::value_parser!(u8).range(1..=100))]
    pub(crate) adoption: Option<u8>,
    /// The seed of the run [default: the first of the fixed draws that comes
    /// out worst].
    #[arg(long, value_name = "S")]
    pub(crate) seed: Option<u64>,
    /// Write the scenario to this file, which must not be there yet [default:
    /// the next free name in `reports/latest`].
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Objective {
    /// A reading that failed for a cause that the proposal claims to end.
    Claimed,
    /// A run that is worse than `late`, and worse than under `base` with any
    /// draws, or unsafe in a way in which it is not under `base`.
    Regression,
    /// Either of the two.
    Either,
    /// Any run that is worse than `late`.
    Any,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct RunArgs {
    /// The scenario, by identifier or file; `random-7` is the one that seed 7
    /// draws.
    pub(crate) scenario: String,
    /// The proposal, by name or file; `a+b` combines two.
    #[arg(long, value_name = "NAME_OR_FILE", default_value = "base")]
    pub(crate) proposal: String,
    /// The seed of the run.
    #[arg(long, value_name = "S", default_value_t = 0)]
    pub(crate) seed: u64,
    /// Who follows a proposal of their own, whatever the others do: servers and
    /// devices, as in `hs1=remember-issued,alice=base`.
    #[arg(long, value_name = "NODE=PROPOSAL", value_delimiter = ',')]
    pub(crate) adopt: Vec<String>,
    /// How many percent of the servers and devices follow the proposal, drawn by
    /// the seed of the run; the others follow `base`.
    #[arg(long, value_name = "PERCENT",
          value_parser = clap::value_parser!(u8).range(0..=100))]
    pub(crate) adoption: Option<u8>,
    /// The engine that makes the run [default: `real`, unless the scenario is
    /// for the fast one alone].
    #[arg(long, value_enum)]
    pub(crate) engine: Option<Engine>,
    /// Write the trace to this file, a fact a line.
    #[arg(long, value_name = "FILE")]
    pub(crate) trace: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ShowArgs {
    /// The scenario, by identifier or file; `random-7` is the one that seed 7
    /// draws.
    pub(crate) scenario: String,
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
    /// An event queue, as campaigns use it.
    Fast,
    /// Both, which have to come to the same.
    Both,
}

impl Engine {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Engine::Real => "real",
            Engine::Fast => "fast",
            Engine::Both => "both",
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
    /// What a campaign counts of the life of a key.
    States,
}
