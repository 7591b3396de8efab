//! How long private keys lie open after their public halves were handed out.

use std::collections::BTreeMap;

use super::past::{Holder, keys_at, put_back};
use crate::name::{DeviceId, KeyKind, KeyName};
use crate::time::{Span, Time};
use crate::trace::{Fact, FactId, Record, Trace};

/// The keys that have been handed out.
#[derive(Debug, Default)]
pub(super) struct Exposure {
    keys: BTreeMap<KeyName, Life>,
}

/// The life of a key since it was handed out.
#[derive(Clone, Copy, Debug)]
struct Life {
    since: Time,
    /// When its private half was gone, if it is.
    until: Option<Time>,
}

impl Exposure {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "few facts expose a key or destroy one"
    )]
    pub(super) fn take(&mut self, trace: &Trace, id: FactId, record: Record) {
        let at = record.at;
        match record.fact {
            Fact::KeyIssued { key, .. } => {
                let (since, until) = (at, None);
                self.keys.entry(key).or_insert(Life { since, until });
            }
            Fact::SessionAccepted { key, .. } if key.kind == KeyKind::OneTime => {
                self.gone(key, at);
            }
            Fact::KeyDiscarded { key, .. } => self.gone(key, at),
            Fact::LoggedOut { device, .. } => {
                self.keep(device, at, |_| false);
            }
            fact => {
                if let Some((holder @ Holder::Device(device), then)) = put_back(fact) {
                    let held = keys_at(trace, id, holder, then);
                    self.keep(device, at, |key| held.contains(key));
                }
            }
        }
    }

    /// The longest of all lives, if the run ends then.
    pub(super) fn longest(&self, end: Time) -> Span {
        let lives = self.keys.values();
        let spans = lives.map(|life| life.until.unwrap_or(end).since(life.since));
        spans.max().unwrap_or(Span::ZERO)
    }

    fn gone(&mut self, key: KeyName, at: Time) {
        if let Some(life) = self.keys.get_mut(&key) {
            life.until = Some(at);
        }
    }

    /// A device has these keys now, whether or not it had lost them, and no
    /// others.
    fn keep(&mut self, device: DeviceId, at: Time, held: impl Fn(&KeyName) -> bool) {
        for (key, life) in &mut self.keys {
            if key.owner == device {
                life.until = match held(key) {
                    true => None,
                    false => life.until.or(Some(at)),
                };
            }
        }
    }
}
