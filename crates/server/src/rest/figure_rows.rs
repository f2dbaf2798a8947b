//! The rows a figure was counted from: exactly as many as it says. What the caller may count and not read has its line and nothing on
//! it.

use super::answer::{case_href, in_scope, listed_with, only, row_href};
use super::figures::{naming, offered};
use super::{cases, rows};
use crate::api::read::limit;
use crate::error::Error;
use crate::keys::Area;
use crate::staff::behind::{At, Counted, Line, after_of, counted};
use crate::staff::registers::readable;
use crate::web::Web;
use axum::extract::Path;
use axum::http::HeaderMap;
use axum::response::Response;
use ganglion_model::pack::Source;
use serde_json::{Map, Value, json};

/// Parameters of the rows behind a figure.
pub const PARAMETERS: [&str; 5] = ["place", "period", "measure", "limit", "after"];

/// `GET /api/figures/{indicator}/rows?place=&period=&measure=&limit=&after=`.
pub async fn list(web: Web, headers: HeaderMap, Path(name): Path<String>) -> Result<Response, Error> {
    web.post()?;
    only(&web, &PARAMETERS)?;
    let own = naming(&web, name)?;
    let asked = offered(&own)?;
    let measures = asked.indicator.formula.measures();
    if web.arg("measure").is_some_and(|name| !measures.contains(&name)) {
        return Err(Error::Unreadable("measure"));
    }
    let after = web.arg("after").map(|text| after_of(text).ok_or(Error::Unreadable("after"))).transpose()?;
    let limit = limit(&web)?;
    let counted = counted(&own, &asked, web.arg("measure")).await?;
    let (page, next) = counted.page(&own, after, limit).await?;
    let mut items = Vec::with_capacity(page.len());
    for at in page {
        items.push(item(&own, &counted, at).await?);
    }
    let more = Map::from_iter([
        ("indicator".to_owned(), json!(asked.indicator.name)),
        ("measure".to_owned(), json!(counted.measure.name)),
        ("measures".to_owned(), json!(measures)),
        ("place".to_owned(), json!(asked.place)),
        ("period".to_owned(), json!((!asked.stock).then(|| asked.when.to_string()))),
        ("rows".to_owned(), json!(counted.total)),
    ]);
    Ok(listed_with(&web, &headers, (items, next.as_deref()), more))
}

/// A row as other lists tell it, if the post and the scopes of the key read it.
async fn item(web: &Web, counted: &Counted<'_>, at: At) -> Result<Value, Error> {
    let is_in_scope = match &counted.measure.of {
        Source::Process(name) => in_scope(web, Area::Processes, name, false),
        Source::Register(name) => in_scope(web, Area::Registers, name, false),
    };
    let line = if is_in_scope { counted.line(web, at).await? } else { Line::Hidden };
    let mut item = match line {
        Line::Case(case) => {
            let href = case_href(&case.process, &case.number);
            json!({ "kind": "case", "href": href, "case": cases::shown(web, &case) })
        }
        Line::Row(row) => match readable(web, &row.register) {
            Ok(readable) => {
                let href = row_href(&row.register, row.shard.0, &row.key);
                json!({ "kind": "row", "href": href, "row": rows::shown(&row, &readable.fields(web)) })
            }
            Err(_) => json!({ "kind": "hidden" }),
        },
        Line::Hidden => json!({ "kind": "hidden" }),
    };
    item["counted_on"] = json!(at.day());
    Ok(item)
}
