//! The tiles of a journal behind the storage port. Leaf hashes and lines are read from the store when they are asked for; the
//! hashes over full groups of 256 leaves are kept in memory, 32 bytes for 256 lines, and grow with the journal.

use super::proof::root_of;
use super::tile::{Of, Tile, WIDTH};
use crate::journal;
use crate::merkle::{Frontier, Hash};
use crate::port::{Store, StoreError};
use ganglion_model::Shard;

/// Leaf hashes read at a time, a whole number of groups.
const LEAVES_PAGE: u64 = 8192;

/// The tree of one shard.
pub struct StoredLog {
    shard: Shard,
    /// Hashes of level 1 and up: each over a full tile of the level below.
    nodes: Vec<Vec<Hash>>,
}

impl StoredLog {
    /// Of a shard, nothing read yet.
    #[must_use]
    pub fn new(shard: Shard) -> StoredLog {
        StoredLog { shard, nodes: Vec::new() }
    }

    fn gap(&self, after: u64) -> StoreError {
        StoreError::Corrupt {
            table: "journal",
            column: "seq",
            key: format!("{}/{after}", self.shard),
            reason: "a line after this one is missing".to_owned(),
        }
    }

    fn push(&mut self, hash: Hash) {
        let mut hash = Some(hash);
        let mut level = 0;
        while let Some(one) = hash.take() {
            if self.nodes.len() == level {
                self.nodes.push(Vec::new());
            }
            if let Some(nodes) = self.nodes.get_mut(level) {
                nodes.push(one);
                // A full tile has a hash in the level above.
                let full = nodes.chunks_exact(256).next_back().filter(|_| nodes.len().is_multiple_of(256));
                hash = full.map(root_of);
            }
            level += 1;
        }
    }

    /// The leaves in `(after, after + count]`, all of them.
    async fn leaves(&self, store: &dyn Store, after: u64, count: u64) -> Result<Vec<Hash>, StoreError> {
        let limit = u32::try_from(count).unwrap_or(u32::MAX);
        let leaves = store.leaves_after(self.shard, after, limit).await?;
        if leaves.len() as u64 == count { Ok(leaves) } else { Err(self.gap(after)) }
    }

    /// Groups of 256 leaves whose hashes are known.
    fn groups(&self) -> u64 {
        self.nodes.first().map_or(0, |nodes| nodes.len() as u64)
    }

    /// Reads what came since, up to the last full group of a tree of `size`.
    async fn catch_up(&mut self, store: &dyn Store, size: u64) -> Result<(), StoreError> {
        while self.groups() < size / WIDTH {
            let after = self.groups() * WIDTH;
            let count = (size / WIDTH * WIDTH - after).min(LEAVES_PAGE);
            let leaves = self.leaves(store, after, count).await?;
            leaves.chunks_exact(256).map(root_of).for_each(|hash| self.push(hash));
        }
        Ok(())
    }

    /// A tile or bundle as bytes; `None` when a tree of `size` entries does not have it.
    ///
    /// # Errors
    /// Of the store, also when a line is missing.
    pub async fn tile(&mut self, store: &dyn Store, tile: Tile, size: u64) -> Result<Option<Vec<u8>>, StoreError> {
        if tile.end().is_none_or(|end| end > size) {
            return Ok(None);
        }
        let (first, width) = (tile.index * WIDTH, u64::from(tile.width));
        let of_it = match tile.of {
            Of::Entries => self.entries(store, first, tile.width).await?,
            Of::Level(0) => self.leaves(store, first, width).await?,
            Of::Level(level) => {
                self.catch_up(store, size).await?;
                let nodes = self.nodes.get(usize::from(level) - 1).map(Vec::as_slice).unwrap_or_default();
                let from = usize::try_from(first).unwrap_or(usize::MAX);
                nodes.iter().skip(from).take(usize::from(tile.width)).copied().collect()
            }
        };
        Ok(tile.encode(&of_it))
    }

    async fn entries(&self, store: &dyn Store, first: u64, width: u16) -> Result<Vec<Hash>, StoreError> {
        let lines = store.lines_after(self.shard, first, u32::from(width)).await?;
        let mut entries = Vec::with_capacity(lines.len());
        for (seq, line) in (first + 1..).zip(&lines) {
            if line.seq != seq {
                return Err(self.gap(seq - 1));
            }
            entries.push(journal::committed(&line.canonical));
        }
        if entries.len() == usize::from(width) { Ok(entries) } else { Err(self.gap(first + entries.len() as u64)) }
    }

    /// The root over the first `size` leaves as stored.
    ///
    /// # Errors
    /// Of the store, also when a line is missing.
    pub async fn root(&mut self, store: &dyn Store, size: u64) -> Result<Hash, StoreError> {
        self.catch_up(store, size).await?;
        let (whole, rest) = (size / WIDTH, size % WIDTH);
        let mut tree = Frontier::default();
        let groups = self.nodes.first().map(Vec::as_slice).unwrap_or_default();
        groups.iter().take(usize::try_from(whole).unwrap_or(usize::MAX)).for_each(|hash| tree.push(*hash));
        let mut tail = Frontier::default();
        if rest > 0 {
            self.leaves(store, whole * WIDTH, rest).await?.into_iter().for_each(|leaf| tail.push(leaf));
        }
        // Roots of full subtrees, largest first: those over whole groups, then those of the leaves after them.
        tree.roots.append(&mut tail.roots);
        Ok(Frontier { size, roots: tree.roots }.root())
    }
}
