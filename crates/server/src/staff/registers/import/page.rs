//! The pages of imports: upload, progress, what was found.

use super::job::{Job, Stage};
use super::plan::{BadCell, ELSEWHERE, Problem, SEVERAL_PLACES, SEVERAL_ROWS};
use super::{href, importable, own};
use crate::error::Error;
use crate::staff::export::{lines, response};
use crate::staff::position;
use crate::view::Look;
use crate::view::words::count;
use crate::web::Web;
use axum::body::Body;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use ganglion_model::change::FieldFinding;
use ganglion_model::pack::{Field, Register, Scope};
use ganglion_model::{PlaceCode, RefusalCode};
use serde::Serialize;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Bad cells shown on the page; all of them are in the download.
const SHOWN_MAX: usize = 500;
/// Choices named beside a cell that holds none of them.
const CHOICES_SHOWN: usize = 12;
/// Marks UTF-8 for spreadsheets that would guess otherwise.
const BYTE_ORDER_MARK: &str = "\u{feff}";

#[derive(Serialize)]
struct Known {
    file: String,
    href: String,
    stage: String,
}

#[derive(Serialize)]
struct ColumnView {
    heading: String,
    name: String,
    help: String,
}

#[derive(Serialize)]
struct UploadContext {
    page: crate::page::Page,
    back_href: String,
    action_href: String,
    template_href: String,
    template_csv_href: String,
    error: Option<String>,
    columns: Vec<ColumnView>,
    jobs: Vec<Known>,
}

/// One bad cell in words.
#[derive(Serialize)]
struct FindingView {
    row: String,
    column: String,
    heading: String,
    value: String,
    message: String,
    remedy: String,
}

#[derive(Serialize)]
struct JobContext {
    page: crate::page::Page,
    back_href: String,
    file: String,
    stage: &'static str,
    stage_text: String,
    busy: bool,
    done: u64,
    total: u64,
    progress: String,
    new: String,
    changed: String,
    same: String,
    refused: String,
    findings: Vec<FindingView>,
    findings_total: String,
    findings_href: Option<String>,
    unusual: Vec<FindingView>,
    unusual_total: String,
    confirm_href: Option<String>,
    cancel_href: Option<String>,
    again_href: String,
    register_href: String,
}

/// `GET /registers/{name}/import`.
pub async fn show(web: Web, Path(name): Path<String>) -> Result<Response, Error> {
    upload_page(&web, &name, None)
}

/// The page a file is handed in on.
pub fn upload_page(web: &Web, name: &str, error: Option<String>) -> Result<Response, Error> {
    let readable = importable(web, name)?;
    let words = web.words();
    let look = web.look(&words);
    let account = &web.signed_in()?.account.0;
    let jobs = web.app.imports.of(name).into_iter().filter_map(|job| {
        let facts = job.facts.lock();
        (facts.account == *account).then(|| Known {
            file: facts.file.clone(),
            href: href(name, &facts.id),
            stage: look.t(&format!("import-stage-{}", facts.stage.name())),
        })
    });
    let title = look.text(&readable.register.title);
    let status = if error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let context = UploadContext {
        page: web.page_titled(look.say("import-title", &[("register", title.into())])),
        back_href: format!("/registers/{name}"),
        action_href: format!("/registers/{name}/import"),
        template_href: format!("/registers/{name}/template.xlsx"),
        template_csv_href: format!("/registers/{name}/template.csv"),
        error,
        columns: columns(&look, readable.register),
        jobs: jobs.collect(),
    };
    web.render_status(status, "pages/register_import.html", context)
}

fn columns(look: &Look<'_>, register: &Register) -> Vec<ColumnView> {
    let fields = register.fields.iter().map(|field| ColumnView {
        heading: look.text(&field.title),
        name: field.name.clone(),
        help: look.text(&field.help),
    });
    let by_place = register.scope != Scope::Deployment && register.field("place").is_none();
    let place = by_place.then(|| ColumnView {
        heading: look.t("col-place"),
        name: "place".to_owned(),
        help: look.t("import-place-help"),
    });
    fields.chain(place).collect()
}

