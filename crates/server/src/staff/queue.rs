//! The page of a post that serves a queue: the button that calls the next, the case that was called with what can be done
//! with it, and who waits. Which case is next is decided in the kernel, while the command is carried out; the counter the
//! post sits at is chosen once and stands in the address.

use super::act::command_id;
use super::preview::Attempt;
use super::query::Query;
use super::queue_view::{self, Counter};
use super::registers::{Offers, names};
use crate::error::{Error, refusal_status};
use crate::halls::Hall;
use crate::looked;
use crate::page::Flash;
use crate::queue::{Standing, standing};
use crate::typed::{Asking, Step};
use crate::view::Look;
use crate::view::form::{Asked, FieldView, Hidden, Typed as Entered};
use crate::view::options::Choice;
use crate::view::words::count;
use crate::web::Web;
use axum::Json;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use ganglion_kernel::CommitError;
use ganglion_kernel::decide::who;
use ganglion_kernel::queue::{QueueWant, serves};
use ganglion_model::change::{Body, Command};
use ganglion_model::pack::{Field, Process};
use ganglion_model::{FieldFinding, Fields, Post};
use serde::Serialize;
use serde_json::Value;

/// Who waits, as far as shown.
const SHOWN_MAX: u32 = 50;

#[derive(Serialize)]
struct QueueContext {
    page: crate::page::Page,
    title: String,
    place: String,
    counter: Counter,
    waiting: String,
    minutes: Option<String>,
    lanes: Vec<Choice>,
    lane_href: String,
    next_href: String,
    next_label: String,
    hidden: Vec<Hidden>,
    fields: Vec<FieldView>,
    rows: Vec<queue_view::Line>,
    current: Option<queue_view::Current>,
    others: Vec<queue_view::Chip>,
    aside: Vec<queue_view::Chip>,
    screens: Option<queue_view::Screens>,
}

/// A queue the post serves, for the inbox.
#[derive(Serialize)]
pub struct QueueLink {
    label: String,
    href: String,
    count: u64,
}

/// Queues the signed-in post serves, with how many wait.
///
/// # Errors
/// Storage.
pub async fn links(web: &Web, look: &Look<'_>, post: &Post) -> Result<Vec<QueueLink>, Error> {
    let mut links = Vec::new();
    for process in web.world.model.processes.values().filter(|process| serves(process, post).is_some()) {
        let (shard, place) = (post.place.shard(), post.place);
        let want = QueueWant { shard, process: process.name.clone(), place, lanes: Vec::new(), limit: 1 };
        let count = web.app.store.waiting_count(&want, None).await?;
        let href = format!("/queue/{}", process.name);
        links.push(QueueLink { label: look.text(&process.title), href, count });
    }
    Ok(links)
}

/// The queue named in the address, if the post serves it; whoever does not finds nothing.
fn served<'w>(web: &'w Web, name: &str) -> Result<(Hall<'w>, Post), Error> {
    let post = web.post()?.clone();
    let process: &Process = web.world.model.processes.get(name).ok_or(Error::NotFound)?;
    let queue = serves(process, &post).ok_or(Error::NotFound)?;
    let row = Hall::at(&web.world, process, post.place, web.today()).and_then(|hall| hall.row);
    Ok((Hall { world: &web.world, process, queue, place: post.place, row }, post))
}

/// `GET /queue/{process}?counter=…&lane=…&selected=NUMBER`.
pub async fn show(web: Web, Path(name): Path<String>) -> Result<Response, Error> {
    let query = Query(web.query.clone()).without(&["lang", "elder", "theme"]);
    render(&web, &name, &query, Shown::default()).await
}

/// `POST /queue/{process}/next`: calls the next; asked only what applies, or for more rows of a table, it calls nobody.
pub async fn next(web: Web, Path(name): Path<String>, asking: Asking) -> Result<Response, Error> {
    let typed = &asking.0;
    let (hall, post) = served(&web, &name)?;
    let words = web.words();
    let look = web.look(&words);
    let declared = hall.process.action(&hall.queue.state, &hall.queue.take).map_or(&[][..], |action| &action.form);
    let form = typed.fields(declared);
    let counter = hall.queue.counter.as_ref().and_then(|def| typed.one(&def.field)).unwrap_or_default();
    let lane = typed.one("lane").unwrap_or_default();
    let query = Query::default().with("counter", counter).with("lane", lane);
    match asking.step() {
        Step::Send => {}
        Step::Ask => {
            let actor = who::view(&web.world, &web.actor(), web.now);
            let (process, place) = (hall.process, hall.place);
            let asked = Asked { process, case: None, actor: &actor, place, suggested: &[], prefix: "next-" };
            let live = looked::live(&web, (&look, &asked), (declared, &form), (post.place.shard(), None)).await?;
            return Ok(Json(live).into_response());
        }
        Step::More(more) => {
            let shown = Shown { typed: form, more: Some(more.to_owned()), ..Shown::default() };
            return render(&web, &name, &query, shown).await;
        }
    }
    let lanes = queue_view::lanes(&look, &hall, &query);
    let body = Body::TakeNext { process: hall.process.name.clone(), lanes, form: form.clone() };
    let command = Command { id: command_id(&web, typed), shard: post.place.shard(), actor: web.actor(), body };
    match web.app.committer.send(command).await {
        Ok(outcome) => {
            let number = outcome.number.unwrap_or_default();
            let called = queue_view::called_as(&web, &hall, outcome.shard, outcome.case).await?;
            let said = look.say("queue-called", &[("number", called.unwrap_or_else(|| number.clone()).into())]);
            Ok(web.redirect_with(&query.with("selected", &number).on(&format!("/queue/{name}")), "ok", &said))
        }
        Err(CommitError::Refused(refusal)) => {
            let said = look.refusal(Some(hall.process), &refusal);
            let status = refusal_status(refusal.code);
            let shown = Shown { status, typed: form, said, findings: refusal.fields, ..Shown::default() };
            render(&web, &name, &query, shown).await
        }
        Err(error) => {
            let error = Error::from(error);
            error.log();
            let shown = Shown { status: error.status(), typed: form, said: look.t("refusal-busy"), ..Shown::default() };
            render(&web, &name, &query, shown).await
        }
    }
}

