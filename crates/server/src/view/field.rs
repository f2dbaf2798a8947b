//! One field as a form shows it: its control, what was typed, what is wrong, and for tables the rows.

use super::form::{Asked, known};
use super::options::Choice;
use super::{Look, Photo};
use ganglion_kernel::decide::hints;
use ganglion_model::change::FieldFinding;
use ganglion_model::clocks::local_date;
use ganglion_model::pack::{Field, FieldKind, Required};
use ganglion_model::scope::Names;
use ganglion_model::{Decimal, Fields};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

/// Blank rows behind those filled in.
const BLANK_ROWS: usize = 3;

/// A file kept with a form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeptFile {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Small picture.
    pub thumb_href: String,
}

/// The box of words by which rows are searched for a reference.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FindView {
    /// Name the words are sent under.
    pub name: String,
    /// Words that were searched.
    pub words: String,
    /// What came of it, in words.
    pub note: String,
}

/// Rows a reference offers, and what is said about them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RowsView {
    /// The rows: keys with what they are called.
    pub options: Vec<Choice>,
    /// What came of the search, in words.
    pub note: String,
}

/// One field.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct FieldView {
    /// Name it is sent under.
    pub name: String,
    /// Id of its control, unique on the page.
    pub id: String,
    /// `text`, `long_text`, `integer`, `decimal`, `quantity`, `date`, `time`, `datetime`, `boolean`, `choice`, `choices`,
    /// `ref`, `place`, `post`, `point`, `shape`, `files`, `phone`, `citizen_id`, `table` or `given` (by the system).
    pub kind: &'static str,
    /// Label.
    pub label: String,
    /// Help.
    pub help: Option<String>,
    /// What is wrong.
    pub error: Option<String>,
    /// May something be said that is unusual and taken all the same?
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub hints: bool,
    /// What is unusual about it so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Must it be given, as far as is known so far?
    pub required: bool,
    /// What its label says of that, where it turns on what is typed elsewhere: nothing where it must.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub needs: Option<String>,
    /// May what is typed wait in the browser until it is sent? Nothing about a person, no files, no tables.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub draft: bool,
    /// Left empty it stays as it is: the form is asked once for cases that have it already.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub keeps: bool,
    /// What was typed.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub value: Value,
    /// What was chosen, for several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    /// Choices.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<Choice>,
    /// Where rows are searched by words: more of them than a list is good for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub find: Option<FindView>,
    /// Its choices follow what is typed elsewhere: rows of the place that is chosen.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub follows: bool,
    /// Longest length, or most files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<u32>,
    /// Unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Several at once?
    pub multiple: bool,
    /// What files are taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accept: Option<&'static str>,
    /// Files kept.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<KeptFile>,
    /// Datum of a typed point.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub datum: Option<String>,
    /// When it applies, in words; the page hides it while it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub only_if: Option<String>,
    /// Whether it applies to what is typed so far.
    pub applies: bool,
    /// Headings of a table.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<ColumnView>,
    /// Rows of a table, blank ones at the end.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<Vec<FieldView>>,
    /// A row as it stands before anything is typed, for adding more; its number is `%`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub blank: Vec<FieldView>,
    /// Where what is typed is looked up while it is typed; a text can be sent without it all the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suggest_href: Option<String>,
    /// What similar settled cases chose here; a button of the form fills it in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub suggestions: Vec<SuggestedView>,
}

/// Something similar settled cases chose.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SuggestedView {
    /// The value.
    pub value: String,
    /// In words.
    pub label: String,
    /// Why it is suggested.
    pub reason: String,
}

/// The heading of a column.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ColumnView {
    /// Title.
    pub label: String,
    /// Unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Must it be given?
    pub required: bool,
}

/// What a field is shown in.
pub(super) struct Shown<'a> {
    /// The form's surroundings.
    pub asked: &'a Asked<'a>,
    /// Names over what was typed.
    pub names: &'a Names<'a>,
    /// All fields of the form.
    pub declared: &'a [Field],
    /// What is wrong.
    pub findings: &'a [FieldFinding],
    /// Rows wished for in a table.
    pub more: usize,
}

