//! Opening a case for somebody else: at the window, on the telephone, on a round.

use super::act::{command_id, files_of, upload_findings};
use super::known;
use super::position::{Pair, saved};
use super::registers::{Offers, opening};
use crate::error::{Error, refusal_status};
use crate::looked;
use crate::typed::{Asking, Step};
use crate::view::Look;
use crate::view::case::{AT_THE_WINDOW, CHANNELS, card_href};
use crate::view::form::{Asked, FormView, Hidden, Typed as Entered};
use crate::view::problems::RefusalView;
use crate::web::Web;
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use ganglion_kernel::CommitError;
use ganglion_kernel::decide::{FormContext, policy, read_form, who};
use ganglion_kernel::route::shard_for;
use ganglion_model::change::{Body, Command, FieldFinding, Outcome};
use ganglion_model::pack::{FieldKind, Process};
use ganglion_model::{Fields, Post, RefusalCode};
use serde::Serialize;

#[derive(Serialize)]
struct ChoiceOfProcess {
    label: String,
    about: String,
    href: String,
}

#[derive(Serialize)]
struct NewContext {
    page: crate::page::Page,
    choices: Vec<ChoiceOfProcess>,
    form: Option<FormView>,
    refusal: Option<RefusalView>,
    map: Option<serde_json::Value>,
}

/// Where the post takes something in, if there is anything it may.
pub fn href(web: &Web, post: &Post) -> Option<&'static str> {
    (!openable(web, post).is_empty()).then_some("/cases/new")
}

/// Processes the post may open somewhere inside its place.
pub fn openable<'w>(web: &'w Web, post: &Post) -> Vec<&'w Process> {
    let actor = web.actor();
    let view = who::view_of(post);
    let may = |process: &&Process| {
        who::may_open(process, &actor, Some(post), post.place)
            && policy::against_opening((&web.world, process), &view, None, web.now).is_none()
    };
    web.world.model.processes.values().filter(may).collect()
}

/// `GET /cases/new`.
pub async fn show(web: Web) -> Result<Response, Error> {
    let post = web.post()?.clone();
    let words = web.words();
    let look = web.look(&words);
    let open = openable(&web, &post);
    let asked = web.arg("process");
    let chosen = match (asked, open.as_slice()) {
        (Some(name), _) => Some(*open.iter().find(|process| process.name == name).ok_or(Error::NotFound)?),
        (None, [only]) => Some(*only),
        (None, []) => return Err(Error::NotFound),
        (None, _) => None,
    };
    let form = match chosen {
        None => None,
        Some(process) => {
            let mut known = known::known(&web, &look, (process, &post)).await?;
            let said = opening::of_address(&web, process).await?;
            known.retain(|one| !said.contains_key(&one.field));
            let mut values = known::values(&known);
            values.extend(said);
            if let Some((field, place)) = own_place(process, &post) {
                values.entry(field).or_insert(place);
            }
            let entered = Entered { values: Some(&values).filter(|values| !values.is_empty()), ..Entered::default() };
            let mut form = form(&web, &look, (process, &post), entered, None).await?;
            known::mark(&look, &mut form.fields, &known);
            Some(form)
        }
    };
    page(&web, &look, &open, (form, None), StatusCode::OK)
}

/// The own place of a post that stands at one of the places a case may belong to: chosen already, unless the pack says what stands
/// there, a position says more, or the case may belong to anywhere.
fn own_place(process: &Process, post: &Post) -> Option<(String, serde_json::Value)> {
    let route = &process.route;
    let field = process.form.iter().find(|field| Some(&field.name) == route.place.as_ref())?;
    let FieldKind::Place { levels } = &field.kind else { return None };
    let is_said =
        field.default.is_some() || field.default_from.is_some() || process.any_office || route.point.is_some();
    let is_own = !is_said && levels.contains(&post.place.level());
    is_own.then(|| (field.name.clone(), post.place.to_string().into()))
}

