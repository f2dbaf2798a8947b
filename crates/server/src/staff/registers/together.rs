//! Changes that one person proposed together, such as the rows of an adopted plan: approved or rejected in one go. Each is still
//! a decision of its own, judged by the kernel.

use super::import::send;
use super::proposals::{people, waiting_filter};
use crate::error::Error;
use crate::limits::{PLAN_ROWS_AT_ONCE, PLAN_ROWS_MAX};
use crate::staff::act::command_id;
use crate::typed::Typed;
use crate::view::Look;
use crate::view::words::count;
use crate::web::Web;
use axum::response::Response;
use futures_util::future::join_all;
use ganglion_kernel::decide::derived;
use ganglion_kernel::port_rows::ProposalFilter;
use ganglion_model::change::{Body, Command};
use ganglion_model::{AccountId, Proposal, Verdict};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// What makes proposals one: register, who proposed, why.
type Together = (String, Option<AccountId>, String);

/// Proposals that belong together.
#[derive(Clone, Debug, Serialize)]
pub struct GroupView {
    register: String,
    by: String,
    why: String,
    count: String,
    /// As they are sent back.
    name: String,
    account: String,
    command_id: String,
}

fn together(one: &Proposal) -> Together {
    (one.wish.register.clone(), one.by.account.clone(), one.wish.why.clone())
}

/// Those that wait for this post and were proposed by others.
async fn waiting(web: &Web) -> Result<Vec<Proposal>, Error> {
    let (post, account) = (web.post()?, &web.signed_in()?.account);
    let filter: ProposalFilter = waiting_filter(web, post);
    let mut open = web.app.store.proposals(&filter, u32::try_from(PLAN_ROWS_MAX).unwrap_or(u32::MAX)).await?;
    open.retain(|one| one.by.account.as_ref() != Some(account) && !one.wish.why.is_empty());
    Ok(open)
}

/// Groups of more than one.
///
/// # Errors
/// Storage.
pub async fn groups(web: &Web, look: &Look<'_>) -> Result<Vec<GroupView>, Error> {
    let mut all: BTreeMap<Together, u64> = BTreeMap::new();
    for one in waiting(web).await? {
        *all.entry(together(&one)).or_default() += 1;
    }
    all.retain(|_, many| *many > 1);
    let names: BTreeSet<AccountId> = all.keys().filter_map(|(_, account, _)| account.clone()).collect();
    let names = people(web, names).await?;
    let view = |((name, account, why), many): (Together, u64)| GroupView {
        register: web.world.model.registers.get(&name).map(|one| look.text(&one.title)).unwrap_or_default(),
        by: account.as_ref().and_then(|account| names.get(account)).cloned().unwrap_or_default(),
        why,
        count: count(many),
        name,
        account: account.map(|account| account.0).unwrap_or_default(),
        command_id: web.app.clock.id().to_string(),
    };
    Ok(all.into_iter().map(view).collect())
}

/// `POST /proposals/together`: approves or rejects all of a group.
pub async fn decide(web: Web, typed: Typed) -> Result<Response, Error> {
    web.post()?;
    let verdict = match typed.one("verdict") {
        Some("approve") => Verdict::Approve,
        Some("reject") => Verdict::Reject,
        _ => return Err(Error::Unreadable("verdict")),
    };
    let reason = typed.one("reason").unwrap_or_default().trim().to_owned();
    let text = |name: &str| typed.one(name).unwrap_or_default().to_owned();
    let wanted: Together = (text("register"), Some(AccountId(text("account"))), text("why"));
    let words = web.words();
    let look = web.look(&words);
    if verdict == Verdict::Reject && reason.is_empty() {
        return Ok(web.redirect_with("/proposals", "bad", &look.t("proposals-reason-needed")));
    }
    let base = command_id(&web, &typed);
    let command = |one: &Proposal| Command {
        id: derived(base, &format!("decide/{}", one.id)),
        shard: one.shard,
        actor: web.actor(),
        body: Body::Decide { proposal: one.id, verdict, reason: reason.clone() },
    };
    let commands: Vec<Command> =
        waiting(&web).await?.iter().filter(|one| together(one) == wanted).map(command).collect();
    let total = commands.len();
    let app = web.app.clone();
    // The work goes on when whoever asked for it is gone.
    let sent = tokio::spawn(async move {
        let mut failed = 0;
        for chunk in commands.chunks(PLAN_ROWS_AT_ONCE) {
            let answers = join_all(chunk.iter().cloned().map(|command| send(&app, command))).await;
            failed += answers.iter().filter(|answer| answer.is_err()).count();
        }
        failed
    });
    let failed = sent.await.map_err(|error| Error::Internal(format!("deciding proposals: {error}")))?;
    let args = [("count", (total - failed).into()), ("failed", failed.into())];
    let (tone, key) = match (failed, verdict) {
        (0, Verdict::Reject) => ("ok", "proposals-rejected"),
        (0, _) => ("ok", "proposals-approved"),
        _ => ("warn", "proposals-decided-partly"),
    };
    Ok(web.redirect_with("/proposals", tone, &look.say(key, &args)))
}
