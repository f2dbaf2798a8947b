//! Forms from declared fields: what is asked, what may be chosen, what was typed, and what is wrong with it.

use super::options::Choice;
use super::problems::{FormError, RefusalView};
use super::suggest::Suggestion;
use super::{Look, Photo, mask};
use ganglion_kernel::World;
use ganglion_kernel::seal::is_sealed;
use ganglion_model::change::FieldFinding;
use ganglion_model::expr::Expr;
use ganglion_model::pack::{Action, Field, FieldKind, Process, Required};
use ganglion_model::row::Case;
use ganglion_model::scope::{ActorView, Names};
use ganglion_model::{Fields, PlaceCode};
use serde::Serialize;
use serde_json::Value;

/// A hidden value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hidden {
    /// Name.
    pub name: String,
    /// Value.
    pub value: String,
}

impl Hidden {
    /// A hidden value.
    #[must_use]
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Hidden {
        Hidden { name: name.into(), value: value.into() }
    }
}

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

/// One field.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct FieldView {
    /// Name it is sent under.
    pub name: String,
    /// Id of its control, unique on the page.
    pub id: String,
    /// `text`, `long_text`, `integer`, `decimal`, `date`, `datetime`, `boolean`, `choice`, `choices`, `ref`, `place`,
    /// `post`, `point`, `files`, `phone` or `citizen_id`.
    pub kind: &'static str,
    /// Label.
    pub label: String,
    /// Help.
    pub help: Option<String>,
    /// What is wrong.
    pub error: Option<String>,
    /// Must it be given?
    pub required: bool,
    /// What was typed.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub value: Value,
    /// What was chosen, for several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    /// Choices.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<Choice>,
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
}

/// A form.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct FormView {
    /// Where it is sent.
    pub action_href: String,
    /// Heading.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Values that travel along.
    pub hidden: Vec<Hidden>,
    /// Fields.
    pub fields: Vec<FieldView>,
    /// Everything that is wrong.
    pub errors: Vec<FormError>,
    /// The button.
    pub submit: String,
    /// The way back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancel_href: Option<String>,
}

/// An action that is offered, or shown with the reason why it is not.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ActionView {
    /// Name.
    pub name: String,
    /// The button.
    pub label: String,
    /// `primary`, `danger` or nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<&'static str>,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Why it is not offered now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disabled_reason: Option<String>,
    /// Stands open?
    pub open: bool,
    /// Why it was not carried out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refusal: Option<RefusalView>,
    /// Its form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub form: Option<FormView>,
}

/// What a form is asked in.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// The process.
    pub process: &'a Process,
    /// The case, unless one is being opened.
    pub case: Option<&'a Case>,
    /// Who is asked.
    pub actor: &'a ActorView,
    /// Where choices of places begin: the case's place, or the scope of whoever opens one.
    pub place: PlaceCode,
    /// Posts that fit, best first.
    pub suggested: &'a [Suggestion],
    /// Put before ids, so that two forms of a page do not share them.
    pub prefix: &'a str,
}

/// What was typed and what came of it.
#[derive(Clone, Copy, Default)]
pub struct Typed<'a> {
    /// Values.
    pub values: Option<&'a Fields>,
    /// Findings.
    pub findings: &'a [FieldFinding],
}

/// The word a page knows a kind of field by.
fn word(kind: &FieldKind) -> &'static str {
    match kind {
        FieldKind::LongText { .. } => "long_text",
        FieldKind::Integer { .. } => "integer",
        FieldKind::Decimal { .. } | FieldKind::Money => "decimal",
        FieldKind::Date => "date",
        FieldKind::Datetime => "datetime",
        FieldKind::Boolean => "boolean",
        FieldKind::Choice { .. } => "choice",
        FieldKind::Choices { .. } | FieldKind::Posts { .. } => "choices",
        FieldKind::Ref { .. } => "ref",
        FieldKind::Place { .. } => "place",
        FieldKind::Post { .. } => "post",
        FieldKind::Point => "point",
        FieldKind::Files { .. } => "files",
        FieldKind::Phone => "phone",
        FieldKind::CitizenId => "citizen_id",
        FieldKind::Text { .. } | FieldKind::CaseRef { .. } | FieldKind::Duration => "text",
    }
}

/// Whether an expression looks at what is being typed.
fn asks_form(expr: &Expr) -> bool {
    let mut paths = Vec::new();
    expr.paths(&mut paths);
    paths.iter().any(|path| path.first().is_some_and(|root| root == "form"))
}

