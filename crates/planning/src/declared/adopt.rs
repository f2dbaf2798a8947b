//! What adopting a computed plan would change: its rows against those that are there.

use super::names::PlanNames;
use super::{Input, Outcome, ProposedRow};
use ganglion_model::expr::Val;
use ganglion_model::pack::{Plan, Register, Scope};
use ganglion_model::row::Record;
use ganglion_model::{PlaceCode, RowDeed, RowWish, Shard};
use serde_json::Value;
use std::collections::BTreeSet;

/// Changes of rows, in key order; what is as the plan says already is not among them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Draft {
    /// Each with its shard. The key names the row whether it is there or not yet.
    pub wishes: Vec<(Shard, RowWish)>,
    /// Rows that are not there.
    pub new: usize,
    /// Rows that are there and differ.
    pub changed: usize,
    /// Rows that are there as the plan says.
    pub same: usize,
    /// Rows the result stands in for and does not have.
    pub ended: usize,
}

/// What adopting `outcome` would change. `there`: rows of the result register within reach that hold on the day. `why` goes
/// into every wish.
#[must_use]
pub fn draft(plan: &Plan, input: Input<'_>, outcome: &Outcome, (there, why): (&[Record], &str)) -> Draft {
    let mut draft = Draft::default();
    let Some(result) = &plan.result else { return draft };
    let Some(register) = input.model.registers.get(&result.register) else { return draft };
    let from = register.dated.then_some(input.day);
    let wish = |deed, key: &str, place| RowWish {
        register: register.name.clone(),
        key: Some(key.to_owned()),
        place,
        deed,
        from,
        until: None,
        form: ganglion_model::Fields::new(),
        partial: true,
        why: why.to_owned(),
        version: None,
    };
    for row in &outcome.rows {
        let shard = shard_of(register, row.place);
        let now = there.iter().find(|one| one.shard == shard && one.key == row.key);
        if now.is_some_and(|now| is_same(row, now)) {
            draft.same += 1;
            continue;
        }
        match now {
            Some(_) => draft.changed += 1,
            None => draft.new += 1,
        }
        // Versions of a dated row have numbers of their own; the kernel looks for an overlap instead.
        let version = now.filter(|_| !register.dated).map(|now| now.version);
        let put = RowWish { form: row.fields.clone(), version, ..wish(RowDeed::Put, &row.key, row.place) };
        draft.wishes.push((shard, put));
    }
    if let Some(replaces) = &result.replaces {
        let kept: BTreeSet<(Shard, &str)> =
            outcome.rows.iter().map(|row| (shard_of(register, row.place), row.key.as_str())).collect();
        let gone = there.iter().filter(|one| !kept.contains(&(one.shard, one.key.as_str())));
        for one in gone.filter(|one| replaces.holds(&PlanNames::new(input, &plan.form).with("row", one))) {
            draft.ended += 1;
            let end = RowWish {
                from: Some(input.day),
                version: Some(one.version).filter(|_| !register.dated),
                ..wish(RowDeed::Retire, &one.key, one.place)
            };
            draft.wishes.push((one.shard, end));
        }
    }
    draft
}

fn shard_of(register: &Register, place: Option<PlaceCode>) -> Shard {
    match register.scope {
        Scope::Deployment => Shard::DEPLOYMENT,
        Scope::Place(_) => place.map_or(Shard::DEPLOYMENT, PlaceCode::shard),
    }
}

/// Whether a row says what the plan says; decimals are compared by value.
fn is_same(row: &ProposedRow, now: &Record) -> bool {
    let same = |name: &str, value: &Value| {
        let stored = now.fields.get(name).unwrap_or(&Value::Null);
        stored == value || {
            let (a, b) = (Val::from_json(stored).number(), Val::from_json(value).number());
            a.is_some() && a == b
        }
    };
    (row.place.is_none() || row.place == now.place) && row.fields.iter().all(|(name, value)| same(name, value))
}
