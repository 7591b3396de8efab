//! Campaigns: what many random runs say about a proposal, and with what
//! confidence. Every run is paired: the same scenario and the same draws under
//! every proposal. Makes no run, and reads and writes no file: it counts what
//! runs have shown, and judges the counts.

mod evidence;
mod plan;
mod reached;
mod results;
mod statistics;
mod tally;
mod verdict;

pub use evidence::Evidence;
pub use plan::{EVERYBODY, Entrant, Extent, Plan, Shard};
pub use reached::{Reached, ReachedInfo, reached};
pub use results::{Chunk, Damage, chunk_line, parse_chunk, parse_plan, plan_line};
pub use statistics::{holm, lower_bound, mcnemar, upper_bound};
pub use tally::{Column, Shown, StepCount, Struck, Tally};
pub(crate) use verdict::CONFIDENCE;
pub use verdict::{ENOUGH, Needed, Ruling, Verdict, rule};
