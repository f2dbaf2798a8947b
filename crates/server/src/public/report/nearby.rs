//! Cases that may be the same: open, of the same kind, within a hundred metres, of the last days. Only what is public
//! about them is shown.

use super::slots::Slots;
use crate::error::Error;
use crate::limits::{NEARBY_DAYS, NEARBY_METRES, NEARBY_SHOWN_MAX};
use crate::typed::Typed;
use crate::view::case::StateTag;
use crate::web::Web;
use axum::Json;
use axum::response::{IntoResponse as _, Response};
use ganglion_geo::Point;
use ganglion_geo::metres::Scale;
use ganglion_kernel::port::{CaseFilter, CaseOrder};
use ganglion_kernel::route::point_of;
use ganglion_model::{Case, Link};
use jiff::SignedDuration;
use serde::Serialize;
use serde_json::json;

/// Rows looked at: more of one kind at one spot within a week need no longer list.
const ROWS_MAX: u32 = 100;
/// Kind of the tie to the case a reporter holds to be the same; a dispatcher decides whether they are merged.
const SAME_AS: &str = "same_as";

/// A case that may be the same.
#[derive(Clone, Debug, Serialize)]
pub struct Near {
    /// Public number.
    pub number: String,
    /// Where its progress can be asked for.
    pub href: String,
    /// What it is about.
    pub title: String,
    /// State.
    pub state: StateTag,
    /// State in words.
    pub state_label: String,
    /// Distance.
    pub metres: u32,
    /// Last change.
    pub updated: String,
}

/// Cases near `point`, nearest first, with metres.
async fn cases(web: &Web, slots: &Slots<'_>, point: [f64; 2], kind: &str) -> Result<Vec<(Case, u32)>, Error> {
    const METRES_PER_DEGREE: f64 = 111_000.0;
    let [lon, lat] = point;
    let (east, north) =
        (NEARBY_METRES / METRES_PER_DEGREE / lat.to_radians().cos().max(0.1), NEARBY_METRES / METRES_PER_DEGREE);
    let filter = CaseFilter {
        processes: vec![slots.process.name.clone()],
        open: Some(true),
        kind: Some(kind.to_owned()),
        opened: Some((web.now - SignedDuration::from_hours(24 * NEARBY_DAYS), web.now + SignedDuration::from_secs(1))),
        bounds: Some([lon - east, lat - north, lon + east, lat + north]),
        ..CaseFilter::default()
    };
    let scale = Scale::at(lat);
    let away = |case: &Case| {
        let [x, y] = case.point?;
        let metres = scale.between(Point::new(lon, lat), Point::new(x, y));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 100 metres")]
        (metres <= NEARBY_METRES).then_some(metres.round() as u32)
    };
    let rows = web.app.store.cases(&filter, CaseOrder::Opened, None, ROWS_MAX).await?;
    let mut near: Vec<(Case, u32)> = rows.into_iter().filter_map(|case| away(&case).map(|m| (case, m))).collect();
    near.sort_by_key(|(_, metres)| *metres);
    near.truncate(NEARBY_SHOWN_MAX);
    Ok(near)
}

/// What may be shown of the cases near a point.
///
/// # Errors
/// When the store fails.
pub async fn shown(web: &Web, slots: &Slots<'_>, point: [f64; 2], kind: &str) -> Result<Vec<Near>, Error> {
    let words = web.words();
    let look = web.look(&words);
    let near = |(case, metres): (Case, u32)| {
        let heading = slots.process.field(&slots.process.heading).filter(|field| field.public);
        let title = match heading {
            Some(_) => look.title(slots.process, &case),
            None if slots.process.kind_field.is_some() => look.category_short(slots.process, &case),
            None => look.about(slots.process, &case),
        };
        let state = look.state(slots.process, &case.state);
        Near {
            href: format!("/follow?number={}", crate::page::encode(&case.number)),
            number: case.number,
            title,
            state_label: state.label.clone(),
            state,
            metres,
            updated: look.when(case.updated_at),
        }
    };
    Ok(cases(web, slots, point, kind).await?.into_iter().map(near).collect())
}

/// The tie to the case the reporter chose as the same, if it really is one of those near.
///
/// # Errors
/// When the store fails.
pub async fn chosen(
    web: &Web,
    slots: &Slots<'_>,
    typed: &Typed,
    (point, kind): (Option<[f64; 2]>, Option<&str>),
) -> Result<Option<Link>, Error> {
    let (Some(number), Some(point), Some(kind)) = (typed.one("same_as"), point, kind) else {
        return Ok(None);
    };
    let near = cases(web, slots, point, kind).await?;
    let same = near.into_iter().map(|(case, _)| case).find(|case| case.number == number);
    Ok(same.map(|case| Link { process: None, ..Link::to(&case, SAME_AS) }))
}

/// `GET /report/near?lon=&lat=&datum=&category=`.
pub async fn near(web: Web) -> Result<Response, Error> {
    let slots = Slots::find(&web.world.model, web.arg("process")).ok_or(Error::NotFound)?;
    let pair = format!("{},{}", web.arg("lon").unwrap_or("?"), web.arg("lat").unwrap_or("?"));
    let point = point_of(Some(&Typed::default().point(&pair, web.arg("datum")))).ok_or(Error::Unreadable("point"))?;
    let kind = web.arg("category").ok_or(Error::Unreadable("category"))?;
    let near = shown(&web, &slots, point, kind).await?;
    Ok(Json(json!({ "cases": near })).into_response())
}

/// The number of the case another one was held to be the same as when it was reported.
#[must_use]
pub fn same_as(case: &Case) -> Option<&str> {
    case.links.iter().find(|link| link.kind == SAME_AS).map(|link| link.number.as_str())
}
