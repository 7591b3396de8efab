//! The real engine of unwedge: every device and homeserver is a madsim node,
//! killed and restarted as such, and the cryptography is vodozemac.

mod engine;
mod vodozemac;

pub use engine::{THREAD, run, run_with};
pub use vodozemac::{Account, Vodozemac};
