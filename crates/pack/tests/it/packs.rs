//! The packs the tests start from: `tests/base`, with edits.

use ganglion_pack::{Findings, PackSource};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Files by `pack/path`.
pub type Files = BTreeMap<String, Vec<u8>>;

/// A folder of the tests.
pub fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

/// The two packs everything starts from; they have no findings.
pub fn base() -> Files {
    let mut files = Files::new();
    for pack in ["core", "things"] {
        let source = PackSource::folder(&folder("base").join(pack)).unwrap();
        files.extend(source.files.into_iter().map(|(path, bytes)| (format!("{pack}/{path}"), bytes.unwrap())));
    }
    files
}

/// Replaces `old` (which must be there once) by `new` in one file.
pub fn edit(files: &mut Files, path: &str, old: &str, new: &str) {
    let text = String::from_utf8(files.get(path).unwrap_or_else(|| panic!("no file {path}")).clone()).unwrap();
    assert_eq!(text.matches(old).count(), 1, "{path} must have this once:\n{old}");
    files.insert(path.to_owned(), text.replace(old, new).into_bytes());
}

/// Packs by their top folder.
pub fn sources(files: &Files) -> Vec<PackSource> {
    let mut packs: BTreeMap<&str, PackSource> = BTreeMap::new();
    for (path, bytes) in files {
        let (pack, path) = path.split_once('/').expect("pack/path");
        let source = packs.entry(pack).or_default();
        source.shown = pack.to_owned();
        source.files.insert(path.to_owned(), Ok(bytes.clone()));
    }
    packs.into_values().collect()
}

/// Compiles and gives the findings; the model must be there exactly if none is an error.
pub fn findings(files: &Files) -> Findings {
    let (model, findings) = ganglion_pack::compile(&sources(files));
    assert_eq!(model.is_some(), findings.errors() == 0);
    findings
}
