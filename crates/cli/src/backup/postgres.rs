//! Backups of an installation whose database is a PostgreSQL: the same archive, with the rows of each table, as `COPY` writes them, in
//! the place of a file of SQLite. They are of one moment, and are brought back into an empty database in one transaction.

use super::make::{Archive, Backup, Held, Scratch, complete, free, keys, options};
use super::restore::{self, Restoring};
use super::{FORMAT_POSTGRES, Manifest, Part, Sum, WITNESSES, copy_part, create, hex};
use anyhow::{Context as _, Result, ensure};
use ganglion_store::PgStore;
use ganglion_store::dump::{Sink, Source, bring_back, dump};
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::{BufReader, BufWriter, Error, Read, Write as _};
use zip::{CompressionMethod, ZipArchive, ZipWriter};

/// Name of a table's rows in the archive.
fn entry(table: &str) -> String {
    format!("postgres/{table}.copy")
}

/// Makes a backup and notes it in the installation's folder; servers go on meanwhile.
///
/// # Errors
/// When something stands in the way of the archive, the database or the folder cannot be read, a journal does not give its Merkle root,
/// or the disk is full; there is then no archive.
pub async fn make(asked: &Backup<'_>, from: &PgStore) -> Result<Manifest> {
    free(asked.to)?;
    let keys = keys(asked)?;
    let partial = Scratch::beside(asked.to, ".partial");
    let archive = ZipWriter::new(BufWriter::new(create(&partial.0)?));
    let mut tables = Tables { archive, open: None, sum: Sum::default() };
    let dumped = dump(from, &mut tables).await?;
    tables.close();
    let Tables { archive, sum, .. } = tables;
    let database = Part { bytes: sum.bytes, sha256: hex(&sum.hash.finalize()) };
    let held = Held { format: FORMAT_POSTGRES, database, contents: dumped.contents, files: dumped.files };
    complete(asked, (archive, &partial.0), keys, held)
}

/// Tables on their way into the archive.
struct Tables {
    archive: Archive,
    /// The one that is written, its bytes so far and their digest.
    open: Option<(String, u64, Sha256)>,
    sum: Sum,
}

impl Tables {
    fn close(&mut self) {
        if let Some((name, bytes, hash)) = self.open.take() {
            self.sum.add(&name, &Part { bytes, sha256: hex(&hash.finalize()) });
        }
    }
}

impl Sink for Tables {
    fn table(&mut self, name: &'static str) -> std::io::Result<()> {
        self.close();
        let name = entry(name);
        self.archive.start_file(name.as_str(), options(CompressionMethod::Deflated)).map_err(Error::other)?;
        self.open = Some((name, 0, Sha256::new()));
        Ok(())
    }

    fn rows(&mut self, lines: &[u8]) -> std::io::Result<()> {
        self.archive.write_all(lines)?;
        if let Some((_, bytes, hash)) = &mut self.open {
            *bytes += lines.len() as u64;
            hash.update(lines);
        }
        Ok(())
    }
}

/// Restores into an empty database and a folder without an installation, and proves; gives the manifest everything was compared with.
/// Words that are searched are made anew afterwards.
///
/// # Errors
/// As for SQLite, and when the database is not empty. Nothing of it is then kept.
pub async fn restore(asked: &Restoring<'_>, into: &PgStore) -> Result<Manifest> {
    restore::expect_nothing(asked.data)?;
    let restored = proven(asked, into).await;
    if restored.is_err() {
        restore::forget(asked.data);
    }
    restored
}

async fn proven(asked: &Restoring<'_>, into: &PgStore) -> Result<Manifest> {
    let file = File::open(asked.from).with_context(|| format!("reading {}", asked.from.display()))?;
    let mut archive = ZipArchive::new(BufReader::new(file)).context("this is no backup, or it is damaged")?;
    let manifest = restore::manifest(&mut archive)?;
    ensure!(
        manifest.format == FORMAT_POSTGRES,
        "this backup holds a SQLite database: restore it without --database, then use `ganglion move`"
    );
    let keys = restore::keys(&mut archive, &manifest, asked.keys)?;
    ensure!(
        database(&mut archive, &manifest)? == manifest.database,
        "the rows in the archive are damaged: their digest is not the one noted"
    );
    restore::make_folder(asked.data)?;
    let ids = file_ids(&mut archive)?;
    let files = restore::unpack_files(&mut archive, asked.data, (&ids, &manifest.files))?;
    ensure!(files == manifest.files, "the files in the archive are not those of the manifest");
    if let Some(noted) = &manifest.witnesses {
        let unpacked = restore::unpack(&mut archive, (WITNESSES, noted.bytes), &asked.data.join(WITNESSES))?;
        ensure!(unpacked == *noted, "{WITNESSES} in the archive is damaged");
    }
    for (name, key) in keys {
        restore::write_key(&asked.data.join(name), &key)?;
    }
    super::sync_folder(asked.data)?;
    bring_back(into, &mut Entries(archive), &manifest.contents).await?;
    Ok(manifest)
}

/// What the rows of all tables come to.
fn database(archive: &mut restore::Archive, manifest: &Manifest) -> Result<Part> {
    let mut sum = Sum::default();
    for table in &manifest.contents.tables {
        let name = entry(&table.table);
        let mut rows = archive.by_name(&name).with_context(|| format!("{name} is not in the archive"))?;
        let part = copy_part(&mut rows, &mut std::io::sink(), u64::MAX).with_context(|| format!("reading {name}"))?;
        sum.add(&name, &part);
    }
    Ok(Part { bytes: sum.bytes, sha256: hex(&sum.hash.finalize()) })
}

/// Ids of the files the rows speak of, in order: the first column of their table, which holds nothing that would be escaped.
fn file_ids(archive: &mut restore::Archive) -> Result<Vec<String>> {
    let mut rows = String::new();
    archive.by_name(&entry("file"))?.read_to_string(&mut rows).context("reading which files belong to it")?;
    let mut ids: Vec<String> = rows.lines().filter_map(|row| row.split('\t').next()).map(str::to_owned).collect();
    ids.sort_unstable();
    Ok(ids)
}

/// Tables on their way out of the archive.
struct Entries(restore::Archive);

impl Source for Entries {
    fn table<'a>(&'a mut self, name: &'static str) -> std::io::Result<Box<dyn Read + 'a>> {
        let rows = self.0.by_name(&entry(name)).map_err(Error::other)?;
        Ok(Box::new(rows))
    }
}
