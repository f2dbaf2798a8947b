//! A whole copy of a log, looked through: every entry against its leaf, every tile against the tiles below it, all of it against
//! the root that was signed. It says which entry or tile does not fit, not only that something does not.

use super::proof::root_of;
use super::tile::{HEIGHT, Of, Source, WIDTH, read_tile, tile_of};
use super::{Checkpoint, LogError};
use crate::merkle::{Frontier, Hash, leaf_hash};
use std::fmt;

/// Faults after which no more are looked for.
pub const FAULTS_MAX: usize = 1000;

/// What does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The bytes of an entry are not those its leaf was made from.
    Entry {
        /// Which, from 0.
        index: u64,
    },
    /// A hash of a tile is not the one the tile below it gives: something in these entries was changed.
    Node {
        /// The tile with the hash.
        tile: String,
        /// First entry below it.
        first: u64,
        /// The entry after the last.
        end: u64,
    },
    /// The leaves do not give the root that was signed.
    Root,
    /// Something cannot be read.
    Unreadable(LogError),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Entry { index } => {
                let line = index + 1;
                write!(f, "entry {index} (journal line {line}) was changed: its bytes do not give the hash in the tree")
            }
            Fault::Node { tile, first, end } => {
                let last = end.saturating_sub(1);
                write!(f, "among the entries {first} to {last} one was changed: they do not give their hash in {tile}")
            }
            Fault::Root => write!(f, "the entries do not give the root that was signed"),
            Fault::Unreadable(error) => write!(f, "{error}"),
        }
    }
}

/// Looks through a copy of the log as it stood at a checkpoint, whose signature the caller has checked. `each` is told every
/// entry that could be read, with its place.
pub fn audit(
    source: &mut (impl Source + ?Sized),
    checkpoint: &Checkpoint,
    each: &mut dyn FnMut(u64, &[u8]),
) -> Vec<Fault> {
    let size = checkpoint.size;
    let mut faults = Vec::new();
    let (mut tree, mut groups) = (Frontier::default(), Vec::new());
    for group in 0..size.div_ceil(WIDTH) {
        if faults.len() >= FAULTS_MAX {
            return faults;
        }
        match leaves(source, (group, size), each, &mut faults) {
            Ok(leaves) => {
                leaves.iter().for_each(|leaf| tree.push(*leaf));
                groups.push(root_of(&leaves));
            }
            Err(error) => faults.push(Fault::Unreadable(error)),
        }
    }
    let is_whole = tree.size == size;
    if is_whole {
        nodes(source, size, groups, &mut faults);
        if tree.root() != checkpoint.root {
            faults.push(Fault::Root);
        }
    }
    faults
}

/// The leaf hashes of one group of 256 entries, each compared with its entry.
fn leaves(
    source: &mut (impl Source + ?Sized),
    (group, size): (u64, u64),
    each: &mut dyn FnMut(u64, &[u8]),
    faults: &mut Vec<Fault>,
) -> Result<Vec<Hash>, LogError> {
    let first = group * WIDTH;
    let tile = tile_of(Of::Level(0), first, size);
    let hashes = tile.as_hashes(read_tile(source, tile)?)?;
    match read_tile(source, tile_of(Of::Entries, first, size)) {
        Err(error) => faults.push(Fault::Unreadable(error)),
        Ok(entries) => {
            for ((index, entry), leaf) in (first..).zip(&entries).zip(&hashes) {
                each(index, entry);
                if leaf_hash(entry) != *leaf {
                    faults.push(Fault::Entry { index });
                }
            }
        }
    }
    Ok(hashes)
}

