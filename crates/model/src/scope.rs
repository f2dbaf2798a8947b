//! What the names in an expression stand for: `case.*`, `form.*`, `actor.*`, `clock.*`, `document.*`, `mark.*`,
//! `first.*`, `last.*`, `row.*`, `now`, `today`. The list in `docs/packs/language.md` is the contract.

use crate::Fields;
use crate::clocks::local_date;
use crate::expr::{RowsOf, Scope, Val, func};
use crate::issued::Standing;
use crate::pack::{Field, FieldKind, Process, promised_of};
use crate::place::{Level, PlaceCode, PlaceKind};
use crate::row::{Case, Down, Record};
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Rows of registers that live in memory, for following references.
pub trait Rows {
    /// The row of `register` with `key` that holds on `day`.
    fn row(&self, register: &str, key: &str, day: Date) -> Option<&Record>;
    /// Whether there is such a row, whatever the day.
    fn is_known(&self, register: &str, key: &str) -> bool;
    /// The fields of `register`, for following a reference further.
    fn fields(&self, register: &str) -> &[Field];
    /// The place the whole installation serves: where rows kept for the deployment count.
    fn root(&self) -> Option<PlaceCode> {
        None
    }
    /// What a place is on `day`; what it was last when it is gone.
    fn place_kind(&self, _place: PlaceCode, _day: Date) -> Option<PlaceKind> {
        None
    }
    /// The row of `register` whose area holds the point on `day`; the smallest where several do.
    fn area_at(&self, _register: &str, _point: [f64; 2], _day: Date) -> Option<&Record> {
        None
    }
    /// Rows of `register` that hold on `day` and match; `None` when they are not known, or too many.
    fn matching(&self, _register: &str, _wanted: &BTreeMap<String, Value>, _day: Date) -> Option<Vec<&Record>> {
        None
    }
    /// The row before the one with these values: in the series of `register`, or the version before in time.
    fn before(&self, _register: &str, _values: &Fields) -> Option<&Record> {
        None
    }
}

/// The actor as expressions see it.
#[derive(Clone, Debug, Default)]
pub struct ActorView {
    /// Role of the post; `public`, `reporter`, `api` or `system` for others.
    pub role: String,
    /// Level the post stands at.
    pub level: Option<Level>,
    /// Post id.
    pub post: Option<String>,
    /// The place the post stands at.
    pub place: Option<PlaceCode>,
    /// Who holds it.
    pub account: Option<String>,
}

/// Names over a case and what is being typed.
pub struct Names<'a> {
    /// Register rows.
    pub rows: &'a dyn Rows,
    /// The process.
    pub process: &'a Process,
    /// The case; absent while it is being opened.
    pub case: Option<&'a Case>,
    /// What was typed, with its declaration.
    pub form: Option<(&'a Fields, &'a [Field])>,
    /// Who acts.
    pub actor: Option<&'a ActorView>,
    /// The instant of the decision; for figures, the case's last change.
    pub now: Timestamp,
}

fn time<'a>(at: Timestamp) -> Val<'a> {
    Val::Time(at.as_microsecond())
}

fn opt_time<'a>(at: Option<Timestamp>) -> Val<'a> {
    at.map_or(Val::Null, time)
}

/// `notice.<name>.up`, `.ended`, `.from`, `.until`.
fn notice<'a>(case: &Case, path: &[String]) -> Val<'a> {
    let [name, what] = path else { return Val::Null };
    let found = case.notices.get(name);
    match what.as_str() {
        "up" => Val::Bool(found.is_some_and(|notice| notice.down.is_none())),
        "ended" => Val::Bool(found.is_some_and(|notice| notice.down == Some(Down::Ended))),
        "from" => opt_time(found.map(|notice| notice.from)),
        "until" => opt_time(found.map(|notice| notice.until)),
        _ => Val::Null,
    }
}

/// `children.<process>.open` and `.total`.
fn children<'a>(case: &Case, path: &[String]) -> Val<'a> {
    let [process, what] = path else { return Val::Null };
    let of = case.links.iter().filter(|link| link.is_child(process));
    let count = match what.as_str() {
        "open" => of.filter(|link| !link.settled).count(),
        _ => of.count(),
    };
    Val::Int(i64::try_from(count).unwrap_or(i64::MAX))
}

