//! Proposals that not everybody has adopted.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::fs;
use std::path::Path;

use common::{pasted, run, stderr, stdout, unwedge};
use serde_json::Value;
use tempfile::TempDir;

const DROP: &str = "drop-otks-on-restore";

#[test]
fn a_server_that_adopts_a_remedy_is_helped_by_it_and_another_is_not() {
    // In A01 it is hs2 that is restored.
    let outcome = |adopt: &str| {
        let output = run(&["run", "A01", "--adopt", adopt]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        stdout(&output)
    };
    let text = outcome(&format!("hs2={DROP}"));
    assert!(text.contains("outcome: ok"), "{text}");
    assert!(text.contains(&format!("hs2 follows {DROP}")), "{text}");
    let text = outcome(&format!("hs1={DROP},alice=unwedge-first-contact"));
    assert!(text.contains("outcome: wedged"), "{text}");
    // And a client, whose own it is to mend channels.
    let text = outcome("bob=unwedge-first-contact");
    assert!(text.contains("outcome: lost"), "{text}");
    // Whatever the others follow.
    let args = ["run", "A01", "--proposal", DROP, "--adopt", "hs2=base"];
    assert!(stdout(&run(&args)).contains("outcome: wedged"));
}

#[test]
fn a_cell_whose_nodes_adopt_something_is_repeated_by_its_command() {
    let dir = TempDir::new().unwrap();
    let mut command = unwedge();
    command.args(["eval", "A01", "--proposal", "base"]);
    let adopt = format!("bob=unwedge-first-contact+{DROP},hs1=remember-issued");
    command.args(["--adopt", &adopt, "--out"]).arg(dir.path());
    let output = command.output().unwrap();
    // It is not as the scenario expects of nodes that follow `base`.
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let text = stdout(&output);
    assert!(text.contains("lost 256/256 (expected wedged)"), "{text}");
    let line = text.lines().find(|line| line.starts_with("  unwedge run"));
    let again = stdout(&pasted(line.unwrap()));
    let report = fs::read_to_string(dir.path().join("matrix.json")).unwrap();
    let report: Value = serde_json::from_str(&report).unwrap();
    assert!(again.contains(report["cells"][0]["trace_hash"].as_str().unwrap()));
    assert_eq!(report["adopt"]["hs1"], "remember-issued");
}

#[test]
fn a_scenario_file_can_say_who_adopts_what() {
    let dir = TempDir::new().unwrap();
    let a01 = common::root().join("scenarios/server-rollback/A01.toml");
    let a01 = fs::read_to_string(a01).unwrap();
    let mine = |adopt: &str| {
        let (text, _) = a01.split_once("[expect]").unwrap();
        let file = dir.path().join("mine.toml");
        let text = text.replace("\"A01\"", "\"mine\"");
        fs::write(&file, format!("{text}[adopt]\n{adopt}\n")).unwrap();
        run(&["run", file.to_str().unwrap()])
    };
    let output = mine("hs2 = \"drop-otks-on-restore\"\n\"bob\" = \"base\"");
    assert!(
        stdout(&output).contains("outcome: ok"),
        "{}",
        stderr(&output)
    );
    for (adopt, message) in [
        ("hs3 = \"base\"", "unknown server or device `hs3`"),
        ("hs2 = \"drop-otks\"", "unknown proposal `drop-otks`"),
        ("hs2 = \"base+drop-otks\"", "unknown proposal `drop-otks`"),
        (
            "hs2 = \"old-key-id-order+msc4162-reset-on-conflict+bug-random-claim\"",
            "unknown proposal `bug-random-claim`",
        ),
    ] {
        let output = mine(adopt);
        assert_eq!(output.status.code(), Some(2), "{adopt}");
        assert!(stderr(&output).contains(message), "{}", stderr(&output));
        assert!(
            stderr(&output).contains("mine.toml:"),
            "{}",
            stderr(&output)
        );
    }
}

#[test]
fn orders_to_adopt_that_mean_nothing_are_refused() {
    let dir = TempDir::new().unwrap();
    let out = dir.path().join("out");
    for (adopt, message) in [
        ("hs9=base", "unknown server or device of A01 `hs9`"),
        ("hs1=bse", "unknown proposal `bse`"),
        ("hs1", "not of the form NODE=PROPOSAL"),
        (
            "hs1=base,hs1=remember-issued",
            "`hs1` adopts `base` already",
        ),
    ] {
        let mut command = unwedge();
        command.args(["eval", "A01", "--adopt", adopt, "--out"]);
        let output = command.arg(&out).output().unwrap();
        let text = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{text}");
        let text = text.replace("\n  │ ", " ").replace("\n        ", " ");
        assert!(text.contains(message), "no {message:?} in\n{text}");
        assert!(!out.exists(), "{adopt} wrote something");
    }
}

#[test]
fn a_find_while_half_has_adopted_it_is_a_file_that_says_who() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("found.toml");
    let mut command = unwedge();
    command.args(["hunt", "--proposal", "remember-issued"]);
    command.args(["--objective", "claimed", "--seed", "4000"]);
    command.args(["--adoption", "50", "--out"]).arg(&file);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let text = stdout(&output);
    // What ends the failure is for servers to do, and one of them does not.
    let scenario = fs::read_to_string(&file).unwrap();
    let adopt = scenario.lines().find(|line| line.starts_with("adopt = "));
    assert_eq!(adopt.unwrap().matches("\"base\"").count(), 1, "{scenario}");
    assert!(adopt.unwrap().contains("hs"), "{scenario}");
    assert!(text.contains(" follows base"), "{text}");
    assert!(text.contains("confirmed on the real engine"), "{text}");
    let line = text.lines().find(|line| line.starts_with("  unwedge run"));
    let again = stdout(&pasted(line.unwrap()));
    assert!(
        again.contains("cause: one-time-key-reissued-after-upload"),
        "{again}"
    );
}

