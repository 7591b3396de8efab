//! Steps that say no more than whom they are about. How such a step is written,
//! read, recast and drawn follows from what kind of subject that is.

use std::fmt;

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::{Action, Outside, Step};
use crate::cast::Cast;
use crate::luck::Luck;
use crate::name::{DeviceId, NodeId};
use crate::problem::Fault;
use crate::roles::Roles;
use crate::time::Span;
use crate::trace::StepIndex;
use crate::words::{Names, word};

/// Whom a step can be about.
pub(crate) trait Subject: Copy {
    /// A step about such a one, as a file has it.
    type Written;

    /// Takes the time and the subject of a step out of a file.
    fn read(written: Self::Written, names: &Names<'_>) -> Result<(Span, Self), Fault>;

    /// What [`Subject::read`] takes out.
    fn write(self, at: Span, cast: &Cast) -> Self::Written;

    /// Who has the role in another cast.
    fn recast(self, roles: &Roles) -> Option<Self>;

    /// Draws one.
    fn draw(luck: &mut Luck<'_>) -> Option<Self>;
}

/// A step that says no more than whom it is about.
pub(crate) trait About: Copy {
    /// What kind of subject that is.
    type Subject: Subject;

    /// The step about this one.
    fn about(subject: Self::Subject) -> Self;

    /// Whom it is about.
    fn subject(self) -> Self::Subject;

    /// As [`Action::happen`].
    fn befall(self, index: StepIndex, world: &mut impl Outside);

    /// As [`Action::say`].
    fn tell(self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result;

    /// What ends the step some time after it.
    fn end(self) -> Option<Step> {
        None
    }

    /// As [`Action::awaits`].
    fn waits(self) -> bool {
        false
    }

    /// Draws whom it is about. Nobody if luck would not have it.
    fn pick(luck: &mut Luck<'_>) -> Option<Self::Subject> {
        Self::Subject::draw(luck)
    }
}

impl<T: About> Action for T {
    type Written = <T::Subject as Subject>::Written;

    fn read(written: Self::Written, names: &Names<'_>) -> Result<(Span, Self), Fault> {
        let (at, subject) = T::Subject::read(written, names)?;
        Ok((at, Self::about(subject)))
    }

    fn write(&self, at: Span, cast: &Cast) -> Self::Written {
        self.subject().write(at, cast)
    }

    fn happen(&self, index: StepIndex, world: &mut impl Outside) {
        self.befall(index, world);
    }

    fn say(&self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.tell(cast, f)
    }

    fn recast(&self, roles: &Roles) -> Option<Self> {
        self.subject().recast(roles).map(Self::about)
    }

    fn draw(luck: &mut Luck<'_>) -> Option<Self> {
        Self::pick(luck).map(Self::about)
    }

    fn sequel(&self, _: &mut Luck<'_>) -> Option<Step> {
        self.end()
    }

    fn awaits(&self) -> bool {
        self.waits()
    }
}

/// A step about a device, as a file has it.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WrittenDevice {
    at: Spanned<String>,
    device: Spanned<String>,
}

impl Subject for DeviceId {
    type Written = WrittenDevice;

    fn read(written: WrittenDevice, names: &Names<'_>) -> Result<(Span, Self), Fault> {
        let device = names.device(&written.device)?;
        Ok((names.time(&written.at)?, device))
    }

    fn write(self, at: Span, cast: &Cast) -> WrittenDevice {
        WrittenDevice {
            at: word(at),
            device: word(cast.say(&self)),
        }
    }

    fn recast(self, roles: &Roles) -> Option<Self> {
        roles.device(self)
    }

    fn draw(luck: &mut Luck<'_>) -> Option<Self> {
        luck.device()
    }
}

/// A step about a server or a device, as a file has it.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WrittenNode {
    at: Spanned<String>,
    node: Spanned<String>,
}

impl Subject for NodeId {
    type Written = WrittenNode;

    fn read(written: WrittenNode, names: &Names<'_>) -> Result<(Span, Self), Fault> {
        let node = names.node(&written.node)?;
        Ok((names.time(&written.at)?, node))
    }

    fn write(self, at: Span, cast: &Cast) -> WrittenNode {
        WrittenNode {
            at: word(at),
            node: word(cast.say(&self)),
        }
    }

    fn recast(self, roles: &Roles) -> Option<Self> {
        roles.node(self)
    }

    /// Seldom: what is gone shows nothing any more, and to start a node mostly
    /// finds nothing to mend.
    fn draw(luck: &mut Luck<'_>) -> Option<Self> {
        let is_drawn = luck.one_in(4);
        is_drawn.then(|| luck.node()).flatten()
    }
}

/// From one device to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Way {
    pub(super) from: DeviceId,
    pub(super) to: DeviceId,
}

/// A step about one device and another, as a file has it.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WrittenWay {
    at: Spanned<String>,
    from: Spanned<String>,
    to: Spanned<String>,
}

impl Subject for Way {
    type Written = WrittenWay;

    fn read(written: WrittenWay, names: &Names<'_>) -> Result<(Span, Self), Fault> {
        let (from, to) = (names.device(&written.from)?, names.device(&written.to)?);
        Ok((names.time(&written.at)?, Self { from, to }))
    }

    fn write(self, at: Span, cast: &Cast) -> WrittenWay {
        WrittenWay {
            at: word(at),
            from: word(cast.say(&self.from)),
            to: word(cast.say(&self.to)),
        }
    }

    fn recast(self, roles: &Roles) -> Option<Self> {
        let (from, to) = (roles.device(self.from)?, roles.device(self.to)?);
        (from != to).then_some(Self { from, to })
    }

    fn draw(luck: &mut Luck<'_>) -> Option<Self> {
        let (from, to) = luck.two_devices()?;
        Some(Self { from, to })
    }
}
