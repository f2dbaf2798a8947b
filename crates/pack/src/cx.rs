//! What every reading step shares: the symbols of the whole set, the findings, the pack at hand; and strict readers for
//! the small things (mappings, texts, names, numbers, levels, lengths, dates).

use crate::near;
use crate::shape;
use crate::sink::{At, Sink};
use crate::symbols::Symbols;
use crate::told::Sentences;
use crate::trace::Form;
use crate::yaml::{self, Key, Kind, Node, Style};
use ganglion_model::clocks::Length;
use ganglion_model::{Level, Text};
use jiff::civil::Date;

/// What a text is written in.
const LANGUAGES: [&str; 2] = ["zh", "en"];

/// Shared by all steps of lowering; cheap to copy.
#[derive(Clone, Copy)]
pub struct Cx<'a> {
    /// What is declared anywhere in the set.
    pub symbols: &'a Symbols,
    /// Findings.
    pub sink: &'a Sink,
    /// The pack being read.
    pub pack: &'a str,
}

/// Checks that `node` is a mapping with no other keys than `known`.
pub fn mapping(sink: &Sink, node: &Node, what: &str, known: &[&str]) -> bool {
    sink.saw(node.at, |seen| seen.keys(what, known));
    let Kind::Map(entries) = &node.kind else {
        let message = format!("{what} must be a mapping, this is {}", node.what());
        let remedy = format!("write its keys below it, each indented: {}", known.join(", "));
        sink.error_help(node.at, "wrong-shape", message, remedy);
        return false;
    };
    for (key, _) in entries.iter().filter(|(key, _)| !known.contains(&key.text.as_str())) {
        yaml::unknown_key(sink, key, what, known);
    }
    true
}

impl<'a> Cx<'a> {
    /// See [`mapping`].
    pub fn mapping(&self, node: &Node, what: &str, known: &[&str]) -> bool {
        mapping(self.sink, node, what, known)
    }

    /// Notes that `node` is a mapping with exactly one of the keys `known`, and those of `beside` that are wanted.
    pub fn one_key(&self, node: &Node, what: &str, (known, beside): (&[&str], &[&str])) {
        self.sink.saw(node.at, |seen| seen.one_key(what, known, beside));
    }

