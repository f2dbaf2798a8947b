//! The type of a field: reading it, and checking what it refers to.

use crate::cx::Cx;
use crate::lower::number;
use crate::near;
use crate::yaml::{Kind, Node};
use ganglion_model::pack::{Field, FieldKind, NumberDef};
use ganglion_model::units;

/// Most characters of a text field.
const LONGEST_TEXT: i64 = 20_000;
/// Most digits of a decimal: as many as are kept exactly.
const MOST_DIGITS: i64 = 24;
/// Most files of a field.
const MOST_FILES: i64 = 50;

/// Most rows of a table, and of a field of several references.
const MOST_ROWS: i64 = 200;

/// Keys every field may have.
const COMMON: [&str; 17] = [
    "type", "title", "help", "required", "when", "check", "warn", "personal", "see", "public", "default", "unit",
    "unique", "fact", "fixed", "set_by", "suggest",
];

/// Types with the keys they add.
pub(crate) const TYPES: [(&str, &[&str]); 30] = [
    ("text", &["max", "pattern"]),
    ("long_text", &["max"]),
    ("integer", &["min", "max", "range"]),
    ("decimal", &["precision", "scale", "min", "max", "range"]),
    ("money", &["min", "max", "range"]),
    ("quantity", &["precision", "scale", "min", "max", "range"]),
    ("date", &["min", "max", "range"]),
    ("time", &["min", "max", "range"]),
    ("datetime", &[]),
    ("boolean", &[]),
    ("choice", &["of"]),
    ("choices", &["of"]),
    ("ref", &["to", "within", "where"]),
    ("refs", &["to", "max", "within", "where"]),
    ("case_ref", &["to"]),
    ("place", &["levels"]),
    ("post", &["roles", "within"]),
    ("posts", &["roles", "within"]),
    ("account", &["roles", "within"]),
    ("point", &["round_m"]),
    ("line", &[]),
    ("polygon", &[]),
    ("files", &["accept", "max"]),
    ("phone", &[]),
    ("citizen_id", &[]),
    ("credit_code", &[]),
    ("duration", &[]),
    ("serial", &["pattern"]),
    ("table", &["fields", "min_rows", "max_rows"]),
    ("computed", &["as", "value"]),
];

/// What types are called elsewhere, and here.
const ALSO_CALLED: [(&str, &str); 31] = [
    ("string", "text"),
    ("str", "text"),
    ("textarea", "long_text"),
    ("number", "integer"),
    ("int", "integer"),
    ("float", "decimal"),
    ("double", "decimal"),
    ("bool", "boolean"),
    ("enum", "choice"),
    ("select", "choice"),
    ("checkbox", "boolean"),
    ("multi_select", "choices"),
    ("photo", "files"),
    ("photos", "files"),
    ("image", "files"),
    ("file", "files"),
    ("attachment", "files"),
    ("timestamp", "datetime"),
    ("day", "date"),
    ("currency", "money"),
    ("reference", "ref"),
    ("location", "point"),
    ("area", "polygon"),
    ("mobile", "phone"),
    ("telephone", "phone"),
    ("id_card", "citizen_id"),
    ("user", "account"),
    ("person", "account"),
    ("list", "table"),
    ("formula", "computed"),
    ("auto_number", "serial"),
];
/// What a computed value may be.
const COMPUTED: [&str; 10] =
    ["integer", "decimal", "money", "quantity", "date", "text", "boolean", "time", "choice", "ref"];
/// What cannot stand in a cell of a table: what needs a table, a map or an upload of its own.
const NOT_IN_CELLS: [&str; 6] = ["table", "files", "line", "polygon", "serial", "posts"];

/// Whether every field may have a key of this name.
pub fn is_common_key(word: &str) -> bool {
    COMMON.contains(&word)
}

/// The type of the field declared by `node`. References are not followed; see [`check`].
pub fn read(cx: Cx<'_>, node: &Node) -> Option<FieldKind> {
    let (_, name, extra) = named(cx, node, "type")?;
    if name != "computed" {
        let known: Vec<&str> = COMMON.iter().chain(extra).copied().collect();
        cx.mapping(node, &format!("a field of type {name}"), &known);
        return of_type(cx, node, name);
    }
    cx.need(node, "value", "a computed field");
    let (word, name, more) = named(cx, node, "as")?;
    if !COMPUTED.contains(&name) {
        let remedy = format!("a computed field is one of {}", COMPUTED.join(", "));
        cx.sink.error_help(word.at, "unknown-type", format!("a value of type {name} cannot be computed"), remedy);
        return None;
    }
    // What is computed is neither demanded nor judged.
    let never = |key: &&str| ["required", "default", "min", "max", "range", "pattern"].contains(key) && name != "text";
    let known = COMMON.iter().chain(extra).chain(more).copied().filter(|key| !never(key));
    cx.mapping(node, "a computed field", &known.collect::<Vec<_>>());
    of_type(cx, node, name)
}

