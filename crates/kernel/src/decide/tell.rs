//! Whom a notice reaches: the reporter, the assignee, or posts of a role in reach of the case; and who is to act on a case
//! that was handed up because a clock ran out.

use crate::world::World;
use ganglion_model::change::Op;
use ganglion_model::clocks::local_date;
use ganglion_model::pack::{BREAK_GLASS, Process, Who};
use ganglion_model::row::Case;
use ganglion_model::{Level, PostId, Text};
use jiff::Timestamp;

/// Most posts one notice reaches.
const POSTS_MAX: usize = 200;

/// The op for each of those who are told.
pub fn ops(world: &World, case: &Case, (to, text): (&[Who], &Text), now: Timestamp) -> Vec<Op> {
    to.iter()
        .map(|who| {
            let (whom, posts) = reached(world, case, who, now);
            Op::Notify { whom, posts, text: text.clone() }
        })
        .collect()
}

/// The ops that tell the posts which may act on the case in its state when it is handled at `level`: one for each role that
/// has a post there. Who has the case is told as well, since it is no longer theirs alone.
pub fn handlers(world: &World, (process, case): (&Process, &Case), level: Level, now: Timestamp) -> Vec<Op> {
    let actions = process.states.get(&case.state).into_iter().flat_map(|state| &state.actions);
    let mut roles: Vec<&str> = Vec::new();
    for who in actions.filter(|action| action.name != BREAK_GLASS).flat_map(|action| &action.by) {
        let role = match who {
            Who::RoleHandling { role } => role,
            Who::Role { role, level: own } if *own == level => role,
            _ => continue,
        };
        if !roles.contains(&role.as_str()) {
            roles.push(role);
        }
    }
    let assignee = case.assignee.clone().map(|post| ("assignee".to_owned(), vec![post]));
    let posts =
        roles.into_iter().map(|role| (format!("{role}@{}", level.as_str()), of_role(world, case, (role, level), now)));
    let mut told: Vec<PostId> = Vec::new();
    let mut ops = Vec::new();
    for (whom, mut posts) in assignee.into_iter().chain(posts) {
        posts.retain(|post| !told.contains(post));
        told.extend(posts.iter().cloned());
        if !posts.is_empty() {
            ops.push(Op::Notify { whom, posts, text: Text::default() });
        }
    }
    ops
}

fn reached(world: &World, case: &Case, who: &Who, now: Timestamp) -> (String, Vec<PostId>) {
    match who {
        Who::Assignee => ("assignee".to_owned(), case.assignee.clone().into_iter().collect()),
        Who::Assisting => ("assisting".to_owned(), case.assignee.iter().chain(&case.assist).cloned().collect()),
        Who::Role { role, level } => (format!("{role}@{}", level.as_str()), of_role(world, case, (role, *level), now)),
        Who::RoleHandling { role } => (format!("{role}@handling"), of_role(world, case, (role, case.level), now)),
        Who::RoleTaken { role } => {
            let level = case.taken_at.map(|place| place.level());
            let posts = case.taken_at.into_iter().flat_map(|place| world.posts.at(place));
            let posts = posts.filter(|post| post.role == *role && post.valid_on(local_date(now)));
            let posts = posts.take(POSTS_MAX).map(|post| post.id.clone()).collect();
            (format!("{role}@{}", level.map_or("taken", Level::as_str)), posts)
        }
        Who::Reporter | Who::Public | Who::Staff | Who::Api | Who::System => ("reporter".to_owned(), Vec::new()),
    }
}

fn of_role(world: &World, case: &Case, (role, level): (&str, Level), now: Timestamp) -> Vec<PostId> {
    let at = case.place.at(level).into_iter().flat_map(|place| world.posts.at(place));
    let fits = at.filter(|post| post.role == role && post.valid_on(local_date(now)) && post.account.is_some());
    fits.take(POSTS_MAX).map(|post| post.id.clone()).collect()
}
