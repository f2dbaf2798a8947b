//! Brings a database to the shape this binary knows: numbered files with the numbers and names of SQLite's, only forward, each
//! with its checksum noted. One server at a time; the others wait and find the work done.
//!
//! Migrations only widen, so an older server goes on beside a newer one until it is stopped. The layout says how the tables
//! are spread: as they are, partitioned by county, or over a cluster of Citus.

use super::error::{PgOpenError, words};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use tokio_postgres::{Client, Error};

/// Number, name and text of every migration, in order.
pub(super) const MIGRATIONS: &[(u32, &str, &str)] = &[
    (1, "tables", include_str!("migrations/0001-tables.sql")),
    (2, "documents", include_str!("migrations/0002-documents.sql")),
    (3, "rows", include_str!("migrations/0003-rows.sql")),
    (4, "rules", include_str!("migrations/0004-rules.sql")),
    (5, "figures", include_str!("migrations/0005-figures.sql")),
    (6, "waiting", include_str!("migrations/0006-waiting.sql")),
    (7, "notices", include_str!("migrations/0007-notices.sql")),
    (8, "told", include_str!("migrations/0008-told.sql")),
    (9, "packs", include_str!("migrations/0009-packs.sql")),
    (10, "words", include_str!("migrations/0010-words.sql")),
    (11, "kept", include_str!("migrations/0011-kept.sql")),
    (12, "log", include_str!("migrations/0012-log.sql")),
    (17, "search", include_str!("migrations/0017-search.sql")),
    (19, "seal-lookup", include_str!("migrations/0019-seal-lookup.sql")),
    (21, "settled-kind", include_str!("migrations/0021-settled-kind.sql")),
    (22, "packed", include_str!("migrations/0022-packed.sql")),
    (24, "marks", include_str!("migrations/0024-marks.sql")),
    (26, "order", include_str!("migrations/0026-order.sql")),
    (28, "case-lines", include_str!("migrations/0028-case-lines.sql")),
    (29, "numbering-and-marks", include_str!("migrations/0029-numbering-and-marks.sql")),
    (30, "map", include_str!("migrations/0030-map.sql")),
    (31, "retention", include_str!("migrations/0031-retention.sql")),
    (32, "open-by-state", include_str!("migrations/0032-open-by-state.sql")),
    (33, "waited-for", include_str!("migrations/0033-waited-for.sql")),
    (34, "bands", include_str!("migrations/0034-bands.sql")),
];

/// The lock that one server at a time migrates under. Any number will do that nobody else uses.
const LOCK: i64 = 0x6761_6e67_0001;

/// How tables are spread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layout {
    /// As they are, in one database.
    #[default]
    Single,
    /// One partition a county, and one for counties that have none.
    Partitioned,
    /// Over the nodes of a Citus cluster, by county.
    Citus,
}

impl Layout {
    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Layout::Single => "single",
            Layout::Partitioned => "partitioned",
            Layout::Citus => "citus",
        }
    }

    /// From its name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Layout> {
        [Layout::Single, Layout::Partitioned, Layout::Citus].into_iter().find(|one| one.as_str() == name)
    }

    /// A name for the tables as this program makes them: other tables have another name.
    #[must_use]
    pub fn fingerprint(self) -> String {
        format!("{}_{}", self.as_str(), &checksum(&self.statements())[..12])
    }

    /// Every statement that makes the tables, for whoever wants to read them first.
    #[must_use]
    pub fn statements(self) -> String {
        MIGRATIONS.iter().map(|(number, name, text)| format!("-- {number:04} {name}\n{}", spread(text, self))).collect()
    }
}

/// A table of a migration, with what the mark behind it says.
struct Table<'t> {
    /// Everything from the end of the last table up to the closing bracket.
    text: &'t str,
    name: &'t str,
    by_shard: bool,
    fill: Option<&'t str>,
}

impl Table<'_> {
    fn with(&self) -> String {
        self.fill.map(|fill| format!(" WITH (fillfactor = {fill})")).unwrap_or_default()
    }
}

