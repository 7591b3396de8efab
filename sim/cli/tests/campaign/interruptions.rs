//! Killed, cut off, out of room: what was finished is kept, and going on leads
//! to the same bytes.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::common::stderr;
use super::{SMALL, campaign, made, report};

/// The small campaign, left alone: its chunks are stored in order.
fn left_alone(dir: &Path) -> [String; 2] {
    let out = dir.join("alone");
    made(&[&SMALL[..], &["--threads", "1"]].concat(), &out);
    report(&out)
}

fn chunks(out: &Path) -> usize {
    let text = fs::read_to_string(out.join("runs.jsonl")).unwrap_or_default();
    text.lines().count().saturating_sub(1)
}

#[test]
fn ten_kills_at_any_moment_change_nothing() {
    let dir = TempDir::new().unwrap();
    let args = [&SMALL[..], &["--threads", "2"]].concat();
    let expected = left_alone(dir.path());
    let out = dir.path().join("killed");
    // Seconds from before anything is read to beyond several chunks.
    let moments = [
        "0.02", "0.31", "0.07", "0.18", "0.4", "0.11", "0.26", "0.05", "0.35", "0.15",
    ];
    let mut before = 0;
    for moment in moments {
        let mut command = campaign(&args, &out);
        command.arg("--resume");
        let command = command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        Command::new("sleep").arg(moment).status().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(chunks(&out) >= before, "nothing finished is lost");
        before = chunks(&out);
    }
    made(&[&args[..], &["--resume"]].concat(), &out);
    assert_eq!(report(&out), expected);
    assert!(!out.join("runs.jsonl.new").exists());
}

#[cfg(unix)]
#[test]
fn an_interruption_finishes_what_was_begun_and_says_how_to_go_on() {
    let dir = TempDir::new().unwrap();
    let out = dir.path().join("interrupted");
    let many = ["--runs", "1000000", "--chunk", "4", "--threads", "2"];
    let mut command = campaign(&[&many[..], &["--proposal", "base"]].concat(), &out);
    let command = command.stdout(Stdio::null()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    while chunks(&out) < 2 {
        Command::new("sleep").arg("0.05").status().unwrap();
    }
    let kill = |id: u32| {
        Command::new("kill")
            .args(["-INT", &id.to_string()])
            .status()
    };
    assert!(kill(child.id()).unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
    let text = stderr(&output);
    assert!(text.contains("the chunks in the making are finished first"));
    let stored = format!("{} runs are stored, and nothing is lost", 4 * chunks(&out));
    assert!(text.contains(&stored), "{text}");
    // The results have no gap, whichever thread was how far.
    let results = fs::read_to_string(out.join("runs.jsonl")).unwrap();
    let begun = results.lines().skip(1).count() as u64;
    for chunk in 0..begun {
        assert!(results.contains(&format!("\"chunk\":{chunk},")), "{chunk}");
    }
    assert!(!out.join("campaign.json").exists());
}

#[test]
fn a_file_that_is_cut_is_gone_on_with_and_it_is_said_what_was_lost() {
    let dir = TempDir::new().unwrap();
    let expected = left_alone(dir.path());
    let out = dir.path().join("alone");
    let results = out.join("runs.jsonl");
    let whole = fs::read_to_string(&results).unwrap();
    let ends: Vec<usize> = whole.match_indices('\n').map(|(place, _)| place).collect();
    // In the plan, at the end of a line and around it, in the middle of lines.
    for cut in [
        0,
        9,
        ends[0],
        ends[3],
        ends[3] + 1,
        ends[6] - 1,
        ends[7] + 200,
    ] {
        fs::write(&results, &whole[..cut]).unwrap();
        let output = made(&[&SMALL[..], &["--resume"]].concat(), &out);
        assert_eq!(report(&out), expected, "cut at {cut}");
        let kept = whole[..cut].lines().count().saturating_sub(1);
        if cut == ends[7] + 200 {
            let said = "line 9 is damaged and left out: chunk 7, whose 2 runs are made again";
            assert!(stderr(&output).contains(said), "{}", stderr(&output));
        } else if cut == ends[3] {
            let said = format!("{} runs in {kept} chunks are kept, 14 left", 3 * kept);
            assert!(stderr(&output).contains(&said), "{}", stderr(&output));
        }
    }
}

#[test]
fn a_damaged_line_in_the_middle_costs_its_chunk_alone() {
    let dir = TempDir::new().unwrap();
    let expected = left_alone(dir.path());
    let out = dir.path().join("alone");
    let results = out.join("runs.jsonl");
    let damaged = fs::read_to_string(&results).unwrap();
    let line = damaged.lines().nth(4).unwrap();
    let worse = line.replace("\"calls\":", "\"calls\":1");
    fs::write(&results, damaged.replace(line, &worse)).unwrap();
    let output = made(&[&SMALL[..], &["--resume"]].concat(), &out);
    let text = stderr(&output);
    assert!(
        text.contains("line 5 is damaged and left out: chunk "),
        "{text}"
    );
    assert!(text.contains("in 7 chunks are kept"), "{text}");
    assert_eq!(report(&out), expected);
}

/// A limit on the size of files stands for a disk without room.
#[test]
fn a_full_disk_is_an_error_and_what_was_stored_stays() {
    let dir = TempDir::new().unwrap();
    let expected = left_alone(dir.path());
    let length = fs::metadata(dir.path().join("alone/runs.jsonl"))
        .unwrap()
        .len();
    let out = dir.path().join("full");
    let limited = |blocks: u64| {
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
        let inner = campaign(&[&SMALL[..], &["--resume"]].concat(), &out);
        let mut command = Command::new("sh");
        command.args(["-c", &script]).arg(inner.get_program());
        command.args(inner.get_args());
        command.current_dir(inner.get_current_dir().unwrap());
        command.env("NO_COLOR", "1").output().unwrap()
    };
    // Not even the plan fits.
    let output = limited(0);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert_eq!(fs::read_dir(&out).unwrap().count(), 0);
    // Some chunks do. A block is of 512 or 1024 bytes.
    let output = limited(length / 1536);
    let text = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(
        text.contains("cannot write") && text.contains("--resume"),
        "{text}"
    );
    let kept = chunks(&out);
    assert!(kept > 0, "{text}");
    let stored = fs::read_to_string(out.join("runs.jsonl")).unwrap();
    assert!(stored.ends_with('\n'), "no half line is left");
    assert!(!out.join("campaign.json").exists());
    // There is room again.
    let output = made(&[&SMALL[..], &["--resume"]].concat(), &out);
    let said = format!("in {kept} chunks are kept");
    assert!(stderr(&output).contains(&said), "{}", stderr(&output));
    assert_eq!(report(&out), expected);
}
