//! Forgetting what is no longer needed. Rows another server is about to touch are left for the next time.

use super::connect::PgStore;
use super::error::failed;
use super::row::{Column, Stored};
use super::sql::{Around, Param, Pipeline, value};
use ganglion_kernel::port::{Forgotten, Stale};

const SESSIONS: &str = "WITH gone AS (DELETE FROM session WHERE token_hash IN (SELECT token_hash FROM session \
                        WHERE expires_at < $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING 1) \
                        SELECT count(*) FROM gone";
const ANSWERS: &str = "WITH gone AS (DELETE FROM answer a USING (SELECT shard, command FROM answer WHERE at < $1 LIMIT $2 \
                       FOR UPDATE SKIP LOCKED) o WHERE a.shard = o.shard AND a.command = o.command RETURNING 1) \
                       SELECT count(*) FROM gone";
const FILES: &str = "DELETE FROM file WHERE id IN (SELECT id FROM file WHERE is_loose AND at < $1 ORDER BY at LIMIT $2 \
                     FOR UPDATE SKIP LOCKED) RETURNING id";

/// Forgets.
pub(super) async fn forget(store: &PgStore, stale: &Stale) -> Stored<Forgotten> {
    let most = || -> Param<'_> { value(i64::from(stale.rows_max)) };
    let mut pipeline = Pipeline::default();
    pipeline.push(SESSIONS, vec![value(stale.sessions.as_microsecond()), most()]);
    pipeline.push(ANSWERS, vec![value(stale.answers.as_microsecond()), most()]);
    pipeline.push(FILES, vec![value(stale.files.as_microsecond()), most()]);
    let client = store.writer().await?;
    let answers = pipeline
        .send(&client, Around::Transaction(store.begin()))
        .await
        .map_err(failed("forgetting what is no longer needed"))?;
    let count = |at: usize| -> Stored<usize> {
        let found = answers.get(at).and_then(|rows| rows.first()).map(|row| Column("session", "*").count(row, 0));
        Ok(usize::try_from(found.transpose()?.unwrap_or(0)).unwrap_or(usize::MAX))
    };
    let files =
        answers.get(2).into_iter().flatten().map(|row| Column("file", "id").get(row, 0)).collect::<Stored<_>>()?;
    Ok(Forgotten { sessions: count(0)?, answers: count(1)?, files })
}
