//! A second process of a client on the same store: a notification extension, a
//! client that an app makes for its notifications, another tab of a browser
//! (BS §1.13).
//!
//! What matrix-rust-sdk holds in memory, each process has for itself: the Olm
//! account, which is one pickle in one row, the Olm sessions, and the sending
//! Megolm sessions. It writes them back row by row, over whatever is there.
//! Everything else is read from the store when it is needed, so that what one
//! process has written the other sees: received room keys, hashes of messages,
//! device lists, and how far has been synced. Both have one access token, and
//! each syncs for itself, from where the store says; whichever comes first to
//! sync from beyond a message deletes it from the inbox.
//!
//! The second process uploads keys, asks for device lists and mends sessions
//! like the app, but nobody types in it.

use super::{Device, Store, Write, keys};
use crate::crypto::Crypto;
use crate::name::DeviceId;
use crate::node::{Cx, Durable as _};

impl<C: Crypto> Device<C> {
    /// Starts a second process, if there is anything for it in the store: one
    /// that finds nobody logged in, or no account, stops at once.
    pub fn boot_second(id: DeviceId, disk: Store<C>, cx: &mut Cx<'_, Self>) -> Option<Self> {
        if disk.access.is_none() || disk.account.is_none() {
            return None;
        }
        let device = Self::load(id, disk, true, cx);
        device.wake_for_fallback_key(cx);
        Some(device)
    }

    /// Takes note of what the other process has written, but for what this one
    /// holds in memory. Whether the store was wiped.
    pub fn read(&mut self, written: &[Write<C>]) -> bool {
        for write in written {
            match write {
                Write::Account(_)
                | Write::Session(_)
                | Write::Outbound(..)
                | Write::OutboundGone(_) => continue,
                Write::Wiped => return true,
                Write::RoomKey(row) => {
                    // It is loaded again when it is next needed.
                    self.room_keys.remove(&row.name);
                    self.may_read_more = true;
                }
                Write::Login(_)
                | Write::Decrypted(_)
                | Write::Wedging(..)
                | Write::Unwedge(_)
                | Write::Unwedged(_)
                | Write::ToldNoOlm(_)
                | Write::Blocked(_)
                | Write::Withheld(_)
                | Write::Devices(..)
                | Write::Outdated(_)
                | Write::Room(..)
                | Write::RoomGone(_)
                | Write::Token(_)
                | Write::Position(_)
                | Write::Seen(_)
                | Write::Read(_)
                | Write::Queue(..)
                | Write::Sent(_) => {}
            }
            self.store.apply(write.clone());
        }
        false
    }

    /// Takes the lock of the store and finds, by its generation, that another
    /// process has had it: what is held in memory is loaded again.
    pub fn reload(&mut self, disk: Store<C>, cx: &mut Cx<'_, Self>) {
        self.account = keys::Account::load(&disk, cx);
        self.store = disk;
        self.sessions.clear();
        self.outbound.clear();
        self.room_keys.clear();
        self.wake_for_fallback_key(cx);
    }
}
