//! Documents of a batch while they wait to be fetched: one file, each document sealed under a key that only this running server
//! has. After a restart nobody can read it, and it is removed; what was issued stays issued and can be printed again.

use ganglion_kernel::seal::Key;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};

/// Largest sealed document that is read back: more is a damaged file.
const ENTRY_BYTES_MAX: u32 = 64 * 1024 * 1024;

/// The writing side.
pub struct Spool {
    path: PathBuf,
    file: File,
    key: Key,
    entries: u64,
    bytes: u64,
}

fn cipher(key: &Key) -> io::Result<LessSafeKey> {
    let key = UnboundKey::new(&AES_256_GCM, key).map_err(|_| io::Error::other("the key cannot be used"))?;
    Ok(LessSafeKey::new(key))
}

/// Every entry has a nonce of its own: its place in the file, under a key used for one file only.
fn nonce(entry: u64) -> Nonce {
    let mut bytes = [0; 12];
    bytes[4..].copy_from_slice(&entry.to_be_bytes());
    Nonce::assume_unique_for_key(bytes)
}

impl Spool {
    /// A new, empty file.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn create(path: PathBuf, key: Key) -> io::Result<Spool> {
        let file = File::create(&path)?;
        Ok(Spool { path, file, key, entries: 0, bytes: 0 })
    }

    /// Appends one document.
    ///
    /// # Errors
    /// When the disk is full or fails.
    pub fn push(&mut self, name: &str, document: &[u8]) -> io::Result<()> {
        let name_bytes = u16::try_from(name.len()).map_err(io::Error::other)?;
        let mut entry = name_bytes.to_be_bytes().to_vec();
        entry.extend(name.as_bytes());
        entry.extend(document);
        let sealed = cipher(&self.key)?.seal_in_place_append_tag(nonce(self.entries), Aad::empty(), &mut entry);
        sealed.map_err(|_| io::Error::other("a document could not be sealed"))?;
        let length = u32::try_from(entry.len()).map_err(io::Error::other)?;
        self.file.write_all(&length.to_be_bytes())?;
        self.file.write_all(&entry)?;
        self.entries += 1;
        self.bytes += u64::from(length);
        Ok(())
    }

    /// Bytes on disk.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Reads from the beginning as many documents as are in it now.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn read(&self) -> io::Result<Reading> {
        Reading::open(&self.path, self.key, self.entries)
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        // What stays behind cannot be read by anybody and is removed at the next start.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// The reading side.
pub struct Reading {
    file: BufReader<File>,
    key: Key,
    next: u64,
    end: u64,
}

impl Reading {
    fn open(path: &Path, key: Key, end: u64) -> io::Result<Reading> {
        Ok(Reading { file: BufReader::new(File::open(path)?), key, next: 0, end })
    }

    fn entry(&mut self) -> io::Result<(String, Vec<u8>)> {
        let mut length = [0; 4];
        self.file.read_exact(&mut length)?;
        let length = u32::from_be_bytes(length);
        if length > ENTRY_BYTES_MAX {
            return Err(io::Error::other("the file of a batch is damaged"));
        }
        let mut sealed = vec![0; length as usize];
        self.file.read_exact(&mut sealed)?;
        let damaged = || io::Error::other("the file of a batch is damaged");
        let clear = cipher(&self.key)?.open_in_place(nonce(self.next), Aad::empty(), &mut sealed);
        let clear = clear.map_err(|_| damaged())?;
        let (name_bytes, rest) = clear.split_first_chunk::<2>().ok_or_else(damaged)?;
        let (name, document) =
            rest.split_at_checked(usize::from(u16::from_be_bytes(*name_bytes))).ok_or_else(damaged)?;
        Ok((String::from_utf8_lossy(name).into_owned(), document.to_vec()))
    }
}

impl Iterator for Reading {
    type Item = io::Result<(String, Vec<u8>)>;

    fn next(&mut self) -> Option<io::Result<(String, Vec<u8>)>> {
        if self.next >= self.end {
            return None;
        }
        let entry = self.entry();
        self.next = if entry.is_ok() { self.next + 1 } else { self.end };
        Some(entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_come_back_in_order_and_stand_in_clear_nowhere() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("one");
        let mut spool = Spool::create(path.clone(), [7; 32]).unwrap();
        for n in 0..3 {
            spool.push(&format!("{n}.pdf"), format!("the name of person {n}").as_bytes()).unwrap();
        }
        let on_disk = std::fs::read(&path).unwrap();
        assert!(!on_disk.windows(6).any(|part| part == b"person"));
        let read: Vec<(String, Vec<u8>)> = spool.read().unwrap().collect::<io::Result<_>>().unwrap();
        assert_eq!(read.len(), 3);
        assert_eq!(read[2], ("2.pdf".to_owned(), b"the name of person 2".to_vec()));
        let other = Reading::open(&path, [8; 32], 3).unwrap().collect::<io::Result<Vec<_>>>();
        assert!(other.is_err(), "another key reads nothing");
        drop(spool);
        assert!(!path.exists());
    }
}
