//! Bundled scenarios are written as they are read.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use unwedge_core::protocol::Proposal;
use unwedge_core::scenario;

#[test]
fn a_bundled_scenario_is_read_back_as_it_was_written() {
    let proposals = common::proposals();
    let known: Vec<&Proposal> = proposals.iter().collect();
    let scenarios = common::scenarios();
    assert!(scenarios.len() > 20);
    for scenario in scenarios {
        let text = scenario.to_toml();
        let read = scenario::parse("written.toml", &text, &known).unwrap();
        assert!(read == *scenario, "{}:\n{text}", scenario.id);
    }
}

/// Line by line, but for what is not kept: comments, and the order of devices
/// and expectations.
#[test]
fn a_bundled_scenario_is_written_as_a_person_has() {
    for (scenario, text) in common::scenarios().iter().zip(common::scenario_texts()) {
        let (ours, theirs) = (scenario.to_toml(), text);
        let (ours, theirs) = (lines(&ours), lines(&theirs));
        let differ = ours
            .iter()
            .zip(&theirs)
            .find(|(ours, theirs)| ours != theirs);
        assert_eq!(differ, None, "{}", scenario.id);
        assert_eq!(ours.len(), theirs.len(), "{}", scenario.id);
    }
}

fn lines(text: &str) -> Vec<&str> {
    let (steps, expect) = text.split_once("[expect]").unwrap();
    let mut expect: Vec<&str> = expect.lines().collect();
    expect.sort_unstable();
    let lines = steps.lines().chain(expect);
    let is_kept = |it: &&str| !it.trim_start().starts_with('#') && !it.starts_with("devices = ");
    lines.filter(is_kept).collect()
}
