//! Why an event was not read: a decision tree over the trace, with a closed
//! set of answers. A cause names its decisive fact, and the step that made it
//! so: without that step the run comes out better.

mod kind;

use super::blame::Deed;
use super::history::{Event, History, Share};
use crate::crypto::OlmError;
use crate::name::{DeviceId, EventId, KeyKind, KeyName, Table};
use crate::trace::{ClaimMiss, Fact, FactId, RemoteFailure, StepIndex};
use crate::wire::MessageKind;

pub use kind::{CauseInfo, CauseKind};

/// Why an event was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cause {
    /// What kind of cause it is.
    pub kind: CauseKind,
    /// The step that made it so, if a step did.
    pub step: Option<StepIndex>,
    /// The fact that decided it.
    pub decisive: FactId,
}

/// Why `reader` has not read an event; nothing if the tree has no answer,
/// which is a fault of the harness.
pub(super) fn cause_of(
    history: &History<'_>,
    id: EventId,
    event: &Event,
    reader: DeviceId,
) -> Option<Cause> {
    if !history.seen.contains_key(&(id, reader)) {
        return Some(undelivered(history, id, event, reader));
    }
    let shares = history
        .shares
        .get(&(event.session, reader))
        .map_or(&[][..], Vec::as_slice);
    // The first share that covers the event decides: it was the one in time.
    match shares.iter().find(|share| share.index <= event.index) {
        Some(share) => not_decrypted(history, share, reader)
            .or_else(|| lost_on_the_way(history, id, share, reader)),
        None => Some(never_given(history, id, event, reader).unwrap_or_else(|| {
            match shares.first() {
                Some(later) => Cause {
                    kind: CauseKind::LaterIndexOnly,
                    step: None,
                    decisive: later.fact,
                },
                // Neither given a key nor refused one: the sender did not know
                // the device, though perhaps another of the same user.
                None => device_unknown(history, id, reader, event.sent),
            }
        })),
    }
}

fn undelivered(history: &History<'_>, id: EventId, event: &Event, reader: DeviceId) -> Cause {
    let (ours, theirs) = (id.sender.user.server, reader.user.server);
    let end = FactId(usize::MAX);
    let deed = history
        .rolled_back(theirs, Table::Rooms, event.at, event.sent)
        .or_else(|| history.rolled_back(ours, Table::Rooms, event.at, event.sent))
        .or_else(|| history.lost_each_other(ours, theirs, end));
    caused(CauseKind::EventUndelivered, deed, event.sent)
}

/// The sender had not given the reader a key that covers the event: the last
/// obstacle that it met before it sent the event.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "only obstacles are looked for"
)]
fn never_given(
    history: &History<'_>,
    id: EventId,
    event: &Event,
    reader: DeviceId,
) -> Option<Cause> {
    let obstacle = history.last_before(event.sent, |fact| match fact {
        Fact::ClaimMissed { by, of, .. } if by == id.sender && of == reader => Some(None),
        Fact::DevicesUnknown { by, of } if by == id.sender && of == reader.user => Some(None),
        _ => None,
    })?;
    match history.trace.at(obstacle.fact).fact {
        Fact::ClaimMissed { why, .. } => {
            Some(claim_missed(history, why, obstacle.fact, id, reader))
        }
        _ => Some(device_unknown(history, id, reader, obstacle.fact)),
    }
}

/// What kept the sender from hearing of the reader's device: its server, or
/// the reader's, was put back to before the device, or they lost each other.
fn device_unknown(history: &History<'_>, id: EventId, reader: DeviceId, at: FactId) -> Cause {
    let (ours, theirs) = (id.sender.user.server, reader.user.server);
    let sent = history.trace.at(at).at;
    let span = (FactId(0), at);
    let deed = [
        (theirs, Table::Devices),
        (theirs, Table::Outbox),
        (ours, Table::DeviceLists),
    ]
    .into_iter()
    .find_map(|(server, table)| history.last_rolled_back(server, table, sent, span))
    .or_else(|| history.lost_each_other(ours, theirs, at));
    caused(CauseKind::DeviceUnknown, deed, at)
}

