//! Values of rows that may stand once, and rows that other rows refer to. Told apart within a shard, as for cases.

use super::row::{Desk, Target};
use super::{Decision, State};
use ganglion_model::change::{Refusal, RefusalCode};
use ganglion_model::clocks::local_date;
use ganglion_model::pack::{FieldKind, Model, Register};
use ganglion_model::{Fields, Record, RowKey};
use jiff::civil::Date;
use serde_json::Value;

/// The values of a row that may stand once only, as (`register.field`, value). Personal values never are: the index of such
/// values holds them in clear.
#[must_use]
pub fn values(register: &Register, fields: &Fields) -> Vec<(String, String)> {
    let unique = register.fields.iter().filter(|field| field.unique && !field.personal);
    unique
        .filter_map(|field| {
            let value = match fields.get(&field.name)? {
                Value::Null => return None,
                Value::String(text) => text.trim().to_owned(),
                other => other.to_string(),
            };
            Some((format!("{}.{}", register.name, field.name), value))
        })
        .collect()
}

/// Takes the unique values of a row that is put, and gives back those it no longer has.
pub fn take(desk: &Desk<'_>, target: &Target, fields: &Fields, decision: &mut Decision) -> Result<(), Refusal> {
    let now = values(desk.register, fields);
    for (field, value) in &now {
        let holder = desk.state.unique.get(&(desk.command.shard, field.clone(), value.clone()));
        if let Some(key) = holder.filter(|key| **key != target.key) {
            return Err(Refusal::new(RefusalCode::Duplicate).with("number", key).with("field", field));
        }
    }
    let before = target.newest().map(|one| values(desk.register, &one.fields)).unwrap_or_default();
    decision.unique_gone.extend(before.into_iter().filter(|one| !now.contains(one)));
    let held = |(field, value): &(String, String)| {
        desk.state.unique.get(&(desk.command.shard, field.clone(), value.clone())) == Some(&target.key)
    };
    decision.unique.extend(now.into_iter().filter(|one| !held(one)));
    decision.holder = Some(target.key.clone());
    Ok(())
}

/// Gives back the unique values of a row that no longer holds.
pub fn give_back(desk: &Desk<'_>, target: &Target, decision: &mut Decision) {
    let before = target.newest().map(|one| values(desk.register, &one.fields)).unwrap_or_default();
    decision.unique_gone.extend(before);
    decision.holder = Some(target.key.clone());
}

/// The rows a row refers to: register and key. What the system worked out binds nobody.
#[must_use]
pub fn references<'a>(model: &'a Model, record: &'a Record) -> Vec<(&'a str, &'a str)> {
    let fields = model.registers.get(&record.register).map(|register| register.fields.as_slice()).unwrap_or_default();
    let mut all = Vec::new();
    for field in fields.iter().filter(|field| field.computed.is_none()) {
        let Some(value) = record.fields.get(&field.name) else { continue };
        match &field.kind {
            FieldKind::Ref { register } => all.extend(value.as_str().map(|key| (register.as_str(), key))),
            FieldKind::Refs { register, .. } => {
                let keys = value.as_array().into_iter().flatten().filter_map(Value::as_str);
                all.extend(keys.map(|key| (register.as_str(), key)));
            }
            _ => {}
        }
    }
    all
}

/// Rows of the batch that refer to a row from `day` on, as `register/key`.
fn in_batch(state: &State, model: &Model, (register, key): (&str, &str), day: Date) -> Vec<String> {
    let goes_on = |record: &&Record| record.valid_to.is_none_or(|to| day < to);
    let refers = |record: &&Record| references(model, record).contains(&(register, key));
    let found = state.records.values().flatten().filter(goes_on).filter(refers);
    found.map(|record| format!("{}/{}", record.register, record.key)).collect()
}

/// Refuses to end a row while other rows refer to it.
pub fn unreferenced(desk: &Desk<'_>, key: &str) -> Result<(), Refusal> {
    let row: RowKey = desk.row_key(key);
    let (model, today) = (&desk.world.model, local_date(desk.given.now));
    let changed = |name: &String| {
        let known = |record: &Record| format!("{}/{}", record.register, record.key) == *name;
        desk.state.records.values().flatten().any(known)
    };
    let stored = desk.state.referers.get(&row).into_iter().flatten();
    let stored = stored.filter(|name| !changed(name)).cloned();
    let mut all: Vec<String> = stored.chain(in_batch(desk.state, model, (&desk.register.name, key), today)).collect();
    all.sort();
    all.dedup();
    let Some(first) = all.first() else { return Ok(()) };
    let (register, by) = first.split_once('/').unwrap_or((first, ""));
    let refusal = Refusal::new(RefusalCode::Referenced).with("register", register).with("by", by);
    Err(refusal.with("count", all.len().to_string()))
}
