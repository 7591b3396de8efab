//! A line is read back as it was written, or known for damaged.

use super::*;
use crate::campaign::{EVERYBODY, Entrant, Extent, Shard};
use crate::oracle::CauseKind;
use crate::protocol::Switches;

fn plan() -> Plan {
    let entrant = |name: &str, claims: &[CauseKind]| Entrant {
        name: name.to_owned(),
        title: "What it is".to_owned(),
        word: name.to_owned(),
        adoption: EVERYBODY,
        claims: claims.iter().copied().collect(),
        switches: Switches::default(),
    };
    Plan {
        schema: Plan::SCHEMA.to_owned(),
        version: "1.2.3".to_owned(),
        seed: 40,
        extent: Extent::Runs(10),
        shard: Shard { part: 2, of: 2 },
        chunk: 4,
        entrants: vec![
            entrant("base", &[]),
            entrant("mine", &[CauseKind::ClaimEmpty]),
        ],
        distribution: vec!["anything, \"quoted\"".to_owned()],
    }
}

fn chunk() -> Chunk {
    let mut tally = Tally::new(2);
    tally.runs = 4;
    tally.columns[1].worse.runs = 1;
    tally.columns[1].worse.first = Some(u64::MAX);
    let plan = plan().fingerprint();
    Chunk {
        chunk: 1,
        plan,
        tally,
    }
}

#[test]
fn lines_are_read_back_as_written() {
    let (plan, chunk) = (plan(), chunk());
    assert_eq!(parse_plan(&plan_line(&plan)), Ok(plan.clone()));
    let line = chunk_line(&chunk);
    assert!(!line.contains('\n'));
    let read = parse_chunk(&line, &plan, &plan.fingerprint());
    assert_eq!(read, Ok(chunk));
    // Every line is JSON for others too.
    serde_json::from_str::<serde_json::Value>(&line).unwrap();
}

#[test]
fn a_line_that_is_cut_or_changed_anywhere_is_known_for_damaged() {
    let (plan, line) = (plan(), chunk_line(&chunk()));
    let fingerprint = plan.fingerprint();
    for end in 0..line.len() {
        assert_eq!(
            parse_chunk(&line[..end], &plan, &fingerprint),
            Err(Damage::Broken),
            "cut at {end}"
        );
    }
    for place in 0..line.len() {
        let mut bytes = line.clone().into_bytes();
        bytes[place] ^= 1;
        let changed = String::from_utf8(bytes).unwrap();
        assert_eq!(
            parse_chunk(&changed, &plan, &fingerprint),
            Err(Damage::Broken),
            "changed at {place}"
        );
    }
}

#[test]
fn a_whole_line_of_something_else_is_foreign() {
    let plan = plan();
    let fingerprint = plan.fingerprint();
    let foreign = |change: &dyn Fn(&mut Chunk)| {
        let mut chunk = chunk();
        change(&mut chunk);
        let read = parse_chunk(&chunk_line(&chunk), &plan, &fingerprint);
        assert_eq!(read, Err(Damage::Foreign));
    };
    foreign(&|it| it.plan.clear());
    // Of the other shard, beyond the end, too short, of other proposals.
    foreign(&|it| it.chunk = 0);
    foreign(&|it| it.chunk = 3);
    foreign(&|it| it.tally.runs = 3);
    foreign(&|it| drop(it.tally.columns.pop()));
    assert_eq!(
        parse_chunk(&plan_line(&plan), &plan, &fingerprint),
        Err(Damage::Foreign)
    );
    let mut older = plan.clone();
    older.schema = "unwedge/campaign-runs/0".to_owned();
    assert_eq!(parse_plan(&plan_line(&older)), Err(Damage::Foreign));
}

#[test]
fn where_a_proposal_lies_does_not_matter_and_what_it_does_matters() {
    let (ours, mut theirs) = (plan(), plan());
    theirs.entrants[1].word = "elsewhere/mine.toml".to_owned();
    assert_eq!(ours.fingerprint(), theirs.fingerprint());
    assert_eq!(ours.difference(&theirs), None);
    theirs.entrants[1].claims.clear();
    assert_ne!(ours.fingerprint(), theirs.fingerprint());
    let difference = ours.difference(&theirs).unwrap();
    assert!(difference.contains("`mine` claims"), "{difference}");
}

#[test]
fn the_chunks_of_all_shards_are_all_chunks() {
    let mut plan = plan();
    plan.extent = Extent::Runs(23);
    plan.shard = Shard::WHOLE;
    let all: Vec<u64> = plan.own_chunks().collect();
    assert_eq!(all, [0, 1, 2, 3, 4, 5]);
    assert_eq!((plan.seeds(0), plan.seeds(5)), ((40, 4), (60, 3)));
    let mut found = vec![];
    for part in 1..=4 {
        plan.shard = Shard { part, of: 4 };
        assert!(plan.own_chunks().all(|chunk| plan.shard.has(chunk)));
        found.extend(plan.own_chunks());
    }
    found.sort_unstable();
    assert_eq!(found, all);
    plan.shard = Shard { part: 2, of: 4 };
    assert_eq!(plan.own_runs(), Some(4 + 3));
}