/// The tables of a migration, and what follows the last.
fn tables(text: &str) -> (Vec<Table<'_>>, &str) {
    let (mut all, mut rest) = (Vec::new(), text);
    while let Some((text, marked)) = rest.split_once("\n) /* ") {
        let Some((mark, after)) = marked.split_once(" */;") else { break };
        let head = text.rsplit_once("CREATE TABLE ").and_then(|(_, head)| head.split_once(" ("));
        let (place, fill) = mark.split_once("; fillfactor ").map_or((mark, None), |(place, fill)| (place, Some(fill)));
        all.push(Table { text, name: head.map_or("", |(name, _)| name), by_shard: place == "by shard", fill });
        rest = after;
    }
    (all, rest)
}

/// A migration as a layout needs it: what stands between the marks behind a table says where its rows go.
fn spread(text: &str, layout: Layout) -> String {
    let (all, rest) = tables(text);
    let mut out = String::with_capacity(2 * text.len());
    if layout == Layout::Citus && text.contains("CREATE TRIGGER") {
        // It asks for a word when a trigger is made on a distributed table; ours looks at no other row.
        out.push_str("SET LOCAL citus.enable_unsafe_triggers = on;\n");
    }
    for table in all {
        let (name, with) = (table.name, table.with());
        out.push_str(table.text);
        // Writing to a text does not fail.
        let _ = match (layout, table.by_shard) {
            (Layout::Partitioned, true) => write!(
                out,
                "\n) PARTITION BY LIST (shard);\nCREATE TABLE {name}_other PARTITION OF {name} DEFAULT{with};"
            ),
            (Layout::Citus, true) => {
                let with_heads = if name == "shard_head" { "" } else { ", colocate_with => 'shard_head'" };
                write!(out, "\n){with};\nSELECT create_distributed_table('{name}', 'shard'{with_heads});")
            }
            (Layout::Citus, false) => write!(out, "\n){with};\nSELECT create_reference_table('{name}');"),
            (Layout::Single, _) | (Layout::Partitioned, false) => write!(out, "\n){with};"),
        };
    }
    out.push_str(rest);
    out
}

/// Statements that give a county partitions of its own.
pub(super) fn partitions(shard: i32) -> Vec<(String, String)> {
    let all = MIGRATIONS.iter().flat_map(|one| tables(one.2).0).filter(|table| table.by_shard);
    let named = all.map(|table| {
        let part = format!("{}_{shard}", table.name);
        let sql = format!("CREATE TABLE {part} PARTITION OF {} FOR VALUES IN ({shard}){}", table.name, table.with());
        (part, sql)
    });
    named.collect()
}

/// Number of the last migration of this program.
pub(super) fn version() -> u32 {
    MIGRATIONS.last().map_or(0, |last| last.0)
}

