//! YAML to a tree of nodes that all know their line and column. Meaning comes later: a plain scalar is kept as it was
//! written, so that `0101` stays a code and `1.10` a version.

use crate::near;
use crate::sink::{At, Sink};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;
use serde_saphyr::options::DuplicateKeyPolicy;
use std::fmt;

/// Deepest nesting of a file.
const MAX_DEPTH: usize = 48;
/// Most nodes of a file, aliases spelled out.
const MAX_NODES: usize = 200_000;

/// How a scalar was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Without quotes: may be a number or true/false.
    Plain,
    /// In quotes or as a block: always text.
    Text,
}

/// A scalar.
#[derive(Clone, Debug, PartialEq)]
pub struct Scalar {
    /// The text.
    pub text: String,
    /// How it was written.
    pub style: Style,
    /// Characters from the node's start to the text, when the text stands on one line as it is (so that an offset in it
    /// is a column); `None` for blocks, folded lines and escapes.
    pub inset: Option<u32>,
}

/// What a node holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// Nothing.
    Null,
    /// A scalar.
    Scalar(Scalar),
    /// A list.
    List(Vec<Node>),
    /// A mapping in the order of the file; keys are unique.
    Map(Vec<(Key, Node)>),
}

/// A key of a mapping.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// Where it stands.
    pub at: At,
    /// The key.
    pub text: String,
}

/// A node with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Where it starts.
    pub at: At,
    /// What it holds.
    pub kind: Kind,
}

impl Node {
    /// The entries of a mapping; empty for anything else.
    pub fn entries(&self) -> &[(Key, Node)] {
        match &self.kind {
            Kind::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The value under `key`, if this is a mapping that has it with a value.
    pub fn get(&self, key: &str) -> Option<&Node> {
        let found = self.entries().iter().find(|(known, _)| known.text == key);
        found.map(|(_, node)| node).filter(|node| node.kind != Kind::Null)
    }

    /// The text of a scalar.
    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar(scalar) => Some(&scalar.text),
            _ => None,
        }
    }

    /// The items of a list, or the node itself when it is a single scalar or mapping.
    pub fn items(&self) -> &[Node] {
        match &self.kind {
            Kind::List(items) => items,
            Kind::Null => &[],
            _ => std::slice::from_ref(self),
        }
    }

    /// What it is, in words.
    pub fn what(&self) -> &'static str {
        match &self.kind {
            Kind::Null => "nothing",
            Kind::Scalar(_) => "a single value",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a mapping",
        }
    }
}

/// Reads `text`, registered in `sink` as `file`. YAML errors and duplicate keys become findings.
pub fn parse(sink: &Sink, file: usize, text: &str) -> Option<Node> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! { max_depth: MAX_DEPTH, max_nodes: MAX_NODES, max_documents: 1 },
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        with_snippet: false,
    };
    match serde_saphyr::from_str_with_options::<Spanned<Raw>>(text, options) {
        Ok(raw) => {
            let node = Build { sink, file, text }.node(raw);
            sink.saw_file(file, &node);
            Some(node)
        }
        Err(error) => {
            let at = error.location().map_or(At { file, line: 1, column: 1 }, |place| at(file, place));
            let message = error.without_snippet().to_string();
            let message = message.lines().next().unwrap_or_default();
            let message = message.split(" at line ").next().unwrap_or(message);
            sink.unread();
            let line = text.lines().nth(at.line.saturating_sub(1) as usize).unwrap_or_default();
            let remedy = remedy(message, line).map(str::to_owned);
            sink.error_maybe(at, "yaml", format!("this is not YAML: {message}"), remedy);
            None
        }
    }
}

/// The colon of Chinese typewriting.
const WIDE_COLON: char = '\u{ff1a}';

/// What to do about what the parser says, as far as its words and the line tell.
fn remedy(message: &str, line: &str) -> Option<&'static str> {
    let says = |words: &str| message.contains(words);
    if says("tabs") {
        return Some("indent with blanks, two for each step, never with a tab");
    }
    if line.contains(WIDE_COLON) && !line.contains(": ") {
        return Some("write a plain colon and a blank behind the key, not the wide colon");
    }
    if says("',' or") || says("placement of ':'") || says("mapping values are not allowed") {
        return Some("close every bracket, and put a text with a comma or a colon in quotes: 'one: two'");
    }
    if says("expected key") || says("block mapping") || says("block collection") {
        return Some(
            "begin all keys of one thing in the same column: this line stands further in or out than those above it",
        );
    }
    says("expected ':'").then_some("write `key: value`, with a blank behind the colon")
}

