//! Outbound Megolm sessions and sharing their keys (BS §1.8, §1.9).

use std::collections::BTreeSet;
use std::sync::Arc;

use litemap::LiteMap;

use super::outgoing::Request;
use super::store::{OutboundRow, Share};
use super::{Device, Write};
use crate::crypto::{Content, Crypto};
use crate::name::{DeviceId, MegolmName, RoomId, UserId};
use crate::node::Cx;
use crate::protocol::{OverSharedSessions, Resharing};
use crate::time::Span;
use crate::trace::{Fact, Withholding};
use crate::wire::{ClientRequest, ToDevice, ToDeviceContent};

/// A session is replaced at this age.
const ROTATION_PERIOD: Span = Span::days(7);

impl<C: Crypto> Device<C> {
    /// Encrypts the room's key for everybody who does not have it, and stores
    /// the requests before any is sent. Whether any is outstanding.
    pub(super) fn share_room_key(&mut self, room: RoomId, cx: &mut Cx<'_, Self>) -> bool {
        let mut row = self.current_session(room, cx);
        let mut messages = vec![];
        let mut told = vec![];
        for device in self.recipients(room) {
            if self.store.blocked.contains(&device) {
                messages.extend(self.withhold_from(device, &mut row, cx));
            } else if !self.has_session(device) {
                if self.store.told_no_olm.contains(&device) {
                    continue; // Told once, and never again (BS §1.9).
                }
                let id = self.new_message(device, cx);
                cx.observe(Fact::RoomKeyWithheld {
                    session: row.name,
                    message: id,
                    why: Withholding::NoOlm,
                });
                messages.push(ToDevice {
                    id,
                    content: ToDeviceContent::NoOlm,
                });
                told.push(Write::ToldNoOlm(device));
            } else if let Some(message) = self.share_with(device, &mut row, cx) {
                messages.push(message);
            }
        }
        while !messages.is_empty() {
            let rest = messages.split_off(messages.len().min(cx.settings.recipients_per_request));
            let transaction = self.new_transaction();
            Arc::make_mut(&mut row)
                .unsent
                .insert(transaction, std::mem::replace(&mut messages, rest));
        }
        let outstanding = !row.unsent.is_empty();
        let row = Write::Outbound(room, row);
        self.write(told.into_iter().chain([row]), cx);
        outstanding
    }

    /// Sends the next request that shares the room's key.
    pub(super) fn send_next_share(&mut self, room: RoomId, cx: &mut Cx<'_, Self>) {
        let row = self.store.outbound.get(&room);
        let next = row.and_then(|row| row.unsent.first());
        if let Some((transaction, messages)) = next {
            let (transaction, messages) = (*transaction, messages.clone());
            let request = ClientRequest::SendToDevice {
                transaction,
                messages,
            };
            self.ask(Request::Share { room, transaction }, request, cx);
        }
    }

    /// The server took a request that shares the room's key. Whether more
    /// are outstanding.
    pub(super) fn share_taken(
        &mut self,
        room: RoomId,
        transaction: u64,
        cx: &mut Cx<'_, Self>,
    ) -> bool {
        let Some(row) = self.store.outbound.get_mut(&room) else {
            return false;
        };
        let unsent = &mut Arc::make_mut(row).unsent;
        unsent.remove(&transaction);
        let outstanding = !unsent.is_empty();
        cx.persist_known(|| Write::Outbound(room, row.clone()));
        outstanding
    }

    /// The room's session, or a new one if there is none, if it has expired,
    /// or if somebody has its key who is to have no more (BS §1.8). It is taken out
    /// of the store, so that it can be changed in place.
    fn current_session(&mut self, room: RoomId, cx: &mut Cx<'_, Self>) -> Arc<OutboundRow<C>> {
        if let Some(row) = self.store.outbound.remove(&room) {
            let age = cx.now.since(row.name.created);
            let expired = row.messages >= cx.settings.rotation_messages || age >= ROTATION_PERIOD;
            let is_good = || {
                !self.is_over_shared(&row)
                    || match cx.protocol.over_shared_sessions() {
                        OverSharedSessions::Replaced => false,
                        OverSharedSessions::Kept => true,
                    }
            };
            if !expired && is_good() {
                return row;
            }
            cx.observe(Fact::GroupSessionDiscarded { session: row.name });
        }
        let session = cx.crypto.new_group_session();
        let pickle = cx.crypto.pickle_group_session(&session);
        self.outbound.insert(room, session);
        Arc::new(OutboundRow {
            name: MegolmName {
                sender: self.id,
                room,
                created: cx.now,
            },
            pickle,
            messages: 0,
            shared: LiteMap::new(),
            withheld: BTreeSet::new(),
            exports: LiteMap::new(),
            unsent: LiteMap::new(),
        })
    }

