//! Installing packs: sources, the row and journal line of the new set, and the figures whose definitions changed, in one
//! transaction. Nobody else writes meanwhile, so what is counted is what is there.

use super::packed::{CASE_TEXT, Packing};
use super::row::{Column, Stored, all, failed, one, run, statement};
use super::write::{add_cells, put_fact, write_shard};
use super::{load, reference};
use ganglion_indicators::fold::cells_of_changes;
use ganglion_indicators::{Cells, FactChange, Measured};
use ganglion_kernel::StoreError;
use ganglion_kernel::figures::rows::facts_of_shard;
use ganglion_kernel::packs::{Install, PackSet, REGISTER};
use ganglion_kernel::port::ShardWrite;
use ganglion_model::Shard;
use ganglion_model::needed::Needed;
use ganglion_model::pack::Source;
use ganglion_model::row::Case;
use rusqlite::{Connection, ToSql, TransactionBehavior, params, params_from_iter};
use std::collections::BTreeMap;

const ATTEMPTED: &str = "installing packs";
/// Rows counted between two words about progress.
const STEP: u64 = 500;
/// Processes with fewer cases than one in so many of all have few; fewer for tests, which have not so many.
const RARE: u64 = if cfg!(debug_assertions) { 2 } else { 50 };

/// Number of the newest set; 0 without any.
fn newest(connection: &Connection) -> Stored<u64> {
    let sql = "SELECT key FROM record WHERE shard = ? AND register = ? ORDER BY key DESC LIMIT 1";
    let found = one(connection, ATTEMPTED, (sql, params![Shard::DEPLOYMENT.0, REGISTER]), |row| {
        let key: String = Column("record", "key").get(row, 0)?;
        key.parse::<u64>().map_err(|error| Column("record", "key").corrupt(key, error))
    })?;
    Ok(found.unwrap_or(0))
}

/// Refuses a batch that was decided by other packs than those installed now.
pub(super) fn check(connection: &Connection, packs: u64) -> Stored<()> {
    if newest(connection)? == packs { Ok(()) } else { Err(StoreError::PacksChanged) }
}

/// Sources by digest.
pub(super) fn source(connection: &Connection, digest: &str) -> Stored<Option<String>> {
    let sql = "SELECT body FROM pack_source WHERE digest = ?";
    one(connection, "reading sources of a pack", (sql, params![digest]), |row| {
        Column("pack_source", "body").get(row, 0)
    })
}

/// Installs: all of it or nothing.
pub(super) fn install(connection: &mut Connection, packing: &Packing, install: &Install<'_>) -> Stored<()> {
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed(ATTEMPTED))?;
    check(&transaction, install.set.number.saturating_sub(1))?;
    for (digest, body) in &install.sources {
        let sql = "INSERT OR IGNORE INTO pack_source (digest, body) VALUES (?, ?)";
        run(&transaction, ATTEMPTED, sql, params![digest, body])?;
    }
    let head = load::heads(&transaction, &[Shard::DEPLOYMENT])?.remove(&Shard::DEPLOYMENT).unwrap_or_default();
    if head.seq != install.expected_seq {
        return Err(StoreError::Moved(Shard::DEPLOYMENT));
    }
    write_shard(&transaction, packing, &install.write(head))?;
    for (process, clock) in &install.clocks {
        // With what runs beside it, such as its promised limit.
        let sql = "DELETE FROM timer WHERE (clock = ?1 OR clock LIKE ?1 || '.%') AND EXISTS (SELECT 1 FROM case_row c \
                   WHERE c.shard = timer.shard AND c.id = timer.case_id AND c.process = ?2)";
        run(&transaction, ATTEMPTED, sql, params![clock, process])?;
    }
    for (shard, field, value, number) in &install.unique {
        let sql = "INSERT OR IGNORE INTO unique_value (shard, field, value, number) VALUES (?, ?, ?, ?)";
        run(&transaction, ATTEMPTED, sql, params![shard.0, field, value, number])?;
    }
    recount(&transaction, install)?;
    debug_assert_eq!(newest(&transaction)?, install.set.number, "{}", PackSet::key(install.set.number));
    transaction.commit().map_err(failed(ATTEMPTED))?;
    packing.packs_changed();
    Ok(())
}

/// Takes away what is kept of measures: county by county, each a range of the key.
fn clear(connection: &Connection, measures: &[String]) -> Stored<()> {
    let sql = "SELECT shard FROM shard_head UNION SELECT 0";
    let shards = all(connection, ATTEMPTED, (sql, []), |row| Column("shard_head", "shard").get::<i64>(row, 0))?;
    for shard in shards {
        for measure in measures {
            for table in ["fact", "tally"] {
                let sql = format!("DELETE FROM {table} WHERE shard = ? AND measure = ?");
                run(connection, ATTEMPTED, &sql, params![shard, measure])?;
            }
        }
    }
    Ok(())
}

