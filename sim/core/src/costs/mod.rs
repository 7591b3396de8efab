//! What a run costs, however it comes out: how many sessions are set up on
//! fallback keys, how long private keys lie open, how many keys are kept, how
//! much goes over the wire and how long healing takes. All but the traffic is
//! read off the trace. Judges nothing.

mod exposure;
mod past;
mod stock;
mod total;

use crate::name::{KeyKind, KeyName};
use crate::time::{Span, Time};
use crate::trace::{Fact, FactId, Phase, Record, Trace};
use crate::wire::Traffic;

use exposure::Exposure;
use past::{Holder, keys_at, put_back};
use stock::Stock;
pub use total::Total;

/// What one run costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Costs {
    /// Olm sessions that were opened.
    pub sessions: u64,
    /// Those of them that were opened on a fallback key.
    pub on_fallback_keys: u64,
    /// The longest time that a device held a private key of which the public
    /// half had been handed out: from the first time that it was until the
    /// private half was used up or destroyed for good, or else to the end of
    /// the run. Who takes the device in that time can read what was sent on it.
    pub exposure: Span,
    /// The most one-time keys of one device that were on its server at once.
    pub most_on_server: u64,
    /// The most private one-time keys that a device held at once.
    pub most_on_device: u64,
    /// What went over the wire.
    pub traffic: Traffic,
    /// How long after everything was mended the last message was read of those
    /// that could be read without anybody's saying anything; nothing if there
    /// was none to be read.
    pub healing: Option<Span>,
}

impl Costs {
    /// Counts what a run cost.
    #[must_use]
    pub fn of(trace: &Trace, traffic: Traffic) -> Self {
        let mut counting = Counting::default();
        for (id, record) in trace.records() {
            counting.take(trace, id, record);
        }
        let end = trace.last().map_or(Time::ZERO, |last| trace.at(last).at);
        Self {
            most_on_server: counting.stock.on_server.most,
            most_on_device: counting.stock.on_device.most,
            exposure: counting.exposure.longest(end),
            traffic,
            ..counting.costs
        }
    }
}

/// What has been counted so far.
#[derive(Default)]
struct Counting {
    costs: Costs,
    stock: Stock,
    exposure: Exposure,
    /// When healing began, while it lasts.
    healing: Option<Time>,
}

impl Counting {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "most facts cost nothing that is counted here"
    )]
    fn take(&mut self, trace: &Trace, id: FactId, record: &Record) {
        let is_one_time = |key: &KeyName| key.kind == KeyKind::OneTime;
        match &record.fact {
            Fact::KeyGenerated { key } if is_one_time(key) => {
                self.stock.on_device.more(key.owner);
            }
            Fact::KeyStored { key, .. } if is_one_time(key) => {
                self.stock.on_server.more(key.owner);
            }
            Fact::EventRead { .. } => {
                let healing = self.healing.map(|since| record.at.since(since));
                self.costs.healing = healing.or(self.costs.healing);
            }
            Fact::SessionOpened { key, .. } => {
                self.costs.sessions += 1;
                self.costs.on_fallback_keys += u64::from(!is_one_time(key));
            }
            Fact::KeyIssued { key, .. } => {
                self.exposure.issued(*key, record.at);
                if is_one_time(key) {
                    self.stock.issued(*key);
                }
            }
            Fact::ClaimRaced { key, .. } => self.stock.raced(*key),
            // A fallback key is not used up.
            Fact::SessionAccepted { key, .. } if is_one_time(key) => self.gone(*key, record.at),
            Fact::KeyKept { key } => {
                self.exposure.kept(*key);
                self.stock.on_device.more(key.owner);
            }
            Fact::KeyDiscarded { key, .. } => self.gone(*key, record.at),
            Fact::KeyReset { key, .. } => self.stock.on_server.less(key.owner),
            Fact::KeysReset { device, .. } | Fact::DeviceRemoved { device, .. } => {
                self.stock.on_server.clear(*device);
            }
            Fact::LoggedOut { device, .. } => {
                self.stock.on_device.clear(*device);
                self.exposure.keep(*device, record.at, |_| false);
            }
            Fact::Phase(phase) => {
                self.healing = (*phase == Phase::Heal).then_some(record.at);
            }
            fact @ (Fact::DeviceRestored { .. }
            | Fact::TableRestored { .. }
            | Fact::TableEmptied { .. }
            | Fact::WritesLost { .. }) => {
                if let Some((holder, then)) = put_back(*fact) {
                    let keys = keys_at(trace, id, holder, then);
                    self.stock.put_back(holder, &keys);
                    if let Holder::Device(device) = holder {
                        let held = |key: &KeyName| keys.contains(key);
                        self.exposure.keep(device, record.at, held);
                    }
                }
            }
            _ => {}
        }
    }

    /// The private half of a key is gone.
    fn gone(&mut self, key: KeyName, at: Time) {
        self.exposure.gone(key, at);
        if key.kind == KeyKind::OneTime {
            self.stock.on_device.less(key.owner);
        }
    }
}

#[cfg(test)]
mod tests;
