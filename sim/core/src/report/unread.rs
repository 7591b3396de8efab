//! Who could not read what, in plain words.

use crate::cast::Cast;
use crate::crypto::Body;
use crate::oracle::{Judgement, OutcomeClass, Unread};

/// Said where all that was lost was a probe.
pub(super) const ONLY_PROBES: &str = "only probes were not read, the messages that every device sends \
    after the scenario to see whether its channels work: all that the scenario says was read";

/// Who could not read what, a line each; of more than `most` only how many.
#[must_use]
pub fn unread(cast: &Cast, judgement: &Judgement, most: usize) -> Vec<String> {
    let all = &judgement.unread;
    // What people said comes first.
    let (said, probes): (Vec<&Unread>, Vec<&Unread>) =
        all.iter().partition(|it| it.body == Body::Timeline);
    let sorted = said.into_iter().chain(probes);
    let mut lines: Vec<String> = sorted.take(most).map(|it| line(cast, it)).collect();
    if all.len() > most {
        lines.push(format!("and {} more", all.len() - most));
    }
    if judgement.only_probes_lost() {
        lines.push(ONLY_PROBES.to_owned());
    }
    lines
}

/// `bob could not read what alice said in r1 at 3h01m00.0000s: ratchet-forked`
fn line(cast: &Cast, unread: &Unread) -> String {
    let reader = cast.say(&unread.reader);
    let sender = cast.say(&unread.event.sender);
    let room = cast.say(&unread.room);
    let (failed, meanwhile) = match unread.read {
        Some(_) => ("could not read", " before it wrote itself"),
        None if unread.outcome == OutcomeClass::Undelivered => ("never got", ""),
        None => ("could not read", ""),
    };
    let what = match unread.body {
        Body::Timeline => format!("what {sender} said"),
        Body::ProbeOld => format!("{sender}'s probe in its old Megolm session"),
        Body::ProbeFresh => format!("{sender}'s probe in a fresh Megolm session"),
        Body::ProbeAgain => format!("{sender}'s second probe"),
    };
    let why = unread.cause.map_or("no known cause", |it| it.kind.name());
    let at = unread.event.sent;
    format!("{reader} {failed} {what} in {room} at {at}{meanwhile}: {why}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate;
    use crate::name::EventId;
    use crate::oracle::{Cause, CauseKind};
    use crate::time::{Span, Time};
    use crate::trace::FactId;

    fn judgement(bodies: &[Body]) -> (Cast, Judgement) {
        let cast = generate::scenario(0).cast.clone();
        let [sender, reader] = [cast.devices[0].id, cast.devices[1].id];
        let cause = Cause {
            kind: CauseKind::RatchetForked,
            step: None,
            decisive: FactId(0),
        };
        let unread = bodies.iter().map(|body| Unread {
            event: EventId {
                sender,
                sent: Time::ZERO + Span::hours(3),
            },
            reader,
            room: cast.rooms[0].id,
            body: *body,
            outcome: OutcomeClass::Lost,
            read: None,
            cause: Some(cause),
        });
        let judgement = Judgement {
            outcome: OutcomeClass::Lost,
            unread: unread.collect(),
            excused: vec![],
            lateness: Span::ZERO,
            only_by_probe: false,
            until_rotation: false,
            cut_off: false,
            violations: vec![],
        };
        (cast, judgement)
    }

    #[test]
    fn who_could_not_read_what_is_said_in_words() {
        let (cast, judgement) = judgement(&[Body::ProbeOld, Body::Timeline]);
        let [reader, sender] = [1, 0].map(|place| cast.say(&cast.devices[place].id).to_string());
        let room = cast.say(&cast.rooms[0].id).to_string();
        let lines = unread(&cast, &judgement, 10);
        // What people said comes first.
        assert_eq!(
            lines,
            [
                format!(
                    "{reader} could not read what {sender} said in {room} at 3h00m00.0000s: ratchet-forked"
                ),
                format!(
                    "{reader} could not read {sender}'s probe in its old Megolm session in {room} at 3h00m00.0000s: \
                     ratchet-forked"
                ),
            ]
        );
    }

    #[test]
    fn of_many_only_some_are_named() {
        let (cast, judgement) = judgement(&[Body::Timeline; 12]);
        let lines = unread(&cast, &judgement, 10);
        assert_eq!(lines.len(), 11);
        assert_eq!(lines[10], "and 2 more");
    }

    #[test]
    fn it_is_said_where_only_probes_were_lost() {
        let (cast, judgement) = judgement(&[Body::ProbeOld, Body::ProbeFresh]);
        assert_eq!(unread(&cast, &judgement, 10)[2], ONLY_PROBES);
        assert_eq!(unread(&cast, &judgement, 1)[2], ONLY_PROBES);
    }
}
