//! Made-up values for trying templates: one of every kind of field, and none where a field may be left empty.

use ganglion_documents::{Datum, qr_svg};
use ganglion_model::Model;
use ganglion_model::pack::{Document, Field, FieldKind, Process, Required, Seal};

/// The day of every sample.
pub const DAY: (i32, u8, u8) = (2022, 6, 15);
/// Stands for any words.
const WORDS: &str = "sample";

/// What the template is given: with a value in every field, or only in those that always have one.
pub fn data(model: &Model, document: &Document, process: &Process, every: bool) -> Datum {
    let value = |name: &String| {
        let field = process.field(name);
        let filled = field.filter(|field| every || always(process, field));
        filled.map_or(Datum::Empty, |field| of_kind(model, field))
    };
    let names = document.fields.iter().chain(&document.clear);
    Datum::Table(names.map(|name| (name.clone(), value(name))).collect())
}

/// A field of the opening form that must be given whatever else is.
fn always(process: &Process, field: &Field) -> bool {
    let opening = process.form.iter().any(|one| one.name == field.name);
    opening && field.required == Required::Yes && field.when.is_none()
}

fn of_kind(model: &Model, field: &Field) -> Datum {
    let code = |list: &str| {
        let list = model.lists.get(list);
        list.and_then(|list| list.codes.first()).map_or_else(|| WORDS.to_owned(), |code| code.title.zh.clone())
    };
    match &field.kind {
        FieldKind::Integer { .. } => Datum::Whole(12),
        FieldKind::Date => Datum::Day(DAY.0, DAY.1, DAY.2),
        FieldKind::Boolean => Datum::Flag(true),
        FieldKind::Choice { list } => Datum::Text(code(list)),
        FieldKind::Choices { list } => Datum::List(vec![Datum::Text(code(list)); 2]),
        kind if kind.value_type() == ganglion_model::expr::Type::List(Box::new(ganglion_model::expr::Type::Text)) => {
            Datum::List(vec![Datum::text(WORDS); 2])
        }
        _ => Datum::text(WORDS),
    }
}

/// Number, office, place, seal and code of a sample.
pub fn doc(document: &Document) -> Datum {
    let seal = match document.seal {
        Seal::None => Datum::Empty,
        kind => Datum::table([
            ("name", Datum::text(WORDS)),
            ("note", Datum::text(WORDS)),
            ("drawn", Datum::Flag(kind == Seal::Drawn)),
        ]),
    };
    let qr =
        if document.qr { qr_svg("https://example.org/v/0").map_or(Datum::Empty, Datum::Picture) } else { Datum::Empty };
    let levels = ["city", "county", "township", "village", "grid", "name"];
    Datum::table([
        ("title", Datum::text(&document.title.zh)),
        ("number", Datum::text("1")),
        ("day", Datum::Day(DAY.0, DAY.1, DAY.2)),
        ("issuer", Datum::text(WORDS)),
        ("place", Datum::table(levels.map(|level| (level, Datum::text(WORDS))))),
        ("case", Datum::text("1")),
        ("code", Datum::text("0")),
        ("copies", Datum::Whole(i64::from(document.copies))),
        ("seal", seal),
        ("qr", qr),
    ])
}
