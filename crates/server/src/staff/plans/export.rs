//! `GET /plans/{name}/export.xlsx`: what a plan finds as a spreadsheet; `part=lacks`: what is not served in full.

use super::asked::{Asked, asked};
use super::read::{Computed, compute};
use super::tables::Tables;
use crate::error::Error;
use crate::staff::export::watermark;
use crate::staff::making::Rows;
use crate::staff::registers::as_xlsx;
use crate::web::Web;
use axum::extract::Path;
use axum::response::Response;
use ganglion_documents::xlsx;

/// The spreadsheet of a plan.
pub async fn xlsx(web: Web, Path(name): Path<String>) -> Result<Response, Error> {
    let asked = asked(&web, &name, &web.query.clone())?;
    // What cannot be computed is said on the page, not in a spreadsheet.
    let Ok(form) = &asked.answers else { return Ok(web.redirect(&asked.query().on(&format!("/plans/{name}")))) };
    let computed = match compute(&web, &asked, form).await? {
        Ok(computed) => computed,
        Err(_) => return Ok(web.redirect(&asked.query().on(&format!("/plans/{name}")))),
    };
    let is_lacks = web.arg("part") == Some("lacks");
    let Filled { title, notes, columns, rows } = fill(&web, (&asked, &computed), is_lacks)?;
    let count = Rows::of(rows.len() as u64, u32::MAX);
    let written = tokio::task::spawn_blocking(move || {
        let mut bytes = Vec::new();
        let table = xlsx::Table { title: &title, notes: &notes, columns: &columns, total: "" };
        xlsx::write(&table, rows, &mut bytes).map(|_| bytes)
    });
    let bytes = written.await.map_err(|error| Error::Internal(error.to_string()))?;
    let bytes = bytes.map_err(|error| Error::Internal(error.to_string()))?;
    let file = if is_lacks { format!("{name}-lacks-{}", asked.day) } else { format!("{name}-{}", asked.day) };
    let mut response = as_xlsx(&file, bytes);
    count.tell(&mut response);
    Ok(response)
}

/// A sheet ready to be written.
struct Filled {
    title: String,
    notes: Vec<String>,
    columns: Vec<xlsx::Column>,
    rows: Vec<Vec<xlsx::Cell>>,
}

fn fill(web: &Web, (asked, computed): (&Asked<'_>, &Computed), is_lacks: bool) -> Result<Filled, Error> {
    let words = web.words();
    let look = web.look(&words);
    let narrower = |_| String::new();
    let tables = Tables { web, look: &look, plan: asked.plan, computed, narrower: &narrower };
    let sheet = if is_lacks { tables.lacks() } else { tables.result() };
    let place = [("place", look.place(asked.place).into()), ("day", asked.day.to_string().into())];
    let mut notes = vec![look.say("plan-of", &place)];
    notes.extend(asked.answered(&look).into_iter().map(|(label, value)| format!("{label} {value}")));
    notes.extend(watermark(web)?);
    Ok(Filled {
        title: format!("{} · {}", look.text(&asked.plan.title), look.t(&format!("plan-table-{}", sheet.name))),
        notes,
        columns: sheet.xlsx_columns(asked.plan.decimals),
        rows: sheet.xlsx_rows(),
    })
}
