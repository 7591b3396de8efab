//! What another server has sent before is not taken again (BS §2.6).

use litemap::LiteMap;

use crate::name::ServerId;
use crate::time::{Span, Time};
use crate::wire::FederatedId;

/// For how long a transaction from another server is known.
const TRANSACTIONS_KEPT: Span = Span::days(1);
/// For how long a to-device message from another server is known.
const MESSAGES_KEPT: Span = Span::days(7);

/// How many entries are not worth looking through for what is too old.
const MOST_KNOWN: usize = 64;

/// What has been accepted from other servers, and when (BS §2.6).
#[derive(Clone, Debug, Default)]
pub(super) struct Deduplication {
    transactions: LiteMap<(ServerId, u64), Time>,
    messages: LiteMap<(ServerId, FederatedId), Time>,
    /// With how many entries what is too old is looked for again.
    most: usize,
}

impl Deduplication {
    /// Whether a transaction was accepted not too long ago.
    pub(super) fn knows_transaction(&self, server: ServerId, id: u64, now: Time) -> bool {
        let at = self.transactions.get(&(server, id));
        at.is_some_and(|at| now.since(*at) < TRANSACTIONS_KEPT)
    }

    /// Whether a to-device message was accepted not too long ago.
    pub(super) fn knows_message(&self, server: ServerId, id: FederatedId, now: Time) -> bool {
        let at = self.messages.get(&(server, id));
        at.is_some_and(|at| now.since(*at) < MESSAGES_KEPT)
    }

    /// Notes that a transaction was accepted.
    pub(super) fn transaction(&mut self, server: ServerId, id: u64, at: Time) {
        self.prune(at);
        self.transactions.insert((server, id), at);
    }

    /// Notes that a to-device message was accepted.
    pub(super) fn message(&mut self, server: ServerId, id: FederatedId, at: Time) {
        self.messages.insert((server, id), at);
    }

    /// Forgets what is too old to be looked for again, once there is twice as
    /// much as there was then: meanwhile it is not found either.
    fn prune(&mut self, now: Time) {
        let known = self.transactions.len() + self.messages.len();
        if known < self.most {
            return;
        }
        self.transactions
            .retain(|_, at| now.since(*at) < TRANSACTIONS_KEPT);
        self.messages.retain(|_, at| now.since(*at) < MESSAGES_KEPT);
        self.most = MOST_KNOWN.max(2 * (self.transactions.len() + self.messages.len()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_old_is_forgotten_and_nothing_else() {
        let peer = ServerId(1);
        let mut known = Deduplication::default();
        let at = |hours| Time::ZERO + Span::mins(60 * hours);
        let days = 60;
        for hour in 0..24 * days {
            let now = at(hour);
            let started = now;
            let number = 0;
            known.transaction(peer, hour, now);
            known.message(peer, FederatedId { started, number }, now);
            let kept = |started| {
                let id = FederatedId { started, number };
                known.knows_message(peer, id, now)
            };
            if hour >= 24 * 7 {
                assert!(known.knows_transaction(peer, hour - 23, now));
                assert!(!known.knows_transaction(peer, hour - 24, now));
                assert!(kept(at(hour - 24 * 7 + 1)));
                assert!(!kept(at(hour - 24 * 7)));
            }
        }
        // Twice what is known, at the most.
        let held = known.transactions.len() + known.messages.len();
        assert!(held <= 2 * (24 + 24 * 7), "{held}");
    }
}
