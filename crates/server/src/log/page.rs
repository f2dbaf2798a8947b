//! The page that says what the log is, where each one lies and how anybody checks it.

use crate::error::Error;
use crate::web::Web;
use axum::Json;
use axum::response::{IntoResponse as _, Response};
use ganglion_kernel::tlog::KeyKind;
use ganglion_model::{PlaceCode, Shard};
use serde::Serialize;
use serde_json::json;

#[derive(Serialize)]
struct OneLog {
    shard: String,
    name: String,
    size: u64,
    key: String,
    href: String,
}

/// `GET /log`: the logs of this installation; for programs `{logs: [{shard, name, size, key, href}]}`.
pub async fn show(web: Web) -> Result<Response, Error> {
    let settings = web.app.logs.settings.as_ref().ok_or(Error::NotFound)?.clone();
    let mut logs = Vec::new();
    for (shard, size) in web.app.store.positions().await?.into_iter().filter(|(_, size)| *size > 0) {
        let Some(key) = settings.key_of(shard) else { continue };
        let key = key.public(KeyKind::Log).to_string();
        logs.push(OneLog {
            name: name(&web, shard),
            size,
            key,
            href: format!("/log/{shard}"),
            shard: shard.to_string(),
        });
    }
    if web.wants_json {
        return Ok(Json(json!({ "logs": logs })).into_response());
    }
    let address = web.app.settings.public_url.clone();
    let context = json!({ "page": web.page("title-log"), "logs": logs, "address": address });
    web.render("pages/log.html", context)
}

/// The place a shard is for; the installation itself has a journal too.
fn name(web: &Web, shard: Shard) -> String {
    let place = PlaceCode::from_padded(u64::from(shard.0) * 1_000_000_000);
    match place.filter(|_| shard != Shard::DEPLOYMENT) {
        Some(place) => web.world.places.name(place, web.today()),
        None => web.t("log-deployment"),
    }
}
