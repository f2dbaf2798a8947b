//! The command centre: what is open in a place by lateness, on the map, with the chosen case and who should have it.

use super::find;
use super::lists::Union;
use super::preview::{self, Attempt, Preview};
use super::query::Query;
use crate::error::Error;
use crate::view::Look;
use crate::view::case::{CaseRow, card_href};
use crate::view::form::Hidden;
use crate::view::suggest::Suggestion;
use crate::view::words::count;
use crate::web::Web;
use axum::http::StatusCode;
use axum::response::Response;
use ganglion_kernel::clocks::midnight;
use ganglion_kernel::decide::who;
use ganglion_kernel::port::{CaseFilter, CaseOrder};
use ganglion_model::change::{Change, Entry, Op};
use ganglion_model::pack::{Process, Tone};
use ganglion_model::{Case, PlaceCode, Post};
use jiff::SignedDuration;
use serde::Serialize;
use serde_json::{Value, json};

/// Rows of the queue: what fits a wall.
const QUEUE_ROWS: u32 = 40;
/// Lines of the ticker.
const TICKER_LINES: usize = 12;
/// Journal lines looked through for it in each shard.
const TICKER_LOOKED: u32 = 40;
/// Hours of a sparkline.
const HOURS: usize = 24;
/// Cases of the last day a sparkline is drawn from.
const DAY_ROWS: u32 = 1_000;

#[derive(Serialize)]
struct Counter {
    label: String,
    value: String,
    tone: &'static str,
    points: Vec<usize>,
    href: String,
}

#[derive(Serialize)]
struct SuggestionView {
    post: String,
    unit: String,
    reason: String,
    load: Option<u64>,
    action_href: String,
    hidden: Vec<Hidden>,
    label: String,
}

#[derive(Serialize)]
struct TickerLine {
    at: String,
    text: String,
    href: String,
}

#[derive(Serialize)]
struct CentreContext {
    page: crate::page::Page,
    place_name: String,
    at: String,
    counters: Vec<Counter>,
    queue: Vec<CaseRow>,
    queue_total: String,
    queue_href: String,
    map: Value,
    chosen: Option<Preview>,
    suggestions: Vec<SuggestionView>,
    ticker: Vec<TickerLine>,
}

/// `GET /centre`.
pub async fn show(web: Web) -> Result<Response, Error> {
    let query = Query(web.query.clone());
    render(&web, &query, None, StatusCode::OK).await
}

/// The place of the page: the one asked for inside the post's own, else the post's own.
fn place_of(query: &Query, post: &Post) -> PlaceCode {
    let asked = query.get("place").and_then(|code| code.parse::<PlaceCode>().ok());
    asked.filter(|code| post.place.holds(*code)).unwrap_or(post.place)
}

/// What is open in a place, of the cases a union holds: the list that is read by lateness.
pub fn open_in(reach: &Union, place: PlaceCode) -> Union {
    reach.narrowed(&CaseFilter { place: Some(place), open: Some(true), ..CaseFilter::default() })
}

/// The centre as a page.
///
/// # Errors
/// Storage; a template that fails.
pub async fn render(web: &Web, query: &Query, attempt: Option<Attempt>, status: StatusCode) -> Result<Response, Error> {
    let post = web.post()?.clone();
    let query = query.without(&["lang", "elder", "theme"]);
    let words = web.words();
    let look = web.look(&words);
    let place = place_of(&query, &post);
    let reach = Union::reachable(web, &post);
    let list = open_in(&reach, place);
    let page = list.page(web, CaseOrder::Due, None, QUEUE_ROWS).await?;
    let selected = query.get("selected").map(str::to_owned);
    let (chosen, suggestions) = match &selected {
        Some(number) => chosen(web, &look, &query, (number, &page.cases), attempt.as_ref()).await?,
        None => (None, Vec::new()),
    };
    let queue = page.cases.iter().map(|case| CaseRow {
        selected: selected.as_deref() == Some(&case.number),
        ..look.case_row(case, query.with("selected", &case.number).on("/centre"))
    });
    let point = match &chosen {
        Some(preview) => page.cases.iter().find(|case| case.number == preview.number).and_then(|case| case.point),
        None => None,
    };
    let context = CentreContext {
        page: crate::page::Page { live_href: Some(format!("/live?place={place}")), ..web.page("title-centre") },
        place_name: look.place(place),
        at: look.date_time(web.now),
        counters: counters(web, &look, &reach, place).await?,
        queue: queue.collect(),
        queue_total: count(list.count(web).await?),
        queue_href: format!("/cases?place={place}&open=1&sort=due"),
        map: json!({
            "outlines_href": format!("/map/outlines?parent={place}"),
            "cases_href": format!("/map/cases?place={place}"),
            "point": point,
            "synthetic": true,
        }),
        chosen,
        suggestions,
        ticker: ticker(web, &look, place).await?,
    };
    web.render_status(status, "pages/centre.html", context)
}

