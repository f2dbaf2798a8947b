//! Applying ops to a row: the one place where a case changes, used by `decide` as it goes and by replay of the journal.

use ganglion_model::change::Op;
use ganglion_model::row::{Case, Link};
use ganglion_model::{Issued, Standing};
use jiff::Timestamp;
use serde_json::Value;

/// Applies one op at `at`.
pub fn apply(case: &mut Case, op: &Op, at: Timestamp) {
    match op {
        Op::State { to, last, .. } => {
            case.state.clone_from(to);
            case.entered.entry(to.clone()).and_modify(|entered| entered.1 = at).or_insert((at, at));
            case.closed_at = last.then(|| case.closed_at.unwrap_or(at));
        }
        Op::Set { field, value } => {
            if value.is_null() {
                case.fields.remove(field);
            } else {
                case.fields.insert(field.clone(), Value::clone(value));
            }
        }
        Op::Assign { post } => case.assignee.clone_from(post),
        Op::Assist { posts } => case.assist.clone_from(posts),
        Op::Count { name } => *case.counts.entry(name.clone()).or_default() += 1,
        Op::Mark { name, mark } => {
            case.marks.insert(name.clone(), mark.clone());
        }
        Op::Level { level } => case.level = *level,
        Op::Place { route } => {
            case.place = route.place;
            case.route = route.clone();
        }
        Op::Number { name, number } => {
            case.numbers.insert(name.clone(), number.clone());
        }
        Op::Clock { name, clock } => {
            // A clock that is paused or stopped after it fell due has been acted on; a new limit may fall due anew.
            if !clock.is_overdue(at) {
                case.fired.retain(|fired| fired != name);
            }
            case.clocks.insert(name.clone(), clock.clone());
        }
        Op::Window { clock } => {
            if !case.windows.contains(clock) {
                case.windows.push(clock.clone());
            }
        }
        Op::Fired { clock } => case.fired.push(clock.clone()),
        Op::Notice { name, notice } => {
            case.notices.insert(name.clone(), notice.clone());
        }
        Op::Hold { clock, on } => {
            case.held.retain(|held| held != clock);
            if *on {
                case.held.push(clock.clone());
            }
        }
        Op::Issue { issued } => issue(case, issued, at),
        Op::Withdraw { code, reason } => {
            if let Some(issued) = case.documents.iter_mut().find(|one| one.code == *code) {
                issued.standing = Standing::Withdrawn { at, reason: reason.clone() };
            }
        }
        Op::Soon { clock, at: begins } => {
            let key = format!("{clock}.soon");
            match begins {
                Some(begins) => case.soon.insert(clock.clone(), *begins),
                None => case.soon.remove(clock),
            };
            // A stretch that has not begun yet may be told of anew.
            if begins.is_none_or(|begins| begins > at) {
                case.fired.retain(|fired| *fired != key);
            }
        }
        Op::Link { link } => tie(case, link),
        Op::Spawn { .. } | Op::Send { .. } | Op::Notify { .. } | Op::Moved { .. } => {}
    }
}

fn issue(case: &mut Case, issued: &Issued, at: Timestamp) {
    let same = |old: &&mut Issued| old.document == issued.document && old.standing == Standing::Valid;
    for old in case.documents.iter_mut().filter(same) {
        old.standing = Standing::Superseded { at, by: issued.number.clone() };
    }
    case.documents.push(issued.clone());
}

fn tie(case: &mut Case, link: &Link) {
    let known = case.links.iter_mut().find(|one| one.kind == link.kind && one.case == link.case);
    match known {
        // What was heard later stands, in whatever order it arrives.
        Some(known) if known.seen <= link.seen => known.clone_from(link),
        Some(_) => {}
        None => case.links.push(link.clone()),
    }
}

/// Applies all ops of a change and raises the version.
pub fn apply_all(case: &mut Case, ops: &[Op], at: Timestamp) {
    ops.iter().for_each(|op| apply(case, op, at));
    case.version += 1;
    case.updated_at = at;
}
