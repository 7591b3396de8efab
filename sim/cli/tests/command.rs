//! The commands, as a person or a script uses them.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use common::{root, run, stderr, stdout, unwedge};
use serde_json::Value;
use tempfile::TempDir;

#[test]
fn two_processes_with_other_threads_and_other_keys_write_the_same_report() {
    let dir = TempDir::new().unwrap();
    let report = |name: &str, more: &[&str]| {
        let out = dir.path().join(name);
        let output = unwedge()
            // A few of every kind; the whole report takes an optimised build.
            .args(["eval", "A01", "A06", "B01", "C02", "D01", "D04"])
            .args(["--proposal", "base", "--proposal", "otk-digest-drop"])
            .args(["--proposal", "unwedge-first-contact"])
            .args(more)
            .arg("--out")
            .arg(&out)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let read = |file: &str| fs::read_to_string(out.join(file)).unwrap();
        (stdout(&output), read("matrix.json"), read("matrix.md"))
    };
    let one = report("one", &["--threads", "1"]);
    let many = report("many", &["--threads", "7"]);
    let keys = report("keys", &["--crypto-seed", "12345"]);
    assert_eq!(one, many);
    assert_eq!(one, keys);
}

#[test]
fn every_cell_is_drawn_256_times_and_confirmed_by_the_worst_of_them() {
    let dir = TempDir::new().unwrap();
    let json = dir.path().join("cells.json");
    let mut command = unwedge();
    command
        .args(["eval", "A01", "--json"])
        .arg(&json)
        .arg("--out")
        .arg(dir.path());
    assert_eq!(command.output().unwrap().status.code(), Some(0));
    let report: Value = serde_json::from_str(&fs::read_to_string(&json).unwrap()).unwrap();
    assert_eq!(report["schema"], "unwedge/eval/1");
    assert_eq!(report["engine"], "both");
    let cells = report["cells"].as_array().unwrap();
    let list = stdout(&run(&["list", "proposals", "--json"]));
    let proposals: Vec<Value> = serde_json::from_str(&list).unwrap();
    assert_eq!(cells.len(), proposals.len());
    for cell in cells {
        assert_eq!(cell["runs"], 256);
        let outcomes: BTreeMap<String, u64> =
            serde_json::from_value(cell["outcomes"].clone()).unwrap();
        assert_eq!(outcomes.values().sum::<u64>(), 256);
        let confirmed: Vec<u64> = serde_json::from_value(cell["confirmed"].clone()).unwrap();
        assert!(confirmed.len() >= 4);
        assert!(confirmed.contains(&cell["witness_seed"].as_u64().unwrap()));
        assert!(outcomes[cell["worst"].as_str().unwrap()] > 0);
        assert_eq!(cell["worst"], cell["expected"]);
        assert_eq!(cell["agrees"], true);
        // A key that is handed out twice is used twice where it is kept.
        let keeps = cell["proposal"] == "keep-used-otks";
        let found = keeps.then(|| Value::from("one-time-key-used-twice"));
        assert_eq!(cell["unsafe"], Value::from_iter(found));
    }
}

#[test]
fn more_runs_add_to_the_draws_and_do_not_replace_them() {
    let dir = TempDir::new().unwrap();
    let mut command = unwedge();
    command.args([
        "eval",
        "D01",
        "--proposal",
        "bug-read-then-delete-claim",
        "--runs",
        "8",
    ]);
    let output = command.arg("--out").arg(dir.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).contains("/264"), "{}", stdout(&output));
}

#[test]
fn a_scenario_says_how_much_is_spent_on_it() {
    let dir = TempDir::new().unwrap();
    let a01 = fs::read_to_string(root().join("scenarios/server-rollback/A01.toml")).unwrap();
    let eval = |settings: &str| {
        let file = dir.path().join("mine.toml");
        let text = a01.replace("\"A01\"", "\"mine\"");
        let steps = format!("\n{settings}\nsteps = [");
        fs::write(&file, text.replace("\nsteps = [", &steps)).unwrap();
        let mut command = unwedge();
        command.arg("eval").arg(&file).arg("--out").arg(dir.path());
        // What is expected of others is expected of the worst of all draws.
        command.args(["--proposal", "base"]).output().unwrap()
    };
    let output = eval("draws = 3\nengine = \"fast\"\n");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(
        stdout(&output).contains("wedged 3/3"),
        "{}",
        stdout(&output)
    );
    assert!(!stdout(&output).contains("on the real engine"));
    let report = fs::read_to_string(dir.path().join("matrix.json")).unwrap();
    assert!(!report.contains("confirmed"), "{report}");
    for (settings, message) in [
        ("draws = 0", "it may be 1 to 256"),
        ("draws = 257", "it may be 1 to 256"),
        ("engine = \"fsat\"", "did you mean `fast`?"),
    ] {
        let output = eval(settings);
        assert_eq!(output.status.code(), Some(2), "{settings}");
        assert!(stderr(&output).contains(message), "{}", stderr(&output));
        assert!(
            stderr(&output).contains("mine.toml:"),
            "{}",
            stderr(&output)
        );
    }
}

