//! Copies of a log: a folder laid out like the addresses, or the log itself; and bringing a folder up to date.

use super::remote::Remote;
use super::{grown, signed};
use anyhow::{Context as _, Result};
use ganglion_kernel::tlog::tile::{WIDTH, tiles_of};
use ganglion_kernel::tlog::{Checkpoint, LogError, Note, Source, VerifyKey};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Opens a copy: a folder, or an address.
///
/// # Errors
/// When it is an address this program does not speak to.
pub fn open(log: &str) -> Result<Box<dyn Source>> {
    if log.starts_with("http://") || log.starts_with("https://") {
        return Ok(Box::new(Remote::new(log)?));
    }
    Ok(Box::new(Folder(PathBuf::from(log))))
}

/// A folder.
struct Folder(PathBuf);

impl Source for Folder {
    fn read(&mut self, path: &str) -> Result<Vec<u8>, LogError> {
        let file = self.0.join(path);
        std::fs::read(&file).map_err(|error| match error.kind() {
            ErrorKind::NotFound => LogError::Missing(file.display().to_string()),
            _ => LogError::Unreadable { path: file.display().to_string(), reason: error.to_string() },
        })
    }
}

/// Takes a copy, or brings one up to date.
///
/// # Errors
/// When something cannot be fetched or written; the copy is then as it was, with some tiles more.
pub fn fetch(address: &str, folder: &Path, key: &VerifyKey) -> Result<ExitCode> {
    let mut remote = Remote::new(address)?;
    let (note, now) = signed(&mut remote, key).with_context(|| format!("{address}/checkpoint"))?;
    let mut fetched = 0_u64;
    for tile in tiles_of(now.size) {
        let file = folder.join(tile.path());
        let is_full = u64::from(tile.width) == WIDTH;
        if is_full && file.is_file() {
            continue;
        }
        let bytes = remote.read(&tile.path())?;
        tile.decode(&bytes)?;
        put(&file, &bytes)?;
        fetched += 1;
    }
    let before = before(folder, key)?;
    if let Some(before) = before.filter(|before| *before != now) {
        let (_, holds) = grown(&mut Folder(folder.to_owned()), &before, &now)?;
        let beside = folder.join(format!("checkpoint.{}", before.size));
        if !holds {
            put(&folder.join("checkpoint.contradicting"), note.to_string().as_bytes())?;
            crate::out(&format!(
                "{}: what the server signs now is not the continuation of what it signed at {} entries: the log was rewritten. \
                 `checkpoint` and `checkpoint.contradicting` in {} are the evidence",
                key.name,
                before.size,
                folder.display()
            ));
            return Ok(ExitCode::FAILURE);
        }
        std::fs::rename(folder.join("checkpoint"), &beside).with_context(|| beside.display().to_string())?;
    }
    put(&folder.join("checkpoint"), note.to_string().as_bytes())?;
    crate::out(&format!("{}: {} entries in {}, {fetched} files fetched", key.name, now.size, folder.display()));
    Ok(ExitCode::SUCCESS)
}

/// What a folder was a copy of before.
fn before(folder: &Path, key: &VerifyKey) -> Result<Option<Checkpoint>> {
    match std::fs::read(folder.join("checkpoint")) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("reading the checkpoint in {}", folder.display())),
        Ok(bytes) => {
            let opened = Note::parse(&bytes).and_then(|note| Checkpoint::open(&note, key));
            opened.map(Some).with_context(|| format!("the checkpoint in {} is not of this log", folder.display()))
        }
    }
}

/// Writes a file as a whole, with the folders it lies in.
pub fn put(file: &Path, bytes: &[u8]) -> Result<()> {
    let failed = || format!("writing {}", file.display());
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).with_context(failed)?;
    }
    let fresh = file.with_extension("new");
    std::fs::write(&fresh, bytes).with_context(failed)?;
    std::fs::rename(&fresh, file).with_context(failed)
}
