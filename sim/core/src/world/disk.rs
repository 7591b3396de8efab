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
    transactions: Vec<(Time, Vec<D::Write>)>,
    /// So many of the last transactions can come to be lost.
    keeps: usize,
}

impl<D: Durable> Disk<D> {
    /// An empty disk that may come to lose its last `keeps` transactions.
    pub(super) fn new(keeps: usize) -> Self {
        Self {
            before: D::default(),
            transactions: vec![],
            keeps,
        }
    }

    /// Writes rows, in one transaction.
    pub(super) fn write(&mut self, rows: Vec<D::Write>, now: Time) {
        if self.transactions.len() >= MOST + self.keeps {
            self.work_in();
        }
        self.transactions.push((now, rows));
    }

    /// All that is stored.
    pub(super) fn read(&mut self) -> D {
        self.work_in();
        let mut all = self.before.clone();
        for row in self.transactions.iter().flat_map(|(_, rows)| rows) {
            all.apply(row.clone());
        }
        all
    }

    /// Puts something else in the place of all that is stored. None of it can
    /// be lost any more.
    pub(super) fn replace(&mut self, all: D) {
        self.before = all;
        self.transactions.clear();
    }

    /// What is stored so far cannot be lost any more.
    pub(super) fn settle(&mut self) {
        let all = self.read();
        self.replace(all);
    }

    /// Undoes the last transactions. How many there were, and when the first
    /// of them was made.
    pub(super) fn lose(&mut self, count: usize) -> Option<(usize, Time)> {
        let all = self.transactions.len();
        let lost = count.min(all);
        let (since, _) = self.transactions.get(all - lost)?;
        let since = *since;
        self.transactions.truncate(all - lost);
        Some((lost, since))
    }

    /// Works in the transactions that cannot be lost any more.
    fn work_in(&mut self) {
        let kept = self.transactions.len().saturating_sub(self.keeps);
        for row in self.transactions.drain(..kept).flat_map(|(_, rows)| rows) {
            self.before.apply(row);
        }
    }
}
