//! Tables of packs as spreadsheets: figures by place, and lists of cases the post may list. Nothing personal stands in them, and
//! the first lines say who took them and when.

use super::export;
use super::lists::Union;
use crate::error::Error;
use crate::view::Look;
use crate::web::Web;
use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use ganglion_documents::xlsx::{self, Cell, Column, Kind};
use ganglion_indicators::When;
use ganglion_kernel::figures::Reader;
use ganglion_kernel::port::{CaseFilter, CaseOrder, Store};
use ganglion_model::clocks::local_date;
use ganglion_model::pack::{Bulletin, Field, FieldKind, Formula, Indicator, Process, Table, TableRows};
use ganglion_model::{Case, Level, PlaceCode};
use jiff::civil::Date;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeSet;

/// Rows a table of cases holds: as other lists that leave the house.
const ROWS_MAX: u32 = 1_000;
/// Cases read at a time.
const ROWS_AT_ONCE: u32 = 200;

/// A table that is offered.
#[derive(Serialize)]
pub struct TableView {
    href: String,
    title: String,
    note: String,
}

/// A table ready to be written.
struct Filled {
    notes: Vec<String>,
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
}

/// The tables a post may take: all of figures, and of processes whose cases it lists.
///
/// # Errors
/// When nobody is signed in.
pub fn taken(web: &Web) -> Result<Vec<&Table>, Error> {
    let post = web.post()?;
    let reaches = |process: &String| {
        let process = web.world.model.processes.get(process);
        process.is_some_and(|process| {
            matches!(
                ganglion_kernel::decide::who::reach(process, post),
                ganglion_kernel::decide::who::Reach::Subtree(_)
            )
        })
    };
    let mine = |table: &&Table| match &table.rows {
        TableRows::Figures { .. } => true,
        TableRows::Cases { process, .. } => reaches(process),
    };
    Ok(web.world.model.tables.values().filter(mine).collect())
}

/// The bulletins and tables a post may take, as they are shown.
///
/// # Errors
/// When nobody is signed in.
pub fn offered(web: &Web, look: &Look<'_>) -> Result<Vec<TableView>, Error> {
    let post = web.post()?;
    let view = |table: &Table| TableView {
        href: format!("/tables/{}.xlsx", table.name),
        title: look.text(&table.title),
        note: format!("XLSX · {}", look.place_path(post.place)),
    };
    let bulletins = web.world.model.bulletins.values().filter(|one| super::bulletins::takes(one, post));
    let report = |one: &Bulletin| {
        super::bulletins::periods(one, web.today()).map(|when| TableView {
            href: format!("/bulletins/{}.pdf?period={when}", one.name),
            title: look.text(&one.title),
            note: format!("PDF · {} · {}", look.place_path(post.place), look.period(when)),
        })
    };
    Ok(bulletins.flat_map(report).chain(taken(web)?.into_iter().map(view)).collect())
}

/// `GET /tables/{file}`: `<name>.xlsx`, for `?period=2022-06` where figures have one.
pub async fn show(web: Web, Path(file): Path<String>) -> Result<Response, Error> {
    web.post()?;
    let name = file.strip_suffix(".xlsx").ok_or(Error::NotFound)?;
    let table = web.world.model.tables.get(name).ok_or(Error::NotFound)?;
    let when = super::figures::period(&web)?;
    written(&web, table, when).await
}

/// A table as a spreadsheet: of the post's own place, and for a period where its rows are figures.
///
/// # Errors
/// Storage.
pub async fn written(web: &Web, table: &Table, when: When) -> Result<Response, Error> {
    let name = &table.name;
    let filled = match &table.rows {
        TableRows::Figures { indicators, by } => figures(web, (indicators, *by), when).await?,
        TableRows::Cases { process, columns } => of_cases(web, process, columns).await?,
    };
    let words = web.words();
    let look = web.look(&words);
    let (title, total) = (look.text(&table.title), look.t("table-total"));
    let written = tokio::task::spawn_blocking(move || {
        let mut bytes = Vec::new();
        let head = xlsx::Table { title: &title, notes: &filled.notes, columns: &filled.columns, total: &total };
        xlsx::write(&head, filled.rows, &mut bytes).map(|_| bytes)
    });
    let bytes = written.await.map_err(|error| Error::Internal(error.to_string()))?;
    let bytes = bytes.map_err(|error| Error::Internal(error.to_string()))?;
    let headers = [
        (header::CONTENT_TYPE, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}-{}.xlsx\"", web.today())),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, bytes).into_response())
}

/// Places of a level that exist today inside `within`; the place itself when it stands no higher.
pub fn places(web: &Web, within: PlaceCode, by: Level) -> Vec<PlaceCode> {
    if within.level() >= by {
        return vec![within];
    }
    let versions = web.world.places.tree.versions();
    let today = web.today();
    let holds = |from: Date, to: Option<Date>| from <= today && to.is_none_or(|to| today < to);
    let inside = versions
        .filter(|one| one.code.level() == by && within.holds(one.code) && holds(one.valid_from, one.valid_to))
        .map(|one| one.code);
    inside.collect::<BTreeSet<_>>().into_iter().collect()
}

