//! Events whose predecessors this server does not have, as after a restore:
//! it asks the sending server for what lies between (BS §2.8, §3).

use std::sync::Arc;

use litemap::LiteMap;

use super::Homeserver;
use super::federation::Asked;
use crate::crypto::Crypto;
use crate::name::{EventId, RoomId, ServerId, ServerSet};
use crate::node::Cx;
use crate::time::Span;
use crate::wire::{FederationRequest, RoomEvent};

/// How long a homeserver waits for missing events.
const MISSING_EVENTS_TIMEOUT: Span = Span::secs(60);

/// Events that wait for their predecessors, by the newest of them.
#[derive(Debug)]
pub(super) struct Missing<C: Crypto> {
    waiting: LiteMap<EventId, Arc<RoomEvent<C>>>,
}

impl<C: Crypto> Default for Missing<C> {
    fn default() -> Self {
        Self {
            waiting: LiteMap::new(),
        }
    }
}

impl<C: Crypto> Homeserver<C> {
    /// Takes an event from another server: at once if its predecessors are
    /// known, otherwise after asking for them.
    pub(super) fn receive_event(
        &mut self,
        peer: ServerId,
        event: Arc<RoomEvent<C>>,
        cx: &mut Cx<'_, Self>,
    ) {
        if self.has_event(event.room, event.id) || self.missing.waiting.contains_key(&event.id) {
            return;
        }
        let Some(room) = self.tables.rooms.rooms.get(&event.room) else {
            return;
        };
        if event
            .previous
            .iter()
            .all(|previous| room.known.contains(previous))
        {
            self.append(event, ServerSet::default(), cx);
            return;
        }
        let earliest = room.extremities.clone();
        let (room, latest) = (event.room, event.id);
        self.missing.waiting.insert(latest, event);
        let request = FederationRequest::MissingEvents {
            room,
            earliest,
            latest,
        };
        self.ask(
            peer,
            request,
            Asked::MissingEvents(latest),
            MISSING_EVENTS_TIMEOUT,
            cx,
        );
    }

    /// The events between have come: they go in first, then the one that
    /// waited. Predecessors that even the other server lacks are done without.
    pub(super) fn missing_events_answered(
        &mut self,
        latest: EventId,
        room: RoomId,
        between: Vec<Arc<RoomEvent<C>>>,
        cx: &mut Cx<'_, Self>,
    ) {
        let waiting = self.missing.waiting.remove(&latest);
        for event in between.into_iter().chain(waiting) {
            if event.room == room && !self.has_event(room, event.id) {
                self.append(event, ServerSet::default(), cx);
            }
        }
    }

    /// The other server did not answer: the event is dropped, and comes again
    /// as a predecessor of the next.
    pub(super) fn missing_events_failed(&mut self, latest: EventId) {
        self.missing.waiting.remove(&latest);
    }
}
