//! How much is spent on judging a scenario. Most take a moment, and are judged
//! by many draws and on both engines; a history of months is not.

use serde::{Deserialize, Serialize};

/// How many draws judge a scenario, and which engines make them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effort {
    /// How many draws of what the specification leaves open it is judged by.
    pub draws: u64,
    /// Which engines make the runs.
    pub engines: Engines,
}

/// Which engines make the runs of a scenario.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Engines {
    /// The fast one, and the real one for a few of the same runs.
    #[default]
    Both,
    /// The fast one alone: on the real one it would take too long.
    Fast,
}

impl Effort {
    /// How many draws judge a scenario that does not say: a failure that one
    /// run in a hundred shows is missed by all of them once in thirteen times.
    pub const DRAWS: u64 = 256;
}

impl Default for Effort {
    fn default() -> Self {
        Self {
            draws: Self::DRAWS,
            engines: Engines::default(),
        }
    }
}
