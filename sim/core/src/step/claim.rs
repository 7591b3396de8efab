//! `claim`: somebody claims one-time keys of a device and never uses them: an
//! attacker, a client that gave up, a message that was never sent.

use std::fmt;

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::{Action, Outside};
use crate::cast::Cast;
use crate::luck::Luck;
use crate::name::DeviceId;
use crate::problem::Fault;
use crate::roles::Roles;
use crate::time::Span;
use crate::trace::StepIndex;
use crate::words::{Names, word};

/// The most keys that one step can claim.
const MOST: u32 = 100_000;

/// Somebody claims keys of a device, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    device: DeviceId,
    count: u32,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    at: Spanned<String>,
    device: Spanned<String>,
    count: Spanned<i64>,
}

impl Claim {
    /// Somebody claims one key.
    pub(super) fn of_one(device: DeviceId) -> Self {
        Self { device, count: 1 }
    }
}

impl Action for Claim {
    type Written = Written;

    fn read(written: Written, names: &Names<'_>) -> Result<(Span, Self), Fault> {
        let device = names.device(&written.device)?;
        let count = names.count(&written.count, MOST)?;
        Ok((names.time(&written.at)?, Self { device, count }))
    }

    fn write(&self, at: Span, cast: &Cast) -> Written {
        Written {
            at: word(at),
            device: word(cast.say(&self.device)),
            count: Spanned::new(0..0, i64::from(self.count)),
        }
    }

    fn happen(&self, index: StepIndex, world: &mut impl Outside) {
        world.claim_for_nobody(self.device, self.count, index);
    }

    fn say(&self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, device) = (self.count, cast.say(&self.device));
        write!(f, "somebody claims {count} keys of {device} and uses none")
    }

    fn recast(&self, roles: &Roles) -> Option<Self> {
        let device = roles.device(self.device)?;
        Some(Self { device, ..*self })
    }

    /// Often all keys that the device means to have on its server.
    fn draw(luck: &mut Luck<'_>) -> Option<Self> {
        let device = luck.device()?;
        let all = u32::try_from(luck.one_time_keys()).ok()?;
        let any = u32::try_from(1 + luck.below(60)).ok()?;
        let count = luck.of(&[1, all, all, all + 1, all * 2, any])?;
        Some(Self { device, count })
    }

    fn simpler(&self) -> Vec<Self> {
        let mut fewer = vec![1, self.count / 2, self.count - 1];
        fewer.retain(|count| (1..self.count).contains(count));
        fewer.dedup();
        let simpler = fewer.into_iter().map(|count| Self { count, ..*self });
        simpler.collect()
    }
}