fn claim_missed(
    history: &History<'_>,
    why: ClaimMiss,
    missed: FactId,
    id: EventId,
    reader: DeviceId,
) -> Cause {
    let (theirs, ours) = (reader.user.server, id.sender.user.server);
    match why {
        ClaimMiss::NoKey | ClaimMiss::BadSignature | ClaimMiss::DeviceCoolingDown => {
            let (at, span) = (history.trace.at(missed).at, (FactId(0), missed));
            let deed = [Table::FallbackKeys, Table::OneTimeKeys]
                .into_iter()
                .find_map(|table| history.last_rolled_back(theirs, table, at, span));
            Cause {
                kind: CauseKind::ClaimEmpty,
                step: deed.and_then(|deed| deed.step),
                decisive: missed,
            }
        }
        ClaimMiss::ServerCoolingDown | ClaimMiss::ServerFailed => {
            let waited = history
                .last_time_out(ours, theirs, missed)
                .unwrap_or(missed);
            let deed = history.lost_each_other(ours, theirs, waited);
            let asked = why == ClaimMiss::ServerFailed
                && remote_failure(history, missed, id, reader) == Some(RemoteFailure::TimedOut);
            let kind = if asked {
                CauseKind::ClaimUnreachable
            } else {
                CauseKind::ClaimBackedOff
            };
            caused(kind, deed, missed)
        }
    }
}

/// How the sender's server fared with its last claim on the reader's.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "only one fact is looked for"
)]
fn remote_failure(
    history: &History<'_>,
    before: FactId,
    id: EventId,
    reader: DeviceId,
) -> Option<RemoteFailure> {
    let (ours, theirs) = (id.sender.user.server, reader.user.server);
    let facts = history
        .trace
        .facts()
        .rev()
        .skip_while(|(fact, _)| *fact >= before);
    let mut failures = facts.filter_map(|(_, it)| match it.fact {
        Fact::RemoteFailed {
            server,
            peer,
            kind: MessageKind::FederationClaim,
            why,
        } if server == ours && peer == theirs => Some(why),
        _ => None,
    });
    failures.next()
}