/// The word a page knows a kind of field by.
fn word(kind: &FieldKind) -> &'static str {
    match kind {
        FieldKind::LongText { .. } => "long_text",
        FieldKind::Integer { .. } => "integer",
        FieldKind::Decimal { .. } => "decimal",
        FieldKind::Money | FieldKind::Quantity { .. } => "quantity",
        FieldKind::Time => "time",
        FieldKind::Line | FieldKind::Polygon => "shape",
        FieldKind::Serial { .. } => "given",
        FieldKind::Table { .. } => "table",
        FieldKind::Date => "date",
        FieldKind::Datetime => "datetime",
        FieldKind::Boolean => "boolean",
        FieldKind::Choice { .. } => "choice",
        FieldKind::Choices { .. } | FieldKind::Posts { .. } | FieldKind::Refs { .. } => "choices",
        FieldKind::Ref { .. } => "ref",
        FieldKind::Place { .. } => "place",
        FieldKind::Post { .. } | FieldKind::Account { .. } => "post",
        FieldKind::Point => "point",
        FieldKind::Files { .. } => "files",
        FieldKind::Phone => "phone",
        FieldKind::CitizenId => "citizen_id",
        FieldKind::CreditCode => "credit_code",
        FieldKind::Text { .. } | FieldKind::CaseRef { .. } | FieldKind::Duration => "text",
    }
}

/// Whether what is typed may wait in the browser for whoever has to sign in again.
fn may_wait(field: &Field) -> bool {
    let is_apart = matches!(
        field.kind,
        FieldKind::Files { .. } | FieldKind::Table { .. } | FieldKind::Phone | FieldKind::CitizenId
    );
    field.is_typed() && !field.personal && !is_apart
}

/// Text of a typed value as a control shows it.
fn typed_text(kind: &FieldKind, value: &Value) -> Value {
    match (kind, value) {
        (_, Value::Null) => Value::Null,
        (FieldKind::Boolean, Value::Bool(yes)) => Value::String(yes.to_string()),
        (FieldKind::Point, Value::Array(pair)) => {
            Value::String(pair.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
        }
        (FieldKind::Money, Value::Number(fen)) => Value::String(yuan(fen.as_i64().unwrap_or_default())),
        (FieldKind::Datetime, Value::String(at)) => Value::String(local_minute(at)),
        (FieldKind::Line | FieldKind::Polygon, shape @ Value::Array(_)) => Value::String(shape.to_string()),
        (_, Value::Array(_)) => Value::Null,
        (_, Value::String(text)) => Value::String(text.clone()),
        (_, other) => Value::String(other.to_string()),
    }
}

/// Fen as yuan, as they are typed.
fn yuan(fen: i64) -> String {
    Decimal::new(fen, 2).to_string()
}

/// An instant as a control for local times takes it.
fn local_minute(at: &str) -> String {
    let Ok(instant) = at.parse::<Timestamp>() else { return at.to_owned() };
    let day = local_date(instant);
    let midnight = ganglion_model::clocks::midnight(day).as_second();
    let minutes = (instant.as_second() - midnight) / 60;
    format!("{day}T{:02}:{:02}", minutes / 60, minutes % 60)
}

fn many(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Value::String(text) if !text.is_empty() => text.split(',').map(|part| part.trim().to_owned()).collect(),
        _ => Vec::new(),
    }
}

fn kept_file(id: &str) -> KeptFile {
    KeptFile { id: id.to_owned(), name: id.chars().take(8).collect(), thumb_href: Photo::of(id).thumb_href }
}

