//! Documents on the card of a case: which there are and whether they stand, which may be made, preview, PDF, withdrawal.
//!
//! A document that prints personal values is given only to roles that may see them, and a line in the access log is kept
//! before it is made.

use super::act::command_id;
use super::find;
use crate::error::{Error, refusal_status};
use crate::papers::{Source, Subject, note_access, opened};
use crate::typed::Typed;
use crate::view::case::{StateTag, card_href};
use crate::view::form::{FieldView, FormView, Hidden};
use crate::view::{Look, Say as _};
use crate::web::Web;
use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use ganglion_documents::RenderError;
use ganglion_kernel::CommitError;
use ganglion_kernel::decide::document::{figures_asked, guard_holds, may_issue};
use ganglion_kernel::figures::publish::published;
use ganglion_kernel::lookup::FigureAsked;
use ganglion_model::change::{Body, Command};
use ganglion_model::pack::{Document, Process};
use ganglion_model::published::Published;
use ganglion_model::{Case, Fields, Issued, Lang, Post, Standing};
use serde::Serialize;
use std::collections::BTreeMap;

/// Longest reason of a withdrawal, as the kernel takes it.
const REASON_CHARS_MAX: u32 = 500;

/// A document that was issued.
#[derive(Serialize)]
pub struct DocumentView {
    title: String,
    number: String,
    state: StateTag,
    issuer: String,
    at: String,
    /// Where its PDF is; nothing for a role that may not see what it prints.
    href: Option<String>,
    verify_href: Option<String>,
    note: String,
    withdraw: Option<FormView>,
}

/// A document that may be made now.
#[derive(Serialize)]
pub struct OfferView {
    name: String,
    title: String,
    preview_href: Option<String>,
    form: Option<FormView>,
    why_not: Option<String>,
}

/// What the card shows about documents.
#[derive(Default, Serialize)]
pub struct DocumentsView {
    pub(super) issued: Vec<DocumentView>,
    pub(super) offers: Vec<OfferView>,
}

/// How a document stands, in words.
pub fn standing(look: &Look<'_>, standing: &Standing) -> StateTag {
    let tone = match standing {
        Standing::Valid => "done",
        Standing::Withdrawn { .. } => "bad",
        Standing::Superseded { .. } => "neutral",
    };
    let name = standing.as_str();
    StateTag { name: name.to_owned(), label: look.t(&format!("document-{name}")), tone }
}

/// The documents of a case as this post sees them.
///
/// # Errors
/// When nobody is signed in.
pub fn of_case(web: &Web, look: &Look<'_>, (case, process): (&Case, &Process)) -> Result<DocumentsView, Error> {
    let post = web.post()?;
    let subject = Subject::case(process, case);
    let base = format!("{}/documents", card_href(&case.number));
    let issued = case.documents.iter().rev().filter_map(|one| {
        let document = web.world.model.documents.get(&one.document)?;
        let mine = may_issue(&web.world, document, &web.actor(), case, web.now);
        let href = format!("{base}/{}", one.code);
        let withdraw = mine.then(|| format!("{href}/withdraw"));
        Some(issued_view(
            web,
            look,
            (document, one),
            (subject.may_be_printed(document, post).then_some(href), withdraw),
        ))
    });
    let documents = web.world.model.documents.values().filter(|document| document.of == case.process);
    let offers = documents.filter_map(|document| offer(web, look, (case, process), (document, post)));
    Ok(DocumentsView { issued: issued.collect(), offers: offers.collect() })
}

/// An issued document; with the address of its PDF for whoever may see what it prints, and that of its withdrawal for whoever
/// may withdraw it.
pub(super) fn issued_view(
    web: &Web,
    look: &Look<'_>,
    (document, issued): (&Document, &Issued),
    (href, withdraw): (Option<String>, Option<String>),
) -> DocumentView {
    let note = match &issued.standing {
        Standing::Valid => String::new(),
        Standing::Withdrawn { at, reason } => [look.date_time(*at), reason.clone()].join(" ").trim().to_owned(),
        Standing::Superseded { by, .. } => look.say("document-superseded-by", &[("number", by.as_str().into())]),
    };
    let stands = issued.standing == Standing::Valid;
    DocumentView {
        title: look.text(&document.title),
        number: issued.number.clone(),
        state: standing(look, &issued.standing),
        issuer: issued.issuer.clone(),
        at: look.date_time(issued.at),
        href,
        verify_href: document.qr.then(|| format!("/v/{}", issued.code)),
        note,
        withdraw: withdraw.filter(|_| stands).map(|href| withdraw_form(web, look, href, &issued.code)),
    }
}

