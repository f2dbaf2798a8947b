//! Reading cases: one, and lists by key.

use crate::error::Error;
use crate::limits::API_ROWS_MAX;
use crate::staff::lists::Union;
use crate::view::facts::may_see;
use crate::view::mask;
use crate::web::Web;
use axum::Json;
use axum::extract::Path;
use axum::response::{IntoResponse as _, Response};
use ganglion_kernel::decide::who;
use ganglion_kernel::port::{After, CaseFilter, CaseOrder};
use ganglion_kernel::seal::is_sealed;
use ganglion_model::clocks::midnight;
use ganglion_model::{Case, CaseId, Fields, Level, PlaceCode, PostId};
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Value, json};
use std::str::FromStr;

/// `GET /api/v1/cases/{number}`.
pub async fn one(web: Web, Path(number): Path<String>) -> Result<Response, Error> {
    web.post()?;
    let case = web.find_number(&number).await?.ok_or(Error::NotFound)?;
    let actor = web.actor();
    let post = who::post_of(&web.world, &actor, web.now);
    if !who::may_read(&web.world, &actor, post, &case) {
        return Err(Error::NotFound);
    }
    Ok(Json(shown(&web, &case)).into_response())
}

/// A value of the query, read.
///
/// # Errors
/// [`Error::Unreadable`].
pub(crate) fn read<T: FromStr>(web: &Web, name: &'static str) -> Result<Option<T>, Error> {
    web.arg(name).map(|text| text.parse().map_err(|_| Error::Unreadable(name))).transpose()
}

/// The filter of a query.
///
/// # Errors
/// [`Error::Unreadable`].
pub(crate) fn filter(web: &Web) -> Result<CaseFilter, Error> {
    let many = |name: &str| web.arg(name).map(|text| text.split(',').map(str::to_owned).collect()).unwrap_or_default();
    let open = match web.arg("open") {
        None => None,
        Some("true" | "1") => Some(true),
        Some("false" | "0") => Some(false),
        Some(_) => return Err(Error::Unreadable("open")),
    };
    let from = read::<Date>(web, "opened_from")?.map(midnight);
    let to = read::<Date>(web, "opened_to")?.map(midnight);
    let opened = match (from, to) {
        (None, None) => None,
        (from, to) => Some((from.unwrap_or(Timestamp::UNIX_EPOCH), to.unwrap_or(Timestamp::MAX))),
    };
    let level = web.arg("level").map(|name| Level::parse(name).ok_or(Error::Unreadable("level"))).transpose()?;
    Ok(CaseFilter {
        place: read::<PlaceCode>(web, "place")?,
        processes: many("process"),
        states: many("state"),
        open,
        assignees: web.arg("assignee").map(|id| PostId(id.to_owned())).into_iter().collect(),
        kind: web.arg("kind").map(str::to_owned),
        due_before: read::<Timestamp>(web, "due_before")?,
        opened,
        level,
        ..CaseFilter::default()
    })
}

/// Where the page asked for begins.
///
/// # Errors
/// [`Error::Unreadable`].
pub(crate) fn after(web: &Web) -> Result<Option<After>, Error> {
    let bad = || Error::Unreadable("after");
    let Some(text) = web.arg("after") else { return Ok(None) };
    let (at, case) = text.split_once('.').ok_or_else(bad)?;
    let case = uuid::Uuid::try_parse(case).map_err(|_| bad())?;
    Ok(Some(After { at: at.parse().map_err(|_| bad())?, case: CaseId(case) }))
}

/// How many rows one answer holds at most: as many as asked for, within what the interface gives.
///
/// # Errors
/// [`Error::Unreadable`].
pub(crate) fn limit(web: &Web) -> Result<u32, Error> {
    let asked = read::<u32>(web, "limit")?.unwrap_or(API_ROWS_MAX);
    if (1..=API_ROWS_MAX).contains(&asked) { Ok(asked) } else { Err(Error::Unreadable("limit")) }
}

/// A page of the cases asked for that the caller reaches, by `order`, `limit` and `after` of the address; and where the next
/// page begins.
pub async fn page(web: &Web, asked: &CaseFilter) -> Result<(Vec<Case>, Option<String>), Error> {
    let post = web.post()?;
    let order = match web.arg("order") {
        None | Some("opened") => CaseOrder::Opened,
        Some("due") => CaseOrder::Due,
        Some(_) => return Err(Error::Unreadable("order")),
    };
    let page = Union::reachable(web, post).narrowed(asked).page(web, order, after(web)?.as_ref(), limit(web)?).await?;
    Ok((page.cases, page.next.map(|after| format!("{}.{}", after.at, after.case))))
}

/// `GET /api/v1/cases?process=&state=&place=&kind=&open=&assignee=&level=&opened_from=&opened_to=&due_before=&order=
/// opened|due&limit=&after=`: `{cases, after}`; `after` is null on the last page.
pub async fn list(web: Web) -> Result<Response, Error> {
    let (cases, next) = page(&web, &filter(&web)?).await?;
    let cases: Vec<Value> = cases.iter().map(|case| shown(&web, case)).collect();
    Ok(Json(json!({ "cases": cases, "after": next })).into_response())
}

/// A case as JSON: personal values masked whole, confidential ones left out for roles that may not see them.
fn shown(web: &Web, case: &Case) -> Value {
    let role = web.session.as_ref().and_then(|session| session.post.as_ref()).map_or("", |post| &post.role);
    let process = web.world.model.processes.get(&case.process);
    let fields: Fields = case
        .fields
        .iter()
        .filter_map(|(name, value)| {
            let field = process?.field(name)?;
            if field.personal || value.as_str().is_some_and(is_sealed) {
                return Some((name.clone(), Value::from(mask::hidden())));
            }
            may_see(field, role).then(|| (name.clone(), value.clone()))
        })
        .collect();
    let clocks: serde_json::Map<String, Value> = case
        .clocks
        .iter()
        .map(|(name, clock)| {
            let shown = json!({
                "started_at": clock.started_at(),
                "due_at": clock.due_at(),
                "stopped_at": clock.stopped_at(),
                "paused": clock.is_paused(),
                "overdue": clock.is_overdue(web.now),
            });
            (name.clone(), shown)
        })
        .collect();
    json!({
        "id": case.id,
        "number": case.number,
        "numbers": case.numbers,
        "process": case.process,
        "state": case.state,
        "version": case.version,
        "place": case.place,
        "level": case.level,
        "point": case.point,
        "route": case.route,
        "opened_at": case.opened_at,
        "observed_at": case.observed_at,
        "updated_at": case.updated_at,
        "closed_at": case.closed_at,
        "channel": case.channel,
        "assignee": case.assignee,
        "assist": case.assist,
        "fields": fields,
        "clocks": clocks,
        "counts": case.counts,
        "links": case.links,
        "published": case.published(),
    })
}
