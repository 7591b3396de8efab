//! Writing: to the terminal, which may go away, and to files, which are
//! written whole or not at all.

use std::fs;
use std::io::{self, ErrorKind, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use miette::{GraphicalReportHandler, GraphicalTheme};
use tempfile::NamedTempFile;

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
    path: PathBuf,
    folder: PathBuf,
}

impl Reserved {
    /// Makes sure that a file can be written. Folders that are missing are
    /// made.
    pub(crate) fn new(path: &Path) -> Result<Self, Box<Failure>> {
        let folder = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        let reserved = Self {
            path: path.to_owned(),
            folder,
        };
        if path.is_dir() {
            return Err(reserved.unwritable("it is a folder"));
        }
        // A trial, which is gone at once, so that an interruption leaves nothing.
        fs::create_dir_all(&reserved.folder).map_err(|error| reserved.unwritable(error))?;
        NamedTempFile::new_in(&reserved.folder).map_err(|error| reserved.unwritable(error))?;
        Ok(reserved)
    }

    /// Writes the file, whole.
    pub(crate) fn write(self, text: &str) -> Result<(), Box<Failure>> {
        self.replace(text).map_err(|error| self.unwritable(error))
    }

    fn replace(&self, text: &str) -> io::Result<()> {
        let mut file = NamedTempFile::new_in(&self.folder)?;
        file.write_all(text.as_bytes())?;
        make_readable(&file)?;
        file.as_file().sync_all()?;
        file.persist(&self.path)?;
        Ok(())
    }

    fn unwritable(&self, reason: impl ToString) -> Box<Failure> {
        let (path, reason) = (self.path.clone(), reason.to_string());
        Box::new(Failure::Unwritable { path, reason })
    }
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
