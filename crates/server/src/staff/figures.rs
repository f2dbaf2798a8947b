//! Any indicator at any place over any period, down to its rows. Staff see their own subtree; the public sees counties
//! and townships, with counts too small to be told suppressed, and no rows.

use super::figure_frame::{definition, pickers};
use super::figure_view::parent_of;
use crate::error::Error;
use crate::view::Look;
use crate::view::case::Crumb;
use crate::view::words::{separated, thousands};
use crate::web::Web;
use axum::response::Response;
use ganglion_indicators::When;
use ganglion_indicators::{Figure, Span, ranks};
use ganglion_kernel::Store;
use ganglion_kernel::figures::{Got, Reader, is_now};
use ganglion_model::pack::{Formula, Indicator, Measure};
use ganglion_model::{Frac, Level, Model, PlaceCode};
use serde_json::json;

pub use crate::view::figures::TOLD_MIN;

/// Siblings of a level without counters: each costs a sum of facts.
const SUMMED_SIBLINGS_MAX: usize = 60;
/// What is asked for.
#[derive(Clone, Copy)]
pub struct Asked<'w> {
    /// Indicator.
    pub indicator: &'w Indicator,
    /// Place.
    pub place: PlaceCode,
    /// Period.
    pub when: When,
    /// Whether it counts what holds now.
    pub stock: bool,
    /// Whether whoever asks is not signed in.
    pub public: bool,
}

/// The highest place the caller sees figures of.
pub fn scope(web: &Web) -> PlaceCode {
    web.post().map_or(web.world.places.root, |post| post.place)
}

/// Levels of which the public sees figures.
pub fn is_public_level(level: Level) -> bool {
    matches!(level, Level::City | Level::County | Level::Township)
}

/// The period of the address; this month where it names none.
///
/// # Errors
/// [`Error::Period`] for one that cannot be read: another period in its place would pass for what was asked.
pub fn period(web: &Web) -> Result<When, Error> {
    match web.arg("period") {
        Some(text) => When::parse(text).ok_or(Error::Period(None)),
        None => Ok(When::month_of(web.today())),
    }
}

/// Reads what is asked for; what is missing gets a sensible value.
///
/// # Errors
/// [`Error::NotFound`] for a place outside the caller's scope or an indicator not offered at its level; [`Error::Period`].
pub fn asked(web: &Web) -> Result<Asked<'_>, Error> {
    let public = web.post().is_err();
    let own = scope(web);
    let place = match web.arg("place") {
        Some(code) => code.parse::<PlaceCode>().map_err(|_| Error::NotFound)?,
        None => own,
    };
    let known = web.world.places.tree.known(place, web.today()).is_some();
    if !own.holds(place) || !known || (public && !is_public_level(place.level())) {
        return Err(Error::NotFound);
    }
    let offered = |one: &&Indicator| one.levels.contains(&place.level());
    let all = web.world.model.indicators_in_order();
    let indicator = match web.arg("indicator") {
        Some(name) => web.world.model.indicators.get(name).ok_or(Error::NotFound)?,
        // The share of the work done in time says most; any figure beats none.
        None => all
            .iter()
            .copied()
            .filter(offered)
            .find(|one| one.percent && one.more_is_better == Some(true))
            .or_else(|| all.iter().copied().find(offered))
            .ok_or(Error::NotFound)?,
    };
    let when = period(web)?;
    Ok(Asked { indicator, place, when, stock: is_now(&web.world.model, indicator), public })
}

/// A figure the public may not be told, because few rows stand behind it.
fn is_untold(asked: &Asked<'_>, figure: &Figure) -> bool {
    asked.public && (1..TOLD_MIN).contains(&figure.rows)
}

/// The figure as whoever asks may be told it.
pub fn told(asked: &Asked<'_>, got: &Got) -> Figure {
    if is_untold(asked, &got.figure) { Figure::default() } else { got.figure.clone() }
}

/// Everything read for one page.
pub struct Reading<'w> {
    /// Packs.
    pub model: &'w Model,
    /// What was asked for.
    pub asked: Asked<'w>,
    /// The figure.
    pub now: Figure,
    /// What it was read from.
    pub got: Got,
    /// The period before.
    pub before: Figure,
    /// The same period last year.
    pub last_year: Figure,
    /// The trend, oldest first: the period, its figure, and that of a year earlier.
    pub trend: Vec<(When, Figure, Figure)>,
    /// Places beside it, or below where the caller sees none beside.
    pub siblings: Vec<(PlaceCode, String, Figure)>,
    /// Their ranks.
    pub ranks: Vec<Option<usize>>,
}

