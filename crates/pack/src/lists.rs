//! Code lists: codes written in `pack.yaml` or in a CSV file.

use crate::cx::Cx;
use crate::load::Loaded;
use crate::names;
use crate::sink::At;
use crate::table::Table;
use crate::yaml::Node;
use ganglion_model::Text;
use ganglion_model::pack::{Code, CodeList};
use jiff::civil::Date;
use std::collections::BTreeSet;

/// The list declared by `node`.
pub fn lower(cx: Cx<'_>, pack: &Loaded, name: &str, node: &Node) -> CodeList {
    let what = format!("the list `{name}`");
    cx.mapping(node, &what, &["title", "codes", "file"]);
    let codes = codes(cx, pack, node);
    if codes.is_empty() && node.get("file").is_none() {
        cx.sink.error_help(node.at, "empty-list", format!("{what} has no codes"), "add `codes:` or `file:`");
    }
    CodeList { name: name.to_owned(), title: cx.needed_text(node, "title", &what), codes }
}

/// The codes of the list declared by `node`.
pub fn codes(cx: Cx<'_>, pack: &Loaded, node: &Node) -> Vec<Code> {
    let mut codes: Vec<Code> = Vec::new();
    for (key, node) in node.get("codes").map(Node::entries).unwrap_or_default() {
        names::check_code(cx.sink, key.at, &key.text);
        codes.push(written(cx, &key.text, node));
    }
    if let Some(file) = node.get("file") {
        let known: BTreeSet<String> = codes.iter().map(|code| code.code.clone()).collect();
        codes.extend(from_file(cx, pack, file, known));
    }
    codes
}

fn written(cx: Cx<'_>, code: &str, node: &Node) -> Code {
    let what = format!("the code `{code}`");
    let day = |key| {
        let day = node.get(key)?;
        cx.date(day.at, cx.scalar(day, key)?)
    };
    let title = if node.entries().is_empty() {
        cx.text(node, &what)
    } else {
        cx.mapping(node, &what, &["zh", "en", "valid_from", "valid_to"]);
        let part = |key| node.get(key).and_then(Node::text).unwrap_or_default().trim().to_owned();
        let title = Text::new(part("zh"), part("en"));
        check_title(cx, node.at, &what, &title);
        title
    };
    let code = Code { code: code.to_owned(), title, valid_from: day("valid_from"), valid_to: day("valid_to") };
    check_span(cx, node.at, code.valid_from, code.valid_to);
    code
}

fn check_title(cx: Cx<'_>, at: At, what: &str, title: &Text) {
    if title.zh.is_empty() {
        cx.sink.error_help(at, "missing-chinese", format!("{what} has no Chinese text"), "add `zh: …`");
    } else if title.en.is_empty() {
        cx.sink.warn(at, "missing-english", format!("{what} has no English text"), "add `en: …`");
    }
}

/// Reports a span that ends before it begins.
pub fn check_span(cx: Cx<'_>, at: At, from: Option<Date>, to: Option<Date>) {
    if from.zip(to).is_some_and(|(from, to)| to <= from) {
        cx.sink.error(at, "bad-span", "`valid_to` must be later than `valid_from`");
    }
}

/// The table at `path` of the pack.
pub fn table(cx: Cx<'_>, pack: &Loaded, path: &Node) -> Option<Table> {
    let name = cx.scalar(path, "a file")?;
    let Some((file, text)) = pack.tables.get(name) else {
        let known = pack.tables.keys().map(String::as_str);
        cx.unknown((path.at, "missing-file"), &format!("there is no file {name} in this pack"), name, known);
        return None;
    };
    Some(Table::parse(cx.sink, *file, text))
}

fn from_file(cx: Cx<'_>, pack: &Loaded, path: &Node, mut known: BTreeSet<String>) -> Vec<Code> {
    let Some(table) = table(cx, pack, path) else {
        return Vec::new();
    };
    let columns = ["code", "zh", "en", "valid_from", "valid_to"];
    for cell in table.head.iter().filter(|cell| !columns.contains(&cell.text.as_str())) {
        cx.unknown(
            (cell.at, "unknown-column"),
            &format!("a code list has no column `{}`", cell.text),
            &cell.text,
            columns,
        );
    }
    let (Some(code), Some(zh)) = (table.column("code"), table.column("zh")) else {
        cx.sink.error_help(path.at, "missing-column", "a code list needs the columns code and zh", "add them");
        return Vec::new();
    };
    let mut codes = Vec::new();
    for row in &table.rows {
        let at = row[code].at;
        let text = |column: Option<usize>| column.map(|n| row[n].text.clone()).unwrap_or_default();
        let day = |name| {
            let cell = &row[table.column(name)?];
            if cell.text.is_empty() { None } else { cx.date(cell.at, &cell.text) }
        };
        let one = Code {
            code: text(Some(code)),
            title: Text::new(text(Some(zh)), text(table.column("en"))),
            valid_from: day("valid_from"),
            valid_to: day("valid_to"),
        };
        check_title(cx, row[zh].at, &format!("the code `{}`", one.code), &one.title);
        check_span(cx, at, one.valid_from, one.valid_to);
        if !names::check_code(cx.sink, at, &one.code) {
            continue;
        }
        if known.insert(one.code.clone()) {
            codes.push(one);
        } else {
            cx.sink.error(at, "duplicate-code", format!("the code `{}` stands here a second time", one.code));
        }
    }
    codes
}
