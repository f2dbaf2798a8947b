//! What happens in one hall, as server-sent events for anyone: that something changed, and who is called where. An event
//! says the number that is called and nothing else of a case.

use super::hall::Hall;
use super::{number_of, spoken};
use crate::app::AppState;
use crate::error::Error;
use crate::live::{Heard, News, stream};
use crate::view::Look;
use crate::web::Web;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::response::sse::Event;
use ganglion_model::PlaceCode;
use ganglion_model::change::Change;
use serde_json::json;

/// `GET /halls/{process}/{place}/calls`: events `case` (something changed here; with `call`: somebody is called), `resync`.
pub async fn live(
    State(app): State<AppState>,
    web: Web,
    Path((process, place)): Path<(String, String)>,
) -> Result<Response, Error> {
    let place = Hall::find(&web, &process, &place)?.place;
    let permit = app.hall_listeners.clone().try_acquire_owned().map_err(|_| Error::Busy)?;
    Ok(stream(&app, permit, move |news| described(&web, (&process, place), news)))
}

/// The event for a listener of the hall; `None` when it is about something else.
fn described(web: &Web, (process, place): (&str, PlaceCode), news: &News) -> Option<Heard> {
    if news.case.process != process {
        return None;
    }
    let world = web.app.world.load();
    let now = web.app.clock.now();
    let process = world.model.processes.get(process)?;
    let hall = Hall::at(&world, process, place, ganglion_model::clocks::local_date(now))?;
    if !hall.holds(&news.case) {
        return None;
    }
    let words = web.words();
    let look = Look { world: &world, say: &words, now };
    let is_call = matches!(&news.entry.change, Change::Case { action, .. } if hall.queue.is_call(action))
        && hall.queue.calls.states.contains(&news.case.state);
    let call = is_call.then(|| {
        json!({
            "number": number_of(hall.queue, &news.case),
            "counter": hall.counter_label(&look, &news.case),
            "text": spoken::call(&look, &hall, &news.case),
        })
    });
    // The number of the case stays out: with it anyone could ask how it goes.
    let data = json!({ "seq": news.entry.seq, "number": "", "call": call });
    let id = format!("{}-{}", news.entry.shard, news.entry.seq);
    Event::default().event("case").id(id).json_data(data).ok().map(Ok)
}
