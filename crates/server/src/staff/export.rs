//! Lists and figures as CSV or XLSX: masked, limited, with who took them and when on the first line; the former written while they
//! are read.

use super::cases;
use super::lists::Union;
use super::making::{self, Rows, Teller};
use super::query::Query;
use super::registers::as_xlsx;
use crate::error::Error;
use crate::view::Look;
use crate::view::case::CaseRow;
use crate::view::facts::may_see;
use crate::web::Web;
use axum::body::{Body, Bytes};
use axum::http::header::{self, HeaderMap};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream::{self, StreamExt as _};
use ganglion_documents::xlsx::{self, Cell, Column, Table};
use ganglion_kernel::port::{After, CaseOrder};
use ganglion_model::pack::{Field, FieldKind};
use ganglion_model::{Case, Lang};
use std::convert::Infallible;

/// Rows one export holds without somebody else's approval (handbook `16`, section 4).
const EXPORT_ROWS_MAX: u32 = 1_000;
/// Rows read at a time.
const EXPORT_ROWS_AT_ONCE: u32 = 200;
/// Marks UTF-8 for spreadsheets that would guess otherwise.
const BYTE_ORDER_MARK: &str = "\u{feff}";
/// Digits in a row that could be a telephone or an ID number.
const DIGITS_MASKED_MIN: usize = 7;

/// Columns of an export of cases.
const COLUMNS: [&str; 9] = ["number", "title", "category", "place", "source", "state", "clock", "assignee", "updated"];

/// A cell a spreadsheet takes as text: what would be run as a formula gets a quote in front.
#[must_use]
pub fn cell(text: &str) -> String {
    let runs = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if runs { format!("'{text}") } else { text.to_owned() }
}

/// Long runs of digits in free text are masked: numbers of persons do not leave the house in an export.
#[must_use]
pub fn without_numbers(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut digits = String::new();
    let flush = |digits: &mut String, out: &mut String| {
        if digits.len() >= DIGITS_MASKED_MIN {
            out.push_str(&digits[..3]);
            out.push_str("****");
        } else {
            out.push_str(digits);
        }
        digits.clear();
    };
    for c in text.chars() {
        if c.is_ascii_digit() {
            digits.push(c);
        } else {
            flush(&mut digits, &mut out);
            out.push(c);
        }
    }
    flush(&mut digits, &mut out);
    out
}

/// Lines as CSV.
pub fn lines(rows: &[Vec<String>]) -> Result<Vec<u8>, Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.write_record(row.iter().map(|text| cell(text))).map_err(|error| Error::Internal(error.to_string()))?;
    }
    writer.into_inner().map_err(|error| Error::Internal(error.to_string()))
}

/// The first line: who took it, in which post, when.
pub fn watermark(web: &Web) -> Result<Vec<String>, Error> {
    let (session, post) = (web.signed_in()?, web.post()?);
    let words = web.words();
    let look = web.look(&words);
    Ok(vec![look.say(
        "export-watermark",
        &[
            ("who", session.name.as_str().into()),
            ("post", look.post(&post.id).into()),
            ("at", look.date_time(web.now).into()),
        ],
    )])
}

/// The fields of a process an export adds when the list holds cases of that process only: none that is personal, none that
/// the post may not see, no files.
fn extra<'w>(web: &'w Web, process: Option<&str>) -> Vec<&'w Field> {
    let process = process.and_then(|name| web.world.model.processes.get(name));
    let role = web.post().map_or("", |post| post.role.as_str());
    let fields = process.into_iter().flat_map(|process| process.form.iter().chain(&process.fields));
    fields
        .filter(|field| !field.personal && may_see(field, role) && !matches!(field.kind, FieldKind::Files { .. }))
        .collect()
}

/// A value of a case in words; numbers of persons in running text are masked.
fn value_of(look: &Look<'_>, field: &Field, case: &Case) -> String {
    let shown = case.fields.get(&field.name).and_then(|value| look.value(field, value)).unwrap_or_default();
    let is_free = matches!(
        field.kind,
        FieldKind::Text { pattern: None, .. } | FieldKind::LongText { .. } | FieldKind::Table { .. }
    );
    if is_free { without_numbers(&shown) } else { shown }
}

