//! Names with dots: `case.category.time_limit`, `clock.handle.overdue`. A misspelt part is reported where it stands, with
//! the nearest name that exists.

use super::check::{Check, Typed};
use super::scope::{Part as Role, ROOTS};
use super::ty::{Ty, Words};
use crate::near;
use crate::symbols::{FieldSymbols, ProcessSymbol};
use cel::IdedExpr;
use cel::common::ast::Expr as Ast;
use ganglion_model::Level;
use ganglion_model::expr::{Expr, Func};
use ganglion_model::pack::{Field, FieldKind};

/// A part of a path with its byte offset.
type Part<'a> = (&'a str, usize);

const OF_CASE: [&str; 12] = [
    "state",
    "level",
    "channel",
    "place",
    "taken_at",
    "opened_at",
    "number",
    "moved",
    "closed_at",
    "observed_at",
    "assignee",
    "opener",
];
const OF_CLOCK: [&str; 11] = [
    "overdue",
    "running",
    "paused",
    "on_time",
    "stopped",
    "due",
    "started",
    "extended",
    "promised_overdue",
    "promised_on_time",
    "promised_due",
];
const OF_ACTOR: [&str; 5] = ["role", "level", "post", "place", "account"];
const OF_DOCUMENT: [&str; 3] = ["valid", "number", "issued"];

/// Resolves the path spelled by `ast`; `asked` if it is only asked whether there is a value.
pub fn resolve(check: &mut Check<'_>, ast: &IdedExpr, asked: bool) -> Option<Typed> {
    let mut parts: Vec<Part<'_>> = Vec::new();
    let mut at = ast;
    loop {
        match &at.expr {
            Ast::Ident(name) => {
                parts.push((name, check.offset(at.id)));
                break;
            }
            Ast::Select(select) => {
                parts.push((&select.field, after_dot(check, at.id, &select.field)));
                at = &select.operand;
            }
            _ => return check.unsupported(at.id),
        }
    }
    parts.reverse();
    let ty = root(check, &parts, asked)?;
    let mut path: Vec<String> = parts.iter().map(|(name, _)| (*name).to_owned()).collect();
    if let (Some((register, _)), "previous") = (check.scope.previous, path[0].as_str()) {
        path.insert(1, register.to_owned());
    }
    let path = Expr::Path(path);
    Some(if asked { Typed::new(Expr::Call(Func::Has, vec![path]), Ty::Bool) } else { Typed::new(path, ty) })
}

/// A selected field stands behind the dot that the parser gives as its place; `has(a.b)` gives the bracket instead.
fn after_dot(check: &Check<'_>, id: u64, field: &str) -> usize {
    let from = check.offset(id);
    let rest = check.source.text.get(from..).unwrap_or_default();
    let dotted = rest.char_indices().filter(|(_, c)| *c == '.').find_map(|(n, _)| {
        let behind = &rest[n + 1..];
        let blank = behind.len() - behind.trim_start().len();
        behind.trim_start().starts_with(field).then_some(n + 1 + blank)
    });
    from + dotted.unwrap_or(0)
}