/// The value of a field, going on through references and into columns of tables while there is path left.
pub fn follow<'a>(
    rows: &'a dyn Rows,
    fields: &'a Fields,
    declared: &'a [Field],
    path: &[String],
    day: Date,
) -> Val<'a> {
    let Some((name, rest)) = path.split_first() else {
        return Val::Null;
    };
    let Some(value) = fields.get(name) else {
        return Val::Null;
    };
    if rest.is_empty() {
        return Val::from_json(value);
    }
    let behind = |register: &str, key: &Value| {
        let row = key.as_str().and_then(|key| rows.row(register, key, day));
        row.map_or(Val::Null, |row| follow(rows, &row.fields, rows.fields(register), rest, day))
    };
    match declared.iter().find(|f| f.name == *name).map(|f| &f.kind) {
        Some(FieldKind::Ref { register }) => behind(register, value),
        Some(FieldKind::Refs { register, .. }) => {
            let keys = value.as_array().into_iter().flatten();
            Val::List(keys.map(|key| behind(register, key)).filter(|one| *one != Val::Null).collect())
        }
        Some(FieldKind::Table { fields: columns, .. }) => Val::List(column(value, columns, rest)),
        Some(FieldKind::Place { .. }) => {
            let code = value.as_str().and_then(|code| code.parse().ok());
            code.map_or(Val::Null, |code| place(rows, code, rest, day))
        }
        _ => Val::Null,
    }
}

/// The table at a path that goes on through references.
fn table<'a>(
    rows: &'a dyn Rows,
    (fields, declared): (&'a Fields, &'a [Field]),
    path: &[String],
    day: Date,
) -> Option<&'a Value> {
    let (name, rest) = path.split_first()?;
    let value = fields.get(name)?;
    match &declared.iter().find(|field| field.name == *name)?.kind {
        FieldKind::Table { .. } if rest.is_empty() => Some(value),
        FieldKind::Ref { register } => {
            let row = rows.row(register, value.as_str()?, day)?;
            table(rows, (&row.fields, rows.fields(register)), rest, day)
        }
        _ => None,
    }
}

/// A place, the one above it at a level, or its kind.
fn place<'a>(rows: &dyn Rows, code: PlaceCode, path: &[String], day: Date) -> Val<'a> {
    match path {
        [] => Val::Text(Cow::Owned(code.to_string())),
        [part] if part == "kind" => {
            rows.place_kind(code, day).map_or(Val::Null, |kind| Val::Text(Cow::Borrowed(kind.as_str())))
        }
        [level] => {
            let above = Level::parse(level).and_then(|level| code.at(level));
            above.map_or(Val::Null, |above| Val::Text(Cow::Owned(above.to_string())))
        }
        _ => Val::Null,
    }
}

/// The values of a column, empty cells left out.
fn column<'a>(table: &'a Value, columns: &'a [Field], path: &[String]) -> Vec<Val<'a>> {
    let Some(name) = path.first().filter(|name| columns.iter().any(|column| column.name == **name)) else {
        return Vec::new();
    };
    let rows = table.as_array().into_iter().flatten();
    rows.filter_map(|row| row.get(name)).map(Val::from_json).filter(|cell| *cell != Val::Null).collect()
}

/// Names while a row inside a row is judged: `row.*` is that row, everything else is what it is outside.
pub struct InRow<'a> {
    /// The names outside.
    pub outer: &'a Names<'a>,
    /// The row.
    pub row: &'a Fields,
    /// Its columns.
    pub columns: &'a [Field],
}

impl Scope for InRow<'_> {
    fn get<'a>(&'a self, path: &[String]) -> Val<'a> {
        match path.split_first() {
            Some((root, rest)) if root == "row" => {
                follow(self.outer.rows, self.row, self.columns, rest, local_date(self.outer.now))
            }
            _ => self.outer.get(path),
        }
    }

    fn area_at<'a>(&'a self, register: &str, point: [f64; 2]) -> Val<'a> {
        self.outer.area_at(register, point)
    }

    fn rows<'a>(&'a self, of: &RowsOf, wanted: &BTreeMap<String, Value>) -> Val<'a> {
        self.outer.rows(of, wanted)
    }
}