async fn chosen(
    web: &Web,
    look: &Look<'_>,
    query: &Query,
    (number, listed): (&str, &[Case]),
    attempt: Option<&Attempt>,
) -> Result<(Option<Preview>, Vec<SuggestionView>), Error> {
    let (case, process) = match find::case(web, number).await {
        Ok(found) => found,
        Err(Error::NotFound) => return Ok((None, Vec::new())),
        Err(error) => return Err(error),
    };
    let suggested = preview::suggestions(web, look, &case, process).await?;
    let at = listed.iter().position(|one| one.number == number);
    let next = at.and_then(|at| listed.get(at + 1)).map(|next| next.number.as_str()).unwrap_or_default();
    let back = query.with("selected", next).on("/centre");
    let list = query.without(&["selected"]).on("/centre");
    let views = suggested.iter().filter_map(|one| suggestion(web, look, (&case, process), one, &back)).collect();
    let preview = preview::preview(web, (&case, process), &suggested, attempt, (list, Some(back))).await?;
    Ok((Some(preview), views))
}

/// A suggestion with its one-tap form; an action that asks for more than the post is taken through its own form.
fn suggestion(
    web: &Web,
    look: &Look<'_>,
    (case, process): (&Case, &Process),
    one: &Suggestion,
    back: &str,
) -> Option<SuggestionView> {
    let action = process.action(&case.state, &one.action)?;
    let post = web.world.posts.get(&one.post)?;
    let needs_more = action
        .form
        .iter()
        .any(|field| field.name != one.field && field.required == ganglion_model::pack::Required::Yes);
    let action_href = if needs_more { String::new() } else { format!("/cases/{}/{}", case.number, action.name) };
    Some(SuggestionView {
        post: look.post_title(post),
        unit: look.place(post.place),
        reason: one.reasons.join(" · "),
        load: one.load,
        action_href,
        hidden: vec![
            Hidden::new(&one.field, &one.post.0),
            Hidden::new("version", case.version.to_string()),
            Hidden::new("command_id", web.app.clock.id().to_string()),
            Hidden::new("back", back),
        ],
        label: look.text(&action.title),
    })
}

