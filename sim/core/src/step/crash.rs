//! `crash` and `restart`: a server or a client stops at once and starts again
//! from what it had stored.

use std::fmt;

use serde::Deserialize;
use toml::Spanned;

use super::{Action, Outside};
use crate::cast::Cast;
use crate::name::NodeId;
use crate::problem::Fault;
use crate::time::Span;
use crate::trace::StepIndex;
use crate::wire::MessageKind;
use crate::words::Names;

/// A node stops at once, now or when its next answer of a kind arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crash {
    node: NodeId,
    before_answer: Option<MessageKind>,
}

/// A node that is down starts again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restart {
    node: NodeId,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    at: Spanned<String>,
    node: Spanned<String>,
    before_answer: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WrittenRestart {
    at: Spanned<String>,
    node: Spanned<String>,
}

impl Action for Crash {
    type Written = Written;

    fn read(written: Written, names: &Names<'_>) -> Result<(Span, Self), Fault> {
        let at = names.time(&written.at)?;
        let node = names.node(&written.node)?;
        let before_answer = written
            .before_answer
            .map(|word| endpoint(&word))
            .transpose()?;
        Ok((
            at,
            Self {
                node,
                before_answer,
            },
        ))
    }

    fn happen(&self, index: StepIndex, world: &mut impl Outside) {
        match self.before_answer {
            None => world.crash(self.node, Some(index)),
            Some(kind) => world.crash_before(self.node, kind, index),
        }
    }

    fn say(&self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} crashes", cast.say(&self.node))?;
        match self.before_answer {
            None => Ok(()),
            Some(kind) => write!(f, " before the next answer to {}", kind.name()),
        }
    }
}

impl Action for Restart {
    type Written = WrittenRestart;

    fn read(written: WrittenRestart, names: &Names<'_>) -> Result<(Span, Self), Fault> {
        Ok((
            names.time(&written.at)?,
            Self {
                node: names.node(&written.node)?,
            },
        ))
    }

    fn happen(&self, _: StepIndex, world: &mut impl Outside) {
        world.start_node(self.node);
    }

    fn say(&self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} starts again", cast.say(&self.node))
    }
}

fn endpoint(word: &Spanned<String>) -> Result<MessageKind, Fault> {
    let known = MessageKind::ALL.iter().map(|kind| kind.name());
    let named = MessageKind::ALL
        .iter()
        .find(|kind| kind.name() == word.get_ref());
    named
        .copied()
        .ok_or_else(|| Fault::unknown("endpoint", word.get_ref(), word.span(), known))
}
