//! Tiles and entry bundles (c2sp.org/tlog-tiles): how they are named, which of them a tree of a given size has, and what is in
//! them.

use super::LogError;
use super::checkpoint::number;
use crate::merkle::Hash;

/// Hashes in a full tile.
pub const WIDTH: u64 = 256;
/// Levels of the tree in one level of tiles.
pub(super) const HEIGHT: u32 = 8;
/// The highest level of tiles a tree of 2^64 leaves has.
const LEVEL_MAX: u8 = 7;
/// Bytes of an entry: see [`crate::journal::committed`].
const ENTRY_BYTES: u16 = 32;

/// What a tile holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Of {
    /// Hashes of this level: leaf hashes at 0, hashes over full tiles of the level below above that.
    Level(u8),
    /// The entries themselves.
    Entries,
}

/// A tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tile {
    /// What it holds.
    pub of: Of,
    /// Which one of its level, from 0.
    pub index: u64,
    /// Hashes or entries in it, 1 to 256.
    pub width: u16,
}

/// Where tiles come from: a folder, an address, a store.
pub trait Tiles {
    /// The hashes of a tile of hashes, exactly as many as it is wide.
    ///
    /// # Errors
    /// When it is not there or not a tile.
    fn hashes(&mut self, tile: Tile) -> Result<Vec<Hash>, LogError>;
}

/// A copy of a log: bytes by their address below its prefix.
pub trait Source {
    /// The bytes at an address.
    ///
    /// # Errors
    /// [`LogError::Missing`] when there is nothing, [`LogError::Unreadable`] when it could not be asked.
    fn read(&mut self, path: &str) -> Result<Vec<u8>, LogError>;
}

/// Reads a tile or bundle of a copy. A copy taken when the log was longer may hold only the full tile: then its beginning is it.
///
/// # Errors
/// When it is not there or not in the format.
pub fn read_tile(source: &mut (impl Source + ?Sized), tile: Tile) -> Result<Vec<Vec<u8>>, LogError> {
    let full = Tile { width: u16::try_from(WIDTH).unwrap_or_default(), ..tile };
    match source.read(&tile.path()) {
        Err(LogError::Missing(_)) if tile != full => {
            let bytes = source.read(&full.path()).map_err(|_| LogError::Missing(tile.path()))?;
            let mut of_it = full.decode(&bytes)?;
            of_it.truncate(usize::from(tile.width));
            Ok(of_it)
        }
        bytes => tile.decode(&bytes?),
    }
}

impl<S: Source + ?Sized> Tiles for S {
    fn hashes(&mut self, tile: Tile) -> Result<Vec<Hash>, LogError> {
        tile.as_hashes(read_tile(self, tile)?)
    }
}

impl Tile {
    /// The address of the tile below the prefix of its log, such as `tile/0/x001/234.p/12`.
    #[must_use]
    pub fn path(&self) -> String {
        let of = match self.of {
            Of::Level(level) => level.to_string(),
            Of::Entries => "entries".to_owned(),
        };
        let mut groups = vec![format!("{:03}", self.index % 1000)];
        let mut rest = self.index / 1000;
        while rest > 0 {
            groups.push(format!("x{:03}", rest % 1000));
            rest /= 1000;
        }
        groups.reverse();
        let part = if u64::from(self.width) == WIDTH { String::new() } else { format!(".p/{}", self.width) };
        format!("tile/{of}/{}{part}", groups.join("/"))
    }

    /// Reads an address; `None` when it is not written exactly as [`Tile::path`] writes it.
    #[must_use]
    pub fn parse(path: &str) -> Option<Tile> {
        let (of, rest) = path.strip_prefix("tile/")?.split_once('/')?;
        let of = match of {
            "entries" => Of::Entries,
            level => Of::Level(number(level).and_then(|level| u8::try_from(level).ok()).filter(|l| *l <= LEVEL_MAX)?),
        };
        let (name, width) = match rest.split_once(".p/") {
            Some((name, width)) => (name, number(width).filter(|width| (1..WIDTH).contains(width))?),
            None => (rest, WIDTH),
        };
        let mut index: u64 = 0;
        for group in name.split('/') {
            let digits: u64 = group.strip_prefix('x').unwrap_or(group).parse().ok()?;
            index = index.checked_mul(1000)?.checked_add(digits)?;
        }
        let tile = Tile { of, index, width: u16::try_from(width).ok()? };
        (tile.path() == path).then_some(tile)
    }

    /// The first leaf of the tree after those this tile covers, `None` when there is no such tree.
    #[must_use]
    pub fn end(&self) -> Option<u64> {
        let level = match self.of {
            Of::Level(level) => u32::from(level),
            Of::Entries => 0,
        };
        let nodes = self.index.checked_mul(WIDTH)?.checked_add(u64::from(self.width))?;
        nodes.checked_mul(1_u64.checked_shl(level * HEIGHT).filter(|each| *each > 0)?)
    }

    /// The tile with these hashes or entries as bytes; `None` when there are not as many as it is wide.
    #[must_use]
    pub fn encode(&self, of_it: &[Hash]) -> Option<Vec<u8>> {
        let is_bundle = self.of == Of::Entries;
        let mut bytes = Vec::with_capacity(of_it.len() * 34);
        for one in of_it {
            if is_bundle {
                bytes.extend_from_slice(&ENTRY_BYTES.to_be_bytes());
            }
            bytes.extend_from_slice(one);
        }
        (of_it.len() == usize::from(self.width)).then_some(bytes)
    }

