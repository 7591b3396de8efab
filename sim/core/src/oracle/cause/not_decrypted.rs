//! The message that carried the key arrived, and could not be decrypted; or it
//! was, and the key was lost afterwards.

use super::{Cause, CauseKind, blame, caused, issued_again};
use crate::crypto::OlmError;
use crate::name::{DeviceId, KeyKind, KeyName, SessionName};
use crate::oracle::blame::Deed;
use crate::oracle::clues::Share;
use crate::oracle::history::History;
use crate::time::Time;
use crate::trace::{Discard, Fact, FactId};
use crate::wire::MessageKind;

/// Why the message failed; or what became of the key that was in it.
pub(super) fn cause_of(history: &History<'_>, share: &Share, reader: DeviceId) -> Option<Cause> {
    let Some((failed, key, error)) = history.clues().failed.get(&share.message).copied() else {
        return dropped(history, share, reader).or_else(|| forgotten(history, share, reader));
    };
    let opened = session_of(history, failed).map_or(Time::ZERO, |session| session.opened);
    // A session that was opened with what the device was before.
    let out = history.logged_out(reader, (FactId(0), failed));
    if let Some(out) = out.filter(|out| history.trace.at(out.fact).at > opened) {
        return Some(caused(CauseKind::IdentityChanged, Some(out), failed));
    }
    match error {
        OlmError::MissingOneTimeKey => Some(match key.kind {
            KeyKind::OneTime => one_time_key_gone(history, key, failed, reader),
            KeyKind::Fallback => fallback_key_gone(history, key, failed, reader),
        }),
        OlmError::TooBigMessageGap => {
            let deed = history.wasted(share.message.sender, reader, failed);
            Some(Cause {
                kind: CauseKind::MessageGap,
                step: deed.and_then(|deed| deed.step),
                decisive: failed,
            })
        }
        OlmError::MissingMessageKey | OlmError::Invalid => {
            let ends = [reader, share.message.sender];
            let deed = forked(history, ends, opened, failed)
                .or_else(|| processes_forked(history, ends, failed))
                .or_else(|| crashed(history, ends, failed));
            Some(Cause {
                kind: CauseKind::RatchetForked,
                step: deed.and_then(|deed| deed.step),
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
    // What a device did before it was put back to a time before that, it has
    // not done.
    let counts = |done: &FactId| !undone(history, *done, failed, reader);
    if let Some(used) = used(history, key, failed).filter(counts) {
        return known_to_another_process(history, key, used, failed, reader)
            .unwrap_or_else(|| issued_again::cause_of(history, key, used, failed, reader));
    }
    let gone = discarded(history, key, failed).filter(|(gone, _)| counts(gone));
    if let Some((discarded, why)) = gone {
        let deed = blame::for_discard(history, why, (discarded, failed), reader);
        return caused(by_discard(why), deed, discarded);
    }
    let generated = generated(history, key);
    let made = history.trace.at(generated).at;
    let span = (generated, failed);
    if let Some(deed) = history.logged_out(reader, span) {
        return caused(CauseKind::IdentityChanged, Some(deed), failed);
    }
    if let Some(deed) = history.device_rolled_back(reader, made, span) {
        return caused(
            CauseKind::OneTimeKeyLostWithDeviceRestore,
            Some(deed),
            failed,
        );
    }
    if let Some(deed) = history.writes_lost(reader, made, span) {
        return caused(CauseKind::OneTimeKeyForgotten, Some(deed), failed);
    }
    // An account without the key has been stored over the one that had it.
    if let Some(deed) = history.store_is_shared(reader, generated) {
        let other = overwritten(history, key, (FactId(0), failed));
        return Cause {
            kind: CauseKind::OneTimeKeyOverwritten,
            step: deed.step,
            decisive: other.unwrap_or(failed),
        };
    }
    if let Some(other) = overwritten(history, key, span) {
        return caused(CauseKind::OneTimeKeyOverwritten, None, other);
    }
    let deed = history.crashed(reader, failed);
    caused(CauseKind::OneTimeKeyForgotten, deed, failed)
}

/// What it is called that a device discarded a one-time key.
const fn by_discard(why: Discard) -> CauseKind {
    match why {
        Discard::StoreFull | Discard::Replaced => CauseKind::OneTimeKeyEvicted,
        Discard::Reset => CauseKind::OneTimeKeyReset,
        Discard::Failed => CauseKind::OneTimeKeyDeletedOnFailure,
        Discard::Refused => CauseKind::OneTimeKeyRefused,
        Discard::Expired => CauseKind::OneTimeKeyExpired,
    }
}

/// The private half of a fallback key was gone when the message came.
fn fallback_key_gone(
    history: &History<'_>,
    key: KeyName,
    failed: FactId,
    reader: DeviceId,
) -> Cause {
    if let Some((retired, _)) = discarded(history, key, failed) {
        let deed = blame::for_retired(history, key, (retired, failed));
        return Cause {
            kind: CauseKind::FallbackKeyRetired,
            step: deed.and_then(|deed| deed.step),
            decisive: retired,
        };
    }
    let generated = generated(history, key);
    let made = history.trace.at(generated).at;
    let span = (generated, failed);
    if let Some(deed) = history.logged_out(reader, span) {
        return caused(CauseKind::IdentityChanged, Some(deed), failed);
    }
    let deed = history
        .device_rolled_back(reader, made, span)
        .or_else(|| history.writes_lost(reader, made, span))
        .or_else(|| history.store_is_shared(reader, generated));
    match deed {
        Some(_) => caused(CauseKind::FallbackKeyForgotten, deed, failed),
        None => caused(CauseKind::FallbackKeyRetired, None, failed),
    }
}

/// The message was decrypted, and the key in it was dropped: what kept the
/// reader from learning of the sender's device.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "only one fact is looked for"
)]
fn dropped(history: &History<'_>, share: &Share, reader: DeviceId) -> Option<Cause> {
    let dropped = history.first_after(share.fact, |fact| match fact {
        Fact::RoomKeyDropped { by, message, .. } if by == reader && message == share.message => {
            Some(None)
        }
        _ => None,
    })?;
    let (ours, theirs) = (share.message.sender.server(), reader.server());
    let deed = history
        .answer_lost(reader, MessageKind::KeysQuery, dropped.fact)
        .or_else(|| history.lost_each_other(theirs, ours, dropped.fact));
    Some(Cause {
        kind: CauseKind::SenderUnknown,
        step: deed.and_then(|deed| deed.step),
        decisive: dropped.fact,
    })
}

/// The message was decrypted, and the key in it is not there any more.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "only one fact is looked for"
)]
fn forgotten(history: &History<'_>, share: &Share, reader: DeviceId) -> Option<Cause> {
    let learned = history.first_after(share.fact, |fact| match fact {
        Fact::RoomKeyReceived { by, message, .. } if by == reader && message == share.message => {
            Some(None)
        }
        _ => None,
    })?;
    let span = (learned.fact, FactId(usize::MAX));
    let deed = blame::disturbed(history, reader, span)?;
    Some(caused(
        CauseKind::RoomKeyForgotten,
        Some(deed),
        learned.fact,
    ))
}

