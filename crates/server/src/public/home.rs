//! The start page: what one can do here, and a few open figures of this month.

use crate::error::Error;
use crate::view::figures::{Reader, When};
use crate::web::Web;
use axum::response::Response;
use ganglion_indicators::figure;
use ganglion_model::Level;
use ganglion_model::pack::Indicator;
use serde_json::{Value, json};

/// Figures shown.
const SHOWN_MAX: usize = 3;

/// `GET /`.
pub async fn show(web: Web) -> Result<Response, Error> {
    let mut choices: Vec<(&str, &str)> = vec![("report", "/report"), ("follow", "/follow"), ("figures", "/figures")];
    if !web.elder {
        choices.push(("staff", if web.session.is_some() { "/desk" } else { "/sign-in" }));
    }
    let choices: Vec<Value> = choices.iter().map(|(name, href)| json!({ "name": name, "href": href })).collect();
    let context = json!({
        "page": web.page("title-home"),
        "choices": choices,
        "open_figures": open_figures(&web).await?,
    });
    web.render("pages/home.html", context)
}

/// The first figures of the packs that are offered for the whole installation.
async fn open_figures(web: &Web) -> Result<Vec<Value>, Error> {
    let level: Level = web.world.places.root.level();
    let indicators = web.world.model.indicators_in_order();
    let indicators = indicators.into_iter().filter(|indicator| indicator.levels.contains(&level));
    let mut shown = Vec::new();
    for indicator in indicators.take(SHOWN_MAX) {
        shown.push(counter(web, indicator).await?);
    }
    Ok(shown)
}

async fn counter(web: &Web, indicator: &Indicator) -> Result<Value, Error> {
    let words = web.words();
    let look = web.look(&words);
    let trend: Vec<When> = When::month_of(web.today()).trend();
    let spans: Vec<_> = trend.iter().map(|when| when.span()).collect();
    let store = &*web.app.store;
    let reader = Reader { tally: &store, world: &web.world };
    let got = reader.read(indicator, &[web.world.places.root], &spans, false).await?;
    let figures: Vec<_> = got.iter().flatten().map(|got| figure(indicator, &got.sums)).collect();
    // A month without rows has no point of its own: a small line leaves it out.
    let points: Vec<f64> = figures.iter().filter_map(|figure| figure.value).collect();
    let last = figures.last();
    Ok(json!({
        "label": look.text(&indicator.title),
        "value": last.and_then(|figure| figure.shown.as_deref()).map_or_else(|| look.t("not-available"), crate::view::words::separated),
        "unit": look.text(&indicator.unit),
        "points": points,
        "href": format!("/figures?indicator={}", indicator.name),
    }))
}