/// The page of an import.
pub fn job_page(web: &Web, name: &str, job: &Arc<Job>) -> Result<Response, Error> {
    let words = web.words();
    let look = web.look(&words);
    let readable = importable(web, name)?;
    let facts = job.facts.lock().clone();
    let (done, total) = (job.done.load(Ordering::Relaxed), job.total.load(Ordering::Relaxed));
    let own = href(name, &facts.id);
    let stage = facts.stage;
    let title = look.text(&readable.register.title);
    let shown = facts.findings.iter().take(SHOWN_MAX).map(|one| view(&look, readable.register, one));
    let context = JobContext {
        page: web.page_titled(look.say("import-title", &[("register", title.into())])),
        back_href: format!("/registers/{name}/import"),
        file: facts.file.clone(),
        stage: stage.name(),
        stage_text: look.t(&format!("import-stage-{}", stage.name())),
        busy: stage.is_busy(),
        done,
        total,
        progress: format!("{} / {}", count(done), count(total)),
        new: count(facts.counts.new),
        changed: count(facts.counts.changed),
        same: count(facts.counts.same),
        refused: count(facts.counts.refused),
        findings: shown.collect(),
        findings_total: count(facts.findings.len() as u64),
        findings_href: (!facts.findings.is_empty()).then(|| format!("{own}/findings.csv")),
        unusual: facts.unusual.iter().map(|one| view(&look, readable.register, one)).collect(),
        unusual_total: count(facts.unusual.len() as u64),
        confirm_href: (stage == Stage::Ready && !facts.steps.is_empty()).then(|| format!("{own}/confirm")),
        cancel_href: matches!(stage, Stage::Ready | Stage::Checking | Stage::Running).then(|| format!("{own}/cancel")),
        again_href: format!("/registers/{name}/import"),
        register_href: format!("/registers/{name}"),
    };
    web.render("pages/register_import_job.html", context)
}

fn view(look: &Look<'_>, register: &Register, one: &BadCell) -> FindingView {
    let called =
        |field: &&Field| field.title.zh == one.heading || field.title.en == one.heading || field.name == one.heading;
    let heading = register.fields.iter().find(called).map(|field| look.text(&field.title));
    let own = || if one.heading == "place" { look.t("col-place") } else { one.heading.clone() };
    let heading = heading.unwrap_or_else(own);
    let label = if heading.is_empty() { look.t("import-row") } else { heading.clone() };
    let (message, remedy) = match &one.problem {
        Problem::Field(finding) if finding.problem == SEVERAL_PLACES => {
            (several_places(look, finding, &one.value), "import-remedy-place-path")
        }
        Problem::Field(finding) if finding.problem == ELSEWHERE => {
            (lies_elsewhere(look, finding), "import-remedy-elsewhere")
        }
        Problem::Field(finding) if finding.problem == SEVERAL_ROWS => {
            (several_rows(look, finding), "import-remedy-key")
        }
        Problem::Field(finding) => {
            let field = register.field(&finding.field);
            let message = look.problem(field, finding, &label);
            return FindingView { remedy: remedy(look, field, finding), message, ..at(one, heading) };
        }
        Problem::Refused(refusal) if !one.column.is_empty() && refusal.code != RefusalCode::Duplicate => {
            (refused(look, register, refusal), "import-remedy-place")
        }
        Problem::Refused(refusal) => (refused(look, register, refusal), "import-remedy-row"),
        Problem::Twice { row } => (look.say("import-twice", &[("row", (*row).into())]), "import-remedy-twice"),
        Problem::UnknownColumn => {
            (look.say("import-unknown-column", &[("label", label.into())]), "import-remedy-column")
        }
        Problem::ColumnTwice => (look.say("import-column-twice", &[("label", label.into())]), "import-remedy-column"),
        Problem::NoColumn => (look.say("import-lacks-column", &[("label", label.into())]), "import-remedy-add-column"),
        Problem::NotADay => (look.t("import-not-a-day"), "import-remedy-day"),
    };
    FindingView { message, remedy: look.t(remedy), ..at(one, heading) }
}