/// A campaign at several levels of adoption.
fn campaign(dir: &Path, more: &[&str]) -> Value {
    let mut command = unwedge();
    command.args(["campaign", "--runs", "600", "--chunk", "50"]);
    command.args(["--proposal", DROP, "--proposal", "unwedge-first-contact"]);
    let output = command.args(more).arg("--out").arg(dir).output().unwrap();
    assert!(
        matches!(output.status.code(), Some(0 | 1 | 3)),
        "{}",
        stderr(&output)
    );
    serde_json::from_str(&fs::read_to_string(dir.join("campaign.json")).unwrap()).unwrap()
}

#[test]
fn a_campaign_compares_levels_of_adoption_on_the_same_runs() {
    let dir = TempDir::new().unwrap();
    let all = campaign(&dir.path().join("all"), &[]);
    let out = dir.path().join("levels");
    let levels = campaign(&out, &["--adoption", "100,0,50"]);
    let of = |report: &Value, proposal: &str, adoption: u64| {
        let all = report["proposals"].as_array().unwrap();
        let mut all = all.iter();
        let found = all.find(|it| it["proposal"] == proposal && it["adoption"] == adoption);
        found.unwrap().clone()
    };
    let base = of(&levels, "base", 100);
    for proposal in [DROP, "unwedge-first-contact"] {
        // Where nobody follows it all is as under base, where all do as ever.
        let (none, half, whole) = (
            of(&levels, proposal, 0),
            of(&levels, proposal, 50),
            of(&levels, proposal, 100),
        );
        assert_eq!(none["outcomes"], base["outcomes"]);
        assert_eq!(
            (&none["made"], &none["verdict"]),
            (&0.into(), &"unknown".into())
        );
        assert_eq!(whole["outcomes"], of(&all, proposal, 100)["outcomes"]);
        assert_eq!(whole["bounds"], of(&all, proposal, 100)["bounds"]);
        let better = |it: &Value| it["against_base"]["better"].as_u64().unwrap();
        assert!(better(&half) <= better(&whole), "{half}");
        // The command repeats what is said of it.
        let witness = half["broken_claim"]["command"].as_str().unwrap();
        assert!(witness.ends_with("--adoption 50"), "{witness}");
        let again = stdout(&pasted(witness));
        let claims = half["claims"].as_array().unwrap();
        let mut claims = claims.iter().map(|it| it.as_str().unwrap());
        assert!(claims.any(|it| again.contains(it)), "{again}");
        assert!(again.contains(" follows base"), "{again}");
    }
    let still = |adoption: u64| {
        let it = of(&levels, DROP, adoption);
        it["bounds"]["claimed"]["count"].as_u64().unwrap()
    };
    assert!(still(100) < still(50) && still(50) < still(0));
    let text = fs::read_to_string(out.join("campaign.md")).unwrap();
    assert!(text.contains("| proposal | 0 % | 50 % | 100 % |"), "{text}");
    assert!(
        text.contains("## drop-otks-on-restore at 50 %: violated"),
        "{text}"
    );

    // Levels are part of the plan.
    let mut command = unwedge();
    command.args(["campaign", "--runs", "600", "--chunk", "50", "--resume"]);
    command.args(["--proposal", DROP, "--proposal", "unwedge-first-contact"]);
    let output = command.args(["--adoption", "0,40,100", "--out"]).arg(&out);
    let output = output.output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("at 40 %"), "{}", stderr(&output));
}

#[test]
fn shards_of_levels_merge_to_the_bytes_of_the_whole() {
    let dir = TempDir::new().unwrap();
    let folder = |name: &str| dir.path().join(name);
    let whole = campaign(&folder("whole"), &["--adoption", "50"]);
    for part in ["1/2", "2/2"] {
        campaign(&folder(&part[..1]), &["--adoption", "50", "--shard", part]);
    }
    let mut command = unwedge();
    command.arg("merge").args([folder("1"), folder("2")]);
    command.arg("--out").arg(folder("merged")).output().unwrap();
    let merged = fs::read_to_string(folder("merged").join("campaign.json")).unwrap();
    let merged: Value = serde_json::from_str(&merged).unwrap();
    assert_eq!(merged, whole);
}

#[test]
fn what_is_said_of_a_remedy_quotes_the_campaign_that_is_named() {
    let dir = TempDir::new().unwrap();
    let levels = dir.path().join("levels");
    campaign(&levels, &["--adoption", "50,100"]);
    let eval = |more: &[&str]| {
        let mut command = unwedge();
        command.args(["eval", "A01", "--proposal", "base", "--proposal", DROP]);
        command.args(more).arg("--out").arg(dir.path().join("out"));
        command.output().unwrap()
    };
    let file = levels.join("campaign.json");
    let output = eval(&["--campaign", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = fs::read_to_string(dir.path().join("out/remedies.md")).unwrap();
    let paragraph = text.lines().last().unwrap();
    for sentence in [
        "`drop-otks-on-restore` ends 1 of the 1 failures that are replayed here: A01 (wedged becomes ok).",
        "Of 600 random runs, ",
        "The verdict is ",
        "While 50 % of the servers and devices follow it, ",
    ] {
        assert!(paragraph.contains(sentence), "no {sentence:?} in\n{text}");
    }
    let output = eval(&["--campaign", "reports/matrix.json"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("is no earlier campaign"));
}
