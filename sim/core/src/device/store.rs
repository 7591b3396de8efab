//! What a client keeps on disk: pickles of its cryptographic objects, what it
//! knows of others, and what it still has to send. What is not here is lost
//! when the client is killed (BS §1.12).

use std::collections::BTreeSet;
use std::sync::Arc;

use litemap::LiteMap;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::crypto::{Body, Crypto};
use crate::name::{
    ByPlace, DeviceId, EventId, KeyId, KeyName, MegolmName, RoomId, Row, SessionName, UserId,
};
use crate::node::Durable;
use crate::time::Time;
use crate::wire::{AccessToken, DeviceKeys, RoomEvent, SyncToken, ToDevice};

/// A client's database.
#[derive(Clone, Debug)]
pub struct Store<C: Crypto> {
    /// What the device is logged in with, if it is.
    pub(super) access: Option<AccessToken>,
    pub(super) account: Option<Arc<AccountRow<C>>>,
    pub(super) sessions: ByPlace<DeviceId, LiteMap<SessionName, Arc<SessionRow<C>>>>,
    pub(super) decrypted: FxHashSet<C::Digest>,
    pub(super) wedging: ByPlace<DeviceId, u32>,
    pub(super) told_no_olm: BTreeSet<DeviceId>,
    /// With whom a new session is to be opened, where that is stored.
    pub(super) to_unwedge: BTreeSet<DeviceId>,
    /// Devices that a person does not want to have room keys.
    pub(super) blocked: BTreeSet<DeviceId>,
    /// Megolm sessions that others do not want this device to have.
    pub(super) withheld: BTreeSet<MegolmName>,
    pub(super) room_keys: FxHashMap<MegolmName, Arc<RoomKeyRow<C>>>,
    pub(super) outbound: LiteMap<RoomId, Arc<OutboundRow<C>>>,
    pub(super) devices: ByPlace<UserId, LiteMap<DeviceId, DeviceKeys<C>>>,
    /// Users whose device list has to be asked for, and the number of the
    /// latest notice that said so.
    pub(super) outdated: LiteMap<UserId, u64>,
    pub(super) notices: u64,
    pub(super) rooms: LiteMap<RoomId, Vec<UserId>>,
    pub(super) token: Option<SyncToken>,
    pub(super) seen: FxHashSet<EventId>,
    pub(super) undecrypted: LiteMap<EventId, Arc<RoomEvent<C>>>,
    pub(super) queue: LiteMap<u64, Arc<Queued<C>>>,
    pub(super) queued: u64,
}

/// The Olm account and what belongs to it.
#[derive(Clone, Debug)]
pub struct AccountRow<C: Crypto> {
    /// The account itself, as it was when it was stored last.
    pub pickle: C::Pickle,
    /// The rest, which is not secret.
    pub state: AccountState,
}

/// What a client knows of its own keys beside the keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountState {
    /// Whether the server has accepted the device keys.
    pub device_keys_shared: bool,
    /// From which key ID on which incarnation generated the one-time keys.
    pub generations: Vec<(KeyId, u16)>,
    /// The current fallback key and when it was generated.
    pub fallback: Option<(KeyName, Time)>,
    /// When the current fallback key was first used.
    pub fallback_used: Option<Time>,
    /// The fallback keys before that whose private halves are still held, and
    /// when each was replaced; the oldest first.
    pub replaced_fallbacks: Vec<(KeyName, Time)>,
    /// The one-time key with the highest ID that it has generated.
    pub newest: Option<KeyId>,
    /// Published one-time keys below this ID were all deleted from the server.
    pub reset_below: Option<KeyId>,
    /// One-time keys that are held and not on the server any more, as far as
    /// the device can tell, and since when it has thought so; the oldest first.
    pub claimed: Vec<(KeyId, Time)>,
    /// The first ID of each upload, where the device has to know.
    pub batches: Vec<KeyId>,
}

/// An Olm session.
#[derive(Clone, Debug)]
pub struct SessionRow<C: Crypto> {
    /// Which session it is.
    pub name: SessionName,
    /// The other device.
    pub peer: DeviceId,
    /// The other device's identity, under which a real client files it.
    pub theirs: C::Identity,
    /// The key it was opened on.
    pub key: KeyName,
    /// When this device opened or accepted it.
    pub created: Time,
    /// When the chain began that it sends on; it names the chain in traces.
    pub chain: Time,
    /// The session itself, as it was when it was stored last.
    pub pickle: C::Pickle,
}

