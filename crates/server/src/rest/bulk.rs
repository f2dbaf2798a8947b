//! Many commands in one request: an array in, one result for each in the same order. Each is decided by itself, so one
//! that is refused leaves the others as they are.

use super::answer::{item_id, json_of, outcome_body, vouched};
use super::cases::{ActBody, OpenBody, act_one, open_one, process};
use super::{problem, rows};
use crate::error::{Error, Unread};
use crate::limits::BULK_ITEMS_MAX;
use crate::staff::registers::readable;
use crate::web::Web;
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::future::join_all;
use ganglion_model::Shard;
use serde::Deserialize;
use serde_json::{Value, json};

/// One command about cases: with `open` it opens one, with `number` and `action` it acts on one.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseItem {
    /// As `Idempotency-Key` of a single request.
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    open: Option<OpenBody>,
    #[serde(default)]
    act: Option<ActItem>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ActItem {
    number: String,
    action: String,
    #[serde(default)]
    form: ganglion_model::Fields,
    #[serde(default)]
    version: Option<u32>,
}

/// One command about rows.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RowItem {
    #[serde(default)]
    id: Option<String>,
    /// The row that is there; without it a new one.
    #[serde(default)]
    row: Option<RowName>,
    put: rows::PutBody,
    #[serde(default)]
    version: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RowName {
    shard: Shard,
    key: String,
}

/// One result; `at` is where its form stands in what was sent.
fn result(web: &Web, (id, at): (Option<String>, &str), done: Result<Value, Error>) -> Value {
    match done {
        Ok(outcome) => json!({ "id": id, "status": 200, "outcome": outcome }),
        Err(error) => {
            error.log();
            let problem = problem::pointed(web, &error, &|field| format!("{at}{}", problem::pointer(field)));
            json!({ "id": id, "status": error.status().as_u16(), "problem": problem })
        }
    }
}

fn bounded<T: serde::de::DeserializeOwned>(bytes: &Bytes) -> Result<Vec<T>, Error> {
    let items: Vec<T> = json_of(bytes)?;
    if items.len() > BULK_ITEMS_MAX { Err(Error::Unreadable("items")) } else { Ok(items) }
}

fn answer(results: Vec<Value>) -> Response {
    let mut response = axum::Json(json!({ "results": results })).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// `POST /api/processes/{process}/bulk`.
pub async fn cases(web: Web, Path(name): Path<String>, bytes: Bytes) -> Result<Response, Error> {
    vouched(&web)?;
    process(&web, &name)?;
    let items: Vec<CaseItem> = bounded(&bytes)?;
    let (web, name) = (&web, &name);
    let one = |(nth, item): (usize, CaseItem)| async move {
        let id = item_id(web, item.id.as_deref());
        let mut at = format!("/{nth}/open");
        let done = match (item.open, item.act) {
            (Some(body), None) => open_one(web, name, (id, body)).await,
            (None, Some(act)) => {
                at = format!("/{nth}/act");
                let ActItem { number, action, form, version } = act;
                act_one(web, name, (id, &number, &action), (ActBody::of(form), version)).await
            }
            _ => Err(Error::UnreadableAt(Box::new(Unread::Member {
                pointer: format!("/{nth}"),
                reason: "exactly one of `open` and `act` is needed".to_owned(),
            }))),
        };
        result(web, (item.id, at.as_str()), done.map(|outcome| outcome_body(&outcome)))
    };
    Ok(answer(join_all(items.into_iter().enumerate().map(one)).await))
}

/// `POST /api/registers/{register}/bulk`.
pub async fn registers(web: Web, Path(name): Path<String>, bytes: Bytes) -> Result<Response, Error> {
    vouched(&web)?;
    readable(&web, &name)?;
    let items: Vec<RowItem> = bounded(&bytes)?;
    let (web, name) = (&web, &name);
    let one = |(nth, item): (usize, RowItem)| async move {
        let id = item_id(web, item.id.as_deref());
        let target = match &item.row {
            Some(row) => rows::Target::Row(row.shard, &row.key),
            None => rows::Target::New,
        };
        let done = rows::put_one(web, (name, target), id, (item.put, item.version)).await;
        let at = format!("/{nth}/put");
        result(web, (item.id, at.as_str()), done.map(|(outcome, proposed)| rows::outcome_body(&outcome, proposed)))
    };
    Ok(answer(join_all(items.into_iter().enumerate().map(one)).await))
}
