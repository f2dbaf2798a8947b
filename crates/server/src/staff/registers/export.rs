//! Exactly the filtered rows of a list as CSV or XLSX, the former written while they are read: never a personal value, who took it on the first
//! line. A register that holds personal values gives fewer rows at a time.

use super::import::BEFORE_WORDS;
use super::{asked, names, readable, rows, shown};
use crate::error::Error;
use crate::staff::export::{lines, response, watermark};
use crate::staff::making::{self, Rows, Teller};
use crate::staff::query::Query;
use crate::view::Look;
use crate::web::Web;
use axum::body::{Body, Bytes};
use axum::extract::Path;
use axum::http::header::{self, HeaderMap};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream::{self, StreamExt as _};
use ganglion_documents::xlsx::{Cell, Column, Table, TableWriter, WriteError};
use ganglion_kernel::decide::row_who::RowReach;
use ganglion_kernel::port_rows::{RowAfter, RowFilter, RowOrder};
use ganglion_model::Record;
use ganglion_model::pack::{Field, FieldKind};
use jiff::civil::Date;
use serde_json::Value;
use std::convert::Infallible;

/// Rows of an export.
const ROWS_MAX: u32 = 200_000;
/// Rows of an export of a register about persons (handbook `16`, section 4).
const ROWS_ABOUT_PERSONS_MAX: u32 = 1_000;
/// Rows read at a time.
const ROWS_AT_ONCE: u32 = 500;
/// Marks UTF-8 for spreadsheets that would guess otherwise.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Where an export stands between two reads.
struct Progress {
    web: Web,
    name: String,
    filter: RowFilter,
    order: RowOrder,
    after: Option<RowAfter>,
    left: u32,
    begun: bool,
}

/// `GET /registers/{name}/export.csv`: the list with the same filters.
pub async fn csv(web: Web, Path(name): Path<String>) -> Result<Response, Error> {
    let readable = readable(&web, &name)?;
    if readable.reach == RowReach::Public {
        return Err(Error::SignIn);
    }
    let asked = asked::read(&web, &readable, &Query(web.query.clone()));
    let left = if readable.register.has_personal() { ROWS_ABOUT_PERSONS_MAX } else { ROWS_MAX };
    let total = Rows::of(rows::count(&web, readable.register, &asked.filter).await?, left);
    let file = format!("{name}-{}", web.today());
    let progress =
        Progress { name, filter: asked.filter, order: asked.order, after: None, left, begun: false, web: web.clone() };
    let mut response = response(&file, Body::from_stream(stream::unfold(progress, piece).fuse()));
    total.tell(&mut response);
    Ok(response)
}

/// A line of cells.
fn line(cells: Vec<String>) -> Vec<u8> {
    lines(&[cells]).unwrap_or_default()
}

/// The next piece; `None` at the end. A read that fails ends the file early with a line that says so.
async fn piece(mut progress: Progress) -> Option<(Result<Bytes, Infallible>, Progress)> {
    if progress.left == 0 {
        return None;
    }
    let web = progress.web.clone();
    let words = web.words();
    let look = web.look(&words);
    let readable = readable(&web, &progress.name).ok()?;
    let fields = readable.fields(&web);
    let mut bytes = Vec::new();
    if !progress.begun {
        bytes.extend_from_slice(BYTE_ORDER_MARK.as_bytes());
        bytes.extend(watermark(&web).map(line).unwrap_or_default());
        let mut head: Vec<String> = vec![look.t("reg-key"), look.t("col-place"), look.t("reg-valid")];
        head.extend(fields.iter().map(|field| look.text(&field.title)));
        bytes.extend(line(head));
        progress.begun = true;
    }
    let cells = |record: &Record| {
        let mut cells = vec![
            record.key.clone(),
            record.place.map(|place| look.place_path(place)).unwrap_or_default(),
            shown::span(&look, record),
        ];
        let said = |field: &Field| record.fields.get(&field.name).and_then(|value| words_of(&look, field, value));
        cells.extend(fields.iter().map(|field| said(field).unwrap_or_default()));
        cells
    };
    let limit = progress.left.min(ROWS_AT_ONCE);
    let (filter, order) = (&progress.filter, &progress.order);
    let next = match rows::page(&web, readable.register, (filter, order), progress.after.as_ref(), limit).await {
        Ok(page) => {
            if let Err(error) = names::of_rows(&web, readable.register, &page.rows).await {
                error.log();
            }
            bytes.extend(page.rows.iter().flat_map(|record| line(cells(record))));
            page.next
        }
        Err(error) => {
            error.log();
            bytes.extend(line(vec![look.t("export-broken")]));
            None
        }
    };
    progress.left = if next.is_some() { progress.left - limit } else { 0 };
    if next.is_some() && progress.left == 0 {
        bytes.extend(line(vec![look.t("reg-export-cut")]));
    }
    progress.after = next;
    Some((Ok(Bytes::from(bytes)), progress))
}

/// A value in words. A reference says its key first, several say nothing else: a list that was exported can come back.
fn words_of(look: &Look<'_>, field: &Field, value: &Value) -> Option<String> {
    match (&field.kind, value) {
        (FieldKind::Ref { .. }, Value::String(key)) => {
            let words = look.value(field, value).filter(|words| words != key);
            Some(words.map_or_else(|| key.clone(), |words| format!("{key}{BEFORE_WORDS}{words}")))
        }
        // As it is kept: rounded as on a screen it would move when it comes back.
        (FieldKind::Point, Value::Array(pair)) => match pair.as_slice() {
            [lon, lat] => Some(format!("{lon}, {lat} (WGS-84)")),
            _ => None,
        },
        // As it is read back in every language.
        (FieldKind::Date, Value::String(day)) => Some(day.clone()),
        (FieldKind::Refs { .. }, Value::Array(keys)) => {
            Some(keys.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("; "))
        }
        _ => look.value(field, value),
    }
}

