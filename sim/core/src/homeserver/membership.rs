//! Joining and leaving rooms, and what follows from it for device lists
//! (BS §2.7, §3). Bans and the resolution of conflicting memberships are not
//! modelled.

use std::sync::Arc;

use super::federation::{Asked, Joining};
use super::rooms::Room;
use super::{Homeserver, Write, respond};
use crate::crypto::Crypto;
use crate::name::{DeviceId, EventId, RoomId, ServerId, ServerSet, UserId};
use crate::node::Cx;
use crate::time::Span;
use crate::trace::Fact;
use crate::wire::{
    ClientResponse, FederationRequest, FederationResponse, Joined, Membership, MessageKind,
    RequestId, RoomContent, RoomEvent,
};

/// How long a homeserver waits for another to let its user in.
const JOIN_TIMEOUT: Span = Span::secs(60);

impl<C: Crypto> Homeserver<C> {
    /// A user joins a room: at once if the server is in it already, otherwise
    /// through one of the servers that the client names.
    pub(super) fn join(
        &mut self,
        device: DeviceId,
        id: RequestId,
        room: RoomId,
        via: Vec<ServerId>,
        cx: &mut Cx<'_, Self>,
    ) {
        let event = EventId {
            sender: device,
            sent: cx.now,
        };
        let row = self.tables.rooms.rooms.get(&room);
        let is_in = row.is_some_and(|row| row.is_on(self.id));
        if !is_in {
            let joining = Joining {
                device,
                id,
                room,
                event,
                via,
            };
            self.join_through_next(joining, cx);
            return;
        }
        if row.is_some_and(|row| !row.has(device.user())) {
            let join = member_event(event, room, device.user(), Membership::Join);
            self.originate(join, &[], cx);
        }
        self.answer_membership(device, id, MessageKind::Join, true, cx);
    }

    /// A user leaves a room.
    pub(super) fn leave(
        &mut self,
        device: DeviceId,
        id: RequestId,
        room: RoomId,
        cx: &mut Cx<'_, Self>,
    ) {
        let row = self.tables.rooms.rooms.get(&room);
        let is_in = row.is_some_and(|row| row.has(device.user()));
        if is_in {
            let event = EventId {
                sender: device,
                sent: cx.now,
            };
            let leave = member_event(event, room, device.user(), Membership::Leave);
            self.originate(leave, &[], cx);
        }
        self.answer_membership(device, id, MessageKind::Leave, is_in, cx);
    }

    /// Another server's user joins through this one.
    pub(super) fn federated_join(
        &mut self,
        peer: ServerId,
        room: RoomId,
        event: EventId,
        cx: &mut Cx<'_, Self>,
    ) -> FederationResponse<C> {
        let row = self.tables.rooms.rooms.get(&room);
        let is_in = row.is_some_and(|row| row.is_on(self.id));
        if !is_in || event.sender.server() != peer {
            return FederationResponse::Join(None);
        }
        // The other server asks again here if another answer was lost, and the
        // join may have come from there.
        let mut timeline = row.into_iter().flat_map(|row| &row.timeline);
        let known = timeline.find(|(_, known)| known.id == event);
        let event = match known {
            Some((_, known)) => known.clone(),
            None => {
                let join = member_event(event, room, event.sender.user(), Membership::Join);
                self.originate(join, &[peer], cx)
            }
        };
        let row = &self.tables.rooms.rooms[&room];
        FederationResponse::Join(Some(Joined {
            members: row.members().collect(),
            before: row.before_join_of(event.id.sender.user()),
            event,
        }))
    }

    /// The server that was asked to let a user in has answered, or failed.
    pub(super) fn join_answered(
        &mut self,
        joining: Joining,
        joined: Option<Joined<C>>,
        cx: &mut Cx<'_, Self>,
    ) {
        let Some(Joined {
            event,
            members,
            before: events,
        }) = joined
        else {
            self.join_through_next(joining, cx);
            return;
        };
        let Joining { device, id, .. } = joining;
        // If another user of this server has come in meanwhile, the room is
        // known already, and possibly from a newer answer than this one.
        let row = self.tables.rooms.rooms.get(&event.room);
        let is_in = row.is_some_and(|row| row.is_on(self.id));
        if !is_in {
            let before: Vec<_> = members
                .into_iter()
                .filter(|user| *user != device.user())
                .collect();
            self.write([Write::Room(event.room, before)], cx);
        }
        for earlier in events {
            if !self.has_event(event.room, earlier.id) {
                self.append(earlier, ServerSet::default(), cx);
            }
        }
        self.append(event, ServerSet::default(), cx);
        self.answer_membership(device, id, MessageKind::Join, true, cx);
    }

    /// What a change of membership means for the lists that are kept of other
    /// servers' users: updates are ignored once no room is shared, so what is
    /// known would grow old, and is forgotten.
    pub(super) fn membership_changes(
        &self,
        room: RoomId,
        user: UserId,
        membership: Membership,
        cx: &mut Cx<'_, Self>,
    ) -> Vec<Write<C>> {
        cx.observe(Fact::MembershipStored {
            server: self.id,
            room,
            user,
            membership,
        });
        match membership {
            Membership::Join | Membership::Invite => vec![],
            Membership::Leave => {
                let lost = self.no_longer_shared_with(room, user);
                lost.into_iter().map(Write::RemoteUserGone).collect()
            }
        }
    }

    /// Other servers' users with whom this server shares no room any more
    /// once `leaver` has left this one.
    fn no_longer_shared_with(&self, room: RoomId, leaver: UserId) -> Vec<UserId> {
        let rooms = &self.tables.rooms.rooms;
        let members = || rooms.get(&room).into_iter().flat_map(Room::members);
        let stays = members().any(|user| user.server() == self.id && user != leaver);
        let lost = members().filter(|user| *user == leaver || !stays);
        let elsewhere = |user| {
            let mut others = rooms.iter().filter(|(id, _)| **id != room);
            others.any(|(_, row)| row.has(user) && row.is_on(self.id))
        };
        lost.filter(|user| user.server() != self.id && !elsewhere(*user))
            .collect()
    }

    fn join_through_next(&mut self, mut joining: Joining, cx: &mut Cx<'_, Self>) {
        joining.via.retain(|server| *server != self.id);
        if joining.via.is_empty() {
            let Joining { device, id, .. } = joining;
            self.answer_membership(device, id, MessageKind::Join, false, cx);
            return;
        }
        let peer = joining.via.remove(0);
        let request = FederationRequest::Join {
            room: joining.room,
            event: joining.event,
        };
        self.ask(peer, request, Asked::Join(joining), JOIN_TIMEOUT, cx);
    }

    pub(super) fn answer_membership(
        &self,
        device: DeviceId,
        id: RequestId,
        kind: MessageKind,
        done: bool,
        cx: &mut Cx<'_, Self>,
    ) {
        respond(device, id, kind, ClientResponse::Membership(done), cx);
    }
}

/// A change of a user's membership, as yet without a place in the room.
pub(super) fn member_event<C: Crypto>(
    id: EventId,
    room: RoomId,
    user: UserId,
    membership: Membership,
) -> Arc<RoomEvent<C>> {
    Arc::new(RoomEvent {
        id,
        room,
        previous: Arc::default(),
        content: RoomContent::Member(user, membership),
    })
}
