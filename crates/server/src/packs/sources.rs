//! Sources of packs as files in memory: from folders, uploads and the store.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ganglion_pack::{Files as _, Folder, MAX_FILES, PackSource};
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

/// Bytes of all files of one pack.
pub const PACK_BYTES_MAX: usize = 16 << 20;
/// What begins each file in a pasted text.
const FILE_MARK: &str = "# file: ";

/// One file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Content {
    /// Text.
    Text(String),
    /// Anything else.
    Bytes {
        /// In base 64.
        base64: String,
    },
}

impl Content {
    /// From bytes: text if they are.
    #[must_use]
    pub fn of(bytes: Vec<u8>) -> Content {
        match String::from_utf8(bytes) {
            Ok(text) => Content::Text(text),
            Err(error) => Content::Bytes { base64: STANDARD.encode(error.as_bytes()) },
        }
    }

    fn bytes(&self) -> Vec<u8> {
        match self {
            Content::Text(text) => text.clone().into_bytes(),
            // What cannot be read back becomes an empty file, which the compiler reports.
            Content::Bytes { base64 } => STANDARD.decode(base64).unwrap_or_default(),
        }
    }

    fn len(&self) -> usize {
        match self {
            Content::Text(text) => text.len(),
            Content::Bytes { base64 } => base64.len(),
        }
    }
}

/// Files of one pack by path below its folder.
pub type PackFiles = BTreeMap<String, Content>;

/// Why files are no pack.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SourcesError {
    /// No `pack.yaml` with a name in it.
    #[error("there is no pack.yaml with a line `pack: name`")]
    NoName,
    /// Too many or too large.
    #[error("a pack has at most {MAX_FILES} files and 16 MiB")]
    TooLarge,
    /// A path that leads elsewhere.
    #[error("`{0}` is no path inside a pack")]
    Path(String),
    /// The folder cannot be read.
    #[error("{0}")]
    Folder(String),
}

/// Packs by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources(pub BTreeMap<String, PackFiles>);

impl Sources {
    /// For the compiler; findings name files as `pack/path`.
    #[must_use]
    pub fn packs(&self) -> Vec<PackSource> {
        let of = |(name, files): (&String, &PackFiles)| {
            let bytes: BTreeMap<String, Vec<u8>> =
                files.iter().map(|(path, content)| (path.clone(), content.bytes())).collect();
            // Files in memory can always be listed.
            PackSource::load(name, &bytes).unwrap_or_default()
        };
        self.0.iter().map(of).collect()
    }
}

