//! What is held about a reporter in one case, for the reporter: the values (personal ones masked: a number and four digits prove less
//! than an identity card), why and how long they are held, who read them in which post and for what, a copy for programs, and where to
//! ask for a full copy, a correction or erasure. Names of officials stand nowhere here.

use super::added::{Added, ENTRIES_MAX};
use crate::error::Error;
use crate::staff::{export, personal};
use crate::view::facts::{Opened, may_see};
use crate::view::{Look, Photo, mask};
use crate::web::Web;
use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use ganglion_kernel::port::Access;
use ganglion_kernel::seal::is_sealed;
use ganglion_model::change::{Change, Entry, RETENTION};
use ganglion_model::expr::Expr;
use ganglion_model::pack::{BREAK_GLASS, Effect, Field, FieldKind, Model, Process, Who};
use ganglion_model::{Actor, Case};
use serde::Serialize;
use serde_json::Value;

/// Marks UTF-8 for spreadsheets that would guess otherwise.
const BYTE_ORDER_MARK: &str = "\u{feff}";
/// Lines of the access log: more than any case has.
const LINES_MAX: u32 = 1_000;
/// How long after its entry in the journal the line of an emergency is written, seconds.
const GLASS_SECONDS: i64 = 60;

#[derive(Serialize)]
struct Held {
    field: String,
    label: String,
    value: String,
    personal: bool,
}

#[derive(Serialize)]
struct Read {
    at: String,
    #[serde(skip)]
    when: String,
    post: String,
    purpose: String,
    fields: Vec<String>,
}

/// What is held about a reporter in one case.
#[derive(Serialize)]
pub(crate) struct OwnData {
    number: String,
    title: String,
    opened_at: String,
    purpose: String,
    basis: String,
    kept: String,
    erased: Option<String>,
    held: Vec<Held>,
    /// Pictures sent when it was opened.
    photos: Vec<Photo>,
    /// What was sent afterwards.
    added: Vec<Added>,
    read_by: Vec<Read>,
}

impl OwnData {
    /// As lines of a table: number, matter, when, what, value. Pictures are named by their address, under `photo`.
    fn lines(&self, photo: &str) -> Vec<Vec<String>> {
        let line = |at: &str, label: &str, value: &str| {
            Vec::from([self.number.as_str(), self.title.as_str(), at, label, value].map(str::to_owned))
        };
        let mut lines: Vec<Vec<String>> =
            self.held.iter().map(|one| line(&self.opened_at, &one.label, &one.value)).collect();
        lines.extend(self.photos.iter().map(|one| line(&self.opened_at, photo, &one.href)));
        for added in &self.added {
            lines.extend(added.told.iter().map(|one| line(&added.at, &one.label, &one.text)));
            lines.extend(added.photos.iter().map(|one| line(&added.at, photo, &one.href)));
        }
        lines
    }
}

#[derive(Serialize)]
struct DataContext {
    page: crate::page::Page,
    copy: OwnData,
    added: Vec<Value>,
    reads: Vec<[String; 4]>,
    json_href: String,
    csv_href: String,
    back_href: String,
    ask_href: Option<String>,
}

/// `GET /follow/{number}/data`.
pub async fn show(web: Web, Path(number): Path<String>) -> Result<Response, Error> {
    let encoded = crate::page::encode(&number);
    let Some(case) = web.own_case(&number).await? else {
        return Ok(web.redirect(&format!("/follow?number={encoded}")));
    };
    let copy = copy(&web, &case).await?;
    let line =
        |one: &Read| [one.when.clone(), one.post.clone(), one.purpose.clone(), one.fields.join(&web.t("list-comma"))];
    let context = DataContext {
        page: web.page("title-own-data"),
        reads: copy.read_by.iter().map(line).collect(),
        added: copy.added.iter().map(Added::shown).collect(),
        copy,
        json_href: format!("/follow/{encoded}/data.json"),
        csv_href: format!("/follow/{encoded}/data.csv"),
        back_href: format!("/follow/{encoded}"),
        ask_href: asks(&web.world.model).map(|_| format!("/report?about={encoded}")),
    };
    web.render("pages/own_data.html", context)
}

/// `GET /follow/{number}/data.json`.
pub async fn json(web: Web, Path(number): Path<String>) -> Result<Response, Error> {
    let case = web.own_case(&number).await?.ok_or(Error::NotFound)?;
    let copy = copy(&web, &case).await?;
    let text = serde_json::to_string_pretty(&copy).map_err(|error| Error::Internal(error.to_string()))?;
    let name = format!("{}.json", case.number);
    Ok((attached("application/json", &name), text).into_response())
}

/// `GET /follow/{number}/data.csv`.
pub async fn csv(web: Web, Path(number): Path<String>) -> Result<Response, Error> {
    let case = web.own_case(&number).await?.ok_or(Error::NotFound)?;
    let copy = copy(&web, &case).await?;
    let name = format!("{}.csv", case.number);
    Ok((attached("text/csv; charset=utf-8", &name), table(&web, &[copy])?).into_response())
}

/// What is sent as a file of a name.
pub(crate) fn attached(kind: &str, name: &str) -> [(header::HeaderName, String); 3] {
    let name = name.replace(['"', '\\', '\r', '\n'], "");
    [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ]
}

