//! Steps: what happens from outside in a scenario's timeline. One file each,
//! which holds its data, how it is written in a scenario, and its effect.

mod backup;
mod connection;
mod crash;
mod outside;
mod partition;
mod restore;
mod send;

use std::fmt;

use serde::Deserialize;
use toml::Spanned;

use crate::cast::{Cast, Named};
use crate::problem::Fault;
use crate::time::Span;
use crate::trace::StepIndex;
use crate::words::Names;

pub(crate) use outside::Outside;

/// What every step can do.
pub(crate) trait Action: Sized {
    /// How the step is written in a scenario file.
    type Written;

    /// Takes the step out of a scenario file.
    fn read(written: Self::Written, names: &Names<'_>) -> Result<(Span, Self), Fault>;

    /// Lets the step happen.
    fn happen(&self, index: StepIndex, world: &mut impl Outside);

    /// Says the step in a few words.
    fn say(&self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result;
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
}

macro_rules! steps {
    ($($(#[doc = $about:literal])+ $name:literal $variant:ident: $module:ident::$data:ident,)+) => {
        /// Something that happens from outside.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Step {
            $($(#[doc = $about])+ $variant($module::$data),)+
        }

        /// A step as a scenario file writes it: `{ send = { at = "2h", … } }`.
        #[derive(Debug, Deserialize)]
        pub(crate) enum WrittenStep {
            $(#[serde(rename = $name)] $variant(<$module::$data as Action>::Written),)+
        }

        /// Every step, in the order in which they are listed.
        pub const STEPS: &[StepInfo] = &[$(StepInfo { name: $name, about: &[$($about),+] },)+];

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
        }

        impl Named for Step {
            fn write(&self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self { $(Step::$variant(step) => step.say(cast, f),)+ }
            }
        }
    };
}

steps! {
    /// Somebody says something in a room: `from` (a device), `room`.
    "send" Send: send::Send,
    /// A device loses its connection: `device`.
    "offline" Offline: connection::Offline,
    /// A device gets its connection back: `device`.
    "online" Online: connection::Online,
    /// Servers can no longer reach each other: `between` (two of them). What
    /// is on its way is lost.
    "partition" Partition: partition::Partition,
    /// Servers can reach each other again: `between` (two of them).
    "heal" Heal: partition::Heal,
    /// A server's database is copied: `server`.
    "backup" Backup: backup::Backup,
    /// A server is stopped and started from its latest copy (without one, from
    /// what it has): `server`, and perhaps `tables`, if only some are put back
    /// (one-time-keys, fallback-keys, devices, device-lists, inbox, outbox,
    /// rooms, deduplication, retry-timings).
    "restore" Restore: restore::Restore,
    /// A server or device stops at once: `node`, and perhaps `before_answer`
    /// (keys-upload, keys-claim, sync, …), if it stops when the next such
    /// answer arrives.
    "crash" Crash: crash::Crash,
    /// A server or device that is down starts again: `node`.
    "restart" Restart: crash::Restart,
}

/// Two names of the same kind, as a file writes them.
type Pair = Spanned<Vec<Spanned<String>>>;