/// What the page shows besides the queue: what came of what was tried.
pub struct Shown {
    /// Status.
    pub status: StatusCode,
    /// What was typed for the next.
    pub typed: Fields,
    /// Why nobody was called; empty when nothing was tried.
    pub said: String,
    /// What is wrong with what was typed.
    pub findings: Vec<FieldFinding>,
    /// A table that gets more blank rows.
    pub more: Option<String>,
    /// A step with the called case that was refused.
    pub attempt: Option<Attempt>,
}

impl Default for Shown {
    fn default() -> Shown {
        let (typed, said, findings) = (Fields::new(), String::new(), Vec::new());
        Shown { status: StatusCode::OK, typed, said, findings, more: None, attempt: None }
    }
}

/// The page.
///
/// # Errors
/// [`Error::NotFound`] for whoever does not serve the queue; storage.
pub async fn render(web: &Web, name: &str, query: &Query, shown: Shown) -> Result<Response, Error> {
    let (hall, post) = served(web, name)?;
    let words = web.words();
    let look = web.look(&words);
    let path = format!("/queue/{name}");
    let counter = queue_view::counter(&look, &hall, query, &path);
    let want = hall.want(queue_view::lanes(&look, &hall, query), SHOWN_MAX);
    let cases = web.app.store.waiting(&want).await?;
    names::of_cases(web, &cases).await?;
    let total = web.app.store.waiting_count(&want, None).await?;
    let mut page = web.page_titled(look.text(&hall.process.title));
    page.live_href = Some(format!("/live?place={}", post.place));
    if !shown.said.is_empty() {
        page.flash = Some(Flash { tone: "warn".to_owned(), text: shown.said.clone() });
    }
    let minutes = match cases.last() {
        Some(last) => standing(&web.app, &web.world, last).await?.and_then(|standing| told(&look, &standing)),
        None => None,
    };
    let desk = queue_view::desk(web, &look, (&hall, &post), (query, &path), shown.attempt.as_ref()).await?;
    let action = hall.process.action(&hall.queue.state, &hall.queue.take);
    let context = QueueContext {
        title: look.text(&hall.process.title),
        place: hall.name(&look),
        waiting: look.say("queue-waiting", &[("count", count(total).into())]),
        minutes,
        lane_href: path.clone(),
        next_href: format!("{path}/next"),
        next_label: action.map(|action| look.text(&action.title)).unwrap_or_default(),
        hidden: hidden(web, &hall, query, &counter),
        fields: fields(web, &look, &hall, (&counter, query, &shown)).await?,
        lanes: queue_view::lanes_known(web, &look, (&hall, &cases), query),
        rows: queue_view::lines(web, &look, &hall, &cases),
        current: desk.current,
        others: desk.others,
        aside: desk.aside,
        screens: queue_view::screens(web, &hall),
        counter,
        page,
    };
    web.render_status(shown.status, "pages/queue.html", context)
}

/// Words for the wait of whoever is last.
fn told(look: &Look<'_>, standing: &Standing) -> Option<String> {
    Some(look.say("queue-minutes", &[("minutes", standing.minutes?.into())]))
}

fn hidden(web: &Web, hall: &Hall<'_>, query: &Query, counter: &Counter) -> Vec<Hidden> {
    let mut hidden = vec![
        Hidden::new("command_id", web.app.clock.id().to_string()),
        Hidden::new("lane", query.get("lane").unwrap_or_default()),
    ];
    let chosen = hall.queue.counter.as_ref().zip(counter.chosen.as_ref());
    hidden.extend(chosen.map(|(def, key)| Hidden::new(&def.field, key)));
    hidden
}

/// What the action asks when it takes the next; a counter that was chosen is not asked again.
async fn fields(
    web: &Web,
    look: &Look<'_>,
    hall: &Hall<'_>,
    (counter, query, shown): (&Counter, &Query, &Shown),
) -> Result<Vec<FieldView>, Error> {
    let Some(action) = hall.process.action(&hall.queue.state, &hall.queue.take) else { return Ok(Vec::new()) };
    let field = hall.queue.counter.as_ref().map(|def| def.field.as_str());
    let known = |one: &&Field| counter.chosen.is_none() || Some(one.name.as_str()) != field;
    let declared: Vec<Field> = action.form.iter().filter(known).cloned().collect();
    let mut typed = shown.typed.clone();
    if let (Some(field), Some(value)) = (field, query.get("counter")) {
        typed.entry(field.to_owned()).or_insert_with(|| Value::String(value.to_owned()));
    }
    let actor = who::view(&web.world, &web.actor(), web.now);
    let (process, place) = (hall.process, hall.place);
    let asked = Asked { process, case: None, actor: &actor, place, suggested: &[], prefix: "next-" };
    let entered = Entered { values: Some(&typed), findings: &shown.findings, more: shown.more.as_deref() };
    let mut fields = look.fields(&asked, &declared, entered);
    Offers::new(web, place).give(&declared, &mut fields).await?;
    Ok(fields)
}