fn root(check: &Check<'_>, parts: &[Part<'_>], asked: bool) -> Option<Ty> {
    let ((name, offset), rest) = parts.split_first()?;
    let scope = check.scope;
    match (*name, scope.case) {
        ("case", Some(process)) => case(check, process, rest, asked),
        ("clock", Some(process)) => clock(check, process, rest),
        ("document", Some(process)) => document(check, process, rest),
        ("notice", Some(process)) => notice(check, process, rest),
        ("children", Some(_)) => children(check, rest),
        ("mark", Some(process)) => {
            one(check, rest, "mark", &process.marks.iter().map(String::as_str).collect::<Vec<_>>())
        }
        (first @ ("first" | "last"), Some(process)) => one(
            check,
            rest,
            &format!("{first}.<state>: state"),
            &process.states.iter().map(String::as_str).collect::<Vec<_>>(),
        ),
        ("form", _) if scope.form.is_some() => {
            fields(check, scope.form?, rest, Follow { what: "the form", asked, sealed: scope.stores })
        }
        ("row", _) if scope.row.is_some() => {
            fields(check, scope.row?, rest, Follow { what: "the row", asked, sealed: true })
        }
        ("previous", _) if scope.previous.is_some() => previous(check, scope.previous?.1, rest, asked),
        ("actor", _) if scope.actor => actor(check, rest),
        (name, _) if scope.figures && check.cx.symbols.figure_names().any(|one| one == name) => {
            ends(check, rest, Ty::Number)
        }
        (name, _) if scope.figures => {
            let known = check.cx.symbols.figure_names();
            let at = (check.source.at(*offset), "unknown-indicator");
            check.cx.unknown(at, &format!("there is no indicator `{name}`"), name, known);
            None
        }
        ("now", _) if scope.now => ends(check, rest, Ty::Time),
        ("today", _) if scope.now || scope.today => ends(check, rest, Ty::Date),
        ("result", _) if !scope.found.is_empty() => found(check, rest),
        (name, _) if scope.parts.iter().any(|part| part.name == name) => {
            let role = scope.parts.iter().find(|part| part.name == name)?;
            part(check, role, rest, asked)
        }
        (known, _) if ROOTS.contains(&known) => {
            let remedy =
                why_not(known).map_or_else(|| format!("known here: {}", scope.roots().join(", ")), str::to_owned);
            check.error(*offset, "not-available-here", format!("`{known}` has no meaning here"), Some(&remedy));
            None
        }
        (unknown, _) => {
            check.error(*offset, "unknown-name", format!("there is no `{unknown}`"), Some(&suggest(check, unknown)));
            None
        }
    }
}

/// A row of a plan: its fields, its key as a reference, and the place it is kept at.
fn part(check: &Check<'_>, role: &Role<'_>, rest: &[Part<'_>], asked: bool) -> Option<Ty> {
    match rest {
        [("place", _), more @ ..] if role.kept && !role.fields.contains_key("place") => {
            ends(check, more, Ty::Text(Words::Place))
        }
        [("key", _), more @ ..] if role.register.is_some() && !role.fields.contains_key("key") => {
            ends(check, more, Ty::Text(Words::Key(role.register.unwrap_or_default().to_owned())))
        }
        _ => {
            let what = format!("the {}", role.name);
            fields(check, role.fields, rest, Follow { what: &what, asked, sealed: true })
        }
    }
}

/// `result.<name>`.
fn found(check: &Check<'_>, rest: &[Part<'_>]) -> Option<Ty> {
    let known: Vec<&str> = check.scope.found.iter().map(|(name, _)| *name).collect();
    let Some((name, more)) = rest.split_first() else {
        return incomplete(check, "result", &known);
    };
    match check.scope.found.iter().find(|(one, _)| *one == name.0) {
        Some((_, ty)) => ends(check, more, ty.clone()),
        None => unknown(check, *name, &format!("the result has no `{}`", name.0), &known),
    }
}

fn why_not(root: &str) -> Option<&'static str> {
    match root {
        "form" => Some("nothing has been typed when this is judged; use `check` on the field instead"),
        "now" | "today" => Some(
            "a figure must come out the same when it is worked out again; let a clock mark what comes with time and look at `clock.<name>.overdue`, or let a rule look at `today`",
        ),
        "previous" => Some(
            "the row before is known to fields of a register with `series` or `dated`, and to rules over a dated one",
        ),
        _ => None,
    }
}

/// A field of the row before. What is computed looks at what was typed there: otherwise one change would run on through
/// all rows behind it.
fn previous(check: &Check<'_>, from: &FieldSymbols, rest: &[Part<'_>], asked: bool) -> Option<Ty> {
    if let (true, Some((name, offset))) = (check.scope.stores, rest.first())
        && from.get(*name).is_some_and(|field| field.given)
    {
        let message = format!("`previous.{name}` is computed itself");
        check.error(*offset, "previous-computed", message, Some("look at the values it is computed from"));
        return None;
    }
    fields(check, from, rest, Follow { what: "the row before", asked, sealed: true })
}

