//! One homeserver is put through the questions of the behaviour sheet (BS §2
//! and §8), and gives the answers that a running Synapse gave.
//!
//! # Keys and counts (BS §8.1)
//!
//! | Question | Asked by |
//! | --- | --- |
//! | Order across uploads | `keys::keys_of_an_earlier_upload_are_issued_first_and_each_key_once` |
//! | Order inside one upload | `keys::the_order_inside_one_upload_is_not_the_order_of_its_body`, `claim_order` (by ID as well, as of a fresh database) |
//! | No key left | `keys::when_no_key_is_left_…`, `keys::a_device_without_a_key_is_absent_from_the_answer_and_is_no_failure` |
//! | Mark of a used fallback key | `keys::when_no_key_is_left_…`, `polls::the_use_of_a_fallback_key_wakes_no_poll_either` |
//! | A used fallback key uploaded again | `keys::a_used_fallback_key_stays_used_when_it_is_uploaded_again_and_a_new_one_is_unused` |
//! | An upload of nothing | `keys::an_upload_without_keys_removes_none` |
//! | The same key under its ID | `keys::the_same_key_under_another_signature_is_accepted_and_changes_nothing` |
//! | Another key under the ID | `keys::another_key_under_the_same_id_refuses_all_keys_but_the_device_keys`, `uploads` (other servers) |
//! | A claimed ID uploaded again | `keys::a_claimed_key_that_is_uploaded_again_is_stored_and_issued_again`, `uploads` (a server that remembers) |
//! | Limit of stored keys | `uploads::a_server_without_a_limit_…`, `uploads::a_server_with_a_limit_…` |
//! | What wakes a poll | `polls` |
//! | Logout, and login under the same ID | `logins` |
//! | Claims at once, on SQLite | `concurrent_claims::where_claims_are_serialised_…` |
//! | Claims at once, on PostgreSQL | `concurrent_claims::where_the_loser_misses_…` |
//! | A claim answered before a crash | `keys::a_claimed_key_stays_claimed_after_a_restart` |
//! | Answers to `/sync` remembered | `answers` |
//!
//! # To-device messages (BS §8.2)
//!
//! | Question | Asked by |
//! | --- | --- |
//! | Delivery again with the old token | `inbox::messages_come_again_with_the_old_token_and_are_deleted_by_the_newer_one` |
//! | Size and order of a page | `inbox::a_sync_carries_a_hundred_messages_at_the_most_in_order`, `inbox::another_servers_burst_comes_in_pages_and_in_order_too` |
//! | The same transaction ID | `inbox::the_same_transaction_id_is_ignored_even_with_other_content`, `inbox::a_transaction_id_is_forgotten_after_half_an_hour` |
//! | The same after a restart | `inbox::the_same_transaction_id_is_delivered_again_after_a_restart`, `deduplication::a_request_that_is_retried_after_a_restart_…` |
//! | Unknown device or user | `inbox::a_message_to_an_unknown_device_or_user_is_dropped_for_good`, `transactions::a_message_to_an_unknown_device_is_taken_and_dropped` |
//! | Answer to a transaction lost | `transactions::a_message_whose_answer_was_lost_is_resent_in_a_new_transaction`, `deduplication` |
//!
//! # A database that is rolled back (BS §8.3)
//!
//! | Question | Asked by |
//! | --- | --- |
//! | Keys and counts | `rollback::keys_that_were_…`, `rollback::an_older_fallback_key_comes_back_with_its_mark` |
//! | A token from the future | `rollback::a_token_from_the_future_is_bounded_and_the_next_one_goes_backwards` |
//! | Numbers of the to-device stream | `rollback::numbers_of_the_to_device_stream_are_used_again` |
//! | Messages lost | `rollback::messages_that_come_before_the_first_sync_are_deleted_unseen_up_to_the_old_token` |
//! | Messages not lost | `rollback::without_a_rollback_…`, `rollback::a_client_that_syncs_before_…`, `rollback::a_client_that_drops_its_token_loses_no_message` |
//! | A client that keeps its old token | `rollback::a_client_that_goes_on_with_its_old_token_loses_messages_all_the_same` |
//! | Logins of after the backup | `logins::a_token_from_after_the_backup_is_refused_after_a_restore` |
//!
//! Federation, netsplits and back-off (BS §8.4) are asked about in `back_off`,
//! `transactions`, `device_lists`, `device_updates` and `federated_rooms`.
//!
//! # Not asked
//!
//! - A used fallback key whose JSON is not canonical (§8.1): the model has
//!   keys and no JSON, so the order of members has nothing to act on.
//! - Two fallback keys of one algorithm in one upload (§8.1): the model's
//!   requests have room for one.
//! - The wildcard device `*` (§8.2): no client of the model sends to it.
//! - Whether a part of a batch over the limit is kept (§8.1): not known. The
//!   limit depends on the version, and is a decision that is off today.
//! - In which order PostgreSQL and SQLite break ties, how often claims miss on
//!   PostgreSQL (§8.1), and its own row on lost messages (§8.3): decisions
//!   and draws stand for what differs between the two.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../driver/mod.rs"]
mod driver;

mod clients;
mod events;
mod servers;

mod answers;
mod back_off;
mod claim_order;
mod concurrent_claims;
mod deduplication;
mod device_lists;
mod device_updates;
mod federated_rooms;
mod inbox;
mod invite;
mod keys;
mod logins;
mod membership;
mod operators;
mod polls;
mod rollback;
mod shared_fallback_keys;
mod sliding;
mod transactions;
mod uploads;

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};

use clients::*;
use driver::Driver;
use events::*;
use servers::*;
use unwedge_core::homeserver::Homeserver;
use unwedge_core::name::DeviceId;
use unwedge_core::time::Span;
use unwedge_core::wire::{AccessToken, KeyCounts};
use unwedge_madsim::Vodozemac;

/// Longer than a homeserver takes for anything that waits for nobody.
const A_MOMENT: Span = Span::millis(25);

/// The homeserver under test, and what its devices remember.
struct Server {
    driver: Driver<Homeserver<Vodozemac>>,
    /// The token that each device was given last.
    tokens: BTreeMap<DeviceId, AccessToken>,
    /// What each device was last told of its keys.
    known: BTreeMap<DeviceId, KeyCounts>,
}

impl Deref for Server {
    type Target = Driver<Homeserver<Vodozemac>>;

    fn deref(&self) -> &Self::Target {
        &self.driver
    }
}

impl DerefMut for Server {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.driver
    }
}
