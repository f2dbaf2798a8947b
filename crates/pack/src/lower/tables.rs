//! `tables:` in `documents.yaml`: figures by place and lists of cases, as spreadsheets.

use crate::cx::Cx;
use crate::names;
use crate::symbols::ProcessSymbol;
use crate::yaml::{Key, Node};
use ganglion_model::pack::{FieldKind, Table, TableRows};

/// Most columns of a table.
const MOST_COLUMNS: usize = 60;

/// Lowers one table.
pub fn lower(cx: Cx<'_>, key: &Key, node: &Node) -> Option<Table> {
    names::check(cx.sink, key.at, &key.text);
    let what = format!("the table `{}`", key.text);
    cx.mapping(node, &what, &["title", "figures", "by", "cases", "columns"]).then_some(())?;
    let title = cx.needed_text(node, "title", &what);
    let rows = match (node.get("figures"), node.get("cases")) {
        (Some(_), None) => figures(cx, node, &what)?,
        (None, Some(cases)) => of_cases(cx, node, cases)?,
        _ => {
            let message = format!("{what} needs either `figures` or `cases`");
            cx.sink.error_help(node.at, "missing-key", message, "add `figures: [indicator]` or `cases: process`");
            return None;
        }
    };
    Some(Table { name: key.text.clone(), pack: cx.pack.to_owned(), title, rows })
}

fn figures(cx: Cx<'_>, node: &Node, what: &str) -> Option<TableRows> {
    let known: Vec<&str> = cx.symbols.figure_names().collect();
    let indicators = cx.known_words(node, "figures", ("indicator", "unknown-indicator"), &known);
    let by = cx.need(node, "by", what).and_then(|by| cx.level(by))?;
    enough(cx, node, "figures", indicators.len());
    Some(TableRows::Figures { indicators, by })
}

fn of_cases(cx: Cx<'_>, node: &Node, cases: &Node) -> Option<TableRows> {
    let name = cx.scalar(cases, "cases")?;
    let known = cx.symbols.processes.iter().map(|(name, one)| (name, &one.packs));
    cx.usable(cases.at, ("process", "unknown-process"), name, known).then_some(())?;
    let process = cx.symbols.processes.get(name)?;
    let fields: Vec<&str> = process.form.keys().chain(process.fields.keys()).map(String::as_str).collect();
    let columns = cx.known_words(node, "columns", ("field of the case", "unknown-field"), &fields);
    open_to_all(cx, node, process, &columns);
    enough(cx, node, "columns", columns.len());
    Some(TableRows::Cases { process: name.to_owned(), columns })
}

fn enough(cx: Cx<'_>, node: &Node, key: &str, count: usize) {
    let at = node.get(key).map_or(node.at, |list| list.at);
    if count == 0 {
        cx.sink.error_help(at, "missing-key", format!("`{key}` names nothing"), format!("write `{key}: [name, …]`"));
    } else if count > MOST_COLUMNS {
        cx.sink.error(at, "bad-number", format!("a table has at most {MOST_COLUMNS} columns"));
    }
}

/// A table is sent on: nothing personal and nothing kept to some roles may stand in it.
fn open_to_all(cx: Cx<'_>, node: &Node, process: &ProcessSymbol, columns: &[String]) {
    let items = node.get("columns").map(Node::items).unwrap_or_default();
    for item in items {
        let Some(name) = item.text().filter(|name| columns.iter().any(|one| one == name)) else { continue };
        let Some(field) = process.field(name) else { continue };
        if field.personal || field.confidential {
            let message = format!("`{name}` is not for everybody, and a table is sent on");
            cx.sink.error_help(item.at, "personal-value", message, "leave it out");
        } else if matches!(field.kind, Some(FieldKind::Files { .. } | FieldKind::Point)) {
            cx.sink.error(item.at, "wrong-type", format!("`{name}` cannot stand in a cell"));
        }
    }
}