/// A name that several places have, with all that may be meant.
fn several_places(look: &Look<'_>, finding: &FieldFinding, value: &str) -> String {
    let codes = finding.args.get("places").map(String::as_str).unwrap_or_default();
    let codes: Vec<PlaceCode> = codes.split(' ').filter_map(|code| code.parse().ok()).collect();
    let named = codes.iter().take(CHOICES_SHOWN).map(|code| {
        look.say("import-place-one", &[("path", look.place_path(*code).into()), ("code", code.to_string().into())])
    });
    let mut places = named.collect::<Vec<_>>().join(&look.t("list-comma"));
    if codes.len() > CHOICES_SHOWN {
        places.push_str(" …");
    }
    let args = [("value", value.into()), ("count", count(codes.len() as u64).into()), ("places", places.into())];
    look.say("import-place-several", &args)
}

/// A position in another place than its row.
fn lies_elsewhere(look: &Look<'_>, finding: &FieldFinding) -> String {
    let place = |name: &str| finding.args.get(name).and_then(|code| code.parse::<PlaceCode>().ok());
    let both = place("lies").zip(place("chosen"));
    both.map(|both| position::said(look, both)).unwrap_or_default()
}

/// A name that several rows have, with the keys of the first of them.
fn several_rows(look: &Look<'_>, finding: &FieldFinding) -> String {
    let arg = |name: &str| finding.args.get(name).map(String::as_str).unwrap_or_default();
    let mut keys: Vec<&str> = arg("keys").lines().collect();
    if arg("count").parse::<usize>().is_ok_and(|count| count > keys.len()) {
        keys.push("…");
    }
    let keys = keys.join(&look.t("list-comma"));
    look.say(
        "import-row-several",
        &[("value", arg("name").into()), ("count", arg("count").into()), ("keys", keys.into())],
    )
}

/// Where a finding is, without words yet.
fn at(one: &BadCell, heading: String) -> FindingView {
    FindingView {
        row: one.row.to_string(),
        column: one.column.clone(),
        heading,
        value: one.value.clone(),
        message: String::new(),
        remedy: String::new(),
    }
}

/// What to write into a cell instead.
fn remedy(look: &Look<'_>, field: Option<&Field>, finding: &FieldFinding) -> String {
    let key = match finding.problem.as_str() {
        "required" => "import-remedy-fill",
        "not_a_date" => "import-remedy-day",
        "not_a_number" => "import-remedy-number",
        "not_found" => "import-remedy-key",
        "not_a_place" | "wrong_level" => "import-remedy-place-name",
        "too_long" => "import-remedy-shorter",
        "out_of_range" => "import-remedy-range",
        "not_a_choice" | "retired" => {
            let choices = field.map(|field| look.choices(&field.kind, look.world.places.root, &[])).unwrap_or_default();
            if !(1..=CHOICES_SHOWN).contains(&choices.len()) {
                return look.t("import-remedy-choice");
            }
            let labels: Vec<&str> = choices.iter().map(|choice| choice.label.as_str()).collect();
            return look.say("import-remedy-choices", &[("choices", labels.join(&look.t("list-comma")).into())]);
        }
        "pattern" => {
            let help = field.map(|field| look.text(&field.help)).filter(|help| !help.is_empty());
            return help.unwrap_or_else(|| look.t("import-remedy-cell"));
        }
        _ => "import-remedy-cell",
    };
    look.t(key)
}

fn refused(look: &Look<'_>, register: &Register, refusal: &ganglion_model::Refusal) -> String {
    super::super::edit::refused(look, register, refusal)
}

/// `GET /registers/{name}/import/{id}/findings.csv`: every bad cell.
pub async fn findings(web: Web, Path((name, id)): Path<(String, String)>) -> Result<Response, Error> {
    let job = own(&web, &name, &id)?;
    let readable = importable(&web, &name)?;
    let words = web.words();
    let look = web.look(&words);
    let head = ["import-row", "import-column", "import-heading", "import-value", "finding-what", "finding-remedy"];
    let mut rows: Vec<Vec<String>> = vec![head.iter().map(|key| look.t(key)).collect()];
    let facts = job.facts.lock().clone();
    rows.extend(facts.findings.iter().map(|one| {
        let one = view(&look, readable.register, one);
        vec![one.row, one.column, one.heading, one.value, one.message, one.remedy]
    }));
    let mut bytes = BYTE_ORDER_MARK.as_bytes().to_vec();
    bytes.extend(lines(&rows)?);
    Ok(response(&format!("{name}-findings"), Body::from(bytes)))
}