#[test]
fn a_witness_can_be_run_again() {
    let dir = TempDir::new().unwrap();
    let output = unwedge()
        .args(["eval", "A01", "--out"])
        .arg(dir.path())
        .output()
        .unwrap();
    let report = fs::read_to_string(dir.path().join("matrix.json")).unwrap();
    let report: Value = serde_json::from_str(&report).unwrap();
    let hash = report["cells"][0]["trace_hash"].as_str().unwrap();
    // The line that is printed for pasting.
    let text = stdout(&output);
    let line = text
        .lines()
        .find(|line| line.starts_with("  unwedge run"))
        .unwrap();
    let again = run(&line.split_whitespace().skip(1).collect::<Vec<_>>());
    assert_eq!(again.status.code(), Some(0));
    assert!(stdout(&again).contains(hash), "{}", stdout(&again));
    assert!(stdout(&again).contains("outcome: wedged"));
    assert!(stdout(&again).contains("step 3, at 3h: hs2 is restored from its backup"));
}

#[test]
fn an_outcome_that_is_not_expected_is_exit_status_1() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("mine.toml");
    let a01 = fs::read_to_string(root().join("scenarios/server-rollback/A01.toml")).unwrap();
    let mine = a01
        .replace("\"A01\"", "\"mine\"")
        .replace("base = \"wedged\"", "base = \"ok\"");
    fs::write(&file, &mine).unwrap();
    let eval = |more: &[&str]| {
        let mut command = unwedge();
        command
            .arg("eval")
            .arg(&file)
            .args(more)
            .arg("--out")
            .arg(dir.path().join("out"));
        command.output().unwrap()
    };
    let output = eval(&["--proposal", "base"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stdout(&output).contains("expected ok"),
        "{}",
        stdout(&output)
    );

    // Without any expectation, what is worse than `late` is not as it should be.
    let (before, _) = mine.split_once("[expect]").unwrap();
    fs::write(&file, before).unwrap();
    assert_eq!(eval(&["--proposal", "base"]).status.code(), Some(1));
    assert_eq!(
        eval(&["--proposal", "unwedge-and-reshare"]).status.code(),
        Some(0)
    );
}

#[test]
fn a_trace_names_things_and_holds_no_key() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("a01.trace");
    let output = run(&["run", "A01", "--trace", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0));
    let trace = fs::read_to_string(file).unwrap();
    assert!(trace.contains("to carol"), "{trace}");
    assert!(trace.contains("MissingOneTimeKey"));
    let longest = trace.split_whitespace().map(str::len).max().unwrap();
    assert!(longest < 43, "a key in base64 is a word of 43 letters");
}

#[test]
fn a_combination_is_evaluated_as_one() {
    let output = run(&[
        "run",
        "A01",
        "--proposal",
        "drop-otks-on-restore+unwedge-first-contact",
    ]);
    assert!(
        stdout(&output).contains("outcome: ok"),
        "{}",
        stdout(&output)
    );
}

#[test]
fn everything_that_can_be_listed_is() {
    let expected = [
        ("scenarios", "A01"),
        ("proposals", "unwedge-first-contact"),
        ("steps", "before_answer"),
        ("decisions", "loser-misses"),
        ("oracles", "one-time-key-used-twice"),
        ("causes", "inbox-lost-with-restore"),
        ("states", "fallback-key-met-after-retirement"),
    ];
    for (kind, contains) in expected {
        let plain = run(&["list", kind]);
        assert_eq!(plain.status.code(), Some(0));
        assert!(stdout(&plain).contains(contains), "{}", stdout(&plain));
        let items: Value = serde_json::from_str(&stdout(&run(&["list", kind, "--json"]))).unwrap();
        for item in items.as_array().unwrap() {
            assert!(item["id"].is_string() && item["title"].is_string());
            assert!(item["source"].is_array());
        }
    }
}

#[test]
fn a_run_names_who_could_not_read_what() {
    let output = run(&["run", "A01"]);
    let text = stdout(&output);
    let (_, after) = text.split_once("outcome: wedged\n").unwrap();
    let lines: Vec<&str> = after.lines().take(3).collect();
    assert!(
        lines[0].starts_with("  bob could not read what carol said in r2 at 4h"),
        "{text}"
    );
    assert!(lines[0].ends_with(": one-time-key-reissued-after-restore"));
    assert!(
        lines[2].contains("probe in a fresh Megolm session"),
        "{text}"
    );
}

