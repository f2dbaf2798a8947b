//! Documents in batches: which may be made for a whole place, how far each batch is, stopping it, and fetching what was made.

use crate::error::Error;
use crate::papers::{Among, Batch, Stage, Wish};
use crate::typed::Typed;
use crate::view::Look;
use crate::view::case::StateTag;
use crate::view::form::{FieldView, FormView};
use crate::view::options::Choice;
use crate::view::words::count;
use crate::web::Web;
use axum::body::{Body, Bytes};
use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use futures_util::stream::{self, StreamExt as _};
use ganglion_model::pack::{Document, Who};
use ganglion_model::{CommandId, Post};
use serde::Serialize;
use serde_json::Value;
use std::io::{self, Write};
use std::sync::Arc;
use tokio::sync::mpsc;

/// Pieces of an archive between the thread that writes it and the one that sends it.
const PIECES_WAITING_MAX: usize = 16;
/// Bytes of one piece.
const PIECE_BYTES: usize = 64 * 1024;
/// Seconds after which the page of a batch under way is asked for again.
const REFRESH_SECONDS: u32 = 2;

#[derive(Serialize)]
struct BatchView {
    id: String,
    title: String,
    place: String,
    started: String,
    state: StateTag,
    text: String,
    looked: u64,
    total: u64,
    href: String,
    zip_href: Option<String>,
    cancel_href: Option<String>,
}

#[derive(Serialize)]
struct BatchesContext {
    page: crate::page::Page,
    form: Option<FormView>,
    batches: Vec<BatchView>,
    tables: Vec<super::tables::TableView>,
}

#[derive(Serialize)]
struct BatchContext {
    page: crate::page::Page,
    batch: BatchView,
    refresh_seconds: Option<u32>,
}

/// Whether a post issues documents of this kind at all.
pub fn issues(document: &Document, post: &Post) -> bool {
    document.by.iter().any(|who| match who {
        Who::Role { role, level } => post.role == *role && post.place.level() == *level,
        Who::RoleHandling { role } => post.role == *role,
        _ => false,
    })
}

fn view(web: &Web, look: &Look<'_>, batch: &Batch) -> BatchView {
    let progress = batch.progress();
    let (name, tone) = match progress.stage {
        Stage::Running => ("running", "active"),
        Stage::Done => ("done", "done"),
        Stage::Cancelled => ("cancelled", "neutral"),
        Stage::Failed => ("failed", "bad"),
    };
    let document = web.world.model.documents.get(&batch.wish.document);
    let base = format!("/documents/batches/{}", batch.id);
    let running = progress.stage == Stage::Running;
    BatchView {
        id: batch.id.clone(),
        title: document.map(|document| look.text(&document.title)).unwrap_or_default(),
        place: match &batch.wish.among {
            Among::Cases(place) => look.place_path(*place),
            Among::Rows(filter) => {
                let register = web.world.model.registers.get(&filter.register);
                register.map_or_else(|| filter.register.clone(), |register| look.text(&register.title))
            }
        },
        started: look.date_time(batch.started),
        state: StateTag { name: name.to_owned(), label: look.t(&format!("batch-{name}")), tone },
        text: look.say(
            "batch-text",
            &[
                ("printed", count(progress.printed).into()),
                ("made", count(progress.made).into()),
                ("left", count(progress.left_out).into()),
                ("megabytes", count(batch.bytes().div_ceil(1_000_000)).into()),
            ],
        ),
        looked: progress.looked,
        total: progress.total,
        zip_href: (!running && progress.printed > 0).then(|| format!("{base}/zip")),
        cancel_href: running.then(|| format!("{base}/cancel")),
        href: base,
    }
}

/// `GET /documents`.
pub async fn show(web: Web) -> Result<Response, Error> {
    let post = web.post()?;
    let words = web.words();
    let look = web.look(&words);
    let context = BatchesContext {
        page: web.page("title-documents"),
        form: form(&web, &look, post),
        batches: owned(&web)?.iter().map(|batch| view(&web, &look, batch)).collect(),
        tables: super::tables::offered(&web, &look)?,
    };
    web.render("pages/documents.html", context)
}

/// The form that begins a batch over cases, for a post that issues something.
fn form(web: &Web, look: &Look<'_>, post: &Post) -> Option<FormView> {
    let documents = web.world.model.documents.values();
    let form = form_of(look, documents.filter(|document| !document.row && issues(document, post)))?;
    Some(FormView { help: Some(look.say("batch-help", &[("place", look.place_path(post.place).into())])), ..form })
}

/// The form that begins a batch of one of these documents; none without any.
pub(super) fn form_of<'d>(look: &Look<'_>, documents: impl Iterator<Item = &'d Document>) -> Option<FormView> {
    let choice = |document: &Document| Choice {
        value: document.name.clone(),
        label: look.text(&document.title),
        ..Choice::default()
    };
    let mut options: Vec<Choice> = documents.map(choice).collect();
    if let [only] = options.as_mut_slice() {
        only.selected = true;
    }
    let field = |name: &str, kind, value: Value| FieldView {
        name: name.to_owned(),
        id: format!("f-{name}"),
        kind,
        label: look.t(&format!("batch-label-{name}")),
        value,
        ..FieldView::default()
    };
    (!options.is_empty()).then(|| FormView {
        action_href: "/documents/batches".to_owned(),
        fields: vec![
            FieldView { options, required: true, ..field("document", "choice", Value::Null) },
            FieldView { help: Some(look.t("batch-make-help")), ..field("make", "boolean", Value::Bool(false)) },
        ],
        submit: look.t("batch-start"),
        ..FormView::default()
    })
}

