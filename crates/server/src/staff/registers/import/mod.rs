//! Importing rows from a table: upload, a try that lists every bad cell, and all or nothing. The page of an import can be left
//! and come back to; what goes on goes on.

mod cells;
mod check;
mod columns;
mod commit;
pub mod job;
mod named;
mod page;
mod plan;
pub mod table;
mod template;
mod trial;
mod tried;

pub use commit::{send, sent};
pub use trial::try_rows;

pub(super) use cells::BEFORE_WORDS;

use super::list::may_add;
use super::{Readable, readable};
use crate::app::AppState;
use crate::error::Error;
use crate::limits::IMPORT_BYTES_MAX;
use crate::typed::{Parts, Typed};
use crate::web::Web;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Multipart, Path};
use axum::response::Response;
use axum::routing::{get, post};
use check::Prepared;
use ganglion_model::{AccountId, Actor, PostId};
use job::{Counts, Facts, Job, Stage};
use named::RowNames;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use table::Sheet;

/// How long the sheet of an import that waits to be confirmed is kept as it was read; later it is read again.
const SHEET_KEPT: Duration = Duration::from_mins(10);

/// The routes of imports.
pub fn routes() -> Router<AppState> {
    let upload = post(upload).layer(DefaultBodyLimit::max(IMPORT_BYTES_MAX));
    Router::new()
        .route("/registers/{name}/import", get(page::show).merge(upload))
        .route("/registers/{name}/import/{id}", get(show))
        .route("/registers/{name}/import/{id}/findings.csv", get(page::findings))
        .route("/registers/{name}/import/{id}/confirm", post(confirm))
        .route("/registers/{name}/import/{id}/cancel", post(cancel))
        .route("/registers/{name}/template.xlsx", get(template::xlsx))
        .route("/registers/{name}/template.csv", get(template::csv))
}

/// Whether the reader's post may import into a register: where it may change rows alone, and where a table can say which row
/// a line means.
pub fn may_import(web: &Web, readable: &Readable<'_>) -> bool {
    let register = readable.register;
    let named =
        register.key_fields().all(|name| register.field(name).is_some_and(ganglion_model::pack::Field::is_typed));
    named && may_add(web, readable) == Some(true)
}

/// A register into which the reader's post may import.
fn importable<'w>(web: &'w Web, name: &str) -> Result<Readable<'w>, Error> {
    let readable = readable(web, name)?;
    if may_import(web, &readable) { Ok(readable) } else { Err(Error::NotFound) }
}

/// An import of the reader's own.
fn own(web: &Web, name: &str, id: &str) -> Result<Arc<Job>, Error> {
    importable(web, name)?;
    let job = web.app.imports.find(id).ok_or(Error::NotFound)?;
    let is_own = {
        let facts = job.facts.lock();
        facts.register == name && facts.account == web.signed_in()?.account.0
    };
    if is_own { Ok(job) } else { Err(Error::NotFound) }
}

fn href(name: &str, id: &str) -> String {
    format!("/registers/{name}/import/{id}")
}

