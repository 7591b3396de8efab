//! Campaigns: the same result whatever the threads, the shards and the
//! interruptions, and nothing that was finished is lost.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../common/mod.rs"]
mod common;
mod interruptions;
mod refusals;
mod reports;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use common::{stderr, unwedge};
use tempfile::TempDir;

/// A campaign of eight chunks.
const SMALL: [&str; 10] = [
    "--seed",
    "95",
    "--runs",
    "23",
    "--chunk",
    "3",
    "--proposal",
    "unwedge-first-contact",
    "--proposal",
    "bug-read-then-delete-claim",
];

/// The command for a campaign that writes into a folder.
fn campaign(args: &[&str], out: &Path) -> Command {
    let mut command = unwedge();
    command.arg("campaign").args(args).arg("--out").arg(out);
    command
}

/// Makes a campaign, and expects it to end: by what it found, not by a failure.
#[track_caller]
fn made(args: &[&str], out: &Path) -> Output {
    let output = campaign(args, out).output().unwrap();
    let code = output.status.code();
    assert!(
        matches!(code, Some(0 | 1 | 3)),
        "{code:?}: {}",
        stderr(&output)
    );
    output
}

/// What a campaign has written in the end.
fn report(out: &Path) -> [String; 2] {
    ["campaign.json", "campaign.md"].map(|name| fs::read_to_string(out.join(name)).unwrap())
}

#[test]
fn threads_do_not_change_a_byte() {
    let dir = TempDir::new().unwrap();
    let reports = ["1", "3", "7"].map(|threads| {
        let out = dir.path().join(threads);
        let output = made(&[&SMALL[..], &["--threads", threads]].concat(), &out);
        (report(&out), common::stdout(&output), output.status.code())
    });
    assert_eq!(reports[0], reports[1]);
    assert_eq!(reports[0], reports[2]);
}

#[test]
fn shards_merge_to_the_bytes_of_the_whole() {
    let dir = TempDir::new().unwrap();
    let whole = dir.path().join("whole");
    let output = made(&SMALL, &whole);
    let folders: Vec<_> = (1..=3)
        .map(|part| dir.path().join(part.to_string()))
        .collect();
    for (part, folder) in (1..).zip(&folders) {
        let shard = format!("{part}/3");
        made(
            &[&SMALL[..], &["--shard", &shard, "--threads", "1"]].concat(),
            folder,
        );
    }
    let merge = |folders: &[&Path], out: &Path| {
        let mut command = unwedge();
        command.arg("merge").args(folders).arg("--out").arg(out);
        command.output().unwrap()
    };
    let [one, two, three] = [0, 1, 2].map(|place| folders[place].as_path());
    // In any order.
    let merged = dir.path().join("merged");
    let all = merge(&[three, one, two], &merged);
    assert_eq!(report(&merged), report(&whole));
    assert_eq!(all.status.code(), output.status.code());
    assert_eq!(common::stdout(&all), common::stdout(&output));

    // Without one it is said what is missing.
    let part = dir.path().join("part");
    let output = merge(&[one, three], &part);
    assert_eq!(output.status.code(), Some(3));
    let said = "shard 2/3, all 8 runs of it";
    assert!(common::stdout(&output).contains(said));
    assert!(report(&part).iter().all(|text| text.contains(said)));
    // Or with one that was not finished.
    let results = two.join("runs.jsonl");
    let text = fs::read_to_string(&results).unwrap();
    fs::write(&results, &text[..text.len() - 9]).unwrap();
    let output = merge(&[one, two, three], &dir.path().join("cut"));
    assert_eq!(output.status.code(), Some(3));
    assert!(common::stdout(&output).contains("2 runs of shard 2/3"));
    assert!(stderr(&output).contains("line 4 is damaged"));
}

#[test]
fn a_campaign_of_some_time_keeps_a_prefix_of_seeds() {
    let dir = TempDir::new().unwrap();
    let (timed, again) = (dir.path().join("timed"), dir.path().join("again"));
    let some = &["--chunk", "2", "--proposal", "base"];
    let output = made(&[&some[..], &["--time", "1s"]].concat(), &timed);
    let text = report(&timed)[0].clone();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let runs = json["runs"].to_string();
    let said = format!("the time is up after {runs} runs");
    assert!(stderr(&output).contains(&said), "{}", stderr(&output));
    let results = fs::read_to_string(timed.join("runs.jsonl")).unwrap();
    let number = |line: &str| -> u64 {
        let rest = line.split_once("\"chunk\":").unwrap().1;
        rest.split_once(',').unwrap().0.parse().unwrap()
    };
    let mut chunks: Vec<u64> = results.lines().skip(1).map(number).collect();
    chunks.sort_unstable();
    assert!((0..).zip(&chunks).all(|(place, chunk)| place == *chunk));
    // Just what as many runs would have given.
    made(&[&some[..], &["--runs", &runs]].concat(), &again);
    assert_eq!(report(&timed), report(&again));
}
