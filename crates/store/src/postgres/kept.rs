//! Small things of the installation: a table by kind and id.

use super::connect::PgStore;
use super::error::failed;
use super::row::{Column, Stored, text};
use super::sql::{Args, Around, Pipeline, all, column, one, run};
use super::write::last_of_each;
use async_trait::async_trait;
use ganglion_kernel::StoreError;
use ganglion_kernel::port::{Kept, KeptStore};
use jiff::Timestamp;
use tokio_postgres::Row;

/// Most things in one answer.
const ROWS_MAX: u32 = 10_000;

const PUT: &str = "INSERT INTO kept (kind, id, due, body) SELECT * FROM unnest($1::text[], $2::text[], $3::int8[], $4::text[]) \
                   ON CONFLICT (kind, id) DO UPDATE SET due = excluded.due, body = excluded.body";
const GONE: &str =
    "DELETE FROM kept k USING unnest($1::text[], $2::text[]) w (kind, id) WHERE k.kind = w.kind AND k.id = w.id";

fn read(kind: &str, row: &Row) -> Stored<Kept> {
    let column = |name| Column("kept", name);
    let due: Option<i64> = column("due").get(row, 1)?;
    Ok(Kept {
        kind: kind.to_owned(),
        id: column("id").get(row, 0)?,
        due: due.map(|_| column("due").time(row, 1)).transpose()?,
        body: column("body").get(row, 2)?,
    })
}

fn most(limit: u32) -> i64 {
    i64::from(limit.min(ROWS_MAX))
}

#[async_trait]
impl KeptStore for PgStore {
    async fn kept_one(&self, kind: &str, id: &str) -> Result<Option<Kept>, StoreError> {
        let sql = "SELECT id, due, body FROM kept WHERE kind = $1 AND id = $2";
        let client = self.reader().await?;
        one(&client, "reading a thing kept", (sql, &[&text(kind), &text(id)]), |row| read(kind, row)).await
    }

    async fn kept(&self, kind: &str, prefix: &str, after: Option<&str>, limit: u32) -> Result<Vec<Kept>, StoreError> {
        let sql = "SELECT id, due, body FROM kept WHERE kind = $1 AND id > $2 AND id >= $3 AND id < $4 \
                   ORDER BY id LIMIT $5";
        // Between two ends, so that a prefix with few things is not looked for to the end of its kind.
        let end = format!("{}\u{10FFFF}", text(prefix));
        let args: &Args<'_> = &[&text(kind), &text(after.unwrap_or_default()), &text(prefix), &end, &most(limit)];
        all(&self.reader().await?, "reading things kept", (sql, args), |row| read(kind, row)).await
    }

    async fn kept_last(&self, kind: &str, limit: u32) -> Result<Vec<Kept>, StoreError> {
        let sql = "SELECT id, due, body FROM kept WHERE kind = $1 ORDER BY id DESC LIMIT $2";
        let args: &Args<'_> = &[&text(kind), &most(limit)];
        all(&self.reader().await?, "reading the last things kept", (sql, args), |row| read(kind, row)).await
    }

    async fn kept_due(&self, kind: &str, now: Timestamp, limit: u32) -> Result<Vec<Kept>, StoreError> {
        let sql = "SELECT id, due, body FROM kept WHERE kind = $1 AND due <= $2 ORDER BY due, id LIMIT $3";
        let args: &Args<'_> = &[&text(kind), &now.as_microsecond(), &most(limit)];
        all(&self.reader().await?, "reading things that are due", (sql, args), |row| read(kind, row)).await
    }

    async fn kept_put(&self, things: &[Kept]) -> Result<(), StoreError> {
        let attempted = "keeping things";
        let mut pipeline = Pipeline::default();
        pipeline.over(&last_of_each(things, |one| (&one.kind, &one.id)), PUT, |w| {
            vec![
                column(w, |one| text(&one.kind)),
                column(w, |one| text(&one.id)),
                column(w, |one| one.due.map(Timestamp::as_microsecond)),
                column(w, |one| text(&one.body)),
            ]
        });
        let client = self.writer().await?;
        pipeline.send(&client, Around::Nothing).await.map(drop).map_err(failed(attempted))
    }

    async fn kept_swap(&self, thing: &Kept, before: Option<&str>) -> Result<bool, StoreError> {
        let attempted = "replacing a thing kept";
        let (due, body) = (thing.due.map(Timestamp::as_microsecond), text(&thing.body));
        let client = self.writer().await?;
        let rows = if let Some(before) = before {
            let sql = "UPDATE kept SET due = $3, body = $4 WHERE kind = $1 AND id = $2 AND body = $5";
            let args: &Args<'_> = &[&text(&thing.kind), &text(&thing.id), &due, &body, &text(before)];
            run(&client, attempted, (sql, args)).await?
        } else {
            let sql = "INSERT INTO kept (kind, id, due, body) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
            run(&client, attempted, (sql, &[&text(&thing.kind), &text(&thing.id), &due, &body])).await?
        };
        Ok(rows == 1)
    }

    async fn kept_gone(&self, things: &[(String, String)]) -> Result<(), StoreError> {
        let attempted = "taking things away";
        let mut pipeline = Pipeline::default();
        let gone: Vec<&(String, String)> = things.iter().collect();
        pipeline.over(&gone, GONE, |w| vec![column(w, |one| text(&one.0)), column(w, |one| text(&one.1))]);
        let client = self.writer().await?;
        pipeline.send(&client, Around::Nothing).await.map(drop).map_err(failed(attempted))
    }
}