async fn figures(web: &Web, (names, by): (&[String], Level), when: When) -> Result<Filled, Error> {
    let post = web.post()?;
    let places = places(web, post.place, by);
    let store: &dyn Store = web.app.store.as_ref();
    let reader = Reader { tally: &store, world: &web.world, today: web.today() };
    let words = web.words();
    let look = web.look(&words);
    let mut columns = vec![Column::text(look.t("col-place"))];
    let mut rows: Vec<Vec<Cell>> = places.iter().map(|place| vec![Cell::Text(look.place_path(*place))]).collect();
    for indicator in names.iter().filter_map(|name| web.world.model.indicators.get(name)) {
        columns.push(column(&look, indicator));
        let got = reader.read(indicator, &places, &[when.span()], false).await?;
        for (row, got) in rows.iter_mut().zip(got) {
            let shown = got.first().and_then(|got| got.figure.shown.clone());
            row.push(number(&look, shown.as_deref(), indicator.percent));
        }
    }
    let period = look.say("table-period", &[("period", when.to_string().into())]);
    Ok(Filled { notes: vec![period, export::watermark(web)?.join(" ")], columns, rows })
}

fn column(look: &Look<'_>, indicator: &Indicator) -> Column {
    let kind = if indicator.percent { Kind::Percent(indicator.decimals) } else { Kind::Number(indicator.decimals) };
    let unit = if indicator.percent { String::new() } else { look.figure_unit(indicator) };
    let total = matches!(indicator.formula, Formula::Count(_) | Formula::Broken(_)) && !indicator.percent;
    Column { kind, total, ..Column::number(look.figure_title(indicator), unit, indicator.decimals) }
}

fn number(look: &Look<'_>, shown: Option<&str>, percent: bool) -> Cell {
    match shown.map(str::parse::<f64>) {
        Some(Ok(number)) => Cell::Number(if percent { number / 100.0 } else { number }),
        _ => Cell::Text(look.t("not-available")),
    }
}

async fn of_cases(web: &Web, process: &str, names: &[String]) -> Result<Filled, Error> {
    let process = web.world.model.processes.get(process).ok_or(Error::NotFound)?;
    let post = web.post()?.clone();
    let only = CaseFilter { processes: vec![process.name.clone()], ..CaseFilter::default() };
    let list = Union::reachable(web, &post).narrowed(&only);
    let words = web.words();
    let look = web.look(&words);
    let fields: Vec<&Field> = names.iter().filter_map(|name| process.field(name)).collect();
    let mut columns: Vec<Column> =
        ["number", "place", "state"].map(|key| Column::text(look.t(&format!("col-{key}")))).into();
    columns.extend(fields.iter().map(|field| field_column(&look, field)));
    let (mut rows, mut after) = (Vec::new(), None);
    while rows.len() < ROWS_MAX as usize {
        let page = list.page(web, CaseOrder::Opened, after.as_ref(), ROWS_AT_ONCE).await?;
        rows.extend(page.cases.iter().map(|case| row(&look, (process, &fields), case)));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let mut notes = vec![export::watermark(web)?.join(" ")];
    if after.is_some() {
        rows.truncate(ROWS_MAX as usize);
        notes.push(look.say("export-cut", &[("count", ROWS_MAX.into())]));
    }
    Ok(Filled { notes, columns, rows })
}

fn field_column(look: &Look<'_>, field: &Field) -> Column {
    let unit = field.unit.as_ref().map(|unit| look.text(unit)).unwrap_or_default();
    let kind = match &field.kind {
        FieldKind::Integer { .. } => Kind::Number(0),
        FieldKind::Decimal { scale, .. } | FieldKind::Quantity { scale, .. } => Kind::Number(*scale),
        FieldKind::Money => Kind::Number(2),
        FieldKind::Date => Kind::Day,
        FieldKind::Datetime => Kind::Moment,
        _ => Kind::Text,
    };
    Column { unit, kind, ..Column::text(look.text(&field.title)) }
}

fn row(look: &Look<'_>, (process, fields): (&Process, &[&Field]), case: &Case) -> Vec<Cell> {
    let head = [case.number.clone(), look.place_path(case.place), look.state(process, &case.state).label];
    head.into_iter()
        .map(Cell::Text)
        .chain(fields.iter().map(|field| cell(look, field, case.fields.get(&field.name))))
        .collect()
}

#[expect(clippy::cast_precision_loss, reason = "a spreadsheet holds floats only")]
fn cell(look: &Look<'_>, field: &Field, value: Option<&Value>) -> Cell {
    let Some(value) = value else { return Cell::Empty };
    let day = |day: Date| {
        let part = |n: i8| u8::try_from(n).unwrap_or(1);
        Cell::Day(u16::try_from(day.year()).unwrap_or(1970), part(day.month()), part(day.day()))
    };
    match (&field.kind, value) {
        (FieldKind::Integer { .. }, Value::Number(number)) => number.as_f64().map_or(Cell::Empty, Cell::Number),
        (FieldKind::Money, Value::Number(fen)) => {
            fen.as_i64().map_or(Cell::Empty, |fen| Cell::Number(fen as f64 / 100.0))
        }
        (FieldKind::Decimal { .. } | FieldKind::Quantity { .. }, Value::String(text)) => {
            text.parse().map_or(Cell::Empty, Cell::Number)
        }
        (FieldKind::Date, Value::String(text)) => text.parse().map_or(Cell::Empty, day),
        (FieldKind::Datetime, Value::String(text)) => {
            text.parse().map_or(Cell::Empty, |at| moment(look, at, day(local_date(at))))
        }
        _ => look.value(field, value).map_or(Cell::Empty, |text| Cell::Text(export::without_numbers(&text))),
    }
}

fn moment(look: &Look<'_>, at: jiff::Timestamp, day: Cell) -> Cell {
    let time = look.time(at);
    let (hour, minute) = time.split_once(':').unwrap_or(("0", "0"));
    match (day, hour.parse(), minute.parse()) {
        (Cell::Day(year, month, day), Ok(hour), Ok(minute)) => Cell::Moment(year, month, day, hour, minute),
        (day, ..) => day,
    }
}
