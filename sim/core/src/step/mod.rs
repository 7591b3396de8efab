//! Steps: what happens from outside in a scenario's timeline. One file each,
//! which holds its data, how it is written in a scenario, its effect, how it is
//! drawn and how it gets simpler.

mod about;
mod backup;
mod block;
mod claim;
mod clock;
mod connection;
mod crash;
mod drop_answer;
mod duplicate;
mod fork;
mod gone;
mod invite;
mod login;
mod membership;
mod outside;
mod partition;
mod repeats;
mod reset_keys;
mod restore;
mod send;
mod slow;
mod tamper;
mod waste;

use std::fmt;

use serde::{Deserialize, Serialize};
use toml::Spanned;

use crate::cast::{Cast, Named};
use crate::luck::Luck;
use crate::name::{NodeId, RoomId, UserId};
use crate::problem::Fault;
use crate::roles::Roles;
use crate::time::Span;
use crate::trace::StepIndex;
use crate::words::Names;

pub(crate) use about::About;
pub(crate) use outside::{AppMeanwhile, CrashPoint, Fork, InFlight, Outside};
pub(crate) use repeats::Repeats;

/// What every step can do.
pub(crate) trait Action: Sized {
    /// How the step is written in a scenario file.
    type Written;

    /// Whether the generator draws it.
    const IS_DRAWN: bool = true;

