//! Taking an action on a case, and what the system does when a clock falls due.

use super::draft::Draft;
use super::effect::{Doing, enter};
use super::form::{FormContext, read_form};
use super::{Decision, Given, KnownRows, State, derive, policy, unique, who};
use crate::seal::{Cipher, seal_by};
use crate::world::World;
use ganglion_model::change::{Actor, Change, Command, Op, Refusal, RefusalCode};
use ganglion_model::expr::RowsOf;
use ganglion_model::pack::{Action, Field, Guard, Process, Scope};
use ganglion_model::row::Case;
use ganglion_model::scope::{ActorView, Names};
use ganglion_model::{CaseId, CommandId, Fields};
use serde_json::Value;
use std::collections::BTreeMap;

/// What is wished.
pub struct Wish<'a> {
    /// The case.
    pub case: &'a Case,
    /// The action.
    pub action: &'a str,
    /// What was typed.
    pub form: &'a Fields,
    /// The version the actor saw.
    pub version: Option<u32>,
}

/// Decides an action. The order of refusals is part of the contract: existence and reading first, then whether the case
/// changed since the actor looked at it, then the state, then permission, then the guard, then the form. A guard that
/// looks at what is typed comes after the form.
pub fn act(
    world: &World,
    state: &State,
    command: &Command,
    given: &Given,
    wish: &Wish<'_>,
) -> Result<Decision, Refusal> {
    let case = wish.case;
    let process = process_of(world, case)?;
    let post = who::post_of(world, &command.actor, given.now);
    let is_reporter = matches!(&command.actor, Actor::Reporter { case: own } if *own == case.id);
    let reads = is_reporter || command.actor == Actor::System || who::may_read(world, &command.actor, post, case);
    if !reads && !who::may_break_glass((process, wish.action), &command.actor, post, case) {
        return Err(Refusal::new(RefusalCode::NotFound));
    }
    if wish.version.is_some_and(|seen| seen != case.version) {
        return Err(Refusal::new(RefusalCode::Changed).with("state", &case.state));
    }
    let Some(action) = process.action(&case.state, wish.action) else {
        let known = process.states.values().any(|state| state.actions.iter().any(|one| one.name == wish.action));
        let code = if known { RefusalCode::WrongState } else { RefusalCode::Unknown };
        return Err(Refusal::new(code).with("state", &case.state).with("action", wish.action));
    };
    permit(world, command, action, case, given)?;
    carry_out(world, state, command, given, (process, action, case, wish.form))
}

pub fn process_of<'a>(world: &'a World, case: &Case) -> Result<&'a Process, Refusal> {
    world.model.processes.get(&case.process).ok_or_else(|| Refusal::new(RefusalCode::Unknown))
}

fn permit(world: &World, command: &Command, action: &Action, case: &Case, given: &Given) -> Result<(), Refusal> {
    let post = who::post_of(world, &command.actor, given.now);
    if !who::may_act(action, &command.actor, post, case) {
        return Err(Refusal::new(RefusalCode::NotAllowed).with("action", &action.name));
    }
    if who::is_same_person(action, &command.actor, case) {
        return Err(Refusal::new(RefusalCode::SamePerson).with("action", &action.name));
    }
    let view = who::view(world, &command.actor, given.now);
    let process = process_of(world, case)?;
    match policy::in_the_way((world, process), action, case, &view, given.now) {
        None => Ok(()),
        Some(rule) => {
            let refusal = Refusal::new(RefusalCode::NotAllowed).with("action", &action.name).with("rule", &rule.name);
            Err(Refusal { message: Some(rule.title.clone()), ..refusal })
        }
    }
}

/// Whether a guard can only be judged when the action is taken: it looks at what is typed, or at rows that are not in memory.
fn is_judged_late(world: &World, guard: &Guard) -> bool {
    let (mut paths, mut counted) = (Vec::new(), Vec::new());
    guard.holds.paths(&mut paths);
    guard.holds.rows(&mut counted);
    let is_here = |of: &&RowsOf| {
        world.model.registers.get(&of.register).is_some_and(|register| register.scope == Scope::Deployment)
    };
    paths.iter().any(|path| path.first().is_some_and(|root| root == "form")) || !counted.iter().all(is_here)
}

/// Whether the guard of `action` holds before anything is typed, and no rule of the deployment is in the way; used to show or
/// grey out actions. A guard that looks at
/// what is typed, or counts rows kept by place, does not forbid the form.
#[must_use]
pub fn guard_holds(
    (world, process): (&World, &Process),
    action: &Action,
    case: &Case,
    actor: &ActorView,
    now: jiff::Timestamp,
) -> bool {
    let names = Names { rows: world, process, case: Some(case), form: None, actor: Some(actor), now };
    action.when.as_ref().is_none_or(|guard| is_judged_late(world, guard) || guard.holds.holds(&names))
        && policy::in_the_way((world, process), action, case, actor, now).is_none()
}

