//! Backups: an installation in one file, made while the server runs, and brought back with proof. The file is a ZIP archive with the
//! database as it stood at one moment, the files its rows speak of, and a manifest of what it holds. Leaves out what can be
//! made anew (batches of documents, imports under way), what was last signed of the public logs, and, unless asked for, the keys.

mod make;
pub mod postgres;
mod restore;
#[cfg(test)]
mod tests;

pub use make::{Backup, make};
pub use restore::{Restoring, restore};

use crate::load::harness::hex;
use anyhow::{Context as _, Result};
use ganglion_store::backup::Contents;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::io::{Read, Write};
use std::path::Path;

/// Format of an archive with a file of SQLite.
const FORMAT: u32 = 1;
/// Format of an archive with the rows of a PostgreSQL, the newest this program reads.
const FORMAT_POSTGRES: u32 = 2;
/// Names in the archive, and of the database and the keys in an installation's folder.
const MANIFEST: &str = "manifest.json";
/// See [`MANIFEST`].
const DATABASE: &str = "ganglion.sqlite";
/// The keys: the one that opens sealed values, those that wrap in its place, and the one that signs the public logs.
const KEYS: [&str; 3] = [KEY, crate::keys::FILE, LOG_KEY];
/// The key of the public logs: one that is lost is made anew.
const LOG_KEY: &str = "log.key";
/// The key without which an installation is not brought back.
const KEY: &str = "master.key";
/// Settings that are a file of their own and no secret.
const WITNESSES: &str = "log.witnesses";
/// See [`MANIFEST`].
const FILES: &str = "files";
/// Where an installation notes its last backup; `/metrics` and `ganglion doctor` read it.
pub const LAST_BACKUP: &str = "last-backup.json";
/// Bytes copied at a time.
const BYTES_AT_ONCE: usize = 1 << 20;

/// What an archive holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Format of the archive.
    pub format: u32,
    /// Version of the program that made it.
    pub program: String,
    /// When.
    pub made_at: Timestamp,
    /// The file of the database, or the rows of all tables.
    pub database: Part,
    /// Rows, figures and Merkle roots.
    pub contents: Contents,
    /// The uploaded files.
    pub files: Files,
    /// The keys that go with it.
    pub keys: Vec<KeyPart>,
    /// The witnesses of the public logs, if any are named.
    pub witnesses: Option<Part>,
}

/// One file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Bytes.
    pub bytes: u64,
    /// SHA-256, hex.
    pub sha256: String,
}

/// The uploaded files together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Files {
    /// How many.
    pub count: u64,
    /// Bytes of all.
    pub bytes: u64,
    /// SHA-256 over name, size and digest of each in order, hex.
    pub sha256: String,
    /// Files that rows speak of and that were not there.
    pub missing: Vec<String>,
}

/// A key of the installation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyPart {
    /// Name of its file.
    pub name: String,
    /// SHA-256 of the key, hex: to recognise it, not to find it.
    pub sha256: String,
    /// Whether the archive holds it.
    pub included: bool,
}

/// Sums up files as they are packed or unpacked.
#[derive(Default)]
struct Sum {
    count: u64,
    bytes: u64,
    hash: Sha256,
}

impl Sum {
    fn add(&mut self, name: &str, part: &Part) {
        self.count += 1;
        self.bytes += part.bytes;
        self.hash.update(format!("{name}\n{}\n{}\n", part.bytes, part.sha256).as_bytes());
    }

    fn files(self, missing: Vec<String>) -> Files {
        Files { count: self.count, bytes: self.bytes, sha256: hex(&self.hash.finalize()), missing }
    }
}

/// Copies up to `most` bytes and tells size and digest of what was copied.
fn copy_part(from: &mut dyn Read, to: &mut dyn Write, most: u64) -> std::io::Result<Part> {
    let (mut bytes, mut hash) = (0, Sha256::new());
    let mut buffer = vec![0; BYTES_AT_ONCE];
    let mut from = from.take(most);
    loop {
        let read = from.read(&mut buffer)?;
        let Some(some) = buffer.get(..read).filter(|some| !some.is_empty()) else { break };
        to.write_all(some)?;
        hash.update(some);
        bytes += read as u64;
    }
    Ok(Part { bytes, sha256: hex(&hash.finalize()) })
}

/// Opens a new file that only its owner reads.
fn create(path: &Path) -> Result<std::fs::File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    options.open(path).with_context(|| format!("making {}", path.display()))
}

/// Makes a new name or a renamed file outlast a loss of power.
fn sync_folder(folder: &Path) -> Result<()> {
    let opened = std::fs::File::open(folder).with_context(|| format!("opening {}", folder.display()))?;
    opened.sync_all().with_context(|| format!("bringing {} to the disk", folder.display()))
}
