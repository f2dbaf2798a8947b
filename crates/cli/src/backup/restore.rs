//! Bringing an installation back from an archive: into a folder without one, every part compared with the manifest, the database
//! renamed to its name last. What is cut off is no installation, and nothing that was there is written over.

use super::{
    DATABASE, FILES, FORMAT, FORMAT_POSTGRES, Files, KEY, KEYS, LOG_KEY, MANIFEST, Manifest, Part, Sum, WITNESSES,
    copy_part, create, hex, sync_folder,
};
use anyhow::{Context as _, Result, bail, ensure};
use ganglion_server::file_parts;
use ganglion_store::backup::{contents, file_ids};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufReader, Read as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use zip::ZipArchive;

/// Name of the database until everything is proven.
const UNPROVEN: &str = "restoring.sqlite";
/// What an installation has; where one of these is, nothing is restored.
const OWN: [&str; 6] = [DATABASE, KEYS[0], KEYS[1], KEYS[2], WITNESSES, FILES];
/// Most bytes a manifest may have.
const MANIFEST_BYTES_MAX: u64 = 64 << 20;
/// Most bytes a file with a key may have.
const KEY_BYTES_MAX: u64 = 4_096;

/// What is asked for.
pub struct Restoring<'a> {
    /// The archive.
    pub from: &'a Path,
    /// Folder of the installation to make.
    pub data: &'a Path,
    /// Folder with the keys, for archives that do not hold them.
    pub keys: Option<&'a Path>,
}

pub(super) type Archive = ZipArchive<BufReader<File>>;

/// Restores and proves; gives the manifest everything was compared with.
///
/// # Errors
/// When the folder holds an installation, the archive is damaged or of a newer program, the key is missing or another, or anything that
/// was unpacked differs from the manifest. What was unpacked is then removed again.
pub fn restore(asked: &Restoring<'_>) -> Result<Manifest> {
    expect_nothing(asked.data)?;
    let restored = proven(asked);
    if restored.is_err() {
        forget(asked.data);
    }
    restored
}

/// Refuses a folder that holds an installation.
pub(super) fn expect_nothing(data: &Path) -> Result<()> {
    for name in OWN {
        let there = data.join(name);
        ensure!(!there.exists(), "{} is there already: restore into an empty folder", there.display());
    }
    Ok(())
}

/// Removes what was unpacked: nothing of this was there before, and an attempt after this one begins afresh.
pub(super) fn forget(data: &Path) {
    let _ = std::fs::remove_file(data.join(UNPROVEN));
    for name in KEYS.into_iter().chain([WITNESSES]) {
        let _ = std::fs::remove_file(data.join(name));
    }
    let _ = std::fs::remove_dir_all(data.join(FILES));
}

fn proven(asked: &Restoring<'_>) -> Result<Manifest> {
    let file = File::open(asked.from).with_context(|| format!("reading {}", asked.from.display()))?;
    let mut archive = ZipArchive::new(BufReader::new(file)).context("this is no backup, or it is damaged")?;
    let manifest = manifest(&mut archive)?;
    ensure!(
        manifest.format == FORMAT,
        "this backup is of an installation on PostgreSQL: name an empty database with --database"
    );
    let keys = keys(&mut archive, &manifest, asked.keys)?;
    make_folder(asked.data)?;
    let unproven = asked.data.join(UNPROVEN);
    let _ = std::fs::remove_file(&unproven);
    let unpacked = unpack(&mut archive, (DATABASE, manifest.database.bytes), &unproven)?;
    ensure!(unpacked == manifest.database, "the database in the archive is damaged: its digest is not the one noted");
    let held = contents(&unproven).context("reading the restored database")?;
    if let Some(difference) = held.difference(&manifest.contents) {
        bail!("the restored database is not the one of the manifest: {difference}");
    }
    let files = unpack_files(&mut archive, asked.data, (&file_ids(&unproven)?, &manifest.files))?;
    ensure!(files == manifest.files, "the files in the archive are not those of the manifest");
    if let Some(noted) = &manifest.witnesses {
        let unpacked = unpack(&mut archive, (WITNESSES, noted.bytes), &asked.data.join(WITNESSES))?;
        ensure!(unpacked == *noted, "{WITNESSES} in the archive is damaged");
    }
    for (name, key) in keys {
        write_key(&asked.data.join(name), &key)?;
    }
    std::fs::rename(&unproven, asked.data.join(DATABASE)).context("naming the database")?;
    sync_folder(asked.data)?;
    Ok(manifest)
}

