//! Requests as anyone may read them: open or closed, where to about ten metres, and nothing about people.

use super::id::{self, Kind};
use super::out::{Body, Fault, Part, Record};
use super::scrub::scrubbed;
use super::services::{Service, all, of_case};
use super::{Asked, jurisdiction};
use crate::error::Error;
use crate::view::Look;
use crate::view::words::iso;
use crate::web::Web;
use axum::http::StatusCode;
use ganglion_kernel::port::{After, CaseFilter, CaseOrder};
use ganglion_kernel::seal::Key;
use ganglion_model::{Case, Lang, PlaceCode, Shard};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// Longest span asked for, and the span shown without one: ninety days.
const SPAN: SignedDuration = SignedDuration::from_hours(90 * 24);
/// Most requests in one answer.
const REQUESTS_MAX: usize = 1000;
/// Requests of a page, when pages are asked for without a size.
const PAGE_SIZE: usize = 50;
/// Ids asked for at once.
const IDS_MAX: usize = 100;
/// Cases read from the store at a time.
const READ_AT_ONCE: u32 = 500;
/// Cases looked at for one answer: some may not be shown.
const READ_MAX: usize = 5000;
/// How long a request stays to be seen after it was closed: two years.
const CLOSED_SHOWN: SignedDuration = SignedDuration::from_hours(730 * 24);

/// Whether the public may see a case.
pub fn is_public(now: Timestamp, service: &Service<'_>, case: &Case) -> bool {
    let hidden = service.offer.hide.iter().any(|name| case.fields.get(name) == Some(&Value::Bool(true)));
    let gone = case.closed_at.is_some_and(|at| now.duration_since(at) > CLOSED_SHOWN);
    let unseen = service.offer.checked && case.entered.len() < 2;
    !hidden && !gone && !unseen
}

/// The picture the public is shown of a case: the first of the field the pack names, once somebody has said that it may be.
pub fn picture<'c>(service: &Service<'_>, case: &'c Case) -> Option<&'c str> {
    let media = service.offer.media.as_ref()?;
    let vouched = case.fields.get(&media.shown) == Some(&Value::Bool(true));
    case.fields.get(&media.files)?.as_array()?.first()?.as_str().filter(|_| vouched)
}

fn rounded(degrees: f64) -> f64 {
    (degrees * 10_000.0).round() / 10_000.0
}

/// A place in words: from the deepest up in English, from the county down in Chinese.
fn address(look: &Look<'_>, place: PlaceCode) -> String {
    let mut names: Vec<String> =
        look.world.places.path(place, look.today()).into_iter().map(|place| place.name.clone()).collect();
    if look.say.lang() == Lang::En {
        names.reverse();
        return names.join(", ");
    }
    names.concat()
}

/// Who has it: the unit of the post it is given to, else the office of the place it is handled at.
fn agency(look: &Look<'_>, case: &Case) -> String {
    let post = case.assignee.as_ref().and_then(|post| look.world.posts.get(post));
    let unit = post.map(|post| look.text(&post.unit)).filter(|unit| !unit.is_empty());
    unit.unwrap_or_else(|| look.place(case.place.at(case.level).unwrap_or(case.place)))
}

