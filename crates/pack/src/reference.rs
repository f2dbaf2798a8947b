//! The reference of the language as Markdown, made from what the compiler's own readers note: files, keys, types,
//! defaults, names and functions of expressions, and the kinds of findings with an example each.

use crate::cel;
use crate::shape::{Mapping, Shape, Shapes, gather};
use crate::source::PackSource;
use crate::specimen;
use crate::told::{Sentences, TYPES};
use crate::trace::Form;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// A kind of finding as it was seen: severity, message, remedy.
pub struct Example {
    /// `error` or `warning`.
    pub severity: String,
    /// What it said.
    pub message: String,
    /// What it said to do.
    pub remedy: Option<String>,
}

const HEAD: &str = "# Reference

Every file, key, type, function and finding of the pack language. This page is written by `cargo xtask generate` from the compiler's own readers and the
sentences of `crates/pack/src/told`; how the pieces work together is told in [language.md](language.md), by example in the [cookbook](cookbook.md) and the
[tutorial](tutorial.md). Every sentence stands in Chinese too.

What stands under *value*: a *text* is `{zh: …, en: …}` or a plain Chinese text; an *expression* is CEL; *one value* is a word, a number or a quoted text; *names,
each with* is a mapping whose keys you choose.
";
/// Kinds of files, in the order an author meets them.
const FILES: [(&str, &str); 8] = [
    ("pack", "pack.yaml"),
    ("registers", "registers/*.yaml"),
    ("processes", "processes/*.yaml"),
    ("indicators", "indicators.yaml"),
    ("rules", "rules.yaml"),
    ("policy", "policy.yaml"),
    ("plans", "plans.yaml"),
    ("documents", "documents.yaml"),
];

/// The page: of what the built-in specimen and `packs` show of the language.
#[must_use]
pub fn reference(findings: &BTreeMap<String, Example>, packs: &[PackSource]) -> String {
    let mut samples = specimen::packs();
    samples.extend_from_slice(packs);
    let mut page = Page { shapes: gather(&samples), told: Sentences::built_in(), text: HEAD.to_owned() };
    page.files();
    page.mappings();
    expressions(&mut page.text);
    kinds_of_findings(&mut page.text, findings);
    page.text
}

struct Page {
    shapes: Shapes,
    told: &'static Sentences,
    text: String,
}

// Writing to a String cannot fail, here and below.
impl Page {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn files(&mut self) {
        self.line("\n## Files\n\n| file | holds |\n|---|---|");
        for (name, path) in FILES {
            let holds = self.shapes.files.get(name).map(value).unwrap_or_default();
            self.line(&format!("| `{path}` | {holds} |"));
        }
        self.line("| `data/*.csv` | rows of registers (`seed`) and codes of lists (`file`) |");
        self.line("| `documents/*.typ`, `*.svg` | templates of letters and bulletins, and their pictures |");
        self.line("| `tests/*.md` | scenarios |");
    }

    /// All kinds of mappings, each under the file in which an author meets it first.
    fn mappings(&mut self) {
        let mut met = BTreeSet::new();
        for (name, path) in FILES {
            let mut kinds = Vec::new();
            if let Some(shape) = self.shapes.files.get(name) {
                self.meet(shape, &mut met, &mut kinds);
            }
            self.line(&format!("\n## Keys of {path}"));
            kinds.iter().for_each(|kind| self.kind(kind));
        }
    }

    /// The kinds of mappings that may stand in a place, from the outside in.
    fn meet(&self, shape: &Shape, met: &mut BTreeSet<String>, kinds: &mut Vec<String>) {
        for name in &shape.kinds {
            let Some(kind) = self.shapes.kinds.get(name).filter(|_| met.insert(name.clone())) else { continue };
            kinds.push(name.clone());
            let of_types = kind.types.values().filter_map(|name| self.shapes.kinds.get(name));
            for one in std::iter::once(kind).chain(of_types) {
                for value in one.known.iter().filter_map(|key| one.values.get(key)) {
                    self.meet(value, met, kinds);
                }
            }
        }
        for inner in [&shape.items, &shape.entries].into_iter().flatten() {
            self.meet(inner, met, kinds);
        }
    }

    fn kind(&mut self, name: &str) {
        let Some(kind) = self.shapes.kinds.get(name).cloned() else { return };
        self.line(&format!("\n### {}\n", shown(name)));
        if !kind.types.is_empty() {
            return self.types(name, &kind);
        }
        match (kind.one, kind.beside.as_slice()) {
            (true, []) => self.line("Exactly one of these keys:\n"),
            (true, beside) => {
                let beside = beside.join("`, `");
                self.line(&format!("Exactly one of these keys, and beside it `{beside}` if wanted:\n"));
            }
            (false, _) => {}
        }
        self.line("| key | what it does | value | must be there | example |\n|---|---|---|---|---|");
        for key in &kind.known {
            let shape = kind.values.get(key).cloned().unwrap_or_default();
            let needed = if kind.needed.contains(key) { "yes" } else { "" };
            self.row((name, key), &format!("{} | {needed}", value(&shape)));
        }
    }

    /// One key or type: its sentence in both languages, something in the middle, its example.
    fn row(&mut self, (kind, key): (&str, &str), middle: &str) {
        let (what, example) = match self.told.of(kind, key) {
            Some(told) => (format!("{}<br>{}", told.en, told.zh), format!("`{}`", told.example)),
            None => (String::new(), String::new()),
        };
        self.line(&format!("| `{key}` | {what} | {middle} | {example} |"));
    }