/// The session of a message that could not be decrypted.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "only one fact is looked for"
)]
fn session_of(history: &History<'_>, failed: FactId) -> Option<SessionName> {
    match history.trace.at(failed).fact {
        Fact::OlmFailed { session, .. } => Some(session),
        _ => None,
    }
}

/// What put back one end of a session since it was opened.
fn forked(
    history: &History<'_>,
    ends: [DeviceId; 2],
    opened: Time,
    failed: FactId,
) -> Option<Deed> {
    let span = (FactId(0), failed);
    let since = |deed: &Deed| history.trace.at(deed.fact).at >= opened;
    let put_back = ends.map(|end| history.put_back(end, span));
    let put_back = put_back.into_iter().flatten().filter(since);
    put_back.max_by_key(|deed| deed.fact)
}

/// What made two copies of one end of a session, in two processes.
fn processes_forked(history: &History<'_>, ends: [DeviceId; 2], failed: FactId) -> Option<Deed> {
    let forked = ends.map(|end| history.store_shared(end, failed));
    forked.into_iter().flatten().max_by_key(|deed| deed.fact)
}

/// A crash of one end in the middle of something.
fn crashed(history: &History<'_>, ends: [DeviceId; 2], failed: FactId) -> Option<Deed> {
    let crashed = ends.map(|end| history.crashed(end, failed));
    crashed.into_iter().flatten().max_by_key(|deed| deed.fact)
}