/// A bare word is most often a field without its `case.`, or a constant without quotes.
fn suggest(check: &Check<'_>, word: &str) -> String {
    if check.scope.form.is_some_and(|form| form.contains_key(word)) {
        return format!("write form.{word}");
    }
    if check.scope.case.is_some_and(|case| case.field(word).is_some() || case.counts.iter().any(|one| one == word)) {
        return format!("write case.{word}");
    }
    let near = near::nearest(word, check.scope.roots()).map(|near| format!("did you mean `{near}`?"));
    near.unwrap_or_else(|| format!("put a constant text in quotes: '{word}'"))
}

fn unknown(check: &Check<'_>, (name, offset): Part<'_>, message: &str, known: &[&str]) -> Option<Ty> {
    check.cx.unknown((check.source.at(offset), "unknown-field"), message, name, known.iter().copied());
    None
}

fn ends(check: &Check<'_>, rest: &[Part<'_>], ty: Ty) -> Option<Ty> {
    match rest.first() {
        None => Some(ty),
        Some((name, offset)) => {
            check.error(*offset, "unknown-field", format!("{} has no part `{name}`", ty.words()), None);
            None
        }
    }
}

fn incomplete(check: &Check<'_>, what: &str, known: &[&str]) -> Option<Ty> {
    let remedy = near::remedy("", known.iter().copied());
    check.cx.sink.error_maybe(
        check.source.at(0),
        "incomplete-name",
        format!("`{what}` needs a name behind a dot"),
        remedy,
    );
    None
}

fn one(check: &Check<'_>, rest: &[Part<'_>], what: &str, known: &[&str]) -> Option<Ty> {
    let Some((name, more)) = rest.split_first() else {
        return incomplete(check, what, known);
    };
    if !known.contains(&name.0) {
        return unknown(check, *name, &format!("there is no {what} `{}`", name.0), known);
    }
    ends(check, more, Ty::Time)
}

fn actor(check: &Check<'_>, rest: &[Part<'_>]) -> Option<Ty> {
    let Some((name, more)) = rest.split_first() else {
        return incomplete(check, "actor", &OF_ACTOR);
    };
    let ty = match name.0 {
        "role" => Ty::Text(Words::Role),
        "level" => Ty::Text(Words::Level),
        "post" => Ty::Text(Words::Post),
        "place" => return place(check, more),
        "account" => Ty::Text(Words::Account),
        other => return unknown(check, *name, &format!("`actor` has no part `{other}`"), &OF_ACTOR),
    };
    ends(check, more, ty)
}

/// A place, the one above it at a level, or what it is. The last changes with the division of the land, so nothing that is
/// counted or computed once may hang on it; the others stand in the code.
fn place(check: &Check<'_>, rest: &[Part<'_>]) -> Option<Ty> {
    if let [(level, _), more @ ..] = rest
        && Level::parse(level).is_some()
    {
        return ends(check, more, Ty::Text(Words::Place));
    }
    let [("kind", offset), more @ ..] = rest else {
        return ends(check, rest, Ty::Text(Words::Place));
    };
    if !check.scope.now || (check.scope.stores && check.scope.case.is_none()) {
        let remedy = "it changes with the division of the land, and what was counted or computed would not";
        let message = "the kind of a place is not known here".to_owned();
        check.error(*offset, "not-available-here", message, Some(remedy));
        return None;
    }
    ends(check, more, Ty::Text(Words::PlaceKind))
}

/// `notice.<name>.up` and its other parts.
fn notice(check: &Check<'_>, process: &ProcessSymbol, rest: &[Part<'_>]) -> Option<Ty> {
    const PARTS: [&str; 4] = ["up", "ended", "from", "until"];
    let known: Vec<&str> = process.notices.iter().map(String::as_str).collect();
    let Some((name, rest)) = rest.split_first() else {
        return incomplete(check, "notice", &known);
    };
    if !known.contains(&name.0) {
        return unknown(check, *name, &format!("there is no notice `{}`", name.0), &known);
    }
    let Some((what, more)) = rest.split_first() else {
        return incomplete(check, &format!("notice.{}", name.0), &PARTS);
    };
    let ty = match what.0 {
        "up" | "ended" => Ty::Bool,
        "from" | "until" => Ty::Time,
        other => return unknown(check, *what, &format!("a notice has no part `{other}`"), &PARTS),
    };
    ends(check, more, ty)
}

