//! Tables that an effect hands on as a whole: what the other table asks of every row must be there to be handed on, because a row
//! that lacks it would be refused when nobody looks on.

use crate::cx::Cx;
use crate::symbols::{FieldSymbol, FieldSymbols, ProcessSymbol};
use crate::yaml::Node;
use ganglion_model::expr::Expr;
use ganglion_model::pack::FieldKind;
use std::collections::BTreeMap;

/// Checks every table among the values `set` gives to fields of another form.
pub fn check(
    cx: Cx<'_>,
    node: Option<&Node>,
    (set, target): (&BTreeMap<String, Expr>, &FieldSymbols),
    (process, form): (&ProcessSymbol, &FieldSymbols),
) {
    for (field, value) in set {
        let Some((name, from)) = whole(cx, value, (process, form)) else { continue };
        let Some(FieldKind::Table { fields, .. }) = &from.kind else { continue };
        let asked = target.get(field).map(|to| to.needed.as_slice()).unwrap_or_default();
        let at = node.and_then(|node| node.get(field)).map_or(from.at, |value| value.at);
        for column in asked.iter().filter(|column| fields.iter().all(|one| one.name != **column)) {
            let message = format!("the table `{field}` asks for the column `{column}`, which `{name}` does not have");
            let remedy = "add the column there, or ask for it here only when it is there";
            cx.sink.error_help(at, "missing-column", message, remedy);
        }
    }
}

/// The field that is named as a whole, with how it is written; references are followed.
fn whole<'s>(
    cx: Cx<'s>,
    value: &Expr,
    (process, form): (&'s ProcessSymbol, &'s FieldSymbols),
) -> Option<(String, &'s FieldSymbol)> {
    let Expr::Path(path) = value else { return None };
    let [root, name, rest @ ..] = path.as_slice() else { return None };
    let mut symbol = match root.as_str() {
        "form" => form.get(name),
        "case" => process.field(name),
        _ => None,
    }?;
    for name in rest {
        let Some(FieldKind::Ref { register }) = &symbol.kind else { return None };
        symbol = cx.symbols.registers.get(register)?.fields.get(name)?;
    }
    Some((path.join("."), symbol))
}
