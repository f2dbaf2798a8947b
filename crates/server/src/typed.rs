//! What a person typed: a form of a page, with files or without, read as a stream. The form token is checked before
//! anything is kept; a file that is not taken does not lose the rest of the form.

use crate::error::Error;
use crate::files::{Taken, UploadProblem};
use crate::limits::{FIELD_BYTES_MAX, FIELDS_MAX, FILES_MAX, FORM_BYTES_MAX, UPLOAD_DRAIN_BYTES_MAX};
use crate::web::Web;
use axum::body::Bytes;
use axum::extract::multipart::{Field as Part, Multipart};
use axum::extract::{DefaultBodyLimit, FromRequest, Request};
use axum::http::header;
use ganglion_geo::shape::{Corner, read_line, read_polygon};
use ganglion_geo::{Datum, Point, to_wgs84};
use ganglion_model::pack::{Field, FieldKind};
use ganglion_model::units::half_width;
use ganglion_model::{Fields, units};
use serde_json::Value;

/// What the name of a reference ends with where its rows are searched by words.
pub const FIND: &str = "-find";
/// What the button beside those words sends, behind the name of the field.
const FIND_NOW: &str = ":find";

/// Sent by browsers without scripts alone: the conditional fields they showed, and a dash.
const PLAIN: &str = "_plain";

/// A form as typed.
#[derive(Clone, Debug, Default)]
pub struct Typed {
    values: Vec<(String, String)>,
    /// Files that were taken.
    pub taken: Vec<Taken>,
    /// Files that were not.
    pub problems: Vec<UploadProblem>,
    /// Everything of this visitor: decides which kept files are theirs.
    owned: Vec<String>,
}

impl Typed {
    /// Values that stand in an address: no files.
    #[must_use]
    pub fn of(values: Vec<(String, String)>) -> Typed {
        Typed { values, ..Typed::default() }
    }

    /// The first value of a name; an empty one counts as none.
    #[must_use]
    pub fn one(&self, name: &str) -> Option<&str> {
        self.values
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
            .filter(|v| !v.trim().is_empty())
    }

