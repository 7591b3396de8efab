//! Input that cannot be used: what is wrong, where, and what to do about it.

use std::path::PathBuf;

use miette::Diagnostic;
use thiserror::Error;
use unwedge_core::problem::Problem;
use unwedge_core::protocol::Conflict;

/// Why a command could not be carried out.
#[derive(Debug, Error, Diagnostic)]
pub(crate) enum Failure {
    #[error("cannot read {}: {reason}", .file.display())]
    #[diagnostic(help("{help}"))]
    Unreadable {
        file: PathBuf,
        reason: String,
        help: &'static str,
    },

    #[error("cannot write {}: {reason}", .path.display())]
    #[diagnostic(help("nothing was written; name another place, or make this one writable"))]
    Unwritable { path: PathBuf, reason: String },

    #[error("{} is there already", .path.display())]
    #[diagnostic(help(
        "name another file with --out, or take this one away; nothing was done and nothing was changed"
    ))]
    Exists { path: PathBuf },

    #[error("{} holds the accepted results", .path.display())]
    #[diagnostic(help("name another folder, or accept new results with --bless"))]
    Accepted { path: PathBuf },

    #[error("cannot write {}: {reason}", .path.display())]
    #[diagnostic(help(
        "the chunks that were finished are kept; when it can be written again, go on with the same \
         command and --resume"
    ))]
    Stopped { path: PathBuf, reason: String },

    #[error("{} holds results already", .path.display())]
    #[diagnostic(help(
        "go on with it by --resume, or name another folder with --out DIR; nothing was changed"
    ))]
    Occupied { path: PathBuf },

    #[error("{} is of another campaign; what differs is {part}", .path.display())]
    #[diagnostic(help("repeat the command that began it, or name another folder with --out DIR"))]
    OtherCampaign { path: PathBuf, part: String },

    #[error("{} and {} cannot be merged: {reason}", .first.display(), .second.display())]
    #[diagnostic(help("name the folder of every shard of one campaign, each once"))]
    Unmergeable {
        first: PathBuf,
        second: PathBuf,
        reason: String,
    },

    #[error("{what} `{word}`: {reason}")]
    #[diagnostic(help("{help}"))]
    Argument {
        what: &'static str,
        word: String,
        reason: String,
        help: &'static str,
    },

    #[error("{} is no earlier campaign: {reason}", .file.display())]
    #[diagnostic(help("name the `campaign.json` of an earlier campaign"))]
    Baseline { file: PathBuf, reason: String },

    #[error(transparent)]
    #[diagnostic(transparent)]
    Problem(Box<Problem>),

    #[error(transparent)]
    #[diagnostic(help("evaluate them one by one, or combine others"))]
    Conflict(Conflict),

    #[error("two {what} are called `{name}`: {} and {}", .first.display(), .second.display())]
    #[diagnostic(help(
        "a scenario is named by its `id`, a proposal by its file: change one of them"
    ))]
    Twice {
        what: &'static str,
        name: String,
        first: PathBuf,
        second: PathBuf,
    },

    #[error("there is no folder with `scenarios` and `proposals` here or above")]
    #[diagnostic(help("run unwedge inside its repository, or name the folder with --root DIR"))]
    NoLibrary,
}

impl From<Box<Problem>> for Box<Failure> {
    fn from(problem: Box<Problem>) -> Self {
        Box::new(Failure::Problem(problem))
    }
}

impl Failure {
    /// The same, where runs were made and stored before.
    pub(crate) fn after_runs(self) -> Self {
        if let Failure::Unwritable { path, reason } = self {
            Failure::Stopped { path, reason }
        } else {
            self
        }
    }
}
