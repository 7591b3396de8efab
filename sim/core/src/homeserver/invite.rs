//! Inviting users to rooms (BS §3). The server of whoever is invited is asked
//! first, and an invitation that it cannot be asked about is none; what it tells
//! their clients is of no matter to keys. That an invitation is declined or
//! withdrawn is not modelled.

use std::sync::Arc;

use super::Homeserver;
use super::federation::Asked;
use super::membership::member_event;
use crate::crypto::Crypto;
use crate::name::{DeviceId, EventId, RoomId, UserId};
use crate::node::Cx;
use crate::time::Span;
use crate::wire::{FederationRequest, Membership, MessageKind, RequestId, RoomContent, RoomEvent};

/// How long a homeserver waits for another to hear of an invitation.
const INVITE_TIMEOUT: Span = Span::secs(60);

/// A client's request to invite a user, while their server is asked.
#[derive(Clone, Debug)]
pub(super) struct Inviting<C: Crypto> {
    device: DeviceId,
    id: RequestId,
    /// The invitation, as yet without a place in the room.
    event: Arc<RoomEvent<C>>,
}

impl<C: Crypto> Homeserver<C> {
    /// A member invites a user. That they are invited already settles it.
    pub(super) fn invite(
        &mut self,
        device: DeviceId,
        id: RequestId,
        room: RoomId,
        user: UserId,
        cx: &mut Cx<'_, Self>,
    ) {
        let event = EventId {
            sender: device,
            sent: cx.now,
        };
        let event = member_event(event, room, user, Membership::Invite);
        let inviting = Inviting { device, id, event };
        let row = self.tables.rooms.rooms.get(&room);
        let is_invited = row.is_some_and(|row| row.has_invited(user));
        if is_invited || user.server() == self.id || !self.may_invite(&inviting.event, user) {
            self.invite_answered(inviting, true, cx);
            return;
        }
        let request = FederationRequest::Invite(inviting.event.clone());
        let asked = Asked::Invite(inviting);
        self.ask(user.server(), request, asked, INVITE_TIMEOUT, cx);
    }

    /// The server of whoever is invited has answered, or failed.
    pub(super) fn invite_answered(
        &mut self,
        inviting: Inviting<C>,
        agreed: bool,
        cx: &mut Cx<'_, Self>,
    ) {
        let Inviting { device, id, event } = inviting;
        let RoomContent::Member(user, _) = event.content else {
            unreachable!("an invitation is a member event")
        };
        let done = agreed && self.may_invite(&event, user);
        let row = self.tables.rooms.rooms.get(&event.room);
        if done && row.is_some_and(|row| !row.has_invited(user)) {
            self.originate(event, &[], cx);
        }
        self.answer_membership(device, id, MessageKind::Invite, done, cx);
    }

    /// Whether the sender is in the room, and the user is not.
    fn may_invite(&self, event: &RoomEvent<C>, user: UserId) -> bool {
        let row = self.tables.rooms.rooms.get(&event.room);
        row.is_some_and(|row| row.has(event.id.sender.user()) && !row.has(user))
    }
}
