//! Notices to posts.

use super::connect::PgStore;
use super::error::failed;
use super::row::{Column, Stored, json, shard, signed, text};
use super::sql::{Around, Pipeline, all, column, value};
use deadpool_postgres::Object;
use ganglion_kernel::port::{TOLD_MAX, Told};
use ganglion_model::PostId;
use std::collections::BTreeSet;

const ATTEMPTED: &str = "writing notices to posts";

/// Puts notices; one that is there already stays as it is, and the oldest beyond the bound go.
pub(super) async fn add(store: &PgStore, told: &[Told]) -> Stored<()> {
    let texts: Vec<String> = told.iter().map(|one| json(ATTEMPTED, &one.text)).collect::<Stored<_>>()?;
    let posts: BTreeSet<&PostId> = told.iter().map(|one| &one.post).collect();
    let posts: Vec<&PostId> = posts.into_iter().collect();
    let mut pipeline = Pipeline::default();
    let sql = "INSERT INTO told (post, at, shard, seq, case_id, action, clock, text) SELECT * FROM unnest($1::text[], \
               $2::int8[], $3::int4[], $4::int8[], $5::uuid[], $6::text[], $7::text[], $8::text[]) ON CONFLICT DO NOTHING";
    pipeline.over(told, sql, |w| {
        vec![
            column(w, |one| one.post.0.clone()),
            column(w, |one| one.at.as_microsecond()),
            column(w, |one| shard(one.shard)),
            column(w, |one| signed(one.seq)),
            column(w, |one| one.case.0),
            column(w, |one| one.action.clone()),
            column(w, |one| one.clock.clone()),
            value(texts),
        ]
    });
    let sql = "DELETE FROM told t USING (SELECT p.post, (SELECT t.at FROM told t WHERE t.post = p.post ORDER BY t.at DESC \
               LIMIT 1 OFFSET $2) AS at FROM unnest($1::text[]) p (post)) p WHERE t.post = p.post AND t.at < p.at";
    pipeline.over(&posts, sql, |w| vec![column(w, |one| text(&one.0)), value(i64::from(TOLD_MAX) - 1)]);
    if pipeline.is_empty() {
        return Ok(());
    }
    let client = store.writer().await?;
    pipeline.send(&client, Around::Transaction(store.begin())).await.map(drop).map_err(failed(ATTEMPTED))
}

/// Notices to a post, newest first.
pub(super) async fn of(client: &Object, post: &PostId, limit: u32) -> Stored<Vec<Told>> {
    let sql = "SELECT at, shard, seq, case_id, action, clock, text FROM told WHERE post = $1 \
               ORDER BY at DESC, shard DESC, seq DESC LIMIT $2";
    let column = |name| Column("told", name);
    all(client, "reading notices to a post", (sql, &[&text(&post.0), &i64::from(limit)]), |row| {
        Ok(Told {
            post: post.clone(),
            at: column("at").time(row, 0)?,
            shard: column("shard").shard(row, 1)?,
            seq: column("seq").count(row, 2)?,
            case: column("case_id").case(row, 3)?,
            action: column("action").get(row, 4)?,
            clock: column("clock").get(row, 5)?,
            text: column("text").json(row, 6, || post.0.clone())?,
        })
    })
    .await
}
