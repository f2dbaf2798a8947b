//! Registers.

use crate::cel::Scope;
use crate::cx::Cx;
use crate::lower::field::{self, Owner};
use crate::names;
use crate::yaml::Node;
use ganglion_model::Level;
use ganglion_model::pack::{FieldKind, Register, Scope as Where};

const KEYS: [&str; 9] = ["register", "title", "scope", "key", "label", "group", "dated", "fields", "seed"];

/// The register declared by `node`.
pub fn lower(cx: Cx<'_>, node: &Node) -> Option<Register> {
    cx.mapping(node, "a register", &KEYS).then_some(())?;
    let named = cx.need(node, "register", "a register file")?;
    let name = cx.scalar(named, "the name")?;
    names::check(cx.sink, named.at, name);
    // A second declaration has been reported; its parts would be judged by the names of the first.
    let symbol = cx.symbols.registers.get(name).filter(|symbol| symbol.at == named.at)?;
    let what = format!("the register `{name}`");
    let own = |key: &str| {
        let value = node.get(key)?;
        let field = cx.scalar(value, key)?;
        if symbol.fields.contains_key(field) {
            return Some(field.to_owned());
        }
        let known = symbol.fields.keys().map(String::as_str);
        cx.unknown((value.at, "unknown-field"), &format!("{what} has no field `{field}`"), field, known);
        None
    };
    cx.need(node, "fields", "a register");
    let fields = field::all(cx, node.get("fields"), &Scope::register(&symbol.fields), Owner::Register);
    let key = cx.need(node, "key", "a register").and_then(|_| own("key"));
    let label = cx.need(node, "label", "a register").and_then(|_| own("label"));
    check_key(cx, node, key.as_deref(), &fields);
    for field in fields.iter().filter(|field| field.personal) {
        let at = symbol.fields.get(&field.name).map_or(node.at, |field| field.at);
        let message = format!("`{}` is personal; registers are read by everyone who fills in a form", field.name);
        cx.sink.error_help(at, "personal-register", message, "keep personal values in the case that needs them");
    }
    Some(Register {
        name: name.to_owned(),
        pack: cx.pack.to_owned(),
        title: cx.needed_text(node, "title", &what),
        scope: scope(cx, node),
        key: key.unwrap_or_default(),
        label: label.unwrap_or_default(),
        group: own("group"),
        dated: cx.flag(node, "dated", false),
        fields,
    })
}

fn scope(cx: Cx<'_>, node: &Node) -> Where {
    let Some(value) = cx.need(node, "scope", "a register") else {
        return Where::Deployment;
    };
    match cx.scalar(value, "scope") {
        Some("deployment") | None => Where::Deployment,
        Some(name) => match Level::parse(name) {
            Some(level) => Where::Place(level),
            None => {
                let known = Level::ALL.map(Level::as_str).into_iter().chain(["deployment"]);
                cx.unknown((value.at, "unknown-level"), &format!("`scope` cannot be `{name}`"), name, known);
                Where::Deployment
            }
        },
    }
}

fn check_key(cx: Cx<'_>, node: &Node, key: Option<&str>, fields: &[ganglion_model::pack::Field]) {
    let Some(field) = fields.iter().find(|field| Some(field.name.as_str()) == key) else {
        return;
    };
    let at = node.get("key").map_or(node.at, |key| key.at);
    let textual = matches!(
        field.kind,
        FieldKind::Text { .. } | FieldKind::Choice { .. } | FieldKind::Ref { .. } | FieldKind::Place { .. }
    );
    if !textual {
        cx.sink.error(at, "wrong-type", "the key is a field of type text, choice, ref or place");
    }
    if field.required != ganglion_model::pack::Required::Yes {
        let message = format!("the key `{}` is not required", field.name);
        cx.sink.error_help(at, "key-not-required", message, "write `required: true` in the field");
    }
}
