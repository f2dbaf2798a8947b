//! Who may: the permission rules, small enough to read in a sitting.
//!
//! A rule is a role at a level, or a relation to the case. A role counts where its post stands at that level and the
//! post's place holds the case's place. Lists use [`reach`], which says the same thing as subtrees and roles, so that
//! what is listed and what may be opened cannot differ.

use super::policy;
use crate::world::World;
use ganglion_model::change::Actor;
use ganglion_model::clocks::local_date;
use ganglion_model::pack::{Action, BREAK_GLASS, Field, Process, Who};
use ganglion_model::row::{Case, Mark, OPENED_FROM};
use ganglion_model::scope::ActorView;
use ganglion_model::{AccountId, Level, PlaceCode, Post, PostId, service_account};
use jiff::Timestamp;
use serde_json::Value;

/// The post behind an actor, if it is one and exists today and is held by the account that claims it, or by somebody it stands in
/// for today. A service key stands in the post that is held in its name.
#[must_use]
pub fn post_of<'a>(world: &'a World, actor: &Actor, now: Timestamp) -> Option<&'a Post> {
    match actor {
        Actor::Post { post, account } => {
            world.posts.get(post).filter(|post| world.posts.acts_in(account, post, local_date(now)))
        }
        Actor::Api { key } => world.posts.of(&service_account(key)).find(|post| post.valid_on(local_date(now))),
        _ => None,
    }
}

/// Post and account an actor leaves behind where it did something.
#[must_use]
pub fn signature(world: &World, actor: &Actor, now: Timestamp) -> (Option<PostId>, Option<AccountId>) {
    match actor {
        Actor::Post { post, account } => (Some(post.clone()), Some(account.clone())),
        Actor::Api { key } => (post_of(world, actor, now).map(|post| post.id.clone()), Some(service_account(key))),
        _ => (None, None),
    }
}

/// The actor as expressions see it.
#[must_use]
pub fn view(world: &World, actor: &Actor, now: Timestamp) -> ActorView {
    let named = |role: &str| ActorView { role: role.to_owned(), ..ActorView::default() };
    match actor {
        Actor::Public => named("public"),
        Actor::Reporter { .. } => named("reporter"),
        Actor::System => named("system"),
        Actor::Api { .. } => post_of(world, actor, now).map_or_else(|| named("api"), view_of),
        // A deputy acts in the post and under their own name: who is barred from a case is barred by person.
        Actor::Post { account, .. } => post_of(world, actor, now)
            .map_or_else(ActorView::default, |post| ActorView { account: Some(account.0.clone()), ..view_of(post) }),
    }
}

/// A post as expressions see it.
#[must_use]
pub fn view_of(post: &Post) -> ActorView {
    ActorView {
        role: post.role.clone(),
        level: Some(post.place.level()),
        post: Some(post.id.0.clone()),
        place: Some(post.place),
        account: post.account.as_ref().map(|account| account.0.clone()),
    }
}

fn role_matches(post: Option<&Post>, role: &str, level: Level, place: PlaceCode) -> bool {
    post.is_some_and(|post| post.role == role && post.place.level() == level && post.place.holds(place))
}

/// Whether `actor` is a key that may act at `place`: one that stands in a post reaches no further than its post.
fn is_key(actor: &Actor, post: Option<&Post>, place: PlaceCode) -> bool {
    matches!(actor, Actor::Api { .. }) && post.is_none_or(|post| post.place.holds(place))
}

fn is_assigned(post: Option<&Post>, to: Option<&PostId>) -> bool {
    post.is_some_and(|post| Some(&post.id) == to)
}

/// Whether `actor` matches one rule for a case that exists.
#[must_use]
pub fn matches(who: &Who, actor: &Actor, post: Option<&Post>, case: &Case) -> bool {
    match who {
        Who::Role { role, level } => role_matches(post, role, *level, case.place),
        Who::RoleHandling { role } => role_matches(post, role, case.level, case.place),
        Who::RoleTaken { role } => post.is_some_and(|post| post.role == *role && Some(post.place) == case.taken_at),
        Who::Assignee => is_assigned(post, case.assignee.as_ref()),
        Who::Assisting => {
            is_assigned(post, case.assignee.as_ref()) || post.is_some_and(|post| case.assist.contains(&post.id))
        }
        Who::Reporter => {
            matches!(actor, Actor::Reporter { case: own } if *own == case.id)
                || is_assigned(post, case.opened_by.as_ref())
        }
        Who::Public => true,
        // Whoever may open everywhere has no business in every case.
        Who::Staff => false,
        Who::Api => is_key(actor, post, case.place),
        Who::System => matches!(actor, Actor::System),
    }
}

/// Whether `actor` may open a case of `process` at `place`. Where any office may take a case in, the role counts at its own
/// place, wherever the case belongs.
#[must_use]
pub fn may_open(process: &Process, actor: &Actor, post: Option<&Post>, place: PlaceCode) -> bool {
    let place = post.filter(|_| process.any_office).map_or(place, |post| post.place);
    // A person in a post may open elsewhere what anybody may; a key never reaches beyond its place.
    let reaches = |post: &Post| !post.is_service() || post.place.holds(place);
    process.open_by.iter().any(|who| match who {
        Who::Role { role, level } => role_matches(post, role, *level, place),
        Who::RoleHandling { role } => post.is_some_and(|post| post.role == *role && post.place.holds(place)),
        Who::Public => matches!(actor, Actor::Public) || post.is_some_and(reaches),
        Who::Staff => post.is_some_and(reaches),
        Who::Api => is_key(actor, post, place),
        Who::System => matches!(actor, Actor::System),
        Who::RoleTaken { .. } | Who::Assignee | Who::Assisting | Who::Reporter => false,
    })
}

