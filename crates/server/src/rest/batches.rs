//! Documents in batches for other software: beginning one over the cases of a process or the rows of a register, how far it is, stopping
//! it, and what it printed as one archive. Every document is issued as by hand: by `decide`, in the caller's name.

use super::answer::{command_id, json_of, listed, only, plain, vouched};
use super::cases::process;
use crate::error::{Error, Unread};
use crate::papers::{Among, Batch, Stage};
use crate::staff::batches::{archive, begun, issues, own, owned};
use crate::staff::registers::{filter_of, readable};
use crate::web::Web;
use axum::Json;
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use ganglion_model::PlaceCode;
use ganglion_model::pack::Document;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Filters of a list of rows besides those of its fields.
const ROW_FILTERS: [&str; 3] = ["place", "q", "on"];

/// What a batch is made from: cases of a process, or rows of a register.
#[derive(Clone, Copy)]
struct Of<'a> {
    name: &'a str,
    row: bool,
}

impl Of<'_> {
    fn root(self) -> String {
        let area = if self.row { "registers" } else { "processes" };
        format!("/api/{area}/{}/batches", self.name)
    }

    /// That the caller finds it there at all.
    fn is_there(self, web: &Web) -> Result<(), Error> {
        web.post()?;
        if self.row { readable(web, self.name).map(|_| ()) } else { process(web, self.name).map(|_| ()) }
    }

    fn has(self, document: &Document) -> bool {
        document.row == self.row && document.of == self.name
    }

    fn holds(self, web: &Web, batch: &Batch) -> bool {
        web.world.model.documents.get(&batch.wish.document).is_some_and(|document| self.has(document))
    }

    /// The caller's batch of this id.
    fn batch(self, web: &Web, id: &str) -> Result<Arc<Batch>, Error> {
        self.is_there(web)?;
        Some(own(web, id)?).filter(|batch| self.holds(web, batch)).ok_or(Error::NotFound)
    }
}

/// What begins a batch.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StartBody {
    document: String,
    /// Issue those that are missing.
    #[serde(default)]
    make: bool,
    /// Of cases: inside this place instead of the whole of the caller's own.
    #[serde(default)]
    place: Option<PlaceCode>,
    /// Of rows: as their list is filtered.
    #[serde(default)]
    filter: BTreeMap<String, String>,
}

fn wrong(pointer: &str, reason: &str) -> Error {
    Error::UnreadableAt(Box::new(Unread::Member { pointer: pointer.to_owned(), reason: reason.to_owned() }))
}

fn shown(of: Of<'_>, batch: &Batch) -> Value {
    let progress = batch.progress();
    let stage = match progress.stage {
        Stage::Running => "running",
        Stage::Done => "done",
        Stage::Cancelled => "cancelled",
        Stage::Failed => "failed",
    };
    let href = format!("{}/{}", of.root(), batch.id);
    let place = match &batch.wish.among {
        Among::Cases(place) => Some(*place),
        Among::Rows(filter) => filter.place,
    };
    json!({
        "id": batch.id,
        "document": batch.wish.document,
        "place": place,
        "make": batch.wish.make,
        "started_at": batch.started,
        "stage": stage,
        "total": progress.total,
        "looked": progress.looked,
        "made": progress.made,
        "printed": progress.printed,
        "left_out": progress.left_out,
        "bytes": batch.bytes(),
        "zip": is_fetched(batch).then(|| format!("{href}/zip")),
        "href": href,
    })
}

/// Whether there is a whole archive to fetch.
fn is_fetched(batch: &Batch) -> bool {
    let progress = batch.progress();
    progress.stage != Stage::Running && progress.printed > 0
}

fn list(web: &Web, headers: &HeaderMap, of: Of<'_>) -> Result<Response, Error> {
    of.is_there(web)?;
    only(web, &[])?;
    let items = owned(web)?.iter().filter(|batch| of.holds(web, batch)).map(|batch| shown(of, batch)).collect();
    Ok(listed(web, headers, items, None))
}

/// From which cases or rows: never beyond what the caller's post reaches.
fn among(web: &Web, of: Of<'_>, body: &StartBody) -> Result<Among, Error> {
    if !of.row {
        let own = web.post()?.place;
        let place = body.place.unwrap_or(own);
        if !body.filter.is_empty() {
            return Err(wrong("/filter", "a batch of cases is narrowed by `place`"));
        }
        let is_inside = own.holds(place);
        return if is_inside { Ok(Among::Cases(place)) } else { Err(wrong("/place", "outside the place of the post")) };
    }
    if body.place.is_some() {
        return Err(wrong("/place", "a batch of rows is narrowed by `filter`"));
    }
    let fields = readable(web, of.name)?.fields(web);
    let is_field = |name: &str| fields.iter().any(|field| field.name == name);
    for name in body.filter.keys().filter(|name| !ROW_FILTERS.contains(&name.as_str())) {
        let field = name.strip_prefix("f.").unwrap_or_default();
        let end = field.strip_suffix(".from").or_else(|| field.strip_suffix(".to")).unwrap_or(field);
        if !is_field(field) && !is_field(end) {
            return Err(wrong(&format!("/filter/{}", super::problem::part(name)), "no filter of the list"));
        }
    }
    let query = body.filter.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    Ok(Among::Rows(filter_of(web, of.name, query)?))
}

