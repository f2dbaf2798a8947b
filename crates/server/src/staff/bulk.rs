//! One action on many cases: each is sent as a command of its own, and each answers for itself. An action that asks for
//! something asks once, for all of them.

use super::act::command_id;
use super::find;
use super::query::own_address;
use super::registers::Offers;
use crate::error::Error;
use crate::looked;
use crate::typed::{Asking, Step};
use crate::view::Look;
use crate::view::case::card_href;
use crate::view::form::{Asked, FormView, Hidden, Typed as Entered};
use crate::web::Web;
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use ganglion_kernel::CommitError;
use ganglion_kernel::decide::{derived, guard_holds, who};
use ganglion_model::Case;
use ganglion_model::pack::{Action, Assign, Effect, Field, FieldKind, Process};
use serde::Serialize;
use std::collections::BTreeMap;

/// Cases one bulk action takes.
const BULK_MAX: usize = 200;

/// Bulk actions offered below a list.
#[derive(Clone, Debug, Serialize)]
pub struct BulkView {
    /// Where the numbers are sent.
    pub action_href: String,
    /// The buttons.
    pub actions: Vec<BulkAction>,
    /// Which of them each case admits, by its number: scripts leave those that every ticked case admits.
    pub of: BTreeMap<String, Vec<String>>,
}

/// A button.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct BulkAction {
    /// Name.
    pub name: String,
    /// Words.
    pub label: String,
}

/// What came of one case.
#[derive(Serialize)]
struct Outcome {
    number: String,
    title: String,
    href: String,
    done: bool,
    text: String,
}

#[derive(Serialize)]
struct BulkContext {
    page: crate::page::Page,
    title: String,
    form: Option<FormView>,
    cases: Vec<Outcome>,
    back_href: String,
    done: usize,
    refused: usize,
}

fn may(web: &Web, case: &Case, process: &Process, action: &Action) -> bool {
    let actor = web.actor();
    let post = who::post_of(&web.world, &actor, web.now);
    let view = who::view(&web.world, &actor, web.now);
    who::may_act(action, &actor, post, case)
        && !who::is_same_person(action, &actor, case)
        && guard_holds((&web.world, process), action, case, &view, web.now)
}

/// Whether a step may be taken on many cases at once: one its pack says so of, or one that only hands cases on. Whoever gives
/// out what waits decides nothing about any of it. A queue calls one after the other.
fn takes_many(process: &Process, action: &Action) -> bool {
    let hands = |effect: &Effect| matches!(effect, Effect::Assign(to) if *to != Assign::Nobody);
    let notes = |effect: &Effect| {
        matches!(effect, Effect::Assist(_) | Effect::Count(_) | Effect::Mark(_) | Effect::Notify { .. })
    };
    let once =
        |field: &Field| field.personal || matches!(field.kind, FieldKind::Files { .. } | FieldKind::Table { .. });
    let only_hands = action.effects.iter().any(hands)
        && action.effects.iter().all(|effect| hands(effect) || notes(effect))
        && action.not.is_empty()
        && !action.form.iter().any(once);
    action.bulk || (only_hands && !action.grave && process.queue.is_none())
}

/// Bulk actions that at least one of the cases allows this post.
pub fn offered(web: &Web, look: &Look<'_>, cases: &[Case], back: String) -> Option<BulkView> {
    let mut actions: BTreeMap<String, String> = BTreeMap::new();
    let mut of: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for case in cases {
        let Some(process) = web.world.model.processes.get(&case.process) else {
            continue;
        };
        let Some(state) = process.states.get(&case.state) else {
            continue;
        };
        for action in state.actions.iter().filter(|action| takes_many(process, action)) {
            if may(web, case, process, action) {
                let more = if action.form.is_empty() { "" } else { "…" };
                let label = || format!("{}{more}", look.text(&action.title));
                actions.entry(action.name.clone()).or_insert_with(label);
                of.entry(case.number.clone()).or_default().push(action.name.clone());
            }
        }
    }
    let actions: Vec<BulkAction> = actions.into_iter().map(|(name, label)| BulkAction { name, label }).collect();
    let query = crate::page::encode(&back);
    (!actions.is_empty()).then(|| BulkView { action_href: format!("/desk/bulk?back={query}"), actions, of })
}

