//! `drop_answer`: the next answer of a kind is lost on its way. Whoever asked
//! waits in vain, and what was asked has been done.

use std::fmt;

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::{Action, Outside};
use crate::cast::Cast;
use crate::luck::Luck;
use crate::name::NodeId;
use crate::problem::Fault;
use crate::roles::Roles;
use crate::time::Span;
use crate::trace::StepIndex;
use crate::wire::MessageKind;
use crate::words::{Names, word};

/// One answer is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DropAnswer {
    way: [NodeId; 2],
    kind: MessageKind,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    at: Spanned<String>,
    from: Spanned<String>,
    to: Spanned<String>,
    to_request: Spanned<String>,
}

impl Action for DropAnswer {
    type Written = Written;

    fn read(written: Written, names: &Names<'_>) -> Result<(Span, Self), Fault> {
        let way = names.way(&written.from, &written.to)?;
        let kind = names.endpoint(&written.to_request)?;
        Ok((names.time(&written.at)?, Self { way, kind }))
    }

    fn write(&self, at: Span, cast: &Cast) -> Written {
        Written {
            at: word(at),
            from: word(cast.say(&self.way[0])),
            to: word(cast.say(&self.way[1])),
            to_request: word(self.kind),
        }
    }

    fn happen(&self, index: StepIndex, world: &mut impl Outside) {
        world.drop_next_answer(self.way, self.kind, index);
    }

    fn say(&self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [from, to] = &self.way;
        let (from, to, kind) = (cast.say(from), cast.say(to), self.kind);
        write!(f, "the next answer of {from} to {to}'s {kind} is lost")
    }

    fn recast(&self, roles: &Roles) -> Option<Self> {
        let way = roles.link(self.way)?;
        Some(Self { way, ..*self })
    }

    fn draw(luck: &mut Luck<'_>) -> Option<Self> {
        let (way, kind) = luck.answer()?;
        Some(Self { way, kind })
    }

    fn awaits(&self) -> bool {
        true
    }
}
