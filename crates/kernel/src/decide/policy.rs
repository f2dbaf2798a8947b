//! Rules of the deployment beside those of the packs: a forbid wins, and a permit with a condition counts only where the
//! condition holds. Lists ask [`listed`], single cases [`may_read_state`]: both judge the same expression, so that what is
//! listed and what may be opened cannot differ.

use crate::world::World;
use ganglion_model::expr::{Scope, Val};
use ganglion_model::pack::{Action, OPEN, PolicyEffect, PolicyRule, Process, READ, Who};
use ganglion_model::row::Case;
use ganglion_model::scope::{ActorView, Names};
use ganglion_model::{Fields, service_account};
use jiff::Timestamp;
use std::borrow::Cow;

/// Whether the actor is software with a key that stands in a post.
fn is_service(view: &ActorView) -> bool {
    view.account.as_ref().is_some_and(|account| account.starts_with(&service_account("").0))
}

/// Whether `who` means this actor, wherever the actor's place lies.
fn means(who: &Who, view: &ActorView, case: Option<&Case>) -> bool {
    let own = |post: Option<&ganglion_model::PostId>| post.is_some_and(|post| view.post.as_ref() == Some(&post.0));
    match who {
        Who::Role { role, level } => view.role == *role && view.level == Some(*level),
        Who::RoleHandling { role } => view.role == *role && case.is_none_or(|case| view.level == Some(case.level)),
        Who::RoleTaken { role } => {
            view.role == *role && view.place.is_some() && case.is_some_and(|case| case.taken_at == view.place)
        }
        Who::Assignee => case.is_some_and(|case| own(case.assignee.as_ref())),
        Who::Assisting => {
            case.is_some_and(|case| own(case.assignee.as_ref()) || case.assist.iter().any(|post| own(Some(post))))
        }
        Who::Reporter => view.role == "reporter" || case.is_some_and(|case| own(case.opened_by.as_ref())),
        Who::Public => view.role == "public",
        Who::Staff => view.post.is_some(),
        Who::Api => view.role == "api" || is_service(view),
        Who::System => view.role == "system",
    }
}

/// Whether `who` lets this actor act on the case: as [`means`], and a role counts where its place holds the case's.
fn lets(who: &Who, view: &ActorView, case: &Case) -> bool {
    let is_role = matches!(who, Who::Role { .. } | Who::RoleHandling { .. });
    means(who, view, Some(case)) && (!is_role || view.place.is_some_and(|place| place.holds(case.place)))
}

/// Rules over an action of a process.
fn rules<'w>(world: &'w World, process: &Process, action: &str) -> impl Iterator<Item = &'w PolicyRule> {
    world.model.policy.iter().filter(move |rule| rule.is_about(&process.name, action))
}

/// Whether a forbid means this actor now. Without names it means everybody but the system, which does what the law says it
/// does.
fn stops(rule: &PolicyRule, view: &ActorView, case: Option<&Case>, scope: &dyn Scope) -> bool {
    rule.effect == PolicyEffect::Forbid
        && if rule.who.is_empty() { view.role != "system" } else { rule.who.iter().any(|who| means(who, view, case)) }
        && rule.when.as_ref().is_none_or(|when| when.holds(scope))
}

/// The rule that keeps this actor, whom the lists allow it, from taking `action`; `None` when none does.
#[must_use]
pub fn in_the_way<'w>(
    (world, process): (&'w World, &Process),
    action: &Action,
    case: &Case,
    view: &ActorView,
    now: Timestamp,
) -> Option<&'w PolicyRule> {
    let names = Names { rows: world, process, case: Some(case), form: None, actor: Some(view), now };
    let of_action = || rules(world, process, &action.name);
    if let Some(rule) = of_action().find(|rule| stops(rule, view, Some(case), &names)) {
        return Some(rule);
    }
    let conditional = || of_action().filter(|rule| rule.is_conditional_permit());
    let first = conditional().next()?;
    let is_whole = |rule: &PolicyRule| rule.effect == PolicyEffect::Permit && rule.when.is_none();
    let is_conditional = |who: &Who| {
        let has = |rule: &PolicyRule| rule.who.contains(who);
        conditional().any(has) && !of_action().any(|rule| is_whole(rule) && has(rule))
    };
    let by_pack = action.by.iter().any(|who| !is_conditional(who) && lets(who, view, case));
    let by_rule = conditional().any(|rule| {
        rule.who.iter().any(|who| lets(who, view, case)) && rule.when.as_ref().is_none_or(|when| when.holds(&names))
    });
    (!by_pack && !by_rule).then_some(first)
}

/// The rule that forbids this actor to open a case of `process`; without what was typed, one that does so whatever is typed.
#[must_use]
pub fn against_opening<'w>(
    (world, process): (&'w World, &Process),
    view: &ActorView,
    typed: Option<&Fields>,
    now: Timestamp,
) -> Option<&'w PolicyRule> {
    let form = typed.map(|typed| (typed, process.form.as_slice()));
    let names = Names { rows: world, process, case: None, form, actor: Some(view), now };
    let is_judged = |rule: &&PolicyRule| typed.is_some() || rule.when.is_none();
    rules(world, process, OPEN).filter(is_judged).find(|rule| stops(rule, view, None, &names))
}

/// A case of which only the state is known.
struct InState<'a> {
    state: &'a str,
    names: Names<'a>,
}

impl Scope for InState<'_> {
    fn get<'a>(&'a self, path: &[String]) -> Val<'a> {
        match path {
            [root, name] if root == "case" && name == "state" => Val::Text(Cow::Borrowed(self.state)),
            _ => self.names.get(path),
        }
    }
}

/// Whether no rule forbids this actor to read cases of `process` in this state.
#[must_use]
pub fn may_read_state((world, process): (&World, &Process), view: &ActorView, state: &str) -> bool {
    let names = Names { rows: world, process, case: None, form: None, actor: Some(view), now: Timestamp::UNIX_EPOCH };
    let scope = InState { state, names };
    !rules(world, process, READ).any(|rule| stops(rule, view, None, &scope))
}

/// The states of `process` whose cases this actor may find in lists; `None`: no rule narrows them.
#[must_use]
pub fn listed((world, process): (&World, &Process), view: &ActorView) -> Option<Vec<String>> {
    rules(world, process, READ).any(|rule| rule.effect == PolicyEffect::Forbid).then_some(())?;
    let may = |state: &&String| may_read_state((world, process), view, state);
    let states: Vec<String> = process.state_order.iter().filter(may).cloned().collect();
    (states.len() < process.state_order.len()).then_some(states)
}
