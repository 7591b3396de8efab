//! What a campaign or a merge has found: printed, written, and turned into an
//! exit status.

use std::path::{Path, PathBuf};

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{ContentArrangement, Table};
use serde::Serialize;
use unwedge_core::campaign::Verdict;
use unwedge_core::report::Campaign;

use crate::Status;
use crate::failure::Failure;
use crate::output::{self, Reserved, say};

/// What a campaign has found, and how long it took.
#[derive(Debug, Serialize)]
pub(crate) struct Timed<'a> {
    #[serde(flatten)]
    pub(crate) campaign: &'a Campaign,
    /// Of this command alone, if it went on with what was there.
    pub(crate) seconds: f64,
    pub(crate) threads: usize,
    pub(crate) runs_per_second: f64,
    pub(crate) calls_per_second: f64,
}

/// The files that a campaign is written to in the end.
#[derive(Debug)]
pub(crate) struct Files {
    json: (PathBuf, Reserved),
    markdown: (PathBuf, Reserved),
    extra: Option<(PathBuf, Reserved)>,
}

impl Files {
    /// Makes sure that they can be written.
    pub(crate) fn reserve(folder: &Path, extra: Option<&Path>) -> Result<Self, Box<Failure>> {
        let reserve = |path: PathBuf| Reserved::new(&path).map(|file| (path, file));
        Ok(Self {
            json: reserve(folder.join("campaign.json"))?,
            markdown: reserve(folder.join("campaign.md"))?,
            extra: extra.map(|path| reserve(path.to_owned())).transpose()?,
        })
    }

    /// Writes them; the extra one may say more.
    pub(crate) fn write(
        self,
        campaign: &Campaign,
        extra: &impl Serialize,
    ) -> Result<(), Box<Failure>> {
        let written = [
            Some((self.json, json(campaign))),
            Some((self.markdown, campaign.markdown())),
            self.extra.map(|file| (file, json(extra))),
        ];
        for ((place, file), text) in written.into_iter().flatten() {
            file.write(&text)?;
            output::mention(&format!("written: {}", place.display()));
        }
        Ok(())
    }
}

fn json(value: &impl Serialize) -> String {
    let json = serde_json::to_string_pretty(value);
    json.expect("a campaign is strings and numbers") + "\n"
}

/// Prints the verdicts, and what they hold for.
pub(crate) fn print(campaign: &Campaign) {
    for line in campaign.scope() {
        say(&line);
    }
    let mut table = Table::new();
    table
        .load_style(UTF8_FULL_CONDENSED)
        .set_content_arrangement(ContentArrangement::Dynamic);
    let mut rows = campaign.summary().into_iter();
    table.set_header(rows.next().unwrap_or_default());
    for row in rows {
        table.add_row(row);
    }
    say(&table.to_string());
    for finding in &campaign.proposals {
        say("");
        let verdict = finding.verdict.name();
        let why = finding.why.join("; ");
        say(&format!("{}: {verdict}: {why}", finding.say()));
        let less_safe = finding.less_safe.as_ref().map(|it| &it.witness);
        let worse = [&finding.broken_claim, &finding.regression];
        let mut witnesses = worse
            .into_iter()
            .flatten()
            .chain(less_safe)
            .map(|witness| witness.command.as_str())
            .collect::<Vec<_>>();
        witnesses.dedup();
        for command in witnesses {
            say(&format!("  {command}"));
        }
    }
    for fault in campaign.unexplained() {
        output::mention(&format!(
            "a fault of unwedge: readings failed for no known cause in {} runs, the first of them\n  {}",
            fault.runs, fault.witness.command
        ));
    }
}

/// How the command ends.
pub(crate) fn status(campaign: &Campaign) -> Status {
    if !campaign.unexplained().is_empty() {
        return Status::Fault;
    }
    match campaign.worst() {
        Verdict::Violated => Status::Differs,
        Verdict::Unknown => Status::Unknown,
        Verdict::Holds if campaign.missing.is_empty() => Status::Expected,
        Verdict::Holds => Status::Unknown,
    }
}
