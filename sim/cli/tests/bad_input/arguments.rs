//! Arguments that name what is not there, or where nothing can be written.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::common::{root, unwedge};
use super::{A01, Refusal, refuse};

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
fn an_unknown_scenario() {
    let hint = "did you mean `A01`?";
    refuse(&["run", "A011"]).says("unknown scenario `A011`", "A011", hint);
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