fn row_of(row: CaseRow) -> Vec<String> {
    vec![
        row.number,
        without_numbers(&row.title),
        row.category,
        row.place_path,
        row.source,
        row.state.label,
        row.clock.text,
        row.assignee,
        row.updated,
    ]
}

/// The titles of the columns.
fn titles(look: &Look<'_>, extra: &[&Field]) -> Vec<String> {
    let own = COLUMNS.iter().map(|key| look.t(&format!("col-{key}")));
    own.chain(extra.iter().map(|field| look.text(&field.title))).collect()
}

/// A case as a line.
fn line_of(look: &Look<'_>, extra: &[&Field], case: &Case) -> Vec<String> {
    // A file is read on other days too: its moments are dates.
    let updated = look.date_time(case.updated_at);
    let mut row = row_of(CaseRow { updated, ..look.case_row(case, String::new()) });
    row.extend(extra.iter().map(|field| value_of(look, field, case)));
    row
}

/// What a CSV is called and how it is sent.
pub fn response(name: &str, body: Body) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}.csv\"")),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    (headers, body).into_response()
}

/// Where an export stands between two reads.
struct Progress {
    web: Web,
    list: Union,
    order: CaseOrder,
    process: Option<String>,
    after: Option<After>,
    left: u32,
    begun: bool,
}

/// The next piece; `None` at the end. A read that fails ends the file early with a line that says so.
async fn piece(mut progress: Progress) -> Option<(Result<Bytes, Infallible>, Progress)> {
    if progress.left == 0 {
        return None;
    }
    let words = progress.web.words();
    let look = progress.web.look(&words);
    let mut rows = Vec::new();
    let mut bytes = Vec::new();
    if !progress.begun {
        bytes.extend_from_slice(BYTE_ORDER_MARK.as_bytes());
        rows.extend(watermark(&progress.web).ok());
        rows.push(titles(&look, &extra(&progress.web, progress.process.as_deref())));
        progress.begun = true;
    }
    let limit = progress.left.min(EXPORT_ROWS_AT_ONCE);
    let next = match progress.list.page(&progress.web, progress.order, progress.after.as_ref(), limit).await {
        Ok(page) => {
            let extra = extra(&progress.web, progress.process.as_deref());
            rows.extend(page.cases.iter().map(|case| line_of(&look, &extra, case)));
            page.next
        }
        Err(error) => {
            error.log();
            rows.push(vec![look.t("export-broken")]);
            None
        }
    };
    progress.left = if next.is_some() { progress.left - limit } else { 0 };
    if next.is_some() && progress.left == 0 {
        rows.push(vec![look.say("export-cut", &[("count", EXPORT_ROWS_MAX.into())])]);
    }
    progress.after = next;
    bytes.extend(written(&rows));
    Some((Ok(Bytes::from(bytes)), progress))
}

/// Rows of unequal length: the notes above and below the table have one cell.
fn written(rows: &[Vec<String>]) -> Vec<u8> {
    rows.iter().flat_map(|row| lines(std::slice::from_ref(row)).unwrap_or_default()).collect()
}

/// `GET /cases.csv`: the list of `/cases` with the same filters.
pub async fn cases(web: Web) -> Result<Response, Error> {
    let post = web.post()?.clone();
    let query = Query(web.query.clone());
    let (_, list, order) = cases::asked(&web, &post, &query);
    let lang = if web.lang == Lang::Zh { "zh" } else { "en" };
    let name = format!("cases-{}-{lang}", web.today());
    let process = web.arg("process").map(str::to_owned);
    let rows = Rows::of(list.count(&web).await?, EXPORT_ROWS_MAX);
    let progress = Progress { web, list, order, process, after: None, left: EXPORT_ROWS_MAX, begun: false };
    let mut response = response(&name, Body::from_stream(stream::unfold(progress, piece).fuse()));
    rows.tell(&mut response);
    Ok(response)
}

