//! Runs the command in the repository, as a person would.
#![allow(dead_code, reason = "each test uses some of it")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

/// The command, in the repository.
pub(crate) fn unwedge() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_unwedge"));
    command.current_dir(root()).env("NO_COLOR", "1");
    command
}

/// Runs the command with these arguments.
pub(crate) fn run(args: &[&str]) -> Output {
    unwedge().args(args).output().unwrap()
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Runs a printed command, as a shell takes it.
pub(crate) fn pasted(line: &str) -> Output {
    let words = shlex::split(line).unwrap();
    assert_eq!(words[0], "unwedge", "{line}");
    unwedge().args(&words[1..]).output().unwrap()
}
