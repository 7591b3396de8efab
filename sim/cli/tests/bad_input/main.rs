//! Input that cannot be used gets a message that says what is wrong, points
//! at the place and says what to do; exit status 2; and nothing is written.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod arguments;
#[path = "../common/mod.rs"]
mod common;
mod proposals;
mod scenarios;
mod steps;

use std::process::Output;

use common::{run, stderr};

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

fn refuse(args: &[&str]) -> Refusal {
    Refusal::of(&run(args))
}
