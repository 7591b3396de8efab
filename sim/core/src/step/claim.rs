//! `claim`: strangers claim one-time keys of a device. Some are never used: an
//! attacker, a client that gave up, a message that was never sent. With the
//! others somebody sends a message, which is what a long life brings.

use std::fmt;

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::{Action, Outside, Repeats};
use crate::cast::Cast;
use crate::luck::Luck;
use crate::name::DeviceId;
use crate::odds::Odds;
use crate::problem::Fault;
use crate::roles::Roles;
use crate::time::Span;
use crate::trace::StepIndex;
use crate::words::{Names, word};

/// The most keys that one step can claim.
const MOST: u32 = 100_000;

/// Strangers claim keys of a device, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    device: DeviceId,
    count: u32,
    repeats: Repeats,
    /// How often a key is never used.
    leak: Odds,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    at: Spanned<String>,
    device: Spanned<String>,
    count: Spanned<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    times: Option<Spanned<i64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    every: Option<Spanned<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    leak: Option<Spanned<String>>,
}

impl Claim {
    /// Somebody claims one key, and does not use it.
    pub(super) fn of_one(device: DeviceId) -> Self {
        Self {
            device,
            count: 1,
            repeats: Repeats::ONCE,
            leak: Odds::ALWAYS,
        }
    }
}

impl Action for Claim {
    type Written = Written;

    fn read(written: Written, names: &Names<'_>) -> Result<(Span, Self), Fault> {
        let device = names.device(&written.device)?;
        let count = names.count(&written.count, MOST)?;
        let repeats = Repeats::read((written.times, written.every), &written.at, names)?;
        let leak = match &written.leak {
            None => Odds::ALWAYS,
            Some(word) => word.get_ref().parse().map_err(|_| {
                let message = "this is not a share: it may be 0% to 100%";
                Fault::new(word.span(), message, "not a percentage")
                    .with_help("write it with a percent sign, as in \"2%\" or \"1.5%\"")
            })?,
        };
        let claim = Self {
            device,
            count,
            repeats,
            leak,
        };
        if u64::from(count) * u64::from(repeats.times) > u64::from(MOST) {
            let message = format!("these are too many claims: one step may make {MOST}");
            return Err(Fault::new(written.count.span(), message, "too many"));
        }
        Ok((names.time(&written.at)?, claim))
    }

    fn write(&self, at: Span, cast: &Cast) -> Written {
        let (times, every) = self.repeats.write();
        Written {
            at: word(at),
            device: word(cast.say(&self.device)),
            count: Spanned::new(0..0, i64::from(self.count)),
            times,
            every,
            leak: (self.leak != Odds::ALWAYS).then(|| word(self.leak)),
        }
    }

    fn happen(&self, index: StepIndex, world: &mut impl Outside) {
        world.claim_for_strangers(self.device, self.count, self.leak, index);
    }

    fn repeats(&self) -> Repeats {
        self.repeats
    }

    fn say(&self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, device) = (self.count, cast.say(&self.device));
        if self.leak == Odds::ALWAYS {
            write!(f, "somebody claims {count} keys of {device} and uses none")?;
        } else {
            let leak = self.leak;
            write!(
                f,
                "strangers claim {count} keys of {device} and use all but {leak}"
            )?;
        }
        write!(f, "{}", self.repeats)
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
        let (repeats, leak) = (Repeats::ONCE, Odds::ALWAYS);
        Some(Self {
            device,
            count,
            repeats,
            leak,
        })
    }

    fn simpler(&self) -> Vec<Self> {
        let mut fewer = vec![1, self.count / 2, self.count - 1];
        fewer.retain(|count| (1..self.count).contains(count));
        fewer.dedup();
        let fewer = fewer.into_iter().map(|count| Self { count, ..*self });
        let rarer = self.repeats.simpler().into_iter();
        let rarer = rarer.map(|repeats| Self { repeats, ..*self });
        rarer.chain(fewer).collect()
    }
}
