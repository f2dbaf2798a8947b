//! Changes that wait for a second person: the inbox of those who may approve, and the decision.

use super::row_href;
use crate::error::{Error, refusal_status};
use crate::staff::act::command_id;
use crate::typed::Typed;
use crate::view::{Look, People};
use crate::web::Web;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use ganglion_kernel::CommitError;
use ganglion_kernel::decide::row_who::{may_approve_row, may_propose_row, may_read_row};
use ganglion_kernel::port_rows::ProposalFilter;
use ganglion_model::change::{Body, Command};
use ganglion_model::pack::{Register, Scope, Who};
use ganglion_model::row::Mark;
use ganglion_model::{
    AccountId, PlaceCode, Post, Proposal, ProposalId, ProposalState, Record, RowDeed, Shard, Verdict,
};
use serde::Serialize;
use std::collections::BTreeSet;

/// Proposals on one page.
const SHOWN_MAX: u32 = 100;
/// Counted for the desk; more are shown as this many and a plus sign.
const COUNTED_MAX: u32 = 99;

/// What waits, for the desk.
#[derive(Clone, Debug, Serialize)]
pub struct Waiting {
    /// How many.
    pub count: String,
    /// Where they are.
    pub href: &'static str,
}

/// One value that would change.
#[derive(Clone, Debug, Serialize)]
pub struct Difference {
    label: String,
    now: String,
    then: String,
}

/// A proposal.
#[derive(Clone, Debug, Serialize)]
pub struct ProposalView {
    register: String,
    key: String,
    href: String,
    action_href: String,
    /// What would happen.
    deed: String,
    from: String,
    place: String,
    by: String,
    at: String,
    why: String,
    state: String,
    state_label: String,
    decided: String,
    reason: String,
    differences: Vec<Difference>,
    may_decide: bool,
    may_withdraw: bool,
    own: bool,
    command_id: String,
}

#[derive(Serialize)]
struct InboxContext {
    page: crate::page::Page,
    groups: Vec<super::together::GroupView>,
    proposals: Vec<ProposalView>,
    refusal: Option<String>,
    reason: String,
}

/// Who stands in a proposal.
pub fn marks(proposal: &Proposal) -> Vec<&Mark> {
    std::iter::once(&proposal.by).chain(&proposal.decided).collect()
}

/// Names of people by account.
///
/// # Errors
/// Storage.
pub async fn people(web: &Web, wanted: BTreeSet<AccountId>) -> Result<People, Error> {
    let mut people = People::new();
    for id in wanted {
        if let Some(account) = web.app.store.account(&id).await? {
            people.insert(id, account.name);
        }
    }
    Ok(people)
}

/// Registers in which the post approves or proposes, with how far its place reaches.
fn mine(web: &Web, post: &Post, rules: fn(&Register) -> &[Who]) -> Vec<(String, Option<PlaceCode>)> {
    let has =
        |who: &Who| matches!(who, Who::Role { role, level } if post.role == *role && post.place.level() == *level);
    let registers = web.world.model.registers.values().filter(|register| rules(register).iter().any(has));
    registers
        .map(|register| {
            let within = Some(post.place).filter(|_| register.scope != Scope::Deployment);
            (register.name.clone(), within)
        })
        .collect()
}

/// What waits for this post.
pub fn waiting_filter(web: &Web, post: &Post) -> ProposalFilter {
    let registers = mine(web, post, |register| &register.approve);
    ProposalFilter { registers, state: Some(ProposalState::Open), row: None }
}

/// How many proposals wait for this post; `None` when it approves nothing.
///
/// # Errors
/// Storage.
pub async fn waiting(web: &Web) -> Result<Option<Waiting>, Error> {
    let (post, account) = (web.post()?, &web.signed_in()?.account);
    let filter = waiting_filter(web, post);
    if filter.registers.is_empty() && mine(web, post, |register| &register.propose).is_empty() {
        return Ok(None);
    }
    let open = web.app.store.proposals(&filter, COUNTED_MAX + 1).await?;
    let others = open.iter().filter(|one| one.by.account.as_ref() != Some(account)).count();
    let count = if others > COUNTED_MAX as usize { format!("{COUNTED_MAX}+") } else { others.to_string() };
    Ok(Some(Waiting { count, href: "/proposals" }))
}

/// `GET /proposals`: what waits for the post, and what it proposed itself.
pub async fn show(web: Web) -> Result<Response, Error> {
    inbox(&web, None, "", StatusCode::OK).await
}

async fn inbox(web: &Web, refusal: Option<String>, reason: &str, status: StatusCode) -> Result<Response, Error> {
    let post = web.post()?.clone();
    let words = web.words();
    let look = web.look(&words);
    let mut found = web.app.store.proposals(&waiting_filter(web, &post), SHOWN_MAX).await?;
    let proposed =
        ProposalFilter { registers: mine(web, &post, |register| &register.propose), ..ProposalFilter::default() };
    let own = web.app.store.proposals(&proposed, SHOWN_MAX).await?;
    found.extend(own.into_iter().filter(|one| one.by.post.as_ref() == Some(&post.id)));
    found.dedup_by_key(|one| one.id);
    let wanted = found.iter().flat_map(marks).filter_map(|mark| mark.account.clone()).collect();
    let people = people(web, wanted).await?;
    let mut proposals = Vec::new();
    for one in &found {
        let row = (one.shard, one.wish.register.clone(), one.key.clone());
        let versions = super::rows::versions(web, &row).await?;
        proposals.push(view(web, &look, one, (&versions, &people)));
    }
    let groups = super::together::groups(web, &look).await?;
    let page = web.page("title-proposals");
    let context = InboxContext { page, groups, proposals, refusal, reason: reason.to_owned() };
    web.render_status(status, "pages/proposals.html", context)
}