/// The message that carried the key was sent, and never came out of an inbox.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "only deletion is looked for"
)]
fn lost_on_the_way(
    history: &History<'_>,
    id: EventId,
    share: &Share,
    reader: DeviceId,
) -> Option<Cause> {
    if history.received.contains_key(&share.message) {
        return None;
    }
    let made = |fact: FactId| history.trace.at(fact).at;
    if let Some(stored) = history.stored.get(&share.message).copied() {
        let server = reader.user.server;
        if let Some(deed) = history.rolled_back(server, Table::Inbox, made(stored), stored) {
            return Some(caused(CauseKind::InboxLostWithRestore, Some(deed), stored));
        }
        let deleted = history.first_after(stored, |fact| match fact {
            Fact::ToDeviceDeleted { message, .. } if message == share.message => Some(None),
            _ => None,
        });
        let deed = deleted?;
        let span = (FactId(0), deed.fact);
        let restored = history.last_rolled_back(server, Table::Inbox, made(deed.fact), span);
        let step = restored.and_then(|deed| deed.step);
        return Some(Cause {
            kind: CauseKind::TokenOverranInbox,
            step,
            decisive: deed.fact,
        });
    }
    let server = id.sender.user.server;
    let queued = history.queued.get(&share.message).copied();
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
            let (theirs, at) = (reader.user.server, made(share.fact));
            let span = (FactId(0), FactId(usize::MAX));
            let deed = history.last_rolled_back(theirs, Table::Devices, at, span);
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

/// The message that carried the key arrived, and could not be decrypted.
fn not_decrypted(history: &History<'_>, share: &Share, reader: DeviceId) -> Option<Cause> {
    let (failed, key, error) = history.failed.get(&share.message).copied()?;
    match error {
        OlmError::MissingOneTimeKey => Some(match key.kind {
            KeyKind::OneTime => one_time_key_gone(history, key, failed, reader),
            KeyKind::Fallback => {
                let retired = discarded(history, key, failed).unwrap_or(failed);
                Cause {
                    kind: CauseKind::FallbackKeyRetired,
                    step: None,
                    decisive: retired,
                }
            }
        }),
        OlmError::MissingMessageKey | OlmError::TooBigMessageGap | OlmError::Invalid => {
            Some(Cause {
                kind: CauseKind::RatchetForked,
                step: None,
                decisive: failed,
            })
        }
    }
}

/// The private half of a one-time key was gone when the message came.
fn one_time_key_gone(
    history: &History<'_>,
    key: KeyName,
    failed: FactId,
    reader: DeviceId,
) -> Cause {
    if used(history, key, failed) {
        return issued_again(history, key, failed, reader);
    }
    if let Some(evicted) = discarded(history, key, failed) {
        return Cause {
            kind: CauseKind::OneTimeKeyEvicted,
            step: None,
            decisive: evicted,
        };
    }
    let deed = history.crashed(reader, failed);
    caused(CauseKind::OneTimeKeyForgotten, deed, failed)
}

/// A key that was used once was issued a second time: what brought it back.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "only issues and uploads are looked for"
)]
fn issued_again(history: &History<'_>, key: KeyName, failed: FactId, reader: DeviceId) -> Cause {
    let issued = history.issued.get(&key).map_or(&[][..], Vec::as_slice);
    // Issues are in order, and those after the failure did not lead to it.
    let led_to_it = issued.partition_point(|issue| *issue < failed);
    let issued = &issued[..led_to_it];
    // The issue to whoever sent the message, and the one before that.
    let sender = match history.trace.at(failed).fact {
        Fact::OlmFailed { message, .. } => Some(message.sender),
        _ => None,
    };
    let to_sender = issued
        .iter()
        .rposition(|issue| match history.trace.at(*issue).fact {
            Fact::KeyIssued { to, .. } => Some(to) == sender,
            _ => false,
        });
    let place = to_sender.filter(|place| *place > 0);
    let place = place.or_else(|| issued.len().checked_sub(1).filter(|place| *place > 0));
    let Some(place) = place else {
        return Cause {
            kind: CauseKind::IssuedTwice,
            step: None,
            decisive: failed,
        };
    };
    let (first, last) = (&issued[place - 1], &issued[place]);
    let at = history.trace.at(*first).at;
    let server = reader.user.server;
    let restored = history.last_rolled_back(server, Table::OneTimeKeys, at, (*first, *last));
    if restored.is_some() {
        return caused(CauseKind::ReissuedAfterRestore, restored, *last);
    }
    let stored = history.first_after(*first, |fact| match fact {
        Fact::KeyStored { key: stored, .. } if stored == key => Some(None),
        _ => None,
    });
    match stored.filter(|deed| deed.fact < *last) {
        Some(stored) => {
            let step = history
                .crashed(reader, stored.fact)
                .and_then(|deed| deed.step);
            Cause {
                kind: CauseKind::ReissuedAfterUpload,
                step,
                decisive: stored.fact,
            }
        }
        None => {
            let step = match history.trace.at(*last).fact {
                Fact::KeyIssued { to, .. } => history.asked_to_send(to, *last),
                _ => None,
            };
            Cause {
                kind: CauseKind::IssuedTwice,
                step,
                decisive: *last,
            }
        }
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "only one fact is looked for"
)]
fn used(history: &History<'_>, key: KeyName, before: FactId) -> bool {
    let used = history.last_before(before, |fact| match fact {
        Fact::SessionAccepted { key: accepted, .. } if accepted == key => Some(None),
        _ => None,
    });
    used.is_some()
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "only one fact is looked for"
)]
fn discarded(history: &History<'_>, key: KeyName, before: FactId) -> Option<FactId> {
    let discarded = history.last_before(before, |fact| match fact {
        Fact::KeyDiscarded { key: discarded } if discarded == key => Some(None),
        _ => None,
    });
    discarded.map(|deed| deed.fact)
}

/// A cause that something from outside decided, if it did.
fn caused(kind: CauseKind, deed: Option<Deed>, otherwise: FactId) -> Cause {
    Cause {
        kind,
        step: deed.and_then(|deed| deed.step),
        decisive: deed.map_or(otherwise, |deed| deed.fact),
    }
}

#[cfg(test)]
mod tests;
