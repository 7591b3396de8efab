//! `unwedge list`: what there is.

use serde::Serialize;
use unwedge_core::campaign::Reached;
use unwedge_core::oracle::{CauseKind, ORACLES};
use unwedge_core::protocol::DECISIONS;
use unwedge_core::step::STEPS;

use crate::args::{Kind, ListArgs};
use crate::library::Library;
use crate::output::say;
use crate::{Outcome, Status};

#[derive(Debug, Serialize)]
struct Item {
    id: String,
    title: String,
    source: Vec<String>,
}

pub(crate) fn list(args: &ListArgs) -> Outcome {
    let items = items(args)?;
    if args.json {
        let json = serde_json::to_string_pretty(&items).expect("strings can be written as JSON");
        say(&json);
        return Ok(Status::Expected);
    }
    let width = items.iter().map(|item| item.id.len()).max().unwrap_or(0);
    for item in items {
        say(&format!("{:width$}  {}", item.id, item.title));
    }
    Ok(Status::Expected)
}

fn items(args: &ListArgs) -> Result<Vec<Item>, Box<crate::failure::Failure>> {
    let item = |id: &str, title: String| Item {
        id: id.to_owned(),
        title,
        source: vec![],
    };
    Ok(match args.kind {
        Kind::Scenarios => {
            let library = Library::open(&args.common, &[])?;
            let all = library.scenarios.iter().map(|it| Item {
                id: it.id.clone(),
                title: it.title.clone(),
                source: it.source.clone(),
            });
            all.collect()
        }
        Kind::Proposals => {
            let library = Library::open(&args.common, &[])?;
            let all = library.proposals.iter().map(|it| Item {
                id: it.name.clone(),
                title: it.title.clone(),
                source: it.source.clone(),
            });
            all.collect()
        }
        Kind::Steps => STEPS
            .iter()
            .map(|it| item(it.name, sentence(it.about)))
            .collect(),
        Kind::Decisions => DECISIONS
            .iter()
            .map(|it| {
                let value =
                    |(name, about): &(&str, &[&str])| format!("\n    {name}: {}", sentence(about));
                let values: String = it.values.iter().map(value).collect();
                item(it.name, sentence(it.about) + &values)
            })
            .collect(),
        Kind::Oracles => ORACLES
            .iter()
            .map(|it| item(it.name, it.about.to_owned()))
            .collect(),
        Kind::Causes => CauseKind::ALL
            .iter()
            .map(|it| item(it.name, it.about.trim().to_owned()))
            .collect(),
        Kind::States => Reached::ALL
            .iter()
            .map(|it| item(it.name, it.about.trim().to_owned()))
            .collect(),
    })
}

/// The lines of a doc comment as one, without the sections of notes that are
/// not part of the repository.
fn sentence(lines: &[&str]) -> String {
    let lines: Vec<&str> = lines.iter().map(|line| line.trim()).collect();
    let text = lines.join(" ");
    let mut parts = text.split(" (BS ");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        let rest = part.split_once(')').map_or("", |(_, rest)| rest);
        text + rest
    })
}
