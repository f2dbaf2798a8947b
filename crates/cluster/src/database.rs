//! One database of a server: for one test, and gone with it.

use super::program::Program;
use super::{ClusterError, quiet};

/// A database that is dropped with its handle.
#[derive(Debug)]
pub struct Database {
    server: String,
    name: String,
}

impl Database {
    /// Makes `name` on `server` (an address without a database) as a copy of `template`.
    pub(crate) fn copy(server: &str, name: String, template: &str) -> Result<Database, ClusterError> {
        run_sql(&address(server, "postgres"), &format!("CREATE DATABASE \"{name}\" TEMPLATE \"{template}\""))?;
        Ok(Database { server: server.to_owned(), name })
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> String {
        address(&self.server, &self.name)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let sql = format!("DROP DATABASE IF EXISTS \"{}\" WITH (FORCE)", self.name);
        // A server that is gone has no databases.
        let _ = run_sql(&address(&self.server, "postgres"), &sql);
    }
}

/// The address of a database of a server.
pub(crate) fn address(server: &str, database: &str) -> String {
    let (server, query) = server.split_once('?').unwrap_or((server, ""));
    let query = if query.is_empty() { String::new() } else { format!("?{query}") };
    format!("{}/{database}{query}", server.trim_end_matches('/'))
}

/// Runs SQL and gives what it printed, one row a line.
///
/// # Errors
/// What the database said.
pub fn run_sql(url: &str, sql: &str) -> Result<String, ClusterError> {
    let what = "running psql";
    let psql = Program::find()?.bin().join("psql");
    let [input, _, errors] = quiet();
    let mut command = std::process::Command::new(psql);
    command.args([
        "--no-psqlrc",
        "--quiet",
        "--tuples-only",
        "--no-align",
        "--set=ON_ERROR_STOP=1",
        "--command",
        sql,
        url,
    ]);
    let done = command.stdin(input).stderr(errors).output().map_err(ClusterError::io(what))?;
    if done.status.success() {
        return Ok(String::from_utf8_lossy(&done.stdout).trim().to_owned());
    }
    Err(ClusterError::Failed { what, reason: String::from_utf8_lossy(&done.stderr).trim().to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_keeps_what_is_asked_for_behind_it() {
        assert_eq!(address("postgres://a@b:1", "c"), "postgres://a@b:1/c");
        assert_eq!(address("postgres://a@b:1/?sslmode=disable", "c"), "postgres://a@b:1/c?sslmode=disable");
    }
}
