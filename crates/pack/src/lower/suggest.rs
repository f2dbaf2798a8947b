//! `suggest:` of a field: what is proposed for it comes from similar settled cases. Which cases are similar is read here; they are
//! counted where somebody is asked.

use super::field::Owner;
use crate::cx::Cx;
use crate::yaml::{Key, Node};
use ganglion_model::pack::{FieldKind, SAME_WORDS};

/// What similar cases have in common: names of fields, and the words that were said.
pub fn read(cx: Cx<'_>, key: &Key, node: &Node, (kind, owner): (&FieldKind, Owner<'_>)) -> Vec<String> {
    let named = cx.words(node, "suggest");
    let Some(at) = node.get("suggest").map(|given| given.at) else { return Vec::new() };
    let chosen = matches!(kind, FieldKind::Choice { .. } | FieldKind::Ref { .. } | FieldKind::Post { .. });
    let Some(process) = (match owner {
        Owner::Action(process) if chosen => Some(process),
        _ => None,
    }) else {
        let message = "something is suggested for a choice, a reference or a post in the form of an action";
        cx.sink.error_help(at, "nothing-to-suggest", message, "remove `suggest`");
        return Vec::new();
    };
    // Who got a post is seen at the case; anything else has to be kept with it.
    if !matches!(kind, FieldKind::Post { .. }) && process.field(&key.text).is_none() {
        let message = format!("no settled case says what was chosen in `{}`", key.text);
        let remedy = "declare a field of that name under `fields:`, where it is kept";
        cx.sink.error_help(at, "nothing-to-suggest", message, remedy);
    }
    let mut good: Vec<String> = Vec::new();
    for (at, name) in named {
        let is_known = name == SAME_WORDS || process.form.contains_key(name);
        if is_known && name != key.text {
            good.push(name.to_owned());
        } else {
            let known = process.form.keys().map(String::as_str).chain([SAME_WORDS]);
            cx.unknown((at, "unknown-field"), &format!("cases do not resemble each other by `{name}`"), name, known);
        }
    }
    good
}
