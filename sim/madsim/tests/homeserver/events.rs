//! Room events, as the tests make them and as clients see them.

use std::sync::Arc;

use unwedge_core::crypto::{Body, Crypto as _, RoomMessage};
use unwedge_core::name::{DeviceId, EventId, MegolmName, RoomId, UserId};
use unwedge_core::time::{Span, Time};
use unwedge_core::wire::{ClientRequest, ClientResponse, Membership, RoomContent, RoomEvent};
use unwedge_madsim::Vodozemac;

use super::Server;

/// The room that most tests are about.
pub(crate) const ROOM: RoomId = RoomId(0);
/// A room beside it.
pub(crate) const SIDE_ROOM: RoomId = RoomId(1);

/// What a timeline tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// Somebody said something, with this number.
    Said(u64),
    Joined(UserId),
    Left(UserId),
    Invited(UserId),
}

/// The ID of a sender's event number `n`.
pub(crate) fn event_id(sender: DeviceId, n: u64) -> EventId {
    let sent = Time::ZERO + Span::millis(n);
    EventId { sender, sent }
}

/// What a device says in a room, as number `n`.
pub(crate) fn said(sender: DeviceId, room: RoomId, n: u64) -> Arc<RoomEvent<Vodozemac>> {
    let id = event_id(sender, n);
    let body = Body::Timeline;
    let mut session = Vodozemac.new_group_session();
    let ciphertext = Vodozemac.encrypt_event(&mut session, &RoomMessage { event: id, body });
    let session = MegolmName {
        sender,
        room,
        created: id.sent,
    };
    Arc::new(RoomEvent {
        id,
        room,
        previous: [].into(),
        content: RoomContent::Encrypted {
            session,
            ciphertext,
        },
    })
}

/// A user's change of membership, as the device's event number `n`.
pub(crate) fn member(
    sender: DeviceId,
    n: u64,
    membership: Membership,
) -> Arc<RoomEvent<Vodozemac>> {
    Arc::new(RoomEvent {
        id: event_id(sender, n),
        room: ROOM,
        previous: [].into(),
        content: RoomContent::Member(sender.user(), membership),
    })
}

/// What these events tell, in order.
pub(crate) fn seen(events: &[Arc<RoomEvent<Vodozemac>>]) -> Vec<Seen> {
    let seen = events.iter().map(|event| match &event.content {
        RoomContent::Encrypted { .. } => {
            let since = event.id.sent.since(Time::ZERO);
            Seen::Said(since.ticks() / Span::millis(1).ticks())
        }
        RoomContent::Member(user, Membership::Join) => Seen::Joined(*user),
        RoomContent::Member(user, Membership::Leave) => Seen::Left(*user),
        RoomContent::Member(user, Membership::Invite) => Seen::Invited(*user),
    });
    seen.collect()
}

impl Server {
    /// A device says something in a room.
    pub(crate) fn say(&mut self, sender: DeviceId, room: RoomId, n: u64) {
        let event = said(sender, room, n);
        let response = self.request(sender, ClientRequest::SendEvent(event));
        assert!(matches!(response, ClientResponse::SendEvent));
    }
}
