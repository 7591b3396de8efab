//! Rooms: members, events and their order on this server (BS §3).

use std::collections::BTreeSet;

use super::tables::Rooms;
use super::{Homeserver, Write};
use crate::crypto::Crypto;
use crate::name::{EventId, RoomId, ServerId};
use crate::node::Cx;
use crate::trace::Fact;
use crate::wire::RoomEvent;

impl<C: Crypto> Rooms<C> {
    /// Whether every other server in a room has been sent this server's own
    /// events of that room.
    pub(super) fn sent_to_all(&self, own: ServerId) -> bool {
        self.peers(own)
            .iter()
            .all(|peer| self.unsent(own, *peer).next().is_none())
    }

    /// This server's own events that `peer` has not been sent, in order.
    pub(super) fn unsent(
        &self,
        own: ServerId,
        peer: ServerId,
    ) -> impl Iterator<Item = (u64, &RoomEvent<C>)> {
        let sent = self.sent.get(&peer).copied().unwrap_or(0);
        let shared = self
            .rooms
            .values()
            .filter(move |room| room.members.iter().any(|it| it.server == peer));
        let mut events: Vec<(u64, &RoomEvent<C>)> = shared
            .flat_map(|room| {
                let start = room.timeline.partition_point(|(place, _)| *place <= sent);
                room.timeline[start..].iter()
            })
            .filter(|(_, event)| event.id.sender.user.server == own)
            .map(|(place, event)| (*place, event))
            .collect();
        events.sort_unstable_by_key(|(place, _)| *place);
        events.into_iter()
    }

    /// All other servers in any room.
    pub(super) fn peers(&self, own: ServerId) -> BTreeSet<ServerId> {
        let members = self.rooms.values().flat_map(|room| &room.members);
        members
            .map(|member| member.server)
            .filter(|server| *server != own)
            .collect()
    }
}

impl<C: Crypto> Homeserver<C> {
    /// A client's event: placed after everything the server knows of, then
    /// sent to the other servers in the room. An event seen before is ignored.
    pub(super) fn send_event(&mut self, mut event: RoomEvent<C>, cx: &mut Cx<'_, Self>) {
        let Some(room) = self.tables.rooms.rooms.get(&event.room) else {
            return;
        };
        if !room.members.contains(&event.id.sender.user) || room.known.contains(&event.id) {
            return;
        }
        event.previous = room.extremities.iter().copied().collect();
        self.append(event, cx);
        for peer in self.tables.rooms.peers(self.id) {
            self.flush(peer, cx);
        }
    }

    /// Appends an event whose predecessors are known.
    pub(super) fn append(&mut self, event: RoomEvent<C>, cx: &mut Cx<'_, Self>) {
        cx.observe(Fact::EventStored {
            server: self.id,
            event: event.id,
        });
        self.write(vec![Write::Event(event)], cx);
        self.notify_all(cx);
    }

    /// Whether the server has an event.
    pub(super) fn has_event(&self, room: RoomId, event: EventId) -> bool {
        self.tables
            .rooms
            .rooms
            .get(&room)
            .is_some_and(|it| it.known.contains(&event))
    }

    /// The events before `latest` that do not come before or with `earliest`,
    /// oldest first.
    pub(super) fn events_between(
        &self,
        room: RoomId,
        earliest: &[EventId],
        latest: EventId,
    ) -> Vec<RoomEvent<C>> {
        let Some(room) = self.tables.rooms.rooms.get(&room) else {
            return vec![];
        };
        let known = |id: EventId| room.timeline.iter().find(|(_, event)| event.id == id);
        let mut wanted = BTreeSet::new();
        let mut to_visit = vec![latest];
        while let Some((_, event)) = to_visit.pop().and_then(known) {
            for previous in &event.previous {
                if !earliest.contains(previous) && wanted.insert(*previous) {
                    to_visit.push(*previous);
                }
            }
        }
        let events = room.timeline.iter().map(|(_, event)| event);
        events
            .filter(|event| wanted.contains(&event.id))
            .cloned()
            .collect()
    }
}
