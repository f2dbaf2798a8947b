//! Opening a case.

use super::act::seal_values;
use super::draft::Draft;
use super::effect::enter;
use super::form::{FormContext, read_form};
use super::number::next;
use super::{Decision, Given, KnownRows, State, derive, policy, unique, who};
use crate::route::{Found, find, point_of, workload};
use crate::world::World;
use ganglion_model::change::{Actor, Body, Change, Command, Refusal, RefusalCode};
use ganglion_model::clocks::local_date;
use ganglion_model::pack::{Field, FieldKind, Process};
use ganglion_model::row::{Case, Link, Route, RouteBy};
use ganglion_model::scope::{Names, Rows};
use ganglion_model::{CaseId, FieldFinding, Fields, Level, PlaceCode};
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::Value;
use std::collections::BTreeMap;

/// Decides an opening.
///
/// `taken` are sequences that the decision this one is part of has moved on already.
pub fn open(
    world: &World,
    state: &State,
    command: &Command,
    given: &Given,
    taken: &[(String, u64)],
) -> Result<Decision, Refusal> {
    let Body::Open { process, form, channel, observed_at, from } = &command.body else {
        return Err(Refusal::new(RefusalCode::Unknown));
    };
    let process = world.model.processes.get(process).ok_or_else(|| Refusal::new(RefusalCode::Unknown))?;
    let rows = KnownRows::new(world, state, command.shard);
    let mut values = read_opening(&rows, process, command, given, form)?;
    let Found { mut route, post, among, level } = routed(&rows, process, command, given, (&values, from.as_ref()))?;
    route.chosen = if post.is_none() { workload::choose(&state.loads, &among) } else { None };
    let assignee = post.or_else(|| route.chosen.as_ref().map(|chosen| chosen.post.clone()));
    let mut numbering = taken.to_vec();
    derive::serials((state, given), process, (command.shard, route.place), (&mut values, &mut numbering));
    let unique = unique::values(process, &process.form, &values);
    unique::check(state, command.shard, "", &unique)?;
    let id = CaseId(given.id);
    let personal = process.form.iter().any(|field| field.personal && values.contains_key(&field.name));
    let stored = match personal {
        true => seal_values((state.cipher, &given.key), command.id, &process.form, &values)?,
        false => values.clone(),
    };
    let mut decision = Decision {
        // Every case gets a key: an action may ask for personal values later.
        key: has_personal(process).then_some((id, given.key)),
        unique,
        numbering,
        ..Decision::default()
    };
    let (opener, _) = who::signature(world, &command.actor, given.now);
    let taken_at = who::post_of(world, &command.actor, given.now).map(|post| post.place);
    let level = level.or_else(|| process.route.handled_at.filter(|level| *level <= route.place.level()));
    let case = Case {
        id,
        shard: command.shard,
        process: process.name.clone(),
        version: 1,
        number: numbered(process, state, (command, &route, &values), given, &mut decision)?,
        numbers: BTreeMap::new(),
        state: process.initial.clone(),
        place: route.place,
        taken_at: taken_at.filter(|_| process.any_office),
        level: level.unwrap_or_else(|| route.place.level().min(Level::Township)),
        point: process.route.point.as_ref().and_then(|field| point_of(values.get(field))),
        route,
        opened_at: given.now,
        observed_at: seen_at(*observed_at, given.now),
        updated_at: given.now,
        closed_at: None,
        opened_by: opener,
        channel: channel.clone(),
        assignee,
        assist: Vec::new(),
        fields: stored,
        clocks: BTreeMap::new(),
        fired: Vec::new(),
        windows: Vec::new(),
        held: Vec::new(),
        notices: BTreeMap::new(),
        soon: BTreeMap::new(),
        counts: BTreeMap::new(),
        marks: BTreeMap::new(),
        entered: BTreeMap::new(),
        links: from.iter().cloned().collect(),
        documents: Vec::new(),
    };
    let mut draft = Draft::new(case, given.now);
    enter((world, state), process, &mut draft, &process.initial, (given, &mut decision));
    derive::case(world, process, &mut draft, given.now, true);
    super::clock::dates(world, process, &mut draft, given.now);
    decision.changes.push(Change::Opened { case: Box::new(draft.case) });
    Ok(decision)
}

fn has_personal(process: &Process) -> bool {
    let in_actions = process.states.values().flat_map(|state| &state.actions).flat_map(|action| &action.form);
    process.form.iter().chain(&process.fields).chain(in_actions).any(|field| field.personal)
}

/// An earlier time of observation is kept; one in the future is a wrong phone clock and is dropped.
fn seen_at(observed_at: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
    observed_at.filter(|at| *at < now)
}