impl Names<'_> {
    fn case<'a>(&'a self, case: &'a Case, path: &[String]) -> Val<'a> {
        let Some((name, rest)) = path.split_first() else { return Val::Null };
        let at = |code: PlaceCode| place(self.rows, code, rest, local_date(self.now));
        match name.as_str() {
            "state" => Val::Text(Cow::Borrowed(&case.state)),
            "level" => Val::Text(Cow::Borrowed(case.level.as_str())),
            "channel" => Val::Text(Cow::Borrowed(&case.channel)),
            "number" => Val::Text(Cow::Borrowed(&case.number)),
            "place" => at(case.place),
            "taken_at" => case.taken_at.map_or(Val::Null, at),
            "opened_at" => time(case.opened_at),
            "closed_at" => opt_time(case.closed_at),
            "observed_at" => opt_time(case.observed_at),
            "moved" => Val::Int(i64::try_from(case.route.moved_from.len()).unwrap_or(i64::MAX)),
            "assignee" => case.assignee.as_ref().map_or(Val::Null, |p| Val::Text(Cow::Borrowed(&p.0))),
            "opener" => case.opened_by.as_ref().map_or(Val::Null, |p| Val::Text(Cow::Borrowed(&p.0))),
            count if self.process.counts.iter().any(|c| c == count) => Val::Int(i64::from(case.count(count))),
            _ => self.field(&case.fields, path, local_date(case.opened_at)),
        }
    }

    fn field<'a>(&'a self, fields: &'a Fields, path: &[String], day: Date) -> Val<'a> {
        follow(self.rows, fields, self.declared(path), path, day)
    }

    /// The fields of a case among which the first of a path stands.
    fn declared(&self, path: &[String]) -> &[Field] {
        let in_form = path.first().is_some_and(|name| self.process.form.iter().any(|f| f.name == *name));
        if in_form { &self.process.form } else { &self.process.fields }
    }

    fn clock<'a>(&'a self, case: &'a Case, path: &[String]) -> Val<'a> {
        let [name, what] = path else { return Val::Null };
        let promised = what.strip_prefix("promised_");
        let running = promised.map_or_else(|| name.clone(), |_| promised_of(name));
        let what = promised.unwrap_or(what);
        let Some(clock) = case.clocks.get(&running) else {
            return if matches!(what, "running" | "paused" | "overdue") { Val::Bool(false) } else { Val::Null };
        };
        match what {
            "overdue" => Val::Bool(clock.is_overdue(self.now)),
            "running" => Val::Bool(clock.stopped_at().is_none() && !clock.is_paused()),
            "paused" => Val::Bool(clock.is_paused() && clock.stopped_at().is_none()),
            "on_time" => clock.on_time().map_or(Val::Null, Val::Bool),
            "stopped" => opt_time(clock.stopped_at()),
            "due" => opt_time(clock.due_at()),
            "started" => time(clock.started_at()),
            "extended" => Val::Int(i64::try_from(clock.times_extended()).unwrap_or(i64::MAX)),
            _ => Val::Null,
        }
    }

    /// The newest document of a kind; one that was never issued is not valid.
    fn document<'a>(&'a self, case: &'a Case, path: &[String]) -> Val<'a> {
        let [name, what] = path else { return Val::Null };
        let mut all = case.documents.iter().filter(|one| one.document == *name);
        match what.as_str() {
            "valid" => Val::Bool(all.any(|one| one.standing == Standing::Valid)),
            "issued" => Val::Int(i64::try_from(all.count()).unwrap_or(i64::MAX)),
            "number" => all.next_back().map_or(Val::Null, |one| Val::Text(Cow::Borrowed(&one.number))),
            _ => Val::Null,
        }
    }

    fn actor(&self, path: &[String]) -> Val<'_> {
        let (Some(actor), Some((what, rest))) = (self.actor, path.split_first()) else {
            return Val::Null;
        };
        match what.as_str() {
            "role" => Val::Text(Cow::Borrowed(&actor.role)),
            "level" => actor.level.map_or(Val::Null, |level| Val::Text(Cow::Borrowed(level.as_str()))),
            "post" => actor.post.as_deref().map_or(Val::Null, |post| Val::Text(Cow::Borrowed(post))),
            "place" => actor.place.map_or(Val::Null, |code| place(self.rows, code, rest, local_date(self.now))),
            "account" => actor.account.as_deref().map_or(Val::Null, |account| Val::Text(Cow::Borrowed(account))),
            _ => Val::Null,
        }
    }
}

