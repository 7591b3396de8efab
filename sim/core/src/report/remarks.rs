//! What a reader of one run should know besides how it came out.

use std::collections::BTreeMap;

use crate::name::DeviceId;
use crate::oracle::{Excuse, Judgement};
use crate::time::Time;
use crate::trace::{Fact, LogoutReason, Trace};

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
    use super::thrown_out;
    use crate::name::{DeviceId, ServerId, UserId};
    use crate::time::{Span, Time};
    use crate::trace::{Fact, LogoutReason, Trace};

    const fn device(index: u8) -> DeviceId {
        let server = ServerId(0);
        let user = UserId::new(server, index);
        DeviceId::new(user, index)
    }

    fn trace(facts: &[Fact]) -> Trace {
        let mut trace = Trace::default();
        for fact in facts {
            trace.note(Time::ZERO, *fact);
        }
        trace
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
