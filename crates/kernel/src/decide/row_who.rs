//! Who may read and change rows of registers: the same rules as for cases, a role at a level whose post's place holds the
//! row's. Lists use [`row_reach`], which says the same thing as a subtree, so that what is listed and what may be opened
//! cannot differ.

use ganglion_model::change::Actor;
use ganglion_model::pack::{Register, Scope, Who};
use ganglion_model::{PlaceCode, Post};

/// Whether a rule covers a row at `place`; rows of the deployment have none, and a post anywhere counts.
fn covers(who: &Who, actor: &Actor, post: Option<&Post>, place: Option<PlaceCode>) -> bool {
    match who {
        Who::Role { role, level } => post.is_some_and(|post| {
            post.role == *role && post.place.level() == *level && place.is_none_or(|place| post.place.holds(place))
        }),
        Who::Public => true,
        Who::Api => {
            let within = |post: &Post| place.is_none_or(|place| post.place.holds(place));
            matches!(actor, Actor::Api { .. }) && post.is_none_or(within)
        }
        Who::System => matches!(actor, Actor::System),
        Who::RoleHandling { .. }
        | Who::RoleTaken { .. }
        | Who::Assignee
        | Who::Assisting
        | Who::Reporter
        | Who::Staff => false,
    }
}

fn any(rules: &[Who], actor: &Actor, post: Option<&Post>, place: Option<PlaceCode>) -> bool {
    matches!(actor, Actor::System) || rules.iter().any(|who| covers(who, actor, post, place))
}

/// Rules that let somebody read whole rows: those who read, and those who change.
fn readers(register: &Register) -> impl Iterator<Item = &Who> {
    let all = [&register.read, &register.edit, &register.propose, &register.approve];
    all.into_iter().flatten().filter(|who| **who != Who::Public)
}

/// Whether every post reads a register: its rows are offered in the forms of everybody.
fn is_common(register: &Register) -> bool {
    register.scope == Scope::Deployment && !register.read.iter().any(|who| *who != Who::Public)
}

/// Whether `actor` may read a row of `register` at `place`, all fields of it that are not personal.
#[must_use]
pub fn may_read_row(register: &Register, actor: &Actor, post: Option<&Post>, place: Option<PlaceCode>) -> bool {
    matches!(actor, Actor::System)
        || readers(register).any(|who| covers(who, actor, post, place))
        || (is_common(register) && post.is_some())
}

/// Whether `actor` may change a row at `place` alone.
#[must_use]
pub fn may_edit_row(register: &Register, actor: &Actor, post: Option<&Post>, place: Option<PlaceCode>) -> bool {
    any(&register.edit, actor, post, place)
}

/// Whether `actor` may propose a change of a row at `place`.
#[must_use]
pub fn may_propose_row(register: &Register, actor: &Actor, post: Option<&Post>, place: Option<PlaceCode>) -> bool {
    any(&register.propose, actor, post, place)
}

/// Whether `actor` may approve what another person proposed for a row at `place`.
#[must_use]
pub fn may_approve_row(register: &Register, actor: &Actor, post: Option<&Post>, place: Option<PlaceCode>) -> bool {
    register.approve.iter().any(|who| covers(who, actor, post, place))
}

/// Whether one of the rules lets `actor` make documents of a row at `place`. The system makes none by itself.
#[must_use]
pub fn may_make(rules: &[Who], actor: &Actor, post: Option<&Post>, place: Option<PlaceCode>) -> bool {
    rules.iter().any(|who| covers(who, actor, post, place))
}

/// How far a list reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowReach {
    /// Every row.
    All,
    /// Rows inside this place.
    Within(PlaceCode),
    /// Every row, but only the fields that are public.
    Public,
}

impl RowReach {
    /// Whether a list with this reach shows a row at `place`.
    #[must_use]
    pub fn lists(self, place: Option<PlaceCode>) -> bool {
        match self {
            RowReach::All | RowReach::Public => true,
            RowReach::Within(reach) => place.is_some_and(|place| reach.holds(place)),
        }
    }
}

/// How far `post` reads into lists of `register`; `None`: the register is not there for it. The list form of
/// [`may_read_row`].
#[must_use]
pub fn row_reach(register: &Register, post: Option<&Post>) -> Option<RowReach> {
    let reads = |post: &&Post| {
        let has = |who: &Who| match who {
            Who::Role { role, level } => post.role == *role && post.place.level() == *level,
            Who::Api => post.is_service(),
            _ => false,
        };
        is_common(register) || readers(register).any(has)
    };
    match (post.filter(reads), register.scope) {
        (Some(_), Scope::Deployment) => Some(RowReach::All),
        (Some(post), Scope::Place(_)) => Some(RowReach::Within(post.place)),
        (None, _) => register.is_public().then_some(RowReach::Public),
    }
}
