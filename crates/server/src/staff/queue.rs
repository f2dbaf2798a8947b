//! The page of a post that serves a queue: who waits, the button that calls the next, and the case that was called beside
//! them. Which case is next is decided in the kernel, while the command is carried out.

use super::act::command_id;
use super::find;
use super::preview::{self, Preview};
use super::query::Query;
use crate::error::{Error, refusal_status};
use crate::page::Flash;
use crate::queue::{Standing, standing};
use crate::typed::Typed;
use crate::view::Look;
use crate::view::case::{CaseRow, card_href};
use crate::view::form::{Asked, FieldView, Hidden, Typed as Entered};
use crate::view::options::Choice;
use crate::view::words::count;
use crate::web::Web;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use ganglion_kernel::CommitError;
use ganglion_kernel::decide::who;
use ganglion_kernel::queue::{QueueWant, serves, waiting_of};
use ganglion_model::change::{Body, Command};
use ganglion_model::pack::{Process, QueueDef};
use ganglion_model::{Case, Fields, Post};
use serde::Serialize;
use std::collections::BTreeSet;

/// Who waits, as far as shown.
const SHOWN_MAX: u32 = 50;

#[derive(Serialize)]
struct Line {
    position: usize,
    row: CaseRow,
    since: String,
    lane: String,
}

#[derive(Serialize)]
struct QueueContext {
    page: crate::page::Page,
    title: String,
    place: String,
    waiting: String,
    minutes: Option<String>,
    lanes: Vec<Choice>,
    lane_href: String,
    next_href: String,
    next_label: String,
    hidden: Vec<Hidden>,
    fields: Vec<FieldView>,
    rows: Vec<Line>,
    preview: Option<Preview>,
}

/// A queue the post serves, for the inbox.
#[derive(Serialize)]
pub struct QueueLink {
    label: String,
    href: String,
    count: u64,
}

fn of_post(process: &Process, post: &Post, lanes: Vec<String>) -> QueueWant {
    let (shard, place) = (post.place.shard(), post.place);
    QueueWant { shard, process: process.name.clone(), place, lanes, limit: SHOWN_MAX }
}

/// Queues the signed-in post serves, with how many wait.
///
/// # Errors
/// Storage.
pub async fn links(web: &Web, look: &Look<'_>, post: &Post) -> Result<Vec<QueueLink>, Error> {
    let mut links = Vec::new();
    for process in web.world.model.processes.values().filter(|process| serves(process, post).is_some()) {
        let count = web.app.store.waiting_count(&of_post(process, post, Vec::new()), None).await?;
        let href = format!("/queue/{}", process.name);
        links.push(QueueLink { label: look.text(&process.title), href, count });
    }
    Ok(links)
}

/// The queue named in the address, if the post serves it; whoever does not finds nothing.
fn served<'w>(web: &'w Web, name: &str) -> Result<(&'w Process, &'w QueueDef, Post), Error> {
    let post = web.post()?.clone();
    let process = web.world.model.processes.get(name).ok_or(Error::NotFound)?;
    let queue = serves(process, &post).ok_or(Error::NotFound)?;
    Ok((process, queue, post))
}

fn lanes_of(query: &Query) -> Vec<String> {
    query.0.iter().filter(|(name, value)| name == "lane" && !value.is_empty()).map(|(_, lane)| lane.clone()).collect()
}

/// `GET /queue/{process}?lane=…&selected=NUMBER`.
pub async fn show(web: Web, Path(name): Path<String>) -> Result<Response, Error> {
    let query = Query(web.query.clone()).without(&["lang", "elder", "theme"]);
    render(&web, &name, &query, (&Fields::new(), None), StatusCode::OK).await
}

/// `POST /queue/{process}/next`: calls the next.
pub async fn next(web: Web, Path(name): Path<String>, typed: Typed) -> Result<Response, Error> {
    let (process, queue, post) = served(&web, &name)?;
    let lanes: Vec<String> = typed.one("lane").filter(|lane| !lane.is_empty()).map(str::to_owned).into_iter().collect();
    let declared = process.action(&queue.state, &queue.take).map_or(&[][..], |action| &action.form);
    let form = typed.fields(declared);
    let query = Query::default().with("lane", lanes.first().map_or("", String::as_str));
    let body = Body::TakeNext { process: process.name.clone(), lanes, form: form.clone() };
    let command = Command { id: command_id(&web, &typed), shard: post.place.shard(), actor: web.actor(), body };
    let words = web.words();
    let look = web.look(&words);
    let path = format!("/queue/{name}");
    match web.app.committer.send(command).await {
        Ok(outcome) => {
            let number = outcome.number.unwrap_or_default();
            let said = look.say("queue-called", &[("number", number.as_str().into())]);
            Ok(web.redirect_with(&query.with("selected", &number).on(&path), "ok", &said))
        }
        Err(CommitError::Refused(refusal)) => {
            let said = look.refusal(Some(process), &refusal);
            let status = refusal_status(refusal.code);
            render(&web, &name, &query, (&form, Some((said, &refusal.fields))), status).await
        }
        Err(error) => {
            let error = Error::from(error);
            error.log();
            render(&web, &name, &query, (&form, Some((look.t("refusal-busy"), &Vec::new()))), error.status()).await
        }
    }
}