/// A request in the order of the specification. `base`: the address this installation has outside, for the picture; without
/// one no picture is named.
pub fn record((look, master, base): (&Look<'_>, &Key, Option<&str>), service: &Service<'_>, case: &Case) -> Record {
    let state = service.process.states.get(&case.state);
    let notes = state.map(|state| look.text(&state.public)).filter(|notes| !notes.is_empty());
    let description = service.offer.describe.then(|| scrubbed(&look.description(service.process, case)));
    let time = |at: Option<Timestamp>| Part::from(at.map(iso));
    let [lon, lat] = match case.point {
        Some([lon, lat]) => [Part::Number(rounded(lon)), Part::Number(rounded(lat))],
        None => [Part::None, Part::None],
    };
    let status = if case.closed_at.is_some() { "closed" } else { "open" };
    let media = base.zip(picture(service, case)).map(|(base, id)| format!("{}/files/{id}", base.trim_end_matches('/')));
    vec![
        ("service_request_id", Part::Text(id::of(master, Kind::Request, (case.shard, case.id)))),
        ("status", Part::Text(status.to_owned())),
        ("status_notes", notes.into()),
        ("service_name", Part::Text(service.name().to_owned())),
        ("service_code", Part::Text(service.code.clone())),
        ("description", description.into()),
        ("agency_responsible", Part::Text(agency(look, case))),
        ("service_notice", Part::None),
        ("requested_datetime", time(Some(case.opened_at))),
        ("updated_datetime", time(Some(case.closed_at.unwrap_or(case.updated_at)))),
        ("expected_datetime", time(case.due_at())),
        ("address", Part::Text(address(look, case.place))),
        ("address_id", Part::Text(case.place.to_string())),
        ("zipcode", Part::None),
        ("lat", lat),
        ("long", lon),
        ("media_url", media.into()),
    ]
}

fn base(web: &Web) -> Option<&str> {
    Some(&web.app.settings.public_url)
}

fn body(records: Vec<Record>) -> Body {
    Body::List("service_requests", "request", records)
}

fn wrong(web: &Web, key: &str) -> Fault {
    Fault::new(StatusCode::BAD_REQUEST, web.t(key))
}

/// When requests were made that are asked for.
fn span(web: &Web) -> Result<(Timestamp, Timestamp), Fault> {
    let read = |name: &str| {
        let text = web.arg(name);
        text.map(|text| text.parse::<Timestamp>().map_err(|_| wrong(web, "open311-bad-date"))).transpose()
    };
    let shifted = |at: Timestamp, by: SignedDuration| at.checked_add(by).map_err(|_| wrong(web, "open311-bad-date"));
    // The end itself belongs to what is asked for.
    let after = |at: Timestamp| shifted(at, SignedDuration::from_micros(1));
    Ok(match (read("start_date")?, read("end_date")?) {
        (Some(from), Some(to)) if from > to => return Err(wrong(web, "open311-bad-date")),
        (Some(from), Some(to)) if to.duration_since(from) > SPAN => return Err(wrong(web, "open311-long-span")),
        (Some(from), Some(to)) => (from, after(to)?),
        (Some(from), None) => (from, after(shifted(from, SPAN)?)?),
        (None, Some(to)) => (shifted(to, -SPAN)?, after(to)?),
        (None, None) => (shifted(web.now, -SPAN)?, after(web.now)?),
    })
}

/// Open, closed, or both.
fn status(web: &Web) -> Result<Option<bool>, Fault> {
    let Some(text) = web.arg("status") else { return Ok(None) };
    let (mut open, mut closed) = (false, false);
    for word in text.split(',').map(str::trim) {
        match word {
            "open" => open = true,
            "closed" => closed = true,
            _ => return Err(wrong(web, "open311-bad-status")),
        }
    }
    Ok((open != closed).then_some(open))
}

/// The part of a list that is asked for: how many to leave out and how many to give.
fn page(web: &Web) -> Result<(usize, usize), Fault> {
    let read = |name: &str| {
        let text = web.arg(name);
        let number = text.map(|text| text.parse::<usize>().ok().filter(|n| (1..=REQUESTS_MAX).contains(n)));
        number.map(|number| number.ok_or_else(|| wrong(web, "open311-bad-page"))).transpose()
    };
    let (page, size) = (read("page")?, read("page_size")?);
    if page.is_none() && size.is_none() {
        return Ok((0, REQUESTS_MAX));
    }
    let size = size.unwrap_or(PAGE_SIZE);
    let skipped = (page.unwrap_or(1) - 1).saturating_mul(size);
    Ok((skipped, size.min(REQUESTS_MAX.saturating_sub(skipped))))
}

/// `GET requests`: by ids, or by service, time and status.
pub async fn list(web: &Web) -> Asked {
    let place = jurisdiction::of(web, web.arg("jurisdiction_id"))?;
    let words = web.words();
    let look = web.look(&words);
    let services = all(&look);
    if let Some(ids) = web.arg("service_request_id") {
        return by_ids(web, (&look, services.as_slice()), place, ids).await;
    }
    let codes: Vec<&str> =
        web.arg("service_code").map(|codes| codes.split(',').map(str::trim).collect()).unwrap_or_default();
    let is_wanted = |service: &&Service<'_>| codes.is_empty() || codes.contains(&service.code.as_str());
    let wanted: Vec<&Service<'_>> = services.iter().filter(is_wanted).collect();
    if codes.iter().any(|code| services.iter().all(|service| service.code != *code)) {
        return Err(Fault::new(StatusCode::NOT_FOUND, web.t("open311-no-service")));
    }
    let (skipped, size) = page(web)?;
    let (opened, open) = (span(web)?, status(web)?);
    let mut processes: Vec<String> = wanted.iter().map(|service| service.process.name.clone()).collect();
    processes.dedup();
    let one_kind = match wanted.as_slice() {
        [only] => only.kind.clone(),
        _ => None,
    };
    let filter = CaseFilter {
        place: Some(place),
        processes,
        opened: Some(opened),
        open,
        kind: one_kind,
        ..CaseFilter::default()
    };
    let is_shown = |case: &Case| {
        let service = of_case(&services, case).filter(|service| is_wanted(service));
        service.is_some_and(|service| is_public(web.now, service, case))
            && open.is_none_or(|open| open == case.closed_at.is_none())
    };
    let found = shown(web, &filter, skipped + size, is_shown).await?;
    let page = found.iter().skip(skipped);
    let records = page
        .filter_map(|case| Some(record((&look, &web.app.master, base(web)), of_case(&services, case)?, case)))
        .collect();
    Ok(body(records))
}

/// The newest cases of a filter that may be shown, up to `wanted`.
async fn shown(
    web: &Web,
    filter: &CaseFilter,
    wanted: usize,
    is_shown: impl Fn(&Case) -> bool,
) -> Result<Vec<Case>, Error> {
    let (mut found, mut read, mut after): (Vec<Case>, usize, Option<After>) = (Vec::new(), 0, None);
    if filter.processes.is_empty() {
        return Ok(found);
    }
    while found.len() < wanted && read < READ_MAX {
        let page = web.app.store.cases(filter, CaseOrder::Opened, after.as_ref(), READ_AT_ONCE).await?;
        let is_last = page.len() < READ_AT_ONCE as usize;
        read += page.len();
        after = page.last().map(|case| After::of(case, CaseOrder::Opened));
        found.extend(page.into_iter().filter(|case| is_shown(case)));
        if is_last {
            break;
        }
    }
    found.truncate(wanted);
    Ok(found)
}

/// A case by an id of ours, if the public may see it.
async fn found<'s, 'w>(
    web: &Web,
    (services, place): (&'s [Service<'w>], PlaceCode),
    (shard, case): (Shard, ganglion_model::CaseId),
) -> Result<Option<(Case, &'s Service<'w>)>, Error> {
    let case = web.app.store.case(shard, case).await?.filter(|case| place.holds(case.place));
    Ok(case.and_then(|case| {
        let service = of_case(services, &case).filter(|service| is_public(web.now, service, &case))?;
        Some((case, service))
    }))
}

