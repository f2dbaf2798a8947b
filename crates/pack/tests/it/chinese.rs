//! Every sentence of the compiler is there in Chinese: those its sources can say, and those the pages of findings make it say.

use crate::findings::{is_compiled, sections};
use crate::packs::{findings, folder};
use ganglion_model::Lang;
use regex::Regex;
use std::collections::BTreeSet;
use std::path::Path;

/// Sources that say nothing to an author of packs.
const SILENT: &[&str] = &[
    "said.rs",
    "finding.rs",
    "reference.rs",
    "schema.rs",
    "diff.rs",
    "burden.rs",
    "trace.rs",
    "specimen.rs",
    "told.rs",
    "shape.rs",
    "sink.rs",
];
/// What is looked for in the words of other parsers.
const NO_SENTENCES: &[&str] = &[
    "Syntax error: ",
    " expecting ",
    "has() macro",
    " at line ",
    "',' or",
    "placement of ':'",
    "mapping values are not allowed",
    "expected key",
    "block mapping",
    "block collection",
    "expected ':'",
];

/// The text literals of a source, read as the compiler of Rust reads them; comments and single characters are passed over.
fn literals(source: &str) -> Vec<String> {
    let skip = r##"//[^\n]*|'(?:\\u\{[0-9a-f]+\}|\\.|[^\\'])'"##;
    let token = Regex::new(&format!(r##"(?s){skip}|"((?:[^"\\]|\\.)*)""##)).unwrap();
    let joined = Regex::new(r"\\\n\s*").unwrap();
    let found = token.captures_iter(source).filter_map(|found| found.get(1));
    found.map(|text| joined.replace_all(text.as_str(), "").replace("\\\"", "\"").replace("\\\\", "\\")).collect()
}

/// A sentence with what it is filled with left open, as it stands between the braces of `format!` or as plain text.
fn shapes(literal: &str) -> [String; 2] {
    let filled = Regex::new(r"\{\{|\}\}|\{[A-Za-z_]*\}").unwrap();
    let formatted = filled.replace_all(literal, |found: &regex::Captures<'_>| match &found[0] {
        "{{" => "{".to_owned(),
        "}}" => "}".to_owned(),
        _ => "{ $ }".to_owned(),
    });
    [formatted.into_owned(), literal.to_owned()]
}

/// The English sentences of the catalogue.
fn catalogue() -> BTreeSet<String> {
    let filled = Regex::new(r"\{ \$[a-z_]+ \}").unwrap();
    let files = std::fs::read_dir(folder("../texts/zh-CN")).unwrap().map(|file| file.unwrap().path());
    files
        .flat_map(|path| {
            let text = std::fs::read_to_string(path).unwrap();
            let english =
                text.lines().filter(|line| !line.is_empty() && !line.starts_with("# ") && !line.starts_with("= "));
            english.map(|line| filled.replace_all(line, "{ $ }").into_owned()).collect::<Vec<_>>()
        })
        .collect()
}

fn sources(folder: &Path, into: &mut Vec<(String, String)>) {
    for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            sources(&path, into);
        } else if is_compiled(&path) && !SILENT.contains(&name.as_str()) {
            let text = std::fs::read_to_string(&path).unwrap();
            let text = text.split("#[cfg(test)]").next().unwrap_or_default().to_owned();
            into.push((path.display().to_string(), text));
        }
    }
}

#[test]
fn every_sentence_of_the_sources_has_chinese() {
    let known = catalogue();
    let mut all = Vec::new();
    sources(&folder("../src"), &mut all);
    let mut missing = BTreeSet::new();
    for (path, text) in all {
        for literal in literals(&text) {
            let is_sentence = literal.trim().contains(' ') && !NO_SENTENCES.contains(&literal.as_str());
            if is_sentence && !shapes(&literal).iter().any(|shape| known.contains(shape)) {
                missing.insert(format!("{path}: {literal}"));
            }
        }
    }
    let missing: Vec<String> = missing.into_iter().collect();
    assert!(missing.is_empty(), "add these to crates/pack/texts/zh-CN:\n{}", missing.join("\n"));
}

/// English left over: two words with nothing but a blank between, outside of what is marked as code.
fn left_over(text: &str) -> Option<String> {
    let code = Regex::new("`[^`]*`|<[^>]*>|\\{[^}]*\\}+|\\([^)]*\\)").unwrap();
    let english = Regex::new("[A-Za-z]{2,} [A-Za-z]{2,}").unwrap();
    english.find(&code.replace_all(text, "·")).map(|found| found.as_str().to_owned())
}

#[test]
fn every_finding_of_the_pages_is_said_in_chinese() {
    let mut report = Vec::new();
    for section in sections() {
        for finding in findings(&section.files) {
            // Parsers of others say in English what they do not understand.
            if ["yaml", "bad-expression", "bad-pattern"].contains(&finding.code) {
                continue;
            }
            let told = finding.told(Lang::Zh);
            for (before, after) in
                [(Some(&finding.message), Some(&told.message)), (finding.remedy.as_ref(), told.remedy.as_ref())]
            {
                if let (Some(before), Some(after)) = (before, after)
                    && (left_over(after).is_some() || (before == after && before.contains(' ')))
                {
                    report.push(format!("{}: {before}\n    {after}", finding.code));
                }
            }
        }
    }
    assert!(report.is_empty(), "{}", report.join("\n"));
}

#[test]
fn a_finding_says_the_same_place_in_both_languages() {
    let first = sections().into_iter().flat_map(|section| findings(&section.files).0).next().unwrap();
    let (zh, en) = (first.render_in(Lang::Zh), first.render_in(Lang::En));
    assert_ne!(zh, en);
    assert_eq!(en, first.render());
    let place = format!("{}:{}:{}", first.file, first.line, first.column);
    assert!(zh.starts_with(&place) && zh.contains(first.code), "{zh}");
}
