//! Where packs come from: a folder, or files in memory. Everything is read whole, within bounds, before it is looked at.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// Largest file of a pack.
pub const MAX_FILE_BYTES: u64 = 4 * 1024 * 1024;
/// Most files of one pack.
pub const MAX_FILES: usize = 1000;
/// Deepest folder below the pack's own that is looked into.
const MAX_DEPTH: usize = 3;

/// Files by path relative to the pack folder, with `/` between parts.
pub trait Files {
    /// All paths, in any order.
    ///
    /// # Errors
    /// When the listing cannot be had.
    fn paths(&self) -> io::Result<Vec<String>>;

    /// The bytes of one file.
    ///
    /// # Errors
    /// When it cannot be read or is larger than [`MAX_FILE_BYTES`].
    fn read(&self, path: &str) -> io::Result<Vec<u8>>;
}

/// A folder on disk.
pub struct Folder(pub PathBuf);

impl Folder {
    fn walk(&self, below: &str, depth: usize, into: &mut Vec<String>) -> io::Result<()> {
        for entry in std::fs::read_dir(self.0.join(below))? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            if name.starts_with('.') {
                continue;
            }
            let path = if below.is_empty() { name } else { format!("{below}/{name}") };
            if entry.file_type()?.is_dir() {
                if depth < MAX_DEPTH {
                    self.walk(&path, depth + 1, into)?;
                }
            } else if into.len() <= MAX_FILES {
                into.push(path);
            }
        }
        Ok(())
    }
}

impl Files for Folder {
    fn paths(&self) -> io::Result<Vec<String>> {
        let mut all = Vec::new();
        self.walk("", 0, &mut all)?;
        Ok(all)
    }

    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        let full = self.0.join(path);
        if std::fs::metadata(&full)?.len() > MAX_FILE_BYTES {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "larger than 4 MiB"));
        }
        std::fs::read(full)
    }
}

/// Files in memory: for tests and for packs built into a program.
impl Files for BTreeMap<String, Vec<u8>> {
    fn paths(&self) -> io::Result<Vec<String>> {
        Ok(self.keys().cloned().collect())
    }

    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        let bytes = self.get(path).ok_or(io::ErrorKind::NotFound)?;
        if bytes.len() as u64 > MAX_FILE_BYTES {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "larger than 4 MiB"));
        }
        Ok(bytes.clone())
    }
}

/// One pack as read, before anything is understood.
#[derive(Clone, Debug, Default)]
pub struct PackSource {
    /// Path shown before file names in findings, e.g. `packs/grid`.
    pub shown: String,
    /// Files by relative path, or why one could not be read.
    pub files: BTreeMap<String, Result<Vec<u8>, String>>,
}

impl PackSource {
    /// Reads every file a pack may have (`*.yaml`, `*.csv`, templates and pictures of documents); others, such as scenarios,
    /// are left alone.
    ///
    /// # Errors
    /// When the listing cannot be had. A file that cannot be read becomes a finding.
    pub fn load(shown: &str, from: &dyn Files) -> io::Result<PackSource> {
        let mut paths = from.paths()?;
        paths.sort();
        let wanted = |path: &String| {
            [".yaml", ".yml", ".csv", ".typ"].iter().any(|end| path.ends_with(end))
                || (path.starts_with("documents/") && path.ends_with(".svg"))
        };
        let files = paths
            .into_iter()
            .filter(wanted)
            .take(MAX_FILES)
            .map(|path| {
                let read = from.read(&path).map_err(|error| error.to_string());
                (path, read)
            })
            .collect();
        Ok(PackSource { shown: shown.to_owned(), files })
    }

    /// Reads a folder; findings show its path as given.
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub fn folder(path: &Path) -> io::Result<PackSource> {
        PackSource::load(&path.display().to_string(), &Folder(path.to_owned()))
    }
}
