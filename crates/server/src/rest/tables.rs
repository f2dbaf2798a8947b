//! Tables and bulletins for other software: which the caller's post may take, and each as the file the page gives. They are made of the
//! post's own place, when they are asked for; nothing is kept.

use super::answer::{in_scope, listed, only};
use super::papers::not_laid_out;
use crate::error::Error;
use crate::keys::Area;
use crate::staff::{bulletins, tables};
use crate::web::Web;
use axum::extract::Path;
use axum::http::HeaderMap;
use axum::response::Response;
use ganglion_indicators::When;
use ganglion_model::pack::{Table, TableRows};
use serde_json::json;

/// Whether the scopes of the caller's key read what a table is made of.
fn is_read(web: &Web, table: &Table) -> bool {
    match &table.rows {
        TableRows::Figures { .. } => in_scope(web, Area::Figures, "", false),
        TableRows::Cases { process, .. } => in_scope(web, Area::Processes, process, false),
    }
}

/// The tables there are for the caller.
fn offered(web: &Web) -> Result<Vec<&Table>, Error> {
    let mut all = tables::taken(web)?;
    all.retain(|table| is_read(web, table));
    Ok(all)
}

/// The period of a table; this month unless said.
fn when(web: &Web) -> Result<When, Error> {
    match web.arg("period") {
        Some(text) => When::parse(text).ok_or(Error::Unreadable("period")),
        None => Ok(When::month_of(web.today())),
    }
}

/// `GET /api/tables`.
pub async fn list(web: Web, headers: HeaderMap) -> Result<Response, Error> {
    let place = web.post()?.place;
    only(&web, &[])?;
    let words = web.words();
    let look = web.look(&words);
    let item = |table: &&Table| {
        let (rows, process, by) = match &table.rows {
            TableRows::Figures { by, .. } => ("figures", None, Some(by)),
            TableRows::Cases { process, .. } => ("cases", Some(process), None),
        };
        json!({
            "table": table.name,
            "pack": table.pack,
            "title": look.text(&table.title),
            "rows": rows,
            "process": process,
            "by": by,
            "place": place,
            "href": format!("/api/tables/{}", table.name),
        })
    };
    let items = offered(&web)?.iter().map(item).collect();
    Ok(listed(&web, &headers, items, None))
}

/// `GET /api/tables/{table}?period=`: the spreadsheet; of cases there is no period.
pub async fn one(web: Web, Path(name): Path<String>) -> Result<Response, Error> {
    let table = offered(&web)?.into_iter().find(|table| table.name == name).ok_or(Error::NotFound)?;
    match &table.rows {
        TableRows::Figures { .. } => only(&web, &["period"])?,
        TableRows::Cases { .. } => only(&web, &[])?,
    }
    tables::written(&web, table, when(&web)?).await
}

/// `GET /api/bulletins`.
pub async fn bulletins(web: Web, headers: HeaderMap) -> Result<Response, Error> {
    let post = web.post()?;
    only(&web, &[])?;
    let words = web.words();
    let look = web.look(&words);
    let all = web.world.model.bulletins.values().filter(|one| bulletins::takes(one, post));
    let items = all.map(|one| {
        json!({
            "bulletin": one.name,
            "pack": one.pack,
            "title": look.text(&one.title),
            "figures": one.figures,
            "place": post.place,
            "periods": bulletins::periods(one, web.today()).map(|when| when.to_string()),
            "href": format!("/api/bulletins/{}", one.name),
        })
    });
    let items = items.collect();
    Ok(listed(&web, &headers, items, None))
}

/// `GET /api/bulletins/{bulletin}?period=`: the PDF, its figures counted when it is made.
pub async fn bulletin(web: Web, Path(name): Path<String>) -> Result<Response, Error> {
    let post = web.post()?;
    let bulletin = web.world.model.bulletins.get(&name).filter(|one| bulletins::takes(one, post));
    let bulletin = bulletin.ok_or(Error::NotFound)?;
    only(&web, &["period"])?;
    let when = bulletins::when(&web, bulletin).ok_or(Error::Unreadable("period"))?;
    Ok(match bulletins::made(&web, bulletin, when).await? {
        Ok(bytes) => bulletins::as_pdf(bulletin, when, bytes),
        Err(error) => not_laid_out(&web, &error),
    })
}
