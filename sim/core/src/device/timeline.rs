//! Room keys that arrive and room events that are seen (BS §1.15, §1.16).

use super::{Device, RoomKeyRow, Write};
use crate::crypto::Crypto;
use crate::name::{MegolmName, MessageId};
use crate::node::Cx;
use crate::trace::{EventTrouble, Fact};
use crate::wire::RoomEvent;

impl<C: Crypto> Device<C> {
    /// Takes a room key. Of two keys of one session the one that starts at
    /// the lower index is kept.
    pub(super) fn learn_room_key(
        &mut self,
        name: MegolmName,
        index: u32,
        key: &C::RoomKey,
        message: MessageId,
        rows: &mut Vec<Write<C>>,
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
        if self
            .store
            .room_keys
            .get(&name)
            .is_some_and(|row| row.index <= index)
        {
            return;
        }
        let Some(session) = cx.crypto.import_room_key(key) else {
            return;
        };
        let index = cx.crypto.first_known_index(&session);
        let pickle = cx.crypto.pickle_inbound_group_session(&session);
        self.room_keys.insert(name, session);
        let row = RoomKeyRow {
            name,
            index,
            pickle,
        };
        // It goes to disk with the rest of the sync, but is known at once.
        self.store.room_keys.insert(name, row.clone());
        rows.push(Write::RoomKey(row));
    }

    /// Sees a room event and tries to read it. Events come again after a
    /// server lost its place; they are seen once.
    pub(super) fn see(&mut self, event: RoomEvent<C>, cx: &mut Cx<'_, Self>) {
        if event.id.sender == self.id || self.store.seen.contains(&event.id) {
            return;
        }
        cx.observe(Fact::EventSeen {
            by: self.id,
            event: event.id,
        });
        self.write(vec![Write::Seen(event.clone())], cx);
        match self.try_to_read(&event, cx) {
            Ok(()) => self.write(vec![Write::Read(event.id)], cx),
            Err(why) => {
                cx.observe(Fact::EventUnreadable {
                    by: self.id,
                    event: event.id,
                    why,
                });
            }
        }
    }

    /// Tries again to read every event that could not be read so far.
    pub(super) fn retry_undecrypted(&mut self, cx: &mut Cx<'_, Self>) {
        let unread: Vec<RoomEvent<C>> = self.store.undecrypted.values().cloned().collect();
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
        let row = self
            .store
            .room_keys
            .get(&event.session)
            .ok_or(EventTrouble::MissingSession)?;
        let load = || cx.crypto.unpickle_inbound_group_session(&row.pickle);
        let session = self.room_keys.entry(event.session).or_insert_with(load);
        let (plaintext, _) = cx
            .crypto
            .decrypt_event(session, &event.ciphertext)
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