fn carry_out(
    world: &World,
    state: &State,
    command: &Command,
    given: &Given,
    (process, action, case, typed): (&Process, &Action, &Case, &Fields),
) -> Result<Decision, Refusal> {
    let actor = who::view(world, &command.actor, given.now);
    let rows = KnownRows::new(world, state, case.shard);
    let context = FormContext {
        world,
        rows: &rows,
        process,
        case: Some(case),
        before: Some(&case.fields),
        actor: &actor,
        now: given.now,
    };
    let early = action.when.as_ref().is_none_or(|guard| !is_judged_late(world, guard));
    if early {
        check_guard(&context, action, case, &Fields::new())?;
    }
    let read = read_form(&context, &action.form, typed);
    let form = read.map_err(|fields| Refusal { fields, ..Refusal::new(RefusalCode::Form) })?;
    if !early {
        check_guard(&context, action, case, &form)?;
    }
    let unique = unique::values(process, &action.form, &form);
    unique::check(state, case.shard, &case.number, &unique)?;
    let sealed = seal_form(state, command.id, case.id, (&action.form, &form))?;
    let mut decision = Decision { key: sealed.key, unique, ..Decision::default() };
    let mut draft = Draft::new(case.clone(), given.now);
    let form = sealed.fields;
    let input = store_fields(process, &mut draft, form.clone());
    // Effects see what follows from the form, and what follows from effects is worked out at the end.
    derive::case(world, process, &mut draft, given.now, false);
    let doing = Doing { world, state, command, given, process, action, form: &form, actor: &actor, rows };
    for effect in doing.due(&draft.case, &action.effects) {
        doing.run(&mut draft, effect, &mut decision)?;
    }
    if let Some(to) = &action.to {
        enter((world, state), process, &mut draft, to, (given, &mut decision));
    }
    derive::case(world, process, &mut draft, given.now, false);
    super::clock::dates(world, process, &mut draft, given.now);
    super::child::tell(&mut draft, case.closed_at.is_none(), command);
    let change = Change::Case { case: case.id, action: action.name.clone(), ops: draft.ops, input };
    decision.changes.insert(0, change);
    Ok(decision)
}

fn check_guard(context: &FormContext<'_>, action: &Action, case: &Case, form: &Fields) -> Result<(), Refusal> {
    let Some(guard) = &action.when else { return Ok(()) };
    let names = Names {
        rows: context.rows,
        process: context.process,
        case: Some(case),
        form: Some((form, &action.form)),
        actor: Some(context.actor),
        now: context.now,
    };
    if guard.holds.holds(&names) {
        return Ok(());
    }
    let refusal = Refusal::new(RefusalCode::Guard).with("action", &action.name);
    Err(Refusal { message: Some(guard.message.clone()), ..refusal })
}

/// Form fields that the case declares become its own; the rest stays with the journal entry.
fn store_fields(process: &Process, draft: &mut Draft, form: Fields) -> Fields {
    let mut input = BTreeMap::new();
    for (name, value) in form {
        if process.field(&name).is_some() {
            draft.op(Op::Set { field: name, value });
        } else {
            input.insert(name, value);
        }
    }
    input
}

/// A form with its personal values sealed.
pub struct SealedForm {
    /// Values as they may be stored.
    pub fields: Fields,
    /// The row's key, when it was not there before.
    pub key: Option<(CaseId, crate::seal::Key)>,
}

/// Seals the personal values of a form under the row's key. A case opened without personal values has no key; then a key
/// derived from nothing is never used: the values are refused instead, since only opening hands out keys.
fn seal_form(
    state: &State,
    command: CommandId,
    case: CaseId,
    (fields, form): (&[Field], &Fields),
) -> Result<SealedForm, Refusal> {
    let personal = fields.iter().any(|field| field.personal && form.contains_key(&field.name));
    if !personal {
        return Ok(SealedForm { fields: form.clone(), key: None });
    }
    let key = state.keys.get(&case).ok_or_else(|| Refusal::new(RefusalCode::Form).with("reason", "erased"))?;
    Ok(SealedForm { fields: seal_values((state.cipher, key), command, fields, form)?, key: None })
}

/// Seals every personal value of `form` by a cipher, under a key.
pub fn seal_values(
    (cipher, key): (Cipher, &crate::seal::Key),
    command: CommandId,
    fields: &[Field],
    form: &Fields,
) -> Result<Fields, Refusal> {
    let mut sealed = form.clone();
    for field in fields.iter().filter(|field| field.personal) {
        if let Some(value) = sealed.get_mut(&field.name) {
            let clear = match &*value {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            let closed = seal_by(cipher, key, &format!("{command}/{}", field.name), &clear);
            *value = Value::String(closed.ok_or_else(|| Refusal::new(RefusalCode::Form))?);
        }
    }
    Ok(sealed)
}

/// The deemed outcome, if the action exists in the state the case is in, allows the system and is not refused. Otherwise
/// the falling due is only noted: a timer that was refused would come back for ever.
pub fn deemed(
    world: &World,
    state: &State,
    command: &Command,
    given: &Given,
    (process, case, action): (&Process, &Case, &str),
) -> Option<Decision> {
    let action = process.action(&case.state, action)?;
    permit(world, command, action, case, given).ok()?;
    carry_out(world, state, command, given, (process, action, case, &Fields::new())).ok()
}