/// Places compared: the children of the same parent, or the place's own children where the caller sees no siblings.
fn compared(web: &Web, asked: &Asked<'_>) -> Vec<(PlaceCode, String)> {
    let own = scope(web);
    let parent = asked.place.parent().filter(|parent| own.holds(*parent)).unwrap_or(asked.place);
    let level = parent.level().down();
    if level.is_some_and(|level| !asked.indicator.levels.contains(&level) || (asked.public && !is_public_level(level)))
    {
        return Vec::new();
    }
    let day = if asked.stock { web.today() } else { asked.when.span().from.max(jiff::civil::date(1970, 1, 1)) };
    let children = web.world.places.tree.children(parent, day.min(web.today()));
    children.map(|place| (place.code, place.name.clone())).collect()
}

async fn read<'w>(web: &'w Web, asked: Asked<'w>) -> Result<Reading<'w>, Error> {
    let store: &dyn Store = web.app.store.as_ref();
    let reader = Reader { tally: &store, world: &web.world, today: web.today() };
    let trend = if asked.stock { Vec::new() } else { asked.when.trend() };
    let mut whens = vec![asked.when, asked.when.previous(), asked.when.last_year()];
    if asked.stock {
        whens.truncate(1);
    }
    whens.extend(&trend);
    whens.extend(trend.iter().map(|when| when.last_year()));
    let spans: Vec<Span> = whens.iter().map(|when| when.span()).collect();
    let mut own = reader.read(asked.indicator, &[asked.place], &spans, true).await?;
    let mut own = own.pop().unwrap_or_default().into_iter();
    let got = own.next().unwrap_or_default();
    let now = told(&asked, &got);
    let none = Figure::default();
    let (before, last_year) = if asked.stock {
        (none.clone(), none)
    } else {
        (told(&asked, &own.next().unwrap_or_default()), told(&asked, &own.next().unwrap_or_default()))
    };
    let own: Vec<Figure> = own.map(|got| told(&asked, &got)).collect();
    let (now_line, before_line) = own.split_at(trend.len());
    let lines = now_line.iter().cloned().zip(before_line.iter().cloned());
    let trend = trend.into_iter().zip(lines).map(|(when, (now, before))| (when, now, before)).collect();
    let mut places = compared(web, &asked);
    let is_summed = places.first().is_some_and(|(code, _)| code.level() > Level::Township);
    if is_summed && places.len() > SUMMED_SIBLINGS_MAX {
        places.clear();
    }
    let codes: Vec<PlaceCode> = places.iter().map(|(code, _)| *code).collect();
    let all = reader.read(asked.indicator, &codes, &[asked.when.span()], false).await?;
    let siblings: Vec<(PlaceCode, String, Figure)> = places
        .into_iter()
        .zip(all)
        .map(|((code, name), mut got)| (code, name, told(&asked, &got.pop().unwrap_or_default())))
        .collect();
    let values: Vec<Option<Frac>> = siblings.iter().map(|(_, _, figure)| figure.exact).collect();
    let ranks = if asked.indicator.ranked { ranks(asked.indicator, &values) } else { vec![None; values.len()] };
    Ok(Reading { model: &web.world.model, now, got, before, last_year, trend, siblings, ranks, asked })
}

