//! A board: the cases of one process in columns by state, each with its count and its most urgent cases first. Derived from
//! the states a pack declares; works without scripts.

use super::lists::{ListPage, TOTAL_MAX, Total, Union};
use super::query::{Query, after_of, after_text};
use crate::error::Error;
use crate::view::Look;
use crate::view::case::{CaseRow, StateTag, card_href};
use crate::view::options::Choice;
use crate::web::Web;
use axum::response::Response;
use ganglion_kernel::decide::who::{Reach, reach};
use ganglion_kernel::port::{After, CaseFilter, CaseOrder};
use ganglion_model::Post;
use ganglion_model::pack::{Process, State};
use serde::Serialize;

/// Cards of one column at a time.
pub const CARDS: u32 = 20;

/// The cases of a process in one state.
pub struct Stack {
    /// How many there are; of what is settled as far as it is worth counting.
    pub total: Total,
    /// The most urgent of them; of what is settled the newest.
    pub page: ListPage,
    /// In which order.
    pub order: CaseOrder,
}

#[derive(Serialize)]
struct Column {
    state: StateTag,
    count: String,
    rows: Vec<CaseRow>,
    first_href: Option<String>,
    next_href: Option<String>,
    list_href: String,
}

#[derive(Serialize)]
struct BoardContext {
    page: crate::page::Page,
    processes: Vec<Choice>,
    columns: Vec<Column>,
}

/// Processes the post has lists of: those it reads in its subtree first.
fn readable<'w>(web: &'w Web, post: &Post) -> Vec<&'w Process> {
    let mut all: Vec<&Process> = web.world.model.processes.values().collect();
    all.sort_by_key(|process| matches!(reach(process, post), Reach::Own));
    all
}

/// The process a board begins with: the one with most open cases for the post, counted as far as lists are.
async fn busiest<'w>(web: &Web, post: &Post, all: &[&'w Process]) -> Result<Option<&'w Process>, Error> {
    let mut most: Option<(u64, &'w Process)> = None;
    for &process in all {
        let open = CaseFilter { processes: vec![process.name.clone()], open: Some(true), ..CaseFilter::default() };
        let mut count = 0;
        for filter in Union::reachable(web, post).narrowed(&open).0 {
            count += web.app.store.case_count_to(&filter, TOTAL_MAX).await?;
        }
        if most.is_none_or(|(before, _)| count > before) {
            most = Some((count, process));
        }
        // Nothing is counted to more than this.
        if count >= u64::from(TOTAL_MAX) {
            break;
        }
    }
    Ok(most.map(|(_, process)| process))
}

/// `GET /cases/board?process=NAME&after.STATE=…`.
pub async fn show(web: Web) -> Result<Response, Error> {
    let post = web.post()?.clone();
    let query = Query(web.query.clone()).without(&["lang", "elder", "theme"]);
    let words = web.words();
    let look = web.look(&words);
    let all = readable(&web, &post);
    let Some(name) = query.get("process") else {
        // The address says whose board it is, so that the board stays the same when its counts move.
        let process = busiest(&web, &post, &all).await?.ok_or(Error::NotFound)?;
        return Ok(web.redirect(&query.with("process", &process.name).on("/cases/board")));
    };
    let process = all.iter().copied().find(|process| process.name == name).ok_or(Error::NotFound)?;
    let mut columns = Vec::new();
    for state in process.state_order.iter().filter_map(|name| process.states.get(name)) {
        columns.push(column(&web, &look, (process, state), &query).await?);
    }
    let option = |one: &&Process| Choice {
        selected: one.name == process.name,
        ..Choice::new(one.name.clone(), look.text(&one.title))
    };
    let mut page = web.page("title-board");
    page.live_href = Some(format!("/live?place={}", post.place));
    web.render("pages/board.html", BoardContext { page, processes: all.iter().map(option).collect(), columns })
}

/// The cases in a state that the post lists, from one on.
///
/// # Errors
/// Storage.
pub async fn stack(
    web: &Web,
    (process, state): (&Process, &State),
    after: Option<&After>,
    limit: u32,
) -> Result<Stack, Error> {
    let filter = CaseFilter {
        processes: vec![process.name.clone()],
        states: vec![state.name.clone()],
        // What is settled has no deadline to be sorted by.
        open: (!state.is_settled()).then_some(true),
        ..CaseFilter::default()
    };
    let order = if state.is_settled() { CaseOrder::Opened } else { CaseOrder::Due };
    let list = Union::reachable(web, web.post()?).narrowed(&filter);
    let page = list.page(web, order, after, limit).await?;
    let total = if state.is_settled() { list.total(web).await? } else { list.count(web).await?.into() };
    Ok(Stack { total, page, order })
}

async fn column(
    web: &Web,
    look: &Look<'_>,
    (process, state): (&Process, &State),
    query: &Query,
) -> Result<Column, Error> {
    let key = format!("after.{}", state.name);
    let after = after_of(query.get(&key));
    let Stack { total, page, .. } = stack(web, (process, state), after.as_ref(), CARDS).await?;
    let here = query.with("process", &process.name);
    let listed = Query::default().with("process", &process.name).with("state", &state.name);
    Ok(Column {
        state: look.state(process, &state.name),
        count: total.text(),
        rows: page.cases.iter().map(|case| look.case_row(case, card_href(&case.number))).collect(),
        first_href: after.map(|_| here.with(&key, "").on("/cases/board")),
        next_href: page.next.map(|next| here.with(&key, &after_text(&next)).on("/cases/board")),
        list_href: listed.on("/cases"),
    })
}