/// States of a tone, over all processes.
fn states_of(web: &Web, tones: &[Tone]) -> Vec<String> {
    let states = web.world.model.processes.values().flat_map(|process| process.states.values());
    let mut names: Vec<String> =
        states.filter(|state| tones.contains(&state.tone)).map(|state| state.name.clone()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// A count of the centre.
pub struct Count {
    /// What is counted: `today`, `waiting`, `in_progress`, `paused`, `overdue`, `settled`.
    pub name: &'static str,
    /// The text that says so.
    pub text: &'static str,
    /// How many.
    pub total: u64,
    /// Those of each of the last 24 hours, where they are counted so.
    pub hours: Vec<usize>,
    tone: &'static str,
    list: String,
}

/// Six counters, each exact and each leading to its list.
async fn counters(web: &Web, look: &Look<'_>, reach: &Union, place: PlaceCode) -> Result<Vec<Counter>, Error> {
    let view = |one: Count| {
        let tone = if one.total == 0 && one.tone != "ok" { "plain" } else { one.tone };
        Counter { label: look.t(one.text), value: count(one.total), tone, points: one.hours, href: one.list }
    };
    Ok(counts(web, reach, place).await?.into_iter().map(view).collect())
}

/// What the centre counts of a place, of the cases a union holds.
///
/// # Errors
/// Storage.
pub async fn counts(web: &Web, reach: &Union, place: PlaceCode) -> Result<Vec<Count>, Error> {
    let open = CaseFilter { place: Some(place), open: Some(true), ..CaseFilter::default() };
    // Without a state of a tone nothing has it; a filter that names no state would leave all.
    let of_tone = |tone: Tone| {
        let states = states_of(web, &[tone]);
        (!states.is_empty()).then(|| CaseFilter { states, ..open.clone() })
    };
    let today = (midnight(web.today()), web.now + SignedDuration::from_secs(1));
    let opened = CaseFilter { place: Some(place), opened: Some(today), ..CaseFilter::default() };
    let settled = CaseFilter { open: Some(false), ..opened.clone() };
    let overdue = CaseFilter { due_before: Some(web.now), ..open.clone() };
    let list = format!("/cases?place={place}");
    let day = web.today();
    let (came, closed) = last_day(web, reach, place).await?;
    let none = Vec::new;
    let wanted = [
        (("today", "count-today", "plain"), Some(opened), came, format!("{list}&period={day}")),
        (("waiting", "counter-waiting", "soon"), of_tone(Tone::Waiting), none(), format!("{list}&open=1&sort=due")),
        (
            ("in_progress", "count-in-progress", "plain"),
            of_tone(Tone::Working),
            none(),
            format!("{list}&open=1&sort=due"),
        ),
        (("paused", "counter-paused", "plain"), of_tone(Tone::Paused), none(), format!("{list}&open=1&sort=due")),
        (("overdue", "count-overdue", "late"), Some(overdue), none(), format!("{list}&clock=overdue")),
        (("settled", "counter-settled", "ok"), Some(settled), closed, format!("{list}&open=0&period={day}")),
    ];
    let mut counts = Vec::new();
    for ((name, text, tone), filter, hours, list) in wanted {
        let total = match &filter {
            Some(filter) => reach.narrowed(filter).count(web).await?,
            None => 0,
        };
        counts.push(Count { name, text, total, hours, tone, list });
    }
    Ok(counts)
}

/// Of the cases of the last 24 hours: how many came in and how many were settled, by hour.
async fn last_day(web: &Web, reach: &Union, place: PlaceCode) -> Result<(Vec<usize>, Vec<usize>), Error> {
    let since = web.now - SignedDuration::from_hours(24);
    let filter = CaseFilter {
        place: Some(place),
        opened: Some((since, web.now + SignedDuration::from_secs(1))),
        ..CaseFilter::default()
    };
    let page = reach.narrowed(&filter).page(web, CaseOrder::Opened, None, DAY_ROWS).await?;
    let (mut came, mut closed) = (vec![0; HOURS], vec![0; HOURS]);
    let hour =
        |at: jiff::Timestamp| usize::try_from((at.as_second() - since.as_second()) / 3600).unwrap_or(0).min(HOURS - 1);
    for case in &page.cases {
        came[hour(case.opened_at)] += 1;
        if let Some(at) = case.closed_at {
            closed[hour(at)] += 1;
        }
    }
    Ok((came, closed))
}

/// What just happened in the place, newest first.
async fn ticker(web: &Web, look: &Look<'_>, place: PlaceCode) -> Result<Vec<TickerLine>, Error> {
    let wanted = find::counties(web, place);
    let mut lines: Vec<(jiff::Timestamp, TickerLine)> = Vec::new();
    let shards = web.app.store.positions().await?;
    for (shard, head) in shards.into_iter().filter(|(shard, _)| wanted.contains(shard)) {
        let since = head.saturating_sub(u64::from(TICKER_LOOKED));
        let entries = web.app.store.entries_after(shard, since, TICKER_LOOKED).await?;
        let mut taken = 0;
        for entry in entries.iter().rev() {
            if taken == TICKER_LINES {
                break;
            }
            if let Some(line) = ticker_line(web, look, entry, place).await? {
                lines.push((entry.at, line));
                taken += 1;
            }
        }
    }
    lines.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    Ok(lines.into_iter().take(TICKER_LINES).map(|(_, line)| line).collect())
}

async fn ticker_line(web: &Web, look: &Look<'_>, entry: &Entry, place: PlaceCode) -> Result<Option<TickerLine>, Error> {
    let (id, action) = match &entry.change {
        Change::Opened { case } => (case.id, None),
        Change::Case { case, action, ops, .. } => (*case, Some((action, ops))),
        Change::Record { .. } | Change::RecordGone { .. } | Change::Proposal { .. } | Change::Erased { .. } => {
            return Ok(None);
        }
    };
    let Some(case) = web.app.store.case(entry.shard, id).await? else {
        return Ok(None);
    };
    let readable = who::may_read(&web.world, &web.actor(), web.post().ok(), &case);
    let process = web.world.model.processes.get(&case.process);
    let Some(process) = process.filter(|_| readable && place.holds(case.place)) else {
        return Ok(None);
    };
    let verb = match action {
        None => look.t("verb-opened"),
        Some((name, ops)) => {
            // One name may have other words in another state: those of the state it was taken in count.
            let from = ops.iter().find_map(|op| match op {
                Op::State { from, .. } => Some(from.as_str()),
                _ => None,
            });
            let known = process.action(from.unwrap_or(&case.state), name);
            known.map_or_else(|| look.state(process, &case.state).label, |action| look.text(&action.title))
        }
    };
    let about = match process.kind_field {
        Some(_) => look.category_short(process, &case),
        None => look.kind_or_process(process, &case),
    };
    let text = format!("{} {about} · {verb}", look.place(case.place));
    Ok(Some(TickerLine { at: look.time(entry.at), text, href: card_href(&case.number) }))
}
