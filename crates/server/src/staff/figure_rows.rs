//! The rows a figure was counted from: exactly as many as it says.

use super::PAGE_ROWS;
use super::cases::{Column, columns};
use super::desk::{Pager, pager};
use super::figures;
use super::query::Query;
use super::registers::row_href;
use crate::error::Error;
use crate::view::Look;
use crate::view::case::{CaseRow, card_href};
use crate::view::words::thousands;
use crate::web::Web;
use axum::response::Response;
use ganglion_indicators::Period;
use ganglion_indicators::fold::EVER;
use ganglion_kernel::decide::row_who::may_read_row;
use ganglion_kernel::decide::who;
use ganglion_kernel::port::FactFilter;
use ganglion_model::pack::{Formula, Indicator, Source};
use ganglion_model::{CaseId, Change, Post, Record, Shard};
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

async fn case_line(
    web: &Web,
    look: &Look<'_>,
    post: &Post,
    (shard, id): (Shard, CaseId),
) -> Result<Option<CaseRow>, Error> {
    let case = web.app.store.case(shard, id).await?;
    let case = case.filter(|case| who::may_read(&web.world, &web.actor(), Some(post), case));
    Ok(case.map(|case| look.case_row(&case, card_href(&case.number))))
}

/// A register row by the id it goes by in facts: rows of the deployment are in memory, others are named by the journal.
async fn row_line(
    web: &Web,
    look: &Look<'_>,
    post: &Post,
    (name, shard, id): (&str, Shard, CaseId),
) -> Result<Option<CaseRow>, Error> {
    let Some(register) = web.world.model.registers.get(name) else { return Ok(None) };
    let known = web.world.each_row(name).find_map(|versions| versions.last().filter(|one| one.id() == id).cloned());
    let newest = match known {
        Some(newest) => Some(newest),
        None => {
            let entries = web.app.store.entries_of_case(shard, id, 1).await?;
            let key = entries.into_iter().next().and_then(|entry| match entry.change {
                Change::Record { record } => Some(record.key),
                Change::RecordGone { key, .. } => Some(key),
                _ => None,
            });
            match key {
                Some(key) => web.app.store.row_versions(&(shard, name.to_owned(), key)).await?.pop(),
                None => None,
            }
        }
    };
    let may = |row: &Record| may_read_row(register, &web.actor(), Some(post), row.place);
    Ok(newest.filter(may).map(|row| CaseRow {
        number: row.key.clone(),
        title: look.label_of(register, &row).unwrap_or_else(|| row.key.clone()),
        href: row_href("rows", row.shard, name, &row.key),
        place: row.place.map(|place| look.place(place)).unwrap_or_default(),
        category: look.text(&register.title),
        ..CaseRow::default()
    }))
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
    let from = from.saturating_sub(asked.indicator.latest_days.and_then(|days| i32::try_from(days).ok()).unwrap_or(0));
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
        let counted_at = if day <= EVER { String::new() } else { look.day(Period::date(day)) };
        let row = match &measure.of {
            Source::Process(_) => case_line(&web, &look, &post, (shard, id)).await?,
            Source::Register(register) => row_line(&web, &look, &post, (register, shard, id)).await?,
        };
        // A row that this post may count but not read is a line without words.
        let row = row.unwrap_or_else(|| CaseRow { title: look.t("link-hidden"), ..CaseRow::default() });
        rows.push(CaseRow { updated: counted_at, ..row });
    }
    let next = last.filter(|_| more);
    let shown: &[&str] = match measure.of {
        Source::Process(_) => &["number", "title", "place", "category", "state", "updated"],
        Source::Register(_) => &["number", "title", "place", "category", "updated"],
    };
    let mut columns = columns(&look, shown);
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