    /// The value of a key that must be there.
    pub fn need<'n>(&self, node: &'n Node, key: &str, what: &str) -> Option<&'n Node> {
        self.sink.saw(node.at, |seen| seen.needs(key));
        let found = node.get(key);
        if found.is_none() && matches!(node.kind, Kind::Map(_)) {
            let remedy = match Sentences::built_in().of(&shape::plain(what), key) {
                Some(told) => format!("add `{key}: …`, as in `{}`", told.example),
                None => format!("add `{key}: …`"),
            };
            self.sink.error_help(node.at, "missing-key", format!("{what} needs `{key}`"), remedy);
        }
        found
    }

    /// A single value as text.
    pub fn scalar<'n>(&self, node: &'n Node, what: &str) -> Option<&'n str> {
        let text = node.text();
        if text.is_none() {
            self.sink.error(node.at, "wrong-shape", format!("{what} must be a single value, this is {}", node.what()));
        }
        text
    }

    /// `{zh: …, en: …}` or a plain Chinese text.
    pub fn text(&self, node: &Node, what: &str) -> Text {
        self.sink.saw(node.at, |seen| seen.form(Form::Text));
        let text = match &node.kind {
            Kind::Scalar(scalar) => Text::new(scalar.text.trim(), ""),
            Kind::Map(entries) => {
                for (key, value) in entries.iter().filter(|(key, _)| !LANGUAGES.contains(&key.text.as_str())) {
                    self.stray_in_text(key, value, what);
                }
                let part = |key| node.get(key).and_then(|part| self.scalar(part, what)).unwrap_or_default().trim();
                Text::new(part("zh"), part("en"))
            }
            _ => {
                let message = format!("{what} must be a text, this is {}", node.what());
                self.sink.error_help(node.at, "wrong-shape", message, "write {zh: …, en: …}");
                return Text::default();
            }
        };
        if text.zh.is_empty() {
            self.sink.error_help(node.at, "missing-chinese", format!("{what} has no Chinese text"), "add `zh: …`");
        } else if text.en.is_empty() {
            self.sink.warn(node.at, "missing-english", format!("{what} has no English text"), "write {zh: …, en: …}");
        }
        text
    }

    /// What follows a comma without quotes is one more key to YAML.
    fn stray_in_text(&self, key: &Key, value: &Node, what: &str) {
        if matches!(value.kind, Kind::Null) {
            let remedy = "put a text with a comma in quotes: {zh: …, en: 'One, two'}";
            self.sink.error_help(key.at, "unknown-key", format!("{what} has no key `{}`", key.text), remedy);
        } else {
            yaml::unknown_key(self.sink, key, what, &LANGUAGES);
        }
    }

    /// The text under `key`, empty when absent.
    pub fn text_or_empty(&self, node: &Node, key: &str, what: &str) -> Text {
        self.sink.saw(node.at, |seen| seen.value(key, Form::Text));
        node.get(key).map(|text| self.text(text, &format!("the {key} of {what}"))).unwrap_or_default()
    }

    /// The text under a key that must be there.
    pub fn needed_text(&self, node: &Node, key: &str, what: &str) -> Text {
        self.sink.saw(node.at, |seen| seen.value(key, Form::Text));
        let text = self.need(node, key, what);
        text.map(|text| self.text(text, &format!("the {key} of {what}"))).unwrap_or_default()
    }

    /// `true` or `false` under `key`.
    pub fn flag(&self, node: &Node, key: &str, otherwise: bool) -> bool {
        self.sink.saw(node.at, |seen| seen.value(key, Form::Flag(otherwise)));
        let Some(value) = node.get(key) else { return otherwise };
        match &value.kind {
            Kind::Scalar(scalar) if scalar.style == Style::Plain && scalar.text == "true" => true,
            Kind::Scalar(scalar) if scalar.style == Style::Plain && scalar.text == "false" => false,
            _ => {
                self.sink.error_help(
                    value.at,
                    "not-true-or-false",
                    format!("`{key}` is true or false"),
                    "write true or false",
                );
                otherwise
            }
        }
    }

    /// A whole number within bounds under `key`.
    pub fn number(&self, node: &Node, key: &str, (low, high): (i64, i64)) -> Option<i64> {
        self.sink.saw(node.at, |seen| seen.value(key, Form::Whole(low, high)));
        let value = node.get(key)?;
        let number = self.scalar(value, key)?.parse::<i64>().ok().filter(|n| (low..=high).contains(n));
        if number.is_none() {
            self.sink.error(value.at, "bad-number", format!("`{key}` is a whole number from {low} to {high}"));
        }
        number
    }

    /// One of a few words under `key`.
    pub fn one_of<T: Copy>(&self, node: &Node, key: &str, words: &[(&str, T)]) -> Option<T> {
        self.sink.saw(node.at, |seen| seen.value(key, Form::word_of(words.iter().map(|one| one.0))));
        let value = node.get(key)?;
        let word = self.scalar(value, key)?;
        let found = words.iter().find(|(known, _)| *known == word).map(|(_, meaning)| *meaning);
        if found.is_none() {
            self.unknown(
                (value.at, "unknown-word"),
                &format!("`{key}` cannot be `{word}`"),
                word,
                words.iter().map(|w| w.0),
            );
        }
        found
    }

    /// Reports a name nobody declared.
    pub fn unknown<'n>(
        &self,
        (at, code): (At, &'static str),
        message: &str,
        name: &str,
        known: impl IntoIterator<Item = &'n str>,
    ) {
        self.sink.error_maybe(at, code, message, near::remedy(name, known));
    }

    /// A level by its name.
    pub fn level(&self, node: &Node) -> Option<Level> {
        self.sink.saw(node.at, |seen| seen.form(Form::word_of(Level::ALL.map(Level::as_str))));
        let name = self.scalar(node, "a level")?;
        let level = Level::parse(name);
        if level.is_none() {
            let known = Level::ALL.map(Level::as_str);
            self.unknown((node.at, "unknown-level"), &format!("there is no level `{name}`"), name, known);
        }
        level
    }

    /// Levels under `key`.
    pub fn levels(&self, node: &Node, key: &str) -> Vec<Level> {
        self.sink.saw(node.at, |seen| seen.value(key, Form::Levels));
        let mut levels: Vec<Level> = Vec::new();
        for item in node.get(key).map(Node::items).unwrap_or_default() {
            levels.extend(self.level(item).filter(|level| !levels.contains(level)));
        }
        levels
    }

    /// A length such as `4 wh`.
    pub fn length(&self, at: At, text: &str) -> Option<Length> {
        let length = text.parse::<Length>().ok();
        if length.is_none() {
            let remedy = "write a number from 1 and one of wd, cd, wh, ch, wm, cm, m, y, such as `4 wh`";
            self.sink.error_help(at, "bad-length", format!("`{text}` is not a length of time"), remedy);
        }
        length
    }

    /// A civil day.
    pub fn date(&self, at: At, text: &str) -> Option<Date> {
        let day = (text.len() == 10).then(|| text.parse::<Date>().ok()).flatten();
        if day.is_none() {
            self.sink.error_help(at, "bad-date", format!("`{text}` is not a date"), "write it as 2023-01-08");
        }
        day
    }

    /// Names under `key`, each with its place.
    pub fn words<'n>(&self, node: &'n Node, key: &str) -> Vec<(At, &'n str)> {
        self.sink.saw(node.at, |seen| seen.value(key, Form::Names));
        let items = node.get(key).map(Node::items).unwrap_or_default();
        items.iter().filter_map(|item| Some((item.at, self.scalar(item, key)?))).collect()
    }

    /// Names under `key` that must be among `known`.
    pub fn known_words(
        &self,
        node: &Node,
        key: &str,
        (what, code): (&str, &'static str),
        known: &[&str],
    ) -> Vec<String> {
        let mut good: Vec<String> = Vec::new();
        for (at, word) in self.words(node, key) {
            if !known.contains(&word) {
                self.unknown((at, code), &format!("there is no {what} `{word}`"), word, known.iter().copied());
            } else if !good.iter().any(|one| one == word) {
                good.push(word.to_owned());
            }
        }
        good
    }
}
