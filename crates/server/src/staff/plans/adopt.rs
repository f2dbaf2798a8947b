//! `POST /plans/{name}/adopt`: what a plan found becomes rows of its register, each a command of the person who adopts it, or a
//! proposal where the register needs two.
//!
//! The plan is computed anew: when something else would come of it than the page showed, nothing is done. Every command is tried
//! first, and none is sent if one would be refused. Should one be refused on the way all the same, or the connection be lost,
//! what was sent stands, and adopting again does the rest: what is as the plan says already is not touched.

use super::asked::{Asked, asked};
use super::page::render;
use super::read::{Computed, compute};
use crate::error::{Error, refusal_status};
use crate::limits::{PLAN_ROWS_AT_ONCE, PLAN_ROWS_MAX};
use crate::sign;
use crate::staff::act::command_id;
use crate::staff::registers::import::{send, try_rows};
use crate::typed::Typed;
use crate::view::Look;
use crate::view::problems::RefusalView;
use crate::web::Web;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use futures_util::future::join_all;
use ganglion_kernel::CommitError;
use ganglion_kernel::decide::derived;
use ganglion_kernel::plans::Right;
use ganglion_kernel::port_rows::ProposalFilter;
use ganglion_model::change::{Body, Command, Refusal};
use ganglion_model::{CommandId, ProposalState, RowKey, RowWish, Shard};
use ganglion_planning::declared::Draft;
use std::collections::BTreeSet;

/// Refused rows that are named.
const NAMED_MAX: usize = 10;

/// Rows of a draft about which a change waits for a second person already: they are not proposed again.
#[derive(Default)]
pub struct Waiting {
    rows: BTreeSet<RowKey>,
    /// How many of the draft they are.
    pub count: usize,
}

impl Waiting {
    /// Those of `draft`.
    ///
    /// # Errors
    /// Storage.
    pub async fn of(web: &Web, asked: &Asked<'_>, draft: &Draft) -> Result<Waiting, Error> {
        let result = asked.plan.result.as_ref();
        let register = result.and_then(|result| web.world.model.registers.get(&result.register));
        let Some(register) = register.filter(|register| register.needs_two() && !draft.wishes.is_empty()) else {
            return Ok(Waiting::default());
        };
        let filter = ProposalFilter {
            registers: vec![(register.name.clone(), None)],
            state: Some(ProposalState::Open),
            row: None,
        };
        let open = web.app.store.proposals(&filter, u32::try_from(PLAN_ROWS_MAX).unwrap_or(u32::MAX)).await?;
        let rows = open.into_iter().map(|one| (one.shard, one.wish.register, one.key)).collect();
        let mut waiting = Waiting { rows, count: 0 };
        waiting.count = draft.wishes.iter().filter(|(shard, wish)| waiting.holds(*shard, wish)).count();
        Ok(waiting)
    }

    fn holds(&self, shard: Shard, wish: &RowWish) -> bool {
        let key = wish.key.clone().unwrap_or_default();
        self.rows.contains(&(shard, wish.register.clone(), key))
    }
}

/// What stands for everything that adopting would do.
pub fn digest(computed: &Computed) -> String {
    sign::digest(&serde_json::to_string(&computed.draft.wishes).unwrap_or_default())[..32].to_owned()
}

/// What became of an adoption.
pub enum Adopted {
    /// There is nothing to change any more.
    Nothing,
    /// Something else would come of it than was seen: nothing was done.
    Changed(Box<Computed>),
    /// Rows would be refused: nothing was done. With the first refusal, and all of them in words.
    Refused(Box<Computed>, Refusal, String),
    /// It was sent.
    Sent {
        /// Changes.
        total: usize,
        /// Those that were not carried out.
        failed: usize,
        /// Whether they wait for a second person.
        proposed: bool,
    },
}

/// Does what a plan found, if it still is what was seen; `base`: the id of the whole, from which those of its commands follow.
///
/// # Errors
/// Storage.
pub async fn carried_out(
    web: &Web,
    asked: &Asked<'_>,
    computed: Computed,
    (seen, base): (Option<&str>, CommandId),
) -> Result<Adopted, Error> {
    let waiting = Waiting::of(web, asked, &computed.draft).await?;
    if computed.draft.wishes.len() == waiting.count {
        return Ok(Adopted::Nothing);
    }
    if seen != Some(digest(&computed).as_str()) {
        return Ok(Adopted::Changed(Box::new(computed)));
    }
    let mut commands = commands(web, (&computed.draft, &waiting), base);
    let bad = try_rows(web, &mut commands).await?;
    if let Some((_, first)) = bad.first() {
        let words = web.words();
        let said = said(&web.look(&words), &commands, &bad);
        return Ok(Adopted::Refused(Box::new(computed), first.clone(), said));
    }
    let (total, proposed) = (commands.len(), proposes(web, asked));
    // The work goes on when whoever asked for it is gone.
    let app = web.app.clone();
    let sent = tokio::spawn(async move { send_all(&app, commands).await });
    let failed = sent.await.map_err(|error| Error::Internal(format!("adopting a plan: {error}")))?;
    Ok(Adopted::Sent { total, failed, proposed })
}