impl Look<'_> {
    /// A field of a form.
    pub(super) fn field(&self, shown: &Shown<'_>, field: &Field, (typed, required): (&Fields, bool)) -> FieldView {
        let default =
            || field.default.clone().or_else(|| Some(field.default_from.as_ref()?.eval(shown.names).to_json()));
        let kept = typed.get(&field.name).or_else(|| known(shown.asked, field)).cloned();
        let value = kept.or_else(default).unwrap_or(Value::Null);
        let mut view = self.control(shown, (field, &field.name), &value);
        view.required = required;
        view.draft = may_wait(field);
        view.help = Some(self.text(&field.help)).filter(|help| !help.is_empty());
        view.applies = field.when.as_ref().is_none_or(|when| when.holds(shown.names));
        view.hints = !field.warns.is_empty();
        view.hint = hints(shown.names, std::slice::from_ref(field), typed).pop().and_then(|hint| self.hint(&hint));
        let later = field.when.as_ref().filter(|when| super::form::asks_form(when));
        view.only_if = later.map(|when| self.only_if(shown.declared, when));
        if let FieldKind::Table { fields, min_rows, max_rows } = &field.kind {
            let rows = value.as_array().map(Vec::as_slice).unwrap_or_default();
            let wanted = (rows.len() + BLANK_ROWS).max(*min_rows as usize).max(shown.more).min(*max_rows as usize);
            view.columns = fields.iter().map(|column| self.column(column)).collect();
            view.rows =
                (0..wanted).map(|row| self.row(shown, (field, fields), &row.to_string(), rows.get(row))).collect();
            view.blank = self.row(shown, (field, fields), "%", None);
            view.max = Some(*max_rows);
        }
        view
    }

    /// A hint in words.
    pub(super) fn hint(&self, hint: &FieldFinding) -> Option<String> {
        hint.message.as_ref().map(|message| self.text(message))
    }

    fn column(&self, column: &Field) -> ColumnView {
        ColumnView {
            label: self.text(&column.title),
            unit: self.unit(column),
            required: column.required == Required::Yes && column.when.is_none(),
        }
    }

    /// The cells of a row called `row`.
    fn row(
        &self,
        shown: &Shown<'_>,
        (table, columns): (&Field, &[Field]),
        row: &str,
        values: Option<&Value>,
    ) -> Vec<FieldView> {
        let cell = |column: &Field| {
            // A default in a blank row would make a row of it; it is filled in when the row is read.
            let value = values.and_then(|row| row.get(&column.name));
            let name = format!("{}.{row}.{}", table.name, column.name);
            let mut view = self.control(shown, (column, &name), value.unwrap_or(&Value::Null));
            view.required = column.required == Required::Yes && column.when.is_none();
            view.needs = self.cell_needs(column);
            view
        };
        columns.iter().map(cell).collect()
    }

    /// The control of a field or cell, sent under `name`.
    fn control(&self, shown: &Shown<'_>, (field, name): (&Field, &str), value: &Value) -> FieldView {
        let several =
            matches!(field.kind, FieldKind::Choices { .. } | FieldKind::Posts { .. } | FieldKind::Refs { .. });
        let text = typed_text(&field.kind, value);
        let chosen = if several { many(value) } else { Vec::new() };
        let mut options = self.choices_of(field, shown.asked.place, shown.asked.suggested);
        if let (FieldKind::Place { levels }, Some(own)) = (&field.kind, shown.asked.actor.place) {
            options = self.own_places_first(options, (levels, own));
        }
        let named: Vec<&str> = text.as_str().into_iter().chain(chosen.iter().map(String::as_str)).collect();
        // Nothing stands yet where a resident begins.
        if shown.asked.case.is_some() || shown.asked.actor.role != "public" {
            options.extend(self.standing(field, &named, &options));
        }
        for option in &mut options {
            option.selected = text.as_str() == Some(&option.value) || chosen.contains(&option.value);
        }
        let is_files = matches!(field.kind, FieldKind::Files { .. });
        let given = !field.is_typed();
        FieldView {
            id: format!("f-{}{name}", shown.asked.prefix),
            name: name.to_owned(),
            kind: if given { "given" } else { word(&field.kind) },
            label: self.text(&field.title),
            help: None,
            error: self.problem_at(shown.declared, shown.findings, name),
            value: match (several || is_files, given) {
                (true, _) => Value::Null,
                (_, true) => self.value(field, value).map_or(Value::Null, Value::String),
                _ => text,
            },
            values: chosen,
            options,
            max: match field.kind {
                FieldKind::Text { max, .. } | FieldKind::LongText { max } | FieldKind::Files { max, .. } => Some(max),
                _ => None,
            },
            unit: self.unit(field),
            multiple: several || matches!(field.kind, FieldKind::Files { max, .. } if max > 1),
            accept: match field.kind {
                FieldKind::Files { images: true, .. } => Some("image"),
                FieldKind::Files { images: false, .. } => Some("*/*"),
                FieldKind::Line => Some("line"),
                FieldKind::Polygon => Some("polygon"),
                _ => None,
            },
            files: if is_files { many(value).iter().map(|id| kept_file(id)).collect() } else { Vec::new() },
            applies: true,
            ..FieldView::default()
        }
    }

    fn unit(&self, field: &Field) -> Option<String> {
        match (&field.unit, &field.kind) {
            (Some(unit), _) => Some(self.text(unit)),
            (None, FieldKind::Money) => Some(self.t("unit-yuan")),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_comes_back_as_it_is_typed() {
        assert_eq!(typed_text(&FieldKind::Money, &Value::from(123_450)), Value::from("1234.50"));
        let at = Value::from("2022-06-27T09:03:00+08:00");
        assert_eq!(typed_text(&FieldKind::Datetime, &at), Value::from("2022-06-27T09:03"));
        assert_eq!(typed_text(&FieldKind::Datetime, &Value::from("soon")), Value::from("soon"));
        let line = serde_json::json!([[116.84, 38.31], [116.85, 38.31]]);
        assert_eq!(typed_text(&FieldKind::Line, &line), Value::from("[[116.84,38.31],[116.85,38.31]]"));
    }
}
