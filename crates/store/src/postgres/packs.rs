//! Installing packs: sources, the row and journal line of the new set, and the figures whose definitions changed, in one
//! transaction. Batches of every server wait for it, and find that they were decided by other packs.

use super::connect::PgStore;
use super::error::{failed, of};
use super::figures::{add_cells, put_facts};
use super::load::{heads, read_case, read_record};
use super::row::{Column, Stored, shard, signed, text};
use super::sql::{Around, Pipeline, all, column, one, value};
use super::transaction::Transaction;
use super::write::{Texts, shards};
use deadpool_postgres::Object;
use ganglion_indicators::fold::cells_of_changes;
use ganglion_indicators::{Cells, Fact, FactChange, Measured};
use ganglion_kernel::StoreError;
use ganglion_kernel::figures::rows::facts_of_shard;
use ganglion_kernel::packs::Install;
use ganglion_model::pack::Source;
use ganglion_model::{CaseId, Shard};
use uuid::Uuid;

const ATTEMPTED: &str = "installing packs";
/// The lock that batches share and an installation has for itself.
const LOCK: i64 = 0x6761_6e67_0002;
/// Number of the newest set; 0 without any.
const NEWEST: &str = "SELECT coalesce(max(key), '0')::int8 FROM record WHERE shard = 0 AND register = '@packs'";
/// Cases read at a time.
const STEP: i64 = 500;

/// Sources by digest.
pub(super) async fn source(client: &Object, digest: &str) -> Stored<Option<String>> {
    let sql = "SELECT body FROM pack_source WHERE digest = $1";
    let column = Column("pack_source", "body");
    one(client, "reading sources of a pack", (sql, &[&text(digest)]), |row| column.get(row, 0)).await
}

/// Installs: all of it or nothing.
pub(super) async fn install(store: &PgStore, install: &Install<'_>) -> Stored<()> {
    let transaction = Transaction::begin(store, ATTEMPTED).await?;
    let client = transaction.client()?;
    // Behind every batch that is under way, before every one that is not.
    client.query("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await.map_err(failed(ATTEMPTED))?;
    let newest = one(client, ATTEMPTED, (NEWEST, &[]), |row| Column("record", "key").count(row, 0)).await?.unwrap_or(0);
    if newest != install.set.number.saturating_sub(1) {
        return Err(StoreError::PacksChanged);
    }
    let head = heads(client, &[Shard::DEPLOYMENT]).await?.remove(&Shard::DEPLOYMENT).unwrap_or_default();
    if head.seq != install.expected_seq {
        return Err(StoreError::Moved(Shard::DEPLOYMENT));
    }
    let batch = [install.write(head)];
    let texts = Texts::of(&batch)?;
    let mut pipeline = Pipeline::default();
    sources(&mut pipeline, install);
    shards(&mut pipeline, &batch, &texts);
    cleared(&mut pipeline, install);
    pipeline.send(client, Around::Nothing).await.map_err(|error| {
        match error.as_db_error().map(|said| said.message()) {
            Some("head") => StoreError::Moved(Shard::DEPLOYMENT),
            _ => of(ATTEMPTED, &error),
        }
    })?;
    recount_cases(client, install).await?;
    recount_rows(client, install).await?;
    transaction.commit(ATTEMPTED).await?;
    store.bell().ring(&batch);
    Ok(())
}

fn sources<'a>(pipeline: &mut Pipeline<'a>, install: &'a Install<'_>) {
    let sql =
        "INSERT INTO pack_source (digest, body) SELECT * FROM unnest($1::text[], $2::text[]) ON CONFLICT DO NOTHING";
    pipeline.over(&install.sources, sql, |w| {
        vec![column(w, |one| one.0.clone()), column(w, |one| text(&one.1).into_owned())]
    });
}

/// What no longer stands: timers of clocks that are gone, figures that are counted anew. And values that stand once from now on.
fn cleared<'a>(pipeline: &mut Pipeline<'a>, install: &'a Install<'_>) {
    // With what runs beside a clock, such as its promised limit.
    let sql = "DELETE FROM timer t USING unnest($1::text[], $2::text[]) w (process, clock) WHERE (t.clock = w.clock \
               OR starts_with(t.clock, w.clock || '.')) AND EXISTS (SELECT 1 FROM case_row c WHERE c.shard = t.shard \
               AND c.id = t.case_id AND c.process = w.process)";
    pipeline.over(&install.clocks, sql, |w| {
        vec![column(w, |one| text(&one.0).into_owned()), column(w, |one| text(&one.1).into_owned())]
    });
    let sql = "INSERT INTO unique_value (shard, field, value, number) SELECT * FROM unnest($1::int4[], $2::text[], \
               $3::text[], $4::text[]) ON CONFLICT DO NOTHING";
    pipeline.over(&install.unique, sql, |w| {
        vec![
            column(w, |one| shard(one.0)),
            column(w, |one| text(&one.1).into_owned()),
            column(w, |one| text(&one.2).into_owned()),
            column(w, |one| text(&one.3).into_owned()),
        ]
    });
    // County by county, so that each is a range of the key.
    for sql in [
        "DELETE FROM fact WHERE shard = ANY(ARRAY(SELECT shard FROM shard_head UNION SELECT 0)) AND measure = ANY($1)",
        "DELETE FROM tally WHERE shard = ANY(ARRAY(SELECT shard FROM shard_head UNION SELECT 0)) AND measure = ANY($1)",
    ] {
        pipeline.over(&install.measures, sql, |w| vec![column(w, |one| text(one).into_owned())]);
    }
}

