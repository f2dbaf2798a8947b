//! Rows as words: the columns of a list, cells, and where a row leads.

use super::{Readable, row_href};
use crate::staff::query::Query;
use crate::view::Look;
use crate::view::value::is_number;
use crate::web::Web;
use ganglion_kernel::port_rows::{RowOrder, RowSort};
use ganglion_model::Record;
use ganglion_model::pack::{Field, FieldKind, Scope};
use serde::Serialize;

/// Columns of a register that names none.
const COLUMNS_MAX: usize = 7;

/// A column of the table.
#[derive(Clone, Debug, Serialize)]
pub struct Column {
    label: String,
    sort_href: Option<String>,
    sorted: Option<&'static str>,
    num: bool,
}

/// A cell.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Cell {
    text: String,
    href: Option<String>,
    num: bool,
    /// It stands in one line: a day broken in two is hard to read.
    whole: bool,
}

/// The fields a list shows: those the register names, or its first short ones.
pub fn columns<'r>(web: &Web, readable: &Readable<'r>) -> Vec<&'r Field> {
    let fields = readable.fields(web);
    if !readable.register.columns.is_empty() {
        let find = |name: &String| fields.iter().find(|field| field.name == *name).copied();
        return readable.register.columns.iter().filter_map(find).collect();
    }
    let long =
        |field: &&Field| matches!(field.kind, FieldKind::LongText { .. } | FieldKind::Files { .. } | FieldKind::Point);
    fields.into_iter().filter(|field| !long(field)).take(COLUMNS_MAX).collect()
}

/// The heads of the columns, each with its link to sort by.
pub fn heads(
    look: &Look<'_>,
    readable: &Readable<'_>,
    fields: &[&Field],
    (order, base): (&RowOrder, &Query),
) -> Vec<Column> {
    let path = format!("/registers/{}", readable.register.name);
    let head = |name: &str, label: String, num: bool| {
        let is_by = match &order.by {
            RowSort::Key => name == readable.register.key,
            RowSort::Field(by) => by == name,
            RowSort::Changed => name == "changed",
        };
        let to = if is_by && !order.descending { format!("-{name}") } else { name.to_owned() };
        Column {
            label,
            sort_href: Some(base.with("sort", &to).on(&path)),
            sorted: is_by.then_some(if order.descending { "desc" } else { "asc" }),
            num,
        }
    };
    let mut all: Vec<Column> =
        fields.iter().map(|field| head(&field.name, look.text(&field.title), is_number(&field.kind))).collect();
    if readable.register.scope != Scope::Deployment {
        all.push(Column { label: look.t("col-place"), sort_href: None, sorted: None, num: false });
    }
    if readable.register.dated {
        all.push(Column { label: look.t("reg-valid"), sort_href: None, sorted: None, num: false });
    }
    all
}

/// A row of the table; its first cell leads to its card.
pub fn cells(look: &Look<'_>, readable: &Readable<'_>, fields: &[&Field], record: &Record) -> Vec<Cell> {
    let href = row_href("rows", record.shard, &record.register, &record.key);
    let mut all: Vec<Cell> = fields
        .iter()
        .map(|field| Cell {
            text: record.fields.get(&field.name).and_then(|value| look.value(field, value)).unwrap_or_default(),
            href: None,
            num: is_number(&field.kind),
            whole: matches!(field.kind, FieldKind::Date | FieldKind::Datetime | FieldKind::Time),
        })
        .collect();
    if let Some(first) = all.first_mut() {
        first.href = Some(href);
        if first.text.is_empty() {
            first.text.clone_from(&record.key);
        }
    }
    if readable.register.scope != Scope::Deployment {
        let text = record.place.map(|place| look.place_path(place)).unwrap_or_default();
        all.push(Cell { text, ..Cell::default() });
    }
    if readable.register.dated {
        all.push(Cell { text: span(look, record), whole: true, ..Cell::default() });
    }
    all
}

/// The days a version holds, in words.
pub fn span(look: &Look<'_>, record: &Record) -> String {
    let day = |day: jiff::civil::Date| day.to_string();
    match (record.valid_from.map(day), record.valid_to.map(day)) {
        (None, None) => look.t("reg-always"),
        (Some(from), None) => look.say("reg-since", &[("from", from.into())]),
        (None, Some(to)) => look.say("reg-until", &[("to", to.into())]),
        (Some(from), Some(to)) => look.say("reg-between", &[("from", from.into()), ("to", to.into())]),
    }
}

/// What a row is called: its label, or its key.
pub fn title(look: &Look<'_>, readable: &Readable<'_>, web: &Web, record: &Record) -> String {
    let register = readable.register;
    let field = readable.fields(web).into_iter().find(|field| field.name == register.label);
    let said = field.and_then(|field| look.value(field, record.fields.get(&field.name)?));
    said.filter(|said| !said.is_empty()).unwrap_or_else(|| record.key.clone())
}
