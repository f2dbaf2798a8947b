//! Browsing places as of a day.

use super::{admin, tabs};
use crate::error::Error;
use crate::ogc::kind_key;
use crate::staff::query::Query;
use crate::view::case::Crumb;
use crate::view::facts::Fact;
use crate::view::{LinkView, Look};
use crate::web::Web;
use axum::response::Response;
use ganglion_model::{Place, PlaceCode};
use jiff::civil::Date;
use serde::Serialize;
use std::collections::BTreeSet;

/// Places a search shows.
const FOUND_MAX: usize = 100;
/// Days of change offered as editions, newest first.
const EDITIONS_MAX: usize = 8;

#[derive(Serialize)]
struct Child {
    code: String,
    name: String,
    kind: String,
    children_count: usize,
    href: String,
    valid: String,
}

#[derive(Serialize)]
struct PlaceView {
    name: String,
    facts: Vec<Fact>,
}

#[derive(Serialize)]
struct PlacesContext {
    page: crate::page::Page,
    tabs: Vec<LinkView>,
    crumbs_list: Vec<Crumb>,
    q: String,
    children: Vec<Child>,
    place: PlaceView,
    editions: Vec<LinkView>,
}

/// Days on which places inside `root` began, newest first: what was in force on such a day is an edition.
fn editions(web: &Web, root: PlaceCode) -> Vec<Date> {
    let days: BTreeSet<Date> =
        web.world.places.tree.versions().filter(|one| root.holds(one.code)).map(|one| one.valid_from).collect();
    days.into_iter().rev().take(EDITIONS_MAX).collect()
}

/// From when to when a version of a place holds.
fn valid(look: &Look<'_>, place: &Place) -> String {
    let from = place.valid_from.to_string();
    match place.valid_to {
        None => look.say("valid-from", &[("from", from.into())]),
        Some(to) => look.say("valid-from-to", &[("from", from.into()), ("to", to.to_string().into())]),
    }
}

/// What is known of a place.
fn facts(look: &Look<'_>, place: &Place) -> Vec<Fact> {
    let fact = |key: &str, value: String| Fact { label: look.t(key), value, ..Fact::default() };
    let mut facts = vec![
        fact("places-code", place.code.to_string()),
        fact("places-kind", look.t(&kind_key(place.kind))),
        fact("places-valid", valid(look, place)),
    ];
    if let Some(host) = place.host {
        facts.push(fact("places-host", look.place(host)));
    }
    if !place.predecessors.is_empty() {
        let before: Vec<String> =
            place.predecessors.iter().map(|code| format!("{} {code}", look.place(*code))).collect();
        facts.push(fact("places-before", before.join(&look.t("list-comma"))));
    }
    facts
}

/// `GET /admin/places?code=&on=&q=`.
pub async fn show(web: Web) -> Result<Response, Error> {
    let post = admin(&web)?.clone();
    let words = web.words();
    let look = web.look(&words);
    let tree = &web.world.places.tree;
    let day: Date = web.arg("on").and_then(|day| day.parse().ok()).unwrap_or_else(|| web.today());
    let code = match web.arg("code") {
        Some(code) => code.parse::<PlaceCode>().map_err(|_| Error::NotFound)?,
        None => post.place,
    };
    let place = tree.known(code, day).filter(|_| post.place.holds(code)).ok_or(Error::NotFound)?;
    let on = web.arg("on").unwrap_or_default().to_owned();
    let at =
        |code: PlaceCode, on: &str| Query::default().with("code", &code.to_string()).with("on", on).on("/admin/places");
    let child = |place: &Place| Child {
        code: place.code.to_string(),
        name: place.name.clone(),
        kind: look.t(&kind_key(place.kind)),
        children_count: tree.children(place.code, day).count(),
        href: at(place.code, &on),
        valid: valid(&look, place),
    };
    let q = web.arg("q").unwrap_or_default().to_owned();
    let children: Vec<Child> = if q.is_empty() {
        tree.children(code, day).map(child).collect()
    } else {
        let holds = |place: &&Place| place.name.contains(&q) || place.code.to_string().starts_with(&q);
        tree.inside(post.place, day).filter(holds).take(FOUND_MAX).map(child).collect()
    };
    let editions = editions(&web, post.place)
        .into_iter()
        .map(|first| LinkView {
            label: look.say("edition-of", &[("day", first.to_string().into())]),
            href: at(code, &first.to_string()),
            current: on == first.to_string(),
        })
        .collect();
    let crumbs = look.crumbs(code, &|code| post.place.holds(code).then(|| at(code, &on)));
    web.render(
        "pages/admin_places.html",
        PlacesContext {
            page: web.page("title-admin-places"),
            tabs: tabs(&web),
            crumbs_list: crumbs,
            q,
            children,
            place: PlaceView { name: place.name.clone(), facts: facts(&look, place) },
            editions,
        },
    )
}