/// Facts that are put, with what they add to counters.
async fn put(client: &Object, facts: &[(Shard, CaseId, Fact)], cells: &Cells) -> Stored<()> {
    let mut pipeline = Pipeline::default();
    put_facts(&mut pipeline, facts.iter().map(|(of, case, fact)| (*of, case.0, fact)));
    add_cells(&mut pipeline, cells.iter().filter(|(_, cell)| **cell != (0, 0)));
    pipeline.send(client, Around::Nothing).await.map(drop).map_err(failed(ATTEMPTED))
}

/// Counts the named measures over cases anew: one walk through all cases of the processes they are about.
async fn recount_cases(client: &Object, install: &Install<'_>) -> Stored<()> {
    let model = &install.world.model;
    let measured = Measured::chosen(model, |name| install.measures.iter().any(|measure| measure == name));
    let processes: Vec<&str> = measured.processes().collect();
    let mut total = 0;
    if !processes.is_empty() {
        let sql = "SELECT count(*) FROM case_row WHERE process = ANY($1)";
        let read = |row: &tokio_postgres::Row| Column("case_row", "count").count(row, 0);
        total = one(client, ATTEMPTED, (sql, &[&processes]), read).await?.unwrap_or(0);
    }
    let (mut done, mut after) = (0, (i32::MIN, Uuid::nil()));
    let mut cells = Cells::new();
    while done < total {
        let sql = "SELECT body, shard, id FROM case_row WHERE process = ANY($1) AND (shard, id) > ($2, $3) \
                   ORDER BY shard, id LIMIT $4";
        let page = all(client, ATTEMPTED, (sql, &[&processes, &after.0, &after.1, &STEP]), |row| {
            let id = Column("case_row", "id").case(row, 2)?;
            read_case(row, 0, || id.to_string())
        })
        .await?;
        let Some(last) = page.last() else { break };
        after = (shard(last.shard), last.id.0);
        let mut facts = Vec::new();
        for case in &page {
            let mut of_case = Vec::new();
            measured.facts_of_case(install.world, case, |_, fact| {
                of_case.push(FactChange { case: case.id, before: None, after: Some(fact) });
            });
            cells_of_changes(&mut cells, model, case.shard, &of_case);
            facts.extend(of_case.into_iter().filter_map(|one| Some((case.shard, one.case, one.after?))));
        }
        put(client, &facts, &Cells::new()).await?;
        done += page.len() as u64;
        (install.progress)(done.min(total), total);
    }
    (install.progress)(total, total);
    put(client, &[], &cells).await
}

/// Counts the named measures over registers anew.
async fn recount_rows(client: &Object, install: &Install<'_>) -> Stored<()> {
    let model = &install.world.model;
    let of_rows =
        |measure: &String| matches!(model.measures.get(measure).map(|one| &one.of), Some(Source::Register(_)));
    if !install.measures.iter().any(of_rows) {
        return Ok(());
    }
    let sql = "SELECT shard FROM shard_head UNION SELECT 0 ORDER BY 1";
    let of = all(client, ATTEMPTED, (sql, &[]), |row| Column("shard_head", "shard").shard(row, 0)).await?;
    for of in of {
        let sql =
            "SELECT body::text, shard, register, key FROM record WHERE shard = $1 ORDER BY register, key, valid_from";
        let rows = all(client, ATTEMPTED, (sql, &[&shard(of)]), read_record).await?;
        let changes: Vec<FactChange> = facts_of_shard(install.world, of, rows)
            .into_iter()
            .filter(|(_, fact)| install.measures.contains(&fact.measure))
            .map(|(case, fact)| FactChange { case, before: None, after: Some(fact) })
            .collect();
        let mut cells = Cells::new();
        cells_of_changes(&mut cells, model, of, &changes);
        let facts: Vec<_> = changes.into_iter().filter_map(|one| Some((of, one.case, one.after?))).collect();
        put(client, &facts, &cells).await?;
    }
    Ok(())
}

/// Adds what the database has to expect of its packs before a batch is written.
pub(super) fn expect(pipeline: &mut Pipeline<'_>, packs: u64) {
    let newest = "SELECT ganglion_expect('packs', $1, (SELECT coalesce(max(key), '0')::int8 FROM record WHERE shard = 0 \
                  AND register = '@packs'))";
    pipeline.push("SELECT pg_advisory_xact_lock_shared($1)", vec![value(LOCK)]);
    pipeline.push(newest, vec![value(signed(packs))]);
}
