//! What is stored: the tables of a homeserver, and the kinds of row that a client
//! writes.

use serde::{Deserialize, Serialize};

/// A table of a homeserver's database: what a backup or a restore can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Table {
    /// One-time keys that have not been claimed.
    OneTimeKeys,
    /// The fallback key of each device and whether it was used.
    FallbackKeys,
    /// Identity keys of the server's own devices.
    Devices,
    /// Identity keys of other servers' devices, and the stream of changes.
    DeviceLists,
    /// To-device messages that devices have not fetched.
    Inbox,
    /// To-device messages and device-list updates for other servers.
    Outbox,
    /// Rooms, their members and events.
    Rooms,
    /// Transactions and messages already accepted from other servers.
    Deduplication,
    /// When each other server may be asked again.
    RetryTimings,
    /// One-time keys that were handed out, where a server remembers them.
    IssuedKeys,
}

impl Table {
    /// Every table, in the order in which they are listed.
    pub const ALL: &[Table] = &[
        Table::OneTimeKeys,
        Table::FallbackKeys,
        Table::Devices,
        Table::DeviceLists,
        Table::Inbox,
        Table::Outbox,
        Table::Rooms,
        Table::Deduplication,
        Table::RetryTimings,
        Table::IssuedKeys,
    ];

    /// As a scenario file spells it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Table::OneTimeKeys => "one-time-keys",
            Table::FallbackKeys => "fallback-keys",
            Table::Devices => "devices",
            Table::DeviceLists => "device-lists",
            Table::Inbox => "inbox",
            Table::Outbox => "outbox",
            Table::Rooms => "rooms",
            Table::Deduplication => "deduplication",
            Table::RetryTimings => "retry-timings",
            Table::IssuedKeys => "issued-keys",
        }
    }
}

/// A kind of row that a client stores: what a crash can be tied to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Row {
    /// That the device is logged in, or no longer is.
    Login,
    /// The Olm account: identity, one-time and fallback keys.
    Account,
    /// An Olm session.
    Session,
    /// What is noted of a peer or a message beside the sessions.
    Note,
    /// A received room key.
    RoomKey,
    /// A sending Megolm session, and who has been given its key.
    OutboundSession,
    /// Another user's devices, or that they are outdated.
    DeviceList,
    /// A room's members.
    Room,
    /// How far to-device messages have been fetched.
    Token,
    /// A room event that was seen or read, and how far events were fetched.
    Event,
    /// What a person said, on its way to the server.
    Queue,
    /// A row of a homeserver's table.
    Of(Table),
}

impl Row {
    /// The rows that a client stores, in the order in which they are listed.
    pub const OF_CLIENTS: &[Row] = &[
        Row::Login,
        Row::Account,
        Row::Session,
        Row::Note,
        Row::RoomKey,
        Row::OutboundSession,
        Row::DeviceList,
        Row::Room,
        Row::Token,
        Row::Event,
        Row::Queue,
    ];

    /// As a scenario file spells it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Row::Login => "login",
            Row::Account => "account",
            Row::Session => "session",
            Row::Note => "note",
            Row::RoomKey => "room-key",
            Row::OutboundSession => "outbound-session",
            Row::DeviceList => "device-list",
            Row::Room => "room",
            Row::Token => "token",
            Row::Event => "event",
            Row::Queue => "queue",
            Row::Of(table) => table.name(),
        }
    }
}
