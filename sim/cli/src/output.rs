//! Writing: to the terminal, which may go away, and to files, which are
//! written whole or not at all.

use std::fs;
use std::io::{self, ErrorKind, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use miette::{GraphicalReportHandler, GraphicalTheme};
use tempfile::{NamedTempFile, PersistError};

use crate::failure::Failure;

/// Prints a line. If nobody listens any more, that is nobody's fault.
pub(crate) fn say(line: &str) {
    let result = writeln!(io::stdout().lock(), "{line}");
    if let Err(error) = result
        && error.kind() != ErrorKind::BrokenPipe
    {
        let _ = writeln!(io::stderr(), "cannot print: {error}");
    }
}

/// A word as a shell takes it, with quotes where it needs them.
pub(crate) fn quoted(word: &str) -> String {
    // Only a zero byte cannot be quoted, and no argument has one.
    shlex::try_quote(word).map_or_else(|_| word.to_owned(), |it| it.into_owned())
}

/// Says on the error channel what is going on.
pub(crate) fn mention(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Says on the error channel what is wrong.
pub(crate) fn complain(failure: Failure) {
    let colours = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let theme = if colours {
        GraphicalTheme::unicode()
    } else {
        GraphicalTheme::unicode_nocolor()
    };
    let mut text = String::new();
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_links(false)
        .with_width(100);
    if handler.render_report(&mut text, &failure).is_err() {
        text = failure.to_string();
    }
    mention(text.trim_end());
}

/// A file that will be written. It is known that it can be, and until it is
/// there is no trace of it.
#[derive(Debug)]
pub(crate) struct Reserved {
    /// As it was named.
    path: PathBuf,
    /// Where it is, once links are followed.
    place: Place,
}

#[derive(Debug)]
enum Place {
    /// A file, or nothing so far: replaced as a whole.
    File { file: PathBuf, folder: PathBuf },
    /// A terminal, a pipe, a device: written to as it is.
    Special,
}

impl Reserved {
    /// Makes sure that a file can be written.
    pub(crate) fn new(path: &Path) -> Result<Self, Box<Failure>> {
        let place = Place::of(path).map_err(|error| unwritable(path, error))?;
        let path = path.to_owned();
        Ok(Self { path, place })
    }

    /// Writes the file, whole. Folders that are missing are made.
    pub(crate) fn write(self, text: &str) -> Result<(), Box<Failure>> {
        self.put(text, NamedTempFile::persist)
    }

    /// The same, but never in the place of another.
    pub(crate) fn write_new(self, text: &str) -> Result<(), Box<Failure>> {
        self.put(text, NamedTempFile::persist_noclobber)
    }

    fn put(self, text: &str, persist: Persist) -> Result<(), Box<Failure>> {
        let Self { path, place } = self;
        let written = match &place {
            Place::File { file, folder } => place_whole(file, folder, text, persist),
            Place::Special => {
                let opened = fs::OpenOptions::new().write(true).open(&path);
                opened.and_then(|mut file| file.write_all(text.as_bytes()))
            }
        };
        written.map_err(|error| unwritable(&path, error))
    }
}

impl Place {
    fn of(path: &Path) -> io::Result<Self> {
        let file = match fs::metadata(path) {
            Ok(it) if it.is_dir() => return Err(io::Error::other("it is a folder")),
            Ok(it) if !it.is_file() => return Ok(Place::Special),
            Ok(_) => fs::canonicalize(path)?,
            Err(_) => path.to_owned(),
        };
        let folder = match file.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        // A trial in the nearest folder that there is; it is gone at once, so
        // that an interruption leaves nothing.
        let existing = folder
            .ancestors()
            .find(|it| it.exists() && *it != Path::new(""));
        let existing = existing.unwrap_or(Path::new("."));
        if !existing.is_dir() {
            let reason = format!("{} is not a folder", existing.display());
            return Err(io::Error::other(reason));
        }
        NamedTempFile::new_in(existing)?;
        Ok(Place::File { file, folder })
    }
}

/// How a file that is written comes to its place.
type Persist = fn(NamedTempFile, PathBuf) -> Result<fs::File, PersistError>;

fn place_whole(path: &Path, folder: &Path, text: &str, persist: Persist) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    make_readable(&file)?;
    file.as_file().sync_all()?;
    persist(file, path.to_owned())?;
    Ok(())
}

fn unwritable(path: &Path, reason: impl ToString) -> Box<Failure> {
    let (path, reason) = (path.to_owned(), reason.to_string());
    Box::new(Failure::Unwritable { path, reason })
}

/// Temporary files are private; reports are not.
#[cfg(unix)]
fn make_readable(file: &NamedTempFile) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.as_file()
        .set_permissions(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn make_readable(_: &NamedTempFile) -> io::Result<()> {
    Ok(())
}
