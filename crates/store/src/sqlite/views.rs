//! Views for other people's tools: one for each register and each process, with typed columns. Personal and confidential fields
//! are not in them. They are made anew whenever packs are installed.

use super::matching;
use super::packed::CASE_TEXT;
use super::row::{Stored, all, failed, json, run};
use crate::viewed::{OF_CASES, OF_ROWS, name_of, quoted};
use ganglion_kernel::StoreError;
use ganglion_model::pack::{Field, FieldKind, Model, Scope};
use rusqlite::{Connection, TransactionBehavior, params};

const ATTEMPTED: &str = "making the views";

/// An instant as local time, in the form every tool reads.
fn local(column: &str) -> String {
    format!("strftime('%Y-%m-%dT%H:%M:%S+08:00', {column} / 1000000 + 28800, 'unixepoch')")
}

/// A field as a typed column; `None` for one that does not leave the house.
fn column(field: &Field, body: &str, taken: &[&str]) -> Option<String> {
    let name = name_of(field, taken)?;
    let value = format!("json_extract({body}, '$.fields.{}')", field.name);
    let typed = |kind: &str| format!("CAST({value} AS {kind}) AS {}", quoted(&name));
    Some(match &field.kind {
        FieldKind::Integer { .. } | FieldKind::Boolean => typed("INTEGER"),
        FieldKind::Decimal { .. } => typed("NUMERIC"),
        // Money is kept in fen and read in yuan.
        FieldKind::Money => format!("{value} / 100.0 AS {}", quoted(&name)),
        FieldKind::Point => {
            let part = |at: u8| format!("json_extract({body}, '$.fields.{}[{at}]')", field.name);
            let (lon, lat) = (quoted(&format!("{name}_lon")), quoted(&format!("{name}_lat")));
            format!("{} AS {lon}, {} AS {lat}", part(0), part(1))
        }
        _ => typed("TEXT"),
    })
}

fn columns(fields: &[Field], body: &str, taken: &[&str]) -> String {
    let all: Vec<String> = fields.iter().filter_map(|field| column(field, body, taken)).collect();
    if all.is_empty() { String::new() } else { format!(", {}", all.join(", ")) }
}

fn of_register(name: &str, fields: &[Field], scope: Scope) -> String {
    let head = format!(
        "shard, key AS row_key, version AS row_version, place, nullif(valid_from, '') AS valid_from, valid_to, {} AS changed_at",
        local("updated_at")
    );
    let own = format!("SELECT {head}{} FROM record WHERE register = '{name}'", columns(fields, "body", &OF_ROWS));
    let view = quoted(&format!("register_{name}"));
    match scope {
        Scope::Place(_) => format!("CREATE VIEW {view} AS {own}"),
        // Rows a pack brings are not in the table of rows until somebody changes them.
        Scope::Deployment => {
            let known = "SELECT 1 FROM record r WHERE r.shard = 0 AND r.register = s.register AND r.key = s.key AND \
                         r.valid_from = s.valid_from";
            let seeds = columns(fields, "body", &OF_ROWS);
            format!(
                "CREATE VIEW {view} AS {own} UNION ALL SELECT 0, key, 0, NULL, nullif(valid_from, ''), valid_to, \
                 NULL{seeds} FROM seed s WHERE register = '{name}' AND NOT EXISTS ({known})"
            )
        }
    }
}

fn of_process(name: &str, fields: &[Field]) -> String {
    let due = "CASE WHEN due = 9223372036854775807 THEN NULL ELSE due END";
    format!(
        "CREATE VIEW {} AS SELECT shard, number, state, kind, place, level, assignee, {} AS opened_at, {} AS changed_at, \
         {} AS closed_at, {} AS due_at{} FROM case_row WHERE process = '{name}'",
        quoted(&format!("process_{name}")),
        local("opened_at"),
        local("updated_at"),
        local("closed_at"),
        local(&format!("({due})")),
        columns(fields, CASE_TEXT, &OF_CASES)
    )
}

/// Makes the views of a model in place of those that are there.
pub(super) fn set(connection: &mut Connection, model: &Model) -> Stored<()> {
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed(ATTEMPTED))?;
    let named =
        "SELECT name FROM sqlite_master WHERE type = 'view' AND (name GLOB 'register_*' OR name GLOB 'process_*')";
    let old = all(&transaction, ATTEMPTED, (named, []), |row| row.get::<_, String>(0).map_err(failed(ATTEMPTED)))?;
    let batch = |sql: &str| transaction.execute_batch(sql).map_err(failed(ATTEMPTED));
    old.iter().try_for_each(|name| batch(&format!("DROP VIEW {}", quoted(name))))?;
    matching::index(&transaction, model)?;
    seeds(&transaction, model)?;
    for register in model.registers.values() {
        batch(&of_register(&register.name, &register.fields, register.scope))?;
    }
    for process in model.processes.values() {
        let fields: Vec<Field> = process.form.iter().chain(&process.fields).cloned().collect();
        batch(&of_process(&process.name, &fields))?;
    }
    transaction.commit().map_err(failed(ATTEMPTED))
}

fn seeds(connection: &Connection, model: &Model) -> Result<(), StoreError> {
    run(connection, ATTEMPTED, "DELETE FROM seed", [])?;
    for register in model.registers.values().filter(|one| one.scope == Scope::Deployment) {
        for seed in model.seeds.get(&register.name).into_iter().flatten() {
            let record = seed.record(register);
            let sql = "INSERT OR REPLACE INTO seed (register, key, valid_from, valid_to, body) VALUES (?, ?, ?, ?, ?)";
            let from = record.valid_from.map(|day| day.to_string()).unwrap_or_default();
            let to = record.valid_to.map(|day| day.to_string());
            run(connection, ATTEMPTED, sql, params![register.name, record.key, from, to, json(ATTEMPTED, &record)?])?;
        }
    }
    Ok(())
}
