//! The sender had not given the reader a key that covers the event.

use super::{Cause, CauseKind, blame, caused, invitation};
use crate::name::{DeviceId, EventId, RoomId, Table};
use crate::oracle::clues::Share;
use crate::oracle::history::{Event, History};
use crate::time::Span;
use crate::trace::{ClaimMiss, Fact, FactId, RemoteFailure, Withholding};
use crate::wire::MessageKind;

/// How long a server waits for the answer to a claim (BS §1.5).
const CLAIM_TIMEOUT: Span = Span::secs(10);

/// The last obstacle that the sender met before it sent the event; or that it
/// did not want to; or that it gave the key too late.
pub(super) fn cause_of(
    history: &History<'_>,
    id: EventId,
    event: &Event,
    reader: DeviceId,
    shares: &[Share],
) -> Cause {
    if let Some(withheld) = withheld(history, event, reader) {
        return caused(CauseKind::Withheld, None, withheld);
    }
    let obstacle = obstacle(history, id, event, reader)
        .or_else(|| invitation::unheard(history, id, event, reader));
    match (obstacle, shares.first()) {
        (Some(obstacle), _) => obstacle,
        // It was given the key in the end: what had kept it unknown till then.
        (None, Some(later)) => Cause {
            kind: CauseKind::LaterIndexOnly,
            step: device_unknown(history, id, event.room, reader, event.sent).step,
            decisive: later.fact,
        },
        // Neither given a key nor refused one: the sender did not know the
        // device, though perhaps another of the same user.
        (None, None) => device_unknown(history, id, event.room, reader, event.sent),
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "only one fact is looked for"
)]
fn withheld(history: &History<'_>, event: &Event, reader: DeviceId) -> Option<FactId> {
    let deed = history.last_before(event.sent, |fact| match fact {
        Fact::RoomKeyWithheld {
            session,
            message,
            why: Withholding::Blacklisted,
        } if session == event.session && message.to == reader => Some(None),
        _ => None,
    });
    deed.map(|deed| deed.fact)
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "only obstacles are looked for"
)]
fn obstacle(history: &History<'_>, id: EventId, event: &Event, reader: DeviceId) -> Option<Cause> {
    let met = history.last_before(event.sent, |fact| match fact {
        Fact::ClaimMissed { by, of, .. } if by == id.sender && of == reader => Some(None),
        Fact::DevicesUnknown { by, of } if by == id.sender && of == reader.user() => Some(None),
        _ => None,
    })?;
    // A client sends one event after the other, and meets anew for each what
    // stands in its way.
    let before = history.last_said(event.sent, |fact| match fact {
        Fact::EventSent { event, .. } if event.sender == id.sender => Some(()),
        _ => None,
    });
    let obstacle = Some(met).filter(|met| before.is_none_or(|(before, ())| before < met.fact))?;
    match history.trace.at(obstacle.fact).fact {
        Fact::ClaimMissed { why, .. } => {
            Some(claim_missed(history, why, obstacle.fact, id, reader))
        }
        _ => Some(device_unknown(
            history,
            id,
            event.room,
            reader,
            obstacle.fact,
        )),
    }
}

/// How long it takes until other servers have heard of a device.
const TO_BE_HEARD_OF: Span = Span::mins(1);

/// What kept the sender from hearing of the reader's device: its server, or
/// the reader's, was put back to before the device was there or heard of; or
/// the reader's, to before it had deleted it; or they lost each other; or the
/// reader's user was only invited, so that its server told of no change.
fn device_unknown(
    history: &History<'_>,
    id: EventId,
    room: RoomId,
    reader: DeviceId,
    at: FactId,
) -> Cause {
    let (ours, theirs) = (id.sender.server(), reader.server());
    let published = history.there_since(reader);
    let made = history.trace.at(published).at + TO_BE_HEARD_OF;
    let span = (published, at);
    let deed = [
        (theirs, Table::Devices),
        (theirs, Table::Outbox),
        (ours, Table::DeviceLists),
    ]
    .into_iter()
    .find_map(|(server, table)| history.last_rolled_back(server, table, made, span))
    .or_else(|| history.undeleted(reader, at))
    .or_else(|| history.lost_each_other(ours, theirs, at))
    .or_else(|| invitation::pending(history, id.sender, room, reader.user(), at));
    caused(CauseKind::DeviceUnknown, deed, at)
}

fn claim_missed(
    history: &History<'_>,
    why: ClaimMiss,
    missed: FactId,
    id: EventId,
    reader: DeviceId,
) -> Cause {
    let (theirs, ours) = (reader.server(), id.sender.server());
    match why {
        // It is left alone for what happened the last time it was not.
        ClaimMiss::DeviceCoolingDown => {
            let (first, why) = before_cooling_down(history, missed, id.sender, reader)
                .unwrap_or((missed, ClaimMiss::NoKey));
            let cause = claim_missed(history, why, first, id, reader);
            let decisive = missed;
            Cause { decisive, ..cause }
        }
        // The key of what the device was before: still known, or put back.
        ClaimMiss::BadSignature => {
            let out = history.logged_out(reader, (FactId(0), missed));
            let deed = out.and_then(|out| {
                let (at, span) = (history.trace.at(out.fact).at, (out.fact, missed));
                [Table::OneTimeKeys, Table::FallbackKeys]
                    .into_iter()
                    .find_map(|table| history.last_rolled_back(theirs, table, at, span))
            });
            Cause {
                kind: CauseKind::IdentityChanged,
                step: deed.and_then(|deed| deed.step),
                decisive: missed,
            }
        }
        ClaimMiss::NoKey => {
            let (at, span) = (history.trace.at(missed).at, (FactId(0), missed));
            let deed = [Table::FallbackKeys, Table::OneTimeKeys]
                .into_iter()
                .find_map(|table| history.last_rolled_back(theirs, table, at, span))
                .or_else(|| blame::reset_by_other(history, missed, reader));
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
            let kind = if !asked {
                CauseKind::ClaimBackedOff
            } else if was_issued(history, waited, id, reader) {
                CauseKind::ClaimAnswerLost
            } else {
                CauseKind::ClaimUnreachable
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
    let (ours, theirs) = (id.sender.server(), reader.server());
    let failure = history.last_said(before, |fact| match fact {
        Fact::RemoteFailed {
            server,
            peer,
            kind: MessageKind::FederationClaim,
            why,
        } if server == ours && peer == theirs => Some(why),
        _ => None,
    });
    failure.map(|(_, why)| why)
}

/// Whether the reader's server had handed the sender a key in the time in
/// which the sender's server waited for it.
fn was_issued(history: &History<'_>, timed_out: FactId, id: EventId, reader: DeviceId) -> bool {
    let gave_up = history.trace.at(timed_out).at;
    let facts = history.trace.before(timed_out).rev();
    let waiting = facts.take_while(|(_, it)| gave_up.since(it.at) <= CLAIM_TIMEOUT);
    waiting.map(|(_, it)| it.fact).any(|fact| {
        matches!(fact, Fact::KeyIssued { key, to, .. }
            if key.owner == reader && to == Some(id.sender))
    })
}

/// The last time that a claim on a device failed for what came of it.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "only one fact is looked for"
)]
fn before_cooling_down(
    history: &History<'_>,
    missed: FactId,
    sender: DeviceId,
    reader: DeviceId,
) -> Option<(FactId, ClaimMiss)> {
    history.last_said(missed, |fact| match fact {
        Fact::ClaimMissed {
            by,
            of,
            why: why @ (ClaimMiss::NoKey | ClaimMiss::BadSignature),
        } if by == sender && of == reader => Some(why),
        _ => None,
    })
}