#[test]
fn a_random_scenario_is_shown_as_a_file_that_makes_the_same_run() {
    let dir = TempDir::new().unwrap();
    for seed in ["17", "2499"] {
        let name = format!("random-{seed}");
        let shown = stdout(&run(&["show", &name]));
        let file = dir.path().join(format!("{name}.toml"));
        fs::write(&file, &shown).unwrap();
        let hash = |scenario: &str| {
            let output = run(&["run", scenario, "--seed", seed]);
            let text = stdout(&output);
            let line = text.lines().find(|line| line.starts_with("hash"));
            line.unwrap().to_owned()
        };
        assert_eq!(hash(&name), hash(file.to_str().unwrap()));
        // What is shown of the file is what the file says.
        let again = stdout(&run(&["show", file.to_str().unwrap()]));
        assert!(shown.contains("--seed"), "{shown}");
        assert!(shown.ends_with(&again), "{again}");
    }
}

#[test]
fn a_closed_stdout_ends_quietly() {
    for args in [&["list", "causes"][..], &["run", "A01"]] {
        let mut child = unwedge()
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(
            output.status.code(),
            Some(0),
            "{args:?}: {}",
            stderr(&output)
        );
        assert_eq!(stderr(&output), "", "{args:?}");
    }
    // Closed in the middle: what was read is read, and the report is written.
    let dir = TempDir::new().unwrap();
    let mut command = unwedge();
    command.args(["eval", "A01", "--out"]).arg(dir.path());
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(!stderr(&output).contains("panic"), "{}", stderr(&output));
    assert!(dir.path().join("matrix.md").exists());
}

#[test]
fn progress_is_shown() {
    let dir = TempDir::new().unwrap();
    let output = unwedge()
        .args(["eval", "B02", "--out"])
        .arg(dir.path())
        .output()
        .unwrap();
    let text = stderr(&output);
    for what in [" draws under every proposal", " runs on the real engine"] {
        let last = text.lines().rfind(|line| line.ends_with(what));
        let words: Vec<&str> = last.unwrap().split_whitespace().collect();
        assert_eq!(words[0], words[2], "all were made");
    }
}

#[cfg(unix)]
#[test]
fn a_link_is_followed_and_a_pipe_is_written_to() {
    let dir = TempDir::new().unwrap();
    let (target, link) = (dir.path().join("target"), dir.path().join("link"));
    fs::write(&target, "old").unwrap();
    std::os::unix::fs::symlink(&target, &link).unwrap();
    assert_eq!(
        run(&["run", "B02", "--trace", link.to_str().unwrap()])
            .status
            .code(),
        Some(0)
    );
    assert!(link.is_symlink(), "the link is still one");
    assert!(fs::read_to_string(&target).unwrap().contains("phase Heal"));

    // Standard output by its name on this system: a pipe here.
    let output = run(&["run", "B02", "--trace", "/proc/self/fd/1"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).contains("phase Heal"));
    assert!(stdout(&output).contains("outcome: ok"));
}

#[test]
fn the_command_that_repeats_a_run_names_files_that_are_not_bundled() {
    let dir = TempDir::new().unwrap();
    let (scenario, proposal) = (dir.path().join("s.toml"), dir.path().join("p.toml"));
    let read = |file: &str| fs::read_to_string(root().join(file)).unwrap();
    let a01 = read("scenarios/server-rollback/A01.toml").replace("\"A01\"", "\"mine\"");
    fs::write(&scenario, a01).unwrap();
    fs::write(&proposal, read("proposals/unwedge-first-contact.toml")).unwrap();
    let mut command = unwedge();
    command
        .arg("eval")
        .arg(&scenario)
        .arg("--proposal")
        .arg(&proposal);
    let output = command
        .arg("--out")
        .arg(dir.path().join("out"))
        .output()
        .unwrap();
    let text = stdout(&output);
    assert!(text.contains("The proposal claims to end one-time-key-reissued-after-restore"));
    let line = text
        .lines()
        .find(|line| line.starts_with("  unwedge run"))
        .unwrap();
    let again = run(&line.split_whitespace().skip(1).collect::<Vec<_>>());
    assert!(
        stdout(&again).contains("outcome: lost"),
        "{line}: {}",
        stderr(&again)
    );
}

#[test]
fn an_interrupted_evaluation_leaves_nothing_behind() {
    let dir = TempDir::new().unwrap();
    let out = dir.path().join("out");
    let mut command = unwedge();
    command
        .args(["eval", "--runs", "100000", "--out"])
        .arg(&out);
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // By then it has read its input and makes runs.
    Command::new("sleep").arg("0.5").status().unwrap();
    assert!(child.try_wait().unwrap().is_none(), "it is not done yet");
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!out.exists());
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}
