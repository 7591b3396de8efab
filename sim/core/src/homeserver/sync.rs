//! `GET /sync`: what a client is told, and when (BS §2.3, §2.4, §8.1, §8.3).
//!
//! A poll is answered at once if there is a to-device message, an event or a
//! changed device list. What the server says of the device's own keys wakes
//! no poll: it is told at the end of the poll's 30 s, as it was at their
//! beginning, because that is when the answer was built (synapse#17491). A
//! poll that would tell nothing new at that point is not answered but stays
//! open, and stands for the polls that would follow it.

use std::sync::Arc;

use std::collections::BTreeSet;

use litemap::LiteMap;

use super::{Homeserver, Timer, respond};
use crate::cast::SyncApi;
use crate::crypto::Crypto;
use crate::name::{DeviceId, RoomId, UserId};
use crate::node::Cx;
use crate::protocol::SyncTokens;
use crate::time::{Span, Time};
use crate::wire::{
    ClientResponse, KeyCounts, MessageKind, RequestId, RoomEvent, SyncResponse, SyncToken, ToDevice,
};

/// How long a poll is held.
const POLL: Span = Span::secs(30);
/// To-device messages in one answer, at the most.
const TO_DEVICE_PER_SYNC: usize = 100;

/// For how long an answer is given again to the same question.
const ANSWER_MEMORY: Span = Span::mins(2);

/// Who polls: a device, and whether that is its second process, whose polls
/// are its own.
pub(super) type Poller = (DeviceId, bool);

/// A poll that is being held.
#[derive(Clone, Copy, Debug)]
pub(super) struct Poll {
    id: RequestId,
    /// The token that the client showed.
    asked: Option<SyncToken>,
    /// The same, bounded to where the streams were.
    since: Option<SyncToken>,
    /// What the client knows of its keys.
    known: Option<KeyCounts>,
    api: SyncApi,
    opened: Time,
    /// The state of the device's keys when the present 30 s began.
    counts: KeyCounts,
    /// Whether the end of the present 30 s is being waited for.
    ends: bool,
}

/// The polls that are being held.
pub(super) type Polls = LiteMap<Poller, Poll>;

/// An answer that was given, and to what.
#[derive(Clone, Debug)]
pub(super) struct Answered<C: Crypto> {
    asked: Option<SyncToken>,
    at: Time,
    response: Arc<SyncResponse<C>>,
}

impl<C: Crypto> Homeserver<C> {
    /// A client's poll. Its token acknowledges everything up to it, and a
    /// token from the future is bounded to where the streams are now. A
    /// question that was answered a short while ago gets the same answer.
    pub(super) fn sync(
        &mut self,
        device: DeviceId,
        id: RequestId,
        (since, known, api): (Option<SyncToken>, Option<KeyCounts>, SyncApi),
        cx: &mut Cx<'_, Self>,
    ) {
        let poller = (device, id.second().is_some());
        // A poll that was given up can arrive after the one that took its place.
        if self.polls.get(&poller).is_some_and(|poll| poll.id > id) {
            return;
        }
        let answered = self.answered_syncs.of(device);
        answered.retain(|it| cx.now.since(it.at) < ANSWER_MEMORY);
        let same = answered.iter().find(|it| it.asked == since);
        let same = same.map(|it| it.response.clone());
        if let Some(response) = same {
            self.polls.remove(&poller);
            let response = ClientResponse::Sync(response);
            respond(device, id, MessageKind::Sync, response, cx);
            return;
        }
        let bounded = since.map(|token| self.bounded(token, api, cx));
        if let Some(token) = bounded {
            self.acknowledge(device, token.to_device, cx);
        }
        let counts = self.counts(device, cx);
        let poll = Poll {
            id,
            asked: since,
            since: bounded,
            known,
            api,
            opened: cx.now,
            counts,
            ends: false,
        };
        // A token from the future is set right at once.
        if bounded != since || self.has_news(device, bounded) {
            self.polls.remove(&poller);
            self.answer(device, &poll, counts, cx);
        } else {
            self.polls.insert(poller, poll);
            self.await_end(poller, counts, cx);
        }
    }

    /// Answers every poll that has something to be answered with.
    pub(super) fn notify_all(&mut self, cx: &mut Cx<'_, Self>) {
        let polls = self.polls.iter();
        let told = polls.filter(|((device, _), poll)| self.has_news(*device, poll.since));
        let told: Vec<Poller> = told.map(|(poller, _)| *poller).collect();
        for poller in told {
            let counts = self.counts(poller.0, cx);
            self.answer_held(poller, counts, cx);
        }
    }

