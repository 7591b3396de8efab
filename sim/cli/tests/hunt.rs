//! Hunting for counterexamples, and making scenarios smaller.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::fs;
use std::path::Path;
use std::process::Output;

use common::{pasted, root, run, stderr, stdout, unwedge};
use tempfile::TempDir;

fn hunt(args: &[&str], out: &Path) -> Output {
    let mut command = unwedge();
    command.arg("hunt").args(args).arg("--out").arg(out);
    command.output().unwrap()
}

#[test]
fn a_find_is_a_file_that_shows_it_again() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("found.toml");
    let output = hunt(&["--proposal", "bug-read-then-delete-claim"], &file);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let text = stdout(&output);
    assert!(text.starts_with("Worse under bug-read-then-delete-claim than today"));
    assert!(text.contains("confirmed on the real engine"), "{text}");

    // The line that is printed for pasting shows the cause that is named.
    let line = text.lines().find(|line| line.starts_with("  unwedge run"));
    let again = pasted(line.unwrap());
    assert_eq!(again.status.code(), Some(0), "{}", stderr(&again));
    assert!(stdout(&again).contains("cause: one-time-key-issued-twice"));

    // The file expects what it shows, and is as small as one would write it.
    let scenario = fs::read_to_string(&file).unwrap();
    assert!(scenario.matches("{ at = ").count() <= 8, "{scenario}");
    assert!(scenario.contains("alice"), "{scenario}");
    let mut eval = unwedge();
    eval.arg("eval").arg(&file);
    eval.args([
        "--proposal",
        "base",
        "--proposal",
        "bug-read-then-delete-claim",
    ]);
    let eval = eval.arg("--out").arg(dir.path().join("out")).output();
    let eval = eval.unwrap();
    assert_eq!(eval.status.code(), Some(0), "{}", stdout(&eval));
}

#[test]
fn threads_do_not_decide_what_is_found() {
    let dir = TempDir::new().unwrap();
    let found = |name: &str, threads: &str| {
        let file = dir.path().join(name).join("found.toml");
        let args = ["--proposal", "base", "--seed", "100", "--threads", threads];
        assert_eq!(hunt(&args, &file).status.code(), Some(1));
        // But for the command that names the file itself.
        let text = fs::read_to_string(file).unwrap();
        text.replace(name, "")
    };
    assert_eq!(found("hunt-1", "1"), found("hunt-5", "5"));
}

#[test]
fn a_cause_that_is_ignored_is_not_found() {
    let dir = TempDir::new().unwrap();
    let found = |name: &str, args: &[&str]| {
        let file = dir.path().join(name);
        stdout(&hunt(&[&["--proposal", "base"], args].concat(), &file))
    };
    let first = found("first.toml", &[]);
    let title = first.lines().next().unwrap();
    let cause = title.split(" by ").nth(1).unwrap();
    let second = found("second.toml", &["--ignore-cause", cause]);
    // Neither the title nor anything that is left when it is small.
    assert!(!second.contains(cause), "{first}\n{second}");
    assert!(second.contains("\ncause: "), "{second}");
}

#[test]
fn a_proposal_is_not_blamed_for_luck() {
    let (name, seed) = ("msc4162-reset-on-evict", "174");
    // With the draws of this seed it comes out worse than today, though with
    // others it is as bad today.
    let outcome = |proposal: &str| {
        let scenario = format!("random-{seed}");
        let args = ["--proposal", proposal, "--seed", seed, "--engine", "fast"];
        let text = stdout(&run(&[&["run", scenario.as_str()], &args[..]].concat()));
        text.lines().nth(1).unwrap().to_owned()
    };
    assert_eq!(outcome("base"), "outcome: wedged");
    assert_eq!(outcome(name), "outcome: stuck");

    let dir = TempDir::new().unwrap();
    let file = dir.path().join("found.toml");
    let about = ["--proposal", name, "--objective", "regression"];
    let runs = ["--seed", seed, "--runs", "1"];
    let output = hunt(&[about, runs].concat(), &file);
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    assert!(!file.exists());
}

