//! What the server says about itself: for whoever examines an installation.

use super::connect::PgStore;
use super::error::failed;
use super::row::Stored;
use super::sql::all;
use ganglion_kernel::StoreError;

const ATTEMPTED: &str = "asking the server about itself";

/// What the server says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PgServer {
    /// Its version in words.
    pub version: String,
    /// Whether a commit waits for the disk.
    pub waits_for_disk: bool,
    /// Connections it takes, at most.
    pub connections_max: u64,
    /// Size of the database, bytes.
    pub bytes: u64,
    /// Names of indexes that were not finished.
    pub unfinished_indexes: Vec<String>,
}

impl PgStore {
    /// Asks the server about itself.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn server(&self) -> Result<PgServer, StoreError> {
        let client = self.reader().await?;
        let sql = "SELECT current_setting('server_version'), current_setting('fsync') <> 'off' AND \
                   current_setting('synchronous_commit') <> 'off', current_setting('max_connections')::int8, \
                   pg_database_size(current_database())";
        let failed = || failed(ATTEMPTED);
        let row = client.query_one(sql, &[]).await.map_err(failed())?;
        let count = |at: usize| -> Stored<u64> {
            let number: i64 = row.try_get(at).map_err(failed())?;
            Ok(u64::try_from(number).unwrap_or(0))
        };
        let indexes = "SELECT i.indexrelid::regclass::text FROM pg_index i WHERE NOT i.indisvalid ORDER BY 1";
        Ok(PgServer {
            version: row.try_get(0).map_err(failed())?,
            waits_for_disk: row.try_get(1).map_err(failed())?,
            connections_max: count(2)?,
            bytes: count(3)?,
            unfinished_indexes: all(&client, ATTEMPTED, (indexes, &[]), |row| row.try_get(0).map_err(failed())).await?,
        })
    }

    /// Ids of the uploaded files that rows speak of, in order.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn file_ids(&self) -> Result<Vec<String>, StoreError> {
        let client = self.reader().await?;
        let sql = "SELECT id FROM file ORDER BY id";
        all(&client, ATTEMPTED, (sql, &[]), |row| row.try_get(0).map_err(failed(ATTEMPTED))).await
    }
}
