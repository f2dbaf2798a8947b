//! The reference of the language as Markdown, made from what the compiler's own readers note: files, keys, types,
//! defaults, names and functions of expressions, and the kinds of findings with an example each.

use crate::cel;
use crate::shape::{Mapping, Shape, Shapes, gather};
use crate::source::PackSource;
use crate::specimen;
use crate::trace::Form;
use std::collections::BTreeMap;
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

Every file, key, type, function and finding of the pack language. This page is written by `cargo xtask generate` from the compiler's own readers; how the
pieces work together is told in [language.md](language.md), by example in the [cookbook](cookbook.md) and the [tutorial](tutorial.md).
";

/// The page: of what the built-in specimen and `packs` show of the language.
#[must_use]
pub fn reference(findings: &BTreeMap<String, Example>, packs: &[PackSource]) -> String {
    let mut samples = specimen::packs();
    samples.extend_from_slice(packs);
    let shapes = gather(&samples);
    let mut page = HEAD.to_owned();
    files(&mut page, &shapes);
    mappings(&mut page, &shapes);
    types(&mut page, &shapes);
    expressions(&mut page);
    kinds_of_findings(&mut page, findings);
    page
}

fn files(page: &mut String, shapes: &Shapes) {
    page.push_str("\n## Files\n\n| file | holds |\n|---|---|\n");
    for (name, shape) in &shapes.files {
        let folder = ["registers", "processes"].contains(&name.as_str());
        let file = if folder { format!("{name}/*.yaml") } else { format!("{name}.yaml") };
        // Writing to a String cannot fail, here and below.
        let _ = writeln!(page, "| `{file}` | {} |", value(shape));
    }
    page.push_str(
        "| `data/*.csv` | rows of registers (`seed`) and codes of lists (`file`) |\n| `tests/*.md` | scenarios |\n",
    );
}

fn anchor(name: &str) -> String {
    let plain = name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == ' ' || *c == '_' || *c == '.');
    plain.filter(|c| *c != '.').map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
}

fn link(name: &str) -> String {
    format!("[{}](#{})", plain(name), anchor(name))
}

fn plain(name: &str) -> String {
    name.replace('`', "")
}

fn mappings(page: &mut String, shapes: &Shapes) {
    let is_of_type = |name: &String| shapes.kinds.values().any(|kind| kind.types.values().any(|one| one == name));
    for (name, kind) in shapes.kinds.iter().filter(|(name, kind)| kind.types.is_empty() && !is_of_type(name)) {
        let _ = writeln!(page, "\n## {}\n", plain(name));
        match (kind.one, kind.beside.as_slice()) {
            (true, []) => page.push_str("Exactly one of these keys:\n\n"),
            (true, beside) => {
                let _ =
                    writeln!(page, "Exactly one of these keys, and beside it `{}` if wanted:\n", beside.join("`, `"));
            }
            (false, _) => {}
        }
        table(page, kind, |_| true);
    }
}

fn table(page: &mut String, kind: &Mapping, wanted: impl Fn(&str) -> bool) {
    page.push_str("| key | value | must be there | when left out |\n|---|---|---|---|\n");
    for key in kind.known.iter().filter(|key| wanted(key)) {
        let shape = kind.values.get(key).cloned().unwrap_or_default();
        let needed = if kind.needed.contains(key) { "yes" } else { "" };
        let otherwise = shape.forms.iter().find_map(|form| match form {
            Form::Flag(otherwise) => Some(otherwise.to_string()),
            _ => None,
        });
        let _ = writeln!(page, "| `{key}` | {} | {needed} | {} |", value(&shape), otherwise.unwrap_or_default());
    }
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
        Form::Text => "text, `{zh: …, en: …}`".to_owned(),
        Form::Flag(_) => "`true`, `false`".to_owned(),
        Form::Whole(low, high) if (*low, *high) == (i64::MIN, i64::MAX) => "whole number".to_owned(),
        Form::Whole(low, high) => format!("whole number, {low} to {high}"),
        Form::Word(words) => words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", "),
        Form::Levels => "level or list of levels".to_owned(),
        Form::Names => "name or list of names".to_owned(),
        Form::Expression => "expression".to_owned(),
        Form::Scalar => "single value".to_owned(),
    }
}

fn types(page: &mut String, shapes: &Shapes) {
    for (name, kind) in shapes.kinds.iter().filter(|(_, kind)| !kind.types.is_empty()) {
        let variants: Vec<(&String, &Mapping)> =
            kind.types.iter().filter_map(|(word, name)| Some((word, shapes.kinds.get(name)?))).collect();
        let Some((_, first)) = variants.first() else { continue };
        let is_common = |key: &str| variants.iter().all(|(_, one)| one.known.iter().any(|known| known == key));
        let _ = writeln!(page, "\n## {}\n\nKeys of every type:\n", plain(name));
        table(page, first, is_common);
        page.push_str("\n| type | further keys |\n|---|---|\n");
        for (word, one) in &variants {
            let further = one.known.iter().filter(|key| !is_common(key));
            let further: Vec<String> = further
                .map(|key| {
                    let shape = one.values.get(key).cloned().unwrap_or_default();
                    let needed = if one.needed.contains(key) { " (needed)" } else { "" };
                    let value = value(&shape);
                    if value.is_empty() { format!("`{key}`{needed}") } else { format!("`{key}`: {value}{needed}") }
                })
                .collect();
            let _ = writeln!(page, "| `{word}` | {} |", further.join("; "));
        }
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
