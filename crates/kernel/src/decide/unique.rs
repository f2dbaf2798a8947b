//! Values that may stand in one case only: told apart within a shard, by process and field.

use super::State;
use ganglion_model::change::{Refusal, RefusalCode};
use ganglion_model::pack::{Field, Process};
use ganglion_model::{Fields, Shard};
use serde_json::Value;

/// Whether values of `field`, as an action or an opening asks for it, may stand once only. Personal values never do: the
/// index of such values holds them in clear.
#[must_use]
pub fn is_unique(process: &Process, field: &Field) -> bool {
    let declared = || process.field(&field.name).is_some_and(|field| field.unique);
    !field.personal && (field.unique || declared())
}

/// The values of `form` that may stand once only, as (`process.field`, value).
pub fn values(process: &Process, fields: &[Field], form: &Fields) -> Vec<(String, String)> {
    fields
        .iter()
        .filter(|field| is_unique(process, field))
        .filter_map(|field| {
            let value = match form.get(&field.name)? {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            Some((format!("{}.{}", process.name, field.name), value))
        })
        .collect()
}

/// Refuses a value that stands in another case; `own` is the number of the case itself, empty while it is being opened.
pub fn check(state: &State, shard: Shard, own: &str, values: &[(String, String)]) -> Result<(), Refusal> {
    for (field, value) in values {
        let holder = state.unique.get(&(shard, field.clone(), value.clone()));
        if let Some(number) = holder.filter(|number| *number != own) {
            return Err(Refusal::new(RefusalCode::Duplicate).with("number", number).with("field", field));
        }
    }
    Ok(())
}
