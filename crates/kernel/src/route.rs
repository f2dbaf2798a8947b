//! How a case finds its place, and why: the answer is kept with the case for good.

use crate::world::{Places, World};
use ganglion_geo::{Datum, Point, to_wgs84};
use ganglion_model::pack::Process;
use ganglion_model::row::{Route, RouteBy};
use ganglion_model::{FieldFinding, Fields, Level, PlaceCode, PostId, Shard};
use jiff::civil::Date;
use serde_json::Value;
use std::collections::BTreeMap;

mod rule;
pub mod workload;

/// Distance to a border within which the reporter may choose the other side, metres.
pub const BORDER_METRES: f64 = 30.0;

/// What lies at a point.
#[derive(Clone, Debug, PartialEq)]
pub struct Located {
    /// The deepest place that holds the point.
    pub here: Option<PlaceCode>,
    /// Other places of that depth within reach, nearest first, with metres.
    pub near: Vec<(PlaceCode, u32)>,
    /// The county whose outline holds the point, when its code is not the county of `here`.
    pub host: Option<PlaceCode>,
}

/// Looks up a point (WGS-84 longitude, latitude) among the outlines of the edition in force.
#[must_use]
pub fn locate(places: &Places, point: [f64; 2]) -> Located {
    let point = Point::new(point[0], point[1]);
    for level in [Level::Grid, Level::Village, Level::Township, Level::County] {
        let found = places.index.lookup(Places::layer(level), point, BORDER_METRES);
        let here = found.here.and_then(PlaceCode::from_padded);
        if here.is_none() && found.near.is_empty() {
            continue;
        }
        let near = found
            .near
            .iter()
            .filter_map(|(code, metres)| Some((PlaceCode::from_padded(*code)?, metres.round().max(0.0))))
            .map(|(code, metres)| {
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 30 metres")]
                let metres = metres as u32;
                (code, metres)
            })
            .collect();
        return Located { here, near, host: host_of(places, point, here) };
    }
    Located { here: None, near: Vec::new(), host: None }
}

/// The place in which a point lies instead of the one that was chosen, of the same level where there is one; `None` where the
/// two agree, the chosen place is within reach of the border, or nothing is known to lie there.
#[must_use]
pub fn elsewhere(places: &Places, point: [f64; 2], chosen: PlaceCode) -> Option<PlaceCode> {
    let found = locate(places, point);
    let here = found.here?;
    let agrees = chosen.holds(here) || here.holds(chosen) || found.near.iter().any(|(code, _)| chosen.holds(*code));
    (!agrees).then(|| here.at(chosen.level()).unwrap_or(here))
}

fn host_of(places: &Places, point: Point<f64>, here: Option<PlaceCode>) -> Option<PlaceCode> {
    let by_code = here?.at(Level::County)?;
    let by_outline = places.index.at(Places::layer(Level::County), point).and_then(PlaceCode::from_padded)?;
    (by_outline != by_code).then_some(by_outline)
}

fn finding(field: &str, problem: &str) -> FieldFinding {
    FieldFinding { field: field.to_owned(), problem: problem.to_owned(), message: None, args: BTreeMap::new() }
}

/// A point as stored in a form.
#[must_use]
pub fn point_of(value: Option<&Value>) -> Option<[f64; 2]> {
    let pair = value?.as_array()?;
    match pair.as_slice() {
        [lon, lat] => Some([lon.as_f64()?, lat.as_f64()?]),
        _ => None,
    }
}

/// Where a case goes.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The place, and why.
    pub route: Route,
    /// The post a rule names.
    pub post: Option<PostId>,
    /// Posts of which the least busy one gets it, when no rule names a post.
    pub among: Vec<PostId>,
    /// The level a rule names.
    pub level: Option<Level>,
}

/// Routes an opening form: by point or place field, then by the rules, then by workload.
///
/// # Errors
/// A finding for the field that keeps it from being routed: `outside` the installation, `not_near` (a chosen place that
/// does not hold the point and is not within reach), `not_a_place`, or `required`.
pub fn find(world: &World, process: &Process, form: &Fields, day: Date) -> Result<Found, FieldFinding> {
    let named = located(world, process, form, day);
    let missing = |finding: &FieldFinding| finding.problem == "required" && !process.route.rules.is_empty();
    let place = match named {
        Ok(route) => Some(route),
        // Nothing said where it is: a rule may know.
        Err(finding) if missing(&finding) => None,
        Err(finding) => return Err(finding),
    };
    let hit = rule::first(world, process, (form, place.as_ref().map(|route| route.place)), day);
    let given = hit.as_ref().and_then(|hit| hit.place);
    let mut route = match (given, place) {
        (Some(given), Some(route)) if given == route.place => route,
        (Some(given), route) => {
            let near = route.map(|route| route.near).unwrap_or_default();
            Route { near, ..Route::new(RouteBy::Rule, given) }
        }
        (None, Some(route)) => route,
        (None, None) => {
            let field = process.route.point.as_deref().or(process.route.place.as_deref()).unwrap_or_default();
            return Err(finding(field, "required"));
        }
    };
    let mut found = Found { route: route.clone(), post: None, among: Vec::new(), level: None };
    if let Some(hit) = hit {
        route.rule = Some(hit.why);
        found.post = hit.post;
        found.level = hit.level.filter(|level| *level <= route.place.level());
        found.among = hit.role.map(|role| workload::of_role(world, &role, route.place, day)).unwrap_or_default();
    }
    if found.post.is_none() && found.among.is_empty() {
        let posts = process.route.workload.iter().map(|one| workload::posts(world, one, route.place, day));
        found.among = posts.into_iter().find(|posts| !posts.is_empty()).unwrap_or_default();
    }
    Ok(Found { route, ..found })
}

