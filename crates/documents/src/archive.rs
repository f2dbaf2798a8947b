//! Many documents as one ZIP, written while they come: what is already compressed is stored as it is, and one document at a time is
//! in memory.

use std::io::{self, Write};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// Writes `entries` (name, bytes) to `to`, which need not be seekable.
///
/// # Errors
/// When an entry cannot be had or the writer fails.
pub fn write_archive<W: Write>(to: W, entries: impl Iterator<Item = io::Result<(String, Vec<u8>)>>) -> io::Result<()> {
    let mut archive = ZipWriter::new_stream(to);
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for entry in entries {
        let (name, bytes) = entry?;
        archive.start_file(name, options).map_err(io::Error::other)?;
        archive.write_all(&bytes)?;
    }
    archive.finish().map_err(io::Error::other)?;
    Ok(())
}