/// Whether `actor` may take `action` on `case`, marks and guards left aside.
#[must_use]
pub fn may_act(action: &Action, actor: &Actor, post: Option<&Post>, case: &Case) -> bool {
    action.by.iter().any(|who| matches(who, actor, post, case))
}

/// Whether `actor` may look at `case` although it is not theirs to read, by the action `name`.
#[must_use]
pub fn may_break_glass((process, name): (&Process, &str), actor: &Actor, post: Option<&Post>, case: &Case) -> bool {
    name == BREAK_GLASS && process.action(&case.state, name).is_some_and(|action| may_act(action, actor, post, case))
}

/// Whether one of the marks in `action.not` was left by the same post or the same person, here or in the case this one was
/// opened out of, or a field that `not` names names them.
#[must_use]
pub fn is_same_person(action: &Action, actor: &Actor, case: &Case) -> bool {
    let (post, account) = match actor {
        Actor::Post { post, account } => (Some(post), account.clone()),
        // Whatever post a key stands in, it is the account that stays the same.
        Actor::Api { key } => (None, service_account(key)),
        _ => return false,
    };
    let is_own =
        |mark: &Mark| (post.is_some() && mark.post.as_ref() == post) || mark.account.as_ref() == Some(&account);
    let named =
        |value: &Value| value.as_str().is_some_and(|id| id == account.0 || post.is_some_and(|post| id == post.0));
    action.not.iter().any(|one| match one.split_once('.') {
        // Who handled the case this one was opened out of.
        Some(("parent", mark)) => case
            .links
            .iter()
            .filter(|link| link.kind == OPENED_FROM)
            .filter_map(|link| link.marks.get(mark))
            .any(is_own),
        // Posts or accounts named in a field: those who have to stand aside.
        Some(("case", field)) => match case.fields.get(field) {
            Some(Value::Array(all)) => all.iter().any(named),
            Some(one) => named(one),
            None => false,
        },
        _ => case.marks.get(one).is_some_and(is_own),
    })
}

/// Every rule that lets somebody read cases of a process: those who read, those who may act in some state, and those
/// who may open.
fn readers(process: &Process) -> impl Iterator<Item = &Who> {
    let acting = process.states.values().flat_map(|state| &state.actions);
    // Who may break the glass must: it would be no glass otherwise.
    let acting = acting.filter(|action| action.name != BREAK_GLASS);
    process.read.iter().chain(acting.flat_map(|action| &action.by))
}

/// Whether a case is `post`'s own: assigned to it, assisted by it, or opened by it.
fn is_tied(post: &Post, case: &Case) -> bool {
    let own = Some(&post.id);
    case.assignee.as_ref() == own || case.opened_by.as_ref() == own || case.assist.contains(&post.id)
}

/// Whether `actor` may read `case`.
#[must_use]
pub fn may_read(world: &World, actor: &Actor, post: Option<&Post>, case: &Case) -> bool {
    let Some(process) = world.model.processes.get(&case.process) else {
        return false;
    };
    let is_kept_from = |post: &Post| !policy::may_read_state((world, process), &view_of(post), &case.state);
    if !world.model.policy.is_empty() && post.is_some_and(is_kept_from) {
        return false;
    }
    readers(process).any(|who| match who {
        Who::Public | Who::Staff | Who::System => false,
        // Reading does not end when a case is handed up or down: the role at any level above the place reads on.
        Who::RoleHandling { role } => post.is_some_and(|post| post.role == *role && post.place.holds(case.place)),
        // The office that took a case in reads it as the office it belongs to does.
        Who::Role { role, level } => {
            matches(who, actor, post, case)
                || case.taken_at.is_some_and(|taken| role_matches(post, role, *level, taken))
        }
        who => matches(who, actor, post, case),
    }) || post
        .is_some_and(|post| is_tied(post, case) || case.marks.values().any(|mark| mark.post.as_ref() == Some(&post.id)))
}

/// Whether somebody with `role` sees the values of `field` in clear on a case they may read. An empty list of roles
/// means everybody who may read; the reporter sees what the reporter typed.
#[must_use]
pub fn sees(field: &Field, role: &str) -> bool {
    field.see.is_empty() || role == "reporter" || field.see.iter().any(|one| one == role)
}

/// What a post may list of a process: its whole subtree, or only what it is tied to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Everything inside the post's place.
    Subtree(PlaceCode),
    /// Only cases assigned to it, assisted, or opened by it.
    Own,
}

impl Reach {
    /// Whether a list with this reach shows `case` to `post`: what the conditions of a list in storage must say. Whatever is
    /// listed may be read. Not listed, but readable by number: what the post is tied to outside its subtree, and what it
    /// left a mark on.
    #[must_use]
    pub fn lists(self, post: &Post, case: &Case) -> bool {
        match self {
            Reach::Subtree(place) => place.holds(case.place),
            Reach::Own => is_tied(post, case),
        }
    }
}

/// How far `post` reaches into lists of `process`; the list form of [`may_read`].
#[must_use]
pub fn reach(process: &Process, post: &Post) -> Reach {
    let subtree = readers(process).any(|who| match who {
        Who::Role { role, level } => post.role == *role && post.place.level() == *level,
        Who::RoleHandling { role } => post.role == *role,
        Who::Api => post.is_service(),
        _ => false,
    });
    if subtree { Reach::Subtree(post.place) } else { Reach::Own }
}
