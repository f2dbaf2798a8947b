//! Rows of registers as features: the fields whoever asks may see, as they hold on a day.

use super::asked::Asked;
use super::collection::{OF_ROW, is_told};
use super::feature::{Feature, Page};
use super::{READ_AT_ONCE, READ_MAX};
use crate::error::Error;
use crate::staff::registers::{Readable, rows};
use crate::view::Look;
use crate::web::Web;
use ganglion_geo::Geometry;
use ganglion_geo::geometry::Bounds;
use ganglion_geo::shape::{read_line, read_polygon};
use ganglion_kernel::decide::row_who::RowReach;
use ganglion_kernel::port_rows::{RowAfter, RowFilter, RowOrder};
use ganglion_kernel::route::point_of;
use ganglion_kernel::seal::is_sealed;
use ganglion_model::Record;
use ganglion_model::pack::{Field, FieldKind};
use serde_json::{Map, Number, Value, json};

/// A stored value as it is told: decimals, which are kept as text, as numbers; nothing that is sealed.
fn told(field: &Field, value: &Value) -> Option<Value> {
    match (&field.kind, value) {
        (_, Value::Null) => None,
        (_, Value::String(text)) if is_sealed(text) => None,
        (FieldKind::Decimal { .. } | FieldKind::Quantity { .. }, Value::String(text)) => {
            text.parse().ok().and_then(Number::from_f64).map(Value::Number)
        }
        _ => Some(value.clone()),
    }
}

fn geometry(field: &Field, value: &Value) -> Option<Geometry> {
    match field.kind {
        FieldKind::Point => point_of(Some(value)).map(Geometry::Point),
        FieldKind::Line => read_line(value).ok().map(Geometry::Line),
        FieldKind::Polygon => Geometry::of_rings(&read_polygon(value).ok()?),
        _ => None,
    }
}

/// The field that says where a row is.
fn location<'r>(readable: &Readable<'r>) -> Option<&'r Field> {
    readable.register.field(readable.register.location.as_deref()?)
}

/// A row as a feature.
#[must_use]
pub fn feature(look: &Look<'_>, readable: &Readable<'_>, record: &Record) -> Feature {
    let value = |field: &Field| told(field, record.fields.get(&field.name)?);
    let fields = readable.register.fields.iter().filter(|field| is_told(readable, field));
    let mut properties: Map<String, Value> =
        fields.filter_map(|field| Some((field.name.clone(), value(field)?))).collect();
    let of_row = [json!(record.place), json!(record.valid_from), json!(record.valid_to)];
    for ((name, _), value) in OF_ROW.into_iter().zip(of_row) {
        if readable.register.field(name).is_none() && !value.is_null() {
            properties.insert(name.to_owned(), value);
        }
    }
    let label = &readable.register.label;
    let own = format!("{label}_{}", look.say.lang().as_str());
    let title = [own.as_str(), label].into_iter().find_map(|name| properties.get(name)?.as_str().map(str::to_owned));
    Feature {
        id: format!("{}.{}", record.shard, record.key),
        title: title.unwrap_or_else(|| record.key.clone()),
        geometry: location(readable).and_then(|field| geometry(field, record.fields.get(&field.name)?)),
        properties,
    }
}

/// The rows of a question, narrowed as far as storage can.
#[must_use]
pub fn filter(readable: &Readable<'_>, asked: &Asked) -> RowFilter {
    let mut filter = RowFilter::of(&readable.register.name, asked.day);
    filter.place = match readable.reach {
        RowReach::Within(place) => Some(place),
        RowReach::All | RowReach::Public => None,
    };
    let is_point = |field: &&Field| field.kind == FieldKind::Point;
    let whole = |[west, _, east, _]: &Bounds| west <= east;
    if let (Some(field), Some(bounds)) = (location(readable).filter(is_point), asked.bounds().filter(whole)) {
        filter.bounds = Some((field.name.clone(), bounds));
    }
    filter
}

/// A page of rows in the order of their keys. Only so many are looked at for one page: it may hold few and go on all the same.
///
/// # Errors
/// [`Error::Unreadable`] for a page that begins nowhere; storage.
pub async fn page(web: &Web, look: &Look<'_>, readable: &Readable<'_>, asked: &Asked) -> Result<Page, Error> {
    let (filter, order) = (filter(readable, asked), RowOrder::default());
    let begin = asked.after.as_deref().map(serde_json::from_str::<RowAfter>).transpose();
    let mut after = begin.map_err(|_| Error::Unreadable("after"))?;
    let written = |after: &RowAfter| serde_json::to_string(after).ok();
    let (mut page, mut read) = (Page::default(), 0);
    let mut kept: Option<RowAfter> = None;
    loop {
        let found = rows::page(web, readable.register, (&filter, &order), after.as_ref(), READ_AT_ONCE).await?;
        read += found.rows.len();
        for record in &found.rows {
            let feature = feature(look, readable, record);
            if !asked.keeps(&feature) {
                continue;
            }
            if page.features.len() == asked.limit {
                page.next = kept.as_ref().and_then(written);
                return Ok(page);
            }
            page.features.push(feature);
            kept = Some(order.after(record));
        }
        after = found.next;
        if after.is_none() {
            return Ok(page);
        }
        if read >= READ_MAX {
            page.next = after.as_ref().and_then(written);
            return Ok(page);
        }
    }
}

/// One row, as it holds today.
///
/// # Errors
/// [`Error::NotFound`]; storage.
pub async fn one(web: &Web, look: &Look<'_>, readable: &Readable<'_>, id: &str) -> Result<Feature, Error> {
    let (shard, key) = id.split_once('.').ok_or(Error::NotFound)?;
    let versions = readable.row(web, shard.parse().map_err(|_| Error::NotFound)?, key).await?;
    let record = versions.iter().rev().find(|record| record.valid_on(web.today())).ok_or(Error::NotFound)?;
    Ok(feature(look, readable, record))
}