fn start(web: &Web, headers: &HeaderMap, of: Of<'_>, bytes: &Bytes) -> Result<Response, Error> {
    let post = vouched(web)?;
    of.is_there(web)?;
    let body: StartBody = json_of(bytes)?;
    let document = web.world.model.documents.get(&body.document).filter(|document| of.has(document));
    let document = document.ok_or_else(|| wrong("/document", "no document of these"))?;
    if !issues(document, post) {
        return Err(Error::NotAllowed);
    }
    let among = among(web, of, &body)?;
    let id = command_id(web, headers)?;
    let batch = begun(web, (document, among), body.make, id)?.ok_or(Error::Busy)?;
    let told = shown(of, &batch);
    let location = format!("{}/{}", of.root(), batch.id);
    let headers = [(header::LOCATION, location), (header::CACHE_CONTROL, "no-store".to_owned())];
    Ok((StatusCode::ACCEPTED, headers, Json(told)).into_response())
}

fn one(web: &Web, headers: &HeaderMap, (of, id): (Of<'_>, &str)) -> Result<Response, Error> {
    only(web, &[])?;
    Ok(plain(web, headers, shown(of, of.batch(web, id)?.as_ref())))
}

fn stop(web: &Web, (of, id): (Of<'_>, &str)) -> Result<Response, Error> {
    vouched(web)?;
    let batch = of.batch(web, id)?;
    batch.cancel();
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(shown(of, &batch))).into_response())
}

fn zip(web: &Web, (of, id): (Of<'_>, &str)) -> Result<Response, Error> {
    only(web, &[])?;
    let batch = of.batch(web, id)?;
    if is_fetched(&batch) { archive(web, &batch) } else { Err(Error::NotFound) }
}

const fn cases(name: &str) -> Of<'_> {
    Of { name, row: false }
}

const fn rows(name: &str) -> Of<'_> {
    Of { name, row: true }
}

/// `GET /api/processes/{process}/batches`: the caller's own, newest first.
pub async fn list_of_cases(web: Web, headers: HeaderMap, Path(name): Path<String>) -> Result<Response, Error> {
    list(&web, &headers, cases(&name))
}

/// `POST /api/processes/{process}/batches`: `{document, make, place}`.
pub async fn start_of_cases(
    web: Web,
    headers: HeaderMap,
    Path(name): Path<String>,
    bytes: Bytes,
) -> Result<Response, Error> {
    start(&web, &headers, cases(&name), &bytes)
}

/// `GET /api/processes/{process}/batches/{id}`.
pub async fn one_of_cases(
    web: Web,
    headers: HeaderMap,
    Path((name, id)): Path<(String, String)>,
) -> Result<Response, Error> {
    one(&web, &headers, (cases(&name), &id))
}

/// `DELETE /api/processes/{process}/batches/{id}`: stops it; what was issued stays issued.
pub async fn stop_of_cases(web: Web, Path((name, id)): Path<(String, String)>) -> Result<Response, Error> {
    stop(&web, (cases(&name), &id))
}

/// `GET /api/processes/{process}/batches/{id}/zip`.
pub async fn zip_of_cases(web: Web, Path((name, id)): Path<(String, String)>) -> Result<Response, Error> {
    zip(&web, (cases(&name), &id))
}

/// `GET /api/registers/{name}/batches`: the caller's own, newest first.
pub async fn list_of_rows(web: Web, headers: HeaderMap, Path(name): Path<String>) -> Result<Response, Error> {
    list(&web, &headers, rows(&name))
}

/// `POST /api/registers/{name}/batches`: `{document, make, filter}`.
pub async fn start_of_rows(
    web: Web,
    headers: HeaderMap,
    Path(name): Path<String>,
    bytes: Bytes,
) -> Result<Response, Error> {
    start(&web, &headers, rows(&name), &bytes)
}

/// `GET /api/registers/{name}/batches/{id}`.
pub async fn one_of_rows(
    web: Web,
    headers: HeaderMap,
    Path((name, id)): Path<(String, String)>,
) -> Result<Response, Error> {
    one(&web, &headers, (rows(&name), &id))
}

/// `DELETE /api/registers/{name}/batches/{id}`: stops it; what was issued stays issued.
pub async fn stop_of_rows(web: Web, Path((name, id)): Path<(String, String)>) -> Result<Response, Error> {
    stop(&web, (rows(&name), &id))
}

/// `GET /api/registers/{name}/batches/{id}/zip`.
pub async fn zip_of_rows(web: Web, Path((name, id)): Path<(String, String)>) -> Result<Response, Error> {
    zip(&web, (rows(&name), &id))
}
