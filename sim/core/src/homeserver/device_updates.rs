//! `m.device_list_update`: what other servers are told of local devices, and
//! how a server sees that it has missed something (BS §2.7).
//!
//! An update names its place in the sending server's stream, and the place of
//! the last update of the same user before it. A server that has not taken
//! that one asks for the whole list. Places are compared for equality: after a
//! restore the same places are given out again, for other changes.

use std::collections::BTreeSet;

use litemap::LiteMap;

use super::device_lists::{Lists, QUERY_TIMEOUT};
use super::federation::Asked;
use super::tables::RemoteList;
use super::{Homeserver, Timer, Write};
use crate::crypto::Crypto;
use crate::name::{DeviceId, ServerId, ServerSet, UserId};
use crate::node::Cx;
use crate::time::{Span, Time};
use crate::wire::{DeviceKeys, DeviceListUpdate, Edu, FederationRequest, SignedKey};

/// For how long a server remembers, in memory, that it took an update.
const SEEN_MEMORY: Span = Span::mins(30);
/// Updates of one user that wait for longer are reduced to the last.
const UPDATES_KEPT: Span = Span::days(1);
/// How often outdated lists are asked for again.
const RESYNC_EVERY: Span = Span::secs(30);

/// What a server remembers of other servers' updates; lost at a restart.
#[derive(Debug, Default)]
pub(super) struct Updates {
    /// Which were taken, and when.
    seen: Vec<(Time, UserId, u64)>,
    /// Whose lists have been asked for, and whether they have changed since.
    resyncs: LiteMap<UserId, bool>,
    retry_at: Option<Time>,
}

impl Updates {
    /// Whether lists are to be asked for at a later time.
    pub(super) fn waits(&self) -> bool {
        self.retry_at.is_some()
    }
}

impl<C: Crypto> Homeserver<C> {
    /// The rows that tell other servers of a local device, which is the next
    /// change in the stream.
    pub(super) fn updates_for(
        &self,
        peers: ServerSet,
        device: DeviceId,
        (keys, fallback_key): (Option<&DeviceKeys<C>>, Option<&SignedKey<C>>),
        changed: Time,
    ) -> impl Iterator<Item = Write<C>> {
        let stream_id = self.tables.device_lists.position + 1;
        peers.into_iter().map(move |peer| {
            let update = DeviceListUpdate {
                device,
                keys: keys.cloned(),
                fallback_key: fallback_key.cloned(),
                stream_id,
                prev_id: None,
                changed,
            };
            Write::Queued(peer, Edu::DeviceListUpdate(update))
        })
    }

    /// Names in each update the one before it.
    pub(super) fn chain_updates(&self, peer: ServerId, edus: &mut [Edu<C>]) {
        for place in 0..edus.len() {
            let (before, rest) = edus.split_at_mut(place);
            if let Edu::DeviceListUpdate(update) = &mut rest[0] {
                let user = update.device.user();
                let mut before = before.iter().rev().filter_map(as_update);
                let before = before.find(|it| it.device.user() == user);
                let taken = &self.tables.device_lists.taken;
                update.prev_id = match before {
                    Some(before) => Some(before.stream_id),
                    None => taken.get(&(peer, user)).copied(),
                };
            }
        }
    }

    /// The rows that note which updates another server has taken, of what was
    /// at these places of the queue.
    pub(super) fn updates_taken(&self, peer: ServerId, places: &[u64]) -> Vec<Write<C>> {
        let Some(queue) = self.tables.outbox.edus.get(&peer) else {
            return vec![];
        };
        let taken = places.iter().filter_map(|place| queue.get(place));
        let row = |it: &DeviceListUpdate<C>| {
            Write::UpdatesTaken(peer, it.device.user(), Some(it.stream_id))
        };
        taken.filter_map(as_update).map(row).collect()
    }

