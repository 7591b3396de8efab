//! `claim`: somebody claims one-time keys of a device and never uses them: an
//! attacker, a client that gave up, a message that was never sent.

use std::fmt;

use serde::Deserialize;
use toml::Spanned;

use super::{Action, Outside};
use crate::cast::Cast;
use crate::name::DeviceId;
use crate::problem::Fault;
use crate::time::Span;
use crate::trace::StepIndex;
use crate::words::Names;

/// The most keys that one step can claim.
const MOST: u32 = 100_000;

/// Somebody claims keys of a device, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    device: DeviceId,
    count: u32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    at: Spanned<String>,
    device: Spanned<String>,
    count: Spanned<i64>,
}

impl Action for Claim {
    type Written = Written;

    fn read(written: Written, names: &Names<'_>) -> Result<(Span, Self), Fault> {
        let device = names.device(&written.device)?;
        let count = names.count(&written.count, MOST)?;
        Ok((names.time(&written.at)?, Self { device, count }))
    }

    fn happen(&self, index: StepIndex, world: &mut impl Outside) {
        world.claim_for_nobody(self.device, self.count, index);
    }

    fn say(&self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, device) = (self.count, cast.say(&self.device));
        write!(f, "somebody claims {count} keys of {device} and uses none")
    }
}
