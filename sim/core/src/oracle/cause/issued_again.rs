//! A one-time key that was used once was issued a second time.

use super::{Cause, CauseKind, blame};
use crate::name::{DeviceId, KeyName, Table};
use crate::oracle::history::History;
use crate::trace::{Fact, FactId};

/// What brought back a key that was used (`used`), so that a message on it could
/// not be decrypted (`failed`).
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "only issues and uploads are looked for"
)]
pub(super) fn cause_of(
    history: &History<'_>,
    key: KeyName,
    used: FactId,
    failed: FactId,
    reader: DeviceId,
) -> Cause {
    let issued = history
        .clues()
        .issued
        .get(&key)
        .map_or(&[][..], Vec::as_slice);
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
            Fact::KeyIssued { to, .. } => to.is_some() && to == sender,
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
    let server = reader.server();
    let restored = history.last_rolled_back(server, Table::OneTimeKeys, at, (*first, *last));
    let stored_after = |after| {
        history.first_after(after, |fact| match fact {
            Fact::KeyStored { key: stored, .. } if stored == key => Some(None),
            _ => None,
        })
    };
    let again = stored_after(restored.map_or(*first, |deed| deed.fact));
    let again = again.filter(|deed| deed.fact < *last);
    if let Some(deed) = restored {
        // A restore that made the server forget the key, and a device that
        // uploaded it again because of that.
        let forgotten = again.map(|again| (CauseKind::ReissuedAfterUpload, again.fact));
        let kind = match history.trace.at(deed.fact).fact {
            Fact::WritesLost { .. } => CauseKind::ReissuedAfterCrash,
            _ => CauseKind::ReissuedAfterRestore,
        };
        let (kind, decisive) = forgotten.unwrap_or((kind, deed.fact));
        let step = deed.step;
        return Cause {
            kind,
            step,
            decisive,
        };
    }
    // Or it was there twice before it was issued at all.
    let again = again.or_else(|| {
        let since = place
            .checked_sub(2)
            .map_or(FactId(0), |place| issued[place]);
        let twice = stored_after(stored_after(since)?.fact)?;
        (twice.fact < *first).then_some(twice)
    });
    match again {
        Some(stored) => {
            let deed = blame::for_repeated_upload(history, stored.fact, reader);
            Cause {
                kind: CauseKind::ReissuedAfterUpload,
                step: deed.and_then(|deed| deed.step),
                decisive: stored.fact,
            }
        }
        None => {
            // Of all who were given the key, one could use it.
            let step = match history.trace.at(used).fact {
                Fact::SessionAccepted { session, .. } => {
                    history.asked_to_send(session.opener, used)
                }
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
