//! Accounts, sessions, files, the access log and settings.

use super::connect::PgStore;
use super::error::failed;
use super::row::{Column, Stored, json, shard, text};
use super::sql::{Args, Around, Pipeline, all, column, one, run, value};
use deadpool_postgres::Object;
use ganglion_kernel::port::{Access, Account, FileRow, Session};
use ganglion_model::{AccountId, CaseId, Shard};
use jiff::Timestamp;

/// Most lines of the access log in one answer.
const ACCESSES_MAX: u32 = 1000;

/// Lines of a case, newest first.
pub(super) const ACCESSES: &str =
    "SELECT body, line FROM access WHERE shard = $1 AND case_id = $2 ORDER BY at DESC, line DESC LIMIT $3";
/// Lines of a shard, newest first.
pub(super) const ACCESSES_BEFORE: &str =
    "SELECT body, line FROM access WHERE shard = $1 AND at < $2 ORDER BY at DESC, line DESC LIMIT $3";

/// An account.
pub(super) async fn account(client: &Object, id: &AccountId) -> Stored<Option<Account>> {
    let sql = "SELECT body FROM account WHERE id = $1";
    one(client, "reading an account", (sql, &[&text(&id.0)]), |row| {
        Column("account", "body").json(row, 0, || id.0.clone())
    })
    .await
}

/// All accounts, by name.
pub(super) async fn accounts(client: &Object) -> Stored<Vec<Account>> {
    let sql = "SELECT body, id FROM account ORDER BY id";
    all(client, "reading accounts", (sql, &[]), |row| Column("account", "body").json(row, 0, || row.get(1))).await
}

/// Puts accounts.
pub(super) async fn accounts_put(store: &PgStore, accounts: &[Account]) -> Stored<()> {
    let attempted = "putting accounts";
    let sql = "INSERT INTO account (id, body) SELECT DISTINCT ON (w.id) w.id, w.body FROM unnest($1::text[], $2::text[]) \
               WITH ORDINALITY w (id, body, at) ORDER BY w.id, w.at DESC \
               ON CONFLICT (id) DO UPDATE SET body = excluded.body";
    let bodies: Vec<String> = accounts.iter().map(|one| json(attempted, one)).collect::<Stored<_>>()?;
    let mut pipeline = Pipeline::default();
    pipeline.over(accounts, sql, |w| vec![column(w, |one| text(&one.id.0).into_owned()), value(bodies)]);
    let client = store.writer().await?;
    pipeline.send(&client, Around::Nothing).await.map(drop).map_err(failed(attempted))
}

/// A session by the hash of its token.
pub(super) async fn session(client: &Object, token_hash: &str) -> Stored<Option<Session>> {
    let sql = "SELECT body FROM session WHERE token_hash = $1";
    one(client, "reading a session", (sql, &[&text(token_hash)]), |row| {
        Column("session", "body").json(row, 0, || "?".to_owned())
    })
    .await
}

/// Puts a session.
pub(super) async fn session_put(client: &Object, session: &Session) -> Stored<()> {
    let attempted = "putting a session";
    let sql = "INSERT INTO session (token_hash, expires_at, body) VALUES ($1, $2, $3) \
               ON CONFLICT (token_hash) DO UPDATE SET expires_at = excluded.expires_at, body = excluded.body";
    let args: &Args<'_> = &[&session.token_hash, &session.expires_at.as_microsecond(), &json(attempted, session)?];
    run(client, attempted, (sql, args)).await.map(drop)
}

/// Ends a session.
pub(super) async fn session_end(client: &Object, token_hash: &str) -> Stored<()> {
    let sql = "DELETE FROM session WHERE token_hash = $1";
    run(client, "ending a session", (sql, &[&text(token_hash)])).await.map(drop)
}

/// A file.
pub(super) async fn file(client: &Object, id: &str) -> Stored<Option<FileRow>> {
    let sql = "SELECT body FROM file WHERE id = $1";
    one(client, "reading a file", (sql, &[&text(id)]), |row| Column("file", "body").json(row, 0, || id.to_owned()))
        .await
}

/// Puts a file.
pub(super) async fn file_put(client: &Object, file: &FileRow) -> Stored<()> {
    let attempted = "putting a file";
    let sql = "INSERT INTO file (id, shard, case_id, at, is_loose, body) VALUES ($1, $2, $3, $4, $5, $6) \
               ON CONFLICT (id) DO UPDATE SET shard = excluded.shard, case_id = excluded.case_id, at = excluded.at, \
               is_loose = excluded.is_loose, body = excluded.body";
    let (of, case) = (file.case.map(|(of, _)| shard(of)), file.case.map(|(_, case)| case.0));
    let is_loose = file.case.is_none() && !file.sent;
    let args: &Args<'_> = &[&text(&file.id), &of, &case, &file.at.as_microsecond(), &is_loose, &json(attempted, file)?];
    run(client, attempted, (sql, args)).await.map(drop)
}

/// Notes who saw personal values.
pub(super) async fn access_add(client: &Object, access: &Access) -> Stored<()> {
    let attempted = "noting an access";
    let sql = "INSERT INTO access (shard, case_id, at, body) VALUES ($1, $2, $3, $4)";
    let args: &Args<'_> =
        &[&shard(access.shard), &access.case.0, &access.at.as_microsecond(), &json(attempted, access)?];
    run(client, attempted, (sql, args)).await.map(drop)
}

/// Who saw personal values of a case, newest first.
pub(super) async fn accesses(client: &Object, of: Shard, case: CaseId, limit: u32) -> Stored<Vec<Access>> {
    let args: &Args<'_> = &[&shard(of), &case.0, &i64::from(limit.min(ACCESSES_MAX))];
    all(client, "reading the access log", (ACCESSES, args), |row| {
        Column("access", "body").json(row, 0, || row.get::<_, i64>(1).to_string())
    })
    .await
}

/// Who saw personal values of anything in a shard before an instant, newest first.
pub(super) async fn accesses_before(client: &Object, of: Shard, before: Timestamp, limit: u32) -> Stored<Vec<Access>> {
    let args: &Args<'_> = &[&shard(of), &before.as_microsecond(), &i64::from(limit.min(ACCESSES_MAX))];
    all(client, "reading the access log of a shard", (ACCESSES_BEFORE, args), |row| {
        Column("access", "body").json(row, 0, || row.get::<_, i64>(1).to_string())
    })
    .await
}

/// A setting of the installation.
pub(super) async fn setting(client: &Object, name: &str) -> Stored<Option<String>> {
    let sql = "SELECT value FROM setting WHERE name = $1";
    one(client, "reading a setting", (sql, &[&text(name)]), |row| Column("setting", "value").get(row, 0)).await
}

/// Puts a setting.
pub(super) async fn setting_put(client: &Object, name: &str, value: &str) -> Stored<()> {
    let sql =
        "INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    run(client, "putting a setting", (sql, &[&text(name), &text(value)])).await.map(drop)
}
