//! Reference data: places, outlines, posts, register rows.

use super::connect::PgStore;
use super::error::failed;
use super::load::read_record;
use super::migrate::{Layout, partitions};
use super::row::{Column, Stored, json, padded, shard, text};
use super::sql::{Around, Pipeline, all, column, value};
use deadpool_postgres::Object;
use ganglion_model::row::Record;
use ganglion_model::{Level, Place, PlaceCode, Post, Shard};
use std::collections::BTreeSet;
use tokio_postgres::error::SqlState;

/// All places, every version, in code order.
pub(super) async fn places(client: &Object) -> Stored<Vec<Place>> {
    let sql = "SELECT body, code FROM place ORDER BY code, valid_from";
    all(client, "reading places", (sql, &[]), |row| {
        Column("place", "body").json(row, 0, || row.get::<_, i64>(1).to_string())
    })
    .await
}

/// Replaces all places.
pub(super) async fn places_set(store: &PgStore, places: &[Place]) -> Stored<()> {
    let attempted = "replacing the places";
    let bodies: Vec<String> = places.iter().map(|one| json(attempted, one)).collect::<Stored<_>>()?;
    let mut pipeline = Pipeline::default();
    pipeline.push("DELETE FROM place", Vec::new());
    let sql = "INSERT INTO place (code, valid_from, body) SELECT * FROM unnest($1::int8[], $2::text[], $3::text[])";
    pipeline.over(places, sql, |w| {
        vec![column(w, |one| padded(one.code)), column(w, |one| one.valid_from.to_string()), value(bodies)]
    });
    let client = store.writer().await?;
    pipeline.send(&client, Around::Transaction(store.begin())).await.map(drop).map_err(failed(attempted))?;
    drop(client);
    if store.layout() == Layout::Partitioned {
        partition(store, places).await?;
    }
    Ok(())
}

/// Gives every county partitions of its own, unless it has them. Rows that were written before stay where they are.
pub(super) async fn partition(store: &PgStore, places: &[Place]) -> Stored<()> {
    let attempted = "making partitions";
    let counties: BTreeSet<i32> =
        places.iter().filter(|one| one.code.level() == Level::County).map(|one| shard(one.code.shard())).collect();
    for county in counties {
        for (name, sql) in partitions(county) {
            let client = store.writer().await?;
            let is_there = client.query_one("SELECT to_regclass($1) IS NOT NULL", &[&name]).await;
            if is_there.and_then(|row| row.try_get(0)).map_err(failed(attempted))? {
                continue;
            }
            match client.batch_execute(&sql).await {
                Err(error) if error.code() == Some(&SqlState::CHECK_VIOLATION) => {
                    tracing::warn!(
                        table = name,
                        "rows of the county were there before its partition, and stay with the others"
                    );
                }
                other => other.map_err(failed(attempted))?,
            }
        }
    }
    Ok(())
}

/// Outlines by code.
pub(super) async fn outlines(client: &Object) -> Stored<Vec<(PlaceCode, String)>> {
    let sql = "SELECT code, geometry FROM outline ORDER BY code";
    all(client, "reading outlines", (sql, &[]), |row| {
        Ok((Column("outline", "code").place(row, 0)?, Column("outline", "geometry").get(row, 1)?))
    })
    .await
}

/// Replaces the outlines of these places.
pub(super) async fn outlines_set(store: &PgStore, outlines: &[(PlaceCode, String)]) -> Stored<()> {
    let attempted = "replacing outlines";
    let sql = "INSERT INTO outline (code, geometry) SELECT DISTINCT ON (w.code) w.code, w.geometry FROM unnest($1::int8[], \
               $2::text[]) WITH ORDINALITY w (code, geometry, at) ORDER BY w.code, w.at DESC \
               ON CONFLICT (code) DO UPDATE SET geometry = excluded.geometry";
    let mut pipeline = Pipeline::default();
    pipeline.over(outlines, sql, |w| vec![column(w, |one| padded(one.0)), column(w, |one| text(&one.1).into_owned())]);
    let client = store.writer().await?;
    pipeline.send(&client, Around::Nothing).await.map(drop).map_err(failed(attempted))
}

/// All posts, by id.
pub(super) async fn posts(client: &Object) -> Stored<Vec<Post>> {
    let sql = "SELECT body, id FROM post ORDER BY id";
    all(client, "reading posts", (sql, &[]), |row| Column("post", "body").json(row, 0, || row.get(1))).await
}

/// Puts posts.
pub(super) async fn posts_put(store: &PgStore, posts: &[Post]) -> Stored<()> {
    let attempted = "putting posts";
    let bodies: Vec<String> = posts.iter().map(|one| json(attempted, one)).collect::<Stored<_>>()?;
    let sql = "INSERT INTO post (id, body) SELECT DISTINCT ON (w.id) w.id, w.body FROM unnest($1::text[], $2::text[]) \
               WITH ORDINALITY w (id, body, at) ORDER BY w.id, w.at DESC \
               ON CONFLICT (id) DO UPDATE SET body = excluded.body";
    let mut pipeline = Pipeline::default();
    pipeline.over(posts, sql, |w| vec![column(w, |one| text(&one.id.0).into_owned()), value(bodies)]);
    let client = store.writer().await?;
    pipeline.send(&client, Around::Nothing).await.map(drop).map_err(failed(attempted))
}

/// The version of every row of a register that was written last, by key.
pub(super) async fn records(client: &Object, of: Shard, register: &str) -> Stored<Vec<Record>> {
    let sql = "SELECT DISTINCT ON (key) body::text, shard, register, key FROM record WHERE shard = $1 AND register = $2 \
               ORDER BY key, version DESC";
    all(client, "reading a register", (sql, &[&shard(of), &text(register)]), read_record).await
}

/// Every version of every row of a shard's registers.
pub(super) async fn record_versions(client: &Object, of: Shard) -> Stored<Vec<Record>> {
    let sql = "SELECT body::text, shard, register, key FROM record WHERE shard = $1 ORDER BY register, key, valid_from";
    all(client, "reading registers", (sql, &[&shard(of)]), read_record).await
}
