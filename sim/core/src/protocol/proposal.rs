//! Proposals: named patches over today's protocol, read from files of
//! switches. What a proposal claims to end is part of it.

use std::collections::BTreeSet;

use serde::Deserialize;
use thiserror::Error;

use super::{Protocol, Switches};
use crate::oracle::CauseKind;
use crate::problem::{Fault, Problem};

/// A named patch over today's protocol: an MSC, a remedy from an issue
/// thread, a combination of several, or a known bug.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The file's name without its ending; `a+b` for a combination.
    pub name: String,
    /// What it is, in a line.
    pub title: String,
    /// How far it has got: merged, proposed, only an idea, …
    pub status: String,
    /// Where it is written down.
    pub source: Vec<String>,
    /// How it means to help, in a line or two.
    pub idea: String,
    /// The kinds of cause that it says it ends.
    pub claims: BTreeSet<CauseKind>,
    /// What it changes.
    pub switches: Switches,
}

/// Two proposals that cannot be adopted together.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{first}` and `{second}` conflict: they set the switch `{switch}` differently")]
pub struct Conflict {
    first: String,
    second: String,
    switch: &'static str,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    title: String,
    status: String,
    source: Vec<String>,
    idea: String,
    claims: BTreeSet<CauseKind>,
    switches: Switches,
}

impl Proposal {
    /// How a node behaves under the proposal.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        self.switches.over_today()
    }
}

/// Reads a proposal from the text of a file.
///
/// # Errors
/// Says what is wrong with the text, and where.
pub fn parse(name: &str, file_name: &str, text: &str) -> Result<Proposal, Box<Problem>> {
    let written: Written = toml::from_str(text)
        .map_err(|error| Box::new(Fault::from(error).within(file_name, text)))?;
    let Written {
        title,
        status,
        source,
        idea,
        claims,
        switches,
    } = written;
    Ok(Proposal {
        name: name.to_owned(),
        title,
        status,
        source,
        idea,
        claims,
        switches,
    })
}

/// The proposal to adopt all of these.
///
/// # Errors
/// Names the first two that set a switch differently.
///
/// # Panics
/// If there are none.
pub fn combine(parts: &[&Proposal]) -> Result<Proposal, Conflict> {
    let (first, rest) = parts.split_first().expect("a combination has parts");
    rest.iter().try_fold((*first).clone(), |all, next| {
        let conflict = |switch| {
            let sets = |it: &&&Proposal| it.switches.and(&next.switches).is_err();
            let first = parts
                .iter()
                .find(sets)
                .map_or(&all.name, |it| &it.name)
                .clone();
            Conflict {
                first,
                second: next.name.clone(),
                switch,
            }
        };
        let switches = all.switches.and(&next.switches).map_err(conflict)?;
        Ok(Proposal {
            name: format!("{}+{}", all.name, next.name),
            title: format!("{} + {}", all.title, next.title),
            status: "a combination".to_owned(),
            source: all.source.iter().chain(&next.source).cloned().collect(),
            idea: format!("{} {}", all.idea, next.idea),
            claims: all.claims.union(&next.claims).copied().collect(),
            switches,
        })
    })
}
