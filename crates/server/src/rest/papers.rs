//! Documents of cases and rows for other software: which were issued and which may be, issuing one, its PDF, withdrawing it. Rules,
//! the access log and who may see what a document prints are those of the pages.

use super::answer::{command_id, done, json_of, only, outcome_body, plain, vouched};
use super::problem;
use crate::error::{Error, Unread};
use crate::page::encode;
use crate::papers::Subject;
use crate::staff::registers::documents as row_documents;
use crate::staff::registers::{Readable, readable};
use crate::staff::{as_pdf, documents, find, made, not_made};
use crate::web::Web;
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use ganglion_documents::RenderError;
use ganglion_kernel::decide::row_who::RowReach;
use ganglion_kernel::decide::{document, document_of_row};
use ganglion_model::change::{Body, Command};
use ganglion_model::pack::{Document, Process};
use ganglion_model::{Case, Issued, Record, Refusal, RefusalCode, Shard, Standing};
use serde::Deserialize;
use serde_json::{Value, json};

/// One of two: a document to be issued, or the code of one to be withdrawn, and why.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChangeBody {
    #[serde(default)]
    document: Option<String>,
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    reason: String,
}

/// What is to be done.
enum Wish {
    Issue(String),
    Withdraw { code: String, reason: String },
}

fn wish(bytes: &Bytes) -> Result<Wish, Error> {
    let ChangeBody { document, code, reason } = json_of(bytes)?;
    match (document, code) {
        (Some(document), None) => Ok(Wish::Issue(document)),
        (None, Some(code)) => Ok(Wish::Withdraw { code, reason }),
        _ => Err(Error::UnreadableAt(Box::new(Unread::Member {
            pointer: String::new(),
            reason: "exactly one of `document` and `code` is needed".to_owned(),
        }))),
    }
}

/// A document that was issued; `here` is the address it is listed under, for whoever may see what it prints.
fn shown(issued: &Issued, here: Option<&str>) -> Value {
    let (ended_at, reason) = match &issued.standing {
        Standing::Valid => (None, None),
        Standing::Withdrawn { at, reason } => (Some(at), Some(reason)),
        Standing::Superseded { at, by } => (Some(at), Some(by)),
    };
    json!({
        "document": issued.document,
        "number": issued.number,
        "code": issued.code,
        "issued_at": issued.at,
        "issuer": issued.issuer,
        "standing": issued.standing.as_str(),
        "ended_at": ended_at,
        "reason": reason,
        "pdf": here.map(|here| format!("{here}?code={}", issued.code)),
    })
}

/// A case of that process which the caller may read.
///
/// # Errors
/// [`Error::NotFound`]; storage.
pub async fn case_of<'w>(web: &'w Web, name: &str, number: &str) -> Result<(Case, &'w Process), Error> {
    let (case, process) = find::case(web, number).await?;
    if process.name == name { Ok((case, process)) } else { Err(Error::NotFound) }
}

/// `GET /api/processes/{process}/documents/{number}`: what was issued and what may be; with `code` the PDF of one, with `preview` that
/// of one as it would be issued now.
pub async fn of_case(
    web: Web,
    headers: HeaderMap,
    Path((name, number)): Path<(String, String)>,
) -> Result<Response, Error> {
    let post = web.post()?;
    only(&web, &["code", "preview"])?;
    let (case, process) = case_of(&web, &name, &number).await?;
    let subject = Subject::case(process, &case);
    if let Some(code) = web.arg("code") {
        let issued = case.documents.iter().find(|one| one.code == code).ok_or(Error::NotFound)?;
        return pdf(&web, subject, issued).await;
    }
    if let Some(document) = web.arg("preview") {
        return pdf(&web, subject, &documents::draft(&web, document, &case).await?).await;
    }
    let here = format!("/api/processes/{name}/documents/{}", encode(&case.number));
    let issued: Vec<Value> = case
        .documents
        .iter()
        .filter_map(|one| {
            let declared = web.world.model.documents.get(&one.document)?;
            Some(shown(one, subject.may_be_printed(declared, post).then_some(here.as_str())))
        })
        .collect();
    let may = |one: &&Document| {
        one.of == name
            && !one.row
            && document::may_issue(&web.world, one, &web.actor(), &case, web.now)
            && document::guard_holds(&web.world, one, &web.actor(), (&case, web.now)).is_ok()
    };
    let offered: Vec<&str> =
        web.world.model.documents.values().filter(may).map(|document| document.name.as_str()).collect();
    Ok(plain(&web, &headers, json!({ "issued": issued, "may_issue": offered })))
}

/// `POST /api/processes/{process}/documents/{number}`: `{document}` issues one, `{code, reason}` withdraws one.
pub async fn change_of_case(
    web: Web,
    headers: HeaderMap,
    Path((name, number)): Path<(String, String)>,
    bytes: Bytes,
) -> Result<Response, Error> {
    vouched(&web)?;
    let (case, _) = case_of(&web, &name, &number).await?;
    let (body, status) = match wish(&bytes)? {
        Wish::Issue(document) => (Body::Issue { case: case.id, document }, StatusCode::CREATED),
        Wish::Withdraw { code, reason } => (Body::Withdraw { case: case.id, code, reason }, StatusCode::OK),
    };
    send(&web, &headers, (case.shard, body), status).await
}

