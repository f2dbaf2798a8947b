//! Live news: every change of a case that the listener may read, as server-sent events. Cases are loaded once for all
//! listeners. A listener that falls behind is told to load its page again.

use crate::app::{App, AppState};
use crate::error::Error;
use crate::limits::LIVE_PING_SECONDS;
use crate::view::Look;
use crate::web::Web;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream::{self, Stream, StreamExt as _};
use ganglion_kernel::decide::who;
use ganglion_model::change::Change;
use ganglion_model::pack::Process;
use ganglion_model::{Case, CaseId, Entry, PlaceCode, Shard};
use serde_json::{Value, json};
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, broadcast};

/// A change with the case as it is now.
pub struct News {
    /// The line of the journal.
    pub(crate) entry: Entry,
    /// The case afterwards.
    pub(crate) case: Case,
}

/// Loads what changed once and hands it to every listener.
pub struct Hub {
    news: broadcast::Sender<Option<Arc<News>>>,
    started: AtomicBool,
}

impl Default for Hub {
    fn default() -> Hub {
        Hub { news: broadcast::channel(512).0, started: AtomicBool::new(false) }
    }
}

impl Hub {
    /// Starts listening to the committer when the first listener comes.
    fn subscribe(&self, app: &AppState) -> broadcast::Receiver<Option<Arc<News>>> {
        let receiver = self.news.subscribe();
        if !self.started.swap(true, Ordering::AcqRel) {
            tokio::spawn(pass_on(app.clone(), app.committer.subscribe()));
        }
        receiver
    }
}

fn case_of(entry: &Entry) -> Option<(Shard, CaseId)> {
    match &entry.change {
        Change::Opened { case } => Some((entry.shard, case.id)),
        Change::Case { case, .. } => Some((entry.shard, *case)),
        Change::Record { .. } | Change::RecordGone { .. } | Change::Proposal { .. } | Change::Erased { .. } => None,
    }
}

async fn pass_on(app: AppState, mut journal: broadcast::Receiver<Arc<Vec<Entry>>>) {
    let mut stopping = app.stopping.subscribe();
    loop {
        let received = tokio::select! {
            received = journal.recv() => received,
            _ = stopping.wait_for(|stopping| *stopping) => return,
        };
        match received {
            Ok(entries) if app.live.news.receiver_count() > 0 => {
                for entry in entries.iter() {
                    send(&app, entry).await;
                }
            }
            Ok(_) => {}
            // Nobody is listening then, or somebody hears nothing: either way there is nothing to undo.
            Err(RecvError::Lagged(_)) => drop(app.live.news.send(None)),
            Err(RecvError::Closed) => return,
        }
    }
}

async fn send(app: &App, entry: &Entry) {
    let Some((shard, id)) = case_of(entry) else { return };
    let case = match &entry.change {
        Change::Opened { case } => Some(Case::clone(case)),
        _ => app.store.case(shard, id).await.unwrap_or_default(),
    };
    let Some(case) = case else { return };
    // An error means that nobody listens any more.
    let _ = app.live.news.send(Some(Arc::new(News { entry: entry.clone(), case })));
}

/// `GET /live?place=CODE`: events `case` (a change), `resync` (too much at once: load again).
pub async fn live(State(app): State<AppState>, web: Web) -> Result<Response, Error> {
    web.post()?;
    let place = web.arg("place").map(str::parse::<PlaceCode>).transpose().map_err(|_| Error::NotFound)?;
    let permit = app.live_listeners.clone().try_acquire_owned().map_err(|_| Error::Busy)?;
    Ok(stream(&app, permit, move |news| described(&web, place, news).map(Ok)))
}

/// What a listener hears.
pub type Heard = Result<Event, Infallible>;

/// A connection that hears what `described` makes of the news; the permit is held as long as it lives.
pub fn stream<F>(app: &AppState, permit: OwnedSemaphorePermit, described: F) -> Response
where
    F: Fn(&News) -> Option<Heard> + Send + Sync + 'static,
{
    let receiver = app.live.subscribe(app);
    let mut stopping = app.stopping.subscribe();
    let stopped = async move {
        // An error means the sender is gone, which is a stop as well.
        let _ = stopping.wait_for(|stopping| *stopping).await;
    };
    let events = events(Arc::new(described), receiver).take_until(Box::pin(stopped)).map(move |event| {
        // Held as long as the connection lives.
        let _ = &permit;
        event
    });
    let alive = KeepAlive::new().interval(Duration::from_secs(LIVE_PING_SECONDS)).text("ping");
    let mut response = Sse::new(events).keep_alive(alive).into_response();
    response.headers_mut().insert("x-accel-buffering", axum::http::HeaderValue::from_static("no"));
    response
}

fn events<F>(described: Arc<F>, receiver: broadcast::Receiver<Option<Arc<News>>>) -> impl Stream<Item = Heard>
where
    F: Fn(&News) -> Option<Heard> + Send + Sync + 'static,
{
    stream::unfold((described, receiver), |(described, mut receiver)| async move {
        loop {
            let event = match receiver.recv().await {
                Ok(Some(news)) => described(&news),
                Ok(None) | Err(RecvError::Lagged(_)) => Some(Ok(Event::default().event("resync").data("{}"))),
                Err(RecvError::Closed) => return None,
            };
            if let Some(event) = event {
                return Some((event, (described, receiver)));
            }
        }
    })
    .fuse()
}

/// The event for one listener; `None` when it is not for them. Permission is looked at with the world of this moment,
/// so that a post that ends hears nothing more.
fn described(web: &Web, place: Option<PlaceCode>, news: &News) -> Option<Event> {
    let case = &news.case;
    if place.is_some_and(|place| !place.holds(case.place)) {
        return None;
    }
    let world = web.app.world.load();
    let actor = web.actor();
    let post = who::post_of(&world, &actor, web.app.clock.now());
    if post.is_none() || !who::may_read(&world, &actor, post, case) {
        return None;
    }
    let process = world.model.processes.get(&case.process)?;
    let words = web.words();
    let look = Look { world: &world, say: &words, now: web.app.clock.now() };
    let data = summary(&look, process, news);
    Event::default().event("case").id(format!("{}-{}", news.entry.shard, news.entry.seq)).json_data(data).ok()
}

fn summary(look: &Look<'_>, process: &Process, news: &News) -> Value {
    let (case, entry) = (&news.case, &news.entry);
    let action = match &entry.change {
        Change::Case { action, .. } => Some(action.as_str()),
        _ => None,
    };
    let known = process.states.values().flat_map(|state| &state.actions);
    let verb = action.and_then(|name| known.clone().find(|one| one.name == name)).map(|one| look.text(&one.title));
    let state = look.state(process, &case.state);
    let title = look.title(process, case);
    let verb = verb.unwrap_or_else(|| state.label.clone());
    json!({
        "seq": entry.seq,
        "shard": entry.shard,
        "number": case.number,
        "href": format!("/cases/{}", case.number),
        "title": title,
        "state": state.name,
        "state_label": state.label,
        "tone": state.tone,
        "opened": matches!(entry.change, Change::Opened { .. }),
        "final": case.closed_at.is_some(),
        "place": look.place_short(case.place),
        "place_code": case.place,
        "point": case.point,
        "clock_kind": look.main_clock(process, case).kind,
        "at": look.time(entry.at),
        "text": look.say("live-line", &[
            ("verb", verb.into()),
            ("title", title.into()),
            ("place", look.place_short(case.place).into()),
        ]),
    })
}