type Said<'a> = Option<(String, &'a Vec<ganglion_model::FieldFinding>)>;

async fn render(
    web: &Web,
    name: &str,
    query: &Query,
    (typed, said): (&Fields, Said<'_>),
    status: StatusCode,
) -> Result<Response, Error> {
    let (process, queue, post) = served(web, name)?;
    let words = web.words();
    let look = web.look(&words);
    let lanes = lanes_of(query);
    let want = of_post(process, &post, lanes.clone());
    let cases = web.app.store.waiting(&want).await?;
    let total = web.app.store.waiting_count(&want, None).await?;
    let known = lanes_known(web, &look, (process, &cases), &lanes);
    let path = format!("/queue/{name}");
    let mut page = web.page_titled(look.text(&process.title));
    page.live_href = Some(format!("/live?place={}", post.place));
    if let Some((text, _)) = &said {
        page.flash = Some(Flash { tone: "warn".to_owned(), text: text.clone() });
    }
    let findings = said.map(|(_, findings)| findings.clone()).unwrap_or_default();
    let fields = fields(web, &look, (process, queue, &post), (typed, &findings));
    let minutes = match cases.last() {
        Some(last) => standing(&web.app, &web.world, last).await?.and_then(|standing| told(&look, &standing)),
        None => None,
    };
    let action = process.action(&queue.state, &queue.take);
    let context = QueueContext {
        title: look.text(&process.title),
        place: look.place(post.place),
        waiting: look.say("queue-waiting", &[("count", count(total).into())]),
        minutes,
        lane_href: path.clone(),
        next_href: format!("{path}/next"),
        next_label: action.map(|action| look.text(&action.title)).unwrap_or_default(),
        hidden: vec![
            Hidden::new("command_id", web.app.clock.id().to_string()),
            Hidden::new("lane", lanes.first().map_or("", String::as_str)),
        ],
        fields,
        lanes: known,
        rows: lines(web, &look, &cases),
        preview: called(web, &look, query, &path).await?,
        page,
    };
    web.render_status(status, "pages/queue.html", context)
}

/// Words for the wait of whoever is last.
fn told(look: &Look<'_>, standing: &Standing) -> Option<String> {
    Some(look.say("queue-minutes", &[("minutes", standing.minutes?.into())]))
}

fn lines(web: &Web, look: &Look<'_>, cases: &[Case]) -> Vec<Line> {
    let line = |(at, case): (usize, &Case)| {
        let waiting = waiting_of(&web.world, case)?;
        Some(Line {
            position: at + 1,
            row: look.case_row(case, card_href(&case.number)),
            since: look.when(waiting.since),
            lane: lane_words(web, look, &waiting.lane),
        })
    };
    cases.iter().enumerate().filter_map(line).collect()
}

/// A lane is most often a code of some list; then its words are shown.
fn lane_words(web: &Web, look: &Look<'_>, lane: &str) -> String {
    let codes = web.world.model.lists.values().filter_map(|list| list.code(lane));
    codes.map(|code| look.text(&code.title)).next().unwrap_or_else(|| lane.to_owned())
}

/// The lanes of those who wait, and the chosen one.
fn lanes_known(web: &Web, look: &Look<'_>, (process, cases): (&Process, &[Case]), chosen: &[String]) -> Vec<Choice> {
    if process.queue.as_ref().is_none_or(|queue| queue.lane.is_none()) {
        return Vec::new();
    }
    let mut lanes: BTreeSet<String> =
        cases.iter().filter_map(|case| waiting_of(&web.world, case)).map(|waiting| waiting.lane).collect();
    lanes.extend(chosen.iter().cloned());
    let mut all = vec![Choice { selected: chosen.is_empty(), ..Choice::new(String::new(), look.t("filter-all")) }];
    all.extend(lanes.into_iter().filter(|lane| !lane.is_empty()).map(|lane| Choice {
        selected: chosen.contains(&lane),
        ..Choice::new(lane.clone(), lane_words(web, look, &lane))
    }));
    all
}

/// What the action asks when it takes the next.
fn fields(
    web: &Web,
    look: &Look<'_>,
    (process, queue, post): (&Process, &QueueDef, &Post),
    (typed, findings): (&Fields, &[ganglion_model::FieldFinding]),
) -> Vec<FieldView> {
    let Some(action) = process.action(&queue.state, &queue.take) else { return Vec::new() };
    let actor = who::view(&web.world, &web.actor(), web.now);
    let asked = Asked { process, case: None, actor: &actor, place: post.place, suggested: &[], prefix: "next-" };
    look.action_form(&asked, action, Vec::new(), Entered { values: Some(typed), findings, more: None }).fields
}

/// The case that was called, with what can be done with it.
async fn called(web: &Web, look: &Look<'_>, query: &Query, path: &str) -> Result<Option<Preview>, Error> {
    let Some(number) = query.get("selected") else { return Ok(None) };
    let (case, process) = match find::case(web, number).await {
        Ok(found) => found,
        Err(Error::NotFound) => return Ok(None),
        Err(error) => return Err(error),
    };
    let suggested = preview::suggestions(web, look, &case, process).await?;
    let back = query.without(&["selected"]).on(path);
    let view = preview::preview(web, (&case, process), &suggested, None, (back.clone(), Some(back))).await?;
    Ok(Some(view))
}
