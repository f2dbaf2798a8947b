//! Rows of registers: list, one, put, end. Where a register needs two persons the same call makes a proposal.

use super::answer::{command_id, done, if_match, json_of, listed, only, refused, row_href, versioned, vouched};
use crate::api::read::{limit, read};
use crate::error::Error;
use crate::staff::query::Query;
use crate::staff::registers::{Readable, asked, readable, rows};
use crate::web::Web;
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use ganglion_kernel::decide::row_who::may_edit_row;
use ganglion_model::change::{Body, Command, Outcome};
use ganglion_model::pack::{Field, Scope};
use ganglion_model::{CommandId, Fields, PlaceCode, Record, RowDeed, RowWish, Shard};
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Parameters of a list, besides `f.<field>`, `f.<field>.from` and `f.<field>.to`.
pub const FILTERS: [&str; 8] = ["f.", "place", "q", "on", "sort", "limit", "after", "fields"];

/// A row to be put.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub struct PutBody {
    form: Fields,
    /// Where it is kept, for registers kept by place without a place field of their own.
    #[serde(default)]
    place: Option<PlaceCode>,
    #[serde(default)]
    from: Option<Date>,
    #[serde(default)]
    until: Option<Date>,
    /// Fields that are not named stay as they are.
    #[serde(default)]
    partial: bool,
    #[serde(default)]
    why: String,
}

/// The row a command is about.
#[derive(Clone, Copy)]
pub enum Target<'a> {
    /// One that is not there yet.
    New,
    /// One by shard and key.
    Row(Shard, &'a str),
}

/// A row as JSON: the fields the reader may see, never a personal one.
pub fn shown(record: &Record, fields: &[&Field]) -> Value {
    let seen: Map<String, Value> =
        fields.iter().filter_map(|field| Some((field.name.clone(), record.fields.get(&field.name)?.clone()))).collect();
    json!({
        "register": record.register,
        "shard": record.shard,
        "key": record.key,
        "version": record.version,
        "place": record.place,
        "valid_from": record.valid_from,
        "valid_to": record.valid_to,
        "updated_at": record.updated_at,
        "fields": seen,
    })
}

/// `GET /api/registers/{register}/rows`.
pub async fn list(web: Web, headers: HeaderMap, Path(name): Path<String>) -> Result<Response, Error> {
    let readable = readable(&web, &name)?;
    only(&web, &FILTERS)?;
    let asked = asked::read(&web, &readable, &Query(web.query.clone()));
    let limit = limit(&web)?;
    let page = rows::page(&web, readable.register, (&asked.filter, &asked.order), asked.after.as_ref(), limit).await?;
    let next = page.next.as_ref().and_then(|next| serde_json::to_string(next).ok());
    let fields = readable.fields(&web);
    let items = page.rows.iter().map(|record| shown(record, &fields)).collect();
    Ok(listed(&web, &headers, items, next.as_deref()))
}

async fn newest(web: &Web, readable: &Readable<'_>, (shard, key): (u32, &str)) -> Result<(Record, Vec<Record>), Error> {
    let versions = readable.row(web, shard, key).await?;
    let newest = versions.iter().max_by_key(|one| (one.version, one.valid_from)).cloned().ok_or(Error::NotFound)?;
    Ok((newest, versions))
}

/// `GET /api/registers/{register}/rows/{shard}/{key}`: the version that holds today, or on the day `on`; else the newest.
pub async fn one(
    web: Web,
    headers: HeaderMap,
    Path((name, shard, key)): Path<(String, u32, String)>,
) -> Result<Response, Error> {
    let readable = readable(&web, &name)?;
    only(&web, &["on"])?;
    let (newest, versions) = newest(&web, &readable, (shard, &key)).await?;
    let on = read::<Date>(&web, "on")?;
    let day = on.unwrap_or_else(|| web.today());
    let holds = versions.iter().rev().find(|record| record.valid_on(day));
    let record = match (holds, on) {
        (Some(record), _) => record,
        (None, Some(_)) => return Err(Error::NotFound),
        (None, None) => &newest,
    };
    Ok(versioned(&web, &headers, newest.version, shown(record, &readable.fields(&web))))
}