fn withdraw_form(web: &Web, look: &Look<'_>, action_href: String, code: &str) -> FormView {
    FormView {
        action_href,
        hidden: vec![Hidden::new("command_id", web.app.clock.id().to_string()), Hidden::new("code", code)],
        fields: vec![FieldView {
            name: "reason".to_owned(),
            id: format!("f-reason-{code}"),
            kind: "text",
            label: look.t("document-reason"),
            required: true,
            max: Some(REASON_CHARS_MAX),
            ..FieldView::default()
        }],
        submit: look.t("document-withdraw"),
        ..FormView::default()
    }
}

/// A document that may be made: with the form that makes it, or why it cannot be made now.
pub(super) fn offer_view(
    web: &Web,
    look: &Look<'_>,
    (document, action_href): (&Document, &str),
    (why_not, preview_href): (Option<String>, String),
    may_print: bool,
) -> OfferView {
    let form = why_not.is_none().then(|| FormView {
        action_href: action_href.to_owned(),
        hidden: vec![
            Hidden::new("command_id", web.app.clock.id().to_string()),
            Hidden::new("document", &document.name),
        ],
        submit: look.t("document-make"),
        ..FormView::default()
    });
    OfferView {
        name: document.name.clone(),
        title: look.text(&document.title),
        preview_href: (form.is_some() && may_print).then_some(preview_href),
        why_not,
        form,
    }
}

fn offer(
    web: &Web,
    look: &Look<'_>,
    (case, process): (&Case, &Process),
    (document, post): (&Document, &Post),
) -> Option<OfferView> {
    may_issue(&web.world, document, &web.actor(), case, web.now).then_some(())?;
    let base = format!("{}/documents", card_href(&case.number));
    let refusal = guard_holds(&web.world, document, &web.actor(), (case, web.now)).err();
    let why_not = refusal.map(|refusal| look.refusal(Some(process), &refusal));
    let preview = format!("{base}/preview/{}", document.name);
    let may_print = Subject::case(process, case).may_be_printed(document, post);
    Some(offer_view(web, look, (document, &base), (why_not, preview), may_print))
}

/// `POST /cases/{number}/documents`: issues one by hand.
pub async fn issue(web: Web, Path(number): Path<String>, typed: Typed) -> Result<Response, Error> {
    let (case, process) = find::case(&web, &number).await?;
    let document = typed.one("document").unwrap_or_default().to_owned();
    let title = web.world.model.documents.get(&document).ok_or(Error::NotFound)?.title.clone();
    let body = Body::Issue { case: case.id, document };
    send(&web, (&case, process), (body, &typed), ("document-flash-made", &title)).await
}

/// `POST /cases/{number}/documents/{code}/withdraw`.
pub async fn withdraw(web: Web, Path((number, code)): Path<(String, String)>, typed: Typed) -> Result<Response, Error> {
    let (case, process) = find::case(&web, &number).await?;
    let issued = case.documents.iter().find(|one| one.code == code).ok_or(Error::NotFound)?;
    let title = web.world.model.documents.get(&issued.document).ok_or(Error::NotFound)?.title.clone();
    let reason = typed.one("reason").unwrap_or_default().to_owned();
    if reason.is_empty() {
        let said = web.words().say("document-reason-needed", &[]);
        return Ok(web.redirect_with(&card_href(&case.number), "warn", &said));
    }
    let body = Body::Withdraw { case: case.id, code, reason };
    send(&web, (&case, process), (body, &typed), ("document-flash-withdrawn", &title)).await
}

async fn send(
    web: &Web,
    (case, process): (&Case, &Process),
    (body, typed): (Body, &Typed),
    (done, title): (&str, &ganglion_model::Text),
) -> Result<Response, Error> {
    let command = Command { id: command_id(web, typed), shard: case.shard, actor: web.actor(), body };
    let words = web.words();
    let look = web.look(&words);
    let back = card_href(&case.number);
    match web.app.committer.send(command).await {
        Ok(_) => Ok(web.redirect_with(&back, "ok", &look.say(done, &[("title", look.text(title).into())]))),
        Err(CommitError::Refused(refusal)) if refusal_status(refusal.code) == StatusCode::NOT_FOUND => {
            Err(Error::NotFound)
        }
        Err(CommitError::Refused(refusal)) => {
            Ok(web.redirect_with(&back, "warn", &look.refusal(Some(process), &refusal)))
        }
        Err(error) => Err(error.into()),
    }
}

/// `GET /cases/{number}/documents/{code}`: the PDF.
pub async fn pdf(web: Web, Path((number, code)): Path<(String, String)>) -> Result<Response, Error> {
    let (case, process) = find::case(&web, &number).await?;
    let issued = case.documents.iter().find(|one| one.code == code).ok_or(Error::NotFound)?.clone();
    printed(&web, Subject::case(process, &case), (&issued, &card_href(&number))).await
}

