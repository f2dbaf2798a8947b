//! What counting figures anew reads piece by piece, and what it takes away: see the port.

use super::cases::CASE_BODY;
use super::connect::PgStore;
use super::error::failed;
use super::row::{Column, Stored, padded, shard, text};
use super::sql::{Around, Pipeline, all, column, value};
use async_trait::async_trait;
use deadpool_postgres::Object;
use ganglion_indicators::{Digests, FactParts, MeasureDay};
use ganglion_kernel::StoreError;
use ganglion_kernel::port::{CountStore, FactKey};
use ganglion_model::{CaseId, Shard};
use tokio_postgres::Row;
use uuid::Uuid;

const ATTEMPTED: &str = "reading what figures are counted from";

async fn case_texts(client: &Object, of: Shard, after: Option<CaseId>, limit: u32) -> Stored<Vec<(CaseId, String)>> {
    let sql = "SELECT id, body FROM case_row WHERE shard = $1 AND ($2::uuid IS NULL OR id > $2) ORDER BY id LIMIT $3";
    let after = after.map(|case| case.0);
    all(client, ATTEMPTED, (sql, &[&shard(of), &after, &i64::from(limit)]), |row| {
        Ok((Column("case_row", "id").case(row, 0)?, CASE_BODY.get(row, 1)?))
    })
    .await
}

fn parts(row: &Row) -> Stored<FactParts<'_>> {
    let column = |name| Column("fact", name);
    Ok(FactParts {
        place: column("place").place(row, 2)?,
        case: column("case_id").case(row, 3)?,
        dim: column("dim").get(row, 4)?,
        value: column("value").get(row, 5)?,
        until: column("until").get(row, 6)?,
        member: column("member").get(row, 7)?,
        at: column("at").get(row, 8)?,
    })
}

async fn facts_digest(
    client: &Object,
    of: Shard,
    after: Option<&FactKey>,
    limit: u32,
) -> Stored<(Digests, Option<FactKey>)> {
    let sql = "SELECT measure, day, place, case_id, dim, value, until, member, at FROM fact WHERE shard = $1 \
               AND (measure, day, place, case_id) > ($2, $3, $4, $5) ORDER BY measure, day, place, case_id LIMIT $6";
    let (measure, day, place, case) = match after {
        Some((measure, day, place, case)) => (measure.as_str(), *day, padded(*place), case.0),
        None => ("", i32::MIN, 0, Uuid::nil()),
    };
    let args: &super::sql::Args<'_> = &[&shard(of), &measure, &day, &place, &case, &i64::from(limit)];
    let mut found = Digests::new();
    let keys: Vec<FactKey> = all(client, ATTEMPTED, (sql, args), |row| {
        let (measure, day): (&str, i32) = (Column("fact", "measure").get(row, 0)?, Column("fact", "day").get(row, 1)?);
        let parts = parts(row)?;
        found.entry((measure.to_owned(), day)).or_default().add(&parts);
        Ok((measure.to_owned(), day, parts.place, parts.case))
    })
    .await?;
    Ok((found, keys.into_iter().next_back()))
}

async fn figures_forget(store: &PgStore, of: Shard, facts: &[MeasureDay], counters: &[String]) -> Stored<()> {
    let mut pipeline = Pipeline::default();
    let sql = "DELETE FROM fact f USING unnest($1::text[], $2::int4[]) w (measure, day) WHERE f.shard = $3 \
               AND f.measure = w.measure AND f.day = w.day";
    pipeline.over(facts, sql, |w| {
        vec![column(w, |one| text(&one.0).into_owned()), column(w, |one| one.1), value(shard(of))]
    });
    let sql = "DELETE FROM tally WHERE shard = $1 AND measure = ANY($2::text[])";
    pipeline.over(counters, sql, |w| vec![value(shard(of)), column(w, |one| text(one).into_owned())]);
    let client = store.writer().await?;
    let around = Around::Transaction("BEGIN; SET LOCAL statement_timeout = 0");
    pipeline.send(&client, around).await.map(drop).map_err(failed("forgetting figures"))
}

#[async_trait]
impl CountStore for PgStore {
    async fn case_texts(
        &self,
        shard: Shard,
        after: Option<CaseId>,
        limit: u32,
    ) -> Result<Vec<(CaseId, String)>, StoreError> {
        case_texts(&self.reader().await?, shard, after, limit).await
    }

    async fn facts_digest(
        &self,
        shard: Shard,
        after: Option<&FactKey>,
        limit: u32,
    ) -> Result<(Digests, Option<FactKey>), StoreError> {
        facts_digest(&self.reader().await?, shard, after, limit).await
    }

    async fn figures_forget(&self, shard: Shard, facts: &[MeasureDay], counters: &[String]) -> Result<(), StoreError> {
        figures_forget(self, shard, facts, counters).await
    }
}