/// The key was used for the very session that the message is of, by another
/// process than the one that met the message. That one never had the key; or it
/// had a copy, with which it could have opened the session as well, until it
/// discarded that.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "only one fact is looked for"
)]
fn known_to_another_process(
    history: &History<'_>,
    key: KeyName,
    used: FactId,
    failed: FactId,
    reader: DeviceId,
) -> Option<Cause> {
    let accepted = match history.trace.at(used).fact {
        Fact::SessionAccepted { session, .. } => Some(session),
        _ => None,
    };
    if accepted != session_of(history, failed) {
        return None;
    }
    let deed = history
        .store_is_shared(reader, used)
        .or_else(|| history.store_is_shared(reader, generated(history, key)))?;
    // Whoever used the key had it then: what was discarded before that as well was
    // the copy of the other.
    let copy = discarded(history, key, failed).filter(|(gone, _)| *gone > deed.fact);
    let (decisive, kind) = match copy {
        Some((gone, why)) => (gone, by_discard(why)),
        None => (failed, CauseKind::OneTimeKeyOverwritten),
    };
    Some(Cause {
        kind,
        step: deed.step,
        decisive,
    })
}

/// Whether a device was put back, between two facts, to a time before the
/// first of them.
fn undone(history: &History<'_>, done: FactId, before: FactId, reader: DeviceId) -> bool {
    let (at, span) = (history.trace.at(done).at, (done, before));
    history.device_rolled_back(reader, at, span).is_some()
        || history.writes_lost(reader, at, span).is_some()
}

/// When a session was last opened on a key.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "only one fact is looked for"
)]
fn used(history: &History<'_>, key: KeyName, before: FactId) -> Option<FactId> {
    let used = history.last_said(before, |fact| match fact {
        Fact::SessionAccepted { key: accepted, .. } if accepted == key => Some(()),
        _ => None,
    });
    used.map(|(fact, ())| fact)
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "only one fact is looked for"
)]
fn discarded(history: &History<'_>, key: KeyName, before: FactId) -> Option<(FactId, Discard)> {
    history.last_said(before, |fact| match fact {
        Fact::KeyDiscarded { key: gone, why } if gone == key => Some(why),
        _ => None,
    })
}

/// When a key was made.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "only one fact is looked for"
)]
fn generated(history: &History<'_>, key: KeyName) -> FactId {
    let made = history.last_said(FactId(usize::MAX), |fact| match fact {
        Fact::KeyGenerated { key: made } if made == key => Some(()),
        _ => None,
    });
    made.map_or(FactId(0), |(fact, ())| fact)
}

/// When, between two facts, the device made another key under the same ID.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "only one fact is looked for"
)]
fn overwritten(
    history: &History<'_>,
    key: KeyName,
    (after, before): (FactId, FactId),
) -> Option<FactId> {
    let made = history.last_said(before, |fact| match fact {
        Fact::KeyGenerated { key: made }
            if made != key && (made.owner, made.kind, made.id) == (key.owner, key.kind, key.id) =>
        {
            Some(())
        }
        _ => None,
    });
    made.map(|(fact, ())| fact).filter(|made| *made > after)
}