    /// Takes the step out of a scenario file.
    fn read(written: Self::Written, names: &Names<'_>) -> Result<(Span, Self), Fault>;

    /// The step as a scenario file has it: what [`Action::read`] takes out.
    fn write(&self, at: Span, cast: &Cast) -> Self::Written;

    /// Lets the step happen.
    fn happen(&self, index: StepIndex, world: &mut impl Outside);

    /// Says the step in a few words.
    fn say(&self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result;

    /// The same step with others in these roles. Nothing if a role is not
    /// filled, or the step makes no sense among those who fill them.
    fn recast(&self, roles: &Roles) -> Option<Self>;

    /// Draws such a step. Nothing if the cast has not got what it takes, or
    /// luck would not have it.
    fn draw(luck: &mut Luck<'_>) -> Option<Self>;

    /// How often the step happens.
    fn repeats(&self) -> Repeats {
        Repeats::ONCE
    }

    /// What goes with the step some time after it: what ends it, or without
    /// which it shows nothing.
    fn sequel(&self, _: &mut Luck<'_>) -> Option<Step> {
        None
    }

    /// Whether the step waits for the next thing of a kind, and shows nothing
    /// unless something happens after it.
    fn awaits(&self) -> bool {
        false
    }

    /// Steps that could stand for this one and are simpler, the simplest
    /// first; perhaps the step itself. No step is simpler than one that is
    /// simpler than it.
    fn simpler(&self) -> Vec<Self> {
        vec![]
    }
}

/// A step and when it happens, counted from the start of the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimedStep {
    /// When.
    pub at: Span,
    /// What.
    pub step: Step,
}

/// What `list steps` tells about one step.
#[derive(Clone, Copy, Debug)]
pub struct StepInfo {
    /// As a scenario file spells it.
    pub name: &'static str,
    /// What it does, and what it takes.
    pub about: &'static [&'static str],
    /// Whether random scenarios have it.
    pub is_drawn: bool,
}

macro_rules! steps {
    ($($(#[doc = $about:literal])+ $name:literal $variant:ident: $module:ident::$data:ident,)+) => {
        /// Something that happens from outside.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Step {
            $($(#[doc = $about])+ $variant($module::$data),)+
        }

        /// A step as a scenario file writes it: `{ send = { at = "2h", … } }`.
        #[derive(Debug, Deserialize, Serialize)]
        pub(crate) enum WrittenStep {
            $(#[serde(rename = $name)] $variant(<$module::$data as Action>::Written),)+
        }

        /// Every step, in the order in which they are listed.
        pub const STEPS: &[StepInfo] = &[$(StepInfo {
            name: $name,
            about: &[$($about),+],
            is_drawn: $module::$data::IS_DRAWN,
        },)+];

        /// How each kind of step is drawn, in the same order.
        pub(crate) const DRAWN: &[fn(&mut Luck<'_>) -> Option<Step>] = &[
            $(|luck| $module::$data::draw(luck).map(Step::$variant),)+
        ];

        impl WrittenStep {
            pub(crate) fn read(self, names: &Names<'_>) -> Result<TimedStep, Fault> {
                match self {
                    $(WrittenStep::$variant(written) => {
                        let (at, step) = $module::$data::read(written, names)?;
                        Ok(TimedStep { at, step: Step::$variant(step) })
                    })+
                }
            }
        }

        impl Step {
            /// As a scenario file spells it.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self { $(Step::$variant(_) => $name,)+ }
            }

            pub(crate) fn happen(&self, index: StepIndex, world: &mut impl Outside) {
                match self { $(Step::$variant(step) => step.happen(index, world),)+ }
            }

            pub(crate) fn write(&self, at: Span, cast: &Cast) -> WrittenStep {
                match self {
                    $(Step::$variant(step) => WrittenStep::$variant(step.write(at, cast)),)+
                }
            }

            /// The same step with others in these roles, if it makes sense.
            pub(crate) fn recast(&self, roles: &Roles) -> Option<Self> {
                match self { $(Step::$variant(step) => step.recast(roles).map(Step::$variant),)+ }
            }

            /// How often the step happens.
            pub(crate) fn repeats(&self) -> Repeats {
                match self { $(Step::$variant(step) => step.repeats(),)+ }
            }

            /// What goes with the step some time after it.
            pub(crate) fn sequel(&self, luck: &mut Luck<'_>) -> Option<Self> {
                match self { $(Step::$variant(step) => step.sequel(luck),)+ }
            }

            /// Whether the step waits for the next thing of a kind.
            pub(crate) fn awaits(&self) -> bool {
                match self { $(Step::$variant(step) => step.awaits(),)+ }
            }

            /// What could stand for the step and is simpler.
            pub(crate) fn simpler(&self) -> Vec<Self> {
                match self {
                    $(Step::$variant(step) => {
                        step.simpler().into_iter().map(Step::$variant).collect()
                    })+
                }
            }
        }

        impl Named for Step {
            fn write(&self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self { $(Step::$variant(step) => step.say(cast, f),)+ }
            }
        }
    };
}

steps! {
    /// Somebody says something in a room: `from` (a device), `room`; perhaps
    /// again and again: `times`, `every` (a time). A device without a connection
    /// sends it later; one that is down, never.
    "send" Send: send::Send,
    /// A device logs in: `device`. If this is the first that is said of it, the
    /// device is not there before.
    "login" Login: login::Login,
    /// A device logs out and wipes its store: `device`.
    "logout" Logout: login::Logout,
    /// A user joins a room: `device` (any of theirs), `room`.
    "join" Join: membership::Join,
    /// A user leaves a room: `device` (any of theirs), `room`.
    "leave" Leave: membership::Leave,
    /// A member invites a user to a room, who is given room keys from then on and
    /// can join later: `by` (a device), `device` (any of the user's), `room`.
    "invite" Invite: invite::Invite,
    /// A person lets a device give another no more room keys: `by`, `device`.
    "block" Block: block::Block,
    /// A device loses its connection: `device`.
    "offline" Offline: connection::Offline,
    /// A device gets its connection back: `device`.
    "online" Online: connection::Online,
    /// Two nodes can no longer reach each other: `between` (two servers, or a
    /// device and its server); or one of them cannot reach the other: `from`,
    /// `to`. What is on its way is lost, or else `in_flight = "arrives"`.
    "partition" Partition: partition::Partition,
    /// Two nodes can reach each other again, both ways, as fast as before:
    /// `between`.
    "heal" Heal: partition::Heal,
    /// Messages between two servers take longer: `between`, `by` (a time).
    "slow" Slow: slow::Slow,
    /// The next answer of a kind is lost: `from`, `to`, `to_request` (what it
    /// answers, as for `crash`).
    "drop_answer" DropAnswer: drop_answer::DropAnswer,
    /// A server's database or a device's store is copied: `server` or `device`.
    "backup" Backup: backup::Backup,
    /// A server or device is stopped and started from its latest copy (without
    /// one, from what it has): `server` or `device`; for a server perhaps
    /// `tables`, if only some are put back (one-time-keys, fallback-keys,
    /// devices, device-lists, inbox, outbox, rooms, deduplication,
    /// retry-timings, issued-keys).
    "restore" Restore: restore::Restore,
    /// A server or device stops at once: `node`; or at the next point of a
    /// kind: `before_answer` (when the answer to such a request of its own
    /// arrives) or `after_sending` (such a request) of login, keys-upload,
    /// keys-query, keys-claim, send-to-device, send-event, join, leave, sync, invite,
    /// federation-send, federation-claim, federation-query,
    /// federation-missing-events, federation-join or federation-invite; `before_write` or
    /// `after_write` of login, account, session, note, room-key,
    /// outbound-session, device-list, room, token, event or queue, or, of a
    /// server, of a table. What it wrote last can be lost: `lost_writes` (how
    /// many transactions; with a sync, a client stores what the messages
    /// brought, then its account if that changed, then how far it has seen
    /// events).
    "crash" Crash: crash::Crash,
    /// A server or device that is down starts again: `node`.
    "restart" Restart: crash::Restart,
    /// A server or device stops and never starts again: `node`.
    "gone" Gone: gone::Gone,
    /// A second process of a device's client runs on the same store: `device`,
    /// `for` (a time). The app is suspended meanwhile, and wakes up with the
    /// memory that it had, or else `app = "running"`. A lock keeps the two from
    /// writing over each other, and makes an app load again what it has in
    /// memory; or else, where there is none or it is not effective,
    /// `lock = false`. With a lock, a process that finds the app running ends.
    "fork" Fork: fork::Fork,
    /// Strangers claim one-time keys, one after the other: `device` (whose),
    /// `count`; perhaps so many again and again: `times`, `every` (a time). None
    /// is used; or else all but so many: `leak = "2%"`, and with each of the
    /// others a message is sent.
    "claim" Claim: claim::Claim,
    /// A server's clock is set back: `server`, `back` (a time). One-time keys that
    /// are uploaded from then on are taken for older than those before.
    "clock" Clock: clock::Clock,
    /// Somebody sends a damaged copy of the next Olm message between two
    /// devices ahead of it: `from`, `to`.
    "inject" Inject: tamper::Inject,
    /// Somebody delivers the last Olm message between two devices once more:
    /// `from`, `to`.
    "replay" Replay: tamper::Replay,
    /// A device sends Olm messages to another, and all of them are lost: `from`,
    /// `to`, `count`. They carry no room keys: what an app sends for itself.
    "waste" Waste: waste::Waste,
    /// The next request of a kind that a device sends arrives twice, the second
    /// time later: `device`, `request` (keys-upload, keys-reset or keys-claim),
    /// `after` (a time).
    "duplicate" Duplicate: duplicate::Duplicate,
    /// Somebody with a device's access token deletes all its one-time keys from
    /// its server: `device`. Without effect where there is no such request
    /// (`keys-reset`).
    "reset_keys" ResetKeys: reset_keys::ResetKeys,
}

impl WrittenStep {
    /// Who joins which room by this step, if anybody does.
    pub(crate) fn joins(&self, names: &Names<'_>) -> Option<(UserId, RoomId)> {
        if let WrittenStep::Join(written) = self {
            written.user_and_room(names)
        } else {
            None
        }
    }
}

/// The two ends of a link, in the order of the cast: servers first.
fn in_order(mut between: [NodeId; 2]) -> [NodeId; 2] {
    between.sort_unstable();
    between
}

/// Two names of the same kind, as a file writes them.
type Pair = Spanned<Vec<Spanned<String>>>;
