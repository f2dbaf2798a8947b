//! Proofs over tiles (RFC 6962, section 2.1): made from them, checked without them (RFC 9162, section 2.1.3 and 2.1.4), and an
//! inclusion proof as a text that stands alone (c2sp.org/tlog-proof).

use super::checkpoint::number;
use super::tile::{HEIGHT, Of, WIDTH, tile_of};
use super::{Checkpoint, LogError, Note, Tiles, VerifyKey, decoded, encoded};
use crate::merkle::{Frontier, Hash, leaf_hash, node_hash};
use std::fmt;

/// First line of a proof that stands alone.
const PROOF_HEAD: &str = "c2sp.org/tlog-proof@v1";
/// Most hashes in a proof: the levels of a tree.
pub const PROOF_MAX: usize = 63;

/// The root over hashes that are leaves, or roots of subtrees of one size.
#[must_use]
pub fn root_of(hashes: &[Hash]) -> Hash {
    let mut frontier = Frontier::default();
    hashes.iter().for_each(|hash| frontier.push(*hash));
    frontier.root()
}

/// A tree of `size` leaves, read from its tiles.
struct Tree<'a, T: ?Sized> {
    tiles: &'a mut T,
    size: u64,
}

/// The largest power of two below `n`, which is at least 2.
fn split(n: u64) -> u64 {
    1 << n.saturating_sub(1).max(1).ilog2()
}

impl<T: Tiles + ?Sized> Tree<'_, T> {
    /// The hash of the `at`-th subtree of `2^height` leaves, which the tree has whole.
    fn subtree(&mut self, height: u32, at: u64) -> Result<Hash, LogError> {
        let level = Of::Level(u8::try_from(height / HEIGHT).unwrap_or(u8::MAX));
        let first = at << (height % HEIGHT);
        let tile = tile_of(level, first, self.size);
        let hashes = self.tiles.hashes(tile)?;
        let from = usize::try_from(first % WIDTH).unwrap_or(usize::MAX);
        let hashes = from.checked_add(1 << (height % HEIGHT)).and_then(|to| hashes.get(from..to));
        hashes.map(root_of).ok_or_else(|| LogError::Missing(tile.path()))
    }

    /// The hash over the leaves `from..to`, where `from` is one the recursion of RFC 6962 comes to.
    fn range(&mut self, from: u64, to: u64) -> Result<Hash, LogError> {
        let length = to.saturating_sub(from);
        if length.is_power_of_two() && from.is_multiple_of(length) {
            return self.subtree(length.ilog2(), from / length);
        }
        let middle = from + split(length);
        let left = self.range(from, middle)?;
        Ok(node_hash(&left, &self.range(middle, to)?))
    }

    fn path(&mut self, leaf: u64, from: u64, to: u64) -> Result<Vec<Hash>, LogError> {
        if to - from <= 1 {
            return Ok(Vec::new());
        }
        let middle = from + split(to - from);
        let (mut path, beside) = if leaf < middle {
            (self.path(leaf, from, middle)?, self.range(middle, to)?)
        } else {
            (self.path(leaf, middle, to)?, self.range(from, middle)?)
        };
        path.push(beside);
        Ok(path)
    }

    /// `SUBPROOF` of RFC 6962: the old tree ends at `old`, `is_whole` while it begins where the new one does.
    fn subproof(&mut self, old: u64, from: u64, to: u64, is_whole: bool) -> Result<Vec<Hash>, LogError> {
        if old == to {
            return if is_whole { Ok(Vec::new()) } else { Ok(vec![self.range(from, to)?]) };
        }
        let middle = from + split(to - from);
        let (mut path, beside) = if old <= middle {
            (self.subproof(old, from, middle, is_whole)?, self.range(middle, to)?)
        } else {
            (self.subproof(old, middle, to, false)?, self.range(from, middle)?)
        };
        path.push(beside);
        Ok(path)
    }
}

/// The root of the first `size` leaves.
///
/// # Errors
/// When a tile is missing.
pub fn root(tiles: &mut (impl Tiles + ?Sized), size: u64) -> Result<Hash, LogError> {
    if size == 0 {
        return Ok(root_of(&[]));
    }
    Tree { tiles, size }.range(0, size)
}