/// By point or place field.
fn located(world: &World, process: &Process, form: &Fields, day: Date) -> Result<Route, FieldFinding> {
    let def = &process.route;
    let named = def.place.as_ref().and_then(|field| form.get(field)).and_then(Value::as_str);
    let named = match named {
        Some(code) => {
            let field = def.place.as_deref().unwrap_or_default();
            let code: PlaceCode = code.parse().map_err(|_| finding(field, "not_a_place"))?;
            let current = world.places.tree.current(code, day).ok_or_else(|| finding(field, "not_a_place"))?;
            if !world.places.root.holds(current) || current.level() < Level::County {
                return Err(finding(field, "outside"));
            }
            Some(current)
        }
        None => None,
    };
    let point = def.point.as_ref().and_then(|field| point_of(form.get(field)));
    match (point, named) {
        (Some(point), named) => by_point(world, def.point.as_deref().unwrap_or_default(), point, named),
        (None, Some(place)) => Ok(Route::new(RouteBy::Named, place)),
        (None, None) => Err(finding(def.point.as_deref().or(def.place.as_deref()).unwrap_or_default(), "required")),
    }
}

fn by_point(world: &World, field: &str, point: [f64; 2], named: Option<PlaceCode>) -> Result<Route, FieldFinding> {
    let found = locate(&world.places, point);
    let route = |by, place, near: Vec<(PlaceCode, u32)>| Route {
        edition: Some(world.places.edition.clone()),
        near,
        host: found.host,
        ..Route::new(by, place)
    };
    match (found.here, named) {
        (Some(here), None) => Ok(route(RouteBy::Point, here, found.near.clone())),
        (Some(here), Some(chosen)) if chosen.holds(here) => Ok(route(RouteBy::Point, here, found.near.clone())),
        (here, Some(chosen)) => {
            let side = found.near.iter().find(|(code, _)| chosen.holds(*code)).map(|(code, _)| *code);
            let mut others: Vec<(PlaceCode, u32)> = here.map(|here| (here, 0)).into_iter().collect();
            others.extend(found.near.iter().filter(|(code, _)| Some(*code) != side));
            match side {
                Some(side) => Ok(route(RouteBy::Border, side, others)),
                None if here.is_none() => Err(misplaced(world, finding(field, "outside"), point, Some(chosen))),
                None => Err(misplaced(world, finding(field, "not_near"), point, Some(chosen))),
            }
        }
        (None, None) => match found.near.first() {
            Some((nearest, _)) => Ok(route(RouteBy::Border, *nearest, found.near[1..].to_vec())),
            None => Err(misplaced(world, finding(field, "outside"), point, None)),
        },
    }
}

/// Adds what a point would mean if it came from a map in GCJ-02, whose points lie some 500 m off: the place (`gcj02`) and
/// the corrected point (`lon`, `lat`), so that a screen can offer the correction. Only where it explains the mistake.
fn misplaced(
    world: &World,
    mut finding: FieldFinding,
    [lon, lat]: [f64; 2],
    chosen: Option<PlaceCode>,
) -> FieldFinding {
    let shifted = to_wgs84(Datum::Gcj02, Point::new(lon, lat));
    let meant = locate(&world.places, [shifted.x(), shifted.y()]).here;
    if let Some(meant) = meant.filter(|meant| chosen.is_none_or(|chosen| chosen.holds(*meant))) {
        finding.args.insert("gcj02".to_owned(), meant.to_string());
        finding.args.insert("lon".to_owned(), format!("{:.7}", shifted.x()));
        finding.args.insert("lat".to_owned(), format!("{:.7}", shifted.y()));
    }
    finding
}

/// The shard an opening command must be sent to.
///
/// # Errors
/// As for [`find`].
pub fn shard_for(world: &World, process: &Process, form: &Fields, day: Date) -> Result<Shard, FieldFinding> {
    find(world, process, form, day).map(|found| found.route.place.shard())
}
