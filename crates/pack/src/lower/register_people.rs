//! Who may read and change rows of a register, and what personal fields of rows need.

use crate::cx::Cx;
use crate::lower::who;
use crate::symbols::RegisterSymbol;
use crate::yaml::Node;
use ganglion_model::pack::{Register, Scope, Who};

/// Who may do what to rows.
pub struct People {
    /// Who may read, besides those below.
    pub read: Vec<Who>,
    /// Who may change alone.
    pub edit: Vec<Who>,
    /// Who may propose.
    pub propose: Vec<Who>,
    /// Who may approve.
    pub approve: Vec<Who>,
}

fn is_post(who: &Who) -> bool {
    matches!(who, Who::Role { .. })
}

/// Reads `read`, `edit`, `propose` and `approve`.
pub fn all(cx: Cx<'_>, node: &Node) -> People {
    let readers: fn(&Who) -> bool = |who| matches!(who, Who::Role { .. } | Who::Public);
    let writers = |key| who::list(cx, node, key, (is_post, "rows are changed by role@level"));
    let people = People {
        read: who::list(cx, node, "read", (readers, "rows are read by role@level, or by `public`")),
        edit: writers("edit"),
        propose: writers("propose"),
        approve: writers("approve"),
    };
    let at = |key: &str| node.get(key).map_or(node.at, |value| value.at);
    if !people.edit.is_empty() && !people.propose.is_empty() {
        let message = "`edit` lets one person change what `propose` says two must agree on";
        cx.sink.error_help(at("edit"), "edit-and-propose", message, "keep one of the two");
    }
    match (people.propose.is_empty(), people.approve.is_empty()) {
        (false, true) => {
            cx.sink.error_help(
                at("propose"),
                "nobody-approves",
                "what is proposed is approved by nobody",
                "add `approve: [role@level]`",
            );
        }
        (true, false) => {
            cx.sink.error_help(
                at("approve"),
                "nobody-proposes",
                "nobody may propose what is to be approved",
                "add `propose: [role@level]`",
            );
        }
        _ => {}
    }
    people
}

/// Personal fields need a purpose, and readers who are named.
pub fn check_personal(cx: Cx<'_>, node: &Node, register: &Register, symbol: &RegisterSymbol) {
    let Some(field) = register.fields.iter().find(|field| field.personal) else { return };
    let at = symbol.fields.get(&field.name).map_or(node.at, |field| field.at);
    if register.purpose.is_empty() {
        let message = format!("`{}` is personal, and the register says no `purpose`", field.name);
        cx.sink.error_help(
            at,
            "no-purpose",
            message,
            "add `purpose: {zh: …, en: …}`: why it is held, and on what basis",
        );
    }
    if let Some(stated) = node.get("purpose") {
        crate::lower::process::grounds(cx, node, stated.at);
    }
    if register.scope == Scope::Deployment && !register.read.iter().any(is_post) {
        let message = format!("`{}` is personal, and every post reads a register of the deployment", field.name);
        cx.sink.error_help(at, "read-by-all", message, "add `read: [role@level]`");
    }
}
