//! One database that reads the figures of several: of each the heads, counters and facts of its counties, as partitions that live on the other
//! server (`postgres_fdw`). What is about people stays where it is. City and province figures are sums over these partitions at read time.
//!
//! It only reads. PostgreSQL takes no foreign partition below a table with a unique index and no `ON CONFLICT DO UPDATE` on one, so
//! every county is written by servers on its own database; the tables here stand in a schema of their own, without keys. Nor does it see
//! to it that a foreign partition holds only what it is said to, so what belongs to a deployment as a whole is left out by views over them.

use super::connect::PgStore;
use super::error::{PgOpenError, failed};
use super::options::{Address, PgOptions};
use super::sql::all;
use super::transaction::Transaction;
use deadpool_postgres::Object;
use ganglion_kernel::StoreError;
use ganglion_model::Shard;
use std::collections::BTreeMap;
use std::fmt::Write as _;

const ATTEMPTED: &str = "gathering figures of other databases";
/// What is read of each: enough for figures and for the proof which journals they rest on, and nothing about people.
const TABLES: [&str; 3] = ["shard_head", "tally", "fact"];
/// The schema they are read in: `?options=-csearch_path%3Dgathered%2Cpublic` behind an address.
pub const GATHERED: &str = "gathered";
/// Servers and schemas of ours begin with this.
const OURS: &str = "ganglion_";
/// Name, behind that, of the schema of the tables whose partitions live elsewhere.
const WHOLE: &str = "all";
/// What of an address is handed on as it is written.
const HANDED_ON: [&str; 3] = ["sslmode", "sslrootcert", "target_session_attrs"];

/// Why databases were not gathered; everything is then as it was.
#[derive(Debug, thiserror::Error)]
pub enum GatherError {
    /// A name that will not do.
    #[error("{0:?} cannot be the name of a database: small letters and digits, beginning with a letter, at most 30")]
    Name(String),
    /// An address cannot be read.
    #[error("{name}: {error}")]
    Address {
        /// Which.
        name: String,
        /// Why.
        error: PgOpenError,
    },
    /// Two databases have the same county.
    #[error("{one} and {other} both have shard {shard}: its figures would be counted twice")]
    Twice {
        /// One of them.
        one: String,
        /// The other.
        other: String,
        /// The county.
        shard: Shard,
    },
    /// A database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A database that figures are read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gathered {
    /// Its name.
    pub name: String,
    /// Its counties.
    pub shards: Vec<Shard>,
}

impl PgStore {
    /// Makes the figures of other databases readable here, by name and address, instead of those that were before. Run it again when one
    /// of them gets another county.
    ///
    /// # Errors
    /// See [`GatherError`].
    pub async fn gather(&self, from: &[(String, String)]) -> Result<Vec<Gathered>, GatherError> {
        let transaction = Transaction::begin(self, ATTEMPTED).await?;
        let client = transaction.client()?;
        forget(client).await?;
        let mut all = Vec::with_capacity(from.len());
        let mut owners: BTreeMap<Shard, &str> = BTreeMap::new();
        for (name, url) in from {
            client.batch_execute(&far(name, url)?).await.map_err(failed(ATTEMPTED))?;
            let shards = shards(client, name).await?;
            for shard in &shards {
                if let Some(one) = owners.insert(*shard, name) {
                    return Err(GatherError::Twice { one: one.to_owned(), other: name.clone(), shard: *shard });
                }
            }
            all.push(Gathered { name: name.clone(), shards });
        }
        client.batch_execute(&parents(&all)).await.map_err(failed(ATTEMPTED))?;
        transaction.commit(ATTEMPTED).await?;
        Ok(all)
    }
}

/// Removes what was gathered before.
async fn forget(client: &Object) -> Result<(), GatherError> {
    let sql =
        format!("CREATE EXTENSION IF NOT EXISTS postgres_fdw; DROP SCHEMA IF EXISTS {GATHERED}, {OURS}{WHOLE} CASCADE");
    client.batch_execute(&sql).await.map_err(failed(ATTEMPTED))?;
    let sql = "SELECT srvname::text FROM pg_foreign_server WHERE starts_with(srvname::text, $1)";
    let read = |row: &tokio_postgres::Row| row.try_get::<_, String>(0).map_err(failed(ATTEMPTED));
    for server in all(client, ATTEMPTED, (sql, &[&OURS]), read).await? {
        let server = identifier(&server);
        let sql = format!("DROP SCHEMA IF EXISTS {server} CASCADE; DROP SERVER {server} CASCADE");
        client.batch_execute(&sql).await.map_err(failed(ATTEMPTED))?;
    }
    Ok(())
}

