//! Lists of cases with filters in the address.

use super::desk::{FilterView, pager};
use super::filters::Filters;
use super::lists::{ListPage, Total, Union};
use super::query::{Query, after_of, after_text};
use super::{PAGE_ROWS, bulk, find};
use crate::error::Error;
use crate::view::Look;
use crate::view::case::{CaseRow, card_href};
use crate::view::words::count;
use crate::web::Web;
use axum::response::Response;
use ganglion_kernel::port::{After, CaseFilter, CaseOrder};
use ganglion_model::Post;
use serde::Serialize;

/// A page of a list, narrowed to cases that hold the words, if some were typed.
///
/// # Errors
/// Storage.
pub async fn searched(
    web: &Web,
    list: &Union,
    (order, after): (CaseOrder, Option<&After>),
    words: Option<&str>,
) -> Result<ListPage, Error> {
    let words = words.map(str::trim).filter(|words| !words.is_empty());
    let narrowed =
        words.map(|words| list.narrowed(&CaseFilter { words: Some(words.to_owned()), ..CaseFilter::default() }));
    narrowed.as_ref().unwrap_or(list).page(web, order, after, PAGE_ROWS).await
}

/// How many cases a search found, as far as one page says: a common word is not counted to its end.
pub fn found(look: &Look<'_>, page: &ListPage) -> String {
    let shown = count(page.cases.len() as u64);
    if page.next.is_some() { look.say("cases-found-more", &[("count", shown.into())]) } else { shown }
}

/// A column of the table.
#[derive(Clone, Debug, Serialize)]
pub struct Column {
    key: &'static str,
    label: String,
    sort_href: Option<String>,
    sorted: Option<&'static str>,
}

impl Column {
    /// Gives the column `key` other words.
    pub fn rename(&mut self, key: &str, label: String) {
        if self.key == key {
            self.label = label;
        }
    }
}

/// Columns of a table of cases, in order.
pub fn columns(look: &Look<'_>, keys: &[&'static str]) -> Vec<Column> {
    keys.iter().map(|key| Column { key, label: look.t(&format!("col-{key}")), sort_href: None, sorted: None }).collect()
}

#[derive(Serialize)]
struct Applied {
    label: String,
    remove_href: String,
}

#[derive(Serialize)]
struct FiltersContext {
    q: String,
    action_href: &'static str,
    hidden: Vec<crate::view::form::Hidden>,
    fields: Vec<FilterView>,
    applied: Vec<Applied>,
    clear_href: Option<&'static str>,
}

#[derive(Serialize)]
struct CasesContext {
    page: crate::page::Page,
    filters: FiltersContext,
    total: String,
    sentence: Option<String>,
    columns: Vec<Column>,
    rows: Vec<CaseRow>,
    pager: Option<super::desk::Pager>,
    export_href: String,
    xlsx_href: String,
    new_href: Option<&'static str>,
    orders: Vec<crate::view::LinkView>,
    bulk: Option<bulk::BulkView>,
}

/// The list a query asks for, inside what the post reaches, with its order.
pub fn asked(web: &Web, post: &Post, query: &Query) -> (Filters, Union, CaseOrder) {
    let filters = Filters::read(web, query);
    let filter = filters.filter(web);
    // By deadline only open cases have an order worth the name.
    let due = query.get("sort") == Some("due") || filters.is_by_clock();
    let filter = if due { CaseFilter { open: Some(true), ..filter } } else { filter };
    let order = if due { CaseOrder::Due } else { CaseOrder::Opened };
    let union = Union::reachable(web, post).narrowed(&filter);
    (filters, union, order)
}

/// `GET /cases`.
pub async fn show(web: Web) -> Result<Response, Error> {
    let post = web.post()?.clone();
    let query = Query(web.query.clone()).without(&["lang", "elder", "theme"]);
    if let Some(number) = query.get("q").filter(|words| words.contains('-')) {
        // A whole number leads straight to its case.
        if let Ok((case, _)) = find::case(&web, number).await {
            return Ok(web.redirect(&card_href(&case.number)));
        }
    }
    let words = web.words();
    let look = web.look(&words);
    let (filters, list, order) = asked(&web, &post, &query);
    let after = after_of(query.get("after"));
    let page = searched(&web, &list, (order, after.as_ref()), query.get("q")).await?;
    let searching = query.get("q").is_some();
    let total = if searching { Total::Exactly(page.cases.len() as u64) } else { list.total(&web).await? };
    let base = query.without(&["after"]);
    let applied = filters.values().into_iter().filter_map(|(name, value)| {
        let label = filters.words(&look, name, &value?);
        Some(Applied { label, remove_href: base.with(name, "").on("/cases") })
    });
    let mut columns =
        columns(&look, &["number", "title", "place", "category", "source", "state", "clock", "assignee", "updated"]);
    for column in &mut columns {
        let (sort, is_due) = ("due", order == CaseOrder::Due);
        if column.key == "clock" {
            column.sort_href = Some(base.with("sort", if is_due { "" } else { sort }).on("/cases"));
            column.sorted = is_due.then_some("asc");
        }
    }
    let context = CasesContext {
        page: crate::page::Page { live_href: Some(format!("/live?place={}", post.place)), ..web.page("title-cases") },
        filters: FiltersContext {
            q: query.get("q").unwrap_or_default().to_owned(),
            action_href: "/cases",
            hidden: query.get("sort").map(|sort| crate::view::form::Hidden::new("sort", sort)).into_iter().collect(),
            fields: filters.views(&look, &["place", "process", "state", "category", "clock", "period"]),
            applied: applied.collect(),
            clear_href: filters.is_narrow().then_some("/cases"),
        },
        total: if searching { found(&look, &page) } else { total.text() },
        sentence: searching.then(|| look.t("cases-searched-all")),
        columns,
        pager: pager(&look, &query, "/cases", (page.next.as_ref().map(after_text), page.cases.len(), total)),
        bulk: bulk::offered(&web, &look, &page.cases, base.on("/cases")),
        rows: page.cases.iter().map(|case| look.case_row(case, card_href(&case.number))).collect(),
        export_href: base.on("/cases.csv"),
        xlsx_href: base.on("/cases.xlsx"),
        new_href: super::new::href(&web, &post),
        orders: crate::intake::page::offered(&web, &look, &post),
    };
    web.render("pages/cases.html", context)
}
