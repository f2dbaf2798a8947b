//! Made-up values for trying templates: one of every kind of field, and none where a field may be left empty.

use super::data::FIGURE_PARTS;
use ganglion_documents::{Datum, qr_svg};
use ganglion_model::Model;
use ganglion_model::pack::{Bulletin, Document, Field, FieldKind, Required, Seal, ShownFigure};
use std::collections::BTreeMap;

/// The day of every sample.
pub const DAY: (i32, u8, u8) = (2022, 6, 15);
/// Stands for any words.
pub const WORDS: &str = "sample";

/// What a document is made from, as declared: the fields that are typed first, and those that come later.
#[derive(Clone, Copy)]
pub struct Made<'a>([&'a [Field]; 2]);

impl<'a> Made<'a> {
    /// Of the process or register that `document` names.
    pub fn of(model: &'a Model, document: &Document) -> Option<Made<'a>> {
        if document.row {
            let register = model.registers.get(&document.of)?;
            return Some(Made([register.fields.as_slice(), &[]]));
        }
        let process = model.processes.get(&document.of)?;
        Some(Made([process.form.as_slice(), process.fields.as_slice()]))
    }

    fn field(self, name: &str) -> Option<&'a Field> {
        self.0.into_iter().flatten().find(|field| field.name == *name)
    }

    /// A field of the opening form or of a row that must be given whatever else is.
    fn always(self, field: &Field) -> bool {
        let [first, _] = self.0;
        let typed = first.iter().any(|one| one.name == field.name);
        typed && field.required == Required::Yes && field.when.is_none()
    }
}

/// What the template is given: with a value in every field, or only in those that always have one.
pub fn data(model: &Model, document: &Document, made: Made<'_>, (every, words): (bool, &str)) -> Datum {
    let value = |name: &String| {
        let field = made.field(name);
        let filled = field.filter(|field| every || made.always(field));
        filled.map_or(Datum::Empty, |field| of_kind(model, field, words))
    };
    let names = document.fields.iter().chain(&document.clear);
    let figure = |shown: &ShownFigure| {
        let part = |part: &'static str| (part, Datum::text(if part == "text" { "12" } else { words }));
        (shown.name.clone(), Datum::table(FIGURE_PARTS.map(part)))
    };
    let fields = names.map(|name| (name.clone(), value(name)));
    Datum::Table(fields.chain(document.figures.iter().map(figure)).collect())
}

fn of_kind(model: &Model, field: &Field, words: &str) -> Datum {
    let code = |list: &str| {
        let list = model.lists.get(list);
        list.and_then(|list| list.codes.first()).map_or_else(|| words.to_owned(), |code| code.title.zh.clone())
    };
    match &field.kind {
        FieldKind::Integer { .. } => Datum::Whole(12),
        FieldKind::Date => Datum::Day(DAY.0, DAY.1, DAY.2),
        FieldKind::Boolean => Datum::Flag(true),
        FieldKind::Table { fields, .. } => {
            let cells = fields.iter().map(|column| (column.name.clone(), of_kind(model, column, words)));
            Datum::List(vec![Datum::Table(cells.collect()); 2])
        }
        FieldKind::Choice { list } => Datum::Text(code(list)),
        FieldKind::Choices { list } => Datum::List(vec![Datum::Text(code(list)); 2]),
        kind if kind.value_type() == ganglion_model::expr::Type::List(Box::new(ganglion_model::expr::Type::Text)) => {
            Datum::List(vec![Datum::text(words); 2])
        }
        _ => Datum::text(words),
    }
}

/// Number, office, place, seal and code of a sample.
pub fn doc(document: &Document, (number, code): (&str, &str)) -> Datum {
    let seal = match document.seal {
        Seal::None => Datum::Empty,
        kind => Datum::table([
            ("name", Datum::text(WORDS)),
            ("note", Datum::text(WORDS)),
            ("drawn", Datum::Flag(kind == Seal::Drawn)),
        ]),
    };
    let qr = if document.qr {
        qr_svg(&format!("https://example.org/v/{code}")).map_or(Datum::Empty, Datum::Picture)
    } else {
        Datum::Empty
    };
    let levels = ["city", "county", "township", "village", "grid", "name"];
    Datum::table([
        ("title", Datum::text(&document.title.zh)),
        ("number", Datum::text(number)),
        ("day", Datum::Day(DAY.0, DAY.1, DAY.2)),
        ("issuer", Datum::text(WORDS)),
        ("place", Datum::table(levels.map(|level| (level, Datum::text(WORDS))))),
        ("case", Datum::text("1")),
        ("key", Datum::text("1")),
        ("code", Datum::text(code)),
        ("copies", Datum::Whole(i64::from(document.copies))),
        ("seal", seal),
        ("qr", qr),
    ])
}

/// Two ideographs that differ from letter to letter, so that every letter needs glyphs of its own.
pub fn varied(n: usize) -> String {
    const FIRST: u32 = 0x4e00;
    const MANY: usize = 6_000;
    let one = |n: usize| u32::try_from(n % MANY).ok().and_then(|n| char::from_u32(FIRST + n)).unwrap_or('x');
    [one(n * 7), one(n * 13 + 5)].iter().collect()
}

/// What the template of a bulletin is given.
pub fn figures(model: &Model, bulletin: &Bulletin) -> Datum {
    let one = |name: &String| {
        let title = model.indicators.get(name).map_or(WORDS, |indicator| indicator.title.zh.as_str());
        (
            name.clone(),
            Datum::table([
                ("title", Datum::text(title)),
                ("label", Datum::text(title)),
                ("text", Datum::text("12")),
                ("unit", Datum::text("")),
                ("before", Datum::Empty),
            ]),
        )
    };
    let mut all: BTreeMap<String, Datum> = bulletin.figures.iter().map(one).collect();
    let mut row: BTreeMap<String, Datum> =
        bulletin.figures.iter().map(|name| (name.clone(), Datum::text("12"))).collect();
    row.insert("place".to_owned(), Datum::text(WORDS));
    all.insert("rows".to_owned(), Datum::List(vec![Datum::Table(row); 2]));
    Datum::Table(all)
}

/// Title, place, period and day of a bulletin.
pub fn head(bulletin: &Bulletin) -> Datum {
    let levels = ["city", "county", "township", "village", "grid", "name"];
    Datum::table([
        ("title", Datum::text(&bulletin.title.zh)),
        ("place", Datum::table(levels.map(|level| (level, Datum::text(WORDS))))),
        ("period", Datum::text("2022-06")),
        ("from", Datum::Day(2022, 6, 1)),
        ("to", Datum::Day(2022, 6, 30)),
        ("over", Datum::Flag(true)),
        ("during", Datum::text(WORDS)),
        ("day", Datum::Day(DAY.0, DAY.1, DAY.2)),
    ])
}