/// Statements that make the tables of another database readable.
fn far(name: &str, url: &str) -> Result<String, GatherError> {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if name == WHOLE
        || name.len() > 30
        || !name.starts_with(|c: char| c.is_ascii_lowercase())
        || !name.chars().all(is_plain)
    {
        return Err(GatherError::Name(name.to_owned()));
    }
    let address = Address::read(url, &PgOptions::default())
        .map_err(|error| GatherError::Address { name: name.to_owned(), error })?;
    let server = format!("{OURS}{name}");
    let (hosts, ports) = address.hosts();
    let mut options = vec![
        ("host", hosts),
        ("port", ports),
        ("dbname", address.database().to_owned()),
        ("updatable", "false".to_owned()),
    ];
    options.extend([("fetch_size", "10000".to_owned()), ("async_capable", "true".to_owned())]);
    let given = url.split_once('?').map_or("", |(_, query)| query).split('&').filter_map(|pair| pair.split_once('='));
    options.extend(given.filter(|(key, _)| HANDED_ON.contains(key)).map(|(key, value)| (key, value.to_owned())));
    let mut mapping = vec![("user", address.user().to_owned())];
    mapping.push(match address.config.get_password() {
        Some(password) => ("password", String::from_utf8_lossy(password).into_owned()),
        None => ("password_required", "false".to_owned()),
    });
    Ok(format!(
        "CREATE SERVER {server} FOREIGN DATA WRAPPER postgres_fdw OPTIONS ({}); CREATE USER MAPPING FOR CURRENT_USER SERVER {server} \
         OPTIONS ({}); CREATE SCHEMA {server}; IMPORT FOREIGN SCHEMA public LIMIT TO ({}) FROM SERVER {server} INTO {server}",
        listed(&options),
        listed(&mapping),
        TABLES.join(", ")
    ))
}

/// The counties of another database. What belongs to a deployment as a whole stays with it.
async fn shards(client: &Object, name: &str) -> Result<Vec<Shard>, GatherError> {
    let sql = format!("SELECT shard FROM {OURS}{name}.shard_head WHERE shard <> 0 ORDER BY shard");
    let read = |row: &tokio_postgres::Row| row.try_get::<_, i32>(0).map_err(failed(ATTEMPTED));
    let found = all(client, ATTEMPTED, (&sql, &[]), read).await?;
    Ok(found.into_iter().map(|shard| Shard(shard.cast_unsigned())).collect())
}

/// Statements that make the tables whose partitions live elsewhere.
fn parents(all: &[Gathered]) -> String {
    let mut out = format!("CREATE SCHEMA {GATHERED}; CREATE SCHEMA {OURS}{WHOLE};");
    let Some(first) = all.first() else { return out };
    for table in TABLES {
        // Writing to a text does not fail.
        let _ = write!(
            out,
            " CREATE TABLE {OURS}{WHOLE}.{table} (LIKE {OURS}{}.{table}) PARTITION BY LIST (shard); CREATE VIEW {GATHERED}.{table} AS \
             SELECT * FROM {OURS}{WHOLE}.{table} WHERE shard <> 0;",
            first.name
        );
        for one in all.iter().filter(|one| !one.shards.is_empty()) {
            let shards: Vec<String> = one.shards.iter().map(|shard| shard.0.to_string()).collect();
            let _ = write!(
                out,
                " ALTER TABLE {OURS}{WHOLE}.{table} ATTACH PARTITION {OURS}{}.{table} FOR VALUES IN ({});",
                one.name,
                shards.join(", ")
            );
        }
    }
    out
}

fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn listed(options: &[(&str, String)]) -> String {
    let all: Vec<String> = options.iter().map(|(key, value)| format!("{key} {}", literal(value))).collect();
    all.join(", ")
}

/// A text in a statement, whatever stands in it.
fn literal(value: &str) -> String {
    format!("E'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_becomes_options_and_nothing_in_it_becomes_a_statement() {
        let sql = far("east", "postgres://li:a'b%5C@db1,db2:5433/city?target_session_attrs=read-write").unwrap();
        assert!(sql.contains("host E'db1,db2', port E'5432,5433', dbname E'city', updatable E'false'"), "{sql}");
        assert!(sql.contains("target_session_attrs E'read-write'"), "{sql}");
        assert!(sql.contains("user E'li', password E'a\\'b\\\\'"), "{sql}");
        for name in ["", "all", "East", "1", "a-b", "a; DROP TABLE x", "abcdefghijklmnopqrstuvwxyzabcdefg"] {
            assert!(matches!(far(name, "postgres://li@db/city"), Err(GatherError::Name(_))), "{name}");
        }
    }
}
