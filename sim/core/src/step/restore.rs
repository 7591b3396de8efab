//! `restore`: a server or device is stopped, put back to its latest copy, and
//! started again. Without a copy it starts with what it has.

use std::fmt;

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::{Action, Outside};
use crate::cast::Cast;
use crate::luck::Luck;
use crate::name::{NodeId, Table};
use crate::problem::Fault;
use crate::roles::Roles;
use crate::time::Span;
use crate::trace::StepIndex;
use crate::words::{Names, word, word_server_or_device};

/// A node is put back to its latest copy; a server wholly or in part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restore {
    node: NodeId,
    tables: Option<Vec<Table>>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    at: Spanned<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<Spanned<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<Spanned<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tables: Option<Spanned<Vec<Spanned<String>>>>,
}

impl Restore {
    /// Who is put back.
    pub(crate) fn node(&self) -> NodeId {
        self.node
    }

    /// A restore of this node; of a server as often of some tables as of all.
    pub(super) fn drawn(node: NodeId, luck: &mut Luck<'_>) -> Self {
        let partly = matches!(node, NodeId::Server(_)) && luck.one_in(2);
        let tables = partly.then(|| {
            let mut tables: Vec<Table> = (0..=luck.below(3)).filter_map(|_| luck.table()).collect();
            tables.sort_unstable();
            tables.dedup();
            tables
        });
        Self { node, tables }
    }
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

    fn write(&self, at: Span, cast: &Cast) -> Written {
        let (server, device) = word_server_or_device(self.node, cast);
        let words = |tables: &Vec<Table>| tables.iter().map(|table| word(table.name())).collect();
        let tables = self.tables.as_ref().map(words);
        Written {
            at: word(at),
            server,
            device,
            tables: tables.map(|words| Spanned::new(0..0, words)),
        }
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

    fn recast(&self, roles: &Roles) -> Option<Self> {
        Some(Self {
            node: roles.node(self.node)?,
            tables: self.tables.clone(),
        })
    }

    fn draw(luck: &mut Luck<'_>) -> Option<Self> {
        let node = luck.node()?;
        Some(Self::drawn(node, luck))
    }

    /// All tables first, then each alone, then one less.
    fn simpler(&self) -> Vec<Self> {
        let Some(tables) = &self.tables else {
            return vec![];
        };
        let node = self.node;
        let only = |tables: Vec<Table>| Self {
            node,
            tables: Some(tables),
        };
        let mut simpler = vec![Self { node, tables: None }];
        if tables.len() > 1 {
            simpler.extend(tables.iter().map(|table| only(vec![*table])));
        }
        if tables.len() > 2 {
            let less = |place: &usize| {
                let mut tables = tables.clone();
                tables.remove(*place);
                only(tables)
            };
            simpler.extend((0..tables.len()).map(|place| less(&place)));
        }
        simpler
    }
}