/// SHA-256 over the content, hex, with the text it is over: what is stored.
#[must_use]
pub fn sealed(files: &PackFiles) -> (String, String) {
    let body = serde_json::to_string(files).unwrap_or_default();
    let mut hex = String::with_capacity(64);
    for byte in digest(&SHA256, body.as_bytes()).as_ref() {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    (hex, body)
}

/// Checks paths and sizes and finds the name in `pack.yaml`. A folder that all paths share is taken off.
///
/// # Errors
/// See [`SourcesError`].
pub fn named(files: PackFiles) -> Result<(String, PackFiles), SourcesError> {
    if files.len() > MAX_FILES || files.values().map(Content::len).sum::<usize>() > PACK_BYTES_MAX {
        return Err(SourcesError::TooLarge);
    }
    let is_bad = |path: &&String| {
        path.starts_with('/')
            || path.contains('\\')
            || path.split('/').any(|part| part.is_empty() || part == "..")
            || path.chars().any(char::is_control)
            || path.len() > 200
    };
    if let Some(path) = files.keys().find(is_bad) {
        return Err(SourcesError::Path(path.chars().take(80).collect()));
    }
    let files = without_folder(files);
    let Some(Content::Text(header)) = files.get("pack.yaml") else { return Err(SourcesError::NoName) };
    let line = header.lines().find_map(|line| line.strip_prefix("pack:"));
    let name = line.map(|name| name.split('#').next().unwrap_or_default().trim().trim_matches(['"', '\'']));
    let fits = |name: &&str| {
        !name.is_empty()
            && name.len() <= 60
            && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    let name = name.filter(fits).ok_or(SourcesError::NoName)?.to_owned();
    Ok((name, files))
}

/// Takes off the folder in which `pack.yaml` lies, and leaves out what lies elsewhere and hidden files.
fn without_folder(files: PackFiles) -> PackFiles {
    let header = files.keys().filter(|path| *path == "pack.yaml" || path.ends_with("/pack.yaml"));
    let above = header.min_by_key(|path| path.len()).map(|path| path.trim_end_matches("pack.yaml").to_owned());
    let above = above.unwrap_or_default();
    files
        .into_iter()
        .filter_map(|(path, content)| Some((path.strip_prefix(&above)?.to_owned(), content)))
        .filter(|(path, _)| !path.split('/').any(|part| part.starts_with('.')))
        .collect()
}

/// Reads a pack folder.
///
/// # Errors
/// When it cannot be read, or is no pack.
pub fn from_folder(dir: &Path) -> Result<(String, PackFiles), SourcesError> {
    let failed = |error: std::io::Error| SourcesError::Folder(format!("{}: {error}", dir.display()));
    let folder = Folder(dir.to_owned());
    let mut files = PackFiles::new();
    for path in folder.paths().map_err(failed)? {
        files.insert(path.clone(), Content::of(folder.read(&path).map_err(failed)?));
    }
    named(files)
}

/// Reads files pasted into one text, each begun by a line `# file: path`. A text without such lines is `pack.yaml`.
#[must_use]
pub fn from_pasted(text: &str) -> PackFiles {
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    let mut path = "pack.yaml".to_owned();
    for line in text.lines() {
        if let Some(next) = line.strip_prefix(FILE_MARK) {
            next.trim().clone_into(&mut path);
            continue;
        }
        if let (true, None) = (line.trim().is_empty(), files.get(&path)) {
            continue;
        }
        let file = files.entry(path.clone()).or_default();
        file.push_str(line.trim_end_matches('\r'));
        file.push('\n');
    }
    files.into_iter().map(|(path, text)| (path, Content::Text(text))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Content {
        Content::Text(text.to_owned())
    }

    #[test]
    fn a_shared_folder_and_hidden_files_are_taken_off() {
        let files = PackFiles::from([
            ("flood/pack.yaml".to_owned(), text("pack: flood # name\n")),
            ("flood/processes/a.yaml".to_owned(), text("x")),
            ("flood/.git/config".to_owned(), text("x")),
            ("other.txt".to_owned(), text("x")),
        ]);
        let (name, files) = named(files).unwrap();
        assert_eq!(name, "flood");
        assert_eq!(files.keys().collect::<Vec<_>>(), ["pack.yaml", "processes/a.yaml"]);
    }

    #[test]
    fn paths_that_lead_elsewhere_and_packs_without_a_name_are_refused() {
        for path in ["/etc/passwd", "../pack.yaml", "a//b", "a\\b", "a\n"] {
            let files = PackFiles::from([(path.to_owned(), text("pack: x"))]);
            assert!(matches!(named(files), Err(SourcesError::Path(_))), "{path}");
        }
        for header in ["", "pack: Bad Name", "title: x"] {
            let files = PackFiles::from([("pack.yaml".to_owned(), text(header))]);
            assert_eq!(named(files), Err(SourcesError::NoName), "{header}");
        }
    }

    #[test]
    fn pasted_files_are_cut_at_their_marks() {
        let files = from_pasted("# file: pack.yaml\r\npack: x\r\n\n# file: processes/a.yaml\nprocess: a\n");
        assert_eq!(files["pack.yaml"], text("pack: x\n\n"));
        assert_eq!(files["processes/a.yaml"], text("process: a\n"));
        assert_eq!(from_pasted("pack: y")["pack.yaml"], text("pack: y\n"));
    }

    #[test]
    fn bytes_come_back_as_they_were() {
        let bytes = vec![0xff, 0x00, 0x01];
        assert_eq!(Content::of(bytes.clone()).bytes(), bytes);
        let files = PackFiles::from([("a".to_owned(), Content::of(bytes))]);
        let (digest, body) = sealed(&files);
        assert_eq!(digest.len(), 64);
        assert_eq!(serde_json::from_str::<PackFiles>(&body).unwrap(), files);
    }
}