/// `GET /cases.xlsx`: the same as a spreadsheet.
pub async fn cases_xlsx(web: Web, headers: HeaderMap) -> Result<Response, Error> {
    let post = web.post()?.clone();
    let (_, list, order) = cases::asked(&web, &post, &Query(web.query.clone()));
    let rows = Rows::of(list.count(&web).await?, EXPORT_ROWS_MAX);
    let lang = if web.lang == Lang::Zh { "zh" } else { "en" };
    let name = format!("cases-{}-{lang}", web.today());
    let whole = web.clone();
    making::sheet(&headers, (name.as_str(), rows), |teller| cases_sheet(whole, (list, order), teller)).await
}

/// The spreadsheet of a list of cases.
async fn cases_sheet(web: Web, (list, order): (Union, CaseOrder), teller: Teller) -> Result<Vec<u8>, Error> {
    let (mut notes, extra) = (watermark(&web)?, extra(&web, web.arg("process")));
    let words = web.words();
    let look = web.look(&words);
    let mut rows = Vec::new();
    let (mut after, mut left): (Option<After>, u32) = (None, EXPORT_ROWS_MAX);
    while left > 0 {
        let limit = left.min(EXPORT_ROWS_AT_ONCE);
        let page = list.page(&web, order, after.as_ref(), limit).await?;
        rows.extend(page.cases.iter().map(|case| line_of(&look, &extra, case)));
        teller.rows(u32::try_from(rows.len()).unwrap_or(EXPORT_ROWS_MAX)).await?;
        after = page.next;
        if after.is_none() {
            break;
        }
        left -= limit;
    }
    if after.is_some() {
        notes.push(look.say("export-cut", &[("count", EXPORT_ROWS_MAX.into())]));
    }
    sheet(look.t("title-cases").as_str(), &notes, titles(&look, &extra), rows)
}

/// A spreadsheet of texts.
fn sheet(title: &str, notes: &[String], titles: Vec<String>, rows: Vec<Vec<String>>) -> Result<Vec<u8>, Error> {
    let columns: Vec<Column> = titles.into_iter().map(Column::text).collect();
    let table = Table { title, notes, columns: &columns, total: "" };
    let rows = rows.into_iter().map(|row| row.into_iter().map(Cell::Text).collect());
    let mut bytes = std::io::Cursor::new(Vec::new());
    xlsx::write(&table, rows, &mut bytes).map_err(|error| Error::Internal(error.to_string()))?;
    Ok(bytes.into_inner())
}

/// `GET /figures.xlsx`: the figure of the page as a spreadsheet.
pub async fn figures_xlsx(web: Web) -> Result<Response, Error> {
    web.post()?;
    let mut rows = super::figures::as_rows(&web).await?.into_iter();
    let mut about = rows.next().unwrap_or_default().into_iter();
    let title = about.next().unwrap_or_default();
    let notes: Vec<String> = about.chain(watermark(&web)?).filter(|note| !note.is_empty()).collect();
    let titles = rows.next().unwrap_or_default();
    let bytes = sheet(&title, &notes, titles, rows.collect())?;
    Ok(as_xlsx(&format!("figures-{}", web.today()), bytes))
}

/// `GET /figures.csv`: the figure of the page with its trend and siblings.
pub async fn figures(web: Web) -> Result<Response, Error> {
    web.post()?;
    let rows = super::figures::as_rows(&web).await?;
    let mut bytes = BYTE_ORDER_MARK.as_bytes().to_vec();
    bytes.extend(written(&[watermark(&web)?]));
    bytes.extend(written(&rows));
    Ok(response(&format!("figures-{}", web.today()), Body::from(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_never_formulas_and_hold_no_numbers_of_persons() {
        assert_eq!(cell("=1+1"), "'=1+1");
        assert_eq!(cell("bins"), "bins");
        assert_eq!(without_numbers("call 13912340000 now"), "call 139**** now");
        assert_eq!(without_numbers("no 3, 20 m"), "no 3, 20 m");
        assert_eq!(lines(&[vec!["a,b".into(), "c".into()]]).unwrap(), b"\"a,b\",c\n");
    }
}
