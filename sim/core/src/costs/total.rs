//! What several runs cost together. Totals add up to the same whatever is added
//! first.

use serde::{Deserialize, Serialize};

use super::Costs;
use crate::time::Span;

/// What some runs cost together. Times are of the simulated world, in
/// milliseconds; bytes are by a model of sizes, so they are good for comparing
/// and little else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Total {
    /// How many runs.
    pub runs: u64,
    /// Olm sessions that were opened.
    pub sessions: u64,
    /// Those of them that were opened on a fallback key.
    pub on_fallback_keys: u64,
    /// The longest time in any run that a private key was held after its public
    /// half had first been handed out.
    pub longest_exposure_ms: u64,
    /// The longest such time of each run, added up.
    pub exposure_ms: u64,
    /// The most one-time keys of one device on its server at once, in any run.
    pub most_on_server: u64,
    /// The most private one-time keys on a device at once, in any run.
    pub most_on_device: u64,
    /// Requests of clients.
    pub client_requests: u64,
    /// Bytes between clients and homeservers.
    pub client_bytes: u64,
    /// Requests between homeservers.
    pub federation_requests: u64,
    /// Bytes between homeservers.
    pub federation_bytes: u64,
    /// How many runs had something to be read between the end of all faults and
    /// the probes.
    pub healed: u64,
    /// How long after the end of all faults the last of it was read, added up.
    pub healing_ms: u64,
    /// The longest of those times.
    pub longest_healing_ms: u64,
}

impl Total {
    /// Adds a run.
    pub fn count(&mut self, run: &Costs) {
        let healing = run.healing.map_or(0, ms);
        let exposure = ms(run.exposure);
        self.add(&Total {
            runs: 1,
            sessions: run.sessions,
            on_fallback_keys: run.on_fallback_keys,
            longest_exposure_ms: exposure,
            exposure_ms: exposure,
            most_on_server: run.most_on_server,
            most_on_device: run.most_on_device,
            client_requests: run.traffic.client.requests,
            client_bytes: run.traffic.client.bytes,
            federation_requests: run.traffic.federation.requests,
            federation_bytes: run.traffic.federation.bytes,
            healed: u64::from(run.healing.is_some()),
            healing_ms: healing,
            longest_healing_ms: healing,
        });
    }

    /// Adds what other runs cost together.
    pub fn add(&mut self, other: &Total) {
        let Total {
            runs,
            sessions,
            on_fallback_keys,
            longest_exposure_ms,
            exposure_ms,
            most_on_server,
            most_on_device,
            client_requests,
            client_bytes,
            federation_requests,
            federation_bytes,
            healed,
            healing_ms,
            longest_healing_ms,
        } = *other;
        self.runs += runs;
        self.sessions += sessions;
        self.on_fallback_keys += on_fallback_keys;
        self.longest_exposure_ms = self.longest_exposure_ms.max(longest_exposure_ms);
        self.exposure_ms += exposure_ms;
        self.most_on_server = self.most_on_server.max(most_on_server);
        self.most_on_device = self.most_on_device.max(most_on_device);
        self.client_requests += client_requests;
        self.client_bytes += client_bytes;
        self.federation_requests += federation_requests;
        self.federation_bytes += federation_bytes;
        self.healed += healed;
        self.healing_ms += healing_ms;
        self.longest_healing_ms = self.longest_healing_ms.max(longest_healing_ms);
    }
}

fn ms(span: Span) -> u64 {
    span.ticks() / Span::millis(1).ticks()
}
