//! The page of the rows a figure was counted from: exactly as many as it says.

use super::PAGE_ROWS;
use super::behind::{Line, after_of, counted};
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
use ganglion_model::Record;
use ganglion_model::pack::Source;
use serde::Serialize;

#[derive(Serialize)]
struct RowsContext {
    page: crate::page::Page,
    back_href: String,
    sentence: String,
    /// Which side of a share the rows are.
    side: Option<String>,
    definition: String,
    count: String,
    export_href: Option<String>,
    columns: Vec<Column>,
    rows: Vec<CaseRow>,
    pager: Option<Pager>,
}

fn register_row(web: &Web, look: &Look<'_>, row: &Record) -> CaseRow {
    let register = web.world.model.registers.get(&row.register);
    let label = register.and_then(|register| look.label_of(register, row));
    CaseRow {
        number: row.key.clone(),
        title: label.unwrap_or_else(|| row.key.clone()),
        href: row_href("rows", row.shard, &row.register, &row.key),
        place: row.place.map(|place| look.place(place)).unwrap_or_default(),
        category: register.map(|register| look.text(&register.title)).unwrap_or_default(),
        ..CaseRow::default()
    }
}

/// `GET /figures/rows`.
pub async fn show(web: Web) -> Result<Response, Error> {
    web.post()?;
    let words = web.words();
    let look = web.look(&words);
    let asked = figures::asked(&web)?;
    let query = Query(web.query.clone()).without(&["lang", "elder", "theme"]);
    let counted = counted(&web, &asked, query.get("measure")).await?;
    let (page, next) = counted.page(&web, query.get("after").and_then(after_of), PAGE_ROWS).await?;
    let mut rows = Vec::new();
    for at in page {
        let row = match counted.line(&web, at).await? {
            Line::Case(case) => look.case_row(&case, card_href(&case.number)),
            Line::Row(row) => register_row(&web, &look, &row),
            // A row that this post may count but not read is a line without words.
            Line::Hidden => CaseRow { title: look.t("link-hidden"), ..CaseRow::default() },
        };
        rows.push(CaseRow { updated: at.day().map(|day| look.day(day)).unwrap_or_default(), ..row });
    }
    let shown: &[&str] = match counted.measure.of {
        Source::Process(_) => &["number", "title", "place", "category", "state", "updated"],
        Source::Register(_) => &["number", "title", "place", "category", "updated"],
    };
    let mut columns = columns(&look, shown);
    for column in columns.iter_mut() {
        column.rename("updated", look.t("col-counted-at"));
    }
    let back = query.without(&["after", "measure"]);
    let total = u64::try_from(counted.total).unwrap_or(0);
    let definition = look.text(&asked.indicator.definition);
    let (sentence, side) = figures::sentences(&web, asked, &look, (counted.measure, counted.total)).await?;
    let context = RowsContext {
        page: web.page("title-figure-rows"),
        back_href: back.on("/figures"),
        definition,
        count: thousands(counted.total),
        export_href: None,
        columns,
        pager: pager(&look, &query, "/figures/rows", (next, rows.len(), total)),
        rows,
        sentence,
        side,
    };
    web.render("pages/figure_rows.html", context)
}
