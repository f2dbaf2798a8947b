//! Documents of a row: which stand, which may be made now, preview, PDF, withdrawal; and the form that makes one for every row
//! of a list as it is filtered. The rules are those of documents of cases.

use super::{Readable, readable, row_href};
use crate::error::{Error, refusal_status};
use crate::papers::Subject;
use crate::staff::act::command_id;
use crate::staff::batches;
use crate::staff::documents::{DocumentsView, figures, issued_view, offer_view, printed};
use crate::staff::query::Query;
use crate::typed::Typed;
use crate::view::form::{FormView, Hidden};
use crate::view::{Look, Say as _};
use crate::web::Web;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use ganglion_kernel::CommitError;
use ganglion_kernel::decide::document::issuer;
use ganglion_kernel::decide::document_of_row::{figures_asked, guard_holds, may_issue, place_of};
use ganglion_kernel::decide::row_who::RowReach;
use ganglion_model::change::{Body, Command};
use ganglion_model::pack::Document;
use ganglion_model::{Fields, Issued, Lang, Record, Shard, Standing, Text};

/// The declared documents of a register.
fn declared<'w>(web: &'w Web, register: &str) -> impl Iterator<Item = &'w Document> {
    web.world.model.documents.values().filter(move |document| document.row && document.of == register)
}

/// The version that holds today, else the last.
fn standing_row<'r>(web: &Web, versions: &'r [Record]) -> Option<&'r Record> {
    versions.iter().rfind(|one| one.valid_on(web.today())).or(versions.last())
}

/// The documents of a row as this post sees them; the public sees none.
///
/// # Errors
/// When nobody is signed in.
pub fn of_row(
    web: &Web,
    look: &Look<'_>,
    readable: &Readable<'_>,
    versions: &[Record],
) -> Result<DocumentsView, Error> {
    if readable.reach == RowReach::Public {
        return Ok(DocumentsView::default());
    }
    let (post, register) = (web.post()?, readable.register);
    let Some(row) = standing_row(web, versions) else { return Ok(DocumentsView::default()) };
    let base = row_href("documents", row.shard, &register.name, &row.key);
    let mut all: Vec<(&Record, &Issued)> =
        versions.iter().flat_map(|version| version.documents.iter().map(move |one| (version, one))).collect();
    all.sort_by_key(|(_, one)| std::cmp::Reverse(one.at));
    let issued = all.into_iter().filter_map(|(version, one)| {
        let document = web.world.model.documents.get(&one.document)?;
        let mine = may_issue(&web.world, (register, document), &web.actor(), (version, web.now));
        let subject = Subject::row(&web.world, register, version);
        let href = subject.may_be_printed(document, post).then(|| format!("{base}?code={}", one.code));
        Some(issued_view(web, look, (document, one), (href, mine.then(|| base.clone()))))
    });
    let issued = issued.collect();
    let may = |document: &&Document| may_issue(&web.world, (register, document), &web.actor(), (row, web.now));
    let offers = declared(web, &register.name).filter(may).map(|document| {
        let refusal = guard_holds(&web.world, (register, document), &web.actor(), (row, web.now)).err();
        let why_not = refusal.map(|refusal| look.refusal(None, &refusal));
        let preview = format!("{base}?preview={}", document.name);
        let may_print = Subject::row(&web.world, register, row).may_be_printed(document, post);
        offer_view(web, look, (document, &base), (why_not, preview), may_print)
    });
    Ok(DocumentsView { issued, offers: offers.collect() })
}

/// The form that makes documents for the rows of a list, for a post that makes some.
pub fn of_list(web: &Web, look: &Look<'_>, readable: &Readable<'_>, query: &Query) -> Option<FormView> {
    let post = web.post().ok()?;
    let mine = declared(web, &readable.register.name).filter(|document| batches::issues(document, post));
    let form = batches::form_of(look, mine)?;
    let query = serde_json::to_string(&query.0).ok()?;
    Some(FormView { hidden: vec![Hidden::new("query", query)], help: Some(look.t("batch-help-rows")), ..form })
}

