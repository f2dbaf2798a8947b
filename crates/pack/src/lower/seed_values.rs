//! Computed values of the rows registers start with: worked out once, when the packs are compiled.

use ganglion_model::pack::{Field, Model, Seed};
use ganglion_model::row::Record;
use ganglion_model::scope::{RowNames, Rows};
use ganglion_model::{Fields, Shard};
use jiff::Timestamp;
use jiff::civil::Date;
use std::collections::BTreeMap;

/// Seeds as rows that references can be followed into.
struct SeedRows<'a> {
    model: &'a Model,
    rows: BTreeMap<&'a str, Vec<Record>>,
}

impl Rows for SeedRows<'_> {
    fn row(&self, register: &str, key: &str, day: Date) -> Option<&Record> {
        let mut rows = self.rows.get(register)?.iter().filter(|row| row.key == key);
        rows.clone().find(|row| row.valid_on(day)).or_else(|| rows.next_back())
    }

    fn is_known(&self, register: &str, key: &str) -> bool {
        self.rows.get(register).is_some_and(|rows| rows.iter().any(|row| row.key == key))
    }

    fn fields(&self, register: &str) -> &[Field] {
        self.model.registers.get(register).map_or(&[], |register| &register.fields)
    }
}

fn record(register: &str, seed: &Seed) -> Record {
    Record {
        register: register.to_owned(),
        shard: Shard::DEPLOYMENT,
        key: seed.key.clone(),
        version: 1,
        place: None,
        valid_from: seed.valid_from,
        valid_to: seed.valid_to,
        updated_at: Timestamp::UNIX_EPOCH,
        fields: seed.fields.clone(),
        authority: None,
        documents: Vec::new(),
    }
}

/// The fields of every row with computed values: register, index of the row, fields.
pub fn all(model: &Model) -> Vec<(String, usize, Fields)> {
    let computes = |register: &str| {
        model.registers.get(register).is_some_and(|one| one.fields.iter().any(|field| field.computed.is_some()))
    };
    if !model.seeds.keys().any(|register| computes(register)) {
        return Vec::new();
    }
    let rows =
        model.seeds.iter().map(|(name, seeds)| (name.as_str(), seeds.iter().map(|seed| record(name, seed)).collect()));
    let rows = SeedRows { model, rows: rows.collect() };
    let mut worked_out = Vec::new();
    for (name, seeds) in model.seeds.iter().filter(|(name, _)| computes(name)) {
        for (index, seed) in seeds.iter().enumerate() {
            worked_out.push((name.clone(), index, values(&rows, record(name, seed))));
        }
    }
    worked_out
}

/// The fields of a row, computed until nothing changes.
fn values(rows: &SeedRows<'_>, mut row: Record) -> Fields {
    let fields = rows.fields(&row.register);
    for _ in fields.iter().filter(|field| field.computed.is_some()) {
        for field in fields {
            let Some(expr) = &field.computed else { continue };
            let value = expr.eval(&RowNames::of(rows, &row)).to_json();
            if !value.is_null() {
                row.fields.insert(field.name.clone(), value);
            }
        }
    }
    row.fields
}
