//! Routing: point, place field, rules over registers, workload.

use crate::cel::{self, Scope, Want};
use crate::cx::Cx;
use crate::lower::process::case_field;
use crate::symbols::{ProcessSymbol, RegisterSymbol};
use crate::yaml::{Kind, Node};
use ganglion_model::pack::{FieldKind, Give, Match, RouteDef, RuleRoute, Workload};

const OF_ROUTE: [&str; 5] = ["point", "place", "handled_at", "rule", "workload"];
const OF_GIVE: [&str; 4] = ["post", "role", "place", "level"];
/// Stands for the place found so far.
const FOUND: &str = "place";

/// The routing of a process.
pub fn all(cx: Cx<'_>, node: &Node, symbol: &ProcessSymbol) -> RouteDef {
    let Some(route) = cx.need(node, "route", "a process") else {
        return RouteDef::default();
    };
    if !cx.mapping(route, "`route`", &OF_ROUTE) {
        return RouteDef::default();
    }
    let of_form = |key: &str, wanted: &str, fits: fn(&FieldKind) -> bool| {
        let name = case_field(cx, (route, key), symbol, (wanted, fits))?;
        if !symbol.form.contains_key(&name) {
            let at = route.get(key).map_or(route.at, |value| value.at);
            let message = format!("`{name}` is filled after the case has found its place");
            cx.sink.error_help(at, "unknown-field", message, "name a field of the opening form");
            return None;
        }
        Some(name)
    };
    let rules: Vec<RuleRoute> = several(route.get("rule")).filter_map(|one| rule(cx, one, symbol)).collect();
    if route.get("point").is_none() && route.get("place").is_none() && !rules.iter().any(|one| one.give.place.is_some())
    {
        let message = "a case finds its place by a point, by a place field or by a rule that gives one";
        cx.sink.error_help(route.at, "no-route", message, "add `place: <field of type place>`");
    }
    RouteDef {
        point: of_form("point", "a field of type point", |kind| matches!(kind, FieldKind::Point)),
        place: of_form("place", "a field of type place", |kind| matches!(kind, FieldKind::Place { .. })),
        handled_at: route.get("handled_at").and_then(|level| cx.level(level)),
        rules,
        workload: several(route.get("workload")).filter_map(|one| workload(cx, one)).collect(),
    }
}

/// One, or a list of them.
fn several(node: Option<&Node>) -> impl Iterator<Item = &Node> {
    node.map(Node::items).unwrap_or_default().iter()
}

/// `{role: handler, level: township}`.
pub fn workload(cx: Cx<'_>, node: &Node) -> Option<Workload> {
    cx.mapping(node, "`workload`", &["role", "level"]).then_some(())?;
    let named = cx.need(node, "role", "`workload`")?;
    let role = cx.scalar(named, "a role")?;
    let at = cx.need(node, "level", "`workload`")?;
    let level = cx.level(at)?;
    cx.usable_role(named.at, role).then_some(())?;
    if !cx.symbols.roles.get(role).is_some_and(|one| one.levels.contains(&level)) {
        let message = format!("there are no posts of `{role}` at level {}", level.as_str());
        cx.sink.error_help(at.at, "role-has-no-level", message, "name a level of the role");
        return None;
    }
    Some(Workload { role: role.to_owned(), level })
}

/// The register `node` names under `register`, whose rows are known before a case has a place: one of the deployment. `what`: what
/// `node` is, and the remedy when it names another.
pub fn early_register<'c, 'n>(
    cx: Cx<'c>,
    node: &'n Node,
    (what, remedy): (&str, &str),
) -> Option<(&'n str, &'c RegisterSymbol)> {
    let named = cx.need(node, "register", what)?;
    let register = cx.scalar(named, "a register")?;
    let known = cx.symbols.registers.iter().map(|(name, one)| (name, &one.packs));
    cx.usable(named.at, ("register", "unknown-register"), register, known).then_some(())?;
    let target = cx.symbols.registers.get(register)?;
    if !target.deployment {
        let message = format!("rows of `{register}` live with their places and are not known before a case has one");
        cx.sink.error_help(named.at, "not-followed", message, remedy);
        return None;
    }
    Some((register, target))
}

fn rule(cx: Cx<'_>, node: &Node, symbol: &ProcessSymbol) -> Option<RuleRoute> {
    cx.mapping(node, "a routing rule", &["register", "match", "give"]).then_some(())?;
    let (register, target) = early_register(cx, node, ("a routing rule", "route by a register of the deployment"))?;
    let scope = Scope::routing(symbol);
    let mut matches = Vec::new();
    for (key, value) in cx.need(node, "match", "a routing rule").map(Node::entries).unwrap_or_default() {
        if column(cx, (key.at, &key.text), (register, target)).is_none() {
            continue;
        }
        if value.text() == Some(FOUND) {
            matches.push((key.text.clone(), Match::Place));
        } else if let Some(expr) = cel::compile(cx, &scope, value, &Want::Cell) {
            matches.push((key.text.clone(), Match::Value(expr)));
        }
    }
    let give = give(cx, cx.need(node, "give", "a routing rule")?, (register, target))?;
    Some(RuleRoute { register: register.to_owned(), matches, give })
}

fn column<'a>(
    cx: Cx<'_>,
    (at, name): (crate::sink::At, &str),
    (register, target): (&str, &'a RegisterSymbol),
) -> Option<&'a FieldKind> {
    let Some(field) = target.fields.get(name) else {
        let known = target.fields.keys().map(String::as_str);
        cx.unknown((at, "unknown-field"), &format!("the register {register} has no field `{name}`"), name, known);
        return None;
    };
    field.kind.as_ref()
}

/// A column alone, whose type says what it gives, or a mapping of what is given to columns.
fn give(cx: Cx<'_>, node: &Node, target: (&str, &RegisterSymbol)) -> Option<Give> {
    let mut give = Give::default();
    if !matches!(node.kind, Kind::Map(_)) {
        let name = cx.scalar(node, "a column")?;
        let what = match column(cx, (node.at, name), target)? {
            FieldKind::Post { .. } => &mut give.post,
            FieldKind::Place { .. } => &mut give.place,
            _ => {
                let message = format!("`{name}` is neither a post nor a place");
                let remedy = "write `give: {role: column}` or `give: {level: column}` for a text";
                cx.sink.error_help(node.at, "wrong-type", message, remedy);
                return None;
            }
        };
        *what = Some(name.to_owned());
        return Some(give);
    }
    cx.mapping(node, "`give`", &OF_GIVE);
    for (key, value) in node.entries() {
        let Some(name) = cx.scalar(value, "a column") else { continue };
        let Some(kind) = column(cx, (value.at, name), target) else { continue };
        let word = matches!(kind, FieldKind::Text { .. } | FieldKind::Choice { .. });
        let (into, fits, wanted) = match key.text.as_str() {
            "post" => (&mut give.post, matches!(kind, FieldKind::Post { .. }), "a post"),
            "place" => (&mut give.place, matches!(kind, FieldKind::Place { .. }), "a place"),
            "role" => (&mut give.role, word, "a text or a choice that names a role"),
            "level" => (&mut give.level, word, "a text or a choice that names a level"),
            _ => continue,
        };
        if fits {
            *into = Some(name.to_owned());
        } else {
            cx.sink.error(value.at, "wrong-type", format!("`{name}` is not {wanted}"));
        }
    }
    Some(give)
}
