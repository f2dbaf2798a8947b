//! The addresses for those who keep the server running. Whether it is ready may be asked by anybody, such as a load balancer; why it is
//! not, and the figures, are for programs on this machine or for those that have the key.

use super::probe::Probe;
use crate::app::{App, AppState};
use crate::error::Error;
use crate::sign;
use axum::Json;
use axum::extract::{ConnectInfo, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::json;
use std::net::SocketAddr;

/// What a proxy adds to requests it passes on: with one of these, a caller on this machine speaks for somebody else.
const PASSED_ON: [HeaderName; 4] =
    [header::FORWARDED, header::VIA, HeaderName::from_static("x-forwarded-for"), HeaderName::from_static("x-real-ip")];

/// Whether a caller may see how the server is.
fn may_see(app: &App, parts: &Parts) -> bool {
    let given = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if let (Some(key), Some(given)) = (&app.settings.monitor_key, given.and_then(|text| text.strip_prefix("Bearer "))) {
        return sign::same(&sign::digest(given.trim()), key);
    }
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    let is_near = peer.is_none_or(|peer| peer.0.ip().to_canonical().is_loopback());
    is_near && !PASSED_ON.iter().any(|name| parts.headers.contains_key(name))
}

/// `GET /health/live`: the program runs and answers.
pub(crate) async fn live() -> &'static str {
    "ok\n"
}

/// `GET /health/ready`: 200 when the server can do its work, else 503.
pub(crate) async fn ready(State(app): State<AppState>, parts: Parts) -> Response {
    let probe = Probe::of(&app).await;
    let is_ready = probe.is_ready();
    let body = if may_see(&app, &parts) { probe.shown() } else { json!({ "ready": is_ready }) };
    let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, [(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

/// `GET /metrics`: figures in the text Prometheus reads.
pub(crate) async fn figures(State(app): State<AppState>, parts: Parts) -> Result<Response, Error> {
    if !may_see(&app, &parts) {
        return Err(Error::NotFound);
    }
    let text = app.meter.text(&Probe::of(&app).await, app.committer.queued())?;
    let kind = prometheus_client::encoding::prometheus_text::CONTENT_TYPE;
    Ok(([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-store")], text).into_response())
}
