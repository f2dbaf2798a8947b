//! Reading a zip archive of pack files: stored and deflated entries, bounded in number and size whatever it claims.

use super::sources::{Content, PACK_BYTES_MAX, PackFiles};
use flate2::read::DeflateDecoder;
use ganglion_pack::{MAX_FILE_BYTES, MAX_FILES};
use std::io::Read as _;

/// Why an archive cannot be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ArchiveError {
    /// It is no zip archive, or a damaged one.
    #[error("this is no zip archive that can be read")]
    Damaged,
    /// An entry uses something rare: encryption, another method.
    #[error("`{0}` is packed in a way that is not read: pack it with plain zip")]
    Unknown(String),
    /// Too many files or bytes.
    #[error("the archive is too large: {MAX_FILES} files and 16 MiB at most")]
    TooLarge,
}

const END: [u8; 4] = *b"PK\x05\x06";
const ENTRY: [u8; 4] = *b"PK\x01\x02";
const LOCAL: [u8; 4] = *b"PK\x03\x04";
const END_BYTES: usize = 22;
const ENTRY_BYTES: usize = 46;
const LOCAL_BYTES: usize = 30;

fn small(bytes: &[u8], at: usize) -> Option<usize> {
    Some(usize::from(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?)))
}

fn large(bytes: &[u8], at: usize) -> Option<usize> {
    usize::try_from(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?)).ok()
}

/// All files of an archive by path; folders are left out.
///
/// # Errors
/// See [`ArchiveError`].
pub fn read_archive(bytes: &[u8]) -> Result<PackFiles, ArchiveError> {
    let last = bytes.len().checked_sub(END_BYTES).ok_or(ArchiveError::Damaged)?;
    // Behind the end may stand a comment of up to 64 KiB.
    let end = (last.saturating_sub(65_536)..=last).rev().find(|at| bytes[*at..].starts_with(&END));
    let end = end.ok_or(ArchiveError::Damaged)?;
    let entries = small(bytes, end + 10).ok_or(ArchiveError::Damaged)?;
    let mut at = large(bytes, end + 16).ok_or(ArchiveError::Damaged)?;
    if entries > MAX_FILES * 2 {
        return Err(ArchiveError::TooLarge);
    }
    let (mut files, mut total) = (PackFiles::new(), 0);
    for _ in 0..entries {
        let (entry, next) = Entry::read(bytes, at).ok_or(ArchiveError::Damaged)?;
        at = next;
        if entry.path.ends_with('/') {
            continue;
        }
        let content = entry.content(bytes)?;
        total += content.len();
        if total > PACK_BYTES_MAX || files.len() >= MAX_FILES {
            return Err(ArchiveError::TooLarge);
        }
        files.insert(entry.path, Content::of(content));
    }
    Ok(files)
}

struct Entry {
    path: String,
    encrypted: bool,
    method: usize,
    packed: usize,
    local: usize,
}

impl Entry {
    fn read(bytes: &[u8], at: usize) -> Option<(Entry, usize)> {
        let head = bytes.get(at..at.checked_add(ENTRY_BYTES)?)?;
        if !head.starts_with(&ENTRY) {
            return None;
        }
        let (name, extra, comment) = (small(head, 28)?, small(head, 30)?, small(head, 32)?);
        let path = bytes.get(at + ENTRY_BYTES..at + ENTRY_BYTES + name)?;
        let entry = Entry {
            path: String::from_utf8_lossy(path).into_owned(),
            encrypted: small(head, 8)? & 1 == 1,
            method: small(head, 10)?,
            packed: large(head, 20)?,
            local: large(head, 42)?,
        };
        Some((entry, at + ENTRY_BYTES + name + extra + comment))
    }