/// `children.<process>.open` and `.total`.
fn children(check: &Check<'_>, rest: &[Part<'_>]) -> Option<Ty> {
    let known: Vec<&str> = check.cx.symbols.processes.keys().map(String::as_str).collect();
    let Some((name, rest)) = rest.split_first() else {
        return incomplete(check, "children", &known);
    };
    if !known.contains(&name.0) {
        return unknown(check, *name, &format!("there is no process `{}`", name.0), &known);
    }
    let Some((what, more)) = rest.split_first() else {
        return incomplete(check, &format!("children.{}", name.0), &["open", "total"]);
    };
    if !["open", "total"].contains(&what.0) {
        return unknown(check, *what, &format!("children have no part `{}`", what.0), &["open", "total"]);
    }
    ends(check, more, Ty::Int)
}

fn clock(check: &Check<'_>, process: &ProcessSymbol, rest: &[Part<'_>]) -> Option<Ty> {
    let clocks: Vec<&str> = process.clocks.iter().map(String::as_str).collect();
    let Some((name, rest)) = rest.split_first() else {
        return incomplete(check, "clock", &clocks);
    };
    if !clocks.contains(&name.0) {
        return unknown(check, *name, &format!("there is no clock `{}`", name.0), &clocks);
    }
    let Some((what, more)) = rest.split_first() else {
        return incomplete(check, &format!("clock.{}", name.0), &OF_CLOCK);
    };
    let ty = match what.0 {
        "overdue" | "running" | "paused" | "on_time" | "promised_overdue" | "promised_on_time" => Ty::Bool,
        "stopped" | "due" | "started" | "promised_due" => Ty::Time,
        "extended" => Ty::Int,
        other => return unknown(check, *what, &format!("a clock has no part `{other}`"), &OF_CLOCK),
    };
    ends(check, more, ty)
}

fn document(check: &Check<'_>, process: &ProcessSymbol, rest: &[Part<'_>]) -> Option<Ty> {
    let symbols = check.cx.symbols;
    let own = |of: &String| symbols.processes.get(of).is_some_and(|one| std::ptr::eq(one, process));
    let documents: Vec<&str> =
        symbols.documents.iter().filter(|(_, one)| own(&one.of)).map(|(name, _)| name.as_str()).collect();
    let Some((name, rest)) = rest.split_first() else {
        return incomplete(check, "document", &documents);
    };
    if !documents.contains(&name.0) {
        let message = format!("this process has no document `{}`", name.0);
        check.cx.unknown((check.source.at(name.1), "unknown-document"), &message, name.0, documents.iter().copied());
        return None;
    }
    let Some((what, more)) = rest.split_first() else {
        return incomplete(check, &format!("document.{}", name.0), &OF_DOCUMENT);
    };
    let ty = match what.0 {
        "valid" => Ty::Bool,
        "issued" => Ty::Int,
        "number" => Ty::Text(Words::Free),
        other => return unknown(check, *what, &format!("a document has no part `{other}`"), &OF_DOCUMENT),
    };
    ends(check, more, ty)
}