    /// All values of a name that are not empty.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.values.iter().filter(move |(key, value)| key == name && !value.trim().is_empty()).map(|(_, v)| v.as_str())
    }

    /// The conditional fields a browser without scripts showed; `None` where scripts run, which show what applies at once.
    #[must_use]
    pub fn shown_plainly(&self) -> Option<Vec<&str>> {
        let shown: Vec<&str> = self.all(PLAIN).collect();
        (!shown.is_empty()).then_some(shown)
    }

    /// Everything typed, in order.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Ids of files of a field: those just taken, and those kept from before that are this visitor's own.
    #[must_use]
    pub fn files(&self, name: &str, kept: &str) -> Vec<String> {
        let mut ids: Vec<String> =
            self.all(kept).filter(|id| self.owned.iter().any(|own| own == id)).map(str::to_owned).collect();
        ids.extend(self.taken.iter().filter(|taken| taken.field == name).map(|taken| taken.id.clone()));
        ids.dedup();
        ids
    }

    /// The form as a command takes it: values of the declared fields, points turned into WGS-84.
    #[must_use]
    pub fn fields(&self, declared: &[Field]) -> Fields {
        declared.iter().filter_map(|field| Some((field.name.clone(), self.value(field, &field.name)?))).collect()
    }

    /// The value of one field, typed under `name`; `None` when nothing was.
    #[must_use]
    pub fn value(&self, field: &Field, name: &str) -> Option<Value> {
        if !field.is_typed() {
            return None;
        }
        let text = |text: &str| Value::String(text.to_owned());
        match &field.kind {
            // A box that is not ticked is not sent.
            FieldKind::Boolean => Some(self.one(name).map_or(Value::Bool(false), text)),
            FieldKind::Choices { .. } | FieldKind::Posts { .. } | FieldKind::Refs { .. } => {
                let all: Vec<Value> = self.all(name).map(text).collect();
                (!all.is_empty()).then_some(Value::Array(all))
            }
            FieldKind::Files { .. } => {
                let ids = self.files(name, &format!("{name}_kept"));
                (!ids.is_empty()).then(|| Value::from(ids))
            }
            FieldKind::Point => {
                let typed = self.one(name)?;
                Some(self.point(typed, self.one(&format!("{name}_datum"))))
            }
            FieldKind::Ref { .. } => self.row(name).map(text),
            FieldKind::Datetime => self.one(name).map(|typed| Value::String(with_offset(typed))),
            FieldKind::Money => {
                self.one(name).map(|typed| units::fen(typed).map_or_else(|| text(typed), |(fen, _)| Value::from(fen)))
            }
            FieldKind::Line | FieldKind::Polygon => {
                let typed = self.one(name)?;
                Some(shape(typed, self.one(&format!("{name}_datum"))))
            }
            FieldKind::Table { fields, max_rows, .. } => self.table((name, fields), *max_rows),
            _ => self.one(name).map(text),
        }
    }

    /// The key of the row that was chosen for a reference, else the words typed to find it; while they are searched, the words.
    fn row(&self, name: &str) -> Option<&str> {
        let words = self.one(&format!("{name}{FIND}"));
        let searched = self.one("_more").and_then(|more| more.strip_suffix(FIND_NOW));
        if searched == Some(name) { words } else { self.one(name).or(words) }
    }

    /// The rows of a table, typed under `name.row.column`. Rows nothing was typed into are left out.
    fn table(&self, (name, columns): (&str, &[Field]), max_rows: u32) -> Option<Value> {
        let number = |key: &str| key.strip_prefix(name)?.strip_prefix('.')?.split('.').next()?.parse::<u32>().ok();
        // Rows that scripts took away leave gaps behind.
        let last = self.values.iter().filter_map(|(key, _)| number(key)).max()?.min(max_rows.saturating_mul(4));
        let row = |row: u32| {
            let mut cells = serde_json::Map::new();
            for column in columns.iter().filter(|column| column.is_typed()) {
                let value = self.value(column, &format!("{name}.{row}.{}", column.name));
                cells.extend(value.map(|value| (column.name.clone(), value)));
            }
            // A box that is not ticked makes no row.
            (!cells.values().all(|value| *value == Value::Bool(false))).then_some(Value::Object(cells))
        };
        let rows: Vec<Value> = (0..=last).filter_map(row).collect();
        (!rows.is_empty()).then_some(Value::Array(rows))
    }

    /// `lon, lat` in a datum as a WGS-84 pair; what is no pair is handed on as typed, to be refused with its own words.
    #[must_use]
    pub fn point(&self, typed: &str, datum: Option<&str>) -> Value {
        let typed = half_width(typed.trim());
        let numbers: Option<Vec<f64>> = typed
            .split([',', ' ', ';'])
            .filter(|part| !part.is_empty())
            .map(|part| part.parse().ok().filter(|n: &f64| n.is_finite()))
            .collect();
        match numbers.as_deref() {
            Some(&[lon, lat]) if lon.abs() <= 180.0 && lat.abs() <= 90.0 => {
                let datum = datum.and_then(Datum::parse).unwrap_or(Datum::Wgs84);
                let point = to_wgs84(datum, Point::new(lon, lat));
                Value::from(vec![point.x(), point.y()])
            }
            _ => Value::String(typed),
        }
    }
}

/// Pasted corners in a datum as WGS-84; what cannot be read is handed on as typed, to be refused with its own words.
fn shape(typed: &str, datum: Option<&str>) -> Value {
    let text = Value::String(half_width(typed.trim()));
    let datum = datum.and_then(Datum::parse).unwrap_or(Datum::Wgs84);
    let turned = |[lon, lat]: Corner| {
        let point = to_wgs84(datum, Point::new(lon, lat));
        Value::from(vec![point.x(), point.y()])
    };
    let ring = |ring: Vec<Corner>| Value::from(ring.into_iter().map(turned).collect::<Vec<_>>());
    match (datum, read_polygon(&text), read_line(&text)) {
        (Datum::Wgs84, _, _) => text,
        (_, Ok(rings), _) => Value::from(rings.into_iter().map(ring).collect::<Vec<_>>()),
        (_, _, Ok(line)) => ring(line),
        _ => text,
    }
}

/// The local time a browser sends (`2022-06-27T09:03`) as an instant at +08:00.
fn with_offset(typed: &str) -> String {
    let typed = typed.trim();
    let has_offset = typed.ends_with('Z') || typed.get(10..).is_some_and(|time| time.contains(['+', '-']));
    let seconds = if typed.len() == 16 { ":00" } else { "" };
    if has_offset { typed.to_owned() } else { format!("{typed}{seconds}+08:00") }
}

/// What a form is sent for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// To be taken as it is.
    Send,
    /// Only to hear what applies while somebody types.
    Ask,
    /// To come back with more blank rows in a table (`name:rows`).
    More(&'a str),
}