/// A value as a cell: numbers and days as such, everything else in words.
fn cell(look: &Look<'_>, field: &Field, record: &Record) -> Cell {
    let Some(value) = record.fields.get(&field.name) else { return Cell::Empty };
    let number = match (&field.kind, value) {
        (FieldKind::Integer { .. }, Value::Number(number)) => number.as_f64(),
        (FieldKind::Decimal { .. }, Value::String(text)) => text.parse().ok(),
        // Fen are kept, yuan are read.
        (FieldKind::Money, Value::Number(number)) => number.as_f64().map(|fen| fen / 100.0),
        _ => None,
    };
    if let Some(number) = number {
        return Cell::Number(number);
    }
    let day: Option<Date> = value.as_str().filter(|_| field.kind == FieldKind::Date).and_then(|day| day.parse().ok());
    let parts = day.and_then(|day| {
        Some((u16::try_from(day.year()).ok()?, u8::try_from(day.month()).ok()?, u8::try_from(day.day()).ok()?))
    });
    match parts {
        Some((year, month, of_month)) => Cell::Day(year, month, of_month),
        None => words_of(look, field, value).map_or(Cell::Empty, Cell::Text),
    }
}

/// The columns of a sheet: key, place, days, then the fields.
fn sheet_columns(look: &Look<'_>, fields: &[&Field]) -> Vec<Column> {
    let mut columns: Vec<Column> =
        ["reg-key", "col-place", "reg-valid"].iter().map(|key| Column::text(look.t(key))).collect();
    columns.extend(fields.iter().map(|field| {
        let title = look.text(&field.title);
        let unit = field.unit.as_ref().map(|unit| look.text(unit)).unwrap_or_default();
        match field.kind {
            FieldKind::Integer { .. } => Column::number(title, unit, 0),
            FieldKind::Decimal { scale, .. } => Column::number(title, unit, scale),
            FieldKind::Money => Column::number(title, look.t("unit-yuan"), 2),
            _ => Column::text(title),
        }
    }));
    columns
}

/// `GET /registers/{name}/export.xlsx`: the list with the same filters, as a spreadsheet.
pub async fn xlsx(web: Web, headers: HeaderMap, Path(name): Path<String>) -> Result<Response, Error> {
    let readable = readable(&web, &name)?;
    if readable.reach == RowReach::Public {
        return Err(Error::SignIn);
    }
    let asked = asked::read(&web, &readable, &Query(web.query.clone()));
    let most = if readable.register.has_personal() { ROWS_ABOUT_PERSONS_MAX } else { ROWS_MAX };
    let total = Rows::of(rows::count(&web, readable.register, &asked.filter).await?, most);
    let file = format!("{name}-{}", web.today());
    let whole =
        Whole { web: web.clone(), name, filter: asked.filter, order: asked.order, most, is_cut: total.is_cut() };
    making::sheet(&headers, (file.as_str(), total), |teller| whole.written(teller)).await
}

/// What a spreadsheet is made of.
struct Whole {
    web: Web,
    name: String,
    filter: RowFilter,
    order: RowOrder,
    most: u32,
    is_cut: bool,
}

impl Whole {
    /// The file.
    async fn written(self, teller: Teller) -> Result<Vec<u8>, Error> {
        let web = &self.web;
        let readable = readable(web, &self.name)?;
        let words = web.words();
        let look = web.look(&words);
        let fields = readable.fields(web);
        let columns = sheet_columns(&look, &fields);
        let (title, mut notes) = (look.text(&readable.register.title), watermark(web)?);
        notes.extend(self.is_cut.then(|| look.t("reg-export-cut")));
        let table = Table { title: &title, notes: &notes, columns: &columns, total: "" };
        let failed = |error: WriteError| Error::Internal(error.to_string());
        let mut writer = TableWriter::new(&table).map_err(failed)?;
        let mut after: Option<RowAfter> = None;
        while writer.rows() < self.most {
            let limit = (self.most - writer.rows()).min(ROWS_AT_ONCE);
            let page = rows::page(web, readable.register, (&self.filter, &self.order), after.as_ref(), limit).await?;
            names::of_rows(web, readable.register, &page.rows).await?;
            for record in &page.rows {
                writer.row(&cells(&look, &fields, record)).map_err(failed)?;
            }
            teller.rows(writer.rows()).await?;
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let mut bytes = std::io::Cursor::new(Vec::new());
        writer.finish(&mut bytes).map_err(failed)?;
        Ok(bytes.into_inner())
    }
}

/// A row as cells: key, place, days, then the fields.
fn cells(look: &Look<'_>, fields: &[&Field], record: &Record) -> Vec<Cell> {
    let place = record.place.map(|place| look.place_path(place)).unwrap_or_default();
    let mut cells = vec![Cell::Text(record.key.clone()), Cell::Text(place), Cell::Text(shown::span(look, record))];
    cells.extend(fields.iter().map(|field| cell(look, field, record)));
    cells
}

/// A spreadsheet as it is sent.
pub fn as_xlsx(name: &str, bytes: Vec<u8>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}.xlsx\"")),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    (headers, bytes).into_response()
}