/// A row that may be read whole, in all its versions.
///
/// # Errors
/// [`Error::NotFound`]; storage.
pub async fn row_of<'w>(
    web: &'w Web,
    name: &str,
    (shard, key): (u32, &str),
) -> Result<(Readable<'w>, Vec<Record>), Error> {
    let readable = readable(web, name)?;
    if readable.reach == RowReach::Public {
        return Err(Error::NotFound);
    }
    let versions = readable.row(web, shard, key).await?;
    Ok((readable, versions))
}

/// `GET /api/registers/{register}/documents/{shard}/{key}`: what was issued of a row and what may be; with `code` the PDF of one, with
/// `preview` that of one as it would be issued now.
pub async fn of_row(
    web: Web,
    headers: HeaderMap,
    Path((name, shard, key)): Path<(String, u32, String)>,
) -> Result<Response, Error> {
    let post = web.post()?;
    only(&web, &["code", "preview"])?;
    let (readable, versions) = row_of(&web, &name, (shard, &key)).await?;
    let register = readable.register;
    let all = || versions.iter().flat_map(|version| version.documents.iter().map(move |one| (version, one)));
    if let Some(code) = web.arg("code") {
        let (version, issued) = all().find(|(_, one)| one.code == code).ok_or(Error::NotFound)?;
        return pdf(&web, Subject::row(&web.world, register, version), issued).await;
    }
    if let Some(document) = web.arg("preview") {
        let (issued, row) = row_documents::draft(&web, document, (&readable, &versions)).await?;
        return pdf(&web, Subject::row(&web.world, register, row), &issued).await;
    }
    let parts: Vec<String> = key.split('/').map(encode).collect();
    let here = format!("/api/registers/{name}/documents/{shard}/{}", parts.join("/"));
    let issued: Vec<Value> = all()
        .filter_map(|(version, one)| {
            let declared = web.world.model.documents.get(&one.document)?;
            let subject = Subject::row(&web.world, register, version);
            Some(shown(one, subject.may_be_printed(declared, post).then_some(here.as_str())))
        })
        .collect();
    let row = versions.iter().rfind(|one| one.valid_on(web.today())).or(versions.last()).ok_or(Error::NotFound)?;
    let may = |one: &&Document| {
        let document = (register, *one);
        one.of == name
            && one.row
            && document_of_row::may_issue(&web.world, document, &web.actor(), (row, web.now))
            && document_of_row::guard_holds(&web.world, document, &web.actor(), (row, web.now)).is_ok()
    };
    let offered: Vec<&str> =
        web.world.model.documents.values().filter(may).map(|document| document.name.as_str()).collect();
    Ok(plain(&web, &headers, json!({ "issued": issued, "may_issue": offered })))
}

/// `POST /api/registers/{register}/documents/{shard}/{key}`: `{document}` issues one, `{code, reason}` withdraws one.
pub async fn change_of_row(
    web: Web,
    headers: HeaderMap,
    Path((name, shard, key)): Path<(String, u32, String)>,
    bytes: Bytes,
) -> Result<Response, Error> {
    vouched(&web)?;
    row_of(&web, &name, (shard, &key)).await?;
    let (body, status) = match wish(&bytes)? {
        Wish::Issue(document) => (Body::IssueRow { register: name, key, document }, StatusCode::CREATED),
        Wish::Withdraw { code, reason } => (Body::WithdrawRow { register: name, key, code, reason }, StatusCode::OK),
    };
    send(&web, &headers, (Shard(shard), body), status).await
}

async fn send(
    web: &Web,
    headers: &HeaderMap,
    (shard, body): (Shard, Body),
    status: StatusCode,
) -> Result<Response, Error> {
    let command = Command { id: command_id(web, headers)?, shard, actor: web.actor(), body };
    match web.app.committer.send(command).await.map_err(Error::from) {
        Ok(outcome) => Ok(done(status, &outcome, (outcome_body(&outcome), Some(web.path.clone())))),
        // What is asked for stands in the body itself and not in a form.
        Err(error @ Error::Refused(_)) => {
            let body = problem::pointed(web, &error, &|field| format!("/{}", problem::part(field)));
            Ok(problem::response(error.status(), &body))
        }
        Err(error) => Err(error),
    }
}

/// The PDF; where its template cannot be laid out, what is wrong with it.
async fn pdf(web: &Web, subject: Subject<'_>, issued: &Issued) -> Result<Response, Error> {
    Ok(match made(web, subject, issued).await? {
        Ok(bytes) => as_pdf(issued, bytes),
        Err(error) => not_laid_out(web, &error),
    })
}

/// The answer where a template cannot be laid out: what is wrong with it.
pub fn not_laid_out(web: &Web, error: &RenderError) -> Response {
    let refused = Error::Refused(Box::new(Refusal::new(RefusalCode::Guard)));
    let mut body = problem::body(web, &refused);
    body["detail"] = json!(not_made(web, error));
    problem::response(refused.status(), &body)
}
