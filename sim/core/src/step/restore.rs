//! `restore`: a server is stopped, its tables are put back to the latest
//! copy, and it is started again. Without a copy it starts empty-handed: with
//! what it has.

use std::fmt;

use serde::Deserialize;
use toml::Spanned;

use super::{Action, Outside};
use crate::cast::Cast;
use crate::name::{ServerId, Table};
use crate::problem::Fault;
use crate::time::Span;
use crate::trace::StepIndex;
use crate::words::Names;

/// A server is put back to its latest copy, wholly or in part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restore {
    server: ServerId,
    tables: Option<Vec<Table>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    at: Spanned<String>,
    server: Spanned<String>,
    tables: Option<Vec<Spanned<String>>>,
}

impl Action for Restore {
    type Written = Written;

    fn read(written: Written, names: &Names<'_>) -> Result<(Span, Self), Fault> {
        let at = names.time(&written.at)?;
        let server = names.server(&written.server)?;
        let tables = written
            .tables
            .map(|tables| tables.iter().map(table).collect());
        Ok((
            at,
            Self {
                server,
                tables: tables.transpose()?,
            },
        ))
    }

    fn happen(&self, index: StepIndex, world: &mut impl Outside) {
        world.restore(self.server, self.tables.as_deref(), index);
    }

    fn say(&self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is restored from its backup", cast.say(&self.server))?;
        if let Some(tables) = &self.tables {
            let tables: Vec<&str> = tables.iter().map(|table| table.name()).collect();
            write!(f, " ({} only)", tables.join(", "))?;
        }
        Ok(())
    }
}

fn table(word: &Spanned<String>) -> Result<Table, Fault> {
    let known = Table::ALL.iter().map(|table| table.name());
    let named = Table::ALL
        .iter()
        .find(|table| table.name() == word.get_ref());
    named
        .copied()
        .ok_or_else(|| Fault::unknown("table", word.get_ref(), word.span(), known))
}