    /// Throws away updates that another server could not be sent for a day,
    /// but for the last of each user. That one names none before it, so that
    /// the other server asks for the whole list.
    pub(super) fn prune_updates(&mut self, peer: ServerId, cx: &mut Cx<'_, Self>) {
        let Some(queue) = self.tables.outbox.edus.get(&peer) else {
            return;
        };
        let updates = || {
            let edus = queue.iter();
            edus.filter_map(|(row, edu)| as_update(edu).map(|it| (*row, it)))
        };
        let is_old = |it: &DeviceListUpdate<C>| cx.now.since(it.changed) > UPDATES_KEPT;
        let old = updates().filter(|(_, it)| is_old(it));
        let users: BTreeSet<UserId> = old.map(|(_, it)| it.device.user()).collect();
        let mut rows = vec![];
        for user in users {
            let of_user = updates().filter(|(_, it)| it.device.user() == user);
            let places: Vec<u64> = of_user.map(|(row, _)| row).collect();
            if let [thrown_away @ .., _] = &places[..]
                && !thrown_away.is_empty()
            {
                let gone = thrown_away.iter();
                rows.extend(gone.map(|place| Write::QueuedGone(peer, *place)));
                rows.push(Write::UpdatesTaken(peer, user, None));
            }
        }
        self.write(rows, cx);
    }

    /// Takes another server's updates, in their order: those that follow on
    /// what is known go into the list. Whose lists have to be asked for.
    ///
    /// Of a user whose list is not cached nothing is missed: it is asked for
    /// when a client wants it. Users with whom no room is shared are ignored.
    pub(super) fn take_updates(
        &mut self,
        updates: Vec<DeviceListUpdate<C>>,
        rows: &mut Vec<Write<C>>,
        cx: &mut Cx<'_, Self>,
    ) -> BTreeSet<UserId> {
        let now = cx.now;
        let mut missed = BTreeSet::new();
        if updates.is_empty() {
            return missed;
        }
        let is_recent = |(at, ..): &(Time, UserId, u64)| now.since(*at) < SEEN_MEMORY;
        self.updates.seen.retain(is_recent);
        let mut batch: Vec<(UserId, u64)> = vec![];
        for update in updates {
            let user = update.device.user();
            if !self.shares_room_with(user) {
                continue;
            }
            rows.extend(self.take_shared_key(&update, cx));
            match self.tables.device_lists.remote.get(&user) {
                None => rows.push(Write::DeviceListChanged(user)),
                Some(list) if self.follows(list, &update, &batch) => {
                    batch.push((user, update.stream_id));
                    rows.push(Write::RemoteDevice(update));
                    rows.push(Write::DeviceListChanged(user));
                }
                Some(_) => {
                    rows.push(Write::RemoteUserStale(user));
                    missed.insert(user);
                }
            }
        }
        let seen = batch.into_iter();
        let seen = seen.map(|(user, stream_id)| (now, user, stream_id));
        self.updates.seen.extend(seen);
        missed
    }

    /// A device of another server has spoken in a room. If it is not among
    /// those that are known of its user, something was missed.
    pub(super) fn heard(&mut self, sender: DeviceId, cx: &mut Cx<'_, Self>) {
        let user = sender.user();
        if user.server() == self.id {
            return;
        }
        let list = self.tables.device_lists.remote.get(&user);
        let is_known = list.is_some_and(|it| it.stale || it.devices.contains_key(&sender));
        if !is_known && self.shares_room_with(user) {
            self.write([Write::RemoteUserStale(user)], cx);
            self.resync(user, cx);
        }
    }

    /// Asks for all devices of a user.
    pub(super) fn resync(&mut self, user: UserId, cx: &mut Cx<'_, Self>) {
        if let Some(changed) = self.updates.resyncs.get_mut(&user) {
            *changed = true;
            return;
        }
        self.updates.resyncs.insert(user, false);
        let request = FederationRequest::Query { users: vec![user] };
        let asked = Asked::Resync(user);
        self.ask(user.server(), request, asked, QUERY_TIMEOUT, cx);
    }

