//! How many one-time keys are kept on both sides.

use std::collections::BTreeSet;

use super::past::Holder;
use crate::name::{DeviceId, KeyKind, KeyName};

/// How many one-time keys each device has on its server, and how many private
/// halves it holds.
#[derive(Debug, Default)]
pub(super) struct Stock {
    pub(super) on_server: Counts,
    pub(super) on_device: Counts,
    /// The key that a claim found and another took: whoever hands it out all
    /// the same does not take it off the server.
    raced: Option<KeyName>,
}

/// Something counted for each device.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// By the device's place in the cast.
    of: Vec<Option<(DeviceId, u64)>>,
    /// The most that there ever were.
    pub(super) most: u64,
}

impl Stock {
    /// Two claims met at a key.
    pub(super) fn raced(&mut self, key: KeyName) {
        self.raced = Some(key);
    }

    /// A one-time key was handed out.
    pub(super) fn issued(&mut self, key: KeyName) {
        if self.raced.take() != Some(key) {
            self.on_server.less(key.owner);
        }
    }

    /// Somebody has these keys now, and no others.
    pub(super) fn put_back(&mut self, holder: Holder, keys: &BTreeSet<KeyName>) {
        let (counts, is_theirs): (_, &dyn Fn(DeviceId) -> bool) = match &holder {
            Holder::Device(device) => (&mut self.on_device, &|it| it == *device),
            Holder::Server(server) => (&mut self.on_server, &|it| it.server() == *server),
        };
        for (owner, count) in counts.of.iter_mut().flatten() {
            if is_theirs(*owner) {
                *count = 0;
            }
        }
        for key in keys.iter().filter(|key| key.kind == KeyKind::OneTime) {
            counts.more(key.owner);
        }
    }
}

impl Counts {
    /// One more.
    pub(super) fn more(&mut self, device: DeviceId) {
        let count = self.of(device);
        *count += 1;
        let count = *count;
        self.most = self.most.max(count);
    }

    /// One less.
    pub(super) fn less(&mut self, device: DeviceId) {
        let count = self.of(device);
        *count = count.saturating_sub(1);
    }

    /// None any more.
    pub(super) fn clear(&mut self, device: DeviceId) {
        *self.of(device) = 0;
    }

    fn of(&mut self, device: DeviceId) -> &mut u64 {
        let place = usize::from(device.index());
        if place >= self.of.len() {
            self.of.resize(place + 1, None);
        }
        &mut self.of[place].get_or_insert((device, 0)).1
    }
}
