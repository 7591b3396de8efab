//! `gone`: a node stops and never starts again, not even when everything else
//! is mended.

use std::fmt;

use super::Outside;
use super::about::About;
use crate::cast::Cast;
use crate::name::NodeId;
use crate::trace::StepIndex;

/// A node is lost for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone {
    node: NodeId,
}

impl About for Gone {
    type Subject = NodeId;

    fn about(node: NodeId) -> Self {
        Self { node }
    }

    fn subject(self) -> NodeId {
        self.node
    }

    fn befall(self, index: StepIndex, world: &mut impl Outside) {
        world.remove(self.node, index);
    }

    fn tell(self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is gone for good", cast.say(&self.node))
    }
}