    /// A device is not told anything any more.
    pub(super) fn stop_polls(&mut self, device: DeviceId) {
        for is_second in [false, true] {
            self.polls.remove(&(device, is_second));
        }
    }

    /// A device's own keys may have changed.
    pub(super) fn counts_changed(&mut self, device: DeviceId, cx: &mut Cx<'_, Self>) {
        let counts = self.counts(device, cx);
        for is_second in [false, true] {
            self.await_end((device, is_second), counts, cx);
        }
    }

    /// If whoever polls does not know how the device's keys are, the end of the
    /// poll's present 30 s matters.
    fn await_end(&mut self, poller: Poller, counts: KeyCounts, cx: &mut Cx<'_, Self>) {
        let Some(poll) = self.polls.get_mut(&poller) else {
            return;
        };
        let is_known = poll.known == Some(poll.counts) && poll.known == Some(counts);
        if is_known || poll.ends {
            return;
        }
        poll.ends = true;
        let elapsed = cx.now.since(poll.opened).ticks();
        let end = POLL.times(elapsed / POLL.ticks() + 1);
        cx.wake(
            (poll.opened + end).since(cx.now),
            Timer::PollEnds(poller.0, poll.id),
        );
    }

    /// The end of a poll's 30 s: it is answered with what was so at their
    /// beginning, unless that is known and still so. Then the next 30 s begin.
    pub(super) fn poll_ends(&mut self, device: DeviceId, id: RequestId, cx: &mut Cx<'_, Self>) {
        let counts = self.counts(device, cx);
        let poller = (device, id.second().is_some());
        let Some(poll) = self.polls.get_mut(&poller).filter(|poll| poll.id == id) else {
            return;
        };
        poll.ends = false;
        let at_the_beginning = std::mem::replace(&mut poll.counts, counts);
        // What a client knows is told again all the same if it is not so any
        // more: a client that hears twice that no key is left makes keys twice.
        if poll.known == Some(at_the_beginning) && counts == at_the_beginning {
            self.await_end(poller, counts, cx);
        } else {
            self.answer_held(poller, at_the_beginning, cx);
        }
    }

    /// Answers the poll that is being held for somebody.
    fn answer_held(&mut self, poller: Poller, counts: KeyCounts, cx: &mut Cx<'_, Self>) {
        if let Some(poll) = self.polls.remove(&poller) {
            self.answer(poller.0, &poll, counts, cx);
        }
    }

    fn answer(&mut self, device: DeviceId, poll: &Poll, counts: KeyCounts, cx: &mut Cx<'_, Self>) {
        let says_counts = match poll.api {
            SyncApi::Sync => true,
            SyncApi::Sliding => poll.known != Some(counts),
        };
        let response = Arc::new(SyncResponse {
            says_counts,
            ..self.sync_response(device, poll.since, counts)
        });
        // An answer that leads back to its own question is not kept, or the
        // client would get it again and again at once.
        if poll.asked != Some(response.next) {
            let answered = Answered {
                asked: poll.asked,
                at: cx.now,
                response: response.clone(),
            };
            self.answered_syncs.of(device).push(answered);
        }
        let response = ClientResponse::Sync(response);
        respond(device, poll.id, MessageKind::Sync, response, cx);
    }

    fn has_news(&self, device: DeviceId, since: Option<SyncToken>) -> bool {
        let Some(since) = since else { return true };
        let newest = self.newest();
        let (messages, lists) = (since.to_device, since.device_lists);
        // Where a stream has not moved on, nothing of it has to be looked at.
        (since.events < newest.events && self.has_events(device.user(), since.events))
            || (messages < newest.to_device && !self.inbox_after(device, messages).is_empty())
            || (lists < newest.device_lists
                && self
                    .lists_changed_after(device.user(), lists)
                    .next()
                    .is_some())
    }

    fn has_events(&self, user: UserId, place: u64) -> bool {
        self.events_after(user, place).next().is_some()
            || self.rooms_after(user, place).next().is_some()
    }

