//! Sending a report. On any refusal the same page comes back with everything typed, photos included.

use super::show::{Outcome, render};
use super::slots::{ADDRESS, Slots};
use super::{nearby, place};
use crate::app::AppState;
use crate::error::{Error, refusal_status};
use crate::files::UploadProblemKind;
use crate::limits::RETRY_SECONDS;
use crate::looked;
use crate::staff::files_of;
use crate::typed::{Asking, Step, Typed};
use crate::view::form::{Asked, Live};
use crate::web::Web;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ganglion_kernel::CommitError;
use ganglion_kernel::decide::{FormContext, read_form, who};
use ganglion_kernel::route::{point_of, shard_for};
use ganglion_model::change::{Actor, Body, Command, Outcome as Recorded};
use ganglion_model::pack::Field;
use ganglion_model::{CommandId, FieldFinding, Fields, Shard};
use serde_json::Value;
use uuid::Uuid;

/// The way reports of this page come in: a code of the list of channels.
const CHANNEL: &str = "online";

/// `POST /report`: sends, or shows the form again one step further (`choose`).
pub async fn send(State(app): State<AppState>, web: Web, asking: Asking) -> Result<Response, Error> {
    let typed = &asking.0;
    let slots = Slots::find(&web.world.model, typed.one("process")).ok_or(Error::NotFound)?;
    if asking.step() == Step::Ask {
        return Ok(Json(live(&web, &slots, typed).await?).into_response());
    }
    if typed.one("choose").is_some() || asking.step() != Step::Send {
        return render(&web, &slots, typed, &Outcome::default(), StatusCode::OK).await;
    }
    let key = web.network();
    if let Some(seconds) = app.rates.report.wait(&key, web.now) {
        return busy(&web, &slots, typed, ("error-429-what", StatusCode::TOO_MANY_REQUESTS, seconds)).await;
    }
    app.rates.report.count(&key, web.now);
    if typed.one("website").is_some() {
        // A field no person sees was filled in: a machine, which learns nothing.
        return Ok(web.redirect("/"));
    }
    if let Some(problem) = typed.problems.first() {
        // Sent without the file the report would lack what its sender thinks it has.
        let status = match problem.kind {
            UploadProblemKind::NotAPicture => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            _ => StatusCode::PAYLOAD_TOO_LARGE,
        };
        return render(&web, &slots, typed, &Outcome::default(), status).await;
    }
    let form = form(&web, &slots, typed);
    let shard = match checked(&web, &slots, &form).await? {
        Ok(shard) => shard,
        Err(findings) => {
            let outcome = Outcome { findings, message: None };
            return render(&web, &slots, typed, &outcome, StatusCode::UNPROCESSABLE_ENTITY).await;
        }
    };
    match deliver(&web, &slots, typed, (form, shard)).await {
        Ok(recorded) => received(&web, &slots, typed, &recorded).await,
        Err(CommitError::Refused(refusal)) => {
            let words = web.words();
            let said = web.look(&words).refusal(Some(slots.process), &refusal);
            let message = refusal.fields.is_empty().then_some(said);
            let outcome = Outcome { findings: refusal.fields, message };
            render(&web, &slots, typed, &outcome, refusal_status(refusal.code)).await
        }
        Err(error) => {
            let error = Error::from(error);
            error.log();
            let key = if matches!(error, Error::Busy) { "refusal-busy" } else { "refusal-storage" };
            busy(&web, &slots, typed, (key, error.status(), RETRY_SECONDS)).await
        }
    }
}

/// What the page changes while somebody types.
async fn live(web: &Web, slots: &Slots<'_>, typed: &Typed) -> Result<Live, Error> {
    let words = web.words();
    let actor = who::view(&web.world, &web.actor(), web.now);
    let place = web.world.places.root;
    let asked = Asked { process: slots.process, case: None, actor: &actor, place, suggested: &[], prefix: "" };
    let values = form(web, slots, typed);
    let shard = looked::shard_of(web, &slots.process.form, &values);
    let look = web.look(&words);
    looked::live(web, (&look, &asked), (&slots.process.form, &values), (shard, None)).await
}

/// The form again, with when to try once more.
async fn busy(
    web: &Web,
    slots: &Slots<'_>,
    typed: &Typed,
    (key, status, seconds): (&str, StatusCode, u64),
) -> Result<Response, Error> {
    let words = web.words();
    let message = web.look(&words).say(key, &[("seconds", seconds.into())]);
    let outcome = Outcome { findings: Vec::new(), message: Some(message) };
    let mut response = render(web, slots, typed, &outcome, status).await?;
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    Ok(response)
}

