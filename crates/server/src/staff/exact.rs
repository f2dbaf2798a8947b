//! Finding cases and rows by the exact telephone or identity number that is sealed in them, for those who may see that value in clear
//! anyway. A purpose comes first and stands in the access log of everything that was found before it is shown; nothing is found by a
//! part of a number, and tries are counted by account.

use super::registers::card::is_theirs;
use super::registers::{readable, row_href};
use crate::error::Error;
use crate::typed::Typed;
use crate::view::case::{StateTag, card_href};
use crate::view::form::{FieldView, FormView};
use crate::view::problems::FormError;
use crate::web::Web;
use axum::http::StatusCode;
use axum::response::Response;
use ganglion_kernel::decide::row_who::RowReach;
use ganglion_kernel::port::Access;
use ganglion_kernel::seal_lookup::{LookedUp, LookupHash, is_looked_up};
use ganglion_model::pack::{Field, FieldKind, Model};
use ganglion_model::units::half_width;
use serde::Serialize;
use serde_json::Value;

/// What was found that is looked at: rows of registers, and the newest cases.
const FOUND_MAX: u32 = 50;
/// Characters of a purpose.
const PURPOSE_CHARS_MIN: usize = 4;
const PURPOSE_CHARS_MAX: usize = 200;

/// A case or a row that was found.
#[derive(Serialize)]
struct Hit {
    href: String,
    title: String,
    what: String,
    field: String,
    place: String,
    state: Option<StateTag>,
}

#[derive(Serialize)]
struct ExactContext {
    page: crate::page::Page,
    form: FormView,
    /// What was found, once it was looked for.
    found: Option<Vec<Hit>>,
}

/// Fields by which a role finds: those whose value it may ask for in clear by name, with their process or register.
fn fields<'m>(model: &'m Model, role: &str) -> Vec<(&'m str, &'m Field)> {
    let may = |field: &Field| is_looked_up(field) && field.see.iter().any(|one| one == role);
    let processes = model.processes.values();
    let of_processes = processes.flat_map(|process| {
        process.form.iter().chain(&process.fields).map(move |field| (process.name.as_str(), field))
    });
    let of_registers = model
        .registers
        .values()
        .flat_map(|register| register.fields.iter().map(move |field| (register.name.as_str(), field)));
    of_processes.chain(of_registers).filter(|(_, field)| may(field)).collect()
}

/// Whether a role finds anything so: to others there is no such page.
pub fn may(model: &Model, role: &str) -> bool {
    !fields(model, role).is_empty()
}

