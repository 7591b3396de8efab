//! A device's own keys: what it generates, what it uploads, and when
//! (BS §1.2–1.4).

use super::outgoing::{IDLE_SYNC, Request};
use super::reset::Reset;
use super::store::{AccountRow, AccountState, Store};
use super::{Device, Timer, Write};
use crate::crypto::Crypto;
use crate::name::{DeviceId, KeyId, KeyKind, KeyName};
use crate::node::Cx;
use crate::protocol::{
    FallbackKeySharing, FallbackRetention, FallbackRotation, FullStore, TooManyKeys, UploadConflict,
};
use crate::time::{Span, Time};
use crate::trace::{Discard, Fact};
use crate::wire::{ClientRequest, DeviceKeys, KeyCounts, SignedKey, UploadRefused};

/// How old a fallback key gets before it is replaced.
const FALLBACK_KEY_AGE: Span = Span::days(7);
/// How long after its successor was used a fallback key is of no more use
/// (MSC2732); or after it was replaced, as MSC4081 sums that up.
const RETIRED_AFTER: Span = Span::hours(1);
/// How long after it was replaced a fallback key can be met in a message that
/// was long on its way (MSC4081).
const KEPT_FOR: Span = Span::days(30);

/// The live Olm account.
pub(super) struct Account<C: Crypto> {
    pub(super) olm: C::Account,
    pub(super) identity: C::Identity,
    pub(super) state: AccountState,
    /// Whether it differs from what is stored.
    pub(super) changed: bool,
}

impl<C: Crypto> Account<C> {
    /// Loads the account from the store, or makes a new one.
    pub(super) fn load(store: &Store<C>, cx: &mut Cx<'_, Device<C>>) -> Self {
        let (olm, state) = match &store.account {
            Some(row) => (cx.crypto.unpickle_account(&row.pickle), row.state.clone()),
            None => (cx.crypto.new_account(cx.client), AccountState::default()),
        };
        let identity = cx.crypto.identity(&olm);
        Self {
            olm,
            identity,
            state,
            changed: false,
        }
    }
}

impl<C: Crypto> Device<C> {
    /// A new account starts with a full set of one-time keys. They are stored
    /// before they appear in any request.
    pub(super) fn make_first_keys(&mut self, cx: &mut Cx<'_, Self>) {
        self.make_room_for(cx.settings.one_time_keys, cx);
        self.store_account_if_changed(cx);
    }

    /// Takes what `/sync` says of the device's keys. New keys are generated
    /// only if none are waiting to be uploaded, and there is no low-water
    /// mark: one claim brings one key.
    pub(super) fn update_key_counts(&mut self, counts: KeyCounts, cx: &mut Cx<'_, Self>) {
        self.top_up(counts.one_time_keys, cx);
        // That the field is there says that the server knows fallback keys.
        self.look_after_fallback_keys(Some(counts), cx);
    }

    /// Replaces the fallback key if it is due (by what the server says of it, if
    /// that is known), or generates the first, and destroys those before if their
    /// time is over.
    pub(super) fn look_after_fallback_keys(
        &mut self,
        counts: Option<KeyCounts>,
        cx: &mut Cx<'_, Self>,
    ) {
        self.retire_fallback_keys(cx);
        let waits = cx
            .crypto
            .unpublished_fallback_key(&self.account.olm)
            .is_some();
        if waits {
            return;
        }
        let due = match self.account.state.fallback {
            None => true,
            Some((_, generated)) if cx.now.since(generated) >= FALLBACK_KEY_AGE => true,
            Some(_) => {
                // What `/sync` says of its use can be out of date, so that a
                // client that listens may replace the key twice (rust-sdk#3151).
                let told = counts.is_some_and(|counts| !counts.unused_fallback_key);
                let received = self.account.state.fallback_used.is_some();
                (told || received)
                    && match cx.protocol.fallback_rotation() {
                        FallbackRotation::Weekly => false,
                        FallbackRotation::WeeklyOrUsed => told,
                        FallbackRotation::WeeklyOrReceived => received,
                    }
            }
        };
        if due {
            self.replace_fallback_key(cx);
        }
    }

