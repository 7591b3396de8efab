//! Reports: what many runs say together. Reads judgements, never the world.

mod cell;
mod matrix;
mod story;

pub use cell::{Cell, Draw};
pub use matrix::{Matrix, Why};
pub use story::{Finding, findings};
