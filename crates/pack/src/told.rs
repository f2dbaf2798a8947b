//! What each key and type of the language is for: a sentence in Chinese, one in English, a small example. They stand as
//! tables in `told/*.md`, by the kind of mapping the reader names; `*` stands for every kind.
//!
//! Which keys there are is known to the readers alone. A test compares the two, so a key without a sentence and a sentence
//! without a key are noticed.

use std::collections::BTreeMap;
use std::sync::LazyLock;

const TABLES: [&str; 3] =
    [include_str!("told/header.md"), include_str!("told/process.md"), include_str!("told/figures.md")];
/// Stands for every kind.
const ANY: &str = "*";
/// Under this heading stand the types of fields.
pub const TYPES: &str = "types";

/// What is said about one key.
pub struct Told {
    /// In Chinese.
    pub zh: &'static str,
    /// In English.
    pub en: &'static str,
    /// A small example.
    pub example: &'static str,
}

/// All sentences, by kind and key.
pub struct Sentences(BTreeMap<&'static str, BTreeMap<&'static str, Told>>);

impl Sentences {
    /// The tables that are built in, read once.
    pub fn built_in() -> &'static Sentences {
        static READ: LazyLock<Sentences> = LazyLock::new(Sentences::read);
        &READ
    }

    fn read() -> Sentences {
        let mut kinds: BTreeMap<&'static str, BTreeMap<&'static str, Told>> = BTreeMap::new();
        for table in TABLES {
            let mut kind = "";
            for line in table.lines() {
                kind = line.strip_prefix("## ").unwrap_or(kind);
                let cells: Vec<&'static str> = line.trim_matches('|').split('|').map(str::trim).collect();
                if let &[key, zh, en, example] = cells.as_slice()
                    && key.starts_with('`')
                {
                    let told = Told { zh, en, example: example.trim_matches('`') };
                    kinds.entry(kind).or_default().insert(key.trim_matches('`'), told);
                }
            }
        }
        Sentences(kinds)
    }

    /// What is said of `key` in mappings called `kind`: there, of fields in general, or of every kind.
    pub fn of(&self, kind: &str, key: &str) -> Option<&Told> {
        self.found(kind, key).map(|(_, told)| told)
    }

    /// The same with the heading it stands under.
    fn found(&self, kind: &str, key: &str) -> Option<(&'static str, &Told)> {
        let general = if kind.starts_with(OF_TYPE) { FIELD } else { kind };
        [kind, general, ANY].into_iter().find_map(|kind| {
            let (heading, keys) = self.0.get_key_value(kind)?;
            Some((*heading, keys.get(key)?))
        })
    }
}

/// The kind of mappings whose keys depend on `type`.
pub const FIELD: &str = "a field";
/// How their kinds begin, one for each type.
pub const OF_TYPE: &str = "a field of type ";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::gather;
    use crate::source::PackSource;
    use crate::{kind, specimen};
    use std::collections::BTreeSet;
    use std::path::{Path, PathBuf};

    /// The specimen, packs that ship and packs of other tests: together they use the whole language.
    fn samples() -> Vec<PackSource> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let under = ["../../packs", "../cli/tests/packs"].map(|folder| root.join(folder));
        let entries = under.iter().flat_map(|folder| std::fs::read_dir(folder).unwrap());
        let mut dirs: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        dirs.retain(|dir| dir.join("pack.yaml").is_file());
        dirs.sort();
        let mut packs = specimen::packs();
        packs.extend(dirs.iter().map(|dir| PackSource::folder(dir).unwrap()));
        packs
    }

    #[test]
    fn every_key_has_a_sentence_and_every_sentence_a_key() {
        let told = Sentences::read();
        let mut idle: BTreeSet<(&str, &str)> =
            told.0.iter().flat_map(|(kind, keys)| keys.keys().map(move |key| (*kind, *key))).collect();
        let mut missing = Vec::new();
        let shapes = gather(&samples());
        let keys = shapes.kinds.iter().flat_map(|(name, kind)| kind.known.iter().map(move |key| (name, key)));
        let types = TYPES.to_owned();
        let names: Vec<String> = kind::TYPES.iter().map(|one| one.0.to_owned()).collect();
        for (name, key) in keys.chain(names.iter().map(|name| (&types, name))) {
            match told.found(name, key) {
                None => missing.push(format!("{name}: {key}")),
                Some((heading, _)) => idle.retain(|(kind, one)| *kind != heading || one != key),
            }
        }
        assert!(missing.is_empty(), "write a line in crates/pack/src/told/*.md for: {missing:#?}");
        assert!(
            idle.is_empty(),
            "no reader knows these keys (remove the line, or use the key in a test pack): {idle:#?}"
        );
    }

    #[test]
    fn every_sentence_is_one_in_both_languages_with_an_example() {
        for (kind, keys) in Sentences::read().0 {
            for (key, told) in keys {
                let chinese = |text: &str| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c) && c != '万');
                assert!(chinese(told.zh) && told.zh.ends_with('。'), "{kind}: {key}: {}", told.zh);
                assert!(!chinese(told.en), "{kind}: {key}: {}", told.en);
                assert!(told.en.ends_with('.'), "{kind}: {key}: {}", told.en);
                let shows = told.example.contains(key) || kind == TYPES;
                assert!(shows, "{kind}: {key}: the example does not show the key: {}", told.example);
            }
        }
    }
}
