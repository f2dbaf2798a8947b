//! The fonts of the machine: looked for once, read when a document first needs them. Left out: choosing one; templates name
//! families and Typst falls back among those that exist.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock, PoisonError};
use typst::foundations::Bytes;
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst_kit::fonts::system;

/// A character whose presence says that Chinese can be printed at all.
const CHINESE: u32 = 0x4e2d;

/// Fonts shared by every document.
pub struct Fonts {
    book: LazyHash<FontBook>,
    slots: Vec<Slot>,
    /// A collection holds several fonts in one file of many megabytes: read once for all of them.
    files: Mutex<HashMap<PathBuf, Bytes>>,
}

struct Slot {
    path: PathBuf,
    index: u32,
    font: OnceLock<Option<Font>>,
}

impl Fonts {
    /// Looks through the machine's font folders: about a second where large collections are installed, so do it when the first
    /// document is made, off the threads that serve.
    #[must_use]
    pub fn of_system() -> Fonts {
        let mut fonts = Fonts::none();
        // The order in which a disk lists files is chance; the same machine must choose the same font every time.
        let mut found: Vec<_> = system().collect();
        found.sort_by(|(one, _), (other, _)| (&one.path, one.index).cmp(&(&other.path, other.index)));
        for (place, info) in found {
            fonts.book.push(info);
            fonts.slots.push(Slot { path: place.path, index: place.index, font: OnceLock::new() });
        }
        fonts
    }

    /// No fonts: enough to check a template, whose text then takes no room.
    #[must_use]
    pub fn none() -> Fonts {
        Fonts { book: LazyHash::new(FontBook::new()), slots: Vec::new(), files: Mutex::default() }
    }

    /// How many fonts were found.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Whether some font has Chinese characters. Without one a letter would be printed empty, so none is made.
    #[must_use]
    pub fn has_chinese(&self) -> bool {
        (0..self.slots.len()).any(|index| self.book.info(index).is_some_and(|info| info.coverage.contains(CHINESE)))
    }

    pub(crate) fn book(&self) -> &LazyHash<FontBook> {
        &self.book
    }

    pub(crate) fn font(&self, index: usize) -> Option<Font> {
        let slot = self.slots.get(index)?;
        slot.font.get_or_init(|| Font::new(self.bytes(&slot.path)?, slot.index)).clone()
    }

    fn bytes(&self, path: &PathBuf) -> Option<Bytes> {
        // Nothing is left half done under this lock, so a panic elsewhere leaves the map as good as it was.
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bytes) = files.get(path) {
            return Some(bytes.clone());
        }
        let bytes = Bytes::new(std::fs::read(path).ok()?);
        files.insert(path.clone(), bytes.clone());
        Some(bytes)
    }
}