/// Text of a typed value as a control shows it.
fn typed_text(kind: &FieldKind, value: &Value) -> Value {
    match (kind, value) {
        (_, Value::Null) => Value::Null,
        (FieldKind::Boolean, Value::Bool(yes)) => Value::String(yes.to_string()),
        (FieldKind::Point, Value::Array(pair)) => {
            Value::String(pair.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
        }
        (_, Value::Array(_)) => Value::Null,
        (_, Value::String(text)) => Value::String(text.clone()),
        (_, other) => Value::String(other.to_string()),
    }
}

fn many(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Value::String(text) if !text.is_empty() => text.split(',').map(|part| part.trim().to_owned()).collect(),
        _ => Vec::new(),
    }
}

impl Look<'_> {
    /// The fields of a form. Those that can never apply here, whatever is typed, are left out.
    #[must_use]
    pub fn fields(&self, asked: &Asked<'_>, declared: &[Field], typed: Typed<'_>) -> Vec<FieldView> {
        let values = typed.values.cloned().unwrap_or_default();
        let names = names(self.world, asked, (&values, declared), self.now);
        declared
            .iter()
            .filter(|field| field.when.as_ref().is_none_or(|when| asks_form(when) || when.holds(&names)))
            .map(|field| {
                let required = match &field.required {
                    Required::No => false,
                    Required::Yes => field.when.is_none(),
                    Required::If(expr) => !asks_form(expr) && expr.holds(&names),
                };
                self.field(asked, field, (&values, required), typed.findings)
            })
            .collect()
    }

    fn field(
        &self,
        asked: &Asked<'_>,
        field: &Field,
        (typed, required): (&Fields, bool),
        findings: &[FieldFinding],
    ) -> FieldView {
        let label = self.text(&field.title);
        let kept = typed.get(&field.name).or_else(|| known(asked, field)).or(field.default.as_ref());
        let value = kept.cloned().unwrap_or(Value::Null);
        let several = matches!(field.kind, FieldKind::Choices { .. } | FieldKind::Posts { .. });
        let mut options = self.choices(&field.kind, asked.place, asked.suggested);
        let text = typed_text(&field.kind, &value);
        let chosen = if several { many(&value) } else { Vec::new() };
        for option in &mut options {
            option.selected = text.as_str() == Some(&option.value) || chosen.contains(&option.value);
        }
        let is_files = matches!(field.kind, FieldKind::Files { .. });
        let files = if is_files { many(&value).iter().map(|id| kept_file(id)).collect() } else { Vec::new() };
        FieldView {
            id: format!("f-{}{}", asked.prefix, field.name),
            name: field.name.clone(),
            kind: word(&field.kind),
            help: Some(self.text(&field.help)).filter(|help| !help.is_empty()),
            error: findings.iter().find(|one| one.field == field.name).map(|one| self.problem(one, &label)),
            required,
            value: if several || is_files { Value::Null } else { text },
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
                _ => None,
            },
            files,
            datum: None,
            label,
        }
    }

    fn unit(&self, field: &Field) -> Option<String> {
        match (&field.unit, &field.kind) {
            (Some(unit), _) => Some(self.text(unit)),
            (None, FieldKind::Money) => Some(self.t("unit-yuan")),
            _ => None,
        }
    }

    /// The form of an action.
    #[must_use]
    pub fn action_form(&self, asked: &Asked<'_>, action: &Action, hidden: Vec<Hidden>, typed: Typed<'_>) -> FormView {
        let href = asked.case.map(|case| format!("/cases/{}/{}", case.number, action.name)).unwrap_or_default();
        let id = |name: &str| format!("f-{}{name}", asked.prefix);
        FormView {
            action_href: href,
            hidden,
            fields: self.fields(asked, &action.form, typed),
            errors: self.problems(&action.form, typed.findings, &id),
            submit: self.text(&action.title),
            ..FormView::default()
        }
    }
}

fn kept_file(id: &str) -> KeptFile {
    KeptFile { id: id.to_owned(), name: id.chars().take(8).collect(), thumb_href: Photo::of(id).thumb_href }
}

/// What the case knows already and an action asks again: short values that are no secret. Texts are asked afresh, since
/// what was written last time was about last time.
fn known<'a>(asked: &Asked<'a>, field: &Field) -> Option<&'a Value> {
    let case = asked.case?;
    let declared = asked.process.field(&field.name)?;
    let short = matches!(
        field.kind,
        FieldKind::Choice { .. } | FieldKind::Choices { .. } | FieldKind::Ref { .. } | FieldKind::Date
    );
    let value = case.fields.get(&field.name)?;
    let secret = field.personal
        || declared.personal
        || value.as_str().is_some_and(|text| is_sealed(text) || mask::is_masked(text));
    (short && !secret).then_some(value)
}

fn names<'b>(world: &'b World, asked: &Asked<'b>, form: (&'b Fields, &'b [Field]), now: jiff::Timestamp) -> Names<'b> {
    Names { rows: world, process: asked.process, case: asked.case, form: Some(form), actor: Some(asked.actor), now }
}