    fn replace_fallback_key(&mut self, cx: &mut Cx<'_, Self>) {
        let room = self.room_for_replaced_fallback_keys(cx);
        cx.crypto.generate_fallback_key(&mut self.account.olm, room);
        let (id, _) = cx
            .crypto
            .unpublished_fallback_key(&self.account.olm)
            .expect("a key that was just generated is unpublished");
        let incarnation = self.incarnation(cx);
        let state = &mut self.account.state;
        let replaced = state.fallback.map(|(key, _)| (key, cx.now));
        state.replaced_fallbacks.extend(replaced);
        let excess = state.replaced_fallbacks.len().saturating_sub(room);
        for (key, _) in state.replaced_fallbacks.drain(..excess) {
            let why = Discard::Replaced;
            cx.observe(Fact::KeyDiscarded { key, why });
        }
        let key = KeyName {
            owner: self.id,
            kind: KeyKind::Fallback,
            id,
            incarnation,
        };
        cx.observe(Fact::KeyGenerated { key });
        state.fallback = Some((key, cx.now));
        state.fallback_used = None;
        self.account.changed = true;
        self.wake_for_fallback_key(cx);
    }

    /// A message used this fallback key.
    pub(super) fn fallback_key_used(&mut self, key: KeyName, cx: &mut Cx<'_, Self>) {
        let state = &mut self.account.state;
        let is_current = state.fallback.is_some_and(|(current, _)| current == key);
        if is_current && state.fallback_used.is_none() {
            state.fallback_used = Some(cx.now);
            self.account.changed = true;
            self.wake_to_retire_fallback_key(cx);
        }
    }

    /// How many replaced fallback keys there is room for when the current one is
    /// replaced as well.
    fn room_for_replaced_fallback_keys(&self, cx: &Cx<'_, Self>) -> usize {
        let held = &self.account.state.replaced_fallbacks;
        if held.is_empty() {
            return 1; // Whatever the protocol says, which is not asked then.
        }
        match cx.protocol.fallback_retention() {
            FallbackRetention::UntilNextReplacement
            | FallbackRetention::HourAfterSuccessorUsed
            | FallbackRetention::HourAfterReplacement => 1,
            FallbackRetention::ThirtyDays => held.len() + 1,
        }
    }

    fn retire_fallback_keys(&mut self, cx: &mut Cx<'_, Self>) {
        while let Some(due) = self.retirement_due(cx)
            && due <= cx.now
        {
            cx.crypto.forget_fallback_key(&mut self.account.olm);
            let (key, _) = self.account.state.replaced_fallbacks.remove(0);
            let why = Discard::Replaced;
            cx.observe(Fact::KeyDiscarded { key, why });
            self.account.changed = true;
        }
    }

    /// When the oldest of the replaced fallback keys has to go, if it has to go
    /// by itself.
    fn retirement_due(&self, cx: &Cx<'_, Self>) -> Option<Time> {
        let state = &self.account.state;
        let (_, replaced) = state.replaced_fallbacks.first()?;
        match cx.protocol.fallback_retention() {
            FallbackRetention::UntilNextReplacement => None,
            FallbackRetention::HourAfterSuccessorUsed => {
                state.fallback_used.map(|used| used + RETIRED_AFTER)
            }
            FallbackRetention::HourAfterReplacement => Some(*replaced + RETIRED_AFTER),
            // The last that was replaced stays: a device can be offline for long.
            FallbackRetention::ThirtyDays => {
                (state.replaced_fallbacks.len() > 1).then(|| *replaced + KEPT_FOR)
            }
        }
    }

    /// Whether an upload or a reset is on its way.
    pub(super) fn is_changing_keys(&self) -> bool {
        let mut requests = self.requests.values();
        requests.any(|request| matches!(request, Request::Upload | Request::Reset(_)))
    }