/// The inclusion proof of entry `index`, from 0, in a tree of `size`.
///
/// # Errors
/// When there is no such entry, or a tile is missing.
pub fn inclusion(tiles: &mut (impl Tiles + ?Sized), size: u64, index: u64) -> Result<Vec<Hash>, LogError> {
    if index >= size {
        return Err(LogError::Outside { index, size });
    }
    Tree { tiles, size }.path(index, 0, size)
}

/// The proof that the tree of `old` entries is the beginning of the one of `size`.
///
/// # Errors
/// When `old` is larger, or a tile is missing.
pub fn consistency(tiles: &mut (impl Tiles + ?Sized), old: u64, size: u64) -> Result<Vec<Hash>, LogError> {
    if old > size {
        return Err(LogError::Outside { index: old, size });
    }
    if old == 0 || old == size {
        return Ok(Vec::new());
    }
    Tree { tiles, size }.subproof(old, 0, size, true)
}

/// Whether a leaf stands at `index` in the tree with this root.
#[must_use]
pub fn is_included((size, root): (u64, &Hash), index: u64, leaf: &Hash, proof: &[Hash]) -> bool {
    if index >= size {
        return false;
    }
    let (mut at, mut last, mut hash) = (index, size - 1, *leaf);
    for beside in proof {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            hash = node_hash(beside, &hash);
            while at & 1 == 0 && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            hash = node_hash(&hash, beside);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    last == 0 && hash == *root
}

/// Whether the old tree is the beginning of the new one: size and root of each.
#[must_use]
pub fn is_consistent(old: (u64, &Hash), new: (u64, &Hash), proof: &[Hash]) -> bool {
    let ((first, old_root), (second, new_root)) = (old, new);
    if first == second {
        return proof.is_empty() && old_root == new_root;
    }
    if first == 0 || first > second {
        return first == 0 && proof.is_empty() && *old_root == root_of(&[]);
    }
    // A tree that is a whole subtree of the new one is not sent: whoever checks has its root.
    let start = first.is_power_of_two().then_some(old_root);
    let mut path = start.into_iter().chain(proof);
    let Some(begin) = path.next().filter(|_| !proof.is_empty()) else { return false };
    let (mut at, mut last) = (first - 1, second - 1);
    while at & 1 == 1 {
        (at, last) = (at >> 1, last >> 1);
    }
    let (mut old_hash, mut new_hash) = (*begin, *begin);
    for beside in path {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            old_hash = node_hash(beside, &old_hash);
            new_hash = node_hash(beside, &new_hash);
            while at & 1 == 0 && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            new_hash = node_hash(&new_hash, beside);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    last == 0 && old_hash == *old_root && new_hash == *new_root
}

/// An inclusion proof that stands alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The entry, from 0.
    pub index: u64,
    /// Hashes from the leaf's neighbour up.
    pub hashes: Vec<Hash>,
    /// The signed checkpoint it leads to.
    pub checkpoint: Note,
}

impl Proof {
    /// Reads a proof; nothing in it is trusted before [`Proof::check`] says so.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(text: &str) -> Result<Proof, LogError> {
        let wrong = |reason| LogError::malformed("the proof", reason);
        let (head, note) = text.split_once("\n\n").ok_or_else(|| wrong("no empty line parts proof and checkpoint"))?;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(PROOF_HEAD) {
            return Err(wrong("its first line is not c2sp.org/tlog-proof@v1"));
        }
        lines.next_if(|line| line.starts_with("extra "));
        let index = lines.next().and_then(|line| number(line.strip_prefix("index ")?));
        let index = index.ok_or_else(|| wrong("it names no entry"))?;
        let hashes: Option<Vec<Hash>> = lines.map(decoded).collect();
        let hashes = hashes.filter(|hashes| hashes.len() <= PROOF_MAX).ok_or_else(|| wrong("a line is no hash"))?;
        Ok(Proof { index, hashes, checkpoint: Note::parse(note.as_bytes())? })
    }

    /// Checks that the log of `key` signed a tree that holds `entry` at this place; gives the checkpoint.
    ///
    /// # Errors
    /// When it does not hold.
    pub fn check(&self, key: &VerifyKey, entry: &[u8]) -> Result<Checkpoint, LogError> {
        let checkpoint = Checkpoint::open(&self.checkpoint, key)?;
        let tree = (checkpoint.size, &checkpoint.root);
        let holds = is_included(tree, self.index, &leaf_hash(entry), &self.hashes);
        if holds { Ok(checkpoint) } else { Err(LogError::NotProven) }
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{PROOF_HEAD}\nindex {}", self.index)?;
        self.hashes.iter().try_for_each(|hash| writeln!(f, "{}", encoded(hash)))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Tile;
    use super::*;
    use proptest::prelude::*;

    /// A tree held in memory, its tiles cut out of it by their definition.
    struct InMemory(Vec<Hash>);

    impl Tiles for InMemory {
        fn hashes(&mut self, tile: Tile) -> Result<Vec<Hash>, LogError> {
            let Of::Level(level) = tile.of else { return Err(LogError::Missing(tile.path())) };
            let each = 256_usize.pow(u32::from(level));
            let first = usize::try_from(tile.index).unwrap() * 256;
            let node = |n: usize| root_of(&self.0[n * each..(n + 1) * each]);
            Ok((first..first + usize::from(tile.width)).map(node).collect())
        }
    }

    fn leaves(n: u64) -> Vec<Hash> {
        (0..n).map(|i| leaf_hash(&i.to_be_bytes())).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn proofs_hold_for_their_leaf_and_tree_and_no_other(size in 1_u64..1_400, a in 0_u64..1_400, b in 0_u64..1_400) {
            let all = leaves(size);
            let mut tiles = InMemory(all.clone());
            let whole = root_of(&all);
            prop_assert_eq!(root(&mut tiles, size).unwrap(), whole);
            let index = a % size;
            let at = usize::try_from(index).unwrap();
            let proof = inclusion(&mut tiles, size, index).unwrap();
            prop_assert!(is_included((size, &whole), index, &all[at], &proof));
            prop_assert!(!is_included((size, &whole), index, &[9; 32], &proof));
            prop_assert!(size == 1 || !is_included((size, &whole), (index + 1) % size, &all[at], &proof));
            let old = b % (size + 1);
            let before = root_of(&all[..usize::try_from(old).unwrap()]);
            let proof = consistency(&mut tiles, old, size).unwrap();
            prop_assert!(is_consistent((old, &before), (size, &whole), &proof));
            prop_assert!(!is_consistent((old, &[9; 32]), (size, &whole), &proof));
            prop_assert!(old == 0 || !is_consistent((old, &before), (size, &[9; 32]), &proof));
        }
    }

    #[test]
    fn what_lies_outside_has_no_proof() {
        let mut tiles = InMemory(leaves(5));
        assert_eq!(inclusion(&mut tiles, 5, 5), Err(LogError::Outside { index: 5, size: 5 }));
        assert_eq!(consistency(&mut tiles, 6, 5), Err(LogError::Outside { index: 6, size: 5 }));
        assert!(!is_included((5, &[0; 32]), 7, &[0; 32], &[]));
        assert!(!is_consistent((6, &[0; 32]), (5, &[0; 32]), &[]));
    }

    #[test]
    fn a_proof_stands_alone_and_holds_for_its_entry_only() {
        let key = super::super::SigningKey::from_seed("city.example/log/130903", [5; 32]).unwrap();
        let all = leaves(7);
        let text = Checkpoint { origin: key.name().to_owned(), size: 7, root: root_of(&all) }.text();
        let checkpoint = Note { signatures: vec![key.sign(&text)], text };
        let hashes = inclusion(&mut InMemory(all), 7, 4).unwrap();
        let proof = Proof { index: 4, hashes, checkpoint };
        let again = Proof::parse(&proof.to_string()).unwrap();
        assert_eq!(again, proof);
        let public = key.public(super::super::KeyKind::Log);
        assert_eq!(again.check(&public, &4_u64.to_be_bytes()).unwrap().size, 7);
        assert_eq!(again.check(&public, &5_u64.to_be_bytes()), Err(LogError::NotProven));
        let other = super::super::SigningKey::from_seed("elsewhere", [6; 32]).unwrap();
        assert!(again.check(&other.public(super::super::KeyKind::Log), &4_u64.to_be_bytes()).is_err());
        let with_extra = proof.to_string().replace("@v1\n", "@v1\nextra AAAA\n");
        assert_eq!(Proof::parse(&with_extra).unwrap(), proof);
        assert!(Proof::parse("c2sp.org/tlog-proof@v1\nindex 04\n\nx").is_err());
    }
}
