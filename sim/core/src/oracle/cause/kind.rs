//! The kinds of cause, as a registry: what each is called and what it means.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::cast::{Cast, Named};

/// What is told about one kind of cause.
#[derive(Clone, Copy, Debug)]
pub struct CauseInfo {
    /// The kind.
    pub kind: CauseKind,
    /// As files and reports spell it.
    pub name: &'static str,
    /// What it means.
    pub about: &'static str,
}

macro_rules! causes {
    ($($(#[doc = $about:literal])+ $name:literal $variant:ident,)+) => {
        /// The kinds of cause, in the order of a message's way: never given,
        /// lost on the way, not decrypted.
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        pub enum CauseKind {
            $($(#[doc = $about])+ #[serde(rename = $name)] $variant,)+
        }

        impl CauseKind {
            /// Every kind.
            pub const ALL: &[CauseInfo] = &[$(CauseInfo {
                kind: CauseKind::$variant,
                name: $name,
                about: concat!($($about),+),
            },)+];

            /// As files and reports spell it.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(CauseKind::$variant => $name,)+ }
            }
        }
    };
}

causes! {
    /// The event itself never reached the reader.
    "event-undelivered" EventUndelivered,
    /// The sender knew no device of the reader's user.
    "device-unknown" DeviceUnknown,
    /// No key could be claimed: the reader's server did not answer.
    "claim-unreachable" ClaimUnreachable,
    /// No key was claimed: an earlier failure was still being waited out.
    "claim-backed-off" ClaimBackedOff,
    /// No key could be claimed: the reader's server had none.
    "claim-empty" ClaimEmpty,
    /// The key went into the reader's inbox, and was lost with a restore.
    "inbox-lost-with-restore" InboxLostWithRestore,
    /// The key was deleted from the inbox without having been fetched.
    "token-overran-inbox" TokenOverranInbox,
    /// The key was queued for the reader's server, and was lost with a restore.
    "outbox-lost-with-restore" OutboxLostWithRestore,
    /// The key was sent and never arrived, for no recorded reason.
    "message-lost" MessageLost,
    /// The one-time key had been used before: a restore had brought it back.
    "one-time-key-reissued-after-restore" ReissuedAfterRestore,
    /// The one-time key had been used before: a repeated upload had brought it back.
    "one-time-key-reissued-after-upload" ReissuedAfterUpload,
    /// The one-time key had been used before: two claims were given it at once.
    "one-time-key-issued-twice" IssuedTwice,
    /// The device had discarded the one-time key to make room.
    "one-time-key-evicted" OneTimeKeyEvicted,
    /// The device no longer knew the one-time key that it had uploaded.
    "one-time-key-forgotten" OneTimeKeyForgotten,
    /// The device had replaced the fallback key twice.
    "fallback-key-retired" FallbackKeyRetired,
    /// The two ends of an Olm session no longer agreed.
    "ratchet-forked" RatchetForked,
    /// The reader was given the key only from a later message on.
    "later-index-only" LaterIndexOnly,
}

impl Named for CauseKind {
    fn write(&self, _: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
