//! `GET /registers/{name}/points`: the rows of a list as points, with the same filters as the list.

use super::{asked, readable, row_href, rows, shown};
use crate::error::Error;
use crate::limits::MAP_POINTS_MAX;
use crate::staff::query::Query;
use crate::web::Web;
use axum::Json;
use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use ganglion_geo::shape::middle;
use ganglion_kernel::port_rows::RowOrder;
use ganglion_kernel::route::point_of;
use ganglion_model::pack::{Field, FieldKind};
use serde_json::{Value, json};

/// Where a row stands on a map: at its point, or in the middle of its line or area.
pub fn stands_at(location: Option<&Value>) -> Option<[f64; 2]> {
    point_of(location).or_else(|| middle(location?))
}

/// A line or an area as GeoJSON; a point stands by itself.
pub fn geometry(field: &Field, value: &Value) -> Option<Value> {
    let kind = match field.kind {
        FieldKind::Line => "LineString",
        FieldKind::Polygon => "Polygon",
        _ => return None,
    };
    Some(json!({ "type": kind, "coordinates": value }))
}

/// Rows as GeoJSON points.
pub async fn points(web: Web, Path(name): Path<String>) -> Result<Response, Error> {
    let readable = readable(&web, &name)?;
    let location = readable.register.location.as_deref();
    let location = location.filter(|name| readable.fields(&web).iter().any(|field| field.name == **name));
    let location = location.ok_or(Error::NotFound)?;
    let words = web.words();
    let look = web.look(&words);
    let asked = asked::read(&web, &readable, &Query(web.query.clone()));
    let order = RowOrder::default();
    let found = rows::page(&web, readable.register, (&asked.filter, &order), None, MAP_POINTS_MAX).await?;
    let features: Vec<Value> = found
        .rows
        .iter()
        .filter_map(|record| {
            let point = stands_at(record.fields.get(location))?;
            Some(json!({
                "type": "Feature",
                "geometry": { "type": "Point", "coordinates": point },
                "properties": {
                    "number": record.key,
                    "href": row_href("rows", record.shard, &record.register, &record.key),
                    "title": shown::title(&look, &readable, &web, record),
                    "tone": "active",
                    "clock_kind": "none",
                    "place": record.place.map(|place| look.place(place)),
                },
            }))
        })
        .collect();
    let headers = [(header::CONTENT_TYPE, "application/geo+json"), (header::CACHE_CONTROL, "no-store")];
    let body = json!({ "type": "FeatureCollection", "truncated": found.next.is_some(), "features": features });
    Ok((headers, Json(body).into_response().into_body()).into_response())
}
