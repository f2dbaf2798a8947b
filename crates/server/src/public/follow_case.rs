//! The progress of one report, for its reporter: steps, promise, result, and what the reporter may still do. A report
//! merged into another shows how that one goes.

use super::added::{Added, ENTRIES_MAX, step};
use super::progress::Promise;
use crate::error::{Error, refusal_status};
use crate::limits::RETRY_SECONDS;
use crate::looked;
use crate::staff::{files_of, names};
use crate::typed::{Asking, Step, Typed};
use crate::view::Look;
use crate::view::form::{Asked, FieldView, FormView, Hidden, Typed as Filled};
use crate::view::options::Choice;
use crate::web::Web;
use axum::Json;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use ganglion_kernel::CommitError;
use ganglion_kernel::decide::{guard_holds, who};
use ganglion_model::change::{Actor, Body, Command};
use ganglion_model::pack::{Action, Field, FieldKind, Process};
use ganglion_model::{Case, CommandId, FieldFinding, Fields};
use serde_json::{Value, json};
use uuid::Uuid;

/// Who looked at personal values: lines shown.
const LOOKED_MAX: u32 = 20;

/// What was tried and refused.
#[derive(Default)]
pub(crate) struct Attempt {
    action: String,
    values: Fields,
    findings: Vec<FieldFinding>,
    message: Option<String>,
    /// A table that gets more blank rows.
    more: Option<String>,
    /// Something more is asked, now that it is known to apply.
    asks_more: bool,
}

/// What applies of an action's form while somebody types.
async fn live(
    web: &Web,
    look: &Look<'_>,
    (process, case, action): (&Process, &Case, &Action),
    values: &Fields,
) -> Result<Response, Error> {
    let actor = who::view(&web.world, &Actor::Reporter { case: case.id }, web.now);
    let asked = Asked { process, case: Some(case), actor: &actor, place: case.place, suggested: &[], prefix: "" };
    let live = looked::live(web, (look, &asked), (&action.form, values), (case.shard, None)).await?;
    Ok(Json(live).into_response())
}

/// Whether a browser without scripts still has to ask something that what was typed has made apply.
async fn asks_more(
    web: &Web,
    look: &Look<'_>,
    (process, case, action): (&Process, &Case, &Action),
    (typed, values): (&Typed, &Fields),
) -> Result<bool, Error> {
    let Some(shown) = typed.shown_plainly() else { return Ok(false) };
    let actor = who::view(&web.world, &Actor::Reporter { case: case.id }, web.now);
    let asked = Asked { process, case: Some(case), actor: &actor, place: case.place, suggested: &[], prefix: "" };
    let live = looked::live(web, (look, &asked), (&action.form, values), (case.shard, None)).await?;
    Ok(!look.unasked(&action.form, &live.off, &shown).is_empty())
}

/// `GET /follow/{number}`.
pub async fn show(web: Web, Path(number): Path<String>) -> Result<Response, Error> {
    match web.own_case(&number).await? {
        Some(case) if waits(&web, &case) => Ok(web.redirect(&crate::halls::ticket_href(&web, &case.number))),
        Some(case) => render(&web, &case, &Attempt::default(), StatusCode::OK).await,
        None => Ok(web.redirect(&format!("/follow?number={}", crate::page::encode(&number)))),
    }
}

/// Whether a case is a ticket of a hall that is in use: those have a page of their own.
fn waits(web: &Web, case: &Case) -> bool {
    let process = web.world.model.processes.get(&case.process);
    process.is_some_and(|process| {
        let place = process.queue.as_ref().map_or(case.place, |queue| queue.place_of(case.place));
        crate::halls::Hall::at(&web.world, process, place, web.today()).is_some()
    })
}

