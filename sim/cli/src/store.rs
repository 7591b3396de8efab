//! The results file of a campaign: what is finished is on disk, whatever
//! happens next, and what is damaged is known and made again.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufRead as _, BufReader, BufWriter, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use unwedge_core::campaign::{
    Chunk, Damage, Plan, Tally, chunk_line, parse_chunk, parse_plan, plan_line,
};

use crate::failure::Failure;

/// What the results file of a folder is called.
pub(crate) const NAME: &str = "runs.jsonl";
/// After so many chunks the disk is asked to really have them.
const SYNC_EVERY: u32 = 16;

/// An open results file, to which chunks are appended.
#[derive(Debug)]
pub(crate) struct Store {
    path: PathBuf,
    file: File,
    /// Up to where it is whole.
    length: u64,
    since_sync: u32,
}

/// What a results file held.
#[derive(Debug)]
pub(crate) struct Kept {
    /// The chunks that are finished.
    pub(crate) chunks: BTreeSet<u64>,
    /// What they add up to.
    pub(crate) tally: Tally,
    /// The lines that were left out.
    pub(crate) dropped: Vec<Damaged>,
}

impl Kept {
    /// Nothing yet.
    pub(crate) fn none(plan: &Plan) -> Self {
        Self {
            chunks: BTreeSet::new(),
            tally: Tally::new(plan.entrants.len()),
            dropped: vec![],
        }
    }
}

impl Store {
    /// Begins a results file.
    pub(crate) fn begin(folder: &Path, plan: &Plan) -> Result<Self, Box<Failure>> {
        let path = folder.join(NAME);
        let make = || {
            fs::create_dir_all(folder)?;
            let mut file = Newcomer::beside(&path)?;
            if let Err(error) = writeln!(file.file, "{}", plan_line(plan)) {
                let _ = fs::remove_file(&file.place);
                return Err(error);
            }
            if path.exists() {
                return Err(io::Error::other("another campaign has just begun it"));
            }
            file.take_its_place(&path)
        };
        let file = make().map_err(|error: io::Error| unwritable(&path, &error))?;
        Self::of(path, file)
    }

    /// Goes on with a results file, which is repaired if it has to be.
    pub(crate) fn resume(folder: &Path, plan: &Plan) -> Result<(Self, Kept), Box<Failure>> {
        let path = folder.join(NAME);
        if !path.exists() {
            return Ok((Self::begin(folder, plan)?, Kept::none(plan)));
        }
        let open = || {
            let file = OpenOptions::new().read(true).write(true).open(&path)?;
            lock(&file)?;
            Ok(file)
        };
        let file = open().map_err(|error: io::Error| unwritable(&path, &error))?;
        let mut kept = Kept::none(plan);
        let mut whole = true;
        let survey = read(&path, Some(plan), |line| match line {
            Line::Chunk(_, chunk) => {
                if kept.chunks.insert(chunk.chunk) {
                    kept.tally.add(&chunk.tally);
                } else {
                    whole = false;
                }
            }
            Line::Damaged(damaged) => {
                whole = false;
                kept.dropped.push(damaged);
            }
        })?;
        let file = if whole && survey.ends_whole {
            file
        } else {
            let repaired = repair(&path, plan);
            repaired.map_err(|error| unwritable(&path, &error))?
        };
        Ok((Self::of(path, file)?, kept))
    }

    /// Appends a chunk. If that fails the file is as it was before.
    pub(crate) fn append(&mut self, chunk: &Chunk) -> Result<(), Box<Failure>> {
        let line = chunk_line(chunk) + "\n";
        let written = self.write(line.as_bytes());
        written.map_err(|error| {
            // What was written of it is known for damaged if it has to stay.
            let _ = self.file.set_len(self.length);
            stopped(&self.path, &error)
        })
    }

    /// Makes sure that the disk has everything.
    pub(crate) fn finish(self) -> Result<(), Box<Failure>> {
        let synced = self.file.sync_all();
        synced.map_err(|error| stopped(&self.path, &error))
    }

    fn of(path: PathBuf, mut file: File) -> Result<Self, Box<Failure>> {
        let length = file.seek(SeekFrom::End(0));
        let length = length.map_err(|error| unwritable(&path, &error))?;
        Ok(Self {
            path,
            file,
            length,
            since_sync: 0,
        })
    }

    fn write(&mut self, line: &[u8]) -> io::Result<()> {
        self.file.write_all(line)?;
        self.since_sync += 1;
        if self.since_sync == SYNC_EVERY {
            self.file.sync_data()?;
            self.since_sync = 0;
        }
        self.length += line.len() as u64;
        Ok(())
    }
}

/// A line of a results file after the first.
pub(crate) enum Line<'a> {
    /// Also as it is written.
    Chunk(&'a str, Chunk),
    Damaged(Damaged),
}

/// A line that cannot be used.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Damaged {
    pub(crate) number: usize,
    /// The chunk that it seems to have held, if it held one.
    pub(crate) chunk: Option<u64>,
}

impl Damaged {
    fn of(number: usize, bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let digits = text
            .split_once("\"chunk\":")
            .and_then(|(_, rest)| rest.split_once(','));
        let chunk = digits.and_then(|(digits, _)| digits.parse().ok());
        Self { number, chunk }
    }
}

/// What was seen of a results file as a whole.
#[derive(Debug)]
pub(crate) struct Survey {
    /// The plan in its first line, or the one that was asked for if that line
    /// is damaged.
    pub(crate) plan: Plan,
    ends_whole: bool,
}