/// A form that may be sent to ask about it, or for more rows: whoever takes it looks at [`Asking::step`] before anything is
/// done. A plain [`Typed`] refuses both, so that no handler takes a question for an order.
#[derive(Clone, Debug, Default)]
pub struct Asking(pub Typed);

impl Asking {
    /// What it was sent for.
    #[must_use]
    pub fn step(&self) -> Step<'_> {
        match (self.0.one("_ask"), self.0.one("_more")) {
            (Some(_), _) => Step::Ask,
            (None, Some(more)) => Step::More(more),
            (None, None) => Step::Send,
        }
    }
}

impl<S: Send + Sync> FromRequest<S> for Asking {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Asking, Error> {
        Ok(Asking(Typed::read(request, state).await?))
    }
}

impl<S: Send + Sync> FromRequest<S> for Typed {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Typed, Error> {
        let asking = Asking(Typed::read(request, state).await?);
        if asking.step() == Step::Send { Ok(asking.0) } else { Err(Error::Unreadable("form")) }
    }
}

/// The parts of a form with a file, for handlers that read them by themselves and look for the form's token among them. What is no
/// such form holds no token, and is refused as a form without one is.
pub struct Parts(pub Multipart);

impl<S: Send + Sync> FromRequest<S> for Parts {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Parts, Error> {
        let is_program = request.extensions().get::<Web>().is_some_and(|web| web.bearer);
        let refused = if is_program { Error::Unreadable("multipart") } else { Error::Csrf };
        Multipart::from_request(request, state).await.map(Parts).map_err(|_| refused)
    }
}

impl Typed {
    async fn read<S: Send + Sync>(mut request: Request, state: &S) -> Result<Typed, Error> {
        let web = request
            .extensions()
            .get::<Web>()
            .cloned()
            .ok_or_else(|| Error::Internal("a route stands outside the context layer".to_owned()))?;
        let header_token =
            request.headers().get("x-csrf-token").and_then(|token| token.to_str().ok()).map(str::to_owned);
        let vouched = web.bearer || header_token.is_some_and(|token| web.csrf_fits(&token));
        let media_type = request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
        if media_type.starts_with("multipart/form-data") {
            // Sizes are counted part by part below; a limit on the whole would cut the form off without an answer.
            DefaultBodyLimit::disable().apply(&mut request);
            let parts = Multipart::from_request(request, state).await.map_err(|_| Error::Unreadable("multipart"))?;
            return Reading { web: &web, typed: Typed::default(), vouched, bytes: 0, drained: 0 }.read(parts).await;
        }
        DefaultBodyLimit::max(FORM_BYTES_MAX).apply(&mut request);
        let body = Bytes::from_request(request, state).await.map_err(|_| Error::TooLarge { megabytes: 1 })?;
        let text = std::str::from_utf8(&body).map_err(|_| Error::Unreadable("form"))?;
        let mut typed = Typed { values: crate::page::pairs(text), ..Typed::default() };
        if !vouched && !typed.one("csrf").is_some_and(|token| web.csrf_fits(token)) {
            return Err(Error::Csrf);
        }
        typed.note_owned(&web);
        Ok(typed)
    }
}

impl Typed {
    /// Which of the ids sent back belong to this visitor.
    fn note_owned(&mut self, web: &Web) {
        let owned = self.values.iter().filter(|(_, id)| crate::files::is_owned(web, id)).map(|(_, id)| id.clone());
        self.owned = owned.collect();
    }
}

/// A form with files while it is read.
struct Reading<'a> {
    web: &'a Web,
    typed: Typed,
    vouched: bool,
    bytes: usize,
    drained: u64,
}

