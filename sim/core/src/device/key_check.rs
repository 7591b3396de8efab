//! Whether what a server tells a device of its one-time keys agrees with what
//! the device has (element-meta#2406). What is told is up to half a minute old,
//! and a key that somebody has just claimed is missing on one side only: there
//! are contradictions where nothing is wrong.

use super::Device;
use super::reset::Reset;
use crate::crypto::Crypto;
use crate::name::KeyId;
use crate::node::Cx;
use crate::protocol::{ExpectedKeys, KeyMismatch, OutdatedSummaries};
use crate::trace::Fact;
use crate::wire::{KeyCounts, KeyDigest};

impl<C: Crypto> Device<C> {
    /// Compares the highest number that the server knows with the device's
    /// own, before it generates keys because of what the server has lost.
    pub(super) fn compare_numbers(&mut self, told: KeyCounts, cx: &mut Cx<'_, Self>) {
        let Some(highest) = told.highest.filter(|_| told.digest.is_none()) else {
            return;
        };
        if self.is_too_early(cx) {
            return;
        }
        let newest = self.account.state.newest;
        let server_forgot = Some(highest) < self.newest_published(cx);
        if !server_forgot && Some(highest) <= newest {
            return;
        }
        match cx.protocol.key_mismatch() {
            KeyMismatch::Ignored => {}
            KeyMismatch::Reset => self.reset_for_mismatch(cx),
            KeyMismatch::UploadsAgain if server_forgot => {
                cx.observe(Fact::KeysContradicted { device: self.id });
                let from = KeyId(highest.0 + 1);
                let forgotten = cx.crypto.published_one_time_keys(&self.account.olm, from);
                self.upload_again = forgotten.into_iter().map(|(id, _)| id).collect();
            }
            KeyMismatch::UploadsAgain => {}
        }
    }

    /// Compares the keys themselves, once the messages that came with what was
    /// told have used theirs; of a count alone, whether the device can hold so
    /// many.
    pub(super) fn compare_keys(&mut self, told: KeyCounts, cx: &mut Cx<'_, Self>) {
        let held = cx.crypto.count_one_time_keys(&self.account.olm);
        let is_plausible = match told.digest {
            None => told.highest.is_some() || told.one_time_keys <= held,
            Some(_) => false,
        };
        if is_plausible {
            return;
        }
        match cx.protocol.key_mismatch() {
            KeyMismatch::Ignored | KeyMismatch::UploadsAgain => {}
            KeyMismatch::Reset => {
                if !self.is_too_early(cx)
                    && told
                        .digest
                        .is_none_or(|digest| digest != self.expected_digest(told, cx))
                {
                    self.reset_for_mismatch(cx);
                }
            }
        }
    }

    /// Those of the published keys that the server seems to have forgotten.
    pub(super) fn keys_to_upload_again(&self, cx: &mut Cx<'_, Self>) -> Vec<(KeyId, C::PublicKey)> {
        let Some(first) = self.upload_again.first() else {
            return vec![];
        };
        let olm = &self.account.olm;
        let mut keys = cx.crypto.published_one_time_keys(olm, *first);
        keys.retain(|(id, _)| self.upload_again.contains(id));
        keys
    }

    /// Whether what was told is not to be compared: while keys are being
    /// changed, and perhaps if they were since it was asked for. Then the
    /// device hears of them again with its next poll.
    fn is_too_early(&mut self, cx: &mut Cx<'_, Self>) -> bool {
        let is_too_early = self.is_changing_keys()
            || self.changed_since_poll
                && match cx.protocol.outdated_summaries() {
                    OutdatedSummaries::Compared => false,
                    OutdatedSummaries::LeftOut => true,
                };
        if is_too_early {
            self.told = None;
        }
        is_too_early
    }

    fn reset_for_mismatch(&mut self, cx: &mut Cx<'_, Self>) {
        cx.observe(Fact::KeysContradicted { device: self.id });
        self.ask_reset(Reset::Mismatch, cx);
    }

    fn newest_published(&self, cx: &mut Cx<'_, Self>) -> Option<KeyId> {
        let unpublished = cx.crypto.unpublished_one_time_keys(&self.account.olm);
        match unpublished.first() {
            Some((first, _)) => first.0.checked_sub(1).map(KeyId),
            None => self.account.state.newest,
        }
    }

    fn expected_digest(&self, told: KeyCounts, cx: &mut Cx<'_, Self>) -> KeyDigest {
        let state = &self.account.state;
        let from = state.reset_below.unwrap_or(KeyId(0));
        let mut expected = cx.crypto.published_one_time_keys(&self.account.olm, from);
        expected.retain(|(id, _)| !state.claimed.iter().any(|(it, _)| it == id));
        match cx.protocol.expected_keys() {
            ExpectedKeys::Unused => {}
            ExpectedKeys::Newest => {
                expected.retain(|(id, _)| told.highest.is_none_or(|highest| *id <= highest));
                let others = expected.len().saturating_sub(told.one_time_keys);
                expected.drain(..others);
            }
        }
        let keys = expected.iter();
        KeyDigest::of(keys.map(|(id, key)| (*id, cx.crypto.hash_key(key))))
    }
}
