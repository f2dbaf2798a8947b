//! The routes of files: upload before a form is sent, and showing.

use super::{UploadProblem, UploadProblemKind};
use crate::app::AppState;
use crate::error::Error;
use crate::limits::{FILES_MAX, PICTURE_MEGABYTES_MAX};
use crate::public::added::{ENTRIES_MAX, holds_file};
use crate::typed::Typed;
use crate::view::Look;
use crate::view::facts::may_see as sees;
use crate::web::Web;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use ganglion_kernel::decide::who;
use ganglion_kernel::port::FileRow;
use ganglion_model::pack::{FieldKind, Process};
use ganglion_model::row::OPENED_FROM;
use ganglion_model::{Case, Post};
use serde_json::json;

/// A file that was not taken, in words.
#[must_use]
pub fn problem_text(look: &Look<'_>, problem: &UploadProblem) -> String {
    let megabytes = problem.bytes.div_ceil(1024 * 1024);
    if problem.kind == UploadProblemKind::TooMany {
        return look.say("err-file-too-many", &[("max", FILES_MAX.into())]);
    }
    let args = [
        ("name", super::shown_name(&problem.name).into()),
        ("size", format!("{megabytes} MB").into()),
        ("max", format!("{PICTURE_MEGABYTES_MAX} MB").into()),
    ];
    let key = match problem.kind {
        UploadProblemKind::TooBig => "err-file-too-big",
        UploadProblemKind::NotAPicture => "err-file-not-image",
        UploadProblemKind::TooManyPixels | UploadProblemKind::TooMany => "err-file-pixels",
    };
    look.say(key, &args)
}

/// `POST /files`: takes one picture ahead of a form. JSON: `{id, name, thumb_href}`, or `{error}` in words.
pub async fn upload(State(app): State<AppState>, web: Web, typed: Typed) -> Result<Response, Error> {
    let words = web.words();
    let look = web.look(&words);
    let key = web.network();
    if let Some(seconds) = app.rates.upload.wait(&key, web.now) {
        let said = look.say("error-429-what", &[("seconds", seconds.into())]);
        let wait = [(header::RETRY_AFTER, seconds.to_string())];
        return Ok((StatusCode::TOO_MANY_REQUESTS, wait, Json(json!({ "error": said }))).into_response());
    }
    app.rates.upload.count(&key, web.now);
    if let Some(problem) = typed.problems.first() {
        let status = match problem.kind {
            UploadProblemKind::NotAPicture => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            _ => StatusCode::PAYLOAD_TOO_LARGE,
        };
        return Ok((status, Json(json!({ "error": problem_text(&look, problem) }))).into_response());
    }
    let taken = typed.taken.first().ok_or(Error::Unreadable("no file"))?;
    let body = json!({
        "id": taken.id,
        "name": super::shown_name(&taken.name),
        "thumb_href": format!("/files/{}/thumb", taken.id),
    });
    Ok((StatusCode::CREATED, Json(body)).into_response())
}

/// `GET /files/{id}`.
pub async fn full(web: Web, Path(id): Path<String>) -> Result<Response, Error> {
    give(&web, &id, "jpg").await
}

/// `GET /files/{id}/thumb`.
pub async fn thumb(web: Web, Path(id): Path<String>) -> Result<Response, Error> {
    give(&web, &id, "thumb.jpg").await
}

async fn give(web: &Web, id: &str, end: &str) -> Result<Response, Error> {
    let path = web.app.files.path(id, end).ok_or(Error::NotFound)?;
    let file = web.app.store.file(id).await?.ok_or(Error::NotFound)?;
    if !may_see(web, &file).await? {
        return Err(Error::NotFound);
    }
    let bytes = tokio::fs::read(&path).await.map_err(|_| Error::NotFound)?;
    let headers = [
        (header::CONTENT_TYPE, file.media_type.clone()),
        (header::CONTENT_DISPOSITION, format!("inline; filename=\"{id}.jpg\"")),
        // The bytes under an id never change; other people's caches may not keep them.
        (header::CACHE_CONTROL, "private, max-age=31536000, immutable".to_owned()),
    ];
    Ok((headers, bytes).into_response())
}

/// Cases opened out of one that are asked whether a file was handed on to them.
const CHILDREN_MAX: usize = 20;

