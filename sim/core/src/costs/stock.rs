//! How many one-time keys are kept on both sides. Counts as it goes, and looks
//! back only where somebody is put back to how they were.

use super::past::{Holder, keys_at, put_back};
use crate::name::{DeviceId, KeyKind, KeyName};
use crate::trace::{Fact, FactId, Record, Trace};

/// How many one-time keys each device has on its server, and how many private
/// halves it holds.
#[derive(Debug, Default)]
pub(super) struct Stock {
    on_server: Counts,
    on_device: Counts,
    /// The key that a claim found and another took: whoever hands it out all
    /// the same does not take it off the server.
    raced: Option<KeyName>,
}

impl Stock {
    pub(super) fn most_on_server(&self) -> u64 {
        self.on_server.most
    }

    pub(super) fn most_on_device(&self) -> u64 {
        self.on_device.most
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "a count takes only what it counts"
    )]
    pub(super) fn take(&mut self, trace: &Trace, id: FactId, record: Record) {
        match record.fact {
            Fact::KeyGenerated { key } if key.kind == KeyKind::OneTime => {
                self.on_device.more(key.owner);
            }
            Fact::SessionAccepted { key, .. } | Fact::KeyDiscarded { key, .. }
                if key.kind == KeyKind::OneTime =>
            {
                self.on_device.less(key.owner);
            }
            Fact::LoggedOut { device, .. } => self.on_device.set(device, 0),
            Fact::KeyStored { key, .. } if key.kind == KeyKind::OneTime => {
                self.on_server.more(key.owner);
            }
            Fact::ClaimRaced { key, .. } => self.raced = Some(key),
            Fact::KeyIssued { key, .. } if key.kind == KeyKind::OneTime => {
                if self.raced.take() != Some(key) {
                    self.on_server.less(key.owner);
                }
            }
            Fact::KeysReset { device, .. } | Fact::DeviceRemoved { device, .. } => {
                self.on_server.set(device, 0);
            }
            fact => {
                if let Some((holder, then)) = put_back(fact) {
                    let keys = keys_at(trace, id, holder, then);
                    let keys = keys.into_iter().filter(|key| key.kind == KeyKind::OneTime);
                    self.put_back(holder, keys);
                }
            }
        }
    }

    fn put_back(&mut self, holder: Holder, keys: impl Iterator<Item = KeyName>) {
        let (counts, is_theirs): (_, &dyn Fn(DeviceId) -> bool) = match &holder {
            Holder::Device(device) => (&mut self.on_device, &|it| it == *device),
            Holder::Server(server) => (&mut self.on_server, &|it| it.user.server == *server),
        };
        for (owner, count) in counts.of.iter_mut().flatten() {
            if is_theirs(*owner) {
                *count = 0;
            }
        }
        for key in keys {
            counts.more(key.owner);
        }
    }
}

/// Something counted for each device, by its place in the cast.
#[derive(Debug, Default)]
struct Counts {
    of: Vec<Option<(DeviceId, u64)>>,
    most: u64,
}

impl Counts {
    fn more(&mut self, device: DeviceId) {
        let count = self.of(device);
        *count += 1;
        let count = *count;
        self.most = self.most.max(count);
    }

    fn less(&mut self, device: DeviceId) {
        let count = self.of(device);
        *count = count.saturating_sub(1);
    }

    fn set(&mut self, device: DeviceId, count: u64) {
        *self.of(device) = count;
    }

    fn of(&mut self, device: DeviceId) -> &mut u64 {
        let place = usize::from(device.index);
        if place >= self.of.len() {
            self.of.resize(place + 1, None);
        }
        &mut self.of[place].get_or_insert((device, 0)).1
    }
}
