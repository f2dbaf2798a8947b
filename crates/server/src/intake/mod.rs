//! Orders of outside systems (a hotline, a leader's mailbox): taken in one by one, many at once or as a table, each with the
//! number it has there. The same order sent again is the same case; one that says something else now is refused with the
//! number of the case, which nothing changes behind the back of those who work on it. How an order is read is declared in the
//! pack (`intake:` of a process); what becomes of it is an ordinary case, opened by the post of the key.

mod known;
pub mod page;
mod read;

pub use read::keys;

use crate::api::act::{Opening, opened};
use crate::error::Error;
use crate::limits::BULK_ITEMS_MAX;
use crate::rest::answer::{id_of, json_of, only, plain, vouched};
use crate::rest::cases::{found, process as process_of, shown};
use crate::rest::problem;
use crate::staff::registers::import::table;
use crate::view::case::FROM_ELSEWHERE;
use crate::web::Web;
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use ganglion_model::pack::{Intake, IntakeSource, Process};
use ganglion_model::{FieldFinding, Refusal, RefusalCode};
use known::{Known, hash};
use read::{Order, Reader, Said};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What came: one order, or several.
enum Sent {
    One(Order),
    Many(Vec<Order>),
}

/// What became of an order.
enum Became {
    /// A case now.
    New(Value),
    /// It was taken in before.
    Same(Value),
    /// It was taken in before, as this number, and said something else.
    Changed(String),
}

fn declared<'w>(web: &'w Web, process: &str, name: &str) -> Result<(&'w Process, &'w Intake), Error> {
    let process = process_of(web, process)?;
    Ok((process, process.intake.get(name).ok_or(Error::NotFound)?))
}

/// `POST /api/processes/{process}/orders/{intake}`: an order, a list of them, or a table whose first row names the keys.
pub async fn take(
    web: Web,
    headers: HeaderMap,
    Path((process, name)): Path<(String, String)>,
    bytes: Bytes,
) -> Result<Response, Error> {
    vouched(&web)?;
    let at = declared(&web, &process, &name)?;
    let orders = match sent(&headers, &bytes)? {
        Sent::One(order) => {
            let (_, status, body) = taken(&web, at, (&order, "")).await;
            return Ok(answer(status, &body));
        }
        Sent::Many(orders) => orders,
    };
    let mut results = Vec::with_capacity(orders.len());
    // One after the other: an order that stands twice in what was sent is found by the second.
    for (nth, order) in orders.iter().enumerate() {
        let (number, status, body) = taken(&web, at, (order, &format!("/{nth}"))).await;
        let part = if status.is_success() { "outcome" } else { "problem" };
        results.push(json!({ "id": number, "status": status.as_u16(), (part): body }));
    }
    Ok(answer(StatusCode::OK, &json!({ "results": results })))
}

/// `GET /api/processes/{process}/orders/{intake}/{order}`: the case of an order, for who may read it.
pub async fn one(
    web: Web,
    headers: HeaderMap,
    Path((process, name, order)): Path<(String, String, String)>,
) -> Result<Response, Error> {
    only(&web, &[])?;
    web.post()?;
    let at = declared(&web, &process, &name)?;
    let known = web.app.order(at, order.trim()).await?.ok_or(Error::NotFound)?;
    let case = found(&web, &process, &known.number).await?;
    let mut body = shown(&web, &case);
    if let Some(body) = body.as_object_mut() {
        body.insert("order".to_owned(), Value::from(order.trim()));
    }
    Ok(plain(&web, &headers, body))
}

