//! The inbox: what waits for this post, its team and itself, by clock, with the chosen case beside the list.

use super::cases;
use super::filters::Filters;
use super::lists::{Total, Union};
use super::preview::{self, Attempt, Preview};
use super::query::{Query, after_of, after_text};
use super::{bulk, find, turn};
use crate::error::Error;
use crate::view::Look;
use crate::view::case::CaseRow;
use crate::view::options::Choice;
use crate::web::Web;
use axum::http::StatusCode;
use axum::response::Response;
use ganglion_kernel::port::{CaseFilter, CaseOrder};
use ganglion_model::{Case, Post};
use serde::Serialize;

/// A tab with its exact count.
#[derive(Serialize)]
struct Tab {
    key: &'static str,
    label: String,
    /// With separators, as everywhere.
    count: String,
    href: String,
    current: bool,
}

/// A select above a list.
#[derive(Clone, Debug, Serialize)]
pub struct FilterView {
    /// Name in the query.
    pub name: &'static str,
    /// Label.
    pub label: String,
    /// Choices.
    pub options: Vec<Choice>,
}

/// Pages by key.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Pager {
    /// Back to the first page.
    pub prev_href: Option<String>,
    /// The next page.
    pub next_href: Option<String>,
    /// How many there are.
    pub text: String,
}

#[derive(Serialize)]
struct Search {
    q: String,
    action_href: &'static str,
    hidden: Vec<crate::view::form::Hidden>,
    filtered: Option<String>,
    clear_href: Option<String>,
    reload_href: String,
}

#[derive(Serialize)]
struct DeskContext {
    page: crate::page::Page,
    tabs: Vec<Tab>,
    search: Search,
    filters: Vec<FilterView>,
    sentence: Option<String>,
    rows: Vec<CaseRow>,
    pager: Option<Pager>,
    bulk: Option<bulk::BulkView>,
    preview: Option<Preview>,
    empty: Option<serde_json::Value>,
    proposals: Option<super::registers::proposals::Waiting>,
    queues: Vec<super::queue::QueueLink>,
    news: super::news::Heard,
    new_href: Option<&'static str>,
}

