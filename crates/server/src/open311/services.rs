//! Services: the kinds of the processes that packs offer, with attributes from the fields of their forms.

use super::out::{Part, Record};
use crate::public::report::Slots;
use crate::view::Look;
use crate::view::options::Choice;
use ganglion_model::PlaceCode;
use ganglion_model::pack::{Field, FieldKind, Open311, Process, Required};
use ganglion_model::row::Case;
use serde_json::Value;
use std::collections::BTreeSet;

/// Words beside a service, at most.
const KEYWORDS_MAX: usize = 5;

/// A service: one kind of an offered process.
pub struct Service<'w> {
    /// Its code: that of the kind, a text whatever it looks like.
    pub code: String,
    /// The process.
    pub process: &'w Process,
    /// How it is offered.
    pub offer: &'w Open311,
    /// The value of the kind field; none where a process has no kinds.
    pub kind: Option<String>,
    name: String,
    about: String,
    group: Option<String>,
}

/// Every service that may be asked for today, in the order of processes and kinds.
#[must_use]
pub fn all<'w>(look: &Look<'w>) -> Vec<Service<'w>> {
    let mut services: Vec<Service<'w>> = Vec::new();
    let mut taken = BTreeSet::new();
    for process in look.world.model.processes.values() {
        let Some(offer) = &process.open311 else { continue };
        for mut service in of_process(look, (process, offer)) {
            // Two processes may have kinds of the same code; the later one says which it means.
            if !taken.insert(service.code.clone()) {
                service.code = format!("{}.{}", process.name, service.code);
                taken.insert(service.code.clone());
            }
            services.push(service);
        }
    }
    services
}

fn of_process<'w>(look: &Look<'w>, (process, offer): (&'w Process, &'w Open311)) -> Vec<Service<'w>> {
    let about = look.text(&process.title);
    let service = |code: String, kind: Option<String>, name: String, group: Option<String>| Service {
        code,
        process,
        offer,
        kind,
        name,
        about: about.clone(),
        group,
    };
    let Some(field) = process.kind_field.as_ref().and_then(|name| process.field(name)) else {
        return vec![service(process.name.clone(), None, about.clone(), None)];
    };
    let choices = look.choices_offered(field);
    let offered = |choice: &Choice| match (&field.kind, &offer.services) {
        (FieldKind::Ref { register }, Some(flag)) => {
            let row = look.world.latest(register, &choice.value);
            row.is_some_and(|row| row.fields.get(flag) == Some(&Value::Bool(true)))
        }
        _ => true,
    };
    choices
        .into_iter()
        .filter(offered)
        .map(|one| service(one.value.clone(), Some(one.value), one.label, one.group))
        .collect()
}

/// The service of one case alone; its code may be that of another process as well.
#[must_use]
pub fn offered<'w>(look: &Look<'w>, case: &Case) -> Option<Service<'w>> {
    let process = look.world.model.processes.get(&case.process)?;
    let all = of_process(look, (process, process.open311.as_ref()?));
    let at = all.iter().position(|service| service.is_of(case))?;
    all.into_iter().nth(at)
}

/// The service a case is of; none where its kind is offered no longer, though it may have been.
#[must_use]
pub fn of_case<'s, 'w>(services: &'s [Service<'w>], case: &Case) -> Option<&'s Service<'w>> {
    services.iter().find(|service| service.is_of(case))
}

impl<'w> Service<'w> {
    /// Whether a case is one of it.
    fn is_of(&self, case: &Case) -> bool {
        let field = self.process.kind_field.as_ref();
        let kind = field.and_then(|name| case.fields.get(name)).and_then(Value::as_str);
        self.process.name == case.process && kind == self.kind.as_deref()
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Fields asked as attributes.
    #[must_use]
    pub fn attributes(&self) -> Vec<&'w Field> {
        let asked = self.offer.attributes.iter();
        asked.filter_map(|name| self.process.form.iter().find(|field| field.name == *name)).collect()
    }

    /// The fields of the form by their part.
    #[must_use]
    pub fn slots(&self) -> Slots<'w> {
        Slots::of(self.process)
    }

    /// The record of the list of services.
    #[must_use]
    pub fn record(&self) -> Record {
        let mut keywords: Vec<&str> =
            self.name.split(['/', ',', ' ', '\u{b7}', '\u{3001}']).filter(|word| !word.is_empty()).collect();
        keywords.truncate(KEYWORDS_MAX);
        vec![
            ("service_code", Part::Text(self.code.clone())),
            ("service_name", Part::Text(self.name.clone())),
            ("description", Part::Text(self.about.clone())),
            ("metadata", Part::Flag(!self.offer.attributes.is_empty())),
            ("type", Part::Text(if self.offer.checked { "batch" } else { "realtime" }.to_owned())),
            ("keywords", Part::Text(keywords.join(","))),
            ("group", self.group.clone().into()),
        ]
    }

    /// The record of its definition.
    #[must_use]
    pub fn definition(&self, look: &Look<'_>) -> Record {
        let attributes = self.attributes().into_iter().zip(1_u32..);
        let records = attributes.map(|(field, order)| attribute(look, field, order)).collect();
        vec![("service_code", Part::Text(self.code.clone())), ("attributes", Part::List("attribute", records))]
    }
}

/// The type of a value by the table of the specification.
#[must_use]
pub fn datatype(kind: &FieldKind) -> &'static str {
    match kind {
        FieldKind::Integer { .. } | FieldKind::Decimal { .. } | FieldKind::Money | FieldKind::Quantity { .. } => {
            "number"
        }
        FieldKind::Date | FieldKind::Datetime => "datetime",
        FieldKind::LongText { .. } => "text",
        FieldKind::Boolean | FieldKind::Choice { .. } | FieldKind::Ref { .. } => "singlevaluelist",
        FieldKind::Choices { .. } | FieldKind::Refs { .. } => "multivaluelist",
        _ => "string",
    }
}

/// What may be chosen in a field.
#[must_use]
pub fn values(look: &Look<'_>, field: &Field, place: PlaceCode) -> Vec<Choice> {
    match field.kind {
        FieldKind::Boolean => vec![Choice::new("true", look.t("yes")), Choice::new("false", look.t("no"))],
        _ if datatype(&field.kind).ends_with("valuelist") => {
            look.choices_where(field, look.choices(&field.kind, place, &[]))
        }
        _ => Vec::new(),
    }
}

fn attribute(look: &Look<'_>, field: &Field, order: u32) -> Record {
    let choices = values(look, field, look.world.places.root);
    let record = |choice: Choice| vec![("key", Part::Text(choice.value)), ("name", Part::Text(choice.label))];
    let kind = datatype(&field.kind);
    let about = match kind {
        "datetime" => "YYYY-MM-DDThh:mm:ss+08:00".to_owned(),
        _ => look.text(&field.help),
    };
    vec![
        ("variable", Part::Flag(true)),
        ("code", Part::Text(field.name.clone())),
        ("datatype", Part::Text(kind.to_owned())),
        ("required", Part::Flag(field.required == Required::Yes && field.when.is_none() && field.default.is_none())),
        ("datatype_description", if about.is_empty() { Part::None } else { Part::Text(about) }),
        ("order", Part::Whole(order)),
        ("description", Part::Text(look.text(&field.title))),
        ("values", Part::List("value", choices.into_iter().map(record).collect())),
    ]
}
