//! Bundled scenarios are written as they are read.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use unwedge_core::scenario;

#[test]
fn a_bundled_scenario_is_read_back_as_it_was_written() {
    let proposals = common::proposals();
    let names: Vec<&str> = proposals.iter().map(|it| it.name.as_str()).collect();
    let scenarios = common::scenarios();
    assert!(scenarios.len() > 20);
    for scenario in scenarios {
        let text = scenario.to_toml();
        let read = scenario::parse("written.toml", &text, &names).unwrap();
        assert!(read == *scenario, "{}:\n{text}", scenario.id);
    }
}

/// All that a person would notice: comments are not kept, and times come in
/// the fewest units.
#[test]
fn a_bundled_scenario_is_written_as_a_person_has() {
    for (scenario, text) in common::scenarios().iter().zip(common::scenario_texts()) {
        let lines = |text: &str| -> Vec<String> {
            let lines = text
                .lines()
                .map(|it| it.split(" # ").next().unwrap().trim_end());
            let lines = lines.filter(|it| !it.trim_start().starts_with('#'));
            lines.map(str::to_owned).collect()
        };
        assert_eq!(lines(&scenario.to_toml()), lines(&text), "{}", scenario.id);
    }
}
