//! `GET /events`: the journal as a stream that can be taken up again where it broke off, or a page at a time.

use super::position::Position;
use super::read::{Told, on};
use super::view::{TYPES, Viewer, kind_of};
use crate::api::read::read;
use crate::app::{App, AppState};
use crate::error::Error;
use crate::limits::LIVE_PING_SECONDS;
use crate::rest::answer::only;
use crate::web::Web;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream::{self, StreamExt as _};
use ganglion_model::Entry;
use serde_json::json;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

/// Events of one page unless another number is said, and of one reading of the stream.
const EVENTS_AT_ONCE: usize = 100;
/// Events of one page at most.
const EVENTS_MAX: usize = 1_000;
/// How often the journal is read on for one page.
const READINGS_AT_ONCE: usize = 50;
/// How often the journal is looked at when this server wrote nothing: another may have.
const LOOK_SECONDS: u64 = 5;

struct Reader {
    app: AppState,
    viewer: Viewer,
    types: Vec<String>,
    position: Position,
    ready: VecDeque<Told>,
    news: Receiver<Arc<Vec<Entry>>>,
}

impl Reader {
    /// The next event; `None` ends the stream, and the listener comes back with the id of the last one.
    async fn next(&mut self) -> Option<Told> {
        loop {
            if let Some(told) = self.ready.pop_front() {
                return Some(told);
            }
            let (events, more) = match on(&self.app, &self.viewer, &mut self.position, EVENTS_AT_ONCE).await {
                Ok(read) => read,
                Err(error) => {
                    error.log();
                    return None;
                }
            };
            self.ready.extend(events.into_iter().filter(|told| is_wanted(&self.types, told)));
            if self.ready.is_empty() && !more {
                let waited = tokio::time::timeout(Duration::from_secs(LOOK_SECONDS), self.news.recv()).await;
                if matches!(waited, Ok(Err(RecvError::Closed))) {
                    return None;
                }
            }
        }
    }
}

/// Where a listener goes on: where it was, or from now on.
async fn begin(app: &App, web: &Web, headers: &HeaderMap) -> Result<Position, Error> {
    let last = headers.get("last-event-id").map(|value| value.to_str().unwrap_or("unreadable"));
    match last.or_else(|| web.arg("after")) {
        Some(text) => Position::parse(text).ok_or(Error::Unreadable("Last-Event-ID")),
        None => Position::now(app).await,
    }
}

/// Whether an event is of a kind that is asked for; none named: every one is.
fn is_wanted(types: &[String], told: &Told) -> bool {
    types.is_empty() || types.iter().any(|one| one == kind_of(&told.event))
}

/// The kinds of events asked for, as `types=case.opened,case.closed`.
fn types(web: &Web) -> Result<Vec<String>, Error> {
    let named = web.arg("types").unwrap_or_default().split(',').map(str::trim).filter(|one| !one.is_empty());
    let known = |one: &str| if TYPES.contains(&one) { Ok(one.to_owned()) } else { Err(Error::parameter("types")) };
    named.map(known).collect()
}

fn sent(told: &Told) -> Event {
    let event = Event::default().event(kind_of(&told.event)).id(String::from(told.position.clone()));
    event.data(told.event.to_string())
}

/// `GET /events?after=&limit=&types=`: server-sent events for who accepts them; else a batch of CloudEvents with the position after them.
pub async fn events(State(app): State<AppState>, web: Web, headers: HeaderMap) -> Result<Response, Error> {
    only(&web, &["after", "limit", "types"])?;
    let types = types(&web)?;
    let limit = read::<usize>(&web, "limit")?.unwrap_or(EVENTS_AT_ONCE).clamp(1, EVENTS_MAX);
    let viewer = Viewer::of(&web);
    let mut position = begin(&app, &web, &headers).await?;
    let accepts = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !accepts.contains("text/event-stream") {
        let (mut events, mut more): (Vec<serde_json::Value>, bool) = (Vec::new(), true);
        // Most events may be of other kinds: what is left out makes room for what comes after it.
        for _ in 0..READINGS_AT_ONCE {
            let read = on(&app, &viewer, &mut position, limit - events.len()).await?;
            more = read.1;
            let wanted = read.0.into_iter().filter(|told| is_wanted(&types, told));
            events.extend(wanted.map(|told| told.event));
            if !more || events.len() >= limit {
                break;
            }
        }
        let body = json!({ "events": events, "position": String::from(position), "more": more });
        return Ok(([(header::CACHE_CONTROL, "no-store")], axum::Json(body)).into_response());
    }
    let permit = app.live_listeners.clone().try_acquire_owned().map_err(|_| Error::Busy)?;
    let news = app.committer.subscribe();
    let mut stopping = app.stopping.subscribe();
    let stopped = async move {
        // An error means the sender is gone, which is a stop as well.
        let _ = stopping.wait_for(|stopping| *stopping).await;
    };
    let reader = Reader { app: app.clone(), viewer, types, position, ready: VecDeque::new(), news };
    let events = stream::unfold((reader, permit), |(mut reader, permit)| async move {
        let told = reader.next().await?;
        Some((Ok::<Event, Infallible>(sent(&told)), (reader, permit)))
    });
    let events = events.fuse().take_until(Box::pin(stopped));
    let alive = KeepAlive::new().interval(Duration::from_secs(LIVE_PING_SECONDS)).text("ping");
    let mut response = Sse::new(events).keep_alive(alive).into_response();
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}
