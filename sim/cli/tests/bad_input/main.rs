//! Input that cannot be used gets a message that says what is wrong, points
//! at the place and says what to do; exit status 2; and nothing is written.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../common/mod.rs"]
mod common;
mod steps;

use std::fs;
use std::path::Path;
use std::process::Output;

use common::{root, run, stderr, unwedge};
use tempfile::TempDir;

const A01: &str = include_str!("../../../../scenarios/server-rollback/A01.toml");
const DROP: &str = include_str!("../../../../proposals/drop-otks-on-restore.toml");

/// The output of a command that must refuse its input.
struct Refusal(String);

impl Refusal {
    fn of(output: &Output) -> Self {
        assert_eq!(output.status.code(), Some(2), "{}", stderr(output));
        assert!(output.stdout.is_empty(), "a refusal prints no result");
        Self(stderr(output))
    }

    /// The message, the place with a line under it, and the hint.
    #[track_caller]
    fn says(&self, message: &str, underlined: &str, hint: &str) {
        let text = self.0.replace("\n  │ ", " ").replace("\n        ", " ");
        assert!(text.contains(message), "no {message:?} in\n{}", self.0);
        assert!(text.contains(hint), "no {hint:?} in\n{}", self.0);
        if !underlined.is_empty() {
            assert_eq!(self.underlined(), underlined, "in\n{}", self.0);
        }
    }

    /// What the line of `─` stands under.
    fn underlined(&self) -> String {
        let lines: Vec<&str> = self.0.lines().collect();
        let is_mark = |it: char| "─┬▲".contains(it);
        let (row, marks) = lines
            .iter()
            .enumerate()
            .find(|(row, line)| {
                let line = line.trim_start_matches([' ', '·', '│']);
                *row > 1 && line.starts_with(['─', '┬', '▲'])
            })
            .unwrap_or_else(|| panic!("nothing is underlined in\n{}", self.0));
        let column = |test: &dyn Fn(char) -> bool| marks.chars().position(test);
        let start = column(&is_mark).unwrap();
        let length = marks
            .chars()
            .skip(start)
            .take_while(|it| is_mark(*it))
            .count();
        lines[row - 1].chars().skip(start).take(length).collect()
    }
}

/// Evaluates a changed A01 and expects a refusal; nothing may be written.
fn refuse_scenario(change: impl Fn(&str) -> String) -> Refusal {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("mine.toml");
    let text = change(A01).replace("\"A01\"", "\"mine\"");
    assert_ne!(
        text,
        A01.replace("\"A01\"", "\"mine\""),
        "the change changes something"
    );
    fs::write(&file, text).unwrap();
    let out = dir.path().join("out");
    let output = unwedge()
        .arg("eval")
        .arg(&file)
        .arg("--out")
        .arg(&out)
        .output()
        .unwrap();
    assert!(!out.exists(), "nothing was written");
    Refusal::of(&output)
}

/// Evaluates A01 under a changed proposal and expects a refusal.
fn refuse_proposal(change: impl Fn(&str) -> String) -> Refusal {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("mine.toml");
    let text = change(DROP);
    assert_ne!(text, DROP, "the change changes something");
    fs::write(&file, text).unwrap();
    let output = unwedge()
        .args(["run", "A01", "--proposal"])
        .arg(&file)
        .output()
        .unwrap();
    Refusal::of(&output)
}

fn refuse(args: &[&str]) -> Refusal {
    Refusal::of(&run(args))
}

#[test]
fn a_missing_file() {
    refuse(&["eval", "no/such/file.toml"]).says(
        "cannot read no/such/file.toml: there is no such file",
        "",
        "check the spelling",
    );
}

#[test]
fn a_proposal_where_a_scenario_is_wanted_and_the_other_way_round() {
    let wanted = "and a scenario is wanted";
    refuse(&["run", "proposals/base.toml"]).says(wanted, "", "--proposal");
    refuse(&["run", "base"]).says("this is a proposal", "", "--proposal");
    let scenario = "scenarios/server-rollback/A01.toml";
    refuse(&["run", "A01", "--proposal", scenario]).says("this is a scenario's file", "", "");
    refuse(&["run", "A01", "--proposal", "A05"]).says("this is a scenario", "", "list proposals");
}