    /// Whether the key was given to a user who is not in the room any more, or
    /// to a device that is gone or blocked.
    fn is_over_shared(&self, row: &OutboundRow<C>) -> bool {
        let members = self.members(row.name.room);
        row.shared.iter().any(|(device, share)| {
            let keys = self.known_device(*device);
            !members.contains(&device.user())
                || self.store.blocked.contains(device)
                || keys.is_none_or(|keys| keys.identity != share.theirs)
        })
    }

    /// Tells a device, once for each session, that it will not get its key.
    fn withhold_from(
        &mut self,
        device: DeviceId,
        row: &mut Arc<OutboundRow<C>>,
        cx: &mut Cx<'_, Self>,
    ) -> Option<ToDevice<C>> {
        if !Arc::make_mut(row).withheld.insert(device) {
            return None;
        }
        let id = self.new_message(device, cx);
        cx.observe(Fact::RoomKeyWithheld {
            session: row.name,
            message: id,
            why: Withholding::Blacklisted,
        });
        let content = ToDeviceContent::Blacklisted(row.name);
        Some(ToDevice { id, content })
    }

    /// Everybody in the room, as far as this device knows.
    pub(super) fn members(&self, room: RoomId) -> &[UserId] {
        let members = self.store.rooms.get(&room);
        members.map_or(&[][..], Vec::as_slice)
    }

    fn recipients(&self, room: RoomId) -> Vec<DeviceId> {
        let known = self
            .members(room)
            .iter()
            .filter_map(|user| self.store.devices.get(*user));
        known
            .flat_map(|it| it.keys().copied())
            .filter(|device| *device != self.id)
            .collect()
    }

    /// Encrypts the room's key for a device that does not have it, or that
    /// has opened an Olm session since it was given it.
    fn share_with(
        &mut self,
        device: DeviceId,
        row: &mut Arc<OutboundRow<C>>,
        cx: &mut Cx<'_, Self>,
    ) -> Option<ToDevice<C>> {
        let wedging = self.store.wedging.get(device).copied().unwrap_or(0);
        let earlier = row.shared.get(&device).cloned();
        if earlier
            .as_ref()
            .is_some_and(|share| share.wedging >= wedging)
        {
            return None;
        }
        let session = live(&mut self.outbound, row, cx);
        let current = cx.crypto.message_index(session);
        let index = match &earlier {
            None => current,
            Some(share) => match cx.protocol.resharing() {
                Resharing::CurrentIndex => current,
                Resharing::OriginalIndex => share.first_index,
            },
        };
        if index == current && !row.exports.contains_key(&index) {
            let session = live(&mut self.outbound, row, cx);
            let export = cx.crypto.room_key(session);
            Arc::make_mut(row).exports.insert(index, export);
        }
        let key = row
            .exports
            .get(&index)
            .expect("every index shared before was kept")
            .clone();
        let content = Content::RoomKey {
            room: row.name.room,
            session: row.name,
            index,
            key,
        };
        let theirs = self.known_device(device)?.identity.clone();
        let message = self.encrypt_for(device, content, cx)?;
        cx.observe(Fact::RoomKeyShared {
            session: row.name,
            index,
            message: message.id,
        });
        let first_index = earlier.map_or(index, |share| share.first_index);
        Arc::make_mut(row).shared.insert(
            device,
            Share {
                theirs,
                first_index,
                wedging,
            },
        );
        Some(message)
    }
}

/// The live sending end of a row, loaded if need be.
pub(super) fn live<'a, C: Crypto>(
    sessions: &'a mut LiteMap<RoomId, C::GroupSession>,
    row: &OutboundRow<C>,
    cx: &mut Cx<'_, Device<C>>,
) -> &'a mut C::GroupSession {
    let load = || cx.crypto.unpickle_group_session(&row.pickle);
    sessions.entry(row.name.room).or_insert_with(load)
}