/// From what a batch is made: from the rows of the list it was begun on, else from cases of the post's own place.
fn among(web: &Web, document: &Document, (post, typed): (&Post, &Typed)) -> Result<Among, Error> {
    if !document.row {
        return Ok(Among::Cases(post.place));
    }
    let query = typed.one("query").and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    Ok(Among::Rows(super::registers::filter_of(web, &document.of, query)?))
}

/// `POST /documents/batches`: for every case in the post's own place, or for the rows of a list.
pub async fn start(web: Web, typed: Typed) -> Result<Response, Error> {
    let post = web.post()?;
    let words = web.words();
    let look = web.look(&words);
    let name = typed.one("document").unwrap_or_default();
    let document = web.world.model.documents.get(name).filter(|document| issues(document, post));
    let Some(document) = document else {
        return Ok(web.redirect_with("/documents", "warn", &look.t("batch-none-chosen")));
    };
    let among = among(&web, document, (post, &typed))?;
    match begun(&web, (document, among), typed.one("make").is_some(), CommandId(web.app.clock.id()))? {
        Some(batch) => Ok(web.redirect(&format!("/documents/batches/{}", batch.id))),
        None => Ok(web.redirect_with("/documents", "warn", &look.t("batch-too-many"))),
    }
}

/// Begins a batch in the name of the caller; `None` when too many run already.
///
/// # Errors
/// When what is printed cannot be kept.
pub fn begun(
    web: &Web,
    (document, among): (&Document, Among),
    make: bool,
    id: CommandId,
) -> Result<Option<Arc<Batch>>, Error> {
    let wish = Wish {
        document: document.name.clone(),
        among,
        make,
        actor: web.actor(),
        account: web.signed_in()?.account.clone(),
        post: web.post()?.id.clone(),
        id,
    };
    web.app.batches.start(&web.app, wish).map_err(|error| Error::Internal(error.to_string()))
}

/// Batches of the caller, newest first.
///
/// # Errors
/// When nobody is signed in.
pub fn owned(web: &Web) -> Result<Vec<Arc<Batch>>, Error> {
    let account = &web.signed_in()?.account;
    let mut all = web.app.batches.list(web.now);
    all.retain(|batch| batch.wish.account == *account);
    Ok(all)
}

/// A batch of this very person; for everybody else there is none.
///
/// # Errors
/// [`Error::NotFound`].
pub fn own(web: &Web, id: &str) -> Result<Arc<Batch>, Error> {
    let account = &web.signed_in()?.account;
    web.app.batches.get(id).filter(|batch| batch.wish.account == *account).ok_or(Error::NotFound)
}

/// `GET /documents/batches/{id}`: how far it is; asks again by itself while it is under way.
pub async fn one(web: Web, Path(id): Path<String>) -> Result<Response, Error> {
    let batch = own(&web, &id)?;
    let words = web.words();
    let look = web.look(&words);
    let refresh_seconds = (batch.progress().stage == Stage::Running).then_some(REFRESH_SECONDS);
    let batch = view(&web, &look, &batch);
    web.render("pages/batch.html", BatchContext { page: web.page("title-batch"), batch, refresh_seconds })
}

/// `POST /documents/batches/{id}/cancel`.
pub async fn cancel(web: Web, Path(id): Path<String>, _typed: Typed) -> Result<Response, Error> {
    own(&web, &id)?.cancel();
    Ok(web.redirect(&format!("/documents/batches/{id}")))
}

/// A writer whose pieces are sent on; it waits while the other side is slow, and fails once nobody listens.
struct Pieces {
    to: mpsc::Sender<io::Result<Bytes>>,
    held: Vec<u8>,
}

impl Pieces {
    fn send(&mut self) -> io::Result<()> {
        if self.held.is_empty() {
            return Ok(());
        }
        let piece = Bytes::from(std::mem::take(&mut self.held));
        self.to.blocking_send(Ok(piece)).map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))
    }
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.held.extend_from_slice(bytes);
        if self.held.len() >= PIECE_BYTES {
            self.send()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.send()
    }
}

/// `GET /documents/batches/{id}/zip`: everything printed, as one archive, written while it is sent.
pub async fn zip(web: Web, Path(id): Path<String>) -> Result<Response, Error> {
    archive(&web, own(&web, &id)?.as_ref())
}

/// Everything a batch printed as an answer.
///
/// # Errors
/// When what was printed cannot be read.
pub fn archive(web: &Web, batch: &Batch) -> Result<Response, Error> {
    let reading = batch.read().map_err(|error| Error::Internal(error.to_string()))?;
    let (to, from) = mpsc::channel(PIECES_WAITING_MAX);
    tokio::task::spawn_blocking(move || {
        let mut pieces = Pieces { to: to.clone(), held: Vec::with_capacity(PIECE_BYTES) };
        let written = ganglion_documents::write_archive(&mut pieces, reading).and_then(|()| pieces.flush());
        if let Err(error) = written {
            // The connection breaks off, so nobody takes half an archive for a whole one.
            let _ = to.blocking_send(Err(error));
        }
    });
    // Whoever sends a body may ask once more after its end, which an unfold does not stand.
    let stream = stream::unfold(from, |mut from| async move { Some((from.recv().await?, from)) }).fuse();
    let name = format!("{}-{}.zip", batch.wish.document, web.today());
    let headers = [
        (header::CONTENT_TYPE, "application/zip".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, Body::from_stream(stream)).into_response())
}
