//! Cases of a process: list, one, open, act, take the next of a queue. The same commands as from any page, decided by the
//! same rules; the caller is a person or a key.

use super::answer::{
    case_href, command_id, done, if_match, json_of, listed, only, outcome_body, refused, versioned, vouched,
};
use crate::api::act::{Acting, Opening, acted, opened};
use crate::api::read::{filter, page};
use crate::error::Error;
use crate::view::case::{AT_THE_WINDOW, CHANNELS, FROM_ELSEWHERE};
use crate::view::facts::may_see;
use crate::web::Web;
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use ganglion_kernel::decide::who;
use ganglion_kernel::port::CaseFilter;
use ganglion_kernel::seal::is_sealed;
use ganglion_model::change::{Body, Command};
use ganglion_model::pack::Process;
use ganglion_model::{Case, CommandId, FieldFinding, Fields, Refusal, RefusalCode};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Parameters of a list.
pub const FILTERS: [&str; 14] = [
    "state",
    "place",
    "kind",
    "open",
    "assignee",
    "level",
    "opened_from",
    "opened_to",
    "due_before",
    "q",
    "order",
    "limit",
    "after",
    "fields",
];

/// What opens a case.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenBody {
    form: Fields,
    #[serde(default)]
    channel: Option<String>,
    #[serde(default)]
    observed_at: Option<Timestamp>,
}

/// What an action takes.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub struct ActBody {
    #[serde(default)]
    form: Fields,
}

impl ActBody {
    /// With this form.
    pub fn of(form: Fields) -> ActBody {
        ActBody { form }
    }
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct NextBody {
    #[serde(default)]
    lanes: Vec<String>,
    #[serde(default)]
    form: Fields,
}

/// The process called `name`.
///
/// # Errors
/// [`Error::NotFound`].
pub fn process<'w>(web: &'w Web, name: &str) -> Result<&'w Process, Error> {
    web.world.model.processes.get(name).ok_or(Error::NotFound)
}

/// A case of that process which the caller may read.
///
/// # Errors
/// [`Error::NotFound`]; storage.
pub async fn found(web: &Web, name: &str, number: &str) -> Result<Case, Error> {
    web.post()?;
    let case = web.find_number(number).await?.filter(|case| case.process == name).ok_or(Error::NotFound)?;
    let actor = web.actor();
    let post = who::post_of(&web.world, &actor, web.now);
    if who::may_read(&web.world, &actor, post, &case) { Ok(case) } else { Err(Error::NotFound) }
}

/// `GET /api/processes/{process}/cases`.
pub async fn list(web: Web, headers: HeaderMap, Path(name): Path<String>) -> Result<Response, Error> {
    web.post()?;
    process(&web, &name)?;
    only(&web, &FILTERS)?;
    let words = web.arg("q").map(str::to_owned);
    let asked = CaseFilter { processes: vec![name], words, ..filter(&web)? };
    let (cases, next) = page(&web, &asked).await?;
    let items = cases.iter().map(|case| shown(&web, case)).collect();
    Ok(listed(&web, &headers, items, next.as_deref()))
}

/// `GET /api/processes/{process}/cases/{number}`.
pub async fn one(
    web: Web,
    headers: HeaderMap,
    Path((name, number)): Path<(String, String)>,
) -> Result<Response, Error> {
    only(&web, &[])?;
    let case = found(&web, &name, &number).await?;
    Ok(versioned(&web, &headers, case.version, shown(&web, &case)))
}

/// The way a case comes in: as the caller says, if the process knows it.
fn channel(web: &Web, process: &Process, said: Option<String>) -> Result<String, Error> {
    let list = process.channels.as_deref().unwrap_or(CHANNELS);
    let Some(said) = said else {
        return Ok(if web.key().is_some() { FROM_ELSEWHERE } else { AT_THE_WINDOW }.to_owned());
    };
    let known = web.world.model.lists.get(list).and_then(|list| list.code(&said));
    if known.is_some_and(|code| code.valid_on(web.today())) {
        return Ok(said);
    }
    let finding = FieldFinding {
        field: "channel".to_owned(),
        problem: "not_a_choice".to_owned(),
        message: None,
        args: BTreeMap::from([("given".to_owned(), said)]),
    };
    Err(Error::Refused(Box::new(Refusal { fields: vec![finding], ..Refusal::new(RefusalCode::Form) })))
}

/// Opens a case as asked.
///
/// # Errors
/// What `decide` refuses; storage.
pub async fn open_one(
    web: &Web,
    name: &str,
    (id, body): (CommandId, OpenBody),
) -> Result<ganglion_model::Outcome, Error> {
    let process = process(web, name)?;
    let OpenBody { form, channel: said, observed_at } = body;
    let channel = channel(web, process, said)?;
    opened(web, Opening { id, process: name.to_owned(), form, channel, observed_at }).await
}

