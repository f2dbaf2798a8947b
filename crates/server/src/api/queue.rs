//! Queues for programs: who waits, and calling the next.

use super::act::{answer, vouched};
use crate::app::AppState;
use crate::error::Error;
use crate::queue::standing;
use crate::web::Web;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use ganglion_kernel::queue::{QueueWant, serves, waiting_of};
use ganglion_model::change::{Body, Command};
use ganglion_model::{CommandId, Fields};
use serde::Deserialize;
use serde_json::{Value, json};

/// Numbers shown.
const SHOWN_MAX: u32 = 50;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NextBody {
    id: CommandId,
    #[serde(default)]
    lanes: Vec<String>,
    #[serde(default)]
    form: Fields,
}

/// `GET /api/v1/queues/{process}?lane=…`: `{waiting, minutes, next: [{number, lane, since}]}` of the post's own place.
pub async fn waiting(web: Web, Path(name): Path<String>) -> Result<Response, Error> {
    let post = web.post()?.clone();
    let process = web.world.model.processes.get(&name).ok_or(Error::NotFound)?;
    serves(process, &post).ok_or(Error::NotFound)?;
    let lanes = web.query.iter().filter(|(key, _)| key == "lane").map(|(_, lane)| lane.clone()).collect();
    let want = QueueWant { shard: post.place.shard(), process: name, place: post.place, lanes, limit: SHOWN_MAX };
    let cases = web.app.store.waiting(&want).await?;
    let minutes = match cases.last() {
        Some(last) => standing(&web.app, &web.world, last).await?.and_then(|standing| standing.minutes),
        None => None,
    };
    let next: Vec<Value> = cases
        .iter()
        .filter_map(|case| waiting_of(&web.world, case))
        .map(|one| json!({ "number": one.number, "lane": one.lane, "since": one.since.to_string() }))
        .collect();
    let count = web.app.store.waiting_count(&want, None).await?;
    Ok(Json(json!({ "waiting": count, "minutes": minutes, "next": next })).into_response())
}

/// `POST /api/v1/queues/{process}/next`: `{id, lanes?, form?}` to `{number, case, state, version, …}`; 409
/// `nothing_waiting` when nobody waits. The same `id` again gives the same case.
pub async fn next(
    State(app): State<AppState>,
    web: Web,
    Path(process): Path<String>,
    bytes: Bytes,
) -> Result<Response, Error> {
    vouched(&web)?;
    let NextBody { id, lanes, form } = super::body(&bytes)?;
    let shard = web.post()?.place.shard();
    let body = Body::TakeNext { process, lanes, form };
    let outcome = app.committer.send(Command { id, shard, actor: web.actor(), body }).await?;
    Ok(answer(StatusCode::OK, &outcome))
}