/// Reads a results file line by line. If a plan is given, the file has to have
/// the same; a file whose first line is damaged may, and its chunks tell.
pub(crate) fn read(
    path: &Path,
    expected: Option<&Plan>,
    mut each: impl FnMut(Line<'_>),
) -> Result<Survey, Box<Failure>> {
    let unreadable = |error: io::Error| unreadable(path, error.to_string());
    let mut reader = BufReader::new(File::open(path).map_err(unreadable)?);
    let mut survey: Option<(Plan, String)> = None;
    let (mut bytes, mut ends_whole) = (vec![], true);
    for number in 1.. {
        bytes.clear();
        if reader.read_until(b'\n', &mut bytes).map_err(unreadable)? == 0 {
            break;
        }
        ends_whole = bytes.pop_if(|it| *it == b'\n').is_some();
        let text = std::str::from_utf8(&bytes).unwrap_or_default();
        match &survey {
            None => {
                let plan = match (parse_plan(text), expected) {
                    (Ok(plan), _) => {
                        check_plan(path, &plan, expected)?;
                        plan
                    }
                    (Err(_), Some(expected)) => {
                        let chunk = None;
                        each(Line::Damaged(Damaged { number, chunk }));
                        expected.clone()
                    }
                    (Err(_), None) => {
                        let reason = "its first line, which says what it is of, is damaged";
                        return Err(self::unreadable(path, reason.to_owned()));
                    }
                };
                let fingerprint = plan.fingerprint();
                survey = Some((plan, fingerprint));
            }
            Some((plan, fingerprint)) => match parse_chunk(text, plan, fingerprint) {
                Ok(chunk) => each(Line::Chunk(text, chunk)),
                Err(Damage::Broken) => each(Line::Damaged(Damaged::of(number, &bytes))),
                Err(Damage::Foreign) => {
                    let (path, part) = (path.to_owned(), format!("the plan of line {number}"));
                    return Err(Failure::OtherCampaign { path, part }.into());
                }
            },
        }
    }
    match (survey, expected) {
        (Some((plan, _)), _) => Ok(Survey { plan, ends_whole }),
        (None, Some(plan)) => {
            let (number, chunk) = (1, None);
            each(Line::Damaged(Damaged { number, chunk }));
            Ok(Survey {
                plan: plan.clone(),
                ends_whole,
            })
        }
        (None, None) => Err(self::unreadable(path, "it is empty".to_owned())),
    }
}

fn check_plan(path: &Path, plan: &Plan, expected: Option<&Plan>) -> Result<(), Box<Failure>> {
    let Some(expected) = expected else {
        return Ok(());
    };
    let difference = plan.difference(expected).or_else(|| {
        let shards = (plan.shard, expected.shard);
        (shards.0 != shards.1).then(|| format!("the shard: {}, not {}", shards.0, shards.1))
    });
    let path = path.to_owned();
    match difference {
        None => Ok(()),
        Some(part) => Err(Failure::OtherCampaign { path, part }.into()),
    }
}

/// Writes the file anew with what is whole in it, beside it and then in its
/// place: whatever happens meanwhile, the good lines are in one of the two.
fn repair(path: &Path, plan: &Plan) -> io::Result<File> {
    let Newcomer { file, place } = Newcomer::beside(path)?;
    let mut file = BufWriter::new(file);
    writeln!(file, "{}", plan_line(plan))?;
    let mut seen = BTreeSet::new();
    let mut failed = Ok(());
    let survey = read(path, Some(plan), |line| {
        if let Line::Chunk(text, chunk) = line
            && seen.insert(chunk.chunk)
            && failed.is_ok()
        {
            failed = writeln!(file, "{text}");
        }
    });
    survey.map_err(|failure| io::Error::other(failure.to_string()))?;
    failed?;
    let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
    Newcomer { file, place }.take_its_place(path)
}

/// A file that will take the place of another. It has the same name each time,
/// so that one that an interruption left is used up by the next attempt.
struct Newcomer {
    file: File,
    place: PathBuf,
}

impl Newcomer {
    fn beside(path: &Path) -> io::Result<Self> {
        let place = path.with_extension("jsonl.new");
        let mut options = OpenOptions::new();
        let file = options
            .create(true)
            .truncate(false)
            .write(true)
            .open(&place)?;
        // Before it is emptied: it may be that of another process.
        lock(&file)?;
        file.set_len(0)?;
        Ok(Self { file, place })
    }

    fn take_its_place(self, path: &Path) -> io::Result<File> {
        self.file.sync_all()?;
        fs::rename(&self.place, path)?;
        Ok(self.file)
    }
}

/// Two processes must not write one file.
fn lock(file: &File) -> io::Result<()> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => {
            Err(io::Error::other("another campaign is writing it now"))
        }
        // Not every file system can, and none has to.
        Err(TryLockError::Error(_)) => Ok(()),
    }
}

fn unreadable(path: &Path, reason: String) -> Box<Failure> {
    let (file, help) = (
        path.to_owned(),
        "name a folder that `unwedge campaign` has written",
    );
    Box::new(Failure::Unreadable { file, reason, help })
}

fn unwritable(path: &Path, error: &io::Error) -> Box<Failure> {
    let (path, reason) = (path.to_owned(), error.to_string());
    Box::new(Failure::Unwritable { path, reason })
}

fn stopped(path: &Path, error: &io::Error) -> Box<Failure> {
    let (path, reason) = (path.to_owned(), error.to_string());
    Box::new(Failure::Stopped { path, reason })
}

#[cfg(test)]
mod tests;
