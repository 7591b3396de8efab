//! How a run came out: the worst class that applies.

use serde::{Deserialize, Serialize};

use super::history::{History, Reading};
use super::{Excuse, Excused, Judgement, Unread, cause};
use crate::crypto::Body;
use crate::time::Span;
use crate::trace::Phase;

/// How long after an event is seen its key may come without anybody minding.
const GRACE: Span = Span::secs(60);

/// How a run came out, from best to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutcomeClass {
    /// Every event was read within 60 s of being seen.
    Ok,
    /// Everything was read by the end.
    Late,
    /// An event stays unread; what is sent in a fresh Megolm session is read.
    Lost,
    /// What is sent in a fresh Megolm session is not read either, until the
    /// reader has sent something itself.
    Wedged,
    /// Not even then.
    Stuck,
    /// An expected reader never saw an event.
    Undelivered,
    /// The world never came to rest.
    Unsettled,
}

impl OutcomeClass {
    /// Every class, from best to worst.
    pub const ALL: &[OutcomeClass] = &[
        OutcomeClass::Ok,
        OutcomeClass::Late,
        OutcomeClass::Lost,
        OutcomeClass::Wedged,
        OutcomeClass::Stuck,
        OutcomeClass::Undelivered,
        OutcomeClass::Unsettled,
    ];

    /// As files and reports spell it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            OutcomeClass::Ok => "ok",
            OutcomeClass::Late => "late",
            OutcomeClass::Lost => "lost",
            OutcomeClass::Wedged => "wedged",
            OutcomeClass::Stuck => "stuck",
            OutcomeClass::Undelivered => "undelivered",
            OutcomeClass::Unsettled => "unsettled",
        }
    }
}

/// Judges everything but safety.
pub(super) fn judge(history: &History<'_>) -> Judgement {
    let mut judgement = Judgement {
        outcome: OutcomeClass::Ok,
        unread: vec![],
        excused: history.excused().collect(),
        lateness: Span::ZERO,
        only_by_probe: false,
        until_rotation: false,
        cut_off: history.cut_off,
        violations: vec![],
    };
    if history.cut_off {
        // Whatever was on its way would be missed.
        judgement.outcome = OutcomeClass::Unsettled;
        judgement.excused.clear();
        return judgement;
    }
    for (id, event, reader, reading) in history.expected() {
        let class = class_of(history, event.body, reading);
        if let (Some(read), Some(seen)) = (reading.read, reading.seen) {
            let lateness = read.since(seen);
            judgement.lateness = judgement.lateness.max(lateness);
            let probed = |at| {
                let probe = history.phases.get(&Phase::Probe);
                probe.is_some_and(|from| at >= *from)
            };
            judgement.only_by_probe |= lateness > GRACE && probed(read) && !probed(seen);
        }
        if reading.read.is_none() || class > OutcomeClass::Late {
            let cause = cause::cause_of(history, id, &event, reader);
            if let Some(cause) = cause
                && cause.kind.is_excuse()
            {
                judgement.excused.push(Excused {
                    event: id,
                    reader,
                    excuse: Excuse::Withheld,
                    evidence: cause.decisive,
                });
                continue;
            }
            judgement.until_rotation |= event.body == Body::ProbeOld;
            judgement.unread.push(Unread {
                event: id,
                reader,
                room: event.room,
                body: event.body,
                outcome: class,
                read: reading.read,
                cause,
            });
        }
        judgement.outcome = judgement.outcome.max(class);
    }
    if history.unsettled {
        judgement.outcome = OutcomeClass::Unsettled;
    }
    judgement.until_rotation &= judgement.outcome == OutcomeClass::Lost;
    judgement
}

/// What one event says of the run, as far as one reader goes.
fn class_of(history: &History<'_>, body: Body, reading: Reading) -> OutcomeClass {
    let Some(seen) = reading.seen else {
        return OutcomeClass::Undelivered;
    };
    let Some(read) = reading.read else {
        return match body {
            Body::Timeline | Body::ProbeOld => OutcomeClass::Lost,
            Body::ProbeFresh => OutcomeClass::Wedged,
            Body::ProbeAgain => OutcomeClass::Stuck,
        };
    };
    let second_probe = history.phases.get(&Phase::SecondProbe);
    if body == Body::ProbeFresh && second_probe.is_some_and(|from| read >= *from) {
        OutcomeClass::Wedged
    } else if read.since(seen) > GRACE {
        OutcomeClass::Late
    } else {
        OutcomeClass::Ok
    }
}

#[cfg(test)]
mod tests;
