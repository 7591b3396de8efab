//! A node's disk: what was written, as transactions over an earlier state. A
//! node that runs has all of it in memory, so most disks are never read; those
//! of nodes that crash are put together then.

use crate::node::Durable;
use crate::time::Time;

/// So many transactions are held before the oldest are worked in, so that the
/// disk of a long run does not grow with its length.
const MOST: usize = 1024;

/// What a node has stored.
pub(super) struct Disk<D: Durable> {
    /// What the disk held before the transactions.
    before: D,
    /// When each transaction was made, and how many rows it has.
    transactions: Vec<(Time, usize)>,
    /// The rows of all transactions.
    rows: Vec<D::Write>,
    /// So many of the last transactions can come to be lost; nothing if
    /// nobody ever looks at the disk.
    keeps: Option<usize>,
    /// Whether nobody will look at it again.
    closed: bool,
}

impl<D: Durable> Disk<D> {
    /// An empty disk that may come to lose its last `keeps` transactions, or
    /// one that is looked at once, when the node starts: it stores nothing.
    pub(super) fn new(keeps: Option<usize>) -> Self {
        Self {
            before: D::default(),
            transactions: vec![],
            rows: vec![],
            keeps,
            closed: false,
        }
    }

    /// Whether somebody may come to look at the disk.
    pub(super) fn is_kept(&self) -> bool {
        self.keeps.is_some()
    }

    /// Somebody may come to look at the disk after all.
    #[cfg(test)]
    pub(super) fn keep(&mut self) {
        self.keeps = self.keeps.or(Some(0));
    }

    /// Puts in a row that is there before the run starts.
    pub(super) fn lay_down(&mut self, row: D::Write) {
        self.before.apply(row);
    }

    /// Nobody will look at the disk again: it stores nothing any more.
    pub(super) fn close(&mut self) {
        *self = Self {
            closed: true,
            ..Self::new(None)
        };
    }

    /// Writes rows, in one transaction.
    pub(super) fn write(&mut self, rows: impl Iterator<Item = D::Write>, now: Time) {
        let Some(keeps) = self.keeps else { return };
        if self.transactions.len() >= MOST + keeps {
            self.work_in();
        }
        let earlier = self.rows.len();
        self.rows.extend(rows);
        self.transactions.push((now, self.rows.len() - earlier));
    }

    /// All that is stored.
    pub(super) fn read(&mut self) -> D {
        assert!(!self.closed, "nobody was to look at this disk again");
        if self.keeps.is_none() {
            self.closed = true;
            return std::mem::take(&mut self.before);
        }
        self.work_in();
        let mut all = self.before.clone();
        for row in &self.rows {
            all.apply(row.clone());
        }
        all
    }

    /// Puts something else in the place of all that is stored. None of it can
    /// be lost any more.
    pub(super) fn replace(&mut self, all: D) {
        self.before = all;
        self.transactions.clear();
        self.rows.clear();
    }

    /// Undoes the last transactions. How many there were, and when the first
    /// of them was made.
    pub(super) fn lose(&mut self, count: usize) -> Option<(usize, Time)> {
        let all = self.transactions.len();
        let lost = self.transactions.split_off(all - count.min(all));
        let (since, _) = *lost.first()?;
        let rows: usize = lost.iter().map(|(_, rows)| rows).sum();
        self.rows.truncate(self.rows.len() - rows);
        Some((lost.len(), since))
    }

    /// Works in the transactions that cannot be lost any more.
    fn work_in(&mut self) {
        let kept = self.keeps.unwrap_or(0);
        let settled = self.transactions.len().saturating_sub(kept);
        let rows = self.transactions.drain(..settled).map(|(_, rows)| rows);
        let rows: usize = rows.sum();
        for row in self.rows.drain(..rows) {
            self.before.apply(row);
        }
    }
}