/// The type named under `key`, with the keys it adds.
fn named<'n>(cx: Cx<'_>, node: &'n Node, key: &str) -> Option<(&'n Node, &'n str, &'static [&'static str])> {
    let word = cx.need(node, key, "a field")?;
    let name = cx.scalar(word, "a field's type")?;
    let Some((_, extra)) = TYPES.iter().find(|(known, _)| *known == name) else {
        let types = || TYPES.iter().map(|one| one.0);
        let also = ALSO_CALLED.iter().find(|(other, _)| *other == name).map(|(_, ours)| *ours);
        let remedy = match also.or_else(|| near::nearest(name, types())) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the types are {}", types().collect::<Vec<_>>().join(", ")),
        };
        cx.sink.error_help(word.at, "unknown-type", format!("there is no field type `{name}`"), remedy);
        return None;
    };
    Some((word, name, extra))
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
        "decimal" => {
            let (precision, scale) = digits(cx, node);
            FieldKind::Decimal { precision, scale }
        }
        "quantity" => {
            let (precision, scale) = digits(cx, node);
            FieldKind::Quantity { unit: unit(cx, node)?, precision, scale }
        }
        "money" => FieldKind::Money,
        "date" => FieldKind::Date,
        "time" => FieldKind::Time,
        "datetime" => FieldKind::Datetime,
        "boolean" => FieldKind::Boolean,
        "choice" => FieldKind::Choice { list: target("of")?.to_owned() },
        "choices" => FieldKind::Choices { list: target("of")?.to_owned() },
        "ref" => FieldKind::Ref { register: target("to")?.to_owned() },
        "refs" => FieldKind::Refs { register: target("to")?.to_owned(), max: small(whole("max", 1, MOST_ROWS, 50)) },
        "case_ref" => FieldKind::CaseRef { process: target("to")?.to_owned() },
        "place" => FieldKind::Place { levels: cx.levels(node, "levels") },
        "post" => FieldKind::Post { roles: roles(cx, node), within: within(cx, node) },
        "posts" => FieldKind::Posts { roles: roles(cx, node), within: within(cx, node) },
        "account" => FieldKind::Account { roles: roles(cx, node), within: within(cx, node) },
        "point" => FieldKind::Point,
        "line" => FieldKind::Line,
        "polygon" => FieldKind::Polygon,
        "files" => FieldKind::Files {
            images: cx.one_of(node, "accept", &[("image", true), ("any", false)]).unwrap_or(false),
            max: small(whole("max", 1, MOST_FILES, 9)),
        },
        "phone" => FieldKind::Phone,
        "citizen_id" => FieldKind::CitizenId,
        "credit_code" => FieldKind::CreditCode,
        "serial" => FieldKind::Serial {
            number: NumberDef {
                on_state: None,
                parts: number::parts(cx, cx.need(node, "pattern", "a serial")?),
                each: Vec::new(),
            },
        },
        "table" => table(cx, node)?,
        _ => FieldKind::Duration,
    })
}

/// The columns with their types only; the rest is read when the field is lowered.
fn table(cx: Cx<'_>, node: &Node) -> Option<FieldKind> {
    let rows =
        |key, otherwise| cx.number(node, key, (0, MOST_ROWS)).and_then(|n| u32::try_from(n).ok()).unwrap_or(otherwise);
    let (min_rows, max_rows) = (rows("min_rows", 0), rows("max_rows", 50));
    if min_rows > max_rows || max_rows == 0 {
        cx.sink.error(node.at, "bad-number", "`max_rows` is at least 1 and not below `min_rows`");
    }
    let columns = cx.need(node, "fields", "a table")?;
    let mut fields = Vec::new();
    for (key, column) in columns.entries() {
        if let Some(word) = column.get("type")
            && let Some(name) = word.text().filter(|name| NOT_IN_CELLS.contains(name))
        {
            let message = format!("a cell of a table cannot be of type {name}");
            cx.sink.error_help(word.at, "not-in-a-table", message, "keep it beside the table");
            continue;
        }
        let kind = read(cx, column)?;
        fields.push(Field { name: key.text.clone(), kind, ..Field::default() });
    }
    Some(FieldKind::Table { fields, min_rows, max_rows })
}