/// `POST /plans/{name}/adopt`.
pub async fn adopt(web: Web, Path(name): Path<String>, typed: Typed) -> Result<Response, Error> {
    let pairs: Vec<(String, String)> = typed.pairs().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let asked = asked(&web, &name, &pairs)?;
    if asked.plan.result.is_none() {
        return Err(Error::NotFound);
    }
    if asked.right != Right::Adopt {
        return Err(Error::NotAllowed);
    }
    let Ok(form) = &asked.answers else {
        return render(&web, &asked, (None, None), StatusCode::UNPROCESSABLE_ENTITY).await;
    };
    let computed = match compute(&web, &asked, form).await? {
        Ok(computed) => computed,
        failed => return render(&web, &asked, (Some(failed), None), StatusCode::UNPROCESSABLE_ENTITY).await,
    };
    let words = web.words();
    let look = web.look(&words);
    let to = asked.query().on(&format!("/plans/{name}"));
    let base = command_id(&web, &typed);
    let (computed, refusal, status) = match carried_out(&web, &asked, computed, (typed.one("digest"), base)).await? {
        Adopted::Nothing => return Ok(web.redirect_with(&to, "info", &look.t("plan-adopt-done"))),
        Adopted::Sent { total, failed, proposed } => {
            let args = [("count", (total - failed).into()), ("failed", failed.into())];
            let (tone, key) = match (failed, proposed) {
                (0, false) => ("ok", "plan-adopted"),
                (0, true) => ("ok", "plan-proposed"),
                _ => ("warn", "plan-adopted-partly"),
            };
            return Ok(web.redirect_with(&to, tone, &look.say(key, &args)));
        }
        Adopted::Changed(computed) => (computed, look.t("plan-changed"), StatusCode::CONFLICT),
        Adopted::Refused(computed, first, said) => (computed, said, refusal_status(first.code)),
    };
    render(&web, &asked, (Some(Ok(*computed)), Some(refused(&look, refusal))), status).await
}

fn proposes(web: &Web, asked: &Asked<'_>) -> bool {
    let result = asked.plan.result.as_ref();
    let register = result.and_then(|result| web.world.model.registers.get(&result.register));
    register.is_some_and(ganglion_model::pack::Register::needs_two)
}

/// The commands of a draft. Their ids follow from the form and the row, so that a form sent twice does everything once.
fn commands(web: &Web, (draft, waiting): (&Draft, &Waiting), base: CommandId) -> Vec<Command> {
    let wishes = draft.wishes.iter().filter(|(shard, wish)| !waiting.holds(*shard, wish));
    let command = |(shard, wish): &(Shard, RowWish)| Command {
        id: derived(base, &format!("plan/{shard}/{}", wish.key.as_deref().unwrap_or_default())),
        shard: *shard,
        actor: web.actor(),
        body: Body::Row { wish: Box::new(wish.clone()) },
    };
    wishes.map(command).collect()
}

/// Sends commands, a bounded number at a time; gives how many were not carried out.
async fn send_all(app: &crate::app::App, commands: Vec<Command>) -> usize {
    let mut failed = 0;
    let mut commands = commands.into_iter().peekable();
    while commands.peek().is_some() {
        let chunk: Vec<Command> = commands.by_ref().take(PLAN_ROWS_AT_ONCE).collect();
        for answer in join_all(chunk.into_iter().map(|command| send(app, command))).await {
            match answer {
                Ok(()) => {}
                Err(CommitError::Refused(_)) => failed += 1,
                Err(error) => {
                    Error::from(error).log();
                    failed += 1;
                }
            }
        }
    }
    failed
}

fn refused(look: &Look<'_>, text: String) -> RefusalView {
    RefusalView { title: look.t("plan-not-adopted"), text, kept: Vec::new() }
}

/// Which rows would be refused, and why.
fn said(look: &Look<'_>, commands: &[Command], bad: &[(usize, Refusal)]) -> String {
    let line = |(at, refusal): &(usize, Refusal)| {
        let wish = commands.get(*at).and_then(|command| match &command.body {
            Body::Row { wish } => Some(wish),
            _ => None,
        });
        let key = wish.and_then(|wish| {
            let register = look.world.model.registers.get(&wish.register)?;
            wish.key.clone().or_else(|| register.key_of(&wish.form))
        });
        let fields = wish.and_then(|wish| look.world.model.registers.get(&wish.register)).map(|one| &one.fields);
        let first = refusal.fields.first().zip(fields);
        let why = first.and_then(|(finding, fields)| look.problem_at(fields, &refusal.fields, &finding.field));
        format!("{}{}{}", key.unwrap_or_default(), look.t("colon"), why.unwrap_or_else(|| look.refusal(None, refusal)))
    };
    let named = bad.iter().take(NAMED_MAX).map(line).collect::<Vec<_>>().join(&look.t("plan-semicolon"));
    look.say("plan-rows-refused", &[("count", bad.len().into()), ("rows", named.into())])
}