fn answer(status: StatusCode, body: &Value) -> Response {
    if !status.is_success() {
        return problem::response(status, body);
    }
    let mut response = (status, axum::Json(body)).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Reads what was sent: JSON, unless it says that it is a table.
fn sent(headers: &HeaderMap, bytes: &Bytes) -> Result<Sent, Error> {
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_table = ["text/csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"]
        .iter()
        .any(|table| media_type.starts_with(table));
    let many = if is_table {
        rows(bytes)?
    } else {
        match json_of::<Value>(bytes)? {
            Value::Object(order) => return Ok(Sent::One(order)),
            Value::Array(items) => {
                let order = |item| match item {
                    Value::Object(order) => Ok(order),
                    _ => Err(Error::Unreadable("items")),
                };
                items.into_iter().map(order).collect::<Result<Vec<Order>, Error>>()?
            }
            _ => return Err(Error::Unreadable("body")),
        }
    };
    if many.len() > BULK_ITEMS_MAX { Err(Error::Unreadable("items")) } else { Ok(Sent::Many(many)) }
}

/// Orders of a table: the first row names the keys.
fn rows(bytes: &Bytes) -> Result<Vec<Order>, Error> {
    let sheet = table::read(bytes).map_err(|_| Error::Unreadable("table"))?;
    let mut rows = sheet.rows.into_iter().filter(|row| row.iter().any(|cell| !cell.trim().is_empty()));
    let keys = rows.next().unwrap_or_default();
    let order = |row: Vec<String>| -> Order { keys.iter().cloned().zip(row.into_iter().map(Value::from)).collect() };
    // One more than is taken says that there are too many.
    Ok(rows.take(BULK_ITEMS_MAX + 1).map(order).collect())
}

/// Where in an order what a field of the form takes is said: under the key it is read from, else in the order as a whole.
fn pointer(intake: &Intake, order: &str, field: &str) -> String {
    let outer = field.split('.').next().unwrap_or_default();
    let source = intake.fields.iter().find(|one| one.field == outer).map(|one| &one.source);
    let key = match source {
        Some(IntakeSource::Key(key) | IntakeSource::Point { lon: key, .. }) => Some(key),
        Some(IntakeSource::Value(_)) => None,
        None => (field == intake.reference || field == intake.order).then_some(&intake.order),
    };
    key.map_or_else(|| order.to_owned(), |key| format!("{order}/{}", problem::part(key)))
}

/// Takes in one order, which stands at `place` of what was sent; gives its number, the status and the body of the answer.
async fn taken(
    web: &Web,
    at: (&Process, &Intake),
    (order, place): (&Order, &str),
) -> (Option<String>, StatusCode, Value) {
    let (process, intake) = at;
    let refused = |error: &Error| problem::pointed(web, error, &|field| pointer(intake, place, field));
    let within = web.post().map_or(web.world.places.root, |post| post.place);
    let reader = Reader { world: &web.world, process, intake, within, today: web.today() };
    let Some(said) = reader.read(order) else {
        let missing = FieldFinding {
            field: intake.order.clone(),
            problem: "required".to_owned(),
            message: None,
            args: BTreeMap::new(),
        };
        let refusal = Refusal { fields: vec![missing], ..Refusal::new(RefusalCode::Form) };
        let error = Error::Refused(Box::new(refusal));
        return (None, error.status(), refused(&error));
    };
    let number = Some(said.number.clone());
    match became(web, at, said).await {
        Ok(Became::New(body)) => (number, StatusCode::CREATED, body),
        Ok(Became::Same(body)) => (number, StatusCode::OK, body),
        Ok(Became::Changed(case)) => {
            let error = Error::Refused(Box::new(Refusal::new(RefusalCode::Duplicate).with("number", case.as_str())));
            let mut body = refused(&error);
            let words = web.words();
            let told = web.look(&words).say("order-changed", &[("number", case.as_str().into())]);
            if let Some(body) = body.as_object_mut() {
                body.insert("detail".to_owned(), Value::from(told));
                body.insert("number".to_owned(), Value::from(case));
            }
            (number, error.status(), body)
        }
        Err(error) => {
            error.log();
            (number, error.status(), refused(&error))
        }
    }
}

async fn became(web: &Web, at: (&Process, &Intake), said: Said) -> Result<Became, Error> {
    let (process, intake) = at;
    let hash = hash(&web.app, at, &said);
    if let Some(known) = web.app.order(at, &said.number).await? {
        return again(web, process, &said.number, (known, hash.as_str())).await;
    }
    // The command is that of this very content, so that a repeat after a break meets the first answer.
    let id = id_of(web, &format!("order\0{}\0{}\0{}\0{hash}", process.name, intake.name, said.number));
    let channel = intake.channel.clone().unwrap_or_else(|| FROM_ELSEWHERE.to_owned());
    let opening = Opening { id, process: process.name.clone(), form: said.form, channel, observed_at: said.seen };
    let outcome = match opened(web, opening).await {
        Ok(outcome) => outcome,
        Err(Error::Refused(refusal)) => {
            let reference = format!("{}.{}", process.name, intake.reference);
            let field = refusal.args.get("field");
            let holder = refusal.args.get("number").filter(|_| field == Some(&reference)).cloned();
            let Some(holder) = holder.filter(|_| refusal.code == RefusalCode::Duplicate) else {
                return Err(Error::Refused(refusal));
            };
            // Somebody typed it in, or it came twice in the same moment: what it said then is known in the second case only.
            let known = web.app.order(at, &said.number).await?;
            let known = known.unwrap_or(Known { number: holder, hash: hash.clone() });
            return again(web, process, &said.number, (known, hash.as_str())).await;
        }
        Err(error) => return Err(error),
    };
    let case = outcome.number.clone().unwrap_or_default();
    let known = Known { number: case.clone(), hash };
    web.app.order_put(at, &said.number, &known).await?;
    Ok(Became::New(json!({
        "order": said.number,
        "number": case,
        "state": outcome.state,
        "version": outcome.version,
        "repeated": false,
    })))
}

/// An order that was taken in before.
async fn again(web: &Web, process: &Process, number: &str, (known, hash): (Known, &str)) -> Result<Became, Error> {
    if known.hash != hash {
        return Ok(Became::Changed(known.number));
    }
    // How it stands is told to who may read the case.
    let case = match found(web, &process.name, &known.number).await {
        Ok(case) => Some(case),
        Err(Error::NotFound) => None,
        Err(error) => return Err(error),
    };
    Ok(Became::Same(json!({
        "order": number,
        "number": known.number,
        "state": case.as_ref().map(|case| case.state.clone()),
        "version": case.as_ref().map(|case| case.version),
        "repeated": true,
    })))
}
