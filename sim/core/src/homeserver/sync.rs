//! `GET /sync`: what a client is told, and when (BS §2.3, §2.4, §8.1, §8.3).
//!
//! A poll is answered at once if there is a to-device message, an event or a
//! changed device list. What the server says of the device's own keys wakes
//! no poll; it is told when the poll reaches the end of its 30 s. A poll that
//! would tell nothing new at that point is not answered but stays open, and
//! stands for the polls that would follow it.

use super::{Homeserver, Timer, respond};
use crate::crypto::Crypto;
use crate::name::{DeviceId, RoomId, UserId};
use crate::node::Cx;
use crate::time::{Span, Time};
use crate::wire::{ClientResponse, RequestId, RoomEvent, SyncResponse, SyncToken, ToDevice};

/// How long a poll is held.
const POLL: Span = Span::secs(30);
/// To-device messages in one answer, at the most.
const TO_DEVICE_PER_SYNC: usize = 100;

/// A poll that is being held.
#[derive(Clone, Copy, Debug)]
pub(super) struct Poll {
    id: RequestId,
    since: Option<SyncToken>,
    opened: Time,
    /// Whether the end of the present 30 s is being waited for.
    ends: bool,
}

impl<C: Crypto> Homeserver<C> {
    /// A client's poll. Its token acknowledges everything up to it, and a
    /// token from the future is bounded to where the streams are now.
    pub(super) fn sync(
        &mut self,
        device: DeviceId,
        id: RequestId,
        since: Option<SyncToken>,
        cx: &mut Cx<'_, Self>,
    ) {
        let newest = self.newest();
        let since = since.map(|token| SyncToken {
            events: token.events.min(newest.events),
            to_device: token.to_device.min(newest.to_device),
            device_lists: token.device_lists.min(newest.device_lists),
        });
        if let Some(token) = since {
            self.acknowledge(device, token.to_device, cx);
        }
        self.polls.insert(
            device,
            Poll {
                id,
                since,
                opened: cx.now,
                ends: false,
            },
        );
        self.answer_if_news(device, cx);
        self.counts_changed(device, cx);
    }

    /// Answers every poll that has something to be answered with.
    pub(super) fn notify_all(&mut self, cx: &mut Cx<'_, Self>) {
        let polling: Vec<DeviceId> = self.polls.keys().copied().collect();
        for device in polling {
            self.answer_if_news(device, cx);
        }
    }

    /// A device's own keys changed: if it has not been told of how they are
    /// now, its poll is answered at the end of the present 30 s.
    pub(super) fn counts_changed(&mut self, device: DeviceId, cx: &mut Cx<'_, Self>) {
        let counts = self.counts(device);
        let Some(poll) = self.polls.get_mut(&device) else {
            return;
        };
        if self.told.get(&device) == Some(&counts) || poll.ends {
            return;
        }
        poll.ends = true;
        let elapsed = cx.now.since(poll.opened).ticks();
        let end = POLL.times(elapsed / POLL.ticks() + 1);
        cx.wake(
            (poll.opened + end).since(cx.now),
            Timer::PollEnds(device, poll.id),
        );
    }

    /// The end of a poll's 30 s: it is answered if that tells anything new.
    pub(super) fn poll_ends(&mut self, device: DeviceId, id: RequestId, cx: &mut Cx<'_, Self>) {
        let Some(poll) = self.polls.get_mut(&device).filter(|poll| poll.id == id) else {
            return;
        };
        poll.ends = false;
        if self.told.get(&device) != Some(&self.counts(device)) {
            self.answer(device, cx);
        }
    }

    fn answer_if_news(&mut self, device: DeviceId, cx: &mut Cx<'_, Self>) {
        let Some(poll) = self.polls.get(&device) else {
            return;
        };
        if self.has_news(device, poll.since) {
            self.answer(device, cx);
        }
    }

