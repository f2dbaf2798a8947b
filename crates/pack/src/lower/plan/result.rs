//! The rows that adopting a plan writes.

use super::Offered;
use super::parts::Reader;
use crate::cel::{self, Part, Want};
use crate::symbols::RegisterSymbol;
use crate::yaml::{Key, Node};
use ganglion_model::expr::Expr;
use ganglion_model::pack::PlanResult;
use std::collections::BTreeMap;

impl Reader<'_> {
    pub fn result(&self, node: &Node, offered: &Offered<'_>) -> Option<PlanResult> {
        self.cx.mapping(node, "the result", &["register", "place", "replaces", "set"]).then_some(())?;
        let (name, register) = self.register(node, "register")?;
        let scope = self.result_scope(&offered.parts, &offered.found);
        self.cx.need(node, "set", "the result");
        let mut set: BTreeMap<String, Expr> = BTreeMap::new();
        let mut written: Vec<&str> = Vec::new();
        for (field, value) in node.get("set").map(Node::entries).unwrap_or_default() {
            written.push(&field.text);
            let Some(want) = self.settable(name, register, field) else { continue };
            set.extend(cel::compile(self.cx, &scope, value, &want).map(|expr| (field.text.clone(), expr)));
        }
        for (field, symbol) in &register.fields {
            let has_place = field == "place" && node.get("place").is_some();
            if symbol.required && !symbol.given && !written.contains(&field.as_str()) && !has_place {
                let message = format!("the result leaves the required field `{field}` empty");
                self.cx.sink.error_help(node.at, "missing-value", message, format!("add `{field}: …` under `set`"));
            }
        }
        let place = match node.get("place") {
            Some(place) if register.deployment => {
                let message = format!("rows of `{name}` belong to no place");
                self.cx.sink.error_help(place.at, "place-not-needed", message, "remove `place` here");
                None
            }
            Some(place) => Some(cel::compile(self.cx, &scope, place, &Want::Place)?),
            None if !register.deployment && !set.contains_key("place") => {
                let message = format!("rows of `{name}` belong to a place");
                self.cx.sink.error_help(node.at, "missing-key", message, "add `place:` with an expression");
                None
            }
            None => None,
        };
        let row = [Part { name: "row", register: Some(name), fields: &register.fields, kept: !register.deployment }];
        let replaces = self.expr(node.get("replaces"), &row, &Want::Condition)?;
        Some(PlanResult { register: name.to_owned(), place, replaces, set })
    }

    /// What must be given for a field of the result, if it can be set at all.
    fn settable<'r>(&self, name: &str, register: &'r RegisterSymbol, field: &'r Key) -> Option<Want<'r>> {
        let Some(symbol) = register.fields.get(&field.text) else {
            let known = register.fields.keys().map(String::as_str);
            let message = format!("the register `{name}` has no field `{}`", field.text);
            self.cx.unknown((field.at, "unknown-field"), &message, &field.text, known);
            return None;
        };
        if symbol.given {
            let message = format!("`{}` is given by the system and cannot be set", field.text);
            self.cx.sink.error_help(field.at, "given-by-the-system", message, "remove it here");
            return None;
        }
        if symbol.personal {
            let message = format!("`{}` is personal: a plan sees nothing personal it could be set to", field.text);
            self.cx.sink.error_help(field.at, "personal-value", message, "remove it here");
            return None;
        }
        symbol.kind.as_ref().map(|kind| Want::Field(&field.text, kind))
    }
}