#[test]
fn where_nothing_is_found_it_is_said_what_that_is_worth() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("found.toml");
    let silence = |args: &[&str]| {
        let output = hunt(args, &file);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        stdout(&output)
    };
    // The claimed cause is met by some of these runs, and ended in all.
    let restored = "one-time-key-reissued-after-restore";
    let text = silence(&[
        "--proposal",
        "drop-otks-on-restore",
        "--objective",
        "claimed",
        "--runs",
        "200",
    ]);
    let count = text.lines().find(|line| line.contains(restored)).unwrap();
    let met: u64 = count.rsplit(' ').next().unwrap().parse().unwrap();
    assert!((1..200).contains(&met), "{text}");
    assert!(text.contains(&format!("the test in {met} runs")), "{text}");
    assert!(text.contains("runs in all would do"), "{text}");
    let text = silence(&["--proposal", "base", "--runs", "2", "--seed", "248"]);
    assert!(text.contains("come out worse than late"), "{text}");
}

#[test]
fn what_was_found_before_is_not_overwritten() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("found.toml");
    fs::write(&file, "mine").unwrap();
    let refused = |output: &Output| {
        assert_eq!(output.status.code(), Some(2), "{}", stdout(output));
        let text = stderr(output);
        assert!(text.contains("found.toml is there already"), "{text}");
        assert!(text.contains("--out"), "{text}");
        assert!(!text.contains("runs/s"), "no run was made: {text}");
        assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    };
    refused(&hunt(&["--proposal", "base"], &file));
    refused(&run(&["minimise", "A06", "--out", file.to_str().unwrap()]));

    // Where nobody names a file, the next free name is taken.
    let library = dir.path().join("library");
    for folder in ["scenarios/server-rollback", "proposals"] {
        fs::create_dir_all(library.join(folder)).unwrap();
    }
    for file in ["scenarios/server-rollback/A06.toml", "proposals/base.toml"] {
        let text = fs::read_to_string(root().join(file)).unwrap();
        let (before, _) = text.split_once("[expect]").unwrap_or((&text, ""));
        fs::write(library.join(file), before).unwrap();
    }
    for name in ["A06-minimal", "A06-minimal-2"] {
        let mut command = unwedge();
        command.args(["minimise", "A06"]).current_dir(&library);
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
        let file = format!("reports/latest/{name}.toml");
        let text = fs::read_to_string(library.join(&file)).unwrap();
        assert!(text.contains(&format!("id = \"{name}\"")), "{text}");
        assert!(stdout(&output).contains(&format!("unwedge run {file} ")));
    }
}

#[test]
fn a_command_to_paste_survives_any_path() {
    let dir = TempDir::new().unwrap();
    let folder = dir.path().join("my own a+b");
    fs::create_dir(&folder).unwrap();
    let (proposal, file) = (folder.join("it's c+d.toml"), folder.join("found.toml"));
    let bug = root().join("proposals/mutants/bug-read-then-delete-claim.toml");
    fs::copy(bug, &proposal).unwrap();
    let path = proposal.to_str().unwrap();
    let output = hunt(&["--proposal", path], &file);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let text = stdout(&output);
    let line = text.lines().find(|line| line.starts_with("  unwedge run"));
    let again = pasted(line.unwrap());
    assert!(
        stdout(&again).contains("cause: one-time-key-issued-twice"),
        "{text}\n{}",
        stderr(&again)
    );
    // A path with a plus in it is one proposal, and can be a part of another.
    let both = format!("unwedge-first-contact+{path}");
    let again = run(&["run", "B02", "--proposal", &both]);
    let title = "B02 under unwedge-first-contact+it's c+d, seed 0";
    assert!(stdout(&again).starts_with(title), "{}", stderr(&again));
}

