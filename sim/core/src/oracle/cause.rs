//! Why an event was not read: a decision tree over the trace, with a closed
//! set of answers. A cause names its decisive fact, and the step that made it
//! so: without that step the run comes out better.

mod blame;
mod invitation;
mod issued_again;
mod kind;
mod lost_on_the_way;
mod never_given;
mod not_decrypted;

use super::blame::Deed;
use super::clues::Share;
use super::history::{Event, History};
use crate::name::{DeviceId, EventId, NodeId, Table};
use crate::trace::{FactId, Phase, StepIndex};

pub use kind::{CauseInfo, CauseKind};

/// Why an event was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cause {
    /// What kind of cause it is.
    pub kind: CauseKind,
    /// The step that made it so, if a step did.
    pub step: Option<StepIndex>,
    /// The fact that decided it.
    pub decisive: FactId,
}

/// Why `reader` has not read an event; nothing if the tree has no answer,
/// which is a fault of the harness.
pub(super) fn cause_of(
    history: &History<'_>,
    id: EventId,
    event: &Event,
    reader: DeviceId,
) -> Option<Cause> {
    if history.reading(id, reader).seen.is_none() {
        return Some(undelivered(history, id, event, reader));
    }
    // What was given to the device before it came back as another was given
    // to one that is gone.
    let shares = history.clues().shares.get(&(event.session, reader));
    let shares = shares.map_or(&[][..], Vec::as_slice);
    let since = history.there_since(reader);
    let (before, shares) = shares.split_at(shares.partition_point(|share| share.fact < since));
    // What was read too late was read thanks to the second probe: what was shared
    // after that is no reason for it.
    let too_late = history.phases.get(&Phase::SecondProbe);
    let too_late = too_late.filter(|_| history.reading(id, reader).read.is_some());
    let in_time = |share: &Share| too_late.is_none_or(|it| history.trace.at(share.fact).at < *it);
    let shares = &shares[..shares.partition_point(in_time)];
    if shares.is_empty() && before.iter().any(|share| share.index <= event.index) {
        return Some(caused(CauseKind::IdentityChanged, None, since));
    }
    // The first share that covers the event decides: it was the one in time.
    match shares.iter().find(|share| share.index <= event.index) {
        Some(share) => not_decrypted::cause_of(history, share, reader)
            .or_else(|| lost_on_the_way::cause_of(history, id, share, reader)),
        None => Some(never_given::cause_of(history, id, event, reader, shares)),
    }
}

fn undelivered(history: &History<'_>, id: EventId, event: &Event, reader: DeviceId) -> Cause {
    let (ours, theirs) = (id.sender.server(), reader.server());
    let end = FactId(usize::MAX);
    let deed = history
        .rolled_back(theirs, Table::Rooms, event.at, event.sent)
        // The reader's server has it: then it is the reader's token that lies
        // beyond it, since an earlier restore.
        .or_else(|| {
            let had = history.clues().reached.contains_key(&(theirs, id));
            let span = (FactId(0), event.sent);
            had.then(|| history.last_rolled_back(theirs, Table::Rooms, event.at, span))?
        })
        .or_else(|| history.rolled_back(ours, Table::Rooms, event.at, event.sent))
        .or_else(|| history.gone(NodeId::Server(ours)))
        .or_else(|| history.lost_each_other(ours, theirs, end));
    caused(CauseKind::EventUndelivered, deed, event.sent)
}

/// A cause that something from outside decided, if it did.
fn caused(kind: CauseKind, deed: Option<Deed>, otherwise: FactId) -> Cause {
    Cause {
        kind,
        step: deed.and_then(|deed| deed.step),
        decisive: deed.map_or(otherwise, |deed| deed.fact),
    }
}

#[cfg(test)]
mod tests;
