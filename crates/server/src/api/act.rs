//! Opening cases and taking actions.

use crate::error::Error;
use crate::staff::find::shards_of;
use crate::web::Web;
use axum::Json;
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use ganglion_kernel::route::shard_for;
use ganglion_model::change::{Body, Command, Outcome, Refusal, RefusalCode};
use ganglion_model::pack::{Field, FieldKind};
use ganglion_model::{CaseId, CommandId, Fields, Shard};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

/// A case to be opened.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Opening {
    /// Chosen by the caller.
    pub id: CommandId,
    /// Process.
    pub process: String,
    /// What is told.
    pub form: Fields,
    /// Way it comes in.
    pub channel: String,
    /// When it was seen.
    #[serde(default)]
    pub observed_at: Option<Timestamp>,
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

/// An action to be taken.
pub(crate) struct Acting {
    /// Chosen by the caller.
    pub id: CommandId,
    /// Shard of the case.
    pub shard: Shard,
    /// The case.
    pub case: CaseId,
    /// Its process; empty when it was not looked up.
    pub process: String,
    /// The action.
    pub action: String,
    /// What is told.
    pub form: Fields,
    /// The version the caller saw.
    pub version: Option<u32>,
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
fn files<'f>(web: &Web, declared: impl Iterator<Item = &'f Field>, form: &Fields) -> Result<Vec<String>, Error> {
    let fields = declared.filter(|field| matches!(field.kind, FieldKind::Files { .. }));
    let ids: Vec<String> = fields
        .filter_map(|field| form.get(&field.name)?.as_array())
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect();
    if ids.iter().all(|id| crate::files::is_owned(web, id)) { Ok(ids) } else { Err(Error::Unreadable("files")) }
}

/// Opens a case. Points are WGS-84 `[lon, lat]`.
///
/// # Errors
/// What cannot be routed or is refused; storage.
pub(crate) async fn opened(web: &Web, opening: Opening) -> Result<Outcome, Error> {
    let app = &web.app;
    let Opening { id, process, form, channel, observed_at } = opening;
    let unknown = || Error::Refused(Box::new(Refusal::new(RefusalCode::Unknown)));
    let declared = web.world.model.processes.get(&process).ok_or_else(unknown)?;
    let shard = shard_for(&web.world, declared, &form, web.today()).map_err(|finding| {
        let code = if finding.problem == "outside" { RefusalCode::Outside } else { RefusalCode::Form };
        Error::Refused(Box::new(Refusal { fields: vec![finding], ..Refusal::new(code) }))
    })?;
    let files = files(web, declared.form.iter(), &form)?;
    let body = Body::Open { process, form, channel, observed_at, from: None };
    app.files_sent(&files).await?;
    let outcome = app.committer.send(Command { id, shard, actor: web.actor(), body }).await?;
    if let (Some(number), Some(case)) = (&outcome.number, outcome.case) {
        app.numbers.put(number, (outcome.shard, case));
    }
    if let (false, Some(case)) = (files.is_empty(), outcome.case) {
        app.attach_files(&files, outcome.shard, case).await?;
    }
    Ok(outcome)
}

/// What may not be seen is said in the words of what is not there: any others would tell that it is.
fn hidden(error: Error) -> Error {
    match error {
        Error::Refused(refusal) if refusal.code == RefusalCode::NotFound => Error::NotFound,
        other => other,
    }
}

/// Takes an action.
///
/// # Errors
/// What is refused; storage.
pub(crate) async fn acted(web: &Web, acting: Acting) -> Result<Outcome, Error> {
    let Acting { id, shard, case, process, action, form, version } = acting;
    let processes = web.world.model.processes.values().filter(|one| process.is_empty() || one.name == process);
    let states = processes.flat_map(|process| process.states.values());
    let declared = states.flat_map(|state| &state.actions).filter(|one| one.name == action).flat_map(|one| &one.form);
    let files = files(web, declared, &form)?;
    let body = Body::Act { case, action, form, version };
    web.app.files_sent(&files).await?;
    let sent = web.app.committer.send(Command { id, shard, actor: web.actor(), body }).await;
    let outcome = sent.map_err(|error| hidden(error.into()))?;
    if !files.is_empty() {
        web.app.attach_files(&files, shard, case).await?;
    }
    Ok(outcome)
}

/// `POST /api/v1/cases`: `{id, process, form, channel, observed_at?}` to `201 {number, case, state, version, shard, seq}`.
/// The same `id` again gives the same answer.
pub async fn open(web: Web, bytes: Bytes) -> Result<Response, Error> {
    vouched(&web)?;
    let outcome = opened(&web, super::body(&bytes)?).await?;
    Ok(answer(StatusCode::CREATED, &outcome))
}

/// `POST /api/v1/cases/{number}/actions/{action}`: `{id, form, version?, case?}` to `{number, case, state, version, …}`.
pub async fn act(web: Web, Path((number, action)): Path<(String, String)>, bytes: Bytes) -> Result<Response, Error> {
    vouched(&web)?;
    let ActBody { id, form, version, case } = super::body(&bytes)?;
    let shards = shards_of(&web, &number);
    let (shard, case) = match (shards.as_slice(), case) {
        ([only], Some(case)) => (*only, case),
        _ => web.find_id(&number).await?.ok_or(Error::NotFound)?,
    };
    let acting = Acting { id, shard, case, process: String::new(), action, form, version };
    Ok(answer(StatusCode::OK, &acted(&web, acting).await?))
}
