//! `cargo xtask tidy`: rules of this repository that no lint knows, checked on the text of the sources.
//!
//! One file here per family of rules; each takes a text and returns findings, and never stops at the first.

mod links;
mod marks;
mod refused;
mod rust;
mod source;

use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::shell;
use crate::stamp::files_under;

/// Top-level folders that are read; everything else at the root is read as single files.
const FOLDERS: [&str; 11] =
    [".ci", ".cargo", ".config", "crates", "data", "deploy", "docs", "packs", "tests", "ui", "xtask"];

/// Something that breaks a rule.
#[derive(Debug, PartialEq, Eq)]
pub struct Finding {
    /// Path below the root of the repository.
    pub path: String,
    /// Line, counted from 1.
    pub line: usize,
    /// What is wrong and what to do about it.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}: {}", self.path, self.line, self.message)
    }
}

/// Prints every finding; fails when there is one.
pub fn run() -> Result<()> {
    let findings = findings(&shell::repository_root())?;
    for finding in &findings {
        println!("{finding}");
    }
    if !findings.is_empty() {
        bail!("{} findings", findings.len());
    }
    println!("tidy: no findings");
    Ok(())
}

/// Every finding in the repository at `root`, by path and line.
pub fn findings(root: &Path) -> Result<Vec<Finding>> {
    let packs = pack_names(root)?;
    let mut findings = Vec::new();
    for path in texts(root)? {
        let full_path = root.join(&path);
        // Pictures and databases are no text, and no rule here is about them.
        let Ok(text) = String::from_utf8(fs::read(&full_path).with_context(|| format!("reading {path}"))?) else {
            continue;
        };
        let mut add = |line: usize, message: String| findings.push(Finding { path: path.clone(), line, message });
        marks::check(&path, &text, &mut add);
        refused::check(&path, &text, &mut add);
        if Path::new(&path).extension().is_some_and(|end| end == "rs") {
            rust::check(&path, &text, &packs, &mut add);
        }
        if Path::new(&path).extension().is_some_and(|end| end == "md") {
            links::check(root, &path, &text, &mut add);
        }
    }
    findings.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
    Ok(findings)
}

/// The names of the packs: the folders of `packs/`, sorted.
pub fn pack_names(root: &Path) -> Result<Vec<String>> {
    let Ok(entries) = fs::read_dir(root.join("packs")) else {
        return Ok(Vec::new());
    };
    let mut names = Vec::new();
    for entry in entries {
        let path = entry.context("listing packs/")?.path();
        if path.join("pack.yaml").is_file() {
            names.extend(path.file_name().map(|name| name.to_string_lossy().into_owned()));
        }
    }
    names.sort();
    Ok(names)
}

/// Paths of all files that are ours, below `root`.
fn texts(root: &Path) -> Result<Vec<String>> {
    let mut paths = Vec::new();
    for folder in FOLDERS {
        paths.extend(files_under(&root.join(folder))?);
    }
    for entry in fs::read_dir(root).context("listing the root of the repository")? {
        let path = entry.context("listing the root of the repository")?.path();
        if path.is_file() {
            paths.push(path);
        }
    }
    let below = |path: &Path| path.strip_prefix(root).ok().map(|path| path.to_string_lossy().into_owned());
    Ok(paths.iter().filter_map(|path| below(path)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_repository_is_tidy() {
        let findings = findings(&shell::repository_root()).unwrap();
        let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
        assert!(lines.is_empty(), "{}", lines.join("\n"));
    }

    #[test]
    fn findings_come_from_every_family_with_path_and_line() {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("crates/model/src");
        fs::create_dir_all(&source).unwrap();
        fs::write(source.join("lib.rs"), "//! Head.\nfn a() { b().unwrap(); }\n").unwrap();
        fs::write(folder.path().join("README.md"), "[map](gone.md)\n").unwrap();
        let lines: Vec<String> = findings(folder.path()).unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines[0].starts_with("README.md:1: "), "{lines:?}");
        assert!(lines[1].starts_with("crates/model/src/lib.rs:2: "), "{lines:?}");
    }
}