/// The values of the process's form from the inputs of the page.
pub(super) fn form(web: &Web, slots: &Slots<'_>, typed: &Typed) -> Fields {
    let mut form = typed.fields(&slots.rest);
    let mut put = |field: Option<&Field>, value: Option<Value>| {
        if let (Some(field), Some(value)) = (field, value) {
            form.insert(field.name.clone(), value);
        }
    };
    put(slots.kind, slots.kind.and_then(|field| typed.value(field, "category")));
    put(slots.description, slots.description.and_then(|field| typed.value(field, "description")));
    put(slots.address, slots.address.and_then(|field| typed.value(field, ADDRESS)));
    let photos = typed.files("photos", "photo_ids");
    put(slots.photos, (!photos.is_empty()).then(|| Value::from(photos)));
    let point = place::typed_point(typed);
    let place = match point.as_ref().map(|value| point_of(Some(value))) {
        // A point counts more than a place chosen by name, which may be left over; near a border the side counts.
        Some(Some(point)) => place::chosen_side(&web.world.places, point, typed),
        Some(None) => None,
        None => place::named(typed),
    };
    put(slots.point, point);
    put(slots.place, place.map(|code| Value::String(code.to_string())));
    form
}

/// Every problem at once, before anything is queued; else the shard to send to.
async fn checked(web: &Web, slots: &Slots<'_>, form: &Fields) -> Result<Result<Shard, Vec<FieldFinding>>, Error> {
    let actor = who::view(&web.world, &web.actor(), web.now);
    let process = slots.process;
    let near = looked::shard_of(web, &process.form, form);
    let read = looked::judged(web, (near, None), |rows| {
        let context =
            FormContext { world: &web.world, rows, process, case: None, before: None, actor: &actor, now: web.now };
        read_form(&context, &process.form, form)
    });
    let read = read.await?;
    let shard = shard_for(&web.world, process, form, web.today());
    Ok(match (read, shard) {
        (Ok(_), Ok(shard)) => Ok(shard),
        (Ok(_), Err(finding)) => Err(vec![finding]),
        (Err(findings), Ok(_)) => Err(findings),
        (Err(mut findings), Err(finding)) => {
            let place = slots.control(&finding.field);
            if !findings.iter().any(|one| slots.control(&one.field) == place) {
                findings.push(finding);
            }
            Err(findings)
        }
    })
}

async fn deliver(
    web: &Web,
    slots: &Slots<'_>,
    typed: &Typed,
    (form, shard): (Fields, Shard),
) -> Result<Recorded, CommitError> {
    let sent: Option<Uuid> = typed.one("command_id").and_then(|id| id.parse().ok());
    let point = slots.point.and_then(|field| point_of(form.get(&field.name)));
    let kind = slots.kind.and_then(|field| form.get(&field.name)).and_then(Value::as_str).map(str::to_owned);
    let from = match nearby::chosen(web, slots, typed, (point, kind.as_deref())).await {
        Ok(from) => from,
        Err(Error::Storage(error)) => return Err(CommitError::Storage(error)),
        Err(_) => None,
    };
    let files = files_of(&slots.process.form, &form);
    let body =
        Body::Open { process: slots.process.name.clone(), form, channel: CHANNEL.to_owned(), observed_at: None, from };
    let id = CommandId(sent.unwrap_or_else(|| web.app.clock.id()));
    let actor = match web.actor() {
        actor @ Actor::Post { .. } => actor,
        _ => Actor::Public,
    };
    web.app.files_sent(&files).await?;
    web.app.committer.send(Command { id, shard, actor, body }).await
}

/// After the case is durable: its files become its own, and this browser may follow it.
async fn received(web: &Web, slots: &Slots<'_>, typed: &Typed, recorded: &Recorded) -> Result<Response, Error> {
    let (Some(case), Some(number)) = (recorded.case, recorded.number.as_deref()) else {
        return Err(Error::Internal("an opened case has no number".to_owned()));
    };
    let files = files_of(&slots.process.form, &form(web, slots, typed));
    web.app.attach_files(&files, recorded.shard, case).await?;
    web.add_proof(recorded.shard, case);
    Ok(web.redirect(&format!("/report/sent/{}", crate::page::encode(number))))
}