/// `GET /figures`: one indicator, or all of a place when none is named.
pub async fn show(web: Web) -> Result<Response, Error> {
    if web.arg("indicator").is_none() {
        return super::dashboard::show(web).await;
    }
    let asked = asked(&web)?;
    let words = web.words();
    let look = web.look(&words);
    let pickers = pickers(&web, &look, &asked);
    let reading = read(&web, asked).await?;
    let asked = &reading.asked;
    let own = scope(&web);
    let crumbs: Vec<Crumb> = look.crumbs(asked.place, &|code| {
        own.holds(code).then(|| reading.query().with("place", &code.to_string()).on("/figures"))
    });
    let bars = reading.bars(&look);
    let drawing = match parent_of(&bars) {
        Some(parent) => web.app.outlines.drawing(&web.app, parent).await?,
        None => None,
    };
    let untold = asked.public && reading.now.value.is_none();
    let value = match reading.now.shown.as_deref() {
        Some(text) => json!({ "text": separated(text), "unit": look.figure_unit(asked.indicator), "na": false }),
        None => json!({ "text": look.t("not-available"), "unit": "", "na": true }),
    };
    let rank = reading.rank().map(|(rank, of)| look.say("figure-rank", &[("rank", rank.into()), ("of", of.into())]));
    let rows_href = rows_href(&web, &reading);
    let live = web.post().ok().map(|post| format!("/live?place={}", post.place));
    let context = json!({
        "page": crate::page::Page { live_href: live, ..web.page("title-figures") },
        "pickers": pickers,
        "crumbs_list": crumbs,
        "sentence": reading.sentence(&look),
        "value": value,
        "change": reading.change_view(&look),
        "rank": rank,
        "extra": reading.extra(&look),
        "rows_href": rows_href,
        "rows_count": thousands(reading.now.rows),
        "export_href": (!asked.public).then(|| reading.query().on("/figures.csv")),
        "xlsx_href": (!asked.public).then(|| reading.query().on("/figures.xlsx")),
        "trend": reading.trend(&look),
        "siblings": if untold { Vec::new() } else { bars.clone() },
        "siblings_below": reading.compares_below(),
        "areas": reading.areas(&web, &look, (&bars, drawing.as_ref())),
        "dims": reading.dims(&look),
        "tree": reading.tree(&look),
        "all_href": reading.query().without(&["indicator"]).on("/figures"),
        "definition": definition(&look, asked.indicator),
    });
    web.render("pages/figures.html", context)
}

/// Where the rows behind a figure are. What is calculated from other figures has none of its own; those figures are linked. A figure
/// counted from the list of a rule leads to the list, if the post may read it.
fn rows_href(web: &Web, reading: &Reading<'_>) -> Option<String> {
    let post = web.post().ok().filter(|_| !reading.asked.public && reading.now.rows > 0)?;
    match &reading.asked.indicator.formula {
        Formula::Broken(rule) => {
            super::rules::within(web, web.world.model.rules.get(rule)?, post)?;
            Some(format!("/rules/{rule}?place={}", reading.asked.place))
        }
        formula => (!formula.measures().is_empty()).then(|| reading.query().on("/figures/rows")),
    }
}

/// The sentence of a figure for the page of its rows and, where it is a share, which side of it they are.
///
/// # Errors
/// Storage.
pub async fn sentences(
    web: &Web,
    asked: Asked<'_>,
    look: &Look<'_>,
    rows: (&Measure, i64),
) -> Result<(String, Option<String>), Error> {
    let reading = read(web, asked).await?;
    Ok((reading.sentence(look), reading.side_sentence(look, rows)))
}

/// The figure of the page as lines: itself, its trend, its siblings.
///
/// # Errors
/// Storage; what may not be seen.
pub async fn as_rows(web: &Web) -> Result<Vec<Vec<String>>, Error> {
    web.post()?;
    let words = web.words();
    let look = web.look(&words);
    let reading = read(web, asked(web)?).await?;
    let indicator = reading.asked.indicator;
    let exact = |figure: &Figure| figure.shown.clone().unwrap_or_else(|| look.t("not-available"));
    let line = |place: PlaceCode, name: &str, period: &str, figure: &Figure| {
        vec![place.to_string(), name.to_owned(), period.to_owned(), exact(figure), figure.rows.to_string()]
    };
    let (place, name) = (reading.asked.place, look.place(reading.asked.place));
    let period = if reading.asked.stock { look.t("period-now") } else { reading.asked.when.to_string() };
    let mut rows = vec![
        vec![look.figure_title(indicator), look.text(&indicator.definition)],
        ["places-code", "filter-place", "filter-period", "value", "figure-rows-behind"].map(|key| look.t(key)).to_vec(),
    ];
    rows.push(line(place, &name, &period, &reading.now));
    rows.extend(reading.trend.iter().map(|(when, figure, _)| line(place, &name, &when.to_string(), figure)));
    let others = reading.siblings.iter().filter(|(code, _, _)| *code != place);
    rows.extend(others.map(|(code, name, figure)| line(*code, name, &period, figure)));
    Ok(rows)
}
