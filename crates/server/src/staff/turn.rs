//! Whose turn it is: the cases an inbox shows. A case is a post's turn when it has it, or when it stands in a state that
//! the post's role usually moves it on from.

use super::lists::Union;
use crate::web::Web;
use ganglion_kernel::decide::{guard_holds, who};
use ganglion_kernel::port::CaseFilter;
use ganglion_model::pack::{Action, BREAK_GLASS, Process, State, Who};
use ganglion_model::{Case, Level, Post};

/// How many of the actions that move a case on count as its usual ways: they stand in order of likelihood.
const USUAL_ACTIONS: usize = 2;

/// The ways a case usually leaves a state.
pub fn usual(state: &State) -> impl Iterator<Item = &Action> {
    state.actions.iter().filter(|action| action.to.is_some()).take(USUAL_ACTIONS)
}

/// Whether posts of that role at that level usually move cases on from `state`, and whether only those handled at their
/// own level.
fn is_turn(state: &State, post: &Post) -> Option<bool> {
    let level = post.place.level();
    let rules = usual(state).flat_map(|action| &action.by).filter_map(|who| match who {
        Who::Role { role, level: at } if *role == post.role && *at == level => Some(false),
        Who::RoleHandling { role } if *role == post.role => Some(true),
        _ => None,
    });
    // A rule without the level is the wider one.
    rules.min()
}

/// States of a process that are the post's turn: those at any level, and those handled at its own level only.
fn states(process: &Process, post: &Post) -> [Vec<String>; 2] {
    let mut found = [Vec::new(), Vec::new()];
    // Who waits in a queue is called from the page of the queue, one after the other, and stands in no inbox.
    let queued = ganglion_kernel::queue::serves(process, post).map(|queue| queue.state.as_str());
    let open = process.states.values().filter(|state| !state.is_settled() && Some(state.name.as_str()) != queued);
    for state in open {
        if let Some(own_level) = is_turn(state, post) {
            found[usize::from(own_level)].push(state.name.clone());
        }
    }
    found
}

/// Whether no step on a case is open to the caller now: whoever has it waits until somebody else takes one.
#[must_use]
pub fn waits(web: &Web, case: &Case) -> bool {
    let process = web.world.model.processes.get(&case.process);
    let Some((process, state)) = process.and_then(|process| Some((process, process.states.get(&case.state)?))) else {
        return true;
    };
    let actor = web.actor();
    let post = who::post_of(&web.world, &actor, web.now);
    let view = who::view(&web.world, &actor, web.now);
    !state.actions.iter().any(|action| {
        action.name != BREAK_GLASS
            && who::may_act(action, &actor, post, case)
            && !who::is_same_person(action, &actor, case)
            && guard_holds((&web.world, process), action, case, &view, web.now)
    })
}

impl Union {
    /// Open cases that wait for this post.
    pub fn turn(web: &Web, post: &Post) -> Union {
        let open = CaseFilter { open: Some(true), ..CaseFilter::default() };
        let mut filters = vec![CaseFilter { assignees: vec![post.id.clone()], ..open.clone() }];
        for process in web.world.model.processes.values() {
            let own: Option<Level> = Some(post.place.level());
            for (states, level) in states(process, post).into_iter().zip([None, own]) {
                if !states.is_empty() {
                    filters.push(CaseFilter {
                        place: Some(post.place),
                        processes: vec![process.name.clone()],
                        states,
                        level,
                        ..open.clone()
                    });
                }
            }
        }
        Union(filters).kept(web, post)
    }

    /// Open cases the post opened and now waits for.
    pub fn waited_for(web: &Web, post: &Post) -> Union {
        let opened_by = Some(post.id.clone());
        Union(vec![CaseFilter { open: Some(true), opened_by, ..CaseFilter::default() }]).kept(web, post)
    }
}
