//! `bulletins:` in `documents.yaml`: reports for a place and a period, made of figures.

use super::document::template;
use super::who;
use crate::cx::Cx;
use crate::load::Loaded;
use crate::names;
use crate::yaml::{Key, Node};
use ganglion_model::pack::{Bulletin, FigurePeriod, Who};

/// Kinds of period.
const PERIODS: [(&str, FigurePeriod); 4] = [
    ("day", FigurePeriod::Day),
    ("month", FigurePeriod::Month),
    ("quarter", FigurePeriod::Quarter),
    ("year", FigurePeriod::Year),
];

/// Lowers one bulletin.
pub fn lower(cx: Cx<'_>, pack: &Loaded, key: &Key, node: &Node) -> Option<Bulletin> {
    names::check(cx.sink, key.at, &key.text);
    let what = format!("the bulletin `{}`", key.text);
    cx.mapping(node, &what, &["title", "template", "figures", "rows", "period", "by"]).then_some(())?;
    let known: Vec<&str> = cx.symbols.figure_names().collect();
    let role: fn(&Who) -> bool = |who| matches!(who, Who::Role { .. });
    let by = who::list(cx, node, "by", (role, "a bulletin is taken by role@level, for its own place"));
    if by.is_empty() {
        let message = format!("nobody may take {what}");
        cx.sink.error_help(key.at, "nobody-may", message, "add `by: [role@level]`");
    }
    Some(Bulletin {
        name: key.text.clone(),
        pack: cx.pack.to_owned(),
        title: cx.needed_text(node, "title", &what),
        template: template(cx, pack, node, &what)?,
        figures: cx.known_words(node, "figures", ("indicator", "unknown-indicator"), &known),
        rows: node.get("rows").and_then(|level| cx.level(level)),
        period: cx.one_of(node, "period", &PERIODS).unwrap_or(FigurePeriod::Month),
        by,
    })
}