impl Scope for Names<'_> {
    fn get<'a>(&'a self, path: &[String]) -> Val<'a> {
        let Some((root, rest)) = path.split_first() else {
            return Val::Null;
        };
        match (root.as_str(), self.case) {
            ("now", _) => time(self.now),
            ("today", _) => Val::Text(Cow::Owned(local_date(self.now).to_string())),
            ("form", _) => self.form.map_or(Val::Null, |(values, declared)| {
                follow(self.rows, values, declared, rest, local_date(self.now))
            }),
            ("actor", _) => self.actor(rest),
            ("previous", _) => {
                let before = |register: &str| self.rows.before(register, self.form?.0);
                behind(self.rows, rest, before)
            }
            ("case", Some(case)) => self.case(case, rest),
            ("notice", Some(case)) => notice(case, rest),
            ("children", Some(case)) => children(case, rest),
            ("clock", Some(case)) => self.clock(case, rest),
            ("document", Some(case)) => self.document(case, rest),
            ("mark", Some(case)) => {
                rest.first().and_then(|name| case.marks.get(name)).map_or(Val::Null, |mark| time(mark.at))
            }
            ("first", Some(case)) => {
                rest.first().and_then(|name| case.entered.get(name)).map_or(Val::Null, |(first, _)| time(*first))
            }
            ("last", Some(case)) => {
                rest.first().and_then(|name| case.entered.get(name)).map_or(Val::Null, |(_, last)| time(*last))
            }
            _ => Val::Null,
        }
    }

    fn table(&self, path: &[String]) -> Option<&Value> {
        let (root, rest) = path.split_first()?;
        match (root.as_str(), self.case) {
            ("form", _) => table(self.rows, self.form?, rest, local_date(self.now)),
            ("case", Some(case)) => {
                table(self.rows, (&case.fields, self.declared(rest)), rest, local_date(case.opened_at))
            }
            _ => None,
        }
    }

    fn area_at<'a>(&'a self, register: &str, point: [f64; 2]) -> Val<'a> {
        key_of(self.rows.area_at(register, point, local_date(self.now)))
    }

    fn rows<'a>(&'a self, of: &RowsOf, wanted: &BTreeMap<String, Value>) -> Val<'a> {
        rows_of(self.rows, of, (wanted, local_date(self.now)))
    }
}

/// How many rows match, or the sum of their field. What is missing matches nothing.
fn rows_of<'a>(rows: &'a dyn Rows, of: &RowsOf, (wanted, day): (&BTreeMap<String, Value>, Date)) -> Val<'a> {
    let found = if wanted.values().any(Value::is_null) {
        Vec::new()
    } else {
        let Some(found) = rows.matching(&of.register, wanted, day) else { return Val::Null };
        found
    };
    match &of.sum {
        None => Val::Int(i64::try_from(found.len()).unwrap_or(i64::MAX)),
        Some(field) => {
            func::sum(Val::List(found.iter().filter_map(|row| row.fields.get(field)).map(Val::from_json).collect()))
        }
    }
}

fn key_of<'a>(row: Option<&'a Record>) -> Val<'a> {
    row.map_or(Val::Null, |row| Val::Text(Cow::Borrowed(&row.key)))
}

/// A value of the row before: the path names its register first.
fn behind<'a>(rows: &'a dyn Rows, path: &[String], before: impl FnOnce(&str) -> Option<&'a Record>) -> Val<'a> {
    let Some((register, rest)) = path.split_first() else { return Val::Null };
    before(register)
        .map_or(Val::Null, |row| follow(rows, &row.fields, rows.fields(register), rest, local_date(row.updated_at)))
}

/// Names over a register row: `row.*`, for what is computed when it is written also `form.*`.
pub struct RowNames<'a> {
    /// Register rows.
    pub rows: &'a dyn Rows,
    /// The row.
    pub record: &'a Record,
    /// The version before it in time, or the row before it in its series, where that is known.
    pub previous: Option<&'a Record>,
    /// The day it is judged for: `today`, which nothing else knows about a row.
    pub today: Option<Date>,
}

impl<'a> RowNames<'a> {
    /// Names over a row by itself.
    #[must_use]
    pub fn of(rows: &'a dyn Rows, record: &'a Record) -> RowNames<'a> {
        RowNames { rows, record, previous: None, today: None }
    }
}

impl Scope for RowNames<'_> {
    fn get<'a>(&'a self, path: &[String]) -> Val<'a> {
        match path.split_first() {
            Some((root, rest)) if matches!(root.as_str(), "row" | "case" | "form") => follow(
                self.rows,
                &self.record.fields,
                self.rows.fields(&self.record.register),
                rest,
                self.today.unwrap_or_else(|| local_date(self.record.updated_at)),
            ),
            Some((root, _)) if root == "today" => {
                self.today.map_or(Val::Null, |day| Val::Text(Cow::Owned(day.to_string())))
            }
            Some((root, rest)) if root == "previous" => behind(self.rows, rest, |register| {
                self.previous.or_else(|| self.rows.before(register, &self.record.fields))
            }),
            _ => Val::Null,
        }
    }

    fn area_at<'a>(&'a self, register: &str, point: [f64; 2]) -> Val<'a> {
        key_of(self.rows.area_at(register, point, local_date(self.record.updated_at)))
    }
}
