//! Which steps of a timeline came to nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::{Fact, StepIndex, Trace};
use crate::name::DeviceId;

/// The steps that found nothing to act upon: those that say so, and what was
/// said where nobody could say it.
#[must_use]
pub fn idle_steps(trace: &Trace) -> BTreeSet<StepIndex> {
    let mut idle = BTreeSet::new();
    let mut told: BTreeMap<DeviceId, StepIndex> = BTreeMap::new();
    for (_, record) in trace.records() {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::Body;
    use crate::name::{RoomId, ServerId, UserId};
    use crate::time::Time;

    const ROOM: RoomId = RoomId(0);

    const fn device(index: u8) -> DeviceId {
        let server = ServerId(0);
        let user = UserId::new(server, index);
        DeviceId::new(user, index)
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
}
