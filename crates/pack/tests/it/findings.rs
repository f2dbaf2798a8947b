//! Runs `tests/findings/*.md`: every section edits the base packs and names all findings that follow.

use crate::packs::{Files, base, edit, findings, folder};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// A section: the packs with its edits, and the findings it expects.
pub struct Section {
    name: String,
    pub files: Files,
    expected: Vec<String>,
}

/// Blocks of a section: language, argument, text.
fn blocks(text: &str) -> Vec<(String, String, String)> {
    let mut blocks = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(head) = line.strip_prefix("```") else { continue };
        let (kind, path) = head.split_once(' ').unwrap_or((head, ""));
        let body: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        blocks.push((kind.to_owned(), path.to_owned(), body.join("\n") + "\n"));
    }
    blocks
}

fn section(file: &str, text: &str) -> Section {
    let name = format!("{file}: {}", text.lines().next().unwrap_or_default());
    let mut section = Section { name, files: base(), expected: Vec::new() };
    for (kind, path, body) in blocks(text) {
        match kind.as_str() {
            "edit" => {
                let side = |sign: &str| -> String {
                    body.lines()
                        .filter_map(|line| {
                            Some(format!("{}\n", line.strip_prefix(sign)?.strip_prefix(' ').unwrap_or("")))
                        })
                        .collect()
                };
                edit(&mut section.files, &path, &side("-"), &side("+"));
            }
            "remove" => assert!(section.files.remove(&path).is_some(), "{}: no file {path}", section.name),
            "finds" => section.expected.extend(body.lines().filter(|line| !line.is_empty()).map(str::to_owned)),
            _ => {
                section.files.insert(path, body.into_bytes());
            }
        }
    }
    section
}

/// All sections of all pages.
pub fn sections() -> Vec<Section> {
    let mut pages: Vec<_> = std::fs::read_dir(folder("findings")).unwrap().map(|entry| entry.unwrap().path()).collect();
    pages.sort();
    let mut all = Vec::new();
    for page in pages {
        let text = std::fs::read_to_string(&page).unwrap();
        let name = page.file_stem().unwrap().to_string_lossy().into_owned();
        all.extend(text.split("\n## ").skip(1).map(|text| section(&name, text)));
    }
    all
}

/// `file:line:column severity code: part of the message`, where the part may be left out.
fn fits(expected: &str, found: &str) -> bool {
    match expected.split_once(": ") {
        Some((head, part)) => {
            found.split_once(": ").is_some_and(|(found_head, message)| head == found_head && message.contains(part))
        }
        None => found.starts_with(&format!("{expected}: ")),
    }
}

#[test]
fn the_base_packs_have_no_findings() {
    let found = findings(&base());
    assert!(found.is_empty(), "{found}");
}

#[test]
fn every_section_finds_exactly_what_it_says() {
    let mut report = String::new();
    for section in sections() {
        let found = findings(&section.files);
        let lines: Vec<String> = found
            .iter()
            .map(|one| {
                let severity = serde_json::to_value(one.severity).unwrap();
                let remedy = one.remedy.as_ref().map(|remedy| format!(" → {remedy}")).unwrap_or_default();
                let severity = severity.as_str().unwrap().to_owned();
                format!("{}:{}:{} {severity} {}: {}{remedy}", one.file, one.line, one.column, one.code, one.message)
            })
            .collect();
        let same = lines.len() == section.expected.len()
            && section.expected.iter().zip(&lines).all(|(expected, found)| fits(expected, found));
        if !same {
            writeln!(
                report,
                "## {}\nexpected:\n{}\nfound:\n{}\n",
                section.name,
                section.expected.join("\n"),
                lines.join("\n")
            )
            .unwrap();
        }
    }
    assert!(report.is_empty(), "{report}");
}

/// Whether a source is a module of the crate: what is not yet one can find nothing.
pub fn is_compiled(path: &std::path::Path) -> bool {
    let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
    let above = path.parent().unwrap();
    let declared = ["lib.rs", "mod.rs"].iter().filter_map(|file| std::fs::read_to_string(above.join(file)).ok());
    ["lib", "mod"].contains(&stem.as_str()) || declared.into_iter().any(|text| text.contains(&format!("mod {stem};")))
}

/// Codes are kebab-case literals of the sources, so a new one without an example is noticed.
#[test]
fn every_code_has_an_example() {
    let mut shown: BTreeSet<String> = BTreeSet::new();
    for section in sections() {
        shown.extend(findings(&section.files).iter().map(|one| one.code.to_owned()));
    }
    let mut missing = Vec::new();
    let mut open = vec![folder("../src")];
    while let Some(folder) = open.pop() {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                open.push(path);
                continue;
            }
            if !is_compiled(&path) {
                continue;
            }
            let text = std::fs::read_to_string(path).unwrap();
            let code = |word: &&str| {
                word.contains('-')
                    && word.split('-').all(|part| {
                        !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
                    })
            };
            missing.extend(
                text.split('"')
                    .skip(1)
                    .step_by(2)
                    .filter(code)
                    .filter(|word| !shown.contains(*word))
                    .map(str::to_owned),
            );
        }
    }
    missing.sort();
    missing.dedup();
    // A file that cannot be read at all has no text to show an example with; `hostile` has it.
    missing.retain(|code| code != "unreadable-file" && code != "not-utf8");
    assert!(missing.is_empty(), "codes without an example: {missing:?}");
}
