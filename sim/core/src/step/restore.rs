//! `restore`: a server or device is stopped, put back to its latest copy, and
//! started again. Without a copy it starts with what it has.

use std::fmt;

use serde::Deserialize;
use toml::Spanned;

use super::{Action, Outside};
use crate::cast::Cast;
use crate::name::{NodeId, Table};
use crate::problem::Fault;
use crate::time::Span;
use crate::trace::StepIndex;
use crate::words::Names;

/// A node is put back to its latest copy; a server wholly or in part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restore {
    node: NodeId,
    tables: Option<Vec<Table>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    at: Spanned<String>,
    server: Option<Spanned<String>>,
    device: Option<Spanned<String>>,
    tables: Option<Spanned<Vec<Spanned<String>>>>,
}

impl Action for Restore {
    type Written = Written;

    fn read(written: Written, names: &Names<'_>) -> Result<(Span, Self), Fault> {
        let at = names.time(&written.at)?;
        let node = names.server_or_device(&written.at, written.server, written.device)?;
        let tables = match (node, written.tables) {
            (_, None) => None,
            (NodeId::Server(_), Some(tables)) => {
                let tables = tables.get_ref().iter().map(|word| names.table(word));
                Some(tables.collect::<Result<_, _>>()?)
            }
            (NodeId::Device(_), Some(tables)) => {
                let message = "a device's store has no tables to choose from";
                return Err(Fault::new(
                    tables.span(),
                    message,
                    "only a server has tables",
                ));
            }
        };
        Ok((at, Self { node, tables }))
    }

    fn happen(&self, index: StepIndex, world: &mut impl Outside) {
        match self.node {
            NodeId::Server(server) => world.restore_server(server, self.tables.as_deref(), index),
            NodeId::Device(device) => world.restore_device(device, index),
        }
    }

    fn say(&self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is restored from its backup", cast.say(&self.node))?;
        if let Some(tables) = &self.tables {
            let tables: Vec<&str> = tables.iter().map(|table| table.name()).collect();
            write!(f, " ({} only)", tables.join(", "))?;
        }
        Ok(())
    }
}
