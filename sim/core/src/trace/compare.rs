//! Where two traces part: what makes two runs that should be one different.

use super::{Record, Trace};
use crate::cast::Cast;

impl Trace {
    /// The first place at which the two differ, and what each has there.
    #[must_use]
    pub fn first_difference(&self, other: &Trace) -> Option<(Option<Record>, Option<Record>)> {
        let longer = self.records.len().max(other.records.len());
        let at = |place| {
            let (ours, theirs) = (self.records.get(place), other.records.get(place));
            (ours.copied(), theirs.copied())
        };
        (0..longer).map(at).find(|(ours, theirs)| ours != theirs)
    }

    /// The first fact that the two tell differently, in the words of the cast:
    /// both versions, each with its time.
    #[must_use]
    pub fn say_difference(&self, other: &Trace, cast: &Cast) -> Option<[String; 2]> {
        let (ours, theirs) = self.first_difference(other)?;
        let say = |record: Option<Record>| {
            record.map_or("nothing more".to_owned(), |record| {
                format!("{}  {}", record.at, cast.say(&record.fact))
            })
        };
        Some([say(ours), say(theirs)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate;
    use crate::name::{NodeId, ServerId};
    use crate::time::{Span, Time};
    use crate::trace::Fact;

    const BOOTED: Fact = Fact::Booted {
        node: NodeId::Server(ServerId(0)),
        incarnation: 1,
    };
    const CRASHED: Fact = Fact::Crashed {
        node: NodeId::Server(ServerId(0)),
        step: None,
    };

    fn trace(facts: &[(u64, Fact)]) -> Trace {
        let at = |secs| Time::ZERO + Span::secs(secs);
        facts
            .iter()
            .map(|(secs, fact)| (at(*secs), *fact))
            .collect()
    }

    #[test]
    fn the_first_fact_that_differs_is_said_in_both_versions() {
        let cast = &generate::scenario(0).cast;
        let ours = trace(&[(1, BOOTED), (2, CRASHED), (3, BOOTED)]);
        let later = trace(&[(1, BOOTED), (4, CRASHED), (5, BOOTED)]);
        let other = trace(&[(1, BOOTED), (2, BOOTED)]);
        let shorter = trace(&[(1, BOOTED)]);
        assert_eq!(ours.say_difference(&ours, cast), None);
        let say = |other| ours.say_difference(other, cast).unwrap();
        let [mine, theirs] = say(&later);
        assert!(
            mine.ends_with("hs1 crashes") && mine.contains("02.0"),
            "{mine}"
        );
        assert!(
            theirs.ends_with("hs1 crashes") && theirs.contains("04.0"),
            "{theirs}"
        );
        let [mine, theirs] = say(&other);
        assert!(mine.ends_with("hs1 crashes"), "{mine}");
        assert!(theirs.ends_with("hs1 starts (incarnation 1)"), "{theirs}");
        let [mine, theirs] = say(&shorter);
        assert!(mine.ends_with("hs1 crashes") && theirs == "nothing more");
    }
}
