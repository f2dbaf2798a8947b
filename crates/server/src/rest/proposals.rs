//! Changes of rows that wait for a second person: list and decide.

use super::answer::{command_id, done, json_of, listed, only, uuid_of, vouched};
use super::rows::outcome_body;
use crate::error::Error;
use crate::limits::API_ROWS_MAX;
use crate::staff::registers::{Readable, readable};
use crate::web::Web;
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use ganglion_kernel::decide::row_who::RowReach;
use ganglion_kernel::port_rows::ProposalFilter;
use ganglion_model::change::{Body, Command};
use ganglion_model::{Proposal, ProposalId, ProposalState, Shard, Verdict};
use serde::Deserialize;
use serde_json::{Map, Value, json};

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct DecideBody {
    #[serde(default)]
    reason: String,
}

const STATES: [ProposalState; 4] =
    [ProposalState::Open, ProposalState::Approved, ProposalState::Rejected, ProposalState::Withdrawn];

fn shown(web: &Web, readable: &Readable<'_>, one: &Proposal) -> Value {
    let fields: Map<String, Value> = readable
        .fields(web)
        .into_iter()
        .filter_map(|field| Some((field.name.clone(), one.wish.form.get(&field.name)?.clone())))
        .collect();
    json!({
        "id": one.id,
        "shard": one.shard,
        "register": one.wish.register,
        "key": one.key,
        "deed": one.wish.deed,
        "place": one.wish.place,
        "from": one.wish.from,
        "until": one.wish.until,
        "fields": fields,
        "why": one.wish.why,
        "state": one.state.as_str(),
        "proposed_at": one.by.at,
        "proposed_by": one.by.post,
        "decided_at": one.decided.as_ref().map(|mark| mark.at),
        "decided_by": one.decided.as_ref().and_then(|mark| mark.post.clone()),
        "reason": one.reason,
    })
}

/// `GET /api/registers/{register}/proposals?state=`: the newest ones inside the caller's place.
pub async fn list(web: Web, headers: HeaderMap, Path(name): Path<String>) -> Result<Response, Error> {
    web.post()?;
    let readable = readable(&web, &name)?;
    only(&web, &["state"])?;
    let within = match readable.reach {
        RowReach::All => None,
        RowReach::Within(place) => Some(place),
        RowReach::Public => return Err(Error::NotFound),
    };
    let state = match web.arg("state") {
        None => None,
        Some(name) => Some(STATES.into_iter().find(|state| state.as_str() == name).ok_or(Error::Unreadable("state"))?),
    };
    let filter = ProposalFilter { registers: vec![(name, within)], state, row: None };
    let found = web.app.store.proposals(&filter, API_ROWS_MAX).await?;
    let items = found.iter().map(|one| shown(&web, &readable, one)).collect();
    Ok(listed(&web, &headers, items, None))
}

/// `POST /api/registers/{register}/proposals/{shard}/{id}/{verdict}`: `approve`, `reject` or `withdraw`.
pub async fn decide(
    web: Web,
    headers: HeaderMap,
    Path((name, shard, id, verdict)): Path<(String, u32, String, String)>,
    bytes: Bytes,
) -> Result<Response, Error> {
    vouched(&web)?;
    let verdict = match verdict.as_str() {
        "approve" => Verdict::Approve,
        "reject" => Verdict::Reject,
        "withdraw" => Verdict::Withdraw,
        _ => return Err(Error::NotFound),
    };
    let (shard, proposal) = (Shard(shard), ProposalId(uuid_of(&id)?));
    let known = web.app.store.proposal(shard, proposal).await?;
    known.filter(|one| one.wish.register == name).ok_or(Error::NotFound)?;
    let DecideBody { reason } = if bytes.is_empty() { DecideBody::default() } else { json_of(&bytes)? };
    let body = Body::Decide { proposal, verdict, reason };
    let command = Command { id: command_id(&web, &headers)?, shard, actor: web.actor(), body };
    let outcome = web.app.committer.send(command).await?;
    let told = outcome_body(&outcome, false);
    Ok(done(StatusCode::OK, &outcome, (told, None)))
}
