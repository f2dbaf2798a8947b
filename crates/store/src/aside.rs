//! Work that needs a processor and no database, done on threads of their own while the database is at work.

use ganglion_kernel::StoreError;
use std::future::Future;

/// Begins `work` on another thread at once; what is given back waits for its end. Without a runtime it is done here and now.
///
/// # Errors
/// When the work broke off.
pub(crate) fn aside<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> impl Future<Output = Result<T, StoreError>> + Send {
    let begun = match tokio::runtime::Handle::try_current() {
        Ok(runtime) => Ok(runtime.spawn_blocking(work)),
        Err(_) => Err(work()),
    };
    async move {
        match begun {
            Ok(work) => work
                .await
                .map_err(|error| StoreError::Database { attempted: "working aside", reason: error.to_string() }),
            Err(done) => Ok(done),
        }
    }
}
