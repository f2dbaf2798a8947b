//! What the map draws: outlines of places, the place at a point, and cases as points.

use crate::app::{App, AppState};
use crate::error::Error;
use crate::limits::MAP_POINTS_MAX;
use crate::sign;
use crate::staff::lists::Union;
use crate::view::Look;
use crate::view::figures::drawing::{self, Drawing};
use crate::web::Web;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use ganglion_geo::geojson::outline_of;
use ganglion_geo::{MultiPolygon, outline};
use ganglion_kernel::port::{CaseFilter, CaseOrder};
use ganglion_model::{Case, Level, PlaceCode};
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::sync::Arc;
use tokio::sync::Mutex;

/// How much coarser a drawing is than a map, which can be enlarged.
const DRAWN_COARSER: f64 = 2.0;

/// Children of one place, drawn.
#[derive(Default)]
struct Drawn {
    /// GeoJSON features, without the list around them.
    features: String,
    /// Whether one of them was invented.
    synthetic: bool,
    hash: String,
    /// The same as paths, for pages without scripts.
    drawing: Option<Drawing>,
    shapes: Vec<(PlaceCode, MultiPolygon<f64>)>,
}

type ByParent = Arc<HashMap<PlaceCode, Drawn>>;

/// Outlines ready to send, by parent, of the edition in force; made at the first request.
#[derive(Default)]
pub struct Outlines {
    made: Mutex<Option<(String, ByParent)>>,
}

/// Degrees an outline may be off: less than a pixel where places of that level fill a screen.
fn tolerance(level: Level) -> f64 {
    match level {
        Level::Province | Level::City => 0.004,
        Level::County => 0.001,
        Level::Township => 0.000_4,
        Level::Village => 0.000_1,
        Level::Grid => 0.000_05,
    }
}

impl Outlines {
    /// The children of a place as one drawing.
    ///
    /// # Errors
    /// Storage.
    pub async fn drawing(&self, app: &App, parent: PlaceCode) -> Result<Option<Drawing>, Error> {
        Ok(self.of(app).await?.get(&parent).and_then(|drawn| drawn.drawing.clone()))
    }

    async fn of(&self, app: &App) -> Result<ByParent, Error> {
        let world = app.world.load_full();
        let mut made = self.made.lock().await;
        if let Some((_, drawn)) = made.as_ref().filter(|(edition, _)| *edition == world.places.edition) {
            return Ok(drawn.clone());
        }
        let stored = app.store.outlines().await?;
        let day = ganglion_model::clocks::local_date(app.clock.now());
        let tree = world.places.tree.clone();
        let drawn = tokio::task::spawn_blocking(move || draw(&tree, day, stored))
            .await
            .map_err(|error| Error::Internal(error.to_string()))?;
        let drawn = Arc::new(drawn);
        *made = Some((world.places.edition.clone(), drawn.clone()));
        Ok(drawn)
    }
}

fn draw(
    tree: &ganglion_model::PlaceTree,
    day: jiff::civil::Date,
    stored: Vec<(PlaceCode, String)>,
) -> HashMap<PlaceCode, Drawn> {
    let mut drawn: HashMap<PlaceCode, Drawn> = HashMap::new();
    let has_outline: HashSet<PlaceCode> = stored.iter().map(|(code, _)| *code).collect();
    // Below counties a level may have no outlines (villages): its children are then drawn for the level above.
    let parent_of = |code: PlaceCode| {
        let skipped = |parent: &PlaceCode| parent.level() > Level::County && !has_outline.contains(parent);
        code.ancestors().find(|parent| !skipped(parent)).unwrap_or(code)
    };
    for (code, geometry) in stored {
        let Some(place) = tree.on(code, day) else { continue };
        let Some(whole) = outline_of(&geometry) else {
            tracing::warn!(%code, "an outline cannot be read and is not drawn");
            continue;
        };
        let thin = outline::simplified(&whole, tolerance(code.level()));
        let of = drawn.entry(parent_of(code)).or_default();
        let properties =
            json!({ "code": code, "name": place.name, "level": code.level(), "synthetic": place.synthetic });
        let comma = if of.features.is_empty() { "" } else { "," };
        // Writing to a String cannot fail.
        let _ = write!(
            of.features,
            r#"{comma}{{"type":"Feature","id":{},"properties":{properties},"geometry":{}}}"#,
            code.padded(),
            outline::geometry_json(&thin)
        );
        of.synthetic |= place.synthetic;
        of.shapes.push((code, outline::simplified(&whole, DRAWN_COARSER * tolerance(code.level()))));
    }
    for one in drawn.values_mut() {
        one.hash = sign::digest(&one.features)[..24].to_owned();
        one.drawing = drawing::draw(&std::mem::take(&mut one.shapes));
    }
    drawn
}