impl Reading<'_> {
    async fn read(mut self, mut parts: Multipart) -> Result<Typed, Error> {
        while let Some(part) = parts.next_field().await.map_err(|_| Error::Unreadable("multipart"))? {
            let name = part.name().unwrap_or_default().to_owned();
            match part.file_name().map(str::to_owned) {
                Some(file) => self.file(part, name, file).await?,
                None => self.value(part, name).await?,
            }
        }
        if !self.vouched {
            return Err(Error::Csrf);
        }
        self.typed.note_owned(self.web);
        Ok(self.typed)
    }

    async fn value(&mut self, mut part: Part<'_>, name: String) -> Result<(), Error> {
        let mut bytes = Vec::new();
        while let Some(chunk) = part.chunk().await.map_err(|_| Error::Unreadable("multipart"))? {
            self.bytes += chunk.len();
            if self.bytes > FORM_BYTES_MAX || bytes.len() + chunk.len() > FIELD_BYTES_MAX {
                return Err(Error::TooLarge { megabytes: 1 });
            }
            bytes.extend_from_slice(&chunk);
        }
        let value = String::from_utf8(bytes).map_err(|_| Error::Unreadable("text"))?;
        self.vouched |= name == "csrf" && self.web.csrf_fits(&value);
        self.typed.values.push((name, value));
        if self.typed.values.len() > FIELDS_MAX {
            return Err(Error::Unreadable("fields"));
        }
        Ok(())
    }

    async fn file(&mut self, part: Part<'_>, field: String, name: String) -> Result<(), Error> {
        // The token stands before the files in every form of ours; without it nothing is written to the disk.
        if !self.vouched {
            return Err(Error::Csrf);
        }
        let room = self.typed.taken.len() < FILES_MAX;
        let left = UPLOAD_DRAIN_BYTES_MAX.saturating_sub(self.drained);
        let (received, bytes) = crate::files::receive(self.web, part, (field, name, room, left)).await?;
        self.drained += bytes;
        match received {
            Some(Ok(taken)) => self.typed.taken.push(taken),
            Some(Err(problem)) => self.typed.problems.push(problem),
            None => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_come_in_four_datums_and_odd_keyboards() {
        let typed = Typed::default();
        assert_eq!(typed.point("116.84,38.31", None), Value::from(vec![116.84, 38.31]));
        assert_eq!(typed.point("１１６.８４，３８.３１", None), Value::from(vec![116.84, 38.31]));
        let shifted = typed.point("116.84, 38.31", Some("gcj02"));
        assert!(shifted[0].as_f64().unwrap() < 116.836, "{shifted}");
        assert_eq!(typed.point("here", None), Value::from("here"));
        assert_eq!(typed.point("500,10", None), Value::from("500,10"));
    }

    #[test]
    fn local_times_are_read() {
        assert_eq!(with_offset("2022-06-27T09:03"), "2022-06-27T09:03:00+08:00");
        assert_eq!(with_offset("2022-06-27T09:03:00Z"), "2022-06-27T09:03:00Z");
    }

    fn typed(pairs: &[(&str, &str)]) -> Typed {
        let values = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Typed { values, ..Typed::default() }
    }

    #[test]
    fn a_row_that_is_chosen_counts_before_words_unless_they_are_searched() {
        let field = Field { kind: FieldKind::Ref { register: "well".to_owned() }, ..Field::default() };
        let read = |pairs: &[(&str, &str)]| typed(pairs).value(&field, "well");
        assert_eq!(read(&[("well-find", "east"), ("well", "W1")]), Some(Value::from("W1")));
        assert_eq!(read(&[("well-find", "east"), ("well", "")]), Some(Value::from("east")));
        let search = [("well-find", "east"), ("well", "W1"), ("_more", "well:find")];
        assert_eq!(read(&search), Some(Value::from("east")));
        assert_eq!(read(&[("well", "W1"), ("_more", "well:find")]), None, "searched without words: all are listed");
        assert_eq!(read(&[("well", "W1"), ("_more", "items:8")]), Some(Value::from("W1")));
    }

    #[test]
    fn rows_of_a_table_keep_their_places() {
        let column = |name: &str, kind| Field { name: name.to_owned(), kind, ..Field::default() };
        let fields = vec![
            column("what", FieldKind::default()),
            column("cost", FieldKind::Money),
            column("new", FieldKind::Boolean),
        ];
        let table = column("items", FieldKind::Table { fields, min_rows: 0, max_rows: 5 });
        let sent = typed(&[
            ("items.0.what", ""),
            ("items.1.what", "pump"),
            ("items.1.cost", "1.2万"),
            ("items.1.new", "true"),
            ("items.3.what", " "),
        ]);
        let read = sent.fields(std::slice::from_ref(&table));
        assert_eq!(read["items"], serde_json::json!([{"what": "pump", "cost": 1_200_000, "new": "true"}]));
        assert!(typed(&[("items.0.what", "")]).fields(std::slice::from_ref(&table)).is_empty());
        let far = typed(&[("items.4000000000.what", "x"), ("items.9.what", "x"), ("items.99.what", "x")]);
        assert_eq!(far.fields(&[table])["items"].as_array().map(Vec::len), Some(1));
    }
}