/// A receiving end of a Megolm session.
#[derive(Clone, Debug)]
pub struct RoomKeyRow<C: Crypto> {
    /// Which session it is.
    pub name: MegolmName,
    /// The first message index it decrypts.
    pub index: u32,
    /// The session itself, as it was when it was stored last.
    pub pickle: C::Pickle,
}

/// The sending end of a Megolm session, and who has been given its key.
#[derive(Clone, Debug)]
pub struct OutboundRow<C: Crypto> {
    /// Which session it is.
    pub name: MegolmName,
    /// The session itself, as it was when it was stored last.
    pub pickle: C::Pickle,
    /// Messages encrypted so far.
    pub messages: u32,
    /// Who has been given the key.
    pub shared: LiteMap<DeviceId, Share<C>>,
    /// Who has been told that the key is withheld.
    pub withheld: BTreeSet<DeviceId>,
    /// The key as it was shared, by message index.
    pub exports: LiteMap<u32, C::RoomKey>,
    /// `/sendToDevice` requests that have not been answered, by transaction ID.
    pub unsent: LiteMap<u64, Vec<ToDevice<C>>>,
}

/// How a device was given a room key.
#[derive(Clone, Debug)]
pub struct Share<C: Crypto> {
    /// The device's identity when it was given it.
    pub theirs: C::Identity,
    /// From which message index on it was first given.
    pub first_index: u32,
    /// How many Olm sessions the device had opened by the last time.
    pub wedging: u32,
}

/// Something a person said that the server has not confirmed.
#[derive(Clone, Debug)]
pub struct Queued<C: Crypto> {
    /// Where.
    pub room: RoomId,
    /// What.
    pub body: Body,
    /// The event, once it is encrypted: a retry sends the same one.
    pub event: Option<Arc<RoomEvent<C>>>,
}

/// The write of one row. Large rows are shared between memory and disk.
#[derive(Clone, Debug)]
pub enum Write<C: Crypto> {
    /// Stores that the device is logged in.
    Login(AccessToken),
    /// Deletes everything: the device is logged out.
    Wiped,
    /// Stores the account.
    Account(Arc<AccountRow<C>>),
    /// Stores an Olm session.
    Session(Arc<SessionRow<C>>),
    /// Remembers the hash of a decrypted message.
    Decrypted(C::Digest),
    /// Counts the Olm sessions that a device has opened.
    Wedging(DeviceId, u32),
    /// Remembers that a new session is to be opened with a device.
    Unwedge(DeviceId),
    /// Remembers that it has been.
    Unwedged(DeviceId),
    /// Remembers that a device was told `m.no_olm`.
    ToldNoOlm(DeviceId),
    /// Remembers that a device is to have no room keys.
    Blocked(DeviceId),
    /// Remembers that a room key is withheld from this device.
    Withheld(MegolmName),
    /// Stores a received room key.
    RoomKey(Arc<RoomKeyRow<C>>),
    /// Stores a sending Megolm session.
    Outbound(RoomId, Arc<OutboundRow<C>>),
    /// Discards a sending Megolm session.
    OutboundGone(RoomId),
    /// Stores a user's devices, as asked for after this many notices. The
    /// list is still outdated if another notice has come since.
    Devices(UserId, Vec<DeviceKeys<C>>, u64),
    /// Marks a user's device list as outdated.
    Outdated(UserId),
    /// Stores a room's members.
    Room(RoomId, Vec<UserId>),
    /// Forgets a room.
    RoomGone(RoomId),
    /// Stores how far to-device messages have been fetched.
    Token(u64),
    /// Stores how far room events and changes of device lists have been
    /// fetched.
    Position(SyncToken),
    /// Stores an event that was seen; it stays until it is decrypted.
    Seen(Arc<RoomEvent<C>>),
    /// Notes that an event was decrypted.
    Read(EventId),
    /// Stores something to send.
    Queue(u64, Arc<Queued<C>>),
    /// Notes that it was sent.
    Sent(u64),
}

impl<C: Crypto> Default for Store<C> {
    fn default() -> Self {
        Self {
            access: None,
            account: None,
            sessions: ByPlace::default(),
            decrypted: FxHashSet::default(),
            wedging: ByPlace::default(),
            told_no_olm: BTreeSet::new(),
            to_unwedge: BTreeSet::new(),
            blocked: BTreeSet::new(),
            withheld: BTreeSet::new(),
            room_keys: FxHashMap::default(),
            outbound: LiteMap::new(),
            devices: ByPlace::default(),
            outdated: LiteMap::new(),
            notices: 0,
            rooms: LiteMap::new(),
            token: None,
            seen: FxHashSet::default(),
            undecrypted: LiteMap::new(),
            queue: LiteMap::new(),
            queued: 0,
        }
    }
}

