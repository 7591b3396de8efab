//! What an invitation has to do with a key that was not given: the sender had
//! not heard of it, or servers do not tell each other of the devices of a user
//! who is only invited.

use super::{Cause, CauseKind};
use crate::name::{DeviceId, EventId, RoomId, UserId};
use crate::oracle::blame::Deed;
use crate::oracle::history::{Event, History};
use crate::trace::{Fact, FactId};
use crate::wire::{Membership, MessageKind};

/// The invitation of which the sender had not been told when it sent the event,
/// if the reader's user was invited by then: what kept its `/sync` from telling,
/// or else the step that invited them.
pub(super) fn unheard(
    history: &History<'_>,
    id: EventId,
    event: &Event,
    reader: DeviceId,
) -> Option<Cause> {
    let (sender, user) = (id.sender, reader.user());
    let place = history.clues().reached.get(&(sender.server(), id));
    let place = place.copied().unwrap_or(event.sent);
    // Whether they have joined by then is of no matter.
    let changed = [Membership::Invite, Membership::Leave];
    let (invited, membership) = last_change(history, sender, event.room, user, place, &changed)?;
    if membership == Membership::Leave {
        return None;
    }
    if history.there_since(sender) > invited || was_told(history, sender, event, user, invited) {
        return None;
    }
    let lost = history.answer_lost(sender, MessageKind::Sync, event.sent);
    let lost = lost.filter(|deed| deed.fact > invited);
    let deed = lost.or_else(|| asked_for(history, event.room, user, invited));
    Some(Cause {
        kind: CauseKind::InvitationUnheard,
        step: deed.and_then(|deed| deed.step),
        decisive: invited,
    })
}

/// The step that invited a user who, as the sender's server has it, had not
/// joined yet.
pub(super) fn pending(
    history: &History<'_>,
    sender: DeviceId,
    room: RoomId,
    user: UserId,
    at: FactId,
) -> Option<Deed> {
    let changed = [Membership::Invite, Membership::Join, Membership::Leave];
    let (last, membership) = last_change(history, sender, room, user, at, &changed)?;
    match membership {
        Membership::Invite => asked_for(history, room, user, last),
        Membership::Join | Membership::Leave => None,
    }
}

/// Whether the sender was told between an invitation and the event that the user
/// is in the room or invited; whoever joins is told of everybody.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "only two facts are looked for"
)]
fn was_told(
    history: &History<'_>,
    sender: DeviceId,
    event: &Event,
    user: UserId,
    invited: FactId,
) -> bool {
    let told = history.last_said(event.sent, |fact| match fact {
        Fact::MembershipSeen {
            by,
            room,
            user: who,
            membership,
        } if (by, room, who) == (sender, event.room, user) && membership.may_read() => Some(()),
        Fact::MembershipStored {
            server,
            room,
            user: who,
            membership: Membership::Join,
        } if (server, room, who) == (sender.server(), event.room, sender.user()) => Some(()),
        _ => None,
    });
    told.is_some_and(|(fact, ())| fact > invited)
}

/// The last change of a user's membership to one of these, as the sender's server
/// has it.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "only one fact is looked for"
)]
fn last_change(
    history: &History<'_>,
    sender: DeviceId,
    room: RoomId,
    user: UserId,
    before: FactId,
    to: &[Membership],
) -> Option<(FactId, Membership)> {
    history.last_said(before, |fact| match fact {
        Fact::MembershipStored {
            server,
            room: on,
            user: who,
            membership,
        } if (server, on, who) == (sender.server(), room, user) && to.contains(&membership) => {
            Some(membership)
        }
        _ => None,
    })
}

/// The last step before an invitation was stored that asked for it.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "only one fact is looked for"
)]
fn asked_for(history: &History<'_>, room: RoomId, user: UserId, invited: FactId) -> Option<Deed> {
    history.last_before(invited, |fact| match fact {
        Fact::ToldToInvite {
            user: who,
            room: to,
            step,
            ..
        } if (who, to) == (user, room) => Some(Some(step)),
        _ => None,
    })
}
