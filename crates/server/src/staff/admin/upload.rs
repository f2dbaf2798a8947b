//! Importing places and outlines: a file is tried first, everything that is wrong is listed, and only what is clean and
//! confirmed is written, as a whole. Between the two steps the file lies in the data folder.

use super::{admin, tabs};
use crate::error::Error;
use crate::jobs::follow::{Part, changed};
use crate::staff::import::{self, Finding, Plan};
use crate::typed::{Parts, Typed};
use crate::view::form::{FieldView, FormView, Hidden};
use crate::view::options::Choice;
use crate::view::words::count;
use crate::view::{LinkView, Look};
use crate::web::Web;
use axum::extract::Multipart;
use axum::http::StatusCode;
use axum::response::Response;
use ganglion_model::PlaceCode;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::HashSet;
use std::path::PathBuf;

/// Findings shown; more of them say nothing new.
const FINDINGS_SHOWN_MAX: usize = 500;

/// What is imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Places,
    Outlines,
}

impl What {
    fn parse(text: &str) -> Option<What> {
        match text {
            "places" => Some(What::Places),
            "outlines" => Some(What::Outlines),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            What::Places => "places",
            What::Outlines => "outlines",
        }
    }
}

#[derive(Serialize)]
struct ImportContext {
    page: crate::page::Page,
    tabs: Vec<LinkView>,
    step: &'static str,
    file_name: String,
    counts: Value,
    findings: Vec<Value>,
    form: Option<FormView>,
    job: Option<Value>,
}

/// `GET /admin/import`.
pub async fn show(web: Web) -> Result<Response, Error> {
    admin(&web)?;
    let words = web.words();
    let form = upload_form(&web.look(&words), None);
    page(&web, ("upload", String::new()), &Plan::default(), (Some(form), Vec::new()), StatusCode::OK)
}

fn upload_form(look: &Look<'_>, error: Option<String>) -> FormView {
    let choices = vec![
        Choice { selected: true, ..Choice::new("places", look.t("import-kind-places")) },
        Choice::new("outlines", look.t("import-kind-outlines")),
    ];
    let field = |name: &str, kind: &'static str, label: &str| FieldView {
        name: name.to_owned(),
        id: format!("f-{name}"),
        kind,
        label: look.t(label),
        required: true,
        ..FieldView::default()
    };
    FormView {
        action_href: "/admin/import".to_owned(),
        fields: vec![
            FieldView { options: choices, ..field("kind", "choice", "import-kind") },
            FieldView {
                accept: Some(".csv,.geojson,.json"),
                max: Some(1),
                error,
                help: Some(look.t("import-file-help")),
                ..field("file", "files", "import-file")
            },
        ],
        submit: look.t("submit-dry-run"),
        ..FormView::default()
    }
}