    fn answer(&mut self, device: DeviceId, cx: &mut Cx<'_, Self>) {
        let Some(poll) = self.polls.remove(&device) else {
            return;
        };
        let response = self.sync_response(device, poll.since);
        self.told.insert(device, response.counts);
        respond(device, poll.id, ClientResponse::Sync(response), cx);
    }

    fn has_news(&self, device: DeviceId, since: Option<SyncToken>) -> bool {
        let Some(since) = since else { return true };
        self.inbox_after(device, since.to_device).next().is_some()
            || self
                .events_after(device.user, since.events)
                .next()
                .is_some()
            || self.rooms_after(device.user, since.events).next().is_some()
            || self
                .changed_after(device.user, since.device_lists)
                .next()
                .is_some()
    }

    fn sync_response(&self, device: DeviceId, since: Option<SyncToken>) -> SyncResponse<C> {
        let from = since.unwrap_or_default();
        let page: Vec<(u64, &ToDevice<C>)> = self
            .inbox_after(device, from.to_device)
            .take(TO_DEVICE_PER_SYNC)
            .collect();
        let mut next = self.newest();
        if page.len() == TO_DEVICE_PER_SYNC {
            next.to_device = page
                .last()
                .map_or(next.to_device, |(position, _)| *position);
        }
        let mut events: Vec<(u64, &RoomEvent<C>)> =
            self.events_after(device.user, from.events).collect();
        events.sort_unstable_by_key(|(place, _)| *place);
        // A first sync tells no changes: the client knows no list yet.
        let mut changed: Vec<UserId> = match since {
            None => vec![],
            Some(_) => self.changed_after(device.user, from.device_lists).collect(),
        };
        changed.sort_unstable();
        changed.dedup();
        SyncResponse {
            next,
            joined: self.rooms_after(device.user, from.events).collect(),
            device_lists_changed: changed,
            to_device: page
                .into_iter()
                .map(|(_, message)| message.clone())
                .collect(),
            events: events.into_iter().map(|(_, event)| event.clone()).collect(),
            counts: self.counts(device),
        }
    }

    fn newest(&self) -> SyncToken {
        SyncToken {
            events: self.tables.rooms.position,
            to_device: self.tables.inbox.position,
            device_lists: self.tables.device_lists.position,
        }
    }

    fn inbox_after(
        &self,
        device: DeviceId,
        position: u64,
    ) -> impl Iterator<Item = (u64, &ToDevice<C>)> {
        let inbox = self.tables.inbox.messages.get(&device);
        let messages = inbox
            .into_iter()
            .flat_map(move |it| it.range(position + 1..));
        messages.map(|(position, message)| (*position, message))
    }

    fn events_after(&self, user: UserId, place: u64) -> impl Iterator<Item = (u64, &RoomEvent<C>)> {
        let rooms = self.tables.rooms.rooms.values();
        let own = rooms.filter(move |room| room.members.contains(&user));
        let events = own.flat_map(move |room| {
            let start = room.timeline.partition_point(|(at, _)| *at <= place);
            room.timeline[start..].iter()
        });
        events.map(|(place, event)| (*place, event))
    }

    fn rooms_after(&self, user: UserId, place: u64) -> impl Iterator<Item = (RoomId, Vec<UserId>)> {
        let rooms = self.tables.rooms.rooms.iter();
        let new = rooms.filter(move |(_, it)| it.created > place && it.members.contains(&user));
        new.map(|(room, it)| (*room, it.members.clone()))
    }

    fn changed_after(&self, user: UserId, position: u64) -> impl Iterator<Item = UserId> {
        let changes = self.tables.device_lists.changes.iter().rev();
        let new = changes
            .take_while(move |(at, _)| *at > position)
            .map(|(_, changed)| *changed);
        new.filter(move |changed| *changed == user || self.share_room(user, *changed))
    }

    fn share_room(&self, a: UserId, b: UserId) -> bool {
        let mut rooms = self.tables.rooms.rooms.values();
        rooms.any(|room| room.members.contains(&a) && room.members.contains(&b))
    }
}