/// `GET /cases/{number}/documents/preview/{name}`: as it would be, without number, code and validity.
pub async fn preview(web: Web, Path((number, name)): Path<(String, String)>) -> Result<Response, Error> {
    let (case, process) = find::case(&web, &number).await?;
    let issued = draft(&web, &name, &case).await?;
    printed(&web, Subject::case(process, &case), (&issued, &card_href(&number))).await
}

/// A document as it would be issued from a case now, for whoever may issue it.
///
/// # Errors
/// [`Error::NotFound`]; storage.
pub(crate) async fn draft(web: &Web, name: &str, case: &Case) -> Result<Issued, Error> {
    let document = web.world.model.documents.get(name).filter(|one| one.of == case.process && !one.row);
    let document = document.ok_or(Error::NotFound)?;
    if !may_issue(&web.world, document, &web.actor(), case, web.now) {
        return Err(Error::NotFound);
    }
    let printed_fields = document.fields.iter().chain(&document.clear);
    let fields: Fields = printed_fields.filter_map(|n| Some((n.clone(), case.fields.get(n)?.clone()))).collect();
    // What the case does not say yet is not counted: the preview shows the words for it.
    let asked = figures_asked(&web.world, document, &web.actor(), (case, web.now)).unwrap_or_default();
    let figures = figures(web, asked).await?;
    Ok(Issued {
        document: document.name.clone(),
        number: web.app.words(Lang::Zh).say("document-preview-number", &[]),
        code: String::new(),
        at: web.now,
        issuer: ganglion_kernel::decide::document::issuer(&web.world, document, case.place, web.now),
        by: None,
        fields,
        figures,
        standing: Standing::Valid,
    })
}

/// Figures as they would be published now.
pub(super) async fn figures(
    web: &Web,
    asked: Vec<(String, FigureAsked)>,
) -> Result<BTreeMap<String, Published>, Error> {
    let wanted: Vec<FigureAsked> = asked.iter().map(|(_, one)| one.clone()).collect();
    let counted = published(web.app.store.as_ref(), &web.world, &wanted, web.now).await?;
    let names = asked.into_iter().map(|(name, _)| name);
    Ok(names.zip(counted).filter_map(|(name, (_, figure))| Some((name, figure?))).collect())
}

/// Makes the PDF for whoever asks, after noting who sees what personal; gives why not where its template cannot be laid out.
///
/// # Errors
/// [`Error::NotAllowed`] for a role that may not see what it prints; storage.
pub(crate) async fn made(
    web: &Web,
    subject: Subject<'_>,
    issued: &Issued,
) -> Result<Result<Vec<u8>, RenderError>, Error> {
    let document = web.world.model.documents.get(&issued.document).ok_or(Error::NotFound)?;
    let (session, post) = (web.signed_in()?, web.post()?);
    if !subject.may_be_printed(document, post) {
        return Err(Error::NotAllowed);
    }
    note_access(&web.app, (subject, issued), document, (&post.id, &session.account)).await?;
    let opened = opened(&web.app, subject, issued).await?;
    let printed_words = web.app.words(Lang::Zh).naming(&web.rows);
    let sheet = web.app.press.sheet(&Source {
        look: Look { world: &web.world, say: &printed_words, now: issued.at },
        document,
        subject,
        issued,
        opened: &opened,
        public_url: &web.app.settings.public_url,
    })?;
    let made = web.app.press.print(sheet).await?;
    if let Err(error) = &made {
        tracing::warn!(%error, document = document.name, "a document was not made");
    }
    Ok(made)
}

/// Why a document was not made, in words. It is the template's fault: the number stands, and whoever looks after the pack is told
/// where it fails.
pub(crate) fn not_made(web: &Web, error: &RenderError) -> String {
    match error {
        RenderError::NoFonts => web.words().say("document-no-fonts", &[]),
        error => web.words().say("document-not-laid-out", &[("reason", error.to_string().into())]),
    }
}

/// The PDF, or back to where it was asked for with the reason why there is none.
pub(super) async fn printed(
    web: &Web,
    subject: Subject<'_>,
    (issued, back): (&Issued, &str),
) -> Result<Response, Error> {
    Ok(match made(web, subject, issued).await? {
        Ok(bytes) => as_pdf(issued, bytes),
        Err(error) => web.redirect_with(back, "warn", &not_made(web, &error)),
    })
}

/// A PDF as an answer.
pub(crate) fn as_pdf(issued: &Issued, bytes: Vec<u8>) -> Response {
    let name = format!("{}-{}.pdf", issued.document, if issued.code.is_empty() { "preview" } else { &issued.code });
    let headers = [
        (header::CONTENT_TYPE, "application/pdf".to_owned()),
        (header::CONTENT_DISPOSITION, format!("inline; filename=\"{name}\"")),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    (headers, bytes).into_response()
}
