//! Taking an action: the form is sent as a command; a refusal shows the same page again with everything that was typed.

use super::card::{self, Shown};
use super::preview::{Attempt, SURE};
use super::query::{Query, own_address};
use super::registers::Offers;
use super::{centre, desk, find, queue};
use crate::error::{Error, refusal_status};
use crate::files::problem_text;
use crate::looked;
use crate::page::pairs;
use crate::typed::{Asking, Step, Typed};
use crate::view::Look;
use crate::view::case::card_href;
use crate::view::form::Asked;
use crate::web::Web;
use axum::Json;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use ganglion_kernel::CommitError;
use ganglion_kernel::decide::who;
use ganglion_model::change::{Body, Command, FieldFinding, Outcome};
use ganglion_model::pack::{Action, FieldKind, Process};
use ganglion_model::{Case, CommandId, Fields, Text};
use std::collections::BTreeMap;

/// The action as the form showed it: of the state the form was made in, else of the state the case is in, else of any.
fn known<'p>(process: &'p Process, case: &Case, (name, state): (&str, Option<&str>)) -> Option<&'p Action> {
    state
        .and_then(|state| process.action(state, name))
        .or_else(|| process.action(&case.state, name))
        .or_else(|| process.states.values().flat_map(|state| &state.actions).find(|action| action.name == name))
}

/// Files among what was typed.
pub fn files_of(declared: &[ganglion_model::pack::Field], values: &Fields) -> Vec<String> {
    declared
        .iter()
        .filter(|field| matches!(field.kind, FieldKind::Files { .. }))
        .filter_map(|field| values.get(&field.name)?.as_array())
        .flatten()
        .filter_map(|id| id.as_str().map(str::to_owned))
        .collect()
}

/// The id a form carries, so that sending it twice does it once.
pub fn command_id(web: &Web, typed: &Typed) -> CommandId {
    let sent = typed.one("command_id").and_then(|id| id.parse().ok());
    CommandId(sent.unwrap_or_else(|| web.app.clock.id()))
}

/// Files that were not taken, as findings beside their fields.
pub fn upload_findings(web: &Web, typed: &Typed) -> Vec<FieldFinding> {
    let words = web.words();
    let look = web.look(&words);
    typed.problems.iter().map(|problem| said(&problem.field, problem_text(&look, problem))).collect()
}

/// In what a button of a form asks for: between a field and the value it puts there.
pub const FILL: &str = ":fill:";

/// A finding in words of the page.
fn said(field: &str, words: String) -> FieldFinding {
    FieldFinding {
        field: field.to_owned(),
        problem: "check".to_owned(),
        message: Some(Text::new(words.clone(), words)),
        args: BTreeMap::new(),
    }
}

/// Sends one action on one case.
///
/// # Errors
/// As the committer says.
pub async fn send(
    web: &Web,
    case: &Case,
    (id, action): (CommandId, &str),
    form: Fields,
    version: Option<u32>,
) -> Result<Outcome, CommitError> {
    let body = Body::Act { case: case.id, action: action.to_owned(), form, version };
    web.app.committer.send(Command { id, shard: case.shard, actor: web.actor(), body }).await
}

impl Attempt {
    /// A button inside the form was pressed: one more row, or something that was suggested, which is filled in and not sent.
    fn press(&mut self, more: &str) {
        match more.split_once(FILL) {
            Some((field, value)) => {
                self.values.insert(field.to_owned(), value.into());
            }
            None => self.more = Some(more.to_owned()),
        }
        self.findings.clear();
    }
}