/// Compares the tiles above the leaves with what the tiles below them give.
fn nodes(source: &mut (impl Source + ?Sized), size: u64, groups: Vec<Hash>, faults: &mut Vec<Fault>) {
    let mut below = groups;
    let mut level = 1_u8;
    loop {
        // Only full tiles have a hash above them.
        let each = 1_u64.checked_shl(u32::from(level) * HEIGHT).unwrap_or(u64::MAX);
        below.truncate(usize::try_from(size / each).unwrap_or(usize::MAX));
        if below.is_empty() {
            return;
        }
        let mut above = Vec::new();
        for (first, given) in (0..).step_by(256).zip(below.chunks(256)) {
            let tile = tile_of(Of::Level(level), first, size);
            match read_tile(source, tile).and_then(|of_it| tile.as_hashes(of_it)) {
                Err(error) => faults.push(Fault::Unreadable(error)),
                Ok(noted) => {
                    for ((node, given), noted) in (first..).zip(given).zip(&noted) {
                        if given != noted {
                            let (first, end) = (node * each, (node + 1) * each);
                            faults.push(Fault::Node { tile: tile.path(), first, end });
                        }
                    }
                }
            }
            above.push(root_of(given));
        }
        below = above;
        level += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::super::tile::tiles_of;
    use super::*;
    use std::collections::BTreeMap;

    struct Held(BTreeMap<String, Vec<u8>>);

    impl Source for Held {
        fn read(&mut self, path: &str) -> Result<Vec<u8>, LogError> {
            self.0.get(path).cloned().ok_or_else(|| LogError::Missing(path.to_owned()))
        }
    }

    /// A log of `size` entries, its tiles made by their definition.
    fn copy(size: u64) -> (Held, Checkpoint) {
        let entries: Vec<Hash> = (0..size).map(|n| leaf_hash(&n.to_le_bytes())).collect();
        let leaves: Vec<Hash> = entries.iter().map(|entry| leaf_hash(entry)).collect();
        let mut files = BTreeMap::new();
        for tile in tiles_of(size) {
            let first = usize::try_from(tile.index).unwrap() * 256;
            let span = first..first + usize::from(tile.width);
            let of_it: Vec<Hash> = match tile.of {
                Of::Entries => entries[span].to_vec(),
                Of::Level(level) => {
                    let each = 256_usize.pow(u32::from(level));
                    span.map(|n| root_of(&leaves[n * each..(n + 1) * each])).collect()
                }
            };
            files.insert(tile.path(), tile.encode(&of_it).unwrap());
        }
        (Held(files), Checkpoint { origin: "log".to_owned(), size, root: root_of(&leaves) })
    }

    fn faults(copy: &mut Held, checkpoint: &Checkpoint) -> Vec<Fault> {
        let mut seen = 0;
        let faults = audit(copy, checkpoint, &mut |_, _| seen += 1);
        assert!(seen <= checkpoint.size);
        faults
    }

    fn flip(copy: &mut Held, path: &str, byte: usize) {
        copy.0.get_mut(path).unwrap()[byte] ^= 1;
    }

    #[test]
    fn a_log_that_was_not_touched_has_no_fault() {
        for size in [0, 1, 255, 256, 257, 66_000] {
            let (mut log, checkpoint) = copy(size);
            assert_eq!(faults(&mut log, &checkpoint), [], "{size}");
        }
    }

    #[test]
    fn the_entry_that_was_changed_is_named() {
        let (mut log, checkpoint) = copy(700);
        flip(&mut log, "tile/entries/001", 34 * 5 + 10);
        assert_eq!(faults(&mut log, &checkpoint), [Fault::Entry { index: 261 }]);
        assert!(Fault::Entry { index: 261 }.to_string().contains("journal line 262"));
    }

    #[test]
    fn a_leaf_changed_with_its_entry_is_found_by_the_hash_above_it() {
        let (mut log, checkpoint) = copy(700);
        flip(&mut log, "tile/0/001", 3);
        let found = faults(&mut log, &checkpoint);
        let node = Fault::Node { tile: "tile/1/000.p/2".to_owned(), first: 256, end: 512 };
        assert_eq!(found, [Fault::Entry { index: 256 }, node, Fault::Root]);
    }

    #[test]
    fn what_is_missing_or_broken_off_is_named_and_longer_copies_serve() {
        let (mut log, checkpoint) = copy(700);
        let (longer, _) = copy(1000);
        log.0.remove("tile/0/002.p/188");
        let missing = Fault::Unreadable(LogError::Missing("tile/0/002.p/188".to_owned()));
        assert_eq!(faults(&mut log, &checkpoint), [missing]);
        log.0.insert("tile/0/002".to_owned(), longer.0["tile/0/002"].clone());
        assert_eq!(faults(&mut log, &checkpoint), [], "the full tile begins with the part that is missing");
        log.0.get_mut("tile/entries/000").unwrap().pop();
        assert!(matches!(faults(&mut log, &checkpoint)[..], [Fault::Unreadable(LogError::Malformed { .. })]));
    }
}
