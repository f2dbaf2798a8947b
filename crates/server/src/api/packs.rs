//! Packs for programs: what is installed, and trying or installing a version.

use super::body;
use crate::app::AppState;
use crate::error::Error;
use crate::packs::{Draft, Installing, PackFiles, install, installed, named, review};
use crate::staff::administers_all;
use crate::web::Web;
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use ganglion_model::CommandId;
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PacksBody {
    /// Chosen by the caller.
    id: CommandId,
    /// Packs to put: files by path, `pack.yaml` among them.
    #[serde(default)]
    put: Vec<PackFiles>,
    /// Packs to take out.
    #[serde(default)]
    remove: Vec<String>,
    /// Only look.
    #[serde(default)]
    dry_run: bool,
}

/// `GET /api/packs`: `{number, at, by, packs: {name: {version, digest, shipped}}}`.
pub async fn list(web: Web) -> Result<Response, Error> {
    administers_all(&web)?;
    let set = crate::packs::installed_set(web.app.store.as_ref()).await?;
    let body = set.map_or_else(
        || json!({"number": 0, "packs": {}}),
        |set| json!({"number": set.number, "at": set.at, "by": set.by, "packs": set.packs}),
    );
    Ok(Json(body).into_response())
}

/// `POST /api/packs`: `{id, put?, remove?, dry_run?}` to `{installed, findings, differences, obstacles, burden, replay?}`;
/// `installed` is the number of the new set, or null. 422 with findings, 409 with rows in the way.
pub async fn put(State(app): State<AppState>, web: Web, bytes: Bytes) -> Result<Response, Error> {
    if !web.bearer {
        return Err(Error::SignIn);
    }
    administers_all(&web)?;
    let PacksBody { id, put, remove, dry_run } = body(&bytes)?;
    let put = put.into_iter().map(named).collect::<Result<Vec<_>, _>>().map_err(|_| Error::Unreadable("put"))?;
    let failed = |error: crate::packs::StartPacksError| Error::Internal(error.to_string());
    let sources = installed(app.store.as_ref()).await.map_err(failed)?.map(|one| one.sources).unwrap_or_default();
    let old = web.world.model.clone();
    let draft = tokio::task::spawn_blocking(move || Draft::new(&sources, &old, put, &remove))
        .await
        .map_err(|error| Error::Internal(error.to_string()))?;
    let silent = |_: u64, _: u64| {};
    let parts = Installing {
        store: app.store.as_ref(),
        world: &app.world,
        committer: Some(&app.committer),
        actor: web.actor(),
        by: web.session.as_ref().map(|session| session.account.to_string()),
        command: id,
        now: web.now,
        progress: &silent,
    };
    let found = review(&parts, &draft).await?;
    let mut status = match (draft.model.is_some(), found.obstacles.is_empty()) {
        (false, _) => StatusCode::UNPROCESSABLE_ENTITY,
        (true, false) => StatusCode::CONFLICT,
        (true, true) => StatusCode::OK,
    };
    let mut number = None;
    if found.installable && !dry_run {
        match install(&parts, &draft).await {
            Ok(set) => number = Some(set.number),
            Err(error) => {
                tracing::warn!(%error, "packs were not installed; nothing changed");
                status = StatusCode::CONFLICT;
            }
        }
    }
    let mut body = serde_json::to_value(&found).map_err(|error| Error::Internal(error.to_string()))?;
    if let Some(body) = body.as_object_mut() {
        body.insert("installed".to_owned(), json!(number));
    }
    Ok((status, Json(body)).into_response())
}
