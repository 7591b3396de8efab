//! Which step made a device lose a key, or made somebody upload it again.

use crate::name::{DeviceId, KeyName, NodeId, ServerId, Table};
use crate::oracle::blame::Deed;
use crate::oracle::history::History;
use crate::trace::{Discard, Fact, FactId};
use crate::wire::MessageKind;

/// What made a device discard a key that somebody had claimed: what kept the
/// message back meanwhile, if anything did. Or else: for want of room, whoever
/// last claimed keys without using them; for a reset, what made it think that
/// its keys and those on the server are not the same; for a refusal, what made
/// it upload the key again; for a failure, whoever sent the message that failed.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "only one fact is looked for"
)]
pub(super) fn for_discard(
    history: &History<'_>,
    why: Discard,
    (discarded, failed): (FactId, FactId),
    reader: DeviceId,
) -> Option<Deed> {
    let deed = match why {
        Discard::Replaced => None,
        // Keys that were claimed and never used have filled the store.
        Discard::StoreFull => kept_from_arriving(history, (discarded, failed), reader)
            .or_else(|| claimed_by_strangers(history, discarded, reader)),
        Discard::Reset => kept_from_arriving(history, (discarded, failed), reader)
            .or_else(|| for_reset(history, discarded, reader)),
        Discard::Refused => for_repeated_upload(history, discarded, reader),
        Discard::Expired => kept_from_arriving(history, (discarded, failed), reader),
        Discard::Failed => history.last_before(discarded, |fact| match fact {
            Fact::Injected { copy, step, .. } if copy.to == reader => Some(Some(step)),
            _ => None,
        }),
    };
    deed.map(|deed| Deed {
        fact: discarded,
        ..deed
    })
}

/// What made somebody open a session on a fallback key that the device had
/// replaced by then or did soon after: that another server handed it out, which
/// could not ask the device's own; that the device's server had been put back to
/// before the next key came; or else whoever had claimed the one-time keys.
pub(super) fn for_retired(
    history: &History<'_>,
    key: KeyName,
    (retired, failed): (FactId, FactId),
) -> Option<Deed> {
    let (owner, server) = (key.owner, key.owner.server());
    let handed_out = issued_to_sender(history, key, failed);
    if let Some((issued, by)) = handed_out.filter(|(_, by)| *by != server) {
        return history.lost_each_other(by, server, issued);
    }
    let put_back = handed_out.and_then(|(issued, _)| {
        let next = successor_stored(history, key, issued)?;
        let stored = history.trace.at(next).at;
        history.last_rolled_back(server, Table::FallbackKeys, stored, (next, issued))
    });
    put_back.or_else(|| claimed_by_strangers(history, retired, owner))
}

/// When the sender of a message that failed was given its key, and by which
/// server.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "only one fact is looked for"
)]
fn issued_to_sender(
    history: &History<'_>,
    key: KeyName,
    failed: FactId,
) -> Option<(FactId, ServerId)> {
    let Fact::OlmFailed { message, .. } = history.trace.at(failed).fact else {
        return None;
    };
    let issued = history.clues().issued.get(&key)?.iter().rev();
    let mut before = issued.filter(|issued| **issued < failed);
    before.find_map(|issued| match history.trace.at(*issued).fact {
        Fact::KeyIssued { server, to, .. } if to == Some(message.sender) => Some((*issued, server)),
        _ => None,
    })
}

/// When the owner's server last stored another fallback key than this one.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "only one fact is looked for"
)]
fn successor_stored(history: &History<'_>, key: KeyName, before: FactId) -> Option<FactId> {
    let stored = history.last_said(before, |fact| match fact {
        Fact::KeyStored { key: next, .. }
            if (next.owner, next.kind) == (key.owner, key.kind)
                && (next.incarnation, next.id) > (key.incarnation, key.id) =>
        {
            Some(())
        }
        _ => None,
    });
    stored.map(|(fact, ())| fact)
}

/// What last happened to a device's store, or to what it had not stored yet.
pub(super) fn disturbed(
    history: &History<'_>,
    device: DeviceId,
    span: (FactId, FactId),
) -> Option<Deed> {
    let crashed = history
        .crashed(device, span.1)
        .filter(|deed| deed.fact > span.0);
    // A crash alone takes only what had not been stored yet.
    put_back(history, device, span).or(crashed)
}

