//! All figures of a place at a glance: a tile an indicator, grouped by pack, and the targets of the place. One reading a tile:
//! the post's own packs come first, those in which nothing happened in the period last, and packs for which there is no room are one click
//! away, never left out.

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
use ganglion_kernel::decide::who::{Reach, reach};
use ganglion_kernel::figures::targets::Standing;
use ganglion_kernel::figures::{Reader, is_now};
use ganglion_model::PlaceCode;
use ganglion_model::pack::{Indicator, Target};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Tiles on one page; the first pack has all of its own whatever their number.
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
    let (packs, mut known) = by_pack(&web, &look, &first).await?;
    let asked_pack = web.arg("pack").filter(|name| packs.iter().any(|(pack, _)| pack == name));
    let mut groups = Vec::new();
    let mut room = TILES_MAX;
    for (pack, indicators) in &packs {
        let is_open = asked_pack.map_or(room == TILES_MAX || indicators.len() <= room, |name| *pack == name);
        let mut tiles = Vec::new();
        for indicator in indicators.iter().copied().filter(|_| is_open) {
            tiles.push(match known.remove(indicator.name.as_str()) {
                Some(tile) => tile,
                None => tile(&web, &look, &of(&web, &first, indicator)).await?,
            });
        }
        // What follows a pack that found no room has none either: packs stay in one order.
        room = if is_open { room.saturating_sub(tiles.len()) } else { 0 };
        groups.push(json!({
            "title": web.world.model.packs.get(*pack).map(|pack| look.text(&pack.title)).unwrap_or_default(),
            "count": indicators.len(),
            "tiles": tiles,
            "href": (!is_open).then(|| address(place, when, None).with("pack", pack).on("/figures")),
        }));
    }
    let own = scope(&web);
    let crumbs: Vec<Crumb> =
        look.crumbs(place, &|code| own.holds(code).then(|| address(code, when, None).on("/figures")));
    let live = web.post().ok().map(|post| format!("/live?place={}", post.place));
    let context = json!({
        "page": crate::page::Page { live_href: live, ..web.page("title-figures") },
        "pickers": super::figure_frame::pickers(&web, &look, &first).into_iter().skip(1).collect::<Vec<_>>(),
        "crumbs_list": crumbs,
        "heading": look.say("figures-all", &[("place", look.place(place).into()), ("period", look.period(when).into())]),
        "groups": groups,
        "pack": asked_pack,
        "targets": targets(&web, &look, place).await?,
    });
    web.render("pages/figures_all.html", context)
}

fn of<'w>(web: &'w Web, asked: &Asked<'w>, indicator: &'w Indicator) -> Asked<'w> {
    Asked { indicator, stock: is_now(&web.world.model, indicator), ..*asked }
}

type Packs<'w> = Vec<(&'w str, Vec<&'w Indicator>)>;

/// Indicators offered at the place by pack: first those of packs in which the post has more than what it opened itself, and of either kind
/// those whose first figure says something of the period, so that a campaign of the summer makes room in winter. With the tiles that were
/// read for that, by indicator.
async fn by_pack<'w>(
    web: &'w Web,
    look: &Look<'_>,
    asked: &Asked<'w>,
) -> Result<(Packs<'w>, BTreeMap<&'w str, Value>), Error> {
    let model = &web.world.model;
    let post = web.post().ok();
    let works = |pack: &str| {
        let mut processes = model.processes.values().filter(|process| process.pack == pack);
        post.is_some_and(|post| processes.any(|process| !matches!(reach(process, post), Reach::Own)))
    };
    let mut packs: Packs<'w> = Vec::new();
    let offered = |one: &&Indicator| one.levels.contains(&asked.place.level());
    for indicator in model.indicators_in_order().into_iter().filter(offered) {
        match packs.iter_mut().find(|(pack, _)| *pack == indicator.pack) {
            Some((_, indicators)) => indicators.push(indicator),
            None => packs.push((&indicator.pack, vec![indicator])),
        }
    }
    let (mut known, mut quiet) = (BTreeMap::new(), BTreeSet::new());
    for (pack, indicators) in &packs {
        let Some(first) = indicators.first().copied() else { continue };
        let tile = tile(web, look, &of(web, asked, first)).await?;
        if tile["quiet"] == true {
            quiet.insert(*pack);
        }
        known.insert(first.name.as_str(), tile);
    }
    packs.sort_by_key(|(pack, _)| (!works(pack), quiet.contains(pack)));
    Ok((packs, known))
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
    let change = change.and_then(|before| change_of(look, asked.indicator, (&now, before)));
    Ok(json!({
        "label": look.figure_title(asked.indicator),
        "value": now.shown.as_deref().map_or_else(|| look.t("not-available"), separated),
        "na": now.shown.is_none(),
        "quiet": now.rows == 0,
        "unit": if now.shown.is_some() { look.figure_unit(asked.indicator) } else { String::new() },
        "change": change,
        // A period without a value has no point of its own: a small line leaves it out.
        "points": figures.iter().filter_map(|figure| figure.value).collect::<Vec<f64>>(),
        "href": address(asked.place, asked.when, Some(&asked.indicator.name)).on("/figures"),
    }))
}

fn change_of(look: &Look<'_>, indicator: &Indicator, (now, before): (&Figure, &Figure)) -> Option<Value> {
    let change = change(indicator, now, before)?;
    Some(json!({ "text": look.change_text(indicator, &change), "tone": change.tone }))
}

/// Cards of the targets of a place.
async fn targets(web: &Web, look: &Look<'_>, place: PlaceCode) -> Result<Vec<Value>, Error> {
    if web.post().is_err() {
        return Ok(Vec::new());
    }
    let all = standings(web, place, TARGETS_MAX).await?;
    Ok(all.iter().filter_map(|(target, standings)| card(web, look, target, standings)).collect())
}

/// Targets that have a value for the place, or for places right inside it, with how these stand: the place itself first.
///
/// # Errors
/// Storage.
pub async fn standings(web: &Web, place: PlaceCode, max: usize) -> Result<Vec<(&Target, Vec<Standing>)>, Error> {
    let store: &dyn Store = web.app.store.as_ref();
    let reader = Reader { tally: &store, world: &web.world, today: web.today() };
    let mut all: Vec<&Target> = web.world.model.targets.values().collect();
    all.sort_by_key(|target| (target.pack.clone(), target.order));
    let mut found = Vec::new();
    for target in all {
        if found.len() == max {
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
        // None stand where the figure it is of is gone.
        if !standings.is_empty() {
            found.push((target, standings));
        }
    }
    Ok(found)
}
