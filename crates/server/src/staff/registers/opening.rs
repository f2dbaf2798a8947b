//! What a row of a register says of a case that is opened for it, and which processes are opened for rows at all: those whose
//! opening form names a row of the register. What the rows do not say is asked once for all.

use super::{Readable, readable};
use crate::error::Error;
use crate::staff::query::Query;
use crate::view::{LinkView, Look};
use crate::web::Web;
use ganglion_kernel::decide::who;
use ganglion_model::pack::{Field, FieldKind, Process, Register, Required};
use ganglion_model::{Fields, Record};
use serde::Serialize;
use serde_json::Value;
use std::mem::discriminant;

/// A process that is opened for rows of a register.
#[derive(Clone, Copy)]
pub struct Opening<'w> {
    /// The process.
    pub process: &'w Process,
    /// The field of its opening form that names the row.
    pub field: &'w Field,
    register: &'w Register,
}

/// The buttons below a list of rows.
#[derive(Clone, Debug, Serialize)]
pub struct OpenView {
    /// Where ticked rows are sent.
    pub action_href: String,
    /// What is opened.
    pub processes: Vec<OpenButton>,
    /// All rows of the list, where they are not too many.
    pub all: Option<String>,
    /// The rows of the page as they are ticked, in their order.
    pub rows: Vec<OpenRow>,
}

/// A process to open.
#[derive(Clone, Debug, Serialize)]
pub struct OpenButton {
    name: String,
    label: String,
}

/// A row to tick.
#[derive(Clone, Debug, Serialize)]
pub struct OpenRow {
    /// Shard and key.
    pub value: String,
    /// What it is called.
    pub label: String,
}

/// Every process the post may open for rows of a register.
pub fn openings<'w>(web: &'w Web, readable: &Readable<'w>) -> Vec<Opening<'w>> {
    let Ok(post) = web.post() else { return Vec::new() };
    let (actor, register) = (web.actor(), readable.register);
    let opening = |process: &'w Process| {
        let names_row = |field: &&Field| match &field.kind {
            FieldKind::Ref { register: to } => *to == register.name && field.is_typed() && !field.personal,
            _ => false,
        };
        let field = process.form.iter().find(names_row)?;
        let may = who::may_open(process, &actor, Some(post), post.place);
        may.then_some(Opening { process, field, register })
    };
    web.world.model.processes.values().filter_map(opening).collect()
}

/// What the row that the address names (`?register=…&row=shard/key`) says of a case of `process`; nothing where none is named
/// or it is not there for the reader.
///
/// # Errors
/// Storage.
pub async fn of_address(web: &Web, process: &Process) -> Result<Fields, Error> {
    let named = web.arg("register").zip(web.arg("row").and_then(|row| row.split_once('/')));
    let Some((register, (shard, key))) = named else { return Ok(Fields::new()) };
    let (Ok(readable), Ok(shard)) = (readable(web, register), shard.parse()) else { return Ok(Fields::new()) };
    let opening = openings(web, &readable).into_iter().find(|one| one.process.name == process.name);
    let Some(opening) = opening else { return Ok(Fields::new()) };
    let versions = match readable.row(web, shard, key).await {
        Err(Error::NotFound) => Vec::new(),
        found => found?,
    };
    let today = web.today();
    Ok(versions.iter().rev().find(|one| one.valid_on(today)).map(|one| opening.said(one)).unwrap_or_default())
}

/// Where a case is opened for one row: the form of each process, with what the row says.
pub fn links(web: &Web, look: &Look<'_>, readable: &Readable<'_>, record: &Record) -> Vec<LinkView> {
    let link = |one: Opening<'_>| LinkView {
        label: look.say("open-for", &[("title", look.text(&one.process.title).into())]),
        href: Query::default()
            .with("process", &one.process.name)
            .with("register", &record.register)
            .with("row", &format!("{}/{}", record.shard, record.key))
            .on("/cases/new"),
        current: false,
    };
    let holds = record.valid_on(web.today());
    openings(web, readable).into_iter().filter(|_| holds).map(link).collect()
}

/// Whether two fields hold the same kind of value.
fn alike(one: &FieldKind, other: &FieldKind) -> bool {
    use FieldKind::{Choice, Choices, Files, Quantity, Ref, Refs, Serial, Table};
    let is_named = |kind: &FieldKind| {
        matches!(kind, Choice { .. } | Choices { .. } | Ref { .. } | Refs { .. } | Quantity { .. } | Table { .. })
    };
    let is_own = |kind: &FieldKind| matches!(kind, Files { .. } | Serial { .. });
    match (is_named(one), is_own(one)) {
        (_, true) => false,
        (true, _) => one == other,
        _ => discriminant(one) == discriminant(other),
    }
}

