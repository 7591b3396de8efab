//! One-time keys that a device holds and that its server does not have any
//! more, as far as the device can tell: somebody has claimed them, and a
//! message that was made for them may come, or never will (MSC4162).

use std::collections::BTreeSet;

use super::outgoing::IDLE_SYNC;
use super::reset::Reset;
use super::{Device, Timer};
use crate::crypto::Crypto;
use crate::name::KeyId;
use crate::node::Cx;
use crate::protocol::{ClaimOrder, ClaimedKeys};
use crate::time::{Span, Time};
use crate::wire::key_id_text;

/// For how long such a key is kept where it is not kept for ever.
const KEPT_FOR: Span = Span::days(30);

impl<C: Crypto> Device<C> {
    /// A message used this key: keys that come before it in the order of issue
    /// have been claimed as well, if the server keeps to that order.
    pub(super) fn one_time_key_used(&mut self, used: KeyId, cx: &mut Cx<'_, Self>) {
        match cx.protocol.claimed_keys() {
            ClaimedKeys::Kept => {}
            ClaimedKeys::ThirtyDays => {
                self.account.state.claimed.retain(|(id, _)| *id != used);
                let published = cx
                    .crypto
                    .published_one_time_keys(&self.account.olm, KeyId(0));
                let mut earlier: Vec<KeyId> = published.into_iter().map(|(id, _)| id).collect();
                match cx.protocol.claim_order() {
                    ClaimOrder::UploadOrder => {
                        let batches = &self.account.state.batches;
                        let place = batches.partition_point(|first| *first <= used);
                        let batch = place.checked_sub(1).map(|place| batches[place]);
                        earlier.retain(|id| Some(*id) < batch);
                    }
                    ClaimOrder::KeyIdOrder => {
                        let text = key_id_text(cx.client, used);
                        earlier.retain(|id| key_id_text(cx.client, *id) < text);
                    }
                    ClaimOrder::KeyNumberOrder => earlier.retain(|id| *id < used),
                    ClaimOrder::Random => earlier.clear(),
                }
                self.take_for_claimed(&earlier, cx);
            }
        }
    }

    /// Notes that these keys are not on the server any more.
    pub(super) fn take_for_claimed(&mut self, keys: &[KeyId], cx: &mut Cx<'_, Self>) {
        let claimed = &mut self.account.state.claimed;
        let known: BTreeSet<KeyId> = claimed.iter().map(|(id, _)| *id).collect();
        let new = keys.iter().filter(|id| !known.contains(id));
        let known = claimed.len();
        claimed.extend(new.map(|id| (*id, cx.now)));
        if claimed.len() > known {
            self.account.changed = true;
            self.wake_for_claimed_keys(cx);
        }
    }

    /// Deletes those that have been kept for long enough: from the server
    /// first, in case they are there.
    pub(super) fn delete_expired_keys(&mut self, cx: &mut Cx<'_, Self>) {
        let claimed = &self.account.state.claimed;
        let expired = claimed.partition_point(|(_, since)| cx.now.since(*since) >= KEPT_FOR);
        if expired == 0 {
            return;
        }
        match cx.protocol.claimed_keys() {
            ClaimedKeys::Kept => {}
            ClaimedKeys::ThirtyDays => {
                let expired = claimed[..expired].iter().map(|(id, _)| *id).collect();
                self.ask_reset(Reset::Expired(expired), cx);
            }
        }
    }

    /// Remembers where an upload begins, if that says anything of what was
    /// claimed.
    pub(super) fn note_batch(&mut self, first: KeyId, cx: &mut Cx<'_, Self>) {
        match cx.protocol.claimed_keys() {
            ClaimedKeys::Kept => {}
            ClaimedKeys::ThirtyDays => self.account.state.batches.push(first),
        }
    }

    /// Asks to be woken when the oldest of them has been kept for long enough.
    pub(super) fn wake_for_claimed_keys(&self, cx: &mut Cx<'_, Self>) {
        if let Some((_, since)) = self.account.state.claimed.first() {
            let due: Time = (*since + KEPT_FOR).max(cx.now) + IDLE_SYNC;
            cx.wake(due.since(cx.now), Timer::ClaimedKeyDue);
        }
    }
}