    fn sync_response(
        &self,
        device: DeviceId,
        since: Option<SyncToken>,
        counts: KeyCounts,
    ) -> SyncResponse<C> {
        let from = since.unwrap_or_default();
        let page = self.inbox_after(device, from.to_device);
        let page = &page[..page.len().min(TO_DEVICE_PER_SYNC)];
        let mut next = self.newest();
        // Nothing that is new to a token that lies ahead leads back behind it.
        next.to_device = next.to_device.max(from.to_device);
        if page.len() == TO_DEVICE_PER_SYNC {
            next.to_device = page
                .last()
                .map_or(next.to_device, |(position, _)| *position);
        }
        // Where a stream has not moved on, nothing of it has to be looked at.
        let in_rooms = from.events < next.events;
        let mut events: Vec<(u64, &Arc<RoomEvent<C>>)> = match in_rooms {
            true => self.events_after(device.user(), from.events).collect(),
            false => vec![],
        };
        events.sort_unstable_by_key(|(place, _)| *place);
        let joined = match in_rooms {
            true => self.rooms_after(device.user(), from.events).collect(),
            false => vec![],
        };
        // A first sync tells no changes: the client knows no list yet.
        let (changed, left) = match since {
            Some(_) if in_rooms || from.device_lists < next.device_lists => {
                self.list_changes(device.user(), from)
            }
            _ => (BTreeSet::new(), BTreeSet::new()),
        };
        SyncResponse {
            next,
            joined,
            device_lists_changed: changed.into_iter().collect(),
            device_lists_left: left.into_iter().collect(),
            to_device: page.iter().map(|(_, message)| message.clone()).collect(),
            events: events.into_iter().map(|(_, event)| event.clone()).collect(),
            counts,
            says_counts: true,
        }
    }

    /// A client's token, set right. One from the future is bounded to where the
    /// streams are now, but for what sliding sync says of to-device messages:
    /// that is taken as it is, however far ahead it lies. A server that knows
    /// tokens of another history for what they are begins again with all that
    /// it has.
    fn bounded(&self, token: SyncToken, api: SyncApi, cx: &Cx<'_, Self>) -> SyncToken {
        let newest = self.newest();
        if token.epoch != newest.epoch {
            match cx.protocol.sync_tokens() {
                SyncTokens::Positions => {}
                SyncTokens::WithEpoch => {
                    let epoch = newest.epoch;
                    return SyncToken {
                        epoch,
                        ..SyncToken::default()
                    };
                }
            }
        }
        SyncToken {
            events: token.events.min(newest.events),
            to_device: match api {
                SyncApi::Sync => token.to_device.min(newest.to_device),
                SyncApi::Sliding => token.to_device,
            },
            device_lists: token.device_lists.min(newest.device_lists),
            epoch: token.epoch,
        }
    }

    fn newest(&self) -> SyncToken {
        SyncToken {
            events: self.tables.rooms.position,
            to_device: self.tables.inbox.position,
            device_lists: self.tables.device_lists.position,
            epoch: self.tables.epoch,
        }
    }

    fn inbox_after(&self, device: DeviceId, position: u64) -> &[(u64, ToDevice<C>)] {
        let inbox = self.tables.inbox.messages.get(device);
        let messages = inbox.map_or(&[][..], LiteMap::as_slice);
        let first = messages.partition_point(|(at, _)| *at <= position);
        &messages[first..]
    }

    fn events_after(
        &self,
        user: UserId,
        place: u64,
    ) -> impl Iterator<Item = (u64, &Arc<RoomEvent<C>>)> {
        let rooms = self.tables.rooms.changed_after(place);
        let events = rooms.flat_map(move |(_, room)| room.seen_by(user, place));
        events.map(|(place, event)| (*place, event))
    }

    fn rooms_after(&self, user: UserId, place: u64) -> impl Iterator<Item = (RoomId, Vec<UserId>)> {
        let rooms = self.tables.rooms.changed_after(place);
        let new = rooms.filter(move |(_, room)| room.is_new_to(user, place));
        new.map(|(id, room)| (id, room.members_and_invited()))
    }

    /// Whose devices changed, or who came into a room with `user`; and who
    /// shares none with it any more. Memberships are looked up and not noted
    /// as changes, so that one member is not told of what concerns another.
    fn list_changes(&self, user: UserId, from: SyncToken) -> (BTreeSet<UserId>, BTreeSet<UserId>) {
        let mut changed: BTreeSet<UserId> =
            self.lists_changed_after(user, from.device_lists).collect();
        let mut left = BTreeSet::new();
        for (_, room) in self.tables.rooms.changed_after(from.events) {
            for (other, shares) in room.companions_after(user, from.events) {
                if shares {
                    changed.insert(other);
                } else {
                    left.insert(other);
                }
            }
        }
        left.retain(|gone| *gone != user && !self.share_room(user, *gone));
        (changed, left)
    }

    /// Users whose devices changed and who share a room with `user`.
    fn lists_changed_after(&self, user: UserId, position: u64) -> impl Iterator<Item = UserId> {
        let changes = self.tables.device_lists.changes.iter().rev();
        let new = changes
            .take_while(move |(at, _)| *at > position)
            .map(|(_, changed)| *changed);
        new.filter(move |changed| *changed == user || self.share_room(user, *changed))
    }

    fn share_room(&self, a: UserId, b: UserId) -> bool {
        self.tables.rooms.share_room(a, b)
    }
}