async fn form(
    web: &Web,
    look: &Look<'_>,
    (process, post): (&Process, &Post),
    entered: Entered<'_>,
    command: Option<&str>,
) -> Result<FormView, Error> {
    let actor = who::view(&web.world, &web.actor(), web.now);
    let asked = Asked { process, case: None, actor: &actor, place: post.place, suggested: &[], prefix: "" };
    let id = |name: &str| format!("f-{name}");
    let command = command.map_or_else(|| web.app.clock.id().to_string(), str::to_owned);
    let mut fields = look.fields(&asked, &process.form, entered);
    Offers::opening(web, post.place).give(&process.form, &mut fields).await?;
    if let Some(pair) = Pair::of_process(process) {
        pair.mark(look, &mut fields, entered.values.unwrap_or(&Fields::new()));
    }
    Ok(FormView {
        action_href: format!("/cases/new?process={}", process.name),
        title: Some(look.text(&process.title)),
        help: purpose(look, process),
        hidden: vec![Hidden::new("command_id", command)],
        fields,
        errors: look.problems(&process.form, entered.findings, &id),
        submit: look.t("submit"),
        cancel_href: Some("/desk".to_owned()),
        later: false,
    })
}

/// What personal data is asked for, where some is.
fn purpose(look: &Look<'_>, process: &Process) -> Option<String> {
    let text = look.text(&process.purpose);
    let asks = process.form.iter().any(|field| field.personal) && !text.is_empty();
    asks.then(|| look.say("form-purpose", &[("purpose", text.into())]))
}

fn page(
    web: &Web,
    look: &Look<'_>,
    open: &[&Process],
    (form, refusal): (Option<FormView>, Option<RefusalView>),
    status: StatusCode,
) -> Result<Response, Error> {
    let choices = open
        .iter()
        .map(|process| ChoiceOfProcess {
            label: look.text(&process.title),
            about: look.world.model.packs.get(&process.pack).map(|pack| look.text(&pack.title)).unwrap_or_default(),
            href: format!("/cases/new?process={}", process.name),
        })
        .collect();
    let choices = if form.is_some() { Vec::new() } else { choices };
    web.render_status(
        status,
        "pages/case_new.html",
        NewContext { page: web.page("title-case-new"), choices, form, refusal, map: None },
    )
}

/// The way a case came in: what was chosen from the list of ways, else the opener's role where that is a way of its own.
pub fn channel(web: &Web, process: &Process, form: &Fields, post: &Post) -> String {
    let channels = process.channels.as_deref().unwrap_or(CHANNELS);
    let chosen = process
        .form
        .iter()
        .filter(|field| matches!(&field.kind, FieldKind::Choice { list } if list == channels))
        .find_map(|field| form.get(&field.name)?.as_str());
    let is_way = |role: &str| web.world.model.lists.get(channels).is_some_and(|list| list.code(role).is_some());
    let own = Some(post.role.as_str()).filter(|role| is_way(role));
    chosen.or(own).unwrap_or(AT_THE_WINDOW).to_owned()
}

/// What is wrong before anything is sent: the form itself, then where it belongs.
///
/// # Errors
/// Storage.
pub async fn check(
    web: &Web,
    process: &Process,
    form: &Fields,
) -> Result<Result<ganglion_model::Shard, Vec<FieldFinding>>, Error> {
    let actor = who::view(&web.world, &web.actor(), web.now);
    let shard = looked::shard_of(web, &process.form, form);
    let read = looked::judged(web, (shard, None), |rows| {
        let context =
            FormContext { world: &web.world, rows, process, case: None, before: None, actor: &actor, now: web.now };
        read_form(&context, &process.form, form)
    });
    let mut findings = read.await?.err().unwrap_or_default();
    // A point and a place both say where it is: that neither was given is one fault.
    let says_where =
        |name: &String| [&process.route.point, &process.route.place].into_iter().flatten().any(|one| one == name);
    let same = |one: &FieldFinding, other: &FieldFinding| {
        let empty = one.problem == "required" && other.problem == "required";
        one.field == other.field || (empty && says_where(&one.field) && says_where(&other.field))
    };
    match shard_for(&web.world, process, form, web.today()) {
        Ok(shard) if findings.is_empty() => return Ok(Ok(shard)),
        Ok(_) => {}
        Err(finding) if findings.iter().any(|one| same(one, &finding)) => {}
        Err(finding) => findings.push(finding),
    }
    Ok(Err(findings))
}

