//! What goes on and on in a run that does not come to rest.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::cast::Cast;
use crate::time::Span;
use crate::trace::Trace;

/// What would have gone on shows in the last of this,
const LATE: Span = Span::days(1);
/// or in so many facts.
const FACTS: usize = 10_000;
/// So many lines show a loop whole.
const MOST: usize = 12;

/// What happened more than once at the end of a run, a line each, the most
/// frequent first. Of facts that differ only in which key, message or session
/// they are about it is said how many there were.
#[must_use]
pub fn unrest(cast: &Cast, trace: &Trace) -> Vec<String> {
    let Some(end) = trace.last().map(|last| trace.at(last).at) else {
        return vec![];
    };
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut span = Span::ZERO;
    let records = trace.facts().rev().map(|(_, record)| record).take(FACTS);
    for record in records.take_while(|it| end.since(it.at) < LATE) {
        span = end.since(record.at);
        let what = of_any(&cast.say(&record.fact).to_string());
        *counts.entry(what).or_default() += 1;
    }
    let mut counts: Vec<(String, usize)> = counts.into_iter().collect();
    counts.retain(|(_, times)| *times > 1);
    counts.sort_by_key(|(_, times)| Reverse(*times));
    let lines = counts.iter().take(MOST);
    lines
        .map(|(what, times)| format!("{times} times in its last {span}: {what}"))
        .collect()
}

/// `hs1 stores otk:bob#…` for `hs1 stores otk:bob#17`
fn of_any(said: &str) -> String {
    let words = said.split(' ').map(|word| match word.find(['#', '@']) {
        Some(place) => format!("{}…", &word[..=place]),
        None => word.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate;
    use crate::name::{KeyId, KeyKind, KeyName};
    use crate::time::Time;
    use crate::trace::Fact;

    #[test]
    fn what_happens_again_and_again_is_said_once() {
        let cast = generate::scenario(0).cast;
        let [owner, other] = [0, 1].map(|place| cast.devices[place].id);
        let generated = |owner, id: u64| {
            let (kind, id, incarnation) = (KeyKind::OneTime, KeyId(id), 0);
            let key = KeyName {
                owner,
                kind,
                id,
                incarnation,
            };
            Fact::KeyGenerated { key }
        };
        let at = |minutes: u64| Time::ZERO + Span::mins(minutes);
        // Long ago, and so not at the end.
        let early = (0..100).map(|id| (at(1), generated(other, id)));
        let late = (0..30).map(|id| (at(3000 + id), generated(owner, 100 + id)));
        let once = [(at(3040), generated(other, 200))];
        let trace: Trace = early.chain(late).chain(once).collect();
        let name = cast.say(&owner);
        let said = format!("30 times in its last 40m: generated otk:{name}#…");
        assert_eq!(unrest(&cast, &trace), [said]);
        assert!(unrest(&cast, &Trace::default()).is_empty());
    }
}
