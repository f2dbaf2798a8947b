//! Fill once: what a form asks and is known already, from another case or a register of the same place. Personal values
//! are never carried from one purpose to another, and nothing the post may not read.

use crate::error::Error;
use crate::view::Look;
use crate::view::facts::may_see;
use crate::view::form::FieldView;
use crate::web::Web;
use ganglion_kernel::decide::row_who::may_read_row;
use ganglion_kernel::decide::who;
use ganglion_kernel::port::{CaseFilter, CaseOrder};
use ganglion_kernel::port_rows::{RowFilter, RowOrder, RowSort};
use ganglion_model::clocks::local_date;
use ganglion_model::pack::{FactPlace, Field, Process};
use ganglion_model::{Fields, Post};
use jiff::Timestamp;
use serde_json::Value;
use std::mem::discriminant;

/// Cases and rows looked at for one fact: the newest ones.
const NEWEST_MAX: u32 = 20;

/// A value that is known.
pub struct Known {
    /// The field it fills.
    pub field: String,
    /// The value.
    value: Value,
    /// Title of the process or register it comes from.
    source: String,
    /// When it was given.
    at: Timestamp,
}

/// What is known of what `process` asks, newest first for each field.
///
/// # Errors
/// Of the store.
pub async fn known(web: &Web, look: &Look<'_>, (process, post): (&Process, &Post)) -> Result<Vec<Known>, Error> {
    let mut all = Vec::new();
    for places in web.world.model.facts.values() {
        let asked = places.iter().find(|place| !place.is_register && place.of == process.name);
        let field = asked.and_then(|asked| process.form.iter().find(|field| field.name == asked.field));
        let Some(field) = field.filter(|field| !field.personal) else { continue };
        let mut newest: Option<Known> = None;
        for place in places {
            let found = if place.is_register {
                row(web, look, (place, field), post).await?
            } else {
                case(web, look, (place, field), post).await?
            };
            let is_newer = |found: &Known| newest.as_ref().is_none_or(|newest| found.at > newest.at);
            newest = found.filter(is_newer).or(newest);
        }
        all.extend(newest);
    }
    Ok(all)
}

async fn row(
    web: &Web,
    look: &Look<'_>,
    (place, field): (&FactPlace, &Field),
    post: &Post,
) -> Result<Option<Known>, Error> {
    let Some(register) = web.world.model.registers.get(&place.of) else { return Ok(None) };
    let same = register.field(&place.field).is_some_and(|one| is_carried(one, field, post));
    if !same {
        return Ok(None);
    }
    let filter = RowFilter { place: Some(post.place), ..RowFilter::of(&place.of, local_date(web.now)) };
    let newest = RowOrder { by: RowSort::Changed, descending: true };
    let rows = web.app.store.rows(&filter, &newest, None, NEWEST_MAX).await?;
    let actor = web.actor();
    let mut readable = rows.into_iter().filter(|row| may_read_row(register, &actor, Some(post), row.place));
    Ok(readable.find_map(|row| {
        let value = row.fields.get(&place.field)?.clone();
        Some(Known { field: field.name.clone(), value, source: look.text(&register.title), at: row.updated_at })
    }))
}

async fn case(
    web: &Web,
    look: &Look<'_>,
    (place, field): (&FactPlace, &Field),
    post: &Post,
) -> Result<Option<Known>, Error> {
    let Some(other) = web.world.model.processes.get(&place.of) else { return Ok(None) };
    let same = other.field(&place.field).is_some_and(|one| is_carried(one, field, post));
    if !same {
        return Ok(None);
    }
    let filter = CaseFilter { place: Some(post.place), processes: vec![place.of.clone()], ..CaseFilter::default() };
    let cases = web.app.store.cases(&filter, CaseOrder::Opened, None, NEWEST_MAX).await?;
    let actor = web.actor();
    let readable = |case: &&ganglion_model::Case| who::may_read(&web.world, &actor, Some(post), case);
    let found = cases.iter().filter(readable).find_map(|case| Some((case, case.fields.get(&place.field)?.clone())));
    Ok(found.map(|(case, value)| Known {
        field: field.name.clone(),
        value,
        source: format!("{} {}", look.text(&other.title), case.number),
        at: case.opened_at,
    }))
}

/// Whether what stands in a field may fill another for a post: it is nobody's own, the post may see it there, and it is of the same kind.
fn is_carried(from: &Field, into: &Field, post: &Post) -> bool {
    !from.personal && may_see(from, &post.role) && discriminant(&from.kind) == discriminant(&into.kind)
}

/// The values, as if they had been typed.
pub fn values(known: &[Known]) -> Fields {
    known.iter().map(|one| (one.field.clone(), one.value.clone())).collect()
}

/// Says beside each field that was filled in where its value comes from.
pub fn mark(look: &Look<'_>, fields: &mut [FieldView], known: &[Known]) {
    for one in known {
        let Some(field) = fields.iter_mut().find(|field| field.name == one.field) else { continue };
        let args = [("source", one.source.clone().into()), ("date", look.date_time(one.at).into())];
        let said = look.say("known-filled", &args);
        field.help = Some(field.help.take().map_or_else(|| said.clone(), |help| format!("{help} {said}")));
    }
}
