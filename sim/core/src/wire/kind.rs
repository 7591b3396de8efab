//! The kinds of message, as a registry: one for each endpoint.

use std::fmt;

macro_rules! kinds {
    ($($(#[doc = $about:literal])+ $name:literal $variant:ident,)+) => {
        /// The kind of a message, named by its endpoint.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum MessageKind {
            $($(#[doc = $about])+ $variant,)+
        }

        impl MessageKind {
            /// Every kind, in the order in which they are listed.
            pub const ALL: &[MessageKind] = &[$(MessageKind::$variant,)+];

            /// As a scenario file spells it.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(MessageKind::$variant => $name,)+ }
            }
        }
    };
}

kinds! {
    /// `POST /login`
    "login" Login,
    /// `POST /logout`
    "logout" Logout,
    /// `POST /keys/upload`
    "keys-upload" KeysUpload,
    /// `POST /keys/reset` (MSC4162)
    "keys-reset" KeysReset,
    /// `POST /keys/query`
    "keys-query" KeysQuery,
    /// `POST /keys/claim`
    "keys-claim" KeysClaim,
    /// `PUT /sendToDevice`
    "send-to-device" SendToDevice,
    /// `PUT /rooms/{room}/send`
    "send-event" SendEvent,
    /// `POST /join/{room}`
    "join" Join,
    /// `POST /rooms/{room}/leave`
    "leave" Leave,
    /// `GET /sync`
    "sync" Sync,
    /// `PUT /_matrix/federation/v1/send/{txn}`
    "federation-send" FederationSend,
    /// `POST /_matrix/federation/v1/user/keys/claim`
    "federation-claim" FederationClaim,
    /// `POST /_matrix/federation/v1/user/keys/query`
    "federation-query" FederationQuery,
    /// `POST /_matrix/federation/v1/get_missing_events/{room}`
    "federation-missing-events" FederationMissingEvents,
    /// `PUT /_matrix/federation/v2/send_join/{room}`
    "federation-join" FederationJoin,
    /// Any other authenticated request between servers.
    "federation-version" FederationVersion,
    // These come last because their places are part of the hash of a trace.
    /// `POST /rooms/{room}/invite`
    "invite" Invite,
    /// `PUT /_matrix/federation/v2/invite/{room}/{event}`
    "federation-invite" FederationInvite,
}

impl fmt::Display for MessageKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
