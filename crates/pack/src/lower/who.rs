//! Who may open, act, read or be told: `dispatcher@township`, `verifier@handling`, `assignee`, `reporter`, …

use crate::cx::Cx;
use crate::yaml::Node;
use ganglion_model::Level;
use ganglion_model::pack::Who;

const WORDS: [(&str, Who); 7] = [
    ("assignee", Who::Assignee),
    ("assisting", Who::Assisting),
    ("reporter", Who::Reporter),
    ("public", Who::Public),
    ("staff", Who::Staff),
    ("api", Who::Api),
    ("system", Who::System),
];

/// Reads the people under `key`; those for whom `fits` fails are reported with `why`.
pub fn list(cx: Cx<'_>, node: &Node, key: &str, (fits, why): (fn(&Who) -> bool, &str)) -> Vec<Who> {
    let mut all = Vec::new();
    for item in node.get(key).map(Node::items).unwrap_or_default() {
        let Some(who) = one(cx, item) else { continue };
        if !fits(&who) {
            let message = format!("`{}` cannot stand here", item.text().unwrap_or_default());
            cx.sink.error_help(item.at, "wrong-who", message, why);
        } else if !all.contains(&who) {
            all.push(who);
        }
    }
    all
}

/// Whether anybody is named under `key`, rightly or wrongly.
pub fn is_named(node: &Node, key: &str) -> bool {
    node.get(key).is_some_and(|named| !named.items().is_empty())
}

/// Those who are told: reporter, assignee, assisting posts, or posts of a role in reach of the case.
pub fn told(cx: Cx<'_>, node: &Node, key: &str) -> Vec<Who> {
    let told: fn(&Who) -> bool = |who| !matches!(who, Who::Public | Who::Staff | Who::Api | Who::System);
    list(cx, node, key, (told, "reporter, assignee, assisting or role@level can be told"))
}

fn one(cx: Cx<'_>, node: &Node) -> Option<Who> {
    let text = cx.scalar(node, "who")?;
    let Some((role, level)) = text.split_once('@') else {
        return word(cx, node, text);
    };
    if !cx.usable_role(node.at, role) {
        return None;
    }
    if level == "handling" {
        return Some(Who::RoleHandling { role: role.to_owned() });
    }
    if level == "taken" {
        return Some(Who::RoleTaken { role: role.to_owned() });
    }
    let Some(level) = Level::parse(level) else {
        let known = Level::ALL.map(Level::as_str).into_iter().chain(["handling", "taken"]);
        cx.unknown((node.at, "unknown-level"), &format!("there is no level `{level}`"), level, known);
        return None;
    };
    let levels = cx.symbols.roles.get(role).map(|role| role.levels.as_slice()).unwrap_or_default();
    if levels.is_empty() {
        // Reported where the role is declared.
        return None;
    }
    if !levels.contains(&level) {
        let names: Vec<&str> = levels.iter().map(|level| level.as_str()).collect();
        let message = format!("there are no posts of `{role}` at level {}", level.as_str());
        let remedy = format!("its levels are {}: use one of them, or add the level to the role", names.join(", "));
        cx.sink.error_help(node.at, "role-has-no-level", message, remedy);
        return None;
    }
    Some(Who::Role { role: role.to_owned(), level })
}

fn word(cx: Cx<'_>, node: &Node, text: &str) -> Option<Who> {
    if let Some((_, who)) = WORDS.iter().find(|(word, _)| *word == text) {
        return Some(who.clone());
    }
    if let Some(role) = cx.symbols.roles.get(text) {
        let level = role.levels.first().map_or("township", |level| level.as_str());
        let message = format!("`{text}` needs the level its post stands at");
        cx.sink.error_help(node.at, "unknown-who", message, format!("write {text}@{level}"));
    } else {
        let known = WORDS.iter().map(|(word, _)| *word).chain(cx.symbols.roles.keys().map(String::as_str));
        cx.unknown((node.at, "unknown-who"), &format!("nobody is called `{text}`"), text, known);
    }
    None
}
