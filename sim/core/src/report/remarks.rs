//! What a reader of one run should know besides how it came out.

use std::collections::{BTreeMap, BTreeSet};

use crate::name::DeviceId;
use crate::oracle::{Excuse, Judgement};
use crate::time::Time;
use crate::trace::{Fact, LogoutReason, StepIndex, Trace};

/// The devices whose homeserver came not to know them any more.
#[must_use]
pub fn thrown_out(trace: &Trace) -> Vec<(Time, DeviceId)> {
    let facts = trace.facts().filter_map(|(_, record)| {
        if let Fact::LoggedOut {
            device,
            why: LogoutReason::UnknownToken,
        } = record.fact
        {
            Some((record.at, device))
        } else {
            None
        }
    });
    facts.collect()
}

/// The steps that found nothing to act upon: those that say so, and what was
/// said where nobody could say it.
#[must_use]
pub fn idle_steps(trace: &Trace) -> BTreeSet<StepIndex> {
    let mut idle = BTreeSet::new();
    let mut told: BTreeMap<DeviceId, StepIndex> = BTreeMap::new();
    for (_, record) in trace.facts() {
        if let Fact::StepIdle { step } = record.fact {
            idle.insert(step);
        } else if let Fact::ToldToSend { by, step, .. } = record.fact {
            idle.extend(told.insert(by, step));
        } else if let Fact::SendAsked { by, .. } = record.fact {
            told.remove(&by);
        }
    }
    idle.extend(told.into_values());
    idle
}

/// Why readings that did not succeed need not have, and how many there are.
#[must_use]
pub fn excuses(judgement: &Judgement) -> BTreeMap<&'static str, usize> {
    let mut excuses = BTreeMap::new();
    for excused in &judgement.excused {
        let why = match excused.excuse {
            Excuse::SentBeforeJoining => "sent while the reader was not in the room",
            Excuse::SentBeforeLogin => "sent before the reader's device was there",
            Excuse::Withheld => "withheld by the sender",
        };
        *excuses.entry(why).or_default() += 1;
    }
    excuses
}

#[cfg(test)]
mod tests {
    use super::{idle_steps, thrown_out};
    use crate::crypto::Body;
    use crate::name::{DeviceId, RoomId, ServerId, UserId};
    use crate::time::{Span, Time};
    use crate::trace::{Fact, LogoutReason, StepIndex, Trace};

    const ROOM: RoomId = RoomId(0);

    const fn device(index: u8) -> DeviceId {
        let server = ServerId(0);
        let user = UserId { server, index };
        DeviceId { user, index }
    }

    fn told(by: u8, step: u16) -> Fact {
        let (by, step) = (device(by), StepIndex(step));
        Fact::ToldToSend {
            by,
            room: ROOM,
            step,
        }
    }

    fn asked(by: u8) -> Fact {
        Fact::SendAsked {
            by: device(by),
            room: ROOM,
            body: Body::Timeline,
        }
    }

    fn trace(facts: &[Fact]) -> Trace {
        let mut trace = Trace::default();
        for fact in facts {
            trace.note(Time::ZERO, *fact);
        }
        trace
    }

    #[test]
    fn a_step_is_idle_if_it_says_so() {
        let trace = trace(&[Fact::StepIdle { step: StepIndex(2) }]);
        assert!(idle_steps(&trace).into_iter().eq([StepIndex(2)]));
    }

    #[test]
    fn a_step_is_idle_if_the_device_it_told_says_nothing() {
        // The second thing that device 0 is told is said, and device 1's.
        let trace = trace(&[told(0, 1), told(0, 2), asked(0), told(1, 3), asked(1)]);
        assert!(idle_steps(&trace).into_iter().eq([StepIndex(1)]));
        let trace = self::trace(&[told(0, 1), asked(1)]);
        assert!(idle_steps(&trace).into_iter().eq([StepIndex(1)]));
    }

    #[test]
    fn only_a_homeserver_throws_out() {
        let out = |device, why| Fact::LoggedOut { device, why };
        let mut trace = trace(&[out(device(0), LogoutReason::Asked)]);
        let at = Time::ZERO + Span::hours(1);
        trace.note(at, out(device(1), LogoutReason::UnknownToken));
        assert_eq!(thrown_out(&trace), [(at, device(1))]);
    }
}
