//! Findings in Chinese. The English sentence is its own key: `texts/zh-CN/*.txt` hold each with its Chinese, and what
//! stands in a sentence is read back out of it, so a finding is written once, in plain words, where it is found.
//!
//! A catalogue is pairs of lines, the second beginning with `= `. `{ $name }` stands for what a sentence was filled with;
//! `{ WORDS($name) }` in the Chinese is that again put into words. Left out: what parsers of others say about YAML,
//! patterns and templates; it stays as they say it.

use ganglion_model::Lang;
use std::sync::LazyLock;

const CHINESE: [&str; 8] = [
    include_str!("../texts/zh-CN/expressions.txt"),
    include_str!("../texts/zh-CN/figures.txt"),
    include_str!("../texts/zh-CN/files.txt"),
    include_str!("../texts/zh-CN/plans.txt"),
    include_str!("../texts/zh-CN/policy.txt"),
    include_str!("../texts/zh-CN/processes.txt"),
    include_str!("../texts/zh-CN/registers.txt"),
    include_str!("../texts/zh-CN/words.txt"),
];

/// Longest sentence that is taken apart, in bytes.
const LONGEST: usize = 2000;
/// Most steps one sentence is worth against one entry: names an author chose may look like parts of any of them.
const STEPS_MAX: u32 = 20_000;
/// Deepest words in words.
const DEEPEST: u32 = 4;

/// A piece of a sentence.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    Fixed(String),
    Filled { name: String, words: bool },
}

struct Entry {
    english: Vec<Part>,
    chinese: Vec<Part>,
}

/// All entries; what says more word for word comes first.
static CATALOGUE: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    let mut all: Vec<Entry> = CHINESE.iter().flat_map(|text| entries(text)).collect();
    all.sort_by_key(|entry| std::cmp::Reverse(fixed(&entry.english)));
    all
});

/// The pairs of a catalogue.
fn entries(text: &str) -> Vec<Entry> {
    let (mut found, mut english) = (Vec::new(), None);
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with("# ")) {
        match line.strip_prefix("= ") {
            None => english = Some(line),
            Some(chinese) => {
                found.extend(english.take().map(|english| Entry { english: parts(english), chinese: parts(chinese) }))
            }
        }
    }
    found
}

fn fixed(parts: &[Part]) -> usize {
    parts.iter().map(|part| if let Part::Fixed(text) = part { text.len() } else { 0 }).sum()
}

fn parts(text: &str) -> Vec<Part> {
    let (mut parts, mut plain, mut rest) = (Vec::new(), String::new(), text);
    while let Some(at) = rest.find("{ ") {
        let (before, from) = rest.split_at(at);
        plain.push_str(before);
        if let Some((part, after)) = filled(from) {
            if !plain.is_empty() {
                parts.push(Part::Fixed(std::mem::take(&mut plain)));
            }
            parts.push(part);
            rest = after;
        } else {
            plain.push('{');
            rest = from.strip_prefix('{').unwrap_or_default();
        }
    }
    plain.push_str(rest);
    if !plain.is_empty() {
        parts.push(Part::Fixed(plain));
    }
    parts
}

/// The placeholder `text` begins with, and what follows it.
fn filled(text: &str) -> Option<(Part, &str)> {
    let (inside, after) = text.strip_prefix("{ ")?.split_once(" }")?;
    let words = inside.strip_prefix("WORDS(").and_then(|inside| inside.strip_suffix(')'));
    let name = words.unwrap_or(inside).strip_prefix('$')?;
    let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    is_name.then(|| (Part::Filled { name: name.to_owned(), words: words.is_some() }, after))
}

/// What a sentence was filled with, by the names of an entry.
#[derive(Default)]
struct Fit<'a> {
    got: Vec<(&'a str, &'a str)>,
    steps: u32,
}

impl<'a> Fit<'a> {
    fn fits(&mut self, parts: &'a [Part], text: &'a str) -> bool {
        self.steps += 1;
        let Some((part, rest)) = parts.split_first() else { return text.is_empty() };
        match part {
            Part::Fixed(plain) => text.strip_prefix(plain.as_str()).is_some_and(|text| self.fits(rest, text)),
            Part::Filled { name, .. } => {
                let ends = text.char_indices().skip(1).map(|(at, _)| at).chain([text.len()]);
                for end in ends.filter(|end| *end > 0) {
                    if self.steps > STEPS_MAX {
                        return false;
                    }
                    let (value, text) = text.split_at(end);
                    self.got.push((name.as_str(), value));
                    if self.fits(rest, text) {
                        return true;
                    }
                    self.got.pop();
                }
                false
            }
        }
    }
}

fn chinese(text: &str, depth: u32) -> Option<String> {
    if text.len() > LONGEST || depth > DEEPEST {
        return None;
    }
    let (entry, got) = CATALOGUE.iter().find_map(|entry| {
        let mut fit = Fit::default();
        fit.fits(&entry.english, text).then_some((entry, fit.got))
    })?;
    let say = |part: &Part| match part {
        Part::Fixed(plain) => plain.clone(),
        Part::Filled { name, words } => {
            let value = got.iter().find(|(known, _)| known == name).map(|(_, value)| *value).unwrap_or_default();
            if *words { in_words(value, depth + 1) } else { value.to_owned() }
        }
    };
    Some(entry.chinese.iter().map(say).collect())
}

/// A part of a sentence in words; a bare key of the language is marked as one.
fn in_words(value: &str, depth: u32) -> String {
    chinese(value, depth).unwrap_or_else(|| {
        let is_key = value.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'@'));
        if is_key { format!("`{value}`") } else { value.to_owned() }
    })
}

/// A sentence of the compiler in `lang`; what has no Chinese stays as it is.
#[must_use]
pub fn said(text: &str, lang: Lang) -> String {
    match lang {
        Lang::En => text.to_owned(),
        Lang::Zh => chinese(text, 0).unwrap_or_else(|| text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_in_a_sentence_are_said_too_and_names_stay() {
        for (english, expected) in [
            ("the title of the field `title` has no Chinese text", "字段 `title`的标题没有中文"),
            ("there is no process `process`", "没有流程 `process`"),
            ("`size` does not take a list of which each is a place", "`size` 不接受各项为地方的列表"),
            ("over must be a single value, this is a mapping", "`over`应为单个值，写的却是映射"),
            ("write {{depth}} sideways", "write {{depth}} sideways"),
        ] {
            assert_eq!(said(english, Lang::Zh), expected);
            assert_eq!(said(english, Lang::En), english);
        }
    }

    #[test]
    fn every_line_of_the_catalogue_is_half_of_a_pair() {
        for text in CHINESE {
            let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty() && !line.starts_with("# ")).collect();
            for pair in lines.chunks(2) {
                assert!(!pair[0].starts_with("= "), "{pair:?}");
                assert!(pair.get(1).is_some_and(|second| second.starts_with("= ")), "{pair:?}");
            }
            for entry in entries(text) {
                let names = |parts: &[Part]| -> std::collections::BTreeSet<String> {
                    let name = |part: &Part| match part {
                        Part::Filled { name, .. } => Some(name.clone()),
                        Part::Fixed(_) => None,
                    };
                    parts.iter().filter_map(name).collect()
                };
                assert_eq!(names(&entry.english), names(&entry.chinese), "{:?}", entry.english);
            }
        }
    }

    #[test]
    fn a_name_that_looks_like_a_sentence_costs_little() {
        let long = format!("`{}` is {}", "x` is y` is ".repeat(80), "a, not b, not ".repeat(40));
        assert!(!said(&long, Lang::Zh).is_empty());
    }
}
