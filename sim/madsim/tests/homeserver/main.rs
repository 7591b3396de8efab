//! One homeserver is put through the questions of the behaviour sheet (BS §2
//! and §8), and gives the answers that a running Synapse gave.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../driver/mod.rs"]
mod driver;

mod clients;
mod servers;

mod answers;
mod back_off;
mod concurrent_claims;
mod inbox;
mod keys;
mod polls;
mod rollback;
mod transactions;

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};

use clients::*;
use driver::Driver;
use servers::*;
use unwedge_core::homeserver::Homeserver;
use unwedge_core::name::DeviceId;
use unwedge_core::time::Span;
use unwedge_core::wire::AccessToken;
use unwedge_madsim::Vodozemac;

/// Longer than a homeserver takes for anything that waits for nobody.
const A_MOMENT: Span = Span::millis(25);

/// The homeserver under test, and what its devices remember.
struct Server {
    driver: Driver<Homeserver<Vodozemac>>,
    /// The token that each device was given last.
    tokens: BTreeMap<DeviceId, AccessToken>,
}

impl Deref for Server {
    type Target = Driver<Homeserver<Vodozemac>>;

    fn deref(&self) -> &Self::Target {
        &self.driver
    }
}

impl DerefMut for Server {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.driver
    }
}
