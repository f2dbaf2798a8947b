//! `GET /plans/{name}/points`: where a plan's rows are: what is served, what is not, who serves, and the best further sites.

use super::asked::asked;
use super::read::{Computed, compute};
use super::tables::title;
use crate::error::Error;
use crate::limits::MAP_POINTS_MAX;
use crate::staff::registers::stands_at;
use crate::view::Look;
use crate::web::Web;
use axum::Json;
use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use ganglion_planning::declared::Subject;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What a point of a plan is, in the colours of clocks: the words of the legend are `plan-point-<name>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Serves: a facility, a supply, a worker.
    Serves,
    /// Is served.
    Served,
    /// Is not served in full.
    Lacks,
    /// A further site that would help.
    Site,
}

impl Kind {
    /// All kinds, in the order of the legend.
    pub const ALL: [Kind; 4] = [Kind::Served, Kind::Lacks, Kind::Serves, Kind::Site];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Serves => "serves",
            Kind::Served => "served",
            Kind::Lacks => "lacks",
            Kind::Site => "site",
        }
    }

    /// The kind of clock whose colour it has on the map.
    pub fn clock(self) -> &'static str {
        match self {
            Kind::Serves => "done",
            Kind::Served => "plenty",
            Kind::Lacks => "overdue",
            Kind::Site => "soon",
        }
    }
}

/// A point.
pub struct PlanPoint {
    pub kind: Kind,
    pub subject: Subject,
    pub at: [f64; 2],
}

/// Where everything of a computed plan is; rows without a place on the map are left out.
pub fn all(web: &Web, computed: &Computed) -> Vec<PlanPoint> {
    let outcome = &computed.outcome;
    let at = |subject: &Subject| {
        let record = computed.material.record(subject)?;
        let location = web.world.model.registers.get(&subject.register)?.location.as_ref()?;
        stands_at(record.fields.get(location))
    };
    let known = |subject: &Subject| outcome.points.get(subject).copied().or_else(|| at(subject));
    let lacking: BTreeSet<&Subject> = outcome.lacks.iter().map(|one| &one.subject).collect();
    let kind = |subject: &Subject| if lacking.contains(subject) { Kind::Lacks } else { Kind::Served };
    let point = |kind: Kind, subject: &Subject, at: Option<[f64; 2]>| {
        Some(PlanPoint { kind, subject: subject.clone(), at: at? })
    };
    let mut points: Vec<PlanPoint> = Vec::new();
    let reached = outcome.reached.iter().filter_map(|one| point(kind(&one.subject), &one.subject, Some(one.point)));
    points.extend(reached);
    let ends: BTreeSet<&Subject> = outcome.flows.iter().map(|one| &one.to).chain(lacking.iter().copied()).collect();
    if outcome.reached.is_empty() {
        points.extend(ends.into_iter().filter_map(|one| point(kind(one), one, known(one))));
    }
    points.extend(outcome.uses.iter().filter_map(|one| point(Kind::Serves, &one.subject, known(&one.subject))));
    points.extend(outcome.sites.iter().filter_map(|one| point(Kind::Site, &one.subject, Some(one.point))));
    points
}

fn feature(web: &Web, look: &Look<'_>, (computed, point): (&Computed, &PlanPoint)) -> Value {
    let (text, href) = title(web, look, &computed.material, &point.subject);
    json!({
        "type": "Feature",
        "geometry": { "type": "Point", "coordinates": point.at },
        "properties": {
            "number": format!("{}/{}", point.kind.name(), point.subject.key),
            "href": href,
            "title": text,
            "state": look.t(&format!("plan-point-{}", point.kind.name())),
            "tone": "active",
            "clock_kind": point.kind.clock(),
        },
    })
}

/// The points of a plan as GeoJSON.
pub async fn points(web: Web, Path(name): Path<String>) -> Result<Response, Error> {
    let asked = asked(&web, &name, &web.query.clone())?;
    let form = asked.answers.as_ref().map_err(|_| Error::Unreadable("answers"))?;
    let computed = compute(&web, &asked, form).await?.map_err(|_| Error::Unreadable("rows"))?;
    let words = web.words();
    let look = web.look(&words);
    let all = all(&web, &computed);
    let features: Vec<Value> =
        all.iter().take(MAP_POINTS_MAX as usize).map(|point| feature(&web, &look, (&computed, point))).collect();
    let is_cut = all.len() > MAP_POINTS_MAX as usize;
    let headers = [(header::CONTENT_TYPE, "application/geo+json"), (header::CACHE_CONTROL, "no-store")];
    let body = json!({ "type": "FeatureCollection", "truncated": is_cut, "features": features });
    Ok((headers, Json(body).into_response().into_body()).into_response())
}
