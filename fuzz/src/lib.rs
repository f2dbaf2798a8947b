//! The fuzz target of the pack compiler: any bytes become a set of packs, which must be read without a panic, to findings
//! that can be shown, in bounded time and memory.
//!
//! Most inputs are edits of packs that ship, so that they reach behind the YAML reader; the first byte chooses. Left out: who
//! makes the bytes (libFuzzer, `main`, or the tests of the compiler, which include this very file).

use ganglion_pack::{MAX_FINDINGS, PackSource, compile};
use std::collections::BTreeMap;
use std::path::Path;

/// Edits in one input.
const EDITS_MAX: usize = 8;
/// Bits of the language that an edit may put in, so that it goes deeper than the first bracket.
pub const BITS: [&str; 28] = [
    "{",
    "}",
    "[",
    "]",
    ":",
    "\n",
    "  ",
    "- ",
    "\"",
    "'",
    "&a ",
    "*a",
    "<<: ",
    "|",
    ">-",
    "#",
    "\t",
    "null",
    "true",
    "9999999999999999999",
    "-1",
    "case.",
    "form.",
    "row.",
    " && ",
    "(",
    "~",
    "\u{4e2d}",
];

/// Files of packs by `pack/path`.
pub type Files = BTreeMap<String, Vec<u8>>;

/// Reads every pack in a folder: what inputs are edits of.
///
/// # Errors
/// When the folder cannot be read.
pub fn base(folder: &Path) -> std::io::Result<Files> {
    let mut files = Files::new();
    for entry in std::fs::read_dir(folder)?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if !entry.path().join("pack.yaml").is_file() {
            continue;
        }
        let source = PackSource::folder(&entry.path())?;
        files
            .extend(source.files.into_iter().filter_map(|(path, bytes)| Some((format!("{name}/{path}"), bytes.ok()?))));
    }
    Ok(files)
}

/// Takes numbers and bytes off the front of an input; what is missing is 0.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn byte(&mut self) -> usize {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        usize::from(*first)
    }

    fn wide(&mut self) -> usize {
        self.byte() << 8 | self.byte()
    }

    fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        taken
    }
}

/// The packs an input stands for.
#[must_use]
pub fn packs(base: &Files, data: &[u8]) -> Files {
    let mut input = Input(data);
    let kind = input.byte();
    let mut files = base.clone();
    let yaml: Vec<String> = base.keys().filter(|path| !path.ends_with(".typ")).cloned().collect();
    let Some(path) = yaml.get(input.wide() % yaml.len().max(1)).cloned() else { return files };
    match kind % 8 {
        // A file that holds just these bytes.
        0 => {
            files.insert(path, input.0.to_vec());
        }
        // One file more.
        1 => {
            let name = path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned() + "/extra.yaml";
            files.insert(name, input.0.to_vec());
        }
        // A file that is missing.
        2 => {
            files.remove(&path);
        }
        // One file in the place of another.
        3 => {
            let other = yaml.get(input.wide() % yaml.len()).and_then(|other| base.get(other)).cloned();
            files.insert(path, other.unwrap_or_default());
        }
        _ => {
            for _ in 0..EDITS_MAX {
                if input.0.is_empty() {
                    break;
                }
                edit(&mut files, &path, &mut input);
            }
        }
    }
    files
}

/// Cuts something out of a file and puts something in.
fn edit(files: &mut Files, path: &str, input: &mut Input<'_>) {
    let Some(text) = files.get_mut(path) else { return };
    let from = (input.wide() * 7) % (text.len() + 1);
    let to = (from + input.byte() % 64).min(text.len());
    let what = input.byte();
    let put: Vec<u8> = match what % 4 {
        0 => input.take(what / 8).to_vec(),
        // The same bit over and over: depth and length.
        1 => BITS[(what / 4) % BITS.len()].repeat(input.byte() * 8).into_bytes(),
        // Another piece of the file.
        2 => {
            let at = (input.wide() * 5) % (text.len() + 1);
            text[at..(at + 160).min(text.len())].to_vec()
        }
        _ => BITS[(what / 4) % BITS.len()].as_bytes().to_vec(),
    };
    text.splice(from..to, put);
}

/// What must hold for every input.
///
/// # Panics
/// When it does not: that is what a fuzzer looks for.
pub fn check(base: &Files, data: &[u8]) {
    let files = packs(base, data);
    let mut sources: BTreeMap<&str, PackSource> = BTreeMap::new();
    for (path, bytes) in &files {
        let Some((pack, path)) = path.split_once('/') else { continue };
        let source = sources.entry(pack).or_default();
        pack.clone_into(&mut source.shown);
        source.files.insert(path.to_owned(), Ok(bytes.clone()));
    }
    let (model, findings) = compile(&sources.into_values().collect::<Vec<_>>());
    assert_eq!(model.is_some(), findings.errors() == 0, "a model exactly when there is no error");
    assert!(findings.len() <= MAX_FINDINGS, "{} findings", findings.len());
    for finding in findings {
        assert!(finding.line >= 1 && finding.column >= 1, "{}: {}", finding.code, finding.message);
        assert!(!finding.render().is_empty(), "{}", finding.code);
    }
}