/// `GET /map/outlines?parent=CODE`: children in force, as GeoJSON. Without `parent`: of the place the installation serves.
pub async fn outlines(State(app): State<AppState>, web: Web, headers: HeaderMap) -> Result<Response, Error> {
    let parent = match web.arg("parent") {
        Some(code) => code.parse().map_err(|_| Error::NotFound)?,
        None => web.world.places.root,
    };
    if !web.world.places.root.holds(parent) && !parent.holds(web.world.places.root) {
        return Err(Error::NotFound);
    }
    let all = app.outlines.of(&app).await?;
    let empty = Drawn { hash: "none".to_owned(), ..Drawn::default() };
    let drawn = all.get(&parent).unwrap_or(&empty);
    let tag = format!("\"{}-{}\"", drawn.hash, web.lang.as_str());
    let kept = [(header::ETAG, tag.clone()), (header::CACHE_CONTROL, "private, max-age=300".to_owned())];
    if headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok()) == Some(tag.as_str()) {
        return Ok((StatusCode::NOT_MODIFIED, kept).into_response());
    }
    let attribution = Value::String(web.t("map-attribution"));
    let body = format!(
        r#"{{"type":"FeatureCollection","attribution":{attribution},"synthetic":{},"features":[{}]}}"#,
        drawn.synthetic, drawn.features
    );
    Ok((kept, [(header::CONTENT_TYPE, "application/geo+json")], body).into_response())
}

/// `GET /map/cases?place=&process=&state=&kind=&bounds=w,s,e,n&all=1`: cases the post may list, as points. Open ones
/// unless `all=1`.
pub async fn cases(web: Web) -> Result<Response, Error> {
    let post = web.post()?;
    let bounds = match web.arg("bounds") {
        None => None,
        Some(text) => {
            let numbers: Option<Vec<f64>> = text.split(',').map(|part| part.trim().parse().ok()).collect();
            let four = numbers.and_then(|numbers| <[f64; 4]>::try_from(numbers).ok());
            Some(four.ok_or(Error::Unreadable("bounds"))?)
        }
    };
    let asked = CaseFilter {
        place: web.arg("place").map(str::parse).transpose().map_err(|_| Error::NotFound)?,
        processes: web.arg("process").map(str::to_owned).into_iter().collect(),
        states: web.arg("state").map(str::to_owned).into_iter().collect(),
        kind: web.arg("kind").map(str::to_owned),
        open: (web.arg("all") != Some("1")).then_some(true),
        bounds,
        ..CaseFilter::default()
    };
    let words = web.words();
    let look = web.look(&words);
    let order = if asked.open == Some(true) { CaseOrder::Due } else { CaseOrder::Opened };
    let page = Union::reachable(&web, post).narrowed(&asked).page(&web, order, None, MAP_POINTS_MAX).await?;
    let features: Vec<Value> = page.cases.iter().filter_map(|case| feature(&look, case)).collect();
    let cut = page.next.is_some();
    let headers = [(header::CONTENT_TYPE, "application/geo+json"), (header::CACHE_CONTROL, "no-store")];
    let body = json!({ "type": "FeatureCollection", "truncated": cut, "features": features });
    Ok((headers, Json(body).into_response().into_body()).into_response())
}

/// A case as a point; `None` without one.
#[must_use]
pub fn feature(look: &Look<'_>, case: &Case) -> Option<Value> {
    let process = look.world.model.processes.get(&case.process)?;
    let clock = look.main_clock(process, case);
    let state = look.state(process, &case.state);
    Some(json!({
        "type": "Feature",
        "geometry": { "type": "Point", "coordinates": case.point? },
        "properties": {
            "number": case.number,
            "href": format!("/cases/{}", case.number),
            "title": look.title(process, case),
            "state": state.label,
            "tone": state.tone,
            "clock_kind": clock.kind,
            "clock_text": clock.text,
            "place": look.place(case.place),
        },
    }))
}
