//! Installing packs: sources, the row and journal line of the new set, and the figures whose definitions changed, in one
//! transaction. Nobody else writes meanwhile, so what is counted is what is there.

use super::packed::{CASE_TEXT, Packing};
use super::row::{Column, Stored, all, failed, one, run};
use super::write::{add_cells, put_fact, write_shard};
use super::{load, reference};
use ganglion_indicators::fold::cells_of_changes;
use ganglion_indicators::{Cells, FactChange, facts_of_case};
use ganglion_kernel::StoreError;
use ganglion_kernel::figures::rows::facts_of_shard;
use ganglion_kernel::packs::{Install, PackSet, REGISTER};
use ganglion_kernel::port::ShardWrite;
use ganglion_model::Shard;
use ganglion_model::pack::Source;
use ganglion_model::row::Case;
use rusqlite::{Connection, TransactionBehavior, params};
use std::collections::{BTreeMap, BTreeSet};

const ATTEMPTED: &str = "installing packs";
/// Rows counted between two words about progress.
const STEP: u64 = 500;

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

/// Counts the named measures anew.
fn recount(connection: &Connection, install: &Install<'_>) -> Stored<()> {
    for measure in &install.measures {
        for sql in ["DELETE FROM fact WHERE measure = ?", "DELETE FROM tally WHERE measure = ?"] {
            run(connection, ATTEMPTED, sql, params![measure])?;
        }
    }
    let model = &install.world.model;
    let sources: BTreeSet<&str> = install
        .measures
        .iter()
        .filter_map(|measure| match &model.measures.get(measure)?.of {
            Source::Process(name) => Some(name.as_str()),
            Source::Register(_) => None,
        })
        .collect();
    let mut total = 0;
    for process in &sources {
        let sql = "SELECT count(*) FROM case_row WHERE process = ?";
        let found =
            one(connection, ATTEMPTED, (sql, params![process]), |row| Column("case_row", "count").get::<u64>(row, 0))?;
        total += found.unwrap_or(0);
    }
    let mut done = 0;
    let mut writes: BTreeMap<Shard, ShardWrite> = BTreeMap::new();
    for process in &sources {
        recount_process(connection, install, process, &mut |facts, case| {
            let write =
                writes.entry(case.shard).or_insert_with(|| ShardWrite { shard: case.shard, ..ShardWrite::default() });
            cells_of_changes(&mut write.cells, model, case.shard, facts);
            done += 1;
            if done % STEP == 0 {
                (install.progress)(done, total);
            }
        })?;
    }
    (install.progress)(total, total);
    for write in writes.values() {
        add_cells(connection, &write.cells)?;
    }
    recount_rows(connection, install)
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

fn recount_process(
    connection: &Connection,
    install: &Install<'_>,
    process: &str,
    counted: &mut dyn FnMut(&[FactChange], &Case),
) -> Stored<()> {
    let mut after = 0_i64;
    loop {
        let sql =
            format!("SELECT rowid, {CASE_TEXT} FROM case_row WHERE process = ? AND rowid > ? ORDER BY rowid LIMIT ?");
        let page = all(connection, ATTEMPTED, (&sql, params![process, after, STEP]), |row| {
            let id: i64 = Column("case_row", "rowid").get(row, 0)?;
            let case: Case = Column("case_row", "body").json(row, 1, || id.to_string())?;
            Ok((id, case))
        })?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        after = *last;
        for (_, case) in &page {
            let facts: Vec<FactChange> = facts_of_case(&install.world.model, install.world, case)
                .into_iter()
                .filter(|fact| install.measures.contains(&fact.measure))
                .map(|fact| FactChange { case: case.id, before: None, after: Some(fact) })
                .collect();
            for change in &facts {
                put_fact(connection, case.shard, change)?;
            }
            counted(&facts, case);
        }
    }
}