/// Puts a row as asked; whether it is a proposal now that waits for somebody else.
///
/// # Errors
/// What `decide` refuses; storage.
pub async fn put_one(
    web: &Web,
    (name, target): (&str, Target<'_>),
    id: CommandId,
    (body, version): (PutBody, Option<u32>),
) -> Result<(Outcome, bool), Error> {
    let readable = readable(web, name)?;
    let record = match target {
        Target::Row(shard, key) => Some(newest(web, &readable, (shard.0, key)).await?.0),
        Target::New => None,
    };
    let wish = RowWish {
        register: name.to_owned(),
        key: record.as_ref().map(|record| record.key.clone()),
        place: body.place.or_else(|| record.as_ref().and_then(|record| record.place)),
        deed: RowDeed::Put,
        from: body.from,
        until: body.until,
        form: body.form,
        partial: body.partial,
        why: body.why,
        version,
    };
    send(web, &readable, (wish, record), id).await
}

/// Ends a row.
async fn end_one(
    web: &Web,
    (name, shard, key): (&str, u32, &str),
    id: CommandId,
    (from, version): (Option<Date>, Option<u32>),
) -> Result<(Outcome, bool), Error> {
    let readable = readable(web, name)?;
    let (record, _) = newest(web, &readable, (shard, key)).await?;
    let wish = RowWish {
        register: name.to_owned(),
        key: Some(record.key.clone()),
        place: record.place,
        deed: RowDeed::Retire,
        from,
        until: None,
        form: Fields::new(),
        partial: false,
        why: web.arg("why").unwrap_or_default().to_owned(),
        version,
    };
    send(web, &readable, (wish, Some(record)), id).await
}

async fn send(
    web: &Web,
    readable: &Readable<'_>,
    (mut wish, record): (RowWish, Option<Record>),
    id: CommandId,
) -> Result<(Outcome, bool), Error> {
    let post = vouched(web)?;
    let register = readable.register;
    let typed = wish.form.get("place").and_then(Value::as_str).and_then(|code| code.trim().parse().ok());
    let place = wish.place.or(typed);
    let by_place = register.scope != Scope::Deployment;
    wish.place = place.filter(|_| by_place);
    let shard = match (&record, by_place) {
        (Some(record), _) => record.shard,
        (None, false) => Shard::DEPLOYMENT,
        (None, true) => place.map_or_else(|| post.place.shard(), PlaceCode::shard),
    };
    let judged = register.judged_at(wish.place, &wish.form);
    let judged = judged.or_else(|| record.as_ref().and_then(|one| register.judged_at(one.place, &one.fields)));
    let alone = may_edit_row(register, &web.actor(), Some(post), judged);
    let body = Body::Row { wish: Box::new(wish) };
    let outcome = web.app.committer.send(Command { id, shard, actor: web.actor(), body }).await?;
    Ok((outcome, !alone))
}

/// What became of a row.
pub fn outcome_body(outcome: &Outcome, proposed: bool) -> Value {
    json!({
        "key": outcome.number,
        "shard": outcome.shard,
        "version": outcome.version,
        "seq": outcome.seq,
        "proposed": proposed,
    })
}

fn answer(name: &str, (outcome, proposed): &(Outcome, bool), status: StatusCode) -> Response {
    let key = outcome.number.as_deref().filter(|_| !proposed);
    let location = key.map(|key| row_href(name, outcome.shard.0, key));
    let status = if *proposed { StatusCode::ACCEPTED } else { status };
    done(status, outcome, (outcome_body(outcome, *proposed), location))
}

/// `POST /api/registers/{register}/rows`.
pub async fn create(web: Web, headers: HeaderMap, Path(name): Path<String>, bytes: Bytes) -> Result<Response, Error> {
    vouched(&web)?;
    let id = command_id(&web, &headers)?;
    let made = put_one(&web, (&name, Target::New), id, (json_of(&bytes)?, None)).await?;
    Ok(answer(&name, &made, StatusCode::CREATED))
}

/// `PUT /api/registers/{register}/rows/{shard}/{key}`.
pub async fn put(
    web: Web,
    headers: HeaderMap,
    Path((name, shard, key)): Path<(String, u32, String)>,
    bytes: Bytes,
) -> Result<Response, Error> {
    vouched(&web)?;
    let id = command_id(&web, &headers)?;
    let wish = (json_of(&bytes)?, if_match(&headers)?);
    match put_one(&web, (&name, Target::Row(Shard(shard), &key)), id, wish).await {
        Ok(done) => Ok(answer(&name, &done, StatusCode::OK)),
        Err(error) => refused(&web, &headers, error),
    }
}

/// `DELETE /api/registers/{register}/rows/{shard}/{key}?from=&why=`: the row no longer holds from that day on, today
/// without it. What was is kept.
pub async fn end(
    web: Web,
    headers: HeaderMap,
    Path((name, shard, key)): Path<(String, u32, String)>,
) -> Result<Response, Error> {
    vouched(&web)?;
    only(&web, &["from", "why"])?;
    let id = command_id(&web, &headers)?;
    let when = (read::<Date>(&web, "from")?, if_match(&headers)?);
    match end_one(&web, (&name, shard, &key), id, when).await {
        Ok(done) => Ok(answer(&name, &done, StatusCode::OK)),
        Err(error) => refused(&web, &headers, error),
    }
}
