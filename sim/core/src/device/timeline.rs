//! Room keys that arrive and room events that are seen (BS §1.15, §1.16).

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::{Device, RoomKeyRow, Write};
use crate::crypto::{Crypto, Merge};
use crate::name::{MegolmName, MessageId};
use crate::node::{Brought, Cx};
use crate::trace::{EventTrouble, Fact};
use crate::wire::{RoomContent, RoomEvent};

impl<C: Crypto> Device<C> {
    /// Takes a room key. Of two keys of one session the one that starts at
    /// the lower index is kept, if they are of one ratchet (BS §1.16).
    pub(super) fn learn_room_key(
        &mut self,
        name: MegolmName,
        index: u32,
        key: &C::RoomKey,
        message: MessageId,
        brought: &mut Brought<Self>,
        cx: &mut Cx<'_, Self>,
    ) {
        if name.sender != message.sender {
            return; // Only its own sender may share a session this way.
        }
        cx.observe(Fact::RoomKeyReceived {
            by: self.id,
            session: name,
            index,
            message,
        });
        let Some(newcomer) = cx.crypto.import_room_key(key) else {
            return;
        };
        if let Some(row) = self.store.room_keys.get(&name) {
            let session = live(&mut self.room_keys, row, cx);
            match cx.crypto.merge(session, newcomer) {
                Merge::Better => {}
                Merge::NothingNew | Merge::Unconnected => return,
            }
        } else {
            self.room_keys.insert(name, newcomer);
        }
        let session = &self.room_keys[&name];
        let index = cx.crypto.first_known_index(session);
        let pickle = cx.crypto.pickle_inbound_group_session(session);
        let row = Arc::new(RoomKeyRow {
            name,
            index,
            pickle,
        });
        self.may_read_more = true;
        self.bring(Write::RoomKey(row), brought, cx);
    }

    /// Sees a room event and tries to read it. Events come again after a
    /// server lost its place; they are seen once.
    pub(super) fn see(&mut self, event: &Arc<RoomEvent<C>>, cx: &mut Cx<'_, Self>) {
        if self.store.seen.contains(&event.id) {
            return;
        }
        let session = match event.content {
            RoomContent::Member(user, membership) => {
                self.membership_changed(event.room, user, membership, cx);
                return;
            }
            RoomContent::Encrypted { session, .. } => session,
        };
        // What this device has said it need not read; one that was put back
        // to an earlier state meets what it does not remember.
        if session.sender == self.id {
            return;
        }
        cx.observe(Fact::EventSeen {
            by: self.id,
            event: event.id,
        });
        self.write([Write::Seen(event.clone())], cx);
        match self.try_to_read(event, cx) {
            Ok(()) => self.write([Write::Read(event.id)], cx),
            Err(why) => {
                cx.observe(Fact::EventUnreadable {
                    by: self.id,
                    event: event.id,
                    why,
                });
            }
        }
    }

    /// Tries again to read every event that could not be read so far, if a room
    /// key has come since that was last tried.
    pub(super) fn retry_undecrypted(&mut self, cx: &mut Cx<'_, Self>) {
        if !std::mem::take(&mut self.may_read_more) {
            return;
        }
        let unread: Vec<Arc<RoomEvent<C>>> = self.store.undecrypted.values().cloned().collect();
        let mut rows = vec![];
        for event in unread {
            if self.try_to_read(&event, cx).is_ok() {
                rows.push(Write::Read(event.id));
            }
        }
        self.write(rows, cx);
    }

    fn try_to_read(
        &mut self,
        event: &RoomEvent<C>,
        cx: &mut Cx<'_, Self>,
    ) -> Result<(), EventTrouble> {
        let RoomContent::Encrypted {
            session: name,
            ciphertext,
        } = &event.content
        else {
            return Ok(()); // Everybody can read who comes and goes.
        };
        let Some(row) = self.store.room_keys.get(name) else {
            return Err(match self.store.withheld.contains(name) {
                true => EventTrouble::Withheld,
                false => EventTrouble::MissingSession,
            });
        };
        let session = live(&mut self.room_keys, row, cx);
        let (plaintext, _) = cx
            .crypto
            .decrypt_event(session, ciphertext)
            .map_err(EventTrouble::Undecryptable)?;
        assert_eq!(
            plaintext.event, event.id,
            "an event decrypts to what was encrypted for it"
        );
        cx.observe(Fact::EventRead {
            by: self.id,
            event: event.id,
        });
        Ok(())
    }
}

/// The live receiving end of a row, loaded if need be.
fn live<'a, C: Crypto>(
    sessions: &'a mut FxHashMap<MegolmName, C::InboundGroupSession>,
    row: &RoomKeyRow<C>,
    cx: &mut Cx<'_, Device<C>>,
) -> &'a mut C::InboundGroupSession {
    let load = || cx.crypto.unpickle_inbound_group_session(&row.pickle);
    sessions.entry(row.name).or_insert_with(load)
}
