//! What a campaign says of what it found.

use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use super::common::{run, stderr, stdout};
use super::{SMALL, campaign, made, report};

#[test]
fn the_extra_file_says_the_same_and_how_long_it_took() {
    let dir = TempDir::new().unwrap();
    let (out, extra) = (dir.path().join("out"), dir.path().join("extra.json"));
    let json = ["--json", extra.to_str().unwrap(), "--threads", "2"];
    made(&[&SMALL[..], &json].concat(), &out);
    let plain: Value = serde_json::from_str(&report(&out)[0]).unwrap();
    let mut timed: Value = serde_json::from_str(&fs::read_to_string(extra).unwrap()).unwrap();
    let more = timed.as_object_mut().unwrap();
    assert_eq!(more.remove("threads"), Some(2.into()));
    for name in ["seconds", "runs_per_second", "calls_per_second"] {
        assert!(more.remove(name).unwrap().as_f64().unwrap() > 0.0);
    }
    assert_eq!(timed, plain);

    assert_eq!(plain["schema"], "unwedge/campaign/1");
    assert_eq!((&plain["seed"], &plain["runs"]), (&95.into(), &23.into()));
    let proposals = plain["proposals"].as_array().unwrap();
    let names: Vec<&Value> = proposals.iter().map(|it| &it["proposal"]).collect();
    assert_eq!(
        names,
        [
            "base",
            "unwedge-first-contact",
            "bug-read-then-delete-claim"
        ]
    );
    for proposal in proposals {
        let outcomes = proposal["outcomes"].as_object().unwrap();
        let runs: u64 = outcomes.values().map(|it| it.as_u64().unwrap()).sum();
        assert_eq!(runs, 23);
        let base = &proposal["against_base"];
        let paired = ["better", "worse", "same"].map(|it| base[it].as_u64().unwrap());
        assert_eq!(paired.iter().sum::<u64>(), 23);
    }
    // Seeds 95 to 117: one of them is divisible by 100.
    assert_eq!(plain["repeated"], 1);
}

#[test]
fn every_figure_names_what_it_holds_for() {
    let dir = TempDir::new().unwrap();
    let output = made(&SMALL, dir.path());
    for text in [stdout(&output), report(dir.path())[1].clone()] {
        assert!(
            text.contains("key backup and key requests switched off"),
            "{text}"
        );
        assert!(
            text.contains("holds for this distribution of scenarios"),
            "{text}"
        );
    }
}

#[test]
fn a_changed_verdict_is_exit_status_1_and_the_same_ones_are_0() {
    let dir = TempDir::new().unwrap();
    let (first, second) = (dir.path().join("first"), dir.path().join("second"));
    made(&SMALL, &first);
    let file = first.join("campaign.json");
    let compare = || {
        let _ = fs::remove_dir_all(&second);
        let baseline = ["--baseline", file.to_str().unwrap()];
        let args = [&SMALL[..], &baseline].concat();
        campaign(&args, &second).output().unwrap()
    };
    let output = compare();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let mut baseline: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    baseline["proposals"][1]["verdict"] = "holds".into();
    fs::write(&file, baseline.to_string()).unwrap();
    let output = compare();
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).contains("changed: unwedge-first-contact: holds before, "));
    assert_eq!(stdout(&output).matches("changed: ").count(), 1);
}

#[test]
fn a_run_of_a_campaign_can_be_repeated_on_every_engine() {
    let hash = |engine: &str| {
        let args = ["run", "random-7", "--seed", "7", "--engine", engine];
        let output = run(&args);
        assert!(output.status.code() <= Some(1), "{}", stderr(&output));
        let text = stdout(&output);
        assert!(text.contains("random-7 under base, seed 7"), "{text}");
        let line = text
            .lines()
            .find(|line| line.starts_with("hash of the trace"));
        line.unwrap().to_owned()
    };
    assert_eq!(hash("fast"), hash("real"));
    assert_eq!(hash("both"), hash("real"));
    let other = stdout(&run(&["run", "random-8", "--seed", "8"]));
    assert!(!other.contains(&hash("fast")));
}

#[test]
fn an_evaluation_can_be_made_on_every_engine() {
    let dir = TempDir::new().unwrap();
    let cells = |engine: &str| {
        let out = dir.path().join(engine);
        let args = [
            "eval",
            "D01",
            "B02",
            "--proposal",
            "base",
            "--engine",
            engine,
        ];
        let output = run(&[&args[..], &["--out", out.to_str().unwrap()]].concat());
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let text = fs::read_to_string(out.join("matrix.json")).unwrap();
        let json: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(json["engine"], engine);
        let mut cells = json["cells"].as_array().unwrap().clone();
        // How many draws were made on the real engine too is all that differs.
        for cell in &mut cells {
            cell.as_object_mut().unwrap().remove("confirmed");
        }
        cells
    };
    let real = cells("real");
    assert_eq!(cells("fast"), real);
    assert_eq!(cells("both"), real);
}
