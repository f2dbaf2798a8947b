//! Taking a ticket: the form that asks what the pack asks besides the lane, and sending it as anyone. Shared by the kiosk
//! and the page of the hall.

use super::board::{self, Lane};
use super::hall::Hall;
use crate::error::{Error, refusal_status};
use crate::limits::RETRY_SECONDS;
use crate::sign::{self, Use};
use crate::typed::Typed;
use crate::view::Look;
use crate::view::form::{Asked, FieldView, Hidden, Typed as Entered};
use crate::view::problems::FormError;
use crate::web::Web;
use axum::http::StatusCode;
use ganglion_kernel::CommitError;
use ganglion_kernel::decide::who;
use ganglion_kernel::route::shard_for;
use ganglion_model::change::{Actor, Body, Command, Outcome};
use ganglion_model::expr::Expr;
use ganglion_model::pack::{Field, FieldKind, Process, Required, Who};
use ganglion_model::scope::{ActorView, Names};
use ganglion_model::{CommandId, FieldFinding, Fields, PlaceCode};
use serde::Serialize;

/// Characters of the key a kiosk carries in its address.
const KEY_CHARS: usize = 16;

/// Why no ticket was given.
pub struct Refused {
    /// Status of the page.
    pub status: StatusCode,
    /// What is said.
    pub message: String,
    /// What is wrong with which field.
    pub findings: Vec<FieldFinding>,
}

/// The form on a page.
#[derive(Serialize)]
pub struct TicketForm {
    /// Lanes as buttons; one without a name where the queue is not split.
    pub lanes: Vec<Lane>,
    /// Name of the input a button sends; empty when lanes are not chosen.
    pub lane_name: String,
    /// What is asked besides.
    pub fields: Vec<FieldView>,
    /// Values that travel along.
    pub hidden: Vec<Hidden>,
    /// Everything that is wrong.
    pub errors: Vec<FormError>,
    /// Why no ticket is given now.
    pub closed: Option<String>,
    /// That nobody is served now, with when somebody will be.
    pub not_now: Option<String>,
    /// Nobody may take one without staff.
    pub staff_only: bool,
}

fn public() -> ActorView {
    ActorView { role: "public".to_owned(), ..ActorView::default() }
}

/// Fields asked besides the lane and what follows from the hall. What needs a keyboard, a camera or a map is asked only
/// where it must be given, and nothing that depends on a question which is not asked.
fn asked(hall: &Hall<'_>, now: jiff::Timestamp) -> Vec<Field> {
    let given = hall.given();
    let lane = hall.lane_field().map(|field| field.name.as_str());
    let simple = |field: &&Field| {
        field.required != Required::No || matches!(field.kind, FieldKind::Choice { .. } | FieldKind::Boolean)
    };
    let rest = hall.process.form.iter().filter(|field| !given.contains_key(&field.name) && field.is_typed());
    let mut fields: Vec<&Field> = rest.filter(|field| Some(field.name.as_str()) != lane).filter(simple).collect();
    let actor = public();
    let form = Some((&given, hall.process.form.as_slice()));
    let names = Names { rows: hall.world, process: hall.process, case: None, form, actor: Some(&actor), now };
    loop {
        let known: Vec<String> = fields.iter().map(|field| field.name.clone()).collect();
        let is_known = |name: &String| known.contains(name) || given.contains_key(name) || Some(name.as_str()) == lane;
        let before = fields.len();
        fields.retain(|field| field.when.as_ref().is_none_or(|when| applies(when, &names, &is_known)));
        if fields.len() == before {
            return fields.into_iter().cloned().collect();
        }
    }
}

/// Whether a condition may hold: it does, or it looks at what is going to be typed.
fn applies(when: &Expr, names: &Names<'_>, is_known: &dyn Fn(&String) -> bool) -> bool {
    let mut paths = Vec::new();
    when.paths(&mut paths);
    let typed: Vec<&String> = paths
        .iter()
        .filter(|path| path.first().is_some_and(|root| root == "form"))
        .filter_map(|path| path.get(1))
        .collect();
    if typed.is_empty() { when.holds(names) } else { typed.into_iter().all(is_known) }
}

