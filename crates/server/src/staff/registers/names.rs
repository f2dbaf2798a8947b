//! What rows are called that the fields of a page refer to, and where their pages are. Rows of the deployment are in memory;
//! those kept by place are read here, once a page, before anything is shown. A row the reader may not read keeps its key.

use super::{Readable, readable, row_href, shown};
use crate::error::Error;
use crate::view::{Look, RowName};
use crate::web::Web;
use ganglion_kernel::World;
use ganglion_kernel::port::Want;
use ganglion_kernel::seal::is_sealed;
use ganglion_model::pack::{Field, FieldKind, Register, Scope};
use ganglion_model::{Case, Record, RowKey, Shard};
use jiff::civil::Date;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Learns what rows are called that these cases refer to.
///
/// # Errors
/// Storage.
pub async fn of_cases(web: &Web, cases: &[Case]) -> Result<(), Error> {
    let mut wanted = BTreeSet::new();
    for case in cases {
        let Some(process) = web.world.model.processes.get(&case.process) else { continue };
        for field in process.form.iter().chain(&process.fields) {
            collect(&web.world, (case.shard, field), case.fields.get(&field.name), &mut wanted);
        }
    }
    learn(web, wanted).await
}

/// Learns what rows are called that these rows refer to.
///
/// # Errors
/// Storage.
pub async fn of_rows(web: &Web, register: &Register, rows: &[Record]) -> Result<(), Error> {
    let mut wanted = BTreeSet::new();
    for record in rows {
        // Rows of the deployment name rows of their own kind alone: the others have no one county to be looked for in.
        for field in &register.fields {
            collect(&web.world, (record.shard, field), record.fields.get(&field.name), &mut wanted);
        }
    }
    learn(web, wanted).await
}

/// Adds the rows that a value of a field names.
pub fn collect(world: &World, (shard, field): (Shard, &Field), value: Option<&Value>, wanted: &mut BTreeSet<RowKey>) {
    let mut want = |register: &str, key: &Value| {
        let Some(key) = key.as_str().filter(|key| !is_sealed(key)) else { return };
        let Some(def) = world.model.registers.get(register) else { return };
        let shard = if def.scope == Scope::Deployment { Shard::DEPLOYMENT } else { shard };
        wanted.insert((shard, register.to_owned(), key.to_owned()));
    };
    match (&field.kind, value) {
        (FieldKind::Ref { register }, Some(key)) => want(register, key),
        (FieldKind::Refs { register, .. }, Some(Value::Array(keys))) => {
            keys.iter().for_each(|key| want(register, key));
        }
        (FieldKind::Table { fields, .. }, Some(Value::Array(rows))) => {
            for row in rows {
                for column in fields {
                    collect(world, (shard, column), row.get(&column.name), wanted);
                }
            }
        }
        _ => {}
    }
}

async fn learn(web: &Web, mut wanted: BTreeSet<RowKey>) -> Result<(), Error> {
    wanted.retain(|row| !web.rows.knows(row));
    let names: BTreeSet<String> = wanted.iter().map(|(_, register, _)| register.clone()).collect();
    let read: BTreeMap<String, Readable<'_>> =
        names.into_iter().filter_map(|name| Some((name.clone(), readable(web, &name).ok()?))).collect();
    wanted.retain(|(_, register, _)| read.contains_key(register));
    if wanted.is_empty() {
        return Ok(());
    }
    let words = web.words();
    let look = web.look(&words);
    let (deployed, by_place): (Vec<RowKey>, Vec<RowKey>) =
        wanted.into_iter().partition(|(shard, ..)| *shard == Shard::DEPLOYMENT);
    for (_, register, key) in &deployed {
        if let (Some(readable), Some(record)) = (read.get(register), web.world.latest(register, key)) {
            put(web, &look, readable, record);
        }
    }
    if by_place.is_empty() {
        return Ok(());
    }
    let loaded = web.app.store.load(&Want { records: by_place, ..Want::default() }).await?;
    for record in in_force(&loaded.records, web.today()) {
        if let Some(readable) = read.get(&record.register).filter(|one| one.reach.lists(record.place)) {
            put(web, &look, readable, record);
        }
    }
    Ok(())
}

/// Of each row the version that holds on `day`, else the last one.
pub fn in_force(records: &[Record], day: Date) -> impl Iterator<Item = &Record> {
    let rank = |one: &Record| (one.valid_on(day), one.valid_from, one.version);
    let mut newest: BTreeMap<RowKey, &Record> = BTreeMap::new();
    for record in records {
        let best = newest.entry(record.row_key()).or_insert(record);
        if rank(record) > rank(best) {
            *best = record;
        }
    }
    newest.into_values()
}

fn put(web: &Web, look: &Look<'_>, readable: &Readable<'_>, record: &Record) {
    let name = RowName {
        label: shown::title(look, readable, web, record),
        href: row_href("rows", record.shard, &record.register, &record.key),
    };
    web.rows.put((record.shard, record.register.clone(), record.key.clone()), name);
}
