//! The display of a hall: who is called to which counter, and who waits. Full screen, read from ten metres, spoken by the
//! browser; without scripts it loads itself again.

use super::board::{self, Called, Lane};
use super::hall::Hall;
use crate::error::Error;
use crate::view::words::count;
use crate::web::Web;
use axum::extract::Path;
use axum::response::Response;
use serde::Serialize;

/// Calls shown large below the newest.
const LARGE: usize = 4;
/// Calls shown small below those.
const SMALL: usize = 16;

#[derive(Serialize)]
struct DisplayContext {
    page: crate::page::Page,
    hall: String,
    process: String,
    counter_title: String,
    now: Option<Called>,
    large: Vec<Called>,
    small: Vec<Called>,
    lanes: Vec<Lane>,
    waiting: String,
    calls_href: String,
    times: u8,
    speech_lang: &'static str,
    day: String,
    time: String,
    now_ms: i64,
}

/// `GET /halls/{process}/{place}/display`, with `?lane=…` for some lanes only.
pub async fn show(web: Web, Path((process, place)): Path<(String, String)>) -> Result<Response, Error> {
    let hall = Hall::find(&web, &process, &place)?;
    let words = web.words();
    let look = web.look(&words);
    let asked: Vec<&str> =
        web.query.iter().filter(|(name, value)| name == "lane" && !value.is_empty()).map(|(_, v)| v.as_str()).collect();
    let mut lanes = board::lanes(&web, &look, &hall).await?;
    lanes.retain(|lane| asked.is_empty() || asked.contains(&lane.value.as_str()));
    let shown: Vec<String> = lanes.iter().map(|lane| lane.label.clone()).collect();
    let mut called = board::called(&web, &look, &hall).await?;
    called.retain(|one| asked.is_empty() || shown.contains(&one.lane));
    let waiting: u64 = lanes.iter().map(|lane| lane.waiting).sum();
    let mut called = called.into_iter();
    let context = DisplayContext {
        page: web.page_titled(hall.name(&look)),
        hall: hall.name(&look),
        process: look.text(&hall.process.title),
        counter_title: hall.counter_title(&look),
        now: called.next(),
        large: called.by_ref().take(LARGE).collect(),
        small: called.take(SMALL).collect(),
        waiting: look.say("queue-waiting", &[("count", count(waiting).into())]),
        calls_href: format!("{}/calls", hall.href()),
        times: hall.queue.calls.times,
        speech_lang: if web.lang == ganglion_model::Lang::En { "en-GB" } else { "zh-CN" },
        day: look.day(web.today()),
        time: look.time(web.now),
        now_ms: web.now.as_millisecond(),
        lanes,
    };
    web.render("pages/hall_display.html", context)
}