/// The form, empty or with what was typed and what is wrong with it.
///
/// # Errors
/// Storage.
pub async fn form(
    web: &Web,
    look: &Look<'_>,
    hall: &Hall<'_>,
    (typed, refused): (&Typed, Option<&Refused>),
) -> Result<TicketForm, Error> {
    let declared = asked(hall, web.now);
    let actor = public();
    let place = hall.place;
    let process: &Process = hall.process;
    let of_form = Asked { process, case: None, actor: &actor, place, suggested: &[], prefix: "" };
    let values = if refused.is_some() { typed.fields(&declared) } else { Fields::new() };
    let findings = refused.map(|refused| refused.findings.as_slice()).unwrap_or_default();
    let id = |name: &str| format!("f-{name}");
    let command_id = typed.one("command_id").map_or_else(|| web.app.clock.id().to_string(), str::to_owned);
    Ok(TicketForm {
        lanes: board::lanes(web, look, hall).await?,
        lane_name: hall.lane_field().map(|field| field.name.clone()).unwrap_or_default(),
        fields: look.fields(&of_form, &declared, Entered { values: Some(&values), findings, more: None }),
        hidden: vec![Hidden::new("command_id", command_id)],
        errors: look.problems(&hall.process.form, findings, &id),
        closed: hall.closed(web.now).map(|text| look.text(text)),
        not_now: hall.not_now(look),
        staff_only: !hall.process.open_by.contains(&Who::Public),
    })
}

/// Gives a ticket, counted by address: a queue that strangers fill is no queue.
///
/// # Errors
/// What is shown instead.
pub async fn take(web: &Web, hall: &Hall<'_>, typed: &Typed, channel: &str) -> Result<Outcome, Refused> {
    let words = web.words();
    let look = web.look(&words);
    let key = format!("{}/{}", web.network(), hall.place);
    if let Some(seconds) = web.app.rates.ticket.wait(&key, web.now) {
        let message = look.say("error-429-what", &[("seconds", seconds.into())]);
        return Err(Refused { status: StatusCode::TOO_MANY_REQUESTS, message, findings: Vec::new() });
    }
    web.app.rates.ticket.count(&key, web.now);
    let mut values = typed.fields(&asked(hall, web.now));
    values.extend(hall.given());
    if let Some(field) = hall.lane_field()
        && let Some(value) = typed.value(field, &field.name)
    {
        values.insert(field.name.clone(), value);
    }
    let shard = shard_for(&web.world, hall.process, &values, web.today()).map_err(|finding| Refused {
        status: StatusCode::UNPROCESSABLE_ENTITY,
        message: look.t("refusal-form"),
        findings: vec![finding],
    })?;
    let id = typed.one("command_id").and_then(|id| id.parse().ok()).unwrap_or_else(|| web.app.clock.id());
    let body = Body::Open {
        process: hall.process.name.clone(),
        form: values,
        channel: channel.to_owned(),
        observed_at: None,
        from: None,
    };
    // A kiosk may have been set up by somebody of the staff: the ticket is nevertheless taken by whoever stands there.
    let command = Command { id: CommandId(id), shard, actor: Actor::Public, body };
    web.app.committer.send(command).await.map_err(|error| match error {
        CommitError::Refused(refusal) => {
            let status = refusal_status(refusal.code);
            Refused { status, message: look.refusal(Some(hall.process), &refusal), findings: refusal.fields }
        }
        error => {
            let error = Error::from(error);
            error.log();
            let key = if matches!(error, Error::Busy) { "refusal-busy" } else { "refusal-storage" };
            let message = look.say(key, &[("seconds", RETRY_SECONDS.into())]);
            Refused { status: error.status(), message, findings: Vec::new() }
        }
    })
}

/// The key in the address of a kiosk: only who serves the hall can make such an address.
fn key(web: &Web, process: &str, place: PlaceCode) -> String {
    sign::hex(&sign::sign(&web.app.master, Use::Kiosk, &[process, &place.to_string()]))[..KEY_CHARS].to_owned()
}

/// The address of the kiosk of a hall, for those who set it up.
#[must_use]
pub fn kiosk_href(web: &Web, hall: &Hall<'_>) -> String {
    format!("{}/kiosk?key={}", hall.href(), key(web, &hall.process.name, hall.place))
}

/// Refuses a kiosk whose address has not the key of its hall; tries are counted.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::TooMany`].
pub fn check_key(web: &Web, hall: &Hall<'_>, given: &str) -> Result<(), Error> {
    let (address, rate) = (web.network(), &web.app.rates.verify);
    if let Some(seconds) = rate.wait(&address, web.now) {
        return Err(Error::TooMany { seconds });
    }
    if sign::same(given, &key(web, &hall.process.name, hall.place)) {
        return Ok(());
    }
    rate.count(&address, web.now);
    Err(Error::NotFound)
}

/// Whether the signed-in post serves the hall.
#[must_use]
pub fn serves(web: &Web, hall: &Hall<'_>) -> bool {
    let post = who::post_of(&web.world, &web.actor(), web.now);
    post.is_some_and(|post| post.place == hall.place && ganglion_kernel::queue::serves(hall.process, post).is_some())
}