/// How many events, messages and sessions a client comes to know in a run of the
/// usual length, about; and what hash tables have room for without waste.
pub(super) const USUALLY_KNOWN: usize = 56;

impl<C: Crypto> Store<C> {
    /// Makes room for what a client comes to know.
    pub(super) fn make_room(&mut self) {
        self.decrypted.reserve(USUALLY_KNOWN);
        self.room_keys.reserve(USUALLY_KNOWN);
        self.seen.reserve(USUALLY_KNOWN);
    }
}

impl<C: Crypto> Durable for Store<C> {
    type Write = Write<C>;

    fn apply(&mut self, write: Write<C>) {
        match write {
            Write::Login(token) => self.access = Some(token),
            Write::Wiped => *self = Self::default(),
            Write::Account(row) => self.account = Some(row),
            Write::Session(row) => {
                self.sessions.of(row.peer).insert(row.name, row);
            }
            Write::Decrypted(message) => {
                self.decrypted.insert(message);
            }
            Write::Wedging(device, count) => {
                self.wedging.insert(device, count);
            }
            Write::Unwedge(device) => {
                self.to_unwedge.insert(device);
            }
            Write::Unwedged(device) => {
                self.to_unwedge.remove(&device);
            }
            Write::ToldNoOlm(device) => {
                self.told_no_olm.insert(device);
            }
            Write::Blocked(device) => {
                self.blocked.insert(device);
            }
            Write::Withheld(session) => {
                self.withheld.insert(session);
            }
            Write::RoomKey(row) => {
                self.room_keys.insert(row.name, row);
            }
            Write::Outbound(room, row) => {
                self.outbound.insert(room, row);
            }
            Write::OutboundGone(room) => {
                self.outbound.remove(&room);
            }
            Write::Devices(user, devices, asked_after) => {
                let devices: LiteMap<_, _> = devices
                    .into_iter()
                    .map(|keys| (keys.device, keys))
                    .collect();
                // A device that comes back after it was gone is another.
                self.told_no_olm
                    .retain(|device| device.user() != user || devices.contains_key(device));
                self.devices.insert(user, devices);
                if self
                    .outdated
                    .get(&user)
                    .is_some_and(|notice| *notice <= asked_after)
                {
                    self.outdated.remove(&user);
                }
            }
            Write::Outdated(user) => {
                self.notices += 1;
                self.outdated.insert(user, self.notices);
            }
            Write::Room(room, members) => {
                self.rooms.insert(room, members);
            }
            Write::RoomGone(room) => {
                self.rooms.remove(&room);
            }
            Write::Token(to_device) => {
                self.token.get_or_insert_default().to_device = to_device;
            }
            Write::Position(next) => {
                let token = self.token.get_or_insert_default();
                token.events = next.events;
                token.device_lists = next.device_lists;
                token.epoch = next.epoch;
            }
            Write::Seen(event) => {
                self.seen.insert(event.id);
                self.undecrypted.insert(event.id, event);
            }
            Write::Read(event) => {
                self.undecrypted.remove(&event);
            }
            Write::Queue(number, queued) => {
                self.queued = self.queued.max(number + 1);
                self.queue.insert(number, queued);
            }
            Write::Sent(number) => {
                self.queue.remove(&number);
            }
        }
    }

    fn row(write: &Write<C>) -> Row {
        match write {
            Write::Login(_) | Write::Wiped => Row::Login,
            Write::Account(_) => Row::Account,
            Write::Session(_) => Row::Session,
            Write::Decrypted(_)
            | Write::Wedging(..)
            | Write::Unwedge(_)
            | Write::Unwedged(_)
            | Write::ToldNoOlm(_)
            | Write::Blocked(_)
            | Write::Withheld(_) => Row::Note,
            Write::RoomKey(_) => Row::RoomKey,
            Write::Outbound(..) | Write::OutboundGone(_) => Row::OutboundSession,
            Write::Devices(..) | Write::Outdated(_) => Row::DeviceList,
            Write::Room(..) | Write::RoomGone(_) => Row::Room,
            Write::Token(_) => Row::Token,
            Write::Position(_) | Write::Seen(_) | Write::Read(_) => Row::Event,
            Write::Queue(..) | Write::Sent(_) => Row::Queue,
        }
    }

    /// Everything a client stores matters; it has no retries on disk.
    fn is_progress(_: &Write<C>) -> bool {
        true
    }
}
