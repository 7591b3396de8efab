//! `fork`: a second process of a device's client starts on the same store, and
//! ends after a while.

use std::fmt;

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::claim::Claim;
use super::{Action, AppMeanwhile, Fork as How, Outside, Step};
use crate::cast::Cast;
use crate::luck::Luck;
use crate::name::{DeviceId, NodeId};
use crate::problem::Fault;
use crate::roles::Roles;
use crate::time::Span;
use crate::trace::StepIndex;
use crate::words::{Names, word};

/// How long a notification extension may run on iOS.
const USUAL: Span = Span::secs(30);

/// A second process on the store of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fork {
    device: DeviceId,
    how: How,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    at: Spanned<String>,
    device: Spanned<String>,
    #[serde(rename = "for")]
    lasts: Spanned<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    app: Option<Spanned<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lock: Option<bool>,
}

impl Fork {
    /// On whose store.
    pub(crate) fn node(&self) -> NodeId {
        NodeId::Device(self.device)
    }
}

impl Action for Fork {
    type Written = Written;

    fn read(written: Written, names: &Names<'_>) -> Result<(Span, Self), Fault> {
        let app = match &written.app {
            None => AppMeanwhile::IsSuspended,
            Some(word) => names.app_meanwhile(word)?,
        };
        let how = How {
            app,
            locked: written.lock.unwrap_or(true),
            lasts: names.time(&written.lasts)?,
        };
        let device = names.device(&written.device)?;
        Ok((names.time(&written.at)?, Self { device, how }))
    }

    fn write(&self, at: Span, cast: &Cast) -> Written {
        let How { app, locked, lasts } = self.how;
        Written {
            at: word(at),
            device: word(cast.say(&self.device)),
            lasts: word(lasts),
            app: (app == AppMeanwhile::Runs).then(|| word(app.name())),
            lock: (!locked).then_some(false),
        }
    }

    fn happen(&self, index: StepIndex, world: &mut impl Outside) {
        world.fork(self.device, self.how, index);
    }

    fn say(&self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let How { app, locked, lasts } = self.how;
        let device = cast.say(&self.device);
        let lock = if locked { "with" } else { "without" };
        let app = match app {
            AppMeanwhile::IsSuspended => "while the app is suspended",
            AppMeanwhile::Runs => "beside the app",
        };
        write!(
            f,
            "a second process of {device} runs for {lasts} {app}, {lock} an effective lock"
        )
    }

    fn recast(&self, roles: &Roles) -> Option<Self> {
        let device = roles.device(self.device)?;
        Some(Self { device, ..*self })
    }

    /// With an effective lock only where that leaves it something to do.
    fn draw(luck: &mut Luck<'_>) -> Option<Self> {
        let device = luck.device()?;
        let (app, locked) = match luck.below(4) {
            0 => (AppMeanwhile::IsSuspended, true),
            1 => (AppMeanwhile::IsSuspended, false),
            _ => (AppMeanwhile::Runs, false),
        };
        let lasts = match luck.one_in(2) {
            true => USUAL,
            false => luck.span(Span::secs(1), Span::days(2)),
        };
        let how = How { app, locked, lasts };
        Some(Self { device, how })
    }

    /// Without a claim, the processes have nothing to fall out over.
    fn sequel(&self, _: &mut Luck<'_>) -> Option<Step> {
        Some(Step::Claim(Claim::of_one(self.device)))
    }

    fn simpler(&self) -> Vec<Self> {
        let mut simpler = vec![];
        if !self.how.locked {
            simpler.push(How {
                locked: true,
                ..self.how
            });
        }
        if self.how.app == AppMeanwhile::Runs {
            simpler.push(How {
                app: AppMeanwhile::IsSuspended,
                ..self.how
            });
        }
        let round = [USUAL, Span::mins(10), Span::hours(1)];
        let is_round = round.contains(&self.how.lasts);
        let shorter = round
            .into_iter()
            .filter(|lasts| !is_round || *lasts < self.how.lasts);
        simpler.extend(shorter.map(|lasts| How { lasts, ..self.how }));
        let simpler = simpler.into_iter();
        simpler.map(|how| Self { how, ..*self }).collect()
    }
}
