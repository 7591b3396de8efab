//! What a run costs, however it comes out: how many sessions are set up on
//! fallback keys, how long private keys lie open, how many keys are kept, how
//! much goes over the wire and how long healing takes. All but the traffic is
//! read off the trace. Judges nothing.

mod exposure;
mod past;
mod stock;
mod total;

use crate::name::KeyKind;
use crate::time::{Span, Time};
use crate::trace::{Fact, Phase, Trace};
use crate::wire::Traffic;

use exposure::Exposure;
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
        let mut costs = Self {
            traffic,
            ..Self::default()
        };
        let (mut stock, mut exposure) = (Stock::default(), Exposure::default());
        let mut healing: Option<Time> = None;
        for (id, record) in trace.facts() {
            stock.take(trace, id, record);
            exposure.take(trace, id, record);
            if let Fact::SessionOpened { key, .. } = record.fact {
                costs.sessions += 1;
                costs.on_fallback_keys += u64::from(key.kind == KeyKind::Fallback);
            } else if let Fact::Phase(phase) = record.fact {
                healing = (phase == Phase::Heal).then_some(record.at);
            } else if let (Fact::EventRead { .. }, Some(since)) = (record.fact, healing) {
                costs.healing = Some(record.at.since(since));
            }
        }
        costs.most_on_server = stock.most_on_server();
        costs.most_on_device = stock.most_on_device();
        let end = trace.last().map_or(Time::ZERO, |last| trace.at(last).at);
        costs.exposure = exposure.longest(end);
        costs
    }
}

#[cfg(test)]
mod tests;
