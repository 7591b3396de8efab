//! `POST /keys/reset` (MSC4162): why a device has one-time keys deleted from
//! its server, and what it does with their private halves.

use std::collections::BTreeSet;

use super::Device;
use super::outgoing::Request;
use crate::crypto::Crypto;
use crate::name::KeyId;
use crate::node::Cx;
use crate::protocol::AfterReset;
use crate::trace::Discard;
use crate::wire::{ClientRequest, ResetKeys};

/// Why one-time keys are to be deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reset {
    /// All, because an upload was refused.
    Conflict,
    /// All, because the server has others than it should.
    Mismatch,
    /// The oldest, to make room for so many new ones.
    FullStore { oldest: Vec<KeyId>, count: usize },
    /// Those that have been kept for long enough.
    Expired(Vec<KeyId>),
}

impl<C: Crypto> Device<C> {
    /// Asks the server to delete keys. One request at a time: what is not
    /// asked now is asked once there is a reason again.
    pub(super) fn ask_reset(&mut self, why: Reset, cx: &mut Cx<'_, Self>) {
        let mut requests = self.requests.values();
        if requests.any(|it| matches!(it, Request::Reset(_))) {
            return;
        }
        let keys = match &why {
            Reset::Conflict | Reset::Mismatch => None,
            Reset::FullStore { oldest: keys, .. } | Reset::Expired(keys) => Some(keys.clone()),
        };
        self.ask(Request::Reset(why), ClientRequest::KeysReset { keys }, cx);
    }

    /// The server has deleted the keys, unless it knows no such request.
    pub(super) fn keys_reset(
        &mut self,
        why: Reset,
        left: Option<ResetKeys>,
        cx: &mut Cx<'_, Self>,
    ) {
        match (why, left) {
            (Reset::Conflict | Reset::Mismatch, None) => return,
            (Reset::Conflict | Reset::Mismatch, Some(left)) => {
                let all = cx.crypto.one_time_keys(&self.account.olm);
                self.note_reset(cx);
                self.discard_after_reset(&all, left.deleted.as_deref(), cx);
                self.top_up(left.one_time_keys, cx);
            }
            (Reset::FullStore { count, .. }, None) => {
                self.generate_one_time_keys(count, cx.client.private_keys(), cx);
            }
            (Reset::FullStore { oldest, count }, Some(left)) => {
                self.discard_after_reset(&oldest, left.deleted.as_deref(), cx);
                // What it has decided to keep, it has room for.
                self.generate_one_time_keys(count, usize::MAX, cx);
            }
            (Reset::Expired(keys), _) => {
                let held = cx.crypto.one_time_keys(&self.account.olm);
                self.account
                    .state
                    .claimed
                    .retain(|(id, _)| held.contains(id));
                for id in keys.into_iter().filter(|id| held.contains(id)) {
                    self.discard_one_time_key(id, Discard::Expired, cx);
                }
            }
        }
        self.store_account_if_changed(cx);
        self.do_outgoing(cx);
    }

    /// Of what is published now, nothing is on the server any more.
    fn note_reset(&mut self, cx: &mut Cx<'_, Self>) {
        let unpublished = cx.crypto.unpublished_one_time_keys(&self.account.olm);
        let next = self.account.state.newest.map(|newest| KeyId(newest.0 + 1));
        self.account.state.reset_below = unpublished.first().map(|(id, _)| *id).or(next);
        self.upload_again.clear();
        self.account.changed = true;
    }

    /// The text of MSC4162 says that the client may now delete its own halves;
    /// it cannot know which of the keys somebody has claimed and not yet used,
    /// unless the server tells which it has deleted.
    fn discard_after_reset(
        &mut self,
        asked: &[KeyId],
        deleted: Option<&[KeyId]>,
        cx: &mut Cx<'_, Self>,
    ) {
        match cx.protocol.after_reset() {
            AfterReset::DiscardsAll => {
                for id in asked {
                    self.discard_one_time_key(*id, Discard::Reset, cx);
                }
            }
            AfterReset::KeepsAll => {
                // That all below some ID are gone is noted already.
                let from = self.account.state.reset_below.unwrap_or(KeyId(0));
                let kept = self.published_among(asked, from, cx);
                self.take_for_claimed(&kept, cx);
            }
            AfterReset::DiscardsDeleted => {
                let deleted: BTreeSet<&KeyId> = deleted.into_iter().flatten().collect();
                let published = self.published_among(asked, KeyId(0), cx).into_iter();
                let (deleted, claimed): (Vec<KeyId>, Vec<KeyId>) =
                    published.partition(|id| deleted.contains(id));
                for id in deleted {
                    self.discard_one_time_key(id, Discard::Reset, cx);
                }
                self.take_for_claimed(&claimed, cx);
            }
        }
    }

    /// Those of these keys, in ascending order, that are published, from an ID on.
    fn published_among(&self, keys: &[KeyId], from: KeyId, cx: &mut Cx<'_, Self>) -> Vec<KeyId> {
        let olm = &self.account.olm;
        let published = cx.crypto.published_one_time_keys(olm, from);
        let ids = published.into_iter().map(|(id, _)| id);
        ids.filter(|id| keys.binary_search(id).is_ok()).collect()
    }
}
