//! Proposals that cannot be used, alone or together.

use std::fs;

use tempfile::TempDir;

use super::common::unwedge;
use super::{DROP, Refusal, refuse};

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
