//! The type of a field: reading it, and checking what it refers to.

use crate::cx::Cx;
use crate::near;
use crate::yaml::Node;
use ganglion_model::pack::FieldKind;

/// Most characters of a text field.
const LONGEST_TEXT: i64 = 20_000;
/// Most files of a field.
const MOST_FILES: i64 = 50;

/// Keys every field may have.
const COMMON: [&str; 13] = [
    "type", "title", "help", "required", "when", "check", "personal", "see", "public", "default", "unit", "unique",
    "fact",
];

/// Types with the keys they add.
pub(crate) const TYPES: [(&str, &[&str]); 20] = [
    ("text", &["max", "pattern"]),
    ("long_text", &["max"]),
    ("integer", &["min", "max"]),
    ("decimal", &["precision", "scale"]),
    ("money", &[]),
    ("date", &[]),
    ("datetime", &[]),
    ("boolean", &[]),
    ("choice", &["of"]),
    ("choices", &["of"]),
    ("ref", &["to"]),
    ("case_ref", &["to"]),
    ("place", &["levels"]),
    ("post", &["roles", "within"]),
    ("posts", &["roles", "within"]),
    ("point", &[]),
    ("files", &["accept", "max"]),
    ("phone", &[]),
    ("citizen_id", &[]),
    ("duration", &[]),
];

/// The type of the field declared by `node`. References are not followed; see [`check`].
pub fn read(cx: Cx<'_>, node: &Node) -> Option<FieldKind> {
    let word = cx.need(node, "type", "a field")?;
    let name = cx.scalar(word, "a field's type")?;
    let Some((_, extra)) = TYPES.iter().find(|(known, _)| *known == name) else {
        let remedy = near::nearest(name, TYPES.iter().map(|one| one.0)).map(|near| format!("did you mean `{near}`?"));
        cx.sink.error_maybe(word.at, "unknown-type", format!("there is no field type `{name}`"), remedy);
        return None;
    };
    let known: Vec<&str> = COMMON.iter().chain(*extra).copied().collect();
    cx.mapping(node, &format!("a field of type {name}"), &known);
    of_type(cx, node, name)
}

/// The type called `name`, one of [`TYPES`], with its further keys.
fn of_type(cx: Cx<'_>, node: &Node, name: &str) -> Option<FieldKind> {
    let whole = |key, low, high, otherwise: i64| cx.number(node, key, (low, high)).unwrap_or(otherwise);
    let small = |n: i64| u32::try_from(n).unwrap_or(0);
    let target = |key| cx.need(node, key, &format!("a field of type {name}")).and_then(|to| cx.scalar(to, key));
    Some(match name {
        "text" => FieldKind::Text { max: small(whole("max", 1, LONGEST_TEXT, 200)), pattern: pattern(cx, node) },
        "long_text" => FieldKind::LongText { max: small(whole("max", 1, LONGEST_TEXT, 4000)) },
        "integer" => integer(cx, node),
        "decimal" => decimal(cx, node),
        "money" => FieldKind::Money,
        "date" => FieldKind::Date,
        "datetime" => FieldKind::Datetime,
        "boolean" => FieldKind::Boolean,
        "choice" => FieldKind::Choice { list: target("of")?.to_owned() },
        "choices" => FieldKind::Choices { list: target("of")?.to_owned() },
        "ref" => FieldKind::Ref { register: target("to")?.to_owned() },
        "case_ref" => FieldKind::CaseRef { process: target("to")?.to_owned() },
        "place" => FieldKind::Place { levels: cx.levels(node, "levels") },
        "post" => FieldKind::Post { roles: roles(cx, node), within: within(cx, node) },
        "posts" => FieldKind::Posts { roles: roles(cx, node), within: within(cx, node) },
        "point" => FieldKind::Point,
        "files" => FieldKind::Files {
            images: cx.one_of(node, "accept", &[("image", true), ("any", false)]).unwrap_or(false),
            max: small(whole("max", 1, MOST_FILES, 9)),
        },
        "phone" => FieldKind::Phone,
        "citizen_id" => FieldKind::CitizenId,
        _ => FieldKind::Duration,
    })
}

fn roles(cx: Cx<'_>, node: &Node) -> Vec<String> {
    cx.words(node, "roles").into_iter().map(|(_, role)| role.to_owned()).collect()
}

fn within(cx: Cx<'_>, node: &Node) -> Option<ganglion_model::Level> {
    node.get("within").and_then(|level| cx.level(level))
}

fn pattern(cx: Cx<'_>, node: &Node) -> Option<String> {
    let given = node.get("pattern")?;
    let text = cx.scalar(given, "pattern")?;
    if let Err(error) = regex::Regex::new(&format!("^(?:{text})$")) {
        let reason = error.to_string();
        let reason = reason.lines().last().unwrap_or_default().trim().to_owned();
        cx.sink.error(given.at, "bad-pattern", format!("this pattern cannot be read: {reason}"));
        return None;
    }
    Some(text.to_owned())
}

fn integer(cx: Cx<'_>, node: &Node) -> FieldKind {
    let bound = |key| cx.number(node, key, (i64::MIN, i64::MAX));
    let (min, max) = (bound("min"), bound("max"));
    if min.zip(max).is_some_and(|(min, max)| min > max) {
        cx.sink.error(node.at, "bad-number", "`min` is larger than `max`");
    }
    FieldKind::Integer { min, max }
}

fn decimal(cx: Cx<'_>, node: &Node) -> FieldKind {
    let digits =
        |key, low, otherwise| cx.number(node, key, (low, 30)).and_then(|n| u8::try_from(n).ok()).unwrap_or(otherwise);
    let (precision, scale) = (digits("precision", 1, 18), digits("scale", 0, 2));
    if scale > precision {
        cx.sink.error(node.at, "bad-number", "`scale` is larger than `precision`");
    }
    FieldKind::Decimal { precision, scale }
}

/// Checks that what the type refers to is declared and usable from this pack.
pub fn check(cx: Cx<'_>, node: &Node, kind: &FieldKind) {
    let symbols = cx.symbols;
    let at = |key: &str| node.get(key).map_or(node.at, |named| named.at);
    match kind {
        FieldKind::Choice { list } | FieldKind::Choices { list } => {
            cx.usable(at("of"), ("list", "unknown-list"), list, symbols.lists.iter().map(|(name, l)| (name, &l.packs)));
        }
        FieldKind::Ref { register } => {
            let known = symbols.registers.iter().map(|(name, one)| (name, &one.packs));
            cx.usable(at("to"), ("register", "unknown-register"), register, known);
        }
        FieldKind::CaseRef { process } => {
            let known = symbols.processes.iter().map(|(name, one)| (name, &one.packs));
            cx.usable(at("to"), ("process", "unknown-process"), process, known);
        }
        FieldKind::Post { roles, .. } | FieldKind::Posts { roles, .. } => {
            for (item, role) in node.get("roles").map(Node::items).unwrap_or_default().iter().zip(roles) {
                cx.usable_role(item.at, role);
            }
        }
        FieldKind::Place { levels } if levels.is_empty() => {
            cx.sink.error_help(
                node.at,
                "missing-key",
                "a field of type place needs `levels`",
                "add `levels: [village]`",
            );
        }
        _ => {}
    }
}