#[test]
fn where_nothing_is_found_nothing_is_written() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("found.toml");
    let args = ["--proposal", "old-key-id-order", "--runs", "3"];
    let output = hunt(&args, &file);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = stdout(&output);
    assert!(text.contains("nothing was found"), "{text}");
    assert!(text.contains("in 3 runs"), "{text}");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn a_scenario_is_made_as_small_as_it_goes() {
    let dir = TempDir::new().unwrap();
    let minimised = |name: &str| {
        let file = dir.path().join(name);
        let mut command = unwedge();
        command.args(["minimise", "A06", "--out"]).arg(&file);
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
        fs::read_to_string(file).unwrap()
    };
    let once = minimised("one.toml");
    assert_eq!(once, minimised("two.toml").replace("two.toml", "one.toml"));
    let file = dir.path().join("one.toml");
    let again = run(&["minimise", file.to_str().unwrap(), "--out", "/dev/null"]);
    // What is as small as it goes gets no smaller.
    let steps = once.matches("{ at = ").count();
    let text = stdout(&again);
    let size = format!("\n{steps} steps");
    assert!(text.contains(&size), "{text}\n{once}");
}

#[test]
fn a_bound_on_the_trace_stays_where_the_run_is_given_up() {
    let dir = TempDir::new().unwrap();
    let a06 = root().join("scenarios/server-rollback/A06.toml");
    let a06 = fs::read_to_string(a06)
        .unwrap()
        .replace("\"A06\"", "\"mine\"");
    let minimised = |longest: usize| {
        let (mine, found) = (dir.path().join("mine.toml"), dir.path().join("found.toml"));
        let bound = format!("longest_trace = {longest}\nservers =");
        fs::write(&mine, a06.replacen("servers =", &bound, 1)).unwrap();
        let mut command = unwedge();
        command.arg("minimise").arg(&mine).arg("--out").arg(&found);
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
        let text = fs::read_to_string(&found).unwrap();
        fs::remove_file(&found).unwrap();
        text
    };
    let given_up = minimised(500);
    assert!(given_up.contains("longest_trace = 500\n"), "{given_up}");
    assert!(given_up.contains("base = \"unsettled\""), "{given_up}");
    // What comes to rest needs no closer bound than usual.
    assert!(!minimised(300_000).contains("longest_trace"));
    // A wider one stays.
    let own = minimised(50_000_000);
    assert!(own.contains("longest_trace = 50000000\n"), "{own}");
}

#[test]
fn what_shows_nothing_is_not_made_smaller() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("small.toml");
    let out = file.to_str().unwrap();
    let output = run(&["minimise", "B02", "--out", out]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).contains("no worse than late"));
    assert!(!file.exists());
}

#[test]
fn it_is_said_where_only_probes_were_lost() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("found.toml");
    let args = ["--proposal", "drop-otks-on-restore", "--seed", "284"];
    let text = stdout(&hunt(&args, &file));
    assert!(text.contains("\nonly probes were not read"), "{text}");
    let story = fs::read_to_string(&file).unwrap();
    assert!(story.contains("Only probes were not read"), "{story}");
}

#[test]
fn bad_arguments_are_refused_before_anything_runs() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("found.toml");
    let refused = |args: &[&str], says: &str| {
        let output = hunt(args, &file);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        let text = stderr(&output);
        assert!(text.contains(says), "{args:?}: {text}");
        assert!(!file.exists());
    };
    refused(
        &["--proposal", "base", "--ignore-cause", "ratchet-forkd"],
        "did you mean `ratchet-forked`",
    );
    refused(&["--proposal", "base", "--time", "soon"], "10m");
    refused(&["--proposal", "base", "--time", "0s"], "a second");
    refused(&["--proposal", "nobodys"], "unknown proposal");
    refused(&["--proposal", "base", "--runs", "0"], "--runs");
    refused(&["--proposal", "base", "--objective", "gold"], "regression");
    let claimed = ["--proposal", "old-key-id-order", "--objective", "claimed"];
    refused(&claimed, "claims to end nothing");
    let folder = dir.path().to_str().unwrap();
    let output = run(&["hunt", "--proposal", "base", "--out", folder]);
    assert_eq!(output.status.code(), Some(2));
    let output = run(&["minimise", "A99", "--out", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
}
