//! Accounts, sessions, files, the access log and settings.

use super::row::{Column, Stored, all, failed, json, one, run};
use ganglion_kernel::port::{Access, Account, FileRow, Session};
use ganglion_model::{AccountId, CaseId, Shard};
use jiff::Timestamp;
use rusqlite::{Connection, TransactionBehavior, params};

/// Most lines of the access log in one answer.
const ACCESSES_MAX: u32 = 1000;

/// Lines of a shard, newest first, in the order of their index.
const ACCESSES_BEFORE: &str = "SELECT body, line FROM access INDEXED BY access_at WHERE shard = ? AND at < ? \
                               ORDER BY at DESC, line DESC LIMIT ?";

/// An account.
pub(super) fn account(connection: &Connection, id: &AccountId) -> Stored<Option<Account>> {
    let sql = "SELECT body FROM account WHERE id = ?";
    one(connection, "reading an account", (sql, params![id.0]), |row| {
        Column("account", "body").json(row, 0, || id.0.clone())
    })
}

/// All accounts, by name.
pub(super) fn accounts(connection: &Connection) -> Stored<Vec<Account>> {
    let sql = "SELECT body, id FROM account ORDER BY id";
    all(connection, "reading accounts", (sql, []), |row| {
        Column("account", "body").json(row, 0, || row.get(1).unwrap_or_default())
    })
}

/// Puts accounts.
pub(super) fn accounts_put(connection: &mut Connection, accounts: &[Account]) -> Stored<()> {
    let attempted = "putting accounts";
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed(attempted))?;
    for account in accounts {
        let sql = "INSERT OR REPLACE INTO account (id, body) VALUES (?, ?)";
        run(&transaction, attempted, sql, params![account.id.0, json(attempted, account)?])?;
    }
    transaction.commit().map_err(failed(attempted))
}

/// A session by the hash of its token.
pub(super) fn session(connection: &Connection, token_hash: &str) -> Stored<Option<Session>> {
    let sql = "SELECT body FROM session WHERE token_hash = ?";
    one(connection, "reading a session", (sql, params![token_hash]), |row| {
        Column("session", "body").json(row, 0, || token_hash.to_owned())
    })
}

/// Puts a session.
pub(super) fn session_put(connection: &Connection, session: &Session) -> Stored<()> {
    let attempted = "putting a session";
    let sql = "INSERT OR REPLACE INTO session (token_hash, expires_at, body) VALUES (?, ?, ?)";
    let params = params![session.token_hash, session.expires_at.as_microsecond(), json(attempted, session)?];
    run(connection, attempted, sql, params).map(drop)
}

/// Ends a session.
pub(super) fn session_end(connection: &Connection, token_hash: &str) -> Stored<()> {
    let sql = "DELETE FROM session WHERE token_hash = ?";
    run(connection, "ending a session", sql, params![token_hash]).map(drop)
}

/// A file.
pub(super) fn file(connection: &Connection, id: &str) -> Stored<Option<FileRow>> {
    let sql = "SELECT body FROM file WHERE id = ?";
    one(connection, "reading a file", (sql, params![id]), |row| Column("file", "body").json(row, 0, || id.to_owned()))
}

/// Puts a file.
pub(super) fn file_put(connection: &Connection, file: &FileRow) -> Stored<()> {
    let attempted = "putting a file";
    let sql = "INSERT OR REPLACE INTO file (id, shard, case_id, body) VALUES (?, ?, ?, ?)";
    let shard = file.case.map(|(shard, _)| shard.0);
    let case = file.case.as_ref().map(|(_, case)| case.0.as_bytes().as_slice());
    run(connection, attempted, sql, params![file.id, shard, case, json(attempted, file)?]).map(drop)
}

/// Notes who saw personal values.
pub(super) fn access_add(connection: &Connection, access: &Access) -> Stored<()> {
    let attempted = "noting an access";
    let sql = "INSERT INTO access (shard, case_id, at, body) VALUES (?, ?, ?, ?)";
    let at = access.at.as_microsecond();
    let params = params![access.shard.0, access.case.0.as_bytes(), at, json(attempted, access)?];
    run(connection, attempted, sql, params).map(drop)
}

/// Who saw personal values of a case, newest first.
pub(super) fn accesses(connection: &Connection, shard: Shard, case: CaseId, limit: u32) -> Stored<Vec<Access>> {
    let sql = "SELECT body, line FROM access WHERE shard = ? AND case_id = ? ORDER BY at DESC, line DESC LIMIT ?";
    let params = params![shard.0, case.0.as_bytes(), limit.min(ACCESSES_MAX)];
    all(connection, "reading the access log", (sql, params), |row| {
        Column("access", "body").json(row, 0, || row.get::<_, i64>(1).unwrap_or_default().to_string())
    })
}

/// Who saw personal values of anything in a shard before an instant, newest first.
pub(super) fn accesses_before(
    connection: &Connection,
    shard: Shard,
    before: Timestamp,
    limit: u32,
) -> Stored<Vec<Access>> {
    let params = params![shard.0, before.as_microsecond(), limit.min(ACCESSES_MAX)];
    all(connection, "reading the access log of a shard", (ACCESSES_BEFORE, params), |row| {
        Column("access", "body").json(row, 0, || row.get::<_, i64>(1).unwrap_or_default().to_string())
    })
}

/// A setting of the installation.
pub(super) fn setting(connection: &Connection, name: &str) -> Stored<Option<String>> {
    let sql = "SELECT value FROM setting WHERE name = ?";
    one(connection, "reading a setting", (sql, params![name]), |row| Column("setting", "value").get(row, 0))
}

/// Puts a setting.
pub(super) fn setting_put(connection: &Connection, name: &str, value: &str) -> Stored<()> {
    let sql = "INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)";
    run(connection, "putting a setting", sql, params![name, value]).map(drop)
}

#[cfg(test)]
mod tests {
    use super::super::migrate::migrate;
    use super::super::packed;
    use super::*;

    /// A page of looks costs what it shows, however long the log is.
    #[test]
    fn looks_in_a_county_are_read_in_order_from_their_index() {
        let mut connection = Connection::open_in_memory().unwrap();
        packed::functions(&connection, &packed::Packing::reading(None)).unwrap();
        migrate(&mut connection).unwrap();
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {ACCESSES_BEFORE}")).unwrap();
        let rows = statement.query_map(params![1, 2, 3], |row| row.get::<_, String>(3)).unwrap();
        let plan: Vec<String> = rows.map(Result::unwrap).collect();
        assert_eq!(plan, ["SEARCH access USING INDEX access_at (shard=? AND at<?)"]);
    }
}
