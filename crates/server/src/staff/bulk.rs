//! One action on many cases: each is sent as a command of its own, and each answers for itself. An action that asks for
//! something asks once, for all of them; what a case has already stays as it is where nothing is chosen.
//!
//! Both the form and what came of it stand at an address of their own, so that going back and loading again work.

use super::act::command_id;
use super::find;
use super::query::{Query, own_address};
use super::registers::Offers;
use crate::error::Error;
use crate::identity;
use crate::looked;
use crate::typed::{Asking, Step, Typed};
use crate::view::Look;
use crate::view::case::card_href;
use crate::view::form::{Asked, FormView, Hidden, Typed as Entered};
use crate::view::many::own;
use crate::web::Web;
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use ganglion_kernel::CommitError;
use ganglion_kernel::decide::{derived, guard_holds, who};
use ganglion_model::change::FieldFinding;
use ganglion_model::pack::{Action, Assign, Effect, Field, FieldKind, Process};
use ganglion_model::{Case, CommandId, Fields};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Cases one bulk action takes.
const BULK_MAX: usize = 200;
/// Cases a form for many names one by one.
const NAMED_MAX: usize = 10;
/// What is kept of what came of many cases, so that it can be looked at again.
pub(crate) const KIND: &str = "bulk";
/// For how long, hours.
const KEPT_HOURS: i64 = 24;

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

/// What came of one case, as it is kept: nothing of the case itself.
#[derive(Deserialize, Serialize)]
struct Outcome {
    number: String,
    done: bool,
    text: String,
}

/// What came of many cases, as it is kept.
#[derive(Deserialize, Serialize)]
struct Done {
    title: String,
    outcomes: Vec<Outcome>,
}

/// What came of one case, as it is shown.
#[derive(Serialize)]
struct Line {
    number: String,
    title: String,
    href: String,
    done: bool,
    text: String,
}

/// A case a form for many covers.
#[derive(Serialize)]
struct Covered {
    number: String,
    title: String,
    href: String,
}

#[derive(Serialize)]
struct BulkContext {
    page: crate::page::Page,
    title: String,
    form: Option<FormView>,
    covers: Vec<Covered>,
    more: Option<String>,
    cases: Vec<Line>,
    back_href: String,
    done: usize,
    refused: usize,
}