pub(super) fn manifest(archive: &mut Archive) -> Result<Manifest> {
    let entry = archive.by_name(MANIFEST).context("this is no backup: it has no manifest")?;
    let mut text = Vec::new();
    entry.take(MANIFEST_BYTES_MAX).read_to_end(&mut text)?;
    let value: serde_json::Value = serde_json::from_slice(&text).context("the manifest cannot be read")?;
    let format = value.get("format").and_then(serde_json::Value::as_u64).unwrap_or(0);
    ensure!(
        format <= u64::from(FORMAT_POSTGRES),
        "the backup has format {format}, this program knows formats up to {FORMAT_POSTGRES}: use the newer program"
    );
    serde_json::from_value(value).context("the manifest cannot be read")
}

/// The keys of the manifest: from the archive or from the folder that was given, each the one that was noted. The key of the logs may
/// be lost: they then get a new one, and those who hold copies have to be told.
pub(super) fn keys(
    archive: &mut Archive,
    manifest: &Manifest,
    given: Option<&Path>,
) -> Result<Vec<(&'static str, Vec<u8>)>> {
    let mut keys = Vec::new();
    for name in KEYS {
        let Some(noted) = manifest.keys.iter().find(|key| key.name == name) else { continue };
        let path = given.map(|folder| folder.join(name)).filter(|path| path.exists());
        let key = match path {
            Some(path) => std::fs::read(&path).with_context(|| format!("reading {}", path.display()))?,
            None if noted.included => {
                let mut key = Vec::new();
                archive.by_name(name)?.take(KEY_BYTES_MAX).read_to_end(&mut key)?;
                key
            }
            None if name == LOG_KEY => {
                tracing::warn!(name, "the key is not there; the public logs get a new one at the next start");
                continue;
            }
            None => bail!(
                "this backup does not hold the keys without which personal values cannot be read: name the folder with the \
                 installation's `{name}` by --keys"
            ),
        };
        ensure!(
            hex(&Sha256::digest(&key)) == noted.sha256,
            "{name} is not the one of the installation that was backed up"
        );
        keys.push((name, key));
    }
    ensure!(keys.iter().any(|(name, _)| *name == KEY), "the manifest names no master key");
    Ok(keys)
}

pub(super) fn make_folder(folder: &Path) -> Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true).mode(0o700).create(folder).with_context(|| format!("making {}", folder.display()))
}

pub(super) fn unpack(archive: &mut Archive, (name, bytes): (&str, u64), to: &Path) -> Result<Part> {
    let mut entry = archive.by_name(name).with_context(|| format!("{name} is not in the archive"))?;
    let mut file = create(to)?;
    // One byte more than promised is enough to see that it is another file.
    let part =
        copy_part(&mut entry, &mut file, bytes.saturating_add(1)).with_context(|| format!("unpacking {name}"))?;
    file.sync_all()?;
    Ok(part)
}

/// Unpacks exactly the files the rows speak of: names in the archive are looked up, never followed.
pub(super) fn unpack_files(archive: &mut Archive, data: &Path, (ids, noted): (&[String], &Files)) -> Result<Files> {
    let missing: BTreeSet<&str> = noted.missing.iter().map(String::as_str).collect();
    let mut sum = Sum::default();
    make_folder(&data.join(FILES))?;
    for part in ids.iter().flat_map(|id| file_parts(id)) {
        if missing.contains(part.to_string_lossy().as_ref()) {
            continue;
        }
        let to = data.join(FILES).join(&part);
        if let Some(folder) = to.parent() {
            make_folder(folder)?;
        }
        let name = format!("{FILES}/{}", part.display());
        let left = noted.bytes.saturating_sub(sum.bytes);
        let unpacked = unpack(archive, (&name, left), &to)?;
        sum.add(&name, &unpacked);
    }
    Ok(sum.files(noted.missing.clone()))
}

pub(super) fn write_key(path: &Path, key: &[u8]) -> Result<()> {
    use std::io::Write as _;
    let mut file = create(path)?;
    file.write_all(key)?;
    file.sync_all().context("bringing the key to the disk")
}