/// `POST /cases/{number}/{action}`.
pub async fn act(web: Web, Path((number, name)): Path<(String, String)>, asking: Asking) -> Result<Response, Error> {
    let typed = &asking.0;
    let (case, process) = find::case(&web, &number).await?;
    let action = known(process, &case, (&name, typed.one("state"))).ok_or(Error::NotFound)?;
    let mut form = typed.fields(&action.form);
    if asking.step() == Step::Send {
        Offers::new(&web, case.place).resolve(&action.form, &mut form).await?;
    }
    let back = typed.one("back");
    let mut attempt = Attempt {
        action: name.clone(),
        state: typed.one("state").unwrap_or(&case.state).to_owned(),
        values: form.clone(),
        findings: upload_findings(&web, typed),
        command_id: typed.one("command_id").map(str::to_owned),
        ..Attempt::default()
    };
    let words = web.words();
    let look = web.look(&words);
    if asking.step() == Step::Ask {
        let actor = who::view(&web.world, &web.actor(), web.now);
        let asked = Asked { process, case: Some(&case), actor: &actor, place: case.place, suggested: &[], prefix: "" };
        let live = looked::live(&web, (&look, &asked), (&action.form, &form), (case.shard, None)).await?;
        return Ok(Json(live).into_response());
    }
    if let Step::More(more) = asking.step() {
        attempt.press(more);
        return again(&web, (&case, process), back, attempt, StatusCode::OK).await;
    }
    if action.grave {
        // Looked at twice by a person; programs say what they mean.
        let sure = typed.one(SURE) == Some("true");
        attempt.values.insert(SURE.to_owned(), sure.into());
        attempt.findings.extend((!sure).then(|| said(SURE, look.t("sure-tick"))));
    }
    if !attempt.findings.is_empty() {
        attempt.refusal = look.t("refusal-form");
        return again(&web, (&case, process), back, attempt, StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    let version = typed.one("version").and_then(|version| version.parse().ok());
    let files = files_of(&action.form, &form);
    let sent = match web.app.files_sent(&files).await {
        Ok(()) => send(&web, &case, (command_id(&web, typed), &name), form, version).await,
        Err(error) => Err(error),
    };
    match sent {
        Ok(outcome) => {
            web.app.attach_files(&files, case.shard, case.id).await?;
            let said = done(&look, (&case, process), action, &outcome);
            Ok(web.redirect_with(&own_address(back, card_href(&case.number)), "ok", &said))
        }
        Err(CommitError::Refused(refusal)) => {
            let status = refusal_status(refusal.code);
            if status == StatusCode::NOT_FOUND {
                return Err(Error::NotFound);
            }
            attempt.refusal = look.refusal(Some(process), &refusal);
            attempt.findings = refusal.fields;
            // What was refused was decided on the case as it is now, which may be newer than what was read above.
            let (case, process) = find::case(&web, &number).await?;
            again(&web, (&case, process), back, attempt, status).await
        }
        Err(error) => {
            let key = if matches!(error, CommitError::Storage(_)) { "refusal-storage" } else { "refusal-busy" };
            attempt.refusal = look.t(key);
            let error = Error::from(error);
            error.log();
            again(&web, (&case, process), back, attempt, error.status()).await
        }
    }
}

/// What was done, in words.
fn done(look: &Look<'_>, (case, process): (&Case, &Process), action: &Action, outcome: &Outcome) -> String {
    let state = outcome.state.as_deref().unwrap_or(&case.state);
    let args = [
        ("number", case.number.as_str().into()),
        ("verb", look.text(&action.title).into()),
        ("state", look.state(process, state).label.into()),
    ];
    look.say("flash-done", &args)
}

/// The page the form stood on, with the form open and filled.
async fn again(
    web: &Web,
    (case, process): (&Case, &Process),
    back: Option<&str>,
    attempt: Attempt,
    status: StatusCode,
) -> Result<Response, Error> {
    let (path, query) = back.map_or(("", ""), |back| back.split_once('?').unwrap_or((back, "")));
    let query = Query(pairs(query)).with("selected", &case.number);
    match path {
        "/desk" => desk::render(web, &query, Some(attempt), status).await,
        "/centre" => centre::render(web, &query, Some(attempt), status).await,
        _ if path.starts_with("/queue/") => {
            let shown = queue::Shown { attempt: Some(attempt), status, ..queue::Shown::default() };
            queue::render(web, path.trim_start_matches("/queue/"), &query, shown).await
        }
        _ => card::render(web, case, process, Shown { attempt: Some(attempt), status, ..Shown::default() }).await,
    }
}