/// The tabs: which cases each holds.
fn tabs(web: &Web, post: &Post) -> [(&'static str, Union); 3] {
    let open = CaseFilter { open: Some(true), ..CaseFilter::default() };
    [
        ("mine", Union::turn(web, post)),
        ("team", Union::reachable(web, post).narrowed(&open)),
        ("waiting", Union::waited_for(web, post)),
    ]
}

/// `GET /desk`.
pub async fn show(web: Web) -> Result<Response, Error> {
    let query = Query(web.query.clone());
    render(&web, &query, None, StatusCode::OK).await
}

/// The inbox as a page.
///
/// # Errors
/// Storage; a template that fails.
pub async fn render(web: &Web, query: &Query, attempt: Option<Attempt>, status: StatusCode) -> Result<Response, Error> {
    let post = web.post()?.clone();
    let words = web.words();
    let look = web.look(&words);
    let query = query.without(&["lang", "elder", "theme"]);
    let asked = query.get("tab").unwrap_or("mine").to_owned();
    let mut views = Vec::new();
    let (mut chosen, mut of_chosen) = (Union::default(), 0);
    for (key, union) in tabs(web, &post) {
        let current = key == asked;
        let count = union.count(web).await?;
        views.push(Tab {
            key,
            label: look.t(&format!("tab-{key}")),
            count: Total::from(count).text(),
            href: Query::default().with("tab", if key == "mine" { "" } else { key }).on("/desk"),
            current,
        });
        if current {
            (chosen, of_chosen) = (union, count);
        }
    }
    let filters = Filters::read(web, &query);
    let list = chosen.narrowed(&filters.filter(web));
    let after = after_of(query.get("after"));
    let mut page = cases::searched(web, &list, (CaseOrder::Due, after.as_ref()), query.get("q")).await?;
    // What the post has and can do nothing about now stands below what it has to do.
    let below = if asked == "mine" { below(web, &mut page.cases) } else { page.cases.len() };
    let total = match query.get("q") {
        Some(_) => page.cases.len() as u64,
        None if list == chosen => of_chosen,
        None => list.count(web).await?,
    };
    let selected = query.get("selected").map(str::to_owned);
    let preview = match &selected {
        Some(number) => beside(web, &look, &query, (number, &page.cases), attempt.as_ref()).await?,
        None => None,
    };
    let rows = rows(&look, &query, (&page.cases, below), selected.as_deref());
    let context = DeskContext {
        page: crate::page::Page { live_href: Some(format!("/live?place={}", post.place)), ..web.page("title-desk") },
        news: super::news::news(web, &look, &post).await?,
        queues: super::queue::links(web, &look, &post).await?,
        new_href: super::new::href(web, &post),
        tabs: views,
        search: search(&look, &query, &filters),
        filters: filters.views(&look, &["state", "clock", "process"]),
        pager: pager(&look, &query, "/desk", (page.next.as_ref().map(after_text), page.cases.len(), total)),
        bulk: bulk::offered(web, &look, &page.cases, query.without(&["after", "selected"]).on("/desk")),
        sentence: query.get("q").is_some().then(|| look.t("cases-searched-all")),
        rows,
        preview,
        proposals: super::registers::proposals::waiting(web).await?,
        empty: (filters.is_narrow() || query.get("q").is_some()).then(|| nothing_found(&look, &query)),
    };
    web.render_status(status, "pages/desk.html", context)
}

/// Where nothing was found: the way back to the whole list.
fn nothing_found(look: &Look<'_>, query: &Query) -> serde_json::Value {
    serde_json::json!({
        "title": look.t("cases-empty"),
        "text": look.t("cases-empty-text"),
        "icon": "search",
        "href": whole(query),
        "label": look.t("cases-all"),
    })
}

/// The address of the tab without what narrows it.
fn whole(query: &Query) -> String {
    Query::default().with("tab", query.get("tab").unwrap_or_default()).on("/desk")
}

/// Puts cases on which the post has no step now behind the others; gives where they begin.
fn below(web: &Web, cases: &mut Vec<Case>) -> usize {
    let (to_do, waiting): (Vec<Case>, Vec<Case>) = cases.drain(..).partition(|case| !turn::waits(web, case));
    let begins = to_do.len();
    cases.extend(to_do.into_iter().chain(waiting));
    begins
}

fn rows(look: &Look<'_>, query: &Query, (cases, below): (&[Case], usize), selected: Option<&str>) -> Vec<CaseRow> {
    cases
        .iter()
        .enumerate()
        .map(|(at, case)| CaseRow {
            selected: selected == Some(case.number.as_str()),
            waits: at >= below,
            ..look.case_row(case, query.with("selected", &case.number).on("/desk"))
        })
        .collect()
}

fn search(look: &Look<'_>, query: &Query, filters: &Filters) -> Search {
    let tab = query.get("tab").map(|tab| crate::view::form::Hidden::new("tab", tab));
    Search {
        q: query.get("q").unwrap_or_default().to_owned(),
        action_href: "/desk",
        hidden: tab.into_iter().collect(),
        filtered: filters.is_narrow().then(|| filters.applied(look).join(&look.t("list-comma"))),
        clear_href: filters.is_narrow().then(|| whole(query)),
        reload_href: query.on("/desk"),
    }
}

/// Words and links of a page; nothing when everything stands on it.
pub fn pager(
    look: &Look<'_>,
    query: &Query,
    path: &str,
    (next, shown, total): (Option<String>, usize, impl Into<Total>),
) -> Option<Pager> {
    let begins = query.get("after").is_none();
    if begins && next.is_none() {
        return None;
    }
    let base = query.without(&["after", "selected"]);
    Some(Pager {
        prev_href: (!begins).then(|| base.on(path)),
        next_href: next.map(|after| base.with("after", &after).on(path)),
        text: look.say("page-of", &[("shown", shown.into()), ("total", total.into().text().into())]),
    })
}

/// The chosen case beside the list; one that may not be seen is simply not there.
async fn beside(
    web: &Web,
    look: &Look<'_>,
    query: &Query,
    (number, listed): (&str, &[Case]),
    attempt: Option<&Attempt>,
) -> Result<Option<Preview>, Error> {
    let (case, process) = match find::case(web, number).await {
        Ok(found) => found,
        Err(Error::NotFound) => return Ok(None),
        Err(error) => return Err(error),
    };
    let suggested = preview::suggestions(web, look, &case, process).await?;
    // After an action the list moves on to the next row.
    let at = listed.iter().position(|one| one.number == number);
    let next = at.and_then(|at| listed.get(at + 1)).map(|next| next.number.as_str()).unwrap_or_default();
    let back = query.with("selected", next).on("/desk");
    let list = query.without(&["selected"]).on("/desk");
    preview::preview(web, (&case, process), &suggested, attempt, (list, Some(back))).await.map(Some)
}