fn at(file: usize, place: serde_saphyr::Location) -> At {
    let small = |n: u64| u32::try_from(n).unwrap_or(u32::MAX).max(1);
    At { file, line: small(place.line()), column: small(place.column()) }
}

enum Raw {
    Null,
    Text(String),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<Raw>, Spanned<Raw>)>),
}

struct RawVisitor;

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Raw, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Text(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
        Ok(Raw::Text(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Raw, E> {
        Ok(Raw::Text(value.to_string()))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Raw, E> {
        Ok(Raw::Text(value.to_string()))
    }

    fn visit_u128<E>(self, value: u128) -> Result<Raw, E> {
        Ok(Raw::Text(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Raw, E> {
        Ok(Raw::Text(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Raw, E> {
        Ok(Raw::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Raw, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Raw::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Raw, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = access.next_entry()? {
            entries.push(entry);
        }
        Ok(Raw::Map(entries))
    }
}

struct Build<'a> {
    sink: &'a Sink,
    file: usize,
    text: &'a str,
}

impl Build<'_> {
    fn node(&self, raw: Spanned<Raw>) -> Node {
        let place = raw.defined;
        let kind = match raw.value {
            Raw::Null => Kind::Null,
            Raw::Text(text) => Kind::Scalar(self.scalar(text, place)),
            Raw::List(items) => Kind::List(items.into_iter().map(|item| self.node(item)).collect()),
            Raw::Map(entries) => Kind::Map(self.entries(entries)),
        };
        Node { at: at(self.file, place), kind }
    }

    fn entries(&self, raw: Vec<(Spanned<Raw>, Spanned<Raw>)>) -> Vec<(Key, Node)> {
        let mut entries: Vec<(Key, Node)> = Vec::with_capacity(raw.len());
        let mut known = std::collections::HashMap::new();
        for (key, value) in raw {
            let key = self.node(key);
            let value = self.node(value);
            let Kind::Scalar(Scalar { text, .. }) = key.kind else {
                self.sink.error(key.at, "bad-key", "a key must be a single name");
                continue;
            };
            if let Some(first) = known.insert(text.clone(), key.at.line) {
                let message = format!("`{text}` stands here a second time; the first is in line {first}");
                self.sink.error_help(key.at, "duplicate-key", message, "keep one of the two");
                continue;
            }
            entries.push((Key { at: key.at, text }, value));
        }
        entries
    }

    /// Plain scalars are taken from the file as written; others as read.
    fn scalar(&self, text: String, place: serde_saphyr::Location) -> Scalar {
        let span = place.span();
        let raw = span.byte_offset().zip(span.byte_len()).and_then(|(from, length)| {
            let from = usize::try_from(from).ok()?;
            self.text.get(from..from.checked_add(usize::try_from(length).ok()?)?)
        });
        let raw = raw.unwrap_or_default();
        match raw.chars().next() {
            Some('"' | '\'') => {
                let inside = raw.get(1..raw.len() - 1).unwrap_or_default();
                let inset = (inside == text).then_some(1);
                Scalar { text, style: Style::Text, inset }
            }
            Some(_) if !raw.contains('\n') && self.is_plain(place) => {
                Scalar { text: raw.to_owned(), style: Style::Plain, inset: Some(0) }
            }
            _ => Scalar { text, style: Style::Text, inset: None },
        }
    }

    /// Whether the scalar at `place` is no block: the span of a block covers only its content, on a line of its own, so
    /// what stands before it in the file ends with the block's header.
    fn is_plain(&self, place: serde_saphyr::Location) -> bool {
        let from = place.span().byte_offset().and_then(|from| usize::try_from(from).ok()).unwrap_or_default();
        let before = self.text.get(..from).unwrap_or_default().trim_end();
        let last = before.rsplit('\n').next().unwrap_or_default();
        let header = last.rsplit([' ', '\t']).next().unwrap_or_default();
        !(header.starts_with(['|', '>']) && before.len() < from && self.text[before.len()..from].contains('\n'))
    }
}

/// Reports an unknown key with the nearest known one.
pub fn unknown_key(sink: &Sink, key: &Key, what: &str, known: &[&str]) {
    let remedy = near::remedy(&key.text, known.iter().copied())
        .unwrap_or_else(|| format!("remove it; {what} takes {}", known.join(", ")));
    sink.error_help(key.at, "unknown-key", format!("{what} has no key `{}`", key.text), remedy);
}