/// Before a file belongs to a case only its uploader sees it; then who may read the case, or one it was handed on to, and its reporter as far as the
/// field that holds it is public, or they sent it themselves; and anyone, if it is what Open311 shows of the case.
async fn may_see(web: &Web, file: &FileRow) -> Result<bool, Error> {
    let Some((shard, id)) = file.case else {
        return Ok(super::is_owned(web, &file.id));
    };
    let Some(case) = web.app.store.case(shard, id).await? else {
        return Ok(false);
    };
    let actor = web.actor();
    let post = who::post_of(&web.world, &actor, web.now);
    if post.is_some() && who::may_read(&web.world, &actor, post, &case) {
        return Ok(true);
    }
    if let Some(post) = post
        && is_handed_on(web, &case, &file.id, post).await?
    {
        return Ok(true);
    }
    if crate::open311::shows(&web.look(&web.words()), &case, &file.id) {
        return Ok(true);
    }
    if web.own_case(&case.number).await?.is_some_and(|own| own.id == case.id) {
        return Ok(is_for_reporter(web, &case, &file.id, true) || sent_later(web, &case, &file.id).await?);
    }
    for proof in web.proofs() {
        let own = web.app.store.case(proof.shard, proof.case).await?;
        let is_child = own.is_some_and(|own| own.links.iter().any(|l| l.kind == "merged_into" && l.case == case.id));
        if is_child {
            return Ok(is_for_reporter(web, &case, &file.id, false));
        }
    }
    Ok(false)
}

/// Whether the reporter sent the file with a step of theirs: what belongs to the step alone is in the journal, not in the case.
async fn sent_later(web: &Web, case: &Case, id: &str) -> Result<bool, Error> {
    let entries = web.app.store.entries_of_case(case.shard, case.id, ENTRIES_MAX).await?;
    Ok(holds_file(&entries, id))
}

/// Whether a case that was opened out of this one, and that the post may read, was given the file.
async fn is_handed_on(web: &Web, from: &Case, id: &str, post: &Post) -> Result<bool, Error> {
    let actor = web.actor();
    for link in from.links.iter().filter(|link| link.kind != OPENED_FROM).take(CHILDREN_MAX) {
        let Some(child) = web.app.store.case(link.shard, link.case).await? else { continue };
        let Some(process) = web.world.model.processes.get(&child.process) else { continue };
        if who::may_read(&web.world, &actor, Some(post), &child) && was_given(process, (from, &child), id, &post.role) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether `to` was opened out of `from` and holds the file in a field the role sees.
fn was_given(process: &Process, (from, to): (&Case, &Case), id: &str, role: &str) -> bool {
    let tied = to.links.iter().any(|link| link.kind == OPENED_FROM && link.case == from.id);
    let shown = process.form.iter().chain(&process.fields);
    let mut shown = shown.filter(|field| matches!(field.kind, FieldKind::Files { .. }) && sees(field, role));
    tied && shown.any(|field| {
        let ids = to.fields.get(&field.name).and_then(|value| value.as_array());
        ids.is_some_and(|ids| ids.iter().any(|one| one == id))
    })
}

fn is_for_reporter(web: &Web, case: &Case, id: &str, own: bool) -> bool {
    let Some(process) = web.world.model.processes.get(&case.process) else {
        return false;
    };
    let holds = |name: &str| {
        case.fields.get(name).and_then(|value| value.as_array()).is_some_and(|ids| ids.iter().any(|one| one == id))
    };
    let typed = process.form.iter().map(|field| (field, own));
    let filled = process.fields.iter().map(|field| (field, false));
    typed.chain(filled).any(|(field, own)| {
        matches!(field.kind, FieldKind::Files { .. }) && (field.public || own) && holds(&field.name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::sample;
    use ganglion_model::pack::Field;
    use ganglion_model::row::Link;
    use serde_json::json;

    #[test]
    fn a_file_is_seen_in_the_case_it_was_handed_on_to_and_in_no_other() {
        let photos = Field {
            name: "found".to_owned(),
            kind: FieldKind::Files { images: true, max: 3 },
            see: vec!["checker".to_owned()],
            ..Field::default()
        };
        let process = Process { form: vec![photos], ..Process::default() };
        let from = sample::matter("130903001", sample::now(), None, "k1");
        let mut to = sample::matter("130903001", sample::now(), None, "k1");
        to.fields.insert("found".to_owned(), json!(["a1", "b2"]));
        assert!(!was_given(&process, (&from, &to), "a1", "checker"), "nothing ties the two");
        to.links.push(Link::to(&from, OPENED_FROM));
        assert!(was_given(&process, (&from, &to), "a1", "checker"));
        assert!(!was_given(&process, (&from, &to), "c3", "checker"), "it holds no such file");
        assert!(!was_given(&process, (&from, &to), "a1", "clerk"), "the field is not for them");
    }
}