/// `POST /api/processes/{process}/cases`.
pub async fn open(web: Web, headers: HeaderMap, Path(name): Path<String>, bytes: Bytes) -> Result<Response, Error> {
    vouched(&web)?;
    let id = command_id(&web, &headers)?;
    let outcome = open_one(&web, &name, (id, json_of(&bytes)?)).await?;
    let location = outcome.number.as_ref().map(|number| case_href(&name, number));
    Ok(done(StatusCode::CREATED, &outcome, (outcome_body(&outcome), location)))
}

/// Takes an action on a case of that process.
///
/// # Errors
/// What `decide` refuses; storage.
pub async fn act_one(
    web: &Web,
    name: &str,
    (id, number, action): (CommandId, &str, &str),
    (body, version): (ActBody, Option<u32>),
) -> Result<ganglion_model::Outcome, Error> {
    let case = web.find_number(number).await?.filter(|case| case.process == name).ok_or(Error::NotFound)?;
    let acting = Acting {
        id,
        shard: case.shard,
        case: case.id,
        process: case.process,
        action: action.to_owned(),
        form: body.form,
        version,
    };
    acted(web, acting).await
}

/// `POST /api/processes/{process}/cases/{number}/{action}`.
pub async fn act(
    web: Web,
    headers: HeaderMap,
    Path((name, number, action)): Path<(String, String, String)>,
    bytes: Bytes,
) -> Result<Response, Error> {
    vouched(&web)?;
    let id = command_id(&web, &headers)?;
    let body = if bytes.is_empty() { ActBody::default() } else { json_of(&bytes)? };
    let wish = (body, if_match(&headers)?);
    match act_one(&web, &name, (id, &number, &action), wish).await {
        Ok(outcome) => Ok(done(StatusCode::OK, &outcome, (outcome_body(&outcome), None))),
        Err(error) => refused(&web, &headers, error),
    }
}

/// `POST /api/processes/{process}/next`: the first of the queue that the caller may take.
pub async fn next(web: Web, headers: HeaderMap, Path(name): Path<String>, bytes: Bytes) -> Result<Response, Error> {
    let shard = vouched(&web)?.place.shard();
    process(&web, &name)?;
    let NextBody { lanes, form } = if bytes.is_empty() { NextBody::default() } else { json_of(&bytes)? };
    let body = Body::TakeNext { process: name.clone(), lanes, form };
    let command = Command { id: command_id(&web, &headers)?, shard, actor: web.actor(), body };
    let outcome = web.app.committer.send(command).await?;
    let location = outcome.number.as_ref().map(|number| case_href(&name, number));
    Ok(done(StatusCode::OK, &outcome, (outcome_body(&outcome), location)))
}

/// A case as JSON. Personal values are named and never told; confidential ones are there for the roles that see them.
pub fn shown(web: &Web, case: &Case) -> Value {
    let role = web.session.as_ref().and_then(|session| session.post.as_ref()).map_or("", |post| &post.role);
    let process = web.world.model.processes.get(&case.process);
    let (mut fields, mut withheld) = (Map::new(), Vec::new());
    for (name, value) in &case.fields {
        let Some(field) = process.and_then(|process| process.field(name)) else { continue };
        if field.personal || value.as_str().is_some_and(is_sealed) {
            withheld.push(name.clone());
        } else if may_see(field, role) {
            fields.insert(name.clone(), value.clone());
        }
    }
    let clock = |(name, clock): (&String, &ganglion_model::clocks::Clock)| {
        let shown = json!({
            "started_at": clock.started_at(),
            "due_at": clock.due_at(),
            "stopped_at": clock.stopped_at(),
            "paused": clock.is_paused(),
        });
        (name.clone(), shown)
    };
    let clocks: Map<String, Value> = case.clocks.iter().map(clock).collect();
    let links: Vec<Value> = case
        .links
        .iter()
        .map(|link| json!({ "kind": link.kind, "number": link.number, "process": link.process }))
        .collect();
    json!({
        "number": case.number,
        "numbers": case.numbers,
        "process": case.process,
        "state": case.state,
        "version": case.version,
        "place": case.place,
        "level": case.level,
        "point": case.point,
        "opened_at": case.opened_at,
        "observed_at": case.observed_at,
        "updated_at": case.updated_at,
        "closed_at": case.closed_at,
        "due_at": case.due_at(),
        "channel": case.channel,
        "assignee": case.assignee,
        "assist": case.assist,
        "fields": fields,
        "withheld": withheld,
        "clocks": clocks,
        "counts": case.counts,
        "links": links,
        "actions": offered(web, process, case),
    })
}

/// Names of the actions the caller may take on a case in its state; what a guard says is found out by trying.
fn offered(web: &Web, process: Option<&Process>, case: &Case) -> Vec<String> {
    let actor = web.actor();
    let post = who::post_of(&web.world, &actor, web.now);
    let actions = process.and_then(|process| process.states.get(&case.state)).map(|state| state.actions.as_slice());
    let may = |action: &&ganglion_model::pack::Action| {
        who::may_act(action, &actor, post, case) && !who::is_same_person(action, &actor, case)
    };
    actions.unwrap_or_default().iter().filter(may).map(|action| action.name.clone()).collect()
}
