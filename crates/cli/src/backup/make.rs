//! Making a backup: a copy of the database, then the archive beside the place where it is wanted, then its name. Whatever is cut off
//! leaves no file under that name.

use super::{
    DATABASE, FILES, FORMAT, Files, KEY, KEYS, KeyPart, LAST_BACKUP, MANIFEST, Manifest, Part, Sum, WITNESSES,
    copy_part, create, hex, sync_folder,
};
use anyhow::{Context as _, Result, bail, ensure};
use ganglion_server::file_parts;
use ganglion_store::backup::{Contents, contents, copy, file_ids};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::{BufWriter, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// What is asked for.
pub struct Backup<'a> {
    /// Folder of the installation.
    pub data: &'a Path,
    /// The archive to make; nothing may be there.
    pub to: &'a Path,
    /// Whether the keys go into it.
    pub with_keys: bool,
    /// Now.
    pub now: Timestamp,
}

/// A file that goes when it is no longer needed.
pub(super) struct Scratch(pub(super) PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        // It may be gone already, renamed or never made.
        let _ = std::fs::remove_file(&self.0);
    }
}

impl Scratch {
    /// A name beside another; what an earlier run left there is removed.
    pub(super) fn beside(path: &Path, end: &str) -> Scratch {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        let path = PathBuf::from(name);
        let _ = std::fs::remove_file(&path);
        Scratch(path)
    }
}

pub(super) type Archive = ZipWriter<BufWriter<File>>;

/// What was packed of the database.
pub(super) struct Held {
    /// Format of the archive.
    pub format: u32,
    /// Its bytes.
    pub database: Part,
    /// What proves it.
    pub contents: Contents,
    /// Ids of the files its rows speak of.
    pub files: Vec<String>,
}

/// Refuses to write over something.
pub(super) fn free(to: &Path) -> Result<()> {
    ensure!(!to.exists(), "{} is there already: choose another name", to.display());
    Ok(())
}

/// Makes a backup and notes it in the installation's folder. `progress` hears pages done and pages in all.
///
/// # Errors
/// When something stands in the way of the archive, the installation cannot be read, its journal does not give its Merkle root, or the
/// disk is full; there is then no archive.
pub fn make(asked: &Backup<'_>, progress: &mut dyn FnMut(u64, u64)) -> Result<Manifest> {
    let database = asked.data.join(DATABASE);
    ensure!(database.is_file(), "{} is no installation: there is no {DATABASE} in it", asked.data.display());
    free(asked.to)?;
    let keys = keys(asked)?;
    let taken = Scratch::beside(asked.to, ".sqlite-partial");
    let partial = Scratch::beside(asked.to, ".partial");
    // Made first, so that nobody but the owner ever reads it.
    drop(create(&taken.0)?);
    copy(&database, &taken.0, progress).context("copying the database")?;
    let held = contents(&taken.0).context("reading the copy")?;
    let ids = file_ids(&taken.0).context("reading which files belong to it")?;
    let mut archive = ZipWriter::new(BufWriter::new(create(&partial.0)?));
    let database = pack(&mut archive, DATABASE, (&taken.0, CompressionMethod::Deflated))?;
    complete(asked, (archive, &partial.0), keys, Held { format: FORMAT, database, contents: held, files: ids })
}

/// Packs what stands beside the database, then the manifest, and gives the archive its name.
pub(super) fn complete(
    asked: &Backup<'_>,
    (mut archive, partial): (Archive, &Path),
    keys: Vec<KeyPart>,
    held: Held,
) -> Result<Manifest> {
    let files = pack_files(&mut archive, &asked.data.join(FILES), &held.files)?;
    for key in keys.iter().filter(|key| key.included) {
        pack(&mut archive, &key.name, (&asked.data.join(&key.name), CompressionMethod::Stored))?;
    }
    let named = asked.data.join(WITNESSES);
    let witnesses = match named.exists() {
        true => Some(pack(&mut archive, WITNESSES, (&named, CompressionMethod::Deflated))?),
        false => None,
    };
    let manifest = Manifest {
        format: held.format,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        made_at: asked.now,
        database: held.database,
        contents: held.contents,
        files,
        keys,
        witnesses,
    };
    archive.start_file(MANIFEST, options(CompressionMethod::Deflated))?;
    archive.write_all(&serde_json::to_vec_pretty(&manifest)?)?;
    finish(archive, partial, asked.to)?;
    note(asked, &manifest);
    Ok(manifest)
}

/// The keys of the installation; the one of sealed values must be there.
pub(super) fn keys(asked: &Backup<'_>) -> Result<Vec<KeyPart>> {
    let mut keys = Vec::new();
    for name in KEYS {
        let path = asked.data.join(name);
        match std::fs::read(&path) {
            Ok(key) => {
                let sha256 = hex(&Sha256::digest(&key));
                keys.push(KeyPart { name: name.to_owned(), sha256, included: asked.with_keys });
            }
            Err(error) if error.kind() == ErrorKind::NotFound && name != KEY => {}
            Err(error) => bail!("reading {}: {error}", path.display()),
        }
    }
    Ok(keys)
}

pub(super) fn options(method: CompressionMethod) -> SimpleFileOptions {
    SimpleFileOptions::default().compression_method(method).large_file(true).unix_permissions(0o600)
}

fn pack(archive: &mut Archive, name: &str, (path, method): (&Path, CompressionMethod)) -> Result<Part> {
    let mut file = File::open(path).with_context(|| format!("reading {}", path.display()))?;
    archive.start_file(name, options(method))?;
    copy_part(&mut file, archive, u64::MAX).with_context(|| format!("packing {}", path.display()))
}

/// Packs the files of the rows; one that is not there is named and does not stop the backup.
fn pack_files(archive: &mut Archive, folder: &Path, ids: &[String]) -> Result<Files> {
    let (mut sum, mut missing) = (Sum::default(), Vec::new());
    for part in ids.iter().flat_map(|id| file_parts(id)) {
        let path = folder.join(&part);
        match std::fs::metadata(&path) {
            Ok(_) => {
                // Pictures are compressed already.
                let name = format!("{FILES}/{}", part.display());
                let packed = pack(archive, &name, (&path, CompressionMethod::Stored))?;
                sum.add(&name, &packed);
            }
            Err(error) if error.kind() == ErrorKind::NotFound => missing.push(part.display().to_string()),
            Err(error) => bail!("reading {}: {error}", path.display()),
        }
    }
    Ok(sum.files(missing))
}

fn finish(archive: Archive, partial: &Path, to: &Path) -> Result<()> {
    let file = archive.finish()?.into_inner().map_err(|error| error.into_error())?;
    file.sync_all().context("bringing the archive to the disk")?;
    drop(file);
    std::fs::rename(partial, to).with_context(|| format!("naming {}", to.display()))?;
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    sync_folder(folder)
}

/// Notes the backup where the server and the doctor look for it. A folder that cannot be written makes no backup worse.
fn note(asked: &Backup<'_>, manifest: &Manifest) {
    let text = serde_json::json!({ "at": asked.now, "to": asked.to, "lines": manifest.contents.lines() }).to_string();
    if let Err(error) = std::fs::write(asked.data.join(LAST_BACKUP), text) {
        tracing::warn!(%error, "the backup is made but could not be noted in the installation's folder");
    }
}
