//! `crash` and `restart`: a server or a client stops at once and starts again
//! from what it had stored.

use std::fmt;

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::about::About;
use super::{Action, CrashPoint, Outside, Step};
use crate::cast::Cast;
use crate::luck::Luck;
use crate::name::NodeId;
use crate::problem::Fault;
use crate::roles::Roles;
use crate::time::Span;
use crate::trace::StepIndex;
use crate::words::{Names, word};

/// The most transactions that a crash can lose.
const MOST_LOST_WRITES: u32 = 100;

/// A node stops, now or at a point between two of its effects, and what it
/// had written last may be lost as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crash {
    node: NodeId,
    when: CrashPoint,
    lost_writes: usize,
}

/// A node that is down starts again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restart {
    node: NodeId,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    at: Spanned<String>,
    node: Spanned<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    before_answer: Option<Spanned<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    before_write: Option<Spanned<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after_write: Option<Spanned<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after_sending: Option<Spanned<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lost_writes: Option<Spanned<i64>>,
}

impl Crash {
    /// Which node loses how many transactions.
    pub(crate) fn lost_writes(&self) -> (NodeId, usize) {
        (self.node, self.lost_writes)
    }

    /// Which node stops, and whether that is at a point to come.
    pub(crate) fn node(self) -> (NodeId, bool) {
        (self.node, self.awaits())
    }
}

impl Restart {
    /// Which node starts again.
    pub(crate) fn node(self) -> NodeId {
        self.node
    }
}

impl Written {
    /// The one point that is named, or none.
    fn point(&self, node: NodeId, names: &Names<'_>) -> Result<CrashPoint, Fault> {
        let words = [
            &self.before_answer,
            &self.before_write,
            &self.after_write,
            &self.after_sending,
        ];
        let mut named = words.iter().filter_map(|word| word.as_ref());
        if let (Some(_), Some(second)) = (named.next(), named.next()) {
            let message = "a crash happens at one point";
            let help = "leave one of the points, or write two steps";
            return Err(Fault::new(second.span(), message, "a second point").with_help(help));
        }
        Ok(if let Some(word) = &self.before_answer {
            CrashPoint::BeforeAnswer(names.endpoint(word)?)
        } else if let Some(word) = &self.before_write {
            CrashPoint::BeforeWrite(names.row(node, word)?)
        } else if let Some(word) = &self.after_write {
            CrashPoint::AfterWrite(names.row(node, word)?)
        } else if let Some(word) = &self.after_sending {
            CrashPoint::AfterSending(names.endpoint(word)?)
        } else {
            CrashPoint::Now
        })
    }
}

impl Action for Crash {
    type Written = Written;

    fn read(written: Written, names: &Names<'_>) -> Result<(Span, Self), Fault> {
        let at = names.time(&written.at)?;
        let node = names.node(&written.node)?;
        let when = written.point(node, names)?;
        let lost_writes = match &written.lost_writes {
            None => 0,
            Some(number) => names.count(number, MOST_LOST_WRITES)? as usize,
        };
        let crash = Self {
            node,
            when,
            lost_writes,
        };
        Ok((at, crash))
    }

    fn write(&self, at: Span, cast: &Cast) -> Written {
        let mut written = Written {
            at: word(at),
            node: word(cast.say(&self.node)),
            before_answer: None,
            before_write: None,
            after_write: None,
            after_sending: None,
            lost_writes: None,
        };
        match self.when {
            CrashPoint::Now => {}
            CrashPoint::BeforeAnswer(kind) => written.before_answer = Some(word(kind)),
            CrashPoint::BeforeWrite(row) => written.before_write = Some(word(row.name())),
            CrashPoint::AfterWrite(row) => written.after_write = Some(word(row.name())),
            CrashPoint::AfterSending(kind) => written.after_sending = Some(word(kind)),
        }
        if self.lost_writes > 0 {
            let lost = i64::try_from(self.lost_writes).expect("a crash loses at most a hundred");
            written.lost_writes = Some(Spanned::new(0..0, lost));
        }
        written
    }

    fn happen(&self, index: StepIndex, world: &mut impl Outside) {
        world.crash(self.node, self.when, self.lost_writes, index);
    }

    fn say(&self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} crashes", cast.say(&self.node))?;
        match self.when {
            CrashPoint::Now => {}
            CrashPoint::BeforeAnswer(kind) => write!(f, " before the next answer to {kind}")?,
            CrashPoint::BeforeWrite(row) => {
                write!(f, " before the next write of {}", row.name())?;
            }
            CrashPoint::AfterWrite(row) => write!(f, " after the next write of {}", row.name())?,
            CrashPoint::AfterSending(kind) => write!(f, " after sending the next {kind}")?,
        }
        match self.lost_writes {
            0 => Ok(()),
            1 => f.write_str(" and loses what it wrote last"),
            count => write!(f, " and loses the last {count} things it wrote"),
        }
    }

    fn recast(&self, roles: &Roles) -> Option<Self> {
        let node = roles.node(self.node)?;
        Some(Self { node, ..*self })
    }

    fn draw(luck: &mut Luck<'_>) -> Option<Self> {
        let node = luck.node()?;
        let when = match luck.below(6) {
            0 => CrashPoint::BeforeWrite(luck.row(node)?),
            1 => CrashPoint::AfterWrite(luck.row(node)?),
            2 => CrashPoint::BeforeAnswer(luck.endpoint(node)?),
            3 => CrashPoint::AfterSending(luck.endpoint(node)?),
            _ => CrashPoint::Now,
        };
        let lost_writes = match luck.one_in(2) {
            true => 1 + luck.below(6),
            false => 0,
        };
        Some(Self {
            node,
            when,
            lost_writes,
        })
    }

    fn sequel(&self, _: &mut Luck<'_>) -> Option<Step> {
        let node = self.node;
        Some(Step::Restart(Restart { node }))
    }

    fn awaits(&self) -> bool {
        self.when != CrashPoint::Now
    }

    fn simpler(&self) -> Vec<Self> {
        let mut simpler = vec![];
        if self.awaits() {
            let when = CrashPoint::Now;
            simpler.push(Self { when, ..*self });
        }
        if self.lost_writes > 0 {
            let mut fewer = vec![0, self.lost_writes / 2, self.lost_writes - 1];
            fewer.dedup();
            let fewer = fewer.into_iter();
            simpler.extend(fewer.map(|lost_writes| Self {
                lost_writes,
                ..*self
            }));
        }
        simpler
    }
}

impl About for Restart {
    type Subject = NodeId;

    fn about(node: NodeId) -> Self {
        Self { node }
    }

    fn subject(self) -> NodeId {
        self.node
    }

    fn befall(self, index: StepIndex, world: &mut impl Outside) {
        if !world.start_node(self.node) {
            world.idle(index);
        }
    }

    fn tell(self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} starts again", cast.say(&self.node))
    }
}