/// A file that was handed in.
pub struct Upload {
    /// What it is called.
    pub file: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// The file of a form; `None` without one.
///
/// # Errors
/// [`Error::Csrf`] for a form that was not made for this visitor; one that cannot be read.
pub async fn receive(web: &Web, mut parts: Multipart) -> Result<Option<Upload>, Error> {
    let (mut file, mut vouched) = (None, web.bearer);
    let too_large = |_| Error::TooLarge { megabytes: 64 };
    while let Some(part) = parts.next_field().await.map_err(|_| Error::Unreadable("multipart"))? {
        let name = part.name().unwrap_or_default().to_owned();
        let file_name = part.file_name().map(crate::files::shown_name);
        let bytes = part.bytes().await.map_err(too_large)?;
        match (name.as_str(), file_name) {
            ("csrf", _) => vouched |= std::str::from_utf8(&bytes).is_ok_and(|token| web.csrf_fits(token)),
            ("file", Some(name)) if vouched && !bytes.is_empty() => {
                file = Some(Upload { file: name, bytes: bytes.to_vec() });
            }
            _ => {}
        }
    }
    if vouched { Ok(file) } else { Err(Error::Csrf) }
}

/// `POST /registers/{name}/import`: keeps the file and begins to try it.
async fn upload(web: Web, Path(name): Path<String>, Parts(parts): Parts) -> Result<Response, Error> {
    importable(&web, &name)?;
    let Some(upload) = receive(&web, parts).await? else {
        return page::upload_page(&web, &name, Some(web.t("import-file-needed")));
    };
    let id = web.app.clock.id().to_string();
    let facts = Facts {
        id: id.clone(),
        register: name.clone(),
        file: upload.file,
        account: web.signed_in()?.account.0.clone(),
        post: web.post()?.id.0.clone(),
        stage: Stage::Checking,
        counts: Counts::default(),
        findings: Vec::new(),
        unusual: Vec::new(),
        steps: Vec::new(),
        in_order: true,
    };
    let bytes: Arc<[u8]> = upload.bytes.into();
    let sheet = match sheet(bytes.clone()).await? {
        Ok(sheet) => sheet,
        Err(problem) => {
            return page::upload_page(&web, &name, Some(web.t(&format!("table-{}", problem.name()))));
        }
    };
    if prepared(&web, &name, sheet.clone()).await?.is_none() {
        return page::upload_page(&web, &name, Some(web.t("table-no-header")));
    }
    let kept = web.app.imports.begin(facts, &bytes);
    let job = kept.map_err(|error| Error::Internal(format!("keeping an import: {error}")))?;
    web.app.imports.keep_sheet(&id, sheet);
    go_on(&web, &job, &name);
    Ok(web.redirect(&href(&name, &id)))
}

/// Reads a file away from the threads that answer requests.
async fn sheet(bytes: Arc<[u8]>) -> Result<Result<Arc<Sheet>, table::TableError>, Error> {
    let read = tokio::task::spawn_blocking(move || table::read(&bytes).map(Arc::new));
    read.await.map_err(|error| Error::Internal(error.to_string()))
}

/// A sheet against the register as it is declared now; `None` without its header.
async fn prepared(web: &Web, name: &str, sheet: Arc<Sheet>) -> Result<Option<Prepared>, Error> {
    let register = importable(web, name)?.register.clone();
    let reading = web.clone();
    let read = tokio::task::spawn_blocking(move || Prepared::new(&reading, &register, sheet));
    read.await.map_err(|error| Error::Internal(error.to_string()))
}

/// What an import goes on with. What its file says was read once and cannot change; what that means is found out anew for each
/// stage, since places, lists and rows of other registers may have changed in between.
async fn prepare(web: &Web, job: &Job, name: &str) -> Result<Option<Prepared>, Error> {
    let id = job.facts.lock().id.clone();
    let sheet = match web.app.imports.sheet(&id) {
        Some(sheet) => sheet,
        None => {
            let bytes = web.app.imports.bytes(job);
            let bytes = bytes.map_err(|error| Error::Internal(format!("reading an import: {error}")))?;
            let Ok(sheet) = sheet(bytes.into()).await? else { return Ok(None) };
            web.app.imports.keep_sheet(&id, sheet.clone());
            sheet
        }
    };
    let Some(mut prepared) = prepared(web, name, sheet).await? else { return Ok(None) };
    prepared.rows = RowNames::read(web, &prepared).await?;
    Ok(Some(prepared))
}

/// Goes on with whatever stage an import is in, beside the request.
fn go_on(web: &Web, job: &Arc<Job>, name: &str) {
    if job.busy.swap(true, Ordering::AcqRel) {
        return;
    }
    let (web, job, name) = (web.clone(), job.clone(), name.to_owned());
    tokio::spawn(async move {
        if let Err(error) = work(&web, &job, &name).await {
            error.log();
            tracing::warn!(register = name, "an import stopped and goes on when its page is opened");
        }
        job.busy.store(false, Ordering::Release);
    });
}

async fn work(web: &Web, job: &Job, name: &str) -> Result<(), Error> {
    let Some(prepared) = prepare(web, job, name).await?.map(Arc::new) else {
        job.facts.lock().stage = Stage::Refused;
        return save(web, job);
    };
    let actor = {
        let facts = job.facts.lock();
        Actor::Post { post: PostId(facts.post.clone()), account: AccountId(facts.account.clone()) }
    };
    match job.stage() {
        Stage::Checking => tried::run(web, job, prepared, actor).await?,
        Stage::Running => {
            let whole = commit::run(&web.app, job, &prepared, &actor).await?;
            if whole {
                job.facts.lock().stage = Stage::Done;
            } else {
                job.facts.lock().stage = Stage::Undoing;
                save(web, job)?;
                commit::undo(&web.app, job, &prepared).await?;
                job.facts.lock().stage = Stage::Cancelled;
            }
        }
        Stage::Undoing => {
            commit::undo(&web.app, job, &prepared).await?;
            job.facts.lock().stage = Stage::Cancelled;
        }
        Stage::Ready | Stage::Refused | Stage::Done | Stage::Cancelled => {}
    }
    forget(web, job);
    save(web, job)
}

/// Gives up the sheet of an import that is over; one that waits to be confirmed keeps it for a while.
fn forget(web: &Web, job: &Job) {
    let id = job.facts.lock().id.clone();
    if job.stage() != Stage::Ready {
        return web.app.imports.forget_sheet(&id);
    }
    let app = web.app.clone();
    tokio::spawn(async move {
        tokio::time::sleep(SHEET_KEPT).await;
        app.imports.forget_sheet(&id);
    });
}

fn save(web: &Web, job: &Job) -> Result<(), Error> {
    web.app.imports.save(job).map_err(|error| Error::Internal(format!("keeping an import: {error}")))
}

/// `GET /registers/{name}/import/{id}`.
async fn show(web: Web, Path((name, id)): Path<(String, String)>) -> Result<Response, Error> {
    let job = own(&web, &name, &id)?;
    if job.stage().is_busy() {
        go_on(&web, &job, &name);
    }
    page::job_page(&web, &name, &job)
}

/// `POST /registers/{name}/import/{id}/confirm`: begins to commit what was tried and found clean.
async fn confirm(web: Web, Path((name, id)): Path<(String, String)>, _typed: Typed) -> Result<Response, Error> {
    let job = own(&web, &name, &id)?;
    let begun = {
        let mut facts = job.facts.lock();
        let ready = facts.stage == Stage::Ready;
        if ready {
            facts.stage = Stage::Running;
        }
        ready
    };
    if begun {
        save(&web, &job)?;
        go_on(&web, &job, &name);
    }
    Ok(web.redirect(&href(&name, &id)))
}

/// `POST /registers/{name}/import/{id}/cancel`: stops at the next rows and puts back what was put.
async fn cancel(web: Web, Path((name, id)): Path<(String, String)>, _typed: Typed) -> Result<Response, Error> {
    let job = own(&web, &name, &id)?;
    job.stop.store(true, Ordering::Relaxed);
    let waits = {
        let mut facts = job.facts.lock();
        let waits = facts.stage == Stage::Ready;
        if waits {
            facts.stage = Stage::Cancelled;
        }
        waits
    };
    if waits {
        save(&web, &job)?;
    }
    Ok(web.redirect(&href(&name, &id)))
}