fn case(check: &Check<'_>, process: &ProcessSymbol, rest: &[Part<'_>], asked: bool) -> Option<Ty> {
    let Some((name, more)) = rest.split_first() else {
        return incomplete(check, "case", &OF_CASE);
    };
    let own = match name.0 {
        "state" => Some(Ty::Text(Words::State)),
        "level" => Some(Ty::Text(Words::Level)),
        "channel" => Some(Ty::Text(Words::Free)),
        "place" | "taken_at" => return place(check, more),
        "number" => Some(Ty::Text(Words::Number)),
        "assignee" | "opener" => Some(Ty::Text(Words::Post)),
        "opened_at" | "closed_at" | "observed_at" => Some(Ty::Time),
        "moved" => Some(Ty::Int),
        count if process.counts.iter().any(|one| one == count) => Some(Ty::Int),
        _ => None,
    };
    if let Some(ty) = own {
        return ends(check, more, ty);
    }
    let from = if process.form.contains_key(name.0) { &process.form } else { &process.fields };
    if from.contains_key(name.0) {
        return fields(check, from, rest, Follow { what: "the case", asked, sealed: true });
    }
    let message = format!("the case has no field `{}`", name.0);
    if process.asked.contains(name.0) {
        let remedy = "an action asks for it, but it is not kept: declare it under `fields:` of the process";
        check.error(name.1, "unknown-field", message, Some(remedy));
        return None;
    }
    let mut known: Vec<&str> = process.form.keys().chain(process.fields.keys()).map(String::as_str).collect();
    known.extend(process.counts.iter().map(String::as_str).chain(OF_CASE));
    unknown(check, *name, &message, &known)
}

/// How a field is looked up.
struct Follow<'w> {
    what: &'w str,
    /// Only asked whether there is a value.
    asked: bool,
    /// Personal values cannot be read here.
    sealed: bool,
}

fn fields(check: &Check<'_>, from: &FieldSymbols, parts: &[Part<'_>], how: Follow<'_>) -> Option<Ty> {
    let known: Vec<&str> = from.keys().map(String::as_str).collect();
    let Some((name, more)) = parts.split_first() else {
        return incomplete(check, how.what, &known);
    };
    let Some(field) = from.get(name.0) else {
        return unknown(check, *name, &format!("{} has no field `{}`", how.what, name.0), &known);
    };
    if field.personal && how.sealed && !how.asked {
        let message = format!("`{}` is personal: it is sealed and cannot be read here", name.0);
        check.error(name.1, "personal-value", message, Some("only has(…) may ask about it"));
        return None;
    }
    let Some(kind) = &field.kind else {
        return Some(Ty::Unknown);
    };
    if more.is_empty() {
        return Some(Ty::of(kind));
    }
    match kind {
        FieldKind::Ref { register } => behind(check, register, more, how),
        FieldKind::Refs { register, .. } => {
            let each = behind(check, register, more, how)?;
            let listed = each.listed();
            if listed.is_none() {
                check.error(
                    more[0].1,
                    "not-followed",
                    "this would be a list of lists",
                    Some("name a field with one value"),
                );
            }
            listed
        }
        FieldKind::Table { fields, .. } => column(check, fields, more),
        FieldKind::Place { .. } => place(check, more),
        _ => ends(check, more, Ty::of(kind)),
    }
}

/// A column of a table: a list.
fn column(check: &Check<'_>, columns: &[Field], parts: &[Part<'_>]) -> Option<Ty> {
    let known: Vec<&str> = columns.iter().map(|one| one.name.as_str()).collect();
    let (name, more) = parts.split_first()?;
    let Some(column) = columns.iter().find(|one| one.name == name.0) else {
        return unknown(check, *name, &format!("the table has no column `{}`", name.0), &known);
    };
    let Some(listed) = Ty::of(&column.kind).listed() else {
        let message = format!("`{}` holds several values in each row", name.0);
        check.error(name.1, "not-followed", message, Some("name a column with one value in each row"));
        return None;
    };
    ends(check, more, listed)
}

/// A field of the rows of a register.
fn behind(check: &Check<'_>, register: &str, more: &[Part<'_>], how: Follow<'_>) -> Option<Ty> {
    let Some(target) = check.cx.symbols.registers.get(register) else {
        return Some(Ty::Unknown);
    };
    if !target.deployment && !check.scope.by_place {
        let message = format!("rows of `{register}` live with their places and cannot be followed here");
        let remedy = "copy the value into a field where the row is named: forms and effects can follow it";
        check.error(more[0].1, "not-followed", message, Some(remedy));
        return None;
    }
    fields(check, &target.fields, more, Follow { what: "the row", sealed: true, ..how })
}
