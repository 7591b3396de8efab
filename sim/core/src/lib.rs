//! The protocol model of unwedge: what clients, homeservers and the network
//! do, what happens to them, and how what happened is judged.
//!
//! Everything here is pure and synchronous. The same scenario, protocols and
//! seed give the same trace, byte for byte, on every engine and machine.

#[cfg(not(madsim))]
compile_error!(
    "unwedge is built with `--cfg madsim`, which `.cargo/config.toml` sets. If you set RUSTFLAGS \
     yourself, add `--cfg madsim` to it."
);

pub mod campaign;
pub mod cast;
pub mod costs;
pub mod crypto;
pub mod device;
pub mod draws;
pub mod fast;
pub mod generate;
pub mod homeserver;
pub mod hunt;
mod luck;
pub mod minimise;
pub mod name;
pub mod node;
pub mod odds;
pub mod oracle;
pub mod problem;
pub mod protocol;
pub mod report;
mod roles;
pub mod scenario;
pub mod step;
pub mod time;
pub mod trace;
pub mod wire;
mod words;
pub mod world;