#[test]
fn a_scenario_that_is_not_there_may_be_a_random_one() {
    refuse(&["run", "random-x"]).says("unknown scenario `random-x`", "random-x", "random-7");
}

#[test]
fn a_folder_instead_of_a_file() {
    refuse(&["eval", "--scenario", "scenarios/"]).says("it is a folder", "", "name a file in it");
}

#[test]
fn a_file_that_is_not_utf8() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("latin1.toml");
    fs::write(&file, b"title = \"caf\xe9\"").unwrap();
    let output = unwedge().arg("eval").arg(&file).output().unwrap();
    Refusal::of(&output).says(
        "this file is not UTF-8",
        "\u{fffd}",
        "save the file as UTF-8",
    );
}

#[test]
fn text_that_is_not_toml() {
    let refusal =
        refuse_scenario(|text| text.replace("servers = [\"hs1\",", "servers = [\"hs1\" ="));
    refusal.says("array", "=", "");
}

#[test]
fn a_missing_field() {
    let refusal = refuse_scenario(|text| text.replace(", room = \"r1\"", ""));
    refusal.says("missing field `room`", "", "");
}

#[test]
fn an_unknown_field() {
    let refusal = refuse_scenario(|text| text.replace("from = \"alice\"", "form = \"alice\""));
    refusal.says("unknown field `form`", "form", "did you mean `from`?");
}

#[test]
fn an_unknown_step() {
    let refusal = refuse_scenario(|text| text.replace("{ restore =", "{ restor ="));
    refusal.says("unknown word `restor`", "restor", "did you mean `restore`?");
}

#[test]
fn an_unknown_device() {
    let refusal = refuse_scenario(|text| text.replace("from = \"carol\"", "from = \"carrol\""));
    refusal.says(
        "unknown device `carrol`",
        "\"carrol\"",
        "did you mean `carol`?",
    );
}

#[test]
fn an_unknown_server() {
    let refusal = refuse_scenario(|text| text.replace("server = \"hs2\"", "server = \"hs3\""));
    refusal.says("unknown server `hs3`", "\"hs3\"", "did you mean `hs");
}

#[test]
fn an_unknown_room() {
    let refusal = refuse_scenario(|text| text.replace("room = \"r2\"", "room = \"kitchen\""));
    refusal.says("unknown room `kitchen`", "\"kitchen\"", "there are: r1, r2");
}

#[test]
fn an_unknown_user_in_a_room() {
    let refusal =
        refuse_scenario(|text| text.replace("[\"carol\", \"bob\"]", "[\"carl\", \"bob\"]"));
    refusal.says("unknown user `carl`", "\"carl\"", "did you mean `carol`?");
}

#[test]
fn an_unknown_table() {
    let change = "server = \"hs2\", tables = [\"inboxes\"] } },";
    let refusal = refuse_scenario(|text| {
        text.replace(
            "\"3h\", server = \"hs2\" } },",
            &format!("\"3h\", {change}"),
        )
    });
    refusal.says(
        "unknown table `inboxes`",
        "\"inboxes\"",
        "did you mean `inbox`?",
    );
}

#[test]
fn an_expectation_of_an_unknown_proposal() {
    let refusal =
        refuse_scenario(|text| text.replace("unwedge-and-reshare =", "unwedge-reshare ="));
    refusal.says(
        "unknown proposal `unwedge-reshare`",
        "unwedge-reshare",
        "did you mean `unwedge-and-reshare`?",
    );
}

#[test]
fn an_unknown_outcome() {
    let refusal = refuse_scenario(|text| text.replace("base = \"wedged\"", "base = \"wegded\""));
    refusal.says(
        "unknown word `wegded`",
        "\"wegded\"",
        "did you mean `wedged`?",
    );
}

#[test]
fn a_speaker_who_is_not_in_the_room() {
    let refusal = refuse_scenario(|text| text.replace("from = \"carol\"", "from = \"alice\""));
    refusal.says("alice is not in room r2", "\"alice\"", "not a member");
}

