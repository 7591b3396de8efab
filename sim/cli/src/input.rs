//! Reading what people wrote: files, and words of the command line.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use unwedge_core::problem::Fault;

use crate::failure::Failure;

/// The text of a file.
pub(crate) fn read(file: &Path) -> Result<String, Box<Failure>> {
    let unreadable = |reason: String, help| {
        Box::new(Failure::Unreadable {
            file: file.to_owned(),
            reason,
            help,
        })
    };
    if file.is_dir() {
        let reason = "it is a folder".to_owned();
        return Err(unreadable(reason, "name a file in it"));
    }
    let bytes = fs::read(file).map_err(|error| {
        if error.kind() == ErrorKind::NotFound {
            let help = "check the spelling; paths count from the folder you are in";
            unreadable("there is no such file".to_owned(), help)
        } else {
            unreadable(error.to_string(), "make the file readable")
        }
    })?;
    String::from_utf8(bytes).map_err(|error| {
        let end = error.utf8_error().valid_up_to();
        let mut text = String::from_utf8_lossy(&error.as_bytes()[..end]).into_owned();
        text.push('\u{fffd}');
        let fault = Fault::new(
            end..text.len(),
            "this file is not UTF-8",
            "not UTF-8 from here on",
        );
        let fault = fault.with_help("save the file as UTF-8");
        Failure::Problem(Box::new(fault.within(&file.display().to_string(), &text))).into()
    })
}

/// Whether a file has this key or table at its top. A look at the lines: what
/// the file is has to be known before it is read as that.
pub(crate) fn has(text: &str, key: &str) -> bool {
    text.lines().any(|line| {
        let line = line.trim_start().trim_start_matches('[');
        let rest = line.strip_prefix(key).map(str::trim_start);
        rest.is_some_and(|rest| rest.starts_with(['=', ']']))
    })
}

/// How long something may take, from the command line.
pub(crate) fn read_time(word: &str) -> Result<Duration, Box<Failure>> {
    let help = "write a time as in `90s`, `10m` or `8h`";
    let time = humantime::parse_duration(word)
        .map_err(|error| argument("--time", word, error.to_string(), help))?;
    if time.as_secs() == 0 {
        let reason = "it takes at least a second".to_owned();
        return Err(argument("--time", word, reason, help));
    }
    Ok(time)
}

/// What is wrong with a word of the command line.
pub(crate) fn argument(
    what: &'static str,
    word: &str,
    reason: String,
    help: &'static str,
) -> Box<Failure> {
    let word = word.to_owned();
    Box::new(Failure::Argument {
        what,
        word,
        reason,
        help,
    })
}
