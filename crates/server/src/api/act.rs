//! Opening cases and taking actions.

use crate::app::AppState;
use crate::error::Error;
use crate::staff::find::shards_of;
use crate::web::Web;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use ganglion_kernel::route::shard_for;
use ganglion_model::change::{Body, Command, Outcome, Refusal, RefusalCode};
use ganglion_model::pack::FieldKind;
use ganglion_model::{CaseId, CommandId, Fields};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OpenBody {
    id: CommandId,
    process: String,
    form: Fields,
    channel: String,
    #[serde(default)]
    observed_at: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ActBody {
    id: CommandId,
    form: Fields,
    #[serde(default)]
    version: Option<u32>,
    /// The case's id, if known: saves looking it up.
    #[serde(default)]
    case: Option<CaseId>,
}

/// The recorded outcome as JSON.
pub(super) fn answer(status: StatusCode, outcome: &Outcome) -> Response {
    let body = json!({
        "number": outcome.number,
        "case": outcome.case,
        "state": outcome.state,
        "version": outcome.version,
        "shard": outcome.shard,
        "seq": outcome.seq,
    });
    (status, Json(body)).into_response()
}

/// Changes need the token itself: a cookie could be sent by another site's page.
pub(super) fn vouched(web: &Web) -> Result<(), Error> {
    if web.bearer { web.post().map(|_| ()) } else { Err(Error::SignIn) }
}

/// Ids of files in a form: they must be the caller's own uploads.
fn files(web: &Web, declared: &[ganglion_model::pack::Field], form: &Fields) -> Result<Vec<String>, Error> {
    let fields = declared.iter().filter(|field| matches!(field.kind, FieldKind::Files { .. }));
    let ids: Vec<String> = fields
        .filter_map(|field| form.get(&field.name)?.as_array())
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect();
    if ids.iter().all(|id| crate::files::is_owned(web, id)) { Ok(ids) } else { Err(Error::Unreadable("files")) }
}

/// `POST /api/v1/cases`: `{id, process, form, channel, observed_at?}` to `201 {number, case, state, version, shard, seq}`.
/// Points are WGS-84 `[lon, lat]`. The same `id` again gives the same answer.
pub async fn open(State(app): State<AppState>, web: Web, bytes: Bytes) -> Result<Response, Error> {
    vouched(&web)?;
    let OpenBody { id, process, form, channel, observed_at } = super::body(&bytes)?;
    let unknown = || Error::Refused(Box::new(Refusal::new(RefusalCode::Unknown)));
    let declared = web.world.model.processes.get(&process).ok_or_else(unknown)?;
    let shard = shard_for(&web.world, declared, &form, web.today()).map_err(|finding| {
        let code = if finding.problem == "outside" { RefusalCode::Outside } else { RefusalCode::Form };
        Error::Refused(Box::new(Refusal { fields: vec![finding], ..Refusal::new(code) }))
    })?;
    let files = files(&web, &declared.form, &form)?;
    let body = Body::Open { process, form, channel, observed_at, from: None };
    app.files_sent(&files).await?;
    let outcome = app.committer.send(Command { id, shard, actor: web.actor(), body }).await?;
    if let (Some(number), Some(case)) = (&outcome.number, outcome.case) {
        app.numbers.put(number, (outcome.shard, case));
    }
    if let (false, Some(case)) = (files.is_empty(), outcome.case) {
        app.attach_files(&files, outcome.shard, case).await?;
    }
    Ok(answer(StatusCode::CREATED, &outcome))
}

/// `POST /api/v1/cases/{number}/actions/{action}`: `{id, form, version?, case?}` to `{number, case, state, version, …}`.
pub async fn act(
    State(app): State<AppState>,
    web: Web,
    Path((number, action)): Path<(String, String)>,
    bytes: Bytes,
) -> Result<Response, Error> {
    vouched(&web)?;
    let ActBody { id, form, version, case } = super::body(&bytes)?;
    let shards = shards_of(&web, &number);
    let (shard, case) = match (shards.as_slice(), case) {
        ([only], Some(case)) => (*only, case),
        _ => web.find_id(&number).await?.ok_or(Error::NotFound)?,
    };
    let states = web.world.model.processes.values().flat_map(|process| process.states.values());
    let declared = states.flat_map(|state| &state.actions).filter(|one| one.name == action).flat_map(|one| &one.form);
    let declared: Vec<_> = declared.filter(|field| matches!(field.kind, FieldKind::Files { .. })).cloned().collect();
    let files = files(&web, &declared, &form)?;
    let body = Body::Act { case, action, form, version };
    app.files_sent(&files).await?;
    let outcome = app.committer.send(Command { id, shard, actor: web.actor(), body }).await?;
    if !files.is_empty() {
        app.attach_files(&files, shard, case).await?;
    }
    Ok(answer(StatusCode::OK, &outcome))
}