impl Opening<'_> {
    /// Whether what has to be asked can be asked once for many: files and what is about a person belong to one case.
    pub fn is_for_many(&self) -> bool {
        let alone = |field: &&Field| field.required == Required::Yes && field.when.is_none() && belongs_to_one(field);
        !self.process.form.iter().any(|field| alone(&field) && !self.may_say(field))
    }

    /// Whether rows may say what `field` asks: the row itself, its place, and facts of the same name and kind that anybody who
    /// reads the row sees.
    fn may_say(&self, field: &Field) -> bool {
        if field.name == self.field.name {
            return true;
        }
        let same = self.register.field(&field.name);
        let is_same = same.is_some_and(|one| !one.personal && one.see.is_empty() && alike(&one.kind, &field.kind));
        field.is_typed() && !field.personal && (is_same || self.is_place(field) || self.is_name(field))
    }

    /// Whether `field` is what the case is called, and the row is called something anybody who reads it sees: many cases are
    /// not all given one name.
    fn is_name(&self, field: &Field) -> bool {
        let is_text = |one: &Field| matches!(one.kind, FieldKind::Text { .. });
        let label = self.register.field(&self.register.label);
        let is_heading = field.name == self.process.heading && field.required == Required::Yes && is_text(field);
        is_heading && label.is_some_and(|one| is_text(one) && !one.personal && one.see.is_empty())
    }

    /// Whether `field` says where the case belongs.
    fn is_place(&self, field: &Field) -> bool {
        self.process.route.place.as_ref() == Some(&field.name) && matches!(field.kind, FieldKind::Place { .. })
    }

    /// What a row says of its case.
    pub fn said(&self, record: &Record) -> Fields {
        let value = |field: &Field| -> Option<Value> {
            if field.name == self.field.name {
                return Some(Value::from(record.key.clone()));
            }
            let column = |name: &str| record.fields.get(name).filter(|value| !value.is_null());
            let name = self.is_name(field).then(|| column(&self.register.label)).flatten();
            let own = column(&field.name).or(name);
            let place = self.register.judged_at(record.place, &record.fields).filter(|place| match &field.kind {
                FieldKind::Place { levels } => levels.is_empty() || levels.contains(&place.level()),
                _ => false,
            });
            match place.filter(|_| self.is_place(field)) {
                Some(place) => Some(Value::from(place.to_string())),
                None => own.cloned(),
            }
        };
        let fields = self.process.form.iter().filter(|field| self.may_say(field));
        fields.filter_map(|field| Some((field.name.clone(), value(field)?))).collect()
    }

    /// What is asked once for all: what no row says, and what must be given and some row does not say.
    pub fn asked(&self, said: &[Fields]) -> Vec<Field> {
        let by_all = |field: &Field| said.iter().all(|row| row.contains_key(&field.name));
        let by_none = |field: &Field| !said.iter().any(|row| row.contains_key(&field.name));
        let asks = |field: &&Field| {
            let once = field.is_typed() && !belongs_to_one(field);
            once && !by_all(field) && (by_none(field) || field.required != Required::No)
        };
        self.process.form.iter().filter(asks).cloned().collect()
    }

    /// The titles of what the rows say, for the page.
    pub fn said_titles(&self, look: &Look<'_>, said: &[Fields]) -> Vec<String> {
        let some = |field: &&Field| said.iter().any(|row| row.contains_key(&field.name));
        self.process.form.iter().filter(some).map(|field| look.text(&field.title)).collect()
    }
}

/// What cannot be the same for many cases.
fn belongs_to_one(field: &Field) -> bool {
    field.personal || matches!(field.kind, FieldKind::Files { .. })
}

/// The buttons below a list; nothing where no process is opened for rows of the register.
pub fn view(
    look: &Look<'_>,
    openings: &[Opening<'_>],
    (action_href, all): (String, Option<String>),
    rows: Vec<OpenRow>,
) -> Option<OpenView> {
    let button =
        |one: &Opening<'_>| OpenButton { name: one.process.name.clone(), label: look.text(&one.process.title) };
    let processes: Vec<OpenButton> = openings.iter().map(button).collect();
    (!processes.is_empty() && !rows.is_empty()).then_some(OpenView { action_href, processes, all, rows })
}
