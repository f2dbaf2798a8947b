//! One file of the bundle: lines of CSV as they come, counted and hashed, with what its columns mean.

use super::{Making, OpenDataError};
use crate::staff::export::cell;
use ganglion_model::Text;
use ring::digest::{Context, SHA256};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

/// Marks UTF-8 for spreadsheets that would guess otherwise.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// What a file holds.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// Name of the file.
    pub file: String,
    /// What it is called.
    pub title: Text,
    /// What it holds, in a sentence.
    pub about: Text,
    /// Its columns: name, and what it is called.
    pub columns: Vec<(String, Text)>,
    /// Lines below the first.
    pub rows: u64,
    /// Bytes.
    pub bytes: u64,
    /// SHA-256, hex.
    pub digest: String,
}

/// Counts and hashes what is written.
struct Counted {
    file: BufWriter<File>,
    hash: Context,
    bytes: u64,
}

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

/// A file that is being written.
pub struct Table {
    path: PathBuf,
    set: Dataset,
    writer: csv::Writer<Counted>,
}

impl Table {
    /// A file with its first line.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn new(
        making: &Making<'_>,
        file: &str,
        (title, about): (Text, Text),
        columns: Vec<(String, Text)>,
    ) -> Result<Table, OpenDataError> {
        let path = making.out.join(file);
        let failed = |error: &std::io::Error| OpenDataError::File { path: path.clone(), reason: error.to_string() };
        let opened = File::create(&path).map_err(|error| failed(&error))?;
        let mut counted = Counted { file: BufWriter::new(opened), hash: Context::new(&SHA256), bytes: 0 };
        counted.write_all(BYTE_ORDER_MARK).map_err(|error| failed(&error))?;
        let set = Dataset { file: file.to_owned(), title, about, columns, rows: 0, bytes: 0, digest: String::new() };
        let head: Vec<String> = set.columns.iter().map(|(name, _)| name.clone()).collect();
        let mut table = Table { path, set, writer: csv::Writer::from_writer(counted) };
        table.line(&head)?;
        table.set.rows = 0;
        Ok(table)
    }

    fn failed(&self, error: &dyn std::fmt::Display) -> OpenDataError {
        OpenDataError::File { path: self.path.clone(), reason: error.to_string() }
    }

    /// Adds a line; nothing in it is run by a spreadsheet.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn line(&mut self, cells: &[String]) -> Result<(), OpenDataError> {
        let written = self.writer.write_record(cells.iter().map(|text| cell(text)));
        written.map_err(|error| self.failed(&error))?;
        self.set.rows += 1;
        Ok(())
    }

    /// The finished file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(self) -> Result<Dataset, OpenDataError> {
        let Table { path, mut set, writer } = self;
        let failed = |reason: String| OpenDataError::File { path: path.clone(), reason };
        let mut counted = writer.into_inner().map_err(|error| failed(error.to_string()))?;
        counted.flush().map_err(|error| failed(error.to_string()))?;
        set.bytes = counted.bytes;
        set.digest = crate::sign::hex(counted.hash.finish().as_ref());
        Ok(set)
    }
}

/// A text of ours in both languages.
pub fn both(making: &Making<'_>, key: &str) -> Text {
    Text::new(making.zh.t(key), making.en.t(key))
}

/// Columns whose names are `<about>-<name>` among our texts.
pub fn columns(making: &Making<'_>, about: &str, names: &[&str]) -> Vec<(String, Text)> {
    let title = |name: &str| both(making, &format!("open-data-{about}-{}", name.replace('_', "-")));
    names.iter().map(|name| ((*name).to_owned(), title(name))).collect()
}
