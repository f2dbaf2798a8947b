//! The start page: what one can do here, and a few open figures of this month.

use crate::error::Error;
use crate::limits::HOME_FIGURES_SECONDS;
use crate::web::Web;
use axum::response::Response;
use ganglion_indicators::When;
use ganglion_kernel::figures::Reader;
use ganglion_model::Level;
use ganglion_model::pack::Indicator;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::Mutex;

/// Figures shown.
const SHOWN_MAX: usize = 3;

/// `GET /`.
pub async fn show(web: Web) -> Result<Response, Error> {
    let mut choices: Vec<(&str, &str)> =
        vec![("report", "/report"), ("follow", "/follow"), ("figures", "/figures"), ("notices", "/notices")];
    if web.app.sms.is_some() {
        choices.insert(2, ("my", "/my"));
    }
    if !web.elder {
        choices.push(("staff", if web.session.is_some() { "/desk" } else { "/sign-in" }));
    }
    let mut choices: Vec<Value> = choices.iter().map(|(name, href)| json!({ "name": name, "href": href })).collect();
    choices.splice(1..1, others(&web));
    if web.world.model.processes.values().any(crate::halls::has_screens) {
        choices.insert(1, json!({ "name": "hall", "href": "/halls", "icon": "ticket" }));
    }
    let context = json!({
        "page": web.page("title-home"),
        "choices": choices,
        "open_figures": open_figures(&web).await?,
        "figures_period": web.look(&web.words()).period(When::month_of(web.today())),
    });
    web.render("pages/home.html", context)
}

/// What else residents may open, besides what `/report` asks for first.
fn others(web: &Web) -> Vec<Value> {
    let words = web.words();
    let look = web.look(&words);
    let open = super::report::open_to_all(&web.world.model).into_iter().skip(1);
    open.map(|process| {
        json!({
            "name": process.name,
            "icon": "list",
            "href": format!("/report?process={}", process.name),
            "label": look.text(&process.title),
            "text": look.t("home-process-text"),
        })
    })
    .collect()
}

/// One open figure, in no language yet.
struct Counter {
    indicator: String,
    shown: Option<String>,
    points: Vec<f64>,
}

/// Figures of the start page, read at most once in [`HOME_FIGURES_SECONDS`] however many visitors come.
#[derive(Default)]
pub struct HomeFigures {
    read: Mutex<Option<(Timestamp, Arc<Vec<Counter>>)>>,
}

impl HomeFigures {
    async fn get(&self, web: &Web) -> Result<Arc<Vec<Counter>>, Error> {
        let mut read = self.read.lock().await;
        let fresh = |at: Timestamp| (0..HOME_FIGURES_SECONDS).contains(&web.now.duration_since(at).as_secs());
        if let Some((_, counters)) = read.as_ref().filter(|(at, _)| fresh(*at)) {
            return Ok(counters.clone());
        }
        let level: Level = web.world.places.root.level();
        let mut indicators = web.world.model.indicators_in_order();
        // What becomes of reports interests whoever may report, in every season.
        let reported = super::report::open_to_all(&web.world.model).first().map(|process| process.pack.as_str());
        indicators.sort_by_key(|indicator| Some(indicator.pack.as_str()) != reported);
        let indicators = indicators.into_iter().filter(|indicator| indicator.levels.contains(&level));
        let mut counters = Vec::new();
        for indicator in indicators.take(SHOWN_MAX) {
            counters.push(counter(web, indicator).await?);
        }
        let counters = Arc::new(counters);
        *read = Some((web.now, counters.clone()));
        Ok(counters)
    }
}

/// The first figures of the packs that are offered for the whole installation.
async fn open_figures(web: &Web) -> Result<Vec<Value>, Error> {
    let words = web.words();
    let look = web.look(&words);
    let counters = web.app.home.get(web).await?;
    let shown = counters.iter().filter_map(|counter| {
        let indicator = web.world.model.indicators.get(&counter.indicator)?;
        Some(json!({
            "label": look.figure_title(indicator),
            "value": counter.shown.as_deref().map_or_else(|| look.t("not-available"), crate::view::words::separated),
            "unit": look.figure_unit(indicator),
            "points": counter.points,
            "trend": look.say("home-figures-trend", &[("label", look.figure_title(indicator).into())]),
            "href": format!("/figures?indicator={}", indicator.name),
        }))
    });
    Ok(shown.collect())
}

async fn counter(web: &Web, indicator: &Indicator) -> Result<Counter, Error> {
    let trend: Vec<When> = When::month_of(web.today()).trend();
    let spans: Vec<_> = trend.iter().map(|when| when.span()).collect();
    let store = &*web.app.store;
    let reader = Reader { tally: &store, world: &web.world, today: web.today() };
    let got = reader.read(indicator, &[web.world.places.root], &spans, false).await?;
    let figures: Vec<_> = got.into_iter().flatten().map(|got| got.figure).collect();
    Ok(Counter {
        indicator: indicator.name.clone(),
        shown: figures.last().and_then(|figure| figure.shown.clone()),
        // A month without rows has no point of its own: a small line leaves it out.
        points: figures.iter().filter_map(|figure| figure.value).collect(),
    })
}
