//! How long private keys lie open after their public halves were handed out.

use litemap::LiteMap;

use crate::name::{DeviceId, KeyName};
use crate::time::{Span, Time};

/// The keys that have been handed out.
#[derive(Debug, Default)]
pub(super) struct Exposure {
    keys: LiteMap<KeyName, Life>,
}

/// The life of a key since it was handed out.
#[derive(Clone, Copy, Debug)]
struct Life {
    since: Time,
    /// When its private half was gone, if it is.
    until: Option<Time>,
}

impl Exposure {
    /// A key was handed out, perhaps not for the first time.
    pub(super) fn issued(&mut self, key: KeyName, at: Time) {
        let (since, until) = (at, None);
        self.keys.entry(key).or_insert(Life { since, until });
    }

    /// The private half of a key was used up or destroyed.
    pub(super) fn gone(&mut self, key: KeyName, at: Time) {
        if let Some(life) = self.keys.get_mut(&key) {
            life.until = Some(at);
        }
    }

    /// It was used, and is there all the same.
    pub(super) fn kept(&mut self, key: KeyName) {
        if let Some(life) = self.keys.get_mut(&key) {
            life.until = None;
        }
    }

    /// A device has these keys now, whether or not it had lost them, and no
    /// others.
    pub(super) fn keep(&mut self, device: DeviceId, at: Time, held: impl Fn(&KeyName) -> bool) {
        for (key, life) in &mut self.keys {
            if key.owner == device {
                life.until = match held(key) {
                    true => None,
                    false => life.until.or(Some(at)),
                };
            }
        }
    }

    /// The longest of all lives, if the run ends then.
    pub(super) fn longest(&self, end: Time) -> Span {
        let lives = self.keys.values();
        let spans = lives.map(|life| life.until.unwrap_or(end).since(life.since));
        spans.max().unwrap_or(Span::ZERO)
    }
}