/// What is held as a table for spreadsheets.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn table(web: &Web, copies: &[OwnData]) -> Result<Vec<u8>, Error> {
    let heading = ["csv-number", "csv-matter", "csv-opened", "csv-field", "csv-value"];
    let mut lines = vec![heading.iter().map(|key| web.t(key)).collect::<Vec<String>>()];
    let photo = web.t("label-photos");
    lines.extend(copies.iter().flat_map(|copy| copy.lines(&photo)));
    let mut bytes = BYTE_ORDER_MARK.as_bytes().to_vec();
    bytes.extend(export::lines(&lines)?);
    Ok(bytes)
}

/// The process in which residents ask that what is held about them be erased, and the field that names the case they mean: one
/// that anybody may open and that can erase a case.
#[must_use]
pub fn asks(model: &Model) -> Option<(&Process, &str)> {
    let field = |process: &Process| {
        let actions = process.states.values().flat_map(|state| &state.actions);
        let erased = actions.flat_map(|action| &action.effects).find_map(|effect| match effect.done() {
            Effect::EraseCase(Expr::Path(path)) if path.len() == 2 => path.get(1).cloned(),
            _ => None,
        })?;
        process.form.iter().any(|field| field.name == erased).then_some(erased)
    };
    let mut open = model.processes.values().filter(|process| process.open_by.contains(&Who::Public));
    open.find_map(|process| {
        let name = field(process)?;
        let known = process.form.iter().find(|field| field.name == name)?;
        Some((process, known.name.as_str()))
    })
}

/// What is held about the reporter of a case, personal values masked.
///
/// # Errors
/// When the store fails.
pub(crate) async fn copy(web: &Web, case: &Case) -> Result<OwnData, Error> {
    let process = web.world.model.processes.get(&case.process).ok_or(Error::NotFound)?;
    let words = web.words();
    let look = web.look(&words);
    let opened = personal::opened(web, case).await?;
    let entries = web.app.store.entries_of_case(case.shard, case.id, ENTRIES_MAX).await?;
    let lines = web.app.store.accesses(case.shard, case.id, LINES_MAX).await?;
    let kept = process.retention_days.map(|days| look.say("own-kept-for", &[("time", look.kept_for(days).into())]));
    Ok(OwnData {
        number: case.number.clone(),
        title: look.text(&process.title),
        opened_at: case.opened_at.to_string(),
        purpose: look.text(&process.purpose),
        basis: look.text(&process.basis),
        kept: kept.unwrap_or_else(|| look.t("own-kept-unsaid")),
        erased: entries.iter().find_map(|entry| erased(&look, entry)),
        held: held(&look, (process, case), &opened),
        photos: look.opening_photos(process, case),
        added: look.added(process, &entries),
        read_by: lines.iter().map(|line| read(&look, process, line, &entries)).collect(),
    })
}

fn erased(look: &Look<'_>, entry: &Entry) -> Option<String> {
    let Change::Erased { by, .. } = &entry.change else { return None };
    let why = match by.as_str() {
        RETENTION => look.t("erased-retention"),
        number => look.say("erased-by", &[("number", number.into())]),
    };
    Some(format!("{} · {why}", look.date_time(entry.at)))
}

/// What the reporter told, and every personal value that came to it.
fn held(look: &Look<'_>, (process, case): (&Process, &Case), opened: &Opened) -> Vec<Held> {
    let later = process.fields.iter().filter(|field| field.personal);
    let shown = |field: &Field| {
        let value = case.fields.get(&field.name)?;
        let personal = field.personal || value.as_str().is_some_and(is_sealed);
        let text = match opened.values.get(&field.name) {
            Some(clear) if personal => mask::mask(&field.kind, clear),
            None if personal && opened.erased => look.t("erased-value"),
            None if personal => mask::hidden().to_owned(),
            _ if !may_see(field, "") || matches!(field.kind, FieldKind::Files { .. }) => return None,
            _ => look.value(field, value)?,
        };
        Some(Held { field: field.name.clone(), label: look.text(&field.title), value: text, personal })
    };
    process.form.iter().chain(later).filter_map(shown).collect()
}

/// A line of the access log without the person behind the post.
fn read(look: &Look<'_>, process: &Process, line: &Access, entries: &[Entry]) -> Read {
    let is_glass = |entry: &Entry| {
        let same = matches!(&entry.actor, Actor::Post { post, .. } if *post == line.post);
        let broke = matches!(&entry.change, Change::Case { action, .. } if action == BREAK_GLASS);
        same && broke && (0..=GLASS_SECONDS).contains(&line.at.duration_since(entry.at).as_secs())
    };
    let purpose = if entries.iter().any(is_glass) { "looked-glass" } else { "looked-purpose" };
    let title = |name: &String| process.field(name).map_or_else(|| name.clone(), |field| look.text(&field.title));
    Read {
        at: line.at.to_string(),
        when: look.date_time(line.at),
        post: look.post(&line.post),
        purpose: look.purpose(&line.purpose, purpose),
        fields: line.fields.iter().map(title).collect(),
    }
}
