//! `plans.yaml`: allocations, assignments and coverage over rows of registers. What only the whole set shows (who can read and
//! write what a plan touches) is in [`crate::plans`].

mod kinds;
mod parts;
mod result;

use crate::cel::{Scope, Ty};
use crate::cx::Cx;
use crate::lower::field::{self, Owner};
use crate::lower::who;
use crate::names;
use crate::symbols::{self, FieldSymbol, FieldSymbols};
use crate::yaml::{Key, Node};
use ganglion_model::pack::{Field, FieldKind, Plan, Who};
use ganglion_model::units::{self, Unit};
use ganglion_model::{Level, Model, Text};
use parts::Reader;

const OF_PLAN: [&str; 11] =
    ["title", "about", "by", "read", "form", "unit", "decimals", "allocation", "assignment", "coverage", "result"];
const KINDS: [&str; 3] = ["allocation", "assignment", "coverage"];
/// Most digits after the point of what a plan finds.
const DECIMALS_MAX: i64 = 6;

/// Lowers `plans.yaml` into `model`.
pub fn lower(cx: Cx<'_>, node: &Node, model: &mut Model) {
    if !cx.mapping(node, "plans.yaml", &["plans"]) {
        return;
    }
    for (order, (key, node)) in node.get("plans").map(Node::entries).unwrap_or_default().iter().enumerate() {
        names::check(cx.sink, key.at, &key.text);
        // A second one of that name has been reported.
        if model.plans.contains_key(&key.text) {
            continue;
        }
        model.plans.extend(plan(cx, key, (node, order)).map(|one| (key.text.clone(), one)));
    }
}

fn plan(cx: Cx<'_>, key: &Key, (node, order): (&Node, usize)) -> Option<Plan> {
    let what = format!("the plan `{}`", key.text);
    cx.mapping(node, &what, &OF_PLAN).then_some(())?;
    let asked = symbols::fields(node.get("form"));
    let form = asked_for(cx, node, &asked);
    let may: (fn(&Who) -> bool, &str) = (|who| matches!(who, Who::Role { .. }), "a plan is computed by role@level");
    let by = who::list(cx, node, "by", may);
    if node.get("by").is_none() {
        cx.sink.error_help(key.at, "nobody-may", format!("nobody may compute {what}"), "add `by: [role@level]`");
    }
    let given: Vec<&(Key, Node)> =
        node.entries().iter().filter(|(key, _)| KINDS.contains(&key.text.as_str())).collect();
    let [(kind_key, kind_node)] = given.as_slice() else {
        cx.sink.error(key.at, "no-plan", format!("{what} needs exactly one of {}", KINDS.join(", ")));
        return None;
    };
    let (unit, measured_in) = unit(cx, node);
    let of_level = of_level();
    let reader = Reader { cx, asked: &asked, unit: measured_in, of_level: &of_level };
    let found = match kind_key.text.as_str() {
        "allocation" => reader.allocation(kind_node),
        "assignment" => reader.assignment(kind_node),
        _ => reader.coverage(kind_node),
    };
    let (kind, offered) = found?;
    let result = match node.get("result") {
        Some(result) => Some(reader.result(result, &offered)?),
        None => None,
    };
    Some(Plan {
        name: key.text.clone(),
        pack: cx.pack.to_owned(),
        order,
        title: cx.needed_text(node, "title", &what),
        about: cx.text_or_empty(node, "about", &what),
        by,
        read: who::list(cx, node, "read", may),
        form,
        unit,
        measured_in: measured_in.map(|unit| unit.code.clone()),
        decimals: cx.number(node, "decimals", (0, DECIMALS_MAX)).and_then(|n| u8::try_from(n).ok()).unwrap_or(0),
        kind,
        result,
    })
}

/// Questions of a plan. What is answered stands in the address of its page.
fn asked_for(cx: Cx<'_>, node: &Node, asked: &symbols::FieldSymbols) -> Vec<Field> {
    let form = field::all(cx, node.get("form"), &Scope::questions(asked), Owner::Register);
    for one in &form {
        let unfit = one.personal || matches!(one.kind, FieldKind::Files { .. } | FieldKind::Table { .. });
        if let (true, Some(symbol)) = (unfit, asked.get(&one.name)) {
            let message = format!("a plan cannot ask for `{}`: its answers stand in the address of a page", one.name);
            let remedy = "ask for nothing personal, no files and no table";
            cx.sink.error_help(symbol.at, "not-askable", message, remedy);
        }
    }
    form
}

/// The unit as shown, and as calculated with when the table of units has it.
fn unit(cx: Cx<'_>, node: &Node) -> (Text, Option<&'static Unit>) {
    let Some(given) = node.get("unit") else { return (Text::default(), None) };
    match given.text().and_then(units::unit) {
        Some(unit) => (unit.title.clone(), Some(unit)),
        None => (field::unit(cx, given), None),
    }
}

/// What a place of a level offers.
fn of_level() -> FieldSymbols {
    let symbol = |kind| FieldSymbol {
        kind: Some(kind),
        personal: false,
        confidential: false,
        required: true,
        given: true,
        needed: Vec::new(),
        at: crate::sink::At::default(),
    };
    [
        ("code".to_owned(), symbol(FieldKind::Place { levels: Level::ALL.to_vec() })),
        ("name".to_owned(), symbol(FieldKind::Text { max: 200, pattern: None })),
    ]
    .into_iter()
    .collect()
}

/// What a result may name: rows by the part they play, and what was found.
struct Offered<'a> {
    parts: Vec<crate::cel::Part<'a>>,
    found: Vec<(&'static str, Ty)>,
}
