//! Whatever became of a results file, what is whole in it is kept, what is not
//! is named, and going on leads to the same.

use std::collections::BTreeMap;

use tempfile::TempDir;
use unwedge_core::campaign::{EVERYBODY, Entrant, Extent, Shard};
use unwedge_core::oracle::OutcomeClass;
use unwedge_core::protocol::Switches;

use super::*;

const CHUNKS: u64 = 4;

fn plan() -> Plan {
    let base = Entrant {
        name: "base".to_owned(),
        title: String::new(),
        word: "base".to_owned(),
        adoption: EVERYBODY,
        claims: BTreeSet::new(),
        switches: Switches::default(),
    };
    Plan {
        schema: Plan::SCHEMA.to_owned(),
        version: "1".to_owned(),
        seed: 0,
        extent: Extent::Runs(3 * CHUNKS),
        shard: Shard::WHOLE,
        chunk: 3,
        entrants: vec![base],
        distribution: vec!["anything".to_owned()],
    }
}

fn chunk(chunk: u64) -> Chunk {
    let mut tally = Tally::new(1);
    tally.runs = 3;
    tally.columns[0].made = 3 + chunk;
    tally.columns[0].outcomes = BTreeMap::from([(OutcomeClass::Ok, 3)]);
    let plan = plan().fingerprint();
    Chunk { chunk, plan, tally }
}

/// A results file with every chunk, as text.
fn complete(folder: &Path) -> String {
    let mut store = Store::begin(folder, &plan()).unwrap();
    for place in 0..CHUNKS {
        store.append(&chunk(place)).unwrap();
    }
    store.finish().unwrap();
    fs::read_to_string(folder.join(NAME)).unwrap()
}

/// Goes on with this file, and makes what is missing. Gives what was kept and
/// the lines of the file in the end, in order of their chunks.
fn go_on(folder: &Path, bytes: &[u8]) -> (Kept, Vec<String>) {
    fs::write(folder.join(NAME), bytes).unwrap();
    let (mut store, kept) = Store::resume(folder, &plan()).unwrap();
    let mut tally = kept.tally.clone();
    for place in (0..CHUNKS).filter(|it| !kept.chunks.contains(it)) {
        store.append(&chunk(place)).unwrap();
        tally.add(&chunk(place).tally);
    }
    store.finish().unwrap();
    assert_eq!(tally.columns[0].made, 3 * CHUNKS + 6, "each counts once");
    let text = fs::read_to_string(folder.join(NAME)).unwrap();
    let (first, rest) = text.split_once('\n').unwrap();
    let mut rest: Vec<String> = rest.lines().map(str::to_owned).collect();
    let number = |line: &String| line.split_once("\"chunk\":").unwrap().1.to_owned();
    rest.sort_by_key(number);
    rest.insert(0, first.to_owned());
    (kept, rest)
}

#[test]
fn a_file_that_is_cut_anywhere_is_gone_on_with() {
    let dir = TempDir::new().unwrap();
    let whole = complete(dir.path());
    let lines: Vec<String> = whole.lines().map(str::to_owned).collect();
    for end in 0..=whole.len() {
        let cut = &whole[..end];
        let (kept, after) = go_on(dir.path(), cut.as_bytes());
        assert_eq!(after, lines, "cut at {end}");
        // A line is there if all of it is, with its end or without.
        let there = lines.iter().skip(1).filter(|line| cut.contains(*line));
        assert_eq!(kept.chunks.len(), there.count(), "cut at {end}");
        let ragged = cut.lines().any(|line| lines.iter().all(|it| it != line));
        assert_eq!(kept.dropped.len(), usize::from(ragged || end == 0));
    }
}

#[test]
fn a_file_that_is_damaged_anywhere_loses_one_line() {
    let dir = TempDir::new().unwrap();
    let whole = complete(dir.path());
    let lines: Vec<String> = whole.lines().map(str::to_owned).collect();
    for place in 0..whole.len() {
        let mut bytes = whole.clone().into_bytes();
        if bytes[place] == b'\n' {
            // Two lines become one, which is neither.
            bytes[place] = b' ';
        } else {
            bytes[place] ^= 0x80;
        }
        let line = whole[..place].matches('\n').count();
        let (kept, after) = go_on(dir.path(), &bytes);
        assert_eq!(after, lines, "damaged at {place}");
        assert_eq!(kept.dropped.len(), 1, "damaged at {place}");
        assert_eq!(kept.dropped[0].number, line + 1);
        let joined = whole.as_bytes()[place] == b'\n' && place + 1 < whole.len();
        let lost = u64::from(line > 0) + u64::from(joined);
        assert_eq!(
            kept.chunks.len() as u64,
            CHUNKS - lost,
            "damaged at {place}"
        );
    }
}

#[test]
fn a_chunk_that_is_there_twice_counts_once() {
    let dir = TempDir::new().unwrap();
    let whole = complete(dir.path());
    let twice = format!("{whole}{}\n", whole.lines().nth(2).unwrap());
    let (kept, after) = go_on(dir.path(), twice.as_bytes());
    assert_eq!(kept.chunks.len() as u64, CHUNKS);
    assert_eq!(after.len() as u64, CHUNKS + 1);
}

#[test]
fn two_cannot_write_one_file() {
    let dir = TempDir::new().unwrap();
    let _first = Store::begin(dir.path(), &plan()).unwrap();
    let second = Store::resume(dir.path(), &plan());
    let failure = second.err().unwrap().to_string();
    assert!(
        failure.contains("another campaign is writing it"),
        "{failure}"
    );
    assert!(Store::begin(dir.path(), &plan()).is_err());
}

#[test]
fn chunks_of_another_plan_are_refused_and_not_lost() {
    let dir = TempDir::new().unwrap();
    let whole = complete(dir.path());
    let mut other = plan();
    other.seed = 1;
    for text in [whole.clone(), whole.replacen("crc32", "crc33", 1)] {
        fs::write(dir.path().join(NAME), &text).unwrap();
        let failure = Store::resume(dir.path(), &other).err().unwrap();
        assert!(matches!(*failure, Failure::OtherCampaign { .. }));
        assert_eq!(fs::read_to_string(dir.path().join(NAME)).unwrap(), text);
    }
}