#[test]
fn a_link_that_does_not_exist() {
    let step = "{ partition = { at = \"3h\", between = [\"alice\", \"hs2\"] } },";
    let refusal = refuse_scenario(|text| {
        text.replace("{ restore = { at = \"3h\", server = \"hs2\" } },", step)
    });
    refusal.says(
        "there is no link between these two",
        "[\"alice\", \"hs2\"]",
        "a device and its own server",
    );
}

#[test]
fn a_latency_that_is_none() {
    let refuse = |words: &str| {
        refuse_scenario(|text| text.replace("servers =", &format!("{words}\nservers =")))
    };
    refuse("client_latency = [\"10ms\", \"2m\"]").says(
        "this time is out of range: it may be 1ms to 1m",
        "\"2m\"",
        "out of range",
    );
    refuse("federation_latency = [\"2s\", \"1s\"]").says(
        "the shortest latency comes first, then the longest",
        "[\"2s\", \"1s\"]",
        "from long to short",
    );
    refuse("back_off = \"0s\"").says(
        "this time is out of range: it may be 1s to 7d",
        "\"0s\"",
        "out of range",
    );
}

#[test]
fn a_time_that_is_none() {
    let refusal = refuse_scenario(|text| text.replace("\"2h\"", "\"noon\""));
    refusal.says(
        "this is not a time",
        "\"noon\"",
        "write a number and a unit",
    );
}

#[test]
fn a_time_out_of_range() {
    let refusal = refuse_scenario(|text| text.replace("\"4h\"", "\"900days\""));
    refusal.says(
        "this time is out of range: no step is later than 400d",
        "\"900days\"",
        "too late",
    );
}

#[test]
fn a_number_out_of_range() {
    let refusal = refuse_scenario(|text| text.replace("servers =", "one_time_keys = 0\nservers ="));
    refusal.says(
        "this number is out of range: it may be 1 to 100",
        "0",
        "out of range",
    );
}

#[test]
fn two_servers_of_one_name() {
    let refusal =
        refuse_scenario(|text| text.replace("[\"hs1\", \"hs2\"]", "[\"hs1\", \"hs2\", \"hs1\"]"));
    refusal.says(
        "there are two servers called `hs1`",
        "\"hs1\"",
        "the second",
    );
}

#[test]
fn a_user_on_two_servers() {
    let refusal = refuse_scenario(|text| {
        text.replace("bob = \"hs2\" }", "bob = \"hs2\", \"bob.two\" = \"hs1\" }")
    });
    refusal.says(
        "the devices of `bob` are on different servers",
        "\"hs1\"",
        "one homeserver",
    );
}

#[test]
fn a_name_that_cannot_be_one() {
    let refusal = refuse_scenario(|text| text.replace("r1 = [", "\"r 1\" = ["));
    refusal.says(
        "`r 1` cannot be the name of a room",
        "\"r 1\"",
        "use letters, digits",
    );
}

#[test]
fn an_identifier_that_cannot_be_one() {
    let refusal = refuse_scenario(|text| text.replace("\"A01\"", "\"../A01\""));
    refusal.says(
        "this identifier cannot be used",
        "\"../A01\"",
        "use letters, digits",
    );
}

#[test]
fn an_unknown_scenario() {
    let hint = "did you mean `A01`?";
    refuse(&["run", "A011"]).says("unknown scenario `A011`", "A011", hint);
}

#[test]
fn an_unknown_proposal() {
    let refusal = refuse(&["eval", "--proposal", "drop-otk-on-restore"]);
    refusal.says(
        "unknown proposal `drop-otk-on-restore`",
        "drop-otk-on-restore",
        "did you mean `drop-otks-on-restore`?",
    );
}

#[test]
fn an_unknown_part_of_a_combination() {
    let refusal = refuse(&["eval", "--proposal", "base+unwedge-first"]);
    refusal.says(
        "unknown proposal `unwedge-first`",
        "unwedge-first",
        "did you mean",
    );
}

#[test]
fn an_unknown_switch() {
    let refusal = refuse_proposal(|text| text.replace("restored-tables", "restored-table"));
    refusal.says(
        "unknown field `restored-table`",
        "restored-table",
        "did you mean `restored-tables`?",
    );
}