/// `GET /registers/{name}/documents/{shard}/{key}`: with `code` the PDF of what was issued, with `preview` as it would be,
/// without number, code and validity.
pub async fn show(web: Web, Path((name, shard, key)): Path<(String, u32, String)>) -> Result<Response, Error> {
    let readable = readable(&web, &name)?;
    let versions = readable.row(&web, shard, &key).await?;
    if readable.reach == RowReach::Public {
        return Err(Error::NotFound);
    }
    let back = row_href("rows", Shard(shard), &name, &key);
    if let Some(code) = web.arg("code") {
        let issued = |version: &Record| version.documents.iter().find(|one| one.code == code).cloned();
        let found = versions.iter().find_map(|version| Some((version, issued(version)?)));
        let (version, issued) = found.ok_or(Error::NotFound)?;
        return printed(&web, Subject::row(&web.world, readable.register, version), (&issued, &back)).await;
    }
    let (issued, row) = draft(&web, web.arg("preview").unwrap_or_default(), (&readable, &versions)).await?;
    printed(&web, Subject::row(&web.world, readable.register, row), (&issued, &back)).await
}

/// A document as it would be issued now from a row as it stands, for whoever may issue it.
///
/// # Errors
/// [`Error::NotFound`]; storage.
pub async fn draft<'r>(
    web: &Web,
    name: &str,
    (readable, versions): (&Readable<'_>, &'r [Record]),
) -> Result<(Issued, &'r Record), Error> {
    let document = web.world.model.documents.get(name);
    let document = document.filter(|one| one.row && one.of == readable.register.name).ok_or(Error::NotFound)?;
    let row = standing_row(web, versions).ok_or(Error::NotFound)?;
    if !may_issue(&web.world, (readable.register, document), &web.actor(), (row, web.now)) {
        return Err(Error::NotFound);
    }
    Ok((preview(web, (readable, document), row).await?, row))
}

async fn preview(web: &Web, (readable, document): (&Readable<'_>, &Document), row: &Record) -> Result<Issued, Error> {
    let names = document.fields.iter().chain(&document.clear);
    let fields: Fields = names.filter_map(|name| Some((name.clone(), row.fields.get(name)?.clone()))).collect();
    let asked = figures_asked(&web.world, (readable.register, document), &web.actor(), (row, web.now));
    Ok(Issued {
        document: document.name.clone(),
        number: web.app.words(Lang::Zh).say("document-preview-number", &[]),
        code: String::new(),
        at: web.now,
        issuer: issuer(&web.world, document, place_of(&web.world, readable.register, row), web.now),
        by: None,
        fields,
        figures: figures(web, asked.unwrap_or_default()).await?,
        standing: Standing::Valid,
    })
}

/// `POST /registers/{name}/documents/{shard}/{key}`: issues `document`, or withdraws the one with `code` for a `reason`.
pub async fn change(
    web: Web,
    Path((name, shard, key)): Path<(String, u32, String)>,
    typed: Typed,
) -> Result<Response, Error> {
    let readable = readable(&web, &name)?;
    let versions = readable.row(&web, shard, &key).await?;
    let back = row_href("rows", Shard(shard), &name, &key);
    let title_of = |document: &str| web.world.model.documents.get(document).map(|one| one.title.clone());
    let Some(code) = typed.one("code") else {
        let document = typed.one("document").unwrap_or_default().to_owned();
        let title = title_of(&document).ok_or(Error::NotFound)?;
        let body = Body::IssueRow { register: name, key, document };
        return send(&web, Shard(shard), (body, &typed), (&back, "document-flash-made", &title)).await;
    };
    let issued = versions.iter().flat_map(|version| &version.documents).find(|one| one.code == *code);
    let title = issued.and_then(|one| title_of(&one.document)).ok_or(Error::NotFound)?;
    let Some(reason) = typed.one("reason") else {
        return Ok(web.redirect_with(&back, "warn", &web.words().say("document-reason-needed", &[])));
    };
    let body = Body::WithdrawRow { register: name, key, code: code.to_owned(), reason: reason.to_owned() };
    send(&web, Shard(shard), (body, &typed), (&back, "document-flash-withdrawn", &title)).await
}

async fn send(
    web: &Web,
    shard: Shard,
    (body, typed): (Body, &Typed),
    (back, done, title): (&str, &str, &Text),
) -> Result<Response, Error> {
    let command = Command { id: command_id(web, typed), shard, actor: web.actor(), body };
    let words = web.words();
    let look = web.look(&words);
    match web.app.committer.send(command).await {
        Ok(_) => Ok(web.redirect_with(back, "ok", &look.say(done, &[("title", look.text(title).into())]))),
        Err(CommitError::Refused(refusal)) if refusal_status(refusal.code) == StatusCode::NOT_FOUND => {
            Err(Error::NotFound)
        }
        Err(CommitError::Refused(refusal)) => Ok(web.redirect_with(back, "warn", &look.refusal(None, &refusal))),
        Err(error) => Err(error.into()),
    }
}
