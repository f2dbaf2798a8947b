//! Erasure: the key of a case or row is destroyed, so that its personal values cannot be read any more, wherever they stand. A
//! pack says who decides it and how many persons that takes; the system alone carries it out. Rows, journal, figures and
//! proofs stay as they are.

use super::draft::Draft;
use super::effect::{derived, refuse};
use super::{Decision, State};
use ganglion_model::change::{Actor, Body, Change, Command, Erasable, Op, Refusal, RefusalCode};
use ganglion_model::row_id;
use serde_json::Value;

/// What a number names.
pub fn case(number: &Value) -> Result<Erasable, Refusal> {
    let number = number.as_str().map(str::trim).filter(|number| !number.is_empty());
    let number = number.ok_or_else(|| refuse("number", "required"))?.to_owned();
    Ok(Erasable::Case { number })
}

/// What a key names.
pub fn row(register: &str, key: &Value) -> Result<Erasable, Refusal> {
    let key = match key {
        Value::String(key) if !key.trim().is_empty() => key.trim().to_owned(),
        Value::Number(key) => key.to_string(),
        _ => return Err(refuse("key", "required")),
    };
    Ok(Erasable::Row { register: register.to_owned(), key })
}

/// Notes on a draft that something is to be erased; a job sends the command.
pub fn ask(command: &Command, draft: &mut Draft, what: Erasable) {
    let id = derived(command.id, &format!("erase/{}", draft.ops.len()));
    let body = Body::Erase { what, by: draft.case.number.clone() };
    let command = Box::new(Command { id, shard: draft.case.shard, actor: Actor::System, body });
    draft.op(Op::Send { command });
}

/// Decides an erasure. Nothing is said of a case or row that is not there.
pub fn erase(state: &State, command: &Command, (what, by): (&Erasable, &str)) -> Result<Decision, Refusal> {
    if command.actor != Actor::System {
        return Err(Refusal::new(RefusalCode::NotAllowed));
    }
    let missing = || Refusal::new(RefusalCode::NotFound);
    let subject = match what {
        Erasable::Case { number } => {
            let case = state.by_number.get(number).and_then(|id| state.cases.get(id));
            case.filter(|case| case.shard == command.shard).ok_or_else(missing)?.id
        }
        Erasable::Row { register, key } => {
            let row = (command.shard, register.clone(), key.clone());
            state.newest(&row).ok_or_else(missing)?;
            row_id(command.shard, register, key)
        }
    };
    Ok(Decision::of(Change::Erased { subject, what: what.clone(), by: by.to_owned() }))
}
