//! Which steps of a timeline happened, and which of them came to nothing.

use litemap::LiteMap;

use super::{Fact, StepIndex, Trace};
use crate::name::DeviceId;

/// The steps that happened, each with whether it came to anything. Those did not
/// that say that they found nothing to act upon; nor did what was to be said where
/// nobody could say it.
#[must_use]
pub fn steps(trace: &Trace) -> LiteMap<StepIndex, bool> {
    let mut steps = LiteMap::new();
    let mut told: LiteMap<DeviceId, StepIndex> = LiteMap::new();
    for (_, record) in trace.records() {
        if let Fact::Step(step) = record.fact {
            steps.entry(step).or_insert(true);
        } else if let Fact::StepIdle { step } = record.fact {
            steps.insert(step, false);
        } else if let Fact::ToldToSend { by, step, .. } = record.fact {
            if let Some(unsaid) = told.insert(by, step) {
                steps.insert(unsaid, false);
            }
        } else if let Fact::SendAsked { by, .. } = record.fact {
            told.remove(&by);
        }
    }
    for (_, unsaid) in told {
        steps.insert(unsaid, false);
    }
    steps
}

/// Those of the steps that came to nothing.
#[must_use]
pub fn idle_steps(trace: &Trace) -> Vec<StepIndex> {
    let steps = steps(trace);
    let idle = steps
        .iter()
        .filter(|(_, came_to_something)| !**came_to_something);
    idle.map(|(step, _)| *step).collect()
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