    /// A user's server has told of all their devices, or failed to. Clients are
    /// told only now.
    pub(super) fn resynced(
        &mut self,
        user: UserId,
        answer: Option<(u64, Lists<C>)>,
        cx: &mut Cx<'_, Self>,
    ) {
        let changed = self.updates.resyncs.remove(&user).unwrap_or(false);
        if !self.shares_room_with(user) {
            self.write([Write::RemoteUserGone(user)], cx);
            return;
        }
        let Some((stream_id, lists)) = answer else {
            self.plan_resyncs(cx);
            return;
        };
        let devices = lists.into_iter().filter(|(whose, _)| *whose == user);
        let devices = devices.flat_map(|(_, devices)| devices).collect();
        let mut rows = vec![
            Write::RemoteUser(user, devices, stream_id),
            Write::DeviceListChanged(user),
        ];
        rows.extend(changed.then_some(Write::RemoteUserStale(user)));
        // What was seen before is behind where this server is now.
        self.updates.seen.retain(|(_, whose, _)| *whose != user);
        self.updates.seen.push((cx.now, user, stream_id));
        self.write(rows, cx);
        self.notify_all(cx);
        if changed {
            self.resync(user, cx);
        }
    }

    /// The loop that asks again for outdated lists. Rounds that would find
    /// nothing to do are skipped.
    pub(super) fn resync_loop(&mut self, cx: &mut Cx<'_, Self>) {
        self.updates.retry_at = None;
        let outdated: Vec<UserId> = self.waiting_lists().collect();
        for user in outdated {
            if !self.backs_off(user.server(), cx.now) {
                self.resync(user, cx);
            }
        }
        self.plan_resyncs(cx);
    }

    /// Plans the first round of the loop in which the server of some user whose
    /// list is outdated is no longer left alone. That a server makes itself
    /// heard changes no plan, but that it answers does: over a link that is slow
    /// for days servers would otherwise keep each other asking all the time.
    pub(super) fn plan_resyncs(&mut self, cx: &mut Cx<'_, Self>) {
        let retry = &self.tables.retry;
        let free = |user: UserId| retry.get(&user.server()).map_or(cx.now, |it| it.until);
        let Some(earliest) = self.waiting_lists().map(free).min() else {
            return;
        };
        let earliest = earliest.max(cx.now).since(self.started).ticks();
        let rounds = earliest / RESYNC_EVERY.ticks() + 1;
        let at = self.started + RESYNC_EVERY.times(rounds);
        let planned = self.updates.retry_at;
        if planned.is_none_or(|planned| at < planned || planned <= cx.now) {
            self.updates.retry_at = Some(at);
            cx.wake(at.since(cx.now), Timer::ResyncLoop);
        }
    }

    /// Users of other servers whose lists are known to be outdated.
    pub(super) fn stale_lists(&self) -> impl Iterator<Item = UserId> + '_ {
        let lists = self.tables.device_lists.remote.iter();
        lists.filter(|(_, list)| list.stale).map(|(user, _)| *user)
    }

    pub(super) fn is_stale(&self, user: UserId) -> bool {
        let list = self.tables.device_lists.remote.get(&user);
        list.is_some_and(|list| list.stale)
    }

    fn waiting_lists(&self) -> impl Iterator<Item = UserId> + '_ {
        let outdated = self.stale_lists();
        outdated.filter(|user| !self.updates.resyncs.contains_key(user))
    }

    /// Whether nothing is missing between what is known of a user and an
    /// update, `batch` being what came with it.
    fn follows(
        &self,
        list: &RemoteList<C>,
        update: &DeviceListUpdate<C>,
        batch: &[(UserId, u64)],
    ) -> bool {
        let user = update.device.user();
        update.prev_id.is_some_and(|prev| {
            let seen = self.updates.seen.iter();
            let mut seen = seen.map(|(_, user, id)| (*user, *id));
            !list.stale
                && (list.extremity == prev
                    || batch.contains(&(user, prev))
                    || seen.any(|it| it == (user, prev)))
        })
    }
}

fn as_update<C: Crypto>(edu: &Edu<C>) -> Option<&DeviceListUpdate<C>> {
    match edu {
        Edu::DeviceListUpdate(update) => Some(update),
        Edu::DirectToDevice(..) => None,
    }
}