fn page(
    web: &Web,
    (step, file_name): (&'static str, String),
    plan: &Plan,
    (form, findings): (Option<FormView>, Vec<Value>),
    status: StatusCode,
) -> Result<Response, Error> {
    let context = ImportContext {
        page: web.page("title-admin-import"),
        tabs: tabs(web),
        step,
        file_name,
        counts: json!({
            "new": count(plan.new as u64),
            "changed": count(plan.changed as u64),
            "same": count(plan.same as u64),
            "bad": count(plan.findings.len() as u64),
        }),
        findings,
        form,
        job: None,
    };
    web.render_status(status, "pages/admin_import.html", context)
}

/// The file of a try, in the data folder.
pub(super) fn kept(web: &Web, id: &str) -> Result<PathBuf, Error> {
    let is_id = id.len() == 36 && id.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    if !is_id {
        return Err(Error::NotFound);
    }
    Ok(web.app.settings.data_dir.join("imports").join(id))
}

/// What an upload holds: the form's values and the file.
struct Upload {
    what: What,
    name: String,
    bytes: Vec<u8>,
}

async fn receive(web: &Web, mut parts: Multipart) -> Result<Upload, Error> {
    let (mut what, mut file, mut vouched) = (None, None, false);
    let unreadable = |_| Error::TooLarge { megabytes: 64 };
    while let Some(part) = parts.next_field().await.map_err(|_| Error::Unreadable("multipart"))? {
        let name = part.name().unwrap_or_default().to_owned();
        let file_name = part.file_name().map(crate::files::shown_name);
        let bytes = part.bytes().await.map_err(unreadable)?;
        match (name.as_str(), file_name) {
            ("csrf", _) => vouched = std::str::from_utf8(&bytes).is_ok_and(|token| web.csrf_fits(token)),
            ("kind", _) => what = std::str::from_utf8(&bytes).ok().and_then(What::parse),
            // A form that is sent without a file sends one of no bytes.
            ("file", Some(file_name)) if vouched && !bytes.is_empty() => file = Some((file_name, bytes.to_vec())),
            _ => {}
        }
    }
    if !vouched {
        return Err(Error::Csrf);
    }
    let (name, bytes) = file.ok_or(Error::Unreadable("file"))?;
    Ok(Upload { what: what.ok_or(Error::Unreadable("kind"))?, name, bytes })
}

/// The only file of a form: name and bytes.
pub(super) async fn file_of(web: &Web, mut parts: Multipart) -> Result<Option<(String, Vec<u8>)>, Error> {
    let (mut file, mut vouched) = (None, false);
    while let Some(part) = parts.next_field().await.map_err(|_| Error::Unreadable("multipart"))? {
        let name = part.name().unwrap_or_default().to_owned();
        let file_name = part.file_name().map(crate::files::shown_name);
        let bytes = part.bytes().await.map_err(|_| Error::TooLarge { megabytes: 64 })?;
        match (name.as_str(), file_name) {
            ("csrf", _) => vouched = std::str::from_utf8(&bytes).is_ok_and(|token| web.csrf_fits(token)),
            ("file", Some(name)) if vouched && !bytes.is_empty() => file = Some((name, bytes.to_vec())),
            _ => {}
        }
    }
    if vouched { Ok(file) } else { Err(Error::Csrf) }
}

/// Reads a file against what is known, away from the threads that answer requests.
async fn plan(web: &Web, what: What, bytes: Vec<u8>) -> Result<Plan, Error> {
    let root = admin(web)?.place;
    let known = web.app.store.places().await?;
    let outlined: HashSet<PlaceCode> = match what {
        What::Places => HashSet::new(),
        What::Outlines => web.app.store.outlines().await?.into_iter().map(|(code, _)| code).collect(),
    };
    let tree = web.world.places.tree.clone();
    tokio::task::spawn_blocking(move || match what {
        What::Places => import::places(&String::from_utf8_lossy(&bytes), &known, root),
        What::Outlines => import::outlines(&bytes, &tree, root, &outlined),
    })
    .await
    .map_err(|error| Error::Internal(error.to_string()))
}

fn finding_view(look: &Look<'_>, finding: &Finding) -> Value {
    let name = finding.problem.name();
    let args = [("value", finding.problem.value().into())];
    json!({
        "line": finding.line,
        "field": finding.column,
        "message": look.say(&format!("import-{name}"), &args),
        "remedy": look.say(&format!("import-{name}-remedy"), &args),
        "severity": "error",
    })
}

/// `POST /admin/import`: tries a file; nothing is changed.
pub async fn dry_run(web: Web, Parts(parts): Parts) -> Result<Response, Error> {
    admin(&web)?;
    let words = web.words();
    let look = web.look(&words);
    let upload = match receive(&web, parts).await {
        Err(Error::Unreadable("file")) => {
            let form = upload_form(&look, Some(look.t("import-file-needed")));
            let shown = (Some(form), Vec::new());
            return page(&web, ("upload", String::new()), &Plan::default(), shown, StatusCode::UNPROCESSABLE_ENTITY);
        }
        other => other?,
    };
    let id = web.app.clock.id().to_string();
    let plan = plan(&web, upload.what, upload.bytes.clone()).await?;
    let form = if plan.is_clean() {
        let path = kept(&web, &id)?;
        keep(&path, &upload.bytes).await?;
        Some(FormView {
            action_href: "/admin/import/confirm".to_owned(),
            hidden: vec![
                Hidden::new("job", id),
                Hidden::new("kind", upload.what.name()),
                Hidden::new("name", &upload.name),
            ],
            submit: look.t("submit-import"),
            cancel_href: Some("/admin/import".to_owned()),
            ..FormView::default()
        })
    } else {
        Some(upload_form(&look, None))
    };
    let findings = plan.findings.iter().take(FINDINGS_SHOWN_MAX).map(|one| finding_view(&look, one)).collect();
    page(&web, ("findings", upload.name), &plan, (form, findings), StatusCode::OK)
}

pub(super) async fn keep(path: &std::path::Path, bytes: &[u8]) -> Result<(), Error> {
    let failed = |error: std::io::Error| Error::Internal(format!("the file of an import: {error}"));
    if let Some(folder) = path.parent() {
        tokio::fs::create_dir_all(folder).await.map_err(failed)?;
    }
    tokio::fs::write(path, bytes).await.map_err(failed)
}

/// `POST /admin/import/confirm`: reads the kept file again, since places may have changed meanwhile, and writes it as a
/// whole or not at all.
pub async fn confirm(web: Web, typed: Typed) -> Result<Response, Error> {
    admin(&web)?;
    let words = web.words();
    let look = web.look(&words);
    let what = typed.one("kind").and_then(What::parse).ok_or(Error::NotFound)?;
    let path = kept(&web, typed.one("job").ok_or(Error::NotFound)?)?;
    let name = crate::files::shown_name(typed.one("name").unwrap_or_default());
    let bytes = tokio::fs::read(&path).await.map_err(|_| Error::NotFound)?;
    let plan = plan(&web, what, bytes).await?;
    if !plan.is_clean() {
        let findings = plan.findings.iter().take(FINDINGS_SHOWN_MAX).map(|one| finding_view(&look, one)).collect();
        let shown = (Some(upload_form(&look, None)), findings);
        return page(&web, ("findings", name), &plan, shown, StatusCode::CONFLICT);
    }
    match what {
        What::Places => web.app.store.places_set(&plan.places).await?,
        What::Outlines => web.app.store.outlines_set(&plan.outlines).await?,
    }
    let part = if what == What::Outlines { Part::Outlines } else { Part::Places };
    changed(&web.app, part).await?;
    // What is left behind by a failure here is a file nobody names any more.
    let _ = tokio::fs::remove_file(&path).await;
    page(&web, ("done", name), &plan, (None, Vec::new()), StatusCode::OK)
}
