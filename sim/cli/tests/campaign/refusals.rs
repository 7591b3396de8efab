//! What a campaign and a merge refuse, and that nothing is lost by it.

use std::fs;
use std::path::Path;
use std::process::Output;

use tempfile::TempDir;

use super::common::{run, stderr, unwedge};
use super::{SMALL, campaign, made};

#[track_caller]
fn refused(output: &Output, message: &str) {
    let text = stderr(output);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(output.stdout.is_empty(), "a refusal prints no result");
    let text = text.replace("\n  │ ", " ").replace("\n        ", " ");
    assert!(text.contains(message), "no {message:?} in\n{text}");
}

#[test]
fn arguments_that_mean_nothing() {
    let dir = TempDir::new().unwrap();
    let out = dir.path().join("out");
    for (args, message) in [
        (&["--shard", "0/3"][..], "there are shards 1 to 3"),
        (&["--shard", "4/3"], "there are shards 1 to 3"),
        (&["--shard", "0/0"], "not of the form K/N"),
        (&["--shard", "1"], "not of the form K/N"),
        (&["--shard=-1/3"], "not of the form K/N"),
        (&["--runs", "0"], "'--runs <N>'"),
        (&["--runs", "many"], "'--runs <N>'"),
        (&["--runs", "5", "--time", "5s"], "cannot be used with"),
        (&["--chunk", "0"], "'--chunk <N>'"),
        (&["--threads", "0"], "'--threads <N>'"),
        (&["--time", "soon"], "write a time"),
        (&["--time", "0s"], "at least a second"),
        (
            &["--seed", "18446744073709551615", "--runs", "9"],
            "beyond the last seed",
        ),
        (&["--proposal", "no-such-thing"], "unknown proposal"),
        (
            &["--baseline", "no/such/file.json"],
            "there is no such file",
        ),
        (
            &["--baseline", "reports/matrix.json"],
            "is no earlier campaign",
        ),
    ] {
        refused(&campaign(args, &out).output().unwrap(), message);
        assert!(!out.exists(), "{args:?} wrote something");
    }
}

#[test]
fn a_place_that_cannot_be_written() {
    for place in ["/proc/nothing", "/dev/null/nothing", "README.md"] {
        let output = campaign(&SMALL, Path::new(place)).output().unwrap();
        refused(&output, "cannot write");
    }
    let dir = TempDir::new().unwrap();
    let out = dir.path().join("out");
    let args = [&SMALL[..], &["--json", "/proc/nothing.json"]].concat();
    refused(&campaign(&args, &out).output().unwrap(), "cannot write");
    assert!(!out.exists());
}

#[cfg(unix)]
#[test]
fn a_folder_that_became_read_only_keeps_what_it_has() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = TempDir::new().unwrap();
    let out = dir.path().join("out");
    made(&SMALL, &out);
    let results = out.join("runs.jsonl");
    let before = fs::read_to_string(&results).unwrap();
    let allow = |mode| fs::set_permissions(&out, fs::Permissions::from_mode(mode)).unwrap();
    allow(0o555);
    // Nothing is read-only to root.
    if fs::write(out.join("trial"), "").is_err() {
        let resume = [&SMALL[..], &["--resume"]].concat();
        let output = campaign(&resume, &out).output().unwrap();
        refused(&output, "cannot write");
    }
    allow(0o755);
    assert_eq!(fs::read_to_string(&results).unwrap(), before);
}

#[test]
fn a_folder_that_holds_results() {
    let dir = TempDir::new().unwrap();
    let out = dir.path().join("out");
    made(&SMALL, &out);
    let names = ["runs.jsonl", "campaign.json", "campaign.md"];
    let read = || names.map(|name| fs::read_to_string(out.join(name)).unwrap());
    let before = read();
    refused(&campaign(&SMALL, &out).output().unwrap(), "--resume");
    // Neither by another campaign that goes on with it.
    for (more, part) in [
        (&["--seed", "96"][..], "the seed: 95, not 96"),
        (&["--runs", "24"], "the extent: 23 runs, not 24 runs"),
        (&["--chunk", "4"], "the size of a chunk"),
        (&["--shard", "1/2"], "the number of shards: 1, not 2"),
        (&["--proposal", "old-key-id-order"], "the proposals"),
    ] {
        let mut args: Vec<&str> = SMALL.to_vec();
        if let Some(place) = args
            .iter()
            .position(|it| *it == more[0] && more[0] != "--proposal")
        {
            args.drain(place..place + 2);
        }
        let args = [&args[..], more, &["--resume"]].concat();
        refused(&campaign(&args, &out).output().unwrap(), part);
    }
    let mut merge = unwedge();
    merge.arg("merge").arg(&out).arg("--out").arg(&out);
    refused(&merge.output().unwrap(), "holds results already");
    assert_eq!(read(), before);
}

#[test]
fn parts_that_do_not_belong_together() {
    let dir = TempDir::new().unwrap();
    let part = |name: &str, args: &[&str]| {
        let out = dir.path().join(name);
        made(
            &[&["--runs", "4", "--chunk", "2", "--proposal", "base"], args].concat(),
            &out,
        );
        out
    };
    let one = part("one", &["--shard", "1/2"]);
    let two = part("two", &["--shard", "2/2"]);
    let other = part("other", &["--shard", "2/2", "--seed", "9"]);
    let out = dir.path().join("out");
    let merge = |folders: &[&Path]| {
        let mut command = unwedge();
        command.arg("merge").args(folders).arg("--out").arg(&out);
        command.output().unwrap()
    };
    refused(&merge(&[&one, &other]), "they differ in the seed: 0, not 9");
    refused(&merge(&[&one, &two, &one]), "both are shard 1/2");
    refused(&merge(&[&one, &dir.path().join("nowhere")]), "cannot read");
    refused(&run(&["merge"]), "DIR");
    fs::write(two.join("runs.jsonl"), "").unwrap();
    refused(&merge(&[&one, &two]), "it is empty");
    fs::write(two.join("runs.jsonl"), "{}\n").unwrap();
    refused(&merge(&[&one, &two]), "its first line");
    assert!(!out.exists());
}