/// Counts the named measures anew.
fn recount(connection: &Connection, install: &Install<'_>) -> Stored<()> {
    clear(connection, &install.measures)?;
    let model = &install.world.model;
    let measured = Measured::chosen(model, |name| install.measures.iter().any(|measure| measure == name));
    let walk = Walk::of(connection, measured.processes())?;
    let mut done = 0;
    let mut writes: BTreeMap<Shard, ShardWrite> = BTreeMap::new();
    walk.each(connection, measured.needed(), &mut |case| {
        let mut facts = Vec::new();
        measured.facts_of_case(install.world, case, |_, fact| {
            facts.push(FactChange { case: case.id, before: None, after: Some(fact) });
        });
        for change in &facts {
            put_fact(connection, case.shard, change)?;
        }
        let write =
            writes.entry(case.shard).or_insert_with(|| ShardWrite { shard: case.shard, ..ShardWrite::default() });
        cells_of_changes(&mut write.cells, model, case.shard, &facts);
        done += 1;
        if done % STEP == 0 {
            (install.progress)(done, walk.cases);
        }
        Ok(())
    })?;
    (install.progress)(walk.cases, walk.cases);
    for write in writes.values() {
        add_cells(connection, &write.cells)?;
    }
    recount_rows(connection, install)
}

/// The way through all cases of some processes.
struct Walk<'p> {
    processes: Vec<&'p str>,
    cases: u64,
    /// Whether they are few among all: then each is looked up. Otherwise the table is read once from end to end, in the order it lies
    /// in.
    is_rare: bool,
}

impl<'p> Walk<'p> {
    fn of(connection: &Connection, processes: impl Iterator<Item = &'p str>) -> Stored<Self> {
        let count = |sql: &str, params: &[&dyn ToSql]| {
            one(connection, ATTEMPTED, (sql, params), |row| Column("case_row", "count").get::<u64>(row, 0))
        };
        let processes: Vec<&str> = processes.collect();
        let mut cases = 0;
        for process in &processes {
            cases += count("SELECT count(*) FROM case_row WHERE process = ?", &[process])?.unwrap_or(0);
        }
        let all = count("SELECT coalesce(max(rowid), 0) FROM case_row", &[])?.unwrap_or(0);
        Ok(Self { processes, cases, is_rare: cases < all / RARE })
    }

    /// One statement from the first case to the last: page by page, each page would sort all that is left.
    fn sql(&self) -> String {
        let way = if self.is_rare { "INDEXED BY case_state" } else { "NOT INDEXED" };
        let marks = vec!["?"; self.processes.len()].join(", ");
        format!("SELECT {CASE_TEXT}, number FROM case_row {way} WHERE process IN ({marks})")
    }

    fn each(&self, connection: &Connection, needed: &Needed, each: &mut dyn FnMut(&Case) -> Stored<()>) -> Stored<()> {
        if self.cases == 0 {
            return Ok(());
        }
        let mut statement = statement(connection, ATTEMPTED, &self.sql())?;
        let mut rows = statement.query(params_from_iter(&self.processes)).map_err(failed(ATTEMPTED))?;
        while let Some(row) = rows.next().map_err(failed(ATTEMPTED))? {
            let number: String = Column("case_row", "number").get(row, 1)?;
            let body = Column("case_row", "body");
            let text: String = row.get(0).map_err(|error| body.corrupt(&number, error))?;
            each(&needed.read(&text).map_err(|error| body.corrupt(&number, error))?)?;
        }
        Ok(())
    }
}

/// Counts measures over registers anew.
fn recount_rows(connection: &Connection, install: &Install<'_>) -> Stored<()> {
    let model = &install.world.model;
    let of_rows =
        |measure: &String| matches!(model.measures.get(measure).map(|one| &one.of), Some(Source::Register(_)));
    if !install.measures.iter().any(of_rows) {
        return Ok(());
    }
    let sql = "SELECT DISTINCT shard FROM record UNION SELECT 0";
    let shards = all(connection, ATTEMPTED, (sql, []), |row| Ok(Shard(Column("record", "shard").get(row, 0)?)))?;
    for shard in shards {
        let rows = reference::record_versions(connection, shard)?;
        let facts = facts_of_shard(install.world, shard, rows).into_iter();
        let changes: Vec<FactChange> = facts
            .filter(|(_, fact)| install.measures.contains(&fact.measure))
            .map(|(case, fact)| FactChange { case, before: None, after: Some(fact) })
            .collect();
        let mut cells = Cells::new();
        for change in &changes {
            put_fact(connection, shard, change)?;
        }
        cells_of_changes(&mut cells, model, shard, &changes);
        cells.retain(|_, cell| *cell != (0, 0));
        add_cells(connection, &cells)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::migrate::migrate;
    use crate::sqlite::packed;

    #[test]
    fn no_way_through_the_cases_of_processes_sorts_them() {
        let mut connection = Connection::open_in_memory().unwrap();
        packed::functions(&connection, &Packing::reading(None)).unwrap();
        migrate(&mut connection).unwrap();
        for is_rare in [false, true] {
            let walk = Walk { processes: vec!["one", "other"], cases: 0, is_rare };
            let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {}", walk.sql())).unwrap();
            let read = |row: &rusqlite::Row<'_>| row.get::<_, String>(3);
            let plan = statement.query_map(params_from_iter(&walk.processes), read).unwrap();
            let plan: Vec<String> = plan.map(Result::unwrap).collect();
            let way = if is_rare { "SEARCH case_row USING INDEX case_state (process=?)" } else { "SCAN case_row" };
            assert_eq!(plan, [way]);
        }
    }
}