    /// A mapping whose keys depend on `type`: what all have in common, the types, and what only some have.
    fn types(&mut self, name: &str, kind: &Mapping) {
        let variants: Vec<Variant> = kind
            .types
            .iter()
            .filter_map(|(word, name)| Some((word.clone(), name.clone(), self.shapes.kinds.get(name)?.clone())))
            .collect();
        let Some((_, _, first)) = variants.first() else { return };
        let has = |one: &Mapping, key: &str| one.known.iter().any(|known| known == key);
        let (common, _): (Vec<String>, Vec<String>) =
            first.known.iter().cloned().partition(|key| variants.iter().all(|(_, _, one)| has(one, key)));
        self.line(
            "Keys of every type:\n\n| key | what it does | value | must be there | example |\n|---|---|---|---|---|",
        );
        for key in &common {
            let all = || variants.iter().map(|(_, _, one)| one);
            let needed = if all().all(|one| one.needed.contains(key)) { "yes" } else { "" };
            self.row((name, key), &format!("{} | {needed}", value(&joined(all(), key))));
        }
        self.line("\nThe types:\n\n| type | what it holds | further keys | example |\n|---|---|---|---|");
        for (word, _, one) in &variants {
            let further = one.known.iter().filter(|key| !common.contains(key));
            let further: Vec<String> = further
                .map(|key| if one.needed.contains(key) { format!("`{key}` (needed)") } else { format!("`{key}`") })
                .collect();
            self.row((TYPES, word), &further.join(", "));
        }
        self.line("\nFurther keys:\n\n| key | what it does | value | of the types | example |\n|---|---|---|---|---|");
        for (key, kind, words, shape) in further_keys(self.told, &variants, &common) {
            self.row((&kind, &key), &format!("{} | {words}", value(&shape)));
        }
    }
}

/// What stands under `key` in any of some mappings.
fn joined<'m>(all: impl Iterator<Item = &'m Mapping>, key: &str) -> Shape {
    let mut shape = Shape::default();
    all.filter_map(|one| one.values.get(key)).for_each(|value| shape.join(value.clone()));
    shape
}

/// One of the types something can have: its word, its kind, its keys.
type Variant = (String, String, Mapping);

/// Keys that only some types have: types for which the same is said of a key stand together. Key, one of the kinds, the
/// types in words, what may stand there.
fn further_keys(told: &Sentences, variants: &[Variant], common: &[String]) -> Vec<(String, String, String, Shape)> {
    let mut rows: BTreeMap<(String, &str), Vec<&Variant>> = BTreeMap::new();
    for variant in variants {
        for key in variant.2.known.iter().filter(|key| !common.contains(key)) {
            let says = told.of(&variant.1, key).map_or("", |told| told.en);
            rows.entry((key.clone(), says)).or_default().push(variant);
        }
    }
    let row = |((key, _), of): ((String, &str), Vec<&Variant>)| {
        let words: Vec<String> = of.iter().map(|(word, _, _)| format!("`{word}`")).collect();
        let kind = of.first().map(|(_, kind, _)| kind.clone()).unwrap_or_default();
        let shape = joined(of.iter().map(|(_, _, one)| one), &key);
        (key, kind, words.join(" "), shape)
    };
    rows.into_iter().map(row).collect()
}

/// `action` for `the action`.
fn shown(name: &str) -> String {
    let name = name.replace('`', "");
    let short = ["the ", "an ", "a "].into_iter().find_map(|article| name.strip_prefix(article));
    short.map_or(name.clone(), str::to_owned)
}

fn anchor(name: &str) -> String {
    let plain = name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == ' ' || *c == '_');
    plain.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
}

fn link(name: &str) -> String {
    let name = shown(name);
    format!("[{name}](#{})", anchor(&name))
}

/// What may stand in a place, in words.
fn value(shape: &Shape) -> String {
    let mut parts: Vec<String> = shape.forms.iter().map(form).collect();
    parts.extend(shape.kinds.iter().map(|name| link(name)));
    parts.extend(shape.items.as_deref().map(|items| format!("list of {}", value(items))));
    parts.extend(shape.entries.as_deref().map(|entries| format!("names, each with {}", value(entries))));
    parts.dedup();
    parts.join(" or ")
}

fn form(form: &Form) -> String {
    match form {
        Form::Text => "text".to_owned(),
        Form::Flag(_) => "`true`, `false`".to_owned(),
        Form::Whole(low, high) if (*low, *high) == (i64::MIN, i64::MAX) => "whole number".to_owned(),
        Form::Whole(low, high) => format!("whole number, {low} to {high}"),
        Form::Word(words) => words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", "),
        Form::Levels => "level or list of levels".to_owned(),
        Form::Names => "name or list of names".to_owned(),
        Form::Expression => "expression".to_owned(),
        Form::Scalar => "one value".to_owned(),
    }
}

fn expressions(page: &mut String) {
    let list = |words: Vec<String>| words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" ");
    page.push_str(
        "\n## Expressions\n\nWhere each name may stand is told in [language.md](language.md).\n\n| | |\n|---|---|\n",
    );
    let _ = writeln!(page, "| names | {} |", list(cel::names()));
    let _ = writeln!(page, "| functions | {} |", list(cel::functions()));
    let _ = writeln!(
        page,
        "| operators | {} |",
        list("== != < <= > >= && || ! in + - * / % ?:".split(' ').map(|sign| sign.replace('|', "\\|")).collect())
    );
}

fn kinds_of_findings(page: &mut String, findings: &BTreeMap<String, Example>) {
    page.push_str("\n## Findings\n\nOne example of each; the words in it are those of the tests.\n\n| code | | says | remedy |\n|---|---|---|---|\n");
    let cell = |text: &str| text.replace('|', "\\|").replace('\n', " ");
    for (code, example) in findings {
        let remedy = example.remedy.as_deref().map(cell).unwrap_or_default();
        let _ = writeln!(page, "| `{code}` | {} | {} | {remedy} |", example.severity, cell(&example.message));
    }
}
