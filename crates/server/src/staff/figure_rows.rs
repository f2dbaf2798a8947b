//! The rows a figure was counted from: exactly as many as it says.

use super::PAGE_ROWS;
use super::cases::{Column, columns};
use super::desk::{Pager, pager};
use super::figures;
use super::query::Query;
use crate::error::Error;
use crate::view::case::{CaseRow, card_href};
use crate::view::words::thousands;
use crate::web::Web;
use axum::response::Response;
use ganglion_indicators::Period;
use ganglion_kernel::decide::who;
use ganglion_kernel::port::FactFilter;
use ganglion_model::CaseId;
use ganglion_model::pack::{Formula, Indicator};
use serde::Serialize;

#[derive(Serialize)]
struct RowsContext {
    page: crate::page::Page,
    back_href: String,
    sentence: String,
    definition: String,
    count: String,
    export_href: Option<String>,
    columns: Vec<Column>,
    rows: Vec<CaseRow>,
    pager: Option<Pager>,
}

/// The measure whose rows a figure says it was counted from: what it is divided by, or what it counts.
fn counted(indicator: &Indicator) -> Option<&str> {
    match &indicator.formula {
        Formula::Ratio(_, below) => Some(below),
        other => other.measures().first().copied(),
    }
}

fn after_of(text: Option<&str>) -> Option<(i32, CaseId)> {
    let (day, case) = text?.split_once('_')?;
    Some((day.parse().ok()?, CaseId(case.parse().ok()?)))
}

/// `GET /figures/rows`.
pub async fn show(web: Web) -> Result<Response, Error> {
    let post = web.post()?.clone();
    let words = web.words();
    let look = web.look(&words);
    let asked = figures::asked(&web)?;
    let query = Query(web.query.clone()).without(&["lang", "elder", "theme"]);
    let measure = match query.get("measure") {
        Some(name) => asked.indicator.formula.measures().into_iter().find(|one| *one == name).ok_or(Error::NotFound)?,
        None => counted(asked.indicator).ok_or(Error::NotFound)?,
    };
    let measure = web.world.model.measures.get(measure).ok_or(Error::NotFound)?;
    let (from, to) = asked.when.span().days();
    let as_of = measure.until.is_some().then(|| (to - 1).min(Period::day_number(web.today())));
    let days = (!measure.is_stock()).then_some((from, to));
    let filter = FactFilter { measure: measure.name.clone(), place: asked.place, days, as_of, dim: None };
    let total: i64 = web.app.store.facts_sum(&filter).await?.iter().map(|(_, rows, _)| rows).sum();
    let found = web.app.store.facts(&filter, after_of(query.get("after")), PAGE_ROWS + 1).await?;
    let more = found.len() > PAGE_ROWS as usize;
    let mut rows = Vec::new();
    let mut last = None;
    for (day, shard, id) in found.into_iter().take(PAGE_ROWS as usize) {
        last = Some(format!("{day}_{id}"));
        let counted_at = if day == 0 { String::new() } else { look.day(Period::date(day)) };
        let case = web.app.store.case(shard, id).await?;
        // A row of a register, or of a case this post may count but not read, is a line without words.
        let Some(case) = case.filter(|case| who::may_read(&web.world, &web.actor(), Some(&post), case)) else {
            rows.push(CaseRow { title: look.t("link-hidden"), updated: counted_at, ..CaseRow::default() });
            continue;
        };
        rows.push(CaseRow { updated: counted_at, ..look.case_row(&case, card_href(&case.number)) });
    }
    let next = last.filter(|_| more);
    let mut columns = columns(&look, &["number", "title", "place", "category", "state", "updated"]);
    for column in columns.iter_mut() {
        column.rename("updated", look.t("col-counted-at"));
    }
    let back = query.without(&["after", "measure"]);
    let context = RowsContext {
        page: web.page("title-figure-rows"),
        back_href: back.on("/figures"),
        definition: look.text(&asked.indicator.definition),
        count: thousands(total),
        export_href: None,
        columns,
        pager: pager(&look, &query, "/figures/rows", (next, rows.len(), u64::try_from(total).unwrap_or(0))),
        rows,
        sentence: figures::sentence(&web, asked, &look).await?,
    };
    web.render("pages/figure_rows.html", context)
}