    fn content(&self, bytes: &[u8]) -> Result<Vec<u8>, ArchiveError> {
        if self.encrypted || ![0, 8].contains(&self.method) {
            return Err(ArchiveError::Unknown(self.path.chars().take(80).collect()));
        }
        let packed = self.packed(bytes).ok_or(ArchiveError::Damaged)?;
        if self.method == 0 {
            return if packed.len() as u64 > MAX_FILE_BYTES {
                Err(ArchiveError::TooLarge)
            } else {
                Ok(packed.to_vec())
            };
        }
        let mut content = Vec::new();
        // One byte more than may be there, so that a swelling entry is noticed without being unpacked.
        let read = DeflateDecoder::new(packed).take(MAX_FILE_BYTES + 1).read_to_end(&mut content);
        read.map_err(|_| ArchiveError::Damaged)?;
        if content.len() as u64 > MAX_FILE_BYTES { Err(ArchiveError::TooLarge) } else { Ok(content) }
    }

    fn packed<'a>(&self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        let head = bytes.get(self.local..self.local.checked_add(LOCAL_BYTES)?)?;
        if !head.starts_with(&LOCAL) {
            return None;
        }
        let from = self.local + LOCAL_BYTES + small(head, 26)? + small(head, 28)?;
        bytes.get(from..from.checked_add(self.packed)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::DeflateEncoder;
    use std::io::Write as _;

    /// An archive of deflated files, as common tools write it.
    fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
        let (mut out, mut directory) = (Vec::new(), Vec::new());
        for (path, content) in files {
            let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(content).unwrap();
            let packed = encoder.finish().unwrap();
            let local = u32::try_from(out.len()).unwrap();
            let sizes: Vec<u8> = [0, packed.len(), content.len()]
                .iter()
                .flat_map(|n| u32::try_from(*n).unwrap().to_le_bytes())
                .collect();
            let name = u16::try_from(path.len()).unwrap().to_le_bytes();
            out.extend(LOCAL);
            out.extend([20, 0, 0, 0, 8, 0, 0, 0, 0, 0]);
            out.extend(&sizes);
            out.extend(name);
            out.extend([0, 0]);
            out.extend(path.as_bytes());
            out.extend(&packed);
            directory.extend(ENTRY);
            directory.extend([20, 0, 20, 0, 0, 0, 8, 0, 0, 0, 0, 0]);
            directory.extend(&sizes);
            directory.extend(name);
            directory.extend([0; 12]);
            directory.extend(local.to_le_bytes());
            directory.extend(path.as_bytes());
        }
        let at = u32::try_from(out.len()).unwrap();
        let count = u16::try_from(files.len()).unwrap().to_le_bytes();
        out.extend(&directory);
        out.extend(END);
        out.extend([0; 4]);
        out.extend(count);
        out.extend(count);
        out.extend(u32::try_from(directory.len()).unwrap().to_le_bytes());
        out.extend(at.to_le_bytes());
        out.extend([0, 0]);
        out
    }

    #[test]
    fn files_come_out_as_they_went_in() {
        let bytes =
            archive(&[("flood/pack.yaml", b"pack: flood\n"), ("flood/data/", b""), ("flood/data/a.csv", b"a\n1\n")]);
        let files = read_archive(&bytes).unwrap();
        assert_eq!(files.len(), 2);
        assert_eq!(files["flood/data/a.csv"], Content::Text("a\n1\n".to_owned()));
    }

    #[test]
    fn what_swells_or_is_cut_is_refused() {
        let huge = vec![b'x'; usize::try_from(MAX_FILE_BYTES).unwrap() + 1];
        assert_eq!(read_archive(&archive(&[("a", &huge)])), Err(ArchiveError::TooLarge));
        let good = archive(&[("pack.yaml", b"pack: a\n"), ("b", b"bbbb")]);
        for cut in 0..good.len() {
            let _ = read_archive(&good[..cut]);
            let mut bent = good.clone();
            bent[cut] ^= 0xff;
            let _ = read_archive(&bent);
        }
        assert_eq!(read_archive(b"PK"), Err(ArchiveError::Damaged));
    }
}
