//! Work handed over when somebody leaves a post: a case goes to another post of the same role, as it stands. Its state,
//! its clocks and what was typed stay; who handed it over and from whom stays in the journal.

use super::draft::Draft;
use super::who::post_of;
use super::{Decision, Given};
use crate::world::World;
use ganglion_model::change::{Change, Command, Op, Refusal, RefusalCode};
use ganglion_model::clocks::local_date;
use ganglion_model::row::Case;
use ganglion_model::{ADMIN_ROLE, Actor, Level, Post, PostId, SECURITY_ROLE};
use serde_json::Value;
use std::collections::BTreeMap;

/// Whether work of the post `from` on a case may go to the post `to`: one of the same role that somebody holds, where the case lies
/// or where the other post stands.
#[must_use]
pub fn may_take_over(from: &Post, to: &Post, day: jiff::civil::Date) -> bool {
    from.id != to.id && from.role == to.role && to.valid_on(day) && to.account.is_some() && !to.is_service()
}

/// Decides it, for those who administer the place of the post that is left or give out its posts, and for the system.
pub fn hand_over(
    world: &World,
    command: &Command,
    given: &Given,
    (case, from, to): (&Case, &PostId, &PostId),
) -> Result<Decision, Refusal> {
    let from = world.posts.get(from).ok_or_else(|| Refusal::new(RefusalCode::NotFound))?;
    let is_theirs = |by: &Post| {
        [ADMIN_ROLE, SECURITY_ROLE].contains(&by.role.as_str())
            && by.place.level() <= Level::County
            && by.place.holds(from.place)
    };
    if !post_of(world, &command.actor, given.now).is_some_and(is_theirs) && command.actor != Actor::System {
        return Err(Refusal::new(RefusalCode::NotFound));
    }
    let day = local_date(given.now);
    let fits = |to: &&Post| may_take_over(from, to, day) && (to.place == from.place || to.place.holds(case.place));
    let to = world.posts.get(to).filter(fits).ok_or_else(|| Refusal::new(RefusalCode::Outside))?;
    let mut draft = Draft::new(case.clone(), given.now);
    if case.assignee.as_ref() == Some(&from.id) {
        draft.op(Op::Assign { post: Some(to.id.clone()) });
    }
    if case.assist.contains(&from.id) {
        let mut posts: Vec<PostId> = case.assist.iter().filter(|post| **post != from.id).cloned().collect();
        if !posts.contains(&to.id) {
            posts.push(to.id.clone());
        }
        draft.op(Op::Assist { posts });
    }
    if draft.ops.is_empty() {
        return Err(Refusal::new(RefusalCode::WrongState).with("reason", "unchanged"));
    }
    let input = BTreeMap::from([("from".to_owned(), Value::String(from.id.0.clone()))]);
    Ok(Decision::of(Change::Case { case: case.id, action: "handed_over".to_owned(), ops: draft.ops, input }))
}
