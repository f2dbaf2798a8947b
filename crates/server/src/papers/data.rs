//! From an issued document to what its template is given: fields under `data`, everything else under `doc`.

use super::item::Subject;
use crate::view::Look;
use ganglion_documents::{Datum, qr_svg};
use ganglion_kernel::seal::is_sealed;
use ganglion_model::clocks::local_date;
use ganglion_model::pack::{Document, Field, FieldKind, Seal};
use ganglion_model::{Issued, Level, PlaceCode};
use jiff::civil::Date;
use serde_json::Value;
use std::collections::BTreeMap;

/// What a template finds of a figure.
pub const FIGURE_PARTS: [&str; 5] = ["title", "text", "unit", "place", "period"];

/// What is printed and from where.
pub struct Source<'a> {
    /// Words in the language of documents and the day they were issued.
    pub look: Look<'a>,
    /// The document.
    pub document: &'a Document,
    /// What it is made from.
    pub subject: Subject<'a>,
    /// As it was issued.
    pub issued: &'a Issued,
    /// Personal values in clear, by field.
    pub opened: &'a BTreeMap<String, String>,
    /// Address of this server as others reach it.
    pub public_url: &'a str,
}

/// A civil day for a template.
pub fn day(day: Date) -> Datum {
    let small = |n: i8| u8::try_from(n).unwrap_or(1);
    Datum::Day(i32::from(day.year()), small(day.month()), small(day.day()))
}

impl Source<'_> {
    /// The fields the document prints: each is there, empty when the case or row has no value.
    pub fn data(&self) -> Datum {
        let names = self.document.fields.iter().chain(&self.document.clear);
        let fields = names.map(|name| (name.clone(), self.field(name)));
        let figures = self.document.figures.iter().map(|shown| (shown.name.clone(), self.figure(&shown.name)));
        Datum::Table(fields.chain(figures).collect())
    }

    /// A figure as it was published; a document issued before its kind had it prints words that say so.
    fn figure(&self, name: &str) -> Datum {
        let Some(figure) = self.issued.figures.get(name) else {
            let said = |part: &str| if part == "unit" { String::new() } else { self.look.t("not-available") };
            return Datum::table(FIGURE_PARTS.map(|part| (part, Datum::Text(said(part)))));
        };
        Datum::table([
            ("title", Datum::Text(self.look.published_title(figure))),
            ("text", Datum::Text(self.look.published_digits(figure))),
            ("unit", Datum::Text(self.look.published_unit(figure))),
            ("place", Datum::text(&figure.place_name)),
            ("period", Datum::Text(self.look.published_period(figure))),
        ])
    }

    fn field(&self, name: &str) -> Datum {
        let (Some(field), Some(value)) = (self.subject.field(name), self.issued.fields.get(name)) else {
            return Datum::Empty;
        };
        if value.as_str().is_some_and(is_sealed) {
            let Some(clear) = self.opened.get(name) else {
                return Datum::Empty;
            };
            // A table is sealed as one text.
            let rows = matches!(field.kind, FieldKind::Table { .. }).then(|| serde_json::from_str::<Value>(clear));
            return rows.and_then(Result::ok).map_or_else(|| Datum::text(clear), |rows| self.shown(field, &rows));
        }
        self.shown(field, value)
    }

    fn shown(&self, field: &Field, value: &Value) -> Datum {
        match (&field.kind, value) {
            (FieldKind::Date, Value::String(text)) => text.parse::<Date>().map_or(Datum::Empty, day),
            (_, Value::Bool(flag)) => Datum::Flag(*flag),
            (FieldKind::Integer { .. }, Value::Number(number)) => number.as_i64().map_or(Datum::Empty, Datum::Whole),
            (FieldKind::Table { fields, .. }, Value::Array(rows)) => {
                Datum::List(rows.iter().map(|row| self.table_row(fields, row)).collect())
            }
            (_, Value::Array(items)) => {
                let one = |item: &Value| self.look.value(field, item).map(Datum::Text);
                Datum::List(items.iter().filter_map(one).collect())
            }
            _ => self.look.value(field, value).map_or(Datum::Empty, Datum::Text),
        }
    }

    /// A row of a table: its cells by column, each there.
    fn table_row(&self, columns: &[Field], row: &Value) -> Datum {
        let cell = |column: &Field| row.get(&column.name).map_or(Datum::Empty, |value| self.shown(column, value));
        Datum::Table(columns.iter().map(|column| (column.name.clone(), cell(column))).collect())
    }

    /// Number, office, place, seal, code.
    pub fn doc(&self) -> Datum {
        let issued = self.issued;
        let seal = match self.document.seal {
            Seal::None => Datum::Empty,
            kind => Datum::table([
                ("name", Datum::text(&issued.issuer)),
                ("note", Datum::text(self.look.t("seal-note"))),
                ("drawn", Datum::Flag(kind == Seal::Drawn)),
            ]),
        };
        let url = format!("{}/v/{}", self.public_url, issued.code);
        let qr = if self.document.qr { qr_svg(&url).map_or(Datum::Empty, Datum::Picture) } else { Datum::Empty };
        Datum::table([
            ("title", Datum::text(&self.document.title.zh)),
            ("number", Datum::text(&issued.number)),
            ("day", day(local_date(issued.at))),
            ("issuer", Datum::text(&issued.issuer)),
            ("place", place(&self.look, self.subject.place)),
            ("case", Datum::text(self.subject.name)),
            ("key", Datum::text(self.subject.name)),
            ("code", Datum::text(&issued.code)),
            ("copies", Datum::Whole(i64::from(self.document.copies))),
            ("seal", seal),
            ("qr", qr),
        ])
    }
}

/// Names of a place and of everything above it, by level; a level the place does not reach is empty.
pub fn place(look: &Look<'_>, place: PlaceCode) -> Datum {
    let at = |level: Level| place.at(level).map_or(Datum::Empty, |code| Datum::text(look.place(code)));
    let levels = [Level::City, Level::County, Level::Township, Level::Village, Level::Grid];
    let named = levels.map(|level| (level.as_str(), at(level)));
    Datum::table(named.into_iter().chain([("name", Datum::text(look.place(place)))]))
}