/// `POST /follow/{number}/{action}`: an action open to the reporter.
pub async fn act(web: Web, Path((number, name)): Path<(String, String)>, asking: Asking) -> Result<Response, Error> {
    let typed = &asking.0;
    let case = web.own_case(&number).await?.ok_or(Error::NotFound)?;
    let process = web.world.model.processes.get(&case.process).ok_or(Error::NotFound)?;
    let known = process.states.values().flat_map(|state| &state.actions);
    let action = process.action(&case.state, &name).or_else(|| known.clone().find(|one| one.name == name));
    let action = action.ok_or(Error::NotFound)?;
    let values = typed.fields(&action.form);
    let words = web.words();
    let look = web.look(&words);
    let mut attempt = Attempt { action: name.clone(), values: values.clone(), ..Attempt::default() };
    match asking.step() {
        Step::Send => {}
        Step::Ask => return live(&web, &look, (process, &case, action), &values).await,
        Step::More(more) => {
            attempt.more = Some(more.to_owned());
            return render(&web, &case, &attempt, StatusCode::OK).await;
        }
    }
    if let Some(problem) = typed.problems.first() {
        attempt.message = Some(crate::files::problem_text(&look, problem));
        return render(&web, &case, &attempt, StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    if asks_more(&web, &look, (process, &case, action), (typed, &values)).await? {
        attempt.asks_more = true;
        return render(&web, &case, &attempt, StatusCode::OK).await;
    }
    let id = typed.one("command_id").and_then(|id| id.parse::<Uuid>().ok()).unwrap_or_else(|| web.app.clock.id());
    let version = typed.one("version").and_then(|version| version.parse().ok());
    let files = files_of(&action.form, &values);
    let body = Body::Act { case: case.id, action: name, form: values, version };
    let actor = Actor::Reporter { case: case.id };
    let command = Command { id: CommandId(id), shard: case.shard, actor, body };
    web.app.files_sent(&files).await?;
    match web.app.committer.send(command).await {
        Ok(_) => {
            web.app.attach_files(&files, case.shard, case.id).await?;
            let to = match waits(&web, &case) {
                true => crate::halls::ticket_href(&web, &case.number),
                false => format!("/follow/{}", crate::page::encode(&case.number)),
            };
            Ok(web.redirect_with(&to, "ok", &look.t("flash-reporter-done")))
        }
        Err(CommitError::Refused(refusal)) => {
            attempt.message = Some(look.refusal(Some(process), &refusal));
            attempt.findings.clone_from(&refusal.fields);
            let case = web.app.store.case(case.shard, case.id).await?.ok_or(Error::NotFound)?;
            render(&web, &case, &attempt, refusal_status(refusal.code)).await
        }
        Err(error) => {
            let error = Error::from(error);
            error.log();
            let key = if matches!(error, Error::Busy) { "refusal-busy" } else { "refusal-storage" };
            attempt.message = Some(look.say(key, &[("seconds", RETRY_SECONDS.into())]));
            render(&web, &case, &attempt, error.status()).await
        }
    }
}

/// The case whose progress is shown: the one it was merged into, if it was.
async fn leading(web: &Web, case: &Case) -> Result<Option<Case>, Error> {
    let Some(link) = case.links.iter().find(|link| link.kind == "merged_into") else {
        return Ok(None);
    };
    Ok(web.app.store.case(link.shard, link.case).await?)
}

async fn render(web: &Web, case: &Case, attempt: &Attempt, status: StatusCode) -> Result<Response, Error> {
    let process = web.world.model.processes.get(&case.process).ok_or(Error::NotFound)?;
    let parent = leading(web, case).await?;
    let shown = parent.as_ref().unwrap_or(case);
    names::of_cases(web, std::slice::from_ref(case)).await?;
    let words = web.words();
    let look = web.look(&words);
    let (rating, more_forms) = forms(web, &look, (process, case), attempt);
    let later = || Promise { text: look.t("sent-reply-later"), ..Promise::default() };
    let promise = look.promise(process, shown).unwrap_or_else(later);
    let looked = looked_at(web, &look, case).await?;
    let entries = web.app.store.entries_of_case(case.shard, case.id, ENTRIES_MAX).await?;
    let result = match &parent {
        None => look.found(process, shown, &entries),
        Some(parent) => {
            let entries = web.app.store.entries_of_case(parent.shard, parent.id, ENTRIES_MAX).await?;
            look.found(process, parent, &entries)
        }
    };
    // What was rated stands in a card of its own.
    let rates = |one: &Added| step(process, &one.action).is_some_and(|action| stars(web, action).is_some());
    let added: Vec<Value> = look.added(process, &entries).iter().filter(|one| !rates(one)).map(Added::shown).collect();
    let standing = crate::queue::standing(&web.app, &web.world, shown).await?.map(|standing| {
        json!({
            "ahead": look.say("follow-ahead", &[("count", standing.ahead.into())]),
            "minutes": standing.minutes.map(|minutes| look.say("follow-minutes", &[("minutes", minutes.into())])),
        })
    });
    let mut page = web.page("title-follow-case");
    if let Some(message) = &attempt.message {
        page.flash = Some(crate::page::Flash { tone: "bad".to_owned(), text: message.clone() });
    }
    if attempt.asks_more {
        page.flash = Some(crate::page::Flash { tone: "info".to_owned(), text: look.t("follow-asks-more") });
    }
    let context = json!({
        "page": page,
        "number": case.number,
        "title": look.title(process, case),
        "category": look.kind_or_process(process, case),
        "place_path": look.place_path(case.place),
        "state": look.state(process, &shown.state),
        "clock_view": promise.clock,
        "promised": promise,
        "duty_unit": look.unit_of(shown),
        "description": look.description(process, case),
        "photos": look.opening_photos(process, case),
        "added": added,
        "steps_list": look.steps(process, shown),
        "result": result,
        "rating": rating,
        "more_forms": more_forms,
        "who_looked": looked,
        "data_href": format!("/follow/{}/data", crate::page::encode(&case.number)),
        "standing": standing,
    });
    web.render_status(status, "pages/follow_case.html", context)
}

/// Who looked at personal values, newest first.
async fn looked_at(web: &Web, look: &Look<'_>, case: &Case) -> Result<Vec<Value>, Error> {
    let lines = web.app.store.accesses(case.shard, case.id, LOOKED_MAX).await?.into_iter();
    let shown = lines.map(|line| {
        json!({
            "at": look.when(line.at),
            "post": look.post(&line.post),
            "purpose": look.purpose(&line.purpose, "looked-purpose"),
        })
    });
    Ok(shown.collect())
}

/// Forms of what the reporter may do now: rating stands apart from the rest.
pub(crate) fn forms(
    web: &Web,
    look: &Look<'_>,
    (process, case): (&Process, &Case),
    attempt: &Attempt,
) -> (Option<Value>, Vec<Value>) {
    let actor = Actor::Reporter { case: case.id };
    let view = who::view(&web.world, &actor, web.now);
    let offered = process.states.get(&case.state).into_iter().flat_map(|state| &state.actions).filter(|action| {
        who::may_act(action, &actor, None, case) && guard_holds((&web.world, process), action, case, &view, web.now)
    });
    let mut rating = given(process, case);
    let mut others = Vec::new();
    for action in offered {
        let asked = Asked {
            process,
            case: Some(case),
            actor: &view,
            place: case.place,
            suggested: &[],
            prefix: &format!("{}-", action.name),
        };
        let tried = attempt.action == action.name;
        let filled = match tried {
            true => {
                Filled { values: Some(&attempt.values), findings: &attempt.findings, more: attempt.more.as_deref() }
            }
            false => Filled::default(),
        };
        let hidden = vec![
            Hidden::new("command_id", web.app.clock.id().to_string()),
            Hidden::new("version", case.version.to_string()),
        ];
        let mut form: FormView = look.action_form(&asked, action, hidden, filled);
        form.action_href = format!("/follow/{}/{}", crate::page::encode(&case.number), action.name);
        form.later = true;
        if stars(web, action).is_some() && rating.is_none() {
            form.fields.iter_mut().for_each(|field| as_stars(look, action, field));
            rating = Some(json!({ "form": form }));
        } else if stars(web, action).is_none() {
            // What was tried and refused stands open, with what is wrong; so does one that asks on.
            others.push(json!({ "title": look.text(&action.title), "open": tried, "form": form }));
        }
    }
    (rating, others)
}

/// Whether a field takes one of five grades.
fn is_grade(web: &Web, field: &Field) -> bool {
    match &field.kind {
        FieldKind::Integer { min, max } => (*min, *max) == (Some(1), Some(5)),
        FieldKind::Choice { list } => web.world.model.lists.get(list).is_some_and(|list| {
            list.codes.len() == 5
                && list.codes.iter().all(|code| matches!(code.code.as_str(), "1" | "2" | "3" | "4" | "5"))
        }),
        _ => false,
    }
}

/// The field of an action that takes a grade: the action rates.
fn stars<'a>(web: &Web, action: &'a Action) -> Option<&'a Field> {
    action.form.iter().find(|field| is_grade(web, field))
}

