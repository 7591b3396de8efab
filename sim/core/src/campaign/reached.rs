//! What the life of a key came to in a run, from its trace: the measure of
//! what a campaign has tried. A state that no run reaches is a blind spot.

mod lives;

use serde::{Deserialize, Serialize};

pub use lives::reached;

/// What is told about one state.
#[derive(Clone, Copy, Debug)]
pub struct ReachedInfo {
    /// The state.
    pub state: Reached,
    /// As files and reports spell it.
    pub name: &'static str,
    /// What it means.
    pub about: &'static str,
}

macro_rules! states {
    ($($(#[doc = $about:literal])+ $name:literal $variant:ident,)+) => {
        /// What the life of a one-time or fallback key can come to.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Reached {
            $($(#[doc = $about])+ #[serde(rename = $name)] $variant,)+
        }

        impl Reached {
            /// Every state, in the order in which they are listed.
            pub const ALL: &[ReachedInfo] = &[$(ReachedInfo {
                state: Reached::$variant,
                name: $name,
                about: concat!($($about),+),
            },)+];

            /// As files and reports spell it.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Reached::$variant => $name,)+ }
            }
        }
    };
}

states! {
    /// A device generated one.
    "one-time-key-generated" OneTimeGenerated,
    /// A server stored it.
    "one-time-key-stored" OneTimeStored,
    /// A server left it out of an upload.
    "one-time-key-left-out" OneTimeLeftOut,
    /// A server refused it because its ID was taken.
    "one-time-key-refused" OneTimeRefused,
    /// A server refused it because it held too many.
    "one-time-key-refused-for-room" OneTimeRefusedForRoom,
    /// A server handed it out.
    "one-time-key-issued" OneTimeIssued,
    /// A server handed it out to somebody who will never use it.
    "one-time-key-issued-for-nobody" OneTimeIssuedForNobody,
    /// A server handed it out more than once.
    "one-time-key-issued-twice" OneTimeIssuedTwice,
    /// Two claims met at it.
    "one-time-key-claim-raced" OneTimeClaimRaced,
    /// A server stored it again after handing it out.
    "one-time-key-stored-again" OneTimeStoredAgain,
    /// A restore brought it back after it had been handed out.
    "one-time-key-brought-back" OneTimeBroughtBack,
    /// A restore took it off its server before it was handed out.
    "one-time-key-lost-from-server" OneTimeLostFromServer,
    /// A server deleted it because its owner asked for that.
    "one-time-key-reset-on-server" OneTimeResetOnServer,
    /// Somebody opened an Olm session on it.
    "one-time-key-session-opened" OneTimeSessionOpened,
    /// Its owner accepted a session on it, which consumes it.
    "one-time-key-accepted" OneTimeAccepted,
    /// Its owner got another session on it after it was consumed.
    "one-time-key-met-after-use" OneTimeMetAfterUse,
    /// Its owner discarded it to make room.
    "one-time-key-evicted" OneTimeEvicted,
    /// Its owner discarded it when it had its keys deleted from the server.
    "one-time-key-discarded-with-reset" OneTimeDiscardedWithReset,
    /// Its owner discarded it because the server refused it, having too many.
    "one-time-key-discarded-as-refused" OneTimeDiscardedAsRefused,
    /// Its owner discarded it because it had been claimed long ago.
    "one-time-key-expired" OneTimeExpired,
    /// Its owner discarded it because a message could not be decrypted.
    "one-time-key-deleted-on-failure" OneTimeDeletedOnFailure,
    /// Its owner got a session on it after discarding it.
    "one-time-key-met-after-discard" OneTimeMetAfterDiscard,
    /// Its owner forgot it with writes that had not reached the disk.
    "one-time-key-forgotten-with-writes" OneTimeForgottenWithWrites,
    /// Its owner forgot it by being put back to an older copy.
    "one-time-key-forgotten-with-restore" OneTimeForgottenWithRestore,
    /// Its owner got a session on it after forgetting it.
    "one-time-key-met-after-forgetting" OneTimeMetAfterForgetting,
    /// Its owner forgot that it had consumed it.
    "one-time-key-use-forgotten" OneTimeUseForgotten,
    /// Its owner generated another one under the same ID.
    "one-time-key-overwritten" OneTimeOverwritten,
    /// Its owner logged out without having used it.
    "one-time-key-wiped-with-logout" OneTimeWiped,
    /// A device generated one.
    "fallback-key-generated" FallbackGenerated,
    /// A server stored it.
    "fallback-key-stored" FallbackStored,
    /// A server handed it out.
    "fallback-key-issued" FallbackIssued,
    /// A server handed it out more than once.
    "fallback-key-issued-again" FallbackIssuedAgain,
    /// A restore took it off its server, or put an older one in its place.
    "fallback-key-lost-from-server" FallbackLostFromServer,
    /// Somebody opened an Olm session on it.
    "fallback-key-session-opened" FallbackSessionOpened,
    /// Its owner accepted a session on it.
    "fallback-key-accepted" FallbackAccepted,
    /// Its owner generated its successor.
    "fallback-key-replaced" FallbackReplaced,
    /// Its owner accepted a session on it when it had a successor.
    "previous-fallback-key-accepted" PreviousFallbackAccepted,
    /// Its owner destroyed it.
    "fallback-key-retired" FallbackRetired,
    /// Its owner got a session on it after destroying it.
    "fallback-key-met-after-retirement" FallbackMetAfterRetirement,
    /// Its owner forgot it, with lost writes or by being put back.
    "fallback-key-forgotten" FallbackForgotten,
}