/// `POST /cases/new?process=`.
pub async fn open(web: Web, asking: Asking) -> Result<Response, Error> {
    let typed = &asking.0;
    let post = web.post()?.clone();
    let words = web.words();
    let look = web.look(&words);
    let open = openable(&web, &post);
    let name = web.arg("process").ok_or(Error::NotFound)?;
    let process = *open.iter().find(|process| process.name == name).ok_or(Error::NotFound)?;
    let form_values = read(&web, (process, &post), &asking).await?;
    let command = typed.one("command_id");
    let again = async |findings: &[FieldFinding], text: String, status: StatusCode| {
        let entered = Entered { values: Some(&form_values), findings, more: typed.one("_more") };
        let view = form(&web, &look, (process, &post), entered, command).await?;
        let refusal = RefusalView { title: look.t("refusal-title"), text, kept: Vec::new() };
        page(&web, &look, &open, (Some(view), Some(refusal)), status)
    };
    let actor = who::view(&web.world, &web.actor(), web.now);
    let asked = Asked { process, case: None, actor: &actor, place: post.place, suggested: &[], prefix: "" };
    if asking.step() == Step::Ask {
        let shard = looked::shard_of(&web, &process.form, &form_values);
        let mut live = looked::live(&web, (&look, &asked), (&process.form, &form_values), (shard, None)).await?;
        if let Some(pair) = Pair::of_process(process) {
            pair.hint(&look, &mut live.hints, &form_values);
        }
        return Ok(Json(live).into_response());
    }
    if matches!(asking.step(), Step::More(_)) {
        let entered = Entered { values: Some(&form_values), more: typed.one("_more"), ..Entered::default() };
        let view = form(&web, &look, (process, &post), entered, command).await?;
        return page(&web, &look, &open, (Some(view), None), StatusCode::OK);
    }
    let mut findings = upload_findings(&web, typed);
    let shard = match check(&web, process, &form_values).await? {
        Ok(shard) if findings.is_empty() => shard,
        Ok(_) => return again(&findings, look.t("refusal-form"), StatusCode::UNPROCESSABLE_ENTITY).await,
        Err(more) => {
            findings.extend(more);
            return again(&findings, look.t("refusal-form"), StatusCode::UNPROCESSABLE_ENTITY).await;
        }
    };
    let body = Body::Open {
        process: process.name.clone(),
        channel: channel(&web, process, &form_values, &post),
        form: form_values.clone(),
        observed_at: None,
        from: None,
    };
    let command = Command { id: command_id(&web, typed), shard, actor: web.actor(), body };
    match send(&web, &files_of(&process.form, &form_values), command).await {
        Ok(outcome) => {
            let number = outcome.number.clone().unwrap_or_default();
            if let Some(case) = outcome.case {
                web.app.attach_files(&files_of(&process.form, &form_values), shard, case).await?;
            }
            let said = look.say("flash-opened", &[("number", number.as_str().into())]);
            let unusual = Pair::of_process(process).and_then(|pair| pair.said(&look, &form_values));
            let (tone, said) = saved(said, unusual);
            Ok(web.redirect_with(&opened_href(&web, process, &post, &number), tone, &said))
        }
        Err(CommitError::Refused(refusal)) if refusal.code != RefusalCode::NotFound => {
            let text = look.refusal(Some(process), &refusal);
            again(&refusal.fields, text, refusal_status(refusal.code)).await
        }
        Err(error) => {
            let error = Error::from(error);
            error.log();
            again(&[], look.t("refusal-busy"), error.status()).await
        }
    }
}

/// The card of what was opened. What is written for others to read has no card for whoever wrote it.
fn opened_href(web: &Web, process: &Process, post: &Post, number: &str) -> String {
    let kept = policy::listed((&web.world, process), &who::view_of(post));
    let is_there = kept.is_none_or(|states| states.contains(&process.initial));
    if is_there { card_href(number) } else { "/desk".to_owned() }
}

/// Sends a command once its files are noted as sent, so that none is cleaned up meanwhile.
async fn send(web: &Web, files: &[String], command: Command) -> Result<Outcome, CommitError> {
    web.app.files_sent(files).await?;
    web.app.committer.send(command).await
}

/// What was typed; a row that was named in full stands for its key once the form is sent.
async fn read(web: &Web, (process, post): (&Process, &Post), asking: &Asking) -> Result<Fields, Error> {
    let mut values = present(process, asking.0.fields(&process.form));
    if asking.step() == Step::Send {
        Offers::opening(web, post.place).resolve(&process.form, &mut values).await?;
    }
    Ok(values)
}

/// A box that was not shown is not sent either; only boxes of fields that can apply count as "no".
fn present(process: &Process, mut form: Fields) -> Fields {
    for field in process.form.iter().filter(|field| field.when.is_some() && field.kind == FieldKind::Boolean) {
        if form.get(&field.name) == Some(&serde_json::Value::Bool(false)) {
            form.remove(&field.name);
        }
    }
    form
}
