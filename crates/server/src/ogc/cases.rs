//! Cases the public may see as features: what Open311 shows of them, where they are to about ten metres, under the same ids.

use super::asked::Asked;
use super::feature::{Feature, Page};
use super::{READ_AT_ONCE, READ_MAX};
use crate::error::Error;
use crate::open311::Services;
use crate::staff::query::{after_of, after_text};
use crate::view::Look;
use crate::web::Web;
use ganglion_geo::Geometry;
use ganglion_geo::geometry::Bounds;
use ganglion_kernel::port::{After, CaseFilter, CaseOrder};
use ganglion_model::Case;
use ganglion_model::pack::Process;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// Degrees by which a case may be told off where it is.
const TOLD_TO: f64 = 0.000_1;

/// A case as a feature; `None` when the public may not see it.
#[must_use]
pub fn feature(web: &Web, look: &Look<'_>, services: &Services<'_>, case: &Case) -> Option<Feature> {
    let mut told = services.told((look, &web.app.master, Some(&web.app.settings.public_url)), case)?;
    let id = told.remove("service_request_id")?.as_str()?.to_owned();
    let (lon, lat) = (told.remove("long"), told.remove("lat"));
    let number = |value: Option<Value>| value.and_then(|value| value.as_f64());
    let geometry = match (number(lon), number(lat)) {
        (Some(lon), Some(lat)) => Some(Geometry::Point([lon, lat])),
        _ => None,
    };
    // Neither is ever said of our requests.
    for empty in ["zipcode", "service_notice"] {
        told.remove(empty);
    }
    let title = told.get("service_name").and_then(Value::as_str).unwrap_or(&id).to_owned();
    Some(Feature { id, title, geometry, properties: told })
}

/// When cases were opened that are asked for, the end included.
fn opened(asked: &Asked) -> Option<(Timestamp, Timestamp)> {
    if asked.span == (None, None) {
        return None;
    }
    let after = |at: Timestamp| at.checked_add(SignedDuration::from_micros(1)).unwrap_or(Timestamp::MAX);
    Some((asked.span.0.unwrap_or(Timestamp::MIN), asked.span.1.map_or(Timestamp::MAX, after)))
}

/// A box storage can narrow by: a little wider than what is asked for, since a case is told to about ten metres.
fn bounds(asked: &Asked) -> Option<Bounds> {
    let [west, south, east, north] = asked.bounds().filter(|[west, _, east, _]| west <= east)?;
    Some([west - TOLD_TO, south - TOLD_TO, east + TOLD_TO, north + TOLD_TO])
}

/// A page of cases, the newest first. Only so many are looked at for one page: it may hold few and go on all the same.
///
/// # Errors
/// [`Error::Unreadable`] for a page that begins nowhere; storage.
pub async fn page(web: &Web, look: &Look<'_>, process: &Process, asked: &Asked) -> Result<Page, Error> {
    let services = Services::of(look);
    let filter = CaseFilter {
        processes: vec![process.name.clone()],
        opened: opened(asked),
        bounds: bounds(asked),
        ..CaseFilter::default()
    };
    let mut after = match asked.after.as_deref() {
        None => None,
        Some(text) => Some(after_of(Some(text)).ok_or(Error::Unreadable("after"))?),
    };
    let (mut page, mut read) = (Page::default(), 0);
    let mut kept: Option<After> = None;
    loop {
        let cases = web.app.store.cases(&filter, CaseOrder::Opened, after.as_ref(), READ_AT_ONCE).await?;
        let is_last = cases.len() < READ_AT_ONCE as usize;
        read += cases.len();
        after = cases.last().map(|case| After::of(case, CaseOrder::Opened));
        for case in &cases {
            let Some(feature) = feature(web, look, &services, case).filter(|feature| asked.keeps(feature)) else {
                continue;
            };
            if page.features.len() == asked.limit {
                page.next = kept.as_ref().map(after_text);
                return Ok(page);
            }
            page.features.push(feature);
            kept = Some(After::of(case, CaseOrder::Opened));
        }
        if is_last {
            return Ok(page);
        }
        if read >= READ_MAX {
            page.next = after.as_ref().map(after_text);
            return Ok(page);
        }
    }
}

/// One case by its public id.
///
/// # Errors
/// [`Error::NotFound`]; storage.
pub async fn one(web: &Web, look: &Look<'_>, process: &Process, id: &str) -> Result<Feature, Error> {
    let (shard, case) = crate::open311::case_of(&web.app.master, id).ok_or(Error::NotFound)?;
    let case = web.app.store.case(shard, case).await?.filter(|case| case.process == process.name);
    let services = Services::of(look);
    case.and_then(|case| feature(web, look, &services, &case)).ok_or(Error::NotFound)
}
