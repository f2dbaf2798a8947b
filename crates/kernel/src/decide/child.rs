//! Cases opened out of other cases: telling the first one when the second ends, and what the first one does then.

use super::act::{deemed, process_of};
use super::draft::Draft;
use super::effect::derived;
use super::{Decision, Given, State};
use crate::apply::apply;
use crate::world::World;
use ganglion_model::change::{Actor, Body, Change, Command, Op, Refusal, RefusalCode};
use ganglion_model::row::{Case, Link, OPENED_FROM};
use std::collections::BTreeMap;

/// Notes on a draft that the case it was opened out of is to be told, when it has ended or goes on again.
pub fn tell(draft: &mut Draft, was_open: bool, command: &Command) {
    if was_open == draft.case.closed_at.is_none() {
        return;
    }
    let parents: Vec<Link> = draft.case.links.iter().filter(|link| link.kind == OPENED_FROM).cloned().collect();
    for parent in parents {
        let mut link = Link::to(&draft.case, OPENED_FROM);
        link.seen = draft.case.version + 1;
        let id = derived(command.id, &format!("child/{}", parent.case));
        let body = Body::Child { case: parent.case, link };
        let command = Box::new(Command { id, shard: parent.shard, actor: Actor::System, body });
        draft.op(Op::Send { command });
    }
}

/// Decides what a case does when one opened out of it has ended. A step that is not possible then is left out; the tie is
/// brought up to date in any case.
pub fn ended(
    world: &World,
    state: &State,
    command: &Command,
    given: &Given,
    (case, told): (&Case, &Link),
) -> Result<Decision, Refusal> {
    if command.actor != Actor::System {
        return Err(Refusal::new(RefusalCode::NotAllowed));
    }
    let tied = case.links.iter().filter(|link| link.case == told.case && link.kind != OPENED_FROM);
    let ties: Vec<Op> = tied
        .filter(|link| link.seen < told.seen)
        .map(|link| Op::Link { link: Link { kind: link.kind.clone(), ..told.clone() } })
        .collect();
    if ties.is_empty() {
        return Err(Refusal::new(RefusalCode::NotFound));
    }
    let mut now = case.clone();
    ties.iter().for_each(|op| apply(&mut now, op, given.now));
    let process = process_of(world, case)?;
    let rule = told.process.as_ref().filter(|_| told.settled).and_then(|name| process.children.get(name));
    let open = |name: &String| now.links.iter().any(|link| link.is_child(name) && !link.settled);
    let all_ended = told.process.as_ref().is_some_and(|name| !open(name));
    let action = rule.and_then(|rule| rule.all.as_ref().filter(|_| all_ended).or(rule.each.as_ref()));
    let decided = action.and_then(|action| deemed(world, state, command, given, (process, &now, action)));
    let Some(mut decision) = decided else {
        let change = Change::Case { case: case.id, action: "child".to_owned(), ops: ties, input: BTreeMap::new() };
        return Ok(Decision::of(change));
    };
    if let Some(Change::Case { ops, .. }) = decision.changes.first_mut() {
        ops.splice(0..0, ties);
    }
    Ok(decision)
}