async fn by_ids(web: &Web, (look, services): (&Look<'_>, &[Service<'_>]), place: PlaceCode, ids: &str) -> Asked {
    let mut records = Vec::new();
    for text in ids.split(',').map(str::trim).take(IDS_MAX) {
        let Some(id) = id::read(&web.app.master, Kind::Request, text) else { continue };
        if let Some((case, service)) = found(web, (services, place), id).await? {
            records.push(record((look, &web.app.master, base(web)), service, &case));
        }
    }
    Ok(body(records))
}

/// `GET requests/{service_request_id}`.
pub async fn one(web: &Web, text: &str) -> Asked {
    let place = jurisdiction::of(web, web.arg("jurisdiction_id"))?;
    let words = web.words();
    let look = web.look(&words);
    let services = all(&look);
    let none = || Fault::new(StatusCode::NOT_FOUND, web.t("open311-no-request"));
    let id = id::read(&web.app.master, Kind::Request, text).ok_or_else(none)?;
    let (case, service) = found(web, (services.as_slice(), place), id).await?.ok_or_else(none)?;
    Ok(body(vec![record((&look, &web.app.master, base(web)), service, &case)]))
}

/// `GET tokens/{token}`.
pub async fn of_token(web: &Web, token: &str) -> Asked {
    let words = web.words();
    let look = web.look(&words);
    let services = all(&look);
    let none = || Fault::new(StatusCode::NOT_FOUND, web.t("open311-no-token"));
    let id = id::read(&web.app.master, Kind::Token, token).ok_or_else(none)?;
    let case = web.app.store.case(id.0, id.1).await.map_err(Error::from)?.ok_or_else(none)?;
    let service = of_case(&services, &case).filter(|service| service.offer.checked).ok_or_else(none)?;
    let request =
        is_public(web.now, service, &case).then(|| id::of(&web.app.master, Kind::Request, (case.shard, case.id)));
    let record = vec![("service_request_id", request.into()), ("token", Part::Text(token.to_owned()))];
    Ok(body(vec![record]))
}
