//! Views for other people's tools: one for each register and each process, with typed columns. Personal and confidential fields
//! are not in them. They are made anew when what they show has changed; one that others built upon stays as it is, with a word
//! in the log.

use super::connect::PgStore;
use super::error::{failed, words};
use super::matching;
use super::row::{Stored, jsonb};
use super::sql::{Around, Pipeline, column, one, value};
use super::transaction::Transaction;
use super::write_rows::from;
use crate::viewed::{OF_CASES, OF_ROWS, name_of, quoted};
use deadpool_postgres::Object;
use ganglion_kernel::StoreError;
use ganglion_kernel::merkle::leaf_hash;
use ganglion_model::Record;
use ganglion_model::pack::{Field, FieldKind, Model, Scope};
use std::fmt::Write as _;
use tokio_postgres::error::SqlState;

const ATTEMPTED: &str = "making the views";
/// The lock one server at a time makes views under.
const LOCK: i64 = 0x6761_6e67_0003;
/// The setting that says by which statements the views were made.
const MADE_BY: &str = "views";

/// An instant.
fn instant(column: &str) -> String {
    format!("to_timestamp({column} / 1000000.0)")
}

/// A text as a number, or nothing: what an older version of a pack let in must not end somebody's query.
fn number(value: &str) -> String {
    format!("CASE WHEN {value} ~ '^-?[0-9]+([.][0-9]+)?$' THEN ({value})::numeric END")
}

/// A field as a typed column; `None` for one that does not leave the house.
fn shown(field: &Field, taken: &[&str]) -> Option<String> {
    let name = name_of(field, taken)?;
    let value = format!("(body::jsonb #>> '{{fields,{}}}')", field.name);
    Some(match &field.kind {
        FieldKind::Boolean => format!("({value} = 'true') AS {}", quoted(&name)),
        FieldKind::Integer { .. } | FieldKind::Decimal { .. } => format!("{} AS {}", number(&value), quoted(&name)),
        // Money is kept in fen and read in yuan.
        FieldKind::Money => format!("({}) / 100.0 AS {}", number(&value), quoted(&name)),
        FieldKind::Point => {
            let part = |at: u8| number(&format!("(body::jsonb #>> '{{fields,{},{at}}}')", field.name));
            let (lon, lat) = (quoted(&format!("{name}_lon")), quoted(&format!("{name}_lat")));
            format!("{} AS {lon}, {} AS {lat}", part(0), part(1))
        }
        _ => format!("{value} AS {}", quoted(&name)),
    })
}

fn columns(fields: &[Field], taken: &[&str]) -> String {
    let all: Vec<String> = fields.iter().filter_map(|field| shown(field, taken)).collect();
    if all.is_empty() { String::new() } else { format!(", {}", all.join(", ")) }
}

/// Name and query of the view of a register.
fn of_register(name: &str, fields: &[Field], scope: Scope) -> (String, String) {
    let head = format!(
        "shard, key AS row_key, version AS row_version, place, nullif(valid_from, '') AS valid_from, valid_to, \
         {} AS changed_at",
        instant("updated_at")
    );
    let own = format!("SELECT {head}{} FROM record WHERE register = '{name}'", columns(fields, &OF_ROWS));
    let query = match scope {
        Scope::Place(_) => own,
        // Rows a pack brings are not in the table of rows until somebody changes them.
        Scope::Deployment => format!(
            "{own} UNION ALL SELECT 0, key, 0, NULL, nullif(valid_from, ''), valid_to, NULL{} FROM seed s \
             WHERE register = '{name}' AND NOT EXISTS (SELECT 1 FROM record r WHERE r.shard = 0 \
             AND r.register = s.register AND r.key = s.key AND r.valid_from = s.valid_from)",
            columns(fields, &OF_ROWS)
        ),
    };
    (format!("register_{name}"), query)
}

/// Name and query of the view of a process.
fn of_process(name: &str, fields: &[Field]) -> (String, String) {
    let query = format!(
        "SELECT shard, number, state, kind, place, level, assignee, {} AS opened_at, {} AS changed_at, {} AS closed_at, \
         {} AS due_at{} FROM case_row WHERE process = '{name}'",
        instant("opened_at"),
        instant("updated_at"),
        instant("closed_at"),
        instant("nullif(due, 9223372036854775807)"),
        columns(fields, &OF_CASES)
    );
    (format!("process_{name}"), query)
}

fn all_of(model: &Model) -> Vec<(String, String)> {
    let registers = model.registers.values().map(|one| of_register(&one.name, &one.fields, one.scope));
    let processes = model.processes.values().map(|one| {
        let fields: Vec<Field> = one.form.iter().chain(&one.fields).cloned().collect();
        of_process(&one.name, &fields)
    });
    registers.chain(processes).collect()
}