#[test]
fn an_unknown_value_of_a_switch() {
    let refusal =
        refuse_proposal(|text| text.replace("all-but-one-time-keys", "all-but-one-time-key"));
    refusal.says(
        "unknown word `all-but-one-time-key`",
        "\"all-but-one-time-key\"",
        "did you mean `all-but-one-time-keys`?",
    );
}

#[test]
fn an_unknown_claim() {
    let refusal =
        refuse_proposal(|text| text.replace("reissued-after-restore", "reissued-after-restart"));
    refusal.says(
        "unknown word",
        "",
        "did you mean `one-time-key-reissued-after-restore`?",
    );
}

#[test]
fn proposals_that_conflict() {
    let dir = TempDir::new().unwrap();
    let keep = dir.path().join("keep.toml");
    fs::write(&keep, DROP.replace("all-but-one-time-keys", "everything")).unwrap();
    let both = format!("drop-otks-on-restore+{}", keep.display());
    refuse(&["eval", "--proposal", &both]).says(
        "`drop-otks-on-restore` and `keep` conflict: they set the switch `restored-tables` differently",
        "",
        "combine others",
    );
}

#[test]
fn a_second_file_of_one_identifier() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("copy.toml");
    fs::write(&file, A01).unwrap();
    let output = unwedge().arg("eval").arg(&file).output().unwrap();
    Refusal::of(&output).says("two scenarios are called `A01`", "", "change one of them");
}

#[test]
fn too_many_runs_or_threads() {
    refuse(&["eval", "--runs", "5000000"]).says("5000000 is not in 0..=1000000", "", "--runs");
    refuse(&["eval", "--threads", "0"]).says("0 is not in 1..=1024", "", "--threads");
    refuse(&["eval", "--seed", "-1"]).says("-1", "", "");
    refuse(&["run", "A01", "--seed", "x"]).says("invalid digit", "", "--seed");
}

#[test]
fn a_report_that_cannot_be_written() {
    let dir = TempDir::new().unwrap();
    let blocked = dir.path().join("file");
    fs::write(&blocked, "in the way").unwrap();
    let out = blocked.join("out");
    let (out, json) = (out.to_str().unwrap(), dir.path().join("cells.json"));
    let refusal = refuse(&[
        "eval",
        "A01",
        "--json",
        json.to_str().unwrap(),
        "--out",
        out,
    ]);
    refusal.says("cannot write", "", "nothing was written");
    assert!(!json.exists(), "no report is half written");
    assert_eq!(
        fs::read_dir(dir.path()).unwrap().count(),
        1,
        "nothing is left behind"
    );
}

#[test]
fn a_trace_that_cannot_be_written() {
    let dir = TempDir::new().unwrap();
    refuse(&["run", "A01", "--trace", dir.path().to_str().unwrap()]).says(
        "cannot write",
        "",
        "it is a folder",
    );
}

#[test]
fn a_blessing_of_a_part() {
    let before = fs::read(root().join("reports/matrix.md")).unwrap();
    refuse(&["eval", "A01", "--bless"]).says("cannot be used with", "", "--bless");
    assert_eq!(fs::read(root().join("reports/matrix.md")).unwrap(), before);
}

#[test]
fn the_accepted_results_as_a_folder_for_others() {
    let before = fs::read(root().join("reports/matrix.json")).unwrap();
    let reports = root().join("reports");
    refuse(&["eval", "A01", "--out", reports.to_str().unwrap()]).says(
        "holds the accepted results",
        "",
        "--bless",
    );
    assert_eq!(
        fs::read(root().join("reports/matrix.json")).unwrap(),
        before
    );
}

#[test]
fn no_library() {
    let dir = TempDir::new().unwrap();
    let output = unwedge()
        .current_dir(dir.path())
        .arg("eval")
        .output()
        .unwrap();
    Refusal::of(&output).says(
        "there is no folder with `scenarios` and `proposals` here or above",
        "",
        "--root DIR",
    );
    assert_eq!(fs::read_dir(Path::new(dir.path())).unwrap().count(), 0);
}
