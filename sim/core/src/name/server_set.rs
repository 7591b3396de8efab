//! A set of homeservers, one bit each: servers look at such sets in nearly
//! every call.

use crate::name::ServerId;

/// How many servers a scenario can have.
pub(crate) const MOST_SERVERS: usize = u64::BITS as usize;

/// A set of homeservers, in their order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ServerSet(u64);

impl ServerSet {
    /// Puts a server in. Whether it was not there before.
    ///
    /// # Panics
    /// If the server's number is [`MOST_SERVERS`] or more, here as everywhere.
    pub fn insert(&mut self, server: ServerId) -> bool {
        let is_new = !self.contains(server);
        self.0 |= Self::bit(server);
        is_new
    }

    /// Takes a server out. Whether it was there.
    pub fn remove(&mut self, server: ServerId) -> bool {
        let was_there = self.contains(server);
        self.0 &= !Self::bit(server);
        was_there
    }

    /// Whether a server is in it.
    #[must_use]
    pub fn contains(self, server: ServerId) -> bool {
        self.0 & Self::bit(server) != 0
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    fn bit(server: ServerId) -> u64 {
        let bit = 1_u64.checked_shl(u32::from(server.0));
        bit.expect("no scenario has so many servers")
    }
}

impl IntoIterator for ServerSet {
    type Item = ServerId;
    type IntoIter = Servers;

    fn into_iter(self) -> Servers {
        Servers(self.0)
    }
}

/// The servers of a set, in order.
pub struct Servers(u64);

impl Iterator for Servers {
    type Item = ServerId;

    fn next(&mut self) -> Option<ServerId> {
        let rest = self.0 & self.0.checked_sub(1)?;
        let first = (self.0 ^ rest).trailing_zeros();
        self.0 = rest;
        u8::try_from(first).ok().map(ServerId)
    }
}

impl Extend<ServerId> for ServerSet {
    fn extend<I: IntoIterator<Item = ServerId>>(&mut self, servers: I) {
        for server in servers {
            self.insert(server);
        }
    }
}

impl FromIterator<ServerId> for ServerSet {
    fn from_iter<I: IntoIterator<Item = ServerId>>(servers: I) -> Self {
        let mut set = Self::default();
        set.extend(servers);
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_come_out_once_and_in_order() {
        let all = [63, 5, 0, 5].map(ServerId);
        let mut set: ServerSet = all.into_iter().collect();
        assert_eq!(Vec::from_iter(set), [0, 5, 63].map(ServerId));
        assert!(set.remove(ServerId(5)));
        assert!(!set.remove(ServerId(5)));
        assert!(set.insert(ServerId(1)));
        assert!(!set.insert(ServerId(63)));
        assert_eq!(Vec::from_iter(set), [0, 1, 63].map(ServerId));
        assert_eq!(ServerSet::default().into_iter().next(), None);
    }
}