fn checksum(text: &str) -> String {
    ganglion_kernel::merkle::leaf_hash(text.as_bytes()).iter().fold(String::with_capacity(64), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

fn failed(attempted: &'static str) -> impl Fn(Error) -> PgOpenError {
    move |error| PgOpenError::Database { attempted, reason: words(&error) }
}

/// Applies what is missing, in one transaction.
///
/// # Errors
/// See [`PgOpenError`]; the database is then unchanged.
pub(super) async fn migrate(client: &Client, layout: Option<Layout>) -> Result<Layout, PgOpenError> {
    let attempted = "cannot migrate";
    client
        .batch_execute("BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0")
        .await
        .map_err(failed(attempted))?;
    match apply(client, layout, MIGRATIONS).await {
        Ok(layout) => client.batch_execute("COMMIT").await.map(|()| layout).map_err(failed(attempted)),
        Err(error) => {
            // The connection is thrown away after this; if it is gone already, so is the transaction.
            let _ = client.batch_execute("ROLLBACK").await;
            Err(error)
        }
    }
}

/// The layout of a database whose tables are up to date; nothing is changed.
///
/// # Errors
/// See [`PgOpenError`]; among them that the tables are not up to date.
pub(super) async fn looked_at(client: &Client) -> Result<Layout, PgOpenError> {
    let failed = |error| failed("cannot look at the tables")(error);
    let known = version();
    let sql = "SELECT to_regclass('migration') IS NOT NULL AND to_regclass('layout') IS NOT NULL";
    if !client.query_one(sql, &[]).await.map_err(failed)?.get::<_, bool>(0) {
        return Err(PgOpenError::Behind { found: 0, known });
    }
    let applied = applied(client).await.map_err(failed)?;
    let found = applied.last_key_value().map_or(0, |(number, _)| *number);
    if found > known {
        return Err(PgOpenError::Newer { found, known });
    }
    for (number, _, text) in MIGRATIONS {
        match applied.get(number) {
            Some(noted) if *noted == checksum(text) => {}
            Some(_) => return Err(PgOpenError::Changed { number: *number }),
            None => return Err(PgOpenError::Behind { found, known }),
        }
    }
    let name: String = client.query_one("SELECT name FROM layout", &[]).await.map_err(failed)?.get(0);
    Ok(Layout::parse(&name).unwrap_or_default())
}

/// The migrations that were applied, with their checksums.
async fn applied(client: &Client) -> Result<BTreeMap<u32, String>, Error> {
    let rows = client.query("SELECT number, checksum FROM migration", &[]).await?;
    Ok(rows.iter().map(|row| (row.get::<_, i32>(0).cast_unsigned(), row.get(1))).collect())
}

async fn apply(
    client: &Client,
    layout: Option<Layout>,
    migrations: &[(u32, &str, &str)],
) -> Result<Layout, PgOpenError> {
    let failed = |error| failed("cannot migrate")(error);
    client.query("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await.map_err(failed)?;
    let layout = begin(client, layout).await?;
    let known = migrations.last().map_or(0, |last| last.0);
    let applied = applied(client).await.map_err(failed)?;
    if let Some((found, _)) = applied.last_key_value().filter(|(found, _)| **found > known) {
        return Err(PgOpenError::Newer { found: *found, known });
    }
    for (number, name, text) in migrations {
        match applied.get(number) {
            Some(found) if *found == checksum(text) => {}
            Some(_) => return Err(PgOpenError::Changed { number: *number }),
            None => {
                client.batch_execute(&spread(text, layout)).await.map_err(failed)?;
                let note = "INSERT INTO migration (number, name, checksum) VALUES ($1, $2, $3)";
                client.execute(note, &[&number.cast_signed(), name, &checksum(text)]).await.map_err(failed)?;
            }
        }
    }
    Ok(layout)
}

/// Makes the table of migrations if there is none; gives the layout.
async fn begin(client: &Client, wanted: Option<Layout>) -> Result<Layout, PgOpenError> {
    let failed = |error| failed("cannot migrate")(error);
    let sql = "SELECT to_regclass('migration') IS NOT NULL, EXISTS (SELECT FROM pg_class c WHERE c.relkind IN ('r', 'p') \
               AND c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema()) AND NOT EXISTS (SELECT FROM pg_depend d WHERE \
               d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'))";
    let row = client.query_one(sql, &[]).await.map_err(failed)?;
    if !row.get::<_, bool>(0) {
        if row.get::<_, bool>(1) {
            return Err(PgOpenError::Foreign);
        }
        let layout = wanted.unwrap_or_default();
        let tables = "CREATE TABLE migration (number INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL); \
                      CREATE TABLE layout (name TEXT PRIMARY KEY)";
        client.batch_execute(tables).await.map_err(failed)?;
        client.execute("INSERT INTO layout (name) VALUES ($1)", &[&layout.as_str()]).await.map_err(failed)?;
        return Ok(layout);
    }
    let found: String = client.query_one("SELECT name FROM layout", &[]).await.map_err(failed)?.get(0);
    let layout = Layout::parse(&found).unwrap_or_default();
    match wanted.filter(|wanted| *wanted != layout) {
        Some(wanted) => Err(PgOpenError::Layout { found, wanted: wanted.as_str().to_owned() }),
        None => Ok(layout),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_are_those_of_sqlite() {
        let ours: Vec<_> = MIGRATIONS.iter().map(|one| (one.0, one.1)).collect();
        assert_eq!(ours, crate::sqlite::migrations());
    }

    /// The rules of a distributed database, looked up in the statements themselves.
    #[test]
    fn every_table_says_where_its_rows_go_and_keys_hold_the_shard() {
        let all: String = MIGRATIONS.iter().map(|one| one.2).collect();
        let (tables, _) = tables(&all);
        assert_eq!(tables.len(), all.matches("CREATE TABLE ").count(), "a table has no mark");
        for table in tables.iter().filter(|table| table.by_shard) {
            let key = table.text.rsplit("PRIMARY KEY").next().unwrap();
            let own = table.text.rsplit("PRIMARY KEY").nth(1).unwrap().lines().last().unwrap();
            assert!(key.contains("shard") || own.contains("shard "), "{}: {key}", table.name);
        }
        for index in all.split("CREATE UNIQUE INDEX ").skip(1) {
            assert!(index.split(';').next().unwrap().contains("shard"), "{index}");
        }
    }

    #[test]
    fn on_a_cluster_of_citus_every_table_is_placed_once_and_nothing_reaches_over() {
        let all: String = MIGRATIONS.iter().map(|one| one.2).collect();
        let made = Layout::Citus.statements();
        for table in tables(&all).0 {
            let spread = made.matches(&format!("create_distributed_table('{}', 'shard'", table.name)).count();
            let copied = made.matches(&format!("create_reference_table('{}')", table.name)).count();
            assert_eq!((spread, copied), (usize::from(table.by_shard), usize::from(!table.by_shard)), "{}", table.name);
        }
        // All shards of a county lie together, and the heads come first, since the others are placed beside them.
        let beside = made.matches("colocate_with => 'shard_head'").count();
        assert_eq!(beside + 1, made.matches("create_distributed_table(").count());
        assert!(made.find("create_distributed_table('shard_head'") < made.find("colocate_with"));
        for word in ["REFERENCES", "FOREIGN KEY"] {
            assert!(!made.contains(word), "{word} may reach over to another node");
        }
        let told = made.find("citus.enable_unsafe_triggers").unwrap();
        assert!(made.find("CREATE TRIGGER").is_some_and(|at| told < at));
    }

    /// A server of the version before goes on beside one of this version: nothing it knows is taken away or given another shape.
    #[test]
    fn migrations_only_widen() {
        for (number, _, text) in MIGRATIONS.iter().skip(1) {
            for word in ["DROP TABLE", "DROP COLUMN", "RENAME", "ALTER COLUMN", "TRUNCATE", "SET NOT NULL"] {
                assert!(!text.contains(word), "migration {number} has {word}");
            }
            for added in text.split("ADD COLUMN ").skip(1) {
                let column = added.split(';').next().unwrap();
                let is_filled =
                    !column.contains("NOT NULL") || column.contains("DEFAULT") || column.contains("GENERATED");
                assert!(is_filled, "migration {number} adds {column}, which an older server does not fill");
            }
        }
    }

    #[test]
    fn layouts_spread_tables_by_shard_and_copy_the_others() {
        let text = "CREATE TABLE a (\n  shard INTEGER\n) /* by shard; fillfactor 70 */;\nCREATE TABLE b (x INTEGER\n) /* everywhere */;\n";
        assert_eq!(
            spread(text, Layout::Single),
            "CREATE TABLE a (\n  shard INTEGER\n) WITH (fillfactor = 70);\nCREATE TABLE b (x INTEGER\n);\n"
        );
        assert_eq!(
            spread(text, Layout::Partitioned),
            "CREATE TABLE a (\n  shard INTEGER\n) PARTITION BY LIST (shard);\nCREATE TABLE a_other PARTITION OF a DEFAULT WITH \
             (fillfactor = 70);\nCREATE TABLE b (x INTEGER\n);\n"
        );
        let citus = spread(text, Layout::Citus);
        assert!(
            citus.contains("SELECT create_distributed_table('a', 'shard', colocate_with => 'shard_head');"),
            "{citus}"
        );
        assert!(citus.contains("SELECT create_reference_table('b');"), "{citus}");
    }
}
