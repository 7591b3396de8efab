//! `duplicate`: a request of a device arrives twice: a proxy or a connection
//! tried again what had been done already.

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
use crate::wire::MessageKind;
use crate::words::{Names, one_of, word};

/// Requests about keys, which no transaction ID protects.
const REQUESTS: [MessageKind; 3] = [
    MessageKind::KeysUpload,
    MessageKind::KeysReset,
    MessageKind::KeysClaim,
];
/// The latest that a request can arrive once more.
const LATEST: Span = Span::hours(1);

/// A request arrives twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Duplicate {
    device: DeviceId,
    request: MessageKind,
    after: Span,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    at: Spanned<String>,
    device: Spanned<String>,
    request: Spanned<String>,
    after: Spanned<String>,
}

impl Action for Duplicate {
    type Written = Written;

    fn read(written: Written, names: &Names<'_>) -> Result<(Span, Self), Fault> {
        let device = names.device(&written.device)?;
        let requests = REQUESTS.into_iter();
        let request = one_of(
            "request about keys",
            &written.request,
            requests,
            MessageKind::name,
        )?;
        let after = names.time(&written.after)?;
        if after > LATEST {
            let message = format!("this is out of range: it may be {LATEST} at the most");
            return Err(Fault::new(written.after.span(), message, "too long"));
        }
        let step = Self {
            device,
            request,
            after,
        };
        Ok((names.time(&written.at)?, step))
    }

    fn write(&self, at: Span, cast: &Cast) -> Written {
        Written {
            at: word(at),
            device: word(cast.say(&self.device)),
            request: word(self.request),
            after: word(self.after),
        }
    }

    fn happen(&self, index: StepIndex, world: &mut impl Outside) {
        world.duplicate(self.device, self.request, self.after, index);
    }

    fn say(&self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (device, request, after) = (cast.say(&self.device), self.request, self.after);
        write!(
            f,
            "the next {request} of {device} arrives once more {after} later"
        )
    }

    fn recast(&self, roles: &Roles) -> Option<Self> {
        let device = roles.device(self.device)?;
        Some(Self { device, ..*self })
    }

    fn draw(luck: &mut Luck<'_>) -> Option<Self> {
        Some(Self {
            device: luck.device()?,
            request: luck.of(&REQUESTS)?,
            after: luck.span(Span::millis(100), LATEST),
        })
    }

    fn awaits(&self) -> bool {
        true
    }

    fn simpler(&self) -> Vec<Self> {
        let round = [Span::secs(1), Span::secs(10), Span::mins(1), LATEST];
        let is_round = round.contains(&self.after);
        let simpler = round.into_iter().filter(|it| !is_round || *it < self.after);
        simpler.map(|after| Self { after, ..*self }).collect()
    }
}
