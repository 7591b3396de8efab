//! The message that carried the key was sent, and never came out of an inbox.

use super::{Cause, CauseKind, caused};
use crate::name::{DeviceId, EventId, NodeId, Table};
use crate::oracle::clues::Share;
use crate::oracle::history::History;
use crate::trace::{Fact, FactId};

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "only deletion is looked for"
)]
pub(super) fn cause_of(
    history: &History<'_>,
    id: EventId,
    share: &Share,
    reader: DeviceId,
) -> Option<Cause> {
    if history.clues().decrypted.contains_key(&share.message) {
        return None;
    }
    let made = |fact: FactId| history.trace.at(fact).at;
    if let Some(stored) = history.clues().stored.get(&share.message).copied() {
        let server = reader.server();
        if let Some(deed) = history.rolled_back(server, Table::Inbox, made(stored), stored) {
            return Some(caused(CauseKind::InboxLostWithRestore, Some(deed), stored));
        }
        let deleted = history.first_after(stored, |fact| match fact {
            Fact::ToDeviceDeleted { message, .. } if message == share.message => Some(None),
            _ => None,
        });
        // A server that crashed at once, before it had written what it took, has
        // not told the sender's server: the message is with that one still.
        let crashed = history.first_hindrance(stored, |fact| match fact {
            Fact::Crashed { node, step } if node == NodeId::Server(server) => Some(step),
            _ => None,
        });
        let unwritten = crashed.is_some_and(|crash| made(crash.fact) == made(stored));
        if !unwritten || deleted.is_some() {
            let deed = deleted?;
            let span = (FactId(0), deed.fact);
            let at = made(deed.fact);
            if let Some(restored) = history.last_rolled_back(server, Table::Inbox, at, span) {
                return Some(Cause {
                    kind: CauseKind::TokenOverranInbox,
                    step: restored.step,
                    decisive: deed.fact,
                });
            }
            let crash = history.crashed(reader, deed.fact);
            return Some(Cause {
                kind: match crash {
                    Some(_) => CauseKind::TokenStoredBeforeMessages,
                    None => CauseKind::TokenOverranInbox,
                },
                step: crash.and_then(|deed| deed.step),
                decisive: deed.fact,
            });
        }
    }
    let server = id.sender.server();
    let queued = history.clues().queued.get(&share.message).copied();
    let rolled_back =
        queued.and_then(|queued| history.rolled_back(server, Table::Outbox, made(queued), queued));
    match rolled_back {
        Some(deed) => Some(caused(
            CauseKind::OutboxLostWithRestore,
            Some(deed),
            share.fact,
        )),
        None => {
            // A server drops what is for a device that it no longer knows.
            let (theirs, at) = (reader.server(), made(share.fact));
            let span = (FactId(0), FactId(usize::MAX));
            let deed = history
                .last_rolled_back(theirs, Table::Devices, at, span)
                .or_else(|| history.gone(NodeId::Server(server)));
            let step = deed.and_then(|deed| deed.step);
            let decisive = queued.unwrap_or(share.fact);
            Some(Cause {
                kind: CauseKind::MessageLost,
                step,
                decisive,
            })
        }
    }
}