/// What kept a device, or a second process of it, from learning that an upload
/// had arrived, or let that arrive again.
pub(super) fn for_repeated_upload(
    history: &History<'_>,
    before: FactId,
    device: DeviceId,
) -> Option<Deed> {
    let deeds = [
        history.crashed(device, before),
        history.answer_lost(device, MessageKind::KeysUpload, before),
        duplicated(history, MessageKind::KeysUpload, before, device),
        history.process_started(device, before),
    ];
    deeds.into_iter().flatten().max_by_key(|deed| deed.fact)
}

/// When somebody last deleted a device's keys from its server in its place, or
/// its own request to do so was made to arrive once more.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "only one fact is looked for"
)]
pub(super) fn reset_by_other(
    history: &History<'_>,
    before: FactId,
    owner: DeviceId,
) -> Option<Deed> {
    let reset = history.last_before(before, |fact| match fact {
        Fact::ResetByOther { device, step } if device == owner => Some(Some(step)),
        _ => None,
    });
    reset.or_else(|| duplicated(history, MessageKind::KeysReset, before, owner))
}

/// What made a device think that its keys and those on the server are not the
/// same: that either was put back; that somebody else, or another process of the
/// client, changed those on the server; or that somebody filled its store.
fn for_reset(history: &History<'_>, discarded: FactId, device: DeviceId) -> Option<Deed> {
    let span = (FactId(0), discarded);
    let server = device.server();
    let end = history.trace.at(discarded).at;
    let put_back = [
        put_back(history, device, span),
        history.last_rolled_back(server, Table::OneTimeKeys, end, span),
        reset_by_other(history, discarded, device),
        history.process_started(device, discarded),
    ];
    let put_back = put_back.into_iter().flatten().max_by_key(|deed| deed.fact);
    put_back
        .or_else(|| history.crashed(device, discarded))
        .or_else(|| claimed_by_strangers(history, discarded, device))
}

/// What kept the message back that failed later, when its key was discarded: a
/// link that was not whole then, between two servers or to the recipient.
#[expect(clippy::wildcard_enum_match_arm, reason = "only links are looked for")]
fn kept_from_arriving(
    history: &History<'_>,
    (discarded, failed): (FactId, FactId),
    reader: DeviceId,
) -> Option<Deed> {
    let Fact::OlmFailed { message, .. } = history.trace.at(failed).fact else {
        return None;
    };
    let [ours, theirs] = [message.sender, reader].map(|it| NodeId::Server(it.server()));
    let reader = NodeId::Device(reader);
    [[ours, theirs], [theirs, reader]]
        .into_iter()
        .find_map(|way| {
            let is_link = |between: [NodeId; 2]| way.iter().all(|end| between.contains(end));
            let last = history.last_before(discarded, |fact| match fact {
                Fact::LinkCut { between, step, .. } | Fact::LinkSlowed { between, step, .. }
                    if is_link(between) =>
                {
                    Some(step)
                }
                Fact::LinkMended { between, .. } if is_link(between) => Some(None),
                _ => None,
            });
            last.filter(|deed| deed.step.is_some())
        })
}

fn put_back(history: &History<'_>, device: DeviceId, span: (FactId, FactId)) -> Option<Deed> {
    let put_back = [
        history.put_back(device, span),
        history.logged_out(device, span),
    ];
    put_back.into_iter().flatten().max_by_key(|deed| deed.fact)
}

/// The last time before `before` that strangers claimed keys of a device.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "only one fact is looked for"
)]
pub(super) fn claimed_by_strangers(
    history: &History<'_>,
    before: FactId,
    owner: DeviceId,
) -> Option<Deed> {
    history.last_before(before, |fact| match fact {
        Fact::ClaimedByStrangers { device, step, .. } if device == owner => Some(Some(step)),
        _ => None,
    })
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "only one fact is looked for"
)]
fn duplicated(
    history: &History<'_>,
    what: MessageKind,
    before: FactId,
    owner: DeviceId,
) -> Option<Deed> {
    history.last_before(before, |fact| match fact {
        Fact::Duplicated { device, kind, step } if device == owner && kind == what => {
            Some(Some(step))
        }
        _ => None,
    })
}