    /// Reads the bytes of the tile. An entry of a bundle is read whatever its length.
    ///
    /// # Errors
    /// When they are not as many hashes or entries as it is wide.
    pub fn decode(&self, bytes: &[u8]) -> Result<Vec<Vec<u8>>, LogError> {
        let wrong = |reason| LogError::Malformed { what: self.path(), reason };
        let mut found = Vec::with_capacity(usize::from(self.width));
        let mut rest = bytes;
        while !rest.is_empty() {
            let length = match self.of {
                Of::Level(_) => 32,
                Of::Entries => {
                    let (length, after) = rest.split_first_chunk::<2>().ok_or_else(|| wrong("it breaks off"))?;
                    rest = after;
                    usize::from(u16::from_be_bytes(*length))
                }
            };
            let (one, after) = rest.split_at_checked(length).ok_or_else(|| wrong("it breaks off"))?;
            found.push(one.to_vec());
            rest = after;
        }
        if found.len() != usize::from(self.width) {
            return Err(wrong("it does not hold as many as its name says"));
        }
        Ok(found)
    }

    /// What was decoded, as hashes.
    ///
    /// # Errors
    /// When one is none.
    pub fn as_hashes(&self, of_it: Vec<Vec<u8>>) -> Result<Vec<Hash>, LogError> {
        let hash = |one: Vec<u8>| one.try_into().map_err(|_| LogError::malformed(&self.path(), "a hash has 32 bytes"));
        of_it.into_iter().map(hash).collect()
    }
}

/// The tile of a level that node `node` of that level lies in, as a tree of `size` leaves has it.
#[must_use]
pub(super) fn tile_of(of: Of, node: u64, size: u64) -> Tile {
    let level = if let Of::Level(level) = of { u32::from(level) } else { 0 };
    let nodes = size.checked_shr(level * HEIGHT).unwrap_or_default();
    let index = node / WIDTH;
    let width = nodes.saturating_sub(index * WIDTH).min(WIDTH);
    Tile { of, index, width: u16::try_from(width).unwrap_or_default() }
}

/// Every tile and bundle of a tree of `size` leaves, bundles last.
pub fn tiles_of(size: u64) -> impl Iterator<Item = Tile> {
    let levels = (0..=LEVEL_MAX).map(Of::Level).chain([Of::Entries]);
    levels.flat_map(move |of| {
        let level = if let Of::Level(level) = of { u32::from(level) } else { 0 };
        let nodes = size.checked_shr(level * HEIGHT).unwrap_or_default();
        (0..nodes.div_ceil(WIDTH)).map(move |index| tile_of(of, index * WIDTH, size))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_written_and_read_as_the_format_says() {
        let tile = |of, index, width| Tile { of, index, width };
        for (one, path) in [
            (tile(Of::Level(0), 0, 256), "tile/0/000"),
            (tile(Of::Level(1), 1_234_067, 256), "tile/1/x001/x234/067"),
            (tile(Of::Entries, 273, 112), "tile/entries/273.p/112"),
            (tile(Of::Level(2), 1000, 1), "tile/2/x001/000.p/1"),
        ] {
            assert_eq!(one.path(), path);
            assert_eq!(Tile::parse(path), Some(one));
        }
        for wrong in [
            "tile/0/0",
            "tile/00/000",
            "tile/8/000",
            "tile/0/000.p/0",
            "tile/0/000.p/256",
            "tile/0/x000/001",
            "tile/0/001/002",
            "tile/0/x001",
            "tile/0/+01",
            "tile/x/000",
            "tile/0/",
            "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
        ] {
            assert_eq!(Tile::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_tree_has_the_tiles_the_format_names() {
        // The example of c2sp.org/tlog-tiles.
        let mut full = [0; 3];
        let mut parts = Vec::new();
        for tile in tiles_of(70_000) {
            match tile.of {
                Of::Level(level) if tile.width == 256 => full[usize::from(level)] += 1,
                Of::Level(level) => parts.push((level, tile.index, tile.width)),
                Of::Entries => {}
            }
        }
        assert_eq!(full, [273, 1, 0]);
        assert_eq!(parts, [(0, 273, 112), (1, 1, 17), (2, 0, 1)]);
        let of_256: Vec<String> = tiles_of(256).map(|tile| tile.path()).collect();
        assert_eq!(of_256, ["tile/0/000", "tile/1/000.p/1", "tile/entries/000"]);
        assert_eq!(tiles_of(0).count(), 0);
        assert!(tiles_of(70_000).all(|tile| tile.end().is_some_and(|end| end <= 70_000)));
        assert_eq!(Tile { of: Of::Level(7), index: u64::MAX, width: 1 }.end(), None);
    }

    #[test]
    fn bundles_and_tiles_come_back_from_their_bytes() {
        let bundle = Tile { of: Of::Entries, index: 0, width: 2 };
        let bytes = bundle.encode(&[[1; 32], [2; 32]]).unwrap();
        assert_eq!((bytes.len(), &bytes[..2]), (68, &[0, 32][..]));
        assert_eq!(bundle.decode(&bytes).unwrap(), [vec![1; 32], vec![2; 32]]);
        assert!(bundle.decode(&bytes[..67]).is_err() && bundle.decode(&bytes[..34]).is_err());
        let hashes = Tile { of: Of::Level(0), index: 0, width: 2 };
        assert_eq!(hashes.as_hashes(hashes.decode(&[7; 64]).unwrap()).unwrap(), [[7; 32]; 2]);
        assert!(hashes.decode(&[7; 63]).is_err() && bundle.encode(&[[1; 32]]).is_none());
    }
}
