//! Between stored columns and the values of the port, with errors that name table, column and key.

use ganglion_kernel::StoreError;
use ganglion_model::{CaseId, PlaceCode, Shard};
use jiff::Timestamp;
use rusqlite::{CachedStatement, Connection, ErrorCode, Params, Row};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

/// What the port returns.
pub(super) type Stored<T> = Result<T, StoreError>;

/// Turns an error of the database into one of the port.
pub(super) fn failed(attempted: &'static str) -> impl Fn(rusqlite::Error) -> StoreError {
    move |error| match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreError::DiskFull,
        _ => StoreError::Database { attempted, reason: error.to_string() },
    }
}

/// A statement kept prepared.
pub(super) fn statement<'a>(
    connection: &'a Connection,
    attempted: &'static str,
    sql: &str,
) -> Stored<CachedStatement<'a>> {
    connection.prepare_cached(sql).map_err(failed(attempted))
}

/// Runs a statement that returns no rows; gives the number of rows it changed.
pub(super) fn run(connection: &Connection, attempted: &'static str, sql: &str, params: impl Params) -> Stored<usize> {
    statement(connection, attempted, sql)?.execute(params).map_err(failed(attempted))
}

/// Every row of a query, read by `read`.
pub(super) fn all<T>(
    connection: &Connection,
    attempted: &'static str,
    (sql, params): (&str, impl Params),
    mut read: impl FnMut(&Row<'_>) -> Stored<T>,
) -> Stored<Vec<T>> {
    let mut statement = statement(connection, attempted, sql)?;
    let mut rows = statement.query(params).map_err(failed(attempted))?;
    let mut out = Vec::new();
    while let Some(row) = rows.next().map_err(failed(attempted))? {
        out.push(read(row)?);
    }
    Ok(out)
}

/// The first row of a query, if there is one.
pub(super) fn one<T>(
    connection: &Connection,
    attempted: &'static str,
    (sql, params): (&str, impl Params),
    read: impl FnOnce(&Row<'_>) -> Stored<T>,
) -> Stored<Option<T>> {
    let mut statement = statement(connection, attempted, sql)?;
    let mut rows = statement.query(params).map_err(failed(attempted))?;
    rows.next().map_err(failed(attempted))?.map(read).transpose()
}

/// Where a stored value stands.
#[derive(Clone, Copy)]
pub(super) struct Column(pub &'static str, pub &'static str);

impl Column {
    /// The error for a value that cannot be read.
    pub fn corrupt(self, key: impl ToString, reason: impl ToString) -> StoreError {
        StoreError::Corrupt { table: self.0, column: self.1, key: key.to_string(), reason: reason.to_string() }
    }

    /// The column of a row as a plain value.
    pub fn get<T: rusqlite::types::FromSql>(self, row: &Row<'_>, index: usize) -> Stored<T> {
        row.get(index).map_err(|error| self.corrupt("?", error))
    }

    /// The column of a row as JSON; `key` names the row when it cannot be read.
    pub fn json<T: DeserializeOwned>(self, row: &Row<'_>, index: usize, key: impl FnOnce() -> String) -> Stored<T> {
        let text = row.get_ref(index).map_err(|error| error.to_string());
        let text = text.and_then(|value| value.as_str().map_err(|error| error.to_string()));
        match text.and_then(|text| serde_json::from_str(text).map_err(|error| error.to_string())) {
            Ok(value) => Ok(value),
            Err(reason) => Err(self.corrupt(key(), reason)),
        }
    }

    /// The column of a row as an id.
    pub fn id(self, row: &Row<'_>, index: usize) -> Stored<Uuid> {
        let bytes: [u8; 16] = self.get(row, index)?;
        Ok(Uuid::from_bytes(bytes))
    }

    /// The column of a row as an instant.
    pub fn time(self, row: &Row<'_>, index: usize) -> Stored<Timestamp> {
        let at: i64 = self.get(row, index)?;
        Timestamp::from_microsecond(at).map_err(|error| self.corrupt(at, error))
    }

    /// The column of a row as a place.
    pub fn place(self, row: &Row<'_>, index: usize) -> Stored<PlaceCode> {
        let code: u64 = self.get(row, index)?;
        PlaceCode::from_padded(code).ok_or_else(|| self.corrupt(code, "no place code"))
    }
}

/// Key of a row of a case in error messages.
pub(super) fn case_key(shard: Shard, case: CaseId) -> String {
    format!("{shard}/{case}")
}

/// A value as stored JSON.
pub(super) fn json(attempted: &'static str, value: &impl Serialize) -> Stored<String> {
    serde_json::to_string(value).map_err(|error| StoreError::Database { attempted, reason: error.to_string() })
}
