//! All figures of a place at a glance: a tile an indicator, grouped by pack, and the targets of the place. One reading a tile.

use super::figures::{Asked, asked, scope, told};
use super::query::Query;
use crate::error::Error;
use crate::view::figures::compare::change;
use crate::view::figures::targets::card;
use crate::view::words::separated;
use crate::view::{Look, case::Crumb};
use crate::web::Web;
use axum::response::Response;
use ganglion_indicators::{Figure, Span, When};
use ganglion_kernel::Store;
use ganglion_kernel::figures::{Reader, is_now};
use ganglion_model::PlaceCode;
use ganglion_model::pack::{Indicator, Target};
use serde_json::{Value, json};

/// Tiles on one page.
const TILES_MAX: usize = 60;
/// Target cards on one page.
const TARGETS_MAX: usize = 12;
/// Places of one target card.
const PARTS_MAX: usize = 40;

/// `GET /figures` without an indicator.
pub async fn show(web: Web) -> Result<Response, Error> {
    let words = web.words();
    let look = web.look(&words);
    // A stock named by default says nothing about the others: the period stays open to choice.
    let first = Asked { stock: false, ..asked(&web)? };
    let (place, when) = (first.place, first.when);
    let mut groups: Vec<(String, Vec<Value>)> = Vec::new();
    let all = web.world.model.indicators_in_order();
    for indicator in all.into_iter().filter(|one| one.levels.contains(&place.level())).take(TILES_MAX) {
        let pack = web.world.model.packs.get(&indicator.pack).map(|pack| look.text(&pack.title)).unwrap_or_default();
        let stock = is_now(&web.world.model, indicator);
        let tile = tile(&web, &look, &Asked { indicator, stock, ..first }).await?;
        match groups.iter_mut().find(|(title, _)| *title == pack) {
            Some((_, tiles)) => tiles.push(tile),
            None => groups.push((pack, vec![tile])),
        }
    }
    let own = scope(&web);
    let crumbs: Vec<Crumb> =
        look.crumbs(place, &|code| own.holds(code).then(|| address(code, when, None).on("/figures")));
    let live = web.post().ok().map(|post| format!("/live?place={}", post.place));
    let groups: Vec<Value> =
        groups.into_iter().map(|(title, tiles)| json!({ "title": title, "tiles": tiles })).collect();
    let context = json!({
        "page": crate::page::Page { live_href: live, ..web.page("title-figures") },
        "pickers": super::figure_frame::pickers(&web, &look, &first).into_iter().skip(1).collect::<Vec<_>>(),
        "crumbs_list": crumbs,
        "heading": look.say("figures-all", &[("place", look.place(place).into()), ("period", look.period(when).into())]),
        "groups": groups,
        "targets": targets(&web, &look, place).await?,
    });
    web.render("pages/figures_all.html", context)
}

fn address(place: PlaceCode, when: When, indicator: Option<&str>) -> Query {
    let mut pairs = Vec::new();
    pairs.extend(indicator.map(|name| ("indicator".to_owned(), name.to_owned())));
    pairs.push(("place".to_owned(), place.to_string()));
    pairs.push(("period".to_owned(), when.to_string()));
    Query(pairs)
}

async fn tile(web: &Web, look: &Look<'_>, asked: &Asked<'_>) -> Result<Value, Error> {
    let store: &dyn Store = web.app.store.as_ref();
    let reader = Reader { tally: &store, world: &web.world, today: web.today() };
    let whens = if asked.stock { vec![asked.when] } else { asked.when.trend() };
    let spans: Vec<Span> = whens.iter().map(|when| when.span()).collect();
    let got = reader.read(asked.indicator, &[asked.place], &spans, false).await?;
    let figures: Vec<Figure> = got.into_iter().flatten().map(|got| told(asked, &got)).collect();
    let now = figures.last().cloned().unwrap_or_default();
    let before = figures.len().checked_sub(2).and_then(|at| figures.get(at));
    let change = before.filter(|_| matches!(asked.when, When::Month(_) | When::Quarter(_) | When::Year(_)));
    let change = change.and_then(|before| change_of(asked.indicator, &now, before));
    Ok(json!({
        "label": look.figure_title(asked.indicator),
        "value": now.shown.as_deref().map_or_else(|| look.t("not-available"), separated),
        "na": now.shown.is_none(),
        "unit": if now.shown.is_some() { look.figure_unit(asked.indicator) } else { String::new() },
        "change": change,
        // A period without a value has no point of its own: a small line leaves it out.
        "points": figures.iter().filter_map(|figure| figure.value).collect::<Vec<f64>>(),
        "href": address(asked.place, asked.when, Some(&asked.indicator.name)).on("/figures"),
    }))
}

fn change_of(indicator: &Indicator, now: &Figure, before: &Figure) -> Option<Value> {
    change(indicator, now, before).map(|change| json!({ "text": change.text, "tone": change.tone }))
}

/// Cards of the targets that have a value for the place, or for places right inside it.
async fn targets(web: &Web, look: &Look<'_>, place: PlaceCode) -> Result<Vec<Value>, Error> {
    if web.post().is_err() {
        return Ok(Vec::new());
    }
    let store: &dyn Store = web.app.store.as_ref();
    let reader = Reader { tally: &store, world: &web.world, today: web.today() };
    let mut all: Vec<&Target> = web.world.model.targets.values().collect();
    all.sort_by_key(|target| (target.pack.clone(), target.order));
    let mut cards = Vec::new();
    for target in all {
        if cards.len() == TARGETS_MAX {
            break;
        }
        let values = ganglion_kernel::figures::targets::values(&web.world, target, web.today());
        let children = web.world.places.tree.children(place, web.today()).map(|child| child.code);
        let mut places = vec![place];
        places.extend(children.filter(|code| values.contains_key(code)).take(PARTS_MAX));
        if places.len() == 1 && !values.contains_key(&place) {
            continue;
        }
        let standings = reader.standings(target, &places).await?;
        cards.extend(card(web, look, target, &standings));
    }
    Ok(cards)
}