/// A whole number from 1 to 5 as five choices in words.
fn as_stars(look: &Look<'_>, action: &Action, view: &mut FieldView) {
    let whole = |field: &Field| matches!(field.kind, FieldKind::Integer { min: Some(1), max: Some(5) });
    if action.form.iter().any(|field| field.name == view.name && whole(field)) {
        view.kind = "choice";
        view.options =
            (1..=5).rev().map(|grade| Choice::new(grade.to_string(), look.t(&format!("rating-{grade}")))).collect();
    }
}

/// The grade that was given, with the words beside it.
fn given(process: &Process, case: &Case) -> Option<Value> {
    let rating = |action: &Action| {
        let by_reporter = action.by.contains(&ganglion_model::pack::Who::Reporter);
        let grade = action.form.iter().find(|field| {
            matches!(field.kind, FieldKind::Integer { .. } | FieldKind::Choice { .. })
                && case.fields.get(&field.name).is_some_and(|value| grade_of(value).is_some())
        })?;
        let comment = action
            .form
            .iter()
            .find(|field| matches!(field.kind, FieldKind::LongText { .. } | FieldKind::Text { .. }) && !field.personal);
        let comment = comment.and_then(|field| case.fields.get(&field.name));
        let value = grade_of(case.fields.get(&grade.name)?)?;
        by_reporter.then(|| json!({ "given": { "value": value, "comment": comment } }))
    };
    process.states.values().flat_map(|state| &state.actions).find_map(rating)
}

fn grade_of(value: &Value) -> Option<i64> {
    let grade = value.as_i64().or_else(|| value.as_str()?.parse().ok())?;
    (1..=5).contains(&grade).then_some(grade)
}