    /// Uploads everything that is unpublished, unless an upload is on its way.
    pub(super) fn upload_if_needed(&mut self, cx: &mut Cx<'_, Self>) {
        if self.is_changing_keys() {
            return;
        }
        let state = &self.account.state;
        let device_keys = (!state.device_keys_shared).then(|| DeviceKeys {
            device: self.id,
            identity: self.account.identity.clone(),
        });
        let mut one_time_keys = self.keys_to_upload_again(cx);
        one_time_keys.extend(cx.crypto.unpublished_one_time_keys(&self.account.olm));
        let fallback_key = cx.crypto.unpublished_fallback_key(&self.account.olm);
        if device_keys.is_none() && one_time_keys.is_empty() && fallback_key.is_none() {
            return;
        }
        let one_time_keys = one_time_keys
            .into_iter()
            .map(|(id, key)| {
                let name = one_time_key_name(self.id, &self.account.state, id);
                self.sign(name, key, cx)
            })
            .collect();
        let fallback_key = fallback_key.zip(self.account.state.fallback);
        let fallback_key = fallback_key.map(|((_, key), (name, _))| self.sign(name, key, cx));
        let eager_share_fallback_keys = fallback_key.is_some()
            && match cx.protocol.fallback_key_sharing() {
                FallbackKeySharing::OnDemand => false,
                FallbackKeySharing::Eager => true,
            };
        let request = ClientRequest::KeysUpload {
            device_keys,
            one_time_keys,
            fallback_key,
            eager_share_fallback_keys,
        };
        self.ask(Request::Upload, request, cx);
    }

    /// The server answered an upload. What is marked as published is whatever
    /// is unpublished *now*, not what was in the request. After a refusal
    /// matrix-rust-sdk leaves everything as it is, and the same keys are
    /// uploaded again with the next sync.
    pub(super) fn uploaded(&mut self, result: Result<usize, UploadRefused>, cx: &mut Cx<'_, Self>) {
        let count = match result {
            Ok(count) => count,
            Err(why) => return self.upload_refused(why, cx),
        };
        self.changed_since_poll = true;
        let first = !self.account.state.device_keys_shared;
        self.account.state.device_keys_shared = true;
        cx.crypto.mark_keys_as_published(&mut self.account.olm);
        self.upload_again.clear();
        self.account.changed = true;
        self.top_up(count, cx);
        self.store_account_if_changed(cx);
        if first {
            self.sync_again(cx);
        }
        self.do_outgoing(cx);
    }

    fn upload_refused(&mut self, why: UploadRefused, cx: &mut Cx<'_, Self>) {
        match why {
            UploadRefused::KeyExists => match cx.protocol.upload_conflict() {
                UploadConflict::Retry => {}
                UploadConflict::Reset => self.ask_reset(Reset::Conflict, cx),
            },
            UploadRefused::TooMany => match cx.protocol.too_many_keys() {
                TooManyKeys::Retry => {}
                TooManyKeys::Discard => self.discard_refused_keys(cx),
            },
        }
        if self.store.token.is_none() {
            self.sync_again(cx);
        }
    }

    /// What was refused beside the one-time keys is uploaded without them.
    fn discard_refused_keys(&mut self, cx: &mut Cx<'_, Self>) {
        for (id, _) in cx.crypto.unpublished_one_time_keys(&self.account.olm) {
            self.discard_one_time_key(id, Discard::Refused, cx);
        }
        self.store_account_if_changed(cx);
        self.upload_if_needed(cx);
    }

    /// Deletes the private half of a one-time key.
    pub(super) fn discard_one_time_key(&mut self, id: KeyId, why: Discard, cx: &mut Cx<'_, Self>) {
        cx.crypto.discard_one_time_key(&mut self.account.olm, id);
        self.account.state.claimed.retain(|(it, _)| *it != id);
        let key = one_time_key_name(self.id, &self.account.state, id);
        cx.observe(Fact::KeyDiscarded { key, why });
        self.account.changed = true;
    }

    /// Stores the account, if it differs from what is stored.
    pub(super) fn store_account_if_changed(&mut self, cx: &mut Cx<'_, Self>) {
        if !std::mem::take(&mut self.account.changed) {
            return;
        }
        // Nobody looks for more than whether there is one.
        if self.store.account.is_none() || cx.is_stored() {
            let pickle = cx.crypto.pickle_account(&self.account.olm);
            let state = self.account.state.clone();
            self.store.account = Some(AccountRow { pickle, state }.into());
        }
        let row = &self.store.account;
        cx.persist_known(|| Write::Account(row.clone().expect("it has just been stored")));
    }

