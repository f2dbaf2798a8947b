//! Forms from declared fields: what is asked, what may be chosen, what was typed, and what is wrong with it.

pub use super::field::{FieldView, KeptFile};
use super::field::{RowsView, Shown};
use super::problems::{FormError, RefusalView};
use super::suggest::Suggestion;
use super::{Look, mask};
use ganglion_kernel::World;
use ganglion_kernel::decide::{FormContext, judge};
use ganglion_kernel::seal::is_sealed;
use ganglion_model::change::FieldFinding;
use ganglion_model::expr::Expr;
use ganglion_model::pack::{Action, Field, FieldKind, Process};
use ganglion_model::row::Case;
use ganglion_model::scope::{ActorView, Names, Rows};
use ganglion_model::{Fields, PlaceCode};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

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
    /// Without scripts, fields that do not apply yet are asked after it was sent, instead of standing there with a condition.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub later: bool,
}

/// What changes while somebody types.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Live {
    /// Fields that do not apply.
    pub off: Vec<String>,
    /// Values the system works out, in words.
    pub given: BTreeMap<String, String>,
    /// What is unusual and taken all the same, in words.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub hints: BTreeMap<String, String>,
    /// What labels say of whether a field must be given, where that turns on what is typed: nothing where it must.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub needs: BTreeMap<String, String>,
    /// Rows references offer for what is typed.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub rows: BTreeMap<String, RowsView>,
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
    /// A table that more rows were asked for, and how many it should show: `items:8`.
    pub more: Option<&'a str>,
}

/// Whether an expression looks at what is being typed.
pub(super) fn asks_form(expr: &Expr) -> bool {
    let mut paths = Vec::new();
    expr.paths(&mut paths);
    paths.iter().any(|path| path.first().is_some_and(|root| root == "form"))
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
                let (required, needs) = self.need(declared, &names, field);
                let more = typed.more.and_then(|more| more.strip_prefix(&field.name)?.strip_prefix(':')?.parse().ok());
                let more = more.unwrap_or_default();
                let shown = Shown { asked, names: &names, declared, findings: typed.findings, more };
                let kept = is_kept(asked, field);
                let mut view = self.field(&shown, field, (&values, required && !kept));
                view.needs = needs.filter(|_| !kept);
                if kept {
                    let said = self.t("field-kept");
                    view.help = Some(view.help.take().map_or_else(|| said.clone(), |help| format!("{help} {said}")));
                }
                view
            })
            .collect()
    }

    /// What a page changes while somebody types: fields that do not apply, and values the system works out, by the names
    /// of their controls. `rows` are those it may refer to.
    #[must_use]
    pub fn live(&self, asked: &Asked<'_>, declared: &[Field], typed: &Fields, rows: &dyn Rows) -> Live {
        let context = FormContext {
            world: self.world,
            rows,
            process: asked.process,
            case: asked.case,
            before: asked.case.map(|case| &case.fields),
            actor: asked.actor,
            now: self.now,
        };
        let judged = judge(&context, declared, typed);
        let mut given = BTreeMap::new();
        let words = |field: &Field, value: Option<&Value>| {
            value.and_then(|value| self.value(field, value)).unwrap_or_else(|| self.t("computed-later"))
        };
        for field in declared {
            if field.computed.is_some() {
                given.insert(field.name.clone(), words(field, judged.values.get(&field.name)));
            }
            let FieldKind::Table { fields, .. } = &field.kind else { continue };
            let rows = judged.values.get(&field.name).and_then(Value::as_array).into_iter().flatten();
            for (number, row) in rows.enumerate() {
                for cell in fields.iter().filter(|cell| cell.computed.is_some()) {
                    given.insert(format!("{}.{number}.{}", field.name, cell.name), words(cell, row.get(&cell.name)));
                }
            }
        }
        let hint = |hint: &FieldFinding| Some((hint.field.clone(), self.hint(hint)?));
        let hints = judged.hints.iter().filter_map(hint).collect();
        let form = Some((&judged.values, declared));
        let (process, case, actor) = (asked.process, asked.case, Some(asked.actor));
        let names = Names { rows, process, case, form, actor, now: self.now };
        let fresh = declared.iter().filter(|field| !is_kept(asked, field));
        let needs =
            fresh.filter_map(|field| Some((field.name.clone(), self.needs(declared, &names, field)?))).collect();
        Live { off: judged.hidden, given, hints, needs, rows: BTreeMap::new() }
    }

    /// Fields that apply to what was typed and were not shown when it was: a browser without scripts names those it showed,
    /// and shows the others only now. `off` are those that do not apply.
    #[must_use]
    pub fn unasked<'f>(&self, declared: &'f [Field], off: &[String], shown: &[&str]) -> Vec<&'f Field> {
        let waits = |field: &&Field| field.when.as_ref().is_some_and(asks_form);
        let fresh = |field: &&Field| !off.contains(&field.name) && !shown.contains(&field.name.as_str());
        declared.iter().filter(waits).filter(fresh).collect()
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

/// Whether the case holds a personal value that an action asks again: it stays unless another is typed, and need not be told
/// twice.
fn is_kept(asked: &Asked<'_>, field: &Field) -> bool {
    let declared = asked.process.field(&field.name).is_some_and(|one| one.personal);
    field.personal && declared && asked.case.is_some_and(|case| case.fields.contains_key(&field.name))
}

/// What the case knows already and an action asks again: short values that are no secret, and lines that were told when it was
/// opened. Other texts are asked afresh, since what was written last time was about last time.
pub(super) fn known<'a>(asked: &Asked<'a>, field: &Field) -> Option<&'a Value> {
    let case = asked.case?;
    let declared = asked.process.field(&field.name)?;
    let short = matches!(
        field.kind,
        FieldKind::Choice { .. } | FieldKind::Choices { .. } | FieldKind::Ref { .. } | FieldKind::Date
    );
    let told = asked.process.form.iter().any(|one| one.name == field.name);
    let line = matches!(
        field.kind,
        FieldKind::Text { .. }
            | FieldKind::Integer { .. }
            | FieldKind::Decimal { .. }
            | FieldKind::Money
            | FieldKind::Quantity { .. }
            | FieldKind::Time
    );
    let value = case.fields.get(&field.name)?;
    let secret = field.personal
        || declared.personal
        || value.as_str().is_some_and(|text| is_sealed(text) || mask::is_masked(text));
    let rows = matches!(field.kind, FieldKind::Table { .. });
    ((short || rows || (told && line)) && !secret).then_some(value)
}

pub(super) fn names<'b>(
    world: &'b World,
    asked: &Asked<'b>,
    form: (&'b Fields, &'b [Field]),
    now: jiff::Timestamp,
) -> Names<'b> {
    Names { rows: world, process: asked.process, case: asked.case, form: Some(form), actor: Some(asked.actor), now }
}

/// A field of a form no pack declares, that must be filled in: with what was typed and what was wrong with it. What it is: its
/// name, kind and the key of its label.
#[must_use]
pub fn asked(
    (look, errors): (&Look<'_>, &[FormError]),
    (name, kind, label): (&str, &'static str, &str),
    value: &str,
) -> FieldView {
    FieldView {
        name: name.to_owned(),
        id: format!("f-{name}"),
        kind,
        label: look.t(label),
        required: true,
        applies: true,
        value: if value.is_empty() { Value::Null } else { Value::from(value) },
        error: errors.iter().find(|error| error.field == name).map(|error| error.message.clone()),
        ..FieldView::default()
    }
}