/// The cases that were chosen, and the step to take on them.
struct Many<'w> {
    name: String,
    back: String,
    cases: Vec<(Case, &'w Process)>,
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

/// One of the cases, that the step is open to: the form is made for it.
type First<'m, 'w> = (&'m Case, &'w Process, &'w Action);

impl<'w> Many<'w> {
    async fn read(web: &'w Web, typed: &Typed) -> Result<Many<'w>, Error> {
        let name = typed.one("action").ok_or(Error::Unreadable("action"))?.to_owned();
        let back = own_address(web.arg("back").or_else(|| typed.one("back")), "/desk".to_owned());
        let mut cases = Vec::new();
        for number in typed.all("number").take(BULK_MAX) {
            cases.push(find::case(web, number).await?);
        }
        Ok(Many { name, back, cases })
    }

    fn first(&self, web: &Web) -> Option<First<'_, 'w>> {
        self.cases.iter().find_map(|(case, process)| {
            let process = *process;
            let action = process.action(&case.state, &self.name).filter(|action| takes_many(process, action))?;
            may(web, case, process, action).then_some((case, process, action))
        })
    }

    fn numbers(&self) -> impl Iterator<Item = &str> {
        self.cases.iter().map(|(case, _)| case.number.as_str())
    }

    /// Where the form stands.
    fn asking_href(&self) -> String {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut pairs = vec![pair("action", &self.name), pair("back", &self.back)];
        pairs.extend(self.numbers().map(|number| pair("number", number)));
        Query(pairs).on("/desk/bulk")
    }

    /// Back to the list, because the step is open to none of them.
    fn none(&self, web: &Web, look: &Look<'_>) -> Response {
        let key = if self.cases.is_empty() { "bulk-tick" } else { "bulk-none" };
        web.redirect_with(&self.back, "warn", &look.t(key))
    }

    /// Sends the step to each of them: what came of it, and what was wrong with the form.
    async fn send(
        &self,
        web: &Web,
        look: &Look<'_>,
        (id, form): (CommandId, &Fields),
    ) -> (Vec<Outcome>, Vec<FieldFinding>) {
        let actor = who::view(&web.world, &web.actor(), web.now);
        let (mut outcomes, mut wrong) = (Vec::new(), Vec::new());
        for (case, process) in &self.cases {
            let asked =
                Asked { process, case: Some(case), actor: &actor, place: case.place, suggested: &[], prefix: "" };
            let action = process.action(&case.state, &self.name);
            let own = action.map(|action| own(&asked, action, form)).unwrap_or_default();
            // What the case has itself was read in this version; in a later one it may be something else.
            let version = (!own.is_empty()).then_some(case.version);
            let mut form = form.clone();
            form.extend(own);
            let sent = super::act::send(web, case, (derived(id, &case.number), &self.name), form, version).await;
            let (done, text) = match sent {
                Ok(outcome) => (true, look.state(process, outcome.state.as_deref().unwrap_or(&case.state)).label),
                Err(CommitError::Refused(refusal)) => {
                    let text = look.refusal(Some(process), &refusal);
                    let declared = action.map(|action| action.form.as_slice()).unwrap_or_default();
                    let said = look.problems(declared, &refusal.fields, &|field| format!("f-bulk-{field}"));
                    let more: Vec<String> = said.iter().map(|error| error.message.clone()).collect();
                    wrong = refusal.fields;
                    (false, if more.is_empty() { text } else { more.join(&look.t("list-comma")) })
                }
                Err(error) => {
                    Error::from(error).log();
                    (false, look.t("refusal-busy"))
                }
            };
            outcomes.push(Outcome { number: case.number.clone(), done, text });
        }
        (outcomes, wrong)
    }
}

/// `GET /desk/bulk`: the form of a step for the cases of the address, or what came of it (`done`).
pub async fn show(web: Web) -> Result<Response, Error> {
    web.post()?;
    if let Some(id) = web.arg("done") {
        return shown_again(&web, id).await;
    }
    let many = Many::read(&web, &Typed::of(web.query.clone())).await?;
    let words = web.words();
    let look = web.look(&words);
    let Some(first) = many.first(&web) else {
        return Ok(many.none(&web, &look));
    };
    asking(&web, &look, (&many, first), (Entered::default(), Vec::new()), StatusCode::OK).await
}

/// `POST /desk/bulk`: with numbers and an action. An action that asks for something shows its form first (and again, when
/// it is wrong for every case); otherwise each case is acted on, and the page it leads to says what came of each.
pub async fn act(web: Web, sent: Asking) -> Result<Response, Error> {
    web.post()?;
    let typed = &sent.0;
    let many = Many::read(&web, typed).await?;
    let words = web.words();
    let look = web.look(&words);
    let id = command_id(&web, typed);
    let Some(first) = many.first(&web) else {
        // The same form once more: what came of it the first time is the answer.
        let is_known = web.app.store.kept_one(KIND, &kept_as(&web, &id.0.to_string())?).await?.is_some();
        return Ok(if is_known { done_at(&web, &many, id) } else { many.none(&web, &look) });
    };
    let (case, process, action) = first;
    let form = typed.fields(&action.form);
    if sent.step() == Step::Ask {
        let actor = who::view(&web.world, &web.actor(), web.now);
        let asked = Asked { process, case: Some(case), actor: &actor, place: case.place, suggested: &[], prefix: "" };
        let live = looked::live(&web, (&look, &asked), (&action.form, &form), (case.shard, None)).await?;
        return Ok(Json(live).into_response());
    }
    if let Step::More(more) = sent.step() {
        let entered = Entered { values: Some(&form), more: Some(more), ..Entered::default() };
        return asking(&web, &look, (&many, first), (entered, Vec::new()), StatusCode::OK).await;
    }
    if !action.form.is_empty() && typed.one("confirmed").is_none() {
        return Ok(web.redirect(&many.asking_href()));
    }
    let (outcomes, wrong) = many.send(&web, &look, (id, &form)).await;
    if outcomes.iter().all(|outcome| !outcome.done) && !wrong.is_empty() {
        // Wrong for every case: the form is at fault, so it stands open again with what was typed.
        let entered = Entered { values: Some(&form), findings: &wrong, more: None };
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return asking(&web, &look, (&many, first), (entered, outcomes), status).await;
    }
    let done = Done { title: look.text(&action.title), outcomes };
    let due = web.now + SignedDuration::from_hours(KEPT_HOURS);
    let kept = identity::kept((KIND, kept_as(&web, &id.0.to_string())?), Some(due), &done)?;
    web.app.store.kept_put(&[kept]).await?;
    Ok(done_at(&web, &many, id))
}

/// Under which name what came of a command is kept: nobody else reads it.
fn kept_as(web: &Web, id: &str) -> Result<String, Error> {
    Ok(format!("{}/{id}", web.signed_in()?.account))
}

/// On to the page that says what came of it.
fn done_at(web: &Web, many: &Many<'_>, id: CommandId) -> Response {
    web.redirect(&Query::default().with("done", &id.0.to_string()).with("back", &many.back).on("/desk/bulk"))
}

/// What came of many cases a while ago; back to the list when that is no longer known.
async fn shown_again(web: &Web, id: &str) -> Result<Response, Error> {
    let back = own_address(web.arg("back"), "/desk".to_owned());
    let Some(kept) = web.app.store.kept_one(KIND, &kept_as(web, id)?).await? else {
        return Ok(web.redirect(&back));
    };
    let Done { title, outcomes }: Done = identity::read(&kept)?;
    let words = web.words();
    let look = web.look(&words);
    let cases = lines(web, &look, outcomes).await?;
    page(web, (title, None), (Vec::new(), None), cases, (back, StatusCode::OK))
}

/// What came of each, with what it is called; a case that is no longer there for the reader has its number alone.
async fn lines(web: &Web, look: &Look<'_>, outcomes: Vec<Outcome>) -> Result<Vec<Line>, Error> {
    let mut lines = Vec::new();
    for Outcome { number, done, text } in outcomes {
        let title = match find::case(web, &number).await {
            Ok((case, process)) => look.title(process, &case),
            Err(Error::NotFound) => String::new(),
            Err(error) => return Err(error),
        };
        lines.push(Line { href: card_href(&number), number, title, done, text });
    }
    Ok(lines)
}

/// The form, with the cases it covers and, when it was refused for all of them, what was said of each.
async fn asking(
    web: &Web,
    look: &Look<'_>,
    (many, (case, process, action)): (&Many<'_>, First<'_, '_>),
    (entered, outcomes): (Entered<'_>, Vec<Outcome>),
    status: StatusCode,
) -> Result<Response, Error> {
    let actor = who::view(&web.world, &web.actor(), web.now);
    let asked = Asked { process, case: Some(case), actor: &actor, place: case.place, suggested: &[], prefix: "bulk-" };
    let mut hidden = vec![
        Hidden::new("command_id", web.app.clock.id().to_string()),
        Hidden::new("action", &action.name),
        Hidden::new("confirmed", "1"),
        Hidden::new("back", &many.back),
    ];
    hidden.extend(many.numbers().map(|number| Hidden::new("number", number)));
    let cases: Vec<(&Case, &Process)> = many.cases.iter().map(|(case, process)| (case, *process)).collect();
    let mut view = look.form_of_many(&asked, (action, &cases), hidden, entered);
    Offers::new(web, case.place).give(&action.form, &mut view.fields).await?;
    view.action_href = "/desk/bulk".to_owned();
    view.cancel_href = Some(many.back.clone());
    let count = cases.len();
    view.help = Some(look.say("bulk-for", &[("count", count.into())]));
    let named = cases.iter().take(NAMED_MAX).map(|(case, process)| Covered {
        number: case.number.clone(),
        title: look.title(process, case),
        href: card_href(&case.number),
    });
    let more = (count > NAMED_MAX).then(|| look.say("bulk-more", &[("count", count.into())]));
    let covers = (named.collect(), more);
    let lines = lines(web, look, outcomes).await?;
    page(web, (look.text(&action.title), Some(view)), covers, lines, (many.back.clone(), status))
}

fn page(
    web: &Web,
    (title, form): (String, Option<FormView>),
    (covers, more): (Vec<Covered>, Option<String>),
    cases: Vec<Line>,
    (back_href, status): (String, StatusCode),
) -> Result<Response, Error> {
    let done = cases.iter().filter(|line| line.done).count();
    let context = BulkContext {
        page: web.page_titled(title.clone()),
        title,
        form,
        covers,
        more,
        refused: cases.len() - done,
        cases,
        back_href,
        done,
    };
    web.render_status(status, "pages/bulk.html", context)
}
