//! Fields of forms, cases and registers.

use crate::cel::{self, ROOTS, Scope, Want};
use crate::cx::Cx;
use crate::kind;
use crate::lower::value;
use crate::names;
use crate::symbols::{self, FieldSymbol, ProcessSymbol};
use crate::yaml::{Key, Kind, Node, Style};
use ganglion_model::expr::Expr;
use ganglion_model::pack::{Check, Field, FieldKind, Required, Within};
use ganglion_model::{Text, units};
use serde_json::Value;

/// Whose fields are read.
#[derive(Clone, Copy)]
pub enum Owner<'a> {
    /// A register.
    Register,
    /// The opening form of a process.
    Opening(&'a ProcessSymbol),
    /// Fields of a process that actions fill later.
    Later(&'a ProcessSymbol),
    /// The form of an action of this process.
    Action(&'a ProcessSymbol),
    /// The columns of a table.
    Cells,
}

/// All fields under `node`, in the author's order.
pub fn all(cx: Cx<'_>, node: Option<&Node>, scope: &Scope<'_>, owner: Owner<'_>) -> Vec<Field> {
    let Some(node) = node else { return Vec::new() };
    if !matches!(node.kind, Kind::Map(_)) {
        cx.sink.error(
            node.at,
            "wrong-shape",
            format!("fields are a mapping of name to field, this is {}", node.what()),
        );
    }
    let fields: Vec<Field> = node.entries().iter().filter_map(|(key, node)| one(cx, key, node, scope, owner)).collect();
    cycles(cx, node, &fields);
    fields
}

fn one(cx: Cx<'_>, key: &Key, node: &Node, scope: &Scope<'_>, owner: Owner<'_>) -> Option<Field> {
    names::check(cx.sink, key.at, &key.text);
    let what = format!("the field `{}`", key.text);
    is_mapping(cx, key, node).then_some(())?;
    let mut kind = kind::read(cx, node)?;
    kind::check(cx, node, &kind);
    check_name(cx, key, &kind, owner);
    let personal = cx.flag(node, "personal", false);
    let public = cx.flag(node, "public", false);
    privacy(cx, key, (personal, public), &kind, owner);
    let unique = cx.flag(node, "unique", false);
    if let (true, Some(written)) = (personal && unique, node.get("unique")) {
        let message = format!("{what} is personal: what stands once only is kept in clear to be found again");
        let remedy = "remove `unique`, or ask for a number that is not personal";
        cx.sink.error_help(written.at, "personal-and-unique", message, remedy);
    }
    if let Owner::Action(process) = owner {
        check_same(cx, key, &kind, personal, process.field(&key.text));
        check_given(cx, key, node, process.field(&key.text));
    }
    let (fixed, by_cases) = kept(cx, key, node, owner);
    let columns = symbols::fields(node.get("fields"));
    if let FieldKind::Table { fields, .. } = &mut kind {
        let inside = Scope { row: Some(&columns), ..*scope };
        *fields = all(cx, node.get("fields"), &inside, Owner::Cells);
    }
    for (at, role) in cx.words(node, "see") {
        cx.usable_role(at, role);
    }
    let judged = !matches!(owner, Owner::Later(_));
    if !judged {
        without_effect(cx, node);
    }
    unseen(cx, node, owner);
    let (default, default_from) = default(cx, node, (&key.text, &kind), scope).filter(|_| judged).unwrap_or_default();
    let [min, max] = kind::bounds(node).map(|given| bound(cx, given.filter(|_| judged)?, (&key.text, &kind), scope));
    Some(Field {
        name: key.text.clone(),
        title: cx.needed_text(node, "title", &what),
        help: cx.text_or_empty(node, "help", &what),
        required: if judged { required(cx, node, scope) } else { Required::No },
        when: node.get("when").filter(|_| judged).and_then(|when| cel::compile(cx, scope, when, &Want::Condition)),
        checks: if judged { checks(cx, node, "check", scope) } else { Vec::new() },
        warns: if judged { checks(cx, node, "warn", scope) } else { Vec::new() },
        personal,
        see: cx.words(node, "see").into_iter().map(|(_, role)| role.to_owned()).collect(),
        public,
        default,
        unit: unit_text(cx, node, &kind),
        unique,
        within: within(cx, node, &kind),
        offered: if judged { offered(cx, node, &kind) } else { Vec::new() },
        default_from,
        min,
        max,
        pattern_says: node
            .get("pattern")
            .filter(|pattern| matches!(pattern.kind, Kind::Map(_)))
            .map(|pattern| cx.needed_text(pattern, "message", "the pattern")),
        computed: computed(cx, node, (&key.text, &kind), (scope, owner)),
        fixed,
        by_cases,
        round_m: round_m(cx, node, &kind),
        suggest: super::suggest::read(cx, key, node, (&kind, owner)),
        kind,
    })
}

/// Metres a point is rounded to.
fn round_m(cx: Cx<'_>, node: &Node, kind: &FieldKind) -> Option<u32> {
    let metres = matches!(kind, FieldKind::Point).then(|| cx.number(node, "round_m", (10, 10_000)))??;
    u32::try_from(metres).ok()
}

/// What is no mapping is no field: perhaps a key of the field above that was not indented.
fn is_mapping(cx: Cx<'_>, key: &Key, node: &Node) -> bool {
    let is_one = matches!(node.kind, Kind::Map(_));
    if !is_one {
        let what = format!("the field `{}`", key.text);
        let message = format!("{what} must be a mapping, this is {}", node.what());
        let remedy = if kind::is_common_key(&key.text) {
            "indent it by two more blanks: it is a key of the field above"
        } else {
            "write {type: text, title: {zh: …, en: …}}"
        };
        cx.sink.error_help(node.at, "wrong-shape", message, remedy);
    }
    is_one
}

/// `within: place` or `within: county` of a reference: whose rows may be named.
fn within(cx: Cx<'_>, node: &Node, kind: &FieldKind) -> Option<Within> {
    let (FieldKind::Ref { register } | FieldKind::Refs { register, .. }) = kind else { return None };
    let given = node.get("within")?;
    let target = cx.symbols.registers.get(register)?;
    if target.deployment && !target.owned {
        let message = format!("rows of `{register}` belong to no place");
        cx.sink.error_help(given.at, "not-owned", message, "add `owner: <place field>` to the register");
        return None;
    }
    if given.text() == Some("place") {
        return Some(Within::Place);
    }
    cx.level(given).map(Within::Level)
}

/// `where` of a reference: what a row must be to be named. It sees the row alone, so that a list of rows can be narrowed by it.
fn offered(cx: Cx<'_>, node: &Node, kind: &FieldKind) -> Vec<Check> {
    let (FieldKind::Ref { register } | FieldKind::Refs { register, .. }) = kind else { return Vec::new() };
    let Some(target) = cx.symbols.registers.get(register) else { return Vec::new() };
    checks(cx, node, "where", &Scope { row: Some(&target.fields), today: true, ..Scope::default() })
}

/// Whether a field of a register stays as it was first written, and whether steps of cases alone set it.
fn kept(cx: Cx<'_>, key: &Key, node: &Node, owner: Owner<'_>) -> (bool, bool) {
    let fixed = cx.flag(node, "fixed", false);
    let by_cases = cx.one_of(node, "set_by", &[("cases", true)]).unwrap_or(false);
    let says = |key: &str| node.get(key).map_or(node.at, |value| value.at);
    if (fixed || by_cases) && !matches!(owner, Owner::Register) {
        let at = says(if fixed { "fixed" } else { "set_by" });
        let message = "`fixed` and `set_by` are for fields of registers";
        cx.sink.error_help(
            at,
            "only-in-registers",
            message,
            "leave it out: fields of a case change by its actions only",
        );
        return (false, false);
    }
    let typed_as = |name: &str| node.get("type").and_then(Node::text) == Some(name);
    if by_cases && (typed_as("computed") || typed_as("serial") || node.get("required").is_some()) {
        let message = format!("nobody types `{}`, so it is neither computed nor demanded", key.text);
        cx.sink.error_help(says("set_by"), "only-in-registers", message, "remove `set_by`, or the other");
    }
    (fixed, by_cases)
}

/// What is personal is sealed as one value, so it is neither public, nor worked with, nor a part of a row.
fn privacy(cx: Cx<'_>, key: &Key, (personal, public): (bool, bool), kind: &FieldKind, owner: Owner<'_>) {
    let what = format!("the field `{}`", key.text);
    if personal && public {
        let message = format!("{what} is personal and public");
        cx.sink.error_help(key.at, "personal-and-public", message, "remove one of the two");
    }
    if personal && matches!(owner, Owner::Cells) {
        let message = format!("{what} is a column of a table and cannot be personal on its own");
        cx.sink.error_help(key.at, "personal-cell", message, "write `personal: true` at the table");
    }
    let unsealable = matches!(kind, FieldKind::Files { .. } | FieldKind::Serial { .. });
    if personal && unsealable {
        let message = format!("{what} is of a type that cannot be personal");
        cx.sink.error_help(key.at, "personal-type", message, "keep the personal values in fields of their own");
    }
}

/// The expression of a computed field. It is kept in the open, so nothing personal may flow into it; in a register it is
/// the same whoever writes the row, and when.
fn computed(
    cx: Cx<'_>,
    node: &Node,
    (name, kind): (&str, &FieldKind),
    (scope, owner): (&Scope<'_>, Owner<'_>),
) -> Option<Expr> {
    if !is_computed(node) {
        return None;
    }
    let register = matches!(owner, Owner::Register);
    let scope = Scope { stores: true, actor: false, now: scope.now && !register, counts: false, ..*scope };
    // Of a dated register the version before may be corrected later without this one being written again.
    let series = scope.previous.is_some_and(|(name, _)| cx.symbols.registers.get(name).is_some_and(|one| one.series));
    // Computed values of cases are worked out with what is in memory.
    let scope = Scope { previous: scope.previous.filter(|_| series), by_place: scope.by_place && register, ..scope };
    cel::compile(cx, &scope, node.get("value")?, &Want::Field(name, kind))
}

/// Whether the field is declared as computed.
pub fn is_computed(node: &Node) -> bool {
    node.get("type").and_then(Node::text) == Some("computed")
}

/// The unit shown: that of the table for quantities, the author's words otherwise.
fn unit_text(cx: Cx<'_>, node: &Node, kind: &FieldKind) -> Option<Text> {
    match kind {
        FieldKind::Quantity { unit, .. } => units::unit(unit).map(|unit| unit.title.clone()),
        _ => node.get("unit").map(|text| unit(cx, text)),
    }
}

/// A smallest or largest value: a constant as in a default, or an expression.
fn bound(cx: Cx<'_>, node: &Node, (name, kind): (&str, &FieldKind), scope: &Scope<'_>) -> Option<Expr> {
    let text = cx.scalar(node, "a bound")?;
    match kind {
        FieldKind::Text { .. } | FieldKind::LongText { .. } | FieldKind::Files { .. } | FieldKind::Refs { .. } => None,
        FieldKind::Integer { .. } if text.parse::<i64>().is_ok() => None,
        _ if text.starts_with(|c: char| c.is_ascii_digit() || c == '-') => {
            value::read(cx, node.at, kind, text).map(Expr::Lit)
        }
        _ => cel::compile(cx, scope, node, &Want::Field(name, kind)),
    }
}

/// The value when nothing is given: a constant, or a name such as `today` or `actor.place`, or `{value: expression}`.
fn default(
    cx: Cx<'_>,
    node: &Node,
    (name, kind): (&str, &FieldKind),
    scope: &Scope<'_>,
) -> Option<(Option<Value>, Option<Expr>)> {
    let given = node.get("default")?;
    // Nothing has been typed when a form is shown for the first time.
    let scope = Scope { form: None, row: None, ..*scope };
    let expression = match &given.kind {
        Kind::Map(_) => {
            cx.mapping(given, "a default", &["value"]);
            Some(cx.need(given, "value", "a default")?)
        }
        Kind::Scalar(scalar) if scalar.style == Style::Plain && names_something(&scalar.text) => Some(given),
        _ => None,
    };
    Some(match expression {
        Some(node) => (None, cel::compile(cx, &scope, node, &Want::Field(name, kind))),
        None => (constant(cx, given, kind), None),
    })
}

/// Whether an unquoted word is a name of the language rather than a constant.
fn names_something(text: &str) -> bool {
    let root = text.split('.').next().unwrap_or_default();
    matches!(text, "today" | "now") || text.contains('.') && ROOTS.contains(&root)
}

/// Forms are judged when they are sent; fields that are filled later are only kept.
/// Hints are said beside whole fields.
fn unseen(cx: Cx<'_>, node: &Node, owner: Owner<'_>) {
    if let (Owner::Cells, Some(hint)) = (owner, node.get("warn")) {
        let message = "hints about a cell are shown nowhere";
        cx.sink.warn(hint.at, "condition-without-effect", message, "write `warn` at the table itself");
    }
}

fn without_effect(cx: Cx<'_>, node: &Node) {
    let without = ["required", "when", "check", "warn", "where", "default"];
    let conditions = node.entries().iter().filter(|(key, _)| without.contains(&key.text.as_str()));
    for (key, _) in conditions {
        let message = format!("`{}` has no effect here: only forms are judged", key.text);
        let remedy = "write it in the form of the action that asks for this field";
        cx.sink.warn(key.at, "condition-without-effect", message, remedy);
    }
}

/// A unit such as `%` is the same in both languages.
pub fn unit(cx: Cx<'_>, node: &Node) -> Text {
    match node.text() {
        Some(text) if text.is_ascii() => Text::new(text, text),
        _ => cx.text(node, "the unit"),
    }
}

fn constant(cx: Cx<'_>, node: &Node, kind: &FieldKind) -> Option<Value> {
    if let Kind::List(items) = &node.kind {
        let parts: Vec<Option<Value>> =
            items.iter().map(|item| value::read(cx, item.at, kind, cx.scalar(item, "a default")?)).collect();
        let parts: Vec<Value> = parts.into_iter().collect::<Option<_>>()?;
        return Some(Value::from(parts.into_iter().flat_map(one_or_more).collect::<Vec<_>>()));
    }
    value::read(cx, node.at, kind, cx.scalar(node, "a default")?)
}

fn one_or_more(value: Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items,
        one => vec![one],
    }
}

fn required(cx: Cx<'_>, node: &Node, scope: &Scope<'_>) -> Required {
    match node.get("required") {
        None => Required::No,
        Some(value) => match value.text() {
            Some("true") => Required::Yes,
            Some("false") => Required::No,
            Some("yes" | "no" | "True" | "False" | "TRUE" | "FALSE") => {
                let key = "required";
                cx.sink.error_help(
                    value.at,
                    "not-true-or-false",
                    format!("`{key}` is true or false"),
                    "write true or false",
                );
                Required::No
            }
            _ => cel::compile(cx, scope, value, &Want::Condition).map_or(Required::No, Required::If),
        },
    }
}

/// The conditions under `key`, each with its words.
fn checks(cx: Cx<'_>, node: &Node, key: &str, scope: &Scope<'_>) -> Vec<Check> {
    let items = node.get(key).map(Node::items).unwrap_or_default();
    items
        .iter()
        .filter_map(|item| {
            if !cx.mapping(item, "a check", &["holds", "message"]) {
                return None;
            }
            let message = cx.needed_text(item, "message", "the check");
            let holds = cel::compile(cx, scope, cx.need(item, "holds", "a check")?, &Want::Condition)?;
            Some(Check { holds, message })
        })
        .collect()
}

fn check_name(cx: Cx<'_>, key: &Key, kind: &FieldKind, owner: Owner<'_>) {
    let name = key.text.as_str();
    let (Owner::Opening(process) | Owner::Later(process)) = owner else {
        return;
    };
    let hidden = names::OF_THE_CASE.contains(&name) || (name == "place" && !matches!(kind, FieldKind::Place { .. }));
    if hidden {
        let message = format!("`{name}` is what every case has already; a field of that name could not be read");
        cx.sink.error_help(key.at, "reserved-name", message, "choose another name");
    }
    if process.counts.iter().any(|count| count == name) {
        let message = format!("`{name}` is a counter and a field; `case.{name}` could mean both");
        cx.sink.error_help(key.at, "duplicate-name", message, "rename one of them");
    }
    if let (Some(first), Owner::Later(_)) = (process.form.get(name), owner) {
        let message = format!("`{name}` stands in the form (line {}) already", first.at.line);
        cx.sink.error_help(key.at, "duplicate-name", message, "remove it here: fields of the form are kept too");
    }
}

/// A form field with the name of a case field is stored there, so it must be the same kind of thing.
fn check_same(cx: Cx<'_>, key: &Key, kind: &FieldKind, personal: bool, case: Option<&FieldSymbol>) {
    let Some(FieldSymbol { kind: Some(stored), personal: sealed, at, .. }) = case else {
        return;
    };
    let same = match (kind, stored) {
        (FieldKind::Choice { list: a }, FieldKind::Choice { list: b }) => a == b,
        (FieldKind::Choices { list: a }, FieldKind::Choices { list: b }) => a == b,
        (FieldKind::Ref { register: a }, FieldKind::Ref { register: b }) => a == b,
        (FieldKind::Text { .. } | FieldKind::LongText { .. }, FieldKind::Text { .. } | FieldKind::LongText { .. }) => {
            true
        }
        (a, b) => std::mem::discriminant(a) == std::mem::discriminant(b),
    };
    if !same {
        let message = format!(
            "`{}` is kept in the case field of that name (line {}), which is of another type",
            key.text, at.line
        );
        cx.sink.error_help(key.at, "field-differs", message, "give it the same type, or another name");
    } else if personal != *sealed {
        let message = format!("`{}` is personal in one place and not in the other (line {})", key.text, at.line);
        cx.sink.error_help(key.at, "field-differs", message, "write `personal: true` in both");
    }
}

/// A value the system gives cannot be asked for.
fn check_given(cx: Cx<'_>, key: &Key, node: &Node, case: Option<&FieldSymbol>) {
    let Some(stored) = case.filter(|stored| stored.given && !is_computed(node)) else { return };
    let message = format!("`{}` is given by the system (line {}) and cannot be typed", key.text, stored.at.line);
    cx.sink.error_help(key.at, "given-by-the-system", message, "remove it from this form");
}

/// Reports computed fields that need each other.
fn cycles(cx: Cx<'_>, node: &Node, fields: &[Field]) {
    let inputs = |field: &Field| -> Vec<String> {
        let mut paths = Vec::new();
        field.computed.iter().for_each(|expr| expr.paths(&mut paths));
        let own = paths.iter().filter(|path| path.first().is_none_or(|root| root != "previous"));
        own.filter_map(|path| path.get(1)).cloned().collect()
    };
    for field in fields.iter().filter(|field| field.computed.is_some()) {
        let mut seen: Vec<String> = Vec::new();
        let mut open = inputs(field);
        while let Some(name) = open.pop() {
            if seen.contains(&name) {
                continue;
            }
            open.extend(fields.iter().find(|one| one.name == name).map(inputs).unwrap_or_default());
            seen.push(name);
        }
        if seen.contains(&field.name) {
            let at = node.entries().iter().find(|(key, _)| key.text == field.name).map_or(node.at, |(key, _)| key.at);
            let message = format!("`{}` is computed from itself", field.name);
            cx.sink.error_help(at, "computed-cycle", message, "leave it out of the values it is computed from");
        }
    }
}