/// Rows registers of the deployment start with.
fn seeds(model: &Model) -> Vec<Record> {
    let of_deployment = model.registers.values().filter(|one| one.scope == Scope::Deployment);
    let seeds = of_deployment
        .flat_map(|register| model.seeds.get(&register.name).into_iter().flatten().map(|seed| seed.record(register)));
    seeds.collect()
}

/// Makes the views of a model in place of those that are there.
pub(super) async fn set(store: &PgStore, model: &Model) -> Stored<()> {
    let (views, indexes, seeds) = (all_of(model), matching::indexes(model), seeds(model));
    let made_by = fingerprint(&views, &indexes, &seeds)?;
    let known = super::people::setting(&store.reader().await?, MADE_BY).await?;
    if known.as_deref() == Some(made_by.as_str()) {
        return Ok(());
    }
    let transaction = Transaction::begin(store, ATTEMPTED).await?;
    let client = transaction.client()?;
    client.query("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await.map_err(failed(ATTEMPTED))?;
    let sql = "SELECT coalesce(array_agg(viewname::text), '{}') FROM pg_views WHERE schemaname = current_schema() \
               AND viewname ~ '^(register|process)_'";
    let old: Vec<String> =
        one(client, ATTEMPTED, (sql, &[]), |row| row.try_get(0).map_err(failed(ATTEMPTED))).await?.unwrap_or_default();
    for name in old.iter().filter(|name| views.iter().all(|(kept, _)| kept != *name)) {
        replace(client, name, &format!("DROP VIEW {}", quoted(name))).await?;
    }
    matching::make(client, &indexes).await?;
    put_seeds(client, &seeds).await?;
    for (name, query) in &views {
        let name = quoted(name);
        let statements = format!("DROP VIEW IF EXISTS {name}; CREATE VIEW {name} AS {query}");
        replace(client, &name, &statements).await?;
    }
    super::people::setting_put(client, MADE_BY, &made_by).await?;
    transaction.commit(ATTEMPTED).await
}

fn fingerprint(views: &[(String, String)], indexes: &[(String, String)], seeds: &[Record]) -> Stored<String> {
    let text = super::row::json(ATTEMPTED, &(views, indexes, seeds))?;
    Ok(leaf_hash(text.as_bytes()).iter().fold(String::new(), |mut out, byte| {
        // Writing to a text does not fail.
        let _ = write!(out, "{byte:02x}");
        out
    }))
}

/// Runs statements about one view; something others built upon it keeps it as it is.
async fn replace(client: &Object, name: &str, statements: &str) -> Result<(), StoreError> {
    let guarded = format!("SAVEPOINT one; {statements}; RELEASE SAVEPOINT one");
    match client.batch_execute(&guarded).await {
        Ok(()) => Ok(()),
        Err(error) if error.code() == Some(&SqlState::DEPENDENT_OBJECTS_STILL_EXIST) => {
            tracing::warn!(
                view = name,
                reason = words(&error),
                "a view stays as it is, since others are built upon it"
            );
            client.batch_execute("ROLLBACK TO SAVEPOINT one").await.map_err(failed(ATTEMPTED))
        }
        Err(error) => Err(failed(ATTEMPTED)(error)),
    }
}

async fn put_seeds(client: &Object, seeds: &[Record]) -> Stored<()> {
    let bodies: Vec<String> = seeds.iter().map(|one| jsonb(ATTEMPTED, one)).collect::<Stored<_>>()?;
    let mut pipeline = Pipeline::default();
    pipeline.push("DELETE FROM seed", Vec::new());
    let sql = "INSERT INTO seed (register, key, valid_from, valid_to, body) SELECT DISTINCT ON (w.register, w.key, \
               w.valid_from) w.register, w.key, w.valid_from, w.valid_to, w.body::jsonb FROM unnest($1::text[], $2::text[], \
               $3::text[], $4::text[], $5::text[]) WITH ORDINALITY w (register, key, valid_from, valid_to, body, at) \
               ORDER BY w.register, w.key, w.valid_from, w.at DESC";
    pipeline.over(seeds, sql, |w| {
        vec![
            column(w, |one| one.register.clone()),
            column(w, |one| one.key.clone()),
            column(w, |one| from(one.valid_from)),
            column(w, |one| one.valid_to.map(|day| day.to_string())),
            value(bodies),
        ]
    });
    pipeline.send(client, Around::Nothing).await.map(drop).map_err(failed(ATTEMPTED))
}