/// `POST /desk/bulk`: with numbers and an action. An action that asks for something shows its form first (and again, when
/// it is wrong for every case); otherwise each case is acted on, and the page says what came of each.
pub async fn act(web: Web, asking: Asking) -> Result<Response, Error> {
    web.post()?;
    let typed = &asking.0;
    let name = typed.one("action").ok_or(Error::Unreadable("action"))?.to_owned();
    let back = own_address(web.arg("back").or_else(|| typed.one("back")), "/desk".to_owned());
    let numbers: Vec<String> = typed.all("number").take(BULK_MAX).map(str::to_owned).collect();
    let mut chosen = Vec::new();
    for number in &numbers {
        chosen.push(find::case(&web, number).await?);
    }
    let words = web.words();
    let look = web.look(&words);
    let first = chosen.iter().find_map(|(case, process)| {
        let action = process.action(&case.state, &name).filter(|action| takes_many(process, action))?;
        may(&web, case, process, action).then_some((case, *process, action))
    });
    let Some((case, process, action)) = first else {
        return Ok(web.redirect_with(&back, "warn", &look.t("bulk-none")));
    };
    let form = typed.fields(&action.form);
    if asking.step() == Step::Ask {
        let actor = who::view(&web.world, &web.actor(), web.now);
        let asked = Asked { process, case: Some(case), actor: &actor, place: case.place, suggested: &[], prefix: "" };
        let live = looked::live(&web, (&look, &asked), (&action.form, &form), (case.shard, None)).await?;
        return Ok(Json(live).into_response());
    }
    if let Step::More(more) = asking.step() {
        let entered = Entered { values: Some(&form), more: Some(more), ..Entered::default() };
        let view = ask(&web, &look, (case, process, action), (&numbers, &back), entered).await?;
        return page(&web, &look, action, (Some(view), Vec::new()), (back, StatusCode::OK)).await;
    }
    if !action.form.is_empty() && typed.one("confirmed").is_none() {
        let entered = Entered::default();
        let view = ask(&web, &look, (case, process, action), (&numbers, &back), entered).await?;
        return page(&web, &look, action, (Some(view), Vec::new()), (back, StatusCode::OK)).await;
    }
    let mut outcomes = Vec::new();
    let mut wrong = Vec::new();
    let id = command_id(&web, typed);
    for (case, process) in &chosen {
        let sent = super::act::send(&web, case, (derived(id, &case.number), &name), form.clone(), None).await;
        let (done, text) = match sent {
            Ok(outcome) => (true, look.state(process, outcome.state.as_deref().unwrap_or(&case.state)).label),
            Err(CommitError::Refused(refusal)) => {
                let text = look.refusal(Some(process), &refusal);
                let said = look.problems(&action.form, &refusal.fields, &|field| format!("f-bulk-{field}"));
                let more: Vec<String> = said.iter().map(|error| error.message.clone()).collect();
                wrong = refusal.fields;
                (false, if more.is_empty() { text } else { more.join(&look.t("list-comma")) })
            }
            Err(error) => {
                Error::from(error).log();
                (false, look.t("refusal-busy"))
            }
        };
        let (number, title) = (case.number.clone(), look.title(process, case));
        outcomes.push(Outcome { href: card_href(&number), number, title, done, text });
    }
    if outcomes.iter().all(|outcome| !outcome.done) && !wrong.is_empty() {
        // Wrong for every case: the form is at fault, so it stands open again with what was typed.
        let entered = Entered { values: Some(&form), findings: &wrong, more: None };
        let view = ask(&web, &look, (case, process, action), (&numbers, &back), entered).await?;
        return page(&web, &look, action, (Some(view), outcomes), (back, StatusCode::UNPROCESSABLE_ENTITY)).await;
    }
    page(&web, &look, action, (None, outcomes), (back, StatusCode::OK)).await
}

async fn ask(
    web: &Web,
    look: &Look<'_>,
    (case, process, action): (&Case, &Process, &Action),
    (numbers, back): (&[String], &str),
    entered: Entered<'_>,
) -> Result<FormView, Error> {
    let actor = who::view(&web.world, &web.actor(), web.now);
    let asked = Asked { process, case: Some(case), actor: &actor, place: case.place, suggested: &[], prefix: "bulk-" };
    let mut hidden = vec![
        Hidden::new("command_id", web.app.clock.id().to_string()),
        Hidden::new("action", &action.name),
        Hidden::new("confirmed", "1"),
        Hidden::new("back", back),
    ];
    hidden.extend(numbers.iter().map(|number| Hidden::new("number", number)));
    let mut view = look.action_form(&asked, action, hidden, entered);
    Offers::new(web, case.place).give(&action.form, &mut view.fields).await?;
    view.action_href = "/desk/bulk".to_owned();
    view.cancel_href = Some(back.to_owned());
    view.help = Some(look.say("bulk-for", &[("count", numbers.len().into())]));
    Ok(view)
}

async fn page(
    web: &Web,
    look: &Look<'_>,
    action: &Action,
    (form, cases): (Option<FormView>, Vec<Outcome>),
    (back_href, status): (String, StatusCode),
) -> Result<Response, Error> {
    let done = cases.iter().filter(|outcome| outcome.done).count();
    let title = look.text(&action.title);
    let context = BulkContext {
        page: web.page_titled(title.clone()),
        title,
        form,
        refused: cases.len() - done,
        cases,
        back_href,
        done,
    };
    web.render_status(status, "pages/bulk.html", context)
}
