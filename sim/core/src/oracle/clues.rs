//! What the search for a cause looks at, again and again: where room keys and
//! one-time keys have been, and what hindered somebody.

use rustc_hash::FxHashMap;

use crate::crypto::OlmError;
use crate::name::{DeviceId, EventId, KeyName, MegolmName, MessageId, ServerId};
use crate::trace::{Fact, FactId, Trace, empty_index};

/// One message that shared a room key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Share {
    pub(super) fact: FactId,
    pub(super) index: u32,
    pub(super) message: MessageId,
}

/// Indexes over a trace.
#[derive(Debug, Default)]
pub(super) struct Clues {
    pub(super) shares: FxHashMap<(MegolmName, DeviceId), Vec<Share>>,
    pub(super) queued: FxHashMap<MessageId, FactId>,
    pub(super) stored: FxHashMap<MessageId, FactId>,
    pub(super) decrypted: FxHashMap<MessageId, FactId>,
    pub(super) failed: FxHashMap<MessageId, (FactId, KeyName, OlmError)>,
    pub(super) issued: FxHashMap<KeyName, Vec<FactId>>,
    /// What hindered somebody: few facts among many, and looked for often.
    pub(super) hindrances: Vec<FactId>,
    /// Which servers have had which events, and since when.
    pub(super) reached: FxHashMap<(ServerId, EventId), FactId>,
}

impl Clues {
    pub(super) fn of(trace: &Trace) -> Self {
        let mut clues = Self {
            shares: empty_index(),
            queued: empty_index(),
            stored: empty_index(),
            decrypted: empty_index(),
            reached: empty_index(),
            ..Self::default()
        };
        for (id, record) in trace.records() {
            clues.take(id, &record.fact);
        }
        clues
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "an index takes only what it indexes"
    )]
    fn take(&mut self, id: FactId, fact: &Fact) {
        if is_hindrance(fact) {
            self.hindrances.push(id);
        }
        match *fact {
            Fact::EventStored { server, event } => {
                self.reached.entry((server, event)).or_insert(id);
            }
            Fact::RoomKeyShared {
                session,
                index,
                message,
            } => {
                let share = Share {
                    fact: id,
                    index,
                    message,
                };
                self.shares
                    .entry((session, message.to))
                    .or_default()
                    .push(share);
            }
            Fact::ToDeviceQueued { message, .. } => {
                self.queued.entry(message).or_insert(id);
            }
            Fact::ToDeviceStored { message, .. } => {
                self.stored.entry(message).or_insert(id);
            }
            // A message that was only taken out of an answer may come again.
            Fact::OlmDecrypted { message, .. } => {
                self.decrypted.entry(message).or_insert(id);
            }
            Fact::OlmFailed {
                message,
                key,
                error,
                ..
            } => {
                self.failed.entry(message).or_insert((id, key, error));
            }
            Fact::KeyIssued { key, .. } => self.issued.entry(key).or_default().push(id),
            _ => {}
        }
    }
}

/// Whether a fact is among those that the search for a cause looks for again
/// and again. The searches check that nothing is missing here.
fn is_hindrance(fact: &Fact) -> bool {
    matches!(
        fact,
        Fact::ToldToSend { .. }
            | Fact::ToldToInvite { .. }
            | Fact::LinkCut { .. }
            | Fact::LinkMended { .. }
            | Fact::LinkSlowed { .. }
            | Fact::Crashed { .. }
            | Fact::Gone { .. }
            | Fact::ProcessStarted { .. }
            | Fact::WritesLost { .. }
            | Fact::Booted { .. }
            | Fact::DeviceRestored { .. }
            | Fact::TableRestored { .. }
            | Fact::TableEmptied { .. }
            | Fact::MessageDropped { .. }
            | Fact::Injected { .. }
            | Fact::OlmMessagesWasted { .. }
            | Fact::ClaimedByStrangers { .. }
            | Fact::Duplicated { .. }
            | Fact::ResetByOther { .. }
            | Fact::LoggedOut { .. }
            | Fact::RemoteFailed { .. }
            | Fact::ClaimMissed { .. }
            | Fact::DevicesUnknown { .. }
            | Fact::RoomKeyWithheld { .. }
    )
}
