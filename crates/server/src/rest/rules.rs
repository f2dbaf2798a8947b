//! Standing rules: how many rows break each inside the caller's place, and which. A rule over what the caller may not read is not
//! there, and a key finds only those over what its scopes let it read.

use super::answer::{case_href, in_scope, listed, only, row_href};
use crate::api::read::{limit, read};
use crate::error::Error;
use crate::keys::Area;
use crate::staff::rules::{after_of, after_text, within};
use crate::web::Web;
use axum::extract::Path;
use axum::http::HeaderMap;
use axum::response::Response;
use ganglion_kernel::rules::{Violation, ViolationFilter};
use ganglion_model::PlaceCode;
use ganglion_model::pack::{Rule, Source};
use serde_json::{Value, json};

/// The place inside which the caller sees rows that break a rule; `None`: it is not there.
fn seen(web: &Web, rule: &Rule) -> Result<Option<Option<PlaceCode>>, Error> {
    let post = web.post()?;
    let is_in_scope = match &rule.over {
        Source::Process(name) => in_scope(web, Area::Processes, name, false),
        Source::Register(name) => in_scope(web, Area::Registers, name, false),
    };
    Ok(within(web, rule, post).filter(|_| is_in_scope))
}

/// `GET /api/rules`.
pub async fn list(web: Web, headers: HeaderMap) -> Result<Response, Error> {
    web.post()?;
    only(&web, &[])?;
    let words = web.words();
    let look = web.look(&words);
    let mut rules: Vec<&Rule> = web.world.model.rules.values().collect();
    rules.sort_by(|a, b| (&a.pack, a.order).cmp(&(&b.pack, b.order)));
    let mut items = Vec::new();
    for rule in rules {
        let Some(place) = seen(&web, rule)? else { continue };
        let broken = web.app.store.violation_count(&ViolationFilter { rule: rule.name.clone(), place }).await?;
        let (kind, name) = match &rule.over {
            Source::Process(name) => ("process", name),
            Source::Register(name) => ("register", name),
        };
        items.push(json!({
            "rule": rule.name,
            "pack": rule.pack,
            "title": look.text(&rule.title),
            "message": look.text(&rule.message),
            "over": { "kind": kind, "name": name },
            "broken": broken,
            "href": format!("/api/rules/{}", rule.name),
        }));
    }
    Ok(listed(&web, &headers, items, None))
}

fn shown(rule: &Rule, one: &Violation) -> Value {
    let (kind, href) = match &rule.over {
        Source::Process(process) => ("case", case_href(process, &one.subject)),
        Source::Register(register) => ("row", row_href(register, one.shard.0, &one.subject)),
    };
    // A dash stands for a case that could not be opened.
    let opened = one.opened.as_deref().filter(|number| *number != "-");
    json!({
        "kind": kind,
        "key": one.subject,
        "shard": one.shard,
        "place": one.place,
        "since": one.since,
        "opened": opened,
        "href": href,
    })
}

/// `GET /api/rules/{rule}?place=&limit=&after=`: the rows that break a rule, longest first.
pub async fn one(web: Web, headers: HeaderMap, Path(name): Path<String>) -> Result<Response, Error> {
    web.post()?;
    let rule = web.world.model.rules.get(&name).ok_or(Error::NotFound)?;
    let own = seen(&web, rule)?.ok_or(Error::NotFound)?;
    only(&web, &["place", "limit", "after"])?;
    let asked = read::<PlaceCode>(&web, "place")?;
    if asked.is_some_and(|asked| own.is_some_and(|own| !own.holds(asked))) {
        // Asking for another place widens nothing.
        return Ok(listed(&web, &headers, Vec::new(), None));
    }
    let after = match web.arg("after") {
        Some(text) => Some(after_of(Some(text)).ok_or(Error::Unreadable("after"))?),
        None => None,
    };
    let limit = limit(&web)?;
    let filter = ViolationFilter { rule: name, place: asked.or(own) };
    let mut found = web.app.store.violations(&filter, after, limit + 1).await?;
    let is_more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let next = found.last().filter(|_| is_more).map(after_text);
    let items = found.iter().map(|one| shown(rule, one)).collect();
    Ok(listed(&web, &headers, items, next.as_deref()))
}