/// What was typed as a field of a kind stores it.
fn as_stored(kind: &FieldKind, typed: &str) -> String {
    let text = half_width(typed.trim()).to_ascii_uppercase();
    if !matches!(kind, FieldKind::Phone) {
        return text;
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    digits.strip_prefix("86").filter(|rest| rest.len() == 11).unwrap_or(&digits).to_owned()
}

/// `GET /search/exact`.
pub async fn show(web: Web) -> Result<Response, Error> {
    page(&web, ("", ""), (Vec::new(), None), StatusCode::OK)
}

/// `POST /search/exact`.
pub async fn find(web: Web, typed: Typed) -> Result<Response, Error> {
    let role = web.post()?.role.clone();
    let fields = fields(&web.world.model, &role);
    if fields.is_empty() {
        return Err(Error::NotFound);
    }
    let value = typed.one("value").unwrap_or_default().trim();
    let purpose = typed.one("purpose").unwrap_or_default().trim();
    let mut errors = Vec::new();
    if value.is_empty() || value.chars().count() > 40 {
        errors.push(problem(&web, "value", "err-exact-value"));
    }
    if !(PURPOSE_CHARS_MIN..=PURPOSE_CHARS_MAX).contains(&purpose.chars().count()) {
        errors.push(problem(&web, "purpose", "err-exact-purpose"));
    }
    if !errors.is_empty() {
        return page(&web, (value, purpose), (errors, None), StatusCode::UNPROCESSABLE_ENTITY);
    }
    let (key, rate) = (format!("exact:{}", web.signed_in()?.account), &web.app.rates.follow);
    if let Some(seconds) = rate.wait(&key, web.now) {
        return Err(Error::TooMany { seconds });
    }
    rate.count(&key, web.now);
    let hashes: Vec<LookupHash> = fields
        .iter()
        .flat_map(|(of, field)| web.app.ring.lookups(&format!("{of}.{}", field.name), &as_stored(&field.kind, value)))
        .collect();
    let mut found = Vec::new();
    for one in web.app.store.lookup(&hashes, FOUND_MAX).await? {
        found.extend(hit(&web, &one, purpose).await?);
    }
    page(&web, ("", ""), (Vec::new(), Some(found)), StatusCode::OK)
}

/// A hit the post may read; the line in its access log is kept before it is shown.
async fn hit(web: &Web, one: &LookedUp, purpose: &str) -> Result<Option<Hit>, Error> {
    let hit = if one.key.is_empty() { case_hit(web, one).await? } else { row_hit(web, one).await? };
    let Some(hit) = hit else { return Ok(None) };
    let access = Access {
        at: web.now,
        shard: one.shard,
        case: one.row,
        post: web.post()?.id.clone(),
        account: web.signed_in()?.account.clone(),
        fields: vec![one.names().1.to_owned()],
        purpose: purpose.to_owned(),
    };
    web.app.store.access_add(&access).await?;
    Ok(Some(hit))
}

async fn case_hit(web: &Web, one: &LookedUp) -> Result<Option<Hit>, Error> {
    let Some(case) = web.app.store.case(one.shard, one.row).await? else { return Ok(None) };
    let (case, process) = match super::find::case(web, &case.number).await {
        Ok(found) => found,
        Err(Error::NotFound) => return Ok(None),
        Err(error) => return Err(error),
    };
    let words = web.words();
    let look = web.look(&words);
    Ok(Some(Hit {
        href: card_href(&case.number),
        title: look.title(process, &case),
        what: format!("{} · {}", look.text(&process.title), case.number),
        field: process.field(one.names().1).map(|field| look.text(&field.title)).unwrap_or_default(),
        place: look.place_path(case.place),
        state: Some(look.state(process, &case.state)),
    }))
}

async fn row_hit(web: &Web, one: &LookedUp) -> Result<Option<Hit>, Error> {
    let (name, field) = one.names();
    let Ok(readable) = readable(web, name) else { return Ok(None) };
    if readable.reach == RowReach::Public {
        return Ok(None);
    }
    let versions = match readable.row(web, one.shard.0, &one.key).await {
        Ok(versions) => versions,
        Err(Error::NotFound) => return Ok(None),
        Err(error) => return Err(error),
    };
    let Some(newest) = versions.last() else { return Ok(None) };
    if !is_theirs(readable.register, &versions, web.post()?) {
        return Ok(None);
    }
    let words = web.words();
    let look = web.look(&words);
    let label = readable.register.field(&readable.register.label).filter(|field| !field.personal);
    let label = label.and_then(|field| look.value(field, newest.fields.get(&field.name)?));
    Ok(Some(Hit {
        href: row_href("rows", one.shard, name, &one.key),
        title: label.unwrap_or_else(|| one.key.clone()),
        what: look.text(&readable.register.title),
        field: readable.register.field(field).map(|field| look.text(&field.title)).unwrap_or_default(),
        place: newest.place.map(|place| look.place_path(place)).unwrap_or_default(),
        state: None,
    }))
}

fn problem(web: &Web, field: &str, key: &str) -> FormError {
    FormError {
        field: field.to_owned(),
        id: format!("f-{field}"),
        label: web.t(&format!("label-exact-{field}")),
        message: web.t(key),
    }
}

fn page(
    web: &Web,
    (value, purpose): (&str, &str),
    (errors, found): (Vec<FormError>, Option<Vec<Hit>>),
    status: StatusCode,
) -> Result<Response, Error> {
    if !may(&web.world.model, &web.post()?.role) {
        return Err(Error::NotFound);
    }
    let field = |name: &str, typed: &str| FieldView {
        name: name.to_owned(),
        id: format!("f-{name}"),
        kind: "text",
        label: web.t(&format!("label-exact-{name}")),
        help: Some(web.t(&format!("label-exact-{name}-help"))),
        error: errors.iter().find(|error| error.field == name).map(|error| error.message.clone()),
        required: true,
        applies: true,
        value: Value::from(typed),
        ..FieldView::default()
    };
    let form = FormView {
        action_href: "/search/exact".to_owned(),
        fields: vec![field("value", value), field("purpose", purpose)],
        errors: errors.clone(),
        submit: web.t("submit-exact"),
        cancel_href: Some("/search".to_owned()),
        ..FormView::default()
    };
    web.render_status(status, "pages/exact.html", ExactContext { page: web.page("title-exact"), form, found })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_looked_for_as_it_is_stored() {
        for typed in ["13912340000", " +86 139-1234-0000", "１３９１２３４００００"] {
            assert_eq!(as_stored(&FieldKind::Phone, typed), "13912340000", "{typed}");
        }
        assert_eq!(as_stored(&FieldKind::Phone, "0317-2345678"), "03172345678");
        assert_eq!(as_stored(&FieldKind::CitizenId, " 13090319900101001x "), "13090319900101001X");
    }
}