/// The nodes of the smallest and the largest value: `min` and `max`, or both as `range: [min, max]`.
pub fn bounds(node: &Node) -> [Option<&Node>; 2] {
    let both = node.get("range").map(Node::items).unwrap_or_default();
    [node.get("min").or(both.first()), node.get("max").or(both.get(1))]
}

/// Constant bounds of whole numbers stand with the type; expressions are read with the field.
fn integer(cx: Cx<'_>, node: &Node) -> FieldKind {
    let [min, max] = bounds(node).map(|bound| bound?.text()?.parse::<i64>().ok());
    if min.zip(max).is_some_and(|(min, max)| min > max) {
        cx.sink.error(node.at, "bad-number", "`min` is larger than `max`");
    }
    FieldKind::Integer { min, max }
}

fn unit(cx: Cx<'_>, node: &Node) -> Option<String> {
    let given = cx.need(node, "unit", "a quantity")?;
    let code = cx.scalar(given, "a unit")?;
    if units::unit(code).is_none() {
        let known: Vec<&str> = units::all().map(|unit| unit.code.as_str()).collect();
        cx.unknown((given.at, "unknown-unit"), &format!("there is no unit `{code}`"), code, known);
        return None;
    }
    Some(code.to_owned())
}

fn roles(cx: Cx<'_>, node: &Node) -> Vec<String> {
    cx.words(node, "roles").into_iter().map(|(_, role)| role.to_owned()).collect()
}

fn within(cx: Cx<'_>, node: &Node) -> Option<ganglion_model::Level> {
    node.get("within").and_then(|level| cx.level(level))
}

fn pattern(cx: Cx<'_>, node: &Node) -> Option<String> {
    let mut given = node.get("pattern")?;
    if matches!(given.kind, Kind::Map(_)) {
        cx.mapping(given, "a pattern", &["matches", "message"]);
        given = cx.need(given, "matches", "a pattern")?;
    }
    let text = cx.scalar(given, "pattern")?;
    if let Err(error) = regex::Regex::new(&format!("^(?:{text})$")) {
        let reason = error.to_string();
        let reason = reason.lines().last().unwrap_or_default().trim().to_owned();
        cx.sink.error(given.at, "bad-pattern", format!("this pattern cannot be read: {reason}"));
        return None;
    }
    Some(text.to_owned())
}

fn digits(cx: Cx<'_>, node: &Node) -> (u8, u8) {
    let digits = |key, low, otherwise| {
        cx.number(node, key, (low, MOST_DIGITS)).and_then(|n| u8::try_from(n).ok()).unwrap_or(otherwise)
    };
    let (precision, scale) = (digits("precision", 1, 18), digits("scale", 0, 2));
    if scale > precision {
        cx.sink.error(node.at, "bad-number", "`scale` is larger than `precision`");
    }
    (precision, scale)
}

/// Checks that what the type refers to is declared and usable from this pack.
pub fn check(cx: Cx<'_>, node: &Node, kind: &FieldKind) {
    let symbols = cx.symbols;
    let at = |key: &str| node.get(key).map_or(node.at, |named| named.at);
    match kind {
        FieldKind::Choice { list } | FieldKind::Choices { list } => {
            cx.usable(at("of"), ("list", "unknown-list"), list, symbols.lists.iter().map(|(name, l)| (name, &l.packs)));
        }
        FieldKind::Ref { register } | FieldKind::Refs { register, .. } => {
            let known = symbols.registers.iter().map(|(name, one)| (name, &one.packs));
            cx.usable(at("to"), ("register", "unknown-register"), register, known);
        }
        FieldKind::CaseRef { process } => {
            let known = symbols.processes.iter().map(|(name, one)| (name, &one.packs));
            cx.usable(at("to"), ("process", "unknown-process"), process, known);
        }
        FieldKind::Post { roles, .. } | FieldKind::Posts { roles, .. } | FieldKind::Account { roles, .. } => {
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
