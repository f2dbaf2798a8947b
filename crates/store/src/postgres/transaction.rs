//! A transaction of several round trips, for the few things that cannot be sent in one piece.

use super::connect::PgStore;
use super::error::failed;
use super::row::Stored;
use deadpool_postgres::Object;
use ganglion_kernel::StoreError;

/// A transaction of several round trips. Dropped before it is committed, it takes its connection along, so that nothing of it
/// is ever seen.
pub(super) struct Transaction {
    client: Option<Object>,
}

impl Transaction {
    /// Begins one; statements in it may take as long as they need.
    pub async fn begin(store: &PgStore, attempted: &'static str) -> Stored<Transaction> {
        let transaction = Transaction { client: Some(store.writer().await?) };
        if let Some(client) = &transaction.client {
            client.batch_execute(store.begin()).await.map_err(failed(attempted))?;
            client.batch_execute("SET LOCAL statement_timeout = 0").await.map_err(failed(attempted))?;
        }
        Ok(transaction)
    }

    /// Its connection.
    pub fn client(&self) -> Stored<&Object> {
        let gone = || StoreError::Unavailable { attempted: "going on", reason: "the transaction is over".to_owned() };
        self.client.as_ref().ok_or_else(gone)
    }

    /// Makes it durable.
    pub async fn commit(mut self, attempted: &'static str) -> Stored<()> {
        if let Some(client) = self.client.take() {
            let done = client.batch_execute("COMMIT").await.map_err(failed(attempted));
            if done.is_err() {
                drop(Object::take(client));
            }
            done?;
        }
        Ok(())
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if let Some(client) = self.client.take() {
            drop(Object::take(client));
        }
    }
}