    /// Generates what is missing on the server, unless something waits to be
    /// uploaded.
    pub(super) fn top_up(&mut self, on_server: usize, cx: &mut Cx<'_, Self>) {
        let missing = cx.settings.one_time_keys.saturating_sub(on_server);
        if missing > 0
            && self.upload_again.is_empty()
            && cx
                .crypto
                .unpublished_one_time_keys(&self.account.olm)
                .is_empty()
        {
            self.make_room_for(missing, cx);
        }
    }

    /// Generates keys. If the store is full, others have to go, and perhaps
    /// from the server first.
    fn make_room_for(&mut self, count: usize, cx: &mut Cx<'_, Self>) {
        let room = cx.client.private_keys();
        let held = cx.crypto.count_one_time_keys(&self.account.olm);
        let excess = (held + count).saturating_sub(room);
        if excess == 0 {
            return self.generate_one_time_keys(count, room, cx);
        }
        match cx.protocol.full_store() {
            FullStore::DiscardsOldest => self.generate_one_time_keys(count, room, cx),
            FullStore::KeepsAll => self.generate_one_time_keys(count, usize::MAX, cx),
            FullStore::ResetsFirst => {
                let mut oldest = cx.crypto.one_time_keys(&self.account.olm);
                oldest.truncate(excess);
                self.ask_reset(Reset::FullStore { oldest, count }, cx);
            }
        }
    }

    /// Generates keys for a store with room for so many.
    pub(super) fn generate_one_time_keys(
        &mut self,
        count: usize,
        room: usize,
        cx: &mut Cx<'_, Self>,
    ) {
        let olm = &mut self.account.olm;
        let discarded = cx.crypto.generate_one_time_keys(olm, count, room);
        let generated = cx.crypto.unpublished_one_time_keys(&self.account.olm);
        let incarnation = self.incarnation(cx);
        let state = &mut self.account.state;
        if let Some((first, _)) = generated.first()
            && state
                .generations
                .last()
                .is_none_or(|(_, by)| *by != incarnation)
        {
            state.generations.push((*first, incarnation));
        }
        state.newest = generated.last().map(|(id, _)| *id).or(state.newest);
        self.account.changed = true;
        let state = &self.account.state;
        for id in discarded {
            cx.observe(Fact::KeyDiscarded {
                key: one_time_key_name(self.id, state, id),
                why: Discard::StoreFull,
            });
        }
        for (id, _) in &generated {
            cx.observe(Fact::KeyGenerated {
                key: one_time_key_name(self.id, state, *id),
            });
        }
        if let Some((first, _)) = generated.first() {
            self.note_batch(*first, cx);
        }
    }

    /// What tells keys apart that share an ID: a client that was started again
    /// may have forgotten some, and an identity that follows another counts
    /// from the start. Neither number ever goes back, whatever a disk does.
    fn incarnation(&self, cx: &Cx<'_, Self>) -> u16 {
        (cx.incarnation << 4) | self.logouts.min(15)
    }

    fn sign(&self, name: KeyName, key: C::PublicKey, cx: &mut Cx<'_, Self>) -> SignedKey<C> {
        let signature = cx.crypto.sign_key(&self.account.olm, name.kind, &key);
        SignedKey {
            name,
            client: cx.client,
            key,
            signature,
        }
    }

    pub(super) fn wake_for_fallback_key(&self, cx: &mut Cx<'_, Self>) {
        if let Some((_, generated)) = self.account.state.fallback {
            let due = (generated + FALLBACK_KEY_AGE).max(cx.now) + IDLE_SYNC;
            cx.wake(due.since(cx.now), Timer::FallbackKeyDue);
        }
        self.wake_to_retire_fallback_key(cx);
    }

    fn wake_to_retire_fallback_key(&self, cx: &mut Cx<'_, Self>) {
        if let Some(due) = self.retirement_due(cx) {
            let due = due.max(cx.now) + IDLE_SYNC;
            cx.wake(due.since(cx.now), Timer::FallbackKeyDue);
        }
    }
}

/// What traces call the one-time key with this ID.
fn one_time_key_name(owner: DeviceId, state: &AccountState, id: KeyId) -> KeyName {
    let by = state
        .generations
        .iter()
        .rev()
        .find(|(first, _)| *first <= id);
    let incarnation = by.map_or(0, |(_, incarnation)| *incarnation);
    KeyName {
        owner,
        kind: KeyKind::OneTime,
        id,
        incarnation,
    }
}