fn read_opening(
    rows: &KnownRows<'_>,
    process: &Process,
    command: &Command,
    given: &Given,
    form: &Fields,
) -> Result<Fields, Refusal> {
    let world = rows.world;
    let actor = who::view(world, &command.actor, given.now);
    // What the system passes on was named where it comes from, and is not asked for anew.
    let before = (command.actor == Actor::System).then_some(form);
    let context = FormContext { world, rows, process, case: None, before, actor: &actor, now: given.now };
    let values = match read_form(&context, &process.form, form) {
        Ok(values) => values,
        // The system passes on what was checked where it was typed; what this form does not know is left behind.
        Err(fields) if command.actor == Actor::System => {
            let bad: Vec<&str> = fields.iter().map(|finding| finding.field.as_str()).collect();
            form.iter()
                .filter(|(name, _)| process.form.iter().any(|f| f.name == **name) && !bad.contains(&name.as_str()))
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect()
        }
        Err(fields) => {
            return Err(Refusal { fields, ..Refusal::new(RefusalCode::Form) });
        }
    };
    if let Some(guard) = &process.open_when {
        let names = Names {
            rows,
            process,
            case: None,
            form: Some((&values, &process.form)),
            actor: Some(&actor),
            now: given.now,
        };
        if !guard.holds.holds(&names) {
            return Err(Refusal { message: Some(guard.message.clone()), ..Refusal::new(RefusalCode::Guard) });
        }
    }
    Ok(values)
}

fn routed(
    rows: &KnownRows<'_>,
    process: &Process,
    command: &Command,
    given: &Given,
    (values, from): (&Fields, Option<&Link>),
) -> Result<Found, Refusal> {
    let (world, today) = (rows.world, local_date(given.now));
    let mut found = find(world, process, values, today).map_err(|finding: FieldFinding| {
        let code = if finding.problem == "outside" { RefusalCode::Outside } else { RefusalCode::Form };
        Refusal { fields: vec![finding], ..Refusal::new(code) }
    })?;
    let route = &mut found.route;
    if from.is_some() && route.by == RouteBy::Named {
        route.by = RouteBy::Inherited;
    }
    if route.place.shard() != command.shard {
        return Err(Refusal::new(RefusalCode::WrongShard).with("shard", route.place.shard().to_string()));
    }
    let post = who::post_of(world, &command.actor, given.now);
    if command.actor != Actor::System && !who::may_open(process, &command.actor, post, route.place) {
        return Err(Refusal::new(RefusalCode::NotAllowed).with("place", route.place.to_string()));
    }
    let view = who::view(world, &command.actor, given.now);
    if let Some(rule) = policy::against_opening((world, process), &view, Some(values), given.now) {
        let refusal = Refusal::new(RefusalCode::NotAllowed).with("place", route.place.to_string());
        return Err(Refusal { message: Some(rule.title.clone()), ..refusal.with("rule", &rule.name) });
    }
    let fields = far(rows, process, values, (route.place, today));
    if command.actor != Actor::System && !fields.is_empty() {
        return Err(Refusal { fields, ..Refusal::new(RefusalCode::Form) });
    }
    Ok(found)
}

/// References to rows that belong further from the case than their fields allow: where it goes is known only now.
fn far(
    rows: &KnownRows<'_>,
    process: &Process,
    values: &Fields,
    (place, today): (PlaceCode, Date),
) -> Vec<FieldFinding> {
    let finding = |field: &Field| {
        let (FieldKind::Ref { register } | FieldKind::Refs { register, .. }) = &field.kind else { return None };
        let (within, given) = (field.within?, values.get(&field.name)?);
        let def = rows.world.model.registers.get(register)?;
        let owner = |key: &str| {
            let row = rows.row(register, key, today)?;
            def.judged_at(row.place, &row.fields)
        };
        let keys = given.as_array().map_or_else(|| std::slice::from_ref(given), Vec::as_slice);
        let mut keys = keys.iter().filter_map(Value::as_str);
        let key = keys.find(|key| owner(key).is_some_and(|owner| !within.holds(place, owner)))?;
        Some(FieldFinding {
            field: field.name.clone(),
            problem: "outside".to_owned(),
            message: None,
            args: BTreeMap::from([("given".to_owned(), key.to_owned())]),
        })
    };
    process.form.iter().filter_map(finding).collect()
}

fn numbered(
    process: &Process,
    state: &State,
    (command, route, values): (&Command, &Route, &Fields),
    given: &Given,
    decision: &mut Decision,
) -> Result<String, Refusal> {
    let def = process.numbers.get("report").ok_or_else(|| Refusal::new(RefusalCode::Unknown))?;
    let kind = process.kind_field.as_ref().and_then(|field| values.get(field)?.as_str());
    let key = (command.shard, route.place, kind);
    let name = format!("{}.report", process.name);
    let numbered = next((state, &decision.numbering), (&name, def), key, given.now);
    decision.numbering.push((numbered.sequence, numbered.value));
    Ok(numbered.number)
}