/// A proposal against the row as it is.
pub fn view(web: &Web, look: &Look<'_>, one: &Proposal, (versions, people): (&[Record], &People)) -> ProposalView {
    let register = web.world.model.registers.get(&one.wish.register);
    let who = |mark: &Mark| {
        let name = mark.account.as_ref().and_then(|account| people.get(account)).cloned().unwrap_or_default();
        let post = mark.post.as_ref().map(|post| look.post(post)).unwrap_or_default();
        [name, post].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
    };
    let account = web.session.as_ref().map(|session| &session.account);
    let own = account.is_some() && one.by.account.as_ref() == account;
    let open = one.state == ProposalState::Open;
    let (actor, post) = (web.actor(), web.post().ok());
    let newest = versions.iter().max_by_key(|record| record.version);
    let may = |may: fn(&Register, &ganglion_model::Actor, Option<&Post>, Option<PlaceCode>) -> bool| {
        register.is_some_and(|register| {
            let then = register.judged_at(one.wish.place, &one.wish.form);
            let now = newest.and_then(|record| register.judged_at(record.place, &record.fields));
            may(register, &actor, post, then.or(now))
        })
    };
    let may_read = register.is_some_and(|register| may_read_row(register, &actor, post, one.wish.place));
    let deed = match (one.wish.deed, versions.is_empty()) {
        (RowDeed::Retire, _) => "proposal-retire",
        (RowDeed::Put, true) => "proposal-new",
        (RowDeed::Put, false) => "proposal-change",
    };
    ProposalView {
        register: register.map(|register| look.text(&register.title)).unwrap_or_default(),
        key: one.key.clone(),
        href: if versions.is_empty() || !may_read {
            String::new()
        } else {
            row_href("rows", one.shard, &one.wish.register, &one.key)
        },
        action_href: format!("/proposals/{}/{}", one.shard, one.id),
        deed: look.t(deed),
        from: one.wish.from.map(|day| look.say("reg-since", &[("from", day.to_string().into())])).unwrap_or_default(),
        place: one.wish.place.map(|place| look.place_path(place)).unwrap_or_default(),
        by: who(&one.by),
        at: look.when(one.by.at),
        why: one.wish.why.clone(),
        state: one.state.as_str().to_owned(),
        state_label: look.t(&format!("proposal-{}", one.state.as_str())),
        decided: one.decided.as_ref().map(who).unwrap_or_default(),
        reason: one.reason.clone(),
        differences: register.map(|register| differences(look, register, one, versions)).unwrap_or_default(),
        may_decide: open && !own && may(may_approve_row),
        may_withdraw: open && own && may(may_propose_row),
        own,
        command_id: web.app.clock.id().to_string(),
    }
}

/// What would be different. Personal values are only named.
fn differences(look: &Look<'_>, register: &Register, one: &Proposal, versions: &[Record]) -> Vec<Difference> {
    if one.wish.deed == RowDeed::Retire {
        return Vec::new();
    }
    let newest = versions.iter().max_by_key(|record| record.version);
    let changed = register.fields.iter().filter(|field| {
        let now = newest.and_then(|record| record.fields.get(&field.name));
        one.wish.form.get(&field.name) != now
    });
    changed
        .map(|field| {
            let words = |value: Option<&serde_json::Value>| match value {
                Some(_) if field.personal => look.t("proposal-personal"),
                Some(value) => look.value(field, value).unwrap_or_default(),
                None => String::new(),
            };
            Difference {
                label: look.text(&field.title),
                now: words(newest.and_then(|record| record.fields.get(&field.name))),
                then: words(one.wish.form.get(&field.name)),
            }
        })
        .collect()
}

/// `POST /proposals/{shard}/{id}`: approves, rejects or takes back.
pub async fn decide(web: Web, Path((shard, id)): Path<(u32, String)>, typed: Typed) -> Result<Response, Error> {
    web.post()?;
    let id: uuid::Uuid = id.parse().map_err(|_| Error::NotFound)?;
    let (proposal, shard) = (ProposalId(id), Shard(shard));
    let verdict = match typed.one("verdict") {
        Some("approve") => Verdict::Approve,
        Some("reject") => Verdict::Reject,
        Some("withdraw") => Verdict::Withdraw,
        _ => return Err(Error::Unreadable("verdict")),
    };
    let reason = typed.one("reason").unwrap_or_default().to_owned();
    let words = web.words();
    let look = web.look(&words);
    let body = Body::Decide { proposal, verdict, reason: reason.clone() };
    let command = Command { id: command_id(&web, &typed), shard, actor: web.actor(), body };
    match web.app.committer.send(command).await {
        Ok(outcome) => {
            let key = match verdict {
                Verdict::Approve => "flash-approved",
                Verdict::Reject => "flash-rejected",
                Verdict::Withdraw => "flash-withdrawn",
            };
            let said = look.say(key, &[("key", outcome.number.unwrap_or_default().into())]);
            Ok(web.redirect_with("/proposals", "ok", &said))
        }
        Err(CommitError::Refused(refusal)) => {
            let status = refusal_status(refusal.code);
            if status == StatusCode::NOT_FOUND {
                return Err(Error::NotFound);
            }
            let first = refusal.fields.first().map(|finding| look.problem(None, finding, &look.t("proposal-reason")));
            let said = first.unwrap_or_else(|| look.refusal(None, &refusal));
            inbox(&web, Some(said), &reason, status).await
        }
        Err(error) => Err(error.into()),
    }
}
