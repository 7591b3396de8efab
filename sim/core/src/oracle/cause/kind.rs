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
    /// The sender did not want the reader's device to have the key: no fault,
    /// and not counted as one.
    "withheld" Withheld,
    /// The sender had not been told yet that the reader's user was invited.
    "invitation-unheard" InvitationUnheard,
    /// The sender knew no device of the reader's user.
    "device-unknown" DeviceUnknown,
    /// The reader's device had come back under the same ID with another
    /// identity, which the sender did not believe or had not heard of.
    "identity-changed" IdentityChanged,
    /// No key could be claimed: the reader's server did not answer.
    "claim-unreachable" ClaimUnreachable,
    /// No key could be claimed: the reader's server handed one out, but its
    /// answer did not arrive.
    "claim-answer-lost" ClaimAnswerLost,
    /// No key was claimed: an earlier failure was still being waited out.
    "claim-backed-off" ClaimBackedOff,
    /// No key could be claimed: the reader's server had none.
    "claim-empty" ClaimEmpty,
    /// The key went into the reader's inbox, and was lost with a restore.
    "inbox-lost-with-restore" InboxLostWithRestore,
    /// The key was deleted from the inbox without having been fetched: the
    /// reader's token was from before a restore.
    "token-overran-inbox" TokenOverranInbox,
    /// The key was deleted from the inbox because the reader had stored that
    /// it had fetched it, and had not stored the key.
    "token-stored-before-messages" TokenStoredBeforeMessages,
    /// The key was queued for the reader's server, and was lost with a restore.
    "outbox-lost-with-restore" OutboxLostWithRestore,
    /// The key was sent and never arrived, for no recorded reason.
    "message-lost" MessageLost,
    /// The one-time key had been used before: a restore had brought it back.
    "one-time-key-reissued-after-restore" ReissuedAfterRestore,
    /// The one-time key had been used before: a server crashed and had not stored
    /// that it was handed out.
    "one-time-key-reissued-after-crash" ReissuedAfterCrash,
    /// The one-time key had been used before: a repeated upload had brought it back.
    "one-time-key-reissued-after-upload" ReissuedAfterUpload,
    /// The one-time key had been used before: two claims were given it at once.
    "one-time-key-issued-twice" IssuedTwice,
    /// The device had discarded the one-time key to make room.
    "one-time-key-evicted" OneTimeKeyEvicted,
    /// The device had discarded the one-time key when it deleted its keys from
    /// the server, though somebody had claimed it already.
    "one-time-key-reset" OneTimeKeyReset,
    /// The device had deleted the one-time key because of a message that it
    /// could not decrypt.
    "one-time-key-deleted-on-failure" OneTimeKeyDeletedOnFailure,
    /// The device had discarded the one-time key because its server refused
    /// it, though the server had taken it before and somebody had claimed it.
    "one-time-key-refused" OneTimeKeyRefused,
    /// The device had discarded the one-time key because it seemed to have been
    /// claimed long before.
    "one-time-key-expired" OneTimeKeyExpired,
    /// The device no longer knew the one-time key that it had uploaded:
    /// writes had not reached its disk.
    "one-time-key-forgotten" OneTimeKeyForgotten,
    /// The device no longer knew the one-time key: it had been put back to a
    /// copy from before it made that key.
    "one-time-key-lost-with-device-restore" OneTimeKeyLostWithDeviceRestore,
    /// The device held another one-time key under the same ID, or another
    /// process of it had stored an account that did not know the key.
    "one-time-key-overwritten" OneTimeKeyOverwritten,
    /// The device had replaced the fallback key, and destroyed it.
    "fallback-key-retired" FallbackKeyRetired,
    /// The device no longer knew the fallback key that it had uploaded.
    "fallback-key-forgotten" FallbackKeyForgotten,
    /// The two ends of an Olm session no longer agreed: one was put back, had
    /// two processes with a copy each, or was killed when it had stored a part of
    /// what it had done.
    "ratchet-forked" RatchetForked,
    /// More messages of an Olm session had been lost one after the other than
    /// its receiver can skip.
    "message-gap" MessageGap,
    /// The reader had dropped the room key, because it did not know the
    /// sender's device (yet).
    "sender-unknown" SenderUnknown,
    /// The reader had the room key, and lost it with its store.
    "room-key-forgotten" RoomKeyForgotten,
    /// The reader was given the key only from a later message on.
    "later-index-only" LaterIndexOnly,
}

impl CauseKind {
    /// Whether what failed for this cause was not meant to succeed.
    #[must_use]
    pub fn is_excuse(self) -> bool {
        self == CauseKind::Withheld
    }
}

impl Named for CauseKind {
    fn write(&self, _: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
